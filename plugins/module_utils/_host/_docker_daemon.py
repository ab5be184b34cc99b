# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's daemon and the store in which daemons of several hosts keep their networks together: configuration file, flags, what it says of itself.

Docker 1.12.3 to 20.10: C(cluster-store) and C(cluster-store-opts) of daemon.json(5), or the flags of those names; never both, or it does not start.
C(docker info) is read as text, because it knows no --format before 1.13.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import collections
import json
import os
import re
import socket

from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _docker, _files, _network, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

UNIT = 'docker.service'
STORE, OPTIONS = 'cluster-store', 'cluster-store-opts'
OLDEST = (1, 12, 3)  # the first that tells a driver which IPAM it is combined with; Calico's refuses older ones
REMOVED = (23, 0)  # has no such store any more, and does not start with the setting
NOTE = '/var/lib/dcos-calico/docker.json'
PLUGIN = '/run/docker/plugins/calico.sock'
NODE = 'calico-node'
# docker info asks each plugin, and waits half a minute for one that is not there, as Calico's after a restart.
LOOK = 60
PAUSE = 0.3
URL = re.compile(r'^(https?)://([^/\s,@]+?)/*\Z')


class Info(object):
    """What a running daemon says of itself: version, store (None without one), live_restore, swarm."""
    __slots__ = ('version', 'store', 'live_restore', 'swarm')

    def __init__(self, version, store=None, live_restore=False, swarm=False):
        self.version = version
        self.store = store
        self.live_restore = live_restore
        self.swarm = swarm


class Config(object):
    """daemon.json: file, target (where it really is), state (FileState of that), text (None without one), values (in order)."""
    __slots__ = ('file', 'target', 'state', 'text', 'values')

    def __init__(self, file, target, state, text, values):
        self.file = file
        self.target = target
        self.state = state
        self.text = text
        self.values = values

    def setting(self):
        """Its part that is about the store; None without a store."""
        return part(self.values)


# ---- what is required

def part(values):
    """{cluster-store, cluster-store-opts} of settings, as far as they are there; None without a store. Pure."""
    return dict((key, values[key]) for key in (STORE, OPTIONS) if values.get(key)) if values.get(STORE) else None


def setting_of(endpoints, ca_file=None, cert_file=None, key_file=None):
    """What daemon.json has to say for URLs of etcd members, or of a proxy. Pure."""
    matches = [URL.match(endpoint) for endpoint in endpoints]
    if not endpoints or not all(matches):
        bad = [endpoint for endpoint, match in zip(endpoints, matches) if not match]
        raise ValidationError('%s is no address of etcd' % (bad[0] if bad else '(nothing)'), remedy='Write it like http://127.0.0.1:2379')
    schemes = set(match.group(1) for match in matches)
    if len(schemes) > 1:
        raise ValidationError('%s mix http and https' % ', '.join(endpoints), remedy='Use one of them for all')
    setting = {STORE: 'etcd://' + ','.join(match.group(2) for match in matches)}
    files = [('kv.cacertfile', ca_file), ('kv.certfile', cert_file), ('kv.keyfile', key_file)]
    if 'https' not in schemes:
        return setting
    missing = [name for name, path in files if not path]
    if missing:
        raise ValidationError('Docker needs three files for TLS to etcd, and has no %s' % ', '.join(missing), remedy='Give ca_file, cert_file and key_file')
    return dict(setting, **{OPTIONS: dict(files)})


# ---- daemon.json

def read_config(path):
    """Config of a path, links followed; raises CalicoError for what Docker would not read either."""
    target = os.path.realpath(path)
    state = _files.state_of(target)
    if state.kind == 'absent':
        return Config(path, target, state, None, collections.OrderedDict())
    if state.kind != 'file':
        raise CalicoError('%s is no file' % path, remedy='Put it right first; nothing was changed')
    try:
        text = to_text(state.content(), errors='surrogate_or_strict')
        values = json.loads(text, object_pairs_hook=collections.OrderedDict) if text.strip() else collections.OrderedDict()
    except (IOError, OSError, ValueError) as error:
        raise CalicoError('%s cannot be read as JSON' % path, why=to_native(error), remedy='Put it right first, Docker does not start with it; nothing was '
                          'changed', file=path)
    if not isinstance(values, dict):
        raise CalicoError('%s is not a JSON object' % path, remedy='Put it right first; nothing was changed', file=path)
    return Config(path, target, state, text, values)


