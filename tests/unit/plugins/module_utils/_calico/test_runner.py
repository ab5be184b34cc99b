# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words and exit codes below are those of the real calicoctl 1.6.3."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _runner
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError

DOWN = 'client: etcd cluster is unavailable or misconfigured; error #0: %s\n\n'
REFUSED = 'dial tcp 127.0.0.1:2379: getsockopt: connection refused'
NODES = [
    {'kind': 'node', 'apiVersion': 'v1', 'metadata': {'name': 'calico-agent3'},
     'spec': {'bgp': {'asNumber': 64700, 'ipv4Address': '10.99.0.13/24', 'ipv6Address': 'fd00::13/64'}}},
    {'kind': 'node', 'apiVersion': 'v1', 'metadata': {'name': 'calico-bare'}, 'spec': {'bgp': {'ipv4Address': '10.99.0.15/32'}}},
    {'kind': 'node', 'apiVersion': 'v1', 'metadata': {'name': 'ghost'}, 'spec': {}},
]
DOUBLE = """#!/bin/sh
# Answers its nth call with the files out.n, err.n and rc.n of its directory (the last ones for any further call), and notes what it was given.
cd {directory}
n=$(($(cat count) + 1)); echo $n > count
printf '%s\\n' "$*" >> argv
cat >> stdin
env > environ
[ -e rc.$n ] || n=last
cat out.$n; cat err.$n >&2; exit $(cat rc.$n)
"""


class Double(object):
    """A calicoctl that answers what it was told to, and the Calicoctl that runs it on a clock of its own."""

    def __init__(self, directory, monkeypatch):
        self.directory = directory
        self.now = 1000.0
        monkeypatch.setenv('ETCD_ENDPOINTS', 'http://other:2379')
        monkeypatch.setenv('CALICO_ETCD_ENDPOINTS', 'http://other:2379')
        directory.join('calicoctl').write(DOUBLE.format(directory=directory))
        directory.join('calicoctl').chmod(0o755)
        directory.join('count').write('0')
        self.config = directory.join('calicoctl.cfg')
        self.config.write('apiVersion: v1\n')

    def answer(self, *answers):
        """Each is stdout, or (rc, stdout), or (rc, stdout, stderr)."""
        for number, answer in enumerate(answers, 1):
            rc, out, err = (answer + ('',))[:3] if isinstance(answer, tuple) else (0, answer, '')
            for name in (number, 'last'):
                self.directory.join('out.%s' % name).write(out)
                self.directory.join('err.%s' % name).write(err)
                self.directory.join('rc.%s' % name).write(str(rc))
        return self

    def sleep(self, seconds):
        self.now += seconds

    def calicoctl(self, **kwargs):
        options = dict(path=str(self.directory.join('calicoctl')), config=str(self.config), timeout=60, clock=lambda: self.now, sleep=self.sleep)
        options.update(kwargs)
        return _runner.Calicoctl(**options)

    @property
    def calls(self):
        return self.directory.join('argv').read().splitlines()

    def read(self, name):
        return self.directory.join(name).read()


@pytest.fixture
def double(tmpdir, monkeypatch):
    return Double(tmpdir, monkeypatch)


def test_get_reads_json_and_names_its_configuration(double):
    assert double.answer(json.dumps(NODES, indent=2)).calicoctl().get('node') == NODES
    assert double.calls == ['get node -o json --config=%s' % double.config]
    assert 'ETCD_ENDPOINTS' not in double.read('environ')


def test_environment_that_was_given_is_used(double):
    double.answer('[]\n').calicoctl(config=None, environ={'ETCD_ENDPOINTS': 'http://mine:2379'}).get('node')
    assert 'ETCD_ENDPOINTS=http://mine:2379' in double.read('environ').splitlines()
    assert 'other' not in double.read('environ')
    assert double.calls == ['get node -o json']


@pytest.mark.parametrize('answer', [
    '[]\n',
    (1, 'Failed to get resources: resource does not exist: Node(name=nope)\n'),
])
def test_get_of_a_missing_resource_is_empty(double, answer):
    assert double.answer(answer).calicoctl().get('node', 'nope') == []
    assert double.calls == ['get node nope -o json --config=%s' % double.config]


