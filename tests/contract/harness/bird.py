"""A real BIRD on a rig, and a neighbour for it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .config import patience
from .packages import BIRD, find
from .rig import Rig

_HERE, _NEIGHBOUR = "10.98.0.11", "10.98.0.12"
_NOBODY = "02:00:00:00:00:99"
_AS = 64512
_HEAD = """router id {address};
protocol kernel {{ scan time 60; }}
protocol device {{ scan time 2; }}
protocol direct {{ interface "eth0"; }}
"""
_SESSION = """protocol bgp {name} {{
  local {address} as {asn};
  neighbor {neighbour} as {asn};
  connect delay time {delay}; connect retry time 2; error wait time 1, 2;
}}
"""
# The neighbour is the one that connects, at once; BIRD itself stays Active meanwhile.
_PATIENT, _EAGER = 200, 1
_START_DEADLINE = 10


class Bird:
    """BIRD with sessions by protocol name; the neighbour runs in a network namespace of its own."""

    def __init__(self, rig: Rig, peers: Mapping[str, str], neighbour_up: bool, socket: str) -> None:
        self._rig = rig
        self._program = find(BIRD)
        here, there = rig.substitution.text(_HERE), rig.substitution.text(_NEIGHBOUR)
        if rig.host.run(["ip", "netns", "exec", "neighbour", "true"]).exit_code != 0:
            rig.host.check("ip", "netns", "add", "neighbour")
            rig.host.check("ip", "link", "set", "uplink0", "netns", "neighbour")
            rig.host.check("ip", "addr", "add", f"{here}/24", "dev", "eth0")
            in_neighbour = ("ip", "-n", "neighbour")
            rig.host.check(*in_neighbour, "addr", "add", f"{there}/24", "dev", "uplink0")
            rig.host.check(*in_neighbour, "link", "set", "uplink0", "up")
        for peer in peers.values():
            self._silence(rig.substitution.text(peer), silent=not (neighbour_up and peer == _NEIGHBOUR))
        sessions = {rig.substitution.text(name): rig.substitution.text(peer) for name, peer in peers.items()}
        self._own = self._start(here, sessions, socket, _PATIENT)
        self._neighbour: subprocess.Popen[str] | None = None
        if neighbour_up:
            self._neighbour = self._start(
                there, {"up": here}, "/run/neighbour.ctl", _EAGER, ["ip", "netns", "exec", "neighbour"]
            )
        rig.at_close(self.stop)

    def _silence(self, peer: str, silent: bool) -> None:
        """Let what is sent to a peer go nowhere, rather than be refused."""
        self._rig.host.run(["ip", "neigh", "del", peer, "dev", "eth0"])
        if silent:
            self._rig.host.check("ip", "neigh", "add", peer, "lladdr", _NOBODY, "dev", "eth0", "nud", "permanent")

    def _start(
        self, address: str, sessions: Mapping[str, str], socket: str, delay: int, prefix: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        config = _HEAD.format(address=address) + "".join(
            _SESSION.format(name=name, address=address, neighbour=peer, asn=_AS, delay=delay)
            for name, peer in sessions.items()
        )
        path = self._rig.scratch / f"{Path(socket).stem}-{address}.conf"
        path.write_text(config, encoding="utf-8")
        argv = [*prefix, str(self._program), "-f", "-c", str(path), "-s", socket]
        self._rig.host.run(["rm", "-f", socket])
        process = self._rig.host.start(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + patience(_START_DEADLINE)
        while self._rig.host.run(["test", "-S", socket]).exit_code != 0:
            assert process.poll() is None and time.monotonic() < deadline, "BIRD does not start"
            time.sleep(0.05)
        return process

    def stop_neighbour(self) -> None:
        """The neighbour says goodbye."""
        if self._neighbour is not None:
            _terminate(self._neighbour)
            self._neighbour = None

    def stop(self) -> None:
        """Stop both."""
        self.stop_neighbour()
        _terminate(self._own)


def _terminate(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=patience(_START_DEADLINE))
