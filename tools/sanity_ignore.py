"""Write tests/sanity/ignore-*.txt, all that ansible-test sanity is told to leave out: python3 tools/sanity_ignore.py [--check]

ansible-core 2.16 still wants every module to compile and import on Python 2.7 and 3.6; those of the controller (controller_side.txt) are written
for 3.9 and newer. Newer cores ask for 3.9 at most; what else they find wrong and is right stands in SINGLE, with its reason.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import sides
from layout import ROOT

OLDEST, NEWEST = "2.16", "2.21"
OLD_PYTHONS = ("2.7", "3.6", "3.7", "3.8")
REASON = "runs on the controller only, Python 3.9 and newer"
BOILERPLATE = ("future-import-boilerplate", "metaclass-boilerplate")
BOILERPLATE_REASON = "asked for the sake of Python 2.7, where this file never runs"
SINGLE = {
    NEWEST: (
        "plugins/module_utils/_host/_command.py pylint:ansible-bad-function # the one place that starts programs, with a deadline for their "
        "whole process group, which run_command does not have",
    ),
}


def _tests_of(path: str, root: Path) -> list[str]:
    """The unit tests of a file that core takes for remote code as well: test_NAME.py, and test_NAME_PART.py if it is too long for one."""
    test = root / sides.unit_test_of(path)
    return sorted(
        found.relative_to(root).as_posix()
        for found in (test, *test.parent.glob(f"{test.stem}_*.py"))
        if found.is_file()
    )


def _controller_side_lines(root: Path) -> Iterator[str]:
    for path in sides.controller_side_files(root):
        for python in OLD_PYTHONS:
            yield f"{path} import-{python}!skip # {REASON}"
        for checked in (path, *_tests_of(path, root)):
            for python in OLD_PYTHONS:
                yield f"{checked} compile-{python}!skip # {REASON}"
            for test in BOILERPLATE:
                yield f"{checked} {test}!skip # {BOILERPLATE_REASON}"


def text(core: str, root: Path = ROOT) -> str:
    """The whole content of one core's file."""
    lines = {*SINGLE.get(core, ()), *(_controller_side_lines(root) if core == OLDEST else ())}
    return "".join(f"{line}\n" for line in sorted(lines))


def files(root: Path = ROOT) -> dict[Path, str]:
    """Every file with what it should hold."""
    return {root / "tests" / "sanity" / f"ignore-{core}.txt": text(core, root) for core in (OLDEST, NEWEST)}


def main() -> int:
    """Write the files, or with --check only say which are out of date."""
    check = "--check" in sys.argv[1:]
    stale = [
        path for path, desired in files().items() if not path.is_file() or path.read_text(encoding="utf-8") != desired
    ]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is out of date: run python3 tools/sanity_ignore.py", file=sys.stderr)
        else:
            path.write_text(files()[path], encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
