# -*- coding: utf-8 -*-
"""docker_cluster_store against a docker whose daemon is a real process; the walks are in ../scenarios/docker_cluster_store.py."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _closed_port, _docker_daemon, _network, _systemd
from ansible_collections.dcos.calico.plugins.modules import calico_docker_network, docker_cluster_store as module

STORE = 'etcd://127.0.0.1:2379'


def untouched(docker):
    return not docker.restarted() and 'cluster-store' not in docker.config.read()


def test_the_store_is_set_other_keys_stay_and_docker_and_calico_are_waited_for(run_module, docker):
    result = run_module(module, docker.args(), diff=True)
    assert result['restarted'] and result['store'] == STORE and result['version'] == '19.03.5' and docker.restarted()
    assert docker.config.read() == '{\n    "storage-driver": "overlay2",\n    "log-driver": "json-file",\n    "cluster-store": "%s"\n}\n' % STORE
    assert docker.waited == ['10.0.2.10']
    assert [piece['after_header'] for piece in result['diff']] == [str(docker.config), 'docker.service']


def test_the_file_keeps_its_mode_and_a_link_stays_one(run_module, docker):
    real = docker.host.root.join('real.json')
    docker.config.move(real)
    real.chmod(0o640)
    docker.config.mksymlinkto(real)
    run_module(module, docker.args())
    assert docker.config.islink() and 'cluster-store' in real.read() and real.stat().mode & 0o777 == 0o640


def test_a_host_without_the_file_gets_one(run_module, docker):
    docker.config.remove()
    run_module(module, docker.args())
    assert docker.values() == {'cluster-store': STORE}


def test_a_run_that_was_stopped_before_the_restart_is_finished(run_module, docker):
    docker.config.write('{"cluster-store": "%s"}' % STORE)
    result = run_module(module, docker.args())
    assert result['changed'] and docker.restarted() and docker.config.read() == '{"cluster-store": "%s"}' % STORE


def test_tls_takes_all_three_files(run_module, docker):
    tls = dict(endpoints=['https://10.0.0.1:2379'], ca_file='/ca', cert_file='/cert', key_file='/key')
    run_module(module, docker.args(**tls))
    assert docker.values()['cluster-store-opts'] == {'kv.cacertfile': '/ca', 'kv.certfile': '/cert', 'kv.keyfile': '/key'}
    assert 'kv.certfile' in run_module(module, docker.args(**dict(tls, cert_file=None)))['msg']


@pytest.mark.parametrize('endpoints', [[], ['127.0.0.1:2379'], ['http://a:1', 'https://b:1'], ['http://u:p@a:1'], ['http://a:1/x']])
def test_endpoints_that_cannot_be_right_are_refused(run_module, docker, endpoints):
    assert run_module(module, docker.args(endpoints=endpoints))['failed'] and untouched(docker)


def test_docker_restarts_as_calico_node_does(run_module, docker, monkeypatch):
    """Its BIRD connects, and for that while peers cannot: _restart.Restart, which test_node_restart.py shows."""
    done = []
    monkeypatch.setattr(_closed_port, 'close_to_new', lambda port: done.append((port, docker.restarted())))
    monkeypatch.setattr(_closed_port, 'open_to_new', lambda port: done.append((port, docker.restarted())))
    docker.up = ['10.0.2.11']
    assert run_module(module, docker.args(), check=True)['restarted'] and done == []
    assert run_module(module, docker.args())['restarted'] and docker.restarts[0].missing([]) == ['10.0.2.11']
    assert done == [(179, False), (179, True)]
    assert not run_module(module, docker.args())['changed'] and len(done) == 2


# ---- containers that would end

def test_running_containers_are_named_and_nothing_is_touched_without_consent(run_module, docker):
    docker.write(containers=['mesos-1', 'db'])
    for check in (True, False):
        result = run_module(module, docker.args(), check=check)
        assert result['failed'] and result['containers'] == ['db', 'mesos-1'] and 'db, mesos-1' in result['msg'] and untouched(docker)


def test_with_consent_they_are_named_in_the_result(run_module, docker):
    docker.write(containers=['mesos-1', 'db'])
    assert run_module(module, docker.args(restart=True), check=True)['containers'] == ['db', 'mesos-1'] and untouched(docker)
    assert run_module(module, docker.args(restart=True))['containers'] == ['db', 'mesos-1'] and docker.restarted()


def test_containers_outlive_a_restart_with_live_restore(run_module, docker):
    docker.write(containers=['db'], live_restore=True)
    result = run_module(module, docker.args())
    assert docker.restarted() and result['containers'] == []


def test_where_nothing_is_to_be_done_running_containers_are_no_matter(run_module, docker):
    run_module(module, docker.args())
    docker.write(containers=['db'])
    assert not run_module(module, docker.args())['changed']


# ---- what is refused

@pytest.mark.parametrize('version, words', [('23.0.1', 'removed in 23.0'), ('1.11.2', 'too old'), ('1.12.2', '1.12.3')])
def test_versions_that_cannot(run_module, docker, version, words):
    docker.write(version=version)
    assert words in run_module(module, docker.args())['msg'] and untouched(docker)


@pytest.mark.parametrize('version', ['1.12.3', '17.05.0-ce', '18.09.9', '20.10.24+dfsg1'])
def test_versions_that_can(run_module, docker, version):
    docker.write(version=version)
    assert run_module(module, docker.args())['changed']


def test_a_host_whose_ipv6_keeps_containers_from_starting(run_module, docker, monkeypatch):
    monkeypatch.setattr(_network, 'ipv6', lambda: {'supported': True, 'default_disabled': False})
    monkeypatch.setattr(module.os, 'uname', lambda: ('Linux', 'agent', '4.19.0', '', ''))
    for check in (True, False):
        assert 'while this host has IPv6' in run_module(module, docker.args(), check=check)['msg'] and untouched(docker)
    assert run_module(module, docker.args(refuse_ipv6=False))['changed']
    assert run_module(module, docker.args(state='absent'))['changed']


def test_swarm_mode(run_module, docker):
    docker.write(swarm=True)
    assert 'swarm' in run_module(module, docker.args())['msg'] and untouched(docker)


@pytest.mark.parametrize('text', ['{', '[]', '"x"', '{"a": 1,}'])
def test_a_file_that_docker_could_not_read(run_module, docker, text):
    docker.config.write(text)
    result = run_module(module, docker.args())
    assert result['failed'] and str(docker.config) in result['msg'] and docker.config.read() == text and not docker.restarted()


def test_a_store_of_somebody_else_in_the_file(run_module, docker):
    docker.config.write('{"cluster-store": "zk://x"}')
    assert 'somebody else' in run_module(module, docker.args())['msg'] and docker.values() == {'cluster-store': 'zk://x'}


def test_a_store_of_somebody_else_by_flag(run_module, docker):
    docker.flags('--cluster-store=zk://x')
    assert '--cluster-store=zk://x' in run_module(module, docker.args())['msg'] and untouched(docker)


def test_the_desired_store_by_flag_is_left_there(run_module, docker):
    docker.flags('--cluster-store=%s' % STORE)
    result = run_module(module, docker.args())
    assert not result['changed'] and 'cluster-store' not in docker.values()


def test_another_file_than_the_daemon_reads(run_module, docker):
    docker.flags('--config-file=/etc/other.json')
    assert '/etc/other.json' in run_module(module, docker.args())['msg'] and untouched(docker)


@pytest.mark.parametrize('node, words', [(None, 'does not run'), ({'NODENAME': 'a', 'CALICO_LIBNETWORK_ENABLED': 'false'}, 'without it')])
def test_a_calico_node_without_the_plugin(run_module, docker, node, words):
    docker.write(node=node)
    result = run_module(module, docker.args())
    assert words in result['msg'] and 'calico_docker_network' in result['msg'] and untouched(docker)


# ---- what goes wrong

def test_a_docker_that_does_not_start_gets_its_old_file_back(run_module, docker, monkeypatch):
    """However long it takes to find out that it does not: a process is no daemon yet."""
    text = docker.config.read()
    docker.directory.join('refuses').write('')
    docker.program.write('import time\ntime.sleep(0.5)\n' + docker.program.read())
    monkeypatch.setattr(_systemd, 'SETTLE', 0.1)
    result = run_module(module, docker.args(timeout=5))
    assert result['failed'] and 'was put back, and Docker does not start with that either' in result['msg']
    assert docker.config.read() == text and docker.note.read() == '{}\n'


def test_and_runs_with_it_again(run_module, docker, monkeypatch):
    text = docker.config.read()
    program = docker.program.read()
    docker.program.write(program.replace('"cluster-store", ', ''))
    result = run_module(module, docker.args(timeout=5))
    assert result['failed'] and 'Docker runs with it again' in result['msg'] and docker.config.read() == text
    assert _systemd.read(['docker.service'])['docker.service'].active == 'active'


def test_a_plugin_that_does_not_come_back(run_module, docker, monkeypatch):
    monkeypatch.setattr(_docker_daemon, 'plugin_answers', lambda: False)
    assert 'plugin does not answer' in run_module(module, docker.args(timeout=1))['msg']


def test_a_docker_that_does_not_run(run_module, docker):
    _systemd.stop(['docker.service'])
    assert 'Start it' in run_module(module, docker.args())['msg']
    result = run_module(module, docker.args(), check=True)
    assert result['changed'] and result['version'] is None and result['restarted']


# ---- the way back

def test_a_store_of_somebody_else_is_not_taken_away(run_module, docker):
    docker.config.write('{"cluster-store": "zk://x"}')
    docker.start()
    assert not run_module(module, docker.args(state='absent'))['changed'] and docker.values() == {'cluster-store': 'zk://x'}


def test_the_store_stays_while_docker_has_networks_of_calico(run_module, docker):
    run_module(module, docker.args())
    run_module(calico_docker_network, {'networks': [{'name': 'calico'}]})
    result = run_module(module, docker.args(state='absent'))
    assert 'networks of Calico: calico' in result['msg'] and docker.values()['cluster-store'] == STORE


def test_a_docker_that_somebody_restarts_between_the_looks_at_file_and_daemon(run_module, docker, monkeypatch):
    """Another restart would end the containers once more."""
    run_module(module, docker.args())
    pid = docker.host.pid('docker.service')
    real, answers = _docker_daemon.info, [_docker_daemon.Info('19.03.5', store=None)]
    monkeypatch.setattr(_docker_daemon, 'info', lambda: answers.pop() if answers else real())
    result = run_module(module, docker.args())
    assert not result['changed'] and not result['restarted'] and docker.host.pid('docker.service') == pid
