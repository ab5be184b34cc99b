# -*- coding: utf-8 -*-
"""calicoctl_node against doubles of docker, calicoctl and systemctl (tests/unit/support/doubles), real processes and a BIRD that answers on a socket."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import io
import json
import os
import shutil
import subprocess
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _felix, _node_host, _runner
from ansible_collections.dcos.calico.plugins.module_utils._host import _closed_port, _docker
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _calicoctl_node
from ansible_collections.dcos.calico.plugins.modules import agent_plan, calicoctl_node

from ...support.node_host import IMAGE


def test_a_start_and_what_a_second_run_asks(run_module, node):
    node.host.doubles.as_programs = True
    done = run_module(calicoctl_node, node.args())
    assert done['action'] == 'start' and done['container_id'] and done['peers'] == [] and done['image_id'] == 'sha256:one'
    assert node.host.calls() == ['daemon-reload', 'enable calico-node.service', 'start calico-node.service']
    node.docker_calls()
    again = run_module(calicoctl_node, node.args())
    assert again['container_id'] == done['container_id'] and again['action'] == 'none'
    assert node.docker_calls() == ['inspect'] and node.host.calls() == []


def test_the_unit_suits_old_systemd_and_names_interface_and_configuration(run_module, node):
    run_module(calicoctl_node, node.args(after_units=['calico-etcd-proxy.service']))
    text = node.host.units.join('calico-node.service').read()
    assert 'After=docker.service calico-etcd-proxy.service\n' in text and 'Wants=calico-etcd-proxy.service\n' in text
    assert 'StartLimitInterval=0' in text.split('[Service]')[1] and 'ExecStart=/' in text
    for line in ('NoNewPrivileges=true', 'CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_MODULE', 'ProtectSystem=full', 'PrivateDevices=true'):
        assert line in text.split('[Service]')[1].splitlines()
    for word in ('--init-system', '--ip-autodetection-method=interface=^eth0$$', '--name=agent1', '--no-default-ippools', '--disable-docker-networking',
                 '--config=%s' % node.config):
        assert word in text
    assert '--ip=' not in text


def test_the_datastore_has_the_address_with_its_prefix_before_the_node_starts(run_module, node):
    predicted = run_module(calicoctl_node, node.args(), check=True, diff=True)
    assert 'applied' not in node.state()
    done = run_module(calicoctl_node, node.args(), diff=True)
    assert [change['after_header'] for change in predicted['diff']] == [change['after_header'] for change in done['diff']]
    assert 'node agent1 in the datastore' in [change['after_header'] for change in done['diff']]
    assert node.state()['applied'] == [{'kind': 'node', 'apiVersion': 'v1', 'metadata': {'name': 'agent1'}, 'spec': {'bgp': {'ipv4Address': '10.0.0.11/24'}}}]
    assert node.state()['nodes'] == {'agent1': '10.0.0.11/24'}
    assert not [word for word in node.state()['container']['env'] if word.startswith('IP=')]


def test_an_address_that_is_not_the_first_of_its_interface_is_the_nodes_all_the_same(run_module, node):
    run_module(calicoctl_node, node.args(ip='10.0.0.12/24'))
    assert node.state()['nodes'] == {'agent1': '10.0.0.12/24'}
    assert not run_module(calicoctl_node, node.args(ip='10.0.0.12/24'))['changed']


def by_hand(node, *options):
    """Start calico/node as the guide does."""
    words = [str(node.host.root.join('bin', 'calicoctl')), 'node', 'run', '--node-image=%s' % IMAGE, '--name=agent1', '--backend=bird']
    with open(os.devnull, 'w') as nothing:
        return subprocess.call(words + ['--log-dir=/var/log/calico', '--config=%s' % node.config] + list(options), stdout=nothing)


@pytest.mark.parametrize('options, stored, difference', [
    (['--ip=10.0.0.11'], '10.0.0.11/32', 'variable IP: is 10.0.0.11, should be not set'),
    ([], '9.0.21.1/25', 'variable IP_AUTODETECTION_METHOD: is not set, should be interface=^eth0$'),
], ids=['a bare address', 'detected'])
def test_a_node_that_was_started_by_hand_is_told_and_then_mended(run_module, node, options, stored, difference):
    assert by_hand(node, *options) == 0 and node.state()['nodes'] == {'agent1': stored}
    before = node.state()
    told = run_module(calicoctl_node, node.args(restart='never'))
    assert told['restart_needed'] and difference in told['differences'] and node.state() == before
    assert 'address in the datastore: is %s, should be 10.0.0.11/24' % stored in told['differences']
    assert run_module(calicoctl_node, node.args())['action'] == 'restart'
    assert node.state()['nodes'] == {'agent1': '10.0.0.11/24'}
    assert not run_module(calicoctl_node, node.args())['changed']


def test_health_is_not_that_of_the_old_container_which_calicoctl_removes_later(run_module, node):
    assert by_hand(node) == 0
    old = node.state()['container']['id']
    node.update(slow=0.5)
    result = run_module(calicoctl_node, node.args())
    assert result['action'] == 'restart' and result['container_id'] not in (None, old)


def test_a_node_that_stores_another_address_is_not_healthy(run_module, node):
    node.update(stores='9.0.21.1/25')
    result = run_module(calicoctl_node, node.args(health={'timeout': 5}))
    assert result['failed'] and 'the datastore has the address 9.0.21.1/25 of the node agent1, where it is to be 10.0.0.11/24' in result['msg']


def test_no_tool_takes_an_address_with_its_prefix(node):
    assert by_hand(node, '--ip=10.0.0.11/24') == 1 and node.state()['container'] is None


def test_a_node_deleted_from_the_datastore_is_put_back(run_module, node):
    run_module(calicoctl_node, node.args())
    node.update(nodes={})
    result = run_module(calicoctl_node, node.args(), diff=True)
    assert result['differences'] == ['address in the datastore: is not there, should be 10.0.0.11/24'] and node.state()['nodes'] == {'agent1': '10.0.0.11/24'}


def test_an_address_that_the_host_does_not_have_is_refused_before_anything_is_touched(run_module, node):
    for check in (True, False):
        result = run_module(calicoctl_node, node.args(ip='10.0.0.99/24'), check=check)
        assert result['failed'] and 'The address 10.0.0.99 of the node is none of this host' in result['msg'] and '9.0.21.1/25 on m-dcos' in result['msg']
    assert not node.host.units.listdir() and 'applied' not in node.state()


def test_the_unit_does_not_start_a_docker_that_somebody_has_stopped(run_module, node):
    run_module(calicoctl_node, node.args())
    text = node.host.units.join('calico-node.service').read()
    desired = [line for line in text.splitlines() if line.startswith(('Wants', 'Requires', 'BindsTo'))]
    assert 'After=docker.service\n' in text and not [line for line in desired if 'docker' in line]


@pytest.mark.parametrize('missing', ['docker', 'calicoctl', 'config', 'daemon'])
def test_check_mode_on_an_untouched_host_predicts_all_and_does_not_fail(run_module, node, missing, monkeypatch):
    if missing == 'daemon':
        node.update(down='Cannot connect to the Docker daemon')
    elif missing == 'config':
        node.config.remove()
    else:
        node.host.root.join('bin', missing).remove()
        monkeypatch.setenv('PATH', str(node.host.root.join('bin')) + ':/usr/bin:/bin')
    result = run_module(calicoctl_node, node.args(), check=True, diff=True)
    assert result['changed'] and [diff['before_header'] for diff in result['diff']][-1] == 'container calico-node'


def test_a_container_removed_by_hand_is_started_again(run_module, node):
    """By systemd if it is quick, which is not done once more."""
    first = run_module(calicoctl_node, node.args())
    node.kill()
    second = run_module(calicoctl_node, node.args())
    assert second['action'] in ('none', 'start') and second['container_id'] not in (None, first['container_id'])
    os.system('systemctl stop calico-node.service')
    third = run_module(calicoctl_node, node.args())
    assert third['changed'] and third['action'] == 'start' and third['container_id'] != second['container_id']


CHANGES = [
    (dict(as_number=64600, libnetwork=True, no_default_ippools=False), 'variable AS: is not set, should be 64600'),
    (dict(ip='10.0.0.12/24'), 'address in the datastore: is 10.0.0.11/24, should be 10.0.0.12/24'),
    (dict(log_dir='/var/log/other'), 'mount /var/log/other:/var/log/calico: missing'),
]


@pytest.mark.parametrize('change, difference', CHANGES, ids=[sorted(change)[0] for change, unused in CHANGES])
def test_a_difference_is_told_or_mended(run_module, node, change, difference):
    first = run_module(calicoctl_node, node.args())
    left = run_module(calicoctl_node, node.args(restart='never', **change))
    assert left['restart_needed'] and not left['changed'] and difference in left['differences'] and left['container_id'] == first['container_id']
    predicted = run_module(calicoctl_node, node.args(**change), check=True, diff=True)
    mended = run_module(calicoctl_node, node.args(**change), diff=True)
    assert mended['diff'] == predicted['diff'] and mended['action'] == 'restart' and not mended['restart_needed']
    assert mended['container_id'] != first['container_id']
    assert not run_module(calicoctl_node, node.args(**change))['changed']


def test_never_starts_what_does_not_run(run_module, node):
    assert run_module(calicoctl_node, node.args(restart='never'))['action'] == 'start'


def test_always_restarts_a_node_that_is_as_desired(run_module, node):
    assert run_module(calicoctl_node, node.args(restart='always'))['action'] == 'start'
    first = run_module(calicoctl_node, node.args())
    node.host.calls()
    predicted = run_module(calicoctl_node, node.args(restart='always'), check=True, diff=True)
    assert predicted['changed'] and node.host.calls() == []
    done = run_module(calicoctl_node, node.args(restart='always'), diff=True)
    assert done['diff'] == predicted['diff'] and done['action'] == 'restart' and done['container_id'] != first['container_id']
    assert node.host.calls() == ['restart calico-node.service'] and done['differences'] == ['nothing: a restart is asked for']
    assert not run_module(calicoctl_node, node.args())['changed']


def test_another_address_in_the_datastore_is_drift(run_module, node):
    run_module(calicoctl_node, node.args())
    node.update(nodes={'agent1': '10.0.0.99/24'})
    result = run_module(calicoctl_node, node.args())
    assert result['differences'] == ['address in the datastore: is 10.0.0.99/24, should be 10.0.0.11/24'] and node.state()['nodes']['agent1'] == '10.0.0.11/24'


def test_a_unit_that_drifted_is_written_again_without_a_restart(run_module, node):
    first = run_module(calicoctl_node, node.args())
    node.host.units.join('calico-node.service').write('[Service]\nExecStart=/bin/true\n')
    node.host.calls()
    result = run_module(calicoctl_node, node.args())
    assert result['changed'] and result['action'] == 'none' and result['container_id'] == first['container_id']
    assert node.host.calls() == ['daemon-reload']


def test_a_masked_unit_is_refused_before_anything_is_touched(run_module, node):
    node.host.units.join('calico-node.service').mksymlinkto('/dev/null')
    for check in (True, False):
        result = run_module(calicoctl_node, node.args(), check=check)
        assert result['failed'] and 'calico-node.service is masked' in result['msg'] and 'systemctl unmask' in result['msg']
    assert os.readlink(str(node.host.units.join('calico-node.service'))) == '/dev/null' and node.state()['container'] is None


def test_an_address_of_another_node_is_refused_before_anything_is_touched(run_module, node):
    node.update(nodes={'old-name': '10.0.0.11/24'})
    result = run_module(calicoctl_node, node.args())
    assert result['failed'] and result['conflict'] == 'old-name' and 'calicoctl delete node old-name' in result['msg']
    assert 'set calico_node_name to old-name' in result['msg']
    assert not node.host.units.listdir()


def test_the_mesh_must_be_up_but_for_tolerated_peers_and_hosts_without_address(run_module, node, monkeypatch):
    monkeypatch.setattr(_bgp, 'port_open', lambda address: False)
    node.update(nodes={'agent2': '10.0.0.12/24', 'agent3': '10.0.0.13/24', 'only-a-workload': None})
    run_module(calicoctl_node, node.args())
    node.bird.down.add('10.0.0.13')
    result = run_module(calicoctl_node, node.args(health={'timeout': 0.3}))
    assert result['failed'] and result['missing_peers'] == ['10.0.0.13']
    assert 'node agent3 10.0.0.13 (Active Socket: Connection refused, start since 23:49:11)' in result['msg'] and 'tolerated_peers' in result['msg']
    result = run_module(calicoctl_node, node.args(health={'tolerated_peers': ['10.0.0.13']}))
    assert [(peer['address'], peer['established']) for peer in result['peers']] == [('10.0.0.12', True), ('10.0.0.13', False)] and result['peers_down'] == []
    result = run_module(calicoctl_node, node.args(health={'down_peers': 'report'}))
    assert not result['changed'] and result['peers_down'] == ['10.0.0.13']
    # Somebody listens there, so a session has to come
    monkeypatch.setattr(_bgp, 'port_open', lambda address: True)
    assert run_module(calicoctl_node, node.args(health={'down_peers': 'report', 'timeout': 0.3}))['missing_peers'] == ['10.0.0.13']


def test_a_bird_that_recovers_is_waited_for_but_not_for_a_peer_that_is_gone(run_module, node, monkeypatch):
    monkeypatch.setattr(_bgp, 'port_open', lambda address: False)
    node.update(nodes={'agent2': '10.0.0.12/24', 'agent3': '10.0.0.13/24'})
    run_module(calicoctl_node, node.args())
    node.bird.recovering = 3
    assert not run_module(calicoctl_node, node.args())['changed'] and node.bird.recovering == -1
    for peers in ('auto', '2'):
        node.bird.recovering = 1000
        result = run_module(calicoctl_node, node.args(health={'timeout': 0.3, 'peers': peers}))
        assert result['failed'] and 'BIRD still recovers from its restart: Waiting for 2 protocols to recover' in result['msg']
        assert 'It waits until each peer has sent all of its routes' in result['msg'] and 'by itself after 240 seconds' in result['msg']
    node.bird.down.add('10.0.0.13')
    assert run_module(calicoctl_node, node.args(health={'down_peers': 'report'}))['peers_down'] == ['10.0.0.13']
    assert not run_module(calicoctl_node, node.args(health={'peers': '1'})).get('failed')


def test_a_number_of_peers(run_module, node):
    node.update(nodes={'agent2': '10.0.0.12/24', 'agent3': '10.0.0.13/24'})
    node.bird.down.add('10.0.0.13')
    assert not run_module(calicoctl_node, node.args(health={'peers': 1})).get('failed')
    assert '1 of 2 BGP sessions' in run_module(calicoctl_node, node.args(health={'peers': '2', 'timeout': 0.3}))['msg']


@pytest.mark.parametrize('up', [True, False])
def test_without_mesh_the_configured_peers_count(run_module, node, up):
    node.update(nodes={'agent2': '10.0.0.12/24'}, mesh='off', peers=[{'kind': 'bgpPeer', 'metadata': {'scope': 'global', 'peerIP': '10.0.0.1'}}])
    node.bird.extra.append('Global_10_0_0_1 BGP      master   up     23:49:15    Established   ')
    result = run_module(calicoctl_node, node.args())
    if not up:
        del node.bird.extra[:]
        result = run_module(calicoctl_node, node.args(health={'timeout': 0.3}))
    assert bool(result.get('failed')) != up and (up or result['missing_peers'] == ['10.0.0.1'])


def test_policy_only_needs_no_bird(run_module, node):
    node.update(nodes={'agent2': '10.0.0.12/24'})
    node.bird.down.add('10.0.0.12')
    assert run_module(calicoctl_node, node.args(backend='none'))['peers'] == []


def test_a_felix_that_does_not_stay_is_no_health(run_module, node, monkeypatch):
    run_module(calicoctl_node, node.args())
    node.update(log="2026-11-22 00:00:46.206 [FATAL][15] int_dataplane.go 763: Kernel's RPF check is set to 'loose'.  This would allow")
    monkeypatch.setattr(_felix, 'rp_filter_loose', lambda: True)
    monkeypatch.setattr(_felix, 'age', lambda container: 0.2)
    result = run_module(calicoctl_node, node.args(health={'stable_seconds': 2, 'timeout': 5}))
    assert 'Felix was started 0.2 seconds ago' in result['msg'] and 'net.ipv4.conf.all.rp_filter to 1' in result['msg']


def test_the_health_port_is_believed(run_module, node, free_port):
    run_module(calicoctl_node, node.args())
    result = run_module(calicoctl_node, node.args(health={'felix_port': free_port, 'timeout': 0.3}))
    assert 'Felix is not ready on port %d' % free_port in result['msg']


@pytest.fixture
def believed(monkeypatch):
    """Felix says on its port that it is ready, and is."""
    monkeypatch.setattr(_felix, 'trouble', lambda container, *unused: None if container else 'Felix does not run')


RULE = '! -i lo -p tcp --dport 62092 -m comment --comment dcos.calico -j DROP'


def test_the_health_port_is_closed_to_others_now_and_by_the_unit(run_module, node, believed):
    desired = node.args(health={'felix_port': 62092})
    predicted = run_module(calicoctl_node, desired, check=True, diff=True)
    assert not node.rules()
    done = run_module(calicoctl_node, desired, diff=True)
    assert done['diff'] == predicted['diff'] and 'port 62092' in [piece['after_header'] for piece in done['diff']]
    assert node.rules() == node.rules('ip6tables') == [RULE]
    lines = [line for line in node.host.units.join('calico-node.service').read().splitlines() if RULE.replace('!', '"!"') in line]
    assert [line.split('=')[0] for line in lines] == ['ExecStartPre', 'ExecStartPre'] * 2 and all('=-/' in line for line in lines)
    assert 'ExecStopPost' not in node.host.units.join('calico-node.service').read(), 'Felix outlives a client of Docker that is killed'
    assert not run_module(calicoctl_node, desired)['changed']
    node.host.root.join('iptables-rules').write('')
    again = run_module(calicoctl_node, desired, diff=True)
    assert [piece['after_header'] for piece in again['diff']] == ['port 62092'] and again['action'] == 'none' and node.rules() == [RULE]
    opened = run_module(calicoctl_node, node.args(health={'felix_port': 62092, 'port_access': 'all'}))
    assert opened['action'] == 'none' and not node.rules() and not node.rules('ip6tables')
    assert '62092' not in node.host.units.join('calico-node.service').read()


def test_a_port_that_was_felixs_before_is_opened(run_module, node, believed):
    """Others' rules stay, whatever they say."""
    run_module(calicoctl_node, node.args(health={'felix_port': 62092}))
    others = ['! -i lo -p tcp --dport 62092 -m comment --comment mine -j DROP', '-p tcp --dport 22 -m comment --comment dcos.calico -j DROP']
    node.host.root.join('iptables-rules').write('\n'.join(others + [RULE]) + '\n')
    desired = node.args(health={'felix_port': 62093})
    predicted = run_module(calicoctl_node, desired, check=True, diff=True)
    done = run_module(calicoctl_node, desired, diff=True)
    assert done['diff'] == predicted['diff'] and [piece['after_header'] for piece in done['diff']][-2:] == ['port 62093', 'port 62092']
    new = RULE.replace('62092', '62093')
    assert node.rules() == [new] + others and node.rules('ip6tables') == [new] and not run_module(calicoctl_node, desired)['changed']
    assert run_module(calicoctl_node, node.args(health={'felix_port': 0}))['changed'] and node.rules() == others and not node.rules('ip6tables')


