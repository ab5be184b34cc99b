"""The action plugin's own part: which variables of which hosts, and one message."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleUndefinedVariable
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import variables as plugin
from ansible_collections.dcos.calico.plugins.modules import variables as documented

from ...support import returns


class Late(dict):
    """A host's variables, of which one is made of what preflight finds."""

    def __getitem__(self, name: str) -> Any:
        if name == "calico_node_name":
            raise AnsibleUndefinedVariable("calico_agent is undefined")
        return {"calico_masters": "nope"}.get(name, super().__getitem__(name))


class HostVars(dict):
    def raw_get(self, host: str) -> dict[str, Any]:
        return dict(self[host].items())


def run(**hosts: dict[str, Any]) -> dict[str, Any]:
    task = Task()
    task.action = "dcos.calico.variables"
    task.args = {"hosts": [*hosts, "unknown"]}
    action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result = action.run(task_vars={"hostvars": HostVars({name: Late(variables) for name, variables in hosts.items()})})
    assert returns.faults_of_result(yaml.safe_load(documented.RETURN), result, task.args) == []
    return result


def test_nothing_is_wrong() -> None:
    """What cannot be known yet, what a run registered, and what is no variable of ours, is not validated."""
    result = run(
        a={
            "calico_node_name": "{{ calico_agent.node.ip }}",
            "calico_node_result": 5,
            "other": "x",
            "calico_release": "2.6.6",
        },
        b={},
    )
    assert result == {"changed": False, "checked": ["a", "b"], "groups": {}, "components": {}}


def test_one_message_tells_all() -> None:
    result = run(
        a={"calico_masters": "{{ nope }}", "calico_relase": "1", "calico_etcd_members": "x"}, b={"calico_relase": "1"}
    )
    assert result["failed"] and result["msg"].startswith(
        "Nothing was touched: 3 problems found in the variables of this inventory.\n"
    )
    assert "calico_masters: " in result["msg"] and "\na:\n" in result["msg"]
    assert (
        "  - calico_relase: did you mean calico_release? Correct the name; or, if it is another's, set calico_unknown_variables to warn."
        in result["msg"]
    )


@pytest.mark.parametrize(("soft", "failed"), [(("warn", "warn"), False), (("warn", "error"), True)])
def test_unknown_names_may_be_let_through(soft: tuple[str, str], failed: bool) -> None:
    result = run(**{host: {"calico_ours": 1, "calico_unknown_variables": word} for host, word in zip("ab", soft)})
    assert bool(result.get("failed")) is failed and bool(result.get("warnings")) is not failed
