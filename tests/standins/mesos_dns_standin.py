#!/opt/lab/bin/python3 -I
"""Mesos-DNS of a master: mesos-dns --config=FILE. For tests and the lab only.

Reads FILE once, at its start, as the real one does, and ends where that one ends. Asks Mesos ($LAB_MESOS_MASTER, else the first of FILE's masters) for its
state every refreshSeconds ($LAB_MESOS_DNS_REFRESH, if set) and makes all records of it; before the first state it listens to nobody, and when Mesos is gone
it goes on with what it knew. Answers by UDP, TCP and HTTP as the release of DC/OS in $LAB_DCOS_VERSION does (1.9 to 2.2, by default the newest).

Other than the real one it finds Mesos by its environment instead of ZooKeeper, in which a master that refuses connections does not lead; it does not follow
the leader to another address, forwards nothing, compresses only a record's own name, looks up no names of hosts, and has neither /v1/enumerate nor TLS.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ipaddress
import json
import os
import random
import re
import socket
import socketserver
import struct
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KNOWN = ("host", "docker", "mesos", "netinfo")
LABELS = {"docker": "Docker.NetworkSettings.IPAddress", "mesos": "MesosContainerizer.NetworkSettings.IPAddress"}
PATIENCE = 3
ROOM = 512  # of an answer by UDP, whatever EDNS offers
LONGEST = 63  # of a label
A, NS, SOA, AAAA, SRV, ANY = 1, 2, 6, 28, 33, 255
SERVER_FAILURE, NO_SUCH_NAME, REFUSED = 2, 3, 5
ZBASE32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "ybndrfg8ejkmcpqxot1uwisza345h769")
# As /v1/config spells and sorts them, with what is used where the file says nothing.
SETTINGS = {
    "RefreshSeconds": 60, "Port": 53, "Timeout": 5, "StateTimeoutSeconds": 300, "ZkDetectionTimeout": 30, "HttpPort": 8123, "TTL": 60,
    "SRVRecordDefaultWeight": 1, "SOASerial": 0, "SOARefresh": 60, "SOARetry": 600, "SOAExpire": 86400, "SOAMinttl": 60, "SOAMname": "ns1.mesos",
    "SOARname": "root.ns1.mesos", "Masters": None, "ZoneResolvers": {}, "Resolvers": ["8.8.8.8"], "IPSources": ["netinfo", "mesos", "host"], "Zk": "",
    "Domain": "mesos", "File": "", "Listener": "0.0.0.0", "HTTPListener": "0.0.0.0", "RecurseOn": True, "DnsOn": True, "HttpOn": True, "ExternalOn": True,
    "EnforceRFC952": False, "SetTruncateBit": True, "EnumerationOn": True, "MesosHTTPSOn": False, "CACertFile": "", "CertFile": "", "KeyFile": "",
    "MesosCredentials": {"Principal": "", "Secret": ""}, "IAMConfigFile": "", "MesosAuthentication": "",
}  # fmt: skip

Json = dict[str, Any]


def fatal(words: str) -> None:
    sys.exit(f"ERROR: {time.strftime('%Y/%m/%d %H:%M:%S')} {words}")


def panic(words: str) -> None:
    """Ends the program, in whichever thread."""
    print(words, file=sys.stderr, flush=True)
    os._exit(1)


# -- the file ----------------------------------------------------------------------------------


def no_constant(text: str) -> None:
    raise ValueError(f"invalid character {text[0]!r} looking for beginning of value")


def load(path: str, version: tuple[int, int]) -> Json:
    """All settings, keys spelled as /v1/config does; ends the program where the real one ends."""
    try:
        with open(path, encoding="utf-8") as stream:
            given = {key.lower(): value for key, value in json.load(stream, parse_constant=no_constant).items()}
    except (OSError, ValueError, AttributeError) as error:
        fatal(f'failed to unmarshal config file "{path}": {error}')
    # null is as good as nothing
    settings = {
        name: default if given.get(name.lower()) is None else given[name.lower()] for name, default in SETTINGS.items()
    }
    if version < (1, 12):
        del settings["SRVRecordDefaultWeight"]
    if not settings["DnsOn"] and not settings["HttpOn"]:
        fatal("service validation failed: either DNS or HTTP server should be on")
    if not settings["Masters"] and not settings["Zk"]:
        fatal("service validation failed: specify Mesos masters or Zookeeper in config.json")
    sources = settings["IPSources"]
    for wrong, words in (
        (not sources, "empty ip sources"),
        (len(set(sources)) != len(sources), "duplicate ip source specified"),
    ):
        if wrong:
            fatal(f"IPSources validation failed: {words}")
    for source in sources:
        if source not in KNOWN:
            fatal(f'IPSources validation failed: invalid ip source "{source}"')
    domain = settings["Domain"].lower()
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", domain):
        fatal(f"{domain} is not a valid domain name")
    names = {name: settings[name].replace("@", ".").rstrip(".") + "." for name in ("SOAMname", "SOARname")}
    return settings | names | {"Domain": domain, "File": os.path.abspath(path), "SOASerial": int(time.time())}


# -- records -----------------------------------------------------------------------------------


def label(text: str) -> str:
    """One label: lower case, a dash for dots and underscores, the rest dropped."""
    kept = re.sub(r"[^a-z0-9-]", "", re.sub(r"[._]", "-", text.lower())).lstrip("-")
    head, tail = kept[:LONGEST].rstrip("-"), kept[LONGEST:].lstrip("-")
    return head + tail[: min(LONGEST, len(kept)) - len(head)]


def fragment(text: str) -> str:
    return ".".join(filter(None, map(label, text.split("."))))


def kind_of(address: str) -> int:
    return A if ipaddress.ip_address(address).version == 4 else AAAA


def is_address(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(text))
    return False


class Records:
    """{type: {name with its last dot: {address, or target:port}}}. The first address of a release that knows no AAAA is an A, whatever it is."""

    def __init__(self, version: tuple[int, int]) -> None:
        self.of: dict[int, dict[str, set[str]]] = {A: {}, AAAA: {}, SRV: {}}
        self.knows_ipv6 = version >= (1, 11)

    def add(self, kind: int, name: str, value: str) -> None:
        self.of[kind].setdefault(name, set()).add(value)

    def address(self, name: str, *addresses: str) -> None:
        """The first one, or the first of each kind."""
        for kind in (A, AAAA) if self.knows_ipv6 else (A,):
            found = [address for address in addresses if not self.knows_ipv6 or kind_of(address) == kind]
            if found:
                self.add(kind, name, found[0])

    def get(self, kind: int, name: str) -> list[str]:
        return sorted(self.of[kind].get(name, ()))

    def knows(self, name: str) -> bool:
        return any(name in names for names in self.of.values())


def task_addresses(task: Json, agent_ip: str, sources: list[str]) -> list[str]:
    """Of all sources, in their order. What a task says of itself is in the newest status of when it ran."""
    running = [status for status in task.get("statuses", []) if status["state"] == "TASK_RUNNING"]
    status = max(running, key=lambda item: item.get("timestamp", 0), default={})
    infos = status.get("container_status", {}).get("network_infos", [])
    found = []
    for source in sources:
        if source == "host":
            found.append(agent_ip)
        elif source == "netinfo":
            listed = [info.get("ip_addresses") or [info] for info in infos]
            found += [entry["ip_address"] for entries in listed for entry in entries if "ip_address" in entry]
        else:
            found += [item["value"] for item in status.get("labels", []) if item["key"] == LABELS[source]]
    return [address for address in found if is_address(address)]


def ports_of(task: Json) -> list[int]:
    """Of a task's resources, such as [31000-31001, 31005-31005]."""
    ranges = re.findall(r"(\d+)-(\d+)", str(task.get("resources", {}).get("ports", "")))
    return [port for first, last in ranges for port in range(int(first), int(last) + 1)]


