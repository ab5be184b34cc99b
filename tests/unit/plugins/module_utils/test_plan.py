# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan, serialise


@pytest.mark.parametrize('value, text', [
    (None, ''),
    ('', ''),
    ('a', 'a\n'),
    ('a\n', 'a\n'),
    (b'a', 'a\n'),
    ({'b': 1, 'a': [True]}, '{\n  "a": [\n    true\n  ],\n  "b": 1\n}\n'),
    (False, 'false\n'),
])
def test_serialise(value, text):
    assert serialise(value) == text


def test_only_differences_are_planned():
    plan = Plan()
    assert not plan.add('same', 'x', 'x')
    assert plan.add('new', None, 'x') and plan.add('gone', 'x', None) and plan.add('new', 'x', 'y')
    assert plan.changed and len(plan) == 3 and plan.names() == ['new', 'gone']


def test_result_has_a_diff_only_where_asked_for():
    plan = Plan()
    plan.add('x', None, {'a': 1})
    assert plan.result(False) == {'changed': True}
    assert plan.result(True)['diff'] == [{'before_header': 'x', 'after_header': 'x', 'before': '', 'after': '{\n  "a": 1\n}\n'}]
    assert Plan().result(True) == {'changed': False, 'diff': []}


@pytest.mark.parametrize('before, after', [(None, 'hunter2'), ('hunter1', 'hunter2'), ('hunter1', None)])
def test_a_secret_is_not_shown_but_its_change_is(before, after):
    plan = Plan()
    plan.add('key.pem', before, after, secret=True)
    diff = plan.result(True)['diff'][0]
    assert 'hunter' not in str(diff) and diff['before'] != diff['after']


@pytest.mark.parametrize('error, text', [
    (CalicoError('It broke'), 'It broke.'),
    (CalicoError('It broke', why='disk full'), 'It broke: disk full.'),
    (CalicoError('It broke.', why='disk full.\n', remedy='Free space'), 'It broke: disk full. Free space.'),
])
def test_an_error_reads_as_sentences(error, text):
    assert str(error) == text


def test_a_diff_goes_to_a_terminal():
    plan = Plan()
    plan.add('file \x1b[2J', u'\x9b31m\r\n', {'x': u'\u202e'})
    assert plan.result(True)['diff'] == [{'before_header': 'file \\x1b[2J', 'after_header': 'file \\x1b[2J', 'before': '\\x9b31m\\x0d\n',
                                          'after': '{\n  "x": "\\u202e"\n}\n'}]
