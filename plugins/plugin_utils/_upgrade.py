# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of an upgrade to another release of Calico 2.6, up or down: which release each host has, what is done there in which order, and what speaks
against it. Pure.

What was found on a host comes from dcos.calico.agent_plan, which asks the jobs of the modules; what is not of the release is left to other playbooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _cluster_plan, _releases
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Finding, counted, some
from ansible_collections.dcos.calico.plugins.plugin_utils._status_hosts import IMAGE_VERSION, PLUGINS, at, items, text

BACKUP, MEMBERS, CANARY, WATCHES, OTHERS, LAST = (
    f"calico_upgrade_{name}" for name in ("backup", "members", "canary", "watches", "others", "last")
)
SHOWN_HOSTS, SHOWN_NAMES = 20, 4
ETCD_LINE = "3.3."
UNIT, UNIT_FILE, LOADED = ".service", "/.service", "systemd"
# job -> (what a person reads, last parts of the names of what changes with a release)
DONE = {
    "etcd_proxy": ("etcd's proxy restarts", ("etcd", UNIT, LOADED)),
    "executable": ("calicoctl", ("calicoctl",)),
    "calicoctl_node": ("calico/node restarts", (UNIT, UNIT_FILE, LOADED)),
    "cni_network": ("CNI plugins", PLUGINS),
}
NODE_NAMES = ("image ", "container ")
# Of a container that still runs what another calicoctl has started: a calicoctl of another release may give it other variables and mounts.
OF_CALICOCTL = ("variable ", "mount ")
SITE = "Bring them about first, with the release that the host has, by dcos.calico.site; or take them out of the inventory again"
REPAIR = "See dcos.calico.status, and bring the host in order by dcos.calico.repair first: an upgrade repairs nothing"
UNNAMED = Finding(
    "It is not said where the datastore is to be backed up first",
    remedy="Set calico_upgrade_backup_file to a file on the controller that is not there yet, or to that of an upgrade that was cut short",
)


@dataclass(frozen=True)
class Host:
    """A host as it was found.

    :ivar found: result of agent_plan. C(node): whether it runs calico/node. C(tolerated): addresses of peers that may be down.
    """

    name: str
    found: Mapping[str, Any]
    node: bool = True
    tolerated: frozenset[str] = frozenset()

    @property
    def address(self) -> str:
        """Of its node, without prefix."""
        return text(at(self.found, "plan", "calicoctl_node", "ip")).partition("/")[0]

    @property
    def agent(self) -> bool:
        """Whether it is an agent of Mesos, and no master."""
        return "mesos_agent" in (at(self.found, "plan") or {})

    def versions(self) -> dict[str, str]:
        """{artifact: version} of what belongs to a release, as far as it is known."""
        image = IMAGE_VERSION.search(text(at(self.found, "calico_node", "container", "image")))
        found = {"calico-node": image.group(1)} if image else {}
        for item in items(self.found.get("executables")):
            name = text(item.get("path")).rpartition("/")[2]
            if name in ("calicoctl", *PLUGINS) and item.get("present") and item.get("version"):
                found[name] = text(item["version"]).lstrip("v")
        return found

    def etcd(self) -> str:
        """The version of its own etcd; empty where it has none."""
        own = [item for item in items(self.found.get("executables")) if text(item.get("path")).endswith("/etcd")]
        return text(own[0].get("version")) if own else ""


@dataclass(frozen=True)
class Options:
    """What an operator asks for: the release, the file of the backup, the canary and for how many seconds it is watched; and the version of etcd that is to
    be installed. before: the version of calico/node in a backup that is there already, from before an upgrade that was cut short."""

    release: str
    backup: str = ""
    before: str = ""
    canary: str = ""
    soak: int = 0
    etcd: str = ""

    @property
    def resumed(self) -> bool:
        return bool(self.before)


@dataclass
class Part:
    """What becomes of a host: now, its release; steps, what is done; trouble, what is not well there now; between, whether that may be because an upgrade
    ended there."""

    host: Host
    now: str
    steps: list[str] = field(default_factory=list)
    member: bool = False
    trouble: list[str] = field(default_factory=list)
    between: bool = False


