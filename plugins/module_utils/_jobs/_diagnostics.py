# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host, or the datastore, gives to a bundle for a support ticket, beside what agent_plan finds; see module diagnostics. Nothing is written on the host.

Each question has its own deadline, all of them have one, and none can fail the others. What is said has no secrets before it leaves the host.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import glob
import grp
import hashlib
import os
import pwd
import stat
import sys
import time

from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils import _redact
from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup, _bgp, _bundle, _felix, _node, _runner
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _docker, _network, _stream
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline, now
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _agent_info, _agent_plan, _datastore

ROOT = '/'  # a seam for tests
HOST, DATASTORE = 'host', 'datastore'
RAW = 2  # times the size of an entry, of which its lines are taken
LARGEST_SUMMED = 256 << 20  # bytes of a file whose checksum is computed
MOST_FILES = 500
UNITS = ('docker.service', 'dcos-mesos-slave.service', 'dcos-mesos-slave-public.service', 'dcos-mesos-master.service', 'dcos-mesos-dns.service',
         'dcos-net.service', 'dcos-spartan.service', 'dcos-navstar.service', 'NetworkManager.service', 'systemd-networkd.service', 'firewalld.service')
MESOS = ('dcos-mesos-slave.service', 'dcos-mesos-slave-public.service')
PROPERTIES = ('Id,LoadState,ActiveState,SubState,Result,UnitFileState,FragmentPath,DropInPaths,MainPID,NRestarts,ExecMainStartTimestamp,'
              'ExecMainExitTimestamp,ExecMainCode,ExecMainStatus,ActiveEnterTimestamp,InactiveEnterTimestamp,MemoryCurrent,TasksCurrent')
LOGS = ('felix', 'bird', 'bird6', 'confd', 'libnetwork')
COMMANDS = (
    ('network/links.txt', ['ip', '-d', 'link', 'show']),
    ('network/addresses.txt', ['ip', 'addr', 'show']),
    ('network/routes.txt', ['ip', 'route', 'show', 'table', 'all']),
    ('network/rules.txt', ['ip', 'rule', 'show']),
    ('network/neighbours.txt', ['ip', 'neigh', 'show']),
    ('network/listeners.txt', ['ss', '-lntup']),
    ('network/connections-bgp.txt', ['ss', '-nt', '( sport = :179 or dport = :179 )']),
    ('network/iptables.txt', ['iptables-save', '-c']),
    ('network/ipsets.txt', ['ipset', 'list']),
    ('docker/version.txt', ['docker', 'version', '--format', '{{.Server.Version}}']),
    ('docker/info.txt', ['docker', 'info']),
    ('docker/containers.txt', ['docker', 'ps', '--no-trunc', '--format', '{{.ID}} {{.Image}} {{.Names}} {{.Status}}']),
    ('system/disks.txt', ['df', '-hP']),
)
VERSIONS = (['uname', '-a'], ['systemctl', '--version'], ['iptables', '--version'], ['ipset', '--version'], ['ip', '-V'], ['openssl', 'version'])
VERSION_FILES = ('etc/os-release', 'opt/mesosphere/etc/dcos-version.json', 'proc/version', 'proc/uptime', 'proc/loadavg')
SYSCTLS = ('net/ipv4/ip_forward', 'net/ipv4/conf/*/rp_filter', 'net/ipv4/conf/*/forwarding', 'net/ipv4/conf/*/proxy_arp', 'net/ipv4/neigh/default/gc_thresh*',
           'net/ipv6/conf/*/disable_ipv6', 'net/ipv6/conf/*/forwarding', 'net/netfilter/nf_conntrack_max', 'net/netfilter/nf_conntrack_count',
           'net/bridge/bridge-nf-call-iptables', 'fs/inotify/max_user_*', 'fs/file-nr', 'kernel/pid_max')
FILES = ('etc/calico/*', 'etc/calico/*/*', 'opt/calico/*', 'opt/calico/*/*', 'var/lib/dcos-calico/*', 'run/dcos-calico/*', 'etc/sysctl.d/*calico*',
         'etc/modules-load.d/*calico*', 'etc/NetworkManager/conf.d/*calico*', 'etc/systemd/network/*calico*', 'etc/systemd/system/*calico*',
         'etc/systemd/system/*calico*/*', 'etc/systemd/system/dcos-mesos-*.d/*', 'etc/systemd/system/docker.service.d/*', 'etc/docker/*',
         'usr/local/bin/calicoctl', 'var/log/calico/*', 'var/log/calico/*/*')
