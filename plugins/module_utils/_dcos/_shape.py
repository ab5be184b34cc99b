# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a document of others has to look like before anybody takes something out of it. Pure.

A shape is a type, or a tuple of them; C([shape]) for a list; C({"name": shape, "other?": shape}) for an object, of which what ends in a question mark may be
missing or, if it is no number, null, and whose further fields do not matter; C({str: shape}) for an object with any names; or ANY.
"""
from __future__ import annotations

from typing import Any

ANY = object
NUMBER = (int, float)
NUMBERS = (int, NUMBER)
WORDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}


def problem(value: Any, shape: Any, where: str = "it") -> str | None:
    """What is not as it has to be, in a sentence; None if nothing is."""
    if isinstance(shape, list):
        return _of_kind(value, list, where) or _first(problem(item, shape[0], f"{where}[{index}]") for index, item in enumerate(value))
    if isinstance(shape, dict):
        return _of_kind(value, dict, where) or _problem_of_object(value, shape, where)
    return None if shape is ANY else _of_kind(value, shape, where)


def _problem_of_object(value: dict[str, Any], shape: dict[Any, Any], where: str) -> str | None:
    if str in shape:
        return _first(problem(item, shape[str], f"{where}.{name}") for name, item in value.items())
    for named, inner in shape.items():
        name, optional = named.rstrip("?"), named.endswith("?")
        if optional and (name not in value or (value[name] is None and inner not in NUMBERS)):
            continue
        if value.get(name) is None:
            return f"{where} has no {name}"
        found = problem(value[name], inner, f"{where}.{name}")
        if found:
            return found
    return None


def _of_kind(value: Any, kinds: Any, where: str) -> str | None:
    desired = kinds if isinstance(kinds, tuple) else (kinds,)
    # for Python a truth value is a number
    if isinstance(value, desired) and (bool in desired or not isinstance(value, bool)):
        return None
    return f"{where} is {WORDS.get(type(value), 'something else')}, not {WORDS[desired[-1]]}"


def _first(found: Any) -> str | None:
    return next((one for one in found if one), None)
