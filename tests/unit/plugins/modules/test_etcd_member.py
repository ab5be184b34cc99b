# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd_service, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _etcd_member
from ansible_collections.dcos.calico.plugins.modules import etcd_member

UNIT = 'calico-etcd.service'
MEMBERS = [{'name': 'm%d' % number, 'peer_url': 'http://127.0.0.%d:23801' % number} for number in (1, 2, 3)]


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


@pytest.fixture
def run(run_module, systemd_host, free_port):
    systemd_host.url = 'http://127.0.0.1:%d' % free_port

    def call(check=False, diff=False, **more):
        args = systemd_host.etcd_args(systemd_host.url, wait=5, name='m1', members=MEMBERS)
        return run_module(etcd_member, dict(args, **more), check=check, diff=diff)
    systemd_host.member(MEMBERS[1]['peer_url'])
    return call


def made_as(host):
    return host.root.join('data', 'member', 'made-as').read()


def until(seen):
    """Wait for what a started process does in its own time."""
    for _try in range(200):
        if seen():
            return
        time.sleep(0.02)
    assert seen()


def has_data(host):
    return host.root.join('data', 'member', 'made-as').check()


def answers(host):
    with_port = socket.socket()
    try:
        return with_port.connect_ex(('127.0.0.1', int(host.url.rsplit(':', 1)[1]))) == 0
    finally:
        with_port.close()


def note(host):
    return host.root.join('etc', 'calico', 'calico-etcd.env')


def test_a_member_that_comes_and_goes(run, systemd_host):
    assert run(check=True)['healthy'] is None and systemd_host.calls() == []
    done = run()
    assert done['healthy'] and done['url'] == systemd_host.url
    assert made_as(systemd_host) == 'new' and 'STATE=existing' in note(systemd_host).read()
    assert systemd_host.calls() == ['daemon-reload', 'enable ' + UNIT, 'start ' + UNIT]
    assert run()['healthy'] and systemd_host.calls() == []
    assert run(check=True, cluster_token='other')['healthy'], 'whoever restarts it wants to know how it is now'
    assert run(state='absent')['changed'] and systemd_host.root.join('data', 'member').check() and not note(systemd_host).check()
    assert run(state='absent', purge=True)['changed'] and not systemd_host.root.join('data').check()


def test_the_first_member_cannot_be_healthy_alone(run, systemd_host):
    systemd_host.member(MEMBERS[1]['peer_url'], None)
    started = run(wait_for='started')
    assert started['changed'] and started['healthy'] is None
    until(lambda: answers(systemd_host))
    failed = run(wait=0.5)
    assert failed['failed'] and 'm1 is not healthy' in failed['msg'] and 'health is 503' in failed['msg']
    systemd_host.member(MEMBERS[2]['peer_url'])
    assert run()['healthy']


def test_auto_waits_for_health_only_where_there_are_data(run, systemd_host):
    systemd_host.member(MEMBERS[1]['peer_url'], None)
    assert run(wait_for='auto')['healthy'] is None
    until(lambda: has_data(systemd_host))
    assert run(wait_for='auto', wait=0.5)['failed']
    systemd_host.member(MEMBERS[2]['peer_url'])
    assert run(wait_for='auto')['healthy']


def test_what_a_killed_run_left_is_finished(run, systemd_host, monkeypatch):
    def killed(*args):
        raise Killed()
    # Between writing the files and the first start
    with monkeypatch.context() as patched:
        patched.setattr(_systemd, 'daemon_reload', killed)
        with pytest.raises(Killed):
            run()
    assert 'STATE=new' in note(systemd_host).read() and not systemd_host.root.join('data', 'member').check()
    # Between the first start and the note
    with monkeypatch.context() as patched:
        patched.setattr(_etcd_member, 'finish', killed)
        with pytest.raises(Killed):
            run()
    pid = systemd_host.pid(UNIT)
    until(lambda: has_data(systemd_host))
    assert made_as(systemd_host) == 'new' and 'STATE=new' in note(systemd_host).read()
    done = run()
    assert done['changed'] and 'STATE=existing' in note(systemd_host).read() and systemd_host.pid(UNIT) == pid, 'no restart for the note'
    assert not run()['changed']


