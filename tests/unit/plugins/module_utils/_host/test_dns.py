# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import socket
import struct
import threading
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _dns, _facts_etcd

NAME = '_etcd-server._tcp.etcd.mesos'
QUESTION = b'\x0c_etcd-server\x04_tcp\x04etcd\x05mesos\x00'
POINTER = b'\xc0\x0c'  # to the question's name


def record(priority, weight, port, target, kind=33):
    data = struct.pack('!3H', priority, weight, port) + target
    return POINTER + struct.pack('!2HIH', kind, 1, 60, len(data)) + data


def answer(number, *records, **more):
    head = struct.pack('!6H', number, 0x8180 | more.get('code', 0), 1, len(records), 0, 0)
    return head + QUESTION + struct.pack('!2H', 33, 1) + b''.join(records)


def label(name):
    return b''.join(struct.pack('!B', len(part)) + part for part in name.split(b'.')) + b'\0'


# A name that ends in the question's etcd.mesos.
MEMBER = b'\x02m1' + b'\xc0\x1e'


def test_a_question_is_what_name_servers_read():
    assert _dns.question(NAME + '.', 7) == struct.pack('!6H', 7, 0x0100, 1, 0, 0, 0) + QUESTION + struct.pack('!2H', 33, 1)


@pytest.mark.parametrize('records, found', [
    ([], []),
    ([record(0, 0, 2380, MEMBER)], [('m1.etcd.mesos', 2380)]),
    ([record(1, 0, 1, label(b'later')), record(0, 1, 2, label(b'light')), record(0, 9, 3, label(b'heavy'))], [('heavy', 3), ('light', 2), ('later', 1)]),
    ([record(0, 0, 9, label(b'x'), kind=5), record(0, 0, 2380, MEMBER)], [('m1.etcd.mesos', 2380)]),
])
def test_records_are_read_best_first(records, found):
    assert _dns.parse(answer(7, *records), 7) == found


def test_a_name_that_is_not_there_has_no_records():
    assert _dns.parse(answer(7, code=3), 7) == []


@pytest.mark.parametrize('data, words', [
    (b'', 'cut or damaged'),
    (answer(7, record(0, 0, 2380, MEMBER))[:-4], 'cut or damaged'),
    (answer(8), 'something else'),
    (answer(7, code=2), 'code 2'),
    (answer(7, record(0, 0, 1, b'\xc0\xff')), 'refers forward'),
])
def test_an_answer_that_is_of_no_use(data, words):
    with pytest.raises(ValueError, match=words):
        _dns.parse(data, 7)


def address(*parts, **more):
    return POINTER + struct.pack('!2HIH4B', more.get('kind', 1), 1, 60, 4, *parts)


def test_addresses_are_read():
    found = answer(7, address(10, 0, 0, 2), address(10, 0, 0, 9, kind=99), record(0, 0, 2380, MEMBER), address(10, 0, 0, 1))
    assert _dns.parse_addresses(found, 7) == ['10.0.0.1', '10.0.0.2'] and _dns.parse_addresses(answer(7, code=3), 7) == []
    for wrong, words in ((found[:-2], 'cut or damaged'), (answer(8), 'something else'), (answer(7, code=5), 'code 5')):
        with pytest.raises(ValueError, match=words):
            _dns.parse_addresses(wrong, 7)
    assert _dns.question('x', 7, _dns.A)[-4:] == struct.pack('!2H', 1, 1)


def test_name_servers_of_resolv_conf():
    assert _dns.servers('search lab\nnameserver 198.51.100.1\n# nameserver 9.9.9.9\n nameserver fd00::1\noptions x\n') == ['198.51.100.1', 'fd00::1']
    assert _dns.servers('') == ['127.0.0.1']


class NameServer(threading.Thread):
    """Answers by UDP with records given by name."""

    def __init__(self, records):
        super(NameServer, self).__init__()
        self.daemon = True
        self.records = records
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]

    def run(self):
        while True:
            data, client = self.socket.recvfrom(512)
            known = self.records if QUESTION in data else []
            self.socket.sendto(answer(struct.unpack_from('!H', data)[0], *known, code=0 if known else 3).replace(QUESTION, data[12:-4]), client)


@pytest.fixture
def name_server(tmpdir, monkeypatch):
    """Call it with records; it answers for the domain etcd.mesos."""
    resolvers = tmpdir.join('resolv.conf')
    resolvers.write('nameserver 127.0.0.1\n')
    original = _dns.srv

    def start(*records):
        server = NameServer(records)
        server.start()
        monkeypatch.setattr(_dns, 'srv', lambda name: original(name, path=str(resolvers), port=server.port))

    return start


def test_a_name_server_is_asked(name_server):
    name_server(record(0, 0, 2380, MEMBER))
    assert _dns.srv(NAME) == [('m1.etcd.mesos', 2380)] and _dns.srv('_other._tcp.etcd.mesos') == []


def test_no_name_server_answers(tmpdir):
    free = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    free.bind(('127.0.0.1', 0))
    port = free.getsockname()[1]
    free.close()
    with pytest.raises(_dns.DnsError, match='127.0.0.1'):
        _dns.srv(NAME, path=str(tmpdir.join('none')), port=port, seconds=0.2)


MANY = [record(0, 0, 2380, label(b'etcd-server-%02d-a1b2c3d4e5f60718-29384756.etcd.mesos' % number)) for number in range(7)]


