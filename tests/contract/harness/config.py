"""The suite's few settings, all from the environment."""

from __future__ import annotations

import os
from pathlib import Path

SUITE = Path(__file__).resolve().parents[1]
REPOSITORY = SUITE.parents[1]
RECORDS = SUITE / "records"
STANDINS = REPOSITORY / "tests" / "standins"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dcos-calico"


def real_artifacts() -> Path | None:
    """The directory of the real tools, when CALICO_ARTIFACTS names one."""
    given = os.environ.get("CALICO_ARTIFACTS")
    return Path(given).resolve() if given else None


def patience(seconds: float) -> float:
    """A deadline of the suite, times CONTRACT_TIMEOUT_SCALE."""
    return seconds * float(os.environ.get("CONTRACT_TIMEOUT_SCALE") or 1)


def standin_timeout_scale() -> float:
    """How much shorter the stand-ins' own waits (30 s, 10 s) are; the real tools keep theirs."""
    return 1.0 if real_artifacts() else 0.05
