# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd 3.3's flags, unit files and answers. Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re

from ansible_collections.dcos.calico.plugins.module_utils import _unit_text
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json

URL = re.compile(r'^(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})\Z')
# What needs no quoting in a unit file.
PLAIN = re.compile(r'^[A-Za-z0-9_./:@,=+-]+\Z')
DOMAIN = re.compile(r'^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?\Z')
MEMBER_NAME = re.compile(r'^[A-Za-z0-9][A-Za-z0-9_.-]*\Z')
USER_NAME = re.compile(r'^[a-z_][a-z0-9_-]{0,30}\Z')
WILDCARDS = ('0.0.0.0', '::')
KEYS = '/v2/keys'
HEALTH = '/health'
# The proxy of Calico's framework: calico-dcos 0.1.0 to 0.4.0, framework/tasks.py, new_task_id()
FRAMEWORK_TASK = re.compile(r'^RunEtcdProxy-[0-9A-Fa-f-]{36}\Z')

# What etcd says in its journal when it cannot do its work: (pattern, reason, remedy)
WORDS = (
    (r'querying DNS SRV|SRV discovery|looking up.* SRV|DNS SRV records', 'the DNS has no SRV records of etcd members',
     'Start the etcd members, see that _etcd-server._tcp.DOMAIN resolves on this host, or name the members'),
    (r'address already in use', 'its port is taken', 'Stop the program that has the port, or choose another one'),
    (r'x509|bad certificate|tls: |handshake', 'TLS with the members fails', 'Give the CA that signed the members and a certificate that they accept'),
    (r'permission denied', 'its user may not read or write a file', 'Look at the owner of the file that is named'),
    (r'203/EXEC|xec format error|No such file or directory', 'its executable cannot be run', 'Look at the executable and its architecture'),
    (r'could not retrieve cluster information|zero endpoints|connection refused|no route to host|i/o timeout|no such host',
     'no etcd member can be reached', 'Start the etcd members, and see that this host reaches their peer and client ports'),
)


def role_of(argv):
    """What an etcd is by its command line, C(proxy) or C(member); None for what is no etcd. Pure."""
    if not argv or not os.path.basename(argv[0]).startswith('etcd') or os.path.basename(argv[0]).startswith('etcdctl'):
        return None
    for place, word in enumerate(argv[1:], 1):
        name, sign, value = word.partition('=')
        if name.lstrip('-') == 'proxy' and name.startswith('-'):
            value = value if sign else ''.join(argv[place + 1:place + 2])
            return 'proxy' if value in ('on', 'readonly') else 'member'
    return 'member'


def keeps_port(process):
    """What to do about a program (_processes.Process) that listens where a proxy is to listen and is not replaced by it; None for a proxy that can be. Pure.

    One of Calico's framework can be: that starts nothing anew while it is suspended, which is up to whoever asks for the replacement.
    """
    role = role_of(process.argv)
    if process.keeper == 'mesos' and not (role == 'proxy' and FRAMEWORK_TASK.match(process.task or '')):
        return 'It is a task of Mesos, which would start it anew: end its app or package first'
    if role is None:
        return 'It is no etcd: stop it, or have it listen elsewhere'
    if role == 'member':
        return 'It is a member of etcd: have it listen for clients on the address of its host only, or set calico_etcd_proxy to false to use it'
    if process.keeper == 'docker':
        return 'Docker keeps it, and may start it anew: remove its container first. Packets go on without a proxy; only containers cannot be started'
    if process.started_by:
        return ('%s has started it, and may start it anew: have that start it no more, and stop it. Packets go on without a proxy; only containers cannot be '
                'started' % process.started_by)
    return None


