# -*- coding: utf-8 -*-
"""What a host says for its bundle: with and without Calico, with secrets everywhere, with programs that hang or say too much."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import now
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _diagnostics
from ansible_collections.dcos.calico.plugins.modules import diagnostics

from ....support.agent_host import args, furnish

PLANTED = ['planted-%s' % name for name in ('container', 'endpoint', 'config', 'cni', 'journal', 'felix', 'unit', 'proxy', 'daemon', 'iptables')]


@pytest.fixture
def look(agent_host, run_module, monkeypatch):
    monkeypatch.setattr(_diagnostics, 'ROOT', str(agent_host.root.join('root')))

    def run(**more):
        steps = [{'job': 'agent_info', 'args': args(agent_host)}, {'job': 'sysctl', 'args': {}}]
        result = run_module(diagnostics, dict({'of': 'host', 'steps': steps}, **more))
        assert not result.get('failed'), result
        return result, dict((entry['name'], entry) for entry in _backup.unpack(result.pop('content')))
    return run


def plant(host):
    """Secrets wherever a host has them; what is read by ROOT lies below root."""
    furnish(host)
    root = host.root.join('root')
    state = json.loads(host.root.join('node.json').read())
    state['container']['env'] = ['NODENAME=a', 'ETCD_PASSWORD=planted-container', 'ETCD_ENDPOINTS=http://root:planted-endpoint@a:2379']
    host.root.join('node.json').write(json.dumps(state))
    root.join('etc', 'calico', 'calicoctl.cfg').write('spec:\n  etcdEndpoints: http://a:1\n  etcdPassword: planted-config\n', ensure=True)
    root.join('cni', 'k8s.conf').write(json.dumps({'name': 'k8s', 'type': 'calico', 'policy': {'type': 'k8s', 'k8s_auth_token': 'planted-cni'}}), ensure=True)
    host.root.join('daemon_config').write(json.dumps({'proxies': {'http-proxy': 'http://me:planted-daemon@p:1'}}))
    root.join('var', 'log', 'calico', 'felix', 'current').write(
        '2000-01-01 00:00:00.000 [INFO] old\n2999-01-01 00:00:00.000 [INFO] Parsed value for EtcdPassword: planted-felix\nlater: planted-cni was used\n',
        ensure=True)
    host.tool('journalctl', '#!/bin/sh\necho "2026-11-29T06:00:00+0000 a x[1]: \033[2J password=planted-journal"\necho "and planted-container \\"$*\\""\n')
    host.tool('iptables-save', '#!/bin/sh\necho "-A INPUT -m comment --comment token=planted-iptables -j ACCEPT"\n')
    host.tool('systemctl', '#!/bin/sh\necho LoadState=loaded\n'
              '[ $1 != cat ] || printf "[Service]\\nEnvironment=FOO=planted-unit HTTP_PROXY=http://a:planted-proxy@b:1\\n"\n')


def test_a_host_with_nothing_says_what_it_has(look, agent_host):
    agent_host.root.join('bin', 'systemctl').remove()
    result, entries = look()
    assert result['plan']['sysctl']['changed'] is False and 'docker' in result['facts'] and result['changed'] is False
    assert {'system/versions.txt', 'system/files.txt', 'plan/facts.json', 'network/sysctl.txt'} <= set(entries)
    assert not [name for name in entries if name.startswith(('cni/', 'docker/', 'bird/', 'logs/felix'))]
    assert 'is not installed on this host' in entries['units/docker.service.txt']['note']


def test_no_secret_of_a_host_is_in_any_text(look, agent_host):
    plant(agent_host)
    result, entries = look(cni_dir='/cni', felix_health_port=1)
    said = json.dumps(entries)
    assert [secret for secret in PLANTED if secret in said] == []
    assert '\\u001b' not in said and '\\\\x1b[2J' in said
    for name in ('config/calicoctl.cfg', 'cni/01.txt', 'docker/calico-node.json', 'docker/daemon.json', 'logs/felix.log', 'network/iptables.txt',
                 'logs/calico-node.service.log', 'units/docker.service.txt'):
        assert '[redacted]' in entries[name]['text'], name
    assert 'old' not in entries['logs/felix.log']['text'] and '1 older lines left out' in entries['logs/felix.log']['note']
    assert json.dumps(result).count('planted') == 0


def test_secrets_among_arguments_are_in_no_text(look, agent_host):
    plant(agent_host)
    agent_host.tool('iptables-save', '#!/bin/sh\necho "it is hunter2-hunter2"\n')
    file = {'path': str(agent_host.root.join('x')), 'secret_content': 'hunter2-hunter2'}
    steps = [{'job': 'agent_info', 'args': args(agent_host)}, {'job': 'agent_files', 'args': {'files': [file]}}]
    dummy, entries = look(steps=steps)
    assert 'hunter2' not in json.dumps(entries)


def test_what_hangs_is_told_and_holds_up_nothing_else(look, agent_host):
    plant(agent_host)
    agent_host.tool('docker', '#!/bin/sh\nexec /bin/sleep 100\n')
    start = now()
    result, entries = look(command_seconds=1, seconds=8)
    assert now() - start < 60
    assert 'did not answer within 1 seconds' in entries['docker/calico-node.json']['note']
    assert 'docker did not answer before' in entries['docker/info.txt']['note'] and entries['network/iptables.txt']['text']
    assert 'plan' in result or 'error' in result


def test_when_the_time_is_over_the_rest_is_left_out(look, agent_host):
    plant(agent_host)
    agent_host.tool('journalctl', '#!/bin/sh\nexec /bin/sleep 100\n')
    agent_host.tool('iptables-save', '#!/bin/sh\nexec /bin/sleep 100\n')
    dummy, entries = look(command_seconds=30, seconds=2)
    assert [name for name in entries if 'the 2 seconds for this host were over' in entries[name]['note']]


def test_sizes_are_bounded_and_what_was_cut_is_told(look, agent_host):
    plant(agent_host)
    agent_host.tool('iptables-save',
                    '#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9; do for j in a b c d e f g h i; do echo "rule $i $j %s"; done; done\n' % ('x' * 100))
    dummy, entries = look(entry_size=4)
    assert len(entries['network/iptables.txt']['text']) <= 4096 and entries['network/iptables.txt']['note'].startswith('cut: the first')
    dummy, entries = look(lines=5)
    assert entries['network/iptables.txt']['note'] == 'cut: the first 5 of 81 lines'
    dummy, entries = look(size=2)
    assert sum(len(entry['text'].encode('utf-8')) for entry in entries.values()) <= 2 << 10
    assert [entry for entry in entries.values() if 'cut: the first 0 of' in entry['note'] or 'were used up' in entry['note']]


def test_a_secret_is_not_cut_in_two(look, agent_host):
    """What remains of it would neither have the name that says so nor be found as what was learned, and what is redacted makes room for it."""
    plant(agent_host)
    half = 'config-and-more'
    agent_host.root.join('root', 'etc', 'calico', 'calicoctl.cfg').write('spec:\n  etcdPassword: planted-%s\n' % half)
    long = 'token=%s\n' % ('x' * 90)
    agent_host.tool('iptables-save', '#!/bin/sh\necho "%s0123456 planted-%s"\n' % (long * 20 + 'y' * 90 + '\n', half))
    current = agent_host.root.join('root', 'var', 'log', 'calico', 'felix', 'current')
    for first in (1, 3, 9):  # of that line, of which the end alone is read
        current.write('planted-%s %s\n%s' % (half, 'z' * (100 - first), long * 20))
        dummy, entries = look(entry_size=1)
        assert half[5:] not in json.dumps(entries) and 'characters left out' in entries['network/iptables.txt']['note']


def test_variables_of_tasks_are_in_no_log(look, agent_host):
    plant(agent_host)
    agent_host.tool('journalctl', '#!/bin/sh\necho "a mesos-agent[1]: docker run --net calico -e DB=planted-1 x"\n')
    dummy, entries = look()
    assert 'planted-1' not in entries['logs/dcos-mesos-slave.service.log']['text'] and 'docker run' in entries['logs/dcos-mesos-slave.service.log']['text']


def test_a_broken_look_is_a_note(look, agent_host):
    plant(agent_host)
    result, entries = look(steps=[{'job': 'sysctl', 'args': {'nonsense': 1}}])
    assert 'cannot take its arguments' in result['plan']['sysctl']['error'] and 'cannot take' in entries['plan/changes.json']['text']
    result, entries = look(steps=[{'job': 'agent_info', 'args': {'nonsense': 1}}])
    assert 'cannot take its arguments' in result['error'] and entries['network/iptables.txt']['text']


def test_the_datastore_is_read_once_and_has_no_secrets(datastore, run_module):
    datastore.keys.hold({'/calico/v1/Ready': 'true', '/calico/v1/config/EtcdPassword': 'planted-1',
                         '/calico/odd': 'planted-2', '/calico/v1/config/X': 'x planted-1'})
    result = run_module(diagnostics, {'of': 'datastore', 'config': datastore.options['config']})
    [entry] = _backup.unpack(result['content'])
    assert entry['name'] == 'datastore/keys.txt' and 'planted' not in entry['text']
    assert [json.loads(line)['key'] for line in entry['text'].splitlines()] == ['/calico/odd', '/calico/v1', '/calico/v1/Ready', '/calico/v1/config',
                                                                                '/calico/v1/config/EtcdPassword', '/calico/v1/config/X']


def test_a_datastore_that_does_not_answer_is_a_note(run_module, tmpdir):
    result = run_module(diagnostics, {'of': 'datastore', 'config': str(tmpdir.join('none'))})
    [entry] = _backup.unpack(result['content'])
    assert entry['text'] == '' and 'There is no' in entry['note'] and not os.listdir(str(tmpdir))


def test_a_link_leads_nowhere(look, agent_host):
    """Whoever may write where a network or a log is, a container of calico/node among them, is not to have the host's files read."""
    furnish(agent_host)
    root = agent_host.root.join('root')
    root.join('etc', 'shadow').write('root:planted:1\n', ensure=True)
    root.join('cni').mkdir().join('a\nb.conf').mksymlinkto(str(root.join('etc', 'shadow')))
    root.join('var', 'log', 'calico', 'felix').ensure(dir=True).join('current').mksymlinkto(str(root.join('etc', 'shadow')))
    os.mkfifo(str(root.join('var', 'log', 'calico', 'bird').ensure(dir=True).join('current')))
    dummy, entries = look(cni_dir='/cni')
    assert 'planted' not in json.dumps(entries) and 'is a link' in entries['logs/felix.log']['note']
    assert 'is no file' in entries['logs/bird.log']['note'], 'a pipe that nobody writes to is not waited for'
    assert [name for name in entries if name.startswith('cni/')] == ['cni/01.txt']
