# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _runner
from ansible_collections.dcos.calico.plugins.modules import calicoctl_resource

GUIDE = '192.168.0.0/16'


def pool(cidr=GUIDE, **spec):
    return {'apiVersion': 'v1', 'kind': 'ipPool', 'metadata': {'cidr': cidr}, 'spec': dict((key.replace('_', '-'), value) for key, value in spec.items())}


def policy(name, **spec):
    return {'apiVersion': 'v1', 'kind': 'policy', 'metadata': {'name': name}, 'spec': spec}


def profile(name, **spec):
    return {'apiVersion': 'v1', 'kind': 'profile', 'metadata': {'name': name, 'tags': [name]}, 'spec': spec}


def workload(address, name='c1', profiles=('calico',)):
    return {'apiVersion': 'v1', 'kind': 'workloadEndpoint', 'metadata': {'node': 'n1', 'orchestrator': 'cni', 'workload': name, 'name': 'eth0'},
            'spec': {'ipNetworks': [address], 'profiles': list(profiles)}}


def absent(document):
    return dict(document, state='absent')


ALLOW = {'action': 'allow', 'protocol': 'tcp', 'source': {'selector': "role == 'frontend'"}, 'destination': {'ports': ['6379']}}
EVERYTHING = [
    pool(nat_outgoing=True, ipip={'enabled': False}),
    pool('10.60.0.0/16', nat_outgoing='true', ipip={'enabled': True, 'mode': 'always'}),
    pool('fd00:1::/64', disabled=True),
    {'kind': 'bgpPeer', 'metadata': {'scope': 'global', 'peerIP': '10.99.0.1'}, 'spec': {'asNumber': '64567'}},
    {'kind': 'bgpPeer', 'metadata': {'scope': 'node', 'node': 'n1', 'peerIP': '10.99.0.1'}, 'spec': {'asNumber': '1.10'}},
    {'kind': 'node', 'metadata': {'name': 'n1'}, 'spec': {'bgp': {'ipv4Address': '10.99.0.11/24'}}},
    policy('database', order=100.0, selector="role == 'database'", ingress=[ALLOW], egress=[{'action': 'allow'}], doNotTrack=False),
    {'kind': 'profile', 'metadata': {'name': 'calico', 'tags': ['b', 'a'], 'labels': {'env': 'dev'}},
     'spec': {'ingress': [{'action': 'allow', 'source': {'tag': 'calico'}}]}},
    {'kind': 'hostEndpoint', 'metadata': {'name': 'eth0', 'node': 'n1'}, 'spec': {'interfaceName': 'eth0', 'expectedIPs': ['fd00::1', '10.99.0.11']}},
]


@pytest.fixture
def apply(run_module, calicoctl):
    """Run the module: apply(resources, **options) -> result."""
    def run(resources, check=False, diff=False, **options):
        return run_module(calicoctl_resource, dict(calicoctl.options, resources=resources, **options), check=check, diff=diff)

    return run


def test_calicoctl_is_run_as_a_program(apply, calicoctl):
    calicoctl.as_program = True
    assert apply(EVERYTHING[:1])['changed'] and not apply(EVERYTHING[:1])['changed']


def test_resources_of_all_kinds(apply, calicoctl):
    done = apply(EVERYTHING)
    assert len(done['created']) == len(EVERYTHING) and done['ipip_setting'] == 'on' and done['felix_restarts'] is True
    assert apply(EVERYTHING)['changed'] is False
    assert calicoctl.documents('node') == {'n1': {'bgp': {'ipv4Address': '10.99.0.11/24'}}}
    assert calicoctl.documents('bgpPeer')['node/n1/10.99.0.1'] == {'asNumber': 65546}


def test_each_kind_is_read_once_and_all_is_written_in_one_call(apply, calicoctl):
    apply(EVERYTHING)
    calls = calicoctl.calls()
    assert calls.count('apply') == 1 and calls.count('get policy') == 2
    apply(EVERYTHING)
    kinds = ('ipPool', 'bgpPeer', 'node', 'policy', 'profile', 'hostEndpoint')
    assert sorted(calicoctl.calls()) == sorted(['get ' + kind for kind in kinds] + ['config get ipip'])


