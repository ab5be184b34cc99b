"""calicoctl on an empty store: every get in every format, and what is missing."""

from __future__ import annotations

from harness import Record, Rig, Scenario

scenario = Scenario("02-etcd-empty.jsonl")
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
