"""The bench: what its figures are made into, and doubles that answer as the agent that was recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from layout import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import hosts  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
from report import BUILTIN, COLLECTION, DOUBLES, EMPTY, UNCHANGED, Run  # noqa: E402

GOALS = report.load_goals(ROOT / "benchmarks" / "goals.toml")


def _run(way: str, what: str, number: int, cpu: float, wall: float = 10.0, memory: float = 100.0) -> Run:
    return Run("2.16.19", way, what, number, cpu, wall, memory)


def _missed(*runs: Run) -> list[str]:
    return [verdict.text for verdict in report.validate(GOALS, report.cells(runs)) if not verdict.met]


@pytest.mark.parametrize(("cpu", "missed"), [(2.5, 0), (2.6, 1)])
def test_a_ratio_over_its_goal_is_missed(cpu: float, missed: int) -> None:
    found = _missed(_run(COLLECTION, UNCHANGED, 10, cpu, wall=1), _run(BUILTIN, UNCHANGED, 10, 10))
    assert len(found) == missed
    assert all("0.26 of the 10.0 s of built-in modules" in text for text in found)


def test_figures_of_one_core_are_not_held_against_another_s() -> None:
    assert not report.validate(
        GOALS,
        report.cells(
            [Run("2.16.19", COLLECTION, UNCHANGED, 10, 9, 9, 9), Run("2.21.5", BUILTIN, UNCHANGED, 10, 10, 10, 9)]
        ),
    )


@pytest.mark.parametrize(("at_1000", "missed"), [(100.0, 0), (109.0, 1), (91.0, 1)])
def test_a_host_that_costs_more_or_less_than_its_neighbours_is_missed(at_1000: float, missed: int) -> None:
    """What a play that only pings does is told beside it, and excuses nothing."""
    found = _missed(
        *[_run(COLLECTION, DOUBLES, number, cpu) for number, cpu in ((50, 5.0), (200, 20.0), (1000, at_1000))],
        *[_run(EMPTY, DOUBLES, number, cpu) for number, cpu in ((50, 2.5), (200, 10.0), (1000, 58.0))],
    )
    assert len(found) == missed and all("in a play that only pings +20%" in text for text in found)


def test_of_doubles_the_table_has_the_mean_and_no_wall_time() -> None:
    """Each run counts as much as it took part in what the largest one met with."""
    runs = [_run(COLLECTION, DOUBLES, 50, cpu) for cpu in (1, 2, 9)]
    assert "| 2.16.19 | unchanged, doubles | 50 | 4.0 |  |  |  |  |  | 100 |  |  |" in report.table(report.cells(runs))


def test_memory_is_held_against_a_play_that_only_pings() -> None:
    assert len(_missed(_run(COLLECTION, DOUBLES, 1000, 1, memory=201), _run(EMPTY, DOUBLES, 1000, 1, memory=100))) == 1


def test_the_table_has_the_middle_of_all_runs_and_its_ratio() -> None:
    runs = [_run(COLLECTION, UNCHANGED, 5, cpu) for cpu in (1, 2, 9)] + [_run(BUILTIN, UNCHANGED, 5, 8)]
    assert "| 2.16.19 | unchanged | 5 | 2.0 | 8.0 | 0.25 | 10.0 | 10.0 | 1.00 | 100 | 100 |  |" in report.table(
        report.cells(runs)
    )


def test_the_page_keeps_what_is_around_the_figures() -> None:
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    assert report.placed(report.placed(page, "new"), "new") == f"before\n{report.BEGIN}\n\nnew\n{report.END}\nafter\n"


def test_a_double_gives_the_recorded_answers_in_order_under_its_own_name(tmp_path: Path) -> None:
    for kind in ("first", "other"):
        (tmp_path / "records" / kind).mkdir(parents=True)
        for number in (1, 2):
            answer = {"n": number, "name": "agent2", "ip": "10.0.0.2", "near": "agent21 10.0.0.21"}
            (tmp_path / "records" / kind / str(number)).write_text(json.dumps(answer), encoding="utf-8")
    agents = {f"agent{number}": {"ansible_host": f"10.0.0.{number}"} for number in (1, 2)}
    listed: dict[str, Any] = {
        "all": {"vars": {}},
        "masters": {"hosts": []},
        "agents_private": {"hosts": list(agents)},
        "_meta": {"hostvars": agents},
    }
    inventory = json.loads(
        hosts.doubles(listed, tmp_path / "records", 3, tmp_path / "doubles").read_text(encoding="utf-8")
    )
    third = inventory["all"]["children"]["agents"]["children"]["agents_private"]["hosts"]["double0003"]
    answers = [
        json.loads(
            subprocess.run(
                [third["ansible_python_interpreter"]],
                input="a module",
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            ).stdout
        )
        for _ in range(2)
    ]
    assert answers == [{"n": n, "name": "double0003", "ip": "10.20.0.3", "near": "agent21 10.0.0.21"} for n in (1, 2)]
    assert third["ansible_host"] == "10.20.0.3"


def _can_measure() -> bool:
    try:
        with measure.group("dcos-calico-bench-probe"):
            return True
    except measure.CannotMeasure:
        return False


@pytest.mark.skipif(not _can_measure(), reason="control groups cannot be made here")
def test_a_process_that_outlives_the_command_is_counted_and_ended(tmp_path: Path) -> None:
    burn = "import time\nuntil = time.process_time() + 0.5\nwhile time.process_time() < until: pass\n"
    left = f"{burn}time.sleep(300)"
    script = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {left!r}])\ntime.sleep(3)\n{burn}print('done')"
    cost = measure.run([sys.executable, "-c", script], cwd=tmp_path, env={}, log=tmp_path / "log", seconds=120)
    assert (cost.rc, cost.output) == (0, "done\n")
    assert cost.cpu >= 0.9
    assert cost.wall < 100
    assert cost.memory > 1


@pytest.mark.skipif(not _can_measure(), reason="control groups cannot be made here")
def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    assert (
        measure.run(["sleep", "300"], cwd=tmp_path, env={"PATH": "/bin:/usr/bin"}, log=tmp_path / "log", seconds=0.5).rc
        == -9
    )
