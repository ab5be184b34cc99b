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

from ...support import returns

DESIRED = {"release": "2.6.6", "min_private_agents": 0}
INFO: dict[str, Any] = {
    "dcos": {"version": "1.13.9", "role": "private"},
    "node": {"ip": "10.0.0.1", "address": "10.0.0.1/24"},
    "subnets": [{"interface": "eth0", "address": "10.0.0.1", "prefix": 24, "network": "10.0.0.0/24"}],
    "docker": {"present": True, "running": True, "version": "18.09.9"},
    "kernel": {"xt_set": "active", "ip_set": "active", "nf_conntrack": "active", "ip6_tables": "active"},
}


def run(hostvars: dict[str, Any], task_vars: dict[str, Any] | None = None, **args: Any) -> dict[str, Any]:
    task = Task()
    task.action = "dcos.calico.preflight"
    task.args = {
        key: value
        for key, value in ({"hosts": sorted(hostvars), "info": "found", "expectations": DESIRED} | args).items()
        if value is not None
    }
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    action = plugin.ActionModule(task, connection, None, None, None, None)
    result = action.run(task_vars={"hostvars": hostvars, **(task_vars or {})})
    assert returns.faults_of_result(yaml.safe_load(documented.RETURN), result, args) == []
    return result


def test_all_is_well() -> None:
    result = run({"agent1": {"found": INFO}})
    assert (
        not result.get("failed")
        and result["checked"] == ["agent1"]
        and result["problems"] == []
        and not result["changed"]
    )


def test_the_message_comes_before_the_findings_where_a_result_is_printed() -> None:
    """Core's callback sorts by name, and a screenful of findings would hide what is to be read."""
    keys = sorted(run({"agent1": {"found": INFO | {"docker": {"present": False}}}}))
    assert keys.index("msg") < keys.index("problems")


def test_one_message_tells_all_grouped_by_host() -> None:
    broken = INFO | {"docker": {"present": False}, "node": {"ip": "10.0.0.2", "address": "10.0.0.2/24"}}
    result = run(
        {"agent1": {"found": INFO}, "agent2": {"found": broken}, "agent3": {}},
        expectations=DESIRED | {"release": "2.6.4"},
    )
    assert result["failed"]
    lines = result["msg"].splitlines()
    assert lines[0] == "Nothing was touched: 4 problems found by preflight of 3 hosts."
    assert [line for line in lines if line.endswith(":")] == ["all hosts:", "agent2:", "agent3:"]
    assert "  - Docker is not installed. Install Docker 1.11 or later: calico/node is a container. [docker]" in lines


CUSTOM = {"profile": "custom"}


def test_what_is_written_wrongly_is_said_with_the_rest() -> None:
    """Each entry by itself, whatever else is wrong with the lists; without hosts, what is required is validated alone."""
    desired = DESIRED | {
        "pools": [
            {"cidr": "192.168.0.0/16", "ipip": "on"},
            {"cidr": "10.1.0.0/16", "natOutgoing": True},
            {"nat_outgoing": True},
        ],
        "networks": [
            {"name": "a", "profile": "closed"},
            {"file": "b.cni"},
            {"name": "c", "ipv4_pools": "10.1.0.0/16"},
            {"name": "d d"} | CUSTOM,
        ],
        "policies": [{"name": "p", "rules": []}, {"name": "q", "selector": "role = 'x'"}, {"selector": "all()"}],
        "documents": [{"kind": "ipPoool", "metadata": {"cidr": "10.2.0.0/16"}}],
    }
    result = run({}, expectations=desired)
    assert result["msg"].startswith("Nothing was touched: 12 problems found.\n  - ")
    said = [
        "ipip cannot be 'on'. Use one of off",
        "unknown natOutgoing",
        "profile cannot be 'closed'. Use one of",
        "An item of calico_networks has no name",
    ]
    said += [
        "ipv4_pools is not a list",
        "'d d' is refused by CNI",
        "has no profile_ingress",
        "calico_policies, p: unknown rules",
        "policy q.selector",
    ]
    for words in (*said, "An item of calico_policies has no name", "ipPoool"):
        assert words in result["msg"], words
    assert len(run({}, expectations=DESIRED | {"policies": [{"name": "p", "rules": []}]})["problems"]) == 1


def test_policies_and_profiles_are_validated_as_documents() -> None:
    desired = DESIRED | {
        "networks": [{"name": "a"}, {"name": "b", "profile": "custom", "profile_ingress": [{"action": "permit"}]}],
        "default_profile": "open",
        "policies": [{"name": "p", "state": "absent"}],
        "documents": [{"kind": "profile", "metadata": {"name": "a"}}],
    }
    found = [failure["what"] for failure in run({}, expectations=desired)["problems"]]
    assert found == ["profile b.ingress[0].action cannot be permit", "profile a is listed twice"]


