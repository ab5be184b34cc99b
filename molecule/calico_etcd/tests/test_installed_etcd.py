"""etcd's proxy on a host: how it runs, and that the cluster's keys are behind it."""

from __future__ import annotations

import json
import uuid
from typing import Any

testinfra_hosts = ["ansible://agents"]
UNIT = "calico-etcd-proxy.service"
ETCD = "/opt/calico/bin/etcd"


def test_it_runs_now_and_after_a_boot(host: Any) -> None:
    assert host.check_output("systemctl is-active %s", UNIT) == "active"
    assert host.check_output("systemctl is-enabled %s", UNIT) == "enabled"


def test_systemd_knows_the_unit_as_it_stands_there(host: Any) -> None:
    assert host.check_output("systemctl show --property=NeedDaemonReload %s", UNIT) == "NeedDaemonReload=no"


def test_it_runs_as_its_own_user_who_cannot_log_in(host: Any) -> None:
    process = host.process.get(comm="etcd", user="calico-etcd")
    assert process.args.startswith(f"{ETCD} --proxy=on")
    assert host.user("calico-etcd").shell.endswith(("/nologin", "/false"))


def test_it_listens_on_the_loopback_device_only(host: Any) -> None:
    process = host.process.get(comm="etcd", user="calico-etcd")
    listening = [
        line.split()[3] for line in host.check_output("ss -Hltnp").splitlines() if f"pid={process.pid}," in line
    ]
    assert listening == ["127.0.0.1:2379"]


def test_its_executable_is_whole(host: Any, variables: dict[str, Any]) -> None:
    file = host.file(ETCD)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o755)
    version = variables["calico_etcd_archive_directory"].split("-")[1].lstrip("v")
    assert f"etcd Version: {version}" in host.check_output("%s --version", ETCD)


def test_what_is_written_to_it_is_in_the_cluster(host: Any, etcd: Any) -> None:
    word = uuid.uuid4().hex
    keys = "http://127.0.0.1:2379/v2/keys/molecule"
    written = json.loads(host.check_output("curl -fsS -X PUT -d value=%s %s/%s", word, keys, word))
    try:
        assert written["action"] == "set" and etcd.below("/molecule")[f"/molecule/{word}"] == word
    finally:
        host.check_output("curl -fsS -X DELETE %s/%s", keys, word)
