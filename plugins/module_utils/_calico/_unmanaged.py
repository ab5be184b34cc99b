# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of Calico others have set up on a host, by hand or by the Universe's framework, as far as it is to be kept or taken over."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._calico import _node
from ansible_collections.dcos.calico.plugins.module_utils._cni import _config
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import (
    _docker, _docker_daemon, _etcd, _etcd_keys, _etcd_service, _facts_etcd, _files, _network, _processes,
)
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json

SECONDS = 10
POOLS, HOSTS, PROFILES = '/calico/v1/ipam/v4/pool', '/calico/bgp/v1/host', '/calico/v1/policy/profile'
HOST = re.compile(r'^/calico/bgp/v1/host/([^/]+)/(ip_addr_v4|network_v4|as_num)\Z')
PROFILE = re.compile(r'^/calico/v1/policy/profile/([^/]+)/')
# What the installer of Calico's framework leaves on each agent, of whatever version (calico-dcos, installer/installer.py).
FRAMEWORK = '/etc/calico/installer'
BGP_PORT = 179
# Of a network's file: what a file of this collection can have too.
KEPT = ('mtu', 'log_level', 'nodename')
WRITTEN = ('name', 'type', 'hostname', 'cniVersion', 'ipam', 'etcd_endpoints', 'etcd_authority', 'etcd_scheme') + KEPT


def proxy(urls, unit, ports):
    """What listens where etcd's proxy is to listen: that of Process.as_dict(), role (C(proxy), C(member) or None), obstacle (what to do about a program
    that is not replaced) and wide (whether other hosts reach it); None where nobody does, or the proxy's unit.

    :arg ports: as _network.listeners() gives them.
    """
    local = [url for url in urls if _facts_etcd.LOOPBACK.match(url)]
    found = _etcd_service.unmanaged(local, unit)
    if found is None:
        return None
    addresses = [address for url in local for address in (ports.get(str(_etcd.check_url(url, 'The address')[2])) or {}).get('addresses') or []]
    wide = any(not address.startswith('127.') and address != '::1' for address in addresses)
    return dict(found.as_dict(), role=_etcd.role_of(found.argv), obstacle=_etcd.keeps_port(found), wide=wide)


def datastore(endpoints, tls):
    """{endpoint, cluster_id, pools, nodes, profiles, error} of the store that endpoints lead to.

    pools: objects as Calico has them; nodes: {name: {ip_addr_v4, network_v4, as_num}}; profiles: names.
    """
    found = {'endpoint': None, 'cluster_id': None, 'pools': [], 'nodes': {}, 'profiles': [], 'error': None}
    store = _etcd_keys.Store(endpoints, tls, SECONDS)
    try:
        pools, hosts, profiles = [store.snapshot(directory) for directory in (POOLS, HOSTS, PROFILES)]
        found.update(endpoint=_node.shown('', store.endpoint), cluster_id=pools.cluster_id, pools=list(_objects(pools)), nodes=nodes_in(hosts.entries),
                     profiles=sorted(set(to_native(match.group(1)) for match in map(PROFILE.match, profiles.entries) if match)))
    except CalicoError as error:
        found['error'] = to_native(error)
    finally:
        store.close()
    return found


def _objects(snapshot):
    for key in sorted(snapshot.entries):
        value = snapshot.entries[key].value
        if value is not None:
            try:
                found = from_json(value)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found


def nodes_in(entries):
    """{name: {key: value}} of the keys of BGP hosts. Pure."""
    found = {}
    for key in entries:
        match = HOST.match(key)
        if match and entries[key].value is not None:
            found.setdefault(to_native(match.group(1)), {})[to_native(match.group(2))] = to_native(entries[key].value)
    return found


def first_that_answers(endpoints, members, tls):
    """datastore() of the endpoints that are in use, or of members where these do not answer, as after a reboot that has ended a proxy."""
    found = datastore(endpoints, tls)
    if found['error'] is None or not members:
        return found
    other = datastore(members, tls)
    return found if other['error'] else other


