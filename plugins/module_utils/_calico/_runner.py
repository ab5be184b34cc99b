# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run calicoctl 1.6 and tell truth from exit codes.

It prints its errors on stdout, exits 0 for unknown subcommands and for C(version) without a datastore, and answers C(get NAME) of a missing
resource with an empty list, except for nodes, where it fails. So what it printed is read, and never the code alone.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import itertools
import json
import os
import re
import time

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.module_utils._host import _command

PATH = '/opt/calico/bin/calicoctl'
CONFIG = '/etc/calico/calicoctl.cfg'
# Documented in doc_fragments/_calicoctl.py.
OPTIONS = dict(
    calicoctl=dict(type='path', default=PATH),
    config=dict(type='path', default=CONFIG),
    timeout=dict(type='int', default=90),
)
UNSET = '(unset)'
INHERITED = ' (inherited from global)'

# A configuration file wins over all of these; scrubbed so that no call depends on who makes it.
_VARIABLES = re.compile(r'^(CALICO_)?(ETCD_|DATASTORE_TYPE|KUBECONFIG|K8S_)')
_PAUSES = (0.5, 1, 2, 4)

# (kind, what calicoctl says, what it means, what to do); the first that matches counts
_MEANINGS = (
    ('certificate', r'tls: bad certificate', 'etcd refuses the client certificate',
     'Check etcdCertFile and etcdKeyFile: signed by the CA that etcd trusts, not expired, and made for client authentication'),
    ('certificate', r'x509: |private key does not match|KeyFile and CertFile must both|tls: ', 'The certificates for etcd do not fit',
     'Check etcdCACertFile, etcdCertFile and etcdKeyFile, and that the server certificate names the host of the endpoint'),
    ('api', r'response is invalid json|Not Implemented\]', 'What answers at the etcd endpoints does not speak etcd\'s v2 API',
     'Calico 2.6 needs it: run etcd 3.3 or older, or 3.4 and 3.5 with --enable-v2, and check the endpoints'),
    ('config', r'syntax error in |Error reading config file|no etcd authority or endpoints|invalid configuration: |Unknown datastore type|'
     r'first path segment in URL|unsupported protocol scheme|Failed to create Calico API client: open ',
     'The configuration of calicoctl cannot be used',
     'It is a calicoApiConfig document of apiVersion v1 with etcdEndpoints such as http://127.0.0.1:2379, and its files must exist'),
    ('no_leader', r'has no leader|Raft Internal Error|etcdserver: |leader changed', 'etcd has no leader at the moment',
     'Bring a majority of its members up'),
    ('server_error', r'returns server error \[', 'etcd answers with a server error', 'Look at its log; a proxy answers so while it reaches no member'),
    ('unreachable', r'etcd cluster is unavailable.*exceeded header timeout', 'etcd does not answer',
     'Check the endpoints, and that no firewall drops packets on the way'),
    ('unreachable', r'error #\d+: EOF', 'etcd closes the connection', 'Check that the endpoints say https where etcd wants TLS, and http where it does not'),
    ('unreachable', r'etcd cluster is unavailable', 'etcd cannot be reached', 'Start it (or its proxy on this host), and check the endpoints'),
    ('member', r'dial tcp|connection refused|connection reset|broken pipe|exceeded header timeout|: EOF$', 'A member of etcd cannot be reached',
     'Start it, or take it out of the endpoints'),
    ('document', r'Unknown resource type \(.*\(projectcalico\.org/v3\)', 'The document is for Calico 3',
     'Write it for Calico 2.6: apiVersion v1, kinds such as ipPool, and the names of their fields'),
    ('document', r'Unknown resource type \(', 'calicoctl does not know this kind of document',
     'Use apiVersion v1 and a kind such as ipPool, in this case'),
    ('document', r'field in document is not recognized', 'calicoctl does not know a field of the document', 'Correct its spelling and place'),
    ('document', r'error parsing document|error with field|insufficient identifiers', 'calicoctl refuses the document', 'Correct it'),
    ('corrupt', r'invalid character .* (in literal|looking for)', 'A value in the datastore is corrupt', 'Remove its key with etcdctl'),
    ('missing', r'resource does not exist', 'There is no such resource', None),
    ('exists', r'resource already exists', 'There is such a resource already', None),
    ('privilege', r'Need super user privileges', 'calicoctl must run as root', 'Use become: true'),
)
# Kinds of failure that pass by themselves, and for how many seconds to try again (None: until the call's own deadline). A write fails while
# one of several members is down, because calicoctl's etcd client tries a create at one member only; an election takes seconds.
_READ = (('no_leader', 'server_error'), 15)
_WRITE = (('no_leader', 'server_error', 'member'), None)


