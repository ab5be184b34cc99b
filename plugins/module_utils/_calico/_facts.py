# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of Calico is on a host: CNI files, executables, units, container, sessions. Every function tolerates that what it looks for is absent."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import re

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _client_config, _felix, _node
from ansible_collections.dcos.calico.plugins.module_utils._cni import _config
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _docker, _files, _network, _systemd, _text_files

SECONDS = 30
DAEMON, SOCKET = 'docker.service', 'docker.socket'
# How each program tells its version without touching anything.
VERSION_FLAGS = {'calicoctl': '--version', 'etcd': '--version', 'etcdctl': '--version', 'calico': '-v', 'calico-ipam': '-v'}
VERSION = re.compile(r'v?(\d+\.\d+\.\d+[\w.-]*)')
# Variables of calico/node that are worth seeing; passwords are not among them.
VARIABLES = re.compile(r'^(NODENAME|HOSTNAME|IP|AS|IP_AUTODETECTION_METHOD|NO_DEFAULT_POOLS|CALICO_[A-Z0-9_]+|FELIX_[A-Z0-9_]+|ETCD_ENDPOINTS|'
                       r'ETCD_[A-Z_]+_FILE)\Z')


def cni_files(directory):
    """[{file, name, type, kind, reason, plugins, ranges, pools, duplicate_of}] of every file in a directory, as Mesos reads it, whatever its name.

    duplicate_of: an earlier file with the same network name. Which of two Mesos takes is up to the order of the directory.
    """
    found, seen = [], {}
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
        path = os.path.join(directory, name)
        if os.path.isdir(path):
            continue
        network = _network_in(os.path.realpath(path))
        other = seen.setdefault(network.name, name) if network.kind == 'network' else name
        config = network.config if isinstance(network.config, dict) else {}
        found.append({'file': name, 'name': network.name, 'type': config.get('type'), 'kind': network.kind, 'reason': network.reason,
                      'plugins': network.plugins, 'ranges': _config.ranges_of(network.config), 'pools': _config.pools_of(network.config),
                      'duplicate_of': other if other != name else None})
    return found


def _network_in(path):
    try:
        content = _files.state_of(path).content()
    except CalicoError as error:
        return _config.Network('invalid', reason=error.what)
    return _config.parse_config(content) if content is not None else _config.Network('invalid', reason='it is not a file')