CERTIFICATES = ('.crt', '.cert', '.pem', '.cer')
CALL = ['-noout', '-subject', '-issuer', '-dates', '-fingerprint', '-sha256']

ARGUMENT_SPEC = dict(
    of=dict(type='str', required=True, choices=['start', HOST, DATASTORE, 'cluster']),
    steps=dict(type='list', elements='dict', default=[], options=_agent_plan.ARGUMENT_SPEC['steps']['options']),
    directory=dict(type='path', default=''),
    started=dict(type='float'),
    lines=dict(type='int', default=5000),
    entry_size=dict(type='int', default=1024),
    size=dict(type='int', default=8192),
    hours=dict(type='int', default=24),
    command_seconds=dict(type='int', default=20),
    seconds=dict(type='int', default=120),
    all_size=dict(type='int', default=1048576),
    all_seconds=dict(type='int', default=3600),
    config=dict(type='path', default=_runner.CONFIG),
    units=dict(type='list', elements='str', default=['calico-node.service', 'calico-etcd-proxy.service']),
    cni_dir=dict(type='path', default='/opt/mesosphere/etc/dcos/network/cni'),
    plugin_dirs=dict(type='list', elements='path', default=[]),
    log_dir=dict(type='path', default='/var/log/calico'),
    felix_health_port=dict(type='int'),
    hosts=dict(type='list', elements='str', default=[]),
    result=dict(type='str'),
    status=dict(type='dict', default={}),
    datastore=dict(type='dict', default={}),
    findings=dict(type='dict', default={}),
)


class Collector(object):
    """Asks one question after the other, and keeps what is said within its limits.

    :arg params: of the module: lines, entry_size and size (KiB), hours, command_seconds.
    :arg deadline: of all of it.
    :arg redactor: _redact.Redactor.
    """

    def __init__(self, params, deadline, redactor):
        self.params = params
        self.deadline = deadline
        self.redactor = redactor
        self.entries = []
        self._left = params['size'] << 10
        self._silent = set()
        # Logs have UTC as svlogd and Felix write it.
        self.since = time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(time.time() - params['hours'] * 3600))

    def seconds(self):
        """For one command; raises CalicoError where all of the time is over."""
        left = self.deadline.left()
        if left <= 0:
            raise CalicoError('Not collected', why='the %d seconds for this host were over' % self.deadline.seconds)
        return min(self.params['command_seconds'], left)

    def ask(self, argv):
        """Result of a command; raises CalicoError. A program that has not answered in time is not asked again."""
        if argv[0] in self._silent:
            raise CalicoError('Not asked', why='%s did not answer before' % argv[0])
        deadline = Deadline(self.seconds())
        try:
            return _command.run(argv, deadline.seconds)
        except CommandError:
            if deadline.passed():
                self._silent.add(argv[0])
            raise

    def run(self, argv):
        """What a command says, with its errors; raises CalicoError."""
        result = self.ask(argv)
        return result.out + ('(exit code %d) %s\n' % (result.rc, result.err.strip()) if result.rc != 0 else '' if result.out else result.err)

    def add(self, name, ask, keep=_bundle.HEAD, plain=True, since=None, lines=None):
        """Note the answer to a question.

        :arg ask: callable -> text, or None where there is nothing of it on this host.
        :arg plain: whether secrets are still to be looked for, because the structure of the text is not known.
        """
        start, text, notes = now(), u'', []
        size = min(self.params['entry_size'] << 10, self._left)
        try:
            self.seconds()
            if size <= 0:
                raise CalicoError('Not collected', why='the %d KiB for this host were used up' % self.params['size'])
            said = ask()
            if said is None:
                return
            if plain:
                said, left_out = _bundle.looked_at(to_text(said, errors='surrogate_or_replace'), RAW * size, keep)
                said, notes = _redact.text(said), [left_out]
            text, cut = _bundle.limited(_bundle.printable(said), lines or self.params['lines'], size, keep, since)
            notes.insert(0, cut)
        except Exception as error:  # One broken part of a host must not hide the others.
            notes = [_redact.text(to_native(error) or type(error).__name__)]
        self._left -= len(text.encode('utf-8', 'replace'))
        note = _bundle.printable('; '.join(filter(None, notes)))
        self.entries.append({'name': name, 'text': text, 'note': note, 'seconds': round(now() - start, 2)})

    def finished(self):
        """The entries without what was learned to be secret meanwhile."""
        for entry in self.entries:
            entry['text'], entry['note'] = [self.redactor.scrub(entry[part]) for part in ('text', 'note')]
        return self.entries


