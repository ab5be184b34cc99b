"""What was measured, made into a table, a plot and a verdict. Pure: nothing here runs or asks anything."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

COLLECTION, BUILTIN, EMPTY = "collection", "built-in modules", "ping"
FIRST, UNCHANGED, DOUBLES = "first install", "unchanged", "unchanged, doubles"
BEGIN, END = "<!-- make bench writes what follows -->", "<!-- to here -->"
COLOURS = {COLLECTION: "#1b6ca8", BUILTIN: "#c0392b", EMPTY: "#7f8c8d"}


@dataclass(frozen=True)
class Run:
    """One measured run of a playbook: seconds of CPU and wall, MiB of memory, results and remote executions of an ordinary agent where they are known."""

    core: str
    way: str
    what: str
    hosts: int
    cpu: float
    wall: float
    memory: float
    results: int = 0


@dataclass(frozen=True)
class Cell:
    """The middle of all runs of one kind; of those over doubles, which run side by side, the mean. And how many there were."""

    cpu: float
    wall: float
    memory: float
    runs: int
    results: int


Key = tuple[str, str, str, int]


def cells(runs: Iterable[Run]) -> dict[Key, Cell]:
    """Runs by core, way, what and number of hosts, in the order in which they came."""
    grouped: dict[Key, list[Run]] = {}
    for run in runs:
        grouped.setdefault((run.core, run.way, run.what, run.hosts), []).append(run)
    return {key: _cell(group, fmean if key[2] == DOUBLES else median) for key, group in grouped.items()}


def _cell(group: Sequence[Run], middle: Callable[[list[float]], float]) -> Cell:
    cpu, wall, memory = ([getattr(run, figure) for run in group] for figure in ("cpu", "wall", "memory"))
    return Cell(middle(cpu), middle(wall), middle(memory), len(group), group[-1].results)


@dataclass(frozen=True)
class Verdict:
    """One goal on one core: what was required and what was found, in a sentence."""

    met: bool
    text: str


def load_goals(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def validate(goals: Mapping[str, Any], found: Mapping[Key, Cell]) -> list[Verdict]:
    """Each goal for which there are figures, on each core."""
    verdicts = []
    for core in dict.fromkeys(key[0] for key in found):
        verdicts += [verdict for goal in goals["ratio"] if (verdict := _ratio(goal, core, found))]
        verdicts += _slope(goals["slope"], core, found)
        verdicts += _memory(goals["memory"], core, found)
    return verdicts


def _ratio(goal: Mapping[str, Any], core: str, found: Mapping[Key, Cell]) -> Verdict | None:
    ours = found.get((core, COLLECTION, goal["what"], goal["hosts"]))
    theirs = found.get((core, BUILTIN, goal["what"], goal["hosts"]))
    if ours is None or theirs is None:
        return None
    a, b = getattr(ours, goal["figure"]), getattr(theirs, goal["figure"])
    name = {"cpu": "CPU", "wall": "wall time"}[goal["figure"]]
    text = f"core {core}, {goal['what']} on {goal['hosts']} hosts: {a:.1f} s of {name}, {a / b:.2f} of the {b:.1f} s of built-in modules"
    return _verdict(a / b <= goal["most"], text, f"at most {goal['most']:.2f}")


def more(found: Mapping[Key, Cell], core: str, way: str, few: int, many: int) -> float | None:
    """Seconds of CPU for one more host, between these numbers of doubles."""
    a, b = found.get((core, way, DOUBLES, few)), found.get((core, way, DOUBLES, many))
    return None if a is None or b is None else (b.cpu - a.cpu) / (many - few)


def _slope(goal: Mapping[str, Any], core: str, found: Mapping[Key, Cell]) -> list[Verdict]:
    few, middle, many = goal["hosts"]
    first, second = more(found, core, COLLECTION, few, middle), more(found, core, COLLECTION, middle, many)
    if not first or not second:
        return []
    text = f"core {core}, one more host: {first:.3f} s of CPU from {few} to {middle}, {second:.3f} s from {middle} to {many}, {second / first - 1:+.0%}"
    ping = more(found, core, EMPTY, few, middle), more(found, core, EMPTY, middle, many)
    if ping[0] and ping[1]:
        text += f"; in a play that only pings {ping[1] / ping[0] - 1:+.0%}"
    return [_verdict(abs(second / first - 1) <= goal["most"], text, f"at most {goal['most']:.0%} either way")]


def _memory(goal: Mapping[str, Any], core: str, found: Mapping[Key, Cell]) -> list[Verdict]:
    ours, empty = (found.get((core, way, DOUBLES, goal["hosts"])) for way in (COLLECTION, EMPTY))
    if ours is None or empty is None:
        return []
    ratio = ours.memory / empty.memory
    text = f"core {core}, memory at {goal['hosts']} hosts: {ours.memory:.0f} MiB, {ratio:.1f} times the {empty.memory:.0f} MiB of a play that only pings"
    return [_verdict(ratio <= goal["most"], text, f"at most {goal['most']:.1f}")]


def _verdict(met: bool, found: str, desired: str) -> Verdict:
    return Verdict(met, f"{'met' if met else 'missed'}: {found} ({desired})")


def table(found: Mapping[Key, Cell]) -> str:
    """Markdown, a row for each core, what and number of hosts: the collection, built-in modules, and one divided by the other."""
    rows = [
        "| core | run | hosts | CPU s | built-in | ratio | wall s | built-in | ratio | MiB | built-in | ping |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for core, what, hosts in dict.fromkeys((core, what, hosts) for core, _way, what, hosts in found):
        ours, theirs, empty = (found.get((core, way, what, hosts)) for way in (COLLECTION, BUILTIN, EMPTY))
        values = [core, what, str(hosts)]
        for figure in ("cpu", "wall"):
            if figure == "wall" and what == DOUBLES:
                values += ["", "", ""]  # of runs that keep each other waiting
                continue
            values += [
                _number(ours, figure),
                _number(theirs, figure),
                f"{getattr(ours, figure) / getattr(theirs, figure):.2f}" if ours and theirs else "",
            ]
        values += [_number(cell, "memory", 0) for cell in (ours, theirs, empty)]
        rows.append("| " + " | ".join(values) + " |")
    return "\n".join(rows) + "\n"


def _number(cell: Cell | None, figure: str, digits: int = 1) -> str:
    return f"{getattr(cell, figure):.{digits}f}" if cell else ""


def section(found: Mapping[Key, Cell], verdicts: Sequence[Verdict], about: str, plot_name: str) -> str:
    """What stands between the marks of docs/performance.md."""
    goals = "\n".join(f"- {verdict.text}" for verdict in verdicts) or "- none could be validated by what was measured"
    return f"{about}\n\n{table(found)}\n![CPU by number of hosts]({plot_name})\n\nGoals:\n\n{goals}\n"


def placed(page: str, text: str) -> str:
    """The page with this text between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{begin}\n\n{text}\n{end}{after}"


