"""A host where a workload was attached is listed as a node although it never ran calico/node."""

from __future__ import annotations

from harness import Record, Rig, Scenario
from harness.host import Result

_ADD = "CNI ADD on calico-agent1, which never ran calico/node"


def make_namespace(rig: Rig) -> None:
    rig.host.check("ip", "netns", "add", rig.substitution.text("z1"))


def start_anew(rig: Rig) -> None:
    rig.etcd.wipe()


def headings_in_any_order(rig: Rig, record: Record, result: Result) -> None:
    """The real tool lists them as its map happens to be ordered."""
    assert result.exit_code == record.exit_code
    assert sorted(result.stdout.replace(",", "").split()) == sorted(record.stdout.replace(",", "").split())


scenario = Scenario(
    "19-nodes-by-workload.jsonl",
    before={_ADD: make_namespace, "apply empty stdin": start_anew},
    check={"custom-columns bad": headings_in_any_order},
    substitute=[(r"\bz1\b", "y8"), (r"\bcaliz1\b", "caliy8")],
    blocks=["192.168.72.192/26"],
)
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
