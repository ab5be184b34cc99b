"""The table of stages, read from stages.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from layout import ROOT

TABLE = Path(__file__).with_name("stages.toml")
Command = tuple[str, ...]
# Each stage is in one of these sets.
CI, LONG = "ci", "long"


class BadTable(Exception):
    """stages.toml says something that cannot be run."""


@dataclass(frozen=True)
class Stage:
    """One row; stages.toml says what each field means."""

    name: str
    about: str
    run: tuple[Command, ...]
    minutes: float
    sets: tuple[str, ...] = ()
    venvs: tuple[str, ...] = ()
    tree: bool = False
    alone: bool = False
    always: tuple[Command, ...] = ()


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _for_each(row: dict[str, Any], root: Path) -> Iterable[Stage]:
    """One stage for each file that the row's glob finds."""
    pattern, ci = row.pop("each"), row.pop("ci", [])
    template = _stage(row)
    names = sorted(path.parent.name for path in root.glob(pattern))
    unknown = sorted(set(ci) - set(names))
    if unknown:
        raise BadTable(f"stage {template.name}: {pattern} finds no {', '.join(unknown)}")
    for name in names:

        def filled(commands: tuple[Command, ...], name: str = name) -> tuple[Command, ...]:
            return tuple(tuple(word.replace("{name}", name) for word in command) for command in commands)

        yield replace(
            template,
            name=template.name.replace("{name}", name),
            about=template.about.replace("{name}", name),
            run=filled(template.run),
            always=filled(template.always),
            sets=(*template.sets, *((CI,) if name in ci else ())),
        )


def _stage(row: dict[str, Any]) -> Stage:
    unknown = sorted(set(row) - {field.name for field in fields(Stage)})
    if unknown:
        raise BadTable(f"stage {row.get('name')}: unknown {', '.join(unknown)}")
    try:
        return Stage(**{key: _frozen(value) for key, value in row.items()})
    except TypeError as error:
        raise BadTable(f"stage {row.get('name')}: {error}") from error


def load(table: Path = TABLE, root: Path = ROOT) -> list[Stage]:
    """All stages, in order; raises BadTable."""
    stages: list[Stage] = []
    for row in tomllib.loads(table.read_text(encoding="utf-8"))["stage"]:
        stages += _for_each(row, root) if "each" in row else [_stage(row)]
    names = [stage.name for stage in stages]
    if len(set(names)) != len(names):
        raise BadTable("two stages have one name")
    return [stage if CI in stage.sets else replace(stage, sets=(*stage.sets, LONG)) for stage in stages]


def in_turn(stages: Iterable[Stage]) -> list[Stage]:
    """In the order in which two at a time are done soonest: the longest first, by their deadlines, and those that run alone at the end."""
    return sorted(stages, key=lambda stage: (stage.alone, -stage.minutes))


def choose(stages: Sequence[Stage], sets: Sequence[str], names: Sequence[str]) -> list[Stage]:
    """The stages of these sets and names, all of them if neither is given; raises BadTable."""
    known_sets = {name for stage in stages for name in stage.sets}
    known = [stage.name for stage in stages]
    unknown = [name for name in (*sets, *names) if name not in known_sets and name not in known]
    if unknown:
        raise BadTable(f"no stage or set {', '.join(unknown)}; there are {', '.join(known)}")
    if not sets and not names:
        return list(stages)
    return [stage for stage in stages if stage.name in names or set(sets) & set(stage.sets)]
