from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _upgrade
from ansible_collections.dcos.calico.plugins.plugin_utils._upgrade import Host, Options

IDS = {1: "10.0.0.1", 2: "10.0.0.2", 3: "10.0.0.3"}
OPTIONS = Options("2.6.12", "/b.json", soak=60)


def seen(number: int, release: str = "2.6.6", *, steps: bool = True, peers: bool = True, **node: Any) -> dict[str, Any]:
    """What agent_plan finds on an agent: all of one release, and well unless said otherwise."""
    of = {"2.6.6": ("1.6.3", "1.11.2"), "2.6.7": ("1.6.3", "1.11.2"), "2.6.12": ("1.6.5", "1.11.8")}[release]
    programs = {"calicoctl": of[0], "calico": of[1], "calico-ipam": of[1], "etcd": "3.3.1"}
    plan: dict[str, Any] = {
        "sysctl": {"changed": False, "names": []},
        "etcd_proxy": {"changed": False, "names": [], "healthy": True},
        "executable": {"changed": steps, "names": ["/opt/calico/bin/calicoctl"] if steps else []},
        "calicoctl_node": {
            "changed": steps,
            "names": [
                "image calico/node:v2.6.12",
                "/etc/systemd/system/calico-node.service",
                "calico-node.service",
                "container calico-node",
            ]
            if steps
            else [],
            "action": "restart" if steps else "none",
            "differences": ["image: runs calico/node:v2.6.6, should be calico/node:v2.6.12"] if steps else [],
            "ip": f"{IDS[number]}/24",
        },
        "cni_network": {
            "changed": steps,
            "names": ["/opt/calico/bin/calico", "/opt/mesosphere/active/cni/calico-ipam"] if steps else [],
        },
        "mesos_agent": {"changed": False, "names": [], "action": "none"},
    }
    others = [{"address": address, "established": peers} for other, address in IDS.items() if other != number]
    return {
        "dcos": {},
        "executables": [
            {"path": f"/opt/calico/bin/{name}", "present": True, "version": version}
            for name, version in programs.items()
        ],
        "calico_node": {
            "container": {"present": True, "running": True, "image": f"calico/node:v{release}", "id": f"c{number}"},
            "felix": {"running": True, "ready": True, "age": 500.0, "error": None},
            "bgp": {"answers": True, "peers": others, "error": None},
            **node,
        },
        "etcd": [{"healthy": True}],
        "plan": plan,
    }


def hosts(*found: dict[str, Any]) -> list[Host]:
    return [Host(f"agent{number}", each) for number, each in enumerate(found, 1)]


def three() -> list[dict[str, Any]]:
    return [seen(number) for number in IDS]


def made(found: list[dict[str, Any]], options: Options = OPTIONS, reader: str = "agent1") -> _upgrade.UpgradePlan:
    return _upgrade.plan(hosts(*found), options, reader)


def words(plan: _upgrade.UpgradePlan) -> list[tuple[str, str]]:
    return [(finding.host, finding.what) for finding in plan.findings]


def test_the_first_host_is_the_canary_and_the_others_follow() -> None:
    plan = made(three())
    assert plan.findings == [] and plan.order == ["agent1", "agent2", "agent3"]
    assert _upgrade.groups(plan) == {
        "agent1": [_upgrade.CANARY, _upgrade.WATCHES, _upgrade.LAST, _upgrade.BACKUP],
        "agent2": [_upgrade.OTHERS, _upgrade.WATCHES, _upgrade.LAST],
        "agent3": [_upgrade.OTHERS, _upgrade.WATCHES, _upgrade.LAST],
    }
    assert _upgrade.lines(plan) == [
        "Upgrade to Calico 2.6.12: 3 of 3 hosts change, one after the other.",
        "  First the backup /b.json is made, which disturbs nothing. The datastore is compared with it afterwards.",
        "  The canary, which is watched for 60 seconds before others follow:",
        "    agent1: 2.6.6 -> 2.6.12; calicoctl, calico/node restarts, CNI plugins.",
        "  Then, one after the other:",
        "    agent2, agent3: 2.6.6 -> 2.6.12; calicoctl, calico/node restarts, CNI plugins.",
        "  While calico/node restarts, packets go on, and no container can be started on that host for some seconds.",
        "  The first failure ends it for all hosts. To go on, run the same again: what is done is skipped.",
        "  To go back, set calico_release to 2.6.6, with the checksums that belong to it, and run the same with the same backup file.",
    ]


