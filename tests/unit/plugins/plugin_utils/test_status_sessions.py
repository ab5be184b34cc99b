"""The BGP sessions of all hosts together."""

from __future__ import annotations

from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _status_hosts, _status_sessions

from ...support import status_facts as facts


def looked(results: list[Any]) -> tuple[_status_sessions.Mesh, list[Any], list[_status_hosts.Row]]:
    rows = [_status_hosts.row(host, facts.RELEASE) for host in facts.hosts(results)]
    mesh = _status_sessions.mesh(rows)
    return mesh, _status_sessions.session_problems(mesh, rows, "/bin/calicoctl"), rows


def cut(results: list[Any], one: int, other: int, both: bool = True) -> None:
    """Take a session away, as one side or both see it."""
    for mine, theirs in ((one, other), (other, one))[: 2 if both else 1]:
        for peer in results[mine]["calico_node"]["bgp"]["peers"]:
            if peer["address"] == facts.address(theirs):
                peer.update(state="start", info="Connect", established=False)


def test_what_one_side_sees_established_is_there() -> None:
    results = facts.cluster(3)
    cut(results, 0, 1, both=False)
    mesh, problems, rows = looked(results)
    assert mesh.down == [] and mesh.pairs == 3 and problems == []
    assert rows[0].checks["sessions"] == ("ok", "2/2")


def test_who_misses_most_is_the_problem_and_the_others_are_well() -> None:
    results = facts.cluster(5)
    for other in (0, 1, 3):
        cut(results, 2, other)
    mesh, problems, rows = looked(results)
    assert [problem.what for problem in problems] == ["agent2 has no BGP session with agent0, agent1, agent3"]
    assert mesh.nodes[0] == "agent2" and len(mesh.down) == 3 and mesh.pairs == 10
    assert rows[2].checks["sessions"] == ("warning", "1/4, without agent0, agent1 and 1 more")
    assert rows[0].checks["sessions"] == ("ok", "3/4, without agent2")


def test_a_node_that_misses_all_is_critical() -> None:
    results = facts.cluster(3)
    cut(results, 0, 1)
    cut(results, 0, 2)
    assert looked(results)[2][0].checks["sessions"][0] == "critical"


def test_bird_that_does_not_answer_is_the_problem_and_not_its_peers() -> None:
    results = facts.cluster(3)
    cut(results, 0, 1)
    cut(results, 0, 2)
    results[0]["calico_node"]["bgp"] = {"answers": False, "peers": [], "error": "no such socket"}
    mesh, problems, rows = looked(results)
    assert [(problem.what, problem.why) for problem in problems] == [("BIRD does not answer", "no such socket")]
    assert mesh.silent == ["agent0"] and rows[1].checks["sessions"][0] == "ok"


def test_two_that_cannot_be_asked_are_an_unknown_pair() -> None:
    results = facts.cluster(4)
    for number in (0, 1):
        results[number] = {"unreachable": True}
    mesh, _problems, _rows = looked(results)
    assert mesh.unknown == 1 and mesh.pairs == 5 and mesh.down == []


def test_nodes_that_do_not_know_each_other_in_a_full_mesh() -> None:
    results = facts.cluster(3)
    for mine, theirs in ((0, 1), (1, 0)):
        bgp = results[mine]["calico_node"]["bgp"]
        bgp["peers"] = [peer for peer in bgp["peers"] if peer["address"] != facts.address(theirs)]
    assert looked(results)[0].down == [("agent0", "agent1", "neither knows the other")]


def test_without_a_full_mesh_only_the_peers_that_there_are_count() -> None:
    results = facts.cluster(3)
    for number, result in enumerate(results):
        peers = result["calico_node"]["bgp"]["peers"] = [facts.peer(0)] if number else [facts.peer(1), facts.peer(2)]
        for peer, kind in zip(peers, ("node specific", "something else")):
            peer["type"] = kind
    mesh, problems, _rows = looked(results)
    assert mesh.pairs == 2 and mesh.unknown == 0 and problems == []


def test_a_peer_that_is_no_host_of_the_run() -> None:
    results = facts.cluster(2)
    for result in results:
        result["calico_node"]["bgp"]["peers"].append(facts.peer(9, established=False))
    mesh, problems, rows = looked(results)
    assert [problem.what for problem in problems] == [f"{facts.address(9)} has no BGP session with agent0, agent1"]
    assert problems[0].command == ("look", "-b -a '/bin/calicoctl get nodes --output=wide'")
    assert len(mesh.down) == 2 and rows[0].checks["sessions"] == ("ok", f"1/2, without {facts.address(9)}")


def test_very_many_are_one_problem_in_the_end() -> None:
    results = facts.cluster(40)
    for number in range(0, 40, 2):
        cut(results, number, number + 1)
    _mesh, problems, rows = looked(results)
    assert len(problems) == _status_sessions.MOST_CULPRITS + 1
    assert problems[-1].what == "10 further pairs of nodes have no BGP session" and len(problems[-1].hosts) == 20
    assert rows[39].checks["sessions"][0] == "warning"
