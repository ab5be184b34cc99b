# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What etcd's proxy and an etcd member of this host have in common: a user, the executable, directories, TLS files, a unit, and whether it works."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import grp
import os
import pwd
import ssl

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils import _pem
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import (
    _command, _download, _etcd, _executables, _http, _network, _processes, _started, _stream, _systemd, _text_files,
)
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline, agreed
from ansible_collections.dcos.calico.plugins.module_utils._host._text_files import TextFile
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

try:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
except ImportError:
    from httplib import HTTPConnection, HTTPException, HTTPSConnection

UNIT_DIRECTORY = '/etc/systemd/system'
CONFIG_DIRECTORY = '/etc/calico'
EXECUTABLE = '/opt/calico/bin/etcd'
NO_LOGIN = ('/usr/sbin/nologin', '/sbin/nologin', '/bin/false')
USERADD_SECONDS = 30

COMMON_SPEC = dict(
    executable=dict(type='dict', apply_defaults=True, options=dict(_executables.SOURCE_SPEC, path=dict(type='path', default=EXECUTABLE))),
    ca_path=dict(type='path'),
    download_timeout=dict(type='float', default=300),
    allow_http=dict(type='bool', default=False),
    receipts=dict(type='path', default=_executables.RECEIPTS),
    ca_file=dict(type='path'),
    cert_file=dict(type='path'),
    key_file=dict(type='path', no_log=False),
    peer_ca_file=dict(type='path'),
    peer_cert_file=dict(type='path'),
    peer_key_file=dict(type='path', no_log=False),
    wait=dict(type='float', default=60),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
)
LOOK_SECONDS = 3
PAUSE = 0.2
LONGEST_PAUSE = 1.0
JOURNAL_LINES = 12
SHOWN = 400  # characters of the journal's end


class User(object):
    """C(how) of the change that makes the user."""
    __slots__ = ('name', 'home')

    def __init__(self, name, home):
        self.name = name
        self.home = home


class Service(object):
    """One desired service.

    unit, user, data_dir, unit_text; executable: _executables.Executable or None (one that somebody else installs at executable_path);
    tls_directory, copies: {path of a copy in tls_directory, which the service's user can read: path of the TLS file as given};
    extra: further TextFiles; gone: paths that go with state absent; listen: URLs; guard: Guard of _jobs/_etcd_proxy or None.
    """

    def __init__(self, params, unit_text, copies, listen, extra=(), gone=()):
        self.unit = _systemd.check_name(params['unit'])
        self.unit_path = os.path.join(UNIT_DIRECTORY, self.unit)
        self.user = params['user']
        self.data_dir = params['data_dir']
        self.tls_directory = tls_directory(self.unit)
        self.unit_text = unit_text
        self.copies = copies
        self.listen = listen
        self.extra = list(extra)
        self.gone = list(gone)
        self.guard = None
        self.absent = params['state'] == 'absent'
        if self.absent:
            self.copies = {}
        self.options = _download.Options(params['ca_path'], params['download_timeout'], params['allow_http'])
        self.receipts = params['receipts']
        self.executable_path = params['executable']['path']
        self.executable = None
        if not self.absent and any(params['executable'].get(name) for name in _executables.SOURCES):
            self.executable = _executables.executable(params['executable'], self.options, 'executable')


class Actual(object):
    """uid of the user (None: none yet), executables, files: as their read() gives them, units: {name: UnitState}, desired_files: TextFiles, guarded:
    whether the guard's unit does what it is for."""
    __slots__ = ('uid', 'executables', 'files', 'units', 'desired_files', 'guarded')

    def __init__(self, uid, executables, files, units, desired_files, guarded=True):
        self.guarded = guarded
        self.uid = uid
        self.executables = executables
        self.files = files
        self.units = units
        self.desired_files = desired_files


class Plans(object):
    """The parts of a plan, each applied by the library it belongs to: user, executables, files, units."""
    __slots__ = ('user', 'executables', 'files', 'units')

    def __init__(self, user, executables, files, units):
        self.user = user
        self.executables = executables
        self.files = files
        self.units = units

    def whole(self):
        """One Plan of all, in the order in which they are applied."""
        plan = Plan()
        for part in (self.user, self.executables, self.files, self.units):
            plan.extend(part)
        return plan


