# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import ssl
import threading

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _facts
from ansible_collections.dcos.calico.plugins.module_utils._host import _docker, _facts_dcos, _facts_etcd
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _agent_info

NOT_FOUND = '{"errorCode":100,"message":"Key not found","cause":"/calico","index":4}'


@pytest.mark.parametrize('status, body, found', [
    (200, '{"action":"get","node":{"key":"/calico","dir":true}}', (True, True)),
    (404, NOT_FOUND, (True, True)),
    (404, '404 page not found\n', (False, False)),
    (503, '{"message":"httpproxy: zero endpoints currently available"}', (None, False)),
    (200, '<html>', (False, False)),
    (401, '{"errorCode":110,"message":"The request requires user authentication"}', (True, False)),
    (500, '{"errorCode":300,"message":"Raft Internal Error"}', (True, False)),
])
def test_what_an_answer_means(status, body, found):
    v2, healthy, error = _facts_etcd.interpret(status, body)
    assert (v2, healthy) == found and (error is None) is healthy


@pytest.mark.parametrize('words, whose', [
    ('[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)', 'server'),
    ("hostname '10.0.0.1' doesn't match 'etcd'", 'server'),
    ('[SSL: SSLV3_ALERT_BAD_CERTIFICATE] sslv3 alert bad certificate (_ssl.c:2580)', 'client'),
    ('[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)', 'client'),
    ('[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)', None),
    ('timed out', None),
])
def test_whose_certificate_it_is(words, whose):
    assert _facts_etcd.certificate_trouble(ssl.SSLError(1, words))[0] == whose


class Server(threading.Thread):
    """Answers each connection with the bytes given for its path."""

    def __init__(self, answers, context=None):
        super(Server, self).__init__()
        self.daemon = True
        self.answers = answers
        self.socket = socket.socket()
        self.socket.bind(('127.0.0.1', 0))
        self.socket.listen(5)
        self.url = '%s://127.0.0.1:%d' % ('https' if context else 'http', self.socket.getsockname()[1])
        self.context = context

    def run(self):
        while True:
            try:
                client = self.socket.accept()[0]
            except (OSError, socket.error):
                return
            try:
                client = self.context.wrap_socket(client, server_side=True) if self.context else client
            except (OSError, socket.error):
                client.close()
                continue
            path = client.recv(65536).decode('ascii').split(' ')[1]
            status, body = self.answers[path]
            client.sendall(('HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' % (status, len(body), body)).encode('ascii'))
            client.close()


@pytest.mark.parametrize('keys, healthy, v2', [((404, NOT_FOUND), True, True), ((404, '404 page not found\n'), False, False)])
def test_probe(keys, healthy, v2):
    server = Server({'/v2/keys/calico': keys, '/version': (200, '{"etcdserver":"3.3.1","etcdcluster":"3.3.0"}')})
    server.start()
    found = _facts_etcd.probe(server.url, _facts_etcd.Tls())
    server.socket.close()
    assert (found['reachable'], found['healthy'], found['v2'], found['version'], found['certificate']) == (True, healthy, v2, '3.3.1', None)
    assert found['open'] == (True if v2 else None)


@pytest.mark.parametrize('asks', [True, False])
def test_a_member_with_tls_is_open_unless_it_asks_for_a_certificate(certificate, asks):
    context = ssl.SSLContext(getattr(ssl, 'PROTOCOL_TLS_SERVER', ssl.PROTOCOL_SSLv23))
    context.load_cert_chain(certificate[0])
    if asks:
        context.load_verify_locations(certificate[1])
        context.verify_mode = ssl.CERT_REQUIRED
    server = Server({'/v2/keys/calico': (404, NOT_FOUND), '/version': (200, '{}')}, context)
    server.start()
    found = _facts_etcd.probe(server.url, _facts_etcd.Tls(certificate[1], certificate[0], certificate[0]))
    server.socket.close()
    assert (found['healthy'], found['open']) == (True, not asks)


def test_probe_of_what_is_not_etcd(free_port, tmpdir):
    tls = _facts_etcd.Tls()
    assert 'not an address' in _facts_etcd.probe('http://127.0.0.1', tls)['error']
    assert _facts_etcd.probe('http://127.0.0.1:%d' % free_port, tls)['reachable'] is False
    missing = _facts_etcd.probe('https://127.0.0.1:%d' % free_port, _facts_etcd.Tls(ca=str(tmpdir.join('ca.pem'))))
    assert missing['certificate'] == 'missing'
    path = tmpdir.join('ca.pem')
    path.write('no certificate')
    assert _facts_etcd.probe('https://127.0.0.1:%d' % free_port, _facts_etcd.Tls(ca=str(path)))['certificate'] == 'client'


