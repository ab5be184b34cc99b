from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _cluster_plan
from ansible_collections.dcos.calico.plugins.plugin_utils._cluster_plan import (
    ClusterPlan,
    HostPlan,
    datastore,
    document,
    groups,
    host_plan,
    lines,
    selected,
)

SAME = {"changed": False, "names": []}
NODE = {
    **SAME,
    "action": "none",
    "healthy": True,
    "datastore_read": True,
    "restart_needed": False,
    "differences": [],
    "trouble": [],
}
ALL: list[str] = ["all"]


def of(**jobs: Any) -> HostPlan:
    found = {
        "sysctl": SAME,
        "agent_files": SAME,
        "etcd_proxy": SAME,
        "executable": SAME,
        "calicoctl_node": NODE,
        "cni_network": SAME,
    }
    return host_plan("a1", {**found, "mesos_agent": {**SAME, "action": "none"}, **jobs}, ALL, [])


def changed(*names: str, **more: Any) -> dict[str, Any]:
    return {"changed": True, "names": list(names), **more}


def test_a_host_as_desired_takes_no_part() -> None:
    plan = ClusterPlan([of()])
    assert not plan.changes and groups(plan) == {}
    assert lines(plan) == ["Plan: nothing to do. 1 host and the datastore are as desired."]
    assert document(plan) == {
        "changes": False, "hosts": 1, "unchanged": 1, "changing": {}, "datastore": {"changes": [], "felix_restarts": False, "known": True},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("jobs", "taken"),
    [
        ({"sysctl": changed("net.ipv4.ip_forward")}, ["prepare", "start"]),
        ({"etcd_proxy": changed("calico-etcd-proxy.service")}, ["prepare", "start"]),
        ({"etcd_proxy": changed("calico-etcd-proxy.service", restarted=True)}, ["prepare", "start"]),
        ({"etcd_proxy": changed("calico-etcd-proxy.service", state="absent")}, ["retire"]),
        (
            {"calicoctl_node": {**NODE, "changed": True, "names": ["container calico-node"], "action": "start"}},
            ["start"],
        ),
        (
            {
                "calicoctl_node": {
                    **NODE,
                    "changed": True,
                    "names": ["container calico-node"],
                    "action": "restart",
                    "differences": ["image"],
                }
            },
            ["restart"],
        ),
        (
            {"calicoctl_node": {**NODE, "changed": True, "names": ["/etc/systemd/system/calico-node.service"]}},
            ["start"],
        ),
        ({"calicoctl_node": {**NODE, "healthy": False, "trouble": ["Felix does not run"]}}, ["start"]),
        ({"calicoctl_node": {**NODE, "datastore_read": False}}, ["start"]),
        ({"cni_network": changed("/etc/calico.cni")}, ["start"]),
        (
            {
                "mesos_agent": {
                    **changed("dcos-mesos-slave.service"),
                    "action": "restart",
                    "reasons": ["its plugin path changed"],
                }
            },
            ["agent_restart"],
        ),
        ({"etcd_member": changed("calico-etcd.service")}, ["members"]),
        ({"etcd_member": {**SAME, "healthy": False}}, ["members"]),
        ({"etcd_member": {**SAME, "healthy": None}}, []),
    ],
)
def test_what_changes_says_which_plays_a_host_is_in(jobs: dict[str, Any], taken: list[str]) -> None:
    plan = ClusterPlan([of(**jobs)])
    assert groups(plan) == ({"a1": [f"calico_plan_{step}" for step in taken]} if taken else {})
    assert plan.changes is bool(taken)


def test_an_agent_that_is_drained_before_its_restart_is_said_to_be() -> None:
    restart = {"mesos_agent": {**changed("dcos-mesos-slave.service"), "action": "restart", "reasons": ["it changed"]}}
    said = [lines(ClusterPlan([host_plan("a1", restart, ALL, [], drained=drained)]))[-1] for drained in (False, True)]
    assert said == ["    a1: Mesos agent (it changed)", "    a1: drained first, Mesos agent (it changed)"]


def test_a_node_that_restarts_is_not_started_beside_its_networks() -> None:
    """The play that restarts it brings its networks too."""
    restarting = {
        **NODE,
        "changed": True,
        "names": ["container calico-node"],
        "action": "restart",
        "differences": ["variable IP: is 1, should be 2"],
    }
    plan = ClusterPlan([of(calicoctl_node=restarting, cni_network=changed("/etc/calico.cni"))])
    assert groups(plan) == {"a1": ["calico_plan_restart"]}
    assert "    a1: calico/node (variable IP: is 1, should be 2); CNI plugins and networks (/etc/calico.cni)" in lines(
        plan
    )


