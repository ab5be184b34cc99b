"""Builds the stand-ins once, finds etcd, and says at the end which records were run."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

pytest.register_assert_rewrite("harness.rig")

from harness import config as suite  # noqa: E402
from harness import releases  # noqa: E402
from harness.packages import BIRD, ETCD, find  # noqa: E402
from harness.report import summary_lines  # noqa: E402

_BUILD_DEADLINE = 300
_ARTIFACTS = "CONTRACT_BUILT_ARTIFACTS"


def pytest_configure(config: pytest.Config) -> None:
    """In the controlling process only: what is under test, ready before the workers start."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    os.environ.setdefault("CONTRACT_SEED", str(secrets.randbelow(10**6)))
    os.environ.setdefault("CONTRACT_SEQUENCES", "60")
    os.environ[_ARTIFACTS] = str(_artifacts())
    os.environ[releases.VARIABLE] = _release(Path(os.environ[_ARTIFACTS]))
    for program in (ETCD, BIRD):
        find(program)


def pytest_report_header() -> str:
    """What is under test, and how to have the same random sequences again."""
    return f"contract: Calico {releases.under_test()}, CONTRACT_SEED={os.environ.get('CONTRACT_SEED')}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares a rig stays on one worker (`--dist loadgroup`), each mode of a file on its own."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        parameters = callspec.params if callspec else {}
        part = parameters.get("rig", parameters.get("chunk", ""))
        item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{part}"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """What was built for this run goes with it."""
    built = os.environ.get(_ARTIFACTS)
    if built and not hasattr(config, "workerinput") and not suite.real_artifacts():
        shutil.rmtree(built, ignore_errors=True)


def _artifacts() -> Path:
    real = suite.real_artifacts()
    if real:
        return real
    # Not at a fixed place: another run must not replace the tools under this one.
    built = Path(tempfile.mkdtemp(prefix="contract-artifacts-"))
    built.chmod(0o755)
    subprocess.run(
        [sys.executable, str(suite.STANDINS / "build.py"), str(built), "--python", sys.executable, "--zipapps-only"],
        check=True,
        timeout=suite.patience(_BUILD_DEADLINE),
    )
    return built


def _release(artifacts: Path) -> str:
    argv = [str(artifacts / "calicoctl"), "--version"]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=suite.patience(_BUILD_DEADLINE))
    return releases.of(done.stdout)


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """The directory of the tools under test."""
    return Path(os.environ[_ARTIFACTS])


@pytest.fixture(scope="session")
def etcd_binary() -> Path:
    """etcd 3.3."""
    return find(ETCD)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Records run and not run, the latter with reasons."""
    if suite.RECORDS.is_dir():
        terminalreporter.section("records")
        for line in summary_lines(terminalreporter.stats):
            terminalreporter.line(line)
