# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cosmos, DC/OS' package service: what is in the Universe, what is installed, install, uninstall.

Every request is a POST, those that only read too; what a request is, and which version of an answer is required, is said by media types.
"""
from __future__ import annotations

import base64
import binascii
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _schema
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon_app import DEFINITION
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon_app import app_id as absolute
from ansible_collections.dcos.calico.plugins.module_utils._dcos._shape import ANY

# Of answers, what is taken from them
PACKAGE = {"package": {"name": str, "version": str, "config?": dict, "postInstallNotes?": str}}
VERSIONS = {"results": {str: ANY}}
PACKAGES = {"packages": [{"appId": str, "packageInformation": {"packageDefinition": {"name": str, "version": str}}}]}
RENDERED = {"marathonJson": {**DEFINITION, "id": str}}
UNINSTALLED = {"results?": [{"postUninstallNotes?": str}]}
OPTIONS_LABEL = "DCOS_PACKAGE_OPTIONS"
NOT_INSTALLED = ("PackageNotInstalled", "UninstallNonExistentAppForPackage")
# What Cosmos says by the name of an error, and what to do about it.
REMEDIES = {
    "PackageNotFound": "Check the name, and which repositories the cluster has (dcos package repo list)",
    "VersionNotFound": "Choose one of the versions that there are",
    "JsonSchemaMismatch": "Correct these options",
    "OptionsNotAllowed": "Leave out options: this package has none",
    "AmbiguousAppId": "Say which one with app_id",
    "MultipleFrameworkIds": "Several frameworks of that name are registered with Mesos: tear down the wrong ones (POST /mesos/master/teardown)",
    "IncompleteUninstall": "The app is gone and its framework is still registered with Mesos, because Mesos could not be asked. Tear it down by hand",
    "MarathonAppDeleteError": "See the app in Marathon; a deployment may lock it",
    "FailedToStartUninstall": "See the log of dcos-cosmos on the masters",
    "MarathonBadResponse": "Marathon refuses what the package makes of the options; correct them",
    "MarathonGenericError": "See the logs of dcos-marathon on the masters",
    "ServiceMarathonTemplateNotFound": "The package brings only commands for the DC/OS CLI: there is nothing to install on the cluster",
    "UnsupportedContentType": "This version of DC/OS speaks another dialect; report it with the version",
    "RepositoryUriConnection": "Let the masters reach the package repository, or add a local one",
    "IndexNotFound": "Check the address of the package repository",
}


@dataclasses.dataclass(frozen=True)
class Description:
    """A version of a package in the Universe.

    :ivar schema: JSON schema of its options, None if it has none.
    """

    name: str
    version: str
    schema: dict[str, Any] | None
    notes: str | None = None


@dataclasses.dataclass(frozen=True)
class Installed:
    """A package that Marathon has an app of."""

    name: str
    version: str
    app_id: str


class Cosmos:
    """The package service of a cluster."""

    def __init__(self, client: DcosClient) -> None:
        self._client = client

    def describe(self, name: str, version: str | None = None) -> Description:
        """A package; without a version the newest that this version of DC/OS takes.

        :raises ApiError: of kind PackageNotFound or VersionNotFound; the latter lists the versions that there are.
        """
        body = {"packageName": name, **({"packageVersion": version} if version else {})}
        try:
            package = self._read("describe", body, 3, PACKAGE)["package"]
        except ApiError as error:
            if error.kind == "VersionNotFound":
                error.remedy = f"Choose one of {', '.join(self.versions(name))}"
            raise
        schema = package.get("config")
        return Description(package["name"], package["version"], None if schema is None else _schema.understood(schema), package.get("postInstallNotes"))

    def versions(self, name: str) -> list[str]:
        """Versions of a package, oldest first."""
        found = self._read("list-versions", {"packageName": name, "includePackageVersions": True}, 1, VERSIONS)["results"]
        return sorted(found, key=lambda version: (int(found[version]) if str(found[version]).isdigit() else 0, version))

    def installed(self, name: str | None = None, app_id: str | None = None) -> list[Installed]:
        """What is installed, by the labels of Marathon's apps: a stopped one counts, too."""
        body = {key: value for key, value in (("packageName", name), ("appId", app_id)) if value}
        found = []
        for one in self._read("list", body, 1, PACKAGES)["packages"]:
            package = one["packageInformation"]["packageDefinition"]
            found.append(Installed(package["name"], package["version"], absolute(one["appId"])))
        return sorted(found, key=lambda one: (one.name, one.app_id))

    def render(self, name: str, version: str, options: Mapping[str, Any], app_id: str | None = None) -> dict[str, Any]:
        """The app that an installation would make; reads only, and Cosmos validates the options."""
        return dict(self._read("render", _request(name, version, options, app_id), 1, RENDERED)["marathonJson"])

    def install(self, name: str, version: str, options: Mapping[str, Any], app_id: str | None = None) -> dict[str, Any]:
        """Install; the answer comes as soon as Marathon has taken the app, which does not run yet."""
        return dict(self._ask("install", _request(name, version, options, app_id), 2, {"postInstallNotes?": str}, repeat=False))

    def uninstall(self, name: str, app_id: str) -> list[str]:
        """Uninstall one app of a package; return Cosmos' notes. One that uninstalls itself (SDK) is not gone yet then."""
        try:
            results = self._ask("uninstall", {"packageName": name, "appId": app_id}, 1, UNINSTALLED, repeat=False).get("results") or []
        except ApiError as error:
            if error.kind in NOT_INSTALLED:
                return []
            raise
        return [one["postUninstallNotes"] for one in results if one.get("postUninstallNotes")]

    def _read(self, what: str, body: Mapping[str, Any], version: int, shape: Any) -> dict[str, Any]:
        return self._ask(what, body, version, shape, repeat=True)

    def _ask(self, what: str, body: Mapping[str, Any], version: int, shape: Any, repeat: bool) -> dict[str, Any]:
        kind = f"application/vnd.dcos.package.{what}"
        headers = {
            "Content-Type": f"{kind}-request+json;charset=utf-8;version=v1",
            "Accept": f"{kind}-response+json;charset=utf-8;version=v{version}",
        }
        try:
            answer = self._client.post(f"/package/{what}", dict(body), headers=headers, expected=(200,), safe_to_repeat=repeat)
        except ApiError as error:
            raise explained(error) from None
        return dict(answer.shaped(shape))


