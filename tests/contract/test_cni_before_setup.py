"""ADD and DEL while the datastore is empty, without Ready flag, without pool."""

from __future__ import annotations

from harness import Record, Rig, Scenario


def make_namespaces(rig: Rig) -> None:
    rig.host.check("ip", "netns", "add", "ct1")


def start_anew(rig: Rig) -> None:
    rig.etcd.wipe()


scenario = Scenario(
    "12-cni-before-setup.jsonl",
    before={"ADD, empty etcd (no Ready flag)": make_namespaces, "set up: node only": start_anew},
)
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
