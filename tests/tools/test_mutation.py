"""Mutants of a small checkout: what tests find, what they do not, and that the floor holds."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import mutants
import mutation
import pytest
import venvs

CODE = '''"""Sums."""


def total(numbers: list[int] | None) -> int:
    """Their sum; 0 without any."""
    found = 0
    for number in numbers or []:
        found = found + number
    return found
'''
IMPORT = "from ansible_collections.dcos.calico.plugins.module_utils._sums import total\n\n\n"
TEST = IMPORT + "def test_total():\n    assert total([1, 3, 5]) == 9 and total(None) == 0\n"
BLIND = IMPORT + "def test_total():\n    total([1, 2])\n"
TABLE = (
    'seed = 1\neach = 20\nminutes = 5\n[[set]]\nname = "sums"\nfloor = 90\nfiles = ["plugins/module_utils/_sums.py"]\n'
)


def _run(directory: Path, test: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    checkout = directory / "checkout"
    for name, text in {
        "plugins/module_utils/_sums.py": CODE,
        "tests/unit/plugins/module_utils/test_sums.py": test,
        "mutation.toml": TABLE,
    }.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", str(checkout)], check=True, timeout=30)
    python = venvs.path_of("mutation") / "bin" / "python"
    options = [
        "--table",
        str(checkout / "mutation.toml"),
        "--checkout",
        str(checkout),
        "--copies",
        str(directory),
        "--jobs",
        "1",
        *arguments,
    ]
    return subprocess.run(
        [str(python), mutation.__file__, *options],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(("test", "code"), [(TEST, 0), (BLIND, 1)], ids=["asserts", "asserts nothing"])
def test_tests_that_assert_nothing_are_below_the_floor(tmp_path: Path, test: str, code: int) -> None:
    done = _run(tmp_path, test)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("BELOW" in done.stdout) is bool(code) and ("+        found = found" in done.stdout) is bool(code)
    assert "seed 1" in done.stdout and "| None" not in done.stdout.replace("numbers: list[int] | None", "")
    assert _run(tmp_path, test).stdout == done.stdout


def test_tests_that_fail_without_a_mutant_find_none(tmp_path: Path) -> None:
    done = _run(tmp_path, IMPORT + "def test_total():\n    assert total([]) == 1\n")
    assert (
        done.returncode == 1
        and "not tried" in done.stdout
        and "assert 0 == 1" in done.stdout
        and "FAILED" in done.stdout
    )


def test_the_project_s_own_table_names_files_and_tests_that_are_there() -> None:
    sets = mutation.read_sets(mutation.tomllib.loads(mutation.TABLE.read_text(encoding="utf-8")), mutation.ROOT)
    assert all(0 < one.floor <= 100 and one.files for one in sets)
    with pytest.raises(ValueError, match="there is no plugins/nope.py"):
        mutation.read_sets({"set": [{"name": "x", "floor": 1, "files": ["plugins/nope.py"]}]}, mutation.ROOT)


class Spec:
    """What the sample looks at of cosmic-ray's MutationSpec."""

    def __init__(self, line: int, column: int, operator: str) -> None:
        self.start_pos, self.operator_name, self.definition_name = (line, column), operator, "total"


def test_a_sample_is_the_same_whatever_stands_above_and_leaves_types_alone() -> None:
    below = "# more\n" + CODE

    def taken(source: str, shift: int) -> list[tuple[int, str]]:
        everything = [
            Spec(line + shift, 4, operator)
            for line in range(4, 10)
            for operator in ("core/A", "core/B", mutants.NO_MUTANT)
        ]
        everything.append(Spec(4 + shift, CODE.splitlines()[3].index("list"), "core/A"))
        return [(spec.start_pos[0] - shift, spec.operator_name) for spec in mutants.sample(everything, source, 1, 3)]

    assert taken(CODE, 0) == taken(below, 1) and len({line for line, _operator in taken(CODE, 0)}) == 3
    assert mutants.sample([Spec(4, CODE.splitlines()[3].index("list"), "core/A")], CODE, 1, 3) == []