def test_variables_of_the_host_win() -> None:
    result = run({"agent1": {"found": INFO, "calico_node_name": "x", "calico_node_ip": "10.0.0.9/24"}})
    assert [failure["check"] for failure in result["problems"]] == ["node_address"]


def test_ignored_checks_warn() -> None:
    result = run({"agent1": {"found": INFO | {"docker": {"present": False}}}}, ignore=["docker"])
    assert (
        not result.get("failed")
        and result["findings_ignored"] == ["docker"]
        and "Docker is not installed" in result["warnings"][0]
    )


def spec_of(options: dict[str, Any]) -> dict[str, Any]:
    """An argument spec out of documented options."""
    spec = {}
    for name, option in options.items():
        spec[name] = {
            key: value for key, value in option.items() if key in ("type", "elements", "required", "default", "choices")
        }
        if "suboptions" in option:
            spec[name]["options"] = spec_of(option["suboptions"])
    return spec


def without_defaults_of_dicts(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            key: without_defaults_of_dicts(value) if key == "options" else value
            for key, value in option.items()
            if key != "apply_defaults"
        }
        for name, option in spec.items()
    }


def test_what_is_documented_is_what_is_taken() -> None:
    assert spec_of(yaml.safe_load(documented.DOCUMENTATION)["options"]) == without_defaults_of_dicts(
        plugin.ARGUMENT_SPEC
    )


@pytest.mark.parametrize("missing", ["hosts", "info", "expectations"])
def test_arguments_are_checked(missing: str) -> None:
    with pytest.raises(Exception, match=missing):
        run({"agent1": {"found": INFO}}, **{missing: None})


def test_an_unknown_source_of_the_datastore_is_refused() -> None:
    with pytest.raises(Exception, match="zookeeper"):
        run({"agent1": {"found": INFO}}, expectations=DESIRED | {"etcd": {"source": "zookeeper"}})


def mesos(*addresses: str, **more: Any) -> dict[str, Any]:
    """As dcos_agent_info lists agents."""
    agents = [
        {
            "id": f"S{address}",
            "address": address,
            "hostname": address,
            "public": False,
            "active": True,
            "recovered": False,
        }
        for address in addresses
    ]
    return {"agents": [*agents, more] if more else agents}


AGENTS = {"groups": {"agents_private": ["agent1"]}}
OTHER = {"id": "S9", "address": "10.0.0.9", "hostname": "node9", "public": True, "active": True, "recovered": False}


def test_agents_that_only_mesos_has_are_a_warning() -> None:
    """They are known by what ip-detect says, by ansible_host and by name; adding agents later is legitimate, so it is no failure."""
    hosts = {"agent1": {"found": INFO}}
    result = run(hosts, AGENTS, mesos=mesos("10.0.0.1", **OTHER))
    assert not result.get("failed") and result["left_out"] == ["10.0.0.9 (node9, public)"]
    assert "Mesos has an agent that the inventory has not: 10.0.0.9 (node9, public)" in result["warnings"][0]
    assert run(hosts, AGENTS, mesos=mesos("10.0.0.1"))["notes"] == []
    for other in ({"node9": {}}, {"edge": {"ansible_host": "node9"}}, {"edge": {"ansible_host": "10.0.0.9"}}):
        groups = {"agents_private": ["agent1"], "agents_public": list(other)}
        assert (
            run({**hosts, **other}, {"groups": groups}, hosts=["agent1"], mesos=mesos("10.0.0.1", **OTHER))["notes"]
            == []
        )


def test_an_agent_that_mesos_does_not_hear_of_is_not_missed() -> None:
    away = [OTHER | {"active": False}, OTHER | {"active": False, "recovered": True}]
    assert [run({"agent1": {"found": INFO}}, AGENTS, mesos=mesos("10.0.0.1", **agent))["notes"] for agent in away] == [
        [],
        [],
    ]


def test_agents_that_only_the_inventory_has_are_a_warning() -> None:
    result = run({"agent1": {"found": INFO}}, AGENTS, mesos=mesos("10.0.0.9"))
    assert [note["what"] for note in result["notes"]] == [
        "Mesos has an agent that the inventory has not: 10.0.0.9",
        "Mesos has no agent agent1",
    ]


@pytest.mark.parametrize(
    "part", [{"ansible_limit": "agent1"}, {"awx_job_template_name": "Site", "awx_workflow_job_name": "Site"}]
)
def test_a_run_on_a_part_misses_nobody(part: dict[str, str]) -> None:
    result = run({"agent1": {"found": INFO}}, AGENTS | part, mesos=mesos("10.0.0.1", "10.0.0.9"))
    assert result["notes"] == [] and result["left_out"] == []
    assert run({"agent1": {"found": INFO}}, AGENTS | part, mesos={"skipped": True})["notes"] == []


