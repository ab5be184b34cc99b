"""What playbooks and roles promise of order, as data: which plays stop everything, which go host by host, and what outlives a restart of DC/OS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from layout import ROOT

from ansible_collections.dcos.calico.plugins.plugin_utils import _cluster_plan, _desired

Play = dict[str, Any]
PLAYS = [
    (path.name, play)
    for path in sorted((ROOT / "playbooks").glob("*.yml"))
    for play in yaml.safe_load(path.read_text(encoding="utf-8"))
    if "hosts" in play
]
# (role, entry point) that may restart what carries packets or tasks, on each host.
RESTARTS = {
    ("calico_node", "main"),
    ("calico_agent_restart", "main"),
    ("calico_docker_network", "main"),
    ("calico_mesos_dns", "main"),
    ("calico_etcd", "member"),
    ("calico_etcd", "retire"),
    ("calico_public_cloud", "restart"),
}
# Its members were started, or restarted, one by one just before: it waits until they are a quorum.
WAITS = {("install.yml", "See that the managed datastore is healthy")}
# They change nothing, and what they say does not end another's run; or are of one host.
ONLY_LOOK = {
    ("install.yml", "See whether masters run calico/node too"),
    ("install.yml", "See that every node of the cluster has a session with every other"),
    ("judge.yml", "See which chapters are switched on"),
    ("manifest.yml", "Write down the digests of a release"),
    ("public_cloud.yml", "See which agents this is about"),
    ("public_cloud.yml", "See which masters run calico/node too"),
    ("public_cloud.yml", "Say which it was"),
    ("rotate_certificates.yml", "See what runs on masters"),
    ("rotate_certificates.yml", "See that every node of the cluster has a session with every other"),
}
RP_FILTER_UNITS = {"dcos-mesos-slave.service", "dcos-mesos-slave-public.service", "dcos-mesos-master.service"}


def entries(play: Play) -> Iterator[tuple[str, str]]:
    """(role, entry point) of everything that a play runs."""
    for role in play.get("roles", []):
        yield str(role["role"]).removeprefix("dcos.calico."), role.get("tasks_from", "main")
    for task in [task for part in ("pre_tasks", "tasks", "post_tasks") for task in play.get(part, [])]:
        for how in ("ansible.builtin.import_role", "ansible.builtin.include_role"):
            if how in task:
                yield task[how]["name"].removeprefix("dcos.calico."), task[how].get("tasks_from", "main")


def first_batch(serial: Any) -> Any:
    """How many hosts a play takes first; of a variable, its default."""
    if isinstance(serial, str) and "default(" in serial:
        serial = yaml.safe_load(serial.split("default(")[1].rsplit(")", 1)[0])
    return serial[0] if isinstance(serial, list) else serial


def test_a_play_that_judges_or_changes_stops_everything_where_one_host_fails() -> None:
    assert {(file, play["name"]) for file, play in PLAYS if not play.get("any_errors_fatal")} == ONLY_LOOK
    assert [play["name"] for file, play in PLAYS if (file, play["name"]) in ONLY_LOOK and play.get("become")] == []


def test_whatever_restarts_something_begins_with_one_host() -> None:
    restarting = {(file, play["name"]): play for file, play in PLAYS if RESTARTS & set(entries(play))}
    assert len(restarting) >= len(RESTARTS)
    assert WAITS < set(restarting)
    assert [key for key, play in restarting.items() if key not in WAITS and first_batch(play.get("serial")) != 1] == []


def test_each_entry_point_that_restarts_is_there() -> None:
    assert [name for name in RESTARTS if not (ROOT / "roles" / name[0] / "tasks" / f"{name[1]}.yml").is_file()] == []


def test_nothing_is_removed_where_hosts_are_prepared_side_by_side() -> None:
    """What goes has a successor on its host first; retire.yml comes after the nodes and networks."""
    names = [play["name"] for file, play in PLAYS if file == "install.yml"]
    prepare = next(play for _file, play in PLAYS if play["name"] == "Prepare the hosts")
    roles = [role for role, entry in entries(prepare) if entry == "main"]
    for role in roles:
        text = (ROOT / "roles" / role / "tasks" / "main.yml").read_text(encoding="utf-8")
        assert "absent" not in text, f"{role} removes something on all hosts at once"
    retire = next(play["name"] for _file, play in PLAYS if ("calico_etcd", "retire") in set(entries(play)))
    successors = {("calico_node", "main"), ("calico_cni", "main")}
    before = [play["name"] for file, play in PLAYS if file == "install.yml" and successors & set(entries(play))]
    assert names.index(retire) > max(names.index(name) for name in before)


def test_rp_filter_stays_strict_when_a_service_of_dcos_starts() -> None:
    """Each start of one sets it to loose on all interfaces, and Felix does not start again then."""
    assert "ExecStartPost=" in _desired.RP_FILTER and "all/rp_filter" in _desired.RP_FILTER and "echo 1 >" in _desired.RP_FILTER
    assert set(_desired.RP_FILTER_UNITS) == RP_FILTER_UNITS


def test_every_group_of_the_plan_has_a_play_and_every_such_play_a_group() -> None:
    planned = {f"calico_plan_{step}" for step, _title in _cluster_plan.STEPS}
    played = {str(play["hosts"]) for file, play in PLAYS if file == "install.yml" and str(play["hosts"]).startswith("calico_plan_")}
    assert played == planned | {"calico_plan_certificates"}