def test_a_canary_is_chosen_by_name() -> None:
    assert made(three(), Options("2.6.12", "/b.json", canary="agent3")).order == ["agent3", "agent1", "agent2"]
    assert words(made(three(), Options("2.6.12", "/b.json", canary="agent9"))) == [
        ("all hosts", "The canary agent9 is no host of this run")
    ]


def test_a_master_is_no_canary_by_itself() -> None:
    found = three()
    del found[0]["plan"]["mesos_agent"]
    assert made(found).order == ["agent2", "agent3", "agent1"]


def test_nothing_to_do_is_said() -> None:
    plan = made([seen(number, "2.6.12", steps=False) for number in IDS], Options("2.6.12"))
    assert plan.findings == [] and not plan.changes and _upgrade.groups(plan) == {}
    assert _upgrade.lines(plan) == ["Upgrade to Calico 2.6.12: nothing to do. 3 hosts of this run have it."]


def test_where_only_the_last_look_may_be_missing_it_is_made() -> None:
    plan = made([seen(number, "2.6.12", steps=False) for number in IDS], Options("2.6.12", "/b.json", "2.6.6"))
    assert plan.findings == [] and not plan.changes
    assert _upgrade.groups(plan) == {
        "agent1": [_upgrade.WATCHES, _upgrade.BACKUP],
        "agent2": [_upgrade.WATCHES],
        "agent3": [_upgrade.WATCHES],
    }
    assert _upgrade.groups(plan, look=True) == {"agent1": [_upgrade.BACKUP]}
    assert _upgrade.lines(plan) == [
        "Upgrade to Calico 2.6.12: nothing to do. 3 hosts of this run have it.",
        "  The datastore is compared with the backup of an earlier run, /b.json.",
    ]
    unread = made([seen(number, "2.6.12", steps=False) for number in IDS], Options("2.6.12", "/b.json", "2.6.6"), "")
    assert unread.findings == [] and _upgrade.groups(unread) == {}


def test_what_is_done_already_is_skipped_by_the_next_run() -> None:
    found = [seen(1, "2.6.12", steps=False), *three()[1:]]
    plan = made(found, Options("2.6.12", "/b.json", "2.6.6"))
    assert plan.findings == [] and plan.order == ["agent2", "agent3"]
    assert "is kept from an earlier run" in _upgrade.lines(plan)[1]


def test_a_host_between_two_releases_is_said_to_be() -> None:
    found = three()
    found[1]["executables"][0]["version"] = "1.6.5"
    plan = made(found)
    assert plan.findings == []
    assert (
        "    agent2: mixed (calico-node 2.6.6, calicoctl 1.6.5, calico 1.11.2, calico-ipam 1.11.2) -> 2.6.12; calicoctl, calico/node restarts, CNI plugins."
        in _upgrade.lines(plan)
    )


def test_an_image_that_does_not_tell_its_version() -> None:
    found = seen(1)
    found["calico_node"]["container"]["image"] = f"calico/node@sha256:{'0' * 64}"
    assert _upgrade.release_of(Host("agent1", found), "2.6.7") == "2.6.4 to 2.6.6"
    found["plan"]["calicoctl_node"]["changed"] = False
    assert _upgrade.release_of(Host("agent1", found), "2.6.7") == "2.6.7"


