"""A package version: its metadata, the JSON schema of its options, the template of its Marathon app."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Package:
    """One version; `release` is its index in the Universe."""

    name: str
    version: str
    release: int
    description: str
    config: Json | None
    template: str
    images: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    framework: bool = True
    min_dcos: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def resource(self) -> Json:
        return {"assets": {"container": {"docker": dict(self.images)}}} if self.images else {"assets": {"uris": {}}}

    def definition(self) -> Json:
        """The package as describe tells it; fields without a value are left out."""
        out: Json = {
            "packagingVersion": "4.0" if self.min_dcos else "3.0",
            "name": self.name,
            "version": self.version,
            "releaseVersion": self.release,
            "maintainer": "maintainer@example.com",
            "description": self.description,
            "tags": list(self.tags),
            "selected": False,
            "framework": self.framework,
            "minDcosReleaseVersion": self.min_dcos,
            "preInstallNotes": self.notes.get("before"),
            "postInstallNotes": self.notes.get("after"),
            "postUninstallNotes": self.notes.get("gone"),
            "marathon": {"v2AppMustacheTemplate": base64.b64encode(self.template.encode()).decode()},
            "config": self.config,
            "resource": self.resource(),
        }
        return {key: value for key, value in out.items() if value is not None}


# -- schemas ----------------------------------------------------------------------------------


def text(default: str | None = None, about: str = "", **more: Any) -> Json:
    return _value("string", default, about, more)


def number(default: float | None = None, about: str = "", **more: Any) -> Json:
    return _value("number", default, about, more)


def integer(default: int | None = None, about: str = "", **more: Any) -> Json:
    return _value("integer", default, about, more)


def flag(default: bool | None = None, about: str = "", **more: Any) -> Json:
    return _value("boolean", default, about, more)


def _value(kind: str, default: Any, about: str, more: Mapping[str, Any]) -> Json:
    out: Json = {"type": kind, **more}
    if about:
        out["description"] = about
    if default is not None:
        out["default"] = default
    return out


def group(properties: Json, required: tuple[str, ...] = (), about: str = "") -> Json:
    """An object; the Universe's own schemas forbid further properties in some groups, these in all."""
    out: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    if about:
        out["description"] = about
    if required:
        out["required"] = list(required)
    return out


def schema(properties: Json, required: tuple[str, ...] = ()) -> Json:
    return {"$schema": "http://json-schema.org/draft-04/schema#", **group(properties, required)}


def app_template(app: Mapping[str, Any], values: Mapping[str, str]) -> str:
    """JSON of an app in which the marks of `values` ("@CPUS@") become mustache; a quoted mark alone becomes a bare value."""
    out = json.dumps(app, indent=2)
    for mark, name in values.items():
        out = out.replace(f'"={mark}"', f"{{{{{name}}}}}").replace(mark, f"{{{{{name}}}}}")
    return out
