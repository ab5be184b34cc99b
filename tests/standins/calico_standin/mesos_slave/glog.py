"""Log lines as Mesos writes them."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime


def info(text: str) -> None:
    """Something happened."""
    _write("I", text)


def warning(text: str) -> None:
    """Something is odd."""
    _write("W", text)


def error(text: str) -> None:
    """Something failed."""
    _write("E", text)


def _write(severity: str, text: str) -> None:
    now = datetime.now(UTC)
    print(f"{severity}{now:%m%d %H:%M:%S.%f} {os.getpid()} cni.cpp] {text}", file=sys.stderr, flush=True)
