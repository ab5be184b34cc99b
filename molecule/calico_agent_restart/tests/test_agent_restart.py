"""The Mesos agent: that it runs with the settings that its files have now, and what its start does to the kernel."""

from __future__ import annotations

from typing import Any

testinfra_hosts = ["ansible://agents"]
UNIT = "dcos-mesos-slave.service"


def test_it_runs_with_the_plugin_path_of_its_file(host: Any) -> None:
    assert host.check_output("systemctl is-active %s", UNIT) == "active"
    pid = host.check_output("systemctl show --property=MainPID %s", UNIT).partition("=")[2]
    with host.sudo():
        running = dict(
            item.partition("=")[::2] for item in host.file(f"/proc/{pid}/environ").content_string.split("\0") if item
        )
        written = host.file("/var/lib/dcos/mesos-slave-common").content_string.strip().partition("=")
    assert running[written[0]] == written[2]


def test_its_start_left_rp_filter_strict(host: Any) -> None:
    assert host.sysctl("net.ipv4.conf.all.rp_filter") == 1
