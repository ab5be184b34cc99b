# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of etcd's proxy, closed to all users of the host but those that need it: a unit that keeps rules of iptables(8), match C(owner).

A proxy hands on what it is asked without asking who it is. A unit of its own, because the proxy's user may not change rules, and because it
is there before the proxy. Who comes from a container's network is no user of the host and reaches no loopback device.

Without rules there is no proxy: each of its starts, of which systemd makes one every two seconds, has the unit started that is not up, and ends where
the folder is missing that systemd keeps for it. Requires= would let a proxy down for good whose rules came late, as oneshot units are not started again.

Other rules are put in place by a reload, during which the port is closed at each moment: a second chain closes it while the first one is made anew.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

from ansible_collections.dcos.calico.plugins.module_utils import _unit_text
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _etcd, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._host._text_files import TextFile

# The same one each time, whatever PATH is.
FOLDERS = ('/usr/sbin', '/sbin', '/usr/bin')
WILDCARDS = {'0.0.0.0': ['iptables'], '::': ['iptables', 'ip6tables']}
SECONDS = 20
RUN = '/run'
# Each puts rules of its own in place at boot, over those that are there.
EARLIER = 'iptables.service ip6tables.service firewalld.service'


class Guard(object):
    """name and path of the unit, its text (None: it is to go), checks: argv lists that succeed while the rules are in place, test: command that fails
    while the unit is not up."""
    __slots__ = ('name', 'path', 'text', 'checks', 'test')

    def __init__(self, folder, proxy, listen, users):
        self.name = '%s-port.service' % proxy.rsplit('.', 1)[0]
        self.path = os.path.join(folder, self.name)
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
    for folder in FOLDERS:
        path = os.path.join(folder, program)
        if os.access(path, os.X_OK):
            return path
    raise CalicoError('%s is not installed on this host, so the port of the etcd proxy cannot be closed to its users' % program,
                      remedy='Install it, or set allowed_users to an empty list to leave the port open to all of them')
