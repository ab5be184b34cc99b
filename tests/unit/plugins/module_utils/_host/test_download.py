# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import os
import time

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
    assert 'could not be fetched in 4 attempts' in str(error.value) and 'local_src' in str(error.value)


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
