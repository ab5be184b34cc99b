# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup of Calico's datastore: its file, what a restore of it would change, and what speaks against that. Pure.

A node here is [key, value, ttl]: value is None for a directory, ttl is in seconds or None. Keys are those of libcalico-go 1.7's etcd v2 backend
(lib/backend/model).
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import base64
import binascii
import hashlib
import json
import posixpath
import re
import socket
import zlib

from ansible.module_utils.common.text.converters import to_bytes, to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils import _cidr, _plan
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json

FORMAT = "Backup of Calico's etcd v2 datastore by dcos.calico"
VERSION = 1
ROOT = '/calico'
LARGEST = 256 << 20  # bytes of a backup as JSON
TEXT = (type(u''), str)
HEAD = (('format', TEXT), ('version', int), ('made', TEXT), ('cluster_id', TEXT), ('index', int), ('index_end', int), ('calico_version', TEXT),
        ('key_count', int), ('directory_count', int), ('nodes', list), ('sha256', TEXT))

READY = '/calico/v1/Ready'
CALICO_VERSION = '/calico/v1/config/CalicoVersion'
# What Felix reports of itself, and writes again when it starts: backend/model/statusreports.go, *endpointstatus.go.
REPORTS = '/calico/felix/'
IPAM = '/calico/ipam/'
NODE = re.compile(u'/calico/(?:bgp/)?v1/host/([^/]+)(?:/|\\Z)')
NODE_BLOCKS = re.compile(u'/calico/ipam/v2/host/([^/]+)(?:/|\\Z)')
ENDPOINT = re.compile(u'/calico/v1/host/([^/]+)/workload/([^/]+)/([^/]+)/endpoint/([^/]+)\\Z')
POOL = re.compile(u'/calico/v1/ipam/v[46]/pool/([0-9A-Fa-f.:]+-[0-9]+)\\Z')
BLOCK = re.compile(u'/calico/ipam/v2/assignment/ipv[46]/block/[^/]+\\Z')
DIRECTORY = u'(directory)'
MOST_NAMED = 20
SECRET = re.compile(u'(password|passphrase|secret|token)[^/]*\\Z', re.IGNORECASE)


# ---- the file

def _canonical(value):
    """Bytes of a value that are the same on every Python."""
    return to_bytes(json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(',', ':')))


def pack(value):
    """Text of a value, small, for a module's argument or result."""
    return to_native(base64.b64encode(zlib.compress(_canonical(value), 6)))


def unpack(text, most=None):
    """The value of pack(); raises CalicoError for what it did not make, or what is larger than it may be, which is a backup's size unless said."""
    most = LARGEST if most is None else most
    try:
        opened = zlib.decompressobj()
        content = opened.decompress(base64.b64decode(to_bytes(text)), most)
        if opened.unconsumed_tail:
            raise ValueError('it has more than %d bytes' % most)
        return from_json(to_text(content))
    except (ValueError, TypeError, zlib.error, binascii.Error) as error:
        raise CalicoError('What was handed over cannot be read', why=to_native(error), remedy='Run again')


def digest(document):
    """SHA-256 over all of a backup but the digest itself."""
    return hashlib.sha256(_canonical(dict((key, value) for key, value in document.items() if key != 'sha256'))).hexdigest()


def document(read, made):
    """The backup of what the module read ({cluster_id, index, index_end, nodes}).

    :arg made: when, in UTC as of ISO 8601.
    """
    nodes = sorted(read['nodes'])
    found = dict(read, format=FORMAT, version=VERSION, made=made, nodes=nodes, calico_version=calico_version(nodes), **counts(nodes))
    return dict(found, sha256=digest(found))


def calico_version(nodes):
    """Calico's release, as the node that started last has said; '' if none has."""
    return next((node[1] or u'' for node in nodes if node[0] == CALICO_VERSION), u'')


def counts(nodes):
    """{key_count, directory_count} of nodes."""
    keys = sum(1 for node in nodes if node[1] is not None)
    return {'key_count': keys, 'directory_count': len(nodes) - keys}


def render(found):
    """Text of a backup's file: JSON, a node a line."""
    head = json.dumps(dict((key, value) for key, value in found.items() if key != 'nodes'), indent=1, sort_keys=True)
    return u'%s,\n "nodes": [\n%s\n ]\n}\n' % (to_text(head[:-2]), u',\n'.join(u'  ' + to_text(json.dumps(node)) for node in found['nodes']))


def parse(text, path):
    """The backup in a file's text; raises CalicoError for a file that is none, or was cut or changed.

    :arg path: what to call it.
    """
    try:
        found = from_json(text)
    except ValueError as error:
        raise CalicoError('%s is no whole backup of the datastore' % path, why=to_native(error), remedy='Give a file that dcos.calico.backup made')
    if not isinstance(found, dict) or found.get('format') != FORMAT:
        raise CalicoError('%s is no backup of the datastore' % path, why='its format is another one', remedy='Give a file that dcos.calico.backup made')
    if found.get('version') != VERSION:
        raise CalicoError('%s was made by another version of this collection' % path, why='it has version %s of the format, and this is version %d'
                          % (to_native(found.get('version'), nonstring='simplerepr'), VERSION), remedy='Restore it with that version')
    if set(found) != set(name for name, _kind in HEAD) or not all(isinstance(found[name], kind) for name, kind in HEAD):
        raise CalicoError('%s was changed after it was made' % path, why='it lacks a field, or has another one', remedy='Give an earlier backup')
    if found['sha256'] != digest(found):
        raise CalicoError('%s was changed after it was made' % path, why='its checksum is not that of its content', remedy='Give an earlier backup')
    check_nodes(found['nodes'], path)
    return found


