"""The action plugin: when there is a backup, of what, and when it is made."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import datastore_compare as plugin
from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.modules import datastore_compare as documented
from ansible_collections.dcos.calico.plugins.plugin_utils import _backup_file

from ...support import returns

POOL = "/calico/v1/ipam/v4/pool/192.168.0.0-16"
NODES = [["/calico/v1/Ready", "true", None], [POOL, "{}", None], ["/calico/v1/config/CalicoVersion", "v2.6.6", None]]
VAULT = VaultLib([("default", VaultSecret(b"secret"))])


class Host(plugin.ActionModule):
    """Answers for the module that reads."""

    def __init__(self, read: dict[str, Any], task: Task) -> None:
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
        super().__init__(task, connection, None, SimpleNamespace(_vault=VAULT), None, None)
        self.read, self.asked = read, []

    def _execute_module(self, module_name: str, module_args: dict[str, Any], task_vars: Any = None) -> dict[str, Any]:
        self.asked.append((module_name, module_args))
        return {"changed": False, "content": _backup.pack(self.read)} if "nodes" in self.read else self.read


def run(path: Path, nodes: Any = None, check: bool = False, cluster: str = "c", **args: Any) -> dict[str, Any]:
    task = Task()
    task.action, task.check_mode = "dcos.calico.datastore_compare", check
    task.args = {"src": str(path), "config": "/etc/calico/calicoctl.cfg", **args}
    read = {"cluster_id": cluster, "index": 7, "index_end": 7, "nodes": nodes or NODES}
    host = Host(nodes if isinstance(nodes, dict) else read, task)
    result: dict[str, Any] = host.run(task_vars={})
    assert [name for name, _args in host.asked] in ([], ["dcos.calico.datastore_backup"])
    assert result.get("failed") or returns.faults_of_result(yaml.safe_load(documented.RETURN), result, {}) == []
    return result


def test_a_backup_is_made_once_and_kept_after_that(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    first = run(path, make=True)
    assert (
        first["changed"]
        and first["text"] == f"{path} is the backup of 3 keys."
        and path.stat().st_mode & 0o777 == 0o600
    )
    text = path.read_text()
    later = [*NODES[:2], ["/calico/v1/config/CalicoVersion", "v2.6.12", None]]
    again = run(path, later, make=True)
    assert not again["changed"] and path.read_text() == text and again["calico_version"] == "v2.6.12"
    assert again["text"].startswith("The datastore is as it was in the backup: 1 key of")
    assert run(path, make=True, check=True)["changed"] is False


def test_check_mode_reads_and_writes_nothing(tmp_path: Path) -> None:
    assert run(tmp_path / "b.json", make=True, check=True)["changed"] and os.listdir(tmp_path) == []


def test_it_can_be_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "b.vault"
    run(path, make=True, encrypt=True)
    assert path.read_text().startswith("$ANSIBLE_VAULT;") and _backup_file.load(str(path), VAULT)["nodes"] == sorted(
        NODES
    )
    assert not run(path, make=True, encrypt=True)["changed"]


def test_what_is_not_as_it_was_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    run(path, make=True)
    for nodes, more, words in (
        (NODES[:1], {}, f"The datastore is not as it was in {path}: lost: {POOL} (IP pool)"),
        (NODES, {"cluster": "d"}, f"{path} is of another datastore"),
        ({"failed": True, "msg": "There is no /etc/calico/calicoctl.cfg"}, {}, "There is no /etc/calico/calicoctl.cfg"),
    ):
        result = run(path, nodes, **more)
        assert result["failed"] and words in result["msg"], result


def test_what_was_changed_before_an_upgrade_goes_on_is_told_and_accepted(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    run(path, make=True)
    begin = run(path, NODES[:1], make=True)
    assert f"lost: {POOL} (IP pool)" in begin["warnings"][0] and begin["accepted"] == [POOL]
    goes_on = run(path, NODES[:1], accepted=begin["accepted"])
    assert not goes_on.get("failed")
    for told in (begin, goes_on):
        assert told["text"].startswith("Apart from 1 key of which the run has warned, the datastore is as it was")
    added = run(path, [*NODES, ["/calico/v1/policy/tier/default/policy/db", "{}", None]], make=True)
    assert added["warnings"][0].endswith(
        "was changed: new since then: /calico/v1/policy/tier/default/policy/db (policy)"
    )
    assert run(path, [["/calico/v1/Ready", "false", None]], make=True)["failed"]
    assert run(path, cluster="d", make=True)["failed"]


def test_a_datastore_that_is_not_ready_is_not_backed_up_for_an_upgrade(tmp_path: Path) -> None:
    result = run(tmp_path / "b.json", [["/calico/v1/Ready", "false", None]], make=True)
    assert result["failed"] and "/calico/v1/Ready is not true" in result["msg"] and os.listdir(tmp_path) == []


def test_a_file_that_is_no_backup_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    for path, words in ((tmp_path / "mine", "is no whole backup"), (tmp_path / "none", "none")):
        result = run(path, make=path.name == "mine")
        assert result["failed"] and words in result["msg"], result
    assert (tmp_path / "mine").read_text() == "mine" and os.listdir(tmp_path) == ["mine"]
    assert run(tmp_path / "b.json", make=True, addresses=["192.168.0.1"])["compared"] == 1


def test_policies_that_miss_containers_of_the_other_release_are_told(tmp_path: Path) -> None:
    policy = ["/calico/v1/policy/tier/default/policy/db", '{"selector": "team/app == \'x\'"}', None]
    for path, nodes, number in (("b.json", [*NODES, policy], 1), ("b.json", [policy, NODES[0]], 2)):
        result = run(tmp_path / path, nodes, make=True, releases=["2.6.6", "2.6.12"])
        assert "these select by such a key: policy db (team/app becomes team.app)." in result["warnings"][0]
        assert len(result["warnings"]) == number
    assert "warnings" not in run(tmp_path / "c.json", [*NODES, policy], make=True)
