"""The published schemas of a Kubernetes version: what an object may hold, and by which key its lists are merged."""

from __future__ import annotations

import json
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

Json = dict[str, Any]
BASE = "https://schemas/"
DEFINITIONS = "_definitions.json"
# Truth values and numbers that are not there when they are false or 0; others are pointers.
PLAIN = ("hostNetwork", "minReadySeconds", "paused", "readOnly")


class Unfit(ValueError):
    """A value is not of the type of its field."""


class Schemas:
    """Of one version, in a folder as the package kubernetes-validate has them: KIND-GROUP-VERSION.json and _definitions.json."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def definitions(self) -> Json:
        found: Json = json.loads((self._folder / DEFINITIONS).read_text(encoding="utf-8"))["definitions"]
        return found

    @cached_property
    def _registry(self) -> Registry[Any]:
        whole = Resource(contents={"definitions": self.definitions}, specification=DRAFT4)
        return Registry().with_resource(BASE + DEFINITIONS, whole)

    @lru_cache(maxsize=64)  # noqa: B019  one object for the life of the process
    def of(self, api_version: str, kind: str) -> Json | None:
        """The schema of a kind, None if there is none."""
        group, _, version = api_version.rpartition("/")
        short = f"{group.partition('.')[0]}-{version}" if group else version
        file = self._folder / f"{kind.lower()}-{short}.json"
        return {"$ref": BASE + json.loads(file.read_text(encoding="utf-8"))["$ref"]} if file.exists() else None

    def kept(self, item: Json) -> Json:
        """An object as a server decodes it: without what it does not know, and without null and most of what is empty. Raises Unfit."""
        schema = self.of(str(item.get("apiVersion")), str(item.get("kind")))
        return (
            item
            if schema is None
            else {**self._kept(item, schema), "apiVersion": item["apiVersion"], "kind": item["kind"]}
        )

    def _kept(self, value: Any, schema: Json) -> Any:
        schema = self.resolved(schema)
        known, items = schema.get("properties"), schema.get("items")
        if known is not None and not isinstance(value, dict):
            raise Unfit(
                f"expect {{ or n, but found {str(value)[:1]}"
            )  # the schemas themselves do not say that these are mappings
        if isinstance(value, list):
            return [self._kept(one, items) for one in value] if items else value
        if not isinstance(value, dict):
            return value
        if known is None:
            return {name: inner for name, inner in value.items() if inner is not None}
        fields = {
            name: self._kept(inner, known[name]) for name, inner in value.items() if name in known and inner is not None
        }
        return {
            name: inner
            for name, inner in fields.items()
            if name in schema.get("required", ()) or not self._left_out(name, inner, known[name])
        }

    def _left_out(self, name: str, value: Any, schema: Json) -> bool:
        """Whether a field of this value is written by no server."""
        is_map = "additionalProperties" in self.resolved(schema) and "properties" not in self.resolved(schema)
        return value in ("", []) or (value == {} and is_map) or (name in PLAIN and not value)

    def problem(self, item: Json) -> tuple[str, str, str] | None:
        """(field, what is wrong, the rule that says so) with an object, None if nothing is. An absent value is as good as none."""
        schema = self.of(str(item.get("apiVersion")), str(item.get("kind")))
        if schema is None:
            return None
        validator = jsonschema.Draft4Validator(schema, registry=self._registry)
        error = jsonschema.exceptions.best_match(validator.iter_errors(without_nulls(item)))
        return (
            None
            if error is None
            else (".".join(map(str, error.absolute_path)) or "(root)", error.message, str(error.validator))
        )

    # -- strategic merge patches ------------------------------------------------------------

    def resolved(self, schema: Json | None) -> Json:
        """What a schema leads to."""
        while schema and "$ref" in schema:
            schema = self.definitions.get(schema["$ref"].rpartition("/")[2])
        return schema or {}

    def below(self, schema: Json | None, key: str) -> Json:
        """Schema of a field, with its merge key."""
        return dict((self.resolved(schema).get("properties") or {}).get(key) or {})


def without_nulls(value: Any) -> Any:
    """A JSON value without fields that are null."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value