def test_only_what_differs_is_written(apply, calicoctl):
    apply(EVERYTHING)
    changed = apply(EVERYTHING[:-1] + [dict(EVERYTHING[-1], spec={'interfaceName': 'eth1'})], diff=True)
    assert changed['updated'] == ['hostEndpoint n1 eth0'] and changed['created'] == [] and len(changed['diff']) == 1
    assert '"interfaceName": "eth0"' in changed['diff'][0]['before'] and 'expectedIPs' not in changed['diff'][0]['after']
    assert calicoctl.documents('hostEndpoint') == {'n1/eth0': {'interfaceName': 'eth1'}}


def test_the_default_pool_of_calico_node_is_taken_over(apply, calicoctl):
    calicoctl.hold(pool(nat_outgoing=True), pool('fd80:24e2:f998:72d6::/64'))
    assert apply([pool(nat_outgoing=True, ipip={'enabled': False, 'mode': 'cross-subnet'}, disabled=False)])['changed'] is False
    result = apply([pool(nat_outgoing=True, ipip={'enabled': True, 'mode': 'cross-subnet'})])
    assert result['updated'] == ['ipPool ' + GUIDE] and result['ipip_setting'] == 'on'
    assert calicoctl.documents('ipPool')[GUIDE] == {'nat-outgoing': True, 'ipip': {'enabled': True, 'mode': 'cross-subnet'}}


def test_ipip_is_turned_off_for_real_with_the_last_pool_that_had_it(apply, calicoctl):
    apply([pool(ipip={'enabled': True}), pool('10.60.0.0/16', ipip={'enabled': True})])
    first = apply([pool()])
    assert first['ipip_setting'] == '' and first['felix_restarts'] is False and calicoctl.store['settings']['- ipip -'] == 'on'
    second = apply([pool('10.60.0.0/16')], diff=True)
    assert second['ipip_setting'] == 'off' and calicoctl.store['settings']['- ipip -'] == 'off'
    assert second['diff'][1] == {'before_header': 'config ipip', 'after_header': 'config ipip', 'before': 'on\n', 'after': 'off\n'}


@pytest.mark.parametrize('spec, left, mended', [({}, 'on', 'off'), ({'ipip': {'enabled': True}}, 'off', 'on')])
def test_an_ipip_setting_that_a_killed_run_left_is_mended(apply, calicoctl, spec, left, mended):
    calicoctl.hold(pool(**spec))
    calicoctl.change({'settings': {'- ipip -': left}})
    result = apply([pool(**spec)])
    assert result['changed'] and result['ipip_setting'] == mended and result['updated'] == []
    assert calicoctl.store['settings']['- ipip -'] == mended


def test_deleting_the_last_ipip_pool_turns_the_setting_off(apply, calicoctl):
    apply([pool(ipip={'enabled': True})])
    result = apply([{'kind': 'ipPool', 'metadata': {'cidr': GUIDE}}], state='absent')
    assert result['deleted'] == ['ipPool ' + GUIDE] and result['ipip_setting'] == 'off'
    assert calicoctl.documents('ipPool') == {}


@pytest.mark.parametrize('unmanaged, expected', [
    ('replace', {'nat-outgoing': True}),
    ('keep', {'nat-outgoing': True, 'disabled': True, 'ipip': {'enabled': True, 'mode': 'cross-subnet'}}),
])
def test_unmanaged_fields(apply, calicoctl, unmanaged, expected):
    calicoctl.hold(pool(disabled=True, ipip={'enabled': True, 'mode': 'cross-subnet'}))
    calicoctl.change({'settings': {'- ipip -': 'on'}})
    assert apply([pool(nat_outgoing=True)], unmanaged_fields=unmanaged)['updated'] == ['ipPool ' + GUIDE]
    assert calicoctl.documents('ipPool')[GUIDE] == expected
    assert apply([pool(nat_outgoing=True)], unmanaged_fields=unmanaged)['changed'] is False


