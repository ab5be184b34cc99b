# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import random
import re

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _node
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError

# As calicoctl 1.6.3 prints it.
DRYRUN = """Use the following command to start the calico/node container:

docker run --net=host --privileged --name=calico-node -d --restart=always -e AS=64512 -e IP=10.99.0.11 -e ETCD_ENDPOINTS=http://127.0.0.1:2379 \
-e NODENAME=agent-x -e CALICO_NETWORKING_BACKEND=bird -e CALICO_LIBNETWORK_ENABLED=true -v /var/log/calico:/var/log/calico \
-v /var/run/calico:/var/run/calico -v /lib/modules:/lib/modules -v /run:/run -v /run/docker/plugins:/run/docker/plugins \
-v /var/run/docker.sock:/var/run/docker.sock quay.io/calico/node:v2.6.6

If you are running calico/node in an init system, use the --init-system flag
to display the appropriate start and stop commands.
"""


def inspected(**changes):
    """A container that is just what DRYRUN asks for, as docker inspect tells it."""
    desired = _node.parse_dryrun(DRYRUN)
    env = ['%s=%s' % pair for pair in desired.env.items()] + ['PATH=/usr/bin', 'FELIX_INSIDE=yes']
    random.shuffle(env)
    config = dict({'Image': desired.image, 'Env': env}, **changes.pop('Config', {}))
    host = {'Binds': sorted(desired.mounts), 'NetworkMode': 'host', 'Privileged': True, 'RestartPolicy': {'Name': 'always'}}
    host.update(changes.pop('HostConfig', {}))
    return dict({'Image': 'sha256:1', 'Config': config, 'HostConfig': host}, **changes)


IMAGE = {'Id': 'sha256:1', 'Config': {'Env': ['FELIX_INSIDE=yes']}}


def test_dryrun_is_a_set():
    desired = _node.parse_dryrun(DRYRUN)
    assert desired.image == 'quay.io/calico/node:v2.6.6' and desired.network == 'host' and desired.privileged and desired.restart == 'always'
    assert desired.env == {'AS': '64512', 'IP': '10.99.0.11', 'ETCD_ENDPOINTS': 'http://127.0.0.1:2379', 'NODENAME': 'agent-x',
                           'CALICO_NETWORKING_BACKEND': 'bird', 'CALICO_LIBNETWORK_ENABLED': 'true'}
    assert len(desired.mounts) == 6 and '/run:/run' in desired.mounts


def test_under_an_init_system_docker_restarts_nothing():
    assert _node.parse_dryrun(DRYRUN.replace('-d --restart=always', '--rm')).restart == 'no'


@pytest.mark.parametrize('text', ['', "Error executing command: unknown backend 'quagga'\n"])
def test_no_command_is_an_error(text):
    with pytest.raises(CalicoError):
        _node.parse_dryrun(text)


def test_the_same_container_does_not_differ_in_any_order():
    desired = _node.parse_dryrun(DRYRUN)
    desired.image_id = 'sha256:1'
    assert _node.differences(desired, _node.from_inspect(inspected(), IMAGE)) == []


@pytest.mark.parametrize('changes, said', [
    (dict(Image='sha256:2'), 'image: runs quay.io/calico/node:v2.6.6 (2), should be quay.io/calico/node:v2.6.6 (1)'),
    (dict(HostConfig={'Binds': None}), 'mount /run:/run: missing'),
    (dict(HostConfig={'Binds': ['/x:/x']}), 'mount /x:/x: not required'),
    (dict(HostConfig={'NetworkMode': 'bridge'}), 'network: is bridge, should be host'),
    (dict(HostConfig={'RestartPolicy': {'Name': ''}}), 'restart: is no, should be always'),
    (dict(HostConfig={'Privileged': False}), 'privileged: is False, should be True'),
    (dict(Config={'Env': ['AS=64512', 'EXTRA=1']}), 'variable EXTRA: is 1, should be not set'),
    (dict(Config={'Env': ['ETCD_PASSWORD=hunter2']}), 'variable ETCD_PASSWORD: is (secret), should be not set'),
])
def test_differences(changes, said):
    desired = _node.parse_dryrun(DRYRUN)
    desired.image_id = 'sha256:1'
    found = _node.differences(desired, _node.from_inspect(inspected(**changes), IMAGE))
    assert said in found and 'hunter2' not in str(found)


def test_secrets_are_not_shown():
    container = _node.Container('x', {'ETCD_PASSWORD': 'hunter2', 'ETCD_ENDPOINTS': 'http://me:hunter2@a:2379,http://b:2379'}, ())
    assert 'hunter2' not in str(container.as_dict()) and 'http://***@a:2379,http://b:2379' in str(container.as_dict())


