"""calicoctl config."""

from __future__ import annotations

from harness import Record, Rig, Scenario

scenario = Scenario("06-config.jsonl")
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
