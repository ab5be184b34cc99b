"""Servers of others that answer as they like: a cloud's metadata service, members of etcd, Docker's client, calicoctl, and Mesos, Marathon and Cosmos of a
DC/OS cluster, on the core that runs these tests.

What modules make of them ends in time, is a sentence or stays text, and what differs is shown as a terminal may have it. What a controller does with results
that hold anything at all is in test_untrusted.py.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import resource
import socket
import socketserver
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _cloud, _facts_etcd
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

from ...support.dcos_api import Answer, DcosApi
from ...support.universe import Universe
from ..inventory.test_dcos import Inventories
from .test_untrusted import CONTROL, play, poisoned, texts, used

MEGABYTE = 1 << 20
LOCAL = ("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}")
# What a child of this process may take at most (ru_maxrss is in KiB): ansible-core itself takes about a fourth of it.
MOST_MEMORY = 400 * 1024
AWS = {"instanceId": "i-0", "region": "eu-1", "availabilityZone": "eu-1a", "accountId": "1"}
GCE = {"zone": "projects/1/zones/eu-1-b", "id": 5, "name": "agent-1"}
AZURE = {"compute": {"vmId": "v", "location": "westeurope", "zone": "1", "name": "a", "subscriptionId": "s"}}
KEYS = {"action": "get", "node": {"key": "/calico", "dir": True, "nodes": []}}
MEMBERS = {"members": [{"name": "m1", "clientURLs": ["http://10.0.0.1:2379"], "peerURLs": ["http://10.0.0.1:2380"]}]}
SHAPES = {
    "identity/document": AWS,
    "instance/?rec": GCE,
    "metadata/instance": AZURE,
    "/members": MEMBERS,
    "/v2/members": MEMBERS,
    "/v2/keys": KEYS,
}


class Hostile(socketserver.ThreadingTCPServer):
    """Answers each request of HTTP in one way.

    :ivar asked: the first lines of requests.
    """

    allow_reuse_address = daemon_threads = True

    def __init__(self, way: str, text: str = "", elsewhere: str = "") -> None:
        self.way, self.text, self.elsewhere, self.asked, self.over = way, text, elsewhere, [], threading.Event()
        super().__init__(("127.0.0.1", 0), Talk)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def end(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


class Talk(socketserver.StreamRequestHandler):
    server: Hostile

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while not self.server.over.is_set():
                line = self.rfile.readline(4096).decode("latin-1")
                while self.rfile.readline(4096) not in (b"\r\n", b""):
                    pass
                if not line:
                    return
                self.server.asked.append(line.strip())
                getattr(self, self.server.way)(line)

    def say(self, body: bytes, status: str = "200 OK", more: bytes = b"") -> None:
        head = f"HTTP/1.1 {status}\r\nMetadata-Flavor: Google\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.wfile.write(head.encode() + more + b"\r\n" + body)

    def shape(self, line: str) -> Any:
        return next(
            (shape for part, shape in SHAPES.items() if part in line),
            {"etcdserver": "3.3.25", "health": "true", "version": "1"},
        )

    def valid(self, line: str) -> None:
        found = poisoned(self.shape(line), self.server.text)
        self.say(
            json.dumps(found).encode()
            if "api/token" not in line and "project-id" not in line
            else self.server.text.encode()
        )

    def binary(self, line: str) -> None:
        self.say(
            json.dumps(self.shape(line)).replace('"', '"\xff\xfe').encode("latin-1")
            if "token" not in line
            else b"\xff\xfe"
        )

    def nested(self, line: str) -> None:
        self.say(b"[" * 200000 + b"]" * 200000)

    def numbers(self, line: str) -> None:
        self.say(b'{"instanceId": %s, "region": 1e999, "health": -0, "node": NaN}' % (b"9" * 20000))

    def endless(self, line: str) -> None:
        self.wfile.write(b'HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\n\r\n{"x": "')
        while not self.server.over.is_set():
            self.wfile.write(b"A" * MEGABYTE)

    def chunked(self, line: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not self.server.over.is_set():
            self.wfile.write(b"100000\r\n" + b"A" * MEGABYTE + b"\r\n")

    def huge(self, line: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n" + b" " * 4 * MEGABYTE)
        self.server.over.wait(60)

    def slow(self, line: str) -> None:
        for sign in b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 100000:
            self.wfile.write(bytes([sign]))
            if self.server.over.wait(0.2):
                return

    def headers(self, line: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.server.over.is_set():
            self.wfile.write(b"X-A: " + b"A" * 60000 + b"\r\n")

    def continued(self, line: str) -> None:
        while not self.server.over.is_set():
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def mute(self, line: str) -> None:
        self.server.over.wait(60)

    def elsewhere(self, line: str) -> None:
        self.say(b"", "302 Found", b"Location: " + self.server.elsewhere.encode() + b"/x\r\n")

    def unruly(self, line: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 \x1b[2J\x9b31m{{ 7 * 7 }}\r\nContent-Length: -5\r\n\r\n\x1b]0;owned\x07")
        self.request.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def runs(tmp_path) -> Inventories:
    return Inventories(tmp_path)


@pytest.fixture
def hostile() -> Iterator[Any]:
    made: list[Hostile] = []

    def make(*arguments: str) -> Hostile:
        made.append(Hostile(*arguments))
        return made[-1]

    yield make
    for server in made:
        server.end()


WAYS = [
    "binary",
    "nested",
    "numbers",
    "endless",
    "chunked",
    "huge",
    "slow",
    "headers",
    "continued",
    "mute",
    "elsewhere",
    "unruly",
]
# Each address may take a few seconds for each step of an answer, and has no more than three of them.
PATIENCE = 110


def few(runs: Inventories) -> list[str]:
    """All of texts() that are short, in two: what sets another start of a template has to come first."""
    found = texts(runs)[:-1]
    return ["".join(found[:6]), found[6]]


def looks() -> list[dict[str, Any]]:
    """Each module that asks such a server."""
    cloud = {"dcos.calico.cloud_info": {"endpoint": "{{ server }}"}, "register": "cloud", "ignore_errors": True}
    agent = {
        "etcd_endpoints": ["{{ server }}"],
        "etcd_peers": ["{{ server }}"],
        "felix_health_port": "{{ server.split(':')[2] }}",
    }
    return [cloud, {"dcos.calico.agent_info": agent, "register": "agent", "ignore_errors": True}]


def among(runs: Inventories, servers: dict[str, Hostile]) -> tuple[str, ...]:
    """Arguments for a play of one host for each server, all at once."""
    found = {name: {"server": server.url} for name, server in servers.items()}
    shared = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    return "-f", str(len(found)), "-i", runs.write("hosts.json", json.dumps({"all": {"hosts": found, "vars": shared}}))


def bounded(*arguments: Any, **more: Any) -> str:
    """What a play says, which ends in time, takes no memory without end and sends nothing that a terminal obeys."""
    begin = time.monotonic()
    said = play(*arguments, **more)
    assert time.monotonic() - begin < PATIENCE
    # A child counts with what this process had when it was forked, which is much after thousands of tests.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < max(MOST_MEMORY, own + MOST_MEMORY // 4)
    assert (
        not re.search("unreachable=[^0]", said)
        and "MODULE FAILURE" not in said
        and "\x1b" not in said
        and "\x07" not in said
    )
    return said


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_server_without_manners_is_given_up(hostile: Any, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(_facts_etcd, "SECONDS", 1)
    other = hostile("valid", "x")
    server, begin = hostile(way, "", other.url), time.monotonic()
    assert _cloud.detect(server.url, Deadline(1))["cloud"] == "none"
    found = _facts_etcd.probe(server.url, _facts_etcd.Tls())
    assert found["error"] and not found["healthy"] and len(found["error"]) < 500
    members = _facts_etcd.look_at_members(None, [server.url], _facts_etcd.ProxyTls())
    assert members["kind"] == "unreachable" and members["error"] and server.asked and not other.asked, (
        "no redirect is followed"
    )
    assert time.monotonic() - begin < 30


@pytest.mark.slow
def test_servers_without_manners_on_a_real_run(runs: Inventories, hostile: Any) -> None:
    servers = {way: hostile(way) for way in ("binary", "nested", "endless", "unruly")}
    said = bounded(runs, *among(runs, servers), tasks=looks())
    assert not re.search("failed=[^0]", said) and all(server.asked for server in servers.values())


@pytest.mark.slow
def test_servers_whose_words_are_templates_and_signs_of_a_terminal(runs: Inventories, hostile: Any) -> None:
    servers = {f"h{number}": hostile("valid", text) for number, text in enumerate(few(runs))}
    said = bounded(runs, *among(runs, servers), tasks=looks())
    assert not re.search("failed=[^0]", said)
    # What debug and loops print is as ansible-core has it.
    assert "touch" in play(runs, *among(runs, servers), tasks=[*looks(), *used("cloud"), *used("agent")])


# A program in the place of Docker's client or calicoctl: what it says is what a daemon or a datastore has it say.
PROGRAM = """#!{python}
import sys, time
way = {way!r}
if way == "endless":
    while True:
        sys.stdout.write("A" * 1000000)
