# -*- coding: utf-8 -*-
"""Secrets planted wherever people, tools and systems write them, and what is to stay readable beside them."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import json
import random
import string

import pytest

from ansible_collections.dcos.calico.plugins.module_utils import _redact
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import now
from ansible_collections.dcos.calico.plugins.module_utils._redact import HIDDEN, NOT_SHOWN, Redactor

# %s is the secret.
PLACES = [
    u'password=%s', u'password: %s', u'Password = %s', u'the password is %s', u'DB_PASS=%s', u'dbPass=%s', u'ETCD_PASSWORD=%s next=1',
    u'{"password": "%s"}', u'{"password":"%s","a":1}', u"{u'password': u'%s'}", u'{\\"token\\":\\"%s\\"}', u'secret: "%s"', u"token => '%s'",
    u'level=info msg="auth failed" token=%s', u'Authorization: token=%s', u'Authorization: Bearer %s', u'authorization: Basic %s',
    u'curl -u admin:%s http://x/',
    u'curl --user admin:%s http://x/', u'tool --password %s --other x', u'tool --token=%s', u'tool --api-key %s', u'http://user:%s@10.0.0.1:2379',
    u'ETCD_ENDPOINTS=https://root:%s@a:2379,https://b:2379', u'proxy http://%s@proxy:3128 is used', u'"HTTPS_PROXY=http://me:%s@proxy:3128"',
    u'Parsed value for EtcdPassword: %s (from environment variable)', u'environment { variables { name: "DB_PASSWORD" value: "%s" } }',
    u'{"name": "API_TOKEN", "value": "%s"}', u'client-key-data: %s', u'Cookie: session=%s', u'private_key = %s', u'passwd %s', u'AWS_SECRET_ACCESS_KEY=%s',
    u'k8s_auth_token: %s', u'set_password(%s)', u'x-api-key: %s', u'password "%s";', u'redis://:%s@cache/0', u'Nov 29 06:00:01 agent1 app[7]: passphrase %s',
]
BLOCKS = [
    u'a: 1\npassword: |\n  %s\n  more\nb: 2\n', u'- token: >-\n    %s\n- b: 2\n',
    u'-----BEGIN RSA PRIVATE KEY-----\n%s\nshort==\n-----END RSA PRIVATE KEY-----\n',
    u'"key": "-----BEGIN PRIVATE KEY-----\\n%s\\n-----END PRIVATE KEY-----\\n"',
    u'Nov 29 app[1]: -----BEGIN EC PRIVATE KEY-----\nNov 29 app[1]: %s\nNov 29 app[1]: -----END EC PRIVATE KEY-----\n',
]
KEPT = [
    u'2026-11-29 06:35:26.039 [INFO][82] felix.go 262: Using internal dataplane driver.',
    u'sha256:b86f0b1a3ddd03af333ecdce9b1ab93245cd2803e01ee2dcac4034465a0d3d22 /opt/calico/bin/calico',
    u'ETCD_KEY_FILE=/etc/calico/certs/key.pem ETCD_CERT_FILE=/etc/calico/certs/cert.pem', u'token-file=/run/token',
    u'-A cali-FORWARD -i cali+ -m comment --comment "cali:vjrMJCRpqwy5oRoX" -j cali-from-wl-dispatch',
    u'/var/lib/docker/containers/ddd5e628a9745210ef2cd4e63ab7146df057eef7dd562d4de099e7c49c94b47f/config', u'IptablesMarkPass:0x2000000, x',
    u'192.168.0.0/26 via 10.0.2.11 dev eth0 proto bird', u'/var/lib/mesos/slave/slaves/4c2e9a8b-1111-2222-3333-444455556666-S1/frameworks',
    u'http://10.0.0.1:2379 answered, see http://docs.example/a', u'iptables lock disabled.', u'Basic setup of bearer nodes done',
]


def secrets():
    """Of many looks, the same in each run; none has what ends a word."""
    dice = random.Random(20261129)
    for alphabet in (string.ascii_letters + string.digits, string.digits + 'abcdef', string.ascii_letters + string.digits + '!#$%*+-./?_~|',
                     u'äöüßéλ' + string.ascii_letters):
        for size in (8, 12, 33, 64):
            yield u''.join(dice.choice(alphabet) for dummy in range(size - 2)) + u'Z7'


SECRETS = list(secrets())


@pytest.mark.parametrize('place', PLACES)
def test_a_secret_is_in_no_text(place):
    for secret in SECRETS:
        text = u'before\n%s\nafter\n' % (place % secret)
        found = _redact.text(text)
        assert secret not in found and HIDDEN in found, text
        assert found.startswith(u'before\n') and found.endswith(u'\nafter\n') and _redact.text(found) == found


@pytest.mark.parametrize('block', BLOCKS)
def test_a_secret_of_several_lines_is_in_no_text(block):
    for secret in SECRETS:
        found = _redact.text(u'before\n' + block % secret)
        assert secret not in found and 'more' not in found and 'short==' not in found and found.startswith(u'before\n')
    assert block.count('b: 2') == found.count('b: 2') and block.count('after') == found.count('after')


def test_a_secret_alone_on_its_line_is_known_by_its_look():
    dice = random.Random(1)
    for size in (30, 48, 90):
        secret = base64.b64encode(bytes(bytearray(dice.getrandbits(8) for dummy in range(size)))).decode('ascii')
        assert secret not in _redact.text(u'x ' + secret)
    for secret in (u'eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOiJhIn0.c2lnbmF0dXJl', u'AKIAIOSFODNN7EXAMPLE', u'$6$salt$hashhash', u'ghp_0123456789abcdefghijABCDEFGHIJ'):
        assert secret not in _redact.text(u'found ' + secret)


@pytest.mark.parametrize('line', KEPT)
def test_what_is_needed_stays(line):
    assert _redact.text(line) == line


def test_the_lines_of_a_key_whose_beginning_was_cut_off():
    for secret in SECRETS:
        found = _redact.text(u'-----x\n' * 120 + u'%s\nshort==\n-----END PRIVATE KEY-----\nafter\n' % secret)
        assert secret not in found and 'short==' not in found and found.startswith(u'-----x\n') and found.endswith(u'after\n')


@pytest.mark.parametrize('line', [u'pass', u'a=', u'-', u'-----BEGIN PRIVATE KEY-----', u'-----END PRIVATE KEY-----\n', u'http://', u'"', u'name: ',
                                  u'A', u'\n', u' ', u'password: |\n', u'--token', u'user:a@'])
def test_no_text_takes_long(line):
    """It is looked through once: ten times the text takes about ten times as long, not a hundred times."""
    def seconds(size):
        start = now()
        _redact.text(line * (size // len(line)))
        return now() - start
    assert seconds(30000) < 40 * max(seconds(3000), 0.01)


def test_data_hides_by_names_and_learns():
    redactor = Redactor()
    data = {'a': {'auth_token': u'planted-1', 'list': [{'name': 'DB_PASSWORD', 'value': u'planted-2'}, 'x=1']}, 'token_file': '/run/token', 'number': 7,
            'password': {'deep': [u'planted-3', 42]}, 'etcd_key': '/etc/key', 'client_key': u'planted-4', 'url': u'http://u:planted-5@h:1',
            u'password=planted-6': 1}
    found = redactor.data(data)
    assert 'planted' not in json.dumps(found)
    assert found['token_file'] == '/run/token' and found['number'] == 7 and found['a']['list'][1] == 'x=1' and found['etcd_key'] == '/etc/key'
    text = u' '.join('planted-%d' % number for number in range(1, 6))
    assert redactor.scrub(text) == ' '.join([HIDDEN] * 5)


def test_only_allowed_names_are_shown():
    found = Redactor().data({'name': 'calico', 'strange': u'planted', 'ipam': {'type': 'x', 'other': [u'planted']}}, {'name', 'ipam', 'type'})
    assert found == {'name': 'calico', 'strange': NOT_SHOWN, 'ipam': {'type': 'x', 'other': NOT_SHOWN}}


def test_what_was_learned_is_found_in_other_spellings():
    redactor = Redactor([u'a"b/c d\u00e9'])
    for form in (u'a"b/c d\u00e9', u'a\\"b/c d\\u00e9', u'a\\"b/c d\u00e9', u'a%22b%2Fc%20d%C3%A9'):
        assert redactor.scrub(u'x %s y' % form) == u'x %s y' % HIDDEN
    redactor.learn([u'more-and-more'])
    assert redactor.scrub(u'more-and-more') == HIDDEN


@pytest.mark.parametrize('word', [u'true', u'none', u'12345', u'short', u'/etc/calico/key', u'default', u'calico', u''])
def test_what_every_text_has_is_not_learned(word):
    assert Redactor([word]).scrub(u'x %s y' % word) == u'x %s y' % word


def test_json_and_what_is_none():
    redactor = Redactor()
    assert json.loads(redactor.json(u'{"password": "planted-1"}')) == {'password': HIDDEN}
    assert redactor.json(u'root:planted:1') == NOT_SHOWN + u': no JSON, 14 characters\n'
