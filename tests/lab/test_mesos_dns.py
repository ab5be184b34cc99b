"""The stand-in of Mesos-DNS: held to what the real ones of four releases of DC/OS answered for one state of Mesos, which records/mesos-dns.json has.

Recorded from mesos-dns' sources at the refs that DC/OS builds: af6ebc7 (1.10), 114915e (1.11), 0738221 (1.12) and 857ceb9 (1.13 to 2.2).
"""

from __future__ import annotations

import copy
import importlib.util
import json
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "unit" / "support"))

from mesos_dns_answers import A, by_tcp, by_udp  # noqa: E402
from ports import free_port  # noqa: E402

ROOT = HERE.parents[1]
PROGRAM = ROOT / "tests" / "standins" / "mesos_dns_standin.py"
RECORDS = json.loads((HERE / "records" / "mesos-dns.json").read_text(encoding="utf-8"))
STATE = RECORDS["state"]
# 1.12 answered as 1.13 did
RECORDED = {"1.10": RECORDS["1.10"], "1.11": RECORDS["1.11"], "1.12": RECORDS["1.13"], "1.13": RECORDS["1.13"]}
SOURCES = {
    "default": ["netinfo", "mesos", "host"],
    "before": ["host", "netinfo"],
    "after": ["netinfo", "host"],
    "docker": ["docker", "host"],
    "netinfo": ["netinfo"],
}
SECONDS = 30


@pytest.fixture(name="standin", scope="module")
def the_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mesos_dns_standin", PROGRAM)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def number_of(version: str) -> tuple[int, int]:
    major, minor = version.split(".")
    return int(major), int(minor)


@pytest.mark.parametrize("sources", SOURCES)
@pytest.mark.parametrize("version", RECORDED)
def test_all_records_are_the_real_ones(standin: ModuleType, version: str, sources: str) -> None:
    settings = {
        "Domain": "mesos",
        "Listener": "127.0.0.1",
        "SOAMname": "ns1.mesos.",
        "SOARname": "root.ns1.mesos.",
        "IPSources": SOURCES[sources],
    }
    state = {**STATE, "leader": "master@127.0.0.1:5050"}
    found = standin.records_of(state, ["127.0.0.1:5050"], settings, number_of(version))
    kinds = {"As": standin.A, "SRVs": standin.SRV, "AAAAs": standin.AAAA}
    recorded = RECORDED[version]["axfr"][sources]
    assert {
        kind: {name: sorted(values) for name, values in found.of[kinds[kind]].items()} for kind in recorded
    } == recorded
    assert ("AAAAs" in recorded) is found.knows_ipv6 and len(recorded["As"]) > 30