def plot(found: Mapping[Key, Cell], core: str) -> str:
    """CPU by number of hosts, both scales logarithmic, as SVG: lines with filled points are lab hosts, dashed ones doubles."""
    lines: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for (of_core, way, what, hosts), cell in found.items():
        if of_core == core and what != FIRST:
            lines.setdefault((way, what), []).append((hosts, cell.cpu))
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    left, right, top, bottom = 60, 620, 20, 340
    x_low, x_high = _span(x for x, _y in points)
    y_low, y_high = _span(y for _x, y in points)

    def x_of(value: float) -> float:
        return left + (right - left) * (math.log10(value) - x_low) / (x_high - x_low)

    def y_of(value: float) -> float:
        return bottom - (bottom - top) * (math.log10(value) - y_low) / (y_high - y_low)

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 390" font-family="sans-serif" font-size="12">',
        '<rect width="860" height="390" fill="white"/>',
    ]
    for power in range(int(y_low), int(y_high) + 1):
        y = y_of(10**power)
        parts.append(
            f'<path d="M{left} {y:.1f}H{right}" stroke="#ddd"/><text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{10**power:g}</text>'
        )
    for hosts in sorted({x for x, _y in points}):
        x = x_of(hosts)
        parts.append(
            f'<path d="M{x:.1f} {top}V{bottom}" stroke="#eee"/><text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{hosts}</text>'
        )
    parts.append(f'<text x="{(left + right) // 2}" y="380" text-anchor="middle">hosts</text>')
    parts.append(f'<text x="{left}" y="14">seconds of CPU, an unchanged run, core {core}</text>')
    for number, ((way, what), line) in enumerate(lines.items()):
        colour, dash = COLOURS[way], ' stroke-dasharray="6 4"' if what == DOUBLES else ""
        path = "L".join(f"{x_of(x):.1f} {y_of(y):.1f}" for x, y in sorted(line))
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        parts += [f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3.5" fill="{colour}"/>' for x, y in line]
        y = 40 + 22 * number
        parts.append(f'<path d="M640 {y}H670" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(f'<text x="678" y="{y + 4}">{way}{", doubles" if what == DOUBLES else ""}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _span(values: Iterable[float]) -> tuple[float, float]:
    """The whole powers of ten around these values; one decade at least."""
    logs = [math.log10(value) for value in values]
    low = math.floor(min(logs))
    return low, max(math.ceil(max(logs)), low + 1)