def check_common(params):
    """Raise ValidationError for what both modules have in common."""
    _etcd.check_plain(params['user'], 'The user', _etcd.USER_NAME)
    _etcd.check_path(params['data_dir'], 'data_dir')
    _etcd.check_path(params['executable']['path'], 'executable.path')


def tls_directory(unit):
    """Directory of a unit's copies of TLS files."""
    return os.path.join(CONFIG_DIRECTORY, unit.rsplit('.', 1)[0])


def tls_of(params):
    """(client Tls, peer Tls, copies): paths of the copies that etcd reads; peers get the clients' files by default."""
    directory, copies, found = tls_directory(params['unit']), {}, []
    for prefix in ('', 'peer_'):
        given = dict((name, params['%s%s_file' % (prefix, name)] or None) for name in ('ca', 'cert', 'key'))
        if bool(given['cert']) != bool(given['key']):
            raise ValidationError('One of %scert_file and %skey_file is missing' % (prefix, prefix), remedy='Give both or none')
        used = {}
        for name, path in given.items():
            if path:
                _etcd.check_path(path, '%s%s_file' % (prefix, name))
                used[name] = os.path.join(directory, prefix + name + '.pem')
                copies[used[name]] = path
        found.append(_etcd.Tls(**used))
    client, peer = found
    return client, peer or client, copies


def _uid(name):
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _unused_copies(service):
    """TextFiles by which copies that are no longer used go, and their directory with the last one."""
    used = service.copies
    paths = [os.path.join(service.tls_directory, prefix + name + '.pem') for prefix in ('', 'peer_') for name in ('ca', 'cert', 'key')]
    return [TextFile(path, kind='absent') for path in paths if path not in used] + ([] if used else [TextFile(service.tls_directory, kind='absent')])


def _reader(user):
    """Owner and group of a file that only root changes and the service reads: by a group of the user's own, which may be there before the user is."""
    try:
        group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except KeyError:
        group = user
    return ('root', group, 0o440) if group == user else (user, 'root', 0o400)


def _copies(service, check_mode):
    """TextFiles of the TLS files for the service's user: what is given may be for root only. Their directory is root's, so that nothing in it is exchanged."""
    files = []
    owner, group, mode = _reader(service.user)
    for target, source in sorted(service.copies.items()):
        text = _text_files.read([TextFile(source)])[source].text
        if text is None and check_mode:
            continue
        if text is None:
            raise CalicoError('%s is not there' % source, remedy='Put the certificates and keys for etcd in place first')
        label = 'PRIVATE KEY' if target.endswith('key.pem') else 'CERTIFICATE'
        wrong = _pem.problem(text, label)
        if wrong:
            raise CalicoError('%s cannot be used for etcd' % source, why=wrong, remedy='Put the right file in place')
        files.append(TextFile(target, text, mode=mode, owner=owner, group=group, secret='PRIVATE KEY' in text))
    if files:
        files.insert(0, TextFile(service.tls_directory, kind='directory'))
    return files


def _desired_files(service, check_mode):
    guard = [service.guard.file()] if service.guard else []
    if service.absent:
        return guard + [TextFile(path, kind='absent') for path in [service.unit_path] + service.gone] + _unused_copies(service)
    directory = TextFile(service.data_dir, kind='directory', mode=0o700, owner=service.user)
    return guard + [directory] + _copies(service, check_mode) + _unused_copies(service) + service.extra + [TextFile(service.unit_path, service.unit_text)]


def read(service, check_mode):
    """Actual state of what is required."""
    desired = _desired_files(service, check_mode)
    executables = [service.executable] if service.executable else []
    units = _systemd.read(([service.guard.name] if service.guard else []) + [service.unit])
    guarded = not service.guard or not units[service.guard.name].running or service.guard.holds()
    return Actual(_uid(service.user), _executables.read(executables, service.receipts), _text_files.read(desired), units, desired, guarded)


