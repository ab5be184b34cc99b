"""A host that has nothing, and one with containers."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket
import struct

from ansible_collections.dcos.calico.plugins.module_utils._jobs import _workload_info

from ...support.agent_host import furnish
from ...support.scenario import Scenario


def arguments(host, **more):
    return dict({"config": str(host.root.join("calicoctl.cfg")), "detect_ip": str(host.root.join("detect_ip"))}, **more)


def kernel(host):
    """What every kernel says, of a host without containers."""
    host.root.join("proc", "self", "net", "route").write("Iface\tDestination\tGateway\n", ensure=True)
    host.root.ensure("sys_net", "lo", dir=True)


def _word(address):
    return "%08X" % struct.unpack("=I", socket.inet_aton(address))


def containers(host):
    """One of Mesos, one of Docker, and a plugin at work; an address that another host has of this one's block."""
    root = host.root
    rows = [("cali4a5e9f0c-me", "192.168.12.5", "0.0.0.0", "0005"), ("eth0", "192.168.12.9", "10.0.2.11", "0007")]
    lines = ["\t".join([name, _word(to), _word(via), flags, "0", "0", "0", "FFFFFFFF", "0", "0", "0"]) for name, to, via, flags in rows]
    root.join("proc", "self", "net", "route").write("Iface\tDestination\tGateway\n%s\n" % "\n".join(lines), ensure=True)
    process = root.ensure("proc", "77", "ns", dir=True).dirpath()
    os.symlink("net:[4026531992]", str(process.join("ns", "net")))
    os.symlink("/opt/calico/bin/calico", str(process.join("exe")))
    process.join("net", "fib_trie").write("Local:\n     |-- 192.168.72.192\n        /32 host LOCAL\n", ensure=True)
    root.ensure("sys_net", "cali4a5e9f0c-me", dir=True)
    root.ensure("mesos", "4a5e9f0c-mesos-uuid", dir=True)
    host.tool("docker", "#!/bin/sh\necho 948f4584ca37\n")


def _scenario(use):
    host = use("agent_host")
    if not host.root.join("sys_net").check():
        kernel(host)
    use("monkeypatch").setattr(_workload_info, "MESOS", (str(host.root.join("mesos")), str(host.root.join("persisted"))))
    return Scenario(arguments(host), host.root, noise=["systemd/calls", "docker-calls"])


def nothing(use):
    return _scenario(use)


def everything(use):
    furnish(use("agent_host"))
    containers(use("agent_host"))
    return _scenario(use)


SCENARIOS = {"nothing": nothing, "everything": everything}
