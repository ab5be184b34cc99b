# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd, _processes
from ansible_collections.dcos.calico.plugins.module_utils._host._etcd import Tls

# What systemd 219 knows (systemd.unit(5), systemd.service(5), systemd.exec(5) of that version), as far as units of this collection may use it
KNOWN_IN_219 = set('''Description Wants After Type User EnvironmentFile ExecStartPre ExecStart Restart RestartSec StartLimitInterval LimitNOFILE
                      PrivateTmp ProtectSystem NoNewPrivileges CapabilityBoundingSet PrivateDevices ProtectHome WantedBy'''.split())


@pytest.mark.parametrize('more', [{}, {'environment_file': '/etc/x.env', 'notify': False, 'before': ['/bin/true', '/bin/false']}])
def test_a_unit_file_is_for_systemd_219(more):
    text = _etcd.unit_text('etcd_proxy', 'etcd', 'calico-etcd', ['/opt/etcd', '--a=b', '--c'], **more).replace('\\\n', '')
    keys = re.findall(r'^(\w+)=', text, re.MULTILINE)
    assert set(keys) <= KNOWN_IN_219
    assert not re.search(r'^Exec\w+=[+!:]', text, re.MULTILINE)
    service = text.split('[Service]')[1].split('[Install]')[0]
    assert 'StartLimitInterval=0' in service and 'Restart=always' in service
    assert re.search(r'^ExecStart=/opt/etcd +--a=b +--c$', service, re.MULTILINE)
    assert ('EnvironmentFile=-/etc/x.env' in service) == bool(more)
    for line in ('NoNewPrivileges=true', 'CapabilityBoundingSet=', 'PrivateDevices=true', 'PrivateTmp=true', 'ProtectSystem=full', 'ProtectHome=true'):
        assert line in service.splitlines()


def test_a_service_with_a_path_in_a_home_sees_homes():
    assert 'ProtectHome' not in _etcd.unit_text('etcd_proxy', 'etcd', 'calico-etcd', ['/opt/etcd', '--data-dir=/home/etcd/data'])


def test_flags_of_a_proxy():
    plain = _etcd.proxy_flags('/d', ['http://127.0.0.1:2379', 'http://[::1]:2379'], 'etcd.mesos', [], Tls(), Tls())
    assert plain == ['--proxy=on', '--data-dir=/d', '--listen-client-urls=http://127.0.0.1:2379,http://[::1]:2379', '--discovery-srv=etcd.mesos']
    tls = _etcd.proxy_flags('/d', ['http://127.0.0.1:2379'], 'unused', ['https://a:2380', 'https://b:2380'], Tls(), Tls('/ca', '/cert', '/key'))
    assert tls[3:] == ['--initial-cluster=member1=https://a:2380,member2=https://b:2380', '--peer-trusted-ca-file=/ca', '--peer-cert-file=/cert',
                       '--peer-key-file=/key']


def test_members_ask_for_certificates_where_they_know_a_ca():
    assert _etcd.tls_flags(Tls('/ca', '/c', '/k'), Tls(), verify=True)[-1] == '--client-cert-auth'
    assert '--client-cert-auth' not in _etcd.tls_flags(Tls(None, '/c', '/k'), Tls(), verify=True)


@pytest.mark.parametrize('url', [
    'http://127.0.0.1', '127.0.0.1:2379', 'http://a:2379/', 'http://a:0', 'http://a:65536', 'http://a b:1', 'ftp://a:1', 'http://%a:1', '',
])
def test_what_is_no_url_of_etcd(url):
    with pytest.raises(ValidationError):
        _etcd.check_url(url, 'It')


@pytest.mark.parametrize('url, expected', [
    ('http://127.0.0.1:2379', 'http://127.0.0.1:2379'),
    ('https://0.0.0.0:1', 'https://127.0.0.1:1'),
    ('http://[::]:1', 'http://[::1]:1'),
    ('http://[fd00::1]:1', 'http://[fd00::1]:1'),
])
def test_where_a_host_reaches_itself(url, expected):
    assert _etcd.local_url(url) == expected


@pytest.mark.parametrize('path', ['relative', '/', '/a/../b', '/a b', '/a%b', '/$HOME', '/a"b', "/a'b", '/a\nb', '/a;b'])
def test_paths_that_a_unit_file_would_change(path):
    with pytest.raises(ValidationError):
        _etcd.check_path(path, 'data_dir')


# Bodies as the lab's etcd 3.3 gave them
@pytest.mark.parametrize('status, body, kind', [
    (200, '{"action":"get","node":{"dir":true}}', 'ok'),
    (404, '{"errorCode":100,"message":"Key not found","cause":"/x","index":5}', 'ok'),
    (401, '{"errorCode":110,"message":"The request requires user authentication"}', 'ok'),
    (404, '404 page not found\n', 'v2_off'),
    (503, '{"message":"httpproxy: zero endpoints currently available"}', 'no_members'),
    (502, '{"message":"httpproxy: unable to get response from 1 endpoint(s)"}', 'no_members'),
    (500, '{"errorCode":300,"message":"Raft Internal Error"}', 'other'),
    (200, '<html>hello</html>', 'other'),
    (200, '[]', 'other'),
    (200, '', 'other'),
])
def test_answers(status, body, kind):
    assert _etcd.classify(status, body).kind == kind