def reconcile(service, actual):
    """Plans. A unit is restarted when its file, its executable or a TLS file changed in this run, or after its process started."""
    user = Plan()
    if actual.uid is None and not service.absent:
        user.add('user %s' % service.user, None, {'home': service.data_dir, 'system': True}, how=User(service.user, service.data_dir))
    executables = _executables.reconcile([service.executable] if service.executable else [], actual.executables)
    files = _text_files.reconcile(actual.desired_files, actual.files)
    contents = [change.name for change in files if not isinstance(change.after, dict)]  # owner and mode are no reason to restart
    return Plans(user, executables, files, _reconcile_unit(service, actual, executables.names() + contents))


def _reconcile_unit(service, actual, changed):
    guard = [service.guard.unit()] if service.guard else []
    if service.absent:
        unit = _systemd.Unit(service.unit, enabled=False, state='stopped')
        return _systemd.reconcile(guard + [unit], actual.units, changed)
    unit = _running(service)
    late = _started.units([unit], actual.units)
    if not actual.guarded:
        late[service.guard.name] = ['rules that are gone']
    return _systemd.reconcile(guard + [unit], actual.units, changed, late)


def _running(service):
    return _systemd.Unit(service.unit, enabled=True, state='started', restart_on=[service.unit_path, service.executable_path] + sorted(service.copies))


def note(service, actual, acted):
    """Note what the service was started with, at the end of a run.

    :arg acted: whether something was done with a unit.
    """
    if not service.absent:
        units = [_running(service)]
        _started.note_units(units, actual.units, _started.units(units, actual.units), _systemd.read(units) if acted else actual.units)


def action(service, plans):
    """What is done with the unit: start, stop, restart or None."""
    return next((change.how.action for change in plans.units if change.name == service.unit), None)


def apply(service, actual, plans, before_start=None):
    """Make the changes. Whoever calls it waits for etcd itself: a proxy may fail to start until DNS is there, which is not yet an error.

    :arg before_start: see _systemd.apply_starts().
    """
    if not service.absent:
        names = [service.unit] + ([service.guard.name] if service.guard and service.guard.text else [])
        _systemd.check_known([_systemd.Unit(name, enabled=True, optional=True) for name in names], actual.units)
    for change in plans.user:
        make_user(change.how)
    _executables.apply(plans.executables, service.options, service.receipts)
    if not service.absent and not os.access(service.executable_path, os.X_OK):
        raise CalicoError('There is no executable %s' % service.executable_path, remedy='Give its source (url, src or local_src), or install it first')
    _systemd.apply(plans.units, actual.units, plans.files, wait=False, before_start=before_start)
    if service.guard and any(change.name == service.guard.name and change.how.action in ('start', 'restart') for change in plans.units):
        _systemd.wait_active([service.guard.name])


def make_user(user):
    """Make a system user with a group of its own and no login. /etc is writable on all of DC/OS' systems, also where /usr is not."""
    shell = next((path for path in NO_LOGIN if os.path.exists(path)), NO_LOGIN[-1])
    argv = ['useradd', '--system', '--user-group', '--no-create-home', '--home-dir', user.home, '--shell', shell]
    result = _command.run(argv + [user.name], USERADD_SECONDS)
    if result.rc == 9 and _uid(user.name) is None:
        # The group is there already, left by a run that was killed or made by hand.
        argv[argv.index('--user-group'):argv.index('--user-group') + 1] = ['--gid', user.name]
        result = _command.run(argv + [user.name], USERADD_SECONDS)
    if _uid(user.name) is None:
        raise CalicoError('The user %s cannot be made' % user.name, why=result.said(), remedy='Make it by hand, or name another')


def uid_of(service):
    """Number of the service's user, None if there is none yet."""
    return _uid(service.user)


def get(url, path, tls, seconds=LOOK_SECONDS):
    """(status, body as text) of a GET; raises IOError, ValueError or HTTPException where there is no answer.

    Not by open_url: etcd is never behind a proxy, and only its own CA counts. The name in the certificate is not compared, as the host
    asks itself, mostly by loopback, and Python 2.7 knows no addresses in certificates.
    """
    scheme, host, port = _etcd.check_url(url, 'The address')
    if scheme == 'https':
        context = ssl.create_default_context(cafile=tls.ca)
        context.check_hostname = False
        if tls.cert:
            context.load_cert_chain(tls.cert, tls.key)
        connection = HTTPSConnection(host, port, timeout=seconds, context=context)
    else:
        connection = HTTPConnection(host, port, timeout=seconds)
    try:
        answer = _http.ask(connection, path, seconds)
        return answer.status, to_native(answer.body, errors='surrogate_or_replace')
    finally:
        connection.close()


