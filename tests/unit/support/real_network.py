# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with containers, all real network namespaces, apart from that of the machine: routes and packets are the kernel's.

C(real_network) needs root and the right to make namespaces; tests that want it are skipped elsewhere. A container is attached as Calico does it: an
interface pair, a /32 route on the host, 169.254.1.1 as its gateway.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import signal
import subprocess
import sys
import time

import pytest

GATEWAY = '169.254.1.1'
DRIVER = '''
import importlib, json, sys
from ansible.module_utils import basic
given = json.load(sys.stdin)
basic._ANSIBLE_ARGS = json.dumps({'ANSIBLE_MODULE_ARGS': given['args']}).encode('utf-8')
basic._ANSIBLE_PROFILE = 'legacy'
importlib.import_module('ansible_collections.dcos.calico.plugins.modules.' + given['module']).main()
'''


def call(*argv):
    """Run a program; its output."""
    process = subprocess.Popen(argv, stdin=open(os.devnull), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = process.communicate()[0].decode('utf-8')
    if process.returncode != 0:
        raise OSError('%s: %s' % (' '.join(argv), out))
    return out


class RealNetwork:
    """One host and its containers."""

    def __init__(self, directory):
        self.directory = directory
        self.processes = []
        self.host = self._namespace({})
        self.inside(self.host, 'ip', 'link', 'set', 'lo', 'up')
        self.write(self.host, '/proc/sys/net/ipv4/ip_forward', '1')

    def _namespace(self, environment, program=None):
        """A process in a network namespace of its own; it runs a Python program once the namespace is ready."""
        wait = 'import sys\nsys.stdin.readline()\n'
        argv = ['unshare', '-n', sys.executable, '-c', wait + (program or 'import time\ntime.sleep(1000)\n')]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, env=dict(os.environ, **environment), preexec_fn=os.setsid)
        self.processes.append(process)
        own = os.readlink('/proc/self/ns/net')
        for dummy in range(500):
            if os.readlink('/proc/%d/ns/net' % process.pid) != own:
                return process
            time.sleep(0.02)
        raise OSError('unshare did not make a network namespace')

    def inside(self, process, *argv):
        return call('nsenter', '--net=/proc/%d/ns/net' % process.pid, *argv)

    def write(self, process, path, text):
        """Set a kernel setting of a namespace."""
        self.inside(process, sys.executable, '-c', 'open(%r, "w").write(%r)' % (path, text))

    def attach(self, name, address, program, environment, mtu=1500):
        """A container with a program in it; its process."""
        process = self._namespace(environment, program)
        interface = 'cali%s' % name
        peer = ('type', 'veth', 'peer', 'name', 'eth0', 'mtu', str(mtu), 'netns', str(process.pid))
        self.inside(self.host, 'ip', 'link', 'add', interface, 'mtu', str(mtu), *peer)
        self.inside(self.host, 'ip', 'link', 'set', interface, 'up')
        self.inside(self.host, 'ip', 'addr', 'add', GATEWAY + '/32', 'dev', interface)
        self.inside(self.host, 'ip', 'route', 'add', address + '/32', 'dev', interface)
        for setting, value in (('proxy_arp', '1'), ('rp_filter', '1')):
            self.write(self.host, '/proc/sys/net/ipv4/conf/%s/%s' % (interface, setting), value)
        for argv in (('link', 'set', 'lo', 'up'), ('link', 'set', 'eth0', 'up'), ('addr', 'add', address + '/32', 'dev', 'eth0'),
                     ('route', 'add', GATEWAY, 'dev', 'eth0', 'scope', 'link'), ('route', 'add', 'default', 'via', GATEWAY, 'dev', 'eth0')):
            self.inside(process, 'ip', *argv)
        process.stdin.write(b'go\n')
        process.stdin.flush()
        return process

    def module(self, name, args, check=False, diff=False):
        """Run a module's main() on the host; its result."""
        full = dict(args, _ansible_check_mode=check, _ansible_diff=diff, _ansible_remote_tmp=str(self.directory), _ansible_keep_remote_files=False)
        argv = ['nsenter', '--net=/proc/%d/ns/net' % self.host.pid, sys.executable, '-c', DRIVER]
        path = os.pathsep.join(part for part in sys.path if part)
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=path))
        out, err = process.communicate(json.dumps({'module': name, 'args': full}).encode('utf-8'))
        lines = [line for line in out.decode('utf-8').splitlines() if line.startswith('{')]
        assert lines, (out, err)
        return json.loads(lines[-1])

    def stop(self):
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except OSError:
                pass
            process.stdin.close()
            process.wait()


def missing():
    """Why there can be no such network here, or None."""
    if os.geteuid() != 0:
        return 'needs root'
    try:
        call('unshare', '-n', 'true')
        call('nsenter', '--version')
        call('ip', '-V')
    except OSError as error:
        return str(error)
    return None


@pytest.fixture
def real_network(tmpdir):
    """See the top of this file."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    made = None
    try:
        made = RealNetwork(tmpdir)
        yield made
    finally:
        if made is not None:
            made.stop()