@pytest.mark.parametrize('out, kind, words', [
    ('Failed to get resources: ' + DOWN % REFUSED, 'unreachable', 'Start it (or its proxy'),
    ('Failed to get resources: ' + DOWN % 'client: endpoint http://127.0.0.1:4999 exceeded header timeout', 'unreachable', 'firewall'),
    ('Failed to get resources: ' + DOWN % 'EOF', 'unreachable', 'https where etcd wants TLS'),
    ('Failed to get resources: ' + DOWN % 'dial tcp: lookup etcd.nowhere.invalid on 10.255.255.53:53: i/o timeout', 'unreachable', 'endpoints'),
    ('Failed to get resources: ' + DOWN % 'unsupported protocol scheme ""', 'config', 'such as http://'),
    ('Failed to create Calico API client: parse 127.0.0.1:2379: first path segment in URL cannot contain colon\n', 'config', 'such as http://'),
    ('Failed to get resources: ' + DOWN % 'remote error: tls: bad certificate', 'certificate', 'etcdCertFile'),
    ('Failed to get resources: ' + DOWN % 'x509: certificate signed by unknown authority', 'certificate', 'etcdCACertFile'),
    ('Failed to create Calico API client: tls: private key does not match public key\n', 'certificate', 'etcdKeyFile'),
    ('Failed to create Calico API client: KeyFile and CertFile must both be present[key: , cert: /rig/tls/client.crt]\n', 'certificate', 'etcdKeyFile'),
    ('Failed to create Calico API client: open /rig/tls/nope.crt: no such file or directory\n', 'config', 'its files must exist'),
    ('Failed to get resources: client: response is invalid json. The endpoint is probably not valid etcd cluster endpoint.\n', 'api', '--enable-v2'),
    ('Failed to apply \'ipPool\' resource: ' + DOWN % 'client: etcd member http://127.0.0.1:4997 returns server error [Not Implemented]',
     'api', '--enable-v2'),
    ('Failed to create Calico API client: syntax error in /etc/calico/calicoctl.cfg: invalid config file: unknown APIVersion \'\'\n',
     'config', 'calicoApiConfig'),
    ('Failed to create Calico API client: no etcd authority or endpoints specified\n', 'config', 'etcdEndpoints'),
    ('Failed to delete \'ipPool\' resource: invalid character \'o\' in literal null (expecting \'u\')\n', 'corrupt', 'etcdctl'),
    ('Need super user privileges: Operation not permitted\n', 'privilege', 'become'),
    ('', 'unknown', 'exit code 1'),
])
def test_errors_say_what_and_what_to_do(double, out, kind, words):
    with pytest.raises(_runner.CalicoctlError) as error:
        double.answer((1, out)).calicoctl().get('ipPool')
    assert error.value.kind == kind
    assert words in str(error.value) and 'get ipPool with %s' % double.config in str(error.value)
    assert len(double.calls) == 1


@pytest.mark.parametrize('out, words', [
    ('Failed to execute command: Unknown resource type (ipPool) and/or version (projectcalico.org/v3)\n', 'apiVersion v1'),
    ('Failed to execute command: Unknown resource type (IPPool) and/or version (v1)\n', 'in this case'),
    ('Failed to execute command: error parsing document: field in document is not recognized or is in the wrong location: natOutgoing\n', 'spelling'),
    ('Failed to execute command: error with field CIDR = \'192.168.5.7/16\' (IP pool CIDR is not strictly masked)\n', 'strictly masked'),
    ('Failed to apply \'ipPool\' resource: insufficient identifiers, missing \'cidr\'\n', 'missing \'cidr\''),
    ('Partial success: applied the first 1 out of 3 \'ipPool\' resources:\nHit error: insufficient identifiers, missing \'cidr\'\n', 'first 1 out of 3'),
])
def test_refused_documents_are_not_tried_again(double, out, words):
    with pytest.raises(_runner.CalicoctlError) as error:
        double.answer((1, out)).calicoctl().apply([{}])
    assert words in str(error.value) and error.value.kind == 'document'
    assert len(double.calls) == 1


def test_exit_code_0_without_the_words_of_success_is_a_failure(double):
    double.answer((0, '', 'Usage:\n  calicoctl apply --filename=<FILENAME>\n'))
    with pytest.raises(_runner.CalicoctlError):
        double.calicoctl().apply([{}])
    with pytest.raises(_runner.CalicoctlError):
        double.calicoctl().get('node')


def test_apply_sends_json_on_stdin(double):
    double.answer('Successfully applied 1 \'node\' resource(s)\n').calicoctl().apply(NODES[:1])
    assert json.loads(double.read('stdin')) == NODES[:1]
    assert double.calls == ['apply -f - --config=%s' % double.config]


@pytest.mark.parametrize('failure', [
    'Failed to apply \'node\' resource: dial tcp 127.0.0.1:3371: getsockopt: connection refused\n',
    'Failed to apply \'node\' resource: client: endpoint http://127.0.0.1:3371 exceeded header timeout\n',
    'Partial success: applied the first 1 out of 2 \'node\' resources:\nHit error: dial tcp 127.0.0.1:3371: getsockopt: connection refused\n',
    'Failed to apply \'node\' resource: ' + DOWN % (REFUSED + '\n; error #1: client: etcd member http://127.0.0.1:3370 has no leader'),
])
def test_apply_is_repeated_while_one_member_is_down_or_none_leads(double, failure):
    double.answer((1, failure), (1, failure), 'Successfully applied 1 \'node\' resource(s)\n').calicoctl().apply(NODES[:1])
    assert len(double.calls) == 3


