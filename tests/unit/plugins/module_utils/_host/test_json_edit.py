# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _json_edit


@pytest.mark.parametrize('text, desired', [
    (u'{"a": 1, "IPSources": ["host","netinfo"], "b": 1.50}', u'{"a": 1, "IPSources": ["netinfo","host"], "b": 1.50}'),
    (u'{"IPSources":["host", "netinfo"]}\n', u'{"IPSources":["netinfo", "host"]}\n'),
    (u'{\n  "ipsources" : [\n    "host",\n    "netinfo"\n  ]\n}', u'{\n  "ipsources" : [\n    "netinfo",\n    "host"\n  ]\n}'),
    (u'{"IPSources": [\n\t"host"\n]}', u'{"IPSources": [\n\t"netinfo",\n\t"host"\n]}'),
    (u'{"IPSources": ["host"]}', u'{"IPSources": ["netinfo", "host"]}'),
    (u'{"IPSources": [ ] , "x": "\\u00e9 \u00e9"}', u'{"IPSources": ["netinfo", "host"] , "x": "\\u00e9 \u00e9"}'),
    (u'{"IPSources": null}', u'{"IPSources": ["netinfo", "host"]}'),
    (u'{\n  "a": {"IPSources": ["x"]}\n}\n', u'{\n  "IPSources": ["netinfo", "host"],\n  "a": {"IPSources": ["x"]}\n}\n'),
    (u'{"a":1}', u'{"IPSources": ["netinfo", "host"], "a":1}'),
    (u' {}', u' {"IPSources": ["netinfo", "host"]}'),
    (u'{"a": "\\"IPSources\\": [\\"host\\"]", "IPSources": ["host,]", "x"]}', u'{"a": "\\"IPSources\\": [\\"host\\"]", "IPSources": ["netinfo", "host"]}'),
])
def test_one_member_is_replaced_and_the_rest_kept(text, desired):
    edited = _json_edit.with_list(text, u'IPSources', ['netinfo', 'host'])
    assert edited == desired
    before, after = json.loads(text), json.loads(edited)
    name = next((key for key in before if key.lower() == 'ipsources'), 'IPSources')
    assert after == dict(before, **{name: ['netinfo', 'host']})
    assert _json_edit.with_list(edited, u'IPSources', ['netinfo', 'host']) == edited


@pytest.mark.parametrize('text', [u'', u'{', u'[]', u'"x"', u'{"a": 1,}', u'{"a": 1} x', u'{a: 1}', u'# x\n{}'])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(ValueError):
        _json_edit.members(text)


def test_a_member_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match='IPSources twice, as ipsources and IPSources'):
        _json_edit.with_list(u'{"ipsources": [], "IPSources": []}', u'IPSources', ['host'])
