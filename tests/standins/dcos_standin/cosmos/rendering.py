"""From options to an app: defaults, the schema's judgement, mustache."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

import jsonschema

from .errors import CosmosError

_MARK = re.compile(r"\{\{([#^/]?)([^}]+)\}\}")


def defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The document that a schema's defaults make."""
    out: dict[str, Any] = {}
    for name, entry in schema.get("properties", {}).items():
        if "properties" in entry:
            out[name] = defaults(entry)
        elif "default" in entry:
            out[name] = copy.deepcopy(entry["default"])
    return out


def deep_merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Objects are merged, anything else is replaced."""
    out = dict(under)
    for key, value in over.items():
        mine = out.get(key)
        out[key] = (
            deep_merge(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else copy.deepcopy(value)
        )
    return out


def resolve(schema: Mapping[str, Any] | None, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Defaults and options together, if the schema takes them; raises CosmosError."""
    if schema is None:
        if options:
            raise CosmosError("OptionsNotAllowed", "No schema available to validate the provided options")
        return {}
    merged = deep_merge(defaults(schema), options or {})
    found = sorted(
        jsonschema.Draft4Validator(dict(schema)).iter_errors(merged),
        key=lambda error: list(map(str, error.absolute_path)),
    )
    if found:
        raise CosmosError(
            "JsonSchemaMismatch", "Options JSON failed validation", {"errors": [_as_json(error) for error in found]}
        )
    return merged


def _as_json(error: jsonschema.ValidationError) -> dict[str, Any]:
    """An error in the words of the Java validator that Cosmos uses, as far as they are known."""

    def pointer(path: Any) -> str:
        return "".join(f"/{part}" for part in path)

    schema_path = list(error.absolute_schema_path)[:-1]
    out: dict[str, Any] = {
        "level": "error",
        "schema": {"loadingURI": "#", "pointer": pointer(schema_path)},
        "instance": {"pointer": pointer(error.absolute_path)},
        "domain": "validation",
        "keyword": error.validator,
        "message": error.message,
    }
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = set(error.schema.get("properties", {})) if isinstance(error.schema, dict) else set()
        out["unwanted"] = sorted(set(error.instance) - known)
        out["message"] = (
            f"object instance has properties which are not allowed by the schema: {json.dumps(out['unwanted'])}"
        )
    if error.validator == "type":
        out["found"], out["expected"] = _kind(error.instance), [error.validator_value]
        out["message"] = (
            f'instance type ({out["found"]}) does not match any allowed primitive type (allowed: ["{error.validator_value}"])'
        )
    return out


def _kind(value: Any) -> str:
    names = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        dict: "object",
        list: "array",
        type(None): "null",
    }
    return names[type(value)]


def render(template: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The template with its values, parsed. Sections show what is true, or hide it; names may have spaces."""
    return json.loads(_render(template, values))


def _render(template: str, values: Mapping[str, Any]) -> str:
    out: list[str] = []
    position = 0
    while True:
        mark = _MARK.search(template, position)
        if mark is None:
            return "".join([*out, template[position:]])
        out.append(template[position : mark.start()])
        kind, name = mark.group(1), mark.group(2).strip()
        position = mark.end()
        if not kind:
            out.append(_text(_lookup(values, name)))
            continue
        closing = f"{{{{/{mark.group(2)}}}}}"
        end = template.index(closing, position)
        if bool(_lookup(values, name)) == (kind == "#"):
            out.append(_render(template[position:end], values))
        position = end + len(closing)


def _lookup(values: Mapping[str, Any], name: str) -> Any:
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str:
    """For the inside of a JSON string, or bare for numbers and booleans."""
    if value is None:
        return ""
    return json.dumps(value)[1:-1] if isinstance(value, str) else json.dumps(value)
