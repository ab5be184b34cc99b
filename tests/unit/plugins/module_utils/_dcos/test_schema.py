"""Options against a package's schema: pure, by tables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _schema

SCHEMA = {
    "type": "object",
    "required": ["a"],
    "properties": {
        "a": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "default": 3, "minimum": 1, "maximum": 9},
                "share": {"type": "number", "default": 0.5, "minimum": 0, "exclusiveMinimum": True},
                "mode": {"type": "string", "enum": ["x", "y"], "default": "x"},
                "name": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 4},
                "on": {"type": "boolean", "default": True},
                "list": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
                "either": {"type": ["string", "null"]},
                "java": {"type": "string", "pattern": "(?<!x{1,2})y"},
            },
        },
        "With Space": {"type": "object", "properties": {"cni-dir": {"type": "string", "default": "/x/"}}},
        "free": {"type": "object", "additionalProperties": {"type": "string"}},
        "any": {"type": "object"},
        "empty": {"type": "object", "properties": {}},
    },
}


def test_defaults_are_those_of_cosmos() -> None:
    a = {"size": 3, "share": 0.5, "mode": "x", "on": True}
    assert _schema.defaults(SCHEMA) == {"a": a, "With Space": {"cni-dir": "/x/"}, "empty": {}}
    assert _schema.defaults(None) == {} and _schema.defaults({"properties": {"a": True}}) == {}


def test_merge_replaces_all_but_groups() -> None:
    assert _schema.merge({"a": {"b": 1, "c": [1]}, "d": {"e": 1}}, {"a": {"c": [2]}, "d": 3}) == {"a": {"b": 1, "c": [2]}, "d": 3}


@pytest.mark.parametrize(
    ("given", "desired"),
    [
        ({"size": "5"}, {"size": 5}),
        ({"size": " 5 ", "share": "0.25"}, {"size": 5, "share": 0.25}),
        ({"on": "No"}, {"on": False}),
        ({"name": "5", "either": "5"}, {"name": "5", "either": "5"}),
        ({"size": "five", "on": "perhaps", "share": ""}, {"size": "five", "on": "perhaps", "share": ""}),
        ({"unknown": "5"}, {"unknown": "5"}),
    ],
)
def test_text_of_templates(given: dict[str, Any], desired: dict[str, Any]) -> None:
    assert _schema.coerce({"a": given}, SCHEMA) == {"a": desired}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "a is missing"),
        ({"a": {}}, "a.size is missing"),
        ({"a": {"size": 0}}, "a.size is 0, less than 1"),
        ({"a": {"size": 10}}, "a.size is 10, more than 9"),
        ({"a": {"size": 1.5}}, "a.size is 1.5, not of type integer"),
        ({"a": {"size": True}}, "a.size is true, not of type integer"),
        ({"a": {"size": 1, "share": 0}}, "a.share is 0, less than 0"),
        ({"a": {"size": 1, "mode": "z"}}, 'a.mode is "z", not one of "x", "y"'),
        ({"a": {"size": 1, "name": "A1"}}, 'a.name is "A1", which does not match ^[a-z]+$'),
        ({"a": {"size": 1, "name": "a"}}, "a.name is shorter than 2 characters"),
        ({"a": {"size": 1, "name": "abcde"}}, "a.name is longer than 4 characters"),
        ({"a": {"size": 1, "list": []}}, "a.list has 0 items, fewer than 1"),
        ({"a": {"size": 1, "list": [1, 2, 3]}}, "a.list has 3 items, more than 2"),
        ({"a": {"size": 1, "list": ["x"]}}, 'a.list.0 is "x", not of type integer'),
        ({"a": {"size": 1, "either": 3}}, "a.either is 3, not of type string or null"),
        ({"a": {"size": 1, "siez": 1}}, "a.siez is no option of the package; did you mean a.size?"),
        ({"a": {"size": 1}, "With Space": {"q": 1}}, '"With Space".q is no option of the package; there are "cni-dir"'),
        ({"a": {"size": 1}, "free": {"x": 1}}, "free.x is 1, not of type string"),
        ({"a": [1]}, "a is [1], not of type object"),
    ],
)
def test_what_a_schema_refuses(options: dict[str, Any], words: str) -> None:
    assert _schema.problems(options, SCHEMA) == [words]


@pytest.mark.parametrize(
    "more",
    [{"size": 9.0}, {"share": 0.01}, {"name": "abc"}, {"either": None}, {"list": [1]}, {"java": "y"}],
)
def test_what_it_takes(more: dict[str, Any]) -> None:
    assert _schema.problems({"a": {"size": 1, **more}, "free": {"x": "y"}, "any": {"x": 1}, "empty": {"y": 2}}, SCHEMA) == []


def test_everything_is_told_at_once() -> None:
    assert len(_schema.problems({"a": {"size": 0, "mode": "z", "nosuch": 1}, "x": 1}, SCHEMA)) == 4


@pytest.mark.parametrize(
    ("installed", "desired", "names"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1.0}}, []),
        ({"a": {"b": 1}}, {"a": {"b": True}}, ["a.b"]),
        ({"a": {"b": 1}, "c": 2}, {"a": {"b": 2}, "c.d": {"e f": 1}}, ["a.b", "c", '"c.d"']),
        ({"a": {"b": {"c": 1}}}, {"a": 1}, ["a"]),
    ],
)
def test_differences(installed: dict[str, Any], desired: dict[str, Any], names: list[str]) -> None:
    assert [one.option for one in _schema.differences(installed, desired)] == names
