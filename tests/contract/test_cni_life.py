"""The life of endpoints and addresses on one host: ADD, IPAM, DEL, errors, exhaustion.

The five files are one recording; each goes on from where the one before left the host and the datastore.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cni_checks import host_side, inside_namespace, table, without_info_lines, without_interface_numbers
from harness import Record, Rig, Scenario

_IDS = (
    # A host takes its blocks in the order of their keys. The one whose address is asked for comes first, as recorded, with a host of this name.
    (r"\bcalico-agent1\b", "argon-node-11"),
    (r"\b192\.168\.200\.", "193.167.100."),
    (r"(?<![\w:])c([1-7])\b(?!:)", r"k\1"),
    (r"\bcalic([1-7])\b", r"calik\1"),
    (r"\bcali4a5e9f0c-me\b", "cali7b1d3c8e-me"),
    (r"(?<![\w:])d([123])\b(?!:)", r"g\1"),
    (r"(?<![\w:])e(\d\d?)\b(?!:)", r"h\1"),
    (r"\bbackend(2?)\b", r"baggage\1"),
    (r"\bagent-other\b", "spare-agent"),
)
_BLOCKS = ("192.168.72.192/26", "192.168.200.0/26", "192.168.170.192/26")
_FULL = 64
_LAST = 4
_NODE = """\
apiVersion: v1
kind: node
metadata:
  name: calico-agent1
spec:
  bgp:
    ipv4Address: 10.99.0.11/24
"""
_CONFIG = (
    '{"name": "calico", "type": "calico", "etcd_endpoints": "http://localhost:2379", "ipam": {"type": "calico-ipam"}}'
)
_CNI = {"CNI_NETNS": "/run/netns/ct1", "CNI_IFNAME": "eth0", "CNI_PATH": "/rig/bin"}


def begin(rig: Rig) -> None:
    for number in range(1, 7):
        rig.host.check("ip", "netns", "add", f"ct{number}")
    # Without a default route the host would not answer the containers' ARP requests for their gateway.
    rig.host.check("ip", "route", "add", "default", "via", rig.substitution.text("10.99.0.1"), "dev", "eth0")
    done = rig.run(["calicoctl", "apply", "-f", "-"], stdin=rig.substitution.text(_NODE))
    assert done.exit_code == 0, done


def flag(value: str) -> Callable[[Rig], object]:
    return lambda rig: rig.etcd.put("/calico/v1/Ready", value)


def start_anew(rig: Rig) -> None:
    rig.etcd.wipe()


def exhaust(rig: Rig) -> None:
    """Take all 64 addresses of the only block: most by its keys, the last ones by the plugin."""
    recorded = scenarios["17-calico-ipam-direct.jsonl"].records[-1].values or {}
    for key, value in rig.substitution.any(_nearly_full(dict(recorded))).items():
        rig.etcd.put(key, value)
    for number in range(_FULL - _LAST, _FULL):
        env = rig.substitution.any({**_CNI, "CNI_COMMAND": "ADD", "CNI_CONTAINERID": f"e{number}"})
        done = rig.run(["/rig/bin/calico-ipam"], env, rig.substitution.text(_CONFIG))
        assert done.exit_code == 0, done


def _nearly_full(values: dict[str, str]) -> dict[str, str]:
    """The keys of the recorded full block as they were before the last addresses were taken."""
    for number in range(_FULL - _LAST, _FULL):
        del values[f"/calico/ipam/v2/handle/calico.e{number}"]
    path = "/calico/ipam/v2/assignment/ipv4/block/10.88.0.0-26"
    block: dict[str, Any] = json.loads(values[path])
    block["allocations"][-_LAST:] = [None] * _LAST
    block["unallocated"] = list(range(_FULL - _LAST, _FULL))
    del block["attributes"][-_LAST:]
    values[path] = json.dumps(block, separators=(",", ":"))
    return values


_INSIDE = ("after ADD c1: inside netns ct1", "after eth1: inside netns ct1", "after many ADDs: inside netns ct2")
_OUTSIDE = ("after ADD c1: host side", "after eth1: host side", "after many ADDs: host side")
_TABLES = ("get wep wide", "get wep wide after second network", "get wep wide after eth1")
# These records hold only the keys below /calico/ipam.
_PARTIAL = {
    "etcd-values after ipam release",
    "etcd-values after ADD into a missing netns",
    "etcd-values after calico-ipam ADDs",
    "etcd-values exhausted block",
}

scenarios = {
    scenario.source: scenario
    for scenario in (
        Scenario(
            "13-cni-add-del.jsonl",
            before={"set up: pool": begin},
            check={
                **dict.fromkeys(_INSIDE, inside_namespace),
                **dict.fromkeys(_OUTSIDE, host_side),
                **dict.fromkeys(_TABLES, table),
                "ADD c6 with mesos labels, log_level info": without_info_lines,
            },
            substitute=_IDS,
            blocks=_BLOCKS,
        ),
        Scenario("14-ipam.jsonl"),
        Scenario(
            "15-cni-del.jsonl",
            check={"after all DELs: inside netns ct1": inside_namespace, "after all DELs: host side": host_side},
        ),
        Scenario(
            "16-cni-errors.jsonl",
            before={
                "Ready=false ADD": flag("false"),
                "Ready=banana ADD": flag("banana"),
            },
            check={
                "container id missing": without_interface_numbers,
                "mtu 1400: inside netns ct1": inside_namespace,
                "mtu 1400: host side": host_side,
            },
        ),
        Scenario(
            "17-calico-ipam-direct.jsonl",
            before={
                "calico-ipam ADD": flag("true"),
                "node": start_anew,
                "calico-ipam ADD from an exhausted /26 (after 64)": exhaust,
            },
        ),
    )
}
rig = scenarios["13-cni-add-del.jsonl"].rig_fixture()
_RECORDS = [
    replace(record, extra={"partial": True}) if record.name in _PARTIAL else record
    for scenario in scenarios.values()
    for record in scenario.records
]
_IDS_OF_RECORDS = [f"{record.source[:2]}-{record.index:02d} {record.name}" for record in _RECORDS]


@pytest.mark.parametrize("record", _RECORDS, ids=_IDS_OF_RECORDS)
def test_record(rig: Rig, record: Record) -> None:
    scenarios[record.source].play(rig, record)
