# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification means: each check of each agent, with its cause and what to do. Pure.

An agent answers for its own container and for the connections that this opens; the other direction of a pair is in the other agent's row. So a row is the
same whether all agents are verified by one run or each by its own.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.dcos.calico.plugins.plugin_utils._agents import called
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Finding
from ansible_collections.dcos.calico.plugins.plugin_utils._verify_plan import AGENT, CHECKS, NETWORK, RUN

OK, FAILED, SKIPPED = "ok", "failed", "skipped"
WORDS = {
    "timeout": "no answer",
    "refused": "the connection is refused",
    "unreachable": "there is no way there",
    "too_large": "the packet is too large",
}
TUNNEL = "tunl0"
# DC/OS has a default route on every host; by that a container's address of another agent leads nowhere.
DEFAULT = "0.0.0.0/0"


@dataclasses.dataclass(frozen=True)
class Check:
    """One check of one agent. C(text) is a word or two for the table."""

    name: str
    status: str
    text: str = ""
    findings: tuple[Finding, ...] = ()


@dataclasses.dataclass
class Row:
    """One agent on one network.

    :ivar inventory: whether the inventory has it; where not, host is the address by which Mesos knows it.
    """

    host: str
    agent: str | None
    network: str
    address: str | None = None
    checks: dict[str, Check] = dataclasses.field(default_factory=dict)
    inventory: bool = True

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.checks.values() if check.status == FAILED]


def words(error: Any) -> str:
    """A word of network_probe as an operator reads it."""
    return WORDS.get(str(error), str(error))


def trouble(peer: Mapping[str, Any]) -> str | None:
    """What of a pair does not work, in words; None if all of it does."""
    if peer.get("error"):
        return f"it could not be tried: {peer['error']}"
    errors = {kind.upper(): words(peer[kind]["error"]) for kind in ("tcp", "udp") if peer[kind]["error"] is not None}
    if len(set(errors.values())) == 1:
        return f"{' and '.join(errors)}: {next(iter(errors.values()))}"
    return ", ".join(f"{kind}: {error}" for kind, error in errors.items()) or None


@dataclasses.dataclass(frozen=True)
class Matrix:
    """What the containers of a network have seen, by the address of their agent."""

    containers: Mapping[str, Mapping[str, Any]]

    def peer(self, source: str, target: str) -> Mapping[str, Any] | None:
        """The try of one to reach another, if there was one."""
        return next(
            (peer for peer in (self.containers.get(source) or {}).get("peers", []) if peer["agent"] == target), None
        )

    def callers(self, target: str) -> list[bool]:
        """Whether each of those that tried has reached it."""
        tries = (self.peer(source, target) for source in self.containers)
        return [trouble(peer) is None for peer in tries if peer]

    def calls(self, source: str) -> list[bool]:
        """Whether it has reached each of those that it tried."""
        return [trouble(peer) is None for peer in (self.containers.get(source) or {}).get("peers", [])]

    def answers_its_host(self, agent: str) -> bool:
        found = self.containers.get(agent)
        return bool(found and found["host"] and found["host"]["answers"] is None)


def has_route(way: Mapping[str, Any] | None) -> bool:
    """Whether a host knows more of the way than its default route."""
    return bool(way and way["route"] and not way["route"].startswith(DEFAULT))


