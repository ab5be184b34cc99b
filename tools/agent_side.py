"""Hold agent-side files to the Pythons of agents, 2.7 and 3.5: python3 tools/agent_side.py (vermin must be on PATH).

There is no Python 3.5 to run them on, and what 2.7 lacks a run shows only where a test gets to it. vermin reads all of it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence

import sides
from layout import ROOT

NEWEST_2, NEWEST_3 = (2, 7), (3, 5)
# What 2.7 lacks and files import in a try or use behind hasattr; ConnectionError is ansible.module_utils.urls' own.
GUARDED = re.compile(
    r"'(?:ConnectionError|http\.client|time\.(?:CLOCK_MONOTONIC|clock_gettime)|urllib\.(?:error|parse|request))\b"
)
# vermin --format parsable: file:line:column:Python 2:Python 3:feature; a file's sum has no line.
FINDING = re.compile(r"(?P<file>[^:]+):(?P<line>\d+):\d*:(?P<two>!2|~2|[\d.]+):(?P<three>!3|~3|[\d.]+):(?P<feature>.+)")
SECONDS = 120


def _too_new(needed: str, newest: tuple[int, int]) -> bool:
    """Whether a version that vermin names, such as 3.6, is newer; any version at all is written ~3."""
    return not needed.startswith("~") and tuple(int(part) for part in needed.split(".")[:2]) > newest


def problems(lines: Sequence[str]) -> Iterator[str]:
    """Findings that agents' Pythons do not have. A name of Python 2 alone is behind an import that runs on 3.x try."""
    for line in lines:
        found = FINDING.fullmatch(line)
        if not found or found["three"] == "!3":
            continue
        lacks_2 = found["two"] == "!2" or _too_new(found["two"], NEWEST_2)
        if _too_new(found["three"], NEWEST_3) or (lacks_2 and not GUARDED.match(found["feature"])):
            yield f"{found['file']}:{found['line']}: {found['feature']} needs Python {found['two']}, {found['three']}"


def main() -> int:
    """Run vermin over all agent-side files; 1 if they use what agents lack."""
    argv = ["vermin", "--format", "parsable", "--no-parse-comments", *sides.agent_side_files()]
    done = subprocess.run(
        argv, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if not done.stdout:
        print(f"vermin said nothing: {done.stderr}", file=sys.stderr)
        return 1
    found = list(problems(done.stdout.splitlines()))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