def test_certificates_are_those_mounted_for_etcd():
    container = _node.Container('x', {}, ['/etc/ssl/ca.pem:/etc/calico/certs/ca_cert.crt', '/run:/run'])
    assert container.certificates() == ['/etc/ssl/ca.pem']


def test_conflicts():
    nodes = {'a': '10.0.0.1/24', 'b': None}
    assert _node.conflict(nodes, 'b', '10.0.0.1/16') == 'a' and _node.conflict(nodes, 'a', '10.0.0.1/24') is None


@pytest.mark.parametrize('interface, method', [
    ('eth0', 'interface=^eth0$'), ('bond0.100', 'interface=^bond0[.]100$'), ('en-p_1', 'interface=^en-p_1$'), ('a+b*', 'interface=^a[+]b[*]$'),
    ('x^y,z]', 'interface=^x.y.z.$'),
])
def test_the_method_finds_one_interface(interface, method):
    assert _node.autodetection(interface) == method
    assert all(re.match(pattern, interface) for pattern in method.partition('=')[2].split(','))


def test_what_the_datastore_has_of_a_node_beside_its_address_is_kept():
    params = {'name': 'a', 'ip': '10.0.0.1/24'}
    found = {'name': 'a', 'ipv4': '10.0.0.1/32', 'ipv6': 'fd00::1/64', 'as_number': 64700, 'ran': True}
    assert _node.resource(params, found)['spec'] == {'bgp': {'ipv4Address': '10.0.0.1/24', 'ipv6Address': 'fd00::1/64', 'asNumber': 64700}}
    assert _node.resource(params, None) == {'apiVersion': 'v1', 'kind': 'node', 'metadata': {'name': 'a'}, 'spec': {'bgp': {'ipv4Address': '10.0.0.1/24'}}}


def test_proxies_that_dockers_client_adds_are_no_difference():
    """Docker's client gives them to each container where ~/.docker/config.json has proxies."""
    container = inspected()
    for name in ('HTTP_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy', 'ftp_proxy'):
        container['Config']['Env'].append('%s=http://proxy:3128' % name)
    assert _node.differences(_node.parse_dryrun(DRYRUN), _node.from_inspect(container, IMAGE)) == []


PARAMS = {'name': 'agent-1.example.com', 'ip': '10.0.0.11/24', 'health': {'peers': 'auto', 'felix_port': 9099, 'port_access': 'host'},
          'calicoctl': '/opt/calico/bin/calicoctl', 'config': '/etc/calico/calicoctl.cfg', 'image': 'calico/node:v2.6.6', 'backend': 'bird', 'as_number': 64512,
          'log_dir': '/var/log/calico', 'libnetwork': False, 'no_default_ippools': True, 'init_system': True, 'after_units': []}


@pytest.mark.parametrize('changes', [
    {}, {'ip': '10.0.0.11/8'}, {'ip': '10.0.0.11/32'}, {'ip': '255.255.255.255/9'}, {'name': 'a'}, {'health': {'peers': '3'}}, {'health': {'peers': 0}},
])
def test_what_can_be_right_is_taken(changes):
    assert _node.check(dict(PARAMS, **changes)) is None


@pytest.mark.parametrize('changes, words', [
    ({'ip': ''}, '(nothing) is not an IPv4 address with its prefix'),
    ({'ip': None}, '(nothing) is not an IPv4 address'),
    ({'ip': '10.0.0.11'}, 'Write it like 10.0.2.10/24'),
    ({'ip': '10.0.0.11/7'}, '10.0.0.11/7 is not'),
    ({'ip': '10.0.0.11/33'}, '10.0.0.11/33 is not'),
    ({'ip': '256.0.0.11/24'}, '256.0.0.11/24 is not'),
    ({'ip': '10.0.0.256/24'}, '10.0.0.256/24 is not'),
    ({'ip': '10.0.0.11/24\n'}, 'is not an IPv4 address'),
    ({'ip': 'fd00::1/64'}, 'fd00::1/64 is not'),
    ({'name': None}, 'None cannot be the name of a Calico node'),
    ({'name': 'agent 1'}, 'Use letters, digits, dots and dashes'),
    ({'name': '-agent'}, 'cannot be the name'),
    ({'health': {'peers': 'all'}}, "health.peers is 'all'"),
    ({'health': {'peers': -1}}, 'Give auto or a number'),
])
def test_what_cannot_be_right_is_refused(changes, words):
    with pytest.raises(ValidationError) as error:
        _node.check(dict(PARAMS, **changes))
    assert words in str(error.value)


