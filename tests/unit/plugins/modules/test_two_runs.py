# -*- coding: utf-8 -*-
"""Two runs on one host: their modules, as processes of their own, come in any order and at the same moment."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import itertools
import json
import os
import subprocess
import sys

import pytest

from ansible_collections.dcos.calico.plugins.modules import agent_files, sysctl

# A module as ansible-core starts it, with this test's lock and notes.
MODULE = """
import importlib, sys
from ansible.module_utils import basic
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _installed, _lock, _started, _systemd
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.stdin.read().encode("utf-8"), "legacy"
_lock.PATH, _started.PATH, _command.SEARCH_PATH, _lock.PAUSE, _systemd.SETTLE = sys.argv[2], sys.argv[3], (), 0.02, 0.05
_installed.PATH = sys.argv[3] + ".installed"
importlib.import_module("ansible_collections.dcos.calico.plugins.modules." + sys.argv[1]).main()
"""
UNIT = '[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n'


class Run:
    """Modules of one run: (name, arguments) each."""

    def __init__(self, host, content):
        conf, unit = str(host.root.join('etc', 'x.conf')), str(host.units.join('x.service'))
        units = [{'name': 'x.service', 'enabled': True, 'state': 'started', 'restart_on': [unit, conf]}]
        files = [{'path': unit, 'content': UNIT}, {'path': conf, 'content': content + '\n'}, {'path': conf + '.too', 'content': content + '\n'}]
        setting = {'name': '50-x', 'directory': str(host.root.ensure('etc', 'sysctl.d', dir=True)),
                   'settings': [{'key': 'net.ipv4.nothing_of_this_kernel', 'value': '1', 'optional': True}]}
        self.modules = [('agent_files', {'files': files, 'units': units}), ('sysctl', setting)]


def tree(host):
    """{path: content} of what the runs write."""
    return dict((str(path), path.read()) for path in host.root.join('etc').visit(fil=lambda path: path.check(file=1, link=0)))


ORDERS = sorted(set(itertools.permutations((0, 0, 1, 1))))
BY_NAME = {'agent_files': agent_files, 'sysctl': sysctl}


@pytest.mark.parametrize('order', ORDERS, ids=[''.join(map(str, order)) for order in ORDERS])
def test_runs_that_want_the_same_end_in_the_same_whatever_comes_between(run_module, systemd_host, order):
    left, changed = [list(Run(systemd_host, 'one').modules) for dummy in (0, 1)], []
    for which in order:
        name, args = left[which].pop(0)
        changed.append(run_module(BY_NAME[name], args)['changed'])
    assert sorted(changed) == [False, False, True, True], 'each change is made once, and told by who made it'
    assert tree(systemd_host)[str(systemd_host.root.join('etc', 'x.conf'))] == 'one\n'
    assert [call for call in systemd_host.calls() if 'start' in call] == ['start x.service']


def together(systemd_host, tmpdir, runs):
    """[result] of the first module of each run, all started at the same moment."""
    lock, notes = str(tmpdir.join('lock')), str(tmpdir.join('started.json'))
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(entry for entry in sys.path if entry), PATH='%s:%s' % (systemd_host.root.join('bin'), os.environ['PATH']))
    started = []
    for run in runs:
        name, args = run.modules[0]
        started.append(subprocess.Popen([sys.executable, '-c', MODULE, name, lock, notes], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    for process, run in zip(started, runs):
        process.stdin.write(json.dumps({'ANSIBLE_MODULE_ARGS': run.modules[0][1]}).encode('ascii'))
        process.stdin.close()
    said = [process.stdout.read() for process in started]
    assert [process.wait() for process in started] == [0] * len(started), said
    return [json.loads(text.decode('utf-8')) for text in said]


def test_runs_at_the_same_moment_that_want_the_same(systemd_host, tmpdir):
    results = together(systemd_host, tmpdir, [Run(systemd_host, 'one') for dummy in range(4)])
    assert sorted(result['changed'] for result in results) == [False, False, False, True]
    assert [call for call in systemd_host.calls() if 'start' in call] == ['start x.service']


def test_runs_at_the_same_moment_that_want_something_else_leave_what_one_of_them_wants_and_a_process_that_has_it(systemd_host, tmpdir, run_module):
    runs = [Run(systemd_host, content) for content in ('one', 'two', 'three')]
    together(systemd_host, tmpdir, runs)
    conf = str(systemd_host.root.join('etc', 'x.conf'))
    found = tree(systemd_host)
    assert found[conf] == found[conf + '.too'], 'the change of a module is whole'
    last = [run for run in runs if run.modules[0][1]['files'][1]['content'] == found[conf]]
    calls = [call for call in systemd_host.calls() if 'start' in call]
    assert calls == ['start x.service', 'restart x.service', 'restart x.service'], 'each of them had the process read what it had written'
    assert together(systemd_host, tmpdir, last)[0]['changed'] is False
