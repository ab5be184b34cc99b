"""A host on which somebody has typed the commands of the guide for the advanced installation of Calico on DC/OS, up to any of its steps."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from dcoslab.process import scaled

from support.lab import Host

MIRROR = "https://mirror.lab"
NETWORK = """\
{
  "name": "calico",
  "type": "calico",
  "etcd_endpoints": "http://localhost:2379",
  "ipam": {
      "type": "calico-ipam"
  }
}
"""
# As they stand there, but for the host of the addresses, which is the lab's mirror, and the version of its etcd. Steps 1 and 2 are etcd itself and a login.
STEPS = {
    3: [
        f"wget -q {MIRROR}/etcd/{{etcd}}/etcd-{{etcd}}-linux-amd64.tar.gz",
        "tar -xzf etcd-{etcd}-linux-amd64.tar.gz",
        "./etcd-{etcd}-linux-amd64/etcd --proxy=on --discovery-srv=etcd.mesos &",
        "sleep 3",
    ],
    4: [
        "sudo sysctl -w net.ipv4.conf.all.rp_filter=1",
        f"wget -q {MIRROR}/calicoctl/v1.6.3/calicoctl",
    ],
    5: ["chmod +x calicoctl"],
    6: ["sudo ./calicoctl node run --node-image=calico/node:v2.6.6"],
    7: ["./calicoctl get nodes"],
    8: [
        f"wget -q {MIRROR}/cni-plugin/v1.11.2/calico",
        f"wget -q {MIRROR}/cni-plugin/v1.11.2/calico-ipam",
    ],
    9: ["chmod +x calico calico-ipam"],
    10: [
        "sudo mv calico /opt/mesosphere/active/cni/",
        "sudo mv calico-ipam /opt/mesosphere/active/cni/",
    ],
    11: [f"cat > calico.cni <<'EOF'\n{NETWORK}EOF"],
    12: ["sudo mv calico.cni /opt/mesosphere/etc/dcos/network/cni/"],
}
LAST = max(STEPS)
# Of DC/OS, whose addresses calico/node takes for its own if nobody gives it one.
BRIDGES = ("spartan", "d-dcos", "m-dcos")


def load_image(host: Host) -> None:
    """What Docker's registry does at step 6: the lab has none, but the image as an archive."""
    script = f"curl -fsS -o /tmp/node.tar {MIRROR}/images/calico-node-v2.6.6.tar && docker load -i /tmp/node.tar && rm /tmp/node.tar"
    host.run("sh", "-c", script, timeout=200)


def type_in(host: Host, *commands: str, seconds: float = 60) -> str:
    """What a terminal shows after commands were typed in a login over ssh, which ends, and leaves what runs in the background."""
    plan = next(plan for plan in host.lab.settings.hosts if plan.name == host.name)
    keys = host.lab.settings.state / "ssh"
    user = "core" if host.flavour == "coreos" else "root"
    argv = [
        "ssh",
        "-tt",
        "-i",
        str(keys / "id"),
        "-o",
        f"UserKnownHostsFile={keys / 'known_hosts'}",
        "-o",
        "LogLevel=ERROR",
    ]
    done = subprocess.run(
        [*argv, f"{user}@{plan.address}", "bash -ic " + shlex.quote("\n".join(commands))],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=scaled(seconds),
    )
    return done.stdout


def follow(host: Host, first: int = 3, last: int = LAST) -> str:
    """Type the steps of the guide on one host, in its order."""
    [etcd] = (path.name for path in (host.lab.settings.state / "mirror" / "etcd").iterdir())
    commands = [command for step in sorted(STEPS) if first <= step <= last for command in STEPS[step]]
    return type_in(host, *(command.replace("{etcd}", etcd) for command in commands))


@contextmanager
def without_bridges(host: Host) -> Iterator[None]:
    """A host without the networks of DC/OS for a while."""
    for bridge in BRIDGES:
        host.run("ip", "link", "del", bridge, check=False)
    try:
        yield
    finally:
        host.run("systemctl", "restart", "lab-bridges")


def proxy_of(host: Host) -> int | None:
    """The process that listens on the port of etcd's proxy."""
    found = re.search(r"127\.0\.0\.1:2379 .*pid=(\d+)", host.out("ss", "-ltnp"))
    return int(found[1]) if found else None