@pytest.mark.parametrize(
    ("node", "sentence"),
    [
        ({"container": {"running": False, "error": None}}, "calico/node does not run"),
        ({"felix": {"running": True, "ready": False, "error": "503"}}, "Felix is not ready: 503"),
        ({"bgp": {"answers": False, "peers": [], "error": "no socket"}}, "BIRD does not answer: no socket"),
        (
            {"bgp": {"answers": True, "peers": [{"address": "10.0.0.9", "established": False}]}},
            "No BGP session is Established with 10.0.0.9",
        ),
    ],
)
def test_an_upgrade_repairs_nothing(node: dict[str, Any], sentence: str) -> None:
    found = [*three()[:2], seen(3, **node)]
    if "container" in node:
        found[2]["calico_node"]["container"]["image"] = "calico/node:v2.6.6"
    [finding] = made(found).findings
    assert (finding.host, finding.what) == ("agent3", sentence)
    assert "dcos.calico.repair" in str(finding.remedy)


def test_peers_that_may_be_down_are_no_trouble() -> None:
    found = three()
    found[0]["calico_node"]["bgp"]["peers"][0]["established"] = False
    assert words(made(found)) == [("agent1", "No BGP session is Established with 10.0.0.2")]
    tolerated = [Host("agent1", found[0], True, frozenset(["10.0.0.2"])), *hosts(*found)[1:]]
    assert _upgrade.plan(tolerated, OPTIONS, "agent1").findings == []


def broken(number: int, release: str) -> dict[str, Any]:
    """The image does not come up there."""
    found = seen(number, release, peers=False)
    found["calico_node"]["container"] = {"present": False, "running": False, "image": None, "error": None}
    found["calico_node"]["felix"] = {"running": False, "ready": None, "age": None, "error": None}
    return found


def missing(found: list[dict[str, Any]], address: str) -> list[dict[str, Any]]:
    """The others have no session with a node."""
    for each in found:
        for peer in each["calico_node"]["bgp"]["peers"]:
            peer["established"] = peer["established"] and peer["address"] != address
    return found


def test_a_host_on_which_an_upgrade_ended_comes_first_on_the_way_back_and_the_way_on() -> None:
    back = [*missing([seen(1, steps=False), seen(2, steps=False)], IDS[3]), broken(3, "2.6.12")]
    plan = made(back, Options("2.6.6", "/b.json", "2.6.6"))
    assert plan.findings == [] and plan.order == ["agent3"] and plan.parts[2].between
    on = [*missing([seen(1), seen(2)], IDS[3]), broken(3, "2.6.12")]
    plan = made(on, Options("2.6.12", "/b.json", "2.6.6"))
    assert plan.findings == [] and plan.order == ["agent3", "agent1", "agent2"]
    # On the way back from a way back; whoever only misses it is well.
    found = [*missing([seen(1, "2.6.6", steps=False), seen(2, "2.6.12")], IDS[3]), broken(3, "2.6.6")]
    plan = made(found, Options("2.6.6", "/b.json", "2.6.6"))
    assert plan.findings == [] and plan.order == ["agent3", "agent2"] and not plan.parts[1].between
    # Without the backup that an upgrade leaves, it is a host that is broken, with the release that the others have.
    on[2] = broken(3, "2.6.6")
    on[2]["calico_node"]["container"]["image"] = "calico/node:v2.6.6"
    assert {host for host, _what in words(made(on))} == {"agent1", "agent2", "agent3"}
    # Somebody stopped it, and its container is gone: calicoctl and plugins are of several releases, that of the others among them.
    on[2]["calico_node"]["container"] = {"present": False, "running": False}
    assert ("agent3", "calico/node does not run") in words(made(on))


def test_an_upgraded_host_without_sessions_ends_the_upgrade_of_the_others() -> None:
    found = [seen(1, "2.6.12", steps=False, peers=False), *missing([seen(2), seen(3)], IDS[1])]
    assert {host for host, _what in words(made(found, Options("2.6.12", "/b.json", "2.6.6")))} == {
        "agent1",
        "agent2",
        "agent3",
    }
    back = [seen(1, "2.6.12", peers=False), *missing([seen(2, steps=False), seen(3, steps=False)], IDS[1])]
    assert made(back, Options("2.6.6", "/b.json", "2.6.6")).findings == []


