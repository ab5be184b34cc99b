# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's v2 proxy and the guard of its port; dcos.calico.etcd_proxy and dcos.calico.agent_plan run it.

A proxy hands on what it is asked without asking who it is. So its port is closed to all users of the host but those that need it: a unit keeps rules
of iptables(8), match C(owner). A unit of its own, because the proxy's user may not change rules, and because it is there before the proxy. Who comes
from a container's network is no user of the host and reaches no loopback device.

Without rules there is no proxy: each of its starts, of which systemd makes one every two seconds, has the unit started that is not up, and ends where
the directory is missing that systemd keeps for it. Requires= would let a proxy down for good whose rules came late, as oneshot units are not started again.

Other rules are put in place by a reload, during which the port is closed at each moment: a second chain closes it while the first one is made anew.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

from ansible_collections.dcos.calico.plugins.module_utils import _unit_text
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _etcd, _etcd_service, _executables, _network, _started, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._host._text_files import TextFile
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

# The same one each time, whatever PATH is.
DIRECTORIES = ('/usr/sbin', '/sbin', '/usr/bin')
WILDCARDS = {'0.0.0.0': ['iptables'], '::': ['iptables', 'ip6tables']}
SECONDS = 20
RUN = '/run'
# Each puts rules of its own in place at boot, over those that are there.
EARLIER = 'iptables.service ip6tables.service firewalld.service'
# Seconds in which a proxy whose members just came up recovers by itself.
GRACE = 3
# That a proxy of others has to end.
STOP_SECONDS = 5


class Guard(object):
    """name and path of the unit, its text (None: it is to go), checks: argv lists that succeed while the rules are in place, test: command that fails
    while the unit is not up."""
    __slots__ = ('name', 'path', 'text', 'checks', 'test')

    def __init__(self, directory, proxy, listen, users):
        self.name = '%s-port.service' % proxy.rsplit('.', 1)[0]
        self.path = os.path.join(directory, self.name)
        self.checks = []
        self.test = ['/usr/bin/test', '-d', os.path.join(RUN, self.name.rsplit('.', 1)[0])]
        self.text = self._text(proxy, _rules(listen), users) if users else None

    def _text(self, proxy, rules, users):
        make, stop = [], []
        for program, chain, match in rules:
            argv, second = [_path_of(program), '-w'], chain + '-new'
            make += _close(argv, second, match, users) + _open(argv, chain, match) + _close(argv, chain, match, users) + _open(argv, second, match)
            stop += _open(argv, chain, match) + _open(argv, second, match)
            self.checks.append(argv + ['-C', 'OUTPUT'] + match + ['-j', chain])
        lines = ['# Managed by Ansible (dcos.calico.etcd_proxy); changes made here by hand are overwritten.', '[Unit]',
                 'Description=The port of %s for %s only' % (_unit_text.value(proxy), ', '.join(users)), 'Before=%s' % _unit_text.value(proxy),
                 'After=%s' % EARLIER, '', '[Service]', 'Type=oneshot', 'RemainAfterExit=yes', 'StartLimitInterval=0',
                 'RuntimeDirectory=%s' % _unit_text.value(os.path.basename(self.test[-1]))]
        lines += [key + sign + ' '.join(_unit_text.command(argv))
                  for key, commands in (('ExecStart=', make), ('ExecReload=', make), ('ExecStop=', stop)) for sign, argv in commands]
        return '\n'.join(lines + ['', '[Install]', 'WantedBy=multi-user.target']) + '\n'

    def file(self):
        """The TextFile of the unit."""
        return TextFile(self.path, self.text) if self.text else TextFile(self.path, kind='absent')

    def unit(self):
        """The _systemd.Unit."""
        if not self.text:
            return _systemd.Unit(self.name, enabled=False, state='stopped', optional=True)
        return _systemd.Unit(self.name, enabled=True, state='started', reload_on=[self.path])

    def holds(self):
        """Whether the rules are in place, which somebody may have flushed."""
        return all(_command.run(argv, SECONDS).rc == 0 for argv in self.checks)


def check_users(users):
    """The users, if each can be one."""
    return [user if user.isdigit() else _etcd.check_plain(user, 'The user', _etcd.USER_NAME) for user in users]