def _path(*parts):
    return os.path.join(ROOT, *[part.lstrip('/') for part in parts])


def _file(path, most=_stream.LARGEST):
    return _network.read(path, most=most)


def _tail(path, size):
    """The last bytes of a file in whole lines, None without one. A container can have made a link to any file of it, or a pipe that nobody writes to."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise CalicoError('Not collected', why='%s is a link' % path)
        return None
    try:
        with os.fdopen(descriptor, 'rb') as handle:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise CalicoError('Not collected', why='%s is no file' % path)
            handle.seek(0, os.SEEK_END)
            first = max(0, handle.tell() - size)
            handle.seek(first)
            found = handle.read(size).decode('utf-8', 'replace')
            return found.partition(u'\n')[2] if first else found
    except (IOError, OSError):
        return None


def structured(collector):
    """What may name secrets, first: what is learned here is taken out of everything else."""
    redactor, params = collector.redactor, collector.params
    collector.add('config/calicoctl.cfg', lambda: _config(_path(params['config']), redactor), plain=False)
    for number, path in enumerate(sorted(glob.glob(_path(params['cni_dir'], '*'))), 1):
        if os.path.isfile(path):
            collector.add('cni/%02d.txt' % number, lambda path=path: u'%s\n%s' % (to_text(path), redactor.json(_file(path) or '', _bundle.CNI)), plain=False)
    for unit in params['units'] + list(UNITS):
        collector.add('units/%s.txt' % unit, lambda unit=unit: _unit(collector, unit), plain=False)
    collector.add('docker/calico-node.json', lambda: _container(collector), plain=False)
    collector.add('docker/daemon.json', lambda: _json_file(_docker.DAEMON_CONFIG, redactor), plain=False)


def _config(path, redactor):
    """calicoctl's configuration: names and values, line by line."""
    text = _file(path)
    if text is None:
        return None
    for line in to_text(text).splitlines():
        name, dummy, value = line.strip().partition(u':')
        redactor.pair(name.strip('"\' '), value.strip().strip('"\''))
    return _redact.text(text)


def _json_file(path, redactor):
    text = _file(path)
    return None if text is None else redactor.json(text)


def _unit(collector, unit):
    state = collector.ask(['systemctl', 'show', '-p', PROPERTIES, unit])
    if 'LoadState=not-found' in state.out:
        return None
    text = collector.ask(['systemctl', 'cat', unit])
    return u'%s\n%s' % (_redact.text(state.out or state.err), _bundle.unit(text.out or text.err, collector.redactor))


def _container(collector):
    if _docker.present() is None:
        return None
    said = collector.ask(['docker', 'inspect', _node.CONTAINER])
    try:
        item = next((each for each in from_json(said.out or '[]') if 'State' in each), None)
    except (ValueError, TypeError):
        raise CalicoError('docker inspect did not answer in JSON', why=said.said())
    if item is None and _docker.ABSENT.search(said.err + said.out):
        return None
    if item is None:
        raise CalicoError('docker inspect told of no container', why=said.said())
    return _redact.shown(_bundle.container(item, collector.redactor))


