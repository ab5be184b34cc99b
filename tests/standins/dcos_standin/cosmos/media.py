"""Cosmos' media types: every request names what it sends and what it takes, by type and version."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MediaType:
    """A type and its parameters, compared without regard to order and case."""

    name: str
    parameters: frozenset[tuple[str, str]]

    @property
    def version(self) -> str:
        return dict(self.parameters).get("version", "")


def parse(text: str) -> MediaType:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters if parameter)
    return MediaType(name, frozenset((key.strip(), value.strip().strip('"')) for key, _, value in pairs))


def of(kind: str, direction: str, version: int, area: str = "package") -> str:
    """application/vnd.dcos.package.install-request+json;charset=utf-8;version=v1"""
    middle = f"{kind}-{direction}" if direction else kind
    return f"application/vnd.dcos.{area}.{middle}+json;charset=utf-8;version=v{version}"


CAPABILITIES = "application/vnd.dcos.capabilities+json;charset=utf-8;version=v1"
ERROR = of("error", "", 1)


def accepts(header: str, offered: list[str]) -> str | None:
    """The first of what is offered that the Accept header names; None if it names none."""
    wanted = [parse(part) for part in header.split(",")]
    for entry in wanted:
        for candidate in offered:
            known = parse(candidate)
            if known.name == entry.name and known.version == entry.version:
                return candidate
    return None


def matches(header: str, expected: str) -> bool:
    given, known = parse(header), parse(expected)
    return given.name == known.name and given.version == known.version
