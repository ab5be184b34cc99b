"""Running stages: order, deadlines, clean-up, counts and the closing lines."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import stages
from stages import Counts, Result, Runner
from stagetable import Stage

PYTEST_LOGS = [
    ("7 passed in 0.15 seconds", Counts(7, 0, 0)),
    ("========= 3 failed, 12 passed, 2 skipped, 1 warning in 4.10s =========", Counts(12, 3, 2)),
    ("= 1 passed, 1 error in 65.20s (0:01:05) =", Counts(1, 1, 0)),
    ("4 passed in 1.0s\nand\n5 passed, 1 xfailed in 2s", Counts(9, 0, 1)),
    ("  \x1b[2m│\x1b[0m ==== 2 passed in 0.74s", Counts(2, 0, 0)),
    ("it passed in 3 tries", Counts()),
]


def stage(name: str, *run: tuple[str, ...], minutes: float = 1, **more: Any) -> Stage:
    return Stage(name=name, about=name, run=run, minutes=minutes, **more)


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stages, "LOGS", tmp_path)
    monkeypatch.setattr(stages, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("text", "counts"), PYTEST_LOGS)
def test_counting_tests(text: str, counts: Counts) -> None:
    assert stages.count_tests(text) == counts


def test_a_failure_is_never_lost() -> None:
    assert stages.count(False, "7 passed in 1s").failed == 1
    assert stages.count(False, "6 passed, 2 failed in 1s").failed == 2
    assert stages.count(True, "no tests here") == Counts(passed=1)


def test_all_commands_run_though_one_fails(logs: Path) -> None:
    result = Runner("1").run(stage("s", ("false",), ("echo", "after")))
    assert result.outcome == "failed"
    assert "after" in result.log.read_text(encoding="utf-8")


def test_a_command_that_is_not_there_is_a_failure(logs: Path) -> None:
    result = Runner("1").run(stage("s", ("no-such-command",)))
    assert (result.outcome, result.counts.failed) == ("failed", 1)
    assert "no-such-command" in result.log.read_text(encoding="utf-8")


def test_a_deadline_ends_everything_and_cleanup_runs(logs: Path) -> None:
    """A child in the background dies too, or it would write its file."""
    late = logs / "late"
    script = f"(sleep 2; touch {late}) & sleep 60"
    result = Runner("1").run(stage("s", ("sh", "-c", script), minutes=1 / 120, always=(("echo", "cleaned"),)))
    assert (result.outcome, result.seconds < 10) == ("timed out", True)
    assert "cleaned" in result.log.read_text(encoding="utf-8")
    time.sleep(2)
    assert not late.exists()


def test_one_variable_stretches_all_timeouts(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in stages.SCALES:
        monkeypatch.delenv(name, raising=False)
    result = Runner("2.5").run(stage("s", ("printenv", *stages.SCALES)))
    assert result.log.read_text(encoding="utf-8").splitlines()[1:] == ["2.5"] * len(stages.SCALES)


def test_interruption_ends_what_runs_and_starts_nothing(logs: Path) -> None:
    runner = Runner("1")
    threading.Timer(0.5, runner.stop).start()
    started = time.monotonic()
    held = stage("a", ("sleep", "60"), always=(("echo", "cleaned"),), alone=True)
    results = stages.run_all([held, stage("b", ("true",))], runner)
    assert [(result.outcome, result.counts.failed) for result in results] == [("stopped", 1), ("not run", 1)]
    assert time.monotonic() - started < 10
    assert "cleaned" in results[0].log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("waiting", "running", "expected"),
    [
        ([stage("a"), stage("b")], [], "a"),
        ([stage("a"), stage("b")], [stage("x")], "a"),
        ([stage("a")], [stage("x"), stage("y")], None),
        ([stage("a", alone=True), stage("b")], [stage("x")], "b"),
        ([stage("a", alone=True)], [], "a"),
        ([stage("a")], [stage("x", alone=True)], None),
    ],
)
def test_what_may_start(waiting: list[Stage], running: list[Stage], expected: str | None) -> None:
    found = stages.startable(waiting, running)
    assert (found.name if found else None) == expected


def test_two_at_a_time(logs: Path) -> None:
    started = time.monotonic()
    results = stages.run_all([stage("a", ("sleep", "1.5")), stage("b", ("sleep", "1.5"))], Runner("1"))
    assert all(result.ok for result in results)
    assert time.monotonic() - started < 2.9


def test_report_ends_with_the_plain_line(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (logs / "bad.log").write_text("first\nthe cause\n", encoding="utf-8")
    results = [Result(stage("good"), "passed", 1, Counts(5, 0, 2)), Result(stage("bad"), "failed", 2, Counts(1, 1, 0))]
    assert stages.report(results, 3) is False
    lines = capsys.readouterr().out.splitlines()
    assert "the cause" in lines
    assert lines[-1] == "6 passed, 1 failed, 2 skipped"