def test_a_field_that_is_named_is_ours_also_when_it_is_false(apply, calicoctl):
    calicoctl.hold(pool(disabled=True, nat_outgoing=True))
    apply([pool(disabled=False)], unmanaged_fields='keep')
    assert calicoctl.documents('ipPool')[GUIDE] == {'nat-outgoing': True}


def test_derived_types_follow_the_rules_when_unmanaged_fields_are_kept(apply, calicoctl):
    apply([policy('p', selector='all()', ingress=[{'action': 'allow'}])])
    apply([policy('p', egress=[{'action': 'deny'}])], unmanaged_fields='keep')
    spec = calicoctl.documents('policy')['p']
    assert spec['types'] == ['ingress', 'egress'] and spec['selector'] == 'all()'
    assert apply([policy('p', egress=[{'action': 'deny'}])], unmanaged_fields='keep')['changed'] is False


def test_absent_needs_no_spec_and_is_fine_twice(apply, calicoctl):
    apply(EVERYTHING)
    gone = [{'kind': document['kind'], 'metadata': document['metadata']} for document in EVERYTHING]
    predicted = apply(gone, state='absent', check=True)
    assert apply(gone, state='absent') == predicted and len(predicted['deleted']) == len(EVERYTHING)
    assert apply(gone, state='absent')['changed'] is False
    assert not any(calicoctl.store['documents'].values())


def test_prune_deletes_the_rest_of_the_kinds_it_is_told(apply, calicoctl):
    apply(EVERYTHING)
    result = apply([pool(nat_outgoing=True), EVERYTHING[5]], prune=True, prune_kinds=['ipPool'])
    assert result['deleted'] == ['ipPool 10.60.0.0/16', 'ipPool fd00:1::/64'] and result['ipip_setting'] == 'off'
    assert sorted(calicoctl.documents('ipPool')) == [GUIDE] and sorted(calicoctl.documents('policy')) == ['database']


@pytest.mark.parametrize('options, words', [
    ({'prune': True}, 'prune_kinds'),
    ({'prune': True, 'prune_kinds': ['policy']}, 'none is listed'),
    ({'prune': True, 'prune_kinds': ['ipPool'], 'state': 'absent'}, 'do not go together'),
])
def test_prune_is_never_an_accident(apply, calicoctl, options, words):
    calicoctl.hold(policy('mine'), pool('10.0.0.0/16'))
    result = apply([pool()], **options)
    assert result['failed'] and words in result['msg']
    assert calicoctl.calls() == []


def test_prune_kinds_without_prune_deletes_nothing(apply, calicoctl):
    calicoctl.hold(pool('10.0.0.0/16'))
    apply([pool()], prune_kinds=['ipPool'])
    assert len(calicoctl.documents('ipPool')) == 2


def test_a_pool_in_use_is_not_deleted(apply, calicoctl):
    calicoctl.hold(pool(), pool('10.60.0.0/16'), *[workload('192.168.72.%d/32' % number, 'c%d' % number) for number in (200, 192, 193, 9)])
    for check in (True, False):
        result = apply([pool()], state='absent', check=check)
        assert result['failed'] and 'force' in result['msg'] and 'Set disabled' in result['msg']
        assert ('192.168.72.9 (container c9 on node n1); 192.168.72.192 (container c192 on node n1); 192.168.72.193 (container c193 on node n1) '
                'and 1 more') in result['msg']
    assert apply([pool('10.60.0.0/16')], state='absent')['deleted'] == ['ipPool 10.60.0.0/16']
    assert apply([pool('10.70.0.0/16')], prune=True, prune_kinds=['ipPool'])['failed']
    assert apply([pool()], state='absent', force=True)['deleted'] == ['ipPool ' + GUIDE]


def test_a_profile_in_use_is_not_deleted(apply, calicoctl):
    calicoctl.hold(profile('calico'), profile('old'), workload('192.168.72.9/32', profiles=['db', 'calico']))
    for check in (True, False):
        result = apply([absent(profile('calico'))], check=check)
        assert result['failed'] and 'The profile calico is in use' in result['msg'] and '192.168.72.9 (container c1 on node n1)' in result['msg']
    assert apply([absent(profile('old'))])['deleted'] == ['profile old']
    assert apply([absent(profile('calico'))], force=True)['deleted'] == ['profile calico']