@dataclasses.dataclass(frozen=True)
class Seen:
    """All that a run has found out.

    :ivar hosts: {inventory name: {address by the inventory, result of network_probe or None}}.
    :ivar agents: those that were to be verified; cluster those that Mesos knows, as dcos_agent_info lists them.
    :ivar apps: as marathon_app_info lists them, of this run.
    :ivar forgotten: those of agents that no host of the inventory is; unknown hosts that none of Mesos' agents is.
    :ivar pools: C(calico_ip_pools), for where the datastore was not asked; networks: C(calico_networks).
    """

    run: str
    hosts: Mapping[str, Mapping[str, Any]]
    agents: list[Mapping[str, Any]]
    cluster: list[Mapping[str, Any]]
    apps: list[Mapping[str, Any]]
    networks: list[str]
    network_pools: Mapping[str, list[str]]
    pools: list[Mapping[str, Any]]
    skip: list[str] = dataclasses.field(default_factory=list)
    needs: str = ""
    forgotten: Sequence[Mapping[str, Any]] = dataclasses.field(default_factory=list)
    unknown: list[str] = dataclasses.field(default_factory=list)

    def app(self, agent: str, network: str) -> Mapping[str, Any] | None:
        found = (app for app in self.apps if app["labels"].get(RUN) == self.run and app["labels"].get(AGENT) == agent)
        return next((app for app in found if app["labels"].get(NETWORK) == network), None)

    def agent_of(self, host: str) -> str | None:
        """Address by which Mesos knows a host: what the host says, or what the inventory has."""
        found = self.hosts[host]
        addresses = {agent["address"] for agent in self.cluster}
        said = (found["result"] or {}).get("agent")
        return said or (found["address"] if found["address"] in addresses else None)

    def container(self, host: str, network: str) -> Mapping[str, Any] | None:
        result = self.hosts[host]["result"] or {}
        return next((one for one in result.get("containers") or [] if one["network"] == network), None)

    def matrix(self, network: str) -> Matrix:
        """All pairs of a network that were tried."""
        found = {host: self.container(host, network) for host in self.hosts}
        return Matrix({self.agent_of(host) or host: one for host, one in found.items() if one})


def evaluate(seen: Seen) -> list[Row]:
    """A row for each agent and network."""
    desired, matrices = (
        {agent["address"]: agent for agent in seen.agents},
        {network: seen.matrix(network) for network in seen.networks},
    )
    rows = []
    for host in seen.hosts:
        address = seen.agent_of(host)
        if address in {agent["address"] for agent in seen.cluster} - set(desired):
            continue  # It was not asked for.
        for network in seen.networks:
            row = Row(host, address, network)
            for check in _checks(seen, row, desired.get(address or ""), matrices[network]):
                row.checks[check.name] = check
            for name in CHECKS:
                row.checks.setdefault(name, Check(name, SKIPPED, "-"))
            row.checks = {name: row.checks[name] for name in CHECKS}
            rows.append(row)
    return rows + [_forgotten(seen, agent, network) for agent in seen.forgotten for network in seen.networks]


def _forgotten(seen: Seen, agent: Mapping[str, Any], network: str) -> Row:
    """An agent that nobody looked at, because no host of the inventory is it."""
    row = Row(agent["address"] or agent["id"], agent["address"], network, inventory=False)
    why = "nothing is done or measured there, and Mesos starts containers on it"
    if seen.unknown:
        why += f"; or it is {', '.join(seen.unknown)}, of which Mesos has no agent"
    remedy = "Add it to agents_private or agents_public and run dcos.calico.install, or name the agents to verify (calico_verify_agents)"
    found = Finding(f"Mesos has the agent {called(agent)}, and the inventory has not", why, remedy)
    made = {"started": _started(seen, row, agent), "probe": verdict("probe", [found])}
    row.checks = {name: made.get(name, Check(name, SKIPPED, "-")) for name in CHECKS}
    return row


def verdict(name: str, findings: Iterable[Finding], text: str = "ok", wrong: str = "FAILED") -> Check:
    findings = tuple(findings)
    return Check(name, FAILED if findings else OK, wrong if findings else text, findings)


def _checks(seen: Seen, row: Row, agent: Mapping[str, Any] | None, matrix: Matrix) -> list[Check]:
    start = _started(seen, row, agent)
    if start.status != OK:
        return [start]
    app = seen.app(str(row.agent), row.network) or {}
    running = [task for task in app["tasks"] if task["addresses"]]
    row.address = running[0]["addresses"][0] if running else None
    container = seen.container(row.host, row.network)
    probe = _probed(seen, row, container)
    if probe.status != OK or container is None:
        return [start, probe]
    measured = [
        verdict("address", _address(seen, row, app, container)),
        verdict("route", _route(seen, row, container)),
        verdict("rp_filter", _rp_filter(container)),
        _peers(container, row, matrix),
        _large(container),
        _dns(container),
        _outside(seen, container, row),
        _policy(seen, container, row),
    ]
    return [start, probe, *(check for check in measured if check.name not in seen.skip)]


