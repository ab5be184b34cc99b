# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._cni import _rules

TLS = {'etcd_ca_cert_file': '/etc/calico/ca.pem', 'etcd_cert_file': '/etc/calico/cert.pem', 'etcd_key_file': '/etc/calico/key.pem'}


def calico(ipam=None, **more):
    return dict({'name': 'calico', 'type': 'calico', 'etcd_endpoints': 'http://localhost:2379', 'ipam': dict({'type': 'calico-ipam'}, **(ipam or {}))}, **more)


def conflist(*plugins, **more):
    return dict({'name': 'kube-cni', 'cniVersion': '0.3.0', 'plugins': list(plugins)}, **more)


@pytest.mark.parametrize('config', [
    calico(),
    calico(cniVersion='0.1.0', nodename='10.0.0.5', mtu=1440, log_level='info'),
    calico(cniVersion='0.2.0', etcd_endpoints='http://10.0.0.1:2379,http://10.0.0.2:2379,http://[fd00::1]:2379'),
    calico(etcd_endpoints='https://master.mesos:2379', **TLS),
    calico({'assign_ipv4': 'true', 'assign_ipv6': 'false', 'ipv4_pools': ['192.168.0.0/16'], 'ipv6_pools': ['fd80:24e2::/64']}),
    dict(calico(), ipam={'type': 'host-local', 'subnet': 'usePodCidr', 'assign_ipv4': True}),
    {'name': 'dummy', 'type': 'bridge'},
    {'name': 'wrapped', 'type': 'mesos-cni-port-mapper', 'chain': 'X', 'delegate': {'type': 'calico', 'ipam': {'type': 'calico-ipam'}}},
])
@pytest.mark.parametrize('dialect', ['mesos', 'cni'])
def test_good(config, dialect):
    assert _rules.problems(config, dialect, 'calico.conf') == []


@pytest.mark.parametrize('config, words', [
    (conflist({'type': 'calico', 'ipam': {'type': 'calico-ipam'}}), 'Mesos does not know lists of plugins'),
    (dict(conflist({'type': 'calico'}), type='calico'), 'Mesos does not know lists of plugins'),
    (calico(name='cal ico'), 'characters'),
    (calico(name='c' * 129), '128'),
    (calico(name=None), 'it has no name'),
    (calico(type=None), 'it has no type'),
    (calico(cniVersion='0.3.0'), 'leave cniVersion out'),
    (calico(cniVersion=0.1), 'cniVersion 0.1 is not a version'),
    (calico(args={'org.apache.mesos': {}}), 'org.apache.mesos'),
    (calico(type='/bin/calico'), "'/bin/calico' is not the name of a plugin"),
    (calico(mtu='1440'), 'mtu must be a number'),
    (calico(mtu=True), 'mtu must be a number'),
    (calico(mtu=0), 'mtu must be a number'),
    (calico(etcd_endpoints=['http://a:2379', 'http://b:2379']), 'etcd_endpoints must be a string'),
    (calico(etcd_endpoints='a:2379'), '"a:2379" of etcd_endpoints is not of the form http://host:port'),
    (calico(etcd_endpoints='http://a:2379, http://b:2379'), '" http://b:2379"'),
    (calico(etcd_endpoints='http://a'), 'etcd_endpoints'),
    (calico(etcd_endpoints='https://a:2379'), 'etcd_ca_cert_file'),
    (calico(etcd_key_file='/k'), 'belong together'),
    (calico(etcd_cert_file='-----BEGIN CERTIFICATE-----\n', etcd_key_file='/k'), 'absolute path'),
    (calico(nodename=5), 'nodename must be a string'),
    (calico({'assign_ipv4': True}), 'ipam.assign_ipv4 must be the string'),
    (calico({'assign_ipv6': 'yes'}), 'ipam.assign_ipv6 must be the string'),
    (calico({'ipv4_pools': '192.168.0.0/16'}), 'ipam.ipv4_pools must be a list of CIDRs'),
    (calico({'ipv4_pools': ['fd00::/64']}), 'ipam.ipv4_pools must be a list of CIDRs'),
    (calico({'etcd_endpoints': 'http://a:2379'}), 'etcd_endpoints belongs beside ipam'),
    ({'name': 'calico', 'type': 'calico'}, 'needs ipam'),
    ({'name': 'w', 'type': 'mesos-cni-port-mapper', 'delegate': {'type': 'calico', 'ipam': {'type': 'calico-ipam', 'assign_ipv4': True}}}, 'assign_ipv4'),
    ('text', 'not a JSON object'),
])
def test_what_is_wrong_for_mesos(config, words):
    problems = _rules.problems(config, 'mesos', 'calico.cni')
    assert len(problems) == 1 and words in problems[0]


@pytest.mark.parametrize('config, file_name, words', [
    (conflist({'type': 'calico', 'ipam': {'type': 'calico-ipam'}}, {'type': 'portmap'}), 'cni.conflist', None),
    (calico(cniVersion='0.3.1'), 'calico.conf', None),
    ({'name': 'lo', 'type': 'loopback', 'cniVersion': '0.4.0'}, 'lo.json', None),
    (conflist({'type': 'calico', 'ipam': {'type': 'calico-ipam'}}), 'cni.conf', 'ends in .conflist'),
    (calico(), 'calico.cni', 'ends in .conf or .json'),
    (conflist({'type': 'calico', 'ipam': {'type': 'calico-ipam'}}, cniVersion='0.4.0'), 'cni.conflist', 'does not know cniVersion 0.4.0'),
    (conflist({'type': 'portmap'}, {'type': 'calico'}), 'cni.conflist', 'plugins[1]: '),
    (conflist(), 'cni.conflist', 'not a list of plugins'),
    (conflist({'type': 'portmap'}, name='a b'), 'cni.conflist', 'characters'),
])
def test_what_a_kubelet_takes(config, file_name, words):
    problems = _rules.problems(config, 'cni', file_name)
    assert len(problems) == (1 if words else 0) and (not words or words in problems[0])


def test_all_problems_are_told_at_once():
    assert len(_rules.problems(calico({'assign_ipv4': True}, name='a b', cniVersion='1.0.0', mtu='x'), 'mesos', 'calico.cni')) == 4
