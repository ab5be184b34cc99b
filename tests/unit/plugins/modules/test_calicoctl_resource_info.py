# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline
from ansible_collections.dcos.calico.plugins.modules import calicoctl_resource_info

POOL = {'apiVersion': 'v1', 'kind': 'ipPool', 'metadata': {'cidr': '192.168.0.0/16'}, 'spec': {'nat-outgoing': True}}
OTHER = dict(POOL, metadata={'cidr': '10.0.0.0/16'})
PEER = {'apiVersion': 'v1', 'kind': 'bgpPeer', 'metadata': {'scope': 'global', 'peerIP': '10.99.0.1'}, 'spec': {'asNumber': 64567}}
NODE = {'apiVersion': 'v1', 'kind': 'node', 'metadata': {'name': 'n1'}, 'spec': {'bgp': {'ipv4Address': '10.99.0.11/24', 'asNumber': 64700}}}
GHOST = {'apiVersion': 'v1', 'kind': 'node', 'metadata': {'name': 'ghost'}, 'spec': {}}
WORKLOAD = {'apiVersion': 'v1', 'kind': 'workloadEndpoint', 'metadata': {'node': 'n1', 'orchestrator': 'cni', 'workload': 'c1', 'name': 'eth0'},
            'spec': {'ipNetworks': ['192.168.1.1/32']}}


@pytest.fixture
def info(run_module, calicoctl):
    def run(check=False, **options):
        return run_module(calicoctl_resource_info, dict(calicoctl.options, **options), check=check)

    return run


def test_reads_all_kinds_that_are_managed(info, calicoctl):
    calicoctl.as_program = True
    calicoctl.hold(POOL, OTHER, PEER, NODE, GHOST, WORKLOAD)
    result = info()
    assert result['resources'] == {'ipPool': [OTHER, POOL], 'bgpPeer': [PEER], 'node': [GHOST, NODE], 'policy': [], 'profile': [], 'hostEndpoint': []}
    assert result['changed'] is False and result['datastore_read'] is True
    assert (result['client_version'], result['cluster_version']) == ('v1.6.3', '')


def test_tells_nodes_that_never_ran_calico(info, calicoctl):
    calicoctl.hold(NODE, GHOST)
    assert info(kinds=['node'])['nodes'] == [
        {'name': 'ghost', 'ipv4': None, 'ipv6': None, 'as_number': None, 'ran': False},
        {'name': 'n1', 'ipv4': '10.99.0.11/24', 'ipv6': None, 'as_number': 64700, 'ran': True},
    ]
    assert calicoctl.calls() == ['get node', 'version']


@pytest.mark.parametrize('kinds, names, expected', [
    (['ipPool'], ['10.0.0.0/16'], {'ipPool': [OTHER]}),
    (['bgpPeer', 'node'], ['10.99.0.1'], {'bgpPeer': [PEER], 'node': []}),
    (['workloadEndpoint'], [], {'workloadEndpoint': [WORKLOAD]}),
    (['node'], ['absent'], {'node': []}),
])
def test_reads_some(info, calicoctl, kinds, names, expected):
    calicoctl.hold(POOL, OTHER, PEER, NODE, WORKLOAD)
    assert info(kinds=kinds, names=names)['resources'] == expected


def test_before_calicoctl_is_set_up_only_check_mode_answers(info, calicoctl):
    calicoctl.directory.join('calicoctl').remove()
    result = info(check=True, kinds=['node'])
    assert (result['resources'], result['nodes'], result['client_version'], result['datastore_read']) == ({'node': []}, [], '', False)
    assert info()['failed']


def test_an_unreachable_etcd_is_an_error(info, calicoctl):
    calicoctl.change({'down': 'client: etcd cluster is unavailable or misconfigured; error #0: EOF'})
    assert info()['failed'] and 'https' in info(kinds=[])['msg']


def test_what_need_not_answer_says_why_it_does_not(info, calicoctl):
    calicoctl.change({'down': 'client: etcd cluster is unavailable or misconfigured; error #0: EOF'})
    silent = info(required=False)
    calicoctl.directory.join('calicoctl').remove()
    absent = info(required=False)
    for result, word in ((silent, 'etcd'), (absent, 'calicoctl')):
        assert not result.get('failed') and result['datastore_read'] is False and result['resources']['ipPool'] == []
        assert word in result['trouble']


def test_waits_for_names(info, calicoctl, monkeypatch):
    """The second look finds what the first one missed."""
    calicoctl.hold(POOL)
    pauses = []

    def pause(deadline, seconds):
        pauses.append(seconds)
        calicoctl.hold(POOL, NODE)
        return True

    monkeypatch.setattr(Deadline, 'pause', pause)
    result = info(kinds=['node', 'ipPool'], names=['n1', '192.168.0.0/16'], wait_timeout=60)
    assert result['resources'] == {'node': [NODE], 'ipPool': [POOL]} and len(pauses) == 1


def test_says_what_did_not_come(info, calicoctl):
    calicoctl.hold(NODE)
    result = info(kinds=['profile'], names=['k8s_ns.default', 'n1'], wait_timeout=0.01)
    assert result['failed'] and result['missing'] == ['k8s_ns.default', 'n1']
    assert result['msg'] == 'The datastore has no profile k8s_ns.default, n1 after 0.01 seconds.'
    assert not info(check=True, kinds=['profile'], names=['k8s_ns.default'], wait_timeout=60).get('failed')