def accepts(source, port=62091):
    return '-s %s -p tcp --dport %d -m comment --comment dcos.calico -j ACCEPT' % (source, port)


DROPS = RULE.replace('62092', '62091')


def test_metrics_are_served_to_their_scrapers_and_go_again(run_module, node, believed):
    """As settings of this node, and no restart of it; the port is closed first, and opened last."""
    run_module(calicoctl_node, node.args())
    desired = node.args(metrics={'port': 62091, 'scrapers': ['10.0.9.5', '10.1.0.0/16']})
    predicted = run_module(calicoctl_node, desired, check=True, diff=True)
    assert not node.rules() and not node.state().get('settings')
    done = run_module(calicoctl_node, desired, diff=True)
    titles = ['port 62091', 'felix PrometheusMetricsPort on agent1', 'felix PrometheusMetricsEnabled on agent1']
    assert done['diff'] == predicted['diff'] and [piece['after_header'] for piece in done['diff']][-3:] == titles and done['action'] == 'none'
    assert node.rules() == [accepts('10.1.0.0/16'), accepts('10.0.9.5/32'), DROPS] and node.rules('ip6tables') == [DROPS]
    assert node.state()['settings'] == {'agent1 PrometheusMetricsEnabled': 'true', 'agent1 PrometheusMetricsPort': '62091'}
    unit = node.host.units.join('calico-node.service').read()
    assert unit.index('-I INPUT "!" -i lo') < unit.index('-I INPUT -s 10.0.9.5/32') < unit.index('ExecStart=')
    assert not run_module(calicoctl_node, desired)['changed']
    other = run_module(calicoctl_node, node.args(metrics={'port': 62091, 'scrapers': ['10.0.9.6']}), diff=True)
    assert node.rules() == [accepts('10.0.9.6/32'), DROPS] and other['action'] == 'none'
    assert node.rules('ip6tables') == [DROPS]
    predicted = run_module(calicoctl_node, node.args(), check=True, diff=True)
    gone = run_module(calicoctl_node, node.args(), diff=True)
    assert gone['diff'] == predicted['diff'] and gone['action'] == 'none'
    assert not node.rules() and not node.rules('ip6tables') and not node.state()['settings'] and not run_module(calicoctl_node, node.args())['changed']


