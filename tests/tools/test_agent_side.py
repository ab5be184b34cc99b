"""What of vermin's findings counts against an agent-side file."""

from __future__ import annotations

import agent_side
import pytest


@pytest.mark.parametrize(
    ("finding", "bad"),
    [
        ("x.py:1:5:2.6:3.0:'json' module", False),
        ("x.py:2:5:!2:3.6:f-strings require 3.6+", True),
        ("x.py:3::!2:3.3:'time.clock_gettime' member", False),
        ("x.py:4:1:!2:3.3:'shutil.which' member", True),
        ("x.py:5:1:2.0:!3:'httplib.HTTPConnection(timeout)'", False),
        ("x.py:6:1:2.7:3.6:'secrets' module", True),
        ("x.py:7:1:~2:~3:no requirement", False),
        ("x.py:::!2:!3:", False),
    ],
)
def test_findings(finding: str, bad: bool) -> None:
    assert bool(list(agent_side.problems([finding]))) is bad