def test_a_state_of_its_own(apply, calicoctl):
    """Some come and some go in one call, whichever way the rest goes."""
    calicoctl.hold(pool('10.1.0.0/16'), policy('old'), policy('other'))
    desired = [pool(), absent(pool('10.1.0.0/16')), policy('new'), absent(policy('old')), absent(policy('never'))]
    predicted = apply(desired, check=True)
    done = apply(desired)
    assert done == predicted
    assert done['created'] == ['ipPool ' + GUIDE, 'policy new'] and done['deleted'] == ['ipPool 10.1.0.0/16', 'policy old']
    assert sorted(calicoctl.documents('policy')) == ['new', 'other'] and sorted(calicoctl.documents('ipPool')) == [GUIDE]
    assert apply(desired)['changed'] is False
    assert apply([dict(policy('new'), state='present')], state='absent')['changed'] is False


def owners(calicoctl):
    return dict((name, document['metadata'].get('annotations')) for name, document in calicoctl.store['documents'].get('policy', {}).items())


def test_policies_of_others_are_never_pruned(apply, calicoctl):
    prune = {'owner': 'us', 'prune': True, 'prune_kinds': ['policy']}
    calicoctl.hold(policy('theirs'), policy('taken', order=1))
    assert apply([policy('a'), policy('taken', order=2)], owner='us')['updated'] == ['policy taken']
    apply([policy('b')], owner='them')
    assert owners(calicoctl) == {'theirs': None, 'a': {'dcos.calico/owner': 'us'}, 'taken': {'dcos.calico/owner': 'us'}, 'b': {'dcos.calico/owner': 'them'}}
    predicted = apply([policy('a')], check=True, diff=True, **prune)
    assert apply([policy('a')], diff=True, **prune) == predicted and predicted['deleted'] == ['policy taken']
    assert apply([policy('a')], **prune)['changed'] is False
    assert apply([], **prune)['deleted'] == ['policy a'] and sorted(owners(calicoctl)) == ['b', 'theirs']
    assert apply([], **prune)['changed'] is False


def test_profiles_have_no_owner_and_are_pruned_whoever_made_them(apply, calicoctl):
    calicoctl.hold(profile('old'), policy('theirs'), policy('zzz'))
    done = apply([profile('calico'), policy('a')], owner='us', prune=True, prune_kinds=['profile', 'policy'])
    assert done['deleted'] == ['profile old'] and sorted(owners(calicoctl)) == ['a', 'theirs', 'zzz']


def test_annotations_beside_the_owner_are_those_that_are_desired(apply, calicoctl):
    desired = policy('a')
    desired['metadata']['annotations'] = {'why': 'because'}
    assert apply([desired], owner='us')['changed'] and not apply([desired], owner='us')['changed']
    assert owners(calicoctl) == {'a': {'dcos.calico/owner': 'us', 'why': 'because'}}
    assert desired['metadata']['annotations'] == {'why': 'because'}


def test_nothing_desired_asks_nothing(apply, calicoctl):
    assert apply([])['changed'] is False and apply([], owner='us', prune_kinds=['policy'])['changed'] is False
    assert calicoctl.calls() == []


def test_other_pools_can_be_disabled(apply, calicoctl):
    """As the default pool of a node: containers keep their addresses, IPIP stays as the pools want it."""
    calicoctl.hold(pool(nat_outgoing=True, ipip={'enabled': True, 'mode': 'cross-subnet'}), pool('fd80::/64'), pool('10.9.0.0/16'), workload('192.168.72.9/32'))
    calicoctl.change({'settings': {'- ipip -': 'on'}})
    desired = [pool('10.1.0.0/16', nat_outgoing=True), absent(pool('10.9.0.0/16'))]
    predicted = apply(desired, other_pools='disable', check=True, diff=True)
    done = apply(desired, other_pools='disable', diff=True)
    assert done == predicted and done['updated'] == ['ipPool ' + GUIDE, 'ipPool fd80::/64'] and done['ipip_setting'] == ''
    assert calicoctl.documents('ipPool')[GUIDE] == {'nat-outgoing': True, 'ipip': {'enabled': True, 'mode': 'cross-subnet'}, 'disabled': True}
    assert apply(desired, other_pools='disable')['changed'] is False
    assert apply(desired, other_pools='keep')['changed'] is False


