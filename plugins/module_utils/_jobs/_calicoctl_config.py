# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of C(calicoctl config), four named ones, and raw ones of Felix and BGP; dcos.calico.calicoctl_config and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ansible_collections.dcos.calico.plugins.module_utils._calico import _checks, _runner
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

# name: (default, values or None, whether Felix reads it)
NAMED = {
    'nodeToNodeMesh': ('on', ('on', 'off'), False),
    'asNumber': ('64512', None, False),
    'logLevel': ('info', ('none', 'debug', 'info', 'warning', 'error', 'critical'), True),
    'ipip': ('off', ('on', 'off'), True),
}
_TRUE = ('true', 'yes', 'on', 'y', 't')
_FALSE = ('false', 'no', 'off', 'n', 'f')


class Setting(object):
    """name, raw (felix, bgp or None), node (or None), value: text, None if it is not to be set."""
    __slots__ = ('name', 'raw', 'node', 'value')

    def __init__(self, name, raw, node, value):
        self.name = name
        self.raw = raw
        self.node = node
        self.value = value

    def key(self):
        """What identifies it."""
        return self.raw, self.name, self.node

    def title(self):
        """What it is called in the diff, such as C(felix HealthEnabled) or C(logLevel on node1)."""
        return ' '.join(filter(None, [self.raw, self.name, self.node and 'on %s' % self.node]))

    def default(self):
        """What a global named setting has when it is put back; None for all others, which are removed."""
        return NAMED[self.name][0] if self.raw is None and self.node is None else None

    def felix(self):
        """Whether Felix reads it: it then ends and is started again by calico/node."""
        return self.raw == 'felix' or (self.raw is None and NAMED[self.name][2])

    def same(self, value):
        """Whether a value that was read means the desired one. Felix knows several words for true and false."""
        if self.raw == 'felix' and value is not None and self.value in ('true', 'false'):
            return value.lower() in (_TRUE if self.value == 'true' else _FALSE)
        return value == self.value


def _boolean(words, true, false):
    """words, or C(true) or C(false) for the words that YAML and people use for these."""
    if words.lower() in _TRUE:
        return true
    return false if words.lower() in _FALSE else words


def _named(name, node, value):
    spelling = dict((known.lower(), known) for known in NAMED)
    if name.lower() not in spelling:
        raise ValidationError('calicoctl has no setting %s' % name, remedy='Choose one of %s, or set raw to felix or bgp' % ', '.join(sorted(NAMED)))
    name = spelling[name.lower()]
    if node and name != 'logLevel':
        raise ValidationError('%s cannot be set for a node' % name, remedy='Leave node out')
    default, choices, _felix = NAMED[name]
    if value is None:
        return name, None if node else default
    if name == 'asNumber':
        return name, str(_checks.as_number(value, name))
    value = _boolean({'1': 'on', '0': 'off'}.get(value, value), 'on', 'off') if choices == ('on', 'off') else value.lower()
    if value not in choices:
        raise ValidationError('%s cannot be %s' % (name, value), remedy='Choose one of %s' % ', '.join(choices))
    return name, value


def _setting(item):
    name, raw, node = item['name'].strip(), item['raw'], item['node'] or None
    value = item['value'] if item['state'] == 'present' else None
    if value is not None:
        value = value.strip()
        if not value or value.startswith('-') or '\n' in value:
            raise ValidationError('calicoctl cannot set %s to %r' % (name, value), why='it takes one line that does not start with a dash',
                                  remedy='Set state to absent to remove it' if not value else 'Choose another value')
    if raw is None:
        name, value = _named(name, node, value)
    elif not re.match(r'^[A-Za-z0-9_/]+\Z', name):
        raise ValidationError('%r is not the name of a setting' % name, remedy='Use letters, digits and underscores')
    elif raw == 'felix' and value is not None:
        value = _boolean(value, 'true', 'false')
    elif value in ('True', 'False'):
        value = value.lower()
    if node and not re.match(r'^[A-Za-z0-9_.-]+\Z', node):
        raise ValidationError('%r is not the name of a node' % node, remedy='Use the name that calicoctl get nodes shows')
    return Setting(name, raw, node, value)


def desired(items):
    """[Setting] from the module's settings. Raises ValidationError."""
    settings = [_setting(item) for item in items]
    keys = [setting.key() for setting in settings]
    for setting in settings:
        if keys.count(setting.key()) > 1:
            raise ValidationError('%s is given twice' % setting.title(), remedy='Keep one of the two')
    return settings


def read(calicoctl, settings):
    """{key: value} of what is set; None where it is not, or only inherited by a node from the global setting."""
    found = {}
    for setting in settings:
        value, inherited = calicoctl.config_get(setting.name, raw=setting.raw, node=setting.node)
        found[setting.key()] = None if inherited else value
    return found


def nothing(settings):
    """What read() finds in a datastore nobody has written to: the defaults of the named settings."""
    return dict((setting.key(), setting.default()) for setting in settings)


def reconcile(settings, actual):
    """Plan of the settings that differ."""
    plan = Plan()
    for setting in settings:
        value = actual[setting.key()]
        if not setting.same(value):
            plan.add(setting.title(), value, setting.value, how=setting)
    return plan


def apply(calicoctl, plan):
    """Make the changes of a plan, one right after the other because each lets Felix start again, and read back what was written."""
    for change in plan:
        setting = change.how
        if setting.value is None:
            calicoctl.config_unset(setting.name, raw=setting.raw, node=setting.node)
        else:
            calicoctl.config_set(setting.name, setting.value, raw=setting.raw, node=setting.node)
    settings = [change.how for change in plan]
    actual = read(calicoctl, settings)
    wrong = [setting.title() for setting in settings if not setting.same(actual[setting.key()])]
    if wrong:
        raise CalicoError('The datastore does not hold what calicoctl said it wrote: %s' % ', '.join(wrong),
                          remedy='Look whether something else writes these settings')


ARGUMENT_SPEC = dict(
    _runner.OPTIONS,
    settings=dict(type='list', elements='dict', required=True, required_if=[('state', 'present', ('value',))], options=dict(
        name=dict(type='str', required=True),
        raw=dict(type='str', choices=['felix', 'bgp']),
        value=dict(type='str'),
        node=dict(type='str'),
        state=dict(type='str', choices=['present', 'absent'], default='present'),
    )),
)


def job(module):
    """Bring the settings to the desired state; see RETURN."""
    params = module.params
    settings = desired(params['settings'])
    calicoctl = _runner.from_params(params)
    predicted = module.check_mode and calicoctl.not_set_up() is not None
    actual = nothing(settings) if predicted else read(calicoctl, settings)
    plan = reconcile(settings, actual)
    if not module.check_mode:
        apply(calicoctl, plan)
    return dict(
        plan.result(module._diff),
        settings_changed=plan.names(),
        felix_restarts=any(change.how.felix() for change in plan),
        datastore_read=not predicted,
    )
