# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CNI network configurations: parse what is there, write and compare what is required. Pure.

Spec: CNI 0.3.1 (conf and conflist). What Mesos takes (every file of its directory, whatever its name): facts of mesos 1.0-1.11, cni.cpp and
spec.proto: a JSON object with the strings name and type, and ipam.type if there is ipam. The handshake, CNI_COMMAND=VERSION: CNI 0.3.1, "Report version".
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json

from ansible.module_utils.common.text.converters import to_native

FIRST_KEYS = ('cniVersion', 'name', 'type')
TEXT = (type(u''), str)
VERSION_ENVIRONMENT = {'CNI_COMMAND': 'VERSION'}


class Network(object):
    """What one file says.

    :arg kind: network (Mesos and CNI take it), conflist (a list of plugins: CNI takes it, Mesos does not) or invalid.
    :arg name: of the network; None for an invalid file without one.
    :arg config: the JSON value; None if it is not JSON.
    :arg reason: why it is invalid, else None.
    """
    __slots__ = ('kind', 'name', 'config', 'reason')

    def __init__(self, kind, name=None, config=None, reason=None):
        self.kind = kind
        self.name = name
        self.config = config
        self.reason = reason

    @property
    def plugins(self):
        """Names of the plugins that it needs, each once: type, ipam.type, those of a list, and those of a wrapper's delegate."""
        return plugins_of(self.config)


def _section_problem(section, label):
    """Why Mesos would not take a plugin's section, or None."""
    if not isinstance(section.get('type'), TEXT) or not section['type']:
        return '%s has no type' % label
    if 'ipam' in section and not (isinstance(section['ipam'], dict) and isinstance(section['ipam'].get('type'), TEXT)):
        return '%s has ipam without a type' % label
    return None


def _list_problem(config):
    """Why a value with plugins is not a valid conflist, or None."""
    plugins = config['plugins']
    if not isinstance(plugins, list) or not plugins:
        return 'plugins is not a list of plugins'
    for number, section in enumerate(plugins):
        label = 'plugins[%d]' % number
        problem = _section_problem(section, label) if isinstance(section, dict) else '%s is not an object' % label
        if problem:
            return problem
    return None


def parse_config(text):
    """Network of a file's bytes or text; never raises."""
    try:
        return classify(json.loads(text.decode('utf-8') if isinstance(text, bytes) else text))
    except ValueError as error:
        return Network('invalid', reason='it is not JSON: %s' % to_native(error) if text.strip() else 'it is empty')


def classify(config):
    """Network of a JSON value."""
    if not isinstance(config, dict):
        return Network('invalid', config=config, reason='it is not a JSON object')
    name = config.get('name')
    if not isinstance(name, TEXT) or not name:
        return Network('invalid', config=config, reason='it has no name')
    if 'plugins' in config and 'type' not in config:
        problem, kind = _list_problem(config), 'conflist'
    else:
        problem, kind = _section_problem(config, 'it'), 'network'
    return Network('invalid' if problem else kind, to_native(name), config, problem)


def plugins_of(config):
    """See Network.plugins; tolerates any JSON value."""
    found = []

    def visit(section):
        if not isinstance(section, dict):
            return
        for value in (section.get('type'), section['ipam'].get('type') if isinstance(section.get('ipam'), dict) else None):
            if isinstance(value, TEXT) and value and to_native(value) not in found:
                found.append(to_native(value))
        visit(section.get('delegate'))
        for plugin in section['plugins'] if isinstance(section.get('plugins'), list) else []:
            visit(plugin)

    visit(config)
    return found


def ranges_of(config):
    """The ranges of addresses that a configuration gives out itself, as they are written: ipam.subnet and ipam.ranges, those of a list and of a wrapper's
    delegate too; tolerates any JSON value. Calico's pools are not among them."""
    found = []

    def visit(section):
        if not isinstance(section, dict):
            return
        ipam = section.get('ipam') if isinstance(section.get('ipam'), dict) else {}
        sets = ipam['ranges'] if isinstance(ipam.get('ranges'), list) else []
        entries = [entry for each in sets if isinstance(each, list) for entry in each]
        for entry in [ipam] + entries:
            subnet = entry.get('subnet') if isinstance(entry, dict) else None
            if isinstance(subnet, TEXT) and to_native(subnet) not in found:
                found.append(to_native(subnet))
        visit(section.get('delegate'))
        for plugin in section['plugins'] if isinstance(section.get('plugins'), list) else []:
            visit(plugin)

    visit(config)
    return found


def pools_of(config):
    """The pools that a configuration has Calico take addresses from, as they are written; none where it leaves that to Calico. Tolerates any JSON value."""
    found = []

    def visit(section):
        if not isinstance(section, dict):
            return
        ipam = section.get('ipam') if isinstance(section.get('ipam'), dict) else {}
        for key in ('ipv4_pools', 'ipv6_pools'):
            found.extend(to_native(text) for text in (ipam[key] if isinstance(ipam.get(key), list) else []) if isinstance(text, TEXT))
        visit(section.get('delegate'))
        for plugin in section['plugins'] if isinstance(section.get('plugins'), list) else []:
            visit(plugin)

    visit(config)
    return found


def same(one, other):
    """Whether two JSON values mean the same; unlike ==, true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def render(config):
    """Text of a file: cniVersion, name and type first, other keys sorted, so that every Python writes the same."""
    return _rendered(config, '') + '\n'


def _rendered(value, indent):
    inner = indent + '  '
    if isinstance(value, dict) and value:
        keys = [key for key in FIRST_KEYS if key in value] + sorted(key for key in value if key not in FIRST_KEYS)
        return '{\n%s\n%s}' % (',\n'.join('%s%s: %s' % (inner, json.dumps(key), _rendered(value[key], inner)) for key in keys), indent)
    if isinstance(value, list) and value:
        return '[\n%s\n%s]' % (',\n'.join(inner + _rendered(item, inner) for item in value), indent)
    return json.dumps(value)


def merge(config, extra):
    """config with extra laid over it, objects merged at every depth; neither is changed."""
    result = dict(config)
    for key, value in extra.items():
        result[key] = merge(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) else value
    return result


def version_question(version):
    """What to write to the plugin's standard input."""
    return json.dumps({'cniVersion': version})


def supported_versions(answer):
    """Versions that a plugin's standard output names; None if it is not an answer of a CNI plugin."""
    try:
        versions = json.loads(answer).get('supportedVersions')
    except (ValueError, AttributeError):
        return None
    if not isinstance(versions, list) or not versions or not all(isinstance(version, (type(u''), str)) for version in versions):
        return None
    return [to_native(version) for version in versions]
