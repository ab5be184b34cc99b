# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import subprocess
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils import _pem


@pytest.fixture
def pem(certificate):
    with open(certificate[1]) as handle:
        return handle.read()


def openssl_takes(tmpdir, text):
    """Whether openssl finds as many certificates in a file as it has beginnings."""
    tmpdir.join('all.pem').write_binary(text.encode('utf-8'))
    argv = ['openssl', 'crl2pkcs7', '-nocrl', '-certfile', str(tmpdir.join('all.pem'))]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    bundle = process.communicate()[0]
    if process.returncode:
        return False
    shown = subprocess.Popen(['openssl', 'pkcs7', '-print_certs'], stdin=subprocess.PIPE, stdout=subprocess.PIPE).communicate(bundle)[0]
    return shown.count(b'BEGIN CERTIFICATE') == text.count('BEGIN CERTIFICATE')


FORMS = {
    'two': (lambda pem: pem + pem, None),
    'no line break at the end': (lambda pem: pem.rstrip('\n'), None),
    'CRLF': (lambda pem: pem.replace('\n', '\r\n'), None),
    'text around': (lambda pem: 'Certificate:\n    Data:\n' + pem + 'subject=x\n', None),
    'blanks behind': (lambda pem: pem.replace('-----\n', '-----  \n'), None),
    'glued': (lambda pem: pem.rstrip('\n') + pem, 'is a line break missing there?'),
    'text before the beginning': (lambda pem: 'x' + pem, 'has something beside the edge of a PEM block'),
    'indented': (lambda pem: '  ' + pem, 'has something beside the edge of a PEM block'),
    'no end': (lambda pem: pem[:-30], 'PEM block CERTIFICATE'),
    'a sign that is none': (lambda pem: pem[:200] + '!' + pem[201:], 'is damaged'),
}


@pytest.mark.parametrize('name', sorted(FORMS))
def test_what_passes_is_what_openssl_takes_as_it_stands(tmpdir, pem, name):
    change, words = FORMS[name]
    text = change(pem)
    found = _pem.problem(text, 'CERTIFICATE')
    assert (found is None) == openssl_takes(tmpdir, text) == (words is None)
    assert words is None or words in found


def test_other_blocks_and_none(pem):
    assert _pem.problem(pem, 'PRIVATE KEY') == 'it holds no PEM block PRIVATE KEY but CERTIFICATE'
    assert _pem.problem('nothing', 'CERTIFICATE') == 'it holds no PEM block CERTIFICATE'
    assert _pem.problem('-----BEGIN X-----\n-----END X-----\n', 'X') == 'its PEM block X is empty'
    assert _pem.problem('-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nTUlJQg==\n-----END RSA PRIVATE KEY-----\n', 'PRIVATE KEY') is None


def test_until_when_a_certificate_is_valid_is_what_openssl_says(pem, certificate):
    shown = subprocess.Popen(['openssl', 'x509', '-noout', '-enddate', '-in', certificate[1]], stdout=subprocess.PIPE).communicate()[0]
    end = time.strptime(shown.decode('ascii').strip(), 'notAfter=%b %d %H:%M:%S %Y GMT')
    assert _pem.not_after(_pem.blocks(pem)[0][1]) == time.strftime('%Y-%m-%dT%H:%M:%SZ', end)


def nested(*parts):
    body = b''.join(parts)
    return b'\x30' + (bytes(bytearray([len(body)])) if len(body) < 128 else b'\x81' + bytes(bytearray([len(body)]))) + body


def signed(time_, version=b'\xa0\x03\x02\x01\x02'):
    start = b'\x17\x0d260101000000Z'
    return nested(nested(version, b'\x02\x01\x05', nested(), nested(), nested(start, time_), b'\x04\x64' + b'x' * 100))


@pytest.mark.parametrize('time_, said', [
    (b'\x17\x0d271231235959Z', '2027-12-31T23:59:59Z'),
    (b'\x17\x0d501231235959Z', '1950-12-31T23:59:59Z'),
    (b'\x17\x0d491231235959Z', '2049-12-31T23:59:59Z'),
    (b'\x18\x0f20501231235959Z', '2050-12-31T23:59:59Z'),
])
def test_times_of_certificates(time_, said):
    assert _pem.not_after(signed(time_)) == _pem.not_after(signed(time_, b'')) == said


@pytest.mark.parametrize('data', [b'', b'\x30', b'\x30\x84', b'\x30\x03\x02\x01\x05', signed(b'\x17\x0d2712312359590'), signed(b'\x16\x0d271231235959Z'),
                                  signed(b'\x17\x0d271231235959Z')[:20]])
def test_what_is_no_certificate_is_told(data):
    with pytest.raises(_pem.PemError) as error:
        _pem.not_after(data)
    assert str(error.value) == 'it is no certificate'
