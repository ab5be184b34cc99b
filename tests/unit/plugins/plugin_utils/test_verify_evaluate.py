from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _verify_evaluate as evaluate
from ansible_collections.dcos.calico.plugins.plugin_utils._verify_plan import CHECKS

from ...support.verify_seen import NUMBERS, World, address, agent

Change = Callable[[World], Any]


def failures(world: World) -> dict[str, list[str]]:
    """{host: checks that failed}."""
    found = {row.host: [check.name for check in row.failed] for row in evaluate.evaluate(world.seen())}
    return {host: names for host, names in found.items() if names}


def words(world: World, host: str) -> str:
    """All that is said of a host."""
    return " ".join(
        str(finding)
        for row in evaluate.evaluate(world.seen())
        if row.host == host
        for check in row.failed
        for finding in check.findings
    )


def test_all_is_well() -> None:
    rows = evaluate.evaluate(World().seen())
    assert [row.host for row in rows] == ["agent1", "agent2", "public1"] and not failures(World())
    assert [list(row.checks) for row in rows] == [list(CHECKS)] * 3
    assert {check.name: check.text for check in rows[0].checks.values()} == {
        **dict.fromkeys(CHECKS, "ok"),
        "peers": "2/2",
        "large": "2/2",
    }


def one(name: str, change: Change, check: str, *said: str, host: str = "agent1") -> Any:
    return pytest.param(change, host, check, said, id=name)


BROKEN = [
    one("no such network", lambda w: w.app(11).update(ready=False, tasks=[], failure="TASK_FAILED on 10.0.1.11: Unknown CNI network 'calico'"), "started",
        "Its app does not start: TASK_FAILED", "Unknown CNI network", "log of the Mesos agent"),
    one("no offer", lambda w: w.app(11).update(ready=False, tasks=[], text="0 of 1 instances run, being deployed"), "started",
        "cpus 0.05, mem 64", "Free resources"),
    one("a lost agent", lambda w: w.agents[0].update(active=False), "started", "Mesos has lost the agent 10.0.1.11"),
    one("an app that is gone", lambda w: w.apps.pop(0), "started", "Marathon has no app for it"),
    one("no login", lambda w: w.results.update(agent1={"unreachable": True, "msg": "No route to host"}) or w.cluster[0].update(address="agent1")
        or w.agents[0].update(address="agent1") or w.app(11)["labels"].update(CALICO_VERIFY_AGENT="agent1"), "probe",
        "cannot be logged in to: No route to host"),
    one("a module that fails", lambda w: w.results.update(agent1={"msg": "MODULE FAILURE", "agent": agent(11)}), "probe", "MODULE FAILURE"),
    one("no container there", lambda w: w.results["agent1"].update(containers=[]), "probe", "not found on this host"),
    one("on the host's network", lambda w: w.container(11).update(problem="Its processes are in the host's own network namespace"), "probe",
        "network namespace"),
    one("an address of no pool", lambda w: w.results["agent1"].update(pools=[{"cidr": "172.29.0.0/16"}]), "address",
        "192.168.11.64 is in no pool of the datastore", "172.29.0.0/16"),
    one("a disabled pool", lambda w: w.results["agent1"].update(pools=[{"cidr": "192.168.0.0/16", "disabled": True}]), "address", "in no pool"),
    one("another address inside", lambda w: w.container(11)["interface"].update(address="192.168.11.65"), "address",
        "the container's own interface 192.168.11.65"),
    one("another address in Mesos", lambda w: w.app(11)["tasks"][0].update(mesos_addresses=["192.168.11.66"]), "address", "Mesos 192.168.11.66"),
    one("Mesos never learnt it", lambda w: w.app(11)["tasks"][0].update(addresses=[agent(11)]), "address", "only the agent's own address", "cniVersion"),
    one("no endpoint", lambda w: w.container(11).update(endpoint=None), "address", "no endpoint with 192.168.11.64 at node 10.0.1.11", "nodename"),
    one("labels that are lost", lambda w: w.container(11)["endpoint"].update(labels={}), "address", "has not the labels"),
    one("no route", lambda w: w.container(11)["host"].update(interface=None, route="0.0.0.0/0 dev eth0"), "route",
        "the host's route is 0.0.0.0/0 dev eth0", "Felix"),
    one("a stale interface", lambda w: w.container(11)["endpoint"].update(interface="caliold"), "route", "endpoint is caliold"),
    one("no gateway", lambda w: w.container(11)["interface"].update(gateway=None), "route", "no default route"),
    one("no answer to its host", lambda w: w.container(11)["host"].update(answers="timeout"), "route", "does not answer its own host", "no answer"),
    one("rp_filter loose", lambda w: w.container(11)["host"].update(rp_filter={"all": 2, "interface": 1}), "rp_filter", "all is 2", "can forge its address"),
    one("rp_filter off", lambda w: w.container(11)["host"].update(rp_filter={"all": 0, "interface": 0}), "rp_filter", "cali11 is 0"),
    one("no name", lambda w: w.container(11)["names"][0].update(error="no such name", addresses=[]), "dns", "198.51.100.1 knows no such name", "dcos-net"),
    one("no name server", lambda w: w.container(11)["names"][0].update(error="198.51.100.1 port 53: timed out"), "dns", "timed out", "port 53"),
    one("the agent's address", lambda w: w.container(11)["names"][0].update(error="other addresses", addresses=[agent(11)], name="x.marathon.mesos"), "dns",
        "says 10.0.1.11", "IPSources"),
    one("not outside", lambda w: w.container(11)["outside"][0].update(error="timeout"), "outside", "10.0.0.11:5050 is not reached", "host itself"),
    one("not outside without NAT", lambda w: w.container(11)["outside"][0].update(error="timeout")
        or w.results["agent1"].update(pools=[{"cidr": "192.168.0.0/16"}]), "outside", "no nat_outgoing"),
    one("no NAT", lambda w: w.container(11)["outside"][0].update(seen_as=address(11)), "outside", "10.0.0.11 sees 192.168.11.64"),
    one("a policy without effect", lambda w: w.container(11)["policy"].update(denied=None), "policy", "on 10.0.1.12 lets packets pass", "Felix"),
    one("a policy that closes all", lambda w: w.container(11)["policy"].update(allowed="timeout"), "policy", "closes another one too"),
    one("a policy that stays", lambda w: w.container(11)["policy"].update(after="timeout"), "policy", "stays closed"),
    one("a policy that cannot be made", lambda w: w.container(11)["policy"].update(error="etcd has no leader."), "policy", "etcd has no leader"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "host", "check", "said"), BROKEN)
