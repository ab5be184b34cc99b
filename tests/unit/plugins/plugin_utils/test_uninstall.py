from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _uninstall
from ansible_collections.dcos.calico.plugins.plugin_utils._uninstall import Host, Options

NODE = {"part": "calico/node", "changes": ["calico-node.service", "container calico-node"]}
MEMBER = {"part": _uninstall.MEMBER, "changes": ["calico-etcd.service"]}


def host(name: str, *parts: dict[str, Any], reached: bool = True, node: str | None = None, **more: Any) -> Host:
    nodes = more.pop("nodes", ["10.0.0.1", "10.0.0.2"] if reached else [])
    datastore = {
        "reached": reached,
        "nodes": nodes,
        "key_count": 30 if reached else 0,
        "error": None if reached else "etcd is down.",
    }
    found = {"left": [], "refusals": [], "member": False, **more}
    return Host(name, parts or (NODE,), node=node or f"10.0.0.{name[-1]}", datastore=datastore, **found)


CLEAN = Host(
    "a9",
    (),
    (),
    (),
    None,
    {"reached": False, "nodes": [], "key_count": 0, "error": "There is no /etc/calico/calicoctl.cfg."},
    False,
)
DELETE = Options(delete=True, without_backup=True)


def problems(made: _uninstall.UninstallPlan) -> list[str]:
    return [f"{finding.host}: {finding}" for finding in made.findings]


def test_hosts_that_lose_something_take_part_in_their_order() -> None:
    made = _uninstall.plan([host("a2"), CLEAN, host("a1")], Options())
    assert _uninstall.groups(made) == {"a2": [_uninstall.HOSTS], "a1": [_uninstall.HOSTS]}
    assert list(_uninstall.groups(made)) == ["a2", "a1"] and made.last is None and not made.findings
    assert _uninstall.document(made)["order"] == ["a2", "a1"] and list(_uninstall.document(made)["hosts"]) == [
        "a2",
        "a1",
    ]


def test_what_uses_calico_is_told_for_all_hosts_together() -> None:
    made = _uninstall.plan(
        [host("a1", refusals=["Containers are on it"]), host("a2", refusals=["Docker is on it"])], Options()
    )
    assert problems(made) == ["a1: Containers are on it.", "a2: Docker is on it."]


def test_the_datastore_is_deleted_by_the_last_that_can_read_it() -> None:
    made = _uninstall.plan([host("a1"), host("a2", nodes=["10.0.0.1"]), host("a3", reached=False)], DELETE)
    assert [each.name for each in made.hosts] == ["a1", "a3", "a2"] and made.last == "a2" and not made.findings
    assert (
        "  The datastore is deleted by a2, the last host. There is no backup of it, as asked for."
        in _uninstall.lines(made)
    )


def test_a_backup_is_made_by_the_one_that_deletes() -> None:
    made = _uninstall.plan([host("a1"), host("a2")], Options(delete=True, backup_file="b.json"))
    assert (
        _uninstall.groups(made)["a2"] == [_uninstall.HOSTS, _uninstall.LAST, _uninstall.BACKUP]
        and "It is backed up first." in _uninstall.lines(made)[-1]
    )


def test_of_an_empty_datastore_there_is_no_backup() -> None:
    empty = Host(
        "a1", (NODE,), (), (), "10.0.0.1", {"reached": True, "nodes": [], "key_count": 0, "error": None}, False
    )
    made = _uninstall.plan([empty], Options(delete=True, backup_file="b.json"))
    assert not made.backup and not made.findings
    assert _uninstall.plan(
        [empty, host("a2")], Options(delete=True, backup_file="b.json")
    ).backup  # It is the last one's.
    assert not _uninstall.plan([empty], Options(delete=True)).findings


@pytest.mark.parametrize(
    ("hosts", "options", "words"),
    [
        ([host("a1")], DELETE, "has nodes that are none of this run: 10.0.0.2. "),
        ([host("a1"), host("a2")], Options(delete=True), "it is not said whether a backup is to be made first"),
        ([host("a1", reached=False)], DELETE, "no host can read it: etcd is down."),
        ([host("a1")], Options(members=True), "The etcd members are to go, and the datastore that they hold is not"),
    ],
)
def test_what_cannot_be(hosts: list[Host], options: Options, words: str) -> None:
    made = _uninstall.plan(hosts, options)
    assert len(made.findings) == 1 and words in str(made.findings[0])


