# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calico's resources of API version v1, as calicoctl 1.6 takes them and gives them back: check, compare, merge. Pure.

Two forms of a document: I(explicit) is what a user wrote, checked and in one spelling; I(canonical) leaves out all that equals its default, as
C(calicoctl get) does with what is false or empty. Canonical documents of the same meaning are equal, so they are compared and shown.
Sources: the API's own types (libcalico-go, lib/api) and recordings of calicoctl 1.6.3.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import copy

from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._calico import _checks
from ansible_collections.dcos.calico.plugins.module_utils._errors import Collector, ValidationError

KINDS = ('ipPool', 'bgpPeer', 'node', 'policy', 'profile', 'hostEndpoint')
WORKLOADS = 'workloadEndpoint'
API_VERSION = 'v1'

_NAME = _checks.text(r'[A-Za-z0-9_.-]{1,128}', 'Use letters, digits, dots, dashes and underscores')
_PATH_NAME = _checks.text(r'[A-Za-z0-9_./-]{1,128}', 'Use letters, digits, dots, dashes, underscores and slashes')
_ANY = _checks.text(r'[\s\S]*', 'Write text')
_LABELS = _checks.mapping(
    _checks.text(r'[A-Za-z0-9_./-]{1,512}', 'Use letters, digits, dots, dashes, underscores and slashes'),
    _checks.text(r'([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?', 'Use at most 63 letters, digits, dots, dashes and underscores, with a letter or digit at '
                 'both ends'))
_POOL_SIZES = {4: 26, 6: 122}
_LINK_LOCAL = ('169.254.0.0/16', 'fe80::/10')
_WITHOUT_PORTS = (None, 'icmp', 'icmpv6', 'sctp', 'udplite')


def _validate_icmp(icmp, where):
    if 'code' in icmp and 'type' not in icmp:
        yield ValidationError('%s has a code without a type' % where, remedy='Add the type')


def _validate_rule(rule, where):
    if rule.get('ipVersion') == 5:
        yield ValidationError('%s.ipVersion cannot be 5' % where, remedy='Choose 4 or 6')
    protocol = rule.get('protocol')
    entities = [(side, rule[side]) for side in ('source', 'destination') if isinstance(rule.get(side), dict)]
    for side, entity in entities:
        if (entity.get('ports') or entity.get('notPorts')) and (protocol in _WITHOUT_PORTS or isinstance(protocol, int) and protocol not in (6, 17)):
            yield ValidationError('%s.%s names ports of a protocol that has none' % (where, side), remedy='Set protocol to tcp or udp')
    if any(name in entity for _side, entity in entities for name in ('net', 'notNet')) and any(
            name in entity for _side, entity in entities for name in ('nets', 'notNets')):
        yield ValidationError('%s has both net and nets' % where, remedy='Use nets alone')


_ICMP = _checks.record({'type': _checks.integer(0, 254), 'code': _checks.integer(0, 255)}, validate=_validate_icmp)
_PORTS = _checks.listing(_checks.port)
_NETS = _checks.listing(_checks.network)
_ENTITY = _checks.record(
    {'tag': _NAME, 'notTag': _NAME, 'net': _checks.network, 'notNet': _checks.network, 'nets': _NETS, 'notNets': _NETS, 'selector': _checks.selector,
     'notSelector': _checks.selector, 'ports': _PORTS, 'notPorts': _PORTS},
    instead={'namespaceSelector': 'selector (namespaces belong to Calico 3)', 'serviceAccounts': 'selector (service accounts belong to Calico 3)'})
_RULES = _checks.listing(_checks.record(
    {'action': _checks.one_of('allow', 'deny', 'log', 'pass'), 'ipVersion': _checks.integer(4, 6), 'protocol': _checks.protocol,
     'notProtocol': _checks.protocol, 'icmp': _ICMP, 'notICMP': _ICMP, 'source': _ENTITY, 'destination': _ENTITY},
    required=('action',), validate=_validate_rule))


def _validate_policy(spec, where):
    if spec.get('doNotTrack') and spec.get('preDNAT'):
        yield ValidationError('%s has both doNotTrack and preDNAT' % where, remedy='Choose one')
    types = spec.get('types') if isinstance(spec.get('types'), list) else []
    if spec.get('preDNAT') and (spec.get('egress') or 'egress' in types):
        yield ValidationError('%s has preDNAT and egress rules' % where, remedy='Keep preDNAT policies to ingress')


def _validate_host_endpoint(spec, where):
    if not spec.get('interfaceName') and not spec.get('expectedIPs'):
        yield ValidationError('%s has neither interfaceName nor expectedIPs' % where, remedy='Add one')


def _validate_bgp(bgp, where):
    if bgp and not bgp.get('ipv4Address') and not bgp.get('ipv6Address'):
        yield ValidationError('%s has no address' % where, remedy='Add ipv4Address, with the prefix length of its network')


