# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in a cluster: its masters and agents, and what Mesos-DNS knows. Parsing is pure; each reader is one request or two."""
from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import Any
from urllib.parse import quote

from ansible_collections.dcos.calico.plugins.module_utils import _untrusted
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import Response
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._shape import ANY, NUMBER

MASTERS = "master.mesos"
LEADER = "leader.mesos"
PUBLIC_ROLE = "slave_public"
OPEN, ENTERPRISE = "open", "enterprise"
RESOURCES = ("cpus", "mem", "disk", "gpus")
# Of the answers that others validate
FRAMEWORKS = {"frameworks?": [{"id?": str, "name?": str, "tasks?": [dict], "completed_tasks?": [dict]}]}
_AMOUNTS = {"cpus?": NUMBER, "mem?": NUMBER}
SLAVES = {"slaves?": [{"id": str, "hostname?": str, "pid?": str, "active?": bool, "resources?": _AMOUNTS, "used_resources?": _AMOUNTS}]}


@dataclasses.dataclass(frozen=True)
class Agent:
    """A Mesos agent.

    :ivar address: its address as Mesos has it, by which it is the same as a host of an inventory; of one that Mesos knows from the registry only, what
        it calls itself. Either an address or a host name; empty if it is neither, as an agent may call itself whatever it likes.
    :ivar hostname: the name that it registered with; on DC/OS the address once more, unless somebody changed that. Empty if it can be none.
    :ivar public: whether it is a public agent.
    :ivar active: whether it is connected to the leading master.
    :ivar recovered: whether the leading master knows it from the registry only, as after a change of leader: its attributes may be missing.
    :ivar resources: cpus, gpus (numbers), mem, disk (MiB).
    """

    id: str
    address: str
    hostname: str
    public: bool = False
    active: bool = True
    recovered: bool = False
    attributes: dict[str, Any] = dataclasses.field(default_factory=dict)
    resources: dict[str, float] = dataclasses.field(default_factory=dict)
    version: str | None = None
    region: str | None = None
    zone: str | None = None


@dataclasses.dataclass(frozen=True)
class Master:
    """A master, and whether it leads."""

    address: str
    leader: bool


@dataclasses.dataclass(frozen=True)
class Release:
    """What DC/OS a cluster runs; variant is C(open) or C(enterprise)."""

    version: str
    variant: str
    image_commit: str | None = None


@dataclasses.dataclass(frozen=True)
class Record:
    """A service record of Mesos-DNS."""

    host: str
    address: str
    port: int


def parse_agents(answer: Any) -> list[Agent]:
    """From the answer of /mesos/slaves, ordered by address.

    :raises ValueError: if it is none.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("slaves"), list):
        raise ValueError("it has no list slaves")
    agents = [_agent(entry, recovered) for key, recovered in (("slaves", False), ("recovered_slaves", True)) for entry in answer.get(key) or []]
    return sorted(agents, key=lambda agent: (by_address(agent.address), agent.id))


def _agent(entry: Any, recovered: bool) -> Agent:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise ValueError(f"an agent has no id: {entry!r}"[:200])
    attributes = entry.get("attributes")
    domain = (entry.get("domain") or {}).get("fault_domain") or {}
    hostname = _address_or_name(entry.get("hostname")) or ""
    return Agent(
        id=entry["id"],
        address=address_of_pid(entry.get("pid")) or hostname,
        hostname=hostname,
        public=is_public(entry),
        active=bool(entry.get("active", True)) and not recovered,
        recovered=recovered,
        attributes=dict(attributes) if isinstance(attributes, dict) else {},
        resources={name: entry["resources"][name] for name in RESOURCES if name in (entry.get("resources") or {})},
        version=entry.get("version"),
        region=(domain.get("region") or {}).get("name"),
        zone=(domain.get("zone") or {}).get("name"),
    )


def is_public(entry: dict[str, Any]) -> bool:
    """DC/OS marks public agents by an attribute, which is the text C(true), and by a reservation of all they have."""
    attributes = entry.get("attributes") or {}
    return str(attributes.get("public_ip", "")).lower() == "true" or PUBLIC_ROLE in (entry.get("reserved_resources") or {})


def address_of_pid(pid: Any) -> str | None:
    """The address, or host name, in C(slave(1)@10.0.0.5:5051) or C(master@[fd00::5]:5050); None if there is none that can be one."""
    found = re.fullmatch(r"[^@]*@(?:\[([^\]]+)\]|([^:\[\]]+)):\d+", pid) if isinstance(pid, str) else None
    return _address_or_name(found.group(1) or found.group(2)) if found else None


def _address_or_name(text: Any) -> str | None:
    return _untrusted.address(text) or _untrusted.host_name(text)


def by_address(address: str) -> tuple[int, int, str]:
    """Sort key: addresses by number, then names."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return (9, 0, address)
    return (parsed.version, int(parsed), "")


