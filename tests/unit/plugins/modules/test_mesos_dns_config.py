# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _mesos_dns, _started, _systemd
from ansible_collections.dcos.calico.plugins.modules import mesos_dns_config

from ...support.master_host import REFRESH, TEXT, UNIT

RESTART = ['restart ' + UNIT]


@pytest.fixture
def run(run_module):
    def call(check=False, diff=False, **args):
        return run_module(mesos_dns_config, dict({'wait': 10}, **args), check=check, diff=diff)
    return call


def edited(master):
    """The file with the two sources swapped, and nothing else."""
    return (TEXT % {'port': master.port, 'refresh': REFRESH}).replace(u'["host","netinfo"]', u'["netinfo","host"]')


def test_the_sources_are_swapped_and_the_process_has_read_them(run, master):
    master.target.chmod(0o640)
    before, pid = master.text(), master.host.pid(UNIT)
    predicted = run(check=True, diff=True)
    assert predicted['changed'] and master.text() == before and master.host.calls() == []
    done = run(diff=True)
    assert master.text() == edited(master) and master.file.islink() and master.target.stat().mode & 0o777 == 0o640
    assert master.host.calls() == RESTART and master.host.pid(UNIT) != pid
    assert (done['file'], done['target'], done['unit']) == (str(master.file), str(master.target), UNIT)
    assert (done['ip_sources_before'], done['ip_sources'], done['restarted'], done['healthy']) == (['host', 'netinfo'], ['netinfo', 'host'], True, True)
    assert done['lost_at_upgrade'] is True and done['installer_setting'] == 'mesos_dns_ip_sources: \'["netinfo", "host"]\''
    assert [(part['before_header'], part['before'] == before) for part in done['diff']] == [(str(master.target), True), (UNIT, False)]
    for result in (predicted, done):
        result.pop('invocation', None)
    assert predicted == done
    again = run(diff=True)
    assert not again['changed'] and again['diff'] == [] and not again['restarted'] and master.host.calls() == []


def test_going_back_leaves_the_file_as_it_was(run, master):
    before = master.text()
    run()
    assert run(state='absent', ip_sources=['mesos'])['changed'] and master.text() == before
    assert not run(state='absent')['changed']


@pytest.mark.parametrize('name, variable, used', [
    ('mesos-dns-enterprise.json', None, 'mesos-dns-enterprise.json'),
    ('mesos-dns-enterprise.json', 'mesos-dns.env', 'mesos-dns.json'),
    ('mesos-dns-enterprise.json', 'mesos-dns-extras.env', 'mesos-dns-enterprise.json'),
    ('other.json', None, 'mesos-dns.json'),
])
def test_the_file_is_the_one_that_the_unit_reads(master, name, variable, used):
    etc = master.mesosphere.join('etc')
    other = etc.join(name)
    master.target.copy(other)
    if variable != 'mesos-dns.env':
        master.env.write('')
    if variable == 'mesos-dns-extras.env':
        master.env.write('MESOS_DNS_CONFIG=%s\n' % master.file)
        etc.join(variable).write('X=1\nMESOS_DNS_CONFIG="%s"\n' % other)
    assert _mesos_dns.find_file() == str(etc.join(used))
    assert _mesos_dns.find_file(str(other)) == str(other)


def test_a_file_that_is_given_is_not_the_processs(run, master):
    """The gate sees that the process has other sources, and the file gets back what it had."""
    other = master.root.join('other.json')
    master.target.copy(other)
    result = run(file=str(other), wait=3)
    assert result['failed'] and 'reads another file' in result['msg'] and result['restored'] is True
    assert other.read_binary() == master.target.read_binary()


def test_a_run_that_was_killed_before_the_restart_is_finished(run, master):
    master.write(edited(master))
    predicted = run(check=True, diff=True)
    assert predicted['changed'] and predicted['ip_sources_before'] == ['netinfo', 'host'] and master.host.calls() == []
    done = run(diff=True)
    assert done['restarted'] and [part['before_header'] for part in done['diff']] == [UNIT] == [part['before_header'] for part in predicted['diff']]
    assert master.host.calls() == RESTART and not run()['changed']


def test_a_file_that_is_younger_matters_only_where_neither_the_process_nor_a_note_tells(run, master):
    run()
    master.host.calls()
    later = time.time() + 5
    os.utime(str(master.target), (later, later))
    assert not run()['changed'] and master.host.calls() == []
    master.mood('secretive')
    assert not run()['changed'] and master.host.calls() == []
    os.remove(_started.PATH)
    assert run()['restarted'] and master.host.calls() == RESTART and not run()['changed']