def host_and_port(pid: str) -> tuple[str, str]:
    host, _, port = pid.rpartition("@")[2].rpartition(":")
    return host, port


def records_of(state: Json, masters: list[str], settings: Json, version: tuple[int, int]) -> Records:
    """All records of a state of Mesos; `masters` with their ports."""
    domain, found = f"{settings['Domain']}.", Records(version)
    for framework in state.get("frameworks", []):
        host, port = host_and_port(framework["pid"]) if framework.get("pid") else (framework["hostname"], "")
        if is_address(host):
            name = f"{fragment(framework['name'])}.{domain}"
            found.address(name, host)
            if port:
                found.add(SRV, f"_framework._tcp.{name}", f"{name}:{port}")
    agents = {agent["id"]: host_and_port(agent["pid"]) for agent in state.get("slaves", [])}
    for address, port in agents.values():
        found.address(f"slave.{domain}", address)
        found.add(SRV, f"_slave._tcp.{domain}", f"slave.{domain}:{port}")
    of_listener(found, settings, version)
    of_masters(found, masters, state["leader"].rpartition("@")[2], domain)
    for framework in state.get("frameworks", []):
        for task in framework.get("tasks", []):
            if task["state"] == "TASK_RUNNING" and task["slave_id"] in agents:
                addresses = task_addresses(task, agents[task["slave_id"]][0], settings["IPSources"])
                named = (task.get("discovery") or {}).get("name")
                for name in dict.fromkeys([named, label(named)] if named else [label(task["name"])]):
                    of_task(
                        found, task, name, fragment(framework["name"]), domain, addresses, agents[task["slave_id"]][0]
                    )
    return found