@pytest.mark.parametrize('config, found', [
    ({}, []),
    ({'dcos_overlay_network': 'nonsense'}, []),
    ({'dcos_overlay_network': '{"vtep_subnet":"44.128.0.0/20","overlays":[{"name":"dcos","subnet":"9.0.0.0/8"}]}'}, ['44.128.0.0/20', '9.0.0.0/8']),
    ({'network': {'overlays': [{'name': 'dcos', 'subnet': '12.0.0.0/8'}, {'name': 'dcos6', 'subnet6': 'fd01:b::/64'}]}}, ['12.0.0.0/8']),
])
def test_overlays(config, found):
    assert [item['subnet'] for item in _facts_dcos.overlay_of(config)] == found


@pytest.mark.parametrize('text, commandline, managed', [
    (None, [], True), ('{"iptables": false}', [], False), ('{"iptables": true}', ['dockerd', '--iptables=false'], False), ('[', ['dockerd'], True)])
def test_docker_settings(text, commandline, managed):
    assert _facts.docker_settings(text, commandline) == {'iptables': managed}


@pytest.mark.parametrize('line, name, found', [
    ('kernel/net/netfilter/xt_set.ko', 'xt_set', True), ('kernel/net/netfilter/xt_set.ko.xz: kernel/net/x.ko', 'xt_set', True),
    ('kernel/net/netfilter/xt-set.ko.gz:', 'xt_set', True), ('kernel/net/netfilter/xt_setctsid.ko:', 'xt_set', False)])
def test_lists_of_modules(line, name, found):
    assert _agent_info.listed('kernel/a.ko:\n%s\nkernel/b.ko:\n' % line, name) is found


@pytest.mark.parametrize('first, second, same', [
    ('calico/node:v2.6.6', 'docker.io/calico/node:v2.6.6', True), ('busybox', 'library/busybox:latest', True),
    ('quay.io/calico/node:v2.6.6', 'calico/node:v2.6.6', False), ('host:5000/x', 'host:5000/x:latest', True)])
def test_references(first, second, same):
    assert _docker.same_reference(first, second) is same


@pytest.mark.parametrize('answer, found', [
    ('10.0.2.10', '10.0.2.10'),
    ('', 'answered nothing'),
    ('127.0.1.1', 'answered 127.0.1.1, which is an address that leads each host to itself'),
    ('0.0.0.0', 'which is no address of a host'),
    ('169.254.10.1', 'which is a link-local address'),
    ('10.0.2.300', 'which is no address'),
    ('10.0.2.10 10.0.3.10', "answered '10.0.2.10 10.0.3.10'"),
])
def test_detect_ip(tmpdir, answer, found):
    script = tmpdir.join('detect_ip')
    script.write('#!/bin/sh\necho %s\n' % answer)
    script.chmod(0o755)
    detected = _facts_dcos.detect_ip(str(script))
    assert detected == {'ip': found, 'error': None} if found == answer else detected['ip'] is None and found in detected['error']


@pytest.mark.parametrize('urls, asked, kind', [
    (['http://localhost:2379'], [], 'loopback'),
    (['http://127.0.0.1:2379', 'http://localhost:2379'], [], 'loopback'),
    (['http://[::1]:2379', 'http://0.0.0.0:2379'], [], 'loopback'),
    (['http://localhost:2379', 'http://10.0.0.1:2379'], ['http://10.0.0.1:2379'], 'ok'),
    (['http://localhost.example.com:2379'], ['http://localhost.example.com:2379'], 'ok'),
    ([], [], 'unreachable'),
])
def test_members_that_send_each_host_to_itself_are_not_asked_there(monkeypatch, urls, asked, kind):
    seen = []

    def probe(url, tls):
        seen.append(url)
        return {'endpoint': url, 'healthy': True, 'open': False}

    monkeypatch.setattr(_facts_etcd, 'ask', lambda peer, tls: urls)
    monkeypatch.setattr(_facts_etcd, 'probe', probe)
    found = _facts_etcd.look_at_members(None, ['http://10.0.0.1:2380'], _facts_etcd.ProxyTls())
    assert (found['kind'], seen) == (kind, asked)
