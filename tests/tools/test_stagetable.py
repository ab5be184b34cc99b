"""The table of stages: what is read, chosen and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import stagetable
import yaml
from layout import ROOT

ROWS = """
[[stage]]
name = "first"
about = "one"
sets = ["ci", "static"]
run = [["true"]]
minutes = 1

[[stage]]
name = "second"
about = "two"
sets = ["lab"]
run = [["true"]]
minutes = 1
"""
EACH = """
[[stage]]
name = "scenario-{name}"
about = "scenario {name}"
each = "molecule/*/molecule.yml"
ci = ["b"]
run = [["molecule", "test", "-s", "{name}"]]
minutes = 1
"""


def _load(tmp_path: Path, text: str) -> list[stagetable.Stage]:
    table = tmp_path / "stages.toml"
    table.write_text(text, encoding="utf-8")
    return stagetable.load(table, tmp_path)


def _scenarios(tmp_path: Path, *names: str) -> None:
    for name in names:
        (tmp_path / "molecule" / name).mkdir(parents=True)
        (tmp_path / "molecule" / name / "molecule.yml").touch()


def test_the_project_s_own_table_is_good() -> None:
    assert "ci" in {name for stage in stagetable.load() for name in stage.sets}


def test_the_workflow_runs_each_stage_of_ci_once() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    jobs = workflow["jobs"]["test"]["strategy"]["matrix"]["include"]
    names = [name for job in jobs for name in job["stages"].split()]
    assert sorted(names) == sorted(stage.name for stage in stagetable.load() if "ci" in stage.sets)


@pytest.mark.parametrize(
    ("sets", "names", "chosen"),
    [
        ([], [], ["first", "second"]),
        (["static"], [], ["first"]),
        (["lab"], [], ["second"]),
        (["ci"], [], ["first"]),
        (["long"], [], ["second"]),
        ([], ["first"], ["first"]),
        (["static"], ["second"], ["first", "second"]),
    ],
)
def test_choice(tmp_path: Path, sets: list[str], names: list[str], chosen: list[str]) -> None:
    assert [stage.name for stage in stagetable.choose(_load(tmp_path, ROWS), sets, names)] == chosen


def test_the_longest_start_first_and_those_that_run_alone_last(tmp_path: Path) -> None:
    rows = ROWS + '[[stage]]\nname = "third"\nabout = "three"\nrun = [["true"]]\nminutes = 9\nalone = true\n'
    rows += '[[stage]]\nname = "fourth"\nabout = "four"\nrun = [["true"]]\nminutes = 5\n'
    turns = [stage.name for stage in stagetable.in_turn(_load(tmp_path, rows))]
    assert turns == ["fourth", "first", "second", "third"]


@pytest.mark.parametrize(("sets", "names"), [(["nightly"], []), ([], ["third"])])
def test_unknown_choice(tmp_path: Path, sets: list[str], names: list[str]) -> None:
    with pytest.raises(stagetable.BadTable, match="no stage or set"):
        stagetable.choose(_load(tmp_path, ROWS), sets, names)


def test_one_stage_for_each_file(tmp_path: Path) -> None:
    _scenarios(tmp_path, "b", "a")
    first, second = _load(tmp_path, EACH)
    assert (first.name, first.run, first.sets) == ("scenario-a", (("molecule", "test", "-s", "a"),), ("long",))
    assert (second.name, second.about, second.sets) == ("scenario-b", "scenario b", ("ci",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROWS.replace('"two"', '"two"\ncolour = "red"'), "unknown colour"),
        (ROWS.replace('"second"', '"first"'), "two stages"),
        (ROWS.replace('about = "two"\n', ""), "about"),
        (EACH, "finds no b"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(stagetable.BadTable, match=message):
        _load(tmp_path, text)
