# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of containers and their addresses, whatever the datastore knows: the kernel is asked, Docker, and the directory of Mesos' CNI isolator."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import re
import socket

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _facts, _runner
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _docker, _facts_dcos, _mesos_agent, _netns, _network, _routes, _stream
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

# Mesos' isolator has a directory for each container, from before its ADD until after its DEL, also while no agent runs (network/cni/paths.hpp). It is the
# second one where DC/OS (from 1.12 on) was installed with mesos_cni_root_dir_persist.
MESOS = ('/var/run/mesos/isolators/network/cni', '/var/lib/mesos/slave/isolators/network/cni')
PLUGINS = ('calico', 'calico-ipam')
DELETED = ' (deleted)'  # what the kernel adds to the name of a program whose file was replaced
LOCAL = re.compile(r'\|-- (\S+)\n\s+/32 host LOCAL')
POLL = 1.0
ARGUMENT_SPEC = dict(
    config=dict(type='path', default=_runner.CONFIG),
    detect_ip=dict(type='path', default='/opt/mesosphere/bin/detect_ip'),
    peers_gone=dict(type='list', elements='str', default=[]),
    timeout=dict(type='int', default=60),
    tasks=dict(type='bool', default=False),
)


def local_addresses(text):
    """IPv4 addresses that are a namespace's own, from the text of /proc/PID/net/fib_trie. Pure."""
    return set(LOCAL.findall(text))


def local_addresses6(text):
    """IPv6 addresses but those of one link, from the text of /proc/PID/net/if_inet6. Pure."""
    found = set()
    for words in map(str.split, text.splitlines()):
        if len(words) == 6 and not words[0].startswith('fe80'):
            found.add(':'.join(words[0][start:start + 4] for start in range(0, 32, 4)))
    return set(to_native(socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address))) for address in found)


def routes6(text):
    """IPv6 addresses but those of one link with a route by the interface of a container, from the text of /proc/net/ipv6_route. Pure."""
    found = []
    for words in map(str.split, text.splitlines()):
        if len(words) == 10 and words[1] == '80' and words[9].startswith('cali') and not words[0].startswith('fe80'):
            address = ':'.join(words[0][start:start + 4] for start in range(0, 32, 4))
            found.append(to_native(socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address))))
    return found


def _processes():
    """({pid: what its network namespace is called}, whether one of them is a CNI plugin of Calico's at work)."""
    found, plugin = {}, False
    for name in os.listdir(_network.PROC):
        if name.isdigit():
            space = _netns.identity(name)
            if space is not None:
                found[name] = space
                plugin = plugin or _program(name) in PLUGINS
    return found, plugin


def _program(pid):
    try:
        name = os.path.basename(os.readlink(os.path.join(_network.PROC, pid, 'exe')))
    except OSError:
        return None
    return name[:-len(DELETED)] if name.endswith(DELETED) else name


def _in_namespaces(processes):
    """Addresses of all network namespaces that have a process."""
    found, done = set(), set()
    for pid, space in processes.items():
        if space not in done:
            trie = _network.read(_network.PROC, pid, 'net/fib_trie', most=_stream.TABLE)
            if trie is not None:  # a process that has ended meanwhile says nothing, and another one may be there
                done.add(space)
                found |= local_addresses(trie) | local_addresses6(_network.read(_network.PROC, pid, 'net/if_inet6', most=_stream.TABLE) or '')
    return found


def _listed(directory):
    """Names in a directory; none where it is not there. Raises CalicoError where they cannot be told, which is not the same."""
    try:
        return os.listdir(directory)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return []
        raise CalicoError('The containers of Mesos cannot be read from %s' % directory, why=error.strerror)


def _interfaces():
    """Names of all interfaces; raises CalicoError where they cannot be told, which is not the same as having none."""
    try:
        return sorted(os.listdir(_network.SYS_NET))
    except OSError as error:
        raise CalicoError('The interfaces of the host cannot be read from %s' % _network.SYS_NET, why=error.strerror)


def _in_docker():
    """(ids of the containers that run, in words why that is not known)."""
    if _docker.present() is None:
        return [], None
    daemon = _facts.docker_units()
    if daemon['asleep']:
        return [], daemon['error']
    try:
        result = _command.run(['docker', 'ps', '-q', '--no-trunc'], _docker.LOOK)
    except CommandError as error:
        return [], '%s' % error
    return (result.out.split(), None) if result.rc == 0 else ([], result.said())


def _sessions():
    """(addresses of the peers that BIRD has, of those the ones with a session, in words why that is not known)."""
    try:
        peers = _bgp.ask()
    except CalicoError as error:
        return [], [], error.why or error.what
    return sorted(set(peer['address'] for peer in peers)), sorted(set(peer['address'] for peer in peers if peer['established'])), None


def look(detect_ip):
    """What the host has now; see RETURN of module workload_info."""
    containers, docker_error = _in_docker()
    mesos = sorted(set(name for directory in MESOS for name in _listed(directory)))
    processes, plugin = _processes()
    routes = _routes.required()
    peers, sessions, bird = _sessions()
    return {
        'names': [name for name in (_facts_dcos.detect_ip(detect_ip).get('ip'), os.uname()[1]) if name],
        'interfaces': [name for name in _interfaces() if name.startswith('cali')],
        'addresses': sorted(_in_namespaces(processes)),
        'container_routes': sorted(_routes.containers(routes) + routes6(_network.read('/proc/net/ipv6_route', most=_stream.TABLE) or '')),
        'other_routes': _routes.elsewhere(routes),
        'docker': containers,
        'docker_error': docker_error,
        'mesos': mesos,
        'plugin_at_work': plugin,
        'peers': peers,
        'sessions': sessions,
        'bird_error': bird,
    }


def tasks(detect_ip):
    """{live: ids, ended: {id: state}, error} of the tasks of this host's Mesos agent, by itself; in DC/OS Enterprise it answers nobody without a token."""
    if _mesos_agent.unit_name() is None:
        return {'live': [], 'ended': {}, 'error': None}
    address = _facts_dcos.detect_ip(detect_ip)
    if not address['ip']:
        return {'live': [], 'ended': {}, 'error': address['error']}
    view = _mesos_agent.look(address['ip'], _mesos_agent.PORT)
    return {'live': view.live, 'ended': view.ended, 'error': 'its API requires authentication' if view.closed else view.trouble}


def await_end(found, peers, deadline):
    """Look again until BIRD has none of these peers; raises CalicoError if it has, or if a BIRD that runs does not say."""
    def left():
        return sorted(set(found['peers']) & set(peers))

    def silent():
        return found['bird_error'] and os.path.exists(_bgp.SOCKET)

    while (left() or silent()) and deadline.pause(POLL):
        found['peers'], found['sessions'], found['bird_error'] = _sessions()
    if left():
        raise CalicoError('BIRD of this host still has the peers %s after %d seconds' % (', '.join(left()), deadline.seconds),
                          remedy='See on this host that Felix and confd of calico/node run: they take peers out of its configuration. Then run again')
    if silent():
        raise CalicoError('BIRD of this host does not say which peers it has', why=found['bird_error'], remedy='See the log of calico/node, and run again')


def job(module):
    """Look, once those peers are gone that are to be; see RETURN."""
    params = module.params
    found = look(params['detect_ip'])
    if params['peers_gone']:
        await_end(found, params['peers_gone'], Deadline(params['timeout']))
    more = {'tasks': tasks(params['detect_ip'])} if params['tasks'] else {}
    return dict(found, changed=False, configured=os.path.exists(params['config']), **more)
