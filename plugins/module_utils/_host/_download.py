# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch one file by http(s): streamed, checked by its sha256, within one deadline.

A request that is cut or answered by 5xx is made again; anything else that is wrong is an error that names the address, both sums and the
remedy. Nothing is ever fetched from a server whose certificate cannot be verified. Proxies come from the environment, a user and password
for the server of the address itself from netrc(5); what it redirects to gets neither them nor a connection without encryption.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import os
import re
import signal
import ssl
import time
import zlib

from ansible.module_utils.common.text.converters import to_native
from ansible.module_utils.urls import ConnectionError as UrlsError
from ansible.module_utils.urls import open_url

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import clean
from ansible_collections.dcos.calico.plugins.module_utils._host import _stream

try:
    from http.client import HTTPException
    from urllib.parse import urljoin, urlsplit
except ImportError:
    from httplib import HTTPException
    from urlparse import urljoin, urlsplit

PAUSES = (1, 2, 4)  # seconds before each of the three further attempts
SILENCE = 30  # seconds without a byte after which a connection counts as dead
TRANSIENT = (429, 500, 502, 503, 504)
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 10
PORTS = {'http': 80, 'https': 443}
# Content codings (RFC 9110 8.4.1) that can be undone, and zlib's way to.
CODINGS = {'gzip': 16 + zlib.MAX_WBITS, 'x-gzip': 16 + zlib.MAX_WBITS, 'deflate': zlib.MAX_WBITS}

DOWNLOAD_SPEC = dict(
    ca_path=dict(type='path'),
    timeout=dict(type='float', default=300),
    allow_http=dict(type='bool', default=False),
)


class Options(object):
    """How to fetch: ca_path (CAs to trust besides the system's, or None), timeout (seconds for one file, all attempts), allow_http."""
    __slots__ = ('ca_path', 'timeout', 'allow_http')

    def __init__(self, ca_path=None, timeout=300, allow_http=False):
        self.ca_path = ca_path
        self.timeout = timeout
        self.allow_http = allow_http

    @classmethod
    def of(cls, params):
        """From the params of a module whose spec has DOWNLOAD_SPEC; raises ValidationError."""
        if params['timeout'] <= 0:
            raise ValidationError('A timeout of %g seconds leaves no time to fetch anything' % params['timeout'], remedy='Give more seconds')
        return cls(params['ca_path'], params['timeout'], params['allow_http'])


class _Late(Exception):
    """The deadline has passed."""


class _Transient(Exception):
    """An attempt failed in a way that may go by."""


class _Coded(Exception):
    """What was received is not what is required, but it may be once its content coding is undone."""


def shown(url):
    """An address for messages: without credentials and query, which may be secret."""
    return re.sub(r'^(https?://)[^/@]*@', r'\1', url.split('?', 1)[0])


def check_url(url, allow_http):
    """Raise ValidationError unless an address is https (or http where allowed) and free of credentials, which would be logged."""
    if shown(url) != url.split('?', 1)[0]:
        raise ValidationError('The address %s holds credentials, which would end in logs' % shown(url), remedy="Put them into root's ~/.netrc")
    if url.startswith('https://') or (allow_http and url.startswith('http://')):
        return
    if url.startswith('http://'):
        raise ValidationError('%s is not encrypted' % shown(url), remedy='Use https, or set allow_http for a mirror in a trusted network')
    raise ValidationError('%s is not an address to fetch from' % shown(url), remedy='Give one that begins with https://')


def fetch(url, sha256, handle, path, options, look=None):
    """Write what is at an address to a binary handle; raise CalicoError unless its digest is sha256.

    Many stores send everything with the header Content-Encoding with which it was put there. So what is sent as it is required is taken as it is,
    and only something else is fetched again and unpacked.

    :arg sha256: None for whoever wants to learn the digest, and then to review it.
    :arg path: name of the handle's file, for messages.
    :arg look: callable() that raises CalicoError if what the file holds now is not what it should be; for whoever knows no digest.
    :returns: the address that sent it after all redirects, as messages show it.
    """
    check_url(url, options.allow_http)
    last, coding = None, False
    try:
        with _trusting(options.ca_path), _deadline(options.timeout):
            for pause in PAUSES + (None,):
                try:
                    try:
                        return _attempt(url, sha256, handle, path, options, look, coding)
                    except _Coded:
                        coding = True
                        return _attempt(url, sha256, handle, path, options, look, coding)
                except _Transient as error:
                    last = to_native(error)
                if pause is not None:
                    time.sleep(pause)
    except _Late:
        raise CalicoError('%s could not be fetched within %g seconds' % (shown(url), options.timeout), why=last,
                          remedy='Check the network between this host and the server, raise timeout, or bring the file in another way (docs/offline.md)')
    raise CalicoError('%s could not be fetched in %d attempts' % (shown(url), len(PAUSES) + 1), why=last,
                      remedy='Check that this host reaches the server (by the proxies of its environment), or bring the file in another way (docs/offline.md)')


@contextlib.contextmanager
def _trusting(ca_path):
    """Trust the CAs of a file besides the system's. By OpenSSL's variable, as open_url hands its C(ca_path) to OpenSSL in a form that
    Python before 3.7 cannot load with OpenSSL 3."""
    if not ca_path:
        yield
        return
    try:
        ssl.create_default_context().load_verify_locations(cafile=ca_path)
    except (IOError, OSError) as error:
        raise CalicoError('The CA file %s cannot be used' % ca_path, why=to_native(error), remedy='Place it first, in PEM form, or correct ca_path')
    before = os.environ.get('SSL_CERT_FILE')
    os.environ['SSL_CERT_FILE'] = ca_path
    try:
        yield
    finally:
        del os.environ['SSL_CERT_FILE']
        if before is not None:
            os.environ['SSL_CERT_FILE'] = before


