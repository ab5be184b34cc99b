# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container of the verification sees from inside, measured all at once; what it means is validated on the controller."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import hashlib
import threading

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.dcos.calico.plugins.module_utils._calico._probe_names import VARIABLE
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _dns, _echo, _netns, _network, _routes

MESOS_AGENT_PORT = 5051
BULK = 65536
# Seconds over those that the measurements themselves are given.
MARGIN = 30


def together(jobs):
    """Answers of callables that are called at once, in their order; an exception's words in a dict where one failed."""
    answers = [None] * len(jobs)

    def work(number):
        try:
            answers[number] = jobs[number]()
        except Exception as error:  # One measurement that breaks must not hide the others.
            answers[number] = {'error': to_native(error) or type(error).__name__}

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.daemon = True
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def offsets(count, most, seed):
    """How far on in a ring of containers those stand that each of them calls, the next one first.

    All of them where that are no more than C(most) (0: no limit). Otherwise both neighbours, and further ones by chance, so that each calls and is called
    equally often, every pair in both directions; another seed gives other pairs. Pure.
    """
    every = list(range(1, count))
    if not most or len(every) <= most:
        return every
    by_chance = sorted(range(2, count // 2 + 1), key=lambda number: hashlib.sha256(to_bytes('%s %d' % (seed, number))).hexdigest())
    chosen = []
    for number in [1] + by_chance:
        if len(chosen) < most:
            chosen += [one for one in (number, count - number)[:1 if number * 2 == count else 2] if one not in chosen]
    return chosen


def peers(own, containers, most, seed):
    """The containers that one of them calls, in the order of offsets(). Pure.

    :arg containers: all of one network, own among them, in the order that every agent has them in.
    """
    position = containers.index(own)
    return [containers[(position + offset) % len(containers)] for offset in offsets(len(containers), most, seed)]


def measure(own, others, params, resolvers):
    """What is seen from inside a container, by a process in its network namespace.

    :arg own: the container. :arg others: the ones that it calls. :arg resolvers: its name servers.
    """
    found = _routes.interface()
    mtu = (found or {}).get('mtu') or 0
    jobs = [lambda other=other: _peer(other, mtu, params) for other in others]
    jobs += [lambda name=name: _name(name, own['address'], resolvers, params['dns_wait']) for name in own['names']]
    jobs += [lambda target=target: _outside(target, params['wait']) for target in params['outside']]
    answers = together(jobs)
    first, second = len(others), len(others) + len(own['names'])
    return {
        'interface': found,
        'peers': [dict(answer, app=other['app'], agent=other['agent'], address=other['address']) for other, answer in zip(others, answers[:first])],
        'names': [dict({'addresses': [], 'server': None}, name=name, **answer) for name, answer in zip(own['names'], answers[first:second])],
        'outside': [dict({'source': None, 'peer': None}, target=target, **answer) for target, answer in zip(params['outside'], answers[second:])],
    }


def _peer(other, mtu, params):
    address, port = other['address'], params['port']
    found = {
        'tcp': _echo.until(params['wait'], lambda left: _echo.tcp(address, port, left)),
        'udp': _echo.until(params['wait'], lambda left: _echo.udp(address, port, min(left, 1))),
        'large': None,
    }
    if params['large'] and mtu and not found['tcp']['error'] and not found['udp']['error']:
        found['large'] = _echo.large(address, port, mtu, BULK, min(params['wait'], 5))
    return found


def _name(name, address, resolvers, seconds):
    """Ask until the name has the address, because names follow some time after a container is there."""
    last = {'addresses': [], 'server': None, 'error': 'there is no name server'}

    def ask(dummy):
        for server in resolvers:
            last.update(server=server, addresses=[])
            try:
                last.update(addresses=_dns.addresses(name, server), error=None)
            except _dns.DnsError as error:
                last['error'] = to_native(error)
                continue
            break
        if last['error'] is None and address not in last['addresses']:
            last['error'] = 'other addresses' if last['addresses'] else 'no such name'
        return last

    return _echo.until(seconds, ask, pause=1)


def _outside(target, seconds):
    host, dummy, port = target.rpartition(':')
    return _echo.until(seconds, lambda left: _echo.reached(host, int(port), left))


def resolvers_of(pid):
    """Name servers of a process, by its own resolv.conf; it may have a root of its own."""
    return _dns.servers(_network.read(_network.PROC, str(pid), 'root', _dns.RESOLVERS.lstrip('/')) or '')


def host_side(address, port):
    """What the host knows of one of its containers: the route to it, rp_filter of that interface, whether it answers the host."""
    route = _routes.lookup(_routes.routes(), address)
    local = route is not None and route['to'] == '%s/32' % address and route['gateway'] is None
    values = _network.rp_filter()
    return {
        'interface': route['interface'] if local else None,
        'route': None if route is None else '%s dev %s' % (route['to'], route['interface']),
        'rp_filter': {'all': values.get('all'), 'interface': values.get(route['interface']) if local else None},
        'answers': _echo.until(3, lambda left: _echo.tcp(address, port, left))['error'],
    }


def way_to(peer):
    """Why a peer may not be reached, as the host sees it: its route there, and whether it reaches that agent itself."""
    route = _routes.lookup(_routes.routes(), peer['address'])
    agent = _echo.reached(peer['agent'], MESOS_AGENT_PORT, _echo.ONE_TRY)['error']
    return {
        'route': None if route is None else '%s %sdev %s' % (route['to'], 'via %s ' % route['gateway'] if route['gateway'] else '', route['interface']),
        'agent_answers': agent in (None, 'refused'),
    }


class Container(object):
    """One container of this host and what is found out about it.

    :arg own: {app, agent, network, address, names}. :arg pids: processes that were started as its. :arg others: the containers that it calls.
    """

    def __init__(self, own, pids, others, params):
        self.own = own
        self.others = others
        self.params = params
        self.pid = _netns.separate(pids)
        self.problem = None
        if not pids:
            self.problem = 'No process of its container is found on this host'
        elif self.pid is None:
            self.problem = "Its processes are in the host's own network namespace"
        self._inside = None

    def start(self):
        """Begin to measure."""
        if self.problem is None:
            resolvers = resolvers_of(self.pid)
            self._inside = _netns.Inside(self.pid, lambda: measure(self.own, self.others, self.params, resolvers))

    def result(self):
        """Everything but what Calico says."""
        found = {'app': self.own['app'], 'network': self.own['network'], 'address': self.own['address'], 'pid': self.pid, 'problem': self.problem,
                 'interface': None, 'peers': [], 'names': [], 'outside': [], 'host': None, 'endpoint': None, 'policy': None}
        if self._inside is None:
            return found
        try:
            found.update(self._inside.result(self._seconds()))
        except CalicoError as error:
            found['problem'] = str(error)
            return found
        found['host'] = host_side(self.own['address'], self.params['port'])
        for one in found['outside']:
            one['seen_as'] = _routes.seen_as(one['source'], one['peer']) if one['source'] and one['peer'] else None
        broken = [peer for peer in found['peers'] if peer.get('error') or peer['tcp']['error'] or peer['udp']['error']]
        for peer, way in zip(broken, together([lambda peer=peer: way_to(peer) for peer in broken])):
            peer['way'] = way
        return found

    def _seconds(self):
        return max(3 * self.params['wait'], self.params['dns_wait']) + MARGIN


def find(containers, params):
    """[Container] of this host, by the environment of its processes; measurements of all are started.

    A container of this host that has no process counts too, if C(agent) says that it is here.
    """
    processes, found = _netns.processes(VARIABLE), []
    for own in containers:
        if own['app'] not in processes and own['agent'] != params['agent']:
            continue
        same = [one for one in containers if one['network'] == own['network']]
        found.append(Container(own, processes.get(own['app'], []), peers(own, same, params['pairs'], params['run']), params))
    for container in found:
        container.start()
    return found
