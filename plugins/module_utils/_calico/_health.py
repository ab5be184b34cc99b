# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until a calico/node is healthy: Felix is stable, every BGP session that should be there is Established, and BIRD has done recovering.

A BIRD that was restarted keeps the kernel's routes and holds back its own until each peer has sent all of its. A peer that restarts before that
meets two that know nothing, and routes go; so a roll waits for it, as readiness of later Calico releases does (calico-on-dcos.md, failure 30).
Neither the exit code of calicoctl nor Docker's word says so, and one look at a Felix that is restarted every second proves nothing.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _felix, _node
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _docker
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

PAUSE = 0.5
NODES_EVERY = 4  # looks between two questions to the datastore
CAUSE_EVERY = 6  # looks between two readings of the log
GRACE = 15  # seconds in which a node that was started at the same time may still come


class Desired(object):
    """What healthy means: name of the node, its address (with prefix, None: any), felix_port (None: go by Felix' process alone), timeout,
    stable_seconds, peers (C(auto) or a number), tolerated (addresses that may be down), report_down (go on without peers on whose host no BIRD
    listens), bgp (False without BIRD)."""
    __slots__ = ('name', 'address', 'felix_port', 'timeout', 'stable_seconds', 'peers', 'tolerated', 'report_down', 'bgp')

    def __init__(self, params):
        health = params['health']
        self.name = params['name']
        self.address = params.get('ip')
        self.felix_port = health['felix_port'] or None
        self.timeout = health['timeout']
        self.stable_seconds = health['stable_seconds']
        self.peers = health['peers']
        self.tolerated = health['tolerated_peers']
        self.report_down = health['down_peers'] == 'report'
        self.bgp = params['backend'] == 'bird'


class Look(object):
    """One look: felix, bgp and recovery (each None if fine, else what is wrong), peers as _bgp.peer(), absent addresses, and the addresses of
    those that are down and to be reported only."""
    __slots__ = ('felix', 'peers', 'bgp', 'absent', 'down', 'recovery')

    def __init__(self, felix, peers, bgp=None, absent=(), down=(), recovery=None):
        self.felix = felix
        self.peers = peers
        self.bgp = bgp
        self.absent = list(absent)
        self.down = list(down)
        self.recovery = recovery

    @property
    def wrong(self):
        """All that is, a sentence each."""
        return [part for part in (self.felix, self.bgp, self.recovery) if part]

    @property
    def healthy(self):
        return not self.wrong


def expected_peers(desired, nodes, peers, calicoctl):
    """Addresses that should be Established: the mesh, and what is configured beside it; without a mesh only what is configured.

    Whether there is a mesh is only asked when BIRD has no session of one although there are other nodes.
    """
    configured = [item['address'] for item in peers if item['type'] != _bgp.TYPES['Mesh']]
    mesh = _bgp.mesh_peers(nodes, desired.name)
    if mesh and len(configured) == len(peers) and calicoctl.config_get('nodeToNodeMesh')[0] == 'off':
        return _bgp.configured_peers(calicoctl.get('bgpPeer'), desired.name)
    return sorted(set(mesh + configured))


def running_container(replaced=None):
    """Object of C(docker inspect) of a calico/node that runs; None without one, also where Docker does not answer for a moment.

    :arg replaced: id of a container that is on its way out, and does not count.
    """
    try:
        found = next((item for item in _docker.inspect(_node.CONTAINER) if 'State' in item), None)
    except CommandError:
        return None
    return found if found and found['State'].get('Running') and found.get('Id') != replaced else None


def look(desired, nodes, calicoctl, container):
    """Look once. nodes: {name: address with prefix or None} of the datastore; container: see _felix.trouble()."""
    felix = _felix.trouble(container, desired.felix_port, desired.stable_seconds)
    if not desired.bgp:
        return Look(felix, [])
    try:
        peers = _bgp.ask()
        recovering = recovery_trouble(peers)
    except CalicoError as error:
        return Look(felix, [], bgp=error.what + (': %s' % error.why if error.why else ''))
    if desired.peers != 'auto':
        count = len([item for item in peers if item['established']])
        few = '%d of %s BGP sessions are Established' % (count, desired.peers) if count < int(desired.peers) else None
        return Look(felix, peers, few, recovery=recovering)
    known = nodes.get(desired.name)
    if not known or desired.address not in (None, known):
        expected = ', where it is to be %s' % desired.address if known else ' yet'
        return Look(felix, peers, 'the datastore has %s of the node %s%s' % ('the address ' + known if known else 'no address', desired.name, expected))
    missing = _bgp.missing(expected_peers(desired, nodes, peers, calicoctl), peers, desired.tolerated)
    down = [address for address in missing if desired.report_down and _bgp.down(address, peers)]
    absent = [address for address in missing if address not in down]
    said = 'no BGP session is Established with %s' % ', '.join(name_peer(each, nodes, peers) for each in absent) if absent else None
    return Look(felix, peers, said, absent, down, recovering)


