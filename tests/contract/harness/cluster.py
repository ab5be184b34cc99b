"""An etcd cluster of three on one rig."""

from __future__ import annotations

from .etcd_server import EtcdServer
from .rig import Rig

_PORTS = (3370, 3371, 3372)
# Elections on one machine need not take a second.
_ELECTION = ("--heartbeat-interval=50", "--election-timeout=250")


class Cluster:
    """Members on the ports of the records, numbered from 0."""

    def __init__(self, rig: Rig) -> None:
        ports = [int(rig.substitution.text(str(port))) for port in _PORTS]
        members = ",".join(f"m{port}=http://127.0.0.1:{port + 10000}" for port in ports)
        self._members = [
            EtcdServer(
                rig.host,
                rig.etcd_binary,
                rig.directory / f"member-{port}",
                port,
                options=[f"--initial-cluster={members}", *_ELECTION],
            )
            for port in ports
        ]
        for member in self._members:
            rig.at_close(member.destroy)
            member.start(wait=False)
        for member in self._members:
            member.wait()

    def stop(self, number: int) -> None:
        """Kill a member."""
        self._members[number].stop()
