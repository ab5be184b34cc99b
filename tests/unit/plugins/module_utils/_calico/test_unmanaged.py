# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _unmanaged
from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd_service
from ansible_collections.dcos.calico.plugins.module_utils._host._processes import Process

ID = 'c0ffee' * 10 + 'c0ff'
TASK = 'RunEtcdProxy-0B6E6E2C-93F3-4C5E-8D2B-3F1A7C9E5D10'
FRAMEWORKS = {'FELIX_IGNORELOOSERPF': 'true', 'CALICO_LIBNETWORK_ENABLED': 'true', 'IP': '10.0.2.10', 'HOSTNAME': 'agent1',
              'ETCD_ENDPOINTS': 'http://localhost:2379'}


def proc(tmpdir, monkeypatch, cgroup):
    monkeypatch.setattr(_unmanaged._network, 'PROC', str(tmpdir))
    tmpdir.mkdir('99').join('cgroup').write(cgroup)


@pytest.mark.parametrize('cgroup, container', [
    ('1:name=systemd:/docker/%s\n' % ID, ID[:12]),
    ('0::/system.slice/docker-%s.scope\n' % ID, ID[:12]),
    ('0::/system.slice/bird.service\n', None),
])
def test_a_bird_of_a_container_with_another_name(tmpdir, monkeypatch, cgroup, container):
    proc(tmpdir, monkeypatch, cgroup)
    ports = {'179': {'process': 'bird', 'pid': 99, 'unit': 'x.service', 'addresses': ['0.0.0.0']}}
    assert _unmanaged.bird(ports, False) == {'pid': 99, 'container': container, 'unit': 'x.service'}
    assert _unmanaged.bird(ports, True) is None


@pytest.mark.parametrize('ports', [{}, {'179': {'process': 'gobgpd', 'pid': 9}}, {'179': {'process': None, 'pid': None}}])
def test_what_is_no_bird(ports):
    assert _unmanaged.bird(ports, False) is None


@pytest.mark.parametrize('listening, env, there', [
    (None, {}, False),
    ({'task': None}, {'NODENAME': 'agent1', 'FELIX_IGNORELOOSERPF': 'true', 'CALICO_NETWORKING_BACKEND': 'bird'}, False),
    ({'task': 'web.4711'}, {}, False),
    ({'task': TASK}, {}, True),
    (None, FRAMEWORKS, True),
    (None, dict(FRAMEWORKS, CALICO_NETWORKING_BACKEND='bird'), False),  # calicoctl 1.0 gives HOSTNAME too
])
def test_what_the_framework_leaves(tmpdir, monkeypatch, listening, env, there):
    monkeypatch.setattr(_unmanaged, 'FRAMEWORK', str(tmpdir.join('installer')))
    assert _unmanaged.framework(listening, env) is there
    tmpdir.mkdir('installer')
    assert _unmanaged.framework(listening, env) is True


@pytest.mark.parametrize('addresses, wide', [
    (['127.0.0.1'], False),
    (['::1', '127.0.0.1'], False),
    (['0.0.0.0'], True),
    (['127.0.0.1', '10.0.2.10'], True),
    ([], False),
])
def test_a_proxy_that_other_hosts_reach(monkeypatch, addresses, wide):
    monkeypatch.setattr(_etcd_service, 'unmanaged', lambda urls, unit: Process(9, 'etcd', ['etcd', '--proxy=on']))
    found = _unmanaged.proxy(['http://127.0.0.1:2379'], 'calico-etcd-proxy.service', {'2379': {'addresses': addresses}})
    assert (found['wide'], found['role'], found['obstacle']) == (wide, 'proxy', None)


@pytest.mark.parametrize('answering, members, asked, endpoint', [
    (['a', 'b'], ['b'], ['a'], 'a'),
    (['b'], ['b'], ['a', 'b'], 'b'),
    ([], ['b'], ['a', 'b'], None),
    (['b'], [], ['a'], None),
])
def test_members_are_asked_where_a_proxy_does_not_answer(monkeypatch, answering, members, asked, endpoint):
    """A proxy that was started in a shell is gone after a reboot, and calico/node is back by itself."""
    seen = []

    def datastore(urls, tls):
        seen.extend(urls)
        return {'endpoint': urls[0], 'error': None} if urls[0] in answering else {'endpoint': None, 'error': 'no answer of %s' % urls[0]}

    monkeypatch.setattr(_unmanaged, 'datastore', datastore)
    found = _unmanaged.first_that_answers(['a'], members, None)
    assert seen == asked and found == ({'endpoint': endpoint, 'error': None} if endpoint else {'endpoint': None, 'error': 'no answer of a'})


@pytest.mark.parametrize('config, found', [
    ({'ipam': {'type': 'calico-ipam'}}, {'ipam': 'calico-ipam', 'other': []}),
    ({'ipam': {'type': 'host-local', 'subnet': '10.1.0.0/24'}}, {'ipam': 'host-local', 'other': ['ipam.subnet']}),
    ({'ipam': {}, 'policy': {'type': 'k8s'}, 'mtu': 1400}, {'ipam': None, 'other': ['policy'], 'mtu': 1400}),
    ({}, {'ipam': None, 'other': []}),
])
def test_a_network_of_a_guide(tmpdir, config, found):
    tmpdir.join('calico.cni').write(json.dumps(dict(config, name='calico', type='calico', etcd_endpoints='http://localhost:2379')))
    file = {'file': 'calico.cni', 'name': 'calico', 'type': 'calico', 'kind': 'network', 'pools': []}
    [network] = _unmanaged.networks(str(tmpdir), [file, dict(file, type='bridge'), dict(file, kind='conflist')])
    assert network == dict({'file': 'calico.cni', 'name': 'calico', 'mtu': None, 'log_level': None, 'nodename': None, 'ipv4_pools': []}, **found)


def test_only_files_are_plugins_of_others(tmpdir):
    """This collection makes links; the guides and the framework move files, into whatever directory DC/OS has plugins in."""
    own, cni, old = tmpdir.mkdir('own'), tmpdir.mkdir('cni'), tmpdir.mkdir('old')
    own.join('calico').write('')
    cni.join('calico').mksymlinkto(own.join('calico'))
    old.join('calico-ipam').write('')
    old.join('portmap').write('')
    assert _unmanaged.plugins([str(cni), str(old), '/nowhere']) == [str(old.join('calico-ipam'))]