class CalicoctlError(CommandError):
    """calicoctl failed; kind is the first column of _MEANINGS, or 'unknown'."""

    def __init__(self, kind, what, why=None, remedy=None):
        super(CalicoctlError, self).__init__(what, why=why, remedy=remedy)
        self.kind = kind


def said(result):
    """calicoctl's own words, on one line: stdout, where it prints errors, else stderr, where its usage text goes."""
    words, _usage, _options = (result.out.strip() or result.err.strip()).partition('Usage:')
    return ' '.join(words.split()) or 'exit code %d' % result.rc


def explain(action, result):
    """CalicoctlError for a failed call.

    :arg action: what was being done and with which configuration, such as C(apply with /etc/calico/calicoctl.cfg).
    """
    words = said(result)
    for kind, pattern, what, remedy in _MEANINGS:
        if re.search(pattern, words):
            return CalicoctlError(kind, '%s (calicoctl %s)' % (what, action), why=words, remedy=remedy)
    return CalicoctlError('unknown', 'calicoctl %s failed' % action, why=words)


def parse_documents(result, action):
    """List of documents from C(-o json); raises what explain() makes of anything else."""
    try:
        documents = from_json(result.out) if result.rc == 0 else None
    except ValueError:
        documents = None
    if not isinstance(documents, list):
        raise explain(action, result)
    return documents


def parse_version(text):
    """{client, cluster, cluster_type} from C(calicoctl version); None for what it does not know, error for why it does not."""
    found = {'client': None, 'cluster': None, 'cluster_type': None, 'error': None}
    names = {'Client Version': 'client', 'Cluster Version': 'cluster', 'Cluster Type': 'cluster_type'}
    for line in text.splitlines():
        label, colon, value = line.partition(':')
        value = value.strip()
        if label in names and value and not value.startswith('unknown'):
            found[names[label]] = value
        elif label in names and value.startswith('unknown ('):
            found['error'] = value[len('unknown ('):].rstrip(')')
    return found


def nodes(documents):
    """[{name, ipv4, ipv6, as_number, ran}] of node documents; addresses with prefix or None.

    calicoctl lists any host with a key, also one that only ever attached a container or got a setting. Only calico/node (or an apply)
    writes an address, hence ran.
    """
    found = []
    for document in documents:
        bgp = (document.get('spec') or {}).get('bgp') or {}
        found.append({'name': document['metadata']['name'], 'ipv4': bgp.get('ipv4Address'), 'ipv6': bgp.get('ipv6Address'),
                      'as_number': bgp.get('asNumber'), 'ran': bool(bgp.get('ipv4Address') or bgp.get('ipv6Address'))})
    return found


