# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a status says of each host: its checks, by what dcos.calico.agent_plan found there. Pure.

What hosts say is data of strangers: any shape is taken, and each text is made printable and short.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import clean
from ansible_collections.dcos.calico.plugins.plugin_utils import _cluster_plan, _releases
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import some
from ansible_collections.dcos.calico.plugins.plugin_utils._status_problems import (
    CRITICAL,
    NOTICE,
    WARNING,
    Command,
    Problem,
    look,
    play,
)

OK, UNKNOWN, NONE = "ok", "unknown", "none"
# Columns of hosts. A check's state is OK, CRITICAL, WARNING, NOTICE, UNKNOWN (not looked at) or NONE (does not apply).
CHECKS = {
    "host": "Host",
    "node": "calico/node",
    "felix": "Felix",
    "sessions": "BGP sessions",
    "etcd": "etcd",
    "plugins": "CNI plugins",
    "drift": "Inventory",
}
WORST = (CRITICAL, WARNING, UNKNOWN, NOTICE, OK, NONE)
MOST = 300  # characters of a text that a host gave
PLUGINS = ("calico", "calico-ipam")
LOGS = "-b -a 'docker logs --tail 50 calico-node'"
# A unit that may stand in a command that somebody will copy.
UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]*")
IMAGE_VERSION = re.compile(r":v?(\d+\.\d+\.\d+)(?![.\d])")


@dataclass(frozen=True)
class Host:
    """A host of the run.

    :ivar result: of agent_plan, or what came instead of one.
    :ivar names: by which Mesos and the datastore may know it.
    :ivar node: whether it is to run calico/node.
    """

    name: str
    result: Any
    names: frozenset[str] = frozenset()
    node: bool = True


