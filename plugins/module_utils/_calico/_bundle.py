# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host gives to a bundle for a support ticket: how much of a text is kept, and what of files, units, containers and keys may be shown. Pure.

An entry is {name, text, note, seconds}: its name is one of this collection's, its text has no secrets, its note says what was left out, or why there is
nothing.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import re

from ansible.module_utils.common.text.converters import to_text

from ansible_collections.dcos.calico.plugins.module_utils import _redact
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import clean, from_json

HEAD, TAIL = 'head', 'tail'
# svlogd's, Felix' and journalctl's times at the beginning of a line; the first 19 characters compare.
STAMP = re.compile(r'([0-9]{4}-[0-9]{2}-[0-9]{2})[T_ ]([0-9]{2}:[0-9]{2}:[0-9]{2})')
# Lines of a Mesos agent that are about the network of containers.
ABOUT_CNI = re.compile(r'(?i)cni|calico|network|isolat')
# Variables of tasks, as a Mesos agent and its containerizers write them: as JSON, as protobuf's text, and as options of docker run.
ENVIRONMENTS = re.compile(r'(?i)(\benvironment\\*["\']?\s*[:=]?\s*\\*["\']?[{\[]|\\*["\']?variables\\*["\']?\s*[:=]?\s*[{\[]|(?<=\s)(?:-e|--env)[ =])[^\n]*')
# Variables of containers and units whose values are shown.
VARIABLES = re.compile(r'(?i)(?:NODENAME|HOSTNAME|IP6?|AS|IP6?_AUTODETECTION_METHOD|NO_DEFAULT_POOLS|WAIT_FOR_DATASTORE|'
                       r'(?:CALICO|FELIX|BGP|ETCD|MESOS)_[A-Z0-9_]+|DOCKER_OPTS|(?:HTTPS?|NO|FTP|ALL)_PROXY|PATH|LANG|GOMAXPROCS)\Z')
ASSIGNMENT = r'(?:"([A-Za-z_]\w*)=((?:\\.|[^"\\])*)"|\'([A-Za-z_]\w*)=([^\']*)\'|([A-Za-z_]\w*)=(\S*))'
ASSIGNED = re.compile(ASSIGNMENT)
OPTION = re.compile(r'((?:^|\s)(?:-e|--env)[ =])' + ASSIGNMENT)
ENVIRONMENT = re.compile(r'(\s*(?:Default)?Environment=)(.*)\Z', re.DOTALL)
# docker inspect of a container: what is shown of it. Labels, commands and other variables are not.
CONTAINER = {
    '': ('Id', 'Created', 'Image', 'Name', 'RestartCount', 'Driver', 'LogPath'),
    'State': ('Status', 'Running', 'Paused', 'Restarting', 'OOMKilled', 'Dead', 'Pid', 'ExitCode', 'Error', 'StartedAt', 'FinishedAt'),
    'HostConfig': ('Binds', 'NetworkMode', 'PidMode', 'Privileged', 'RestartPolicy', 'Memory', 'CapAdd', 'SecurityOpt'),
    'Config': ('Image', 'Hostname', 'User'),
}
# Of a CNI configuration: names of the specification, of Calico's plugins, and of those that DC/OS and its users have.
CNI = frozenset((
    'cniVersion', 'name', 'type', 'plugins', 'delegate', 'ipam', 'args', 'dns', 'nameservers', 'domain', 'search', 'options', 'subnet', 'ranges', 'rangeStart',
    'rangeEnd', 'gateway', 'routes', 'dst', 'gw', 'bridge', 'isGateway', 'isDefaultGateway', 'ipMasq', 'mtu', 'hairpinMode', 'promiscMode', 'forceAddress',
    'capabilities', 'portMappings', 'snat', 'chain', 'excludeDevices', 'master', 'mode', 'dataDir',
    'assign_ipv4', 'assign_ipv6', 'ipv4_pools', 'ipv6_pools', 'etcd_endpoints', 'etcd_authority', 'etcd_scheme', 'etcd_ca_cert_file', 'etcd_cert_file',
    'etcd_key_file', 'etcd_discovery_srv', 'log_level', 'nodename', 'hostname', 'policy', 'kubernetes', 'kubeconfig', 'k8s_api_root', 'node_name',
    'include_default_routes', 'datastore_type', 'k8s_client_certificate', 'k8s_client_key', 'k8s_certificate_authority', 'org.apache.mesos',
    'network_info', 'labels', 'key', 'value',
))
# Keys of Calico 2.6's datastore (libcalico-go 1.7, lib/backend/model): of others only the name is shown.
KNOWN = re.compile(r'/calico/(?:v1/(?:Ready\Z|config/|host/|ipam/|policy/|netset/)|bgp/v1/|ipam/v2/|felix/v1/)')


