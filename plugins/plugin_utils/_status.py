# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a cluster as one document, made of what dcos.calico.agent_plan found on each host and in the datastore. Pure.

Nothing is refused: a host that does not answer is a row, and what could not be looked at is named as that.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.plugin_utils import _cluster_plan, _releases
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import ALL, counted, some
from ansible_collections.dcos.calico.plugins.plugin_utils._status_hosts import (
    CHECKS,
    NONE,
    OK,
    WORST,
    Host,
    Row,
    at,
    items,
    mapping,
    natural,
    row,
    text,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._status_problems import (
    CRITICAL,
    NOTICE,
    RANK,
    WARNING,
    Problem,
    once,
    play,
    together,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._status_sessions import mesh, session_problems

VERSION = 1
# Prefix of Calico 2.6's blocks of addresses, for IPv4 and IPv6.
BLOCK = {4: 26, 6: 122}
# Per cent of a pool's addresses.
NEARLY_FULL, FULL = 80, 95
ENDING = 14  # days before a certificate ends; one that is renewed by a run is, 30 days before
SHOWN = 10  # problems in the lines for a terminal
KEPT = 100  # problems, hosts and nodes left behind in what AWX keeps with a job, of each the worst
NO_FORECAST = "No forecast: one look says how much is used, and not how fast that grows."
NO_DATASTORE = "Pools, addresses and nodes in the datastore"


def network(value: Any) -> _cidr.Cidr | None:
    """The network that a text names."""
    try:
        return _cidr.parse(text(value))
    except ValidationError:
        return None


def _name(document: Mapping[str, Any], *names: str) -> str:
    return next((text(at(document, "metadata", name)) for name in names if at(document, "metadata", name)), "")


def addresses(resources: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each pool with what workload endpoints use of it, by block; the fullest pool first."""
    used = []
    for endpoint in items(resources.get("workloadEndpoint")):
        networks = at(endpoint, "spec", "ipNetworks")
        for value in networks if isinstance(networks, list) else []:
            address = network(value)
            if address:
                used.append((address, _name(endpoint, "node")))
    pools = []
    for document in items(resources.get("ipPool")):
        cidr = network(at(document, "metadata", "cidr"))
        if cidr:
            pools.append(_pool(cidr, mapping(document.get("spec")), used))
    return sorted(pools, key=lambda pool: (-pool["percent"], pool["cidr"]))


def _pool(cidr: _cidr.Cidr, spec: Mapping[str, Any], used: Iterable[tuple[_cidr.Cidr, str]]) -> dict[str, Any]:
    bits, prefix = (32 if cidr.version == 4 else 128), BLOCK[cidr.version]
    mine: dict[int, str] = {address.address: node for address, node in used if cidr.contains(address)}
    blocks: dict[int, dict[str, Any]] = {}
    for address, node in mine.items():
        block = _cidr.Cidr(cidr.version, address, prefix).masked()
        found = blocks.setdefault(
            block.address, {"cidr": str(block), "used": 0, "size": 1 << bits - prefix, "nodes": []}
        )
        found["used"] += 1
        found["nodes"] += [node] if node and node not in found["nodes"] else []
    size, total = 1 << bits - cidr.prefix, 1 << max(prefix - cidr.prefix, 0)
    return {
        "cidr": str(cidr),
        "disabled": spec.get("disabled") is True,
        "size": size,
        "used": len(mine),
        "free": size - len(mine),
        "percent": round(100 * len(mine) / size, 1),
        "blocks": total,
        "blocks_used": len(blocks),
        "blocks_left": total - len(blocks),
        "used_blocks": [blocks[place] for place in sorted(blocks, key=lambda place: (-blocks[place]["used"], place))],
    }


def address_problems(pools: Sequence[Mapping[str, Any]], without_block: int) -> list[Problem]:
    problems = []
    for pool in pools:
        if pool["percent"] >= NEARLY_FULL and not pool["disabled"]:
            severity = CRITICAL if pool["percent"] >= FULL else WARNING
            what = f"The pool {pool['cidr']} has {counted(pool['free'], 'free address')}"
            why = f"{pool['used']} of {pool['size']} are in use"
            problems.append(
                Problem(severity, what, why, "Add a pool to calico_ip_pools, and see the plan", play("plan"))
            )
    left = sum(pool["blocks_left"] for pool in pools if not pool["disabled"])
    if pools and left < without_block:
        what = f"{counted(without_block, 'node')} without a block of addresses, and at most {left} left in the pools"
        why = "a node without one borrows addresses of other nodes' blocks, as long as there are any"
        problems.append(Problem(WARNING, what, why, "Add a pool to calico_ip_pools, and see the plan", play("plan")))
    return problems


def leftovers(resources: Mapping[str, Any], known: Iterable[str]) -> list[dict[str, Any]]:
    """Nodes of the datastore that are none of the known names, with the endpoints and blocks that they have there."""
    names, found = set(known), []
    endpoints: dict[str, list[Mapping[str, Any]]] = {}
    for endpoint in items(resources.get("workloadEndpoint")):
        endpoints.setdefault(_name(endpoint, "node"), []).append(endpoint)
    nodes = {_name(node, "name"): text(at(node, "spec", "bgp", "ipv4Address")) for node in items(resources.get("node"))}
    for name in sorted({*nodes, *endpoints} - {""}):
        address = nodes.get(name, "").partition("/")[0]
        if not names & {name, address}:
            found.append({"node": name, "address": address, "endpoints": len(endpoints.get(name, []))})
    return found


def version_table(rows: Sequence[Row], release: str) -> dict[str, Any]:
    """What runs where, beside what belongs to the release."""
    expected: dict[str, str] = {}
    notes: list[str] = []
    try:
        expected, notes = _releases.versions(release), _releases.resolve(release)["notes"]
    except ValidationError as error:
        notes = [str(error)]
    names = [*expected, *(name for one in rows for name in one.versions if name not in expected)]
    components = []
    for name in dict.fromkeys(names):
        found: dict[str, list[str]] = {}
        for one in rows:
            if name in one.versions:
                found.setdefault(one.versions[name] or "not known", []).append(one.name)
        components.append({"name": name, "expected": expected.get(name), "found": found})
    return {"release": release, "recommended": _releases.RECOMMENDED, "notes": notes, "components": components}


WORDS = {
    "accepted": "accepted by both sides",
    "server": "etcd's certificate is not accepted by the host",
    "client": "the host's certificate is refused, or cannot be used",
    "missing": "a file for TLS is not on the host",
}


def _moment(value: Any) -> datetime.datetime | None:
    """A moment as documents have it."""
    try:
        return datetime.datetime.strptime(text(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return None


def certificates(rows: Sequence[Row], made: str) -> tuple[list[dict[str, Any]], list[Problem]]:
    """How TLS with etcd goes, alike hosts together, and the files that it takes, by days left."""
    found: dict[tuple[str, str], list[str]] = {}
    problems = []
    for one in rows:
        for probe in items(at(one.host.result, "etcd")):
            state = text(probe.get("certificate"))
            if state:
                found.setdefault((text(probe.get("endpoint")), state), []).append(one.name)
            if state in WORDS and state != "accepted":
                what = f"TLS with etcd: {WORDS[state]}"
                remedy = "See docs/certificates.md for what each file is for"
                problems.append(Problem(CRITICAL, what, text(probe.get("error")), remedy, play("plan"), [one.name]))
    listed = [
        {"endpoint": endpoint, "state": state, "text": WORDS.get(state, state), "hosts": hosts, "days_left": None}
        for (endpoint, state), hosts in sorted(found.items())
    ]
    files, late = _certificate_files(rows, made)
    return listed + files, problems + late


def _certificate_files(rows: Sequence[Row], made: str) -> tuple[list[dict[str, Any]], list[Problem]]:
    now = _moment(made)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    unread: dict[tuple[str, str], list[str]] = {}
    problems = []
    for one in rows:
        for item in items(at(one.host.result, "certificates")):
            path, end = text(item.get("path")), _moment(item.get("not_after"))
            if not now or not end:  # that TLS does not go is told by the endpoint
                unread.setdefault((path, text(item.get("error")) or "no reason is told"), []).append(one.name)
                continue
            until, left = end.strftime("%Y-%m-%dT%H:%M:%SZ"), (end - now).days
            state = "expired" if end <= now else "valid"
            words = f"{'expired' if end <= now else 'valid until'} {until[:10]}"
            file = found.setdefault(
                (path, left),
                {"endpoint": path, "state": state, "text": words, "hosts": [], "days_left": left, "not_after": until},
            )
            file["hosts"].append(one.name)
            file["not_after"] = min(file["not_after"], until)
            if left < ENDING:
                severity = CRITICAL if end <= now else WARNING
                what = f"The certificate {path} {'has expired' if end <= now else 'ends soon'}"
                remedy = "Renew it, or have the run renew those of DC/OS' CA (docs/certificates.md)"
                command = play("rotate_certificates")
                problems.append(Problem(severity, what, f"at {until[:10]}", remedy, command, [one.name]))
    listed = sorted(found.values(), key=lambda file: (file["days_left"], file["endpoint"]))
    listed += [
        {"endpoint": path, "state": "unknown", "text": f"not read: {why}", "hosts": hosts, "days_left": None}
        for (path, why), hosts in sorted(unread.items())
    ]
    return listed, problems


@dataclass(frozen=True)
class Cluster:
    """What is known beside the hosts.

    :ivar datastore: the result of agent_plan with the jobs of the datastore.
    :ivar findings: those of preflight, as documents; severity of problems WARNING, of notes NOTICE.
    :ivar mesos: names and addresses of Mesos' agents; None where nobody could be asked.
    :ivar whole: whether the run has the whole inventory.
    :ivar calicoctl: its path on hosts.
    :ivar made: when, UTC, as ISO 8601 has it.
    """

    release: str
    made: str
    datastore: Any = None
    findings: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    mesos: frozenset[str] | None = None
    whole: bool = True
    components: Sequence[str] = ()
    calicoctl: str = "/opt/calico/bin/calicoctl"


def document(hosts: Sequence[Host], cluster: Cluster) -> dict[str, Any]:
    """All of it, what is worst first; see RETURN of dcos.calico.status."""
    rows = [row(host, cluster.release) for host in hosts]
    sessions = mesh(rows)
    tls, problems = certificates(rows, cluster.made)
    for found in rows:
        problems += [problem.on(found.name) for problem in found.problems]
    problems += session_problems(sessions, rows, cluster.calicoctl)
    problems += _of_preflight(cluster.findings, {found.name for found in rows if not found.answers})
    look_at = mapping(at(cluster.datastore, "plan", "calicoctl_resource_info"))
    resources = mapping(look_at.get("resources")) if look_at.get("datastore_read") else {}
    known = bool(look_at.get("datastore_read"))
    pools = addresses(resources)
    without = _without_block(resources)
    problems += address_problems(pools, without)
    silent = [found.name for found in rows if not found.answers]
    left = leftovers(resources, _known_names(rows, cluster)) if cluster.whole else []
    problems += _leftover_problems(left, rows, cluster)
    problems += _datastore_drift(cluster.datastore) if known else _datastore_unread(cluster.datastore, look_at)
    rows.sort(key=lambda found: (WORST.index(found.state), natural(found.name)))
    merged = together(problems, len(rows))
    return {
        "version": VERSION,
        "made": cluster.made,
        "summary": _summary(rows, merged),
        "problems": merged,
        "agents": [_agent(found) for found in rows],
        "sessions": {
            "nodes": sessions.nodes,
            "pairs": sessions.pairs,
            "established": sessions.pairs - len(sessions.down),
            "silent": sessions.silent,
            "unknown": sessions.unknown,
            "down": [{"from": one, "to": other, "says": words} for one, other, words in sessions.down],
        },
        "addresses": {
            "known": known,
            "pools": pools,
            "nodes_without_block": without,
            "forecast": None,
            "forecast_why": NO_FORECAST,
        },
        "versions": version_table(rows, cluster.release),
        "certificates": tls,
        "leftovers": left,
        "not_looked_at": list(_not_looked_at(cluster, known, text(look_at.get("trouble")), silent)),
    }


def _agent(found: Row) -> dict[str, Any]:
    return {
        "name": found.name,
        "address": found.address,
        "state": found.state,
        "checks": {name: {"state": found.checks[name][0], "text": found.checks[name][1]} for name in CHECKS},
    }


def _summary(rows: Sequence[Row], problems: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = {severity: sum(problem["severity"] == severity for problem in problems) for severity in RANK}
    hosts, answered = len(rows), sum(found.answers for found in rows)
    well = sum(found.state in (OK, NONE) for found in rows)
    if not problems:
        verdict = f"No problem found on {counted(hosts, 'host')}."
    else:
        parts = [f"{number} {severity}" for severity, number in counts.items() if number]
        verdict = f"{counted(len(problems), 'problem')} found on {counted(hosts, 'host')}: {', '.join(parts)}."
    return {"hosts": hosts, "answered": answered, "well": well, "problems": counts, "verdict": verdict}


def _of_preflight(findings: Mapping[str, Any], silent: set[str]) -> list[Problem]:
    problems = []
    for key, severity in (("problems", WARNING), ("notes", NOTICE)):
        for finding in items(findings.get(key)):
            host = text(finding.get("host"))
            if not (host in silent and finding.get("check") == "agent_info"):
                words = [text(finding.get(name)) for name in ("what", "why", "remedy")]
                hosts = [] if host == ALL else [host]
                variable = "_" in words[0].partition(" ")[0]
                what = words[0] if variable else words[0][:1].upper() + words[0][1:]
                problems.append(Problem(severity, what, words[1], words[2], play("plan"), hosts))
    return problems


def _without_block(resources: Mapping[str, Any]) -> int:
    """Nodes that calico/node ran on and that have no address in use."""
    nodes = {_name(node, "name") for node in items(resources.get("node")) if at(node, "spec", "bgp", "ipv4Address")}
    return len(nodes - {_name(endpoint, "node") for endpoint in items(resources.get("workloadEndpoint"))})


def _known_names(rows: Sequence[Row], cluster: Cluster) -> set[str]:
    names = {name for found in rows for name in (found.name, found.address, *found.host.names)}
    for found in rows:
        names.add(text(at(found.host.result, "plan", "calicoctl_node", "node_name")))
        own = at(found.host.result, "node", "names")
        names.update(text(name) for name in (own if isinstance(own, list) else []))
    return (names | (cluster.mesos or set())) - {""}


def _leftover_problems(left: Sequence[Mapping[str, Any]], rows: Sequence[Row], cluster: Cluster) -> list[Problem]:
    silent, asked = [found.name for found in rows if not found.answers], [found.name for found in rows if found.answers]
    command = once(f"-b -a '{cluster.calicoctl} get nodes --output=wide'", asked[0] if asked else "agents")
    problems = []
    for item in left:
        what = f"The datastore has a node {item['node']} that is no host of the inventory"
        what += "" if cluster.mesos is None else " and no agent of Mesos"
        why = f"{counted(item['endpoints'], 'endpoint')} of containers there" if item["endpoints"] else None
        remedy = "See what it is. Where it is gone for good, remove it with calicoctl delete node"
        if silent:
            remedy = f"It may be {some(silent)}, which did not answer. {remedy}"
        problems.append(Problem(NOTICE, what, why, remedy, command))
    return problems


def _datastore_unread(found: Any, look_at: Mapping[str, Any]) -> list[Problem]:
    """That the host that was asked could not read it. Where nobody was asked, none reaches it, which each of them tells."""
    why = text(look_at.get("trouble")) or text(look_at.get("error")) or text(at(found, "msg"))
    if not why or at(found, "skipped"):
        return []
    remedy = "What it has is not known, and neither is what a run would change in it. See etcd, and the plan"
    return [Problem(CRITICAL, "The datastore could not be read", why, remedy, play("plan"))]


def _datastore_drift(found: Any) -> list[Problem]:
    parts = [mapping(at(found, "plan", job)) for job in _cluster_plan.DATASTORE_JOBS]
    errors = [text(part.get("error")) for part in parts if part.get("error")]
    listed = [part.get("names") for part in parts]
    names = [text(name) for value in listed if isinstance(value, list) for name in value]
    if errors:
        return [Problem(WARNING, "What would change in the datastore cannot be told", errors[0], None, play("plan"))]
    if names:
        what = "The datastore is not as the inventory has it"
        return [Problem(NOTICE, what, some(names, 5), "See what a run would do, and run it", play("plan"))]
    return []


def _not_looked_at(cluster: Cluster, known: bool, trouble: str, silent: Sequence[str]) -> Iterable[str]:
    if silent:
        yield f"Everything on {some(silent, 5)}: {'it did' if len(silent) == 1 else 'they did'} not answer."
    if not known:
        yield f"{NO_DATASTORE}: {trouble or 'no host of this run could ask the datastore'}."
    if not cluster.whole:
        yield "Nodes in the datastore without a host: this run has only a part of the inventory."
    elif cluster.mesos is None:
        yield "Agents of Mesos: it was not asked, or did not answer (calico_dcos_url)."
    yield "The certificates of etcd itself: the days that are left are those of the files that the hosts have."
    yield (
        "Leaked addresses: calicoctl 1.6 does not list what IPAM gave out, so addresses and blocks are those of containers that the datastore has. More may be "
        "taken, so what is free and left is an upper bound."
    )
    yield "Endpoints without a container: the containers of a host are no part of the look at it."
    if cluster.components:
        yield f"Optional components: {', '.join(cluster.components)}."


def lines(found: Mapping[str, Any]) -> list[str]:
    """The document for a terminal: what to do first, then a line for each subject."""
    summary, sessions, space = found["summary"], found["sessions"], found["addresses"]
    text_lines = [f"Status: {summary['verdict']}"]
    for problem in found["problems"][:SHOWN]:
        where = f"{some(problem['hosts'])}: " if problem["hosts"] else ""
        why = f" ({problem['why']})" if problem["why"] else ""
        text_lines.append(f"  {problem['severity']:<8}  {where}{problem['what']}{why}")
        text_lines += [f"            {problem['command']}"] if problem["command"] else []
    more = len(found["problems"]) - SHOWN
    text_lines += [f"  and {more} more"] if more > 0 else []
    silent = summary["hosts"] - summary["answered"]
    text_lines.append(
        f"  Hosts: {summary['well']} of {summary['hosts']} well" + (f", {silent} silent" if silent else "") + "."
    )
    unknown = f", {sessions['unknown']} unknown" if sessions["unknown"] else ""
    text_lines.append(f"  BGP sessions: {sessions['established']} of {sessions['pairs']}{unknown}.")
    for pool in space["pools"]:
        text_lines.append(
            f"  Pool {pool['cidr']}: {pool['used']} of {pool['size']} addresses in use, {pool['blocks_left']} of {pool['blocks']} blocks left at most."
        )
    return text_lines


def brief(found: Mapping[str, Any]) -> dict[str, Any]:
    """The document without what is well, for AWX, which keeps it with the job; however many hosts have a trouble of their own, it stays small."""
    pools = [
        {name: value for name, value in pool.items() if name != "used_blocks"} for pool in found["addresses"]["pools"]
    ]
    agents = [agent for agent in found["agents"] if agent["state"] not in (OK, NONE)]
    listed = {"problems": found["problems"], "agents": agents, "leftovers": found["leftovers"]}
    return {
        **{name: found[name] for name in ("version", "made", "summary", "not_looked_at")},
        **{name: value[:KEPT] for name, value in listed.items()},
        "left_out": {name: max(0, len(value) - KEPT) for name, value in listed.items()},
        "sessions": {name: found["sessions"][name] for name in ("pairs", "established", "unknown")},
        "addresses": {**found["addresses"], "pools": pools},
    }
