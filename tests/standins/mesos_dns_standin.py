#!/opt/lab/bin/python3 -I
"""Mesos-DNS of a master: mesos-dns --config=FILE. For tests and the lab only.

Reads FILE once, at its start, as the real one does: keys in any case, sources of addresses that it does not know end it. Asks Mesos ($LAB_MESOS_MASTER)
for its state and computes every record from that: IPSources decides which of a task's addresses a name has. Answers by UDP and by HTTP.

Other than the real one it asks when it is asked, if it has not done so within the last second, instead of every refreshSeconds, has no TCP, forwards
nothing, and finds Mesos by the environment instead of ZooKeeper.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import struct
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KNOWN = ("host", "docker", "mesos", "netinfo")
LABELS = {"docker": "Docker.NetworkSettings.IPAddress", "mesos": "MesosContainerizer.NetworkSettings.IPAddress"}
FRESH = 1.0  # seconds
PATIENCE = 3
ROOM = 512  # of an answer by UDP
A, SRV = 1, 33
NO_SUCH_NAME, REFUSED = 3, 5
# Where the file says nothing: Mesos-DNS' own.
DEFAULTS = {"domain": "mesos", "port": 53, "listener": "0.0.0.0", "httplistener": "0.0.0.0", "httpport": 8123, "ttl": 60,
            "ipsources": ["netinfo", "mesos", "host"]}  # fmt: skip
SPELLING = {"refreshseconds": "RefreshSeconds", "ttl": "TTL", "httpport": "HttpPort", "httplistener": "HTTPListener", "ipsources": "IPSources",
            "settruncatebit": "SetTruncateBit", "iamconfigfile": "IAMConfigFile", "mesoshttpson": "MesosHTTPSOn", "externalon": "ExternalOn"}  # fmt: skip

Json = dict[str, Any]


class Records:
    """Names without the last dot, in lower case."""

    def __init__(self) -> None:
        self.a: dict[str, set[str]] = {}
        self.srv: dict[str, set[tuple[str, int]]] = {}

    def address(self, name: str, *ips: str) -> None:
        self.a.setdefault(name, set()).update(ips)

    def service(self, name: str, target: str, port: int) -> None:
        self.srv.setdefault(name, set()).add((target, port))

    def knows(self, name: str) -> bool:
        return name in self.a or name in self.srv


def load(path: str) -> Json:
    """The file's settings by their keys in lower case; ends the program where the real one ends."""
    try:
        with open(path, encoding="utf-8") as stream:
            given = {key.lower(): value for key, value in json.load(stream).items()}
    except (OSError, ValueError, AttributeError) as error:
        sys.exit(f'failed to unmarshal config file "{path}": {error}')
    settings = {**DEFAULTS, **given, "file": path}
    sources = settings["ipsources"]
    for wrong, words in ((not sources, "empty ip sources"), (len(set(sources)) != len(sources), "duplicate ip source specified")):
        if wrong:
            sys.exit(f"IPSources validation failed: {words}")
    for source in sources:
        if source not in KNOWN:
            sys.exit(f'IPSources validation failed: invalid ip source "{source}"')
    return settings


# -- records -----------------------------------------------------------------------------------


def fragment(text: str) -> str:
    """A name as labels of a domain: what may not stand there becomes a dash, dots stay."""
    return ".".join(re.sub(r"[^a-z0-9-]+", "-", part.lower()).strip("-") for part in text.split(".") if part)


def task_addresses(task: Json, agent_ip: str, sources: list[str]) -> list[str]:
    """Of the first source that has any. What a task says of itself is in the newest status of when it ran."""
    running = [status for status in task.get("statuses", []) if status["state"] == "TASK_RUNNING"]
    status = max(running, key=lambda item: item.get("timestamp", 0), default={})
    for source in sources:
        if source == "host":
            found = [agent_ip]
        elif source == "netinfo":
            infos = status.get("container_status", {}).get("network_infos", [])
            found = [address["ip_address"] for info in infos for address in info.get("ip_addresses", [])]
        else:
            found = [label["value"] for label in status.get("labels", []) if label["key"] == LABELS[source]]
        if found:
            return found
    return []


def records_of(state: Json, masters: list[str], settings: Json) -> Records:
    """All records of a state of Mesos."""
    domain, found = settings["domain"], Records()
    leader = state.get("leader", "").rpartition("@")[2].partition(":")[0]
    if leader:
        found.address(f"leader.{domain}", leader)
        found.service(f"_leader._tcp.{domain}", f"leader.{domain}", 5050)
    for index, master in enumerate(masters):
        found.address(f"master.{domain}", master)
        found.address(f"master{index}.{domain}", master)
    agents = {agent["id"]: agent["pid"].rpartition("@")[2].partition(":")[0] for agent in state.get("slaves", [])}
    for address in agents.values():
        found.address(f"slave.{domain}", address)
        found.service(f"_slave._tcp.{domain}", f"slave.{domain}", 5051)
    for framework in state.get("frameworks", []):
        name = f"{fragment(framework['name'])}.{domain}"
        found.address(name, framework["hostname"])
        for task in framework.get("tasks", []):
            if task["state"] == "TASK_RUNNING" and task["slave_id"] in agents:
                of_task(found, task, agents[task["slave_id"]], name, settings["ipsources"])
    return found


