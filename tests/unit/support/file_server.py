# -*- coding: utf-8 -*-
"""Fixtures: a real file server on loopback that can misbehave, and root's files for whoever runs the tests."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import os
import ssl
import subprocess
import threading

import pytest

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

CONFIG = """[req]
distinguished_name = name
x509_extensions = server
prompt = no
[name]
CN = 127.0.0.1
[server]
subjectAltName = IP:127.0.0.1
basicConstraints = critical,CA:TRUE
keyUsage = critical,digitalSignature,keyCertSign
"""


class Answer:
    """What the server does once: status, body, content type; cut sends only so many bytes; hold waits for the client to give up."""

    def __init__(self, body=b'', status=200, content_type='application/octet-stream', cut=None, hold=False, location=None, coding=None):
        self.body = body
        self.status = status
        self.content_type = content_type
        self.cut = cut
        self.hold = hold
        self.location = location
        self.coding = coding


class FileServer:
    """Serves C(answers), {path: [Answer, ...]}: one for each request, the last for ever. Every request is noted in C(requests), the
    password it brought in C(passwords)."""

    def __init__(self, certificate=None):
        self.answers = {}
        self.requests = []
        self.passwords = []
        self.closing = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.requests.append(self.path)
                owner.passwords.append(self.headers.get('Authorization'))
                answers = owner.answers.get(self.path.split('?')[0], [Answer(b'no such file', 404)])
                owner._send(self, answers.pop(0) if len(answers) > 1 else answers[0])

            def log_message(self, *args):
                pass

        self.server = HTTPServer(('127.0.0.1', 0), Handler)
        self.server.handle_error = lambda request, address: None
        if certificate:
            context = ssl.SSLContext(getattr(ssl, 'PROTOCOL_TLS_SERVER', ssl.PROTOCOL_SSLv23))
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.base = '%s://127.0.0.1:%d' % ('https' if certificate else 'http', self.server.server_address[1])
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.daemon = True
        self.thread.start()

    def _send(self, handler, one):
        handler.send_response(one.status)
        handler.send_header('Content-Length', str(len(one.body)))
        handler.send_header('Content-Type', one.content_type)
        if one.location:
            handler.send_header('Location', one.location)
        if one.coding:
            handler.send_header('Content-Encoding', one.coding)
        handler.end_headers()
        handler.wfile.write(one.body if one.cut is None else one.body[:one.cut])
        handler.wfile.flush()
        if one.hold:
            self.closing.wait(30)

    def serve(self, path, *answers):
        """Set the answers (Answer or bytes) of a path; return (url, sha256 of the last body)."""
        self.answers[path] = [one if isinstance(one, Answer) else Answer(one) for one in answers]
        return self.base + path, hashlib.sha256(self.answers[path][-1].body).hexdigest()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope='session')
def certificate(tmpdir_factory):
    """(PEM file with a key and a self-signed certificate for 127.0.0.1, PEM file of the certificate alone, which is its own CA)."""
    directory = tmpdir_factory.mktemp('tls')
    directory.join('openssl.cnf').write(CONFIG)
    pem, ca, key = (directory.join(name) for name in ('server.pem', 'ca.pem', 'key.pem'))
    argv = ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256', '-days', '2', '-config', str(directory.join('openssl.cnf'))]
    with open(os.devnull, 'w') as nothing:
        subprocess.check_call(argv + ['-keyout', str(key), '-out', str(ca)], stderr=nothing)
    pem.write(ca.read() + key.read())
    return str(pem), str(ca)


@pytest.fixture(scope='session', autouse=True)
def no_certificates_of_this_machine(tmpdir_factory):
    """Tests trust what they name, and nothing else; and reading a machine's certificates takes a tenth of all their time."""
    before = dict((name, os.environ.get(name)) for name in ('SSL_CERT_FILE', 'SSL_CERT_DIR'))
    directory = tmpdir_factory.mktemp('trusted')
    directory.join('none.pem').write('')
    os.environ.update(SSL_CERT_FILE=str(directory.join('none.pem')), SSL_CERT_DIR=str(directory))
    yield
    for name, value in before.items():
        os.environ.pop(name)
        if value is not None:
            os.environ[name] = value


@pytest.fixture
def file_server():
    """A FileServer that speaks http."""
    server = FileServer()
    yield server
    server.close()


@pytest.fixture
def tls_server(certificate):
    """A FileServer that speaks https; see the fixture certificate."""
    server = FileServer(certificate[0])
    yield server
    server.close()


@pytest.fixture
def answer():
    """The class Answer."""
    return Answer


@pytest.fixture
def as_root(monkeypatch):
    """For whoever is not root: his files count as root's."""
    if os.geteuid() == 0:
        return
    from ansible_collections.dcos.calico.plugins.module_utils._host import _files

    monkeypatch.setattr(_files, '_name', lambda lookup, number: 'root')
    monkeypatch.setattr(os, 'fchown', lambda descriptor, user, group: None)
