"""Builds the stand-ins once, finds etcd, and says at the end which records were run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import config  # noqa: E402
from harness.etcd_binary import find_etcd  # noqa: E402
from harness.report import summary_lines  # noqa: E402

_BUILD_DEADLINE = 300
_ARTIFACTS = "CONTRACT_BUILT_ARTIFACTS"


def pytest_configure(config: pytest.Config) -> None:
    """In the controlling process only: what is under test, ready before the workers start."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    os.environ[_ARTIFACTS] = str(_artifacts())
    find_etcd()


def _artifacts() -> Path:
    real = config.real_artifacts()
    if real:
        return real
    built = config.REPOSITORY / ".build" / "contract" / "artifacts"
    subprocess.run(
        [sys.executable, str(config.STANDINS / "build.py"), str(built), "--python", sys.executable, "--zipapps-only"],
        check=True,
        timeout=config.patience(_BUILD_DEADLINE),
    )
    return built


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """The directory of the tools under test."""
    return Path(os.environ[_ARTIFACTS])


@pytest.fixture(scope="session")
def etcd_binary() -> Path:
    """etcd 3.3."""
    return find_etcd()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Records run and not run, the latter with reasons."""
    if config.RECORDS.is_dir():
        terminalreporter.section("records")
        for line in summary_lines(terminalreporter.stats):
            terminalreporter.line(line)
