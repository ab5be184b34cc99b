# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of etcd's v2 API: all of a directory as of one moment, and writes that fail where a key is not what it was.

etcd 3.3 answers a recursive read while it holds the lock of its whole store (store.Get), so one request is a snapshot, and X-Etcd-Index says of when.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import socket
import ssl

from ansible.module_utils.common.text.converters import to_bytes, to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.module_utils._calico import _node
from ansible_collections.dcos.calico.plugins.module_utils._host import _facts_etcd, _http

try:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from urllib.parse import quote
except ImportError:
    from httplib import HTTPConnection, HTTPException, HTTPSConnection
    from urllib import quote

KEYS = '/v2/keys'
LARGEST = 128 << 20  # bytes of an answer with all keys
NOT_FOUND, COMPARE_FAILED, NOT_A_FILE, EXISTS, NOT_EMPTY = 100, 101, 102, 105, 108
FORM = {'Content-Type': 'application/x-www-form-urlencoded'}
TEXT = (type(u''), str)
TROUBLE = (socket.error, ssl.SSLError, HTTPException, IOError, OSError, ValueError)


class Entry(object):
    """A key: value (text, None for a directory), ttl (seconds, or None), index (when it was changed last)."""
    __slots__ = ('value', 'ttl', 'index')

    def __init__(self, value, ttl=None, index=0):
        self.value = value
        self.ttl = ttl
        self.index = index


class Snapshot(object):
    """entries: {key: Entry} of everything below a directory, without it; index: etcd's as of then; cluster_id: etcd's, in hex."""
    __slots__ = ('entries', 'index', 'cluster_id')

    def __init__(self, entries, index, cluster_id):
        self.entries = entries
        self.index = index
        self.cluster_id = cluster_id


class ChangedMeanwhile(CalicoError):
    """A key is not what it was when it was read."""


class Gone(ChangedMeanwhile):
    """A key is not there any more."""


def entries(node):
    """{key: Entry} of everything below a node as etcd gives it; raises ValueError for what is none. Pure."""
    found, waiting = {}, list(_children(node))
    while waiting:
        child = waiting.pop()
        key, index, ttl = child.get('key'), child.get('modifiedIndex'), child.get('ttl')
        value = None if child.get('dir') else child.get('value')
        if not isinstance(key, TEXT) or not isinstance(index, int) or not (child.get('dir') or isinstance(value, TEXT)):
            raise ValueError('it has a node that is none of etcd')
        found[to_text(key)] = Entry(None if value is None else to_text(value), ttl, index)
        if child.get('dir'):
            waiting.extend(_children(child))
    return found


def _children(node):
    children = node.get('nodes') or [] if isinstance(node, dict) else None
    if not isinstance(children, list) or not all(isinstance(child, dict) for child in children):
        raise ValueError('it has a node that is none of etcd')
    return children