@pytest.mark.parametrize('before, after, order', [
    (None, 62091, ['close 62091', 'set Port', 'set Enabled']),
    (62091, 62093, ['close 62093', 'set Port', 'open 62091']),
    (62091, None, ['unset Enabled', 'unset Port', 'open 62091']),
])
def test_felix_never_listens_on_a_port_that_is_open(run_module, node, believed, monkeypatch, before, after, order):
    def args(port):
        return node.args(**({'metrics': {'port': port, 'scrapers': ['10.0.9.5']}} if port else {}))

    run_module(calicoctl_node, args(before))
    done = []
    change, configure = _closed_port.change, _runner.Calicoctl._config_write

    def changing(program, operation, port, source=None):
        if program == 'iptables' and source is None:
            done.append('%s %d' % ('close' if operation == '-I' else 'open', port))
        change(program, operation, port, source)

    def writing(self, verb, name, value, raw, node):
        done.append('%s %s' % (verb, name.replace('PrometheusMetrics', '')))
        configure(self, verb, name, value, raw, node)

    monkeypatch.setattr(_closed_port, 'change', changing)
    monkeypatch.setattr(_runner.Calicoctl, '_config_write', writing)
    assert run_module(calicoctl_node, args(after))['changed'] and done == order


def test_a_port_stays_closed_while_felix_listens_there(run_module, node, believed, monkeypatch):
    """One that does not reach the datastore does not know that it has no metrics any more."""
    run_module(calicoctl_node, node.args(metrics={'port': 62091, 'scrapers': ['10.0.9.5']}))
    listening, rules = [62091], node.rules()
    monkeypatch.setattr(_felix, 'listens', lambda port, container: port in listening)
    for dummy in range(2):
        result = run_module(calicoctl_node, node.args())
        assert result['failed'] and 'Port 62091 stays closed: Felix still listens there' in result['msg']
        assert node.rules() == rules and node.rules('ip6tables') == [DROPS]
    listening.remove(62091)
    assert run_module(calicoctl_node, node.args())['changed'] and not node.rules()


