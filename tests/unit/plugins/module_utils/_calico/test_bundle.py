# -*- coding: utf-8 -*-
"""What is kept of a text, and what of containers, units and keys is shown."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bundle
from ansible_collections.dcos.calico.plugins.module_utils._redact import HIDDEN, NOT_SHOWN, Redactor

TEXT = u''.join(u'line %d\n' % number for number in range(10))


@pytest.mark.parametrize('lines, size, keep, expected, note', [
    (20, 1000, 'head', TEXT, ''), (10, len(TEXT), 'tail', TEXT, ''),
    (2, 1000, 'head', u'line 0\nline 1\n', 'cut: the first 2 of 10 lines'), (2, 1000, 'tail', u'line 8\nline 9\n', 'cut: the last 2 of 10 lines'),
    (20, 13, 'head', u'line 0\n', 'cut: the first 1 of 10 lines'), (20, 14, 'tail', u'line 8\nline 9\n', 'cut: the last 2 of 10 lines'),
    (20, 3, 'tail', u'', 'cut: the last 0 of 10 lines'),
])
def test_whole_lines_are_kept(lines, size, keep, expected, note):
    assert _bundle.limited(TEXT, lines, size, keep) == (expected, note)


@pytest.mark.parametrize('most, keep, expected, note', [
    (len(TEXT), 'head', TEXT, ''), (20, 'head', u'line 0\nline 1\n', '56 characters left out'), (20, 'tail', u'line 8\nline 9\n', '56 characters left out'),
    (3, 'head', u'', '70 characters left out'), (3, 'tail', u'', '70 characters left out'),
])
def test_only_whole_lines_are_looked_at(most, keep, expected, note):
    """Of half a line nobody could tell that it is a secret: what says so was cut off."""
    assert _bundle.looked_at(TEXT, most, keep) == (expected, note)


@pytest.mark.parametrize('line', [
    u"I1129 containerizer.cpp:1 Launching 'mesos-containerizer' with flags '--launch_info=\"{\\\"command\\\":{\\\"environment\\\":{\\\"variables\\\":["
    u"{\\\"name\\\":\\\"DB\\\",\\\"value\\\":\\\"planted-1\\\"}]}}}\"' network/cni",
    u'cni: environment { variables { name: "DB" value: "planted-1" } }', u'network: docker run --net=calico -e DB=planted-1 --env OTHER="planted 2" image',
])
def test_no_variable_of_a_task_is_in_a_log(line):
    found = _bundle.without_environments(u'cni before\n%s\ncni after\n' % line)
    assert 'planted' not in found and NOT_SHOWN in found and found.startswith(u'cni before\n') and found.endswith(u'\ncni after\n')


def test_lines_without_variables_stay():
    line = u"I1129 cni.cpp:10 Bind mounted '/proc/1/ns/net' to '/run/mesos/isolators/network/cni/a/ns' for container a, in this environment\n"
    assert _bundle.without_environments(line) == line


def test_bytes_count_and_not_characters():
    assert _bundle.limited(u'\u00e9\u00e9\n', 9, 4)[0] == u'' and _bundle.limited(u'\u00e9\u00e9\n', 9, 5)[0] == u'\u00e9\u00e9\n'


def test_older_lines_are_left_out_with_what_follows_them():
    text = u'no time\n2026-11-28 05:00:00.1 old\n  more of it\n2026-11-29_06:00:00.2 bird: new\n  more of that\n2026-11-29T07:00:00+0000 newer\n'
    found, note = _bundle.limited(text, 9, 1000, since='2026-11-29 00:00:00')
    assert found.splitlines() == [u'no time', u'2026-11-29_06:00:00.2 bird: new', u'  more of that', u'2026-11-29T07:00:00+0000 newer']
    assert note == '2 older lines left out'
    assert _bundle.limited(u'2026-11-29 00:00:00.1 of that second\n', 9, 1000, since='2026-11-29 00:00:00')[1] == ''


def test_nothing_of_a_text_is_obeyed_by_a_terminal():
    assert _bundle.printable(u'\x1b[2Ja\rb\u202ec\td\n') == u'\\x1b[2Ja\\x0db\\u202ec\td\n'
    assert len(_bundle.printable(u'a' * 50000)) == 50000


def test_of_a_container_only_what_is_listed():
    item = {'Id': 'c1', 'Args': ['--password', 'planted-1'], 'State': {'Running': True, 'Other': 'planted-2'},
            'Config': {'Image': 'calico/node', 'Labels': {'a': 'planted-3'}, 'Cmd': ['planted-4'],
                       'Env': ['IP=10.0.0.1', 'ETCD_PASSWORD=planted-5', 'ETCD_ENDPOINTS=http://u:planted-6@a:1', 'STRANGE=planted-7', 'ETCD_KEY_FILE=/k', 7]}}
    redactor = Redactor()
    found = _bundle.container(item, redactor)
    assert 'planted' not in json.dumps(found) and found['State'] == {'Running': True} and found['Id'] == 'c1'
    assert found['Config']['Env'] == ['IP=10.0.0.1', 'ETCD_PASSWORD=' + HIDDEN, 'ETCD_ENDPOINTS=http://%s@a:1' % HIDDEN,
                                      'STRANGE=' + NOT_SHOWN, 'ETCD_KEY_FILE=/k']
    assert redactor.scrub(u'planted-5 planted-6 planted-7') == u'%s %s planted-7' % (HIDDEN, HIDDEN)


@pytest.mark.parametrize('item', [{}, {'Config': None, 'State': 7}, {'Config': {'Env': None}}])
def test_a_container_of_another_shape(item):
    assert _bundle.container(item, Redactor())['Config']['Env'] == []


def test_variables_of_units():
    text = u"""[Service]
