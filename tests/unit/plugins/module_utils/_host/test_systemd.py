# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _systemd
from ansible_collections.dcos.calico.plugins.module_utils._host._systemd import Unit, UnitState

RUNNING = {'LoadState': 'loaded', 'ActiveState': 'active', 'SubState': 'running', 'UnitFileState': 'enabled', 'MainPID': '7'}


@pytest.mark.parametrize('name', ['docker.service', 'a@b.service', 'dcos-3dt.socket', 'systemd-x\\x2dy.mount', 'x.timer', 'a:b_c.path'])
def test_names(name):
    assert _systemd.check_name(name) == name


@pytest.mark.parametrize('name', ['docker', 'a b.service', 'a/b.service', 'x@.service', '.service', '-x', 'a.conf', 'x' * 250 + '.service', 'a;b.service', ''])
def test_what_is_no_name(name):
    with pytest.raises(ValidationError):
        _systemd.check_name(name)


def test_show_of_several_units():
    text = 'Id=a.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nMainPID=12\nNeedDaemonReload=yes\n' \
           'ExecMainStartTimestampMonotonic=2500000\nJob=17\n\nId=b.service\nLoadState=not-found\nActiveState=inactive\n'
    states = _systemd.parse_show(['a.service', 'b.service'], text)
    first, second = states['a.service'], states['b.service']
    assert (first.exists, first.enabled, first.running, first.need_reload, first.pid, first.since, first.pending) == (True, True, True, True, 12, 2.5, True)
    assert (second.exists, second.enabled, second.running, second.need_reload, second.pid, second.since, second.pending) == (
        False, False, False, False, 0, 0, False)
    with pytest.raises(CommandError):
        _systemd.parse_show(['a.service'], text)


@pytest.mark.parametrize('unit, values, changed, younger, action, enable', [
    (dict(state='started', enabled=True), {}, [], [], 'start', True),
    (dict(state='started', enabled=True), RUNNING, [], [], None, None),
    (dict(state='started'), dict(RUNNING, ActiveState='failed'), ['/x'], [], 'start', None),
    (dict(state='started'), dict(RUNNING, ActiveState='activating'), [], [], 'start', None),
    (dict(state='started', restart_on=['/x']), dict(RUNNING, ActiveState='activating'), ['/x'], [], 'restart', None),
    (dict(state='started', restart_on=['/x']), RUNNING, ['/x'], [], 'restart', None),
    (dict(restart_on=['/x']), RUNNING, [], ['/x'], 'restart', None),
    (dict(restart_on=['/x'], reload_on=['/y']), RUNNING, ['/x', '/y'], [], 'restart', None),
    (dict(restart_on=['/x'], reload_on=['/y']), RUNNING, ['/y'], [], 'reload', None),
    (dict(restart_on=['/x'], reload_on=['/y']), dict(RUNNING, ActiveState='inactive'), ['/x', '/y'], [], None, None),
    (dict(state='stopped', enabled=False, restart_on=['/x']), RUNNING, ['/x'], [], 'stop', False),
    (dict(state='stopped', enabled=False), {}, [], [], None, None),
    (dict(state='stopped'), dict(RUNNING, ActiveState='failed'), [], [], None, None),
    (dict(enabled=False), RUNNING, [], [], None, False),
])
def test_what_is_done_with_a_unit(unit, values, changed, younger, action, enable):
    states = {'x.service': UnitState('x.service', values)}
    plan = _systemd.reconcile([Unit('x.service', **unit)], states, changed, {'x.service': younger})
    steps = [(change.how.action, change.how.enable) for change in plan]
    assert steps == ([(action, enable)] if (action, enable) != (None, None) else [])


def test_a_unit_that_systemd_has_not_read_again():
    states = {'x.service': UnitState('x.service', dict(RUNNING, NeedDaemonReload='yes'))}
    assert _systemd.reconcile([Unit('x.service')], states).names() == ['systemd']
    assert _systemd.reconcile([Unit('x.service')], states, ['/etc/systemd/system/x.service']).names() == []
    assert _systemd.reload_needed(['/etc/systemd/system/a.service.d/b.conf'], {}) and not _systemd.reload_needed(['/etc/x.conf'], {})


class Clock(object):
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.mark.parametrize('states, outcome', [
    ([('active', 5)] * 99, None),
    ([('activating', 0)] * 5 + [('active', 5)] * 99, None),
    ([('active', 5), ('active', 6)] * 99, 'not steadily active'),
    ([('activating', 0)] * 99, 'not steadily active'),
    ([('active', 5), ('failed', 0)], 'did not start'),
    ([('inactive', 0)], 'did not start'),
])
def test_waiting_until_a_unit_is_steadily_active(monkeypatch, states, outcome):
    clock, left = Clock(), list(states)
    monkeypatch.setattr(_systemd, 'journal_tail', lambda name: 'its words')
    monkeypatch.setattr(_systemd, 'read', lambda names: dict(
        (name, UnitState(name, dict(RUNNING, ActiveState=left[0][0], MainPID=str((left.pop(0) if len(left) > 1 else left[0])[1])))) for name in names))
    if outcome is None:
        assert _systemd.wait_active(['x.service'], 10, settle=1, clock=clock, sleep=clock.sleep)['x.service'].pid == 5
        assert 1 <= clock.now < 10
        return
    with pytest.raises(CalicoError) as error:
        _systemd.wait_active(['x.service'], 10, settle=1, clock=clock, sleep=clock.sleep)
    assert outcome in str(error.value) and 'its words' in str(error.value) and clock.now <= 10


@pytest.mark.parametrize('text, hidden', [
    ('http://bob:geheim@etcd:2379/x', 'http://bob:***@etcd:2379/x'),
    ('password=sesam x', 'password=*** x'),
    ('"token": "abc", y', '"token": *** y'),
    ('http://127.0.0.1:2379 and a@b', 'http://127.0.0.1:2379 and a@b'),
])
def test_secrets_in_journals(text, hidden):
    assert _systemd.hide_secrets(text) == hidden
