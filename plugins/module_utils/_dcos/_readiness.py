# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an installed package does its work, which an installed app alone does not tell; each kind of package in its own way. Pure.

The thin reads behind it are in _watch.py. Sources: etcd-mesos 0.1.3, calico-dcos 0.4.0 and dcos-commons.
"""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

# calico-dcos' framework registers under this name whatever its options say
CALICO_FRAMEWORK = "calico"
STATES = ("starting", "running", "finished", "failed", "killed", "lost", "staging", "in error")
RUNNING, FINISHED = 1, 2
MOST_NAMED = 12


@dataclasses.dataclass(frozen=True)
class Readiness:
    """How far a package is.

    :ivar kind: what was looked at: etcd, calico, sdk or marathon.
    :ivar source: who said it: scheduler, mesos or marathon.
    :ivar text: how far, in words; names the agents that are not done and their steps.
    :ivar agents: for calico, each agent with its steps.
    """

    ready: bool
    kind: str
    source: str
    text: str
    agents: tuple[dict[str, Any], ...] = ()


class Step(NamedTuple):
    """What calico-dcos does on each agent: class of the task, words for it, its goal, where the options switch it, and its needs where they are not set."""

    task: str
    words: str
    goal: int
    group: str
    switch: str
    cpus: float
    mem: float


# In the order in which the framework takes them; each waits for the one before.
STEPS = (
    Step("TaskRunEtcdProxy", "etcd proxy", RUNNING, "Etcd Settings", "run-proxy", 0.1, 128),
    Step("TaskInstallDockerClusterStore", "Docker cluster store", FINISHED, "Configure Docker Cluster-Store", "enable", 0.2, 256),
    Step("TaskInstallCalicoCNI", "CNI plugin", FINISHED, "Install CNI", "enable", 0.2, 512),
    Step("TaskRunCalicoNode", "calico/node", RUNNING, "Run Calico-Node", "enable", 0.2, 256),
)


class Agent(NamedTuple):
    """What of an agent matters here."""

    id: str
    ip: str
    active: bool
    cpus: float
    mem: float
    free_cpus: float
    free_mem: float


class Need(NamedTuple):
    cpus: float
    mem: float


def kind_of(name: str, version: str, app: Mapping[str, Any]) -> str:
    """How the readiness of a package is found out."""
    if "DCOS_COMMONS_API_VERSION" in (app.get("labels") or {}):
        return "sdk"
    if name == "etcd" and re.match(r"0\.0\.", version):
        return "etcd"
    return "calico" if name == "calico" else "marathon"


def etcd(healthy: bool, said: str, source: str, members: list[str] | None, size: int) -> Readiness:
    """etcd-mesos: its own verdict on the cluster, and as many members in DNS as are required, because proxies look for them there.

    :arg healthy, said, source: the verdict, in the words of whom.
    :arg members: addresses in the SRV records; None if they could not be asked for.
    """
    if members is None:
        return Readiness(healthy, "etcd", source, said)
    named = f" ({', '.join(members)})" if members else ""
    text = f"{said}; {len(members)} of {size} members in DNS{named}"
    return Readiness(healthy and len(members) >= size, "etcd", source, text)


def steps_of(options: Mapping[str, Any]) -> list[tuple[Step, Need]]:
    """The steps that the options of package calico switch on, with what each needs on an agent."""
    found = []
    for step in STEPS:
        settings = group(options, step.group)
        if settings.get(step.switch, True):
            found.append((step, Need(number(settings, "cpu-limit", step.cpus), number(settings, "mem-limit", step.mem))))
    return found


def group(options: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A group of options, as somebody noted them in the app's labels."""
    found = options.get(name)
    return found if isinstance(found, Mapping) else {}


def number(settings: Mapping[str, Any], name: str, default: float) -> float:
    """A number among such options; the default for what is none."""
    found = settings.get(name, default)
    return float(found) if isinstance(found, (int, float)) else default


def calico(status: Mapping[str, Any], agents: Iterable[Agent], options: Mapping[str, Any], source: str) -> Readiness:
    """calico-dcos: every agent that Mesos has and that can run the steps has taken them all.

    :arg status: {agent id: {class of task: {"state": number}}}, as the framework's /json gives it.
    """
    steps = steps_of(options)
    rows = [_calico_on(agent, status.get(agent.id) or {}, steps) for agent in sorted(agents, key=lambda agent: agent.ip) if agent.active]
    able = [row for row in rows if row["able"]]
    late = [row for row in able if not row["done"]]
    unable = [f"{row['agent']} is left out: {row['doing']}" for row in rows if not row["able"]]
    words = [f"{len(able) - len(late)} of {len(able)} agents done"] if able else ["Mesos has no agent that can run it"]
    words += [f"{row['agent']}: {row['doing']}" for row in late[:MOST_NAMED]]
    if len(late) > MOST_NAMED:
        words.append(f"{len(late) - MOST_NAMED} more")
    return Readiness(bool(able) and not late, "calico", source, "; ".join(words + unable), tuple(rows))


