"""The kernel and the network managers of a host."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://agents"]
SETTINGS = {"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "1"}
AGENT_UNITS = ("dcos-mesos-slave.service", "dcos-mesos-slave-public.service")
LOOSE = "echo 2 > /proc/sys/net/ipv4/conf/all/rp_filter"


def live(host: Any, setting: str) -> str:
    return host.file("/proc/sys/" + setting.replace(".", "/")).content_string.strip()


def lines(host: Any, path: str) -> list[str]:
    """The lines of a file of root's, comments left out."""
    file = host.file(path)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    return [line for line in file.content_string.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_kernel_is_set(host: Any, setting: str) -> None:
    assert live(host, setting) == SETTINGS[setting]


def test_the_kernel_will_be_set_at_boot(host: Any) -> None:
    """Those of interfaces that come and go are Felix' to set."""
    assert dict(line.split(" = ") for line in lines(host, "/etc/sysctl.d/60-calico.conf")) == SETTINGS


def test_modules_will_be_loaded_at_boot(host: Any) -> None:
    assert lines(host, "/etc/modules-load.d/calico.conf") == ["ip_set", "xt_set", "ip6_tables", "nf_conntrack"]


def test_network_managers_leave_its_interfaces_alone(host: Any) -> None:
    assert lines(host, "/etc/NetworkManager/conf.d/calico.conf") == [
        "[keyfile]",
        "unmanaged-devices=interface-name:cali*;interface-name:tunl0",
    ]
    assert lines(host, "/etc/systemd/network/10-calico.network") == [
        "[Match]",
        "Name=cali* tunl0",
        "[Link]",
        "Unmanaged=yes",
    ]


def test_a_start_of_the_agent_leaves_rp_filter_strict(host: Any) -> None:
    """The unit of DC/OS makes it loose each time it starts."""
    unit = next(name for name in AGENT_UNITS if host.run("systemctl is-active %s", name).rc == 0)
    with host.sudo():
        host.check_output("sh -c %s", LOOSE)
        host.check_output("systemctl restart %s", unit)
    assert live(host, "net.ipv4.conf.all.rp_filter") == "1"
