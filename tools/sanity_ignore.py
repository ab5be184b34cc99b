"""Write tests/sanity/ignore-2.16.txt from the list of controller-side files: python3 tools/sanity_ignore.py [--check]

ansible-core 2.16 still wants every module to compile and import on Python 2.7 and 3.6; those of the controller are written for 3.9 and newer.
Nothing else is ignored, and newer cores need no file: they ask for 3.9 at most.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import sides
from layout import ROOT

IGNORE = ROOT / "tests" / "sanity" / "ignore-2.16.txt"
OLD_PYTHONS = ("2.7", "3.6", "3.7", "3.8")
REASON = "runs on the controller only, Python 3.9 and newer"
BOILERPLATE = ("future-import-boilerplate", "metaclass-boilerplate")
BOILERPLATE_REASON = "asked for the sake of Python 2.7, where this file never runs"


def _tests_of(path: str, root: Path) -> list[str]:
    """The unit tests of a file that core takes for remote code as well."""
    test = sides.unit_test_of(path)
    return [test] if (root / test).is_file() else []


def lines(root: Path = ROOT) -> Iterator[str]:
    """The ignore lines, each with its reason."""
    for path in sides.controller_side_files(root):
        for python in OLD_PYTHONS:
            yield f"{path} import-{python}!skip # {REASON}"
        for checked in (path, *_tests_of(path, root)):
            for python in OLD_PYTHONS:
                yield f"{checked} compile-{python}!skip # {REASON}"
            for test in BOILERPLATE:
                yield f"{checked} {test}!skip # {BOILERPLATE_REASON}"


def text(root: Path = ROOT) -> str:
    """The file's whole content."""
    return "".join(f"{line}\n" for line in sorted(lines(root)))


def main() -> int:
    """Write the file, or with --check only say whether it is up to date."""
    wanted = text()
    actual = IGNORE.read_text(encoding="utf-8") if IGNORE.is_file() else None
    if "--check" in sys.argv[1:]:
        if actual != wanted:
            print(f"{IGNORE.relative_to(ROOT)} is not what tools/controller_side.txt says: run python3 tools/sanity_ignore.py", file=sys.stderr)
            return 1
        return 0
    IGNORE.parent.mkdir(parents=True, exist_ok=True)
    IGNORE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