def check_nodes(nodes, what):
    """Raise CalicoError unless nodes have their shape, and lie below ROOT, each once. etcd takes C(..) in a key for the directory above."""
    for node in nodes if isinstance(nodes, list) else [None]:
        if not (isinstance(node, list) and len(node) == 3 and isinstance(node[0], TEXT) and node[0].startswith(ROOT + '/')
                and posixpath.normpath(node[0]) == node[0]
                and isinstance(node[1], TEXT + (type(None),)) and isinstance(node[2], (int, type(None)))):
            raise CalicoError("%s holds something that is no key of Calico's datastore" % what, remedy='Make another backup')
    if len(set(node[0] for node in nodes)) != len(nodes):
        raise CalicoError('%s has a key twice' % what, remedy='Make another backup')


# ---- what a restore would change

def kept(key, ttl):
    """Whether a key is in the backup, and no restore touches it: those who wrote it, and still live, write it again and again."""
    return ttl is not None or key.startswith(REPORTS) or key + '/' == REPORTS


def restored(nodes):
    """{key: value} of what a restore is about."""
    return dict((key, value) for key, value, ttl in nodes if not kept(key, ttl))


def _parents(keys):
    found = set()
    for key in keys:
        parent = key.rpartition('/')[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition('/')[0]
    return found


def _order(key):
    """Addresses first, then settings and policies, then hosts and their containers; that Calico may be used, last."""
    if key.startswith(IPAM):
        return 0, key
    return (3 if key == READY else 2 if NODE.match(key) else 1), key


def reconcile(nodes, actual):
    """Plan that makes a store that of a backup: keys to create and to change, then keys and directories to delete.

    Each change has as C(how) the index of the key that is there, or None.

    :arg nodes: of the backup.
    :arg actual: {key: entry with value, ttl and index}, see _host/_etcd_keys.py.
    """
    passing = set(key for key, value, ttl in nodes if kept(key, ttl)) | set(key for key in actual if kept(key, actual[key].ttl))
    desired = dict((key, value) for key, value, ttl in nodes if key not in passing)
    plan, parents = _plan.Plan(), _parents(desired)
    for key in sorted(desired, key=_order):
        value, found = desired[key], actual.get(key)
        if value is None and (found is not None or key in parents):
            continue  # It is there, or comes with what is in it.
        _add(plan, key, None if found is None else found.value, value, None if found is None else found.index)
    needed = _parents(passing) | parents
    gone = [key for key in actual if key not in desired and key not in passing and key not in needed]
    for key in sorted((key for key in gone if actual[key].value is not None), key=_order):
        _add(plan, key, actual[key].value, None, actual[key].index)
    for key in sorted((key for key in gone if actual[key].value is None), reverse=True):
        _add(plan, key, DIRECTORY, None, None)
    return plan


def _add(plan, key, before, after, index):
    creates_directory = before is None and after is None
    plan.add(key, before, DIRECTORY if creates_directory else after, secret=bool(SECRET.search(key)), how=(index, None if creates_directory else after))


# ---- what speaks against it

def nodes_in(keys):
    """Names of the nodes that keys are about."""
    return set(match.group(1) for match in (NODE.match(key) or NODE_BLOCKS.match(key) for key in keys) if match)


def endpoints_in(keys):
    """{HOST/ORCHESTRATOR/WORKLOAD/ENDPOINT: host} of the containers that keys are about."""
    found = [match.groups() for match in map(ENDPOINT.match, keys) if match]
    return dict(('/'.join(parts), parts[0]) for parts in found)


class Allocations(object):
    """owners: {address: handle, '' if none is noted}; hosts: {address: host of its block, or None}; unreadable: keys of blocks that say nothing."""
    __slots__ = ('owners', 'hosts', 'unreadable')

    def __init__(self, values):
        self.owners, self.hosts, self.unreadable = {}, {}, []
        for key in sorted(values):
            if BLOCK.match(key) and values[key] is not None:
                try:
                    self._read(from_json(values[key]))
                except (ValueError, TypeError, KeyError, IndexError, AttributeError, socket.error):
                    self.unreadable.append(key)

    def _read(self, block):
        first = to_native(block['cidr']).partition('/')[0]
        affinity = block.get('affinity') or ''
        host = affinity[len('host:'):] if affinity.startswith('host:') else None
        for ordinal, which in enumerate(block['allocations']):
            if which is not None:
                address = _address(first, ordinal)
                self.owners[address] = (block['attributes'][which].get('handle_id') or '') if block.get('attributes') else ''
                self.hosts[address] = host


def _address(first, ordinal):
    family = socket.AF_INET6 if ':' in first else socket.AF_INET
    octets = bytearray(socket.inet_pton(family, first))
    number = int(binascii.hexlify(octets), 16) + ordinal
    return to_native(socket.inet_ntop(family, binascii.unhexlify(to_bytes('%0*x' % (2 * len(octets), number)))))


def addresses_of(value):
    """Addresses of an endpoint, without their prefix lengths."""
    try:
        found = from_json(value)
        return set(to_native(net).partition('/')[0] for key in ('ipv4_nets', 'ipv6_nets') for net in found.get(key) or [])
    except (ValueError, AttributeError, TypeError):
        return set()


def obstacles(nodes, actual, backup_cluster, cluster, allowed, in_use=()):
    """Sentences about what a restore would destroy, each with what to do; [] if nothing speaks against it.

    :arg actual: {key: entry}, as for reconcile().
    :arg backup_cluster, cluster: ids of etcd.
    :arg allowed: dict with nodes, endpoints, addresses (lists of names that may go) and cluster (the id of another etcd, or None).
    :arg in_use: addresses that hosts have containers with, whatever the datastore knows.
    """
    desired = restored(nodes)
    present = dict((key, actual[key].value) for key in actual if not kept(key, actual[key].ttl))
    forgotten, released = set(map(to_text, allowed['nodes'])), set(map(to_native, allowed['addresses']))
    found = _unknown_containers(desired, set(map(to_native, in_use)) - released)
    if not any(value is not None for value in present.values()):
        return found
    # A restore that was stopped leaves a part of the backup in a new cluster, and the next run is to complete it.
    others = any(value is not None and desired.get(key) != value for key, value in present.items())
    if others and cluster != backup_cluster and allowed['cluster'] != cluster:
        found.append('The backup is of the etcd cluster %s, and this is %s, which has keys of Calico: if it is to become that of the backup, name it in '
                     'other_cluster' % (backup_cluster, cluster))
    kinds = sorted(key for key in set(desired) & set(present) if (desired[key] is None) != (present[key] is None))
    if kinds:
        found.append('%s: a directory on one side, and a value on the other. Delete it by hand' % _some(kinds))
    lost = sorted(nodes_in(present) - nodes_in(desired) - forgotten)
    if lost:
        found.append('The datastore has nodes that the backup lacks, and they would be deleted: %s. If they are gone for good, name them in forget_nodes'
                     % _some(lost))
    there, stays = endpoints_in(present), endpoints_in(desired)
    going = set(name for name in there if name not in stays)
    agreed = set(name for name in going if name in set(map(to_text, allowed['endpoints'])) or there[name] in forgotten)
    if going - agreed:
        found.append('The datastore has containers that the backup lacks, and they would be cut off: %s. If they are gone, name them in forget_endpoints'
                     % _some(sorted(going - agreed)))
    return found + _address_obstacles(desired, present, agreed, forgotten, released)


def _unknown_containers(desired, in_use):
    """Addresses of pools that hosts have containers with, and that the backup has as free: of containers that were started after it."""
    owners = Allocations(desired).owners
    pools = [_cidr.parse(match.group(1).replace('-', '/')) for match in map(POOL.match, desired) if match]
    again = [address for address in _sorted(in_use) if address not in owners and any(pool.contains(_cidr.parse(address)) for pool in pools)]
    if not again:
        return []
    return ['Containers have addresses that the backup has as free, and they would be given out a second time: %s. End these containers, or, if nothing has '
            'them any more, name them in release_addresses' % _some(again)]


def _sorted(addresses):
    return sorted(addresses, key=lambda address: (':' in address, socket.inet_pton(socket.AF_INET6 if ':' in address else socket.AF_INET, address)))


def _address_obstacles(desired, present, agreed, forgotten, released):
    """Addresses that are given out now, and that the backup has as free, or of somebody else: they would be given out a second time."""
    now, then = Allocations(present), Allocations(desired)
    found = []
    unreadable = sorted(set(key for key in now.unreadable if key not in released))
    if unreadable:
        found.append('Which addresses are in use is not known, as these blocks cannot be read: %s. If none is, name the keys in release_addresses'
                     % _some(unreadable))
    ended, used = set(), set()
    for key in present:
        match = ENDPOINT.match(key)
        if match:
            (ended if '/'.join(match.groups()) in agreed else used).update(addresses_of(present[key]))
    again = [address for address in _sorted(now.owners) if then.owners.get(address) != now.owners[address] and address not in released
             and (address in used or not (address in ended or now.hosts[address] in forgotten))]
    if again:
        found.append('The datastore has addresses as given out that the backup has as free or of another container, and they would be given out a second time: '
                     '%s. If nothing has them any more, name them in release_addresses'
                     % _some(['%s (%s)' % (address, now.owners[address] or 'no handle') for address in again]))
    return found


def _some(names):
    more = len(names) - MOST_NAMED
    return ', '.join(map(to_native, names[:MOST_NAMED])) + (' and %d more' % more if more > 0 else '')
