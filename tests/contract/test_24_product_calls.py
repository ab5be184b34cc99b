"""What the product calls since it gives nodes their address by their resource, in the order of the recording; docker is a stub, as in 10-node."""

from __future__ import annotations

from harness import Record, Rig, Scenario
from not_run import NOT_RUN
from test_10_node import mode, prepare

SOURCE = "24-product-calls.jsonl"

scenario = Scenario(SOURCE, before={"apply node, address only": prepare, "node run, stub docker": mode("started")}, skip=NOT_RUN[SOURCE])
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
