# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a run: which host does what in which step, as data and as text. Pure.

A host's part comes from dcos.calico.agent_plan, which asks the jobs of the modules. What a job could not tell because something before it is to be changed
first is not known yet; what it could not tell although nothing is in its way is a problem, and nothing is to be touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PREPARE, MEMBERS, START, RESTART, RETIRE, AGENT = "prepare", "members", "start", "restart", "retire", "agent_restart"
PROXY, TAKEOVER = "prepare_proxy", "takeover"
TAKEN_BY = {PROXY: PREPARE, TAKEOVER: PREPARE}  # what is shown apart, and done by another step's play
# job -> (step, tag of the play that takes it, what a person calls it)
JOBS = {
    "etcd_member": (MEMBERS, "etcd", "etcd member"),
    "sysctl": (PREPARE, "host", "kernel parameters"),
    "agent_files": (PREPARE, "host", "files"),
    "etcd_proxy": (PREPARE, "etcd", "etcd proxy"),
    "executable": (PREPARE, "ctl", "calicoctl"),
    "calicoctl_node": (START, "node", "calico/node"),
    "cni_network": (START, "cni", "CNI plugins and networks"),
    "mesos_agent": (AGENT, "cni", "Mesos agent"),
}
DATASTORE_JOBS = ("calicoctl_resource", "calicoctl_config")
STEPS = (
    (MEMBERS, "etcd members, one host after the other"),
    (PREPARE, "Prepared on all hosts at once, which disturbs nothing"),
    (
        PROXY,
        "Prepared on all hosts at once, with a restart of etcd's proxy. Packets go on; containers cannot be started there for some seconds",
    ),
    (
        TAKEOVER,
        "Prepared one host after the other, with etcd's proxy taken over from others. Packets go on; containers cannot be started there for a moment",
    ),
    ("datastore", "Calico's datastore, once"),
    (START, "Started or completed: the first host alone, then the others"),
    (
        RESTART,
        "Restarted, one host after the other. Connections of running containers go on; containers cannot be started there for some seconds",
    ),
    (RETIRE, "Removed, because nothing uses it any more"),
    (AGENT, "Mesos agents restarted, one after the other. Tasks go on, unless their framework does not checkpoint"),
)
SHOWN_HOSTS, SHOWN_NAMES = 4, 2


@dataclass
class HostPlan:
    """What a host does. changes: job -> names of what it changes. steps: step -> what changes, a text each. unknown and problems are sentences.

    left: job -> why a repair leaves what differs there.
    """

    name: str
    agent: bool = True
    changes: dict[str, list[str]] = field(default_factory=dict)
    steps: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)

    def add(self, step: str, text: str) -> None:
        self.steps.setdefault(step, []).append(text)

    @property
    def active(self) -> bool:
        return bool(self.steps or self.unknown)


def selected(tag: str, only: list[str], skipped: list[str]) -> bool:
    """Whether a play of a tag is run, by --tags and --skip-tags."""
    return tag not in skipped and ("all" in only or not only or tag in only or "tagged" in only)


# Why a repair leaves what differs: by what agent_plan says of a job.
LEFT = {
    "other": "configured otherwise since it was installed",
    "unknown": "not known to have been installed by a run",
}


def _leaves(plan: HostPlan, job: str, result: Mapping[str, Any]) -> str | None:
    """Why a repair leaves what a job would change, None if it drifted."""
    if job == "mesos_agent":
        return None if "cni_network" in plan.changes else "not for what drifted"
    return LEFT.get(result.get("installed", "unknown"))


def _differs(result: Mapping[str, Any]) -> bool:
    return bool(
        result["changed"]
        or result.get("error")
        or result.get("healthy") is False
        or result.get("datastore_read") is False
    )


