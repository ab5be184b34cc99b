"""What the product calls since it gives nodes their address by their resource, in the order of the recording; docker is a stub, as in 10-node."""

from __future__ import annotations

from harness import Record, Rig, Scenario
from test_10_node import mode, prepare
from test_23_product_calls import play_plugin

scenario = Scenario(
    "24-product-calls.jsonl", before={"apply node, address only": prepare, "node run, stub docker": mode("started")}
)
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    if "CNI_CONTAINERID" in record.env:
        play_plugin(rig, record)
    else:
        scenario.play(rig, record)