def test_a_port_is_opened_after_the_restart_that_ends_who_listens_there(run_module, node, believed, monkeypatch):
    run_module(calicoctl_node, node.args(metrics={'port': 62091, 'scrapers': ['10.0.9.5']}))
    change, done = _closed_port.change, []

    def changing(program, operation, port, source=None):
        done.extend([call for call in node.host.calls() if 'restart' in call] + [operation])
        change(program, operation, port, source)

    monkeypatch.setattr(_closed_port, 'change', changing)
    assert run_module(calicoctl_node, node.args(restart='always'))['action'] == 'restart'
    assert done == ['restart calico-node.service', '-D', '-D', '-D'] and not node.rules()


def test_metrics_that_a_killed_run_left_go(run_module, node, believed):
    """The rules went with a reboot before the settings did: the unit still says that there are metrics."""
    run_module(calicoctl_node, node.args(metrics={'port': 62091, 'scrapers': ['10.0.9.5']}))
    for program in ('iptables', 'ip6tables'):
        node.host.root.join(program + '-rules').write('')
    assert run_module(calicoctl_node, node.args())['changed'] and not node.state()['settings']


def test_a_datastore_that_is_away_has_no_metrics_predicted(run_module, node, believed):
    desired = node.args(metrics={'port': 62091, 'scrapers': ['10.0.9.5']})
    first = run_module(calicoctl_node, desired, check=True, diff=True)
    assert 'felix PrometheusMetricsEnabled on agent1' in [piece['after_header'] for piece in first['diff']]
    run_module(calicoctl_node, desired)
    node.update(etcd='client: etcd cluster is unavailable or misconfigured')
    away = run_module(calicoctl_node, desired, check=True)
    assert not away['changed'] and not away['datastore_read']


