# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import subprocess

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
