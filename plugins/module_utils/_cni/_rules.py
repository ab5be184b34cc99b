# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate a desired CNI configuration before it is written: the rules of CNI, of Mesos and of Calico's plugins (CNI plugin 1.10 and 1.11). Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import re

from ansible_collections.dcos.calico.plugins.module_utils._cni import _config

DIALECTS = ('mesos', 'cni')
# Mesos reads only ip4, ip6 and dns of a result, which is the shape of these versions. Without cniVersion, 0.1.0 is meant.
MESOS_VERSIONS = ('0.1.0', '0.2.0')
CALICO_VERSIONS = ('0.1.0', '0.2.0', '0.3.0', '0.3.1')
EXTENSIONS = {'network': ('.conf', '.json'), 'conflist': ('.conflist',)}
NAME = re.compile(r'^[A-Za-z0-9_.-]{1,128}\Z')

CALICO_STRINGS = ('etcd_endpoints', 'etcd_authority', 'etcd_scheme', 'etcd_discovery_srv', 'etcd_key_file', 'etcd_cert_file', 'etcd_ca_cert_file',
                  'log_level', 'nodename', 'hostname', 'datastore_type')
CALICO_FILES = ('etcd_key_file', 'etcd_cert_file', 'etcd_ca_cert_file')
ENDPOINT = re.compile(r'^https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}/?\Z')
CIDR4 = re.compile(r'^\d{1,3}(\.\d{1,3}){3}/\d{1,2}\Z')
CIDR6 = re.compile(r'^[0-9A-Fa-f:]+(\d{1,3}(\.\d{1,3}){3})?/\d{1,3}\Z')


def problems(config, dialect, file_name):
    """What is wrong with a desired configuration, a list of sentences without full stop; empty if nothing is.

    :arg dialect: mesos (a directory that Mesos reads) or cni (one that a kubelet reads).
    """
    network = _config.classify(config)
    if dialect == 'mesos' and isinstance(config, dict) and 'plugins' in config:
        return ['Mesos does not know lists of plugins (conflist): write it where Kubernetes reads it, with dialect cni, and give Mesos a single network']
    if network.kind == 'invalid':
        return [network.reason]
    found = []
    if not NAME.match(network.name):
        found.append('the name %r has characters other than letters, digits, _ . and -, or more than 128' % network.name)
    found += _version_problems(config, dialect, network)
    sections = config['plugins'] if network.kind == 'conflist' else [config]
    for number, section in enumerate(sections):
        label = 'plugins[%d]: ' % number if network.kind == 'conflist' else ''
        found += [label + problem for problem in _section_problems(section)]
    if dialect == 'cni' and not file_name.endswith(EXTENSIONS[network.kind]):
        found.append('a %s is read only from a file that ends in %s' % (network.kind, ' or '.join(EXTENSIONS[network.kind])))
    if dialect == 'mesos' and isinstance(config.get('args'), dict) and 'org.apache.mesos' in config['args']:
        found.append('args must not hold org.apache.mesos, which Mesos adds itself')
    return found


def _version_problems(config, dialect, network):
    version = config.get('cniVersion')
    if version is None:
        return []
    if not isinstance(version, _config.TEXT) or not re.match(r'^\d+\.\d+\.\d+\Z', version):
        return ['cniVersion %s is not a version such as "0.1.0"' % json.dumps(version)]
    if dialect == 'mesos' and version not in MESOS_VERSIONS:
        return ['with cniVersion %s the address never reaches Mesos, which reads results of %s only: leave cniVersion out'
                % (version, ' and '.join(MESOS_VERSIONS))]
    if 'calico' in network.plugins and version not in CALICO_VERSIONS:
        return ["Calico's plugin does not know cniVersion %s: use one of %s" % (version, ', '.join(CALICO_VERSIONS))]
    return []


def _section_problems(section):
    found = ['%r is not the name of a plugin' % name for name in _config.plugins_of(section) if not NAME.match(name) or name in ('.', '..')]
    calico = section.get('delegate') if isinstance(section.get('delegate'), dict) else section
    if calico.get('type') == 'calico':
        found += _calico_problems(calico)
    return found


def _calico_problems(section):
    found = ['%s must be a string' % key for key in CALICO_STRINGS if key in section and not isinstance(section[key], _config.TEXT)]
    mtu = section.get('mtu')
    if 'mtu' in section and (isinstance(mtu, bool) or not isinstance(mtu, int) or not 68 <= mtu <= 65535):
        found.append('mtu must be a number from 68 to 65535, not %s' % json.dumps(mtu))
    endpoints = section.get('etcd_endpoints')
    if isinstance(endpoints, _config.TEXT):
        found += ['%s of etcd_endpoints is not of the form http://host:port' % json.dumps(one) for one in endpoints.split(',') if not ENDPOINT.match(one)]
        if 'https://' in endpoints and not section.get('etcd_ca_cert_file'):
            found.append('etcd_endpoints with https need etcd_ca_cert_file')
    files = [key for key in CALICO_FILES if isinstance(section.get(key), _config.TEXT) and section[key]]
    found += ['%s must be the absolute path of a file' % key for key in files if not re.match(r'^/[^\n]*\Z', section[key])]
    if ('etcd_key_file' in files) != ('etcd_cert_file' in files):
        found.append('etcd_key_file and etcd_cert_file belong together')
    return found + _ipam_problems(section.get('ipam'))


def _ipam_problems(ipam):
    if not isinstance(ipam, dict):
        return ["Calico's plugin needs ipam with a type"]
    if ipam.get('type') != 'calico-ipam':
        return []
    flags = [key for key in ('assign_ipv4', 'assign_ipv6') if key in ipam and ipam[key] not in ('true', 'false')]
    found = ['ipam.%s must be the string "true" or "false"' % key for key in flags]
    for key, pattern in (('ipv4_pools', CIDR4), ('ipv6_pools', CIDR6)):
        pools = ipam.get(key, [])
        if not isinstance(pools, list) or not all(isinstance(pool, _config.TEXT) and pattern.match(pool) for pool in pools):
            found.append('ipam.%s must be a list of CIDRs' % key)
    found += ['%s belongs beside ipam, not into it' % key for key in sorted(ipam) if key.startswith('etcd_')]
    return found