@contextlib.contextmanager
def _deadline(seconds):
    """Raise _Late when the time is over, wherever the code is: socket time-outs do not bound a server that trickles."""
    def late(number, frame):
        raise _Late()

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def origin(url):
    """(scheme, host, port) of an address: whom a password is for."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or '').lower(), parts.port or PORTS.get(parts.scheme)


def _follow(url, target, options):
    """The address that one redirects to, validated: as it was, http is only for whom it was allowed, and https is never left for it."""
    try:
        found = urljoin(url, to_native(target or '').strip())
        check_url(found, options.allow_http and url.startswith('http://'))
        origin(found)
    except (ValidationError, ValueError) as error:
        raise CalicoError('%s redirects to where nothing is fetched from' % shown(url), why=to_native(error).rstrip('.'),
                          remedy='Give the address of the file itself, on a server that you trust')
    return found


def _open(url, options):
    """(answer, its address) after all redirects. Only the server of the first address is told a password."""
    here = url
    for dummy in range(MOST_REDIRECTS + 1):
        try:
            answer = open_url(here, timeout=min(SILENCE, options.timeout), decompress=False, follow_redirects='none', use_netrc=origin(here) == origin(url))
            return answer, here
        except (IOError, OSError, HTTPException, UrlsError, ssl.CertificateError) as error:
            if getattr(error, 'code', None) not in REDIRECTS:
                _no_answer(here, error)
            here = _follow(here, error.headers.get('Location'), options)
    raise CalicoError('%s could not be fetched' % shown(url), why='it redirects more than %d times' % MOST_REDIRECTS,
                      remedy='Give the address of the file itself')


def _attempt(url, sha256, handle, path, options, look, undo):
    answer, source = _open(url, options)
    with contextlib.closing(answer) as response:
        head = []
        coding = (response.headers.get('Content-Encoding') or 'identity').strip().lower()
        body = _body(response, head)
        got = _stream.save(_unpacked(body, coding, url) if undo else body, handle, path)[0]
        try:
            _validate(url, sha256, got, b''.join(head), response.headers.get('Content-Type', ''), look, coding)
        except CalicoError:
            if undo or coding not in CODINGS:
                raise
            raise _Coded()
        return clean(shown(source))


def _validate(url, sha256, got, head, content_type, look, coding):
    """Raise unless what was received is what is required."""
    if sha256 is None:
        _no_page(url, head, content_type)
        if look:
            look()
    elif got != sha256:
        _wrong(url, sha256, got, head, content_type, coding)


def _unpacked(pieces, coding, url):
    """The pieces with their content coding undone, each of at most CHUNK bytes."""
    machine = zlib.decompressobj(CODINGS[coding])
    try:
        for piece in pieces:
            while piece:
                yield machine.decompress(piece, _stream.CHUNK)
                if machine.unused_data:
                    raise zlib.error('more data follow')
                piece = machine.unconsumed_tail
        yield machine.flush()
    except zlib.error as error:
        raise CalicoError('%s is sent with Content-Encoding %s and is not' % (shown(url), coding), why=to_native(error),
                          remedy='Have the server send the file as it is')


def _body(response, head):
    """Pieces of the answer, all of them; the first is kept for a look at what it is."""
    size, desired = 0, response.headers.get('Content-Length')
    try:
        for piece in _stream.pieces_of(response):
            if not head:
                head.append(piece[:512])
            size += len(piece)
            yield piece
    except (IOError, OSError, HTTPException) as error:
        raise _Transient('the connection was cut: %s' % (to_native(error) or type(error).__name__))
    if desired and desired.isdigit() and size < int(desired):
        raise _Transient('the connection was cut after %d of %s bytes' % (size, desired))


def _no_answer(url, error):
    """Raise what an error of open_url means. An HTTPError, which old and new Pythons keep in different modules, is told by its code."""
    code, reason = getattr(error, 'code', None), getattr(error, 'reason', error)
    if isinstance(code, int):
        said = 'the server answered %d %s' % (code, to_native(reason or '').strip())
        if code in TRANSIENT:
            raise _Transient(said)
        raise CalicoError('%s could not be fetched' % shown(url), why=said, remedy='Check the address, and that the server lets this host read it')
    said = to_native(reason)
    if isinstance(reason, (ssl.CertificateError, UrlsError)) or 'certificate verify failed' in said.lower().replace('_', ' '):
        raise CalicoError('The certificate of %s could not be verified' % shown(url), why=said,
                          remedy="Set ca_path to the file of the CA that signed it, or check the server's name and the clock")
    raise _Transient(said)


def _is_page(head, content_type):
    return bool(re.match(br'\s*<(!doctype\s+html|html|head|body)', head, re.I)) or (content_type.startswith('text/html') and head.lstrip()[:1] == b'<')


def _no_page(url, head, content_type, why=None):
    if _is_page(head, content_type):
        raise CalicoError('The server sent an HTML page instead of the file %s' % shown(url), why=why,
                          remedy='Open the address in a browser; often it is a login page, or the error page of a proxy')


def _wrong(url, desired, got, head, content_type, coding):
    sums = 'sha256 %s is expected and %s was received' % (desired, got)
    if coding != 'identity':
        sums += ', with Content-Encoding %s' % coding[:40]
    _no_page(url, head, content_type, sums)
    raise CalicoError('%s is not the expected file' % shown(url), why=sums,
                      remedy='Check address and version; set the new sum only after you have made sure that the file is genuine')