def test_sources_that_do_not_work_are_taken_back(run, master):
    before = master.text()
    master.mood('broken', 'netinfo')
    result = run(wait=4)
    assert result['failed'] and result['restored'] is True and master.text() == before
    assert 'does not work with IPSources ["netinfo", "host"]' in result['msg'] and 'Its file is as it was, and it works with that' in result['msg']
    assert _mesos_dns.look(_mesos_dns.read(str(master.file))).sources == ['host', 'netinfo']


def test_what_does_not_come_back_is_said(run, master, monkeypatch):
    """Broken by something else, between the look and the restart."""
    before = master.text()
    written = []

    def write(config, text, original=_mesos_dns.write):
        written.append(text)
        master.mood('blind')
        original(config, text)

    monkeypatch.setattr(_mesos_dns, 'write', write)
    result = run(wait=2)
    assert result['failed'] and master.text() == before and len(written) == 2
    assert 'does not know leader.mesos' in result['msg'] and 'does not work with that either' in result['msg']


@pytest.mark.parametrize('mood, words', [('blind', 'does not know leader.mesos'), ('deaf', 'gives no answer by DNS'), ('mute', 'does not answer HTTP')])
def test_what_does_not_work_is_not_touched(run, master, mood, words):
    before = master.text()
    master.mood(mood)
    if mood == 'mute':
        master.host.pid(UNIT) and os.kill(master.host.pid(UNIT), 9)
    for check in (True, False):
        result = run(check=check, wait=1)
        assert result['failed'] and words in result['msg'] and 'nothing was changed' in result['msg']
    assert master.text() == before and master.host.calls() == []


def test_sources_that_mesos_dns_does_not_start_with_are_put_right(run, master):
    master.write((TEXT % {'port': master.port, 'refresh': REFRESH}).replace(u'"host","netinfo"', u'"netinf", "host"'))
    os.kill(master.host.pid(UNIT), 9)
    assert run(check=True)['healthy'] is False
    done = run()
    assert done['changed'] and done['healthy'] and done['ip_sources_before'] == ['netinf', 'host'] and master.sources() == ['netinfo', 'host']


def test_the_default_can_be_put_back_whatever_the_state(run, master):
    run()
    master.mood('broken', 'netinfo')
    os.kill(master.host.pid(UNIT), 9)
    assert 'state absent puts' in run(wait=1)['msg'] and run(state='absent')['healthy']


def test_what_is_as_desired_but_does_not_work_fails(run, master):
    run()
    master.mood('blind')
    assert run(check=True)['healthy'] is False
    result = run(wait=0.5)
    assert result['failed'] and 'does not know leader.mesos' in result['msg']


def test_a_file_without_sources_gets_them(run, master):
    master.write((TEXT % {'port': master.port, 'refresh': REFRESH}).replace(u'  "IPSources": ["host","netinfo"],\n', u''))
    master.start()
    done = run()
    assert done['ip_sources_before'] is None and master.sources() == ['netinfo', 'host']


def test_a_stopped_unit_is_not_started_with_other_sources(run, master):
    _systemd.stop([UNIT])
    master.host.calls()
    result = run(wait=1)
    assert 'does not answer HTTP' in result['msg'] and master.host.calls() == [] and master.sources() == ['host', 'netinfo']
    assert run(state='absent')['restarted'] and master.host.calls() == ['start ' + UNIT]


@pytest.mark.parametrize('sources, words', [
    ([], 'an empty list'),
    (['host', 'host'], 'a source twice'),
    (['hots'], 'value of ip_sources must be one or more of'),
])
def test_sources_that_cannot_be_are_refused(run, master, sources, words):
    result = run(ip_sources=sources)
    assert result['failed'] and words in result['msg'] and master.host.calls() == []


@pytest.mark.parametrize('text, words', [
    (u'{"port": 1,}', 'is not a configuration of Mesos-DNS'),
    (u'[]', 'it is not a JSON object'),
    (u'{"IPSources": ["host"], "ipsources": ["host"]}', 'it has IPSources twice'),
    (u'{"IPSources": "host"}', 'not a list of texts'),
    (u'{"IPSources": [1]}', 'not a list of texts'),
])
def test_a_file_that_is_no_configuration_is_refused(run, master, text, words):
    master.write(text)
    result = run()
    assert result['failed'] and words in result['msg'] and result['file'] == str(master.file) and master.text() == text


def test_bytes_that_are_no_text_are_refused(run, master):
    master.target.write_binary(b'{"a": "\xff"}')
    assert 'is not a configuration' in run()['msg']


def _agent(master):
    master.root.join('roles', 'master').remove()
    master.root.join('roles', 'slave_public').write('')