def test_one_thing_is_broken_and_one_check_fails(change: Change, host: str, check: str, said: tuple[str, ...]) -> None:
    world = World()
    change(world)
    assert failures(world) == {("agent1" if host == "agent1" else host): [check]}
    if check in ("started", "probe"):
        [row] = [row for row in evaluate.evaluate(world.seen()) if row.host == host]
        later = CHECKS[CHECKS.index(check) + 1 :]
        assert {row.checks[name].status for name in later} == {evaluate.SKIPPED}, "nothing was measured there"
    for text in said:
        assert text in words(world, host)


def test_two_containers_of_one_address() -> None:
    world = World()
    world.app(12)["tasks"][0].update(addresses=[address(11)], mesos_addresses=[address(11)])
    world.container(12)["interface"].update(address=address(11))
    assert failures(world) == {
        "agent1": ["address"],
        "agent2": ["address"],
    } and "is the address of /dcos-calico-verify" in words(world, "agent1")


def test_a_networks_own_pools() -> None:
    world = World()
    world.networks = [{"name": "calico", "ipv4_pools": ["192.168.11.0/24", "192.168.12.0/24"]}]
    assert failures(world) == {"public1": ["address"]}


def test_without_calicoctl_nothing_is_said_of_it_and_pools_are_the_inventorys() -> None:
    world = World()
    for result in world.results.values():
        result.update(pools=None, calico_error="there is no executable /opt/calico/bin/calicoctl")
        result["containers"][0].update(endpoint=None, policy=None)
    assert failures(world) == {} and all(
        row.checks["policy"].status == evaluate.SKIPPED for row in evaluate.evaluate(world.seen())
    )


def test_a_datastore_that_does_not_answer() -> None:
    world = World()
    world.results["agent1"].update(pools=None, calico_error="etcd cannot be reached (calicoctl get ipPool).")
    world.container(11).update(endpoint=None, policy=None)
    assert failures(world) == {"agent1": ["address", "policy"]} and "etcd cannot be reached" in words(world, "agent1")


def test_checks_that_are_left_out() -> None:
    world = World()
    world.skip = ["rp_filter", "dns"]
    world.container(11)["host"]["rp_filter"]["all"] = 2
    assert failures(world) == {} and evaluate.evaluate(world.seen())[0].checks["rp_filter"].status == evaluate.SKIPPED