def _validate_peer(metadata, where):
    if metadata.get('scope') == 'node' and not metadata.get('node'):
        yield ValidationError('%s has no node' % where, remedy='Name the node, or set scope to global')
    if metadata.get('scope') == 'global' and metadata.get('node'):
        yield ValidationError('%s is global and names a node' % where, remedy='Leave the node out, or set scope to node')


_NATURALLY = {'natOutgoing': 'nat-outgoing', 'nat_outgoing': 'nat-outgoing', 'ipipMode': 'ipip with enabled and mode',
              'blockSize': 'nothing (Calico 2.6 always uses blocks of 64 addresses)', 'cidr': 'it in metadata'}
_PEER = {'peerIP': 'it in metadata', 'node': 'it in metadata', 'scope': 'it in metadata'}
# kind: (check of metadata, check of spec)
_SCHEMAS = {
    'ipPool': (
        _checks.record({'cidr': _checks.pool}, required=('cidr',), instead={'name': 'cidr, which identifies a pool in Calico 2.6'}),
        _checks.record({'ipip': _checks.record({'enabled': _checks.boolean, 'mode': _checks.one_of('always', 'cross-subnet')}),
                        'nat-outgoing': _checks.boolean, 'disabled': _checks.boolean}, instead=_NATURALLY)),
    'bgpPeer': (
        _checks.record({'scope': _checks.one_of('global', 'node'), 'node': _NAME, 'peerIP': _checks.address}, required=('scope', 'peerIP'),
                       instead={'name': 'scope, node and peerIP, which identify a peer in Calico 2.6'}, validate=_validate_peer),
        _checks.record({'asNumber': _checks.as_number}, required=('asNumber',), instead=_PEER)),
    'node': (
        _checks.record({'name': _NAME}, required=('name',)),
        _checks.record({'bgp': _checks.record({'asNumber': _checks.as_number, 'ipv4Address': _checks.interface_address(4),
                                               'ipv6Address': _checks.interface_address(6)}, validate=_validate_bgp),
                        'orchRefs': _checks.listing(_checks.record({'nodeName': _ANY, 'orchestrator': _ANY}, required=('orchestrator',)))})),
    'policy': (
        _checks.record({'name': _PATH_NAME, 'annotations': _checks.mapping(_ANY, _ANY)}, required=('name',),
                       instead={'namespace': 'nothing (namespaces belong to Calico 3)'}),
        _checks.record({'order': _checks.number, 'selector': _checks.selector, 'ingress': _RULES, 'egress': _RULES, 'doNotTrack': _checks.boolean,
                        'preDNAT': _checks.boolean, 'types': _checks.listing(_checks.one_of('ingress', 'egress'))}, validate=_validate_policy)),
    'profile': (
        _checks.record({'name': _PATH_NAME, 'tags': _checks.listing(_NAME), 'labels': _LABELS}, required=('name',)),
        _checks.record({'ingress': _RULES, 'egress': _RULES}, instead={'labelsToApply': 'labels in metadata', 'tags': 'it in metadata'})),
    'hostEndpoint': (
        _checks.record({'name': _PATH_NAME, 'node': _NAME, 'labels': _LABELS}, required=('name', 'node')),
        _checks.record({'interfaceName': _checks.text(r'[A-Za-z0-9_.-]{1,15}', 'Name an interface, such as eth0'),
                        'expectedIPs': _checks.listing(_checks.address), 'profiles': _checks.listing(_PATH_NAME)},
                       instead={'node': 'it in metadata'}, validate=_validate_host_endpoint)),
}
_V3_KINDS = {'networkpolicy': 'policy', 'globalnetworkpolicy': 'policy'}


def _check_kind(document):
    version, kind = document.get('apiVersion') or API_VERSION, document.get('kind')
    if version != API_VERSION:
        raise ValidationError('A document has apiVersion %s, which calicoctl 1.6 does not know' % to_native(version),
                              why='it is for Calico 3' if 'v3' in to_text(version) else None,
                              remedy='Write it for Calico 2.6: apiVersion v1, kinds such as ipPool, and the names of their fields')
    if kind in _SCHEMAS:
        return
    word = to_text(kind or '').lower()
    spelling = dict((known.lower(), known) for known in KINDS)
    spelling.update(_V3_KINDS)
    remedy = 'Write %s' % spelling[word] if word in spelling else 'Choose one of %s' % ', '.join(KINDS)
    if word == WORKLOADS.lower():
        remedy = 'Leave workloads to the CNI plugin, and choose one of %s' % ', '.join(KINDS)
    raise ValidationError('A document has kind %s, which cannot be managed' % to_native(kind or '(nothing)'), remedy=remedy)


def name_of(document):
    """What a document is called in messages and diffs, such as C(ipPool 192.168.0.0/16)."""
    metadata = document['metadata'] if isinstance(document.get('metadata'), dict) else {}
    kind = document.get('kind')
    if kind == 'ipPool':
        words = [metadata.get('cidr')]
    elif kind == 'bgpPeer':
        words = [metadata.get('node') or metadata.get('scope'), metadata.get('peerIP')]
    elif kind == 'hostEndpoint':
        words = [metadata.get('node'), metadata.get('name')]
    else:
        words = [metadata.get('name')]
    return ' '.join([to_native(kind)] + [to_native(word) for word in words if word])