def test_metrics_that_somebody_else_set_stay(run_module, node, believed):
    node.update(settings={'agent1 PrometheusMetricsEnabled': 'true'})
    run_module(calicoctl_node, node.args(health={'felix_port': 62092}))
    assert node.state()['settings'] == {'agent1 PrometheusMetricsEnabled': 'true'}


@pytest.mark.parametrize('program, ipv6, refused', [('iptables', False, True), ('ip6tables', True, True), ('ip6tables', False, False)])
def test_metrics_are_refused_where_their_port_cannot_be_closed(run_module, node, believed, monkeypatch, program, ipv6, refused):
    monkeypatch.setattr(_calicoctl_node._network, 'ipv6', lambda: {'supported': ipv6})
    node.host.tool(program, '#!/bin/sh\nexit 3\n')
    result = run_module(calicoctl_node, node.args(metrics={'port': 62091, 'scrapers': ['10.0.9.5']}))
    assert bool(result.get('failed')) is refused is not bool(node.state().get('settings'))
    assert not refused or '62091 would be open to everybody: there is no %s with' % program in result['msg']


@pytest.mark.parametrize('more, words', [
    ({'scrapers': []}, 'nobody would reach the metrics'),
    ({'scrapers': ['fd00::1']}, 'scraped by IPv4'),
    ({'scrapers': ['0.0.0.0/0']}, 'that is everybody'),
    ({'scrapers': ['10.0.9.5/24']}, 'Write 10.0.9.5, or 10.0.9.0/24 for the network'),
    ({'scrapers': ['prometheus.example.com']}, 'is not an IP address'),
    ({'port': 62092}, 'another metrics.port'),
])
def test_metrics_that_cannot_be_right_are_refused(run_module, node, more, words):
    result = run_module(calicoctl_node, node.args(health={'felix_port': 62092}, metrics=dict({'port': 62091, 'scrapers': ['10.0.9.5']}, **more)))
    assert result['failed'] and words in result['msg'] and not node.rules()


def test_a_felix_that_ends_for_a_setting_is_waited_for(monkeypatch):
    """Its health would be that of the process that is about to end."""
    seen = [[(5, 100.0)], [(5, 100.1)], [], [(9, 0.1)]]
    monkeypatch.setattr(_felix, 'processes', lambda container: seen.pop(0))
    monkeypatch.setattr(_calicoctl_node.Deadline, 'pause', lambda self, seconds: True)
    monkeypatch.setattr(_calicoctl_node._calicoctl_config, 'apply', lambda calicoctl, plan: None)
    work = _node_host.Work()
    work.settings.add('felix PrometheusMetricsEnabled on agent1', None, 'true')
    _calicoctl_node.configure(_node_host.Actual({'State': {'Running': True}}, None, None, None, None, None, {}), work, None)
    assert seen == [[(9, 0.1)]]


