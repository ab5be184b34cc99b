"""How much the unit tests of pure code see: python tools/mutation.py [--seed N] [--each N] [SET...]

Puts small faults (mutants of cosmic-ray) into the files of tools/mutation.toml, one at a time, each in a copy of the checkout, and runs the
tests that belong to the file. A mutant that no test finds has survived; each is shown with its diff. Fails where the share of those that were
found is below the floor of the set.
Run with the Python of the environment `mutation`.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tree
from layout import BUILD, ROOT

TABLE = Path(__file__).with_name("mutation.toml")
MUTANTS = Path(__file__).with_name("mutants.py")
SCALE = "CALICO_TIMEOUT_SCALE"
JOBS = 2


@dataclass(frozen=True)
class Set:
    """Files with a floor: per cent of their mutants that tests are to find. files: each with its tests."""

    name: str
    floor: int
    files: dict[str, list[str]]


@dataclass
class Outcome:
    """What came of a file's mutants: dicts of mutants.py. trouble: why they could not be tried."""

    file: str
    mutants: list[dict[str, Any]] = field(default_factory=list)
    trouble: str = ""

    @property
    def killed(self) -> int:
        """How many of them a test found."""
        return sum(mutant["killed"] for mutant in self.mutants)


def own_test(file: str) -> str:
    """The test file that mirrors a file."""
    path = Path(file)
    return str(Path("tests/unit", path.parent, f"test_{path.stem.lstrip('_')}.py"))


def read_sets(table: dict[str, Any], checkout: Path) -> list[Set]:
    """The sets of a table; raises ValueError where one names what is not there."""
    sets = []
    for row in table["set"]:
        files = {file: [own_test(file), *row.get("more", {}).get(file, [])] for file in row["files"]}
        files.update({file: tests for file, tests in row.get("tests", {}).items()})
        missing = [name for file, tests in files.items() for name in (file, *tests) if not (checkout / name).is_file()]
        if missing:
            raise ValueError(f"set {row['name']}: there is no {', '.join(missing)}")
        sets.append(Set(row["name"], row["floor"], files))
    return sets


def score(outcomes: Iterable[Outcome]) -> int:
    """Per cent, rounded down; 100 where there is no mutant."""
    tried = list(outcomes)
    total = sum(len(outcome.mutants) for outcome in tried)
    return 100 * sum(outcome.killed for outcome in tried) // total if total else 100


def show(outcome: Outcome) -> None:
    """Print a file's survivors, each with what was changed."""
    for mutant in outcome.mutants:
        if not mutant["killed"]:
            print(f"\nsurvived: {outcome.file}:{mutant['line']} {mutant['operator']}")
            print("\n".join(mutant["diff"]))
    if outcome.trouble:
        print(f"\nnot tried: {outcome.file}: {outcome.trouble}")


def report(sets: Sequence[Set], outcomes: dict[str, Outcome]) -> bool:
    """Print a table; whether every set is at its floor or above."""
    good = True
    print(f"\n{'file':<58} killed  all  per cent")
    for one in sets:
        tried = [outcomes[file] for file in one.files]
        for outcome in tried:
            print(
                f"  {outcome.file:<56} {outcome.killed:6} {len(outcome.mutants):4}  {score([outcome]):8}{'  not tried' if outcome.trouble else ''}"
            )
        reached = score(tried)
        ok = reached >= one.floor and not any(outcome.trouble for outcome in tried)
        good = good and ok
        note = "" if ok else "  FAILED" if reached >= one.floor else "  BELOW"
        print(
            f"{one.name:<58} {sum(t.killed for t in tried):6} {sum(len(t.mutants) for t in tried):4}  {reached:8}  floor {one.floor}{note}"
        )
    everything = list(outcomes.values())
    print(
        f"{'all':<58} {sum(t.killed for t in everything):6} {sum(len(t.mutants) for t in everything):4}  {score(everything):8}"
    )
    return good


def try_file(
    copies: queue.Queue[Path], file: str, tests: Sequence[str], options: Sequence[str], deadline: float
) -> Outcome:
    """Try a file's mutants in one of the copies."""
    copy = copies.get()
    try:
        left = deadline - time.monotonic()
        if left <= 0:
            return Outcome(file, trouble="the time is over")
        env = {**os.environ, "PYTHONPATH": str(copy.parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
        argv = [sys.executable, str(MUTANTS), file, *options, *tests]
        original = (copy / file).read_bytes()
        try:
            done = subprocess.run(
                argv, cwd=copy, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=left, check=False
            )
        except subprocess.TimeoutExpired:
            return Outcome(file, trouble="the time is over")
        finally:
            (copy / file).write_bytes(original)
        answer = json.loads(done.stdout or b'{"trouble": "mutants.py ended without a word"}')
        return Outcome(file, answer.get("mutants", []), answer.get("trouble", ""))
    finally:
        copies.put(copy)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Try mutants of pure code against its unit tests.")
    parser.add_argument("--seed", type=int, help="another sample than that of the floors")
    parser.add_argument("--each", type=int, help="mutants of each file")
    parser.add_argument("--jobs", type=int, default=JOBS, help="files at a time (%(default)s)")
    parser.add_argument("--table", type=Path, default=TABLE, help="(%(default)s)")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="(%(default)s)")
    parser.add_argument("--copies", type=Path, default=BUILD, help="directory of the copies (%(default)s)")
    parser.add_argument("names", nargs="*", metavar="SET", help="sets, or files of theirs; all if none is named")
    return parser.parse_args()


def main() -> int:
    """The command line."""
    arguments = _arguments()
    table = tomllib.loads(arguments.table.read_text(encoding="utf-8"))
    try:
        sets = read_sets(table, arguments.checkout)
    except ValueError as wrong:
        print(f"{arguments.table.name}: {wrong}", file=sys.stderr)
        return 2
    if arguments.names:
        sets = [
            Set(one.name, one.floor, {f: t for f, t in one.files.items() if {one.name, f} & set(arguments.names)})
            for one in sets
        ]
        sets = [one for one in sets if one.files]
    seed, each = arguments.seed or table["seed"], arguments.each or table["each"]
    factor = os.environ.get(SCALE, "1")
    deadline = time.monotonic() + table["minutes"] * 60 * float(factor)
    print(f"seed {seed}, at most {each} mutants of each file, {table['minutes']} minutes times {factor}", flush=True)
    copies: queue.Queue[Path] = queue.Queue()
    for number in range(arguments.jobs):
        copies.put(tree.copy(arguments.copies / f"tree-mutation-{number}", arguments.checkout))
    outcomes: dict[str, Outcome] = {}
    with ThreadPoolExecutor(arguments.jobs) as pool:
        waiting = [
            pool.submit(try_file, copies, file, tests, [str(seed), str(each), factor], deadline)
            for one in sets
            for file, tests in one.files.items()
        ]
        for number, future in enumerate(as_completed(waiting), 1):
            outcome = future.result()
            outcomes[outcome.file] = outcome
            print(f"{number:3} of {len(waiting)}  {outcome.killed} of {len(outcome.mutants)}  {outcome.file}")
            show(outcome)
            sys.stdout.flush()
    return 0 if report(sets, outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
