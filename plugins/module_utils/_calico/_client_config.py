# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a configuration file of calicoctl 1.6 points to, as calicoctl reads it: a document calicoApiConfig in YAML or JSON. Pure.

Seen of calicoctl 1.6.3: etcdEndpoints counts before etcdAuthority, which needs etcdScheme; fields outside of spec are an error.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._calico import _yaml

FIELDS = ('apiVersion', 'kind', 'metadata', 'spec')


class ClientConfig(object):
    """endpoints: URLs of etcd, as they are written; problem: why there are none, or None; ca, cert, key: paths of the files for TLS, each None if not set."""
    __slots__ = ('endpoints', 'problem', 'ca', 'cert', 'key')

    def __init__(self, endpoints=(), problem=None, spec=None):
        self.endpoints = list(endpoints)
        self.problem = problem
        self.ca, self.cert, self.key = [_path((spec or {}).get(name)) for name in ('etcdCACertFile', 'etcdCertFile', 'etcdKeyFile')]


def read(text):
    """ClientConfig of a file's text; never raises."""
    try:
        document = _yaml.load(text)
    except _yaml.YamlError as error:
        return ClientConfig(problem='it cannot be read: %s' % to_native(error))
    if not isinstance(document, dict):
        return ClientConfig(problem='it holds no document')
    strange = sorted(to_native(key) for key in document if key not in FIELDS)
    if strange:
        return ClientConfig(problem='calicoctl does not take it, as it has %s outside of spec' % ', '.join(strange))
    spec = document.get('spec') if isinstance(document.get('spec'), dict) else {}
    if spec.get('datastoreType') not in (None, 'etcdv2'):
        return ClientConfig(problem='its datastoreType is %s' % to_native(spec['datastoreType'], nonstring='simplerepr'))
    return _endpoints(spec)


def _endpoints(spec):
    endpoints, authority, scheme = [spec.get(name) for name in ('etcdEndpoints', 'etcdAuthority', 'etcdScheme')]
    if isinstance(endpoints, _yaml.TEXT):
        return ClientConfig([to_native(part.strip()) for part in endpoints.split(',') if part.strip()], spec=spec)
    if isinstance(authority, _yaml.TEXT) and isinstance(scheme, _yaml.TEXT):
        return ClientConfig(['%s://%s' % (to_native(scheme), to_native(authority))], spec=spec)
    return ClientConfig(problem='it has no etcdEndpoints')


def _path(value):
    return to_native(value) if value and isinstance(value, _yaml.TEXT) else None


def same(one, other):
    """Whether two lists of endpoints lead to the same etcd: order, a slash at the end and the name of the loopback device make no difference."""
    return sorted(map(_plain, one)) == sorted(map(_plain, other))


def _plain(endpoint):
    return endpoint.rstrip('/').replace('//localhost:', '//127.0.0.1:')
