from __future__ import annotations

from ansible_collections.dcos.calico.plugins.plugin_utils import _verify_judge as judge
from ansible_collections.dcos.calico.plugins.plugin_utils import _verify_pairs as pairs

from ..verify_seen import NUMBERS, World, agent


def said(world: World, host: str = "agent1") -> str:
    rows = [row for row in judge.judge(world.seen()) if row.host == host]
    return " ".join(str(finding) for check in rows[0].failed for finding in check.findings)


def test_a_policy_at_one_container() -> None:
    """The others' rows fail, and its own does not."""
    world = World()
    world.broken(11, 12)
    world.broken(61, 12)
    rows = {row.host: [check.name for check in row.failed] for row in judge.judge(world.seen())}
    assert rows == {"agent1": ["peers"], "agent2": [], "public1": ["peers"]}
    assert "It does not reach 10.0.1.12 (TCP and UDP: no answer)" in said(world) and "answers its own host and nobody else" in said(world)
    assert "calicoctl get profile" in said(world)


def test_no_route() -> None:
    for route in (None, "0.0.0.0/0 via 10.0.1.1 dev eth0"):
        world = World()
        world.broken(11, 12, route=route)
        assert "no route to the other's block" in said(world) and "TCP 179" in said(world)
        world.broken(12, 11)
        assert "the other host has no route back" in said(world, "agent2")


def test_the_hosts_themselves() -> None:
    world = World()
    world.broken(11, 12, answers=False)
    assert "does not reach the other host itself" in said(world)


def test_a_tunnel() -> None:
    world = World()
    world.broken(11, 12, route="192.168.12.64/26 via 10.0.1.12 dev tunl0")
    assert "IP-in-IP, and these get lost, though the other direction works" in said(world) and "protocol 4" in said(world)
    world.broken(12, 11, route="192.168.11.64/26 via 10.0.1.11 dev tunl0")
    assert "other direction" not in said(world)


def test_a_container_that_gets_out_nowhere() -> None:
    world = World()
    world.broken(11, 12)
    world.broken(11, 61)
    assert "It does not reach 10.0.1.12, 10.0.1.61" in said(world) and "this container reaches nobody" in said(world)


def test_one_protocol() -> None:
    world = World()
    world.broken(11, 12)
    world.container(11)["peers"][0]["tcp"] = {"error": None, "ms": 1}
    assert "(UDP: no answer)" in said(world) and "only one protocol passes" in said(world)


def test_on_the_way() -> None:
    world = World()
    world.broken(11, 12, error="refused")
    assert "the connection is refused" in said(world) and "though the other direction works" in said(world) and "security groups" in said(world)


def test_what_could_not_be_tried() -> None:
    world = World()
    world.container(11)["peers"][0] = {"agent": agent(12), "app": "x", "address": "x", "error": "too many files"}
    assert "it could not be tried: too many files" in said(world)


def test_the_matrix() -> None:
    world = World()
    world.broken(11, 12)
    matrix = world.seen().matrix("calico")
    assert matrix.callers(agent(12)) == [False, True] and matrix.calls(agent(11)) == [False, True] and len(matrix.containers) == len(NUMBERS)
    assert matrix.answers_its_host(agent(12)) and not matrix.answers_its_host("x") and matrix.peer("x", "y") is None
    assert pairs.words("timeout") == "no answer" and pairs.words("Broken pipe") == "Broken pipe"
