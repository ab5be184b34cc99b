# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _dataplane
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError

from ....support.kernel_host import FELIX, OTHERS


def test_rules_and_sets_of_felix_go_and_nothing_else(kernel):
    _dataplane.apply(_dataplane.rules_of_felix())
    _dataplane.apply(_dataplane.rules_of_this_collection())
    assert kernel.tables['iptables'] == OTHERS and kernel.sets == ['d-dcos', 'calico']
    assert not _dataplane.rules_of_felix() and not _dataplane.rules_of_this_collection()


def test_the_port_of_etcds_proxy_stays_closed_while_felix_goes(kernel):
    _dataplane.apply(_dataplane.rules_of_felix())
    assert 'cali-' not in kernel.tables['iptables'] and kernel.tables['iptables'].count('dcos-calico-etcd-1') == 3


def test_a_table_is_changed_by_one_transaction(kernel):
    _dataplane.apply(_dataplane.rules_of_felix())
    assert kernel.called[0] == ['iptables-restore', """\
*filter
:cali-FORWARD - [0:0]
:cali-INPUT - [0:0]
:cali-wl-to-host - [0:0]
-D INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-D FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-X cali-FORWARD
-X cali-INPUT
-X cali-wl-to-host
COMMIT
"""]


@pytest.mark.parametrize('line, ours', [
    ('-A FORWARD -j cali-FORWARD', True),  # Its comment was lost.
    ('-A OUTPUT -g califw-x', True),
    ('-A INPUT -m comment --comment cali:abc -j ACCEPT', True),
    ('-A INPUT -m comment --comment "see cali:abc" -j ACCEPT', False),
    ('-A INPUT -m comment --comment "before -j cali-INPUT" -j ACCEPT', False),
    ('-A INPUT -m comment --comment "as --comment cali:abc says" -j ACCEPT', False),
    ('-A INPUT -m comment --comment -j -j ACCEPT', False),
    ('-A INPUT -m comment --comment "it\\\'s \\"-j ACCEPT" -j cali-INPUT', True),
    ('-A INPUT -m comment --comment mine -m comment --comment "cali:abc" -j ACCEPT', True),
    ('-A INPUT -m comment --comment "calico" -j ACCEPT', False),
    ('-A INPUT -i cali+ -j ACCEPT', False),
    ('-A INPUT -j calico-dhcp', False),
])
def test_a_rule_in_a_chain_of_others(line, ours):
    found = _dataplane.parse_rules('*filter\n%s\n' % line, _dataplane.FELIX_CHAIN, _dataplane.FELIX_COMMENT)
    assert found == ({'filter': ([], [line])} if ours else {})


def test_felix_health_port_is_a_rule_of_this_collection():
    line = '-A INPUT ! -i lo -p tcp -m tcp --dport 62092 -m comment --comment "dcos.calico" -j DROP'
    assert _dataplane.parse_rules('*mangle\n%s\n' % line, _dataplane.OWN_CHAIN, _dataplane.OWN_COMMENT) == {'mangle': ([], [line])}
    assert _dataplane.parse_rules(FELIX, _dataplane.OWN_CHAIN, _dataplane.OWN_COMMENT) == {
        'filter': (['dcos-calico-etcd-1'], ['-A OUTPUT -d 127.0.0.1/32 -o lo -p tcp -m tcp --dport 2379 -j dcos-calico-etcd-1'])}


def test_a_lock_of_others_is_waited_for(kernel, monkeypatch):
    monkeypatch.setattr(_dataplane.Deadline, 'pause', lambda self, seconds: True)
    kernel.busy = 2
    _dataplane.apply(_dataplane.rules_of_felix())
    assert 'cali-' not in kernel.tables['iptables']


def test_a_table_that_cannot_be_changed_is_told(kernel):
    kernel.broken = [['iptables-restore', '--noflush']]
    with pytest.raises(CalicoError) as error:
        _dataplane.apply(_dataplane.rules_of_felix())
    assert str(error.value).startswith('iptables table filter: rules of Calico cannot be removed, and none of this table was: it is broken. See which rule')


def test_a_set_that_a_rule_of_others_names_is_told(kernel):
    kernel.refuses = ['cali4-all-ipam-pools']
    with pytest.raises(CalicoError) as error:
        _dataplane.apply(_dataplane.rules_of_felix())
    assert 'ipset cali4-all-ipam-pools cannot be removed: ipset v7.17: Set cannot be destroyed' in str(error.value)


@pytest.mark.parametrize('text, arguments', [
    ('blackhole 192.168.121.0/26 ', [['blackhole', '192.168.121.0/26', 'proto', '12']]),
    ('192.168.185.192/26 via 172.29.50.22 dev eth0 onlink ', [['192.168.185.192/26', 'via', '172.29.50.22', 'dev', 'eth0', 'proto', '12']]),
    ('10.0.0.0/8 dev tunl0 table 7 metric 3 \n', [['10.0.0.0/8', 'dev', 'tunl0', 'table', '7', 'metric', '3', 'proto', '12']]),
    ('10.1.0.0/26 \n\tnexthop via 10.0.0.1 dev eth0 weight 1 \n\tnexthop via 10.0.0.2 dev eth0 weight 1 \n', [['10.1.0.0/26', 'proto', '12']]),
    ('', []),
])
def test_routes_of_bird(text, arguments):
    assert _dataplane.parse_routes(text) == arguments


