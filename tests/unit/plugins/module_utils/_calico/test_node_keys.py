# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

from ansible_collections.dcos.calico.plugins.module_utils._calico import _node_keys
from ansible_collections.dcos.calico.plugins.module_utils._host._etcd_keys import Entry

NODE, OTHER = '172.29.50.21', '172.29.50.22'


def block(cidr, node, handles):
    """A block with an address for each handle, None being a free one."""
    given = [handle for handle in handles if handle]
    return json.dumps({'cidr': cidr, 'affinity': 'host:' + node, 'strictAffinity': False,
                       'allocations': [given.index(handle) if handle else None for handle in handles],
                       'attributes': [{'handle_id': handle, 'secondary': None} for handle in given]})


def store(**more):
    """As two agents had it, each with a container, the first with a block that is empty."""
    keys = {
        '/calico/v1/Ready': 'true', '/calico/v1/host': None, '/calico/bgp/v1/host': None, '/calico/ipam/v2/host': None, '/calico/ipam/v2/handle': None,
    }
    for number, node in enumerate((NODE, OTHER)):
        cidr = '192.168.%d.0-26' % number
        base = '/calico/v1/host/%s' % node
        keys.update({
            base: None, base + '/bird_ip': node, base + '/metadata': '{}', base + '/config': None, base + '/config/DefaultEndpointToHostAction': 'RETURN',
            base + '/workload': None, base + '/workload/cni': None, base + '/workload/cni/c%d' % number: None,
            base + '/workload/cni/c%d/endpoint' % number: None,
            base + '/workload/cni/c%d/endpoint/eth0' % number: json.dumps({'name': 'cali%d' % number, 'ipv4_nets': ['192.168.%d.0/32' % number]}),
            '/calico/bgp/v1/host/%s' % node: None, '/calico/bgp/v1/host/%s/ip_addr_v4' % node: node,
            '/calico/ipam/v2/host/%s' % node: None, '/calico/ipam/v2/host/%s/ipv4' % node: None, '/calico/ipam/v2/host/%s/ipv4/block' % node: None,
            '/calico/ipam/v2/host/%s/ipv4/block/%s' % (node, cidr): '{}',
            '/calico/ipam/v2/assignment/ipv4/block/%s' % cidr: block(cidr.replace('-', '/'), node, ['calico.c%d' % number, None]),
            '/calico/ipam/v2/handle/calico.c%d' % number: json.dumps({'block': {cidr.replace('-', '/'): 1}}),
        })
    keys['/calico/ipam/v2/assignment/ipv4/block/192.168.7.0-26'] = block('192.168.7.0/26', NODE, [None, None])
    keys['/calico/ipam/v2/host/%s/ipv4/block/192.168.7.0-26' % NODE] = '{}'
    keys.update(more)
    return dict((key, Entry(value, index=number)) for number, (key, value) in enumerate(sorted(keys.items())))


def left(entries):
    plan, kept = _node_keys.reconcile(entries, NODE)
    gone = plan.names()
    for number, change in enumerate(plan):
        # As etcd insists on: of a directory nothing is left when it goes.
        assert change.how == (entries[change.name].index if entries[change.name].value is not None else None)
        assert change.how is not None or not [key for key in set(entries) - set(gone[:number]) if key.startswith(change.name + '/')]
    return sorted(set(entries) - set(gone)), kept


def test_all_of_a_node_goes_and_nothing_of_another():
    entries = store()
    assert left(entries) == (sorted(key for key in entries if not any(word in key for word in (NODE, 'c0', '192.168.0.', '192.168.7.'))), {})


def test_the_node_itself_is_the_last_of_the_keys():
    plan, unused = _node_keys.reconcile(store(), NODE)
    assert [change.name for change in plan if change.how is not None][-1] == '/calico/v1/host/%s/metadata' % NODE


def test_a_block_stays_of_which_somebody_else_has_an_address():
    key = '/calico/ipam/v2/assignment/ipv4/block/192.168.7.0-26'
    stays, kept = left(store(**{key: block('192.168.7.0/26', NODE, [None, 'calico.borrowed'])}))
    assert kept == {'192.168.7.1': 'calico.borrowed'} and key in stays
    assert '/calico/ipam/v2/host/%s/ipv4/block/192.168.7.0-26' % NODE in stays and '/calico/ipam/v2/host/%s' % NODE in stays
    assert '/calico/ipam/v2/assignment/ipv4/block/192.168.0.0-26' not in stays


def test_a_block_stays_of_which_a_container_elsewhere_has_an_address_that_a_stale_endpoint_names_too():
    elsewhere = '/calico/v1/host/%s/workload/cni/c9/endpoint/eth0' % OTHER
    stays, kept = left(store(**{elsewhere: json.dumps({'name': 'cali9', 'ipv4_nets': ['192.168.0.0/32']})}))
    assert kept == {'192.168.0.0': 'calico.c0'} and '/calico/ipam/v2/assignment/ipv4/block/192.168.0.0-26' in stays and elsewhere in stays


def test_the_address_of_the_tunnel_goes_with_the_node():
    more = {'/calico/ipam/v2/assignment/ipv4/block/192.168.7.0-26': block('192.168.7.0/26', NODE, ['', None]).replace('null', '0', 1),
            '/calico/v1/host/%s/config/IpInIpTunnelAddr' % NODE: '192.168.7.0'}
    assert left(store(**more))[1] == {}


def test_a_block_that_cannot_be_read_stays():
    key = '/calico/ipam/v2/assignment/ipv4/block/192.168.7.0-26'
    assert key in left(store(**{key: json.dumps({'affinity': 'host:' + NODE})}))[0]


def test_a_handle_with_an_address_elsewhere_stays():
    key = '/calico/ipam/v2/handle/calico.c0'
    assert key in left(store(**{key: json.dumps({'block': {'192.168.0.0/26': 1, '192.168.1.0/26': 1}})}))[0]


def test_a_handle_that_cannot_be_read_stays_and_hides_no_other():
    key = '/calico/ipam/v2/handle/a'
    stays = left(dict([(key, Entry('{', index=99))], **store()))[0]
    assert key in stays and '/calico/ipam/v2/handle/calico.c0' not in stays


def test_what_felix_says_of_itself():
    directory = '/calico/felix/v1/host/%s' % NODE
    assert _node_keys.reports(store(**{directory: None, '/calico/felix/v2/host/%s' % OTHER: None}), NODE) == [directory]


def test_a_node_that_is_not_there_has_nothing():
    plan, kept = _node_keys.reconcile(store(), '172.29.50.2')
    assert not plan and kept == {}