def test_a_node_whose_host_is_gone_is_forgotten_by_name() -> None:
    assert not _uninstall.plan(
        [host("a1")], Options(True, forget_nodes=frozenset(["10.0.0.2"]), without_backup=True)
    ).findings


def test_members_go_last_and_those_that_are_all_that_is_left_too() -> None:
    master = host("m1", MEMBER, reached=False, member=True)
    made = _uninstall.plan([host("a1"), host("a2"), master], Options(True, members=True, without_backup=True))
    assert _uninstall.groups(made)["m1"] == [_uninstall.MEMBERS] and not made.findings
    text = _uninstall.lines(made)
    assert (
        text[-1] == "  Last, the etcd members of m1 go, and all that they hold."
        and "  m1, node 10.0.0.1 loses:" in text
    )
    # A run that was killed after the last node: nothing but the members is left.
    assert not _uninstall.plan([CLEAN, master], Options(True, members=True, without_backup=True)).findings


@pytest.mark.parametrize(
    ("datastore", "more", "words"),
    [
        # Agents are left out of the run, and use it.
        ({"reached": True, "nodes": ["10.0.0.1"], "key_count": 30}, {}, "nodes that are none of this run: 10.0.0.1"),
        ({"reached": True, "nodes": ["10.0.0.1"], "key_count": 30}, {"forget_nodes": frozenset(["10.0.0.1"])}, ""),
        # A backup is asked for, and nobody can make it.
        (
            {"reached": True, "nodes": [], "key_count": 30},
            {"without_backup": False, "backup_file": "b.json"},
            "can back up what they hold. Run",
        ),
        ({"reached": True, "nodes": [], "key_count": 30}, {}, ""),
        # An earlier run has deleted it.
        ({"reached": True, "nodes": [], "key_count": 0}, {"without_backup": False, "backup_file": "b.json"}, ""),
        # Nobody knows.
        (
            {"reached": False, "nodes": [], "key_count": 0, "error": "No quorum."},
            {"without_backup": False},
            "what they hold: No quorum. Run",
        ),
        ({"reached": False, "nodes": [], "key_count": 0, "error": "No quorum."}, {}, ""),
    ],
)
def test_members_that_are_all_that_is_left_hold_a_datastore(
    datastore: dict[str, Any], more: dict[str, Any], words: str
) -> None:
    options = Options(**{"delete": True, "members": True, "without_backup": True, **more})
    for parts in ((MEMBER,), (MEMBER, {"part": "executables", "changes": ["/opt/calico/bin/etcd"]})):
        master = Host("m1", parts, (), (), None, {"error": None, "by_member": True, **datastore}, True)
        made = _uninstall.plan([CLEAN, master], options)
        assert len(made.findings) == bool(words) and words in "".join(map(str, made.findings))
        assert "  The datastore goes with the etcd members." in "\n".join(_uninstall.lines(made))


def test_members_that_are_kept_are_named() -> None:
    assert "  The etcd members stay, and what they use." in _uninstall.lines(
        _uninstall.plan([host("m1", member=True)], Options())
    )


def test_the_table() -> None:
    many = {"part": "files", "changes": ["/a", "/b", "/c"]}
    cut = {"part": _uninstall.CONTAINERS, "changes": ["interface cali1", "interface cali2", "interface cali3"]}
    made = _uninstall.plan([host("a1", NODE, many, cut, left=["tunl0 stays"]), CLEAN], Options())
    assert _uninstall.lines(made) == [
        "Uninstall: 1 of 2 hosts loses Calico, one after the other; 1 has nothing of it.",
        "  a1, node 10.0.0.1 loses:",
        "    calico/node: calico-node.service, container calico-node",
        "    files: 3, /a to /c",
        "    containers cut off: interface cali1, interface cali2, interface cali3",
        "    Stays: tunl0 stays",
        "  The datastore stays, without the nodes of these hosts.",
    ]


def test_a_datastore_that_nobody_can_ask_any_more_is_told_of_and_no_failure() -> None:
    made = _uninstall.plan([CLEAN], DELETE)
    assert not made.findings and _uninstall.lines(made)[1].startswith(
        "  The datastore is not looked at: no host can ask it any more."
    )


def test_nothing_to_do() -> None:
    assert _uninstall.lines(_uninstall.plan([CLEAN], Options())) == [
        "Uninstall: nothing to do. 1 host of this run has nothing of Calico."
    ]
