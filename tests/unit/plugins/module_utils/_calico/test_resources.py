# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import copy
import io
import json
import os

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _resources
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

ROOT = os.path.abspath(__file__).split(os.sep + 'tests' + os.sep)[0]
RECORDINGS = os.path.join(ROOT, 'tests', 'contract', 'records')
# What the real tool takes and this collection refuses, or the other way round, on purpose.
STRICTER = ('workloadEndpoint',)
LAXER = ('apply no apiVersion',)


def doc(kind, metadata, spec):
    return {'apiVersion': 'v1', 'kind': kind, 'metadata': metadata, 'spec': spec}


RULE = {'action': 'allow', 'protocol': 'tcp', 'destination': {'ports': ['6379', '80:90', '7:7']}, 'source': {}}
# (what a user may write, what calicoctl gives back)
PAIRS = [
    (doc('ipPool', {'cidr': '192.168.0.0/16'}, {'nat-outgoing': False, 'ipip': {'enabled': False, 'mode': 'always'}, 'disabled': False}),
     doc('ipPool', {'cidr': '192.168.0.0/16'}, {})),
    (doc('ipPool', {'cidr': '192.168.0.0/16'}, {'nat-outgoing': 'yes', 'ipip': {'enabled': True}}),
     doc('ipPool', {'cidr': '192.168.0.0/16'}, {'nat-outgoing': True, 'ipip': {'enabled': True, 'mode': 'always'}})),
    (doc('ipPool', {'cidr': 'FD00:1::/64'}, None), doc('ipPool', {'cidr': 'fd00:1::/64'}, {})),
    (doc('node', {'name': 'n'}, {'bgp': {'ipv4Address': '10.99.0.15', 'asNumber': '64700'}}),
     doc('node', {'name': 'n'}, {'bgp': {'ipv4Address': '10.99.0.15/32', 'asNumber': 64700}})),
    (doc('node', {'name': 'n'}, {}), doc('node', {'name': 'n'}, {})),
    (doc('policy', {'name': 'p'}, {'order': '100', 'selector': ' all()\n', 'ingress': [RULE], 'egress': []}),
     doc('policy', {'name': 'p'}, {'order': 100, 'selector': 'all()', 'types': ['ingress'], 'ingress': [
         {'action': 'allow', 'protocol': 'tcp', 'destination': {'ports': [6379, '80:90', 7]}, 'source': {}}]})),
    (doc('policy', {'name': 'p'}, {'order': 0, 'types': ['egress', 'ingress']}),
     doc('policy', {'name': 'p'}, {'order': 0, 'selector': '', 'types': ['ingress', 'egress']})),
    (doc('policy', {'name': 'p'}, {'egress': [{'action': 'deny', 'protocol': '47', 'destination': {'nets': ['10.1.2.3/8'], 'notNets': ['10.0.0.1']}}]}),
     doc('policy', {'name': 'p'}, {'selector': '', 'types': ['egress'], 'egress': [
         {'action': 'deny', 'protocol': 47, 'source': {}, 'destination': {'nets': ['10.0.0.0/8'], 'notNets': ['10.0.0.1/32']}}]})),
    (doc('policy', {'name': 'p'}, {'ingress': [{'action': 'allow', 'protocol': 'icmp', 'icmp': {'type': 0, 'code': 0}}]}),
     doc('policy', {'name': 'p'}, {'selector': '', 'types': ['ingress'], 'ingress': [
         {'action': 'allow', 'protocol': 'icmp', 'icmp': {'type': 0, 'code': 0}, 'source': {}, 'destination': {}}]})),
    (doc('profile', {'name': 'p', 'tags': ['b', 'a'], 'labels': {}}, {}), doc('profile', {'name': 'p', 'tags': ['a', 'b']}, {})),
    (doc('hostEndpoint', {'name': 'e', 'node': 'n'}, {'expectedIPs': ['fd00::1', '10.0.0.2', '10.0.0.1']}),
     doc('hostEndpoint', {'name': 'e', 'node': 'n'}, {'expectedIPs': ['10.0.0.1', '10.0.0.2', 'fd00::1']})),
]


