"""The stand-in's processes count seconds that no other host's do; see calico_standin/node/clock.py."""

from __future__ import annotations

import subprocess
import sys

from harness.config import STANDINS

CHILD = """
import os, sys, time
from calico_standin.node.clock import shift_seconds_of_children
assert shift_seconds_of_children(), "this kernel has no time namespaces, or we may not make one"
before = time.monotonic()
if os.fork() == 0:
    print(time.monotonic() - before)
    sys.stdout.flush()
    os._exit(0)
os.wait()
print(time.monotonic() - before)
"""


def shifted() -> tuple[float, float]:
    """By how much the clocks of a child and of its parent have moved, in seconds."""
    output = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=STANDINS, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    child, own = map(float, output.split())
    return child, own


def test_children_have_seconds_of_their_own() -> None:
    found = [shifted() for _ in range(8)]
    assert all(-0.5 < child - own < 1 for child, own in found)
    assert len({round(child - own, 2) for child, own in found}) > 4, "each has another second"
