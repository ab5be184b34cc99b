"""Try mutants of one file, one after the other: mutants.py FILE SEED NUMBER TIMEOUT_FACTOR TEST...

Runs in a copy of the checkout, which it changes, with the Python that has cosmic-ray; tools/mutation.py calls it. Prints one JSON object:
`mutants`, a list of {line, operator, killed, diff (lines)}, or `trouble`, what the tests say of the file as it is.

A mutant is chosen by a hash of the seed, of the line that it changes and of what it does to it, so that a change elsewhere in the file leaves
the others in the sample. No place is changed in more than one way.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import hashlib
import importlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

BASELINE_SECONDS = 300
PAUSE_SECONDS = 0.02
Span = tuple[tuple[int, int], tuple[int, int]]
# Changes nothing, by design.
NO_MUTANT = "core/NoOp"


def types_in(source: str) -> list[Span]:
    """Where the types are: nothing looks at them when the code runs."""
    found: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append(node.returns)
        if isinstance(node, (ast.arg, ast.AnnAssign)):
            found.append(node.annotation)
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0))
        for node in found
        if node
    ]


def sample(mutations: Iterable[Any], source: str, seed: int, number: int) -> list[Any]:
    """As many of cosmic-ray's MutationSpecs, each of another place, in the order of the file."""
    lines = source.splitlines()
    types = types_in(source)

    def rank(spec: Any) -> str:
        told = (seed, spec.definition_name, lines[spec.start_pos[0] - 1].strip(), spec.operator_name)
        return hashlib.sha256(repr(told).encode()).hexdigest()

    places: dict[tuple[int, int], Any] = {}
    for spec in mutations:
        place = tuple(spec.start_pos)
        if spec.operator_name == NO_MUTANT or any(start <= place < end for start, end in types):
            continue
        if place not in places or rank(spec) < rank(places[place]):
            places[place] = spec
    return sorted(sorted(places.values(), key=rank)[:number], key=lambda spec: tuple(spec.start_pos))


def preload() -> None:
    """Import what takes most of a test run's time, and nothing of the collection: each mutant's process begins with it."""
    for name in (
        "pytest",
        "yaml",
        "cryptography.x509",
        "requests",
        "ansible.module_utils.basic",
        "ansible.plugins.action",
        "ansible.parsing.dataloader",
    ):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def run_tests(arguments: list[str], seconds: float) -> tuple[bool, str]:
    """Whether pytest passes in a process of its own, and what it said. Too late is a failure: a mutant may well never end."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            os.setsid()
            for number in (1, 2):
                os.dup2(said.fileno(), number)
            os._exit(int(pytest_main(arguments)))
        deadline = time.monotonic() + seconds
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.killpg(child, signal.SIGKILL)
                ended = os.waitpid(child, 0)
                break
            time.sleep(PAUSE_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        said.seek(0)
        return ended[1] == 0, said.read().decode("utf-8", "replace")


def pytest_main(arguments: list[str]) -> int:
    """What `python -m pytest` does, in this process."""
    import pytest  # type: ignore[import-not-found]

    sys.dont_write_bytecode = True
    return pytest.main(["-x", "-q", "-p", "no:cacheprovider", *arguments])


def try_all(file: str, seed: int, number: int, factor: float, tests: list[str]) -> Iterator[dict[str, Any]]:
    """Each mutant's end; raises ValueError where the tests do not pass without one."""
    from cosmic_ray.commands import init  # type: ignore[import-not-found]
    from cosmic_ray.mutating import use_mutation  # type: ignore[import-not-found]
    from cosmic_ray.plugins import get_operator  # type: ignore[import-not-found]
    from cosmic_ray.work_db import use_db  # type: ignore[import-not-found]

    preload()
    started = time.monotonic()
    passed, output = run_tests(tests, BASELINE_SECONDS * factor)
    if not passed:
        raise ValueError(output)
    patience = (10 + 5 * (time.monotonic() - started)) * factor
    with tempfile.TemporaryDirectory() as directory, use_db(f"{directory}/session") as database:
        init([Path(file)], database, {})
        specs = sample(
            (item.mutations[0] for item in database.work_items), Path(file).read_text(encoding="utf-8"), seed, number
        )
    for spec in specs:
        try:
            with use_mutation(Path(file), get_operator(spec.operator_name)(**spec.operator_args), spec.occurrence) as (
                before,
                after,
            ):
                passed, _output = run_tests(tests, patience)
        except AttributeError:  # cosmic-ray cannot replace an exception that is named with its module
            continue
        diff = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
        yield {"line": spec.start_pos[0], "operator": spec.operator_name, "killed": not passed, "diff": list(diff)[3:]}


def main() -> int:
    """The command line."""
    file, seed, number, factor, *tests = sys.argv[1:]
    try:
        print(json.dumps({"mutants": list(try_all(file, int(seed), int(number), float(factor), tests))}))
    except ValueError as trouble:
        print(json.dumps({"trouble": str(trouble)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
