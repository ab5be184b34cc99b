"""Nodes: apply, create, replace, get and delete, and their keys."""

from __future__ import annotations

from harness import Record, Rig, Scenario

scenario = Scenario("03-node.jsonl")
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
