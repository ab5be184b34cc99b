# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is: its DC/OS, operating system and address. Every function tolerates that what it looks for is absent."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import re
import socket
import sys

from ansible_collections.dcos.calico.plugins.module_utils._errors import CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command
from ansible_collections.dcos.calico.plugins.module_utils._host._network import read

ROOT = '/opt/mesosphere'
ROLES = '/etc/mesosphere/roles'
OS_RELEASE = '/etc/os-release'
ROLE_NAMES = (('master', 'master'), ('slave_public', 'public'), ('slave', 'private'))
DETECT_SECONDS = 10
CONFIGURATIONS = ('etc/expanded.config.json', 'etc/overlay/config/master.json')


def _json(path):
    try:
        found = json.loads(read(path) or 'null')
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def role():
    """master, public or private, from the mark that DC/OS' setup leaves; None if there is none."""
    return next((name for mark, name in ROLE_NAMES if os.path.exists(os.path.join(ROLES, mark))), None)


def overlay_of(config):
    """[{name, subnet}] of DC/OS' overlay networks and vtep subnet in one of its configuration files. Pure.

    expanded.config.json has the overlay as JSON in a string, overlay/config/master.json as an object.
    """
    value = config.get('dcos_overlay_network') or config.get('network')
    try:
        value = json.loads(value) if not isinstance(value, dict) else value
    except (TypeError, ValueError):
        return []
    found = [{'name': 'vtep', 'subnet': value['vtep_subnet']}] if isinstance(value, dict) and value.get('vtep_subnet') else []
    overlays = value.get('overlays') if isinstance(value, dict) else None
    return found + [{'name': item.get('name'), 'subnet': item['subnet']} for item in overlays or () if isinstance(item, dict) and item.get('subnet')]


def overlays():
    """See overlay_of(); None if no file of this DC/OS tells."""
    for name in CONFIGURATIONS:
        found = overlay_of(_json(os.path.join(ROOT, name)) or {})
        if found:
            return found
    return None


def dcos():
    """DC/OS: version and variant (None before 1.12) out of dcos-version.json, role, overlay networks, whether it brings a Calico of its own."""
    release = _json(os.path.join(ROOT, 'etc/dcos-version.json'))
    own = os.path.join(ROOT, 'etc/dcos/network/cni/calico.conf')
    return {
        'installed': release is not None or os.path.isdir(os.path.join(ROOT, 'etc')),
        'version': (release or {}).get('version'),
        'variant': (release or {}).get('dcos-variant'),
        'release': release,
        'role': role(),
        'overlays': overlays(),
        'own_calico': os.path.islink(own) and '/packages/' in os.path.realpath(own),
    }


def parse_os_release(text):
    """{NAME: value} of os-release(5)."""
    found = {}
    for line in text.splitlines():
        match = re.match(r'^([A-Z_]+)=(["\']?)(.*)\2\s*\Z', line)
        if match:
            found[match.group(1)] = match.group(3)
    return found


def systemd_version():
    """Its number, such as 219, or None."""
    try:
        words = _command.run(['systemctl', '--version'], 5).out.split()
    except CommandError:
        return None
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None


def system():
    """Operating system: id, version, kernel, architecture, python (this one), systemd, memory in MiB, and whether it is asked as root."""
    release, memory = parse_os_release(read(OS_RELEASE) or ''), re.search(r'MemTotal:\s+(\d+)', read('/proc/meminfo') or '')
    return {
        'id': release.get('ID'),
        'version': release.get('VERSION_ID'),
        'kernel': os.uname()[2],
        'architecture': os.uname()[4],
        'python': '.'.join(str(part) for part in sys.version_info[:3]),
        'systemd': systemd_version(),
        'memory_mib': int(memory.group(1)) // 1024 if memory else None,
        'root': os.geteuid() == 0,
    }


def detect_ip(path):
    """{ip, error}: what DC/OS' own script says."""
    if not os.path.exists(path):
        return {'ip': None, 'error': '%s is not there' % path}
    try:
        result = _command.run([path], DETECT_SECONDS)
    except CommandError as error:
        return {'ip': None, 'error': str(error)}
    words = result.out.split()
    if result.rc == 0 and not words:
        return {'ip': None, 'error': '%s answered nothing' % path}
    if result.rc != 0 or len(words) != 1 or not re.match(r'\d+(\.\d+){3}\Z', words[0]):
        return {'ip': None, 'error': '%s answered %r' % (path, result.said())}
    return _own_address(path, words[0])


def _own_address(path, ip):
    """What detect_ip() says of an answer: what other hosts cannot reach is no address of this one."""
    octets = [int(part) for part in ip.split('.')]
    reasons = ((max(octets) > 255, 'no address'), (octets[0] == 0, 'no address of a host'), (octets[0] == 127, 'an address that leads each host to itself'),
               (octets[:2] == [169, 254], 'a link-local address'), (octets[0] >= 224, 'a multicast or reserved address'))
    wrong = next((reason for holds, reason in reasons if holds), None)
    return {'ip': None if wrong else ip, 'error': '%s answered %s, which is %s' % (path, ip, wrong) if wrong else None}


def node(detected, addresses, mtus):
    """This host as a node: ip by detect_ip, and the prefix, interface, MTU and network of that address (None if no interface has it).

    :arg detected: as detect_ip() gives it.
    :arg addresses, mtus: as _network.addresses() and mtus() give them.
    """
    ip = detected.get('ip')
    own = next((item for item in addresses if item['address'] == ip), {})
    hostname = socket.gethostname()
    return {
        'ip': ip,
        'prefix': own.get('prefix'),
        'address': '%s/%d' % (ip, own['prefix']) if own else None,
        'interface': own.get('interface'),
        'mtu': mtus.get(own.get('interface')),
        'network': own.get('network'),
        'hostname': hostname,
        'names': sorted(set(filter(None, [ip, hostname, hostname.split('.')[0]]))),
        'error': detected.get('error'),
    }
