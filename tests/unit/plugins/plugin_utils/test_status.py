"""The document of a status: what is told, in which order, and what is said of what was not looked at."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _status

from ...support import status_facts as facts

UNREACHABLE = {"unreachable": True, "changed": False, "msg": "Failed to connect to the host via ssh"}


def told(document: dict[str, Any], part: str = "what") -> list[str]:
    return [problem[part] for problem in document["problems"]]


def test_a_cluster_without_a_problem() -> None:
    document = facts.document(facts.cluster(4))
    assert document["problems"] == [] and document["leftovers"] == []
    assert document["summary"] == {
        "hosts": 4,
        "answered": 4,
        "well": 4,
        "problems": {"critical": 0, "warning": 0, "notice": 0},
        "verdict": "No problem found on 4 hosts.",
    }
    assert document["sessions"]["pairs"] == document["sessions"]["established"] == 6
    assert {agent["state"] for agent in document["agents"]} == {"ok"}


def test_a_host_that_does_not_answer_is_a_row_and_keeps_nobody_from_being_told_of() -> None:
    results: list[Any] = facts.cluster(4)
    results[2] = UNREACHABLE
    for number in (0, 1, 3):
        results[number]["calico_node"]["bgp"]["peers"] = [
            facts.peer(other, other != 2) for other in range(4) if other != number
        ]
    document = facts.document(results)
    assert told(document) == ["The host does not answer"] and told(document, "hosts") == [["agent2"]]
    assert told(document, "command") == ["ansible agent2 -m ansible.builtin.ping"]
    assert [agent["name"] for agent in document["agents"]] == ["agent2", "agent0", "agent1", "agent3"]
    assert document["summary"]["well"] == 3 and document["sessions"]["established"] == 3
    assert "Everything on agent2: it did not answer." in document["not_looked_at"]


def test_findings_of_preflight_are_problems_but_not_that_a_silent_host_is_not_known() -> None:
    finding = {"host": "all hosts", "check": "pool", "what": "two pools overlap", "why": "x", "remedy": "y"}
    silent = {"host": "agent0", "check": "agent_info", "what": "nothing is known of this host"}
    variable = {"host": "agent1", "check": "checksum", "what": "calico_etcd_sha256 is missing"}
    document = facts.document(
        [UNREACHABLE, *facts.cluster(2)[1:]], findings={"problems": [finding, silent], "notes": [variable]}
    )
    assert told(document) == ["The host does not answer", "Two pools overlap", "calico_etcd_sha256 is missing"]
    assert told(document, "severity") == ["critical", "warning", "notice"]
    assert document["summary"]["problems"] == {"critical": 1, "warning": 1, "notice": 1}
    assert document["summary"]["verdict"] == "3 problems found on 2 hosts: 1 critical, 1 warning, 1 notice."


def test_addresses_are_told_by_pool_and_block_and_nothing_is_forecast() -> None:
    endpoints = [(f"192.168.1.{number}", facts.address(0)) for number in range(1, 71)] + [("10.0.0.1", "x")]
    document = facts.document(facts.cluster(2), datastore=facts.datastore(2, endpoints))
    space = document["addresses"]
    pool = space["pools"][0]
    assert (pool["used"], pool["free"], pool["blocks"], pool["blocks_used"], pool["blocks_left"]) == (
        70,
        65466,
        1024,
        2,
        1022,
    )
    assert pool["used_blocks"] == [
        {"cidr": "192.168.1.0/26", "used": 63, "size": 64, "nodes": [facts.address(0)]},
        {"cidr": "192.168.1.64/26", "used": 7, "size": 64, "nodes": [facts.address(0)]},
    ]
    assert space["nodes_without_block"] == 1 and space["forecast"] is None and "No forecast" in space["forecast_why"]


def test_blocks_that_are_as_full_are_in_the_order_of_their_addresses() -> None:
    endpoints = [(f"192.168.{number}.1", facts.address(0)) for number in (10, 9, 100)]
    document = facts.document(facts.cluster(1), datastore=facts.datastore(1, endpoints))
    blocks = [block["cidr"] for block in document["addresses"]["pools"][0]["used_blocks"]]
    assert blocks == ["192.168.9.0/26", "192.168.10.0/26", "192.168.100.0/26"]


@pytest.mark.parametrize(("used", "severity"), [(102, None), (103, "warning"), (122, "critical")])
def test_a_pool_that_is_nearly_full(used: int, severity: str | None) -> None:
    endpoints = [(f"10.9.0.{number}", facts.address(number % 2)) for number in range(used)]
    document = facts.document(facts.cluster(2), datastore=facts.datastore(2, endpoints, ("10.9.0.0/25",)))
    assert [(problem["severity"], problem["what"]) for problem in document["problems"]] == (
        [(severity, f"The pool 10.9.0.0/25 has {128 - used} free addresses")] if severity else []
    )


def test_nodes_that_find_no_block_left() -> None:
    endpoints = [("10.9.0.1", facts.address(0)), ("10.9.0.100", facts.address(1))]
    document = facts.document(facts.cluster(3), datastore=facts.datastore(3, endpoints, ("10.9.0.0/25",)))
    assert told(document) == ["1 node without a block of addresses, and at most 0 left in the pools"]


def test_a_node_of_the_datastore_that_is_nobody_s() -> None:
    store = facts.datastore(3, [("192.168.7.1", facts.address(2))])
    document = facts.document(facts.cluster(2), datastore=store)
    assert document["leftovers"] == [{"node": facts.address(2), "address": facts.address(2), "endpoints": 1}]
    problem = document["problems"][0]
    assert "no host of the inventory and no agent of Mesos" in problem["what"] and problem["severity"] == "notice"
    assert problem["command"] == "ansible agent0 -b -a '/opt/calico/bin/calicoctl get nodes --output=wide'"


def test_a_node_of_an_agent_of_mesos_or_of_a_part_of_the_inventory_is_not_left_behind() -> None:
    store = facts.datastore(3)
    mesos = frozenset({facts.address(2)})
    assert facts.document(facts.cluster(2), datastore=store, mesos=mesos)["leftovers"] == []
    part = facts.document(facts.cluster(2), datastore=store, whole=False)
    assert part["leftovers"] == [] and "only a part of the inventory" in " ".join(part["not_looked_at"])


def test_a_datastore_that_was_not_read_is_not_an_empty_one() -> None:
    store = {"plan": {"calicoctl_resource_info": {"datastore_read": False, "resources": {}, "trouble": "etcd is away"}}}
    document = facts.document(facts.cluster(2), datastore=store)
    assert document["addresses"]["known"] is False
    assert "Pools, addresses and nodes in the datastore: etcd is away." in document["not_looked_at"]
    assert told(document) == ["The datastore could not be read"] and document["problems"][0]["why"] == "etcd is away"
    for other in (
        {"failed": True, "msg": "etcd is away"},
        {"plan": {"calicoctl_resource_info": {"error": "etcd is away"}}},
    ):
        assert told(facts.document(facts.cluster(2), datastore=other)) == ["The datastore could not be read"]
    assert told(facts.document(facts.cluster(2), datastore={"skipped": True, "msg": "no host"})) == []


def test_versions_beside_those_of_the_release() -> None:
    results = facts.cluster(2)
    results[1]["executables"][2]["version"] = "1.11.0"
    results[1]["calico_node"]["container"]["image"] = "mirror:5000/calico/node:v2.6.5"
    document = facts.document(results)
    assert told(document) == [
        "calico is 1.11.0, and 1.11.2 belongs to Calico 2.6.6",
        "calico-node is 2.6.5, and 2.6.6 belongs to Calico 2.6.6",
    ]
    table = {component["name"]: component for component in document["versions"]["components"]}
    assert table["calico"]["found"] == {"1.11.0": ["agent1"], "1.11.2": ["agent0"]}
    assert table["calicoctl"]["expected"] == "1.6.3" and table["DC/OS"]["expected"] is None


def test_certificates_say_how_tls_goes_and_what_was_not_looked_at() -> None:
    results = facts.cluster(2)
    results[0]["etcd"][0].update(endpoint="https://10.0.0.9:2379", certificate="accepted")
    results[1]["etcd"][0].update(endpoint="https://10.0.0.9:2379", certificate="client", error="bad certificate")
    document = facts.document(results)
    assert [(one["state"], one["hosts"], one["days_left"]) for one in document["certificates"]] == [
        ("accepted", ["agent0"], None),
        ("client", ["agent1"], None),
    ]
    assert told(document)[0] == "TLS with etcd: the host's certificate is refused, or cannot be used"
    assert any(text.startswith("The certificates of etcd itself") for text in document["not_looked_at"])


def test_files_for_tls_are_told_by_days_left() -> None:
    results = facts.cluster(4)
    for number, end in enumerate(("2026-12-12T03:00:00Z", "2027-11-29T03:50:00Z", "2026-11-29T03:50:00Z")):
        results[number]["certificates"] = [{"path": "/c.crt", "not_after": end, "error": None}]
    results[3]["certificates"] = [{"path": "/c.crt", "not_after": None, "error": "no such file"}, {"path": 7}, "x"]
    document = facts.document(results)
    assert [(one["state"], one["text"], one["days_left"], one["hosts"]) for one in document["certificates"]] == [
        ("expired", "expired 2026-11-29", 0, ["agent2"]),
        ("valid", "valid until 2026-12-12", 12, ["agent0"]),
        ("valid", "valid until 2027-11-29", 365, ["agent1"]),
        ("unknown", "not read: no such file", None, ["agent3"]),
        ("unknown", "not read: no reason is told", None, ["agent3"]),
    ]
    assert [(one["severity"], one["what"], one["hosts"]) for one in document["problems"]] == [
        ("critical", "The certificate /c.crt has expired", ["agent2"]),
        ("warning", "The certificate /c.crt ends soon", ["agent0"]),
    ]


def test_the_lines_for_a_terminal_name_the_worst_and_its_command() -> None:
    results: list[Any] = facts.cluster(3)
    results[1] = UNREACHABLE
    lines = _status.lines(facts.document(results))
    assert lines[0] == "Status: 1 problem found on 3 hosts: 1 critical."
    assert lines[1] == "  critical  agent1: The host does not answer (Failed to connect to the host via ssh)"
    assert lines[2].strip() == "ansible agent1 -m ansible.builtin.ping"
    assert "  Hosts: 2 of 3 well, 1 silent." in lines


def test_sessions_that_nobody_could_be_asked_of_are_told() -> None:
    assert "  BGP sessions: 1 of 1, 2 unknown." in _status.lines(
        facts.document([UNREACHABLE, UNREACHABLE, facts.found(2, 1)])
    )


def test_the_artifact_leaves_out_what_is_well() -> None:
    results: list[Any] = facts.cluster(3)
    results[1] = UNREACHABLE
    brief = _status.brief(facts.document(results))
    assert [agent["name"] for agent in brief["agents"]] == ["agent1"] and "used_blocks" not in str(brief)
    assert brief["left_out"] == {"problems": 0, "agents": 0, "leftovers": 0}


def test_the_artifact_is_small_whatever_is_wrong_with_200_hosts() -> None:
    results: list[Any] = facts.cluster(200)
    for number, result in enumerate(results):
        result["docker"].update(running=False, error=f"{number} {'x' * 500}")
        result["etcd"][0].update(healthy=False, error=f"{number} {'y' * 500}")
        result["plan"]["sysctl"] = {"changed": True, "names": [f"{number}-{other}" for other in range(200)]}
    document = facts.document(results, datastore=facts.datastore(400))
    brief = _status.brief(document)
    assert len(json.dumps(brief)) < 200_000 and brief["problems"] == document["problems"][:100]
    assert brief["left_out"] == {"problems": len(document["problems"]) - 100, "agents": 100, "leftovers": 100}


def strange(value: Any, depth: int = 0) -> list[Any]:
    """Every way in which one part of a value may have another shape."""
    others: list[Any] = [None, "<b>x</b>", 7, [], {}, [None], {"x": []}, ["x"], True]
    if depth < 3 and isinstance(value, dict):
        return others + [{**value, key: part} for key in value for part in strange(value[key], depth + 1)]
    return others


def test_whatever_shape_a_host_answers_in_there_is_a_document() -> None:
    whole = facts.cluster(2)
    for result in strange(whole[1]):
        document = facts.document([whole[0], result])
        assert len(document["agents"]) == 2 and _status.lines(document)


def test_whatever_shape_the_datastore_has_there_is_a_document() -> None:
    store = facts.datastore(1, [("192.168.1.1", "n")])
    info = store["plan"]["calicoctl_resource_info"]
    for part in strange(info["resources"]):
        plan = {**store["plan"], "calicoctl_resource_info": {**info, "resources": part}}
        assert facts.document(facts.cluster(1), datastore={"plan": plan})["addresses"]["known"]
    for part in strange(store):
        assert "addresses" in facts.document(facts.cluster(1), datastore=part)