def test_large_packets() -> None:
    world = World()
    large = {"bulk": None, "datagram": "too_large", "path_mtu": 1440}
    for one_of in world.container(11)["peers"]:
        one_of["large"] = dict(large)
    assert failures(world) == {"agent1": ["large"]} and evaluate.evaluate(world.seen())[0].checks["large"].text == "0/2"
    said = words(world, "agent1")
    assert (
        said.count("Large packets do not pass") == 1
        and "an MTU of 1500, and packets of more than 1440 bytes" in said
        and "Set mtu: 1440" in said
    )
    world.container(11)["peers"][0]["large"] = {"bulk": "timeout", "datagram": None, "path_mtu": 1500}
    assert "much data by TCP: no answer" in words(world, "agent1").replace(
        "Large packets do not pass to 10.0.1.12: ", ""
    )


def test_hosts_that_were_not_asked_for_have_no_row_and_strangers_do() -> None:
    world = World()
    world.agents = world.agents[:1]
    assert [row.host for row in evaluate.evaluate(world.seen())] == ["agent1"]
    world = World()
    world.results["stranger"] = {"agent": "10.9.9.9", "containers": []}
    world.results["silent"] = {"unreachable": True, "msg": "timed out"}
    assert failures(world) == {"stranger": ["started"], "silent": ["started"]}
    assert "Mesos knows no agent 10.9.9.9" in words(world, "stranger") and "timed out" in words(world, "silent")


def test_a_row_is_the_same_whole_or_alone() -> None:
    """What a run on one agent says of it is what a run on all says."""
    world = World()
    world.broken(12, 11)
    world.container(61)["host"]["rp_filter"]["all"] = 2
    whole = {
        row.host: {check.name: (check.status, check.text) for check in row.checks.values()}
        for row in evaluate.evaluate(world.seen())
    }
    for name, result in list(world.results.items()):
        alone = World()
        alone.results = {name: result}
        rows = evaluate.evaluate(alone.seen())
        assert [row.host for row in rows] == [name]
        assert {check.name: (check.status, check.text) for check in rows[0].checks.values()} == whole[name]


def test_one_agent_alone_has_no_pairs() -> None:
    world = World()
    world.agents, world.cluster, world.apps = world.agents[:1], world.cluster[:1], world.apps[:1]
    world.results = {"agent1": world.results["agent1"]}
    world.container(11).update(peers=[], policy=None)
    assert failures(world) == {} and evaluate.evaluate(world.seen())[0].checks["peers"].status == evaluate.SKIPPED


@pytest.mark.parametrize(
    ("path", "said"),
    [(None, "Set mtu: 1400"), (1200, "Set mtu: 1200"), (9000, "Set mtu: 9000"), (1500, "Look for what drops packets")],
)
def test_the_mtu_that_is_proposed_is_that_of_the_path(path: int | None, said: str) -> None:
    world = World()
    world.container(11)["peers"][0]["large"] = {"bulk": "timeout", "datagram": "too_large", "path_mtu": path}
    assert said in words(world, "agent1")


def said(world: World, host: str = "agent1") -> str:
    rows = [row for row in evaluate.evaluate(world.seen()) if row.host == host]
    return " ".join(str(finding) for check in rows[0].failed for finding in check.findings)


def test_a_policy_at_one_container() -> None:
    """The others' rows fail, and its own does not."""
    world = World()
    world.broken(11, 12)
    world.broken(61, 12)
    rows = {row.host: [check.name for check in row.failed] for row in evaluate.evaluate(world.seen())}
    assert rows == {"agent1": ["peers"], "agent2": [], "public1": ["peers"]}
    assert "It does not reach 10.0.1.12 (TCP and UDP: no answer)" in said(
        world
    ) and "answers its own host and nobody else" in said(world)
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
    assert "IP-in-IP, and these get lost, though the other direction works" in said(world) and "protocol 4" in said(
        world
    )
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
    assert (
        "the connection is refused" in said(world)
        and "though the other direction works" in said(world)
        and "security groups" in said(world)
    )


def test_what_could_not_be_tried() -> None:
    world = World()
    world.container(11)["peers"][0] = {"agent": agent(12), "app": "x", "address": "x", "error": "too many files"}
    assert "it could not be tried: too many files" in said(world)


def test_the_matrix() -> None:
    world = World()
    world.broken(11, 12)
    matrix = world.seen().matrix("calico")
    assert (
        matrix.callers(agent(12)) == [False, True]
        and matrix.calls(agent(11)) == [False, True]
        and len(matrix.containers) == len(NUMBERS)
    )
    assert matrix.answers_its_host(agent(12)) and not matrix.answers_its_host("x") and matrix.peer("x", "y") is None
    assert evaluate.words("timeout") == "no answer" and evaluate.words("Broken pipe") == "Broken pipe"