class Truncating(threading.Thread):
    """Sends some of its records by UDP, with the truncation bit, and by TCP as it is told: all, None (it refuses) or an endless trickle."""

    def __init__(self, kept, stream, edns):
        super(Truncating, self).__init__()
        self.daemon = True
        self.kept, self.stream, self.edns = kept, stream, edns
        self.asked = []
        self.listener = socket.socket()
        self.listener.bind(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(('127.0.0.1', self.port))
        if stream:
            self.listener.listen(5)
            thread = threading.Thread(target=self.serve)
            thread.daemon = True
            thread.start()

    def serve(self):
        while True:
            client = self.listener.accept()[0]
            query = client.recv(4096)
            self.asked.append('tcp')
            whole = answer(struct.unpack_from('!H', query, 2)[0], *MANY)
            whole = struct.pack('!H', len(whole)) + whole
            if self.stream == 'cut':
                client.sendall(whole[:100])
            elif self.stream == 'trickle':
                try:
                    for number in range(len(whole)):
                        client.sendall(whole[number:number + 1])
                        time.sleep(0.1)
                except (OSError, socket.error):
                    pass
            else:
                client.sendall(whole)
            client.close()

    def run(self):
        while True:
            query, client = self.datagrams.recvfrom(4096)
            large = query[10:12] == b'\0\1'
            self.asked.append('edns' if large else 'udp')
            number = struct.unpack_from('!H', query)[0]
            whole = answer(number, *MANY)
            cut = bytearray(answer(number, *MANY[:self.kept]))
            cut[2] |= 0x02
            self.datagrams.sendto(whole if large and self.edns else bytes(cut), client)


@pytest.mark.parametrize('kept', [0, 3])
@pytest.mark.parametrize('stream, edns, asked', [
    ('all', False, ['udp', 'tcp']),
    (None, True, ['udp', 'edns']),
    ('cut', True, ['udp', 'tcp', 'edns']),
    ('trickle', True, ['udp', 'tcp', 'edns']),
    (None, False, None),
])
def test_what_does_not_fit_into_a_datagram_is_asked_for_again(tmpdir, kept, stream, edns, asked):
    server = Truncating(kept, stream, edns)
    server.start()
    tmpdir.join('resolv.conf').write('nameserver 127.0.0.1\n')
    begun = time.time()

    def ask():
        return _dns.srv(NAME, path=str(tmpdir.join('resolv.conf')), port=server.port, seconds=0.5)

    if asked:
        assert len(ask()) == 7 and server.asked == asked
    else:
        with pytest.raises(_dns.DnsError, match='too long for a datagram, and by TCP: .*refused'):
            ask()
    assert time.time() - begun < 10


# ---- what a proxy would find


@pytest.fixture(autouse=True)
def one_host(monkeypatch):
    """Members of these tests are on this host, whose addresses are nobody else's."""
    monkeypatch.setattr(_facts_etcd, 'LOOPBACK', re.compile('(?!)'))


MISSING_KEY = b'HTTP/1.1 404 Not Found\r\nContent-Length: 50\r\n\r\n{"errorCode":100,"message":"Key not found","x":""}'


class Etcd(threading.Thread):
    """Says that it is its cluster's only member, and answers clients as it is told."""

    def __init__(self, keys=MISSING_KEY):
        super(Etcd, self).__init__()
        self.daemon = True
        self.keys = keys
        self.socket = socket.socket()
        self.socket.bind(('127.0.0.1', 0))
        self.socket.listen(5)
        self.port = self.socket.getsockname()[1]
        self.url = 'http://127.0.0.1:%d' % self.port
        self.start()

    def run(self):
        while True:
            client = self.socket.accept()[0]
            request = client.recv(4096)
            body = b'[{"clientURLs":["%s"]}]' % self.url.encode() if b'/members' in request else b'{"etcdserver":"3.3.1"}'
            ok = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body)
            client.sendall(self.keys if b'/v2/keys' in request else ok)
            client.close()


TLS = _facts_etcd.ProxyTls()


def look(peers=(), tls=TLS):
    return _facts_etcd.look_at_members('etcd.mesos', list(peers), tls)


def test_members_found_by_records(name_server):
    etcd = Etcd()
    name_server(record(0, 0, etcd.port, label(b'localhost')))
    found = look()
    assert found['kind'] == 'ok' and found['peers'] == ['http://localhost:%d' % etcd.port] and found['members'] == [etcd.url]


def test_members_that_are_given():
    etcd = Etcd()
    assert look(['http://127.0.0.1:1', etcd.url])['kind'] == 'ok'


def test_no_records(name_server):
    name_server()
    assert look()['kind'] == 'no_records'


def test_no_answer_from_the_name_server(monkeypatch):
    def srv(name):
        raise _dns.DnsError('127.0.0.1: timed out')

    monkeypatch.setattr(_dns, 'srv', srv)
    assert look() == {'kind': 'no_dns', 'peers': [], 'members': [], 'open': [], 'error': '127.0.0.1: timed out'}


@pytest.mark.parametrize('kind, keys', [
    ('v2_off', b'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n404 '),
    ('unreachable', b'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'),
])
def test_members_of_no_use(kind, keys):
    found = look([Etcd(keys).url])
    assert found['kind'] == kind and found['error']


@pytest.mark.parametrize('peer, words', [('http://127.0.0.1:1', 'refused'), ('nonsense', 'not an address')])
def test_members_that_cannot_be_reached(peer, words):
    found = look([peer])
    assert found['kind'] == 'unreachable' and words in found['error']


def test_files_for_tls_that_are_not_there_yet():
    assert look(['https://127.0.0.1:1'], _facts_etcd.ProxyTls('/nowhere/ca', None, None))['kind'] == 'later'


def test_a_member_whose_certificate_is_not_trusted(tls_server, monkeypatch):
    monkeypatch.setattr(_facts_etcd, 'SECONDS', 2)
    assert look([tls_server.base])['kind'] == 'certificate'