def test_what_cannot_be_told_before_something_else_is_done_is_not_known_yet() -> None:
    plan = ClusterPlan(
        [
            of(
                executable=changed("/opt/calico/bin/calicoctl"),
                cni_network={**SAME, "error": "There is no directory /x."},
            )
        ]
    )
    assert plan.problems == {}
    assert groups(plan)["a1"] == ["calico_plan_prepare", "calico_plan_start"]
    assert lines(plan)[-2:] == ["  Not known yet:", "    a1: CNI plugins and networks: There is no directory /x."]


def test_what_cannot_be_told_with_nothing_in_its_way_is_a_problem() -> None:
    plan = ClusterPlan([of(cni_network={**SAME, "error": "There is no directory /x."})])
    assert plan.problems == {"a1": ["CNI plugins and networks: There is no directory /x."]}


def test_hosts_that_do_the_same_share_a_line() -> None:
    plan = ClusterPlan(
        [HostPlan(f"a{number}", steps={"prepare": ["files (6 changes)"]}) for number in range(1, 8)] + [HostPlan("b")]
    )
    assert lines(plan)[0] == "Plan: 7 of 8 hosts change; 1 has nothing to do."
    assert "    a1, a2, a3, a4 and 3 more: files (6 changes)" in lines(plan)


def test_a_proxy_that_restarts_is_not_said_to_disturb_nothing() -> None:
    plan = ClusterPlan([of(sysctl=changed("x"), etcd_proxy=changed("calico-etcd-proxy.service", restarted=True))])
    quiet, files, restart, proxy = lines(plan)[1:]
    assert "disturbs nothing" in quiet and files == "    a1: kernel parameters (x)"
    assert "with a restart" in restart and proxy == "    a1: etcd proxy (calico-etcd-proxy.service)"


def test_tags_choose_what_is_part_of_the_plan() -> None:
    found = {
        "sysctl": changed("net.ipv4.ip_forward"),
        "calicoctl_node": {**NODE, "changed": True, "names": ["container"], "action": "start"},
    }
    assert set(host_plan("a", found, ["host"], []).changes) == {"sysctl"}
    assert set(host_plan("a", found, ["all"], ["host"]).changes) == {"calicoctl_node"}
    assert selected("node", ["tagged"], []) and not selected("node", ["cni"], []) and not selected("node", [], ["node"])


class TestDatastore:
    def test_its_changes_are_named_once_and_one_host_makes_them(self) -> None:
        names, felix, known = datastore(
            {
                "calicoctl_resource": changed("ipPool 10.0.0.0/8", felix_restarts=True, datastore_read=True),
                "calicoctl_config": {**SAME, "felix_restarts": False, "datastore_read": True},
            },
            ALL,
            [],
        )
        plan = ClusterPlan([HostPlan("a1"), HostPlan("m1", agent=False)], names, felix, known)
        assert groups(plan) == {"a1": ["calico_plan_datastore"]}
        assert lines(plan)[1:] == [
            "  Calico's datastore, once:",
            "    ipPool 10.0.0.0/8",
            "    Felix restarts by itself on every node for that; packets go on",
        ]

    @pytest.mark.parametrize(
        "found", [None, {}, {"calicoctl_resource": {**SAME, "error": "etcd does not answer"}, "calicoctl_config": SAME}]
    )
    def test_what_nobody_could_read_is_not_known_and_is_looked_at_again(self, found: Any) -> None:
        plan = ClusterPlan([HostPlan("a1")], *datastore(found, ALL, []))
        assert plan.changes and groups(plan) == {"a1": ["calico_plan_datastore"]}

    def test_without_its_tag_it_has_no_part(self) -> None:
        assert datastore(None, ["node"], []) == ([], False, True)


def test_every_step_has_a_play(tmp_path: Any) -> None:
    steps = [step for step, _title in _cluster_plan.STEPS]
    assert {step for step, _tag, _called in _cluster_plan.JOBS.values()} <= set(steps)


def drifted(**jobs: Any) -> HostPlan:
    """The part of a host in a repair, all of which was installed as it is required unless a job says otherwise."""
    found = {
        name: {**SAME, "installed": "same"}
        for name in ("sysctl", "agent_files", "etcd_proxy", "executable", "cni_network")
    }
    found |= {"calicoctl_node": {**NODE, "installed": "same"}, "mesos_agent": {**SAME, "action": "none"}}
    for job, result in jobs.items():
        found[job] = {**found[job], **result}
    return host_plan("a1", found, ALL, [], drift=True)