@pytest.mark.parametrize('found, sources, steps', [
    ([], [], [('-I', 1, None)]),
    ([(1, None)], [], []),
    ([(1, None), (2, None)], None, [('-D', 1, None)]),
    ([(1, 'a'), (1, None)], ['a'], []),
    ([(1, 'b'), (1, 'a'), (1, None)], ['a', 'b'], []),
    ([(1, 'a'), (1, None)], [], [('-I', 1, None), ('-D', 1, 'a'), ('-D', 1, None)]),
    ([(1, None), (1, 'a')], ['a'], [('-I', 1, None), ('-D', 1, None), ('-D', 1, 'a'), ('-I', 1, 'a')]),
    ([(1, 'a')], ['a'], [('-I', 1, None), ('-D', 1, 'a'), ('-I', 1, 'a')]),
])
def test_a_port_is_never_open_between_two_steps(found, sources, steps):
    assert _closed_port.steps('iptables', found, 1, sources) == steps


@pytest.mark.parametrize('broken', ['exit 3', 'exit 2'])
def test_a_host_without_ipv6_has_one_rule(run_module, node, believed, broken):
    node.host.tool('ip6tables', '#!/bin/sh\n%s\n' % broken)
    desired = node.args(health={'felix_port': 62092})
    assert run_module(calicoctl_node, desired)['changed'] and node.rules() == [RULE] and not run_module(calicoctl_node, desired)['changed']


def test_a_host_without_iptables_is_told_of(run_module, node, believed):
    for program in ('iptables', 'ip6tables'):
        node.host.tool(program, '#!/bin/sh\nexit 3\n')
    result = run_module(calicoctl_node, node.args(health={'felix_port': 62092}))
    assert result['changed'] and '62092 stays open' in str(result['warnings'])
    assert not run_module(calicoctl_node, node.args(health={'felix_port': 62092, 'port_access': 'all'})).get('warnings')


def test_a_port_that_cannot_be_closed(run_module, node, believed):
    node.host.tool('iptables', '#!/bin/sh\necho "No chain/target/match by that name." >&2\nexit 1\n')
    result = run_module(calicoctl_node, node.args(health={'felix_port': 62092}))
    assert result['failed'] and 'Port 62092 cannot be closed' in result['msg'] and 'No chain' in result['msg'] and 'port_access' in result['msg']


def test_an_archive_is_loaded_once_and_when_it_changes(run_module, node):
    node.update(images={})
    first, second = node.archive('a'), node.archive('b')
    predicted = run_module(calicoctl_node, node.args(image_archive=first), check=True, diff=True)
    done = run_module(calicoctl_node, node.args(image_archive=first), diff=True)
    assert predicted['diff'] == done['diff'] and done['image_id'] == 'sha256:' + 'a' * 64
    node.docker_calls()
    os.unlink(first['src'])
    assert not run_module(calicoctl_node, node.args(image_archive=first))['changed'] and node.docker_calls() == ['inspect']
    left = run_module(calicoctl_node, node.args(image_archive=second, restart='never'))
    assert left['restart_needed'] and not left['changed'] and 'load' not in node.docker_calls()
    rolled = run_module(calicoctl_node, node.args(image_archive=second))
    assert rolled['action'] == 'restart' and rolled['image_id'] == 'sha256:' + 'b' * 64
    assert not run_module(calicoctl_node, node.args(image_archive=second))['changed']


def test_an_archive_on_the_host_that_is_another_one_is_not_loaded(run_module, node):
    node.update(images={})
    archive = node.archive('a')
    node.archive('a', tag='evil:1')
    result = run_module(calicoctl_node, node.args(image_archive=archive))
    assert result['failed'] and 'is not the expected file' in result['msg'] and archive['sha256'] in result['msg']
    assert node.state()['images'] == {} and 'load' not in node.docker_calls()


def test_an_archive_that_its_owner_exchanges_after_it_was_checked(run_module, node, monkeypatch):
    """Pushed files lie in a directory of whoever logs in, and may be written to at any moment: what is loaded is what was checked."""
    node.update(images={})
    archive, other = node.archive('a'), node.archive('b')
    look = _docker.archive_contents

    def exchanged(*arguments):
        found = look(*arguments)
        shutil.copyfile(other['src'], archive['src'])
        return found
    monkeypatch.setattr(_docker, 'archive_contents', exchanged)
    done = run_module(calicoctl_node, node.args(image_archive=archive))
    assert done['image_id'] == 'sha256:' + 'a' * 64 and [image['id'] for image in node.state()['images'].values()] == [done['image_id']]
    assert not [item for item in node.host.root.listdir() if item.basename.startswith('.')], 'the copy is gone'


def test_an_image_for_which_there_is_no_room(run_module, node):
    node.update(images={}, full=True)
    result = run_module(calicoctl_node, node.args(image_archive=node.archive('a')))
    assert 'no space left' in result['msg'] and 'Docker Root Dir' in result['msg']


def test_a_new_image_is_loaded_before_the_restart_is_allowed(run_module, node):
    run_module(calicoctl_node, node.args())
    newer = node.archive('c', tag='quay.io/calico/node:v2.6.12')
    result = run_module(calicoctl_node, node.args(image='quay.io/calico/node:v2.6.12', image_archive=newer, restart='never'))
    assert result['changed'] and result['restart_needed'] and result['differences'] == [
        'image: runs %s (one), should be quay.io/calico/node:v2.6.12 (cccccccccccc)' % IMAGE]