@dataclass
class UpgradePlan:
    """parts: of all hosts, in their order. order: names of those that change, the canary first."""

    options: Options
    parts: list[Part]
    order: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    reader: str = ""
    findings: list[Finding] = field(default_factory=list)
    components: Sequence[str] = ()
    datastore: Sequence[str] = ()

    @property
    def changes(self) -> bool:
        return bool(self.order or self.members)

    @property
    def compares(self) -> bool:
        """Whether all that is left of an earlier run is its last look, which it may not have come to."""
        return bool(not self.changes and self.options.resumed and self.reader)

    @property
    def releases(self) -> list[str]:
        """What the hosts that change have now."""
        return sorted({part.now for part in self.parts if part.steps and part.now})


def release_of(host: Host, desired: str) -> str:
    """The release that a host has; what each part is of where they belong to none together."""
    versions = host.versions()
    if not versions:
        return "nothing of Calico"
    found = _releases.having(versions)
    if desired in found and ("calico-node" in versions or not at(host.found, "plan", "calicoctl_node", "changed")):
        return desired
    found = [name for name in found if name != desired]
    if not found:
        return f"mixed ({', '.join(f'{name} {version}' for name, version in versions.items())})"
    return found[-1] if "calico-node" in versions or len(found) == 1 else f"{found[0]} to {found[-1]}"


def trouble(host: Host, absent: Iterable[str] = ()) -> list[str]:
    """What is not well on a host that runs calico/node.

    :param absent: addresses of peers that may be down, beside those that are tolerated.
    """
    if not host.node:
        return []
    node, felix, bgp = (at(host.found, "calico_node", key) or {} for key in ("container", "felix", "bgp"))
    if not at(node, "running"):
        return [" ".join(["calico/node does not run", text(at(node, "error"))]).strip()]
    wrong = []
    if not at(felix, "running") or at(felix, "ready") is False:
        wrong.append(f"Felix is not ready{_because(at(felix, 'error'))}")
    # A busy host answers one of two questions only.
    peers = items(at(host.found, "plan", "calicoctl_node", "peers")) or items(at(bgp, "peers"))
    if not peers and not at(bgp, "answers"):
        wrong.append(f"BIRD does not answer{_because(at(bgp, 'error'))}")
    allowed = {*absent, *host.tolerated}
    down = [text(peer.get("address")) for peer in peers if not peer.get("established")]
    down = [address for address in down if address not in allowed]
    if down:
        wrong.append(f"No BGP session is Established with {some(down)}")
    probes = items(host.found.get("etcd"))
    if probes and not any(probe.get("healthy") for probe in probes):
        wrong.append(
            f"etcd does not answer{_because(next((probe['error'] for probe in probes if probe.get('error')), None))}"
        )
    return wrong


def _because(error: Any) -> str:
    return f": {text(error)}" if error else ""


def plan(hosts: Sequence[Host], options: Options, reader: str = "") -> UpgradePlan:
    """The plan for all hosts together.

    :param reader: a host that can read the datastore; empty where none can.
    """
    made = UpgradePlan(options, [Part(host, release_of(host, options.release)) for host in hosts], reader=reader)
    for part in made.parts:
        made.findings += _steps(part, options)
    _judge(made)
    changing = [part for part in made.parts if part.steps]
    first = sorted(changing, key=lambda part: (not part.between, part.host.name != options.canary, not part.host.agent))
    made.order = [part.host.name for part in first]
    made.members = [part.host.name for part in made.parts if part.member]
    if options.canary and options.canary not in [host.name for host in hosts]:
        made.findings.append(
            Finding(f"The canary {options.canary} is no host of this run", remedy="Correct calico_upgrade_canary")
        )
    if made.changes and not reader:
        made.findings.append(
            Finding("No host can read the datastore, so it cannot be backed up", remedy="See dcos.calico.status")
        )
    if made.changes and not options.backup:
        made.findings.append(UNNAMED)
    return made


