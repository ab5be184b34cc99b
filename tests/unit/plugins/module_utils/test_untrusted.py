# -*- coding: utf-8 -*-
"""What of others' text is an address or a name, and how it is shown, on agents' Pythons too."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils import _untrusted
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError


@pytest.mark.parametrize(('text', 'address'), [
    ('10.0.0.1', '10.0.0.1'), (u'10.0.0.1', '10.0.0.1'), ('FD00:0::1', 'fd00::1'), ('::ffff:10.0.0.1', '::ffff:10.0.0.1'),
    ('fe80::1%eth0', None), ('fe80::1%{{ 7 * 7 }}', None), ('10.0.1', None), ('10.0.0.1/24', None), ('10.0.0.1\n', None), (' 10.0.0.1', None),
    ('0x0a.0.0.1', None), ('167772161', None), ('x', None), ('', None), (None, None), (10, None), (u'\u0661.0.0.1', None), ('10.0.0.1\x00', None),
])
def test_addresses(text, address):
    assert _untrusted.address(text) == address


@pytest.mark.parametrize(('text', 'name'), [
    ('a', 'a'), ('Agent-1.Example.com', 'agent-1.example.com'), ('a.b.', 'a.b'), ('3com.example', '3com.example'), ('agent1', 'agent1'), (u'a', 'a'),
    ('-a', None), ('a-', None), ('a_b', None), ('a..b', None), ('.', None), ('', None), ('10.0.0.1', None), ('a.1', None), ('a\n', None), ('a b', None),
    ('a' * 64, None), ('.'.join(['a' * 60] * 5), None), ('{{ a }}', None), (u'\xe4', None), (None, None), (5, None),
])
def test_host_names(text, name):
    assert _untrusted.host_name(text) == name


def test_signs_that_a_terminal_obeys_are_shown():
    assert _untrusted.clean('a\x1b[2J\r\tb\n') == 'a\\x1b[2J\\x0d\tb\n'
    assert _untrusted.clean(u'\x9b\u202e') == '\\x9b\\u202e'
    assert _untrusted.clean('x' * 30, 10) == 'xxxxxxxxxx... (20 more characters)'
    assert str(CalicoError(u'gr\xfc\xdfe \x07')) == str(CalicoError(u'gr\xfc\xdfe \\x07'))


def test_json_that_is_nested_too_deeply_is_none():
    assert _untrusted.from_json('{"a": [1]}') == {'a': [1]}
    for text in ('[' * 200000 + ']' * 200000, '{"a":' * 200000, '{', ''):
        with pytest.raises(ValueError):
            _untrusted.from_json(text)