def rewritten(config, setting):
    """Text of daemon.json with another setting of the store (None: without), other keys and their order kept. Pure."""
    values = collections.OrderedDict((key, value) for key, value in config.values.items() if key not in (STORE, OPTIONS))
    for key in (STORE, OPTIONS):
        if setting and key in setting:
            values[key] = collections.OrderedDict(sorted(setting[key].items())) if isinstance(setting[key], dict) else setting[key]
    match = re.search(r'^([ \t]+)"', config.text or '', re.MULTILINE)
    indent = len(match.group(1).expandtabs(4)) if match else 2
    return json.dumps(values, indent=indent, separators=(',', ': ')) + '\n'


def write_config(config, setting, note):
    """Replace the real file, its mode and owner kept, after noting what is ours."""
    _files.ensure_directory(os.path.dirname(note))
    _files.write_atomic(note, json.dumps(setting or {}, indent=2, sort_keys=True, separators=(',', ': ')) + '\n')
    put(config, rewritten(config, setting))


def put(config, text):
    """Replace the real file, its mode and owner kept; a text of None takes it away."""
    if text is None:
        _files.remove(config.target)
        return
    _files.ensure_directory(os.path.dirname(config.target))
    state = config.state
    kept = {'mode': state.mode, 'owner': state.owner, 'group': state.group} if state.kind == 'file' else {}
    _files.write_atomic(config.target, text, **kept)


def noted(path):
    """The setting that this collection wrote last, None without one."""
    try:
        found = json.loads(_network.read(path) or '{}')
    except ValueError:
        return None
    return part(found) if isinstance(found, dict) else None


# ---- the daemon

def parse_info(text):
    """Info of the text of C(docker info); raises CommandError if it is none. Pure."""
    def value(name):
        match = re.search(r'^\s*%s:[ \t]*(\S+)' % name, text, re.IGNORECASE | re.MULTILINE)
        return match.group(1) if match else None

    version = value('Server Version')
    if version is None:
        raise CommandError('docker info does not tell the version of Docker', why=' '.join(text.split())[:200] or None)
    return Info(version, value('Cluster Store'), (value('Live Restore Enabled') or '').lower() == 'true', (value('Swarm') or '').lower() == 'active')


def info():
    """Info of the running daemon; raises CommandError if it does not answer."""
    result = _command.run(['docker', 'info'], LOOK)
    if result.rc != 0:
        raise CommandError('Docker does not answer', why=result.said(), remedy='Start it: systemctl start docker')
    return parse_info(result.out)


def containers():
    """Names of the running containers, calico/node left out: systemd starts that one again."""
    result = _command.run(['docker', 'ps', '--no-trunc', '--format', '{{.Names}}'], LOOK, check=True)
    return sorted(name for name in result.out.split() if name != NODE)


def runs(container):
    """Whether a container runs."""
    return any((item.get('State') or {}).get('Running') for item in _docker.inspect(container))


def numbers(version):
    """(major, minor, patch) of Docker's version, such as 17.05.0-ce. Pure."""
    found = [int(part) for part in re.findall(r'\d+', version)[:3]]
    return tuple(found + [0] * (3 - len(found)))


def flags(words, names=(STORE, 'config-file')):
    """{name: value} of those options in a command line. Pure."""
    found = {}
    for number, word in enumerate(words):
        name, equals, value = word.lstrip('-').partition('=')
        if word.startswith('--') and name in names:
            found[name] = value if equals else (list(words) + [''])[number + 1]
    return found


def daemon_flags(unit=UNIT):
    """flags() of the running daemon, over those that its unit would start it with."""
    shown = _command.run(['systemctl', 'show', '-p', 'ExecStart', '-p', 'MainPID', unit], _systemd.CALL_TIMEOUT, check=True).out
    argv, pid = re.search(r'argv\[\]=(.*?) ;', shown), re.search(r'^MainPID=([1-9]\d*)$', shown, re.MULTILINE)
    running = (_network.read(_network.PROC, pid.group(1), 'cmdline') or '').split('\0') if pid else []
    return dict(flags(argv.group(1).split() if argv else ()), **flags(running))