def _started(seen: Seen, row: Row, agent: Mapping[str, Any] | None) -> Check:
    app = seen.app(str(row.agent), row.network) if agent else None
    if agent is None:
        known = ", ".join(one["address"] for one in seen.cluster) or "none"
        what = f"Mesos knows no agent {row.agent}" if row.agent else "It is not known which agent of Mesos this is"
        said = _trouble(seen.hosts[row.host]["result"])
        why = said if said and not row.agent else f"its agents are {known}"
        finding = Finding(what, why, "Start its Mesos agent, or take the host out of the group")
    elif not agent["active"]:
        finding = Finding(
            f"Mesos has lost the agent {row.agent}", None, "Look at its unit dcos-mesos-slave (dcos-mesos-slave-public)"
        )
    elif app is None:
        finding = Finding("Marathon has no app for it", None, "Somebody removed it meanwhile: run again")
    elif app["ready"]:
        return Check("started", OK, "ok")
    elif app["failure"]:
        remedy = (
            "What the CNI plugin said is in the log of the Mesos agent, too"
            if "CNI" in app["failure"]
            else "Look at the task's stderr in its sandbox"
        )
        finding = Finding("Its app does not start", " ".join(app["failure"].split()), remedy)
    else:
        why = f"{app['text']}; Marathon got no offer of this agent that has what it needs{f' ({seen.needs})' if seen.needs else ''}"
        finding = Finding(
            "Its app does not start", why, "Free resources on the agent, or wait longer (calico_verify_start_timeout)"
        )
    return verdict("started", [finding])


def _trouble(result: Mapping[str, Any] | None) -> str | None:
    """Why there is no measurement, in the words of what went wrong."""
    if result is None:
        return "it was not run"
    if result.get("unreachable"):
        return f"the host cannot be logged in to: {result.get('msg')}"
    return str(result.get("msg") or "it failed") if result.get("failed") or "containers" not in result else None


def _probed(seen: Seen, row: Row, container: Mapping[str, Any] | None) -> Check:
    trouble = _trouble(seen.hosts[row.host]["result"])
    if trouble:
        return verdict("probe", [Finding("Nothing was measured", trouble, "Put that right and run again")])
    if container is None:
        remedy = "See whether detect_ip says the address that Mesos has of the agent"
        return verdict("probe", [Finding("Its container was not found on this host", None, remedy)])
    if container["problem"]:
        remedy = "See whether the network's file is that of Calico, and Mesos' isolator network/cni is on"
        return verdict("probe", [Finding(container["problem"], None, remedy)])
    return Check("probe", OK, "ok")


def _pools(seen: Seen, row: Row) -> tuple[list[Mapping[str, Any]], str]:
    """The pools and where they stand."""
    result = seen.hosts[row.host]["result"] or {}
    return (result["pools"], "the datastore") if result.get("pools") else (seen.pools, "calico_ip_pools")


def _is_set(pool: Mapping[str, Any], switch: str) -> bool:
    """Of calico_ip_pools it may be text."""
    return bool(boolean(pool.get(switch) or False, strict=False))


def _in(address: str, cidrs: list[str]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(cidr, strict=False) for cidr in cidrs)


