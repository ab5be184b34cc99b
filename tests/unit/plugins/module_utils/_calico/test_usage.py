# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _usage
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError


def workload(name, *addresses, **metadata):
    profiles = metadata.pop('profiles', ['calico'])
    return {'metadata': dict({'node': 'n1', 'workload': name, 'name': 'eth0'}, **metadata), 'spec': {'ipNetworks': list(addresses), 'profiles': profiles}}


WORKLOADS = [
    workload('b', '192.168.0.10/32'), workload('a', '192.168.0.9/32', 'fd00::1/128', node='n2', profiles=['db', 'calico']), workload('c', '10.0.0.1/32'),
    workload('d', profiles=['db']), {'metadata': {}, 'spec': {}}, {},
]
UNNAMED = {'metadata': {'name': 'eth0', 'node': 'n1'}, 'spec': {'ipNetworks': ['10.0.0.9/32']}}


@pytest.mark.parametrize('cidr, found', [
    ('192.168.0.0/16', ['192.168.0.9 (container a on node n2)', '192.168.0.10 (container b on node n1)']),
    ('fd00::/64', ['fd00::1 (container a on node n2)']),
    ('192.168.0.10/32', ['192.168.0.10 (container b on node n1)']),
    ('192.169.0.0/16', []),
])
def test_users_of_a_pool(cidr, found):
    assert [str(user) for user in _usage.in_pool(cidr, WORKLOADS)] == found


def test_an_endpoint_that_is_no_workloads_is_called_by_its_own_name():
    assert [str(user) for user in _usage.in_pool('10.0.0.0/24', [UNNAMED])] == ['10.0.0.9 (container eth0 on node n1)']


def test_users_of_a_profile():
    assert [str(user) for user in _usage.with_profile('db', WORKLOADS)] == ['no address (container d on node n1)',
                                                                            '192.168.0.9, fd00::1 (container a on node n2)']
    assert [user.name for user in _usage.with_profile('calico', WORKLOADS)] == ['c', 'a', 'b'] and _usage.with_profile('other', WORKLOADS) == []


def test_few_are_named():
    many = [workload('c%d' % number, '10.0.0.%d/32' % number) for number in range(1, 10)]
    assert _usage.shown(_usage.in_pool('10.0.0.0/24', many[:2])) == '10.0.0.1 (container c1 on node n1); 10.0.0.2 (container c2 on node n1)'
    assert _usage.shown(_usage.in_pool('10.0.0.0/24', many[:3])).endswith('10.0.0.3 (container c3 on node n1)')
    assert _usage.shown(_usage.in_pool('10.0.0.0/24', many)).endswith('10.0.0.3 (container c3 on node n1) and 6 more')


@pytest.mark.parametrize('check, name, words', [
    (_usage.check_pool, '10.0.0.0/24', 'The pool 10.0.0.0/24 is in use: workloads have addresses of it: 10.0.0.1 (container c on node n1). Set disabled on the '
     'pool'),
    (_usage.check_profile, 'db', 'The profile db is in use: workloads have it, and would be cut off: no address (container d on node n1); 192.168.0.9, fd00::1 '
     '(container a on node n2). Move these workloads'),
])
def test_what_is_in_use_is_not_deleted_and_its_users_are_named(check, name, words):
    with pytest.raises(CalicoError) as error:
        check(name, WORKLOADS)
    assert str(error.value).startswith(words) and 'force' in error.value.remedy


@pytest.mark.parametrize('check, name', [(_usage.check_pool, '10.1.0.0/24'), (_usage.check_profile, 'other')])
def test_what_nobody_uses_may_go(check, name):
    assert check(name, WORKLOADS) is None
