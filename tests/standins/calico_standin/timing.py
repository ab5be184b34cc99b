"""The one place where the stand-ins' waits are scaled."""

from __future__ import annotations

import os


def scaled(seconds: float) -> float:
    """A wait of the real tool, times STANDIN_TIMEOUT_SCALE."""
    return seconds * float(os.environ.get("STANDIN_TIMEOUT_SCALE") or 1)
