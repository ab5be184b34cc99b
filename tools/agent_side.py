"""Hold agent-side files to the Pythons of agents, 2.7 and 3.5: python3 tools/agent_side.py (vermin must be on PATH)."""

from __future__ import annotations

import subprocess
import sys

import sides
from layout import ROOT

TARGETS = ("-t=2.7-", "-t=3.5-")
# Names of one Python only that are imported in a try or used behind hasattr (ConnectionError is core's own): that this works is what imports
# and units on 2.7 and 3.6 show.
GUARDED = (
    "ConnectionError",
    "http.client",
    "httplib",
    "httplib.HTTPException",
    "time.CLOCK_MONOTONIC",
    "time.clock_gettime",
    "urllib.error",
    "urllib2",
    "urllib2.HTTPError",
)
SECONDS = 120


def main() -> int:
    """Run vermin over all agent-side files; its exit code."""
    excluded = [word for name in GUARDED for word in ("--exclude", name)]
    argv = ["vermin", "--quiet", *TARGETS, "--violations", "--no-tips", *excluded, *sides.agent_side_files()]
    return subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
