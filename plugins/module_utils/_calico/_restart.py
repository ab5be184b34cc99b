# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart of calico/node during which packets go on, by what BIRD 1.6 does in BGP's graceful restart.

A BIRD that ends without a word leaves the kernel's routes, and each peer keeps its routes as old ones: until it is back and has sent all of them, and for
120 seconds if it does not come back. It sends them, and touches the kernel's, when it has had all of each peer, for which it waits 240 seconds. Three
things drop routes before that:

- Another restart, of it or of a peer, whose routes are still old ones or not sent yet. So C(await_turn()) lets nobody restart before.
- Two BIRDs that connect to each other at once: whoever has a session already takes the second connection for another restart. Later releases of Calico
  made the mesh one-way for that (projectcalico/node#79); here the BIRD that is restarted connects, and for that while its peers cannot.
- A peer that is gone keeps the restarted BIRD waiting for the whole 240 seconds. A session that was not there before holds no routes, and is begun
  anew, for which BIRD does not wait.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _node
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _closed_port
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

PORT = 179
# Seconds in which sessions have to be back: from the restart on, and once BIRD answers, which connects after five. Peers drop routes at 120.
BACK, ANSWERED = 60, 20
PAUSE = 1
SILENT = 5  # questions without an answer, by which a BIRD is not just busy
BEGINNING = ('Idle', 'Active', 'Connect')


def await_turn(seconds=_node.RESTART_WAIT, clock=None, sleep=None):
    """Wait until neither this BIRD nor a peer is amid a restart, and return the addresses of the sessions that are up. Raises CalicoError, whose details
    have C(waits_for), at the end of the time.

    A BIRD that does not answer, or has no session, has nothing to lose.
    """
    deadline, silent = Deadline(seconds, clock, sleep), 0
    while True:
        try:
            text, recovering = _bgp.details(), _bgp.recovery()
        except CalicoError:
            silent += 1
            if silent == SILENT:
                return []
            deadline.pause(PAUSE)
            continue
        up = established(_bgp.parse_protocols(text))
        restarting = _bgp.parse_restarting(text)
        if not up or not (recovering or restarting):
            return up
        if not deadline.pause(PAUSE):
            raise too_early(recovering, restarting)


def too_early(recovering, restarting):
    """The error about those for whom await_turn() waited."""
    said = ['BIRD here still recovers from its last restart (%s)' % recovering] if recovering else []
    if restarting:
        said.append('the BIRD of %s has not sent all of its routes since it was restarted or stopped' % ', '.join(restarting))
    said = ', and '.join(said)
    return CalicoError('calico/node is not restarted, because %s' % said, waits_for=said,
                       why='a second restart within that time takes routes away, and packets of containers are lost',
                       remedy='BIRD is done after 240 seconds at most. If this comes again, calico/node is restarted again and again on one of these hosts: '
                              'see "docker logs calico-node" there, and repair that host first, or stop it there ("systemctl stop calico-node")')


def established(peers):
    """Addresses of the sessions that are up."""
    return [item['address'] for item in peers if item['established']]


class Restart(object):
    """One restart, from before the container ends until the end of the with block. Until all sessions are back no peer can connect.

    :arg up: what await_turn() returned; without any nothing is done.
    :arg warn: callable(text).
    """

    def __init__(self, up, warn, clock=None, sleep=None):
        self._up = set(up)
        self._warn = warn
        self._start = lambda seconds: Deadline(seconds, clock, sleep)
        self._ends = []
        self._closed = False

    def __enter__(self):
        self._ends = [self._start(BACK)]
        if self._up:
            try:
                _closed_port.close_to_new(PORT)
                self._closed = True
            except CalicoError as error:
                self._warn('BIRDs of this host and of a peer may connect to each other at once, which loses packets for some seconds: %s' % error)
        return self

    def __exit__(self, *unused):
        self._open()

    def _open(self):
        if self._closed:
            _closed_port.open_to_new(PORT)
            self._closed = False

    def missing(self, peers):
        """Addresses with which there was a session, and is none yet. When there is none, or they have had their time, peers can connect again."""
        if peers and len(self._ends) == 1:
            self._ends.append(self._start(ANSWERED))
        late = any(end.passed() for end in self._ends)
        left = [] if late else sorted(self._up.difference(established(peers)))
        if not left:
            self._open()
        return left

    def finish(self, deadline):
        """Have BIRD end its recovery, and not wait for sessions that were not there before, once all others are back."""
        begun = set()
        while _bgp.recovery():
            peers = _bgp.ask()
            if self._up.difference(established(peers)):
                return  # of one that has gone meanwhile there are routes still
            for item in peers:
                if item['info'].split(' ')[0] in BEGINNING and item['address'] not in begun:
                    begun.add(item['address'])
                    _bgp.begin_anew(item)
            if not deadline.pause(PAUSE):
                return
