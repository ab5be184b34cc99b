"""What playbooks and roles promise of order, as data: which plays stop everything, which go host by host, and what outlives a restart of DC/OS."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import setup
import yaml
from layout import COLLECTIONS, ROOT

Play = dict[str, Any]
PLAYS = [
    (path.name, play)
    for path in sorted((ROOT / "playbooks").rglob("*.yml"))
    if path.parent.name != "tasks"
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
    ("calico_uninstall", "main"),
}
# Its members were started, or restarted, one by one just before: it waits until they are a quorum.
WAITS = {
    ("agents.yml", "Prepare the datastore before hosts use it"),
    # Nothing uses the members any more.
    ("uninstall.yml", "Remove the members of a managed datastore, where that is asked for"),
}
# They change nothing on any host, and what they say does not end another's run; or are of one host.
ONLY_LOOK = {
    ("agents.yml", "Check that every node of the cluster has a session with every other"),
    ("diagnostics.yml", "Look at every host, and make the bundles"),
    ("public_cloud.yml", "Report what was done in the public cloud"),
    ("rotate_certificates.yml", "Check that every node of the cluster has a session with every other"),
    ("status.yml", "Look at every host, and tell the state of the cluster"),
    ("audit.yml", "Compare the datastore with what every host has"),
    ("decommission.yml", "Validate that the agents may go"),
    ("decommission.yml", "Validate that the drained agents may go"),
    ("decommission.yml", "Look at every host again"),
}
# Where hosts are in no play unless something is to be done on them: plays that dcos.calico.site lists in every run, with hosts or without.
LISTED = 15
RP_FILTER_UNITS = {"dcos-mesos-slave.service", "dcos-mesos-slave-public.service", "dcos-mesos-master.service"}


def plays_of(name: str) -> Iterator[tuple[str, Play]]:
    """(file, play) of a playbook and those that it imports, in the order in which they run."""
    for item in yaml.safe_load((ROOT / "playbooks" / name).read_text(encoding="utf-8")):
        imported = item.get("ansible.builtin.import_playbook")
        yield from plays_of(imported) if imported else [(Path(name).name, item)]


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


def test_a_play_that_validates_or_changes_stops_everything_where_one_host_fails() -> None:
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
    names = [play["name"] for _file, play in plays_of("install.yml")]
    prepare = next(play for _file, play in PLAYS if play["name"] == "Prepare the hosts")
    roles = [role for role, entry in entries(prepare) if entry == "main"]
    for role in roles:
        text = (ROOT / "roles" / role / "tasks" / "main.yml").read_text(encoding="utf-8")
        assert "absent" not in text, f"{role} removes something on all hosts at once"
    retire = next(play["name"] for _file, play in PLAYS if ("calico_etcd", "retire") in set(entries(play)))
    successors = {("calico_node", "main"), ("calico_cni", "main")}
    before = [play["name"] for _file, play in plays_of("install.yml") if successors & set(entries(play))]
    assert names.index(retire) > max(names.index(name) for name in before)


def of_the_plan(name: str) -> Any:
    """A module of plugin_utils."""
    setup.link_collection()
    sys.path[:0] = [] if str(COLLECTIONS) in sys.path else [str(COLLECTIONS)]
    return importlib.import_module(f"ansible_collections.dcos.calico.plugins.plugin_utils.{name}")


def test_rp_filter_stays_strict_when_a_service_of_dcos_starts() -> None:
    """Each start of one sets it to loose on all interfaces, and Felix does not start again then."""
    desired = of_the_plan("_desired")
    assert all(text in desired.RP_FILTER for text in ("ExecStartPost=", "all/rp_filter", "echo 1 >"))
    assert set(desired.RP_FILTER_UNITS) == RP_FILTER_UNITS


def test_every_group_of_the_plan_has_a_play_and_every_such_play_a_group() -> None:
    plan = of_the_plan("_cluster_plan")
    planned = {f"calico_plan_{plan.TAKEN_BY.get(step, step)}" for step, _title in plan.STEPS}
    played = {
        group
        for _file, play in plays_of("install.yml")
        for group in str(play["hosts"]).split(":")
        if group.startswith("calico_plan_")
    }
    assert played == planned | {"calico_plan_certificates"}


# What all hosts share: (module, how a call of it says that it leaves to another one what takes something away, and how the other one does).
SHARED = {"dcos.calico.calicoctl_resource": ("removals", "later", "only")}
# Documents that no file of a host names: deleting a policy leaves no container without an address or a network.
NAMED_BY_NOTHING = {"calico_policy/tasks/main.yml"}


def modules_of(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(module, its options) of every task of a file, blocks included."""
    for task in node if isinstance(node, list) else []:
        for part in ("block", "rescue", "always"):
            yield from modules_of(task.get(part))
        yield from ((name, task[name] or {}) for name in SHARED if name in task)


