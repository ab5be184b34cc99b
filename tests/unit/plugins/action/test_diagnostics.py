"""The action plugin's own part: where bundles go, what is in no result, and what happens when the look fails."""

from __future__ import annotations

import json
import os
import tarfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar

from ansible_collections.dcos.calico.plugins.action import agent_plan
from ansible_collections.dcos.calico.plugins.action import diagnostics as plugin
from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup

ENTRY = {"name": "logs/felix.log", "text": "hello hunter2-hunter2\n", "note": "", "seconds": 0.1}
VARIABLES = {
    "inventory_hostname": "a1",
    "ansible_play_hosts_all": ["a1", "a2"],
    "my_password": "hunter2-hunter2",
    "groups": {},
}


class Host(plugin.ActionModule):
    """Answers for the module."""

    answer: Any = {"changed": False, "facts": {"dcos": {"version": "1.11"}}, "plan": {}}
    error: Exception | None = None
    asked: list[Any]

    def _execute_module(
        self, module_name: Any = None, module_args: Any = None, task_vars: Any = None, **more: Any
    ) -> dict[str, Any]:
        self.asked.append((module_name, module_args))
        if self.error is not None:
            raise self.error
        return {**self.answer, **({} if "failed" in self.answer else {"content": self.content})}

    content: Any = _backup.pack([ENTRY])


def run(args: dict[str, Any], check: bool = False, **more: Any) -> tuple[dict[str, Any], Host]:
    task = Task()
    task.action, task.args, task.check_mode = "dcos.calico.diagnostics", args, check
    loader = DataLoader()
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    host = Host(task, connection, None, loader, Templar(loader=loader, variables=VARIABLES), None)
    host.asked = []
    for name, value in more.items():
        setattr(host, name, value)
    return host.run(task_vars=dict(VARIABLES)), host


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_plan._desired, "host_steps", lambda desired: [{"job": "sysctl", "args": {}}])
    monkeypatch.setattr(agent_plan._desired, "datastore_steps", lambda desired: [{"job": "sysctl", "args": {}}])
    monkeypatch.setattr(agent_plan._desired, "info", lambda desired: {})


def content(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        return {item.name: archive.extractfile(item).read().decode() for item in archive.getmembers()}  # type: ignore[union-attr]


def test_a_host_becomes_an_archive_and_its_texts_are_in_no_result(tmp_path: Path) -> None:
    result, host = run({"of": "host", "directory": str(tmp_path)})
    assert (
        json.loads(result["found"])["dcos"] == {"version": "1.11"}
        and result["bundle"]["file"] == "host-a1.tar.gz"
        and "content" not in result
    )
    found = content(tmp_path / "host-a1.tar.gz")
    assert found["host-a1/logs/felix.log"] == "hello [redacted]\n" and "hello" not in repr(result)
    assert "Inventory name: a1" in found["host-a1/index.txt"] and os.listdir(tmp_path) == ["host-a1.tar.gz"]
    [(module, args)] = host.asked
    assert module == plugin.MODULE and [step["job"] for step in args["steps"]] == ["agent_info", "sysctl"]


def test_check_mode_looks_and_writes_nothing(tmp_path: Path) -> None:
    result, host = run({"of": "host", "directory": str(tmp_path)}, check=True)
    assert result["bundle"]["entries"] and len(host.asked) == 1 and os.listdir(tmp_path) == []
    started, host = run({"of": "start", "directory": str(tmp_path / "x")}, check=True)
    assert not started["changed"] and started["path"].startswith(str(tmp_path / "x")) and os.listdir(tmp_path) == []


def test_a_run_has_a_directory_of_its_own(tmp_path: Path) -> None:
    result, host = run({"of": "start", "directory": str(tmp_path)})
    assert (
        os.listdir(tmp_path) == [os.path.basename(result["path"])]
        and result["started"] <= time.monotonic()
        and host.asked == []
    )
    for directory, words in (
        ("", "No directory is named"),
        (str(Path(plugin.__file__).parent), "lies in the collection"),
    ):
        result, host = run({"of": "start", "directory": directory})
        assert result["failed"] and words in result["msg"] and host.asked == []


def test_variables_that_no_plan_can_be_made_of_cost_the_plan_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(desired: Any) -> Any:
        raise AnsibleUndefinedVariable("'x' is undefined in token=a of hunter2-hunter2")

    monkeypatch.setattr(agent_plan._desired, "host_steps", fail)
    result, host = run({"of": "host", "directory": str(tmp_path)})
    assert result["bundle"] and host.asked[0][1]["steps"] == []
    index = content(tmp_path / "host-a1.tar.gz")["host-a1/index.txt"]
    assert "What would change on the host is not known: 'x' is undefined" in index
    assert "hunter2" not in index and "token=a" not in index


def test_a_host_that_is_down_is_told_of_by_core(tmp_path: Path) -> None:
    with pytest.raises(AnsibleConnectionFailure):
        run({"of": "host", "directory": str(tmp_path)}, error=AnsibleConnectionFailure("no route"))


@pytest.mark.parametrize(
    "more",
    [
        {"content": None},
        {"content": _backup.pack([{**ENTRY, "name": "../x"}])},
        {"answer": {"failed": True, "msg": "no"}},
    ],
)
def test_a_host_that_answers_otherwise_has_no_file(tmp_path: Path, more: dict[str, Any]) -> None:
    result, _host = run({"of": "host", "directory": str(tmp_path)}, **more)
    assert result["failed"] and os.listdir(tmp_path) == []


def test_the_time_and_size_of_all_hosts(tmp_path: Path) -> None:
    result, host = run({"of": "host", "started": time.monotonic() - 100, "all_seconds": 50})
    assert result["failed"] and "the time for all hosts was over" in result["msg"] and host.asked == []
    _result, host = run({"of": "host", "started": time.monotonic() - 100, "all_seconds": 150, "all_size": 300})
    assert host.asked[0][1]["seconds"] <= 50 and host.asked[0][1]["size"] == 100


def test_the_cluster_completes_what_the_datastore_began(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    datastore, _host = run(
        {"of": "datastore", "directory": str(tmp_path)}, content=_backup.pack([{**ENTRY, "name": "datastore/keys.txt"}])
    )
    assert datastore["bundle"]["file"] == "cluster.tar.gz" and list(content(tmp_path / "cluster.tar.gz")) == [
        "cluster/index.txt",
        "cluster/datastore/keys.txt",
    ]
    first, _host = run({"of": "host", "directory": str(tmp_path)})
    VARIABLES["hostvars"] = {
        "a1": {"calico_agent": first},
        "a2": {"calico_agent": {"unreachable": True, "msg": "down hunter2-hunter2"}},
    }
    try:
        result, host = run(
            {
                "of": "cluster",
                "directory": str(tmp_path),
                "hosts": ["a1", "a2"],
                "result": "calico_agent",
                "datastore": datastore,
            }
        )
    finally:
        del VARIABLES["hostvars"]
    found = content(tmp_path / "cluster.tar.gz")
    assert (
        host.asked == []
        and found["cluster/datastore/keys.txt"] == "hello [redacted]\n"
        and "cluster/run/status.json" in found
    )
    assert "a2: no bundle. down [redacted]" in found["cluster/index.txt"] and result["brief"]["without"] == {
        "a2": "down [redacted]"
    }
    shown = capsys.readouterr().out
    assert (
        "host-a1.tar.gz" in shown
        and "hunter2" not in shown
        and sorted(os.listdir(tmp_path))
        == [
            "cluster.tar.gz",
            "host-a1.tar.gz",
        ]
    )