def limited(value, lines, size, keep=HEAD, since=None):
    """(text, note) of a text that is not longer than it may be: its beginning or its end, in whole lines.

    :arg since: lines that begin with an earlier time (C(2026-11-29 06:00:00)) are left out, and those without a time that follow them.
    """
    found, notes = to_text(value).splitlines(True), []
    if since:
        kept, old = [], False
        for line in found:
            stamp = STAMP.match(line)
            old = (u'%s %s' % stamp.groups()) < since if stamp else old
            if not old:
                kept.append(line)
        if len(kept) < len(found):
            notes.append('%d older lines left out' % (len(found) - len(kept)))
        found = kept
    total = len(found)
    found = found[-lines:] if keep == TAIL else found[:lines]
    room, kept = size, []
    for line in reversed(found) if keep == TAIL else found:
        room -= len(line.encode('utf-8', 'replace'))
        if room < 0:
            break
        kept.append(line)
    if len(kept) < total:
        notes.append('cut: the %s %d of %d lines' % ('last' if keep == TAIL else 'first', len(kept), total))
    return u''.join(reversed(kept) if keep == TAIL else kept), '; '.join(notes)


def looked_at(value, most, keep=HEAD):
    """(text, note) of as much of a text as secrets are looked for in. In whole lines, because half a secret looks like none."""
    if len(value) <= most:
        return value, ''
    part = value[-most:].partition(u'\n')[2] if keep == TAIL else value[:value.rfind(u'\n', 0, most) + 1]
    return part, '%d characters left out' % (len(value) - len(part))


def without_environments(value):
    """Lines of a log without what they say of the variables of tasks, whatever the names of these."""
    return ENVIRONMENTS.sub(u'\\1' + _redact.NOT_SHOWN, value)


def printable(value):
    """A text with nothing that a terminal obeys, however long it is."""
    text = to_text(value)
    return to_text(clean(text, most=8 * len(text)))  # a sign may be six


def container(item, redactor):
    """Of an object of C(docker inspect) what may be shown."""
    found = {}
    for part, names in CONTAINER.items():
        source = item if not part else item.get(part)
        if isinstance(source, dict):
            values = redactor.data(dict((name, source[name]) for name in names if name in source))
            found.update(values if not part else {part: values})
    config = item.get('Config') if isinstance(item.get('Config'), dict) else {}
    env = [each for each in config.get('Env') or () if isinstance(each, _redact.TEXT)]
    found.setdefault('Config', {})['Env'] = [variable(each, redactor) for each in env]
    return found


def variable(assigned, redactor):
    """NAME=VALUE as it may be shown."""
    name, equals, value = to_text(assigned).partition(u'=')
    return u'%s%s%s' % (_redact.name_of(name), equals, redactor.pair(name, value, VARIABLES.match(name))) if equals else _redact.name_of(name)


def unit(text, redactor):
    """A unit's text, its variables as they may be shown."""
    found = []
    for line in re.split(r'(?<!\\)\n', to_text(text)):
        match = ENVIRONMENT.match(line)
        if match:
            line = match.group(1) + _assignments(match.group(2), redactor)
        else:
            redactor.userinfo(line)
            line = OPTION.sub(lambda option: option.group(1) + _assigned(option.groups()[1:], redactor), line)
            line = _redact.text(line)
        found.append(line)
    return u'\n'.join(found)


def _assignments(text, redactor):
    """What stands behind Environment=, one NAME=VALUE after the other; anything else is not shown."""
    found = [_assigned(match.groups(), redactor) for match in ASSIGNED.finditer(text)]
    return u' '.join(found) if found or not text.strip() else _redact.NOT_SHOWN


def _assigned(groups, redactor):
    name, value = next((groups[place], groups[place + 1]) for place in (0, 2, 4) if groups[place] is not None)
    return variable(u'%s=%s' % (name, value), redactor)


def key_line(key, value, ttl, redactor):
    """A line for a key of the datastore, in JSON: its value only where it is one of Calico's, without secrets."""
    shown = None
    if value is not None and not KNOWN.match(key):
        shown = u'[not shown: %d characters]' % len(value)
        redactor.userinfo(value)
    elif value is not None:
        name = key.rpartition(u'/')[2]
        try:
            parsed = from_json(value)
        except ValueError:
            parsed = None
        shown = redactor.data(parsed) if isinstance(parsed, (dict, list)) and not _redact.is_secret(name) else redactor.pair(name, value)
    found = {'key': _redact.name_of(key), 'value': shown}
    return to_text(json.dumps(dict(found, ttl=ttl) if ttl is not None else found, sort_keys=True)) + u'\n'
