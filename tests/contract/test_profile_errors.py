"""Profiles that are there, or not: create and replace name the first of their keys, delete the profile."""

from __future__ import annotations

from harness import Record, Rig, Scenario

scenario = Scenario("24-profile-errors.jsonl")
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
