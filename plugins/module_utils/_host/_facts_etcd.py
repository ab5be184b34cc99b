# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether etcd endpoints are of use to Calico 2.6: reached, with their certificate and ours accepted, and the v2 API served."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import socket
import ssl

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._foreign import from_json
from ansible_collections.dcos.calico.plugins.module_utils._host import _http

try:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
except ImportError:
    from httplib import HTTPConnection, HTTPException, HTTPSConnection

SECONDS = 5
URL = re.compile(r'^(https?)://(\[[0-9A-Fa-f:.]+\]|[^/:@]+):(\d+)/?\Z')
KEY_NOT_FOUND = 100
OURS = re.compile(r'bad certificate|certificate required|unknown ca|unsupported certificate|certificate (expired|revoked|unknown)|handshake failure', re.I)


class Tls(object):
    """Paths of the files for TLS, each may be None."""
    __slots__ = ('ca', 'cert', 'key')

    def __init__(self, ca=None, cert=None, key=None):
        self.ca = ca
        self.cert = cert
        self.key = key

    def files(self):
        """The paths that are set."""
        return [path for path in (self.ca, self.cert, self.key) if path]

    def context(self):
        """SSL context; raises IOError or ssl.SSLError for files that are not there or not good."""
        context = ssl.create_default_context(cafile=self.ca)
        if self.cert:
            context.load_cert_chain(self.cert, self.key)
        return context


def judge(status, body):
    """(v2 API served, healthy, error) from the answer to GET /v2/keys/calico. Pure.

    A missing key is healthy; a proxy that has no members says 503; etcd 3.4 without --enable-v2 says 404 in plain text.
    """
    try:
        answer = from_json(body)
    except ValueError:
        answer = None
    if status == 200 and isinstance(answer, dict) and 'node' in answer:
        return True, True, None
    if isinstance(answer, dict) and answer.get('errorCode') == KEY_NOT_FOUND:
        return True, True, None
    if isinstance(answer, dict) and 'errorCode' in answer:
        return True, False, to_native(answer.get('message'))
    if status in (502, 503, 504):
        return None, False, 'it answered %d: %s' % (status, ' '.join(body.split())[:120])
    if status == 401:
        return None, False, 'it wants a user and password'
    return False, False, 'it answered %d: %s' % (status, ' '.join(body.split())[:120])


def certificate_trouble(error):
    """(whose, words): 'server' if its certificate is not accepted by us, 'client' if ours is refused, None if it is something else. Pure."""
    words = to_native(getattr(error, 'reason', None) or error)
    if 'CERTIFICATE_VERIFY_FAILED' in words or 'certificate verify failed' in words or "doesn't match" in words or type(error).__name__ == 'CertificateError':
        return 'server', words
    return ('client' if OURS.search(words.replace('_', ' ').replace('-', ' ')) else None), words


def probe(endpoint, tls):
    """{endpoint, reachable, v2, healthy, certificate, version, open, error}: see agent_info. Never raises."""
    found = {'endpoint': endpoint, 'reachable': False, 'v2': None, 'healthy': False, 'certificate': None, 'version': None, 'open': None, 'error': None}
    match = URL.match(endpoint)
    if not match:
        return dict(found, error='it is not an address like http://10.0.0.1:2379')
    scheme, host, port = match.group(1), match.group(2).strip('[]'), int(match.group(3))
    try:
        client = HTTPConnection(host, port, timeout=SECONDS) if scheme == 'http' else HTTPSConnection(host, port, timeout=SECONDS, context=tls.context())
    except (IOError, OSError, ssl.SSLError) as error:
        missing = [path for path in tls.files() if not os.path.exists(path)]
        return dict(found, certificate='missing' if missing else 'client', error='the files for TLS cannot be used: %s' % to_native(error))
    try:
        status, body = _get(client, '/v2/keys/calico')
        found['reachable'], found['certificate'] = True, 'accepted' if scheme == 'https' else None
        found['v2'], found['healthy'], found['error'] = judge(status, body)
        found['version'] = version_in(_get(client, '/version')[1])
    except (socket.error, ssl.SSLError, HTTPException, IOError, OSError, ValueError) as error:
        whose, words = certificate_trouble(error)
        if whose and scheme == 'https':
            found.update(reachable=True, certificate=whose)
        found['error'] = words or type(error).__name__
    finally:
        client.close()
    if found['v2']:
        found['open'] = _is_open(host, port, tls) if scheme == 'https' and tls.cert else found['healthy']
    return found


def _is_open(host, port, tls):
    """Whether a member that has TLS answers who has no certificate; whoever may read the v2 API without one may write it too."""
    client = HTTPSConnection(host, port, timeout=SECONDS, context=type(tls)(tls.ca).context())
    try:
        return bool(judge(*_get(client, '/v2/keys/calico'))[1])
    except (socket.error, ssl.SSLError, HTTPException, IOError, OSError, ValueError):
        return False
    finally:
        client.close()


def _get(client, path):
    answer = _http.ask(client, path, SECONDS)
    return answer.status, to_native(answer.body, errors='surrogate_or_replace')


def version_in(body):
    """etcd's version from the answer of /version, or None."""
    try:
        return to_native(from_json(body).get('etcdserver'))
    except (ValueError, AttributeError):
        return None
