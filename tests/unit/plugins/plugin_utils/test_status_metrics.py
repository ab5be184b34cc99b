"""A status as metrics, and where Prometheus finds those of Felix. tests/repo/metrics has promtool read the same file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _status_hosts, _status_metrics

from ...support import status_facts as facts

EXPECTED = Path(__file__).parents[3] / "repo" / "metrics" / "status.prom"


def metrics(document: dict[str, Any]) -> dict[str, str]:
    lines = _status_metrics.exposition(document, 2).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def sick() -> dict[str, Any]:
    """A host that is silent, one that drifted, a session that is missing, and certificates."""
    results: list[Any] = facts.cluster(4)
    results[3] = {"unreachable": True, "msg": "no route"}
    results[0]["calico_node"]["bgp"]["peers"] = [facts.peer(1, False), facts.peer(2), facts.peer(3, False)]
    results[1]["calico_node"]["bgp"]["peers"] = [facts.peer(0, False), facts.peer(2), facts.peer(3, False)]
    results[1]["plan"]["sysctl"] = {"changed": True, "names": ["net.ipv4.ip_forward"]}
    for number, end in enumerate(("2027-01-01T00:00:00Z", "2026-12-31T00:00:00Z")):
        results[number]["certificates"] = [{"path": '/etc/"odd"/ca.crt', "not_after": end, "error": None}]
    return facts.document(results, datastore=facts.datastore(4))


def test_the_text_is_what_prometheus_reads() -> None:
    assert _status_metrics.exposition(sick(), 2) == EXPECTED.read_text(encoding="utf-8")


def test_what_is_not_known_has_no_sample() -> None:
    document = facts.document([{"unreachable": True}, *facts.cluster(2)[1:]], datastore={})
    found = metrics(document)
    assert found["dcos_calico_datastore_known"] == "0" and not [name for name in found if "_pool_" in name]
    assert [name for name in found if "drifted" in name] == ['dcos_calico_host_drifted{host="agent1"}']
    assert not [name for name in found if "certificate" in name]


def test_sessions_between_hosts_that_are_silent_are_expected_and_unknown() -> None:
    results: list[Any] = facts.cluster(4)
    results[2] = results[3] = {"unreachable": True}
    found = metrics(facts.document(results))
    names = ("expected", "established", "unknown")
    assert [found[f"dcos_calico_bgp_sessions_{name}"] for name in names] == ["6", "5", "1"]


def test_a_cluster_that_is_well() -> None:
    found = metrics(facts.document(facts.cluster(3), datastore=facts.datastore(3)))
    assert {name: found[f"dcos_calico_bgp_sessions_{name}"] for name in ("expected", "established", "unknown")} == {
        "expected": "3",
        "established": "3",
        "unknown": "0",
    }
    assert found['dcos_calico_hosts{state="ok"}'] == "3" and found['dcos_calico_host_well{host="agent0"}'] == "1"


def test_a_host_that_does_not_answer_stays_a_target() -> None:
    """By what the datastore has of it, or by how it is logged in to; without it nobody would be told that it is down."""
    hosts = [
        _status_hosts.Host("a", facts.found(0, 3)),
        _status_hosts.Host("b", {"unreachable": True}, frozenset({"b", facts.address(1)})),
        _status_hosts.Host("c", {"unreachable": True}, frozenset({"c"})),
    ]
    found = [_status_metrics.Target(host, 62091, f"{host.name}.example.com") for host in hosts]
    assert _status_metrics.targets(found, facts.datastore(3)) == [
        {"targets": [f"{facts.address(0)}:62091"], "labels": {"host": "a"}},
        {"targets": [f"{facts.address(1)}:62091"], "labels": {"host": "b"}},
        {"targets": ["c.example.com:62091"], "labels": {"host": "c"}},
    ]


def test_only_an_address_becomes_a_target() -> None:
    """Prometheus connects to it, whatever a host or the datastore says."""
    result = facts.found(0, 1)
    result["plan"]["calicoctl_node"]["ip"] = "evil.example.com/16"
    result["node"]["ip"] = "10.0.0.1:80/x"
    store = facts.datastore(1)
    store["plan"]["calicoctl_resource_info"]["resources"]["node"][0]["spec"]["bgp"]["ipv4Address"] = "x@evil/16"
    host = _status_hosts.Host("a", result, frozenset({"a", facts.address(0)}))
    for fallback, target in (("a.example.com", "a.example.com:1"), ("fd00::1", "[fd00::1]:1")):
        [found] = _status_metrics.targets([_status_metrics.Target(host, 1, fallback)], store)
        assert found["targets"] == [target]