@pytest.mark.parametrize(
    ("job", "change", "sentence"),
    [
        ("sysctl", {"names": ["net.ipv4.ip_forward"]}, "net.ipv4.ip_forward"),
        ("executable", {"names": ["/etc/calico/calicoctl.cfg"]}, "/etc/calico/calicoctl.cfg"),
        ("cni_network", {"names": ["/opt/mesosphere/etc/dcos/network/cni/calico.cni"]}, "calico.cni"),
        ("etcd_proxy", {"names": ["/etc/systemd/system/calico-etcd-proxy.service"]}, "calico-etcd-proxy.service"),
        ("calicoctl_node", {"names": ["port 62099"]}, "port 62099"),
        (
            "calicoctl_node",
            {"names": ["container calico-node"], "differences": ["variable AS: is 1, should be 2"]},
            "AS",
        ),
    ],
)
def test_more_than_the_release_is_for_site(job: str, change: dict[str, Any], sentence: str) -> None:
    found = three()
    found[1]["plan"][job].update(change, changed=True)
    [finding] = made(found).findings
    assert finding.host == "agent2" and "More than its release" in finding.what and sentence in finding.what


def test_variables_of_a_newer_calicoctl_belong_to_the_release() -> None:
    found = three()
    found[1]["executables"][0]["version"] = "1.6.5"
    found[1]["plan"]["calicoctl_node"]["differences"].append("variable NEW: is None, should be 1")
    assert made(found).findings == []


def test_hosts_that_have_nothing_yet_or_are_not_restarted_are_refused() -> None:
    found = three()
    found[0]["plan"]["calicoctl_node"].update(restart_needed=True, changed=False, names=[])
    found[1]["executables"], found[1]["calico_node"]["container"] = [], {}
    assert words(made(found))[:2] == [
        ("agent1", "calico/node is not to be restarted, and would keep its release"),
        ("agent2", "It has nothing of Calico yet"),
    ]


def test_a_job_that_cannot_tell_is_refused() -> None:
    found = three()
    found[0]["plan"]["sysctl"] = {"changed": False, "names": [], "error": "it is read-only"}
    assert words(made(found)) == [("agent1", "kernel parameters: it is read-only")]


def test_a_backup_is_required() -> None:
    assert made(three(), Options("2.6.12")).findings == [_upgrade.UNNAMED]
    assert words(made(three(), reader="")) == [
        ("all hosts", "No host can read the datastore, so it cannot be backed up")
    ]


def member(version: str = "3.3.1", healthy: Any = True) -> Host:
    found = {
        "dcos": {},
        "executables": [{"path": "/opt/calico/bin/etcd", "present": True, "version": version}],
        "plan": {
            "etcd_member": {
                "changed": True,
                "names": ["/opt/calico/bin/etcd", "calico-etcd.service"],
                "healthy": healthy,
            }
        },
    }
    return Host("master1", found, node=False)


def test_members_stay_within_their_line_and_are_well() -> None:
    options = Options("2.6.6", "/b.json", etcd="3.3.25")
    same = hosts(*[seen(number, steps=False) for number in IDS])
    plan = _upgrade.plan([member(), *same], options, "agent1")
    assert plan.findings == [] and plan.members == ["master1"] and plan.order == []
    assert _upgrade.groups(plan)["master1"] == [_upgrade.MEMBERS, _upgrade.WATCHES]
    assert (
        "  Then etcd's members become 3.3.25, each awaited before the next: master1. Packets go on."
        in _upgrade.lines(plan)
    )
    for host, etcd, sentence in (
        (member(), "3.4.23", "etcd is to be 3.4.23"),
        (member("3.4.1"), "3.3.25", "The etcd member is 3.4.1"),
        (member(healthy=False), "3.3.25", "The etcd member is not healthy, and another one is not restarted beside it"),
        (member(healthy=None), "3.3.25", "The etcd member is not healthy, and another one is not restarted beside it"),
    ):
        plan = _upgrade.plan([host, *same], Options("2.6.6", "/b.json", etcd=etcd), "agent1")
        assert words(plan) == [("master1", sentence)]


def test_a_proxy_can_change_by_itself() -> None:
    found = [seen(number, steps=False) for number in IDS]
    found[0]["plan"]["etcd_proxy"] = {"changed": True, "names": ["/opt/calico/bin/etcd", "calico-etcd-proxy.service"]}
    plan = made(found, Options("2.6.6", "/b.json"))
    assert plan.findings == [] and "    agent1: 2.6.6; etcd's proxy restarts." in _upgrade.lines(plan)


