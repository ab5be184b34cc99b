"""What an upgrade of DC/OS does to an agent's files: pkgpanda's `activate`, which builds new directories and renames the old ones away."""

from __future__ import annotations

from support.lab import AGENT_PROGRAM, Host, eventually

# Names below etc are links into packages, but for those that something made there by hand or while it ran; the package of the plugins is another one.
SWAP = """
cd /opt/mesosphere
names='bin etc lib active'
plugins=$(readlink active/cni)
rm -rf -- *.old "$plugins"-next
cp -a "$plugins" "$plugins"-next
rm -f "$plugins"-next/calico "$plugins"-next/calico-ipam
for name in $names; do cp -a $name $name.new; done
find etc.new/dcos/network/cni -type f ! -name dcos.cni -delete
ln -sfn "$plugins"-next active.new/cni
for name in $names; do mv $name $name.old; done
sleep "$1"
for name in $names; do mv $name.new $name; done
"""


def swap(host: Host, between: float = 0) -> None:
    """Swap what an upgrade swaps, the Mesos agent running.

    :param between: seconds during which neither the old nor the new directories are there.
    """
    host.run("sh", "-ec", SWAP, "swap", str(between))


def upgrade(host: Host) -> None:
    """The same with DC/OS' units stopped meanwhile, as pkgpanda has them; done when the Mesos agent takes containers again."""
    unit = "dcos-mesos-slave-public" if host.role == "slave_public" else "dcos-mesos-slave"
    host.run("systemctl", "stop", unit)
    swap(host)
    host.run("systemctl", "start", unit)
    eventually("the Mesos agent answers", lambda: host.run(AGENT_PROGRAM, "list", check=False).returncode == 0)
