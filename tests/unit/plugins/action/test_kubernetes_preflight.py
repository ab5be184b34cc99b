"""The action plugin's own part: arguments, the hosts' variables, what is installed beside ansible-core, and one message."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import kubernetes_preflight as plugin
from ansible_collections.dcos.calico.plugins.modules import kubernetes_preflight as documented

from ...support import returns

DIR = "/opt/mesosphere/etc/dcos/network/cni"
DESIRED: dict[str, Any] = {
    "release": "2.6.6",
    "network": "calico",
    "networks": [{"name": "calico"}],
    "mesos_dir": DIR,
    "plugin_dirs": ["/p"],
    "conflist": {"name": "kube-cni", "dir": DIR, "file": "cni.conflist"},
    "package": {"version": "1.3.1-1.10.8"},
    "certificates": {"issued": True, "variant": "enterprise"},
    "controllers": {"endpoints": ["http://127.0.0.1:2379"]},
}
INFO = {"dcos": {"version": "1.12.5"}, "cni": {"plugins": {"portmap": "/p"}, "files": [{"file": "calico.cni"}]}}


@pytest.fixture(autouse=True)
def everything_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        plugin.module_loader,
        "find_plugin_with_context",
        lambda name: SimpleNamespace(resolved=name == "kubernetes.core.k8s"),
    )
    monkeypatch.setattr(plugin.importlib.util, "find_spec", lambda name: name)


def run(hostvars: dict[str, Any], **changes: Any) -> dict[str, Any]:
    task = Task()
    task.action = "dcos.calico.kubernetes_preflight"
    desired = copy.deepcopy(DESIRED)
    for key, value in changes.items():
        desired[key] = {**desired[key], **value} if isinstance(value, dict) else value
    task.args = {"hosts": sorted(hostvars), "info": "found", "desired": desired}
    action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result = action.run(task_vars={"hostvars": hostvars})
    assert returns.faults_of_result(yaml.safe_load(documented.RETURN), result, task.args) == []
    return result


def test_all_is_well() -> None:
    result = run({"a1": {"found": INFO}, "a2": {"found": INFO}})
    assert not result.get("failed") and result["checked"] == ["a1", "a2"] and result["problems"] == []


def test_one_message_for_all() -> None:
    old = {**INFO, "dcos": {"version": "1.8.9"}}
    result = run({"a1": {"found": INFO}, "a2": {"found": old}, "a3": {}}, package={"version": "2.0.0-1.12.1"})
    assert result["failed"] and result["msg"].startswith(
        "Nothing was touched: 3 problems found by preflight of 3 hosts."
    )
    assert [line for line in result["msg"].splitlines() if line.endswith(":")] == ["all hosts:", "a2:", "a3:"]


def test_networks_of_mesos_are_known_by_their_files() -> None:
    """calico.conf of calico_networks is validated once for all hosts, not again on each."""
    found = {**INFO, "cni": {"plugins": {"portmap": "/p"}, "files": [{"file": "calico.conf"}]}}
    result = run({"a1": {"found": found}}, networks=[{"name": "calico", "file": "calico.conf"}])
    assert [item["host"] for item in result["problems"]] == ["all hosts"]


def test_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin.module_loader, "find_plugin_with_context", lambda name: SimpleNamespace(resolved=False))
    monkeypatch.setattr(plugin.importlib.util, "find_spec", lambda name: None)
    result = run({"a1": {"found": INFO}})
    assert (
        "the collection kubernetes.core is not there. Install it for ansible-playbook: ansible-galaxy collection install kubernetes.core"
        in result["msg"]
    )
    assert "the Python library kubernetes is not there" in result["msg"]
    assert not run({"a1": {"found": INFO}}, controllers={"desired": False}).get("failed")
