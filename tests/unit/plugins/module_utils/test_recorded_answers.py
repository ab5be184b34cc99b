# -*- coding: utf-8 -*-
"""What the real tools answered to the product's calls, read by the product's own code."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import json
import os

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _facts, _node, _resources, _runner
from ansible_collections.dcos.calico.plugins.module_utils._calico._docker_rules import Desired
from ansible_collections.dcos.calico.plugins.module_utils._cni import _config
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _docker, _docker_daemon, _docker_networks, _etcd, _facts_etcd

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDS = os.path.join(HERE, '..', '..', '..', 'contract', 'records')
SOURCES = ('22-node-run-address.jsonl', '23-product-calls.jsonl', '24-product-calls.jsonl', '25-docker-etcd-bird.jsonl', '29-bird-restarts.jsonl')


def _load(source):
    with io.open(os.path.join(RECORDS, source), encoding='utf-8') as lines:
        return [dict(json.loads(line), source=source) for line in lines]


EVERY = [record for source in SOURCES for record in _load(source)]


def those(program, *words, **options):
    """Records of calls of a program that begin so; with has, those that have a word somewhere; failed: only those, or none of them."""
    found = []
    for record in EVERY:
        argv, failed = record['argv'], record['exit_code'] != 0
        matches = os.path.basename(argv[0]) == program and argv[1:len(words) + 1] == list(words) and options.get('has', argv[0]) in argv
        if matches and options.get('failed', failed) == failed:
            found.append(record)
    assert found, 'there is no record of %s %s' % (program, ' '.join(words))
    return pytest.mark.parametrize('record', found, ids=['%s %s' % (each['source'][:2], each['name']) for each in found])


def option(record, name, default=None):
    """The value of an option of the recorded call."""
    start = '--%s=' % name
    return next((str(word[len(start):]) for word in record['argv'] if word.startswith(start)), default)


def result(record):
    return _command.Result(record['exit_code'], str(record['stdout']), str(record['stderr']))


@pytest.fixture
def answer(monkeypatch):
    """Let every program answer as in a record."""
    def arrange(record):
        monkeypatch.setattr(_command, 'run', lambda *unused, **more: result(record))

    return arrange


@pytest.fixture
def calicoctl(monkeypatch, answer):
    """A Calicoctl whose next call is answered as in a record; it does not try again."""
    monkeypatch.setattr(_runner.Calicoctl, 'not_set_up', lambda self: None)

    def arrange(record):
        answer(record)
        return _runner.Calicoctl(timeout=0)

    return arrange


# ---- calicoctl

@those('calicoctl', 'get', has='json')
def test_get(calicoctl, record):
    tool, kind = calicoctl(record), str(record['argv'][2])
    if record['exit_code']:
        assert 'resource does not exist' in record['stdout'] and tool.get(kind) == []
        return
    documents = json.loads(record['stdout'])
    assert tool.get(kind) == documents
    if kind == 'node':
        assert [(node['name'], node['ipv4']) for node in tool.nodes()] == [
            (each['metadata']['name'], each['spec'].get('bgp', {}).get('ipv4Address')) for each in documents]


@those('calicoctl', 'config', 'get')
def test_config_get(calicoctl, record):
    value, inherited = calicoctl(record).config_get('x')
    assert record['stdout'] == '%s%s\n' % ('(unset)' if value is None else value, ' (inherited from global)' if inherited else '')


@those('calicoctl', 'config', 'set', failed=False)
def test_config_set(calicoctl, record):
    assert calicoctl(record).config_set('x', 'y') is None


@those('calicoctl', 'config', 'unset', failed=False)
def test_config_unset(calicoctl, record):
    assert calicoctl(record).config_unset('x') is None


@those('calicoctl', 'apply')
def test_apply(calicoctl, record):
    tool = calicoctl(record)
    if record['exit_code'] == 0:
        assert tool.apply([]) is None
        return
    with pytest.raises(_runner.CalicoctlError) as failure:
        tool.apply([])
    assert failure.value.kind == 'document'


@those('calicoctl', 'delete', '-f', '-', '--skip-not-exists')
def test_delete(calicoctl, record):
    tool = calicoctl(record)
    if record['exit_code'] == 0:
        assert tool.delete([]) is None
        return
    with pytest.raises(_runner.CalicoctlError) as failure:
        tool.delete([])
    assert failure.value.kind == 'document'


@those('calicoctl', 'create', failed=True)
def test_a_member_that_is_down_is_told_as_such(record):
    assert _runner.explain('create', result(record)).kind == 'member'


@those('calicoctl', 'version')
def test_version(calicoctl, record):
    found = calicoctl(record).version()
    assert found['client'] == 'v1.6.3' and found['cluster'] == ('v2.6.6' if 'v2.6.6' in record['stdout'] else None)


@those('calicoctl', 'node', 'run', has='--dryrun', failed=False)
def test_dryrun(record):
    container = _node.parse_dryrun(str(record['stdout']))
    assert (container.image, container.env.get('NODENAME')) == (option(record, 'node-image', 'quay.io/calico/node:latest'), option(record, 'name'))
    assert (container.network, container.privileged) == ('host', True)
    assert container.restart == ('no' if '--init-system' in record['argv'] else 'always')
    assert container.env.get('IP_AUTODETECTION_METHOD') == option(record, 'ip-autodetection-method', container.env.get('IP_AUTODETECTION_METHOD'))
    assert container.env.get('IP', '') in ('', option(record, 'ip'))
    assert [mount for mount in container.mounts if mount.startswith('/var/run/calico:')] == ['/var/run/calico:/var/run/calico']


@those('calicoctl', 'node', 'run', has='--dryrun', failed=True)
def test_dryrun_refused(record):
    assert _runner.said(result(record)) in str(_runner.explain('node run --dryrun', result(record)))
    with pytest.raises(CalicoError) as failure:
        _node.parse_dryrun(str(record['stdout']))
    assert 'did not print the command' in str(failure.value)


def _read_back():
    """[(record, document as it was applied, document as calicoctl gave it back)] of the recording that applies and reads every field."""
    kept, found = {}, []
    for record in _load('24-product-calls.jsonl'):
        words, done = record['argv'][1:] or [''], record['exit_code'] == 0
        if words[0] in ('apply', 'delete') and done:
            for document in json.loads(record['stdin']):
                kept[_resources.name_of(document)] = document if words[0] == 'apply' else None
        elif words[0] == 'get' and done:
            found += [(record, kept.get(_resources.name_of(answer)), answer) for answer in json.loads(record['stdout'])]
    return [(record['name'], applied, answer) for record, applied, answer in found if applied]


@pytest.mark.parametrize('unused, applied, answer', _read_back(), ids=['%s: %s' % (name, applied['metadata']) for name, applied, _answer in _read_back()])
def test_what_was_applied_is_what_is_read_back(unused, applied, answer):
    """Else every run would change it again."""
    assert _resources.canonical(applied) == _resources.canonical(answer)


# ---- plugins

@pytest.mark.parametrize('program, words, version', [('calicoctl', '--version', '1.6.3'), ('calico', '-v', '1.11.2'), ('calico-ipam', '-v', '1.11.2')])
def test_versions_of_programs(tmpdir, answer, program, words, version):
    record = next(each for each in EVERY if each['argv'] == [program, words])
    tmpdir.join(program).write('#!/bin/sh\n')
    tmpdir.join(program).chmod(0o755)
    answer(record)
    assert _facts.executable(str(tmpdir.join(program)))['version'] == version


@pytest.mark.parametrize('record', [each for each in EVERY if each['env'].get('CNI_COMMAND') == 'VERSION'], ids=lambda record: record['name'])
def test_handshake(record):
    assert json.loads(_config.version_question('0.1.0')) == json.loads(record['stdin']) and record['env'] == _config.VERSION_ENVIRONMENT
    assert _config.supported_versions(record['stdout']) == ['0.1.0', '0.2.0', '0.3.0', '0.3.1']


# ---- Docker

@those('docker', 'version', failed=False)
def test_docker_version(monkeypatch, answer, record):
    monkeypatch.setattr(_docker, 'present', lambda: '/usr/bin/docker')
    answer(record)
    found = _facts.docker()
    assert found['running'] and found['version'] == record['stdout'].strip() and found['version'][0].isdigit()


@those('docker', 'version', failed=True)
def test_docker_is_down(monkeypatch, answer, record):
    monkeypatch.setattr(_docker, 'present', lambda: '/usr/bin/docker')
    answer(record)
    found = _facts.docker()
    assert not found['running'] and 'Is the docker daemon running?' in found['error']


@those('docker', 'inspect')
def test_inspect(answer, record):
    answer(record)
    names, down = [str(word) for word in record['argv'][2:]], 'Is the docker daemon running?' in record['stderr']
    if down:
        with pytest.raises(CommandError):
            _docker.inspect(*names)
        return
    container, image = _docker.container_and_image('calico-node', names[-1])
    there = [name for name in names if 'No such object: %s\n' % name not in record['stderr']]
    assert (container is not None) == ('calico-node' in there) and (image is not None) == any(':' in name for name in there)
    if container:
        seen = _node.from_inspect(container, image)
        assert (seen.network, seen.privileged, seen.restart) == ('host', True, 'no') and '/var/run/calico:/var/run/calico' in seen.mounts
        assert seen.env['IP_AUTODETECTION_METHOD'].startswith('interface=^') and 'PATH' not in seen.env


@those('docker', 'info')
def test_info(answer, record):
    answer(record)
    if record['exit_code'] or 'Server Version' not in record['stdout']:
        with pytest.raises(CommandError):
            _docker_daemon.info()
        return
    assert _docker_daemon.info().version[0].isdigit()


@those('docker', 'ps')
def test_running_containers(answer, record):
    answer(record)
    assert _docker_daemon.containers() == sorted(set(record['stdout'].split()) - set(['calico-node']))


@those('docker', 'logs')
def test_logs(answer, record):
    answer(record)
    assert bool(_docker.logs('calico-node')) == (record['exit_code'] == 0)


@those('docker', 'rm')
def test_remove(answer, record):
    answer(record)
    assert _docker.remove_container('x') is None


@those('docker', 'load')
def test_load(answer, record):
    answer(record)
    if record['exit_code'] == 0:
        assert _docker.load('x') is None
        return
    with pytest.raises(CommandError):
        _docker.load('x')


@those('docker', 'pull', failed=True)
def test_pull_from_nowhere(answer, record):
    answer(record)
    with pytest.raises(CommandError) as failure:
        _docker.pull('x')
    remedies = [('verification failed', _docker.CHANGED), ('manifest unknown', _docker.UNKNOWN), ('dial tcp', _docker.UNREACHED)]
    assert failure.value.remedy == next(remedy for words, remedy in remedies if words in record['stderr'])
    assert record['stderr'].split()[0] in str(failure.value)


@those('docker', 'pull', failed=False)
def test_pull(answer, record):
    answer(record)
    assert _docker.pull(record['argv'][-1]) is None


@those('docker', 'network', 'inspect')
def test_networks(answer, record):
    answer(record)
    names = [item['Name'] for item in json.loads(record['stdout'])]
    assert sorted(_docker_networks.inspect(names or ['nowhere'])) == sorted(names)


@those('docker', 'network', 'create', failed=True)
def test_a_network_that_cannot_be_made(answer, record):
    answer(record)
    with pytest.raises(CalicoError) as failure:
        _docker_networks.create(Desired('nowhere'))
    assert 'libnetwork plugin' in str(failure.value)


# ---- etcd and BIRD

def of_etcd(path):
    """(status, body) of what etcd answered, by records of curl -i."""
    found = []
    for record in EVERY:
        if record['argv'][0] == 'curl' and record['argv'][-1].endswith(path):
            head, unused, body = record['stdout'].replace('\r\n', '\n').partition('\n\n')
            found.append((int(head.split()[1]), str(body)))
    assert found
    return found


def test_etcd_has_keys():
    for status, body in of_etcd('/v2/keys/calico'):
        assert _facts_etcd.interpret(status, body) == (True, True, None)


def test_etcd_serves_its_api():
    for status, body in of_etcd('/v2/keys'):
        assert _etcd.classify(status, body).ok


def test_etcd_is_healthy():
    for status, body in of_etcd('/health'):
        assert _etcd.classify_health(status, body).ok


def test_etcd_tells_its_version():
    for unused, body in of_etcd('/version'):
        assert _facts_etcd.version_in(body) == '3.3.25'


def test_etcd_tells_its_members():
    for status, body in of_etcd('/members'):
        assert status == 200 and all(url.startswith('http') for member in json.loads(body) for url in member['clientURLs'])


@those('bird', 'show', 'protocols')
def test_sessions(record):
    peers = _bgp.parse_protocols(str(record['stdout']))
    assert peers and all(item['type'] == 'node-to-node mesh' for item in peers)
    assert len(peers) == record['stdout'].count('Mesh_')


@those('bird', 'show', 'status')
def test_recovery(record):
    assert (_bgp.parse_recovery(str(record['stdout'])) is not None) == ('Waiting for' in record['stdout'])


@those('bird', 'show', 'protocols', 'all')
def test_peers_that_restart(record):
    found = _bgp.parse_restarting(str(record['stdout']))
    assert len(found) == record['stdout'].count('graceful restart active') == ('a peer' in record['name'])
    assert set(found) <= set(item['address'] for item in _bgp.parse_protocols(str(record['stdout'])))