@pytest.mark.parametrize('check', [True, False])
def test_lost_data_are_not_replaced_by_a_new_cluster(run, systemd_host, check):
    run()
    os.system('systemctl stop ' + UNIT)
    systemd_host.root.join('data').remove()
    result = run(check=check)
    assert result['failed'] and 'data of the etcd member m1' in result['msg'] and 'etcdctl member add' in result['msg']
    assert not systemd_host.root.join('data').check()


def test_a_member_that_was_added_joins(run, systemd_host):
    run()
    os.system('systemctl stop ' + UNIT)
    systemd_host.root.join('data').remove()
    assert run(initial_cluster_state='existing')['healthy'] and made_as(systemd_host) == 'existing'
    assert not run()['changed']


@pytest.mark.parametrize('check', [True, False])
def test_a_port_that_is_taken_is_refused(run, systemd_host, check):
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(('0.0.0.0', 23801))
    taken.listen(1)
    result = run(check=check)
    taken.close()
    assert 'port 23801 is taken by' in result['msg'] and not systemd_host.units.join(UNIT).check()


def test_flags_follow_the_members(run, systemd_host):
    run(members=[dict(member, peer_url=member['peer_url'].replace('127.0.0.', '10.0.0.')) for member in MEMBERS], listen_client_urls=['http://0.0.0.0:23999'],
        wait_for='started', cluster_token='blue')
    text = systemd_host.units.join(UNIT).read()
    for flag in ('--name=m1', '--listen-peer-urls=http://10.0.0.1:23801', '--advertise-client-urls=http://10.0.0.1:23999', '--enable-v2=true',
                 '--initial-advertise-peer-urls=http://10.0.0.1:23801', '--initial-cluster-token=blue',
                 '--initial-cluster=m1=http://10.0.0.1:23801,m2=http://10.0.0.2:23801,m3=http://10.0.0.3:23801'):
        assert flag in text
    assert 'initial-cluster-state' not in text


@pytest.mark.parametrize('more, words', [
    ({'name': 'm4'}, 'm4 is not among the members'),
    ({'members': MEMBERS + MEMBERS[:1]}, 'the same of the names'),
    ({'members': MEMBERS[:1] + [dict(MEMBERS[0], name='m2')]}, 'the same of the peer URLs'),
    ({'members': [dict(MEMBERS[0], peer_url='127.0.0.1:23801')]}, 'not a URL of etcd'),
    ({'advertise_client_urls': ['http://0.0.0.0:2379']}, 'by which the other hosts reach'),
    ({'listen_client_urls': ['http://master.mesos:2379']}, 'listens on addresses only'),
    ({'listen_client_urls': []}, 'listen_client_urls is empty'),
    ({'name': 'm 1'}, 'name'),
    ({'cluster_token': 'a b'}, 'cluster_token'),
    ({'members': []}, 'm1 is not among'),
    ({'name': None}, 'name'),
])
def test_bad_input_is_refused(run, systemd_host, more, words):
    result = run(**more)
    assert result['failed'] and words in result['msg']
    assert not systemd_host.units.join(UNIT).check()


def test_members_show_certificates_to_each_other(run, systemd_host, monkeypatch):
    for name, label in (('ca', 'CERTIFICATE'), ('cert', 'CERTIFICATE'), ('key', 'EC PRIVATE KEY')):
        systemd_host.root.join(name).write('-----BEGIN %s-----\nTUlJQg==\n-----END %s-----\n' % (label, label))
    files = dict((name + '_file', str(systemd_host.root.join(name))) for name in ('ca', 'cert', 'key'))
    secure = [dict(member, peer_url=member['peer_url'].replace('http:', 'https:')) for member in MEMBERS]
    run(members=secure, wait_for='started', **files)
    text = systemd_host.units.join(UNIT).read()
    assert '--client-cert-auth' in text and '--peer-client-cert-auth' in text and '--peer-trusted-ca-file=' in text
    assert str(systemd_host.root.join('etc', 'calico', 'calico-etcd')) in text and _etcd_service.CONFIG_DIRECTORY in text