def cni_plugins(directories):
    """{name of an executable: the first directory of the search path that has it}."""
    found = {}
    for directory in directories:
        for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
            path = os.path.join(directory, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                found.setdefault(name, directory)
    return found


def executable(path):
    """{path, present, target, sha256, version, error} of one executable; version only of programs that are known to tell it harmlessly."""
    found = {'path': path, 'present': os.path.isfile(path), 'target': None, 'sha256': None, 'version': None, 'error': None}
    if not found['present']:
        return found
    found['target'] = os.path.realpath(path) if os.path.islink(path) else None
    found['sha256'] = _files.sha256_of(path)
    flag = VERSION_FLAGS.get(os.path.basename(path))
    if flag and os.access(path, os.X_OK):
        try:
            result = _command.run([path, flag], SECONDS)
            match = VERSION.search(result.out)
            found['version'] = match.group(1) if match else None
        except CommandError as error:
            found['error'] = str(error)
    return found


def units(names):
    """{name: {exists, active, sub, enabled}} of systemd units, by one call."""
    states = _systemd.read(list(names))
    return dict((name, {'exists': state.exists, 'active': state.active, 'sub': state.sub, 'enabled': state.enabled}) for name, state in states.items())


def docker_settings(text, commandline):
    """iptables: whether the daemon manages it, from daemon.json and its command line. Pure."""
    try:
        config = json.loads(text or '{}')
    except ValueError:
        config = {}
    value = config.get('iptables', True) if isinstance(config, dict) else True
    return {'iptables': bool(value) and '--iptables=false' not in commandline}


def docker_units():
    """{at_boot, asleep, error}: whether Docker's daemon comes up with the host (None where systemd does not know it), and whether it is down and a mere
    look by its client would start it, by its socket; error says so."""
    try:
        states = _systemd.read([DAEMON, SOCKET])
    except CommandError:
        return {'at_boot': None, 'asleep': False, 'error': None}
    daemon, listens = states[DAEMON], states[SOCKET].active == 'active'
    asleep = daemon.exists and listens and not daemon.running
    return {'at_boot': daemon.enabled or states[SOCKET].enabled if daemon.exists else None, 'asleep': asleep,
            'error': '%s is %s; it was not asked anything, because %s would have started it' % (DAEMON, daemon.active, SOCKET) if asleep else None}


def docker():
    """{present, running, version, iptables, at_boot, error}."""
    daemon = docker_units()
    found = {'present': _docker.present() is not None, 'running': False, 'version': None, 'at_boot': daemon['at_boot'], 'error': daemon['error']}
    pid = next(iter((_network.read('/var/run/docker.pid') or '').split()), None)
    commandline = (_network.read('/proc', pid, 'cmdline') or '') if pid else ''
    found.update(docker_settings(_network.read(_docker.DAEMON_CONFIG), commandline.split('\0')))
    if not found['present'] or daemon['asleep']:
        return found
    try:
        result = _command.run(['docker', 'version', '--format', '{{.Server.Version}}'], SECONDS)
    except CommandError as error:
        return dict(found, error=str(error))
    if result.rc != 0:
        return dict(found, error=result.said())
    return dict(found, running=True, version=result.out.strip())


def node(port):
    """{container, felix} of calico/node."""
    found, item = container()
    return {'container': found, 'felix': felix(port, item, found['error'])}


def container():
    """({present, running, image, image_id, id, started_at, env, error} of calico-node, secrets left out of env; its object of C(docker inspect) or None)."""
    found = {'present': False, 'running': False, 'image': None, 'image_id': None, 'id': None, 'started_at': None, 'env': {}, 'error': None}
    if _docker.present() is None:
        return found, None
    daemon = docker_units()
    if daemon['asleep']:
        return dict(found, error=daemon['error']), None
    try:
        item = next((each for each in _docker.inspect(_node.CONTAINER) if 'State' in each), None)
    except CommandError as error:
        return dict(found, error=str(error)), None
    if item is None:
        return found, None
    env = _node.environment((item.get('Config') or {}).get('Env'))
    state = item['State']
    return dict(found, present=True, running=bool(state.get('Running')), image=item['Config'].get('Image'), image_id=item.get('Image'), id=item.get('Id'),
                started_at=state.get('StartedAt'),
                env=dict((name, _node.shown(name, value)) for name, value in env.items() if VARIABLES.match(name))), item


def felix(port, item, error):
    """{running, age, ready, error} of the Felix of a container: age of its process in seconds; ready is None without a health port.

    :arg item: object of C(docker inspect) of the container, None without one.
    :arg error: why it is not known whether there is one.
    """
    age = _felix.age(item) if item else None
    said = error or (_felix.trouble(item, port) if port else None)
    return {'running': age is not None, 'age': round(age, 1) if age is not None else None, 'ready': said is None if port else None, 'error': said}


def bgp():
    """{answers, peers, error}."""
    try:
        return {'answers': True, 'peers': _bgp.ask(timeout=2), 'error': None}
    except CalicoError as error:
        return {'answers': False, 'peers': [], 'error': error.why or error.what}


def calicoctl_config(path):
    """{path, exists, managed, endpoints, problem} of calicoctl's configuration; managed: written by this collection."""
    text = _network.read(path)
    if text is None:
        return {'path': path, 'exists': False, 'managed': False, 'endpoints': [], 'problem': None}
    config = _client_config.read(text)
    return {'path': path, 'exists': True, 'managed': _text_files.MARKER in text, 'endpoints': [_node.shown('', each) for each in config.endpoints],
            'problem': config.problem}
