# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._cni import _config

# What Mesos takes is from facts on mesos cni.cpp and spec.proto; the first is what DC/OS 1.9 ships.
FILES = [
    ('{"name":"dummy","type":"bridge"}', 'network', 'dummy', None),
    ('{"name":"x","type":"calico","ipam":{"type":"calico-ipam"}}', 'network', 'x', None),
    ('{"name":"x","cniVersion":"0.3.0","plugins":[{"type":"calico","ipam":{"type":"calico-ipam"}},{"type":"portmap"}]}', 'conflist', 'x', None),
    ('{"name":"x","plugins":[]}', 'invalid', 'x', 'plugins is not a list of plugins'),
    ('{"name":"x","plugins":["calico"]}', 'invalid', 'x', 'plugins[0] is not an object'),
    ('{"name":"x","plugins":[{"type":"a"},{"ipam":{}}]}', 'invalid', 'x', 'plugins[1] has no type'),
    ('{"name":"x","plugins":[{"type":"a","ipam":{}}]}', 'invalid', 'x', 'plugins[0] has ipam without a type'),
    ('{"name":"x"}', 'invalid', 'x', 'it has no type'),
    ('{"name":"x","type":7}', 'invalid', 'x', 'it has no type'),
    ('{"name":"x","type":"calico","ipam":{}}', 'invalid', 'x', 'it has ipam without a type'),
    ('{"name":"x","type":"calico","ipam":"calico-ipam"}', 'invalid', 'x', 'it has ipam without a type'),
    ('{"type":"calico"}', 'invalid', None, 'it has no name'),
    ('{"name":"","type":"calico"}', 'invalid', None, 'it has no name'),
    ('[]', 'invalid', None, 'it is not a JSON object'),
    ('', 'invalid', None, 'it is empty'),
    ('  \n', 'invalid', None, 'it is empty'),
]


@pytest.mark.parametrize('text, kind, name, reason', FILES)
@pytest.mark.parametrize('encode', [True, False])
def test_parse(text, kind, name, reason, encode):
    network = _config.parse_config(text.encode('utf-8') if encode else text)
    assert (network.kind, network.name, network.reason) == (kind, name, reason)


@pytest.mark.parametrize('content', [b'{"name":', b'\xff\xfe{}', b'\x00' * 8, u'nodename = caf\xe9'.encode('utf-8')])
def test_what_is_not_json_has_a_reason(content):
    network = _config.parse_config(content)
    assert network.kind == 'invalid' and network.reason.startswith('it is not JSON: ')


@pytest.mark.parametrize('config, plugins', [
    ({'name': 'x', 'type': 'calico', 'ipam': {'type': 'calico-ipam'}}, ['calico', 'calico-ipam']),
    ({'name': 'x', 'type': 'mesos-cni-port-mapper', 'delegate': {'type': 'calico', 'ipam': {'type': 'calico-ipam'}}},
     ['mesos-cni-port-mapper', 'calico', 'calico-ipam']),
    ({'plugins': [{'type': 'calico', 'ipam': {'type': 'host-local'}}, {'type': 'portmap'}, {'type': 'portmap'}, 3]}, ['calico', 'host-local', 'portmap']),
    ({'type': 5, 'ipam': [], 'plugins': {}, 'delegate': 'x'}, []),
    (None, []),
    ('text', []),
])
def test_plugins(config, plugins):
    assert _config.plugins_of(config) == plugins


def test_render_is_the_same_everywhere_and_parses_back():
    config = {'type': 'calico', 'ipam': {'type': 'calico-ipam', 'assign_ipv4': 'true', 'ipv4_pools': ['10.0.0.0/8']}, 'name': u'x', 'cniVersion': '0.1.0',
              'args': {}, 'list': [], 'flag': True, 'mtu': 1440}
    text = _config.render(config)
    assert json.loads(text) == config
    assert text.splitlines()[:5] == ['{', '  "cniVersion": "0.1.0",', '  "name": "x",', '  "type": "calico",', '  "args": {},']
    assert text.endswith('  "mtu": 1440\n}\n') and '    "type": "calico-ipam",\n    "assign_ipv4"' in text