class Mesos:
    """A master that tells `state`, fails where that is None, and counts how often it was asked."""

    def __init__(self) -> None:
        mesos = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mesos.asked += 1
                self.send_response(500 if mesos.state is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(mesos.state).encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.asked = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.state: dict[str, Any] | None = {**copy.deepcopy(STATE), "leader": f"master@{self.address}"}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def mesos() -> Iterator[Mesos]:
    made = Mesos()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Running:
    """A stand-in that runs; `port` is DNS', `web` HTTP's."""

    def __init__(self, directory: Path, mesos: Mesos, version: str, settings: dict[str, Any]) -> None:
        self.port, self.web, self.mesos = free_port(), free_port(), mesos
        self.file = directory / "mesos-dns.json"
        given = {
            "masters": [mesos.address],
            "refreshSeconds": 1,
            "port": self.port,
            "httpport": self.web,
            "listener": "127.0.0.1",
        }
        given |= {"HTTPListener": "127.0.0.1", "externalOn": False, "IPSources": ["netinfo", "host"], **settings}
        self.file.write_text(json.dumps(given), encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), f"--config={self.file}"],
            env={"LAB_DCOS_VERSION": version},
            stderr=subprocess.PIPE,
        )

    def text(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def json(self, path: str) -> Any:
        return json.loads(self.text(path))

    def listens(self) -> bool:
        try:
            self.text("/v1/version")
        except OSError:
            return False
        return True


def eventually(what: Callable[[], Any], seconds: float = SECONDS) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


@contextmanager
def running(directory: Path, mesos: Mesos, version: str = "1.13", **settings: Any) -> Iterator[Running]:
    made = Running(directory, mesos, version, settings)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.communicate()


def as_recorded(made: Running, found: Any) -> Any:
    """With the ports and the file of the recordings."""
    text = json.dumps(found).replace(str(made.file), "/etc/c.json").replace(made.mesos.address, "127.0.0.1:5050")
    for port, recorded in ((made.port, 61053), (made.web, 8123), (made.mesos.server.server_port, 5050)):
        text = re.sub(rf"\b{port}\b", str(recorded), text)
    return json.loads(text)


@pytest.mark.parametrize("version", RECORDED)
def test_every_answer_is_the_real_ones(tmp_path: Path, mesos: Mesos, version: str) -> None:
    recorded = RECORDED[version]
    with running(tmp_path, mesos, version) as made:
        eventually(made.listens)
        for question, answer in recorded["dns"].items():
            name, kind = question.split()
            assert as_recorded(made, by_udp(made.port, name, int(kind))) == answer, question
        assert by_tcp(made.port, "web-shop.marathon.mesos", A) == recorded["tcp"]
        for kind in ("hosts", "services"):
            assert {name: as_recorded(made, made.json(f"/v1/{kind}/{name}")) for name in recorded[kind]} == recorded[
                kind
            ]
        config = as_recorded(made, made.text("/v1/config"))
        serial = re.compile(r'(?<="SOASerial": )\d+')
        assert serial.sub("0", config) == serial.sub("0", recorded["config"]), "its layout, too"
        zone = made.json("/v1/axfr")
        assert (
            as_recorded(made, zone["Records"]) == recorded["axfr"]["after"] and zone["Serial"] >= int(time.time()) - 5
        )


@pytest.mark.parametrize("version", ["1.11", "1.13"])
def test_what_does_not_fit_is_cut_and_said(tmp_path: Path, mesos: Mesos, version: str) -> None:
    assert mesos.state is not None
    agent = mesos.state["slaves"][0]
    mesos.state["slaves"] = [
        {**agent, "id": f"x-S{number}", "pid": f"slave(1)@10.0.1.{number}:5051"} for number in range(1, 101)
    ]
    with running(tmp_path, mesos, version) as made:
        eventually(made.listens)
        found = {
            "udp": by_udp(made.port, "slave.mesos", A),
            "edns": by_udp(made.port, "slave.mesos", A, 4096),
            "tcp": by_tcp(made.port, "slave.mesos", A),
        }
        assert {name: [answer["flags"], len(answer["answer"])] for name, answer in found.items()} == RECORDED[version][
            "truncated"
        ]
    with running(tmp_path, mesos, version, setTruncateBit=False) as made:
        eventually(made.listens)
        assert by_udp(made.port, "slave.mesos", A)["flags"] == "8580"


def test_it_goes_on_answering_when_it_has_lost_mesos_and_tells_since_when(tmp_path: Path, mesos: Mesos) -> None:
    with running(tmp_path, mesos) as made:
        eventually(made.listens)
        mesos.state, seen = None, mesos.asked
        eventually(lambda: mesos.asked >= seen + 3)
        serial = made.json("/v1/config")["SOASerial"]
        eventually(lambda: time.time() - serial > 3)
        assert made.json("/v1/config")["SOASerial"] == serial
        assert by_udp(made.port, "web-shop.marathon.mesos", A)["answer"] == RECORDS["1.13"]["lost"]["answers"]


def test_before_the_first_state_it_listens_to_nobody_and_a_failed_look_costs_a_period(
    tmp_path: Path, mesos: Mesos
) -> None:
    state, mesos.state = mesos.state, None
    with running(tmp_path, mesos, refreshSeconds=4) as made:
        eventually(lambda: mesos.asked)
        begun = time.monotonic()
        mesos.state = state
        assert not made.listens()
        eventually(made.listens)
        assert time.monotonic() - begun > 2 and mesos.asked >= 2


ENDS = [
    (
        '{"masters": ["127.0.0.1:1"], "IPSources": ["netinf"]}',
        'IPSources validation failed: invalid ip source "netinf"',
    ),
    ('{"masters": ["127.0.0.1:1"], "IPSources": []}', "IPSources validation failed: empty ip sources"),
    (
        '{"masters": ["127.0.0.1:1"], "IPSources": ["host", "host"]}',
        "IPSources validation failed: duplicate ip source specified",
    ),
    ('{"port": 1}', "service validation failed: specify Mesos masters or Zookeeper in config.json"),
    (
        '{"masters": ["127.0.0.1:1"], "dnsOn": false, "httpOn": false}',
        "service validation failed: either DNS or HTTP server should be on",
    ),
    ('{"masters": ["127.0.0.1:1"], "domain": "a b"}', "a b is not a valid domain name"),
    ('{"masters": ["127.0.0.1:1"], "ttl": NaN}', "failed to unmarshal config file"),
    ('{"masters": ["127.0.0.1:1"],}', "failed to unmarshal config file"),
    ('\ufeff{"masters": ["127.0.0.1:1"]}', "failed to unmarshal config file"),
    ("{", "failed to unmarshal config file"),
    ("[]", "failed to unmarshal config file"),
    (
        '{"zk": "zk://zk-1.zk:2181/mesos", "zkDetectionTimeout": 1, "refreshSeconds": 1}',
        "master detection timed out after 1s",
    ),
]


@pytest.mark.parametrize(("text", "words"), ENDS, ids=[str(number) for number in range(len(ENDS))])
def test_it_ends_where_the_real_one_ends(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    env = {"LAB_MESOS_MASTER": f"http://127.0.0.1:{free_port()}"}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), f"--config={tmp_path / 'x.json'}"],
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
    )
    assert done.returncode == 1 and words in done.stderr


