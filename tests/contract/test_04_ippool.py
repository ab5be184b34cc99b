"""IP pools: the guide's, variants, every bad document, lists, JSON, and the keys. Begins where 03-node ends."""

from __future__ import annotations

from harness import Record, Rig, Scenario
from harness.records import load


def three_nodes(rig: Rig) -> None:
    end = load("03-node.jsonl")[-1]
    assert end.values is not None
    rig.etcd.load(rig.substitution.any(end.values))


scenario = Scenario("04-ippool.jsonl", before={"apply pool": three_nodes})
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
