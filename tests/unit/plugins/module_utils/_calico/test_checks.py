# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _checks
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError


@pytest.mark.parametrize('text', [
    '', ' ', 'all()', "role == 'database'", 'role=="database"', "my_label != \"foo bar\"", "a in {'x', \"y\"}", "a not in { 'x' }", "a in {'x',}",
    'a in {}', 'has(role)', '!has(role)', '! ! has( org.apache.mesos/x )', "(a == 'b' || c == 'd') && !(has(e))", "index == 'in'",
    "in == 'x'", "calico/k8s_ns == 'default'",
    "a contains 'x'", "a starts with 'x' && b ends with 'y'", "DCOS_SPACE == '/prod/db'", "a == 'it says \"b\"'", 'all( )',
])
def test_selectors(text):
    _checks.check_selector(text)


@pytest.mark.parametrize('text, where', [
    ('role === database', "'= database'"), ('role == database', 'at database'), ("role = 'x'", "= 'x'"), ("role == 'x", "'x"), ("role", 'its end'),
    ("a == 'b' &&", 'its end'), ("a == 'b' c == 'd'", 'at c'), ("(a == 'b'", 'its end'), ("a == 'b')", 'at )'), ('has()', 'at )'), ('has(role', 'its end'),
    ('all', 'its end'), ("a in 'x'", "at 'x'"), ("a in {x}", 'at x'), ("a in {'x' 'y'}", "at 'y'"), ("== 'x'", 'at =='), ("'a' == 'x'", "at 'a'"),
    ("a not == 'x'", 'at not'), ('!', 'its end'), ("a & b", '& b'), ("a == 'b' and c == 'd'", 'at and'),
])
def test_what_is_no_selector(text, where):
    with pytest.raises(ValidationError) as error:
        _checks.check_selector(text)
    assert where in str(error.value).split('not a selector')[1]