def _close(argv, chain, match, users):
    """[(sign, argv)] of commands that close a port by a chain; those with the sign - may fail, because a killed run has left the chain."""
    return ([('-', argv + ['-N', chain]), ('', argv + ['-F', chain])]
            + [('', argv + ['-A', chain, '-m', 'owner', '--uid-owner', user, '-j', 'RETURN']) for user in users]
            + [('', argv + ['-A', chain, '-p', 'tcp', '-j', 'REJECT', '--reject-with', 'tcp-reset']), ('', argv + ['-I', 'OUTPUT'] + match + ['-j', chain])])


def _open(argv, chain, match):
    """[(sign, argv)] of commands that take a chain away."""
    return [('-', argv + operation) for operation in (['-D', 'OUTPUT'] + match + ['-j', chain], ['-F', chain], ['-X', chain])]


def _rules(listen):
    """[(program, chain, what matches the packets for it)] for URLs that a proxy listens on."""
    found = []
    for url in listen:
        host, port = _etcd.check_url(url, 'listen_client_urls:')[1:]
        where = [] if host in WILDCARDS else ['-d', host]
        for program in WILDCARDS.get(host, ['ip6tables' if ':' in host else 'iptables']):
            found.append((program, 'dcos-calico-etcd-%d' % (len(found) + 1), ['-o', 'lo', '-p', 'tcp'] + where + ['--dport', str(port)]))
    return found


def _path_of(program):
    for directory in DIRECTORIES:
        path = os.path.join(directory, program)
        if os.access(path, os.X_OK):
            return path
    raise CalicoError('%s is not installed on this host, so the port of the etcd proxy cannot be closed to its users' % program,
                      remedy='Install it, or set allowed_users to an empty list to leave the port open to all of them')


def desired(params):
    """Service of the proxy, with its url and the seconds to wait; raises ValidationError."""
    _etcd_service.check_common(params)
    listen = params['listen_client_urls']
    if not listen:
        raise ValidationError('listen_client_urls is empty', remedy='Name at least one address for the proxy')
    for url in listen:
        _etcd.check_url(url, 'listen_client_urls:')
    for url in params['members']:
        _etcd.check_url(url, 'members:')
    if not params['members']:
        _etcd.check_plain(params['discovery_srv'], 'discovery_srv', _etcd.DOMAIN)
    client, peer, copies = _etcd_service.tls_of(params)
    directory, path = params['data_dir'], params['executable']['path']
    noted = os.path.join(directory, 'proxy', 'cluster')
    argv = [path] + _etcd.proxy_flags(directory, listen, params['discovery_srv'], params['members'], client, peer)
    users = [] if params['state'] == 'absent' else check_users(params['allowed_users'])
    guard = Guard(_etcd_service.UNIT_DIRECTORY, _systemd.check_name(params['unit']), listen, users)
    text = _etcd.unit_text('etcd_proxy', 'etcd v2 proxy for Calico', params['user'], argv, units=[guard.name] if guard.text else [],
                           before=([guard.test] if guard.text else []) + [['/bin/rm', '-f', noted]])
    gone = [noted, noted + '.bak', os.path.dirname(noted), directory]
    service = _etcd_service.Service(params, text, copies, listen, gone=gone)
    service.guard = guard
    service.url = _etcd.local_url(listen[0])
    service.tls = client if service.url.startswith('https:') else _etcd.Tls()
    service.wait = params['wait']
    service.noted = noted
    service.replaces = params['replace_unmanaged']
    return service


def in_the_way(service, actual):
    """The Process of an etcd proxy that others have started and that can make room for this one, None where there is none; raises CalicoError for
    another program that has the port, or for a proxy that somebody would start anew."""
    if service.absent or actual.units[service.unit].active == 'active':
        return None
    found = _etcd_service.unmanaged(service.listen, service.unit)
    if found is None:
        return None
    remedy = _etcd.keeps_port(found)
    if remedy:
        raise CalicoError('The program that listens where %s is to listen is not replaced' % service.unit,
                          why='it is %s (process %d)' % (found.name or 'unknown', found.pid), remedy=remedy)
    return found


def plan_replacement(old):
    """Plan by which a proxy of others goes. Pure."""
    plan = Plan()
    if old:
        plan.add('process %d (%s)' % (old.pid, old.name), old.as_dict(), None)
    return plan


def replacement(service, old):
    """What is called when all that is left is to stop the old proxy and to start this one, None where there is nothing to stop."""
    if old is None:
        return None

    def make_room():
        if service.guard.text:  # its rules are made before the port is free, so that it is free for a moment only
            _systemd.start([service.guard.name])
            _systemd.wait_active([service.guard.name])
        old.stop(STOP_SECONDS)
    return make_room


