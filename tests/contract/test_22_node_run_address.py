"""calicoctl node run: which addresses and methods of finding one it takes."""

from __future__ import annotations

from harness import Record, Rig, Scenario

scenario = Scenario("22-node-run-address.jsonl")
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