def host_plan(
    name: str,
    found: Mapping[str, Any],
    only: list[str],
    skipped: list[str],
    *,
    drained: bool = False,
    drift: bool = False,
) -> HostPlan:
    """The part of one host.

    :param found: C(plan) of dcos.calico.agent_plan: job -> what it would do.
    :param only: tags of the run. C(skipped): those that it leaves out.
    :param drained: whether its Mesos agent is drained before it is restarted.
    :param drift: whether only what was installed and differs now takes part.
    """
    plan = HostPlan(name, agent="mesos_agent" in found)
    for job, (step, tag, called) in JOBS.items():
        result = found.get(job)
        if result is None or not selected(tag, only, skipped):
            continue
        why = _leaves(plan, job, result) if drift else None
        if why:
            if _differs(result):
                plan.left[job] = why
            continue
        if result["changed"]:
            plan.changes[job] = result["names"]
        if result.get("error"):
            _not_told(plan, step, called, result["error"])
        elif job == "calicoctl_node":
            _node(plan, result)
        elif job == "mesos_agent":
            if result.get("action") == "restart":
                because = _because(called, result.get("reasons", []), result.get("tasks_at_risk", []))
                plan.add(AGENT, f"drained first, {because}" if drained else because)
        elif job == "cni_network" and result["changed"] and RESTART in plan.steps:
            plan.add(RESTART, _naming(called, result["names"]))  # the play that restarts a node brings its networks
        elif result["changed"] or result.get("healthy") is False:
            absent, restarted = result.get("state") == "absent", result.get("restarted")
            plan.add(RETIRE if absent else PROXY if restarted else step, _naming(called, result["names"]))
    if (found.get("etcd_proxy") or {}).get("replaced") and PREPARE in plan.steps:
        plan.steps[TAKEOVER] = plan.steps.pop(PREPARE)  # one play does both
    return plan


def _not_told(plan: HostPlan, step: str, called: str, error: str) -> None:
    """A job that cannot tell: if nothing changes before it, it would fail in the run as well."""
    if plan.steps:
        plan.unknown.append(f"{called}: {error}")
        plan.add(step, f"{called} (not known yet)")
    else:
        plan.problems.append(f"{called}: {error}")


def _node(plan: HostPlan, result: Mapping[str, Any]) -> None:
    action = result.get("action")
    if action == "restart":
        plan.add(RESTART, _because("calico/node", result.get("differences", [])))
    elif action == "start":
        plan.add(START, "calico/node")
    elif result["changed"]:
        plan.add(START, _naming("calico/node", result["names"]))
    elif result.get("healthy") is False:
        plan.add(START, f"calico/node is not healthy, and is waited for: {'; '.join(result.get('trouble', []))}")
    elif result.get("datastore_read") is False:
        plan.unknown.append(
            "calico/node runs; whether it is to be restarted is known when calicoctl reaches the datastore"
        )
        plan.add(START, "calico/node (not known yet)")


def _because(called: str, reasons: list[str], at_risk: list[str] | None = None) -> str:
    text = f"{called} ({'; '.join(reasons)})" if reasons else called
    return f"{text}; these tasks end: {_few(at_risk)}" if at_risk else text


def _naming(called: str, names: list[str]) -> str:
    """What changes, by name where that is short; --check --diff shows all of it."""
    if not names:
        return called
    return f"{called} ({', '.join(names)})" if len(names) <= SHOWN_NAMES else f"{called} ({len(names)} changes)"


def _few(names: list[str], shown: int = 5) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


@dataclass
class ClusterPlan:
    """The parts of all hosts, and what the datastore needs: its changes, whether Felix restarts on all nodes for them, and whether it could be read."""

    hosts: list[HostPlan]
    datastore: list[str] = field(default_factory=list)
    felix_restarts: bool = False
    datastore_known: bool = True
    components: list[str] = field(default_factory=list)
    drift: bool = False

    @property
    def changing(self) -> list[HostPlan]:
        return [host for host in self.hosts if host.active]

    @property
    def changes(self) -> bool:
        return bool(self.changing or not self.drift and (self.datastore or not self.datastore_known))

    @property
    def problems(self) -> dict[str, list[str]]:
        return {host.name: host.problems for host in self.hosts if host.problems}

    def having(self, step: str) -> list[HostPlan]:
        return [host for host in self.hosts if step in host.steps]


def datastore(found: Mapping[str, Any] | None, only: list[str], skipped: list[str]) -> tuple[list[str], bool, bool]:
    """(what changes, whether Felix restarts, whether that is known) of the datastore; found is None if no host could ask it."""
    if not selected("datastore", only, skipped):
        return [], False, True
    results = [(found or {}).get(job) for job in DATASTORE_JOBS]
    if any(result is None or result.get("error") or result.get("datastore_read") is False for result in results):
        return [], False, False
    names = [name for result in results if result for name in result["names"]]
    names += [
        f"{name} (goes at the end, when no agent uses it)"
        for result in results
        if result
        for name in result.get("left", [])
    ]
    return names, any(result.get("felix_restarts") for result in results if result), True


def groups(plan: ClusterPlan) -> dict[str, list[str]]:
    """Host -> groups of this run: which plays it takes part in.

    Where something is prepared, calico/node is looked at again afterwards, because it may differ by then.
    """
    found: dict[str, list[str]] = {}
    for host in plan.changing:
        steps = {TAKEN_BY.get(step, step) for step in host.steps}
        if PREPARE in steps:
            steps.add(START)
        found[host.name] = [f"calico_plan_{step}" for step, _title in STEPS if step in steps]
        found[host.name] += [f"calico_left_{job}" for job in host.left]
    if not plan.drift and (plan.datastore or not plan.datastore_known):
        for host in plan.hosts:
            if host.agent:  # done once, by one that is chosen when it is
                found.setdefault(host.name, []).append("calico_plan_datastore")
    return found


