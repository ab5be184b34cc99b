"""What speaks against the going of agents, all of it in one refusal."""

from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _audit, _decommission

from .test_audit import EMPTY, NODE, agent
from .test_ipam import BEFORE, Entry

QUIET = {**EMPTY, "docker_error": None, "plugin_at_work": False}
SILENT = _audit.host("agent1", {NODE}, {"unreachable": True})
DRAINED = _audit.host("agent1", {NODE}, QUIET)
OTHER = _audit.host("agent2", {"agent2"}, QUIET)
TALKING = _audit.host("agent2", {"agent2"}, {**QUIET, "sessions": ["10.99.0.11"]})


def obstacles(
    *hosts: _audit.Host, remove: str = "agent1", dead: str = "", active: tuple[str, ...] = (), drain: str = "none"
) -> list[str]:
    """What is refused; nothing where the hosts may go."""
    removed = frozenset(name for one in hosts if one.name in remove.split(",") for name in one.names)
    look = _audit.Look(_audit.Cluster(BEFORE, hosts, removed=removed))
    try:
        _decommission.check(
            look,
            [name for name in remove.split(",") if name],
            [name for name in dead.split(",") if name],
            active,
            drain,
        )
    except CalicoError as error:
        return list(error.details.get("obstacles", [str(error)]))
    return []


def test_a_drained_agent_and_a_dead_one_may_go() -> None:
    assert obstacles(DRAINED, OTHER) == []
    assert obstacles(SILENT, OTHER, dead="agent1") == []
    # A session of an agent that answers is that of its calico/node, which is removed next; Mesos' agent goes on.
    assert obstacles(DRAINED, TALKING, active=(NODE,)) == []


@pytest.mark.parametrize(
    ("hosts", "more", "words"),
    [
        ((DRAINED, OTHER), {"remove": ""}, "No host is named"),
        ((DRAINED, OTHER), {"remove": "agent9"}, "agent9 is no agent of this run"),
        ((DRAINED, OTHER), {"remove": "agent1,agent2"}, "all agents of this run would go"),
        ((DRAINED, OTHER), {"dead": "agent1"}, "agent1 is in calico_decommission_dead, and answers"),
        ((DRAINED, OTHER), {"dead": "agent2"}, "agent2 is in calico_decommission_dead, and not in calico_decommission_hosts"),
        ((agent(), OTHER), {}, "agent1 has containers on Calico's networks"),
        ((SILENT, OTHER), {}, "agent1 does not answer: if it will not come back"),
        ((SILENT, TALKING), {"dead": "agent1"}, "BIRD of agent2 has a session with it"),
        ((SILENT, OTHER), {"dead": "agent1", "active": ("10.99.0.11",)}, "its agent is connected to Mesos' master"),
    ],
)  # fmt: skip
def test_what_may_not_go_is_refused(hosts: tuple[_audit.Host, ...], more: dict[str, object], words: str) -> None:
    assert any(words in line for line in obstacles(*hosts, **more))  # type: ignore[arg-type]


def test_a_host_whose_felix_reports_is_not_dead() -> None:
    keys = {**BEFORE, f"/calico/felix/v1/host/{NODE}/status": Entry("{}", 900)}
    look = _audit.Look(_audit.Cluster(keys, (SILENT, OTHER), removed=frozenset({NODE, "agent1"})))
    with pytest.raises(CalicoError, match="agent1 lives, though it does not answer: its Felix reports"):
        _decommission.check(look, ["agent1"], ["agent1"], ())


def test_a_node_that_may_be_another_host_too_does_not_go() -> None:
    """What it takes is decided by names, one of which the host itself says."""
    same = _audit.host("agent2", {"agent2", NODE}, QUIET)
    assert any(
        "node calico-agent1 of the datastore may also be that of agent2" in line for line in obstacles(DRAINED, same)
    )
    assert obstacles(DRAINED, same, _audit.host("agent3", {"agent3"}, QUIET), remove="agent1,agent2") == []


def test_containers_speak_against_it_only_when_they_had_time_to_leave() -> None:
    assert obstacles(agent(), OTHER, drain="first") == []
    assert any("They have not left it" in line for line in obstacles(agent(), OTHER, drain="done"))
    # Nobody drains what does not answer.
    assert obstacles(SILENT, OTHER, drain="first") != []
    with pytest.raises(CalicoError, match="agent1 stays drained: run again, or dcos.calico.undrain"):
        look = _audit.Look(_audit.Cluster(BEFORE, (agent(), OTHER), removed=frozenset({NODE})))
        _decommission.check(look, ["agent1"], [], (), "done")


def test_all_that_speaks_against_it_comes_at_once() -> None:
    assert len(obstacles(SILENT, TALKING, remove="agent1,agent9", active=("10.99.0.11",))) == 4


def test_only_a_host_that_goes_and_has_no_node_is_told_of() -> None:
    look = _audit.Look(_audit.Cluster(BEFORE, (DRAINED, OTHER), removed=frozenset({NODE})))
    assert _decommission.unknown(look, ["agent1"]) == []
    (told,) = _decommission.unknown(look, ["agent1", "agent2"])
    assert told.startswith("The datastore has no node of agent2")


def test_what_another_host_has_does_not_speak_for_a_dead_one() -> None:
    keys = {**BEFORE, "/calico/bgp/v1/host/agent2/ip_addr_v4": Entry("10.99.0.12", 900)}
    talking = _audit.host("agent3", {"agent3"}, {**QUIET, "sessions": ["10.99.0.12"]})
    look = _audit.Look(_audit.Cluster(keys, (SILENT, OTHER, talking), removed=frozenset({NODE, "agent1"})))
    _decommission.check(look, ["agent1"], ["agent1"], ("10.99.0.12",))