def _steps(part: Part, options: Options) -> Iterator[Finding]:
    """What is done on a host; findings about what cannot be told, or is not of the release."""
    host = part.host
    jobs = at(host.found, "plan") or {}
    planned = _cluster_plan.host_plan(host.name, jobs, [], [])
    for words in (*planned.problems, *planned.unknown):
        yield Finding(words, None, "Run dcos.calico.site on the host first", host.name)
    other = []
    for job, names in planned.changes.items():
        if job == "mesos_agent":
            continue
        if job == "etcd_member":
            part.member = True
            other += [name for name in names if not _belongs(name, ("etcd", UNIT, LOADED))]
            yield from _member(host, jobs[job], options)
            continue
        what, endings = DONE.get(job, ("", ()))
        foreign = [
            name
            for name in names
            if not _belongs(name, endings) and not (job == "calicoctl_node" and name.startswith(NODE_NAMES))
        ]
        other += foreign
        if what and len(foreign) < len(names):
            part.steps.append(what)
    node = at(jobs, "calicoctl_node") or {}
    replaced = host.versions().get("calicoctl") == _releases.versions(options.release)["calicoctl"]
    allowed = (
        "image:",
        *(OF_CALICOCTL if replaced else ()),
        *(("calico-node.service does not run",) if options.resumed else ()),
    )
    other += [words for words in node.get("differences") or () if not str(words).startswith(allowed)]
    if node.get("restart_needed"):
        yield Finding(
            "calico/node is not to be restarted, and would keep its release",
            "calico_node_restart is never",
            "Set it to auto",
            host.name,
        )
    elif part.now == "nothing of Calico" and host.node:
        yield Finding(
            "It has nothing of Calico yet",
            None,
            "Run dcos.calico.site on the host first, with the release that the others have",
            host.name,
        )
    elif other:
        yield Finding(
            f"More than its release differs from the inventory: {some(other, SHOWN_NAMES)}", None, SITE, host.name
        )


def _belongs(name: str, endings: tuple[str, ...]) -> bool:
    """Whether what a job changes belongs to a release. A unit by its name is one that restarts; the file of a unit names the image of calico/node."""
    last = name.rpartition("/")[2]
    return last in endings or last.endswith(UNIT) and (UNIT in endings and last == name or UNIT_FILE in endings)


def _member(host: Host, job: Mapping[str, Any], options: Options) -> Iterator[Finding]:
    """Whether a member of a managed etcd may become another version: one of 3.3 does not start in a cluster of a later line, and later ones lack what
    Calico needs."""
    now = host.etcd()
    if options.etcd and not options.etcd.startswith(ETCD_LINE):
        yield Finding(
            f"etcd is to be {options.etcd}",
            "members of a managed etcd stay within 3.3",
            "Correct calico_etcd_url",
            host.name,
        )
    elif now and not now.startswith(ETCD_LINE):
        yield Finding(
            f"The etcd member is {now}", "members of a managed etcd stay within 3.3", "See docs/etcd.md", host.name
        )
    if not job.get("healthy") and not options.resumed:
        yield Finding(
            "The etcd member is not healthy, and another one is not restarted beside it", None, REPAIR, host.name
        )


def _judge(made: UpgradePlan) -> None:
    """What is not well now ends the upgrade before anything is touched, but on a host on which an upgrade ended that this one completes or takes back."""
    nodes = [part.host.address for part in made.parts]
    well = [part.host for part in made.parts if part.host.node and not trouble(part.host, nodes)]
    fine = {name for host in well for name in _releases.having(host.versions())}
    touched = [part for part in made.parts if part.steps and _touched(part, made.options.before, fine)]
    absent: list[str] = []
    for allowed in (nodes, absent):  # what is a host's own, then what only its sessions tell
        for part in touched:
            part.between = part.between or bool(trouble(part.host, allowed))
        absent += [part.host.address for part in touched if part.between]
    for part in made.parts:
        part.trouble = trouble(part.host, [] if part.between else absent)
        if not part.between:
            made.findings += [Finding(words, None, REPAIR, part.host.name) for words in part.trouble]


