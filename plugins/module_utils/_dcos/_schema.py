# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a package against its JSON schema (config.json), in the subset that the Universe uses. Pure.

Cosmos has the last word: what this does not know of a schema, it lets through, and Cosmos validates it before anything starts.
"""
from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.dcos.calico.plugins.module_utils._dcos._shape import ANY, NUMBER, problem

Schema = Mapping[str, Any]

TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
WORDS_FOR_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Difference(NamedTuple):
    """One option that is not as required; None where it is not set."""

    option: str
    installed: Any
    desired: Any


def name_of(path: tuple[str, ...]) -> str:
    """An option in messages, such as C(etcd.cluster-size); names with spaces are quoted."""
    return ".".join(f'"{part}"' if re.search(r"[\s.]", part) else part for part in path)


# What keywords have to be, where they are looked at
KEYWORDS: dict[str, Any] = {
    "type": (list, str), "enum": [ANY], "required": [str], "properties": dict, "additionalProperties": (bool, dict), "items": ANY, "pattern": str,
    "minimum": NUMBER, "maximum": NUMBER, "minItems": int, "maxItems": int, "minLength": int, "maxLength": int,
}


def understood(schema: Schema) -> dict[str, Any]:
    """A schema of a stranger without the keywords that are nothing like what JSON Schema says of them: Cosmos validates by these."""
    found = {name: value for name, value in schema.items() if name not in KEYWORDS or problem(value, KEYWORDS[name]) is None}
    if "properties" in found:
        found["properties"] = {name: understood(inner) for name, inner in found["properties"].items() if isinstance(inner, dict)}
    for name in ("items", "additionalProperties"):
        if isinstance(found.get(name), dict):
            found[name] = understood(found[name])
    return found


def defaults(schema: Schema | None) -> dict[str, Any]:
    """What options are without a word of the user, by the rule of Cosmos: a property's default, or those of its properties."""
    found: dict[str, Any] = {}
    for name, inner in _properties(schema or {}).items():
        if "default" in inner:
            found[name] = inner["default"]
        elif "properties" in inner:
            found[name] = defaults(inner)
    return found


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both, C(over) winning; dicts are merged, all else is replaced."""
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def coerce(value: Any, schema: Schema) -> Any:
    """Text where the schema wants a number or a truth value, as templates give it; anything else as it is."""
    if isinstance(value, dict):
        properties = _properties(schema)
        return {name: coerce(inner, properties.get(name, {})) for name, inner in value.items()}
    kinds = _types(schema)
    if not isinstance(value, str) or not kinds or "string" in kinds:
        return value
    text = value.strip()
    if "boolean" in kinds and text.lower() in WORDS_FOR_BOOLEANS:
        return WORDS_FOR_BOOLEANS[text.lower()]
    if "integer" in kinds and re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    if "number" in kinds and re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return float(text)
    return value


def problems(value: Any, schema: Schema, path: tuple[str, ...] = ()) -> list[str]:
    """Everything the schema does not allow, a sentence each.

    An option that the schema does not name is one too, although Cosmos takes it: it would have no effect, and mostly is a slip of the pen.
    """
    name = name_of(path) or "options"
    kinds = _types(schema)
    if kinds and not any(_is(value, kind) for kind in kinds):
        return [f"{name} is {_shown(value)}, not of type {' or '.join(kinds)}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{name} is {_shown(value)}, not one of {', '.join(map(_shown, schema['enum']))}")
    if isinstance(value, dict):
        found += _problems_of_object(value, schema, path)
    elif isinstance(value, list):
        found += _problems_of_array(value, schema, path)
    elif isinstance(value, str):
        found += _problems_of_text(value, schema, name)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found += _problems_of_number(value, schema, name)
    return found


def differences(installed: Mapping[str, Any], desired: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[Difference]:
    """The options that differ, in alphabetical order."""
    found = []
    for name in sorted({*installed, *desired}):
        here = (*path, name)
        old, new = installed.get(name), desired.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += differences(old, new, here)
        elif old != new or isinstance(old, bool) != isinstance(new, bool):
            found.append(Difference(name_of(here), old, new))
    return found


def leaves(options: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path, value) of each option that is no group."""
    for name, value in options.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _properties(schema: Schema) -> dict[str, Schema]:
    found = schema.get("properties")
    return {name: inner for name, inner in found.items() if isinstance(inner, dict)} if isinstance(found, dict) else {}


def _types(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if isinstance(kind, str) and kind in TYPES]


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, float) and value.is_integer())


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)


def _problems_of_object(value: dict[str, Any], schema: Schema, path: tuple[str, ...]) -> list[str]:
    properties = _properties(schema)
    found = [f"{name_of((*path, name))} is missing" for name in schema.get("required") or [] if name not in value]
    others = schema.get("additionalProperties", not properties)
    for name, inner in value.items():
        if name in properties:
            found += problems(inner, properties[name], (*path, name))
        elif isinstance(others, dict):
            found += problems(inner, others, (*path, name))
        elif not others:
            near = difflib.get_close_matches(name, properties, n=1)
            hint = f"; did you mean {name_of((*path, near[0]))}?" if near else f"; there are {', '.join(map(_shown, sorted(properties)))}" if properties else ""
            found.append(f"{name_of((*path, name))} is no option of the package{hint}")
    return found


def _problems_of_array(value: list[Any], schema: Schema, path: tuple[str, ...]) -> list[str]:
    name = name_of(path)
    found = []
    if len(value) < schema.get("minItems", 0):
        found.append(f"{name} has {len(value)} items, fewer than {schema['minItems']}")
    if len(value) > schema.get("maxItems", len(value)):
        found.append(f"{name} has {len(value)} items, more than {schema['maxItems']}")
    if isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            found += problems(item, schema["items"], (*path, str(index)))
    return found


def _problems_of_text(value: str, schema: Schema, name: str) -> list[str]:
    found = []
    if len(value) < schema.get("minLength", 0):
        found.append(f"{name} is shorter than {schema['minLength']} characters")
    if len(value) > schema.get("maxLength", len(value)):
        found.append(f"{name} is longer than {schema['maxLength']} characters")
    try:
        fits = re.search(schema.get("pattern", ""), value) is not None
    except re.error:  # a dialect that Python does not speak: left to Cosmos
        fits = True
    if not fits:
        found.append(f"{name} is {_shown(value)}, which does not match {schema['pattern']}")
    return found


def _problems_of_number(value: float, schema: Schema, name: str) -> list[str]:
    found = []
    # draft 4 has exclusiveMinimum as a flag beside minimum
    if "minimum" in schema and (value < schema["minimum"] or (schema.get("exclusiveMinimum") is True and value == schema["minimum"])):
        found.append(f"{name} is {_shown(value)}, less than {_shown(schema['minimum'])}")
    if "maximum" in schema and (value > schema["maximum"] or (schema.get("exclusiveMaximum") is True and value == schema["maximum"])):
        found.append(f"{name} is {_shown(value)}, more than {_shown(schema['maximum'])}")
    return found