elif way == "slow":
    while True:
        sys.stdout.write(" "); sys.stdout.flush(); time.sleep(0.2)
elif way == "binary":
    sys.stdout.buffer.write(b'[{{"Name": "\\xff\\xfe", "State": {{}}, "kind": "\\xff"}}]')
elif way == "refused":
    sys.stderr.write({text!r}); sys.exit(1)
else:
    sys.stdout.write({text!r})
"""
CONTAINER = {
    "Name": "/calico-node",
    "Id": "c",
    "Image": "sha256:1",
    "State": {"Running": True, "StartedAt": "2026-11-22T00:00:46.2Z", "Pid": 1},
    "Config": {"Image": "calico/node", "Env": ["NODENAME=a", "IP=10.0.0.1"]},
    "HostConfig": {"Binds": ["/a:/b"], "NetworkMode": "host"},
}
NODE = {
    "kind": "node",
    "apiVersion": "v1",
    "metadata": {"name": "a"},
    "spec": {"bgp": {"ipv4Address": "10.0.0.1/24", "asNumber": "64512"}},
}


def place(runs: Inventories, name: str, way: str, text: str = "") -> str:
    path = runs.directory / name
    path.write_text(PROGRAM.format(python=sys.executable, way=way, text=text), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    runs.environment["PATH"] = f"{runs.directory}:/usr/bin:/bin:/usr/sbin:/sbin"
    return str(path)


def of_docker() -> list[dict[str, Any]]:
    networks = {"networks": [{"name": "n"}]}
    return [
        {"dcos.calico.agent_info": {}, "register": "agent"},
        {
            "dcos.calico.calico_docker_network": networks,
            "check_mode": True,
            "ignore_errors": True,
            "register": "networks",
            "diff": True,
        },
    ]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["endless", "binary"])
def test_a_docker_that_says_what_it_likes(runs: Inventories, way: str) -> None:
    place(runs, "docker", way, "\x1b[2J{{ 7 * 7 }}\n" * 50)
    bounded(runs, *LOCAL, "--diff", tasks=of_docker())


@pytest.mark.slow
def test_a_docker_whose_names_are_templates(runs: Inventories) -> None:
    for text in few(runs):
        place(
            runs,
            "docker",
            "valid",
            json.dumps(
                [{**poisoned(CONTAINER, text), "Name": "/calico-node", "Driver": text, "IPAM": {"Driver": text}}]
            ),
        )
        bounded(runs, *LOCAL, "--diff", tasks=of_docker())
        play(runs, *LOCAL, tasks=[*of_docker(), *used("agent"), *used("networks")])


def of_calicoctl(program: str) -> list[dict[str, Any]]:
    reach = {"calicoctl": program, "config": "/dev/null", "timeout": 3}
    policy = {"apiVersion": "v1", "kind": "policy", "metadata": {"name": "a"}, "spec": {"selector": "x == 'y'"}}
    tasks: list[dict[str, Any]] = []
    for module, arguments in (
        ("calicoctl_node_info", {"expected": ["a"]}),
        ("calicoctl_resource_info", {}),
        ("calicoctl_resource_info", {"kinds": ["workloadEndpoint"]}),
        (
            "calicoctl_config",
            {"settings": [{"name": "logLevel", "value": "debug"}, {"name": "X", "raw": "felix", "value": "y"}]},
        ),
        ("calicoctl_resource", {"resources": [policy]}),
    ):
        tasks += [
            {
                f"dcos.calico.{module}": {**reach, **arguments},
                "register": "found",
                "ignore_errors": True,
                "check_mode": True,
                "diff": True,
            }
        ]
    return tasks


@pytest.mark.slow
@pytest.mark.parametrize("way", ["endless", "refused"])
def test_a_datastore_behind_a_calicoctl_that_says_what_it_likes(runs: Inventories, way: str) -> None:
    said = bounded(runs, *LOCAL, tasks=of_calicoctl(place(runs, "calicoctl", way, "\x1b[2J{{ 7 * 7 }}\n" * 50)))
    assert not [sign for sign in CONTROL if sign in said]


@pytest.mark.slow
def test_a_datastore_in_which_others_wrote(runs: Inventories) -> None:
    """Names of nodes, pools, policies and endpoints, by the double of calicoctl that other tests have."""
    double = (Path(__file__).parents[2] / "support" / "calicoctl_double.py").read_text(encoding="utf-8")
    program = runs.directory / "calicoctl"
    program.write_text(f"#!{sys.executable}\n{double}", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    kinds = ("ipPool", "bgpPeer", "node", "policy", "profile", "hostEndpoint", "workloadEndpoint")
    for text in few(runs):
        found = {
            **poisoned(
                {
                    "metadata": {"name": "x", "node": "n", "cidr": "c", "peerIP": "p", "workload": "w"},
                    "spec": {"selector": "s", "bgp": {}},
                },
                text,
            ),
            "apiVersion": "v1",
        }
        documents = {kind: {"a": {**found, "kind": kind}} for kind in kinds}
        documents["policy"]["b"] = {**found, "kind": "policy", "metadata": {"name": "a"}}
        store = {
            "documents": documents,
            "settings": {"- logLevel -": text, "felix X -": text},
            "failures": [],
            "down": "",
            "forgets": False,
        }
        (runs.directory / "store.json").write_text(json.dumps(store), encoding="utf-8")
        said = bounded(runs, *LOCAL, "--diff", tasks=of_calicoctl(str(program)))
        assert not [sign for sign in CONTROL if sign in said], text
        play(runs, *LOCAL, tasks=[*of_calicoctl(str(program))[1:2], *used("found")])


# What a cluster is asked by, or answers with, and modules go on by. All else may be anything.
GOES_ON = {"id", "appId", "name", "packageName", "version", "packageVersion", "host", "hostname", "ip", "pid", "ipAddress", "type", "DCOS_PACKAGE_NAME",
           "DCOS_PACKAGE_VERSION", "DCOS_PACKAGE_OPTIONS", "DCOS_PACKAGE_FRAMEWORK_NAME",
           "mode", "protocol", "default", "pattern", "required", "status", "DCOS_SERVICE_NAME"}  # fmt: skip


def tainted(value: Any, text: str, key: str = "") -> Any:
    """The same answer, in which all that nobody goes on by has this text behind it, and where such a text may stand one stands."""
    if isinstance(value, dict):
        return {name: tainted(part, text, name) for name, part in value.items()}
    if isinstance(value, list):
        return [tainted(part, text, key) for part in value]
    return value + text if isinstance(value, str) and key not in GOES_ON else value


class Tainted(Universe):
    """A cluster that does its work, and whose words are those of others: labels, notes, versions, tasks, messages of errors."""

    def __init__(self, api: DcosApi, file: Path, text: str) -> None:
        super().__init__(api, file)
        self.text, self.plain = text, api.answer
        self.starts_after = self.healthy_after = self.gone_after = 0  # waits have tests of their own
        api.answer = self.answer  # type: ignore[method-assign]
        self.agent(1, attributes={"rack": "r1"}, version="1.5.3")
        self.members(3)
        api.on("GET", "/mesos_dns/v1/hosts/master.mesos", [{"host": "master.mesos.", "ip": "10.0.0.1"}])
        api.on("GET", "/mesos_dns/v1/hosts/leader.mesos", [{"host": "leader.mesos.", "ip": "10.0.0.1"}])
        api.on(
            "GET",
            "/dcos-metadata/dcos-version.json",
            {"version": "1.13.0", "dcos-variant": "open", "dcos-image-commit": "abc"},
        )
        self.put({"id": "/web", "cmd": "sleep 1000", "labels": {"team": "x"}})
        self.put(
            {
                "id": "/group/web",
                "cmd": "sleep 1000",
                "labels": {"team": text, text[:60]: "x"},
                "env": {text[:60]: text},
            }
        )
        self.state["apps"]["/group/web"]["failure"] = "Command exited with status 127"

    def answer(self, request: Any) -> Answer:
        found = self.plain(request)
        return Answer(tainted(found.body, self.text), found.status, found.content_type, found.headers)


def of_dcos(url: str) -> list[dict[str, Any]]:
    """Each module that the controller runs against a cluster, where there is something to do and where there is not; the last ones are refused."""
    tasks: list[dict[str, Any]] = []
    web = {"id": "/web", "cmd": "sleep 1000", "labels": {"team": "x"}}
    for module, arguments in (
        ("dcos_agent_info", {}), ("marathon_app_info", {"group": "/group"}), ("dcos_package_info", {}),
        ("marathon_app", {"apps": [{**web, "cmd": "sleep 2000"}], "wait_timeout": 3}),
        ("marathon_app", {"apps": [{"id": "/group/web", "cmd": "true"}], "wait_timeout": 3}),
        ("dcos_package", {"name": "hello", "version": "1.0", "wait_timeout": 30}),
        ("dcos_package", {"name": "hello", "version": "1.0", "wait_timeout": 30}),
        ("dcos_package_info", {}), ("dcos_package", {"name": "hello", "state": "absent", "wait_timeout": 30}),
        ("dcos_package", {"name": "nobody", "version": "1", "wait_timeout": 3}), ("dcos_package", {"name": "etcd", "version": "9", "wait_timeout": 3}),
        ("marathon_app", {"apps": [{**web, "cpus": -1}], "wait_timeout": 3}),
    ):  # fmt: skip
        tasks.append(
            {
                f"dcos.calico.{module}": {"url": url, "timeout": 5, **arguments},
                "register": "found",
                "ignore_errors": True,
            }
        )
    return tasks


@pytest.mark.slow
def test_a_cluster_whose_words_are_templates_and_signs_of_a_terminal(runs: Inventories, dcos_api: DcosApi) -> None:
    for number, text in enumerate(few(runs)):
        del dcos_api.requests[:]
        cluster = Tainted(dcos_api, runs.directory / f"universe{number}.json", text)
        tasks = of_dcos(dcos_api.url)
        said = bounded(runs, *LOCAL, "--diff", tasks=tasks)
        assert not [sign for sign in CONTROL if sign in said], text
        assert [write for write in cluster.writes if "package" in write] == [
            "POST /package/install",
            "POST /package/uninstall",
        ], "it worked all the same"
        dcos_api.answer = cluster.plain  # type: ignore[method-assign]
    again = Tainted(dcos_api, runs.directory / "again.json", few(runs)[0])
    assert (
        "touch" in play(runs, *LOCAL, tasks=[part for task in tasks[:3] for part in (task, *used("found"))])
        and again.reads
    )


@pytest.mark.slow
def test_a_cluster_whose_errors_are_templates_and_signs_of_a_terminal(runs: Inventories, dcos_api: DcosApi) -> None:
    """In each of the shapes in which Marathon, Cosmos, Mesos and Admin Router say them."""
    dcos_api.expect_unknown()
    text = few(runs)[0]
    shapes: list[Any] = [{"message": text, "type": text, "data": {"errors": [{"message": text}], text[:60]: text}},
                         {"message": "x", "details": [{"path": text, "errors": [text]}]},
                         {"title": text, "description": text, "code": text}, text, f"<html><title>{text}</title><body>{text}</body></html>"]  # fmt: skip
    turns = zip(itertools.cycle(shapes), itertools.cycle((401, 409, 500, 400)))
    dcos_api.answer = lambda request: Answer(*next(turns))  # type: ignore[method-assign]
    said = bounded(runs, *LOCAL, "--diff", tasks=of_dcos(dcos_api.url))
    assert not [sign for sign in CONTROL if sign in said] and said.count("fatal: ") == len(of_dcos(dcos_api.url))