def test_what_was_not_looked_at_is_said() -> None:
    [note] = run({"agent1": {"found": INFO}}, AGENTS, mesos={"skipped": True})["notes"]
    assert (
        note["what"].startswith("it was not looked whether Mesos has agents")
        and note["why"] == "calico_dcos_url is not set"
    )
    [note] = run({"agent1": {"found": INFO}}, AGENTS, mesos={"msg": "GET https://x was answered with 503"})["notes"]
    assert note["why"] == "GET https://x was answered with 503"
    assert run({"agent1": {"found": INFO}}, AGENTS)["notes"] == []


def test_two_faults_in_one_policy_are_two_findings() -> None:
    policy = {"name": "p", "selector": "role = 'x'", "order": "first", "ingress": [{"action": "permit"}]}
    found = [failure["what"] for failure in run({}, expectations=DESIRED | {"policies": [policy]})["problems"]]
    assert len(found) == 3 and all("policy p." in what for what in found), found
    policy = {"name": "p", "rules": [], "state": "gone"}
    assert len(run({}, expectations=DESIRED | {"policies": [policy]})["problems"]) == 2


SUMS = [
    {"name": name, "variable": f"{name}_sum", "sha256": digit * 64}
    for name, digit in (("calicoctl", "a"), ("calico", "b"), ("etcd", "e"))
]


def of_release(
    release: str, manifest: str = "", artifacts: list[dict[str, Any]] | None = None, **info: Any
) -> dict[str, Any]:
    desired = DESIRED | {
        "release": release,
        "manifest_release": manifest,
        "artifacts": SUMS if artifacts is None else artifacts,
    }
    return run({"agent1": {"found": INFO | info}, "agent2": {"found": INFO | info | {"node": {"ip": "10.0.0.2", "address": "10.0.0.1/24"}}}},
               hosts=["agent1"], expectations=desired)  # fmt: skip


def test_digests_of_another_release_are_refused() -> None:
    found = of_release("2.6.12", "2.6.6")
    assert (
        "the digests are those of release 2.6.6, and calico_release is 2.6.12: calicoctl 1.6.3, calico 1.11.2 would be taken"
        in found["msg"]
    )
    assert (
        "Run dcos.calico.manifest for 2.6.12 and take its digests, or set calico_release to 2.6.6. [checksum]"
        in found["msg"]
    )
    assert "knows nothing" in of_release("2.6.12", "2.7.1")["msg"]
    assert not of_release("v2.6.12", "2.6.12")["notes"] and not of_release("2.6.12", "v2.6.12")["notes"]
    assert not of_release("2.6.7", "2.6.6").get("failed"), "these two have the same files"


def test_digests_without_a_release_work_with_a_warning() -> None:
    found = of_release("2.6.12")
    assert not found.get("failed") and [note["what"] for note in found["notes"]] == [
        "the digests do not say of which release they are"
    ]
    assert (
        of_release("2.6.12", artifacts=[SUMS[2]])["notes"] == [] and of_release("2.6.12", artifacts=[])["notes"] == []
    )


def test_what_a_host_has_with_the_desired_digest_must_be_of_the_release() -> None:
    """It would not be fetched again."""
    there: list[dict[str, Any]] = [
        {"path": "/opt/calico/bin/calicoctl", "sha256": "a" * 64, "version": "1.6.3"},
        {"path": "/opt/calico/bin/calico", "sha256": "c" * 64, "version": "1.11.2"},
    ]
    found = of_release("2.6.12", executables=there)
    assert [failure["what"] for failure in found["problems"]] == [
        "calicoctl_sum is the digest of calicoctl 1.6.3, which agent1 has"
    ]
    assert not of_release("2.6.6", "2.6.6", executables=there).get("failed")
    strange = [there[0] | {"version": text} for text in (None, "1.6.3-7-g1a2b", "9.9.9")]
    assert [of_release("2.6.12", "2.6.12", executables=[one]).get("failed") for one in strange[::2]] == [None, None]


def test_an_image_of_another_release_is_refused() -> None:
    node = {
        "name": "calico-node",
        "variable": "calico_node_image",
        "image": "x/node:v2.6.6",
        "sha256": "",
        "by_tag": True,
        "other_version": "2.6.6",
    }
    found = of_release("2.6.12", artifacts=[node])
    assert [(failure["check"], failure["what"]) for failure in found["problems"]] == [
        ("release", "the address or image that is given for calico-node is of 2.6.6"),
    ]  # fmt: skip
