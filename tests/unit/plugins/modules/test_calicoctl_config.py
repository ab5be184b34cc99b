# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.modules import calicoctl_config


def named(name, value, **more):
    return dict(name=name, value=value, **more)


def felix(name, value, **more):
    return dict(name=name, value=value, raw='felix', **more)


DESIRED = [named('nodetonodemesh', False), named('asNumber', '1.10'), named('logLevel', 'Debug', node='n1'), named('ipip', 'on'),
           felix('HealthEnabled', True), felix('HealthPort', 62099), felix('UsageReportingEnabled', 'no', node='n1'),
           dict(name='frob', value='1', raw='bgp')]


@pytest.fixture
def configure(run_module, calicoctl):
    """Run the module: configure(settings) -> result."""
    def run(settings, check=False, diff=False, **options):
        return run_module(calicoctl_config, dict(calicoctl.options, settings=settings, **options), check=check, diff=diff)

    return run


def test_calicoctl_is_run_as_a_program(configure, calicoctl):
    calicoctl.as_program = True
    assert configure(DESIRED[3:5])['settings_changed'] == ['ipip', 'felix HealthEnabled'] and not configure(DESIRED[3:5])['changed']


def test_what_is_set(configure, calicoctl):
    done = configure(DESIRED, diff=True)
    assert calicoctl.store['settings'] == {
        '- nodetonodemesh -': 'off', '- asnumber -': '65546', '- loglevel n1': 'debug', '- ipip -': 'on', 'felix HealthEnabled -': 'true',
        'felix HealthPort -': '62099', 'felix UsageReportingEnabled n1': 'false', 'bgp frob -': '1'}
    assert done['settings_changed'] == ['nodeToNodeMesh', 'asNumber', 'logLevel on n1', 'ipip', 'felix HealthEnabled', 'felix HealthPort',
                                        'felix UsageReportingEnabled on n1', 'bgp frob']
    assert done['diff'][0] == {'before_header': 'nodeToNodeMesh', 'after_header': 'nodeToNodeMesh', 'before': 'on\n', 'after': 'off\n'}
    again = configure(DESIRED)
    assert not again['changed'] and again['felix_restarts'] is False


def test_one_call_for_each_setting_and_two_for_each_change(configure, calicoctl):
    configure(DESIRED)
    calicoctl.calls()
    configure(DESIRED[:-1] + [dict(name='frob', value='2', raw='bgp')])
    calls = calicoctl.calls()
    assert len(calls) == len(DESIRED) + 2
    assert calls[-2:] == ['config set frob 2', 'config get frob']


@pytest.mark.parametrize('setting, restarts', [
    (named('nodeToNodeMesh', 'off'), False), (named('asNumber', 64600), False), (dict(name='x', value='1', raw='bgp'), False),
    (named('logLevel', 'debug'), True), (named('ipip', 'on'), True), (felix('IgnoreLooseRPF', 'true'), True),
])
def test_tells_whether_felix_starts_again(configure, setting, restarts):
    assert configure([setting])['felix_restarts'] is restarts


@pytest.mark.parametrize('held, setting', [
    ('True', felix('X', 'yes')), ('1', felix('X', '1')), ('no', felix('X', False)), ('on', felix('X', 'true')), ('10', felix('X', 10)),
    ('{"enabled":true}', felix('X', '{"enabled":true}')),
])
def test_what_means_the_same_to_felix_is_left(configure, calicoctl, held, setting):
    calicoctl.change({'settings': {'felix X -': held}})
    assert configure([setting])['changed'] is False


def test_defaults_count_as_set(configure, calicoctl):
    defaults = [named('nodeToNodeMesh', 1), named('asNumber', 64512), named('logLevel', 'info'), named('ipip', 'no')]
    assert configure(defaults)['changed'] is False
    calicoctl.directory.join('calicoctl').remove()
    assert configure(defaults, check=True)['changed'] is False


def test_what_a_node_only_inherits_is_not_its_own(configure, calicoctl):
    calicoctl.change({'settings': {'- loglevel -': 'debug', 'felix X -': 'true'}})
    desired = [named('logLevel', 'debug', node='n1'), felix('X', 'true', node='n1')]
    result = configure(desired, diff=True)
    assert result['settings_changed'] == ['logLevel on n1', 'felix X on n1'] and result['diff'][0]['before'] == ''
    assert configure(desired)['changed'] is False


def test_absent_removes_and_puts_defaults_back(configure, calicoctl):
    configure(DESIRED)
    gone = [dict((key, item[key]) for key in item if key != 'value') for item in DESIRED]
    gone = [dict(item, state='absent') for item in gone]
    predicted = configure(gone, check=True)
    assert configure(gone) == predicted and len(predicted['settings_changed']) == len(DESIRED)
    assert calicoctl.store['settings'] == {'- nodetonodemesh -': 'on', '- asnumber -': '64512', '- ipip -': 'off'}
    assert configure(gone)['changed'] is False


@pytest.mark.parametrize('setting, words', [
    (named('frob', '1'), 'has no setting frob'),
    (named('nodeToNodeMesh', 'maybe'), 'Choose one of on, off'),
    (named('nodeToNodeMesh', 'off', node='n1'), 'Leave node out'),
    (named('asNumber', 'banana'), 'AS number'),
    (named('asNumber', '4294967296'), 'AS number'),
    (named('logLevel', 'loud'), 'Choose one of none'),
    (felix('Log Severity', 'info'), 'not the name of a setting'),
    (felix('X', '-1'), 'dash'),
    (felix('X', ' '), 'absent'),
    (felix('X', 'a\nb'), 'one line'),
    (felix('X', '1', node='a b'), 'name of a node'),
    (dict(name='logLevel'), 'value'),
    (dict(name='x', value='1', raw='bird'), 'raw'),
])
def test_bad_settings_are_refused_before_anything_is_touched(configure, calicoctl, setting, words):
    result = configure([named('asNumber', '64600'), setting])
    assert result['failed'] and words in result['msg']
    assert calicoctl.calls() == []


def test_a_setting_given_twice_is_refused(configure):
    result = configure([named('logLevel', 'info'), named('loglevel', 'debug')])
    assert result['failed'] and 'given twice' in result['msg']
    assert configure([felix('X', '1'), felix('X', '2', node='n1')])['changed']


def test_before_calicoctl_is_set_up_check_mode_predicts_and_a_run_fails(configure, calicoctl):
    calicoctl.directory.join('calicoctl.cfg').remove()
    result = configure(DESIRED, check=True)
    assert len(result['settings_changed']) == len(DESIRED) and result['datastore_read'] is False
    assert configure(DESIRED)['failed']


def test_what_was_said_to_be_written_is_read_again(configure, calicoctl):
    calicoctl.change({'forgets': True})
    result = configure([felix('HealthEnabled', True)])
    assert result['failed'] and 'felix HealthEnabled' in result['msg']