class Calicoctl(object):
    """The calicoctl executable of this host.

    :arg path: the executable.
    :arg config: its configuration file; None leaves the choice to calicoctl (then /etc/calico/calicoctl.cfg if it exists, else environ).
    :arg timeout: seconds that one call may take, its retries included.
    :arg environ: dict of ETCD_* variables; those of the caller are taken out of the environment.
    :arg clock, sleep: seams for tests.
    """

    def __init__(self, path=PATH, config=CONFIG, timeout=90, environ=None, clock=time.time, sleep=time.sleep):
        self.path = path
        self.config = config
        self.timeout = timeout
        self._environ = dict((name, None) for name in os.environ if _VARIABLES.match(name))
        self._environ.update(environ or {})
        self._clock = clock
        self._sleep = sleep

    def not_set_up(self):
        """Why it cannot be used yet, as a sentence: the executable or its configuration file is missing; None if both are there."""
        if not os.path.isfile(self.path) or _command.find(self.path) is None:
            return 'there is no executable %s' % self.path
        if self.config is not None and not os.path.isfile(self.config):
            return 'there is no %s' % self.config
        return None

    def run(self, args, stdin=None, timeout=None, with_config=True):
        """Run it once and return _command.Result; neither exit code nor words are validated.

        :arg with_config: add --config (C(node status) does not know it).
        """
        reason = self.not_set_up()
        if reason:
            raise CalicoError('calicoctl cannot be run: %s' % reason, remedy='Install and configure it first')
        argv = [self.path] + list(args)
        if with_config and self.config is not None:
            argv.append('--config=%s' % self.config)
        return _command.run(argv, timeout=timeout or self.timeout, stdin=stdin, environ=self._environ)

    def _until_done(self, args, parse, policy, stdin=None):
        """Run until parse(result, action) returns; a CalicoctlError of a kind in the policy is tried again until the deadline."""
        passing, patience = policy
        action = ' '.join(arg for arg in args[:3] if not arg.startswith('-')) + (' with %s' % self.config if self.config else '')
        start = self._clock()
        for pause in itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1])):
            try:
                result = self.run(args, stdin=stdin, timeout=max(start + self.timeout - self._clock(), 1))
                return parse(result, action)
            except CalicoctlError as error:
                if error.kind not in passing or self._clock() + pause >= start + min(self.timeout, patience or self.timeout):
                    raise
            except CommandError as error:
                error.remedy = error.remedy or 'Check that etcd answers, and raise the timeout if some of its members are known not to'
                raise
            self._sleep(pause)

    def get(self, kind, name=None, node=None):
        """Documents of a kind as a list of dicts; [] if there is none, or none of that name, or of that node for kinds that belong to one."""
        args = ['get', kind] + ([name] if name else []) + (['--node=%s' % node] if node else []) + ['-o', 'json']

        def parse(result, action):
            try:
                return parse_documents(result, action)
            except CalicoctlError as error:
                if error.kind == 'missing':
                    return []
                raise

        return self._until_done(args, parse, _READ)

    def apply(self, documents):
        """Create or replace documents, whole; safe to repeat, so it is repeated while a member of etcd is down or none leads."""
        self._write(['apply', '-f', '-'], documents, 'Successfully applied')

    def delete(self, documents):
        """Delete documents; those that are not there are passed over."""
        self._write(['delete', '-f', '-', '--skip-not-exists'], documents, 'Successfully deleted')

    def _write(self, args, documents, success):
        def parse(result, action):
            if result.rc != 0 or not result.out.startswith(success):
                raise explain(action, result)

        self._until_done(args, parse, _WRITE, stdin=json.dumps(documents))

    def nodes(self):
        """nodes() of the datastore."""
        return nodes(self.get('node'))

    def version(self):
        """{client, cluster, cluster_type}: versions with v, or None while no calico/node has started."""
        def parse(result, action):
            found = parse_version(result.out)
            if result.rc != 0 or found['error'] or not found['client']:
                raise explain(action, result)
            del found['error']
            return found

        return self._until_done(['version'], parse, _READ)

    @staticmethod
    def _setting(verb, name, value=None, raw=None, node=None):
        args = ['config', verb, name] + ([] if value is None else [value])
        return args + (['--raw=%s' % raw] if raw else []) + (['--node=%s' % node] if node else [])

    def config_get(self, name, raw=None, node=None):
        """(value, inherited) of a setting; value is None if it is not set. Named settings have a default, so they always have a value.

        :arg raw: C(felix) or C(bgp). Asked for a node, a raw setting says it is unset where only the global one is set.
        """
        def parse(result, action):
            if result.rc != 0 or not result.out.endswith('\n'):
                raise explain(action, result)
            value = result.out[:-1]
            if value.endswith(INHERITED):
                return value[:-len(INHERITED)], True
            return (None if value == UNSET else value), False

        return self._until_done(self._setting('get', name, raw=raw, node=node), parse, _READ)

    def config_set(self, name, value, raw=None, node=None):
        """Set a setting; calicoctl says nothing when that went well."""
        self._config_write('set', name, value, raw, node)

    def config_unset(self, name, raw=None, node=None):
        """Remove a raw setting; put the default back for a named one."""
        self._config_write('unset', name, None, raw, node)

    def _config_write(self, verb, name, value, raw, node):
        def parse(result, action):
            if result.rc != 0 or result.out.strip():
                raise explain(action, result)

        self._until_done(self._setting(verb, name, value=value, raw=raw, node=node), parse, _WRITE)


def from_params(params):
    """Calicoctl as a module's OPTIONS say."""
    return Calicoctl(params['calicoctl'], config=params['config'], timeout=params['timeout'])
