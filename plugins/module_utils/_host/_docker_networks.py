# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker networks of Calico's libnetwork driver: they belong to all hosts that share a store, and cannot be changed once made.

What the driver refuses (libnetwork-plugin 1.1): other IPAM drivers, gateways, sub-ranges, internal networks, options. A subnet has to be the whole
of an IP pool of Calico's; without one addresses come from all pools. The profile of its containers has the network's name.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import random
import re

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.module_utils._host import _command
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline, agreed
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

DRIVER, IPAM = 'calico', 'calico-ipam'
ABSENT = re.compile(r'No such network|network \S+ not found', re.IGNORECASE)
AMBIGUOUS = re.compile(r'is ambiguous|multiple networks', re.IGNORECASE)
EXISTS = re.compile(r'already exists', re.IGNORECASE)
ANY = (None, '', '0.0.0.0/0', '::/0')
LOOK, CHANGE = 30, 90
RACES = 20  # seconds in which two runs that made one network at the same moment agree on one of them


# ---- what is there

def parse(text):
    """[object] of C(docker network inspect)."""
    try:
        found = from_json(text or '[]')
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise CommandError('docker network inspect did not answer in JSON', why=text[:200])
    return found


def inspect(names):
    """{name: object} of those networks that Docker knows. Two of one name may be those of two runs, which are just taking them away."""
    return _inspected(agreed(lambda: _asked(names), lambda result: AMBIGUOUS.search(result.err)), names) if names else {}


def _asked(names):
    return _command.run(['docker', 'network', 'inspect'] + list(names), LOOK)


def _inspected(result, names):
    if AMBIGUOUS.search(result.err):
        raise CommandError('Docker has more than one network of a name', why=result.said(), remedy='Keep one: docker network ls, docker network rm ID')
    if result.rc != 0 and not ABSENT.search(result.err):
        raise CommandError('docker network inspect failed', why=result.said(), remedy='Start Docker, and see that etcd answers')
    return dict((item['Name'], item) for item in parse(result.out) if item.get('Name') in names)


def of_calico():
    """Names of all networks of Calico's driver."""
    ids = _command.run(['docker', 'network', 'ls', '-q', '--no-trunc'], LOOK, check=True).out.split()
    if not ids:
        return []
    found = parse(_command.run(['docker', 'network', 'inspect'] + ids, LOOK).out)
    return sorted(item['Name'] for item in found if item.get('Driver') == DRIVER)


def pool_of(network):
    """The subnet of a network, None if it takes addresses from all pools. Pure."""
    subnets = [entry.get('Subnet') for entry in (network.get('IPAM') or {}).get('Config') or [] if isinstance(entry, dict)]
    return next((subnet for subnet in subnets if subnet not in ANY), None)


def differences(desired, network):
    """Sentences about what differs in a network that is there. Pure."""
    pairs = [('driver', network.get('Driver'), DRIVER), ('IPAM driver', (network.get('IPAM') or {}).get('Driver'), IPAM),
             ('pool', pool_of(network), desired.pool)]
    return ['%s: is %s, should be %s' % (what, actual or 'none', target or 'none') for what, actual, target in pairs if actual != target]


def attached(network):
    """Names of the containers on a network; one of another host is known by its endpoint only. Pure."""
    return sorted(item.get('Name') or key for key, item in (network.get('Containers') or {}).items())


def summary(desired):
    """A network as the diff shows it. Pure."""
    return {'driver': DRIVER, 'ipam_driver': IPAM, 'pool': desired.pool}


def reconcile(desired, actual):
    """Plan; raises for a network that is there and is another, or that containers are on. Pure.

    :arg actual: {name: object} of docker network inspect.
    """
    plan = Plan()
    for each in desired:
        network = actual.get(each.name)
        if each.present and network is not None:
            differs = differences(each, network)
            if differs:
                raise CalicoError('The Docker network %s is there, and is another' % each.name, why='; '.join(differs), remedy='A network cannot be changed: '
                                  'choose another name, or remove it when nothing is on it (docker network rm %s)' % each.name)
        elif each.present:
            plan.add('network ' + each.name, None, summary(each), how=each)
        elif network is not None:
            if network.get('Driver') != DRIVER:
                raise CalicoError("The Docker network %s is none of Calico's" % each.name, why='its driver is %s' % network.get('Driver'),
                                  remedy='Take it out of the list')
            containers = attached(network)
            if containers:
                raise CalicoError('The Docker network %s cannot be removed' % each.name, why='containers are on it: %s' % ', '.join(containers),
                                  remedy='Stop them first', containers=containers)
            plan.add('network ' + each.name, dict(summary(each), pool=pool_of(network)), None, how=each)
    return plan


# ---- making it so

def apply(plan):
    """Make and remove what the plan says."""
    for change in plan:
        if change.how.present:
            create(change.how)
        else:
            _remove(change.how.name)


def _remove(name):
    """Remove one, which another host that shares the store may have done meanwhile."""
    result = _command.run(['docker', 'network', 'rm', name], CHANGE)
    if result.rc != 0 and not ABSENT.search(result.err):
        raise CommandError('The Docker network %s cannot be removed' % name, why=result.said())


def create(desired, clock=None, sleep=None):
    """Make one. Two runs that do so at the same moment each take theirs away again and look once more, so that one stays."""
    deadline = Deadline(RACES, clock, sleep)
    argv = ['docker', 'network', 'create', '--driver', DRIVER, '--ipam-driver', IPAM] + (['--subnet', desired.pool] if desired.pool else []) + [desired.name]
    while True:
        result = _command.run(argv, CHANGE)
        if result.rc != 0 and not EXISTS.search(result.err):
            raise _refused(desired, result)
        try:
            if desired.name in _inspected(_asked([desired.name]), [desired.name]):
                return
        except CommandError:
            if deadline.passed():
                raise
            if result.rc == 0:
                _remove(result.out.strip())
        if not deadline.pause(0.5 + 2 * random.random()):
            raise CalicoError('The Docker network %s cannot be made' % desired.name, why=result.said(), remedy='See that nobody else makes and removes it')
        if desired.name in inspect([desired.name]):
            return


def _refused(desired, result):
    words, remedy = result.said(), None
    if 'configured Calico IP Pool' in words:
        remedy = 'Give the whole CIDR of a pool that calicoctl get ipPool shows, or leave pool out'
    elif 'datastore for scope' in words:
        remedy = 'Docker has no cluster-store on this host: run module docker_cluster_store first'
    elif 'not found' in words or 'plugin' in words:
        remedy = 'calico/node has to run here with its libnetwork plugin: set calico_docker_network to true, and run dcos.calico.install'
    return CalicoError('Docker cannot make the network %s' % desired.name, why=words, remedy=remedy)
