# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _client_config, _yaml

TEXTS = [
    u'a: b\nc:\n- x\n- y: 1\n  z: 2\n-  - 1\n   - 2\nd: [1, 2, {e: f}]\n',
    u'"a b": \'it\'\'s\'\nk: "x\\ny\\u00e4"\n',
    u'a: |\n  one\n  two\n\nb: >\n  one\n  two\n\n  three\nc: |-\n  x\n',
    u'{"a": [1, true, "x:y"], "b": {}}',
    u'a:\n  b: http://x:1,http://y:2 # c\n  d: "#no"\n  e: a#b\n',
    u'---\na: 1\n...\n',
    u'a: plain\n  goes on\nb: 2\n',
    u'a: {b: c,\n  d: e}\nf: g\n',
    u'[1,2]\n',
    u'a:\n\n  # c\n  b: 1\n',
    u'a: &anchor b\n',
    u'\ufeffa: b\r\nc: d\r\n',
    u'a: "x\n  y"\n',
    u'http://x: y\n',
]
REFUSED = [u'a: *x', u'a: !!str x', u'a: 1\n b: 2', u'a:\n\tb: 1', u'k: "no end', u'<<: 1', u'? a\n: b', u'a: 1\na: 2', u'a: [1, 2', u'a: }', u'a: "x" y\n',
           u'a: - b\n', u'x: a: b', u'a: 1\n---\nb: 2\n', u'"\\q"', b'\xff: 1']


@pytest.mark.parametrize('text', TEXTS, ids=[str(number) for number in range(len(TEXTS))])
def test_it_reads_what_a_library_reads(text):
    yaml = pytest.importorskip('yaml')
    assert _yaml.load(text) == yaml.load(text, Loader=yaml.BaseLoader)


@pytest.mark.parametrize('text', REFUSED, ids=[str(number) for number in range(len(REFUSED))])
def test_what_is_more_than_it_reads_is_an_error_and_no_wrong_value(text):
    with pytest.raises(_yaml.YamlError):
        _yaml.load(text)


@pytest.mark.parametrize('text', [u'', u'# only a comment\n', u'~', u'null', u'---\n'])
def test_nothing(text):
    assert _yaml.load(text) is None


def test_bytes_and_depth():
    assert _yaml.load(u'a: \xe4'.encode('utf-8')) == {u'a': u'\xe4'}
    assert _yaml.load(u'a:\n  b: ~\n  c:\n') == {u'a': {u'b': None, u'c': None}}


HEAD = 'apiVersion: v1\nkind: calicoApiConfig\nmetadata:\n'
PROXY = 'http://127.0.0.1:2379'
CONFIGS = [
    (HEAD + 'spec:\n  datastoreType: "etcdv2"\n  etcdEndpoints: "http://127.0.0.1:2379"\n', PROXY),
    (HEAD + 'spec:\n  etcdEndpoints: http://localhost:2379/\n', PROXY),
    (HEAD + 'spec:\n  etcdEndpoints: http://127.0.0.1:2379   # the proxy\n', PROXY),
    (HEAD + 'spec: {datastoreType: etcdv2, etcdEndpoints: "http://127.0.0.1:2379"}\n', PROXY),
    ('{"apiVersion": "v1", "kind": "calicoApiConfig", "metadata": {}, "spec": {"etcdEndpoints": "http://127.0.0.1:2379"}}', PROXY),
    (HEAD + 'spec:\n  etcdScheme: http\n  etcdAuthority: 127.0.0.1:2379\n', PROXY),
    (HEAD + 'spec:\n  etcdScheme: http\n  etcdAuthority: 10.0.0.9:2379\n  etcdEndpoints: http://127.0.0.1:2379\n', PROXY),
    (HEAD + 'spec:\n#  etcdEndpoints: http://10.0.0.9:2379\n  etcdEndpoints: http://127.0.0.1:2379\n', PROXY),
    (HEAD + 'spec:\n  etcdEndpoints: >-\n    http://127.0.0.1:2379\n', PROXY),
    (HEAD + 'spec:\n  etcdAuthority: 127.0.0.1:2379\n', 'it has no etcdEndpoints'),
    (HEAD + 'spec:\n  datastoreType: "kubernetes"\n  kubeconfig: "/etc/kubeconfig"\n', 'its datastoreType is kubernetes'),
    ('apiVersion: v1\nkind: calicoApiConfig\ndatastoreType: etcdv2\netcdEndpoints: http://127.0.0.1:2379\n',
     'has datastoreType, etcdEndpoints outside of spec'),
    (HEAD + 'spec:\n', 'it has no etcdEndpoints'),
    (HEAD + 'spec: *elsewhere\n', 'it cannot be read: line 4'),
]


@pytest.mark.parametrize('text, found', CONFIGS, ids=[str(number) for number in range(len(CONFIGS))])
def test_where_a_configuration_of_calicoctl_points_to(text, found):
    config = _client_config.read(text)
    if found == PROXY:
        assert _client_config.same(config.endpoints, [PROXY]) and config.problem is None
    else:
        assert config.endpoints == [] and found in config.problem