def _request(name: str, version: str, options: Mapping[str, Any], app_id: str | None) -> dict[str, Any]:
    request: dict[str, Any] = {"packageName": name, "packageVersion": version}
    if options:
        request["options"] = dict(options)
    if app_id:
        request["appId"] = app_id
    return request


def explained(error: ApiError) -> ApiError:
    """An error of Cosmos with what to do, and with the options that the schema refuses."""
    why = error.why
    if error.kind == "JsonSchemaMismatch" and isinstance(error.data, dict):
        why = "; ".join(_mismatch(one) for one in error.data.get("errors") or []) or why
    return ApiError(error.what, why, REMEDIES.get(str(error.kind), error.remedy), error.status, error.kind, error.data)


def _mismatch(error: Any) -> str:
    """One of the schema validator's errors: where and what."""
    if not isinstance(error, dict):
        return str(error)
    where = (error.get("instance") or {}).get("pointer") or "options"
    return f"{str(where).strip('/').replace('/', '.') or 'options'}: {error.get('message')}"


def options_of(app: Mapping[str, Any]) -> dict[str, Any] | None:
    """The options that an app was installed with, by its label; None if Cosmos did not note them. Pure."""
    label = (app.get("labels") or {}).get(OPTIONS_LABEL)
    if not isinstance(label, str):
        return None
    try:
        options = json.loads(base64.b64decode(label, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return options if isinstance(options, dict) else None