@pytest.mark.parametrize('written, given', PAIRS)
def test_the_same_meaning_has_one_form(written, given):
    before = copy.deepcopy(written)
    form = _resources.canonical(_resources.explicit(written))
    assert form == _resources.canonical(given)
    assert written == before
    assert _resources.canonical(form) == form and _resources.canonical(json.loads(json.dumps(form))) == form


@pytest.mark.parametrize('one, other', [
    (doc('policy', {'name': 'p'}, {'order': 0}), doc('policy', {'name': 'p'}, {})),
    (doc('policy', {'name': 'p'}, {'types': ['ingress', 'egress']}), doc('policy', {'name': 'p'}, {})),
    (doc('ipPool', {'cidr': '10.0.0.0/16'}, {'ipip': {'enabled': True, 'mode': 'cross-subnet'}}),
     doc('ipPool', {'cidr': '10.0.0.0/16'}, {'ipip': {'enabled': True}})),
    (doc('hostEndpoint', {'name': 'e', 'node': 'n'}, {'interfaceName': 'e', 'profiles': ['b', 'a']}),
     doc('hostEndpoint', {'name': 'e', 'node': 'n'}, {'interfaceName': 'e', 'profiles': ['a', 'b']})),
])
def test_what_differs_stays_different(one, other):
    assert _resources.canonical(one) != _resources.canonical(other)


def test_what_others_wrote_oddly_is_read_all_the_same():
    odd = doc('policy', {'name': 'p q'}, {'selector': 'no selector', 'frob': False, 'ingress': [{'action': 'nextTier', 'source': {}}]})
    assert _resources.canonical(odd) == doc('policy', {'name': 'p q'}, {'selector': 'no selector', 'types': ['ingress'], 'ingress': [{'action': 'nextTier'}]})


@pytest.mark.parametrize('document, name', [
    (doc('ipPool', {'cidr': '10.0.0.0/16'}, {}), 'ipPool 10.0.0.0/16'),
    (doc('bgpPeer', {'scope': 'global', 'peerIP': '10.0.0.1'}, {}), 'bgpPeer global 10.0.0.1'),
    (doc('bgpPeer', {'scope': 'node', 'node': 'n', 'peerIP': '10.0.0.1'}, {}), 'bgpPeer n 10.0.0.1'),
    (doc('hostEndpoint', {'name': 'eth0', 'node': 'n'}, {}), 'hostEndpoint n eth0'),
    (doc('node', {'name': 'n'}, {}), 'node n'),
    ({'kind': 'node'}, 'node'),
])
def test_names(document, name):
    assert _resources.name_of(document) == name


