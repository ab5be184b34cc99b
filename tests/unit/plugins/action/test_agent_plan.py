from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar

from ansible_collections.dcos.calico.plugins.action import agent_plan as plugin
from ansible_collections.dcos.calico.plugins.action.agent_plan import made_of_facts, sums
from ansible_collections.dcos.calico.plugins.plugin_utils import _desired


@pytest.mark.parametrize(
    ("variables", "made"),
    [
        (
            {
                "calico_node_name": "{{ calico_agent.node.ip }}",
                "calico_node_ip": "{{ calico_agent.node.ip }}/{{ calico_agent.node.prefix }}",
            },
            False,
        ),
        ({"calico_agent_restart": "auto", "x": "{{ calico_agent_restart }}"}, False),
        ({"__calico_preflight_reader": "{{ calico_agent }}"}, False),
        (
            {"calico_agent": {"node": {"ip": "{{ calico_agent }}"}}, "hostvars": {"a": "{{ calico_agent.os.id }}"}},
            False,
        ),
        (
            {"ansible_play_batch": ["{{ calico_agent }}"], "calico_variables": {"checked": ["{{ calico_agent }}"]}},
            False,
        ),
        ({"calico_node_name": "node-{{ calico_agent.node.ip }}"}, True),
        ({"calico_node_name": "{{ calico_agent.node.ip }}", "calico_node_ip": "{{ calico_node_name }}/24"}, True),
        ({"mine": "{{ hostvars[inventory_hostname]['calico_node_ip'] }}"}, True),
        ({"calico_ctl_links": ["{{ '/opt' if calico_agent.os.id == 'coreos' else '/usr' }}"]}, True),
        ({"mine": {"deep": "{{ calico_agent.node.ip | replace('.', '-') }}"}}, True),
    ],
)
def test_variables_that_are_made_of_what_is_found_on_the_host(variables: dict[str, Any], made: bool) -> None:
    assert made_of_facts(variables) is made


def test_a_file_of_the_controller_is_summed_only_where_nobody_gave_its_sum(tmp_path: Path) -> None:
    file = tmp_path / "calicoctl"
    file.write_bytes(b"x")
    steps = [{"executables": [{"local_src": str(file)}, {"local_src": "/is/not/there", "sha256": "ab"}]}]
    found = sums(steps)[0]["executables"]
    assert [item["sha256"] for item in found] == [hashlib.sha256(b"x").hexdigest(), "ab"]
    assert "sha256" not in steps[0]["executables"][0]


@pytest.mark.parametrize(
    "found",
    ["{{ 6 * 7 }}", "{% for a in [1] %}42{% endfor %}", "10.0.0.5 {{ lookup('ansible.builtin.pipe', 'echo 42') }}"],
)
def test_what_a_host_says_is_no_template_where_variables_are_made_of_it(
    monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    variables = {
        "calico_node_name": plugin._untrusted.own("node-{{ calico_agent.node.ip }}"),
        "inventory_hostname": "a",
        "groups": {},
    }
    task = Task()
    task.action, task.args = plugin.MODULE, {"of": "host"}
    action = plugin.ActionModule(
        task,
        SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)),
        None,
        DataLoader(),
        Templar(DataLoader(), variables),
        None,
    )
    monkeypatch.setattr(_desired, "info", lambda v: {})
    monkeypatch.setattr(
        _desired, "host_steps", lambda v: [{"job": "calicoctl_node", "args": {"name": v["calico_node_name"]}}]
    )
    asked: list[Any] = []

    def look(steps: list[Any], _variables: Any) -> dict[str, Any]:
        asked.extend(steps)
        return {"facts": {"node": {"ip": found}}, "plan": {}}

    monkeypatch.setattr(action, "_look", look)
    action.run(task_vars=variables)
    assert [str(step["args"].get("name", "")) for step in asked] == ["", f"node-{found}"]