@pytest.mark.parametrize('resources, options, words', [
    ([], {}, 'All pools would be disabled'),
    ([absent(pool())], {}, 'All pools would be disabled'),
    ([pool()], {'prune': True, 'prune_kinds': ['ipPool']}, 'both deleted and disabled'),
    ([pool(), absent(pool())], {}, 'given twice'),
])
def test_other_pools_are_not_disabled_by_accident(apply, calicoctl, resources, options, words):
    result = apply(resources, other_pools='disable', **options)
    assert result['failed'] and words in result['msg'] and calicoctl.calls() == []


@pytest.mark.parametrize('resources, existing, options, words', [
    ([pool(), pool('192.168.128.0/17')], [], {}, 'the pool 192.168.128.0/17, listed too'),
    ([pool()], [pool('192.168.128.0/17')], {}, 'the pool 192.168.128.0/17 in the datastore'),
    ([pool()], [], {'forbidden_cidrs': [{'cidr': '192.168.3.1/24', 'name': 'docker0'}]}, 'overlaps docker0 (192.168.3.0/24)'),
    ([pool()], [], {'forbidden_cidrs': [{'cidr': '192.0.0.0/8'}]}, 'overlaps 192.0.0.0/8'),
])
def test_overlaps_are_refused(apply, calicoctl, resources, existing, options, words):
    calicoctl.hold(*existing)
    for check in (True, False):
        result = apply(resources, check=check, **options)
        assert result['failed'] and words in result['msg']
    assert len(calicoctl.documents('ipPool')) == len(existing)


def test_a_pool_in_the_way_may_go_in_the_same_call(apply, calicoctl):
    calicoctl.hold(pool('192.168.128.0/17'))
    assert apply([pool()], prune=True, prune_kinds=['ipPool'])['deleted'] == ['ipPool 192.168.128.0/17']


@pytest.mark.parametrize('missing', ['calicoctl', 'calicoctl.cfg'])
def test_before_calicoctl_is_set_up_check_mode_predicts_and_a_run_fails(apply, calicoctl, missing):
    calicoctl.directory.join(missing).remove()
    result = apply([pool(ipip={'enabled': True})], check=True, diff=True)
    assert result['created'] == ['ipPool ' + GUIDE] and result['ipip_setting'] == 'on' and result['datastore_read'] is False
    assert result['diff'][0]['before'] == ''
    result = apply([pool()])
    assert result['failed'] and missing in result['msg'] and 'Install and configure' in result['msg']


def test_an_unreachable_etcd_is_an_error_in_check_mode_too(apply, calicoctl):
    calicoctl.change({'down': 'client: etcd cluster is unavailable or misconfigured; error #0: dial tcp 127.0.0.1:2379: connection refused'})
    for check in (True, False):
        result = apply([pool()], check=check)
        assert result['failed'] and 'etcd cannot be reached' in result['msg'] and 'its proxy' in result['msg']


def test_a_write_is_repeated_while_a_member_is_down(apply, calicoctl):
    calicoctl.change({'failures': ["Failed to apply 'node' resource: dial tcp 127.0.0.1:3371: getsockopt: connection refused"]})
    assert apply([EVERYTHING[5]])['created'] == ['node n1']
    assert calicoctl.calls().count('apply') == 2


def test_what_was_said_to_be_written_is_read_again(apply, calicoctl):
    calicoctl.change({'forgets': True})
    result = apply([pool()])
    assert result['failed'] and 'does not hold' in result['msg'] and 'ipPool ' + GUIDE in result['msg']