@pytest.mark.parametrize('document, words', [
    (doc('policy', {'name': 'p'}, {'ingress': {'action': 'allow'}}), 'Write a list'),
    (doc('policy', {'name': 'p'}, {'ingress': ['allow']}), 'Write fields'),
    (doc('policy', {'name': 'p'}, {'ingress': [{'action': 'Allow'}]}), 'Choose allow'),
    (doc('policy', {'name': 'p'}, {'ingress': [{'action': 'allow', 'ipVersion': 5}]}), 'Choose 4 or 6'),
    (doc('policy', {'name': 'p'}, {'ingress': [{'action': 'allow', 'protocol': 'TCP'}]}), 'Choose tcp'),
    (doc('policy', {'name': 'p'}, {'ingress': [{'action': 'allow', 'protocol': 'icmp', 'icmp': {'code': 1}}]}), 'Add the type'),
    (doc('policy', {'name': 'p'}, {'ingress': [{'action': 'allow', 'protocol': 'tcp', 'source': {'ports': ['90:80']}}]}), 'a range such as'),
    (doc('policy', {'name': 'p'}, {'ingress': [{'action': 'allow', 'source': {'net': '10.0.0.0/8'}, 'destination': {'nets': ['10.0.0.0/8']}}]}), 'nets alone'),
    (doc('policy', {'name': 'p'}, {'ingress': [{'action': 'allow', 'source': {'namespaceSelector': 'all()'}}]}), 'Calico 3'),
    (doc('policy', {'name': 'p'}, {'selector': "a == 'b'\n&& c == 'd'"}), 'more than one line'),
    (doc('policy', {'name': 'p'}, {'preDNAT': True, 'egress': [{'action': 'allow'}]}), 'ingress'),
    (doc('policy', {'name': True}, {}), 'cannot be True'),
    (doc('profile', {'name': 'p', 'labels': {'a b': 'c'}}, {}), 'letters'),
    (doc('profile', {'name': 'p', 'labels': ['a']}, {}), 'names with values'),
    (doc('profile', {'name': 'p\n'}, {}), 'letters'),
    (doc('bgpPeer', {'scope': 'global', 'peerIP': '10.0.0.0/24'}, {'asNumber': 1}), 'is a network'),
    (doc('bgpPeer', {'scope': 'global', 'node': 'n', 'peerIP': '10.0.0.1'}, {'asNumber': 1}), 'set scope to node'),
    (doc('ipPool', {'cidr': '10.0.0.0/16'}, 'x'), 'Write fields'),
    (doc('ipPool', {'cidr': 'fd00::/123'}, {}), 'at most 122'),
    (doc('node', {'name': 'n'}, {'bgp': {'asNumber': 64512}}), 'node n.bgp has no address'),
    (doc('hostEndpoint', {'name': 'e', 'node': 'n'}, {}), 'hostEndpoint n e has neither interfaceName nor expectedIPs'),
    (doc('policy', {'name': 'p'}, {'preDNAT': True, 'doNotTrack': True}), 'policy p has both doNotTrack and preDNAT'),
    (doc('bgpPeer', {'scope': 'node', 'peerIP': '10.0.0.1'}, {'asNumber': 1}), 'has no node'),
    (doc('policy', {'name': 'p'}, {'order': 'many'}), 'Give a number such as 100'),
    (doc('policy', {'name': 'p'}, {'order': 'nan'}), 'it is not a number'),
    (doc('policy', {'name': 'p'}, {'order': True}), 'it is not a number'),
])
def test_refused(document, words):
    with pytest.raises(ValidationError) as error:
        _resources.explicit(document)
    assert words in str(error.value)


def _records():
    """The recordings of apply, delete and get, in order, with their documents."""
    yaml = pytest.importorskip('yaml')
    for name in ('03-node.jsonl', '04-ippool.jsonl', '05-policy-profile.jsonl'):
        with io.open(os.path.join(RECORDINGS, name), encoding='utf-8') as handle:
            for record in map(json.loads, handle):
                if record.get('argv', [''])[0] != 'calicoctl':
                    continue
                text = record['stdin'] or (record['files'] or {}).get('doc.yaml')
                try:
                    loaded = [document for document in yaml.safe_load_all(text or '') if document]
                except yaml.YAMLError:
                    continue
                yield name, record, [document for item in loaded for document in (item if isinstance(item, list) else [item])]


def test_documents_are_validated_and_read_as_the_real_calicoctl_did():
    """What it took is taken, what it refused is refused, and what it gave back equals what was applied."""
    validated = compared = 0
    yaml = pytest.importorskip('yaml')
    store, file = {}, None
    for name, record, documents in _records():
        verb, applied = record['argv'][1], record['exit_code'] == 0
        if name != file:
            store, file = {}, name
        if verb == 'apply' and documents:
            try:
                forms = [_resources.canonical(_resources.explicit(document)) for document in documents]
            except ValidationError:
                assert not applied or documents[0]['kind'] in STRICTER, record['name']
                forms = []
            else:
                assert applied or record['name'] in LAXER, record['name']
            validated += 1
            store.update(dict((_resources.name_of(form), form) for form in forms if applied))
        elif verb == 'delete' and applied:
            for form in documents or [form for form in store.values() if record['argv'][3] in form['metadata'].values()]:
                store.pop(_resources.name_of(form), None)
        elif verb == 'get' and record['argv'][-1] in ('json', 'yaml'):
            for document in yaml.safe_load(record['stdout']):
                if document['kind'] not in STRICTER:
                    form = _resources.canonical(document)
                    assert form == store.get(_resources.name_of(form)), record['name']
                    compared += 1
    assert validated > 40 and compared > 30