def of_listener(found: Records, settings: Json, version: tuple[int, int]) -> None:
    """The name server's own name; of all interfaces, where it listens to them, the one of the default route stands for all here."""
    address = settings["Listener"]
    if not is_address(address):
        if version >= (1, 11):
            panic(f"unable to parse ip: {address}")
        return
    if address == "0.0.0.0":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
    if address != "0.0.0.0":
        found.address(settings["SOAMname" if version >= (1, 11) else "SOARname"], address)


def of_masters(found: Records, masters: list[str], leader: str, domain: str) -> None:
    found.address(f"leader.{domain}", leader.rpartition(":")[0])
    for protocol in ("tcp", "udp"):
        found.add(SRV, f"_leader._{protocol}.{domain}", f"leader.{domain}:{leader.rpartition(':')[2]}")
    for index, master in enumerate(dict.fromkeys([*masters, leader])):
        address = master.rpartition(":")[0]
        found.add(A, f"master.{domain}", address)
        found.address(f"master{index}.{domain}", address)


def of_task(
    found: Records, task: Json, name: str, framework: str, domain: str, addresses: list[str], agent_ip: str
) -> None:
    discovery = task.get("discovery") or {}
    digest = base64.b32encode(hashlib.sha1(task["id"].encode()).digest()).decode().translate(ZBASE32)[:5]
    canonical = f"{name}-{digest}-{task['slave_id'].rpartition('-')[2].lower()}.{framework}"
    for host in (f"{name}.{framework}", canonical):
        found.address(f"{host}.{domain}", *addresses)
        found.address(f"{host}.slave.{domain}", agent_ip)
    # What the agent gave is the agent's; it is below the task's own name, too, where no discovery says what is there.
    for port in ports_of(task):
        for protocol in ("tcp", "udp"):
            for place in ("slave.",) if discovery.get("name") else ("slave.", ""):
                found.add(SRV, f"_{name}._{protocol}.{framework}.{place}{domain}", f"{canonical}.slave.{domain}:{port}")
    for port in ((discovery.get("ports") or {}).get("ports") or []) if discovery.get("name") else []:
        for protocol in (label(port["protocol"]),) if port.get("protocol") else ("tcp", "udp"):
            for prefix in ("", f"_{label(port['name'])}.") if port.get("name") else ("",):
                found.add(
                    SRV, f"{prefix}_{name}._{protocol}.{framework}.{domain}", f"{canonical}.{domain}:{port['number']}"
                )


# -- Mesos -------------------------------------------------------------------------------------


class Follower:
    """The records of the last good look at Mesos, and when that was; looks every `refresh` seconds from its start."""

    def __init__(self, settings: Json, version: tuple[int, int], masters: list[str], ask: Callable[[], Json]) -> None:
        self.settings = settings
        self.records: Records | None = None
        self.ready = threading.Event()
        self._version, self._masters, self._ask = version, masters, ask
        self._led = False

    def look(self) -> None:
        try:
            state = self._ask()
            if not state.get("leader"):
                raise ValueError("empty master")
            self.records = records_of(state, self._masters, self.settings, self._version)
            self.settings["SOASerial"] = int(time.time())
            self.ready.set()
        except urllib.error.HTTPError as error:
            self._led = True
            self._failed(error)
        except (OSError, ValueError, KeyError) as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        print(f"Warning: Error generating records: {error}; keeping old DNS state", file=sys.stderr, flush=True)

    def follow(self, refresh: float) -> None:
        """For ever; ends the program where no master has led since its start."""
        begun = time.monotonic()
        limit = self.settings["ZkDetectionTimeout"] if self.settings["Zk"] else 0
        while True:
            self.look()
            time.sleep(max(0.0, refresh - (time.monotonic() - begun) % refresh))
            if limit and not self._led and not self.ready.is_set() and time.monotonic() - begun >= limit:
                panic(f"ERROR: master detection timed out after {limit}s")


def state_of(url: str | None, masters: list[str]) -> Json:
    """What the leading master tells; without any (LAB_DCOS_API=0) the first one leads a cluster of nothing."""
    if url is None:
        return {"leader": f"master@{masters[0]}"} if masters else {}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/state", timeout=PATIENCE) as answer:
        state: Json = json.load(answer)
        return state