def look(service, actual, plans):
    """Answer of a proxy that runs and that nothing is to be done with, else None. A port that is taken ends the run before anything is touched."""
    if service.absent:
        return None
    if actual.units[service.unit].active != 'active':
        if not service.replaces:
            _etcd_service.check_ports(service.listen, service.unit)
        return None
    if _etcd_service.action(service, plans):
        return None
    answer = _etcd_service.wait(service.url, service.tls, min(GRACE, service.wait))
    if answer.kind == 'v2_off':
        raise _failure(service, answer)
    return answer


def refuse_in_use(service, actual):
    """Raise if the proxy is to go while something on this host has a connection to it, such as a Felix that was not restarted with other endpoints."""
    if not service.absent or actual.units[service.unit].active != 'active':
        return
    users = _network.clients([_etcd.check_url(url, 'listen_client_urls:')[2] for url in service.listen])
    if users:
        raise CalicoError('The etcd proxy of this host (%s) is still in use' % service.unit,
                          why='connected to it: %s' % ', '.join('%s (pid %d)' % (name, pid) for pid, name in users),
                          remedy='Have calico/node and the networks of this host use the members first, which dcos.calico.install does, or stop these')


def reconcile_health(service, actual, answer):
    """Plan with the restart of a proxy that runs but serves nothing. Pure."""
    plan = Plan()
    if answer and not answer.ok:
        plan.add(service.unit, {'serves the v2 API': False, 'because': answer.words}, {'serves the v2 API': True, 'restart': 'finds its members anew'},
                 how=_systemd.Step(service.unit, None, 'restart'))
    return plan


def finish(service, plans, recovery, answer):
    """Make the recovery and wait until the proxy serves; returns the Answer, None if the proxy is to be absent."""
    if service.absent:
        return None
    if recovery.changed:
        _systemd.apply_starts(recovery, wait=False)
    if answer is None or recovery.changed or _etcd_service.action(service, plans):
        answer = _etcd_service.wait(service.url, service.tls, service.wait)
    if not answer.ok:
        raise _failure(service, answer)
    return answer


def _failure(service, answer):
    return _etcd_service.failure('The etcd proxy of this host does not serve the v2 API at %s' % service.url, service.unit, service.listen, answer)


def members(service):
    """Peer URLs of the members as the proxy noted them."""
    return _etcd.peer_urls(_network.read(service.noted))


ARGUMENT_SPEC = dict(
    _etcd_service.COMMON_SPEC,
    unit=dict(type='str', default='calico-etcd-proxy.service'),
    user=dict(type='str', default='calico-etcd'),
    data_dir=dict(type='path', default='/var/lib/calico-etcd-proxy'),
    listen_client_urls=dict(type='list', elements='str', default=['http://127.0.0.1:2379']),
    allowed_users=dict(type='list', elements='str', default=['root']),
    discovery_srv=dict(type='str', default='etcd.mesos'),
    members=dict(type='list', elements='str', default=[]),
    replace_unmanaged=dict(type='bool', default=False),
)


def job(module):
    """Bring the proxy to the desired state and see it serve; see RETURN."""
    proxy = desired(module.params)
    actual = _etcd_service.read(proxy, module.check_mode)
    plans = _etcd_service.reconcile(proxy, actual)
    needs = _executables.needs(plans.executables)
    if needs and not module.check_mode:
        return dict(changed=False, needs=needs)
    old = in_the_way(proxy, actual) if proxy.replaces else None
    answer = look(proxy, actual, plans)
    recovery = reconcile_health(proxy, actual, answer)
    if not module.check_mode:
        refuse_in_use(proxy, actual)
        _etcd_service.apply(proxy, actual, plans, replacement(proxy, old))
        answer = finish(proxy, plans, recovery, answer)
        _etcd_service.note(proxy, actual, plans.units.changed or recovery.changed)
    elif _started.may_note(module, plans.whole() or recovery):
        _etcd_service.note(proxy, actual, False)
    plan = plan_replacement(old)
    plan.extend(plans.whole())
    plan.extend(recovery)
    return dict(
        plan.result(module._diff),
        unit=proxy.unit,
        url=proxy.url,
        uid=_etcd_service.uid_of(proxy),
        healthy=answer.ok if answer and not (module.check_mode and recovery.changed) else None,
        recovered=recovery.changed,
        replaced=old.as_dict() if old else None,
        restarted=recovery.changed or _etcd_service.action(proxy, plans) == 'restart',
        members=members(proxy),
        paths_changed=plans.executables.names() + plans.files.names(),
    )