def _address(seen: Seen, row: Row, app: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[Finding]:
    address = str(row.address)
    task = [task for task in app["tasks"] if task["addresses"]][0]
    inside = (container["interface"] or {}).get("address")
    if address == row.agent:
        why = "the plugin answered in a form that Mesos does not read"
        yield Finding(
            "Mesos has only the agent's own address of it", why, "Have no cniVersion above 0.2.0 in the network's file"
        )
        return
    if inside != address:
        yield Finding(f"Marathon says {address}, the container's own interface {inside or 'has none'}")
    if task.get("mesos_addresses") and address not in task["mesos_addresses"]:
        yield Finding(f"Marathon says {address}, Mesos {', '.join(task['mesos_addresses'])}")
    pools, where = _pools(seen, row)
    usable = [str(pool["cidr"]) for pool in pools if not _is_set(pool, "disabled")]
    if not _in(address, usable):
        yield Finding(
            f"{address} is in no pool of {where}",
            f"they are {', '.join(usable) or 'none'}",
            "Look for another IPAM in the network's file",
        )
    own = seen.network_pools.get(row.network) or []
    if own and not _in(address, own):
        remedy = "Run dcos.calico.site, which writes them to the network's file"
        yield Finding(f"{address} is in none of the network's own pools", ", ".join(own), remedy)
    others = [
        one["id"]
        for one in seen.apps
        if one["id"] != app["id"]
        for task in one["tasks"]
        if address in task["addresses"]
    ]
    if others:
        yield Finding(
            f"{address} is the address of {', '.join(others)} too",
            None,
            "Look for a second datastore: agents must have the same etcd",
        )
    yield from _endpoint(seen, row, container)


def _endpoint(seen: Seen, row: Row, container: Mapping[str, Any]) -> Iterator[Finding]:
    """What Calico's datastore says; nothing where it was not asked because there is no calicoctl."""
    result = seen.hosts[row.host]["result"] or {}
    if result.get("calico_error"):
        missing = result.get("pools") is None and "there is no" in str(result["calico_error"])
        if not missing:
            yield Finding("Calico's datastore could not be asked", result["calico_error"])
    elif container["endpoint"] is None:
        what = f"Calico has no endpoint with {row.address} at node {container['node']}"
        yield Finding(
            what,
            None,
            "Compare nodename in the network's file with the name of the agent's node (calicoctl get nodes -o wide)",
        )
    elif container["endpoint"]["labels"].get("dcos-calico-verify") != seen.run:
        yield Finding(
            "Its endpoint has not the labels that its app has",
            str(container["endpoint"]["labels"]),
            "Policies that select by labels cannot work",
        )


def _route(seen: Seen, row: Row, container: Mapping[str, Any]) -> Iterator[Finding]:
    host, inside = container["host"], container["interface"] or {}
    endpoint = (container["endpoint"] or {}).get("interface")
    if host["interface"] is None:
        why = f"the host's route is {host['route']}" if host["route"] else "the host has none"
        yield Finding(
            f"{row.address}/32 does not lead to an interface of this host",
            why,
            "Felix makes it: see whether calico/node runs here",
        )
    elif endpoint and endpoint != host["interface"]:
        yield Finding(
            f"{row.address}/32 leads to {host['interface']}, and Calico's endpoint is {endpoint}",
            None,
            "Remove the stale interface",
        )
    if not inside.get("gateway"):
        yield Finding("The container has no default route", None, "Look for what else changes the container's network")
    if host["answers"] is not None:
        why = f"a connection from this host to it: {words(host['answers'])}"
        yield Finding(
            "The container does not answer its own host", why, "See whether Felix runs and is ready on this host"
        )


def _rp_filter(container: Mapping[str, Any]) -> Iterator[Finding]:
    """The kernel takes the larger of the two values; 1 is strict, 2 loose, 0 off."""
    values = container["host"]["rp_filter"]
    known = {name: value for name, value in values.items() if value is not None}
    if known and max(known.values()) == 1:
        return
    shown = f"all is {values['all']}, {container['host']['interface'] or 'its interface'} is {values['interface']}"
    remedy = "Run dcos.calico.install, which sets it, also after each start of the Mesos agent"
    yield Finding(
        "The kernel does not check where packets of the container come from (rp_filter), so it can forge its address",
        shown,
        remedy,
    )


def explain(source: str, peer: Mapping[str, Any], matrix: Matrix) -> tuple[str, str, str]:
    """(what, cause, remedy) of a pair that does not work."""
    target, what = peer["agent"], str(trouble(peer))
    way, back = peer.get("way"), matrix.peer(target, source)
    works_back = back is not None and trouble(back) is None
    way_back = (back or {}).get("way")
    sessions = "See whether calico/node runs on both and its sessions are Established (calicoctl node status); they need TCP 179 between agents"
    if not way:
        return what, "it is not known why", "Run again"
    if not has_route(way):
        return (
            what,
            f"this host has no route to the other's block ({'its route is ' + way['route'] if way['route'] else 'it has none'})",
            sessions,
        )
    if not way["agent_answers"]:
        return what, "this host does not reach the other host itself", "Put the network between the hosts right first"
    if way_back and not has_route(way_back):
        return what, "the other host has no route back to this one's block", sessions
    if TUNNEL in way["route"]:
        other = ", though the other direction works" if works_back else ""
        return (
            what,
            f"packets between the hosts are in IP-in-IP, and these get lost{other}",
            "Open IP protocol 4 between all agents, in both directions",
        )
    if len(matrix.callers(target)) > 0 and not any(matrix.callers(target)) and matrix.answers_its_host(target):
        remedy = "See what its profile (of the network's name) and policies take: calicoctl get profile NAME -o yaml, calicoctl get policy -o yaml"
        return (
            what,
            "that container answers its own host and nobody else: a policy or its profile lets nothing in",
            remedy,
        )
    if len(matrix.calls(source)) > 1 and not any(matrix.calls(source)):
        return (
            what,
            "this container reaches nobody: a policy or its profile lets nothing out, or Felix is not ready here",
            "See calicoctl get policy -o yaml",
        )
    if peer["tcp"]["error"] is None or peer["udp"]["error"] is None:
        return what, "only one protocol passes", "See what policies, and firewalls between the hosts, say of the other"
    other = ", though the other direction works" if works_back else ""
    remedy = "On clouds see the check of source and destination addresses and the security groups; else what filters FORWARD on both hosts, and policies"
    return what, f"routes are there and packets get lost on the way ({way['route']}){other}", remedy


def _peers(container: Mapping[str, Any], row: Row, matrix: Matrix) -> Check:
    peers = container["peers"]
    if not peers:
        return Check("peers", SKIPPED, "-")
    broken = [peer for peer in peers if trouble(peer)]
    groups: dict[tuple[str, str, str], list[str]] = {}
    for peer in broken:
        groups.setdefault(explain(str(row.agent), peer, matrix), []).append(peer["agent"])
    findings = [
        Finding(f"It does not reach {', '.join(agents)} ({what})", why, remedy)
        for (what, why, remedy), agents in groups.items()
    ]
    score = f"{len(peers) - len(broken)}/{len(peers)}"
    return verdict("peers", findings, score, score)


def _large(container: Mapping[str, Any]) -> Check:
    tried = [peer for peer in container["peers"] if peer.get("large")]
    if not tried:
        return Check("large", SKIPPED, "-")
    mtu = container["interface"]["mtu"]
    broken = [peer for peer in tried if peer["large"]["bulk"] or peer["large"]["datagram"]]
    groups: dict[tuple[Any, Any], list[str]] = {}
    for peer in broken:
        groups.setdefault((peer["large"]["bulk"], peer["large"]["path_mtu"]), []).append(peer["agent"])
    findings = []
    for (bulk, path), agents in groups.items():
        why = f"the container's interface has an MTU of {mtu}, and packets of more than {path or 'a few hundred'} bytes do not come back"
        tcp = (
            f"much data by TCP: {words(bulk)}"
            if bulk
            else "TCP adapts itself to that, while datagrams that must not be fragmented are lost"
        )
        remedy = (
            f"Set mtu: {path or 1400} for the network in calico_networks"
            if path != mtu
            else "Look for what drops packets between these agents"
        )
        findings.append(
            Finding(
                f"Large packets do not pass to {', '.join(agents)}", f"{why}; {tcp}" if path != mtu else tcp, remedy
            )
        )
    score = f"{len(tried) - len(broken)}/{len(tried)}"
    return verdict("large", findings, score, score)


def _dns(container: Mapping[str, Any]) -> Check:
    findings = []
    for one in container["names"]:
        if one["error"] is None:
            continue
        if one["error"] == "other addresses":
            why = f"{one['server']} says {', '.join(one['addresses'])}"
            remedy = (
                "A name below .mesos has the agent's address unless IPSources of Mesos-DNS begins with netinfo"
                if one["name"].endswith(".mesos")
                else None
            )
        elif one["error"] == "no such name":
            why, remedy = (
                f"{one['server']} knows no such name",
                "See whether dcos-net (dcos-spartan, dcos-navstar) and dcos-mesos-dns are well",
            )
        else:
            why, remedy = (
                one["error"],
                "Containers ask through their host: see whether it answers, and that no policy closes port 53",
            )
        findings.append(Finding(f"{one['name']} does not lead to {container['address']}", why, remedy))
    return verdict("dns", findings) if container["names"] else Check("dns", SKIPPED, "-")


def _outside(seen: Seen, container: Mapping[str, Any], row: Row) -> Check:
    pools, _where = _pools(seen, row)
    pool = next((one for one in pools if _in(str(row.address), [str(one["cidr"])])), {})
    findings = []
    for one in container["outside"]:
        host = one["target"].rpartition(":")[0]
        if one["error"] is not None:
            remedy = "See that no policy closes it, and that the host itself reaches it"
            if not _is_set(pool, "nat_outgoing"):
                remedy = "Its pool has no nat_outgoing, so the network outside must know the way back; or set it in calico_ip_pools"
            findings.append(Finding(f"{one['target']} is not reached from the container", words(one["error"]), remedy))
        elif _is_set(pool, "nat_outgoing") and one.get("seen_as") == row.address and not _is_pooled(host, pools):
            what, why = (
                "Packets leave with the container's address, though its pool wants the host's",
                f"{host} sees {row.address}",
            )
            findings.append(Finding(what, why, "See whether Felix is ready on this host"))
    return verdict("outside", findings) if container["outside"] else Check("outside", SKIPPED, "-")


def _is_pooled(host: str, pools: list[Mapping[str, Any]]) -> bool:
    try:
        return _in(host, [str(pool["cidr"]) for pool in pools])
    except ValueError:
        return False


def _policy(seen: Seen, container: Mapping[str, Any], row: Row) -> Check:
    tried = container["policy"]
    result = seen.hosts[row.host]["result"] or {}
    if not tried or tried["before"] is not None:
        # Without a partner, or calicoctl, there is nothing to try; that the partner's port is closed anyway is a matter of peers.
        broken = not tried and result.get("calico_error") and "there is no" not in str(result["calico_error"])
        return (
            verdict("policy", [Finding("No policy could be tried", result["calico_error"])])
            if broken
            else Check("policy", SKIPPED, "-")
        )
    partner, findings = tried["partner"], []
    if tried["error"]:
        findings.append(Finding("A policy could not be tried", tried["error"]))
    elif tried["denied"] is None:
        remedy = f"See whether Felix is ready on {partner} and reads the same datastore as this host"
        findings.append(
            Finding(f"A policy that closes a port of the container on {partner} lets packets pass", None, remedy)
        )
    elif tried["allowed"] is not None:
        why = words(tried["allowed"])
        findings.append(
            Finding(f"A policy that closes one port of the container on {partner} closes another one too", why)
        )
    elif tried["after"] is not None:
        what = f"The port of the container on {partner} stays closed though the policy is gone"
        findings.append(Finding(what, None, f"See whether Felix is ready on {partner}"))
    return verdict("policy", findings)