def _touched(part: Part, before: str, fine: set[str]) -> bool:
    """Whether an upgrade may have ended on a host: by the backup that it has made, or else because what it has is of no release that a host has which is well.

    One whose calico/node was stopped has no container that says its release, and calicoctl and plugins are of several.
    """
    versions = part.host.versions()
    return versions.get("calico-node") != before if before else fine.isdisjoint(_releases.having(versions))


def groups(made: UpgradePlan, look: bool = False) -> dict[str, list[str]]:
    """Host -> groups of this run: which plays it takes part in; hosts of the upgrade in their order. In a look the datastore is read, and no more."""
    if not (made.changes or made.compares):
        return {}
    if look:
        return {made.reader: [BACKUP]} if made.options.backup and made.reader else {}
    found: dict[str, list[str]] = {name: [OTHERS if number else CANARY] for number, name in enumerate(made.order)}
    for name in made.members:
        found.setdefault(name, []).append(MEMBERS)
    for part in made.parts:
        found.setdefault(part.host.name, []).extend([WATCHES, LAST] if made.order[1:] else [WATCHES])
    found[made.reader].append(BACKUP)
    return found


def lines(made: UpgradePlan) -> list[str]:
    """The plan for a person."""
    release, total = made.options.release, len(made.parts)
    if not made.changes:
        return [
            f"Upgrade to Calico {release}: nothing to do. {counted(total, 'host')} of this run {'has' if total == 1 else 'have'} it.",
            *(
                [f"  The datastore is compared with the backup of an earlier run, {made.options.backup}."]
                if made.compares
                else []
            ),
            *_more(made),
        ]
    changing = len(made.order)
    found = [
        f"Upgrade to Calico {release}: {changing} of {counted(total, 'host')} {'changes' if changing == 1 else 'change'}, one after the other."
    ]
    kept = "is kept from an earlier run" if made.options.resumed else "is made, which disturbs nothing"
    found.append(
        f"  First the backup {made.options.backup or '(no file is named)'} {kept}. The datastore is compared with it afterwards."
    )
    if made.members:
        etcd = made.options.etcd or "another version"
        found.append(
            f"  Then etcd's members become {etcd}, each awaited before the next: {some(made.members, SHOWN_HOSTS)}. Packets go on."
        )
    by_name = {part.host.name: part for part in made.parts}
    if made.order:
        found += [
            f"  The canary, which is watched for {made.options.soak} seconds before others follow:",
            f"    {_row(release, [by_name[made.order[0]]])}",
        ]
    if made.order[1:]:
        found += ["  Then, one after the other:"]
        together: dict[str, list[Part]] = {}
        for name in made.order[1:]:
            together.setdefault(_said(by_name[name]), []).append(by_name[name])
        found += [f"    {_row(release, parts)}" for parts in together.values()]
    if made.order:
        found.append(
            "  While calico/node restarts, packets go on, and no container can be started on that host for some seconds."
        )
    found += _more(made)
    on, back = way_on(made.options.release, made.releases)
    return [*found, f"  The first failure ends it for all hosts. {on}", f"  {back}"]


def _said(part: Part) -> str:
    trouble_now = f" Now: {'; '.join(part.trouble)}." if part.trouble else ""
    return f"{part.now}; {', '.join(part.steps)}.{trouble_now}"


def _row(release: str, parts: Sequence[Part]) -> str:
    now, _stop, rest = _said(parts[0]).partition("; ")
    way = now if now == release else f"{now} -> {release}"
    return f"{some([part.host.name for part in parts], SHOWN_HOSTS)}: {way}; {rest}"


def _more(made: UpgradePlan) -> list[str]:
    found = []
    if "kubernetes" in made.components:
        found.append(
            "  Kubernetes' controllers belong to the release, and are not part of this: run dcos.calico.kubernetes afterwards."
        )
    if made.datastore:
        found.append(f"  The datastore differs from the inventory, and is left as it is: {some(list(made.datastore))}.")
    return found


