# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether networks, profiles, policies and further documents can be as they are wanted. Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._calico import _resources
from ansible_collections.dcos.calico.plugins.module_utils._calico._preflight_pools import ALL
from ansible_collections.dcos.calico.plugins.module_utils._cni import _rules
from ansible_collections.dcos.calico.plugins.module_utils._errors import Collector, ValidationError

_KEYS = ('apiVersion', 'kind', 'metadata', 'spec', 'state')


def file_of(network):
    """Name of a network's file."""
    return network.get('file') or '%s.cni' % network['name']


def is_present(item):
    """Whether an entry of a list is to be there."""
    return item.get('state') != 'absent'


def check_networks(verdict, networks, pools):
    """Names and files of the networks, each of which must be one's own, and the pools that they take addresses from."""
    names, files = [network['name'] for network in networks], [file_of(network) for network in networks]
    for name in sorted(set(names)):
        if not _rules.NAME.match(name) or name in ('.', '..'):
            verdict.fail(ALL, 'network_name', 'the network name %r is refused by CNI' % name, None, 'Use letters, digits, _ . and -, at most 128')
        if names.count(name) > 1:
            verdict.fail(ALL, 'network_name', 'the network %s is wanted twice' % name, 'Mesos takes only one of them', 'Keep one')
    for name in sorted(set(files)):
        owners = [network['name'] for network, file_name in zip(networks, files) if file_name == name]
        if len(set(owners)) > 1:
            verdict.fail(ALL, 'network_name', 'the networks %s are wanted in one file, %s' % (' and '.join(owners), name), 'it has room for one',
                         'Give each a file of its own, or leave file out')
    for network in networks:
        own = network.get('ipv4_pools')
        for text in own if isinstance(own, list) and is_present(network) else ():
            _check_own_pool(verdict, network['name'], str(text), pools)


def _check_own_pool(verdict, name, text, pools):
    """Note a pool of a network that gives out no addresses. One that is no CIDR is not in the list either."""
    known = dict((_spelled(pool['cidr']), pool) for pool in pools if pool.get('cidr') and is_present(pool))
    pool = known.get(_spelled(text))
    if pool is None:
        verdict.fail(ALL, 'network_pool', 'the network %s takes addresses from %s, which is not in calico_ip_pools' % (name, text),
                     'every container on it would fail to start',
                     'Add the pool, or take it out of ipv4_pools. There are: %s' % (', '.join(sorted(known)) or 'none'))
    elif boolean(pool.get('disabled', False), strict=False):
        verdict.fail(ALL, 'network_pool', 'the network %s takes addresses from %s, which is disabled' % (name, text),
                     'every container on it would fail to start', 'Enable the pool, or give the network another one')


def _spelled(cidr):
    try:
        return str(_cidr.parse(cidr))
    except ValidationError:
        return str(cidr)


def check_documents(verdict, documents):
    """Policies, profiles and further documents for calicoctl."""
    names = []
    for document in documents:
        collector, name = Collector(), _resources.name_of(document)
        unknown = sorted(str(key) for key in document if key not in _KEYS)
        if unknown:
            collector.add(ValidationError('%s has no field %s' % (name, ', '.join(unknown)), remedy='Write %s' % ', '.join(_KEYS)))
        if document.get('state', 'present') not in ('present', 'absent'):
            collector.add(ValidationError('the state of %s cannot be %s' % (name, document['state']), remedy='Write present or absent'))
        if document.get('kind') == 'ipPool':
            collector.add(ValidationError('%s is among calico_resources' % name, remedy='Write it as an entry of calico_ip_pools'))
        else:
            good, checked = collector.check(_resources.explicit if is_present(document) else _resources.reference, document)
            names += [_resources.name_of(checked)] if good else []
        for error in collector.errors:
            verdict.fail(ALL, 'document', error.what, error.why, error.remedy or 'Correct it')
    for name in sorted(set(names)):
        if names.count(name) > 1:
            verdict.fail(ALL, 'document', '%s is wanted twice' % name, None, 'Keep one of the two')