# A document and each of its faults.
WRONG = [
    (doc('policy', {'name': 'p q'}, {'selector': 'role = 1', 'order': 'first', 'ingress': [{'action': 'permit', 'protocol': 'tpc'}, {'source': {}}],
                                     'egress': [{'action': 'allow', 'ipVersion': 5, 'icmp': {'code': 1}}], 'rules': []}),
     ['metadata of policy p q.name', 'egress[0].icmp has a code', 'ipVersion cannot be 5', 'ingress[0].action cannot be permit', 'ingress[0].protocol',
      'ingress[1] has no action', 'order cannot be', 'has no field rules', 'selector']),
    (doc('policy', {'name': 'p'}, {'doNotTrack': True, 'preDNAT': True, 'egress': [{'action': 'maybe'}]}), ['both doNotTrack', 'preDNAT and egress', 'maybe']),
    (doc('policy', {'name': 'p'}, {'ingress': [{'action': 'allow', 'destination': {'ports': [1]}}, {'action': 'allow', 'destination': {'ports': [0]}}]}),
     ['ingress[0].destination names ports', 'ports[0] cannot be 0', 'ingress[1].destination names ports']),
    (doc('profile', {'name': 'p', 'labels': {'a b': 'c d'}, 'tags': ['x y', 'z z']}, {}), ['A name in', 'labels.a b cannot', 'tags[0]', 'tags[1]']),
    (doc('bgpPeer', {'scope': 'here', 'peerIP': 'x'}, {'asNumber': 'y'}), ['scope', 'peerIP', 'asNumber']),
    (doc('node', {'name': 'n'}, {'bgp': {'asNumber': 'y', 'ipv4Address': 'x'}}), ['asNumber', 'ipv4Address']),
    (doc('hostEndpoint', {'name': 'h', 'node': 'a b'}, {'interfaceName': 'much-too-long-a-name', 'expectedIPs': ['x']}),
     ['node', 'interfaceName', 'expectedIPs']),
    (doc('ipPool', {'cidr': 'fd00::/124'}, {'ipip': {'enabled': True}}), ['too small', 'cannot have ipip']),
]


@pytest.mark.parametrize('document, faults', WRONG)
def test_all_faults_of_a_document_are_told_at_once(document, faults):
    """Each once, and none that only follows from another."""
    with pytest.raises(ValidationError) as error:
        _resources.explicit(document)
    told = [str(fault) for fault in error.value.faults()]
    assert len(told) == len(faults), told
    assert [words for words in faults if not any(words in fault for fault in told)] == []
    assert all(fault in str(error.value) for fault in told)


@pytest.mark.parametrize('order, found', [('100', '100'), (100.0, '100'), (1.5, '1.5'), ('1.5', '1.5'), (-0.5, '-0.5'), (-3, '-3')])
def test_an_order_is_whole_where_it_can_be(order, found):
    """And never cut: policies of one order have no order."""
    assert str(_resources.explicit(doc('policy', {'name': 'p'}, {'order': order}))['spec']['order']) == found


def test_what_is_to_go_needs_its_identity_only():
    assert _resources.reference(dict(doc('policy', {'name': 'p'}, {'nonsense': 1}), state='absent')) == doc('policy', {'name': 'p'}, {})
    with pytest.raises(ValidationError, match='metadata of policy p q'):
        _resources.reference(doc('policy', {'name': 'p q'}, {}))
    with pytest.raises(ValidationError, match='metadata of ipPool'):
        _resources.reference(doc('ipPool', {}, {}))