RESTART = changed("container calico-node", action="restart", differences=["image"])
AGENT = changed("dcos-mesos-slave.service", action="restart", reasons=["/e: changed"])


@pytest.mark.parametrize(
    ("jobs", "taken", "left"),
    [
        ({}, [], {}),
        ({"sysctl": changed("net.ipv4.ip_forward")}, ["calico_plan_prepare", "calico_plan_start"], {}),
        ({"calicoctl_node": RESTART}, ["calico_plan_restart"], {}),
        ({"calicoctl_node": {"healthy": False, "trouble": ["Felix does not run"]}}, ["calico_plan_start"], {}),
        ({"sysctl": changed("x", installed="other")}, [], {"sysctl": "configured otherwise since it was installed"}),
        (
            {"sysctl": changed("x", installed="unknown"), "cni_network": changed("/c")},
            ["calico_plan_start", "calico_left_sysctl"],
            {"sysctl": "not known to have been installed by a run"},
        ),
        (
            {"calicoctl_node": {**RESTART, "installed": "other"}},
            [],
            {"calicoctl_node": "configured otherwise since it was installed"},
        ),
        (
            {"calicoctl_node": {**SAME, "error": "No Docker.", "installed": "unknown"}},
            [],
            {"calicoctl_node": "not known to have been installed by a run"},
        ),
        ({"mesos_agent": AGENT}, [], {"mesos_agent": "not for what drifted"}),
        (
            {"cni_network": changed("/c"), "mesos_agent": AGENT},
            ["calico_plan_start", "calico_plan_agent_restart"],
            {},
        ),
    ],
)
def test_a_repair_is_about_what_was_installed_as_it_is_required(
    jobs: dict[str, Any], taken: list[str], left: dict[str, str]
) -> None:
    host = drifted(**jobs)
    plan = ClusterPlan([host], datastore=["ipPool 10.0.0.0/8"], drift=True)
    assert groups(plan) == ({"a1": taken} if taken else {}) and host.left == left and host.problems == []
    assert plan.changes is bool(taken) and document(plan)["left"] == ({"a1": left} if left else {})


def test_a_repair_says_what_it_does_and_what_it_leaves() -> None:
    never = {name: changed("x", installed="unknown") for name in ("sysctl", "agent_files", "cni_network")}
    new = drifted(**never, calicoctl_node=changed("container calico-node", action="start", installed="unknown"))
    new.name = "a2"
    plan = ClusterPlan(
        [drifted(calicoctl_node=RESTART, sysctl=changed("x", installed="other")), new],
        datastore=["ipPool 10.0.0.0/8"],
        components=["kubernetes"],
        drift=True,
    )
    assert lines(plan) == [
        "Repair: 1 of 2 hosts has drifted from what was installed; nothing drifted on 1.",
        "  Restarted, one host after the other. Connections of running containers go on; containers cannot be started there for some seconds:",
        "    a1: calico/node (image)",
        "  Differs, and is left as it is; dcos.calico.plan says more, and dcos.calico.site does it:",
        "    a1: kernel parameters (configured otherwise since it was installed)",
        "    a2: Calico is not known to have been installed there by a run",
        "    Calico's datastore: ipPool 10.0.0.0/8",
        "  Not part of this repair, and not looked at: see their own playbooks: kubernetes.",
    ]
    assert lines(ClusterPlan([drifted()], datastore_known=False, drift=True)) == [
        "Repair: nothing to do. Nothing drifted from what was installed.",
        "  Differs, and is left as it is; dcos.calico.plan says more, and dcos.calico.site does it:",
        "    Calico's datastore: it could not be looked at",
    ]


def test_a_proxy_that_is_taken_over_is_told_with_what_its_play_does() -> None:
    host = of(sysctl=changed("60-calico.conf"), etcd_proxy=changed("process 7 (etcd)", replaced={"pid": 7}))
    assert list(host.steps) == ["takeover"] and groups(ClusterPlan([host])) == {
        "a1": ["calico_plan_prepare", "calico_plan_start"]
    }
    text = "\n".join(lines(ClusterPlan([host])))
    assert (
        "one host after the other, with etcd's proxy taken over" in text
        and "process 7 (etcd)" in text
        and "60-calico.conf" in text
    )