class Store(object):
    """etcd by its endpoints: the first that answers the first question answers all of them. What is written follows a look.

    :arg endpoints: URLs.
    :arg tls: _facts_etcd.Tls.
    :arg seconds: for an answer, all of it.
    """

    def __init__(self, endpoints, tls, seconds):
        self._endpoints = list(endpoints)
        self._tls = tls
        self._seconds = seconds
        self._connection = None
        self.endpoint = None

    def snapshot(self, directory):
        """Snapshot of everything below a directory, which may not exist."""
        answer = self._first('%s?quorum=true&recursive=true' % self._path(directory), LARGEST)
        said = self._said(answer, directory)
        if answer.status == 404 and said.get('errorCode') == NOT_FOUND:
            found = {}
        elif answer.status == 200 and isinstance(said.get('node'), dict):
            try:
                found = entries(said['node'])
            except ValueError as error:
                raise self._no_etcd(directory, to_native(error))
        else:
            raise self._refused('%s could not be read' % directory, answer, said)
        return Snapshot(found, self._index(answer, directory), to_native(answer.headers.get('x-etcd-cluster-id') or ''))

    def index(self, directory):
        """etcd's index now."""
        return self._index(self._first('%s?quorum=true' % self._path(directory)), directory)

    def create(self, key, value):
        """Make a key, or with None an empty directory, that is not there."""
        self._write('PUT', key, 'dir=true&prevExist=false' if value is None else 'prevExist=false', value)

    def change(self, key, value, index):
        """Give a key another value, if it was last changed at an index."""
        self._write('PUT', key, 'prevIndex=%d' % index, value)

    def delete(self, key, index):
        """Take a key away, if it was last changed at an index; with None a directory, if it is empty."""
        self._write('DELETE', key, 'dir=true' if index is None else 'prevIndex=%d' % index)

    def delete_tree(self, directory):
        """Take a directory away with all that is in it, whatever that is by then; one that is not there is no matter."""
        path = '%s?recursive=true' % self._path(directory)
        try:
            answer = self._ask(path, method='DELETE', headers=FORM)
        except TROUBLE as error:
            raise CalicoError('It is not known whether %s was deleted from etcd at %s' % (to_native(directory), self.endpoint), why=_words(error),
                              remedy='Run again')
        said = self._said(answer, directory)
        if answer.status != 200 and said.get('errorCode') != NOT_FOUND:
            raise self._refused('%s could not be deleted' % to_native(directory), answer, said)

    def close(self):
        if self._connection:
            self._connection.close()

    def _write(self, method, key, condition, value=None):
        body = None if value is None else to_bytes('value=%s' % quote(to_bytes(value), safe=''))
        try:
            answer = self._ask('%s?%s' % (self._path(key), condition), method=method, body=body, headers=FORM)
        except TROUBLE as error:
            raise CalicoError('It is not known whether %s was written to etcd at %s' % (to_native(key), self.endpoint), why=_words(error),
                              remedy='Run again: what was written before is found, and left as it is')
        if answer.status in (200, 201):
            return
        said = self._said(answer, key)
        if said.get('errorCode') in (NOT_FOUND, COMPARE_FAILED, NOT_A_FILE, EXISTS, NOT_EMPTY):
            kind = Gone if said['errorCode'] == NOT_FOUND else ChangedMeanwhile
            raise kind('%s was changed by somebody else while it was to be written' % to_native(key), why=to_native(said.get('message') or ''),
                       remedy='Nothing of that change was overwritten. See what else writes to the datastore, and run again')
        raise self._refused('%s could not be written' % to_native(key), answer, said)

    def _first(self, path, largest=_http.LARGEST):
        """The Answer of the endpoint in use, or of the first that answers."""
        wrong = []
        for endpoint in [self.endpoint] if self.endpoint else self._endpoints:
            try:
                self._connect(endpoint)
                return self._ask(path, largest=largest)
            except TROUBLE as error:
                self.endpoint = None
                wrong.append('%s: %s' % (_node.shown('', endpoint), _words(error)))
        raise CalicoError("Calico's datastore could not be read", why='; '.join(wrong),
                          remedy='See that etcd, or its proxy on this host, runs, and that the endpoints and certificates of the configuration are right')

    def _connect(self, endpoint):
        if self.endpoint == endpoint:
            return
        match = _facts_etcd.URL.match(endpoint)
        if not match:
            raise ValueError('it is not an address like http://10.0.0.1:2379')
        host, port = match.group(2).strip('[]'), int(match.group(3))
        self.close()
        self._connection = HTTPConnection(host, port) if match.group(1) == 'http' else HTTPSConnection(host, port, context=self._tls.context())
        self.endpoint = endpoint

    def _ask(self, path, **more):
        return _http.ask(self._connection, path, self._seconds / float(_http.STEPS), **more)

    @staticmethod
    def _path(key):
        return to_native(KEYS + quote(to_bytes(key)))

    def _said(self, answer, key):
        try:
            said = from_json(to_text(answer.body))
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise self._no_etcd(key, 'it answered %d' % answer.status)
        return said

    def _index(self, answer, key):
        try:
            return int(answer.headers.get('x-etcd-index'))
        except (TypeError, ValueError):
            raise self._no_etcd(key, 'it says no X-Etcd-Index')

    def _no_etcd(self, key, why):
        return CalicoError("What %s answers for %s is no answer of etcd's v2 API" % (self.endpoint, to_native(key)), why=why,
                           remedy='See that it is etcd, and that its v2 API is on (--enable-v2)')

    def _refused(self, what, answer, said):
        return CalicoError('%s: etcd at %s answered %d' % (what, self.endpoint, answer.status), why=to_native(said.get('message') or ''),
                           remedy='See that its members are a quorum, and that it has room')


def _words(error):
    return to_native(error) or type(error).__name__