class Tls(object):
    """CA, certificate and key of one side: absolute paths, each None if not used."""
    __slots__ = ('ca', 'cert', 'key')

    def __init__(self, ca=None, cert=None, key=None):
        self.ca = ca or None
        self.cert = cert or None
        self.key = key or None

    def __bool__(self):
        return bool(self.ca or self.cert or self.key)

    __nonzero__ = __bool__

    def items(self):
        """[(name, path)] of those that are used."""
        return [(name, getattr(self, name)) for name in ('ca', 'cert', 'key') if getattr(self, name)]


class Answer(object):
    """What a look at etcd found. kind: ok, no_members, no_quorum, v2_off, other, unreachable. words: what it said, for an error."""
    __slots__ = ('kind', 'words')

    def __init__(self, kind, words=''):
        self.kind = kind
        self.words = words

    @property
    def ok(self):
        return self.kind == 'ok'


def check_url(url, what):
    """(scheme, host, port) of a URL without a path; raises ValidationError."""
    match = URL.match(url)
    if not match or not 0 < int(match.group(3)) < 65536:
        raise ValidationError('%s %r is not a URL of etcd' % (what, url), remedy='Write it like http://127.0.0.1:2379, with the port and without a path')
    return match.group(1), match.group(2).strip('[]'), int(match.group(3))


def check_plain(value, what, pattern=PLAIN):
    """The value, if it can stand in a unit file as it is."""
    if not pattern.match(value):
        raise ValidationError('%s %r has characters that cannot be used' % (what, value), remedy='Use letters, digits, dots, dashes and underscores')
    return value


def check_path(path, what):
    """An absolute path without characters that a unit file would have to quote."""
    if not os.path.isabs(path) or os.path.normpath(path) != path or path == '/':
        raise ValidationError('%s %r is not an absolute path' % (what, path), remedy='Write it in full, without . and ..')
    return check_plain(path, what)


def reachable_url(url, instead):
    """A URL to listen on, with another host in place of a wildcard."""
    scheme, host, port = check_url(url, 'The address')
    host = instead if host in WILDCARDS else host
    return '%s://%s:%d' % (scheme, '[%s]' % host if ':' in host else host, port)


def local_url(url):
    """URL by which the host itself reaches what listens on a URL."""
    return reachable_url(url, '::1' if '//[' in url else '127.0.0.1')


def proxy_flags(data_dir, listen, discovery_srv, members, client, peer):
    """Flags of etcd's v2 proxy. Clients' TLS is used towards the members' client URLs, peers' towards the peer URLs where it asks who they are."""
    found = ['--discovery-srv=%s' % discovery_srv] if not members else [
        '--initial-cluster=%s' % ','.join('member%d=%s' % (number, url) for number, url in enumerate(members, 1))]
    return ['--proxy=on', '--data-dir=%s' % data_dir, '--listen-client-urls=%s' % ','.join(listen)] + found + tls_flags(client, peer)


def tls_flags(client, peer, verify=False):
    """--cert-file and the like. verify: whether clients and peers must have certificates of the CA (for members)."""
    flags = []
    for prefix, tls in (('--', client), ('--peer-', peer)):
        names = {'ca': 'trusted-ca-file', 'cert': 'cert-file', 'key': 'key-file'}
        flags.extend('%s%s=%s' % (prefix, names[name], path) for name, path in tls.items())
        if verify and tls.ca:
            flags.append('%sclient-cert-auth' % prefix)
    return flags


def member_flags(params, client, peer):
    """Flags of a member, from a dict with name, data_dir, listen_* and advertise_* lists, members, cluster_token."""
    def urls(key):
        return ','.join(params[key])
    return ['--name=%s' % params['name'],
            '--data-dir=%s' % params['data_dir'],
            '--listen-peer-urls=%s' % urls('listen_peer_urls'),
            '--listen-client-urls=%s' % urls('listen_client_urls'),
            '--initial-advertise-peer-urls=%s' % urls('advertise_peer_urls'),
            '--advertise-client-urls=%s' % urls('advertise_client_urls'),
            '--initial-cluster=%s' % ','.join('%s=%s' % (member['name'], member['peer_url']) for member in params['members']),
            '--initial-cluster-token=%s' % params['cluster_token'],
            '--enable-v2=true'] + tls_flags(client, peer, verify=True)