# -- DNS ---------------------------------------------------------------------------------------


def wire(name: str) -> bytes:
    return b"".join(struct.pack("!B", len(part)) + part.encode() for part in name.split(".") if part) + b"\0"


def question_of(data: bytes) -> tuple[str, int, int]:
    """(name with its last dot, type, where the question ends) of a query; raises struct.error, IndexError or UnicodeError."""
    position, parts = 12, []
    while data[position]:
        parts.append(data[position + 1 : position + 1 + data[position]].decode("ascii"))
        position += 1 + data[position]
    return f"{'.'.join(parts)}.", struct.unpack_from("!H", data, position + 1)[0], position + 5


class Answer:
    """One answer in the making: rows of answer, authority and additional section."""

    def __init__(self, follower: Follower, asked: str, kind: int) -> None:
        assert follower.records is not None
        self.settings, self.records = follower.settings, follower.records
        self.asked, self.name, self.code = asked, asked.lower().replace(".*", ""), 0
        self.rows: list[bytes] = []
        self.authority: list[bytes] = []
        self.extra: list[bytes] = []
        for one in (SRV, A, AAAA, SOA, NS) if kind == ANY else (kind,):
            getattr(self, {SRV: "_srv", A: "_a", AAAA: "_aaaa", SOA: "_soa", NS: "_ns"}.get(one, "_nothing"))()
        random.shuffle(self.rows)
        if not self.rows and kind not in (SOA, NS, SRV):
            without_ipv6 = kind == AAAA and not self.records.knows_ipv6
            self.code = 0 if self.records.knows(self.name) or without_ipv6 else NO_SUCH_NAME
            self._soa()

    def _row(self, kind: int, data: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
        """A record of the name that was asked for, unless it is another one's."""
        return owner + struct.pack("!2HIH", kind, 1, self.settings["TTL"], len(data)) + data

    def _own(self) -> bytes:
        """Addresses are those of the name in lower case, whatever case it was asked in."""
        return b"\xc0\x0c" if self.name == self.asked else wire(self.name)

    def _a(self) -> None:
        # an IPv6 address in an A of a release that knows no better is a record without data
        self.rows += [
            self._row(A, socket.inet_aton(value) if kind_of(value) == A else b"", self._own())
            for value in self.records.get(A, self.name)
        ]

    def _aaaa(self) -> None:
        self.rows += [
            self._row(AAAA, socket.inet_pton(socket.AF_INET6, value), self._own())
            for value in self.records.get(AAAA, self.name)
        ]

    def _srv(self) -> None:
        for target, port in [value.rsplit(":", 1) for value in self.records.get(SRV, self.name)]:
            self.rows.append(
                self._row(
                    SRV, struct.pack("!3H", 0, self.settings.get("SRVRecordDefaultWeight", 0), int(port)) + wire(target)
                )
            )
            for kind, family in ((A, socket.AF_INET), (AAAA, socket.AF_INET6)):
                for value in [value for value in self.records.get(kind, target)[:1] if kind_of(value) == kind]:
                    row = self._row(kind, socket.inet_pton(family, value), wire(target))
                    self.extra += [row] if row not in self.extra else []

    def _soa(self) -> None:
        numbers = [self.settings[name] for name in ("SOASerial", "SOARefresh", "SOARetry", "SOAExpire", "TTL")]
        self.authority.append(
            self._row(
                SOA, wire(self.settings["SOAMname"]) + wire(self.settings["SOARname"]) + struct.pack("!5I", *numbers)
            )
        )

    def _ns(self) -> None:
        self.authority.append(self._row(NS, wire(self.settings["SOAMname"])))

    def _nothing(self) -> None:
        """A type that it has not."""


def answer_to(data: bytes, follower: Follower, room: int) -> bytes:
    """The answer to a query of one question, with as much in it as there is room for."""
    name, kind, end = question_of(data)
    if not f".{name.lower()}".endswith(f".{follower.settings['Domain']}."):
        return data[:2] + struct.pack("!5H", 0x8100 | REFUSED, 1, 0, 0, 0) + data[12:end]
    made, flags = Answer(follower, name, kind), 0x8500 | (0x80 if follower.settings["RecurseOn"] else 0)
    size = end + sum(map(len, made.rows + made.authority + made.extra))
    if size > room:
        made.extra = []
        flags |= 0x200 if follower.settings["SetTruncateBit"] else 0
        while made.rows and end + sum(map(len, made.rows + made.authority)) >= room:
            made.rows.pop()
    counts = struct.pack("!5H", flags | made.code, 1, len(made.rows), len(made.authority), len(made.extra))
    return data[:2] + counts + data[12:end] + b"".join(made.rows + made.authority + made.extra)


def serve_names(follower: Follower) -> Iterator[socketserver.BaseServer]:
    """The servers by UDP and TCP."""

    def answered(data: bytes, room: int) -> bytes:
        try:
            return answer_to(data, follower, room)
        except (OSError, struct.error, IndexError, UnicodeError, ValueError) as error:
            print(error, file=sys.stderr, flush=True)
            return data[:2] + struct.pack("!5H", 0x8100 | SERVER_FAILURE, 0, 0, 0, 0)

    class ByUdp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request[1].sendto(answered(self.request[0], ROOM), self.client_address)

    class ByTcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while length := self.rfile.read(2):
                answer = answered(self.rfile.read(*struct.unpack("!H", length)), 0xFFFF)
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    where = (follower.settings["Listener"], follower.settings["Port"])
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    yield socketserver.ThreadingUDPServer(where, ByUdp)
    yield socketserver.ThreadingTCPServer(where, ByTcp)


# -- HTTP --------------------------------------------------------------------------------------


def document(path: str, follower: Follower, version: tuple[int, int]) -> Any:
    """What is behind a path, None if nothing is. A name that is not known is 200 and one empty record."""
    kind, _, said = path.removeprefix("/v1/").partition("/")
    name, known = f"{said.lower().replace('.*', '').rstrip('.')}.", follower.records
    assert known is not None
    if path == "/v1/version":
        release = "dev" if version < (1, 11) else ".".join(map(str, min(version, (1, 13))))
        return {"Service": "Mesos-DNS", "URL": "https://github.com/mesosphere/mesos-dns", "Version": release}
    if path == "/v1/config":
        return follower.settings
    if path == "/v1/axfr" and follower.settings["EnumerationOn"]:
        kinds = {"As": A, "SRVs": SRV, **({"AAAAs": AAAA} if known.knows_ipv6 else {})}
        own = {name: follower.settings[name] for name in ("RefreshSeconds", "Domain")}
        serial = {
            "Serial": follower.settings["SOASerial"],
            "Mname": follower.settings["SOAMname"],
            "Rname": follower.settings["SOARname"],
        }
        records = {key: {name: sorted(values) for name, values in known.of[one].items()} for key, one in kinds.items()}
        return {"TTL": follower.settings["TTL"], **serial, **own, "Records": records}
    if kind == "hosts" and said:
        return [{"host": name, "ip": ip} for one in (A, AAAA) for ip in known.get(one, name)] or [
            {"host": "", "ip": ""}
        ]
    if kind == "services" and said:
        rows = [(target, port, ip) for target, port in (value.rsplit(":", 1) for value in known.get(SRV, name))
                for ip in known.get(A, target)[:1] + known.get(AAAA, target)[:1]]  # fmt: skip
        found = [{"service": said, "host": target, "ip": ip, "port": port} for target, port, ip in rows]
        return found or [dict.fromkeys(("service", "host", "ip", "port"), "")]
    return None


def handler(follower: Follower, version: tuple[int, int]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = document(self.path.partition("?")[0], follower, version)
            content = (
                b"404: Page Not Found" if found is None else json.dumps(found, indent=1).replace("\n", "\n ").encode()
            )
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "text/plain" if found is None else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the journal is for what goes wrong."""

    return Handler


def main() -> None:
    [path] = [word.partition("=")[2] for word in sys.argv[1:] if word.lstrip("-").startswith("config=")]
    major, minor = os.environ.get("LAB_DCOS_VERSION", "2.2").split(".")[:2]
    version = (int(major), int(minor))
    settings = load(path, version)
    masters = list(settings["Masters"] or [f"{master}:5050" for master in os.environ.get("LAB_MASTERS", "").split()])
    url = os.environ.get("LAB_MESOS_MASTER") or (f"http://{settings['Masters'][0]}" if settings["Masters"] else None)
    follower = Follower(settings, version, masters, lambda: state_of(url, masters))
    refresh = float(os.environ.get("LAB_MESOS_DNS_REFRESH") or settings["RefreshSeconds"])
    threading.Thread(target=follower.follow, args=(refresh,), daemon=True).start()
    follower.ready.wait()
    servers: list[socketserver.BaseServer] = list(serve_names(follower)) if settings["DnsOn"] else []
    if settings["HttpOn"]:
        servers.append(
            ThreadingHTTPServer((settings["HTTPListener"], settings["HttpPort"]), handler(follower, version))
        )
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main()
