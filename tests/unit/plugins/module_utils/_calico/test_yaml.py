# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import random

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
    u'a: |+\n  one\n\n\nb: |-\n  two\n\n\nc: |\n  three\n\n\n',
    u'a: |+\n  one\n\n',
    u'a: |2\n   one\n  two\nb: >1-\n one\n two\n',
    u'a: >\n  one\n\n\n  two\n   more\n  three\n',
    u'a: |\nb: c\n',
    u'a: | # c\n  x # y\n',
    u'a: "\\x41\\u00e4\\U0001F600\\t\\"\\\\\\/"\n',
    u'a: ["x", \'y\', z, ]\nb: {"c": d, e: "f", }\n',
    u'a: [b, # c\n  d]\ne: f\n',
    u'a: [[1, 2], [3]]\nb: [{c: d}, {}]\n',
    u'%YAML 1.1\n---\na: b\n',
    u'--- # c\na: b\n...\n',
    u'plain\n...\n',
    u'a: |+\n',
    u'a: |\n  one\n    \n',
    u'a: {b: c  d}\n',
    u'- - a\n  - b\n- c: d\n  e:\n  - f\n-\n  g\n- # c\n  h\n',
    u'a:\n  - b\n  -\n    c: d\n',
    u'a: b \n  d # e\nf: g\n',
    u"a: 'x\n  y'\nb: z\n",
    u'a: b:c\nd: -1\ne: ?x\nf: x#y\n',
    u'"?": x\n',
    u"'a''b': c\n",
    u'a: &b\n  c: d\n',
    u'plain\n  goes on\n',
    u'"quoted" # c\n',
]
REFUSED = [u'a: *x', u'a: !!str x', u'a: 1\n b: 2', u'a:\n\tb: 1', u'k: "no end', u'<<: 1', u'? a\n: b', u'a: 1\na: 2', u'a: [1, 2', u'a: }', u'a: "x" y\n',
           u'a: - b\n', u'x: a: b', u'a: 1\n---\nb: 2\n', u'"\\q"', b'\xff: 1', u'a: {b: 1, b: 2}', u'a: [1 2: 3', u'a: [1, 2] 3', u'a: {b: c', u"a: 'x",
           u'a: "\\x4"', u'a: "\\x4g"', u'a: "\\', u'a: [*x]', u'a: {b: !c d}', u'a: @b', u'a: `b', u'a: %b', u'a: >x\n b',
           u'a: ,b', u'- a\nb: c', u'a: b # c\n  d', u'a: b\n\n  c', u'a: {{}: b}', u'a: {[b]: c}',
           u'a: b\n  c: d', u'a: "x"#y', u'{a: b}}', u'["a" "b"]', u'a: [b: c]', u'a: |\n   b\n  c\n', u'a: |\n   \n  c\n']


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
    assert _yaml.load(u'a: {b: , c: null}\n') == {u'a': {u'b': None, u'c': None}}


PIECES = [u'a', u'b', u'c  d', u'"x"', u"'y'", u': ', u':', u'- ', u'-', u'\n', u'\n', u'\n  ', u'\n ', u'\n    ', u' ', u'#', u' # k', u'{', u'}', u'[', u']',
          u', ', u'|', u'>', u'|-', u'>+', u'\n\n', u'?', u'~', u'null', u'"\\n"', u"''", u'""', u'&a ', u'|2', u'---\n', u'...\n', u'a: ', u'\n  c: ',
          u'\n  - ', u'\n- ', u'%', u'x:y']


def nulls(value):
    if isinstance(value, dict):
        return dict((nulls(key), nulls(inner)) for key, inner in value.items())
    return [nulls(inner) for inner in value] if isinstance(value, list) else None if value in _yaml.NULLS else value


def test_any_text_is_an_error_or_what_a_library_reads():
    yaml = pytest.importorskip('yaml')
    chance, compared = random.Random(1), 0
    for _number in range(4000):
        first = chance.choice([u'', u'a: ', u'- ', u'a: >\n  ', u'a: |\n  '])
        text = first + u''.join(chance.choice(PIECES) for _piece in range(chance.randint(1, 9))) + u'\n'
        try:
            found, known = _yaml.load(text), yaml.load(text, Loader=yaml.BaseLoader)
        except (_yaml.YamlError, yaml.YAMLError):
            continue
        compared += 1
        assert nulls(found) == nulls(known), repr(text)
    assert compared > 1000


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


def test_which_files_for_tls_a_configuration_names():
    config = _client_config.read(HEAD + 'spec:\n  etcdEndpoints: https://a:2379\n  etcdCACertFile: /a/ca.pem\n  etcdKeyFile: [a]\n  etcdCertFile: ""\n')
    assert (config.ca, config.cert, config.key) == ('/a/ca.pem', None, None)
    config = _client_config.read(HEAD + 'spec: {etcdScheme: https, etcdAuthority: "a:1", etcdCertFile: /a/cert.pem, etcdKeyFile: /a/key.pem}\n')
    assert (config.ca, config.cert, config.key) == (None, '/a/cert.pem', '/a/key.pem')


@pytest.mark.parametrize('text, words', [
    (u'a: 1\na: 2\n', "line 2: 'a' is a merge key, or there twice"),
    (u'a: {b: 1, b: 2}\n', "line 1: 'b' is there twice"),
    (u'a:\n  - "x" "y"\n', "line 2: '\"y\"' behind the end of a value"),
    (u'a: ["x" y, z]\n', "'y, z]' where a comma or ] belongs"),
    (u'a: ["x" ' + u'y' * 60 + u']\n', "'" + u'y' * 40 + "' where a comma or ] belongs"),
    (u'a: {"x": "y" z}\n', "'z}' where a comma or } belongs"),
    (u'a: [1, 2\n', 'it has no end'),
    (u'a: "\\q"\n', "'\\\\q' is no sign"),
    (u'a: 1\nb: *c\n', "line 2: '*c' is more of YAML than is read here"),
    (u'a: [' + u'*' + u'x' * 60 + u']\n', "'*" + 'x' * 39 + "' is more of YAML"),
    (u'a:\n\tb: 1\n', 'line 2: a tab is no indent'),
    (u'a: 1\nb\n', "line 2: 'b' is no key with a value"),
    (u'a: 1\n   b: 2\n', 'line 2: a wrong indent'),
    (u'a: x: y\n', "'x: y' is no plain text"),
    (u'a: 1\n---\nb: 2\n', 'line 2: more than one value'),
    (b'a: \xff', 'it is not UTF-8'),
])
def test_an_error_names_the_line_and_what_stands_there(text, words):
    with pytest.raises(_yaml.YamlError) as error:
        _yaml.load(text)
    assert words in str(error.value).replace("u'", "'")