def way_on(release: str, releases: Sequence[str]) -> list[str]:
    """How to go on after a failure, and how to go back, a sentence each."""
    known = [name for name in releases if name in _releases.known() and name != release]
    back = f"set calico_release to {known[0]}" if len(known) == 1 else "set calico_release to the release of before"
    return [
        "To go on, run the same again: what is done is skipped.",
        f"To go back, {back}, with the checksums that belong to it, and run the same with the same backup file.",
    ]


def document(made: UpgradePlan) -> dict[str, Any]:
    """The plan as data, hosts that do not change left out."""
    return {
        "changes": made.changes,
        "release": made.options.release,
        "releases": made.releases,
        "order": made.order,
        "members": made.members,
        "backup": made.options.backup,
        "hosts": {
            part.host.name: {
                "now": part.now,
                "steps": part.steps,
                "address": part.host.address,
                "between": part.between,
            }
            for part in made.parts
            if part.steps
        },
    }


# ---- after a host, and at the end

ENDED_WELL = ("TASK_FINISHED", "TASK_KILLED")


def cut_off(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Sentences about containers and tasks of a host that have lost something, by dcos.calico.workload_info before and after.

    That one ends meanwhile is its own affair; that it lives without a route, or ended badly, is not.
    """
    lost = set(before["container_routes"]) & set(after["addresses"]) - set(after["container_routes"])
    found = [f"containers live and have no route any more: {some(sorted(lost))}"] if lost else []
    tasks, now = before.get("tasks") or {}, after.get("tasks") or {}
    if tasks.get("live") and now.get("error"):
        found.append(f"the Mesos agent does not say any more how its tasks are: {text(now['error'])}")
    elif tasks.get("live"):
        ended, live = now.get("ended") or {}, now.get("live") or ()
        gone = [name for name in tasks["live"] if name not in live and ended.get(name) not in ENDED_WELL]
        if gone:
            told = [f"{text(name)} ({text(ended.get(name) or 'not seen')})" for name in gone]
            found.append(f"tasks ended: {some(told)}")
    return found


def stopped(plan: Mapping[str, Any], host: str, why: str, done: Sequence[str]) -> str:
    """What an upgrade that ends early says.

    :param plan: as document() gives it. C(host): where it ended, empty for all of them together. C(done): hosts that have the release and were found well.
    """
    release, order = plan["release"], [*plan["order"]]
    left = [name for name in order if name not in done and name != host]
    found = [f"The upgrade to Calico {release} ends here{f', at {host}' if host else ''}: {why.rstrip('.')}."]
    if done:
        found.append(f"  It is done on {some(list(done), SHOWN_HOSTS)}.")
    if host in order and host not in done:
        found.append(f"  {host} may be between the releases.")
    if left:
        found.append(f"  Not touched: {some(left, SHOWN_HOSTS)}.")
    found += [f"  {words}" for words in way_on(release, plan["releases"])]
    found.append(f"  Neither needs a restore of the backup, {plan['backup']}.")
    return "\n".join(found)


def not_well(
    hosts: Sequence[Host], made: Mapping[str, Any], done: Mapping[str, str], watched: float = 0
) -> list[Finding]:
    """What is not well on any host after some, or all, have the release.

    :param made: as document() gives it.
    :param done: host -> id of the container that was started there, for those that have the release.
    :param watched: seconds for which they were left alone since.
    """
    absent = [part["address"] for name, part in made["hosts"].items() if part["between"] and name not in done]
    found = []
    for host in hosts:
        if host.address not in absent:
            found += [Finding(words, host=host.name) for words in trouble(host, absent)]
        if host.name not in done:
            continue
        container, felix = (at(host.found, "calico_node", key) for key in ("container", "felix"))
        age = at(felix, "age")
        if done[host.name] and text(at(container, "id")) not in ("", done[host.name]):
            found.append(Finding("calico/node was restarted since", host=host.name))
        elif watched and isinstance(age, (int, float)) and age < watched:
            found.append(Finding("Felix was restarted since", host=host.name))
        if release_of(host, made["release"]) != made["release"]:
            found.append(Finding(f"It has {release_of(host, made['release'])}", host=host.name))
    return found
