"""calicoctl's version, usage texts and bad options."""

from __future__ import annotations

from harness import Record, Rig, Scenario

scenario = Scenario("01-version-help.jsonl", etcd=False)
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