def explicit(document):
    """A document that a user wrote, checked: {apiVersion, kind, metadata, spec}. Raises ValidationError."""
    _check_kind(document)
    kind = document['kind']
    check_metadata, check_spec = _SCHEMAS[kind]
    collector = Collector()
    _good, metadata = collector.check(check_metadata, document.get('metadata'), 'metadata of %s' % name_of(document))
    _good, spec = collector.check(check_spec, document.get('spec'), name_of(document))
    found = {'apiVersion': API_VERSION, 'kind': to_text(kind), 'metadata': metadata, 'spec': spec}
    for error in _validate_pool(found) if kind == 'ipPool' and not collector.errors else ():
        collector.add(error)
    collector.finish()
    return found


def reference(document):
    """A document of which only the identity counts, checked; whatever is in its spec is left out. Raises ValidationError."""
    _check_kind(document)
    metadata = _SCHEMAS[document['kind']][0](document.get('metadata'), 'metadata of %s' % name_of(document))
    return {'apiVersion': API_VERSION, 'kind': to_text(document['kind']), 'metadata': metadata, 'spec': {}}


def _validate_pool(document):
    cidr = _cidr.parse(document['metadata']['cidr'])
    name, spec = name_of(document), document['spec']
    if not spec.get('disabled') and cidr.prefix > _POOL_SIZES[cidr.version]:
        yield ValidationError('%s is too small' % name, why='Calico hands out blocks of 64 addresses',
                              remedy='Choose a prefix length of at most %d' % _POOL_SIZES[cidr.version])
    if cidr.version == 6 and (spec.get('ipip') or {}).get('enabled'):
        yield ValidationError('%s cannot have ipip' % name, why='IPIP carries IPv4 only', remedy='Leave it out')
    if any(cidr.overlaps(_cidr.parse(local)) for local in _LINK_LOCAL):
        yield ValidationError('%s is in the range of link-local addresses' % name, remedy='Choose another CIDR')


def _compact(value):
    """Without what is None, false or empty; items of lists are kept."""
    if isinstance(value, list):
        return [_compact(item) for item in value]
    if not isinstance(value, dict):
        return value
    items = [(name, _compact(item)) for name, item in value.items()]
    return dict((name, item) for name, item in items if item is not None and item is not False and item not in ('', {}, []))


def _default_types(spec):
    if not spec.get('egress'):
        return ['ingress']
    return ['ingress', 'egress'] if spec.get('ingress') else ['egress']


def _without_single_nets(rules):
    """calicoctl takes net and notNet, and gives back nets and notNets."""
    for rule in rules:
        for entity in (rule.get('source') or {}, rule.get('destination') or {}):
            for one, several in (('net', 'nets'), ('notNet', 'notNets')):
                if one in entity:
                    entity[several] = (entity.get(several) or []) + [entity.pop(one)]


def canonical(document):
    """The canonical form of a document, the user's or calicoctl's; one that no check takes (written by others) is only compacted."""
    try:
        document = explicit(document)
    except ValidationError:
        document = copy.deepcopy(document)
    found = dict(_compact(document), spec=_compact(document.get('spec') or {}), metadata=_compact(document.get('metadata') or {}))
    kind, spec, metadata = found.get('kind'), found['spec'], found['metadata']
    if kind in ('policy', 'profile'):
        for side in ('ingress', 'egress'):
            _without_single_nets(spec.get(side) or ())
    if kind == 'ipPool':
        ipip = spec.get('ipip') or {}
        if not ipip.get('enabled'):
            spec.pop('ipip', None)
        elif ipip.get('mode') == 'always':
            del ipip['mode']
    elif kind == 'policy':
        spec['types'] = sorted(spec.get('types') or _default_types(spec), reverse=True)
    elif kind == 'profile' and 'tags' in metadata:
        metadata['tags'] = sorted(metadata['tags'])
    elif kind == 'hostEndpoint' and 'expectedIPs' in spec:
        spec['expectedIPs'] = sorted(spec['expectedIPs'], key=lambda words: (':' in words, words))
    return found


def _merged(theirs, ours):
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return copy.deepcopy(ours)
    found = copy.deepcopy(theirs)
    for name, value in ours.items():
        found[name] = _merged(theirs.get(name), value)
    return found


def keep_unmanaged(actual, desired):
    """The explicit desired document with those fields of the canonical actual one that it does not name; lists count as one field."""
    theirs = copy.deepcopy(actual)
    spec = theirs['spec']
    # derived, unless somebody chose otherwise: it must follow the rules that are merged
    if theirs['kind'] == 'policy' and spec.get('types') == sorted(_default_types(spec), reverse=True):
        del spec['types']
    return explicit(_merged(theirs, desired))
