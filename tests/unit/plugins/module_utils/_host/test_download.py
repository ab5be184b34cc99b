# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import hashlib
import os
import time
import zlib

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _download

BODY = b'\x7fELF' + b'calico' * 40000
SUM = hashlib.sha256(BODY).hexdigest()
PAGE = b'<!DOCTYPE html>\n<html><body>Please log in</body></html>'


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_download, 'PAUSES', (0, 0, 0))
    for name in ('http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'all_proxy'):
        monkeypatch.delenv(name, raising=False)


def fetch(tmpdir, url, sha256=SUM, **options):
    path = tmpdir.join('got')
    options.setdefault('allow_http', True)
    with open(str(path), 'wb') as handle:
        _download.fetch(url, sha256, handle, str(path), _download.Options(**options))
    return path.read_binary()


@pytest.mark.parametrize('bad', [
    [],
    [dict(status=503)],
    [dict(status=500), dict(status=429), dict(status=502)],
    [dict(body=BODY, cut=70000)],
    [dict(body=BODY, cut=0), dict(body=b'', status=504)],
])
def test_what_may_go_by_is_tried_again_and_leaves_no_rest(tmpdir, file_server, answer, bad):
    url, sha256 = file_server.serve('/f', *([answer(**one) for one in bad] + [BODY]))
    assert fetch(tmpdir, url, sha256) == BODY
    assert len(file_server.requests) == len(bad) + 1


@pytest.mark.parametrize('answers, requests, words', [
    ([dict(body=b'gone', status=404)], 1, ['could not be fetched: the server answered 404 Not Found', 'Check the address']),
    ([dict(status=403)], 1, ['403']),
    ([dict(status=503)], 4, ['could not be fetched in 4 attempts', '503']),
    ([dict(body=BODY, cut=1000)], 4, ['in 4 attempts', 'cut', '1000']),
    ([dict(body=PAGE, content_type='text/html')], 1, ['The server sent an HTML page instead of the file', SUM, hashlib.sha256(PAGE).hexdigest()]),
    ([dict(body=PAGE)], 1, ['The server sent an HTML page']),
    ([dict(body=b'other')], 1, ['is not the expected file', SUM, hashlib.sha256(b'other').hexdigest(), 'genuine']),
])
def test_what_is_wrong_is_said(tmpdir, file_server, answer, answers, requests, words):
    url, unused = file_server.serve('/f', *[answer(**one) for one in answers])
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, url)
    for word in words + [url]:
        assert word in str(error.value)
    assert len(file_server.requests) == requests


def test_a_refused_connection_is_said(tmpdir, file_server):
    url, unused = file_server.serve('/f', BODY)
    file_server.server.socket.close()
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, url)
    assert 'could not be fetched in 4 attempts' in str(error.value) and 'in another way' in str(error.value)


@pytest.mark.parametrize('sent', [0, len(BODY) // 2])
def test_a_server_that_stalls_meets_the_deadline(tmpdir, file_server, answer, sent):
    url, unused = file_server.serve('/f', answer(BODY, cut=sent, hold=True))
    begun = time.time()
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, url, timeout=0.6)
    assert 'could not be fetched within 0.6 seconds' in str(error.value)
    assert time.time() - begun < 5


@pytest.mark.parametrize('url, allow_http, words', [
    ('http://mirror/f', False, 'not encrypted'),
    ('ftp://mirror/f', True, 'not an address to fetch from'),
    ('file:///etc/shadow', True, 'not an address to fetch from'),
    ('/srv/f', True, 'not an address to fetch from'),
    ('https://user:hunter2@mirror/f', False, 'holds credentials'),
])
def test_addresses_that_are_refused(url, allow_http, words):
    with pytest.raises(ValidationError) as error:
        _download.check_url(url, allow_http)
    assert words in str(error.value) and 'hunter2' not in str(error.value)


def test_https_with_a_ca(tmpdir, tls_server, certificate):
    url, sha256 = tls_server.serve('/f', BODY)
    assert fetch(tmpdir, url, sha256, ca_path=certificate[1], allow_http=False) == BODY


def test_an_unknown_ca_is_not_trusted_and_not_tried_again(tmpdir, tls_server):
    url, sha256 = tls_server.serve('/f', BODY)
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, url, sha256)
    assert 'The certificate of %s could not be verified' % url in str(error.value) and 'ca_path' in str(error.value)
    assert tls_server.requests == []


def test_a_certificate_for_another_host_is_not_trusted(tmpdir, tls_server, certificate):
    url, sha256 = tls_server.serve('/f', BODY)
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, url.replace('127.0.0.1', 'localhost'), sha256, ca_path=certificate[1])
    assert 'could not be verified' in str(error.value)


@pytest.mark.parametrize('text', [None, 'no certificate'])
def test_a_bad_ca_file_is_said(tmpdir, text):
    path, before = tmpdir.join('ca.pem'), os.environ.get('SSL_CERT_FILE')
    if text:
        path.write(text)
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, 'https://127.0.0.1:1/f', ca_path=str(path))
    assert 'The CA file %s cannot be used' % path in str(error.value) and os.environ.get('SSL_CERT_FILE') == before


def test_a_redirect_is_followed_but_never_to_plain_http(tmpdir, file_server, tls_server, answer, certificate):
    target, sha256 = file_server.serve('/real', BODY)
    url, unused = file_server.serve('/f', answer(status=302, location=target))
    assert fetch(tmpdir, url, sha256) == BODY
    url, unused = tls_server.serve('/f', answer(status=302, location=target))
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, url, sha256, ca_path=certificate[1], allow_http=False)
    assert 'not encrypted' in str(error.value)


