# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one idea of every stateful module: (desired, actual) -> plan; check mode stops there, diff mode prints it. Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._untrusted import clean

MOST_SHOWN = 1 << 20
SECRET = '(secret, not shown)\n'


def serialise(value):
    """Text of one side of a change: '' for a thing that is not there, text as it is, anything else as sorted JSON."""
    if value is None:
        return ''
    if isinstance(value, (bytes, type(u''))):
        text = to_native(value, errors='surrogate_or_strict')
    else:
        text = json.dumps(value, indent=2, sort_keys=True, separators=(',', ': '), default=str)
    return text if not text or text.endswith('\n') else text + '\n'


class Change(object):
    """One thing that is not as required.

    :arg name: what it is called in the diff, such as a path or C(ipPool 192.168.0.0/16).
    :arg before: its actual state, None if it does not exist.
    :arg after: its desired state, None if it is to go.
    :arg secret: never show either side.
    :arg how: whatever apply() needs to make the change; never shown.
    """
    __slots__ = ('name', 'before', 'after', 'secret', 'how')

    def __init__(self, name, before, after, secret=False, how=None):
        self.name = name
        self.before = before
        self.after = after
        self.secret = secret
        self.how = how

    def diff(self):
        """One element of Ansible's list of diffs."""
        before, after = serialise(self.before), serialise(self.after)
        if self.secret:
            before = SECRET.replace(')', ', old)') if before else ''
            after = SECRET if after else ''
        # A terminal has it as it is, and much of it comes from others.
        name, before, after = clean(self.name), clean(before, MOST_SHOWN), clean(after, MOST_SHOWN)
        return {'before_header': name, 'after_header': name, 'before': before, 'after': after}


class Plan(object):
    """The changes that lead from the actual to the desired state, in the order in which they are to be made."""

    def __init__(self, changes=()):
        self.changes = list(changes)

    def __iter__(self):
        return iter(self.changes)

    def __len__(self):
        return len(self.changes)

    def add(self, name, before, after, secret=False, how=None):
        """Append a change if the two sides differ; return whether they do."""
        if before == after:
            return False
        self.changes.append(Change(name, before, after, secret=secret, how=how))
        return True

    def extend(self, other):
        """Append the changes of another plan."""
        self.changes.extend(other)

    @property
    def changed(self):
        """Whether anything is to be done."""
        return bool(self.changes)

    def names(self):
        """Names of the things that change, in order, each once."""
        seen = []
        for change in self.changes:
            if change.name not in seen:
                seen.append(change.name)
        return seen

    def result(self, diff_desired):
        """The part of a module's result that every stateful module has: changed, and diff where asked for."""
        result = {'changed': self.changed}
        if diff_desired:
            result['diff'] = [change.diff() for change in self.changes]
        return result