def states(collector):
    """What runs, and how: small, and asked before the logs."""
    params = collector.params
    collector.add('system/versions.txt', lambda: _versions(collector))
    collector.add('bird/protocols.txt', lambda: _bird('show protocols'))
    collector.add('bird/status.txt', lambda: _bird('show status'))
    if params['felix_health_port']:
        collector.add('felix/health.txt', lambda: _health(params['felix_health_port']))
    for name, argv in COMMANDS:
        if _command.find(argv[0]):
            collector.add(name, lambda argv=argv: collector.run(argv))
    if os.path.exists(_path('proc/net/ip6_tables_names')) and _command.find('ip6tables-save'):
        collector.add('network/ip6tables.txt', lambda: collector.run(['ip6tables-save', '-c']))
    collector.add('network/sysctl.txt', _sysctls)
    collector.add('system/memory.txt', lambda: _file(_path('proc/meminfo')))
    collector.add('system/files.txt', lambda: _files(collector))
    collector.add('system/certificates.txt', lambda: _certificates(collector), plain=False)


def _bird(command):
    return None if not os.path.exists(_bgp.SOCKET) else _bgp.reply_to(command, None, 3)


def _health(port):
    return u''.join(u'%s: %s\n' % (path, 'yes' if good else why) for path in ('/readiness', '/liveness') for good, why in [_felix.ready(port, path=path)])


def _versions(collector):
    found = [u'Python %s (%s)\n' % (sys.version.replace('\n', ' '), sys.executable), u'UTC: %s\n' % time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())]
    for argv in VERSIONS:
        try:
            said = collector.ask(argv)
            found.append(u'$ %s\n%s\n' % (' '.join(argv), to_text(said.out or said.err).strip()))
        except CommandError as error:
            found.append(u'$ %s\n%s\n' % (' '.join(argv), to_text('%s' % error)))
    for path in VERSION_FILES:
        text = _file(_path(path))
        found.append(u'# /%s\n%s\n' % (path, to_text(text).strip()) if text is not None else u'# /%s is not there\n' % path)
    return u''.join(found)


def _sysctls():
    found = []
    for pattern in SYSCTLS:
        for path in sorted(glob.glob(_path('proc/sys', pattern))):
            value = _file(path)
            if value is not None:
                found.append(u'%s = %s\n' % (to_text(os.path.relpath(path, _path('proc/sys'))), to_text(value).strip()))
    return u''.join(found)


def _listed(params):
    patterns = [_path(pattern) for pattern in FILES] + [_path(params['cni_dir'], '*')] + [_path(directory, 'calico*') for directory in params['plugin_dirs']]
    found = sorted(set(path for pattern in patterns for path in glob.glob(pattern)))
    return found[:MOST_FILES]


def _files(collector):
    """Kind, mode, owner, size, time, checksum and name of each file. What only some may read has no checksum, by which it could be guessed."""
    found = []
    for path in _listed(collector.params):
        try:
            state = os.lstat(path)
            kind = 'link' if stat.S_ISLNK(state.st_mode) else 'directory' if stat.S_ISDIR(state.st_mode) else 'file' if stat.S_ISREG(state.st_mode) else 'other'
            more = '-> ' + os.readlink(path) if kind == 'link' else _sum(path) if kind == 'file' and state.st_mode & 0o004 else '-'
            owner = '%s:%s' % (_called(pwd.getpwuid, state.st_uid), _called(grp.getgrgid, state.st_gid))
            when = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(state.st_mtime))
            found.append('%-9s %04o %s %d %s %s %s\n' % (kind, stat.S_IMODE(state.st_mode), owner, state.st_size, when, more, path))
        except (IOError, OSError) as error:
            found.append('%s: %s\n' % (path, to_native(error)))
        collector.seconds()
    return u''.join(to_text(line, errors='surrogate_or_replace') for line in found)


def _called(find, number):
    try:
        return find(number)[0]
    except KeyError:
        return '%d' % number


def _sum(path):
    digest, size = hashlib.sha256(), 0
    with open(path, 'rb') as handle:
        for piece in _stream.pieces_of(handle):
            digest.update(piece)
            size += len(piece)
            if size > LARGEST_SUMMED:
                return '(too large)'
    return 'sha256:' + digest.hexdigest()


def _certificates(collector):
    """What openssl says of the certificates among the files."""
    found = []
    for path in [path for path in _listed(collector.params) if path.endswith(CERTIFICATES)]:
        said = collector.ask(['openssl', 'x509', '-in', path] + CALL)
        found.append(u'%s\n%s\n' % (to_text(path), to_text(said.out or said.err.splitlines()[0] if said.out or said.err else '').strip()))
    return u'\n'.join(found) or None


