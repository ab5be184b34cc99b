# -*- coding: utf-8 -*-
"""Secrets planted wherever people, tools and systems write them, and what is to stay readable beside them."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import json
import os
import random
import string

import pytest

from ansible_collections.dcos.calico.plugins.module_utils import _redact
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
    u'bindpw=%s', u'DB_PW: %s', u'sshpass -p %s ssh a', u'mysql -u root -p%s', u'curl -uadmin:%s http://x/', u'root:%s@tcp(10.0.0.1:3306)/db',
    u'https://x.example/a?sv=1&sig=%s', u'X-Amz-Signature=%s', u'ROOT_KEY=%s', u'encrypt_key: %s', u'AccountKey=%s;', u'secret=a b %s', u'TOKEN=a %s next=1',
    u'--secret=a %s --next', u"argv ['--token', '%s', '--next']", u'"secret","%s"', u'token->%s', u'the token is %s', u'API key: %s', u'passcode %s',
    u'%%22token%%22%%3A%%22%s%%22', u'%%2522token%%2522%%253A%%2522%s%%2522', u'token&quot;:&quot;%s&quot;', u'token\\u003d%s', u'SECRET=\\\n%s',
    u'type=EXECVE msg=audit(1.2:3): argc=3 a0="mysql" a1="-p%s"', u'audit: type=1327 audit(1.2:3): proctitle=%s',
    u'k8s_auth_token: %s', u'set_password(%s)', u'x-api-key: %s', u'password "%s";', u'redis://:%s@cache/0', u'Nov 29 06:00:01 agent1 app[7]: passphrase %s',
]
BLOCKS = [
    u'password:\n  %s\nb: 2\n', u'"password":\n   "%s"\n', u'tokens:\n- %s\nb: 2\n', u'secrets:\n  a: %s\n  b: more\nb: 2\n',
    u'-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n%s\n=short==\n-----END PGP PRIVATE KEY BLOCK-----\n',
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
    u'http://10.0.0.1:2379 answered, see http://docs.example/a', u'iptables lock disabled.', u'{"action":"pass","source":{"tag":"a"}}',
    u'calico/node:v2.6.6@sha256:b86f0b1a3ddd03af333ecdce9b1ab93245cd2803e01ee2dcac4034465a0d3d22',
    u'mesos-4c2e9a8b-1111-2222-3333-444455556666-S1_app-instance-b2f5d9e1-0a0b-11ea-9d44-0242ac110002',
    u'Basic setup of bearer nodes done',
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


def test_a_block_is_one_line_afterwards():
    assert _redact.text(u'a: 1\npassword: |\n  x\n  y\nb: 2\n') == u'a: 1\npassword [redacted]\nb: 2\n'
    assert _redact.text(u'a: 1\n  my_key: >-\n    x\n  b: 2\n') == u'a: 1\n  my_key: [redacted]\n  b: 2\n'


def test_a_secret_alone_on_its_line_is_known_by_its_look():
    dice = random.Random(1)
    for size in (30, 48, 90, 900):
        octets = bytes(bytearray(dice.getrandbits(8) for dummy in range(size)))
        for secret in (base64.b64encode(octets).decode('ascii'), base64.urlsafe_b64encode(octets).decode('ascii')):
            assert secret not in _redact.text(u'x ' + secret)
    for secret in (u'eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOiJhIn0.c2lnbmF0dXJl', u'AKIAIOSFODNN7EXAMPLE', u'$6$salt$hashhash', u'ghp_0123456789abcdefghijABCDEFGHIJ',
                   u'AIzaSyA1234567890abcdefghijklmnopqrstuv', u'glpat-abcdefghijklmnop1234', u'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
                   u'github_pat_11ABCDEFG0123456789abcdefgh', u'https://hooks.slack.com/services/T000/B000/XXXXXXXX'):
        assert secret not in _redact.text(u'found ' + secret)


@pytest.mark.parametrize('line', KEPT)
def test_what_is_needed_stays(line):
    assert _redact.text(line) == line


def test_the_lines_of_a_key_whose_beginning_was_cut_off():
    for secret in SECRETS:
        found = _redact.text(u'-----x\n' * 120 + u'%s\nshort==\n-----END PRIVATE KEY-----\nafter\n' % secret)
        assert secret not in found and 'short==' not in found and found.startswith(u'-----x\n') and found.endswith(u'after\n')


@pytest.mark.parametrize('line', [u'pass', u'a=', u'-', u'-----BEGIN PRIVATE KEY-----', u'-----END PRIVATE KEY-----\n', u'http://', u'"', u'name: ',
                                  u'A', u'\n', u' ', u'password: |\n', u'--token', u'user:a@', u'token\\',
                                  u'token \\\n', u'password:\n ', u'mysql ', u'a:b', u'"token",', u'token= a', u'\\'])
def test_no_text_takes_long(line):
    """It is looked through once: ten times the text takes about ten times as long, not a hundred times."""
    def seconds(size):
        start = sum(os.times()[:2])  # of the processor, so that a busy machine counts for nothing
        _redact.text(line * (size // len(line)))
        return sum(os.times()[:2]) - start
    assert seconds(30000) < 40 * max(seconds(3000), 0.02)


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


def test_arguments_of_a_process():
    redactor = Redactor()
    assert redactor.data(['etcd', '--auth-token', u'planted-1', '--token', '--name', 'x']) == ['etcd', '--auth-token', HIDDEN, '--token', '--name', 'x']
    assert redactor.scrub(u'a planted-1') == u'a ' + HIDDEN


def test_only_allowed_names_are_shown():
    found = Redactor().data({'name': 'calico', 'strange': u'planted', 'ipam': {'type': 'x', 'other': [u'planted']}}, {'name', 'ipam', 'type'})
    assert found == {'name': 'calico', 'strange': NOT_SHOWN, 'ipam': {'type': 'x', 'other': NOT_SHOWN}}


def test_what_was_learned_is_found_in_other_spellings():
    redactor = Redactor([u'a"b/c d\u00e9'])
    for form in (u'a"b/c d\u00e9', u'a\\"b/c d\\u00e9', u'a\\"b/c d\u00e9', u'a%22b%2Fc%20d%C3%A9', u'a%22b/c+d%c3%a9', u'a%2522b%252Fc%2520d%25C3%25A9',
                 u'a\\\\\\"b\\/c d\\\\u00e9', u'a&quot;b/c d\u00e9', u'a\\x22b/c d\\xc3\\xa9'):
        assert redactor.scrub(u'x %s y' % form) == u'x %s y' % HIDDEN
    for before in (u'', u'u:', u'us:', u'user:'):
        for after in (u'', u'.', u'..'):
            found = redactor.scrub(u'Basic ' + base64.b64encode((before + u'a"b/c d\u00e9' + after).encode('utf-8')).decode('ascii'))
            assert HIDDEN in found and len(found) < len(u'Basic ' + HIDDEN) + 18
    redactor.learn([u'more-and-more'])
    assert redactor.scrub(u'more-and-more') == HIDDEN


@pytest.mark.parametrize('word', [u'true', u'none', u'12345', u'short', u'/etc/calico/key', u'default', u'calico', u''])
def test_what_every_text_has_is_not_learned(word):
    assert Redactor([word]).scrub(u'x %s y' % word) == u'x %s y' % word


def test_json_and_what_is_none():
    redactor = Redactor()
    assert json.loads(redactor.json(u'{"password": "planted-1"}')) == {'password': HIDDEN}
    assert redactor.json(u'root:planted:1') == NOT_SHOWN + u': no JSON, 14 characters\n'