@pytest.mark.parametrize('document, words', [
    (pool('192.168.5.7/16'), 'Write 192.168.0.0/16'),
    (pool('10.50.0.0/27'), 'too small'),
    (pool('192.168.0.0'), 'too small'),
    (pool('192.168.0/16'), 'not an IP address'),
    (pool('10.0.0.0/33'), 'prefix length'),
    (pool('169.254.0.0/20'), 'link-local'),
    (pool('fd00:1::/64', ipip={'enabled': True}), 'IPv4 only'),
    (pool(natOutgoing=True), 'Write nat-outgoing'),
    (pool(frob=1), 'no field frob'),
    (pool(nat_outgoing='yep'), 'not a boolean'),
    (pool(ipip={'enabled': True, 'mode': 'CrossSubnet'}), 'cross-subnet'),
    (dict(pool(), metadata={'name': 'default'}), 'identifies a pool'),
    (dict(pool(), metadata={}), 'has no cidr'),
    (dict(pool(), kind='IPPool'), 'Write ipPool'),
    (dict(pool(), kind='ipPoool'), 'Choose one of ipPool'),
    (dict(pool(), kind='GlobalNetworkPolicy'), 'Write policy'),
    (dict(pool(), kind='workloadEndpoint'), 'CNI plugin'),
    (dict(pool(), apiVersion='projectcalico.org/v3'), 'for Calico 3'),
    (policy('a b'), 'letters'),
    (policy('p', selector='role === database'), 'not a selector'),
    (policy('p', ingress=[{'action': 'permit'}]), 'Choose allow or deny'),
    (policy('p', ingress=[{'protocol': 'tcp'}]), 'has no action'),
    (policy('p', ingress=[{'action': 'allow', 'destination': {'ports': [1]}}]), 'ports of a protocol that has none'),
    (policy('p', ingress=[{'action': 'allow', 'protocol': 'tcp', 'destination': {'ports': [70000]}}]), 'from 1 to 65535'),
    (policy('p', order='first'), 'not a number'),
    (policy('p', doNotTrack=True, preDNAT=True), 'both'),
    ({'kind': 'bgpPeer', 'metadata': {'scope': 'galaxy', 'peerIP': '10.0.0.1'}, 'spec': {'asNumber': 1}}, 'Choose global or node'),
    ({'kind': 'bgpPeer', 'metadata': {'scope': 'node', 'peerIP': '10.0.0.1'}, 'spec': {'asNumber': 1}}, 'has no node'),
    ({'kind': 'bgpPeer', 'metadata': {'scope': 'global', 'peerIP': '10.0.0.1'}}, 'has no asNumber'),
    ({'kind': 'bgpPeer', 'metadata': {'scope': 'global', 'peerIP': '10.0.0.1'}, 'spec': {'asNumber': 4294967296}}, 'AS number'),
    ({'kind': 'node', 'metadata': {'name': 'n'}, 'spec': {'bgp': {'ipv4Address': 'fd00::1/64'}}}, 'not an IPv4 address'),
    ({'kind': 'node', 'metadata': {'name': 'n'}, 'spec': {'bgp': {'asNumber': 64512}}}, 'has no address'),
    ({'kind': 'hostEndpoint', 'metadata': {'name': 'eth0', 'node': 'n'}, 'spec': {}}, 'neither interfaceName nor'),
])
def test_bad_documents_are_refused_before_anything_is_touched(apply, calicoctl, document, words):
    result = apply([pool('10.1.0.0/16'), document])
    assert result['failed'] and words in result['msg']
    assert calicoctl.calls() == []


def test_other_scripts_are_taken_and_refused_with_words(apply, calicoctl):
    desired = [policy('p', selector=u"role == 'd\xe4t\xe4'")]
    assert apply(desired, diff=True)['created'] == ['policy p'] and apply(desired)['changed'] is False
    for document in (policy(u'p\xe4'), policy('p', selector=u'\xe4'), dict(policy('p'), spec={u'\xe4': 1}), pool(u'10.0.0.\xb9/16'), policy('p', order=u'\xe4'),
                     dict(pool(), kind=u'\xe4'), policy('p', ingress=[{'action': u'\xe4'}])):
        assert apply([document])['failed']


def test_a_resource_given_twice_is_refused(apply, calicoctl):
    result = apply([pool(), pool(disabled=True)])
    assert result['failed'] and 'given twice' in result['msg']