def logs(collector):
    """The largest, and so the last: what their part of the size leaves room for."""
    params = collector.params
    size = RAW * params['entry_size'] << 10
    for name in LOGS:
        path = _path(params['log_dir'], name, 'current')
        collector.add('logs/%s.log' % name, lambda path=path: _tail(path, size), keep=_bundle.TAIL, since=collector.since)
    if _docker.present():
        collector.add('logs/calico-node-container.log', lambda: _container_log(collector), keep=_bundle.TAIL, since=collector.since)
    for unit in params['units'] + list(UNITS):
        collector.add('logs/%s.log' % unit, lambda unit=unit: _journal(collector, unit), keep=_bundle.TAIL)
    collector.add('logs/kernel.log', lambda: _journal(collector, None), keep=_bundle.TAIL)


def _container_log(collector):
    said = collector.ask(['docker', 'logs', '--tail', '%d' % collector.params['lines'], _node.CONTAINER])
    return None if said.rc != 0 and _docker.ABSENT.search(said.err) else said.out + said.err


def _journal(collector, unit):
    """A unit's journal, or the kernel's; of a Mesos agent the lines about networks. None where there is none."""
    lines = collector.params['lines'] * (RAW if unit in MESOS else 1)
    which = ['-k'] if unit is None else ['-u', unit]
    argv = ['journalctl'] + which + ['-n', '%d' % lines, '--since=-%dh' % collector.params['hours'], '--no-pager', '-q', '-o', 'short-iso']
    said = collector.run(argv)
    found = [line for line in said.splitlines(True) if not line.startswith('-- ') and (unit not in MESOS or _bundle.ABOUT_CNI.search(line))]
    said = to_text(''.join(found), errors='surrogate_or_replace')
    return (_bundle.without_environments(said) if unit in MESOS else said) if said.strip() else None


def _look(module):
    """The module as agent_plan sees it."""
    look = _agent_plan.Look(dict(module.params, drift=False), module.warn)
    look.no_log_values = module.no_log_values
    return look


def host(module):
    """(entries of this host, what agent_plan found). Both are looked for at once, as the plan waits for its own answers."""
    params = module.params
    deadline = Deadline(params['seconds'])
    look = _look(module)
    plan = _agent_info.Probe(lambda: _agent_plan.job(look))
    plan.value = {'error': 'no answer within %d seconds' % params['seconds']}
    collector = Collector(params, deadline, _redact.Redactor(to_text(value) for value in module.no_log_values))
    plan.start()
    structured(collector)
    states(collector)
    logs(collector)
    plan.join(deadline.left())
    found = plan.value if 'error' in plan.value else {'facts': plan.value['facts'], 'plan': plan.value['plan']}
    if params['steps']:
        for value in list(module.no_log_values):
            collector.redactor.learn(to_text(value))
        collector.add('plan/facts.json', lambda: _redact.shown(collector.redactor.data(found.get('facts') or found)), plain=False)
        collector.add('plan/changes.json', lambda: _redact.shown(collector.redactor.data(found.get('plan') or found)), plain=False)
    return collector.finished(), found


def datastore(module):
    """(entries of the datastore, what agent_plan found of it)."""
    params = module.params
    collector = Collector(dict(params, entry_size=params['size']), Deadline(params['seconds']), _redact.Redactor())
    look = _look(module)
    collector.add('datastore/keys.txt', lambda: _keys(params, collector), plain=False, lines=sys.maxsize)
    found = _agent_plan.job(look)
    return collector.finished(), {'facts': {}, 'plan': found['plan']}


def _keys(params, collector):
    """A line for each key below /calico, as of one moment."""
    with _datastore.opened(dict(config=params['config'], timeout=collector.seconds())) as store:
        snapshot = store.snapshot(_backup.ROOT)
    return u''.join(_bundle.key_line(key, entry.value, entry.ttl, collector.redactor) for key, entry in sorted(snapshot.entries.items()))


def job(module):
    """What was asked for; see RETURN."""
    entries, found = (host if module.params['of'] == HOST else datastore)(module)
    return dict(found, changed=False, content=_backup.pack(entries))