def unit_text(module, description, user, argv, before=(), environment_file=None, notify=True, units=()):
    """A unit file for systemd from 219 on.

    Restart=always with no limit, because DNS, the network or members may be late for as long as they like.

    :arg argv: the command, its first element an absolute path.
    :arg before: commands for ExecStartPre.
    :arg units: names of units that are started before each start of this one, where they do not run.
    """
    earlier = _unit_text.value(' '.join(['network-online.target'] + list(units)))
    lines = ['# Managed by Ansible (dcos.calico.%s); changes made here by hand are overwritten.' % module,
             '[Unit]', 'Description=%s' % _unit_text.value(description), 'Wants=%s' % earlier, 'After=%s' % earlier, '',
             '[Service]', 'Type=%s' % ('notify' if notify else 'simple'), 'User=%s' % _unit_text.value(user)]
    if environment_file:
        lines.append('EnvironmentFile=-%s' % _unit_text.value(environment_file))
    lines.extend('ExecStartPre=%s' % ' '.join(_unit_text.command(command)) for command in before)
    lines.append('ExecStart=%s' % ' \\\n  '.join(_unit_text.command(argv)))
    lines.extend(['Restart=always', 'RestartSec=2', 'StartLimitInterval=0', 'LimitNOFILE=65536'])
    lines.extend(_unit_text.confinement([word.rpartition('=')[2] for word in argv]))
    lines.extend(['', '[Install]', 'WantedBy=multi-user.target'])
    return '\n'.join(lines) + '\n'


def classify(status, body):
    """Answer from what GET of KEYS gave: status code and text."""
    try:
        said = from_json(body)
    except ValueError:
        said = None
    said = said if isinstance(said, dict) else {}
    words = 'it answers %d %s' % (status, ' '.join(str(said.get('message') or body).split())[:160])
    if (status == 200 and 'action' in said) or (status < 500 and 'errorCode' in said):
        return Answer('ok')
    if status == 404:
        return Answer('v2_off', words)
    return Answer('no_members' if status in (502, 503) else 'other', words)


def classify_health(status, body):
    """Answer from what GET of HEALTH gave: {"health":"true"}, or the word without quotes in some versions."""
    if status == 200 and re.search(r'"health"\s*:\s*"?true', body):
        return Answer('ok')
    return Answer('no_quorum', 'its health is %d %s' % (status, ' '.join(body.split())[:160]))


def explain(journal):
    """(reason, remedy) from a journal's last words, or (None, None)."""
    for pattern, reason, remedy in WORDS:
        if re.search(pattern, journal, re.IGNORECASE):
            return reason, remedy
    return None, None


def peer_urls(text):
    """Peer URLs that a proxy noted in DATA/proxy/cluster; [] if it noted none that can be read."""
    try:
        urls = from_json(text or '{}').get('PeerURLs')
    except (ValueError, AttributeError):
        return []
    return sorted(str(url) for url in urls or [])


def cluster_state(desired, has_data, noted, name, data_dir):
    """new or existing, for --initial-cluster-state.

    etcd looks at it only while it has no data. A member that had data and lost them must not make a cluster of its own, nor come
    back as the one it was with an empty log.

    :arg desired: what the user said, or None.
    :arg noted: what a run before noted, or None.
    """
    if has_data:
        return 'existing'
    if desired is None and noted == 'existing':
        raise CalicoError('The data of the etcd member %s in %s are gone' % (name, data_dir),
                          remedy='Bring them back; or, with the other members healthy, run "etcdctl member remove" and "etcdctl member add" for it '
                                 'and run again with initial_cluster_state: existing; or start anew with initial_cluster_state: new')
    return desired or 'new'
