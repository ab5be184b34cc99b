"""The plugins' own options and CNI commands; ADD and DEL before Calico is set up."""

from __future__ import annotations

from harness import Record, Rig, Scenario

scenario = Scenario("11-cni-basics.jsonl")
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