def test_an_empty_listener_ends_it_from_1_11_on(tmp_path: Path, mesos: Mesos) -> None:
    with running(tmp_path, mesos, "1.13", listener="") as made:
        assert made.process.wait(SECONDS) == 1
    with running(tmp_path, mesos, "1.10", listener="") as made:
        eventually(made.listens)


def test_keys_in_any_case_null_and_a_domain_in_capitals_are_fine(tmp_path: Path, mesos: Mesos) -> None:
    with running(tmp_path, mesos, httpOn=None, DNSON=None, domain="MESOS", unknown=1) as made:
        eventually(made.listens)
        assert by_udp(made.port, "leader.mesos", A)["code"] == 0 and made.json("/v1/config")["Domain"] == "mesos"


def test_the_pages_commands_work_on_the_real_answer(tmp_path: Path, mesos: Mesos) -> None:
    """Those of docs/mesos-dns.md that ask a master; the layout of the answer is the recorded one."""
    page = (ROOT / "docs" / "mesos-dns.md").read_text(encoding="utf-8")
    commands = [
        line.partition("   #")[0] for line in page.splitlines() if line.startswith("curl -s http://127.0.0.1:8123/")
    ]
    assert len(commands) == 2
    with running(tmp_path, mesos) as made:
        eventually(made.listens)
        said = []
        for command in commands:
            argv = ["sh", "-c", command.replace(":8123/", f":{made.web}/")]
            said.append(subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout.strip())
    assert said[0] == '"IPSources":["netinfo","host"]'
    assert re.fullmatch(r'"SOASerial":\d{10}', said[1])