Environment=NODENAME=a "MY KEY=planted-1" 'SECRET_X=planted-2' PLAIN=planted-3
Environment="HTTPS_PROXY=http://me:planted-4@proxy:3128" \\
  "OTHER=planted-5"
Environment=planted-6
DefaultEnvironment=X=planted-7
ExecStart=/usr/bin/docker run -e ETCD_ENDPOINTS=http://a:1 -e FOO=planted-8 --env="BAR=planted-9 planted-9" --password planted-0
Restart=always
"""
    found = _bundle.unit(text, Redactor())
    assert 'planted' not in found and found.count('\n') == 7
    for part in ('NODENAME=a', 'PLAIN=' + NOT_SHOWN, 'HTTPS_PROXY=http://%s@proxy:3128' % HIDDEN, 'ETCD_ENDPOINTS=http://a:1', 'Restart=always'):
        assert part in found


@pytest.mark.parametrize('key, value, shown', [
    (u'/calico/v1/Ready', u'true', u'true'),
    (u'/calico/v1/config/LogSeverityScreen', u'info', u'info'),
    (u'/calico/v1/config/EtcdPassword', u'planted-1', HIDDEN),
    (u'/calico/v1/config/EtcdEndpoints', u'http://u:planted-1@a:1', u'http://%s@a:1' % HIDDEN),
    (u'/calico/v1/host/a/config/Token', u'{"a": "planted-1"}', HIDDEN),
    (u'/calico/bgp/v1/host/a/ip_addr_v4', u'10.0.0.1', u'10.0.0.1'),
    (u'/calico/v1/ipam/v4/pool/x', u'{"cidr": "10.0.0.0/8", "password": "planted-1"}', {'cidr': '10.0.0.0/8', 'password': HIDDEN}),
    (u'/calico/somebody/else', u'planted-1', u'[not shown: 9 characters]'),
    (u'/calico/v1', None, None),
])
def test_values_of_the_datastore(key, value, shown):
    assert json.loads(_bundle.key_line(key, value, None, Redactor())) == {'key': key, 'value': shown}


def test_a_time_to_live_is_told():
    assert json.loads(_bundle.key_line(u'/calico/felix/v1/host/a/status', u'{}', 30, Redactor()))['ttl'] == 30