def look(url, tls, quorum=False):
    """Answer of an etcd at a URL: whether the v2 API is served, and if asked for, whether its cluster has a quorum."""
    try:
        answer = _etcd.classify_health(*get(url, _etcd.HEALTH, tls)) if quorum else None
        if answer is None or answer.ok:
            answer = _etcd.classify(*get(url, _etcd.KEYS, tls))
        return answer
    except (IOError, OSError, ValueError, HTTPException) as error:
        return _etcd.Answer('unreachable', 'it does not answer (%s)' % to_native(error))


def wait(url, tls, seconds, quorum=False, clock=None, sleep=None):
    """The first good Answer within some seconds, else the last one. No second look where v2 is off: that does not pass."""
    deadline, pause = Deadline(seconds, clock, sleep), PAUSE
    while True:
        answer = look(url, tls, quorum)
        if answer.ok or answer.kind == 'v2_off' or not deadline.pause(pause):
            return answer
        pause = min(pause * 1.5, LONGEST_PAUSE)


def holder(host, port):
    """(pid, process name) that listens where host and port would, (None, None) if unseen, or None if nobody does."""
    inodes = []
    for name, ipv6 in (('tcp', False), ('tcp6', True)):
        for address, other, inode in _network.parse_listeners(_network.read(_network.PROC, 'net', name, most=_stream.TABLE) or '', ipv6):
            if other == port and (address == host or address in _etcd.WILDCARDS or host in _etcd.WILDCARDS):
                inodes.append(inode)
    if not inodes:
        return None
    found = _network.owners(set(inodes))
    return next(iter(found.values()), (None, None))


def check_ports(urls, unit):
    """Raise if another program listens where a unit that does not run yet is to listen. The unit may come up meanwhile: that is looked at last."""
    for url in urls:
        dummy, host, port = _etcd.check_url(url, 'The address')
        found, pid = agreed(lambda at=(host, port): (holder(*at), _systemd.read([unit])[unit].pid or None), _is_unmanaged)
        if _is_unmanaged((found, pid)):
            raise CalicoError('%s cannot listen on %s' % (unit, url), why='port %d is taken by %s' % (port, _described(found)),
                              remedy='Stop that program, or choose another port')


def unmanaged(urls, unit):
    """The Process that listens where a unit that does not run is to listen; None where nobody does, or nobody who can be seen."""
    for url in urls:
        dummy, host, port = _etcd.check_url(url, 'The address')
        found = holder(host, port)
        if found and found[0] and found[0] != _systemd.read([unit])[unit].pid:
            return _processes.of(*found)
    return None


def _is_unmanaged(seen):
    """Whether who listens is another process than the unit's, which may have ended, or been started anew, between the two looks."""
    found, pid = seen
    return bool(found) and found[0] != pid


def _described(found):
    return '%s (process %d)' % (found[1] or 'a program', found[0]) if found[0] else 'a program that cannot be seen from here'


def failure(what, unit, urls, answer):
    """CalicoError with the best reason to be had: who has the port, what the journal says, what the last answer was."""
    state = _systemd.read([unit])[unit]
    journal = _systemd.journal_tail(unit, JOURNAL_LINES)
    reason, remedy = _etcd.explain(journal + ' ' + answer.words)
    if answer.kind == 'v2_off':
        reason, remedy = 'the members serve no v2 API, which is all that Calico 2 speaks', 'Start the members with --enable-v2=true (etcd 3.5 or older)'
    for url in urls:
        dummy, host, port = _etcd.check_url(url, 'The address')
        found = holder(host, port)
        if found and found[0] and found[0] != state.pid:
            reason, remedy = 'port %d is taken by %s' % (port, _described(found)), 'Stop that program, or choose another port'
    if answer.kind == 'v2_off':
        journal = ''
    said = [reason, answer.words, 'its unit is %s (%s)' % (state.active, state.sub), 'its journal ends with: %s' % journal[-SHOWN:] if journal else None]
    return CalicoError(what, why='; '.join(part for part in said if part), remedy=remedy or 'See "journalctl -u %s" on the host' % unit, unit=unit)