def test_queries_may_be_secret_and_are_not_shown(tmpdir, file_server):
    url, unused = file_server.serve('/f', b'other')
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, url + '?token=hunter2')
    assert file_server.requests == ['/f?token=hunter2'] and 'hunter2' not in str(error.value)


def test_what_the_server_calls_compressed_is_kept_as_it_is(tmpdir, file_server):
    assert fetch(tmpdir, *file_server.serve('/f.tgz', b'\x1f\x8b\x08raw')) == b'\x1f\x8b\x08raw'
    assert not os.path.exists(str(tmpdir.join('f.tgz')))


@pytest.fixture
def password(tmpdir, monkeypatch):
    """root's netrc has one for 127.0.0.1, whatever the port."""
    netrc = tmpdir.join('netrc')
    netrc.write('machine 127.0.0.1 login user password hunter2\ndefault login user password hunter2\n')
    netrc.chmod(0o600)
    monkeypatch.setenv('NETRC', str(netrc))
    return 'Basic ' + base64.b64encode(b'user:hunter2').decode('ascii')


def test_a_password_is_for_the_server_that_was_named_and_for_no_other(tmpdir, tls_server, file_server, answer, certificate, password):
    target, sha256 = file_server.serve('/real', BODY)
    first, unused = file_server.serve('/first', answer(status=302, location='/second'))
    url, unused = file_server.serve('/second', answer(status=307, location=target.replace('127.0.0.1', 'localhost')))
    assert fetch(tmpdir, first, sha256) == BODY
    assert file_server.requests == ['/first', '/second', '/real'] and file_server.passwords == [password, password, None]
    other, unused = tls_server.serve('/real', BODY)
    url, unused = file_server.serve('/f', answer(status=301, location=other))
    assert fetch(tmpdir, url, sha256, ca_path=certificate[1]) == BODY
    assert tls_server.passwords == [None], 'another port is another server'


def test_https_is_never_left_even_where_http_is_allowed(tmpdir, tls_server, file_server, answer, certificate):
    target, sha256 = file_server.serve('/real', BODY)
    url, unused = tls_server.serve('/f', answer(status=302, location=target))
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, url, sha256, ca_path=certificate[1], allow_http=True)
    assert '%s redirects to where nothing is fetched from: %s is not encrypted' % (url, target) in str(error.value)
    assert file_server.requests == []


@pytest.mark.parametrize('location, words', [
    ('file:///etc/shadow', 'file:///etc/shadow is not an address to fetch from'),
    ('http://user:hunter2@127.0.0.1/f', 'holds credentials'),
    ('http://127.0.0.1:x/f', 'redirects to where nothing is fetched from'),
    (None, 'redirects more than 10 times'),
])
def test_redirects_that_are_refused(tmpdir, file_server, answer, location, words):
    url, unused = file_server.serve('/f', answer(status=302, location=location or '/f'))
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, url)
    assert words in str(error.value) and 'hunter2' not in str(error.value) and len(file_server.requests) <= 11


def packed(body):
    packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def test_what_a_server_compressed_is_unpacked_and_what_it_only_calls_so_is_not(tmpdir, file_server, answer):
    url, unused = file_server.serve('/f', answer(packed(BODY), coding='gzip'))
    assert fetch(tmpdir, url, SUM) == BODY
    archive = packed(b'a tar archive')
    url, unused = file_server.serve('/f.tar.gz', answer(archive, coding='gzip'))
    assert fetch(tmpdir, url, hashlib.sha256(archive).hexdigest()) == archive


@pytest.mark.parametrize('body, coding, words', [
    (BODY[:-1], 'br', ['with Content-Encoding br', 'is not the expected file']),
    (BODY[:-1], 'gzip', ['is sent with Content-Encoding gzip and is not']),
    (packed(BODY) + b'more', 'gzip', ['more data follow']),
    (packed(b'other'), 'gzip', ['is not the expected file', hashlib.sha256(b'other').hexdigest(), 'with Content-Encoding gzip']),
], ids=['unknown', 'not packed', 'something behind it', 'another'])
def test_the_coding_of_what_is_not_expected_is_named(tmpdir, file_server, answer, body, coding, words):
    url, unused = file_server.serve('/f', answer(body, coding=coding))
    with pytest.raises(CalicoError) as error:
        fetch(tmpdir, url)
    for word in words:
        assert word in str(error.value)


def test_who_knows_no_digest_looks_at_what_was_received(tmpdir, file_server, answer):
    path, seen = tmpdir.join('got'), []

    def look():
        seen.append(path.read_binary())
        if not seen[-1].startswith(b'\x7fELF'):
            raise CalicoError('it is no executable')

    def get(body, **more):
        url, unused = file_server.serve('/f', answer(body, **more))
        with open(str(path), 'wb') as handle:
            assert _download.fetch(url, None, handle, str(path), _download.Options(allow_http=True), look) == url
        return hashlib.sha256(path.read_binary()).hexdigest()

    assert get(packed(BODY), coding='gzip') == SUM and seen == [packed(BODY), BODY]
    with pytest.raises(CalicoError) as error:
        get(packed(BODY))
    assert 'it is no executable' in str(error.value)
