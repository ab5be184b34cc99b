# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether etcd endpoints are of use to Calico 2.6: reached, with their certificate and ours accepted, and the v2 API served; and whether a proxy of etcd
would find members that are, looked at as the proxy does: by SRV records or the peer URLs given, then what a member says of all of them."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import socket
import ssl

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.module_utils._host import _dns, _http

try:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
except ImportError:
    from httplib import HTTPConnection, HTTPException, HTTPSConnection

SECONDS = 5
URL = re.compile(r'^(https?)://(\[[0-9A-Fa-f:.]+\]|[^/:@]+):(\d+)/?\Z')
KEY_NOT_FOUND = 100
OURS = re.compile(r'bad certificate|certificate required|unknown ca|unsupported certificate|certificate (expired|revoked|unknown)|handshake failure', re.I)
# Addresses that lead each host to itself; etcd's own default is http://localhost:2379.
LOOPBACK = re.compile(r'https?://(localhost\.?|127(\.\d+){3}|\[::1\]|0\.0\.0\.0|\[::\])(:|/|\Z)', re.IGNORECASE)
# etcd asks for both, and speaks to what it finds under the first by TLS.
SERVICES = (('_etcd-server-ssl._tcp', 'https'), ('_etcd-server._tcp', 'http'))


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


def interpret(status, body):
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
        found['v2'], found['healthy'], found['error'] = interpret(status, body)
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
        return bool(interpret(*_get(client, '/v2/keys/calico'))[1])
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


class ProxyTls(Tls):
    """As a proxy uses it; names in certificates are left to the proxy, as Python 2.7 knows no addresses there."""
    __slots__ = ()

    def context(self):
        found = super(ProxyTls, self).context()
        found.check_hostname = False
        return found


def look_at_members(domain, peers, tls):
    """{kind, peers, members, open, error}: kind is C(ok), C(no_records), C(no_dns), C(unreachable), C(loopback) (clients are told
    addresses that lead each host to itself), C(v2_off), C(certificate) or C(later) (the files for
    TLS are not on this host yet). Never raises.

    :arg domain: where the SRV records are, if peers is empty.
    :arg peers: peer URLs.
    """
    try:
        peers = peers or discover(domain)
    except _dns.DnsError as error:
        return _answer('no_dns', [], error=to_native(error))
    if not peers:
        return _answer('no_records', [])
    if any(url.startswith('https:') for url in peers) and [path for path in tls.files() if not os.path.exists(path)]:
        return _answer('later', peers)
    wrong = []
    for peer in peers:
        try:
            members = ask(peer, tls)
        except (socket.error, ssl.SSLError, HTTPException, IOError, OSError, ValueError) as error:
            wrong.append(('certificate' if certificate_trouble(error)[0] else 'unreachable', '%s: %s' % (peer, to_native(error))))
            continue
        return _clients(peers, members, tls)
    kinds = set(kind for kind, dummy in wrong)
    return _answer('certificate' if kinds == set(['certificate']) else 'unreachable', peers, error='; '.join(words for dummy, words in wrong))


def _answer(kind, peers, members=(), error=None, probes=()):
    return {'kind': kind, 'peers': list(peers), 'members': list(members), 'open': [probe['endpoint'] for probe in probes if probe['open']], 'error': error}


def masters(name):
    """{addresses, error}: the masters by the name under which DNS has all of them. Never raises."""
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except (socket.error, UnicodeError) as error:
        return {'addresses': [], 'error': to_native(error)}
    return {'addresses': sorted(set(item[4][0] for item in found)), 'error': None}


def discover(domain):
    """Peer URLs by a domain's SRV records; raises DnsError if no name server answers."""
    return ['%s://%s:%d' % (scheme, target, port) for service, scheme in SERVICES for target, port in _dns.srv('%s.%s' % (service, domain))]


def ask(peer, tls):
    """URLs for clients of all members, as the member at a peer URL says; raises what a connection raises."""
    match = URL.match(peer)
    if not match:
        raise ValueError('it is not an address like http://10.0.0.1:2380')
    host, port = match.group(2).strip('[]'), int(match.group(3))
    if match.group(1) == 'https':
        client = HTTPSConnection(host, port, timeout=SECONDS, context=tls.context())
    else:
        client = HTTPConnection(host, port, timeout=SECONDS)
    try:
        answer = _http.ask(client, '/members', SECONDS)
        body = to_native(answer.body, errors='surrogate_or_replace')
    finally:
        client.close()
    try:
        return [url for member in from_json(body) for url in member.get('clientURLs') or ()]
    except (ValueError, AttributeError, TypeError):
        raise ValueError('it is no etcd: it answered %d' % answer.status)


def _clients(peers, members, tls):
    """Look for one member that serves clients; the first is enough. What a member says of itself is not asked on this host instead."""
    probes, elsewhere = [], [url for url in members if not LOOPBACK.match(url)]
    if members and not elsewhere:
        return _answer('loopback', peers, members, 'they say %s' % ', '.join(sorted(set(members))))
    for url in elsewhere:
        probes.append(probe(url, tls))
        if probes[-1]['healthy']:
            return _answer('ok', peers, members, probes=probes)
    said = '; '.join('%s: %s' % (probe['endpoint'], probe['error']) for probe in probes)
    if any(probe['v2'] is False for probe in probes):
        return _answer('v2_off', peers, members, said)
    kind = 'certificate' if any(probe['certificate'] in ('server', 'client') for probe in probes) else 'unreachable'
    return _answer(kind, peers, members, said or 'no member has announced itself to clients')
