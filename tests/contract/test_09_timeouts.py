"""Endpoints that are silent, that are something else, and clusters without some of their members."""

from __future__ import annotations

import re
import sys

from harness import Record, Rig, Scenario
from harness.cluster import Cluster
from harness.config import patience
from harness.etcd_server import EtcdServer
from harness.host import Result

# A listener whose queue is full: the kernel drops what more comes, as a firewall does.
DROPPING = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=0)
waiting = []
while True:
    client = socket.socket()
    client.settimeout(0.2)
    waiting.append(client)
    try:
        client.connect(server.getsockname())
    except OSError:
        break
print("ready", flush=True)
time.sleep(3600)
"""
SILENT = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
print("ready", flush=True)
time.sleep(3600)
"""
WEB_SERVER = """
import http.server, sys
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)
print("ready", flush=True)
server.serve_forever()
"""


def start_strangers(rig: Rig) -> None:
    for port, program in ((4999, DROPPING), (4998, SILENT), (4997, WEB_SERVER)):
        argv = [sys.executable, "-I", "-c", program, rig.substitution.text(str(port))]
        rig.background(argv, ready="ready")


def start_etcd_without_v2(rig: Rig) -> None:
    port = int(rig.substitution.text("2679"))
    etcd = EtcdServer(rig.host, rig.etcd_binary, rig.directory / "etcd-v3", port, options=["--enable-v2=false"])
    etcd.start()
    rig.at_close(etcd.destroy)


clusters: dict[str, Cluster] = {}


def start_cluster(rig: Rig) -> None:
    clusters[rig.mode] = Cluster(rig)


def check_first_or_second(rig: Rig, record: Record, result: Result) -> None:
    """As recorded, but for the time: the silent endpoint may have been tried second, then nobody waited."""
    assert (result.exit_code, result.stdout) == (record.exit_code, record.stdout)


def check_two_down(rig: Rig, record: Record, result: Result) -> None:
    """As recorded; the wait is etcd's own, five seconds and two elections."""
    assert result.exit_code == record.exit_code
    rig.compare_output(record.stdout, result.stdout)
    assert 4 <= result.seconds <= 8 + patience(5)


def check_one_shot(rig: Rig, record: Record, result: Result) -> None:
    """A create is tried on one endpoint only: at random, one that is down or the one without a leader."""
    assert result.exit_code == record.exit_code
    ports = "|".join(rig.substitution.text(port) for port in ("3371", "3372"))
    assert re.fullmatch(
        rf"Failed to apply 'node' resource: (dial tcp 127\.0\.0\.1:({ports}): \S+ connection refused"
        rf"|client: etcd member \S+ has no leader)\n",
        result.stdout,
    ), result.stdout


scenario = Scenario(
    "09-timeouts.jsonl",
    before={
        "packets dropped: get nodes": start_strangers,
        "etcd without the v2 API: get nodes": start_etcd_without_v2,
        "3 members, healthy: apply node": start_cluster,
        "3 members, one down: get nodes": lambda rig: clusters[rig.mode].stop(2),
        "3 members, two down: get nodes": lambda rig: clusters[rig.mode].stop(1),
    },
    check={
        "packets dropped: first endpoint dropped, second good": check_first_or_second,
        "3 members, two down: get nodes": check_two_down,
        "3 members, two down: apply node": check_one_shot,
    },
    unscaled={"3 members, two down: get nodes", "3 members, two down: apply node"},
    skip={"etcd without the v2 API: raw http"},
)
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
