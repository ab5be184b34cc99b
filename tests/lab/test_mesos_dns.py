"""The stand-in of Mesos-DNS: what its file says decides, and it ends where the real one ends."""

from __future__ import annotations

import importlib.util
import json
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit" / "plugins"))

from ports import free_port  # noqa: E402

PROGRAM = Path(__file__).resolve().parents[1] / "standins" / "mesos_dns_standin.py"


@pytest.fixture(name="standin", scope="module")
def the_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mesos_dns_standin", PROGRAM)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def status(state: str, timestamp: float, *ips: str, **labels: str) -> dict[str, Any]:
    infos = [{"ip_addresses": [{"ip_address": ip} for ip in ips]}]
    found = [{"key": key.replace("_", "."), "value": value} for key, value in labels.items()]
    return {"state": state, "timestamp": timestamp, "container_status": {"network_infos": infos}, "labels": found}


def state_with(*statuses: dict[str, Any]) -> dict[str, Any]:
    ports = {"ports": [{"number": 8000, "name": "http", "protocol": "tcp"}]}
    discovery = {"name": "web.group", "ports": ports}
    task = {"id": "web.1", "name": "web.group", "slave_id": "x-S1", "state": "TASK_RUNNING", "statuses": list(statuses), "discovery": discovery}
    done = {**task, "id": "old.1", "name": "old", "discovery": {}, "state": "TASK_FINISHED"}
    framework = {"name": "marathon", "hostname": "10.0.0.1", "tasks": [task, done]}
    return {"leader": "master@10.0.0.1:5050", "slaves": [{"id": "x-S1", "pid": "slave(1)@10.0.0.21:5051"}], "frameworks": [framework]}


RUNNING = status("TASK_RUNNING", 2, "192.168.0.9", Docker_NetworkSettings_IPAddress="172.17.0.2")


@pytest.mark.parametrize(
    ("sources", "statuses", "wanted"),
    [
        (["host", "netinfo"], [RUNNING], {"10.0.0.21"}),
        (["netinfo", "host"], [RUNNING], {"192.168.0.9"}),
        (["netinfo", "host"], [RUNNING, status("TASK_RUNNING", 1, "192.168.0.1"), status("TASK_STAGING", 3, "192.168.0.2")], {"192.168.0.9"}),
        (["netinfo", "host"], [status("TASK_RUNNING", 1)], {"10.0.0.21"}),
        (["docker", "host"], [RUNNING], {"172.17.0.2"}),
        (["mesos"], [RUNNING], set()),
    ],
)
def test_the_first_source_that_has_an_address_gives_it(standin: ModuleType, sources: list[str], statuses: list[dict[str, Any]], wanted: set[str]) -> None:
    found = standin.records_of(state_with(*statuses), ["10.0.0.1", "10.0.0.2"], {"domain": "mesos", "ipsources": sources})
    assert found.a["web.group.marathon.mesos"] == wanted and found.a["web.group.marathon.slave.mesos"] == {"10.0.0.21"}
    assert (found.a["leader.mesos"], found.a["master.mesos"], found.a["master1.mesos"]) == ({"10.0.0.1"}, {"10.0.0.1", "10.0.0.2"}, {"10.0.0.2"})
    [(target, port)] = found.srv["_http._web.group._tcp.marathon.mesos"]
    assert found.a[target] == wanted and port == 8000 and not found.knows("old.marathon.mesos")


@contextmanager
def mesos() -> Iterator[str]:
    """A master that tells a state."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/state" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(state_with(RUNNING)).encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def ask(port: int, name: str, kind: int = 1) -> tuple[int, list[str]]:
    """(code, addresses) of an answer by DNS."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    query = struct.pack("!6H", 77, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(query, ("127.0.0.1", port))
        answer = client.recv(4096)
    number, flags, _, count = struct.unpack_from("!4H", answer)
    assert number == 77 and answer[12 : len(query)] == query[12:]
    rows = [answer[len(query) + 16 * row :][:16] for row in range(count)] if kind == 1 else []
    return flags & 0xF, [socket.inet_ntoa(row[12:]) for row in rows]


def test_it_answers_by_dns_and_http(tmp_path: Path) -> None:
    port, web = free_port(), free_port()
    file = tmp_path / "mesos-dns.json"
    file.write_text(json.dumps({"port": port, "httpport": web, "listener": "127.0.0.1", "ipSources": ["netinfo", "host"], "httplistener": "127.0.0.1"}))
    with mesos() as url:
        process = subprocess.Popen([sys.executable, str(PROGRAM), f"--config={file}"], env={"LAB_MESOS_MASTER": url, "LAB_MASTERS": "10.0.0.1"})
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    config = json.load(urllib.request.urlopen(f"http://127.0.0.1:{web}/v1/config", timeout=10))
                    break
                except OSError:
                    assert time.monotonic() < deadline and process.poll() is None
                    time.sleep(0.05)
            assert config["IPSources"] == ["netinfo", "host"]
            hosts = json.load(urllib.request.urlopen(f"http://127.0.0.1:{web}/v1/hosts/WEB.group.marathon.mesos.", timeout=10))
            assert hosts == [{"host": "web.group.marathon.mesos.", "ip": "192.168.0.9"}]
            assert ask(port, "web.group.marathon.mesos") == (0, ["192.168.0.9"]) and ask(port, "leader.mesos") == (0, ["10.0.0.1"])
            assert ask(port, "web.group.marathon.mesos", 28) == (0, []) and ask(port, "no.marathon.mesos") == (3, []) and ask(port, "example.com") == (5, [])
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"IPSources": ["netinf"]}', "invalid ip source"),
        ('{"IPSources": []}', "empty"),
        ('{"IPSources": ["host", "host"]}', "duplicate"),
        ("{", "unmarshal"),
        ("[]", "unmarshal"),
    ],
)
def test_it_ends_where_the_real_one_ends(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.json").write_text(text)
    done = subprocess.run([sys.executable, str(PROGRAM), f"--config={tmp_path / 'x.json'}"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and words in done.stderr