def cluster_id(urls, tls):
    """Id of the etcd that members' URLs for clients lead to, None where none answers."""
    store = _etcd_keys.Store(urls, tls, SECONDS)
    try:
        return store.snapshot(POOLS).cluster_id if urls else None
    except CalicoError:
        return None
    finally:
        store.close()


def networks(directory, files):
    """[{file, name, mtu, log_level, nodename, ipam, ipv4_pools, other}] of the networks of type calico among what cni_files() found; ipam: the plugin that
    gives addresses; other: keys that no file of this collection has."""
    found = []
    for item in files:
        if item['kind'] != 'network' or item['type'] != 'calico':
            continue
        config = _config.parse_config(_files.state_of(os.path.realpath(os.path.join(directory, item['file']))).content()).config
        ipam = config['ipam'] if isinstance(config.get('ipam'), dict) else {}
        other = [key for key in config if key not in WRITTEN] + ['ipam.%s' % key for key in ipam if key not in ('type', 'ipv4_pools')]
        found.append(dict(((key, config.get(key)) for key in KEPT), file=item['file'], name=item['name'], ipv4_pools=item['pools'], ipam=ipam.get('type'),
                          other=sorted(map(to_native, other))))
    return found


def cluster_store():
    """Where Docker looks for its networks: C(cluster-store) of daemon.json; None without one."""
    try:
        return (_docker_daemon.read_config(_docker.DAEMON_CONFIG).setting() or {}).get(_docker_daemon.STORE)
    except CalicoError:
        return None


def plugins(directories):
    """Paths of Calico's plugins that are files themselves, and so not put there by this collection, which makes links."""
    paths = [os.path.join(directory, name) for directory in directories for name in ('calico', 'calico-ipam')]
    return [path for path in paths if os.path.isfile(path) and not os.path.islink(path)]


def bird(ports, running):
    """{pid, container, unit} of a BIRD that is not that of the container calico-node, such as one of a container of another name; None without one.

    :arg running: whether that container runs, which has the port then.
    """
    found = ports.get(str(BGP_PORT)) or {}
    if running or found.get('process') != 'bird' or not found.get('pid'):
        return None
    match = _processes.DOCKER.search(_network.read(_network.PROC, str(found['pid']), 'cgroup') or '')
    return {'pid': found['pid'], 'container': match.group(1)[:12] if match else None, 'unit': found.get('unit')}


def framework(listening, env):
    """Whether something of Calico's framework is here: its installer's notes, its proxy, or its container, which calicoctl has not started. Pure but for the
    notes."""
    task = (listening or {}).get('task') or ''
    started = 'HOSTNAME' in env and 'FELIX_IGNORELOOSERPF' in env and 'CALICO_NETWORKING_BACKEND' not in env
    return os.path.isdir(FRAMEWORK) or _etcd.FRAMEWORK_TASK.match(task) is not None or started


def look(params, facts):
    """All of it; see C(unmanaged) in RETURN of agent_info.

    :arg facts: what agent_info has found.
    """
    tls = _facts_etcd.ProxyTls(params['etcd_ca_file'], params['etcd_cert_file'], params['etcd_key_file'])
    container = facts['calico_node']['container']
    env = container.get('env') or {}
    config = facts['calicoctl_cfg']
    used = [url for url in env.get('ETCD_ENDPOINTS', '').split(',') if url] or config.get('endpoints') or params['etcd_endpoints']
    listed = (facts['cni'] or {}).get('files') or []
    members = [url for url in (facts['etcd_members'] or {}).get('members') or [] if not _facts_etcd.LOOPBACK.match(url)]
    ports = facts['ports'] or {}
    listening = proxy(params['etcd_endpoints'], params['proxy_unit'], ports)
    return {
        'proxy': listening,
        'bird': bird(ports, container.get('running')),
        'endpoints': [_node.shown('', url) for url in used],
        'datastore': first_that_answers(used, members, tls),
        'members_cluster_id': cluster_id(members, tls),
        'networks': networks(params['cni_dir'], listed),
        'plugins': plugins(params['plugin_dirs']),
        'cluster_store': cluster_store(),
        'framework': framework(listening, env),
    }