def test_the_command_line_says_what_is_desired_and_nothing_else():
    argv = ['node', 'run', '--node-image=calico/node:v2.6.6', '--name=agent-1.example.com', '--backend=bird', '--log-dir=/var/log/calico']
    assert _node.arguments(PARAMS, 'eth0') == argv + ['--ip-autodetection-method=interface=^eth0$', '--as=64512', '--no-default-ippools',
                                                      '--disable-docker-networking', '--init-system']
    assert _node.arguments(dict(PARAMS, as_number=None, libnetwork=True, no_default_ippools=False, init_system=False), None) == argv


UNIT = """\
# Managed by Ansible (dcos.calico.calicoctl_node); changes made here by hand are overwritten.
[Unit]
Description=Calico node
Documentation=https://docs.projectcalico.org/v2.6/
Wants=calico-etcd-proxy.service
After=docker.service calico-etcd-proxy.service

[Service]
ExecStartPre=/bin/close 9099
ExecStart=/opt/calico/bin/calicoctl node run --node-image=calico/node:v2.6.6 --name=agent-1.example.com --backend=bird --log-dir=/var/log/calico \
--as=64512 --no-default-ippools --disable-docker-networking --init-system --config=/etc/calico/calicoctl.cfg
ExecStop=-/usr/bin/docker stop -t 10 calico-node
Restart=always
RestartSec=5
StartLimitInterval=0
TimeoutStopSec=30
NoNewPrivileges=true
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_MODULE
PrivateDevices=true
PrivateTmp=true
ProtectSystem=full
ProtectHome=true

[Install]
WantedBy=multi-user.target
"""


def test_the_text_of_the_unit():
    """Whole: a change of it restarts calico/node on each agent."""
    params = dict(PARAMS, after_units=['calico-etcd-proxy.service'])
    assert _node.unit_text(params, '/usr/bin/docker', closed=['ExecStartPre=/bin/close 9099']) == UNIT
    assert _node.unit_text(PARAMS, '/usr/bin/docker') == UNIT.replace('Wants=calico-etcd-proxy.service\n', '').replace(
        'docker.service calico-etcd-proxy.service', 'docker.service').replace('ExecStartPre=/bin/close 9099\n', '')


@pytest.mark.parametrize('health, port', [
    ({'felix_port': 9099, 'port_access': 'host'}, 9099), ({'felix_port': 9099, 'port_access': 'all'}, None),
    ({'felix_port': None, 'port_access': 'host'}, None), (None, None),
])
def test_the_port_that_is_closed(health, port):
    assert _node.closed_ports({'health': health}) == ({port: []} if port else {})


def test_what_a_container_will_be_is_told_by_the_options():
    assert _node.summary(dict(PARAMS, as_number='')) == {
        'image': 'calico/node:v2.6.6', 'name': 'agent-1.example.com', 'ip': '10.0.0.11/24', 'as_number': None, 'backend': 'bird', 'libnetwork': False,
        'no_default_ippools': True, 'config': '/etc/calico/calicoctl.cfg', 'init_system': True}


def test_an_answer_without_a_command_is_quoted_by_its_end():
    with pytest.raises(CalicoError) as error:
        _node.parse_dryrun('one\ntwo\nthree\nfour\nfive\n')
    assert error.value.why == 'three | four | five'


def test_addresses_in_the_datastore_and_who_has_one_already():
    nodes = _node.addresses([{'name': 'b', 'ipv4': '10.0.0.1/24', 'ran': True}, {'name': 'a', 'ipv4': None}, {'name': 'c', 'ipv4': '10.0.0.11/24'}])
    assert nodes == {'a': None, 'b': '10.0.0.1/24', 'c': '10.0.0.11/24'}
    assert _node.conflict(nodes, 'a', '10.0.0.1/32') == 'b' and _node.conflict(nodes, 'a', '10.0.0.2/24') is None
    assert _node.conflict(nodes, 'b', '10.0.0.1/24') is None, 'its own'
    what, why, remedy = _node.conflict_words('b', 'a', '10.0.0.1/24')
    assert what == 'The Calico node b already uses the address 10.0.0.1/24 of a' and why
    assert 'set calico_node_name to b.' in remedy and 'calicoctl delete node b.' in remedy


@pytest.mark.parametrize('there', ['calico/node:v2.6.12', 'quay.io/calico/node:v2.6.12'])
def test_images_of_which_no_id_is_known_are_compared_by_their_names(there):
    actual = _node.from_inspect(inspected(Config={'Image': there}), IMAGE)
    assert _node.differences(_node.parse_dryrun(DRYRUN), actual) == ['image: runs %s, should be quay.io/calico/node:v2.6.6' % there]