def lines(plan: ClusterPlan) -> list[str]:
    """The plan for a person. Hosts that do the same share a line."""
    total, changing = len(plan.hosts), len(plan.changing)
    rest = total - changing
    if plan.drift:
        text = [f"Repair: {_drifted(changing, rest)}"]
    elif not plan.changes:
        return [f"Plan: nothing to do. {_hosts(total)} and the datastore are as desired.", *_components(plan)]
    else:
        text = [
            f"Plan: {changing} of {_hosts(total)} {'changes' if changing == 1 else 'change'}; {rest} {'has' if rest == 1 else 'have'} nothing to do."
        ]
    for step, title in STEPS:
        rows = list(_rows(plan, step)) if step != "datastore" else [] if plan.drift else list(_datastore_rows(plan))
        if rows:
            text += [f"  {title}:"] + [f"    {row}" for row in rows]
    unknown = _shared({host.name: host.unknown for host in plan.hosts if host.unknown})
    if unknown:
        text += ["  Not known yet:"] + [f"    {row}" for row in unknown]
    left = list(_left_rows(plan)) if plan.drift else []
    if left:
        text += ["  Differs, and is left as it is; dcos.calico.plan says more, and dcos.calico.site does it:"]
        text += [f"    {row}" for row in left]
    return text + _components(plan)


def _drifted(changing: int, rest: int) -> str:
    if not changing:
        return "nothing to do. Nothing drifted from what was installed."
    verb = "has" if changing == 1 else "have"
    others = f"; nothing drifted on {rest}" if rest else ""
    return f"{changing} of {_hosts(changing + rest)} {verb} drifted from what was installed{others}."


def _left_rows(plan: ClusterPlan) -> Iterator[str]:
    """What a repair leaves, of hosts and of the datastore, which has no note of what was installed."""
    texts = {host.name: _left_of(host) for host in plan.hosts if host.left}
    yield from _shared(texts)
    if not plan.datastore_known:
        yield "Calico's datastore: it could not be looked at"
    if plan.datastore:
        yield f"Calico's datastore: {_few(plan.datastore, 12)}"


def _left_of(host: HostPlan) -> list[str]:
    if not host.changes and set(host.left.values()) == {LEFT["unknown"]} and "calicoctl_node" in host.left:
        return ["Calico is not known to have been installed there by a run"]
    return [f"{JOBS[job][2]} ({why})" for job, why in host.left.items()]


def _components(plan: ClusterPlan) -> list[str]:
    if not plan.components:
        return []
    when = "not looked at: see their own playbooks" if plan.drift else "looked at when its turn comes"
    return [f"  Not part of this {'repair' if plan.drift else 'plan'}, and {when}: {', '.join(plan.components)}."]


def _hosts(number: int) -> str:
    return f"{number} {'host' if number == 1 else 'hosts'}"


def _rows(plan: ClusterPlan, step: str) -> list[str]:
    return _shared({host.name: host.steps[step] for host in plan.having(step)})


def _datastore_rows(plan: ClusterPlan) -> Iterator[str]:
    if not plan.datastore_known:
        yield "not known before calicoctl is set up and reaches it; pools, profiles and settings are then made as desired"
    if plan.datastore:
        yield _few(plan.datastore, 12)
    if plan.felix_restarts:
        yield "Felix restarts by itself on every node for that; packets go on"


def _shared(parts: Mapping[str, list[str]]) -> list[str]:
    """Lines of hosts, those that do the same together."""
    together: dict[str, list[str]] = {}
    for name, texts in parts.items():
        together.setdefault("; ".join(texts), []).append(name)
    return [f"{_few(names, SHOWN_HOSTS)}: {text}" for text, names in together.items()]


def document(plan: ClusterPlan) -> dict[str, Any]:
    """The plan as data, hosts without anything to do left out."""
    return {
        "changes": plan.changes,
        "hosts": len(plan.hosts),
        "unchanged": len(plan.hosts) - len(plan.changing),
        "changing": {
            host.name: {"changes": host.changes, "steps": host.steps, "unknown": host.unknown} for host in plan.changing
        },
        **({"left": {host.name: host.left for host in plan.hosts if host.left}} if plan.drift else {}),
        "datastore": {"changes": plan.datastore, "felix_restarts": plan.felix_restarts, "known": plan.datastore_known},
    }
