"""Mesos-DNS of a master: its file, where DC/OS has it, and what its process does with it."""

from __future__ import annotations

import json
from typing import Any

testinfra_hosts = ["ansible://masters"]
FILE = "/opt/mesosphere/etc/mesos-dns.json"
DESIRED = ["netinfo", "host"]


def asked(host: Any, path: str) -> Any:
    return json.loads(host.check_output("curl -fsS --max-time 5 http://127.0.0.1:8123/v1/%s", path))


def test_the_file_is_still_the_package_s(host: Any) -> None:
    link = host.file(FILE)
    assert link.is_symlink and "/packages/dcos-config--" in link.linked_to
    target = host.file(link.linked_to)
    assert (target.user, target.group, target.mode) == ("root", "root", 0o644)


def test_the_sources_alone_are_changed(host: Any) -> None:
    settings = json.loads(host.file(FILE).content_string)
    assert settings["IPSources"] == DESIRED
    assert (settings["domain"], settings["zk"], settings["refreshSeconds"]) == ("mesos", "zk://zk-1.zk:2181/mesos", 30)


def test_the_process_has_read_them_and_works(host: Any) -> None:
    assert host.check_output("systemctl is-active dcos-mesos-dns") == "active"
    assert asked(host, "config")["IPSources"] == DESIRED
    assert asked(host, "hosts/leader.mesos")[0]["ip"]


def test_nothing_is_left_beside_it(host: Any) -> None:
    directory = host.file(FILE).linked_to.rpartition("/")[0]
    assert [name for name in host.file(directory).listdir() if "mesos-dns.json" in name] == ["mesos-dns.json"]
