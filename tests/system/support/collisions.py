"""Pairs of hosts whose BIRDs connected to each other at once. BIRD 1.6 takes the later of two connections of a peer that is just back for another restart,
and drops its routes until they are sent again; Calico 3.3 made its mesh one-way for that reason (projectcalico/node#79). The product's own restarts prevent it
(module_utils/_calico/_restart.py); those by systemd, Docker or a power cut cannot. The busier the hosts are, the more often."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from support.lab import Lab, eventually

LOG = "/var/log/calico/bird/current"
AGAIN = re.compile(r"Mesh_([0-9_]+): Neighbor graceful restart detected - already pending")
# Until BIRD's next try, and until all routes are there.
SECONDS = 20

Pair = frozenset[str]


def size(lab: Lab) -> dict[str, int]:
    """Bytes of each agent's log of BIRD."""
    return {agent.name: int(agent.out("stat", "-c", "%s", LOG)) for agent in lab.agents}


@contextmanager
def collisions(lab: Lab) -> Iterator[set[Pair]]:
    """The pairs that have met by the end of the with block, as their BIRDs say, who tell all meanwhile."""
    lab.calicoctl("config", "set", "loglevel", "debug")
    before, names, found = size(lab), {agent.address: agent.name for agent in lab.agents}, set()
    eventually(
        "every BIRD tells all", lambda: all(size(lab)[name] > count for name, count in before.items()), seconds=30
    )
    try:
        yield found
    finally:
        for agent in lab.agents:
            text = agent.run("tail", "-c", f"+{before[agent.name] + 1}", LOG).stdout
            found |= {frozenset({agent.name, names.get(peer.replace("_", "."), peer)}) for peer in AGAIN.findall(text)}
        lab.calicoctl("config", "set", "loglevel", "info")