def test_what_is_no_part_of_it_is_told() -> None:
    plan = made(three())
    plan.components, plan.datastore = ["kubernetes"], ["ipPool 10.60.0.0/16"]
    text = "\n".join(_upgrade.lines(plan))
    assert "run dcos.calico.kubernetes afterwards" in text and "is left as it is: ipPool 10.60.0.0/16" in text


WORKS: dict[str, Any] = {
    "container_routes": ["192.168.0.1", "192.168.0.2"],
    "addresses": ["192.168.0.1", "192.168.0.2"],
    "tasks": {"live": ["web.1", "job.1"], "ended": {}, "error": None},
}


def test_containers_and_tasks_have_to_go_on() -> None:
    after = copy.deepcopy(WORKS)
    assert _upgrade.cut_off(WORKS, after) == []
    after["tasks"] = {"live": ["web.1"], "ended": {"job.1": "TASK_FINISHED"}, "error": None}
    after["container_routes"] = after["addresses"] = ["192.168.0.1"]
    assert _upgrade.cut_off(WORKS, after) == []  # it has come to its end by itself
    after = {
        "container_routes": [],
        "addresses": ["192.168.0.2"],
        "tasks": {"live": [], "ended": {"web.1": "TASK_FAILED"}},
    }
    assert _upgrade.cut_off(WORKS, after) == [
        "containers live and have no route any more: 192.168.0.2",
        "tasks ended: web.1 (TASK_FAILED), job.1 (not seen)",
    ]
    after = {**WORKS, "tasks": {"live": [], "ended": {}, "error": "refused"}}
    assert _upgrade.cut_off(WORKS, after) == ["the Mesos agent does not say any more how its tasks are: refused"]
    closed = {**WORKS, "tasks": {"live": [], "ended": {}, "error": "closed"}}
    assert _upgrade.cut_off(closed, closed) == []


def test_an_end_says_how_far_it_came_and_both_ways() -> None:
    document = _upgrade.document(made(three()))
    assert _upgrade.stopped(document, "agent2", "it does not start.", ["agent1"]).splitlines() == [
        "The upgrade to Calico 2.6.12 ends here, at agent2: it does not start.",
        "  It is done on agent1.",
        "  agent2 may be between the releases.",
        "  Not touched: agent3.",
        "  To go on, run the same again: what is done is skipped.",
        "  To go back, set calico_release to 2.6.6, with the checksums that belong to it, and run the same with the same backup file.",
        "  Neither needs a restore of the backup, /b.json.",
    ]


def test_all_hosts_are_looked_at_afterwards() -> None:
    document = _upgrade.document(made(three()))
    now = [seen(1, "2.6.12", steps=False), seen(2), seen(3)]
    assert _upgrade.not_well(hosts(*now), document, {"agent1": "c1"}, 60) == []
    now[0]["calico_node"]["felix"]["age"] = 20.0
    assert [str(each.what) for each in _upgrade.not_well(hosts(*now), document, {"agent1": "c1"}, 60)] == [
        "Felix was restarted since"
    ]
    now = missing([seen(1, steps=False), seen(2), seen(3)], IDS[1])
    found = _upgrade.not_well(hosts(*now), document, {"agent1": "c0"}, 60)
    assert [(each.host, each.what) for each in found] == [
        ("agent1", "calico/node was restarted since"),
        ("agent1", "It has 2.6.6"),
        ("agent2", "No BGP session is Established with 10.0.0.1"),
        ("agent3", "No BGP session is Established with 10.0.0.1"),
    ]


def test_hosts_that_are_still_to_come_need_not_be_well() -> None:
    found = [broken(1, "2.6.12"), *missing([seen(2), seen(3)], IDS[1])]
    document = _upgrade.document(made(found, Options("2.6.12", "/b.json", "2.6.6")))
    assert document["hosts"]["agent1"]["between"]
    assert _upgrade.not_well(hosts(*found), document, {}) == []