def of_task(found: Records, task: Json, agent_ip: str, framework: str, sources: list[str]) -> None:
    discovery = task.get("discovery") or {}
    name = fragment(discovery.get("name") or task["name"])
    domain = framework.partition(".")[2]
    canonical = f"{name}-{hashlib.sha1(task['id'].encode()).hexdigest()[:5]}-{task['slave_id'].rpartition('-')[2].lower()}"
    for host in (name, canonical):
        found.address(f"{host}.{framework}", *task_addresses(task, agent_ip, sources))
        found.address(f"{host}.{framework.removesuffix('.' + domain)}.slave.{domain}", agent_ip)
    for port in (discovery.get("ports") or {}).get("ports", []):
        protocol = port.get("protocol") or "tcp"
        found.service(f"_{name}._{protocol}.{framework}", f"{canonical}.{framework}", port["number"])
        if port.get("name"):
            found.service(f"_{fragment(port['name'])}._{name}._{protocol}.{framework}", f"{canonical}.{framework}", port["number"])


class Follower:
    """The records of now, or the last ones that were to be had."""

    def __init__(self, settings: Json, masters: list[str], ask: Callable[[], Json]) -> None:
        self._settings = settings
        self._masters = masters
        self._ask = ask
        self._lock = threading.Lock()
        self._asked = 0.0
        self._records = Records()

    def records(self) -> Records:
        with self._lock:
            if time.monotonic() - self._asked >= FRESH:
                try:
                    self._records = records_of(self._ask(), self._masters, self._settings)
                except (OSError, ValueError) as error:
                    print(f"Warning: Error generating records: {error}; keeping old DNS state", file=sys.stderr, flush=True)
                self._asked = time.monotonic()
            return self._records


def state_of(url: str | None, masters: list[str]) -> Json:
    """What the leading master tells; without any (LAB_DCOS_API=0) the first one leads a cluster of nothing."""
    if url is None:
        return {"leader": f"master@{masters[0]}:5050"} if masters else {}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/state", timeout=PATIENCE) as answer:
        state: Json = json.load(answer)
        return state


# -- DNS ---------------------------------------------------------------------------------------


def labels(name: str) -> bytes:
    return b"".join(struct.pack("!B", len(part)) + part.encode() for part in name.split(".")) + b"\0"


def question_of(data: bytes) -> tuple[str, int, int]:
    """(name, type, where the question ends) of a query; raises struct.error, IndexError or UnicodeError."""
    position, parts = 12, []
    while data[position]:
        parts.append(data[position + 1 : position + 1 + data[position]].decode("ascii"))
        position += 1 + data[position]
    return ".".join(parts).lower(), struct.unpack_from("!H", data, position + 1)[0], position + 5


def answer_to(data: bytes, records: Records, settings: Json) -> bytes:
    """The answer to a query of one question."""
    name, kind, end = question_of(data)
    code, rows = 0, []
    if not f".{name}".endswith(f".{settings['domain']}"):
        code = REFUSED
    elif not records.knows(name):
        code = NO_SUCH_NAME
    elif kind == A:
        rows = [socket.inet_aton(ip) for ip in sorted(records.a.get(name, ()))]
    elif kind == SRV:
        rows = [struct.pack("!3H", 0, 1, port) + labels(target) for target, port in sorted(records.srv.get(name, ()))]
    body = b""
    for count, row in enumerate(rows):
        record = b"\xc0\x0c" + struct.pack("!2HIH", kind, 1, settings["ttl"], len(row)) + row
        if end + len(body) + len(record) > ROOM:
            rows = rows[:count]
            break
        body += record
    return data[:2] + struct.pack("!5H", 0x8580 | code, 1, len(rows), 0, 0) + data[12:end] + body


def serve_names(settings: Json, follower: Follower) -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((settings["listener"], settings["port"]))

    def answer(data: bytes, client: Any) -> None:
        try:
            server.sendto(answer_to(data, follower.records(), settings), client)
        except (OSError, struct.error, IndexError, UnicodeError) as error:
            print(f"{client}: {error}", file=sys.stderr, flush=True)

    while True:
        data, client = server.recvfrom(4096)
        threading.Thread(target=answer, args=(data, client), daemon=True).start()


# -- HTTP --------------------------------------------------------------------------------------


def document(path: str, settings: Json, follower: Follower) -> Any:
    """What is behind a path, None if nothing is. A name that is not known is 200 and one empty record."""
    kind, _, name = path.removeprefix("/v1/").partition("/")
    name = name.rstrip(".").lower()
    if path == "/v1/version":
        return {"Service": "Mesos-DNS", "URL": "https://github.com/mesosphere/mesos-dns", "Version": "v0.7.0-rc2"}
    if path == "/v1/config":
        return {SPELLING.get(key, key[:1].upper() + key[1:]): value for key, value in settings.items()}
    if kind == "hosts" and name:
        ips = sorted(follower.records().a.get(name, ()))
        return [{"host": f"{name}.", "ip": ip} for ip in ips] or [{"host": "", "ip": ""}]
    if kind == "services" and name:
        known = follower.records()
        rows = [(target, port, sorted(known.a.get(target, [""]))[0]) for target, port in sorted(known.srv.get(name, ()))]
        return [{"service": name, "host": f"{target}.", "ip": ip, "port": str(port)} for target, port, ip in rows] or [
            {"service": "", "host": "", "ip": "", "port": ""}
        ]
    return None


def handler(settings: Json, follower: Follower) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = document(self.path.partition("?")[0], settings, follower)
            content = b"404 page not found\n" if found is None else json.dumps(found).encode()
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
    settings = load(path)
    masters = os.environ.get("LAB_MASTERS", "").split()
    url = os.environ.get("LAB_MESOS_MASTER")
    follower = Follower(settings, masters, lambda: state_of(url, masters))
    web = ThreadingHTTPServer((settings["httplistener"], settings["httpport"]), handler(settings, follower))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    serve_names(settings, follower)


if __name__ == "__main__":
    main()