def plugin_answers():
    """Whether somebody listens on the socket of Calico's plugin; the file alone outlives a killed container."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(2)
    try:
        client.connect(PLUGIN)
    except (OSError, IOError):
        return False
    finally:
        client.close()
    return True


# ---- validating

def check_daemon(found, setting):
    """Raise where this daemon cannot have the setting. Pure."""
    if numbers(found.version) >= REMOVED:
        raise CalicoError('Docker %s knows no cluster-store' % found.version, why='it was deprecated in 20.10 and removed in 23.0; a Docker that finds the '
                          'setting does not start', remedy='Run containers by the universal container runtime (UCR), which needs none of this')
    if numbers(found.version) < OLDEST:
        raise CalicoError('Docker %s is too old for networks of Calico' % found.version, why='its plugin needs 1.12.3', remedy='Upgrade Docker first')
    if found.swarm and setting:
        raise CalicoError('Docker is part of a swarm here', why='swarm mode and cluster-store exclude each other', remedy='Leave the swarm, or go without')


def check_unmanaged(config, given, setting, note):
    """Raise where somebody else decides on the store: by flags, or by another value in the file. Pure.

    :arg given: as daemon_flags() has them.
    :arg setting: what is required.
    :arg note: the setting that this collection wrote last.
    """
    other = given.get('config-file')
    if other and os.path.realpath(other) != config.target:
        raise CalicoError('Docker reads %s, not %s' % (other, config.file), why='it is started with --config-file', remedy='Give that file as config')
    if STORE in given and given[STORE] != setting[STORE]:
        raise CalicoError('Docker is started with --%s=%s' % (STORE, given[STORE]), why='required is %s, a setting both as flag and in %s keeps Docker from '
                          'starting' % (setting[STORE], config.file), remedy='Take the flag out of its unit or drop-in, or use that store')
    present = config.setting()
    if present and present != setting and present != note:
        words = [json.dumps(each, sort_keys=True) for each in (present, setting)]
        raise CalicoError('%s has a cluster-store of somebody else' % config.file, why='it is %s, and required is %s' % tuple(words),
                          remedy='Use that store, or take the setting out of the file')


def check_consent(names, consent, found):
    """Raise if containers would end and nobody agreed to that. Pure."""
    if names and not consent and not found.live_restore:
        raise CalicoError('Docker has to be restarted, which ends its running containers: %s' % ', '.join(names),
                          why='its live-restore is off, and restart is false', remedy='Set calico_docker_network_restart to true, at a time when Marathon may '
                          'start them again; or stop them first', containers=names)


# ---- restarting

def restart(setting, timeout, unit=UNIT, clock=None, sleep=None):
    """Restart the daemon and return its Info with the desired store, or raise what keeps it from that."""
    deadline = Deadline(timeout, clock, sleep)
    _systemd.start([unit], 'restart')
    _systemd.wait_active([unit], deadline.left() or 1, clock=clock, sleep=sleep)
    desired = setting[STORE] if setting else None
    while True:
        try:
            found, words = info(), None
            if found.store == desired:
                return found
            words = 'it has the store %s, not %s' % (found.store, desired)
        except CommandError as error:
            words = error.why or error.what
        if not deadline.pause(PAUSE):
            raise CalicoError('Docker did not come back within %g seconds' % timeout, why=words, remedy='See "journalctl -u %s" on the host' % unit)


def put_back(config, note, before, unit=UNIT, timeout=_systemd.START_TIMEOUT):
    """After a restart that failed: the old file, and Docker started with it. Returns what became of that, as words."""
    put(config, config.text)
    _files.write_atomic(note, json.dumps(before or {}) + '\n')
    try:
        _systemd.start([unit], 'restart')
        _systemd.wait_active([unit], timeout)
    except CalicoError as error:
        return '%s was put back, and Docker does not start with that either (%s)' % (config.file, error.why or error.what)
    return '%s was put back, and Docker runs with it again' % config.file
