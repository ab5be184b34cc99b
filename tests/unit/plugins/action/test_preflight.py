# -*- coding: utf-8 -*-
"""The action plugin's own part: arguments, the hosts' variables, and one message."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import preflight as plugin
from ansible_collections.dcos.calico.plugins.modules import preflight as documented

from .. import returns

WANTED = {"release": "2.6.6", "min_private_agents": 0}
INFO: dict[str, Any] = {
    "dcos": {"version": "1.13.9", "role": "private"},
    "node": {"ip": "10.0.0.1", "address": "10.0.0.1/24"},
    "subnets": [{"interface": "eth0", "address": "10.0.0.1", "prefix": 24, "network": "10.0.0.0/24"}],
    "docker": {"present": True, "running": True, "version": "18.09.9"},
    "kernel": {"xt_set": "active", "ip_set": "active", "nf_conntrack": "active", "ip6_tables": "active"},
}


def run(hostvars: dict[str, Any], **args: Any) -> dict[str, Any]:
    task = Task()
    task.action = "dcos.calico.preflight"
    task.args = {key: value for key, value in ({"hosts": sorted(hostvars), "info": "found", "expectations": WANTED} | args).items() if value is not None}
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    action = plugin.ActionModule(task, connection, None, None, None, None)
    result = action.run(task_vars={"hostvars": hostvars})
    assert returns.faults_of_result(yaml.safe_load(documented.RETURN), result, args) == []
    return result


def test_all_is_well() -> None:
    result = run({"agent1": {"found": INFO}})
    assert not result.get("failed") and result["checked"] == ["agent1"] and result["problems"] == [] and not result["changed"]


def test_the_message_comes_before_the_findings_where_a_result_is_printed() -> None:
    """Core's callback sorts by name, and a screenful of findings would hide what is to be read."""
    keys = sorted(run({"agent1": {"found": INFO | {"docker": {"present": False}}}}))
    assert keys.index("msg") < keys.index("problems")


def test_one_message_tells_all_grouped_by_host() -> None:
    broken = INFO | {"docker": {"present": False}, "node": {"ip": "10.0.0.2", "address": "10.0.0.2/24"}}
    result = run({"agent1": {"found": INFO}, "agent2": {"found": broken}, "agent3": {}}, expectations=WANTED | {"release": "2.6.4"})
    assert result["failed"]
    lines = result["msg"].splitlines()
    assert lines[0] == "Nothing was touched: preflight of 3 hosts found 4 things to put right first."
    assert [line for line in lines if line.endswith(":")] == ["all hosts:", "agent2:", "agent3:"]
    assert "  - Docker is not installed. Install Docker 1.11 or later: calico/node is a container. [docker]" in lines


CUSTOM = {"profile": "custom"}


def test_what_is_written_wrongly_is_said_with_the_rest() -> None:
    """Each entry by itself, whatever else is wrong with the lists; without hosts, what is wanted is judged alone."""
    wanted = WANTED | {
        "pools": [{"cidr": "192.168.0.0/16", "ipip": "on"}, {"cidr": "10.1.0.0/16", "natOutgoing": True}, {"nat_outgoing": True}],
        "networks": [{"name": "a", "profile": "closed"}, {"file": "b.cni"}, {"name": "c", "ipv4_pools": "10.1.0.0/16"}, {"name": "d d"} | CUSTOM],
        "policies": [{"name": "p", "rules": []}, {"name": "q", "selector": "role = 'x'"}, {"selector": "all()"}],
        "documents": [{"kind": "ipPoool", "metadata": {"cidr": "10.2.0.0/16"}}],
    }
    result = run({}, expectations=wanted)
    assert result["msg"].startswith("Nothing was touched: there are 12 things to put right first.\nall hosts:\n")
    said = ["ipip cannot be 'on'. Use one of off", "unknown natOutgoing", "profile cannot be 'closed'. Use one of", "An item of calico_networks has no name"]
    said += ["ipv4_pools is not a list", "'d d' is refused by CNI", "has no profile_ingress", "calico_policies, p: unknown rules", "policy q.selector"]
    for words in (*said, "An item of calico_policies has no name", "ipPoool"):
        assert words in result["msg"], words
    assert len(run({}, expectations=WANTED | {"policies": [{"name": "p", "rules": []}]})["problems"]) == 1


def test_policies_and_profiles_are_judged_as_documents() -> None:
    wanted = WANTED | {
        "networks": [{"name": "a"}, {"name": "b", "profile": "custom", "profile_ingress": [{"action": "permit"}]}],
        "default_profile": "open",
        "policies": [{"name": "p", "state": "absent"}],
        "documents": [{"kind": "profile", "metadata": {"name": "a"}}],
    }
    found = [failure["what"] for failure in run({}, expectations=wanted)["problems"]]
    assert found == ["profile b.ingress[0].action cannot be permit", "profile a is wanted twice"]


def test_variables_of_the_host_win() -> None:
    result = run({"agent1": {"found": INFO, "calico_node_name": "x", "calico_node_ip": "10.0.0.9/24"}})
    assert [failure["check"] for failure in result["problems"]] == ["node_address"]


def test_ignored_checks_warn() -> None:
    result = run({"agent1": {"found": INFO | {"docker": {"present": False}}}}, ignore=["docker"])
    assert not result.get("failed") and result["findings_ignored"] == ["docker"] and "Docker is not installed" in result["warnings"][0]


def spec_of(options: dict[str, Any]) -> dict[str, Any]:
    """An argument spec out of documented options."""
    spec = {}
    for name, option in options.items():
        spec[name] = {key: value for key, value in option.items() if key in ("type", "elements", "required", "default", "choices")}
        if "suboptions" in option:
            spec[name]["options"] = spec_of(option["suboptions"])
    return spec


def without_defaults_of_dicts(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: without_defaults_of_dicts(value) if key == "options" else value for key, value in option.items() if key != "apply_defaults"}
        for name, option in spec.items()
    }


def test_what_is_documented_is_what_is_taken() -> None:
    assert spec_of(yaml.safe_load(documented.DOCUMENTATION)["options"]) == without_defaults_of_dicts(plugin.ARGUMENT_SPEC)


@pytest.mark.parametrize("missing", ["hosts", "info", "expectations"])
def test_arguments_are_checked(missing: str) -> None:
    with pytest.raises(Exception, match=missing):
        run({"agent1": {"found": INFO}}, **{missing: None})


def test_an_unknown_source_of_the_datastore_is_refused() -> None:
    with pytest.raises(Exception, match="zookeeper"):
        run({"agent1": {"found": INFO}}, expectations=WANTED | {"etcd": {"source": "zookeeper"}})
