"""Names below .mesos: who answers what, an app whose name is looked up, and the heart of the component on Mesos-DNS."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import urllib.request
from types import TracebackType
from typing import Any

from dcoslab import dcosfiles
from dcoslab.process import scaled

from support.ansible import Run, playbook
from support.lab import Host, Lab, eventually

PLAYBOOK = "playbooks/mesos_dns.yml"
UNIT = "dcos-mesos-dns"
DEFAULT, SWAPPED = ["host", "netinfo"], ["netinfo", "host"]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def asked(master: Host, name: str, seconds: float = 5) -> list[str] | None:
    """The addresses that Mesos-DNS of one master has for a name, by DNS; None if it does not answer in time."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    query = struct.pack("!6H", 77, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(seconds)
        client.connect((master.address, dcosfiles.MESOS_DNS_PORT))
        try:
            client.send(query)
            answer = client.recv(4096)
        except OSError:
            return None
    count = struct.unpack_from("!H", answer, 6)[0]
    return sorted(socket.inet_ntoa(answer[len(query) + 16 * row + 12 :][:4]) for row in range(count))


def resolved(host: Host, name: str) -> list[str]:
    """What a program on a host gets for a name."""
    return sorted({line.split()[0] for line in host.run("getent", "ahostsv4", name, check=False).stdout.splitlines()})


def file_of(master: Host) -> str:
    """What the unit reads, as it calls it."""
    return master.read("/opt/mesosphere/etc/mesos-dns.env").strip().partition("=")[2]


def sources(master: Host) -> list[str]:
    found: list[str] = json.loads(master.read(file_of(master)))["IPSources"]
    return found


def started(master: Host) -> float:
    """When the unit's process started, in seconds of the kernel's clock, which is one for all hosts."""
    return int(master.out("systemctl", "show", "-p", "ExecMainStartTimestampMonotonic", UNIT).partition("=")[2]) / 1e6


class App:
    """An app of Marathon with one container on a network, gone at the end of the with block."""

    def __init__(self, lab: Lab, app_id: str = "/named", network: str = "calico") -> None:
        self._url = f"http://{lab.masters[0].address}:8080/v2/apps"
        self.id = app_id
        self.name = f"{app_id.strip('/')}.marathon.mesos"
        self.network = network
        self.agent = self.container = ""

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"}, method=method)
        with OPENER.open(request, timeout=scaled(20)) as answer:
            return json.load(answer)

    def tasks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", f"{self.id}?embed=app.tasks")["app"]["tasks"]
        return [task for task in found if task["state"] == "TASK_RUNNING"]

    def __enter__(self) -> App:
        networks = [{"mode": "container", "name": self.network}]
        self._ask(
            "POST",
            "",
            {
                "id": self.id,
                "cmd": "sleep 100000",
                "cpus": 0.1,
                "mem": 32,
                "networks": networks,
                "container": {"type": "MESOS"},
            },
        )
        [task] = eventually(f"{self.id} runs", self.tasks, 60)
        self.agent, self.container = task["host"], task["ipAddresses"][0]["ipAddress"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ask("DELETE", f"{self.id}?force=true")


class Watch:
    """Asks every master all the time for its leader; `down` has for how long each gave no answer, at the longest."""

    def __init__(self, lab: Lab) -> None:
        self._masters = lab.masters
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._follow, args=(master,), daemon=True) for master in lab.masters]
        self.gaps: dict[str, list[tuple[float, float]]] = {master.name: [] for master in lab.masters}

    def _follow(self, master: Host) -> None:
        since = None
        while not self._end.is_set():
            if asked(master, "leader.mesos", 0.3):
                if since is not None:
                    self.gaps[master.name].append((since, time.monotonic()))
                since = None
            elif since is None:
                since = time.monotonic()
            self._end.wait(0.05)

    def __enter__(self) -> Watch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(scaled(10))

    def overlaps(self) -> list[tuple[str, str]]:
        """Pairs of masters that were silent at the same time."""
        found = [(name, gap) for name, gaps in self.gaps.items() for gap in gaps]
        return [(a, b) for a, (a1, a2) in found for b, (b1, b2) in found if a < b and a1 < b2 and b1 < a2]


def gives(lab: Lab, app: App, address: str) -> None:
    """Every master, and through the name server every agent, has one address for an app."""
    for master in lab.masters:
        eventually(
            f"{master.name} gives {address} for {app.name}", lambda m=master: asked(m, app.name) == [address], 15
        )
    for host in lab.agents[:1]:
        eventually(f"{host.name} finds {address} as {app.name}", lambda h=host: resolved(h, app.name) == [address], 15)


def heart(lab: Lab, **variables: Any) -> Run:
    """On a lab with Calico: predicted, changed, unchanged, undone, while an app runs whose name follows. Returns the first run that changes."""

    def run(*arguments: str, **more: Any) -> Run:
        return playbook(lab.inventory, *arguments, name=PLAYBOOK, variables={**variables, **more}).require()

    names = {master.name for master in lab.masters}
    texts = {master.name: master.read(file_of(master)) for master in lab.masters}
    with App(lab) as app:
        gives(lab, app, app.agent)
        predicted = run("--check", "--diff")
        assert {master.name: master.read(file_of(master)) for master in lab.masters} == texts
        done = run("--diff")
        assert set(done.changed()) == set(predicted.changed()) and {host for host, _ in done.changed()} == names
        assert done.predictions() == predicted.predictions()
        gives(lab, app, app.container)
        assert run().changed() == []
        assert {host for host, _ in run(calico_mesos_dns_state="absent").changed()} == names
        assert {master.name: master.read(file_of(master)) for master in lab.masters} == texts
        gives(lab, app, app.agent)
        assert app.tasks()[0]["ipAddresses"][0]["ipAddress"] == app.container
    return done