def _calico_on(agent: Agent, tasks: Mapping[str, Any], steps: list[tuple[Step, Need]]) -> dict[str, Any]:
    states = {step.words: _state_of(tasks.get(step.task)) for step, _need in steps}
    # tasks that stay have their share while the next one runs
    needed = Need(*(max((need[part] for step, need in steps if step.goal == FINISHED), default=0.0) for part in (0, 1)))
    staying = Need(*(sum(need[part] for step, need in steps if step.goal == RUNNING) for part in (0, 1)))
    able = agent.cpus >= max(needed.cpus, staying.cpus) and agent.mem >= max(needed.mem, staying.mem)
    row = {"agent": agent.ip, "id": agent.id, "able": able, "done": False, "steps": {words: _word(state) for words, state in states.items()}, "doing": ""}
    if not able:
        row["doing"] = f"{agent.cpus:g} cpus and {agent.mem:g} MB are too little for the steps"
        return row
    for step, need in steps:
        state = states[step.words]
        if state != step.goal:
            row["doing"] = _doing(step, state, need, agent)
            return row
    row["done"] = True
    return row


def _state_of(task: Any) -> int | None:
    state = task.get("state") if isinstance(task, dict) else None
    return state if isinstance(state, int) and 0 <= state < len(STATES) else None


def _word(state: int | None) -> str:
    return "not started" if state is None else STATES[state]


def _doing(step: Step, state: int | None, need: Need, agent: Agent) -> str:
    if state is None:
        if agent.free_cpus < need.cpus or agent.free_mem < need.mem:
            return (
                f"{step.words} waits for resources ({need.cpus:g} cpus and {need.mem:g} MB are needed, {agent.free_cpus:g} and {agent.free_mem:g} are free)"
            )
        return f"{step.words} waits for its turn"
    if state in (0, RUNNING, 6):
        return f"{step.words} is {_word(state)}"
    if step.goal == RUNNING and state == FINISHED:
        return f"{step.words} has ended and is started again"
    return f"{step.words} {'was ' if state in (4, 5) else 'is ' if state == 7 else ''}{_word(state)} and is tried again"


def status_from_tasks(tasks: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, int]]]:
    """The framework's status out of Mesos' tasks of it, in the shape of /json.

    Mesos forgets tasks that have ended. As the framework starts calico/node only after all steps before, one that runs proves them.
    """
    found: dict[str, dict[str, dict[str, int]]] = {}
    for task in tasks:
        name = re.match(r"Task\(([A-Za-z]+)-", str(task.get("name")))
        state = str(task.get("state", "")).replace("TASK_", "").lower().replace("error", "in error")
        if not name or state not in STATES:
            continue
        of_agent = found.setdefault(str(task.get("slave_id")), {})
        key = f"Task{name.group(1)}"
        # of several of one class the one that has not ended counts
        if key not in of_agent or STATES.index(state) in (0, RUNNING, 6):
            of_agent[key] = {"state": STATES.index(state)}
    for of_agent in found.values():
        if of_agent.get(STEPS[-1].task, {}).get("state") == RUNNING:
            for step in STEPS:
                if step.goal == FINISHED:
                    of_agent[step.task] = {"state": FINISHED}
    return found


def sdk(status: int, plan: Mapping[str, Any]) -> Readiness:
    """A framework of the SDK: its plan of deployment is complete.

    :arg status: 200 complete, 202 in progress, 417 errors; anything else is no answer of the scheduler.
    """
    errors = [str(error) for error in plan.get("errors") or []]
    if status == 417 or errors:
        return Readiness(False, "sdk", "scheduler", f"the plan deploy has errors: {'; '.join(errors) or 'none named'}")
    complete = status == 200 and plan.get("status") == "COMPLETE"
    open_steps = [
        f"{phase.get('name')}/{step.get('name')} {str(step.get('status')).lower()}"
        for phase in plan.get("phases") or []
        for step in phase.get("steps") or []
        if step.get("status") != "COMPLETE"
    ]
    text = f"plan deploy is {str(plan.get('status', 'not known yet')).lower()}"
    if open_steps:
        text += f": {', '.join(open_steps[:MOST_NAMED])}" + (f" and {len(open_steps) - MOST_NAMED} more" if len(open_steps) > MOST_NAMED else "")
    return Readiness(complete, "sdk", "scheduler", text)
