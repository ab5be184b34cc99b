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

    def problem(self, item: Json) -> tuple[str, str] | None:
        """(field, what is wrong) with an object, None if nothing is. An absent value is as good as none."""
        schema = self.of(str(item.get("apiVersion")), str(item.get("kind")))
        if schema is None:
            return None
        validator = jsonschema.Draft4Validator(schema, registry=self._registry)
        error = jsonschema.exceptions.best_match(validator.iter_errors(without_nulls(item)))
        return None if error is None else (".".join(map(str, error.absolute_path)) or "(root)", error.message)

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