def recovery_trouble(peers):
    """None, or a sentence while BIRD recovers from its restart. With a session that is not there it does so for BIRD's full 240 seconds, which
    nobody is to wait for: whoever may be missing has been validated already."""
    if not all(item['established'] for item in peers):
        return None
    waiting = _bgp.recovery()
    return 'BIRD still recovers from its restart: %s' % waiting if waiting else None


def name_peer(address, nodes, peers):
    """An address with what is known about it."""
    name = next((node for node, ip in sorted(nodes.items()) if ip and ip.split('/')[0] == address), None)
    said = _bgp.describe(address, peers)
    return 'node %s %s' % (name, said) if name and name != address else said


def wait(desired, nodes, calicoctl, logs, container=None, replaced=None, fresh=False, restart=None, clock=None, sleep=None):
    """Wait until healthy and return the last Look; raise CalicoError with the cause at the deadline, or earlier where waiting is in vain.

    :arg nodes: of the datastore as known so far.
    :arg logs: callable() -> text, the last lines of calico/node's log.
    :arg container: object of C(docker inspect) that is known to run; Docker is asked again for every look but the first.
    :arg replaced: see running_container().
    :arg fresh: the node was just started, so what is known is out of date.
    :arg restart: the _restart.Restart that is under way, whose sessions are waited for too.
    """
    deadline, count, confirmed = Deadline(desired.timeout, clock, sleep), 0, not fresh
    while True:
        if (fresh and count == 0) or (count and count % NODES_EVERY == 0):
            nodes = _node.addresses(calicoctl.nodes())
        container = running_container(replaced) if container is None or count else container
        seen = look(desired, nodes, calicoctl, container)
        missing = restart.missing(seen.peers if container else []) if restart else []
        if seen.healthy and not confirmed:
            # A node has stored its address when Felix runs, and not before.
            nodes, confirmed = _node.addresses(calicoctl.nodes()), True
            continue
        if seen.healthy and not missing and not (seen.down and fresh and desired.timeout - deadline.left() < min(GRACE, desired.timeout / 2)):
            if restart:
                restart.finish(deadline)
            return seen
        count += 1
        if count % CAUSE_EVERY == 0 and seen.felix is not None:
            why, remedy = _felix.cause(logs(), _felix.rp_filter_loose())
            if why:
                raise unhealthy(desired, seen, why, remedy, '')
        if not deadline.pause(PAUSE):
            if seen.healthy:
                return seen
            why, remedy = _felix.cause(logs(), _felix.rp_filter_loose()) if seen.felix is not None else (None, None)
            raise unhealthy(desired, seen, why, remedy, logs())


def unhealthy(desired, seen, why, remedy, text):
    """The error: what is wrong, the cause if it is known, the last words, and what to do."""
    words = _felix.last_words(text) if seen.felix is not None and why is None else []
    if words:
        why = 'it last said: %s' % ' | '.join(words)
    if remedy is None and seen.absent:
        remedy = ('Open TCP port 179 between these hosts and see that calico/node runs there; one that is gone for good is removed with "calicoctl delete '
                  'node", and one that may be down is named in health.tolerated_peers')
    if remedy is None and seen.recovery and seen.felix is None:
        remedy = ('It waits until each peer has sent all of its routes. Run "calicoctl node status" on the other hosts: where SINCE is a moment ago, the '
                  'session comes and goes; see why calico/node restarts there. BIRD ends its waiting by itself after 240 seconds; then run this again')
    return CalicoError('calico/node %s does not become healthy (%g seconds are allowed), %s' % (desired.name, desired.timeout, '; '.join(seen.wrong)), why=why,
                       remedy=remedy or 'See "docker logs calico-node" and "journalctl -u calico-node" on the host',
                       missing_peers=seen.absent, peers=seen.peers)
