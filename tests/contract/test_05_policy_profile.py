"""Policies, profiles, BGP peers, host and workload endpoints."""

from __future__ import annotations

from harness import Record, Rig, Scenario

scenario = Scenario("05-policy-profile.jsonl")
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
