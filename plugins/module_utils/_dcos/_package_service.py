# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cosmos, Marathon and Mesos together know of a package, in the terms of _packages.py; install and uninstall."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _mesos, _packages, _readiness, _schema
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._cosmos import Cosmos, Description, Installed
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError, ConnectionFailed, DcosError
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon import Marathon
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon_app import app_id as absolute
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import agreed


class Service:
    """Packages of one cluster."""

    def __init__(self, client: DcosClient) -> None:
        self.cosmos = Cosmos(client)
        self.marathon = Marathon(client)
        self._client = client

    def desired(self, params: Mapping[str, Any]) -> _packages.Desired:
        """A package as a module's parameters want it; the Universe and Cosmos have agreed to them. Two requests.

        :raises CalicoError: for a package or version that there is not, and for options that the schema refuses.
        """
        description = self.cosmos.describe(params["name"], params["version"])
        given = _schema.merge(params["options"], params["secret_options"])
        options, complete = _packages.check_options(description, given)
        app_id = absolute(params["app_id"]) if params["app_id"] else None
        app = self.cosmos.render(description.name, description.version, options, app_id)
        secret = frozenset(path for path, _value in _schema.leaves(params["secret_options"]))
        return _packages.Desired(description, options, complete, app, app_id, secret)

    def actual(self, name: str, app_id: str, description: Description | None = None) -> _packages.Actual:
        """What there is under an app's id. Two requests, one more if the installed version is another one than described."""
        return self._settled(lambda: self._actual(name, app_id, description))

    def _actual(self, name: str, app_id: str, description: Description | None) -> _packages.Actual:
        installed = next((one for one in self.cosmos.installed(name, app_id) if one.app_id == app_id), None)
        return _packages.Actual(name, installed, self.marathon.app(app_id), self._schema_of(installed, description))

    def _settled(self, look: Callable[[], _packages.Actual]) -> _packages.Actual:
        """Between the two requests another job may have installed the package, or removed it."""
        return agreed(look, lambda actual: actual.contradictory, self._client.deadline)

    def single(self, name: str, app_id: str | None) -> _packages.Actual:
        """The one app of a package; nothing if there is none.

        :raises CalicoError: if there are several, and none is named.
        """
        return self._settled(lambda: self._single(name, app_id))

    def _single(self, name: str, app_id: str | None) -> _packages.Actual:
        found = self.cosmos.installed(name, absolute(app_id) if app_id else None)
        if not found:
            return _packages.Actual(name, None, None)
        if len(found) > 1:
            ids = ", ".join(one.app_id for one in found)
            raise CalicoError(f"Package {name} is installed {len(found)} times", ids, "Say which one with app_id")
        return _packages.Actual(name, found[0], self.marathon.app(found[0].app_id), self._schema_of(found[0], None))

    def _schema_of(self, installed: Installed | None, described: Description | None) -> dict[str, Any] | None:
        """Schema of the installed version; None if the Universe has it no more."""
        if installed is None or (described is not None and described.version == installed.version):
            return described.schema if described else None
        try:
            return self.cosmos.describe(installed.name, installed.version).schema
        except ApiError as error:
            if error.kind in ("PackageNotFound", "VersionNotFound"):
                return None
            raise

    def leftovers(self, actual: _packages.Actual) -> list[dict[str, str]]:
        """What uninstalling this would leave behind."""
        if actual.installed is None:
            return []
        found = _packages.leftovers(actual.installed.name, actual.installed.version, actual.options or {})
        if actual.installed.name == "calico":
            found = [*map(_packages.framework_leftover, self._calico_frameworks()), *found]
        return found

    def _calico_frameworks(self) -> list[str]:
        """Ids of frameworks that Cosmos will not find; none if the account may not ask Mesos."""
        try:
            summary = self._client.get("/mesos/master/state-summary").shaped(_mesos.FRAMEWORKS)
        except DcosError:
            return []
        return [str(one.get("id")) for one in summary.get("frameworks") or [] if one.get("name") == _readiness.CALICO_FRAMEWORK]

    def install(self, desired: _packages.Desired) -> list[str] | None:
        """Install; notes of the package, or None if somebody else was faster.

        An installation whose answer was lost has to be looked for, because it is not safe to ask for it again.
        """
        name, version = desired.description.name, desired.description.version
        try:
            answer = self.cosmos.install(name, version, desired.options, desired.given_id)
        except ApiError as error:
            if error.kind == "PackageAlreadyInstalled":
                return None
            raise
        except ConnectionFailed as error:
            if not error.sent or self.actual(name, desired.app_id, desired.description).version != version:
                raise
            return []
        return [answer["postInstallNotes"]] if answer.get("postInstallNotes") else []

    def uninstall(self, name: str, app_id: str) -> list[str]:
        """Uninstall; Cosmos' notes."""
        return self.cosmos.uninstall(name, app_id)