def test_an_image_without_archive_is_pulled_or_refused(run_module, node):
    node.update(images={})
    assert 'There is no image' in run_module(calicoctl_node, node.args(pull='never'))['msg']
    assert run_module(calicoctl_node, node.args())['image_id'] == 'sha256:pulled'


@pytest.mark.parametrize('image, refused', [
    ('quay.io/calico/node:v2.6.6', True),
    ('quay.io/calico/node@sha256:' + 'a' * 64, False),
    ('quay.io/calico/node@sha256:' + 'a' * 64 + '\n', True),
    ('quay.io/calico/node@sha256:beef', True),
])
def test_what_is_pulled_is_named_by_a_digest(run_module, node, image, refused):
    result = run_module(calicoctl_node, node.args(image=image, image_by_tag=False), check=True)
    assert bool(result.get('failed')) == refused
    assert not refused or ('is named by a tag alone: what a tag names can change' in result['msg'] and node.docker_calls() == [])


def recorded(name):
    """What a real Docker and a real registry did."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', 'contract', 'records', '25-docker-etcd-bird.jsonl')
    with io.open(path, encoding='utf-8') as lines:
        return next(record for record in map(json.loads, lines) if record['name'] == name)


def test_an_image_that_was_pulled_by_its_digest_is_found_by_it(run_module, node):
    record = recorded('docker pull by digest')
    image = str(record['argv'][-1])
    node.update(images={})
    double = subprocess.Popen([str(node.host.root.join('bin', 'docker')), 'pull', image], stdout=subprocess.PIPE, universal_newlines=True)
    assert double.communicate()[0].splitlines() == record['stdout'].splitlines()[-3:], 'the double ends as Docker does'
    node.update(images={})
    node.docker_calls()
    done = run_module(calicoctl_node, node.args(image=image, image_by_tag=False))
    assert done['image_id'] == 'sha256:pulled' and 'pull' in node.docker_calls()
    assert not run_module(calicoctl_node, node.args(image=image, image_by_tag=False))['changed']


@pytest.mark.parametrize('name, remedy', [
    ('docker pull by digest, the registry sends another manifest', 'sends something else than the digest names'),
    ('docker pull by digest, the registry sends another layer', 'sends something else than the digest names'),
    ('docker pull by digest, unknown to the registry', 'the registry was reached, and has none of it'),
    ('docker pull, registry not reached', 'Let this host reach the registry'),
])
def test_what_a_registry_does_not_send_is_not_run(run_module, node, name, remedy):
    record = recorded(name)
    node.update(images={}, registry=record['stderr'].strip())
    result = run_module(calicoctl_node, node.args(image=str(recorded('docker pull by digest')['argv'][-1]), image_by_tag=False))
    assert result['failed'] and remedy in result['msg'] and node.state()['container'] is None and not node.host.units.join('calico-node.service').check()


BAD = [
    (dict(ip='10.0.0.11'), 'with its prefix'),
    (dict(ip='10.0.0.300/24'), 'with its prefix'),
    (dict(name='agent 1'), 'cannot be the name'),
    (dict(health={'peers': 'all'}), 'auto or a number'),
    (dict(image_archive={'url': 'https://mirror/x.tar', 'sha256_variable': 'calico_node_archive_sha256'}), 'Set calico_node_archive_sha256'),
    (dict(ip=None), '(nothing) is not an IPv4 address'),
]


@pytest.mark.parametrize('change, said', BAD, ids=[said for unused, said in BAD])
def test_bad_input_is_refused_before_anything_is_touched(run_module, node, change, said):
    result = run_module(calicoctl_node, node.args(**change))
    assert result['failed'] and said in result['msg'] and node.docker_calls() == []


def test_tools_that_do_not_work_are_named(run_module, node):
    node.update(down='Cannot connect to the Docker daemon at unix:///var/run/docker.sock.')
    assert 'systemctl start docker' in run_module(calicoctl_node, node.args())['msg']
    node.update(down='', etcd='Failed to get resources: client: etcd cluster is unavailable or misconfigured; error #0: dial tcp')
    assert 'etcd cannot be reached' in run_module(calicoctl_node, node.args())['msg']
    assert not node.host.units.listdir()


def test_wrong_archives_are_refused(run_module, node):
    node.update(images={})
    other = node.archive('d', tag='busybox:1')
    assert 'it holds busybox:1' in run_module(calicoctl_node, node.args(image_archive=other))['msg']
    path = node.host.root.join('page.html')
    path.write('<html>')
    page = {'src': str(path), 'sha256': hashlib.sha256(b'<html>').hexdigest()}
    assert 'is not an archive of images' in run_module(calicoctl_node, node.args(image_archive=page))['msg']
    assert node.state()['images'] == {}


def test_directly_and_back(run_module, node):
    result = run_module(calicoctl_node, node.args(init_system=False))
    assert result['action'] == 'start' and not node.host.units.listdir() and node.state()['container']['restart'] == 'always'
    assert not run_module(calicoctl_node, node.args(init_system=False))['changed']
    under = run_module(calicoctl_node, node.args())
    assert under['action'] == 'restart' and node.host.units.join('calico-node.service').check()
    back = run_module(calicoctl_node, node.args(init_system=False))
    assert back['action'] == 'restart' and not node.host.units.listdir() and node.state()['container']['restart'] == 'always'


def test_absent_takes_unit_container_and_closed_ports_and_nothing_else(run_module, node, believed):
    run_module(calicoctl_node, node.args(metrics={'port': 62091, 'scrapers': ['10.0.9.5']}))
    predicted = run_module(calicoctl_node, dict(state='absent'), check=True, diff=True)
    assert node.state()['container'] and node.host.units.listdir() and node.rules()
    done = run_module(calicoctl_node, dict(state='absent'), diff=True)
    assert done['diff'] == predicted['diff'] and done['changed'] and not node.host.units.listdir()
    assert node.state()['nodes'] == {'agent1': '10.0.0.11/24'} and list(node.state()['images']) == [IMAGE]
    assert not node.rules() and not node.rules('ip6tables')
    assert not run_module(calicoctl_node, dict(state='absent'))['changed']


def test_only_sums_of_pushed_archives_are_asked_for(run_module, node):
    node.update(images={})
    source = node.archive('e')
    result = run_module(calicoctl_node, node.args(image_archive={'local_src': '/controller/e.tar', 'sha256': source['sha256']}))
    assert result['needs'] == [source['sha256']] and node.state()['container'] is None and not node.host.units.listdir()


def test_a_masked_unit_is_not_unmasked(run_module, node, systemd_host):
    """Its administrator keeps calico/node off this host for a while."""
    unit = systemd_host.units.join('calico-node.service')
    unit.mksymlinkto('/dev/null')
    for check in (True, False):
        result = run_module(calicoctl_node, node.args(), check=check)
        assert result['failed'] and 'calico-node.service is masked' in result['msg']
    assert unit.readlink() == '/dev/null' and node.state()['container'] is None


# what systemd and Docker do meanwhile


def once(monkeypatch, where, name, answer):
    """The first call is answered with something else: what was so a moment before."""
    real, answers = getattr(where, name), [answer]
    monkeypatch.setattr(where, name, lambda *args: answers.pop()(real(*args)) if answers else real(*args))


def test_a_node_that_systemd_is_starting_right_now_is_not_restarted(run_module, node, monkeypatch):
    run_module(calicoctl_node, node.args())
    node.host.calls()
    once(monkeypatch, _docker, 'container_and_image', lambda found: (None, found[1]))
    result = run_module(calicoctl_node, node.args())
    assert not result['changed'] and result['action'] == 'none' and node.host.calls() == []


def test_a_node_that_has_not_told_the_datastore_yet_is_not_restarted(run_module, node, monkeypatch):
    run_module(calicoctl_node, node.args())
    node.host.calls()
    once(monkeypatch, _runner.Calicoctl, 'nodes', lambda found: [])
    result = run_module(calicoctl_node, node.args())
    assert not result['changed'] and result['differences'] == [] and node.host.calls() == []


def test_a_container_whose_unit_was_looked_at_too_late_is_not_somebody_elses(run_module, node, monkeypatch):
    run_module(calicoctl_node, node.args())
    node.host.calls()

    def stopped(found):
        found.active = 'inactive'
        return found

    once(monkeypatch, _node_host, 'unit_state', stopped)
    assert not run_module(calicoctl_node, node.args())['changed'] and node.host.calls() == []


@pytest.fixture
def secured(node, monkeypatch):
    """A node with a certificate, of which calicoctl makes a mount."""
    path = node.host.root.ensure('etc', 'calico', 'ca.pem')
    path.write('one')
    os.utime(str(path), (1, 1))
    monkeypatch.setattr(_node_host._node.Container, 'certificates', lambda self: [str(path)])
    return path


def again(run_module, node, **more):
    result = run_module(calicoctl_node, node.args(**more))
    return result['action'], result['differences']


def test_certificates_are_compared_with_what_the_container_was_started_with(run_module, node, secured):
    run_module(calicoctl_node, node.args())
    os.utime(str(secured), None)
    assert again(run_module, node) == ('none', [])
    secured.write('two')
    os.utime(str(secured), (1, 1))
    difference = ['file %s: not what the container was started with' % secured]
    assert again(run_module, node, restart='never') == ('none', difference)
    assert again(run_module, node) == ('restart', difference) and again(run_module, node) == ('none', [])


def test_a_node_of_a_version_that_noted_nothing_is_not_restarted_for_that(run_module, node, secured):
    run_module(calicoctl_node, node.args())
    os.remove(_node_host._started.PATH)
    assert again(run_module, node) == ('none', [])
    os.remove(_node_host._started.PATH)
    later = time.time() + 100
    os.utime(str(secured), (later, later))
    assert again(run_module, node)[0] == 'restart'
    assert again(run_module, node) == ('none', []), 'a time that is still to come restarts it once'


def test_a_plan_notes_what_a_container_runs_with_where_nothing_is_to_be_done(run_module, node, secured):
    """After a reboot no module runs on a host that is as desired."""
    run_module(calicoctl_node, node.args())
    os.remove(_node_host._started.PATH)
    steps = {'steps': [{'job': 'calicoctl_node', 'args': node.args()}]}
    run_module(agent_plan, steps, check=True)
    assert not os.path.exists(_node_host._started.PATH)
    assert run_module(agent_plan, steps)['plan']['calicoctl_node']['action'] == 'none'
    secured.write('two')
    os.utime(str(secured), (1, 1))
    assert run_module(agent_plan, steps)['plan']['calicoctl_node']['action'] == 'restart'


def test_a_plan_says_that_a_certificate_which_is_to_be_written_restarts_the_node(run_module, node, secured):
    run_module(calicoctl_node, node.args())
    files = {'job': 'agent_files', 'args': {'files': [{'path': str(secured), 'content': u'two'}]}}
    result = run_module(agent_plan, {'steps': [files, {'job': 'calicoctl_node', 'args': node.args()}]})['plan']['calicoctl_node']
    assert (result['action'], result['differences']) == ('restart', ['file %s: not what the container was started with' % secured])


def test_a_container_that_was_started_by_somebody_else_is_another_process(run_module, node, secured):
    run_module(calicoctl_node, node.args())
    secured.write('two')
    os.utime(str(secured), (1, 1))
    os.system('systemctl restart calico-node.service')
    assert again(run_module, node) == ('none', [])