def test_what_another_member_of_etcd_gives_a_moment_later_is_written(apply, calicoctl, monkeypatch):
    real, answers = _runner.Calicoctl.get, [False, True]  # it is late when what was written is read back
    monkeypatch.setattr(_runner.Calicoctl, 'get', lambda self, kind: [] if answers and answers.pop(0) else real(self, kind))
    assert apply([pool()])['changed'] and answers == []


def test_all_faults_of_all_resources_are_told_at_once(apply, calicoctl):
    resources = [policy('p', selector='role = 1', ingress=[{'action': 'permit'}]), policy('q', order='first'), pool('10.1.0.0/15'), profile('x'), profile('x')]
    result = apply(resources, forbidden_cidrs=[])
    assert result['failed'] and calicoctl.calls() == []
    for words in ('policy p.selector', 'policy p.ingress[0].action', 'policy q.order', 'it has host bits', 'profile x is given twice'):
        assert words in result['msg'], words


def test_what_takes_something_away_can_be_left_to_another_call(apply, calicoctl):
    """So that whoever names a pool is told of another one first; predicted for each call as it comes."""
    old, other = pool('10.1.0.0/16', ipip={'enabled': True}), pool('10.2.0.0/16', nat_outgoing=True)
    calicoctl.hold(old, other, profile('shop'))
    desired = [pool('10.3.0.0/16'), absent(pool('10.1.0.0/16')), pool('10.2.0.0/16', disabled=True), absent(profile('shop'))]
    gone = ['ipPool 10.2.0.0/16', 'ipPool 10.1.0.0/16', 'profile shop']
    last = apply(desired, removals='only', check=True)
    first = apply(desired, removals='later', check=True)
    assert apply(desired, removals='later') == first and first['left'] == gone and first['deleted'] == []
    assert first['created'] == ['ipPool 10.3.0.0/16'] and first['updated'] == ['ipPool 10.2.0.0/16'] and first['ipip_setting'] == 'on'
    held = calicoctl.documents('ipPool')
    assert set(held) == set(['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16']) and not held['10.2.0.0/16'].get('disabled'), held
    assert apply(desired, removals='later')['changed'] is False
    done = apply(desired, removals='only')
    assert sorted(done['deleted']) == ['ipPool 10.1.0.0/16', 'profile shop'] and done['updated'] == ['ipPool 10.2.0.0/16'] and done['left'] == []
    assert (done['deleted'], done['updated'], done['created']) == (last['deleted'], last['updated'], [])
    assert apply(desired, removals='only')['changed'] is False and apply(desired)['changed'] is False and apply(desired, removals='later')['left'] == []


def test_a_removal_alone_makes_nothing(apply, calicoctl):
    calicoctl.hold(pool('10.1.0.0/16'))
    result = apply([pool('10.3.0.0/16', ipip={'enabled': True}), absent(profile('shop'))], removals='only')
    assert result['changed'] is False and list(calicoctl.documents('ipPool')) == ['10.1.0.0/16']


def test_pools_that_are_not_listed_are_disabled_and_deleted_later_too(apply, calicoctl):
    calicoctl.hold(pool('10.1.0.0/16'))
    for how, changed in ((dict(other_pools='disable'), 'updated'), (dict(prune=True, prune_kinds=['ipPool']), 'deleted')):
        result = apply([pool('10.3.0.0/16')], removals='later', **how)
        assert result['left'] == ['ipPool 10.1.0.0/16'] and result[changed] == []
        assert apply([pool('10.3.0.0/16')], removals='only', **how)[changed] == ['ipPool 10.1.0.0/16']


def test_a_pool_that_got_a_user_meanwhile_stays(apply, calicoctl):
    calicoctl.hold(pool('10.1.0.0/16'), workload('10.1.0.5/32'))
    desired = [pool('10.3.0.0/16'), absent(pool('10.1.0.0/16'))]
    assert apply(desired, removals='later')['left'] == ['ipPool 10.1.0.0/16']
    result = apply(desired, removals='only')
    assert result['failed'] and 'The pool 10.1.0.0/16 is in use' in result['msg'] and '10.1.0.5' in result['msg']