def test_apply_gives_up_at_its_deadline(double):
    double.answer((1, 'Failed to apply \'node\' resource: dial tcp 127.0.0.1:3371: getsockopt: connection refused\n'))
    with pytest.raises(_runner.CalicoctlError) as error:
        double.calicoctl(timeout=10).apply(NODES[:1])
    assert error.value.kind == 'member'
    assert double.now < 1010 and 3 < len(double.calls) < 8


def test_apply_is_not_repeated_when_no_member_answers(double):
    double.answer((1, 'Failed to apply \'ipPool\' resource: ' + DOWN % REFUSED))
    with pytest.raises(_runner.CalicoctlError):
        double.calicoctl().apply([{}])
    assert len(double.calls) == 1


@pytest.mark.parametrize('words', ['has no leader', 'returns server error [Service Unavailable]'])
def test_a_read_waits_for_an_election_but_not_for_long(double, words):
    double.answer((1, 'Failed to get resources: ' + DOWN % ('client: etcd member http://127.0.0.1:3370 ' + words)))
    with pytest.raises(_runner.CalicoctlError):
        double.calicoctl().get('node')
    assert len(double.calls) > 2 and double.now < 1015


def test_delete_passes_over_what_is_not_there(double):
    double.answer('Successfully deleted 1 \'node\' resource(s)\n').calicoctl().delete(NODES[:1])
    assert double.calls == ['delete -f - --skip-not-exists --config=%s' % double.config]


def test_only_a_node_with_an_address_has_run(double):
    nodes = double.answer(json.dumps(NODES)).calicoctl().nodes()
    assert nodes[0] == {'name': 'calico-agent3', 'ipv4': '10.99.0.13/24', 'ipv6': 'fd00::13/64', 'as_number': 64700, 'ran': True}
    assert [(node['name'], node['ran']) for node in nodes] == [('calico-agent3', True), ('calico-bare', True), ('ghost', False)]


@pytest.mark.parametrize('out, expected', [
    ('on\n', ('on', False)), ('64512\n', ('64512', False)), ('(unset)\n', (None, False)),
    ('info (inherited from global)\n', ('info', True)), ('warning\n', ('warning', False)), ('10\n', ('10', False)),
])
def test_config_get(double, out, expected):
    assert double.answer(out).calicoctl().config_get('x', raw='felix', node='n1') == expected
    assert double.calls == ['config get x --raw=felix --node=n1 --config=%s' % double.config]


def test_config_set_and_unset_say_nothing(double):
    calicoctl = double.answer('').calicoctl()
    calicoctl.config_set('nodeToNodeMesh', 'off')
    calicoctl.config_unset('HealthEnabled', raw='felix')
    assert [call.split(' --config')[0] for call in double.calls] == ['config set nodeToNodeMesh off', 'config unset HealthEnabled --raw=felix']


@pytest.mark.parametrize('answer', [(1, 'Error executing command: invalid value \'maybe\'\n'), (0, 'Usage:\n')])
def test_config_set_that_says_something_failed(double, answer):
    with pytest.raises(_runner.CalicoctlError):
        double.answer(answer).calicoctl().config_set('nodeToNodeMesh', 'maybe')


VERSION = 'Client Version:    v1.6.3\nBuild date:        2017-12-01T01:06:48+0000\nGit commit:        d4cfc95c\nCluster Version:   %s\nCluster Type:      %s\n'


@pytest.mark.parametrize('cluster, expected', [
    (('unknown', 'unknown'), {'client': 'v1.6.3', 'cluster': None, 'cluster_type': None}),
    (('v2.6.6', 'mesos,bgp'), {'client': 'v1.6.3', 'cluster': 'v2.6.6', 'cluster_type': 'mesos,bgp'}),
])
def test_version(double, cluster, expected):
    assert double.answer(VERSION % cluster).calicoctl().version() == expected


def test_version_that_exits_0_without_a_datastore_is_a_failure(double):
    why = 'unknown (' + DOWN.strip() % REFUSED + '\n)'
    with pytest.raises(_runner.CalicoctlError) as error:
        double.answer(VERSION % (why, why)).calicoctl().version()
    assert error.value.kind == 'unreachable'


def test_what_is_not_set_up_is_told_and_refused(double):
    double.answer('[]\n')
    assert double.calicoctl().not_set_up() is None
    absent = double.calicoctl(path=str(double.directory.join('absent')))
    assert 'no executable' in absent.not_set_up()
    assert 'no executable' in double.calicoctl(path=str(double.directory)).not_set_up()
    unconfigured = double.calicoctl(config=str(double.directory.join('absent.cfg')))
    assert 'absent.cfg' in unconfigured.not_set_up()
    for calicoctl in (absent, unconfigured):
        with pytest.raises(CalicoError):
            calicoctl.get('node')


def test_a_call_that_hangs_ends_at_its_deadline(double):
    double.directory.join('calicoctl').write('#!/bin/sh\nsleep 30\n')
    with pytest.raises(CommandError) as error:
        double.calicoctl(timeout=1).get('node')
    assert 'within 1 seconds' in str(error.value) and 'Check that etcd answers' in str(error.value)