@pytest.mark.parametrize('status, body, ok', [
    (200, '{"health":"true"}', True), (200, '{"health": true}', True), (503, '{"health":"false"}', False), (200, '{"health":"false"}', False),
])
def test_health(status, body, ok):
    assert _etcd.classify_health(status, body).ok == ok


@pytest.mark.parametrize('journal, words', [
    ('error setting up initial cluster: error querying DNS SRV records for _etcd-server._tcp.etcd.mesos: lookup: no such host', 'no SRV records'),
    ('listen tcp 127.0.0.1:2379: bind: address already in use', 'port is taken'),
    ('could not get cluster response from https://a:2380: remote error: tls: bad certificate | could not retrieve cluster information', 'TLS'),
    ('open /var/lib/x: permission denied', 'may not read'),
    ('could not retrieve cluster information from the given urls', 'no etcd member can be reached'),
    ('all is well', None),
])
def test_reasons(journal, words):
    reason, remedy = _etcd.explain(journal)
    assert (words is None and reason is None and remedy is None) or (words in reason and remedy)


@pytest.mark.parametrize('text, urls', [
    (None, []), ('', []), ('not json', []), ('[]', []), ('{"PeerURLs":null}', []), ('{"PeerURLs":["http://b:1","http://a:1"]}', ['http://a:1', 'http://b:1']),
])
def test_members_that_a_proxy_noted(text, urls):
    assert _etcd.peer_urls(text) == urls


@pytest.mark.parametrize('desired, has_data, noted, expected', [
    (None, False, None, 'new'), (None, False, 'new', 'new'), (None, True, None, 'existing'), (None, True, 'new', 'existing'),
    ('new', True, 'existing', 'existing'),
    ('existing', False, None, 'existing'), ('existing', False, 'existing', 'existing'), ('new', False, 'existing', 'new'),
])
def test_what_etcd_is_told_at_its_first_start(desired, has_data, noted, expected):
    assert _etcd.cluster_state(desired, has_data, noted, 'm1', '/d') == expected


def test_lost_data():
    with pytest.raises(CalicoError) as error:
        _etcd.cluster_state(None, False, 'existing', 'm1', '/d')
    assert 'member add' in str(error.value)


@pytest.mark.parametrize('argv, role', [
    (['./etcd-v3.3.1-linux-amd64/etcd', '--proxy=on', '--discovery-srv=etcd.mesos'], 'proxy'),
    (['etcd', '-proxy', 'on'], 'proxy'),
    (['etcd', '--proxy=readonly'], 'proxy'),
    (['etcd', '--proxy=off'], 'member'),
    (['etcd', '--proxy'], 'member'),
    (['etcd', '--name', 'a'], 'member'),
    (['/usr/bin/etcdctl', 'watch'], None),
    (['nginx'], None),
    ([], None),
])
def test_what_an_etcd_is_by_its_command_line(argv, role):
    assert _etcd.role_of(argv) == role


TASK = 'RunEtcdProxy-0B6E6E2C-93F3-4C5E-8D2B-3F1A7C9E5D10'


@pytest.mark.parametrize('argv, more, words', [
    (['etcd', '--proxy=on'], {}, None),
    (['etcd', '--proxy=on'], {'unit': 'own-etcd.service'}, None),
    (['etcd', '--proxy=on'], {'started_by': 'supervisord.service'}, 'supervisord.service has started it'),
    (['etcd', '--proxy=on'], {'keeper': 'docker'}, 'remove its container'),
    (['etcd', '--proxy=on'], {'keeper': 'mesos'}, 'task of Mesos'),
    (['etcd', '--proxy=on'], {'keeper': 'mesos', 'task': 'web.0b6e6e2c-93f3'}, 'task of Mesos'),
    (['etcd', '--proxy=on'], {'keeper': 'mesos', 'task': TASK}, None),
    (['etcd'], {'keeper': 'mesos', 'task': TASK}, 'task of Mesos'),
    (['etcd', '--proxy=on'], {'keeper': 'docker', 'task': TASK}, 'remove its container'),
    (['etcd'], {}, 'calico_etcd_proxy'),
    (['nginx'], {}, 'no etcd'),
    ([], {}, 'no etcd'),
])
def test_what_is_not_replaced_says_what_to_do(argv, more, words):
    remedy = _etcd.keeps_port(_processes.Process(1, 'etcd', argv, **more))
    assert remedy is None if words is None else words in remedy