@pytest.mark.parametrize('argv', [['iptables-save'], ['ip6tables-save'], ['ipset', 'list', '-n'],
                                  ['ip', '-4', 'route', 'show', 'table', 'all', 'proto', '12'], ['ip', '-o', '-4', 'addr', 'show', 'dev', 'tunl0']])
def test_what_cannot_be_read_is_not_taken_for_nothing(kernel, monkeypatch, tmpdir, argv):
    monkeypatch.setattr(_dataplane, 'SETS', str(tmpdir))
    monkeypatch.setattr(_dataplane, 'TABLES', {'4': str(tmpdir), '6': str(tmpdir)})
    monkeypatch.setattr(_dataplane, 'IPV6', str(tmpdir.join('none')))
    kernel.net.mkdir('tunl0')
    kernel.broken = [argv]
    with pytest.raises(CalicoError) as error:
        _dataplane.rules_of_felix()
        _dataplane.routes()
    assert 'cannot be read: %s: it is broken' % ' '.join(argv) in str(error.value)


@pytest.mark.parametrize('words, source', [('it is broken', 'none'), ('iptables: Failed to initialize nft: Protocol not supported', '')])
def test_of_what_the_kernel_lacks_there_is_nothing(kernel, monkeypatch, tmpdir, words, source):
    monkeypatch.setattr(_dataplane, 'SETS', str(tmpdir.join(source)))
    monkeypatch.setattr(_dataplane, 'TABLES', {'4': str(tmpdir.join(source)), '6': str(tmpdir.join(source))})
    monkeypatch.setattr(_dataplane, 'IPV6', str(tmpdir.join(source)))
    kernel.broken, kernel.words = [['iptables-save'], ['ip6tables-save'], ['ipset', 'list', '-n']], words
    kernel.broken.append(['ip', '-6', 'route', 'show', 'table', 'all', 'proto', '12'])
    assert not _dataplane.rules_of_felix() and len(_dataplane.routes()) == 2


@pytest.mark.parametrize('address, known, ours', [
    ('192.168.121.0/32', (), True),  # of a block of this host
    ('10.9.9.9/32', ('10.9.9.9',), True),
    ('10.9.9.9/32', ('10.9.9.8',), False),
    ('192.168.121.0/26', (), False),
])
def test_an_address_of_the_tunnel_that_is_another_users_stays(kernel, address, known, ours):
    kernel.net.ensure('tunl0', 'flags').write('0xc1\n')
    kernel.addresses = ['5: tunl0    inet %s scope global tunl0\\       valid_lft forever' % address]
    names = _dataplane.routes(known).names()
    assert names[:-2] == (['address %s of tunl0' % address, 'tunl0'] if ours else [])
    kernel.net.join('tunl0', 'flags').write('0x80\n')
    assert 'tunl0' not in _dataplane.routes(known).names(), 'it is down'
    kernel.net.join('tunl0', 'flags').write('0xc1\n')
    kernel.addresses.insert(0, '5: tunl0    inet 10.0.0.1/32 scope global tunl0')
    assert _dataplane.routes(known).names()[:-2] == (['address %s of tunl0' % address] if ours else [])


def test_routes_go(kernel):
    _dataplane.apply(_dataplane.routes())
    assert kernel.routes == {'-4': [], '-6': []} and not _dataplane.routes()


def test_interfaces_of_containers_go_and_others_stay(kernel):
    for name in ('cali494c97f0-4a', 'cali0123456789a'):
        kernel.net.mkdir(name)
    _dataplane.apply(_dataplane.interfaces())
    assert sorted(path.basename for path in kernel.net.listdir()) == ['cali-bridge', 'calico0', 'eth0']


def test_another_bird_is_known(tmpdir, monkeypatch):
    monkeypatch.setattr(_dataplane._network, 'PROC', str(tmpdir))
    for pid, name, network in (('12', 'bird', 1), ('13', 'bird6', 1), ('14', 'birdwatcher', 1), ('15', 'bird', 2), ('self', 'bird', 1)):
        tmpdir.ensure(pid, 'comm').write(name + '\n')
        tmpdir.ensure(pid, 'ns', dir=True).join('net').mksymlinkto('net:[%d]' % network)
    assert _dataplane.other_birds() == [12, 13]


def test_another_felix_is_known(tmpdir, monkeypatch):
    monkeypatch.setattr(_dataplane._network, 'PROC', str(tmpdir))
    for pid, name, network in (('12', 'calico-felix', 1), ('13', 'calico-felix', 1), ('14', 'calico-felix', 2), ('15', 'felix', 1), ('self', 'x', 1)):
        tmpdir.ensure(pid, 'comm').write(name + '\n')
        tmpdir.ensure(pid, 'ns', dir=True).join('net').mksymlinkto('net:[%d]' % network)
    assert _dataplane.other_felixes(lambda pid: pid == 12) == [13]
