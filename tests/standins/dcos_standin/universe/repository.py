"""Looking packages up, as Cosmos does for one DC/OS release."""

from __future__ import annotations

import fnmatch

from ..releases import parse
from . import calico, etcd, kubernetes
from .package import Package

NAME, URI = "Universe", "https://universe.mesosphere.com/repo"


class PackageMissing(LookupError):
    """No package of this name."""


class VersionMissing(LookupError):
    """The package has no such version, or none that this release may have."""


class Universe:
    """What this DC/OS release is offered: packages that need a newer one are not there at all."""

    def __init__(self, dcos_version: str) -> None:
        here = parse(dcos_version)[:2]
        self._packages: dict[str, list[Package]] = {}
        for package in [*etcd.packages(), *calico.packages(), *kubernetes.packages()]:
            if package.min_dcos is None or parse(package.min_dcos) <= here:
                self._packages.setdefault(package.name, []).append(package)
        for found in self._packages.values():
            found.sort(key=lambda package: package.release, reverse=True)

    def versions(self, name: str) -> list[Package]:
        """Newest first; raises PackageMissing."""
        if name not in self._packages:
            raise PackageMissing(name)
        return self._packages[name]

    def find(self, name: str, version: str | None) -> Package:
        """The version, or without one that of the highest release index; raises PackageMissing, VersionMissing."""
        found = self.versions(name)
        if version is None:
            return found[0]
        for package in found:
            if package.version == version:
                return package
        raise VersionMissing(name)

    def search(self, query: str) -> list[list[Package]]:
        """Packages whose name, description or tags match, each with all versions."""
        wanted = query.lower()
        found = []
        for versions in self._packages.values():
            newest = versions[0]
            words = (newest.name, newest.description.lower(), *newest.tags)
            if any(wanted in word or fnmatch.fnmatch(word, wanted) for word in words):
                found.append(versions)
        return found
