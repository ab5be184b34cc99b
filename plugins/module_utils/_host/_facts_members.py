# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a proxy of etcd would find members that are of use, looked at as the proxy does: by SRV records or the peer URLs given, then what a member
says of all of them."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import socket
import ssl

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._foreign import from_json
from ansible_collections.dcos.calico.plugins.module_utils._host import _dns, _facts_etcd, _http

try:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
except ImportError:
    from httplib import HTTPConnection, HTTPException, HTTPSConnection

# Addresses that lead each host to itself; etcd's own default is http://localhost:2379.
LOOPBACK = re.compile(r'https?://(localhost\.?|127(\.\d+){3}|\[::1\]|0\.0\.0\.0|\[::\])(:|/|\Z)', re.IGNORECASE)
# etcd asks for both, and speaks to what it finds under the first by TLS.
SERVICES = (('_etcd-server-ssl._tcp', 'https'), ('_etcd-server._tcp', 'http'))


class Tls(_facts_etcd.Tls):
    """As a proxy uses it; names in certificates are left to the proxy, as Python 2.7 knows no addresses there."""
    __slots__ = ()

    def context(self):
        found = super(Tls, self).context()
        found.check_hostname = False
        return found


def look(domain, peers, tls):
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
            wrong.append(('certificate' if _facts_etcd.certificate_trouble(error)[0] else 'unreachable', '%s: %s' % (peer, to_native(error))))
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
    match = _facts_etcd.URL.match(peer)
    if not match:
        raise ValueError('it is not an address like http://10.0.0.1:2380')
    host, port = match.group(2).strip('[]'), int(match.group(3))
    if match.group(1) == 'https':
        client = HTTPSConnection(host, port, timeout=_facts_etcd.SECONDS, context=tls.context())
    else:
        client = HTTPConnection(host, port, timeout=_facts_etcd.SECONDS)
    try:
        answer = _http.ask(client, '/members', _facts_etcd.SECONDS)
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
        probes.append(_facts_etcd.probe(url, tls))
        if probes[-1]['healthy']:
            return _answer('ok', peers, members, probes=probes)
    said = '; '.join('%s: %s' % (probe['endpoint'], probe['error']) for probe in probes)
    if any(probe['v2'] is False for probe in probes):
        return _answer('v2_off', peers, members, said)
    kind = 'certificate' if any(probe['certificate'] in ('server', 'client') for probe in probes) else 'unreachable'
    return _answer(kind, peers, members, said or 'no member has announced itself to clients')