@pytest.mark.parametrize('change, words', [
    (lambda master: master.target.remove(), 'is not there'),
    (lambda master: (master.env.write(''), master.file.remove()), 'mesos-dns-enterprise.json or'),
    (_agent, 'an agent of DC/OS (public)'),
    (lambda master: master.root.join('roles', 'master').remove(), 'no host of DC/OS'),
    (lambda master: master.version('1.8.8'), 'DC/OS 1.8.8 is too old'),
    (lambda master: master.version('x'), 'version of DC/OS on this master is not known'),
    (lambda master: master.mesosphere.join('etc', 'dcos-version.json').remove(), 'version of DC/OS on this master is not known'),
])
def test_a_host_that_is_not_right_is_refused(run, master, change, words):
    change(master)
    result = run()
    assert result['failed'] and words in result['msg'] and master.host.calls() == []


def test_a_unit_that_is_not_there_is_refused(run, master):
    assert 'no unit other.service' in run(unit='other.service')['msg'] and master.sources() == ['host', 'netinfo']


@pytest.mark.parametrize('settings, desired', [
    ({}, (('127.0.0.1', 8123), ('127.0.0.1', 53, 'leader.mesos'))),
    ({'listener': '10.0.0.1', 'port': 61053, 'domain': 'x', 'httplistener': '::', 'httpport': 1}, (('::1', 1), ('10.0.0.1', 61053, 'leader.x'))),
    ({'httpon': False, 'dnson': True, 'port': 61053}, (None, ('127.0.0.1', 61053, 'leader.mesos'))),
    ({'dnson': False, 'port': '61053'}, (('127.0.0.1', 8123), None)),
    ({'dnson': None, 'httpon': None}, (('127.0.0.1', 8123), ('127.0.0.1', 53, 'leader.mesos'))),
])
def test_where_it_is_asked(settings, desired):
    assert _mesos_dns.asked(settings) == desired


def test_what_the_process_says(master):
    assert _mesos_dns.used(_mesos_dns.told(json.dumps({'IPSources': ['host']}, indent=1))) == ['host']
    assert _mesos_dns.used(_mesos_dns.told('<html>')) is None and _mesos_dns.used(_mesos_dns.told('{}')) is None


@pytest.mark.parametrize('values, words', [
    ({'soaserial': 1000, 'refreshseconds': 30}, 'knew of Mesos 121 seconds ago, and should look every 30'),
    ({'soaserial': 1001, 'refreshseconds': 30}, ''),
    ({'soaserial': 2000, 'refreshseconds': 30}, ''),
    ({'soaserial': 1000}, ''),
    ({'soaserial': 800}, 'knew of Mesos 321 seconds ago, and should look every 60'),
    ({'soaserial': 'x', 'refreshseconds': 30}, ''),
    ({}, ''),
])
def test_records_are_old_after_some_times_that_mesos_was_not_reached(values, words):
    assert words in _mesos_dns.lost(values, 1121) and bool(words) == bool(_mesos_dns.lost(values, 1121))


@pytest.mark.parametrize('settings, desired', [({}, 75), ({'refreshseconds': 30}, 60), ({'refreshseconds': 120}, 135), ({'refreshseconds': None}, 75)])
def test_a_new_process_has_time_for_a_first_look_that_fails(settings, desired):
    assert _mesos_dns.patience(settings, 60) == desired


def test_one_that_has_lost_mesos_is_told_and_not_restarted(run, master):
    """It answers still; a new process would not, and putting the old file back would not help."""
    before, pid = master.text(), master.host.pid(UNIT)
    master.mood('lost', '1000')
    for args in ({}, {'check': True}, {'state': 'absent', 'ip_sources': ['mesos']}):
        result = run(wait=1, **args)
        if args.get('state') == 'absent':
            assert 'does not reach Mesos' in result['msg'], 'nothing is to be changed, and it is told all the same'
            continue
        assert result['failed'] and 'does not reach Mesos, and is not restarted' in result['msg'] and 'knew of Mesos 100' in result['msg']
        assert 'a Mesos master leads' in result['msg']
    assert master.text() == before and master.host.calls() == [] and master.host.pid(UNIT) == pid
    assert run(check=True, state='absent')['healthy'] is False
    master.mood()
    assert run()['changed']
    master.mood('lost', '1000')
    master.host.calls()
    assert 'is not restarted' in run(wait=1, state='absent')['msg'] and master.host.calls() == []


def test_the_wait_covers_a_first_look_at_mesos_that_fails(run, master):
    """It listens to nobody until the next one, refreshSeconds later."""
    master.write((TEXT % {'port': master.port, 'refresh': 20}))
    master.mood('late', '3')
    done = run(wait=0.5)
    assert done['changed'] and done['healthy'] and master.sources() == ['netinfo', 'host']