@dataclass
class Row:
    """What is known of a host: name of a check -> (state, text)."""

    host: Host
    checks: dict[str, tuple[str, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def answers(self) -> bool:
        return "dcos" in mapping(self.host.result)

    @property
    def address(self) -> str:
        """Of its node, without prefix; empty where that is not known."""
        planned = text(at(self.host.result, "plan", "calicoctl_node", "ip"))
        return planned.partition("/")[0] or text(at(self.host.result, "node", "ip"))

    @property
    def state(self) -> str:
        return min((state for state, _text in self.checks.values()), key=WORST.index, default=UNKNOWN)

    def note(self, check: str, state: str, words: str, problem: Problem | None = None) -> None:
        self.checks[check] = (state, words)
        self.problems += [problem] if problem else []


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is one, else nothing."""
    return value if isinstance(value, Mapping) else {}


def at(value: Any, *path: str) -> Any:
    """What is at a path of keys; None where there is nothing, or something of another shape."""
    for key in path:
        value = mapping(value).get(key)
    return value


def items(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []


def text(value: Any) -> str:
    """A text of a stranger in one line, printable and short; empty for nothing and for what is none."""
    return " ".join(clean(str(value), MOST).split()) if isinstance(value, (str, int, float)) else ""


def row(host: Host, release: str) -> Row:
    """A host with its checks."""
    found = Row(host)
    if not found.answers:
        _silent(found)
        return found
    info = host.result
    _host(found, info)
    if host.node:
        _node(found, info)
        _felix(found, info)
        _etcd(found, info)
        if "mesos_agent" in mapping(info.get("plan")):
            _plugins(found, info)
        _versions(found, info, release)
    _drift(found, info)
    for check in CHECKS:
        found.checks.setdefault(check, (NONE, "does not apply"))
    return found


def _journal(unit: str) -> Command | None:
    return look(f"-b -a 'journalctl --no-pager -n 50 -u {unit}'") if UNIT.fullmatch(unit) else None


def _silent(found: Row) -> None:
    said = text(at(found.host.result, "msg"))
    unreachable = at(found.host.result, "unreachable")
    what = "does not answer" if unreachable else "could not be looked at"
    command = look("-m ansible.builtin.ping")
    problem = Problem(CRITICAL, f"The host {what}", said, "See whether it runs, and log in as the run does", command)
    found.note("host", CRITICAL, what, problem)
    for check in CHECKS:
        found.checks.setdefault(check, (UNKNOWN, "not looked at"))


def _host(found: Row, info: Mapping[str, Any]) -> None:
    """DC/OS, Docker and the Mesos agent."""
    version, role = text(at(info, "dcos", "version")), text(at(info, "dcos", "role"))
    found.versions["DC/OS"] = version
    found.versions["Docker"] = text(at(info, "docker", "version"))
    unit, active = text(at(info, "mesos_agent", "unit")), text(at(info, "mesos_agent", "active"))
    if at(info, "os", "root") is False:
        remedy = "Become root (ansible_become), because much of a host looks as if it were not there otherwise"
        problem = Problem(WARNING, "The host was looked at without the rights of root", None, remedy, None)
        found.note("host", WARNING, "looked at without root", problem)
    elif not at(info, "docker", "running"):
        why = text(at(info, "docker", "error")) or None
        command = _journal("docker")
        problem = Problem(CRITICAL, "Docker does not run", why, "Start it: calico/node is a container", command)
        found.note("host", CRITICAL, "Docker does not run", problem)
    elif unit and active != "active":
        command = _journal(unit)
        what = f"The Mesos agent is {active or 'not active'}"
        found.note("host", CRITICAL, what, Problem(CRITICAL, what, unit, "Start it", command))
    else:
        found.note("host", OK, ", ".join(filter(None, [role, version and f"DC/OS {version}"])) or "answers")


def _node(found: Row, info: Mapping[str, Any]) -> None:
    container = mapping(at(info, "calico_node", "container"))
    match = IMAGE_VERSION.search(text(container.get("image")))
    version = match.group(1) if match else ""
    found.versions["calico-node"] = version
    if not container.get("present"):
        remedy = "Containers on Calico's network cannot be started there until it runs"
        problem = Problem(CRITICAL, "There is no calico/node", text(container.get("error")), remedy, play("site"))
        found.note("node", CRITICAL, "not there", problem)
    elif not container.get("running"):
        problem = Problem(CRITICAL, "calico/node does not run", text(container.get("error")), "See its log", look(LOGS))
        found.note("node", CRITICAL, "does not run", problem)
    elif not at(info, "calico_node", "unit", "enabled"):
        remedy = "Its unit is to be enabled, or the host comes back without it after a restart"
        problem = Problem(WARNING, "calico/node is not started with the host", None, remedy, play("site"))
        found.note("node", WARNING, f"runs {version}".rstrip() + ", not enabled", problem)
    else:
        found.note("node", OK, f"runs {version}".rstrip())


def _felix(found: Row, info: Mapping[str, Any]) -> None:
    felix = mapping(at(info, "calico_node", "felix"))
    if felix.get("running") and felix.get("ready") is not False:
        found.note("felix", OK, "ready" if felix.get("ready") else "runs, readiness not looked at")
        return
    words = "not ready" if felix.get("running") else "does not run"
    if found.checks["node"][0] == CRITICAL:  # which says all
        found.note("felix", CRITICAL, words)
        return
    why = text(felix.get("error")) or None
    remedy = "Policies and routes of containers do not follow changes there; see its log"
    what = "Felix is not ready" if felix.get("running") else "Felix does not run"
    found.note("felix", CRITICAL, words, Problem(CRITICAL, what, why, remedy, look(LOGS)))


def _etcd(found: Row, info: Mapping[str, Any]) -> None:
    """etcd as the host reaches it, and its proxy."""
    probes, proxy = items(info.get("etcd")), mapping(info.get("proxy"))
    found.versions["etcd"] = next((text(probe.get("version")) for probe in probes if probe.get("version")), "")
    used = proxy.get("exists") and at(info, "plan", "etcd_proxy", "state") != "absent"
    unit = text(proxy.get("name"))
    if used and proxy.get("active") != "active":
        state = text(proxy.get("active")) or "not active"
        command = _journal(unit)
        remedy = "calico/node and containers that start need it; see its log, and run dcos.calico.site for the host"
        problem = Problem(CRITICAL, f"etcd's proxy is {state}", unit, remedy, command)
        found.note("etcd", CRITICAL, f"proxy {state}", problem)
    elif not probes:
        found.note("etcd", UNKNOWN, "not looked at")
    elif not any(probe.get("healthy") for probe in probes):
        why = "; ".join(text(probe.get("error")) for probe in probes if probe.get("error")) or None
        problem = Problem(
            CRITICAL, "etcd does not answer", why, "See etcd's members, and the way to them", play("plan")
        )
        found.note("etcd", CRITICAL, "does not answer", problem)
    else:
        found.note("etcd", OK, "proxy runs, etcd answers" if used else "answers")


def _plugins(found: Row, info: Mapping[str, Any]) -> None:
    there = mapping(at(info, "cni", "plugins"))
    missing = [name for name in PLUGINS if name not in there]
    files = [item for item in items(at(info, "cni", "files")) if item.get("type") == "calico"]
    names = [text(item.get("name")) for item in files if item.get("kind") == "network"]
    remedy = "Containers on Calico's networks cannot be started there"
    if missing:
        what = f"CNI plugins are missing: {', '.join(missing)}"
        found.note(
            "plugins", CRITICAL, f"{', '.join(missing)} missing", Problem(CRITICAL, what, None, remedy, play("site"))
        )
    elif not names:
        problem = Problem(CRITICAL, "Mesos knows no network of Calico", None, remedy, play("site"))
        found.note("plugins", CRITICAL, "no network", problem)
    else:
        found.note("plugins", OK, f"{'network' if len(names) == 1 else 'networks'} {some(names)}")


def _versions(found: Row, info: Mapping[str, Any], release: str) -> None:
    for item in items(info.get("executables")):
        name = text(item.get("path")).rpartition("/")[2]
        if item.get("present") and name in ("calicoctl", *PLUGINS):
            found.versions[name] = text(item.get("version")).lstrip("v")
    try:
        expected = _releases.versions(release)
    except ValidationError:
        return
    for name, version in expected.items():
        seen = found.versions.get(name)
        if seen and seen != version:
            what = f"{name} is {seen}, and {version} belongs to Calico {release.lstrip('v')}"
            found.problems.append(Problem(WARNING, what, None, "Bring it to the inventory's release", play("site")))


def _drift(found: Row, info: Mapping[str, Any]) -> None:
    """What a run of dcos.calico.site would change."""
    parts = mapping(info.get("plan"))
    if not parts or not all(_planned(part) for part in parts.values()):
        found.note("drift", UNKNOWN, "not known")
        return
    plan = _cluster_plan.host_plan(found.name, parts, [], [])
    if plan.problems:
        why = text("; ".join(plan.problems))
        problem = Problem(WARNING, "It cannot be told what would change", why, "See the plan", play("plan"))
        found.note("drift", WARNING, "cannot be told", problem)
    elif plan.active:
        steps = text("; ".join(words for texts in plan.steps.values() for words in texts))
        what = "The host is not as the inventory has it"
        found.note(
            "drift", NOTICE, steps, Problem(NOTICE, what, steps, "See what a run would do, and run it", play("plan"))
        )
    else:
        found.note("drift", OK, "as desired")


LISTED = ("differences", "names", "reasons", "tasks_at_risk", "trouble")


def _planned(part: Any) -> bool:
    """Whether a job's part of the plan has its shape."""
    if not isinstance(part, Mapping) or not isinstance(part.get("changed"), bool) or "names" not in part:
        return False
    lists = [part[name] for name in LISTED if name in part]
    return all(isinstance(value, list) and all(isinstance(one, str) for one in value) for value in lists)


def natural(name: str) -> list[tuple[int, str]]:
    """A key that has agent10 after agent9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]
