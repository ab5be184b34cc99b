# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import subprocess

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _keys


def openssl(*argv):
    return subprocess.check_output(('openssl',) + argv, stderr=subprocess.STDOUT).decode()


@pytest.mark.parametrize('kind, size', [('rsa', 2048), ('rsa', 3072), ('ecdsa', 256), ('ecdsa', 384), ('ecdsa', 521)])
def test_a_key_is_what_was_asked_for(tmpdir, kind, size):
    path = tmpdir.join('key')
    path.write('')
    path.chmod(0o600)
    _keys.make(kind, size, str(path))
    assert path.stat().mode & 0o7777 == 0o600
    public, why = _keys.public_key_of(str(path))
    assert why is None and (public.kind, public.size) == (kind, size)
    text, dummy = _keys.public_key_of_text(path.read())
    certificate, dummy = _keys.public_key_of_certificate(openssl('req', '-x509', '-new', '-key', str(path), '-subj', '/CN=x'))
    assert public.sha256 == text.sha256 == certificate.sha256


def test_the_sum_is_that_of_the_public_key(tmpdir):
    path = str(tmpdir.join('key'))
    _keys.make('ecdsa', 256, path)
    openssl('pkey', '-in', path, '-pubout', '-outform', 'DER', '-out', path + '.der')
    assert openssl('dgst', '-sha256', path + '.der').split()[-1] == _keys.public_key_of(path)[0].sha256


def test_fingerprints_are_those_of_openssl(tmpdir):
    path = tmpdir.join('pem')
    _keys.make('ecdsa', 256, str(tmpdir.join('key')))
    openssl('req', '-x509', '-new', '-key', str(tmpdir.join('key')), '-subj', '/CN=x', '-out', str(path))
    said = openssl('x509', '-noout', '-fingerprint', '-sha256', '-in', str(path)).partition('=')[2].strip().replace(':', '').lower()
    damaged = '-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n'
    assert _keys.fingerprints('words\n' + path.read() + damaged) == [said, None] and _keys.fingerprints('') == []


@pytest.mark.parametrize('argv, kind, size', [
    (('genrsa', '-out', '{0}', '1024'), 'rsa', 1024),
    (('genpkey', '-algorithm', 'ed25519', '-out', '{0}'), None, 0),
    (('ecparam', '-name', 'secp256k1', '-genkey', '-noout', '-out', '{0}'), 'ecdsa', 0),
])
def test_other_keys_are_known_for_what_they_are(tmpdir, argv, kind, size):
    path = str(tmpdir.join('key'))
    openssl(*[word.format(path) for word in argv])
    public, why = _keys.public_key_of(path)
    assert why is None and (public.kind, public.size) == (kind, size) and str(public) == ('%s %d' % (kind, size) if kind else 'of another type')


def test_a_key_with_a_passphrase_is_not_asked_for(tmpdir):
    path = str(tmpdir.join('key'))
    openssl('genrsa', '-aes128', '-passout', 'pass:hunter2', '-out', path, '2048')
    public, why = _keys.public_key_of(path)
    assert public is None and why and 'hunter2' not in why


def test_no_key_at_all(tmpdir):
    tmpdir.join('key').write('nonsense')
    assert _keys.public_key_of(str(tmpdir.join('key')))[0] is None


@pytest.mark.parametrize('pem', ['', 'x', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----',
                                 '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0C\n-----END PUBLIC KEY-----'])
def test_damaged_public_keys(pem):
    with pytest.raises(ValueError):
        _keys.parse_public_key(pem)


@pytest.mark.parametrize('given, desired', [
    (['B1.Example.COM', 'b1.example.com'], ['b1.example.com']),
    (['localhost', '10.0.0.21', '127.0.0.1'], ['10.0.0.21', '127.0.0.1', 'localhost']),
    (['2001:DB8:0:0::1'], ['2001:db8::1']),
    (['*.marathon.mesos', '_etcd._tcp.mesos'], ['*.marathon.mesos', '_etcd._tcp.mesos']),
    ([' a1 '], ['a1']),
])
def test_hosts(given, desired):
    assert _keys.check_hosts(given) == desired


@pytest.mark.parametrize('name', ['', 'a b', '10.0.0', '300.1.1.1', 'a..b', 'a$b', '-a', 'a,DNS:b', 'x' * 254, 'http://a'])
def test_hosts_that_cannot_be(name):
    with pytest.raises(ValidationError, match='cannot stand in a certificate'):
        _keys.check_hosts([name])


@pytest.mark.parametrize('common_name, subject', [
    ('', {}), ('x' * 65, {}), ('a$HOME', {}), ('a\nb', {}), ('a#b', {}), ('a\\b', {}), ('"a"', {}), (' a', {}), ('a ', {}), (u'\xe4', {}),
    ('a', {'country': 'USA'}), ('a', {'organization': 'x;y'}),
])
def test_subjects_that_cannot_be(common_name, subject):
    with pytest.raises(ValidationError):
        _keys.check_subject(common_name, subject)


def test_a_request_says_what_was_asked_for(tmpdir):
    path = str(tmpdir.join('key'))
    _keys.make('rsa', 2048, path)
    subject = {'organization': 'system:masters', 'country': 'DE', 'organizational_unit': 'R & D (net), a=b/c'}
    config = _keys.request_config('system:node:a1', ['10.0.0.21', '2001:db8::1', 'a1.example.com'], subject)
    text = openssl('req', '-noout', '-verify', '-text', '-in', str(write(tmpdir, _keys.request(path, config))))
    assert 'DNS:a1.example.com' in text and 'IP Address:10.0.0.21' in text and 'IP Address:2001:DB8:0:0:0:0:0:1' in text
    for words in ('CN = system:node:a1', 'O = system:masters', 'C = DE', 'a=b/c'):
        assert words.replace(' ', '') in text.replace(' ', '')


def test_a_request_without_hosts(tmpdir):
    path = str(tmpdir.join('key'))
    _keys.make('ecdsa', 521, path)
    text = openssl('req', '-noout', '-text', '-in', str(write(tmpdir, _keys.request(path, _keys.request_config('calico', [], {})))))
    assert 'Subject Alternative Name' not in text and 'ecdsa-with-SHA256' in text


def write(tmpdir, text):
    path = tmpdir.join('request')
    path.write(text)
    return path


def test_what_openssl_knew_in_2015_is_enough():
    """1.0.2, of CentOS 7: no -addext, no -nodes for pkey, and not more than these."""
    known = {'pkey': {'-in', '-pubout', '-passin'}, 'x509': {'-noout', '-pubkey'}, 'genrsa': {'-out'},
             'ecparam': {'-name', '-genkey', '-noout', '-out'}, 'req': {'-new', '-batch', '-sha256', '-key', '-passin', '-config'}}
    seen = []

    def run(argv, *args, **more):
        seen.append(argv)
        raise StopIteration

    original, _keys._command.run = _keys._command.run, run
    try:
        for call in (lambda: _keys.public_key_of('k'), lambda: _keys.public_key_of_text('k'), lambda: _keys.public_key_of_certificate('k'),
                     lambda: _keys.make('rsa', 2048, 'k'), lambda: _keys.make('ecdsa', 256, 'k'), lambda: _keys.request('k', 'c')):
            with pytest.raises(StopIteration):
                call()
    finally:
        _keys._command.run = original
    assert all(set(word for word in argv[2:] if word.startswith('-')) <= known[argv[1]] for argv in seen) and len(seen) == 6
