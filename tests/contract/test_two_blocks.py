"""A host with two blocks takes addresses of the one whose key sorts first, whichever it claimed first."""

from __future__ import annotations

from harness import Record, Rig, Scenario


def begin(rig: Rig) -> None:
    for number in range(1, 5):
        rig.host.check("ip", "netns", "add", f"cb{number}")
    rig.host.check("ip", "route", "add", "default", "via", rig.substitution.text("10.99.0.1"), "dev", "eth0")


scenario = Scenario(
    "25-two-blocks.jsonl", before={"set up: pool": begin}, blocks=["192.168.72.192/26", "192.168.9.0/26"]
)
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