def test_what_hosts_share_goes_after_all_of_them_have_changed() -> None:
    """A pool that is deleted, or disabled, while a network of an agent names it fails each container that is started there."""
    calls = {
        f"{path.parts[-3]}/tasks/{path.name}": options.get(SHARED[module][0])
        for path in sorted((ROOT / "roles").glob("*/tasks/*.yml"))
        for module, options in modules_of(yaml.safe_load(path.read_text(encoding="utf-8")))
        if options.get("prune") or options.get("state") == "absent" or options.get(SHARED[module][0])
    }
    assert {file: how for file, how in calls.items() if file not in NAMED_BY_NOTHING} == {
        "calico_datastore/tasks/pools.yml": "later",
        "calico_datastore/tasks/remove.yml": "only",
    }


def test_pools_go_after_the_last_agent_has_its_networks() -> None:
    """And pools come before the first; whatever playbook keeps pools removes them too."""
    plays = [play for _file, play in plays_of("install.yml")]
    place = {
        entry: [number for number, play in enumerate(plays) if entry in set(entries(play))]
        for play in plays
        for entry in entries(play)
    }
    networks, restarts = (
        place["calico_cni", "main"],
        place["calico_node", "main"] + place["calico_agent_restart", "main"],
    )
    assert max(place["calico_datastore", "main"]) < min(networks) and len(networks) == 2
    [last] = place["calico_datastore", "remove"]
    assert last > max(networks + restarts) and "serial" not in plays[last] and plays[last]["any_errors_fatal"]
    for file in ("install.yml", "policy.yml", "public_cloud.yml", "site.yml"):
        ran = [entry for _file, play in plays_of(file) for entry in entries(play)]
        keeps = [
            number
            for number, entry in enumerate(ran)
            if entry[0] in ("calico_datastore", "calico_public_cloud") and entry[1] in ("main", "pools")
        ]
        assert ("calico_datastore", "remove") in ran[max(keeps) :], file


def test_a_run_lists_few_plays() -> None:
    """Each that no host is in says "no hosts matched", which reads like a fault."""
    assert len(list(plays_of("site.yml"))) <= LISTED


COMPONENTS = {path.parts[-3] for path in (ROOT / "roles").glob("*/tasks/validate.yml")}


def test_every_optional_component_is_validated_in_the_first_play_and_nowhere_else() -> None:
    """By `site`; its own playbook has a first play, or a first task, that validates it, too."""
    (_file, first), *others = plays_of("site.yml")
    [together] = [entry for entry in entries(first) if entry[1] == "validate"]
    assert together[0] == "calico_{{ __calico_component }}"
    assert [entry for _file, play in others for entry in entries(play) if entry[1] == "validate"] == []
    switches = {f"calico_{name}" for name in of_the_plan("_variables").COMPONENTS}
    assert switches | {"calico_universe"} == COMPONENTS
    for role in COMPONENTS:
        ran = [entry for _file, play in plays_of(f"{role.removeprefix('calico_')}.yml") for entry in entries(play)]
        own = [entry for name, entry in ran if name == role]
        main = yaml.safe_load((ROOT / "roles" / role / "tasks" / f"{own[0]}.yml").read_text(encoding="utf-8"))
        assert own[0] == "validate" or main[0]["ansible.builtin.include_tasks"] == "validate.yml", role
        assert own.count("validate") <= 1, role


def test_each_optional_component_is_run_by_site_as_by_its_own_playbook() -> None:
    """The same entry points in the same order, each only on the hosts that want it."""
    site = [entry for _file, play in plays_of("site.yml") for entry in entries(play)]
    for role in COMPONENTS:
        alone = [entry for _file, play in plays_of(f"{role.removeprefix('calico_')}.yml") for entry in entries(play)]
        assert [entry for entry in site if entry[0] == role] == [
            entry for entry in alone if entry[0] == role and entry[1] != "validate"
        ] or role == "calico_universe", role
    shared = [
        task
        for file, play in plays_of("site.yml")
        for task in play["tasks"]
        if file == "site.yml" and "ansible.builtin.include_role" in task
    ]
    assert [task["name"] for task in shared if "in group_names" not in task["when"]] == []
