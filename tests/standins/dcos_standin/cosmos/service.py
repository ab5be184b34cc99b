"""What Cosmos does: install, uninstall, list, update. It keeps nothing: what is installed is what Marathon's labels say."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..marathon.apps import App, Conflict
from ..marathon.definition import Invalid
from ..universe.package import Package
from ..universe.repository import NAME, URI, PackageMissing, Universe, VersionMissing
from . import errors
from .rendering import deep_merge, render, resolve

if TYPE_CHECKING:
    from ..cluster import Cluster

Json = dict[str, Any]
FRAMEWORK_NAME = "DCOS_PACKAGE_FRAMEWORK_NAME"
UNINSTALL_ROUND = 1.0


def encode(value: Any) -> str:
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def decode(text: str | None) -> Any:
    return json.loads(base64.b64decode(text)) if text else None


class Cosmos:
    """Over one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.universe = Universe(cluster.release.version)
        self.repositories = [{"name": NAME, "uri": URI}]

    # -- packages ---------------------------------------------------------------------------

    def find(self, name: str, version: str | None) -> Package:
        try:
            return self.universe.find(name, version)
        except PackageMissing as error:
            raise errors.package_not_found(name) from error
        except VersionMissing as error:
            raise errors.version_not_found(name, str(version)) from error

    def versions(self, name: str) -> list[Package]:
        try:
            return self.universe.versions(name)
        except PackageMissing as error:
            raise errors.package_not_found(name) from error

    def app_of(self, package: Package, options: Mapping[str, Any] | None, app_id: str | None) -> Json:
        """The Marathon app of an installation, labels and all; raises CosmosError."""
        resolved = resolve(package.config, options)
        app = render(package.template, {**resolved, "resource": package.resource()})
        if app_id:
            app["id"] = app_id
        app.setdefault("labels", {}).update(self._labels(package, options or {}))
        return app

    def _labels(self, package: Package, options: Mapping[str, Any]) -> dict[str, str]:
        release = self._cluster.release
        labels = {
            "DCOS_PACKAGE_NAME": package.name,
            "DCOS_PACKAGE_VERSION": package.version,
            "DCOS_PACKAGE_SOURCE": self.repositories[0]["uri"] if self.repositories else URI,
            "DCOS_PACKAGE_OPTIONS": encode(options),
        }
        definition = package.definition()
        if release.package_definition_label:
            labels["DCOS_PACKAGE_DEFINITION"] = encode({"metadata": definition})
            labels["DCOS_PACKAGE_METADATA"] = encode(_metadata(definition))
        else:
            labels.update(
                DCOS_PACKAGE_METADATA=encode(_metadata(definition)),
                DCOS_PACKAGE_RELEASE=str(package.release),
                DCOS_PACKAGE_REGISTRY_VERSION=definition["packagingVersion"],
                DCOS_PACKAGE_IS_FRAMEWORK=json.dumps(package.framework),
            )
        return labels

    def install(
        self, name: str, version: str | None, options: Mapping[str, Any] | None, app_id: str | None
    ) -> tuple[Package, str]:
        """Returns as soon as Marathon took the app; raises CosmosError."""
        package = self.find(name, version)
        app = self.app_of(package, options, app_id)
        try:
            created, _ = self._cluster.marathon.apps.create(app)
        except Conflict as conflict:
            raise errors.already_installed() from conflict
        except Invalid as invalid:
            raise errors.marathon_bad_response(invalid.message, invalid.details) from invalid
        return package, created.id

    # -- what is installed ------------------------------------------------------------------

    def installed(self, name: str | None = None, app_id: str | None = None) -> list[App]:
        """Any app with the labels counts, running or not."""
        wanted = "/" + app_id.strip("/") if app_id else None
        return [
            app
            for app in self._cluster.marathon.apps.apps.values()
            if app.definition["labels"].get("DCOS_PACKAGE_NAME", "") in ([name] if name else _any(app))
            and wanted in (None, app.id)
        ]

    def metadata(self, app: App) -> Json:
        """What the label tells of the package."""
        labels = app.definition["labels"]
        kept = decode(labels.get("DCOS_PACKAGE_DEFINITION"))
        return kept["metadata"] if kept else decode(labels.get("DCOS_PACKAGE_METADATA")) or {}

    def installed_package(self, app: App) -> Package:
        labels = app.definition["labels"]
        return self.find(labels["DCOS_PACKAGE_NAME"], labels["DCOS_PACKAGE_VERSION"])

    # -- uninstall --------------------------------------------------------------------------

    def uninstall(self, name: str, app_id: str | None, everything: bool) -> list[Json]:
        """Raises CosmosError. SDK services go on their own way, later."""
        found = self.installed(name, app_id)
        if not found:
            raise errors.no_such_app(name, app_id) if app_id else errors.not_installed(name)
        if len(found) > 1 and not everything:
            raise errors.ambiguous(name, [app.id for app in found])
        return [self._uninstall(name, app) for app in found]

    def _uninstall(self, name: str, app: App) -> Json:
        labels = app.definition["labels"]
        metadata = self.metadata(app)
        framework = labels.get(FRAMEWORK_NAME)
        active = [
            entry
            for entry in self._cluster.mesos.frameworks.values()
            if entry.name == framework and not entry.completed
        ]
        if labels.get("DCOS_COMMONS_UNINSTALL") == "true" and self._cluster.release.package_definition_label:
            environment = {**app.definition.get("env", {}), "SDK_UNINSTALL": "true"}
            self._cluster.marathon.apps.put(app.id, {"env": environment}, True)
            self._cluster.spawn(self._delete_when_uninstalled(app.id))
        else:
            if len(active) > 1:
                ids = [entry.id for entry in active]
                raise errors.CosmosError(
                    "MultipleFrameworkIds",
                    f"Uninstalled package [{name}] has multiple frameworks: [{', '.join(ids)}]",
                    {"ids": ids},
                )
            self._cluster.marathon.apps.delete(app.id, True)
            for entry in active:
                self._cluster.mesos.teardown(entry.id)
        notes = metadata.get("postUninstallNotes")
        out = {
            "packageName": name,
            "appId": app.id,
            "packageVersion": labels.get("DCOS_PACKAGE_VERSION"),
            "postUninstallNotes": notes,
        }
        return {key: value for key, value in out.items() if value is not None}

    async def _delete_when_uninstalled(self, app_id: str) -> None:
        """Wait for the scheduler's own uninstall plan, then delete the app."""
        while app_id in self._cluster.marathon.apps.apps:
            answer = self._cluster.ask_program(app_id, "GET", "/v1/plans/deploy")
            if (
                answer is not None
                and answer.status == 200
                and self._cluster.program_env(app_id).get("SDK_UNINSTALL") == "true"
            ):
                self._cluster.marathon.apps.delete(app_id, True)
                return
            await asyncio.sleep(max(0.05, self._cluster.clock.scaled(UNINSTALL_ROUND)))

    # -- services ---------------------------------------------------------------------------

    def service(self, app_id: str) -> App:
        found = self.installed(app_id=app_id)
        if not found:
            wanted = "/" + app_id.strip("/")
            raise errors.CosmosError(
                "MarathonAppNotFound", f"Unable to locate service with marathon appId: '{wanted}'", {"appId": wanted}
            )
        return found[0]

    def update(
        self, app_id: str, options: Mapping[str, Any] | None, version: str | None, replace: bool
    ) -> tuple[Package, Json, str]:
        """The package, the resolved options and the deployment; raises CosmosError."""
        app = self.service(app_id)
        package = self.find(self.installed_package(app).name, version or self.installed_package(app).version)
        kept = decode(app.definition["labels"].get("DCOS_PACKAGE_OPTIONS")) or {}
        wanted = dict(options or {}) if replace else deep_merge(kept, options or {})
        try:
            _, deployment, _ = self._cluster.marathon.apps.put(app.id, self.app_of(package, wanted, app.id), False)
        except Conflict as conflict:
            raise errors.marathon_bad_response(str(conflict), []) from conflict
        return package, resolve(package.config, wanted), deployment.id


def _any(app: App) -> list[str]:
    """Matches whatever package the app is of, and no app that is of none."""
    name = app.definition["labels"].get("DCOS_PACKAGE_NAME")
    return [name] if name else ["-"]


def _metadata(definition: Mapping[str, Any]) -> Json:
    """The part of a definition that the older label holds."""
    return {key: value for key, value in definition.items() if key not in ("config", "marathon", "resource")}