def parse_task_addresses(answer: Any) -> dict[str, list[str]]:
    """{task id: addresses of its network interfaces} from the answer of /mesos/tasks, by the latest status that tells any.

    :raises ValueError: if it is none.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("tasks"), list):
        raise ValueError("it has no list tasks")
    return {str(task.get("id")): _addresses_of(task.get("statuses") or []) for task in answer["tasks"]}


def _addresses_of(statuses: list[dict[str, Any]]) -> list[str]:
    for status in sorted(statuses, key=lambda one: float(one.get("timestamp") or 0), reverse=True):
        infos = (status.get("container_status") or {}).get("network_infos") or []
        given = [_untrusted.address(one.get("ip_address")) for info in infos for one in info.get("ip_addresses") or []]
        found = [address for address in given if address is not None]
        if found:
            return found
    return []


def parse_hosts(answer: Any) -> list[str]:
    """Addresses from the answer of /mesos_dns/v1/hosts/NAME; a name that is not known is answered with one empty record."""
    if not isinstance(answer, list):
        raise ValueError("it is no list")
    given = [_untrusted.address(record.get("ip")) for record in answer if isinstance(record, dict)]
    return sorted({address for address in given if address is not None}, key=by_address)


def parse_services(answer: Any) -> list[Record]:
    """From the answer of /mesos_dns/v1/services/NAME, with the same empty record; ports come as text."""
    if not isinstance(answer, list):
        raise ValueError("it is no list")
    known = [record for record in answer if isinstance(record, dict) and re.fullmatch("[0-9]{1,5}", str(record.get("port", "")))]
    named = [(_untrusted.host_name(record.get("host")), record) for record in known]
    records = {Record(host, _untrusted.address(record.get("ip")) or "", int(record["port"])) for host, record in named if host}
    return sorted(records, key=lambda record: (by_address(record.address), record.port))


def agents(client: DcosClient) -> list[Agent]:
    """All agents that the leading master knows, those that are away included; one request."""
    return _parsed(client.get("/mesos/slaves"), parse_agents)


def task_addresses(client: DcosClient, newest: int) -> dict[str, list[str]]:
    """Addresses of so many of the tasks that were started last, by id; one request."""
    return _parsed(client.get("/mesos/tasks", params={"limit": str(newest), "order": "desc"}), parse_task_addresses)


def leader(client: DcosClient) -> str | None:
    """Address of the leading master; one request, another one while Mesos-DNS does not know it yet."""
    found = hosts(client, LEADER)
    if found:
        return found[0]
    # Admin Router hands this to the leading master, whose host name is its address on DC/OS
    return _address_or_name(client.get("/mesos/master/state-summary").shaped({"hostname?": ANY}).get("hostname"))


def masters(client: DcosClient) -> list[Master]:
    """All masters, ordered by address; two requests."""
    leading = leader(client)
    addresses = set(hosts(client, MASTERS)) | ({leading} if leading else set())
    return [Master(address, address == leading) for address in sorted(addresses, key=by_address)]


def hosts(client: DcosClient, name: str) -> list[str]:
    """Addresses that Mesos-DNS has for a name; none for a name that it does not know. One request."""
    return _parsed(client.get(f"/mesos_dns/v1/hosts/{quote(name)}"), parse_hosts)


def services(client: DcosClient, name: str) -> list[Record]:
    """Records that Mesos-DNS has for a service such as C(_etcd-server._client.etcd.mesos). One request."""
    return _parsed(client.get(f"/mesos_dns/v1/services/{quote(name)}"), parse_services)


def release(client: DcosClient) -> Release:
    """Version and variant; one request, two before DC/OS 1.12, which does not tell its variant: only Enterprise has a CA."""
    answer = client.get("/dcos-metadata/dcos-version.json").shaped({"version": str, "dcos-variant?": str, "dcos-image-commit?": str})
    variant = answer.get("dcos-variant")
    if not variant:
        bundle = client.get("/ca/dcos-ca.crt", expected=(200, 401, 403, 404))
        variant = ENTERPRISE if bundle.status == 200 and "-----BEGIN CERTIFICATE-----" in bundle.text else OPEN
    return Release(answer["version"], str(variant), answer.get("dcos-image-commit"))


def _parsed(response: Response, parse: Any) -> Any:
    try:
        return parse(response.json())
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise response.strange(str(error)) from None