@pytest.mark.parametrize('one, other, same', [
    ({'a': 1, 'b': [1]}, {'b': [1], 'a': 1}, True),
    ({'a': True}, {'a': 1}, False),
    ({'a': 'true'}, {'a': True}, False),
    ({'a': u'x'}, {'a': str('x')}, True),
    ({'a': [1, 2]}, {'a': [2, 1]}, False),
])
def test_same(one, other, same):
    assert _config.same(one, other) is same


def test_merge_goes_deep_and_changes_neither():
    config, secret = {'policy': {'type': 'k8s'}, 'x': 1}, {'policy': {'token': 't'}, 'x': 2}
    assert _config.merge(config, secret) == {'policy': {'type': 'k8s', 'token': 't'}, 'x': 2}
    assert config == {'policy': {'type': 'k8s'}, 'x': 1} and secret == {'policy': {'token': 't'}, 'x': 2}


@pytest.mark.parametrize('config, found', [
    ({'type': 'bridge', 'ipam': {'type': 'host-local', 'subnet': '192.168.0.0/16'}}, ['192.168.0.0/16']),
    ({'type': 'mesos-cni-port-mapper', 'delegate': {'type': 'bridge', 'ipam': {'subnet': '10.1.0.0/16'}}}, ['10.1.0.0/16']),
    ({'plugins': [{'type': 'bridge', 'ipam': {'ranges': [[{'subnet': '10.1.0.0/16'}, {'subnet': '10.2.0.0/16'}], [{'subnet': 'fd00::/64'}]]}}]},
     ['10.1.0.0/16', '10.2.0.0/16', 'fd00::/64']),
    ({'type': 'calico', 'ipam': {'type': 'calico-ipam', 'ipv4_pools': ['192.168.0.0/16']}}, []),
    ({'ipam': {'subnet': 7, 'ranges': [7, [7, {}]]}, 'delegate': 7, 'plugins': 7}, []),
    (None, []),
    ([], []),
])
def test_ranges(config, found):
    assert _config.ranges_of(config) == found


@pytest.mark.parametrize('config, found', [
    ({'type': 'calico', 'ipam': {'type': 'calico-ipam', 'ipv4_pools': ['192.168.0.0/16', '10.1.0.0/16'], 'ipv6_pools': ['fd00::/64']}},
     ['192.168.0.0/16', '10.1.0.0/16', 'fd00::/64']),
    ({'type': 'mesos-cni-port-mapper', 'delegate': {'type': 'calico', 'ipam': {'ipv4_pools': ['10.1.0.0/16']}}}, ['10.1.0.0/16']),
    ({'type': 'calico', 'ipam': {'type': 'calico-ipam'}}, []),
    ({'ipam': {'ipv4_pools': 7}, 'delegate': {'ipam': {'ipv4_pools': [7]}}, 'plugins': 7}, []),
    (None, []),
])
def test_pools(config, found):
    assert _config.pools_of(config) == found


@pytest.mark.parametrize('answer, versions', [
    ('{"cniVersion":"0.3.1","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1"]}\n', ['0.1.0', '0.2.0', '0.3.0', '0.3.1']),
    ('{"cniVersion":"0.3.1","supportedVersions":[]}', None),
    ('{"cniVersion":"0.3.1","supportedVersions":[1]}', None),
    ('{"cniVersion":"0.3.1"}', None),
    ('{"code":100,"msg":"unknown CNI_COMMAND: VERSION"}', None),
    ('[]', None),
    ('Usage: calicoctl', None),
    ('', None),
])
def test_supported(answer, versions):
    assert _config.supported_versions(answer) == versions


def test_question():
    assert json.loads(_config.version_question('0.1.0')) == {'cniVersion': '0.1.0'}
