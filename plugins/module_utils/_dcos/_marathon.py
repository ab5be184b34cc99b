# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marathon's API: apps, their tasks, and whether a deployment has come to its end."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon_app import DEFINITION, App
from ansible_collections.dcos.calico.plugins.module_utils._dcos._shape import ANY

BASE = "/service/marathon/v2"
EMBED = {"embed": ["apps.counts", "apps.tasks", "apps.deployments", "apps.lastTaskFailure"]}
TASK = {"id": str, "host?": str, "state?": str, "ports?": [int], "ipAddresses?": [{"ipAddress?": str}]}
FAILURE = {"host?": str, "state?": str, "message?": str, "version?": str, "taskId?": str}
APP = {
    **DEFINITION,
    "id": str,
    "version?": str,
    "tasks?": [TASK],
    "lastTaskFailure?": FAILURE,
    "deployments?": [ANY],
    "instances?": int,
    "tasksRunning?": int,
    "tasksHealthy?": int,
}
UNKNOWN_NETWORK = re.compile(r"Unknown CNI network '([^']*)'")


class Health(NamedTuple):
    """How far an app is.

    :ivar ready: nothing is being deployed, every instance runs, and is healthy where there is a check.
    :ivar text: how far it is, in words.
    """

    ready: bool
    text: str


class Marathon:
    """The cluster's own Marathon."""

    def __init__(self, client: DcosClient) -> None:
        self._client = client
        self._version: tuple[int, ...] | None = None

    def version(self) -> tuple[int, ...]:
        """Major and minor version, such as (1, 4)."""
        if self._version is None:
            text = self._client.get(f"{BASE}/info").shaped({"version": str})["version"]
            found = re.match(r"(\d+)\.(\d+)", text)
            if not found:
                raise ApiError(f"Marathon's version is not understood: {text!r}", None, "Report it, with the version of DC/OS")
            self._version = (int(found.group(1)), int(found.group(2)))
        return self._version

    def app(self, app_id: str) -> App | None:
        """An app as stored, with its counts, tasks, deployments and last failure; None if there is none."""
        try:
            return dict(self._client.get(_path(app_id), params=EMBED).shaped({"app": APP})["app"])
        except ApiError as error:
            if _has_no_app(error):
                return None
            raise

    def apps(self, group: str) -> list[App]:
        """All apps below a group, each as app() gives it, ordered by id; one request however many there are."""
        prefix = "/" + group.strip("/") + "/" if group.strip("/") else "/"
        found = self._client.get(f"{BASE}/apps", params={**EMBED, "id": prefix}).shaped({"apps": [APP]})["apps"]
        # Marathon's own filter takes a part of an id that stands anywhere in it
        return sorted((dict(app) for app in found if str(app["id"]).startswith(prefix)), key=lambda app: str(app["id"]))

    def tasks(self, app: Mapping[str, Any]) -> list[dict[str, Any]]:
        """An app's tasks, which mostly come with it; none if there is no app any more."""
        if isinstance(app.get("tasks"), list):
            return list(app["tasks"])
        app_id = str(app["id"])
        try:
            return list(self._client.get(f"{_path(app_id)}/tasks").shaped({"tasks?": [TASK]}).get("tasks") or [])
        except ApiError as error:
            if _has_no_app(error):
                return []
            raise

    def create(self, app: Mapping[str, Any]) -> bool:
        """Make an app; whether it was made, because it may be there meanwhile."""
        try:
            self._client.post(f"{BASE}/apps", dict(app))
        except ApiError as error:
            if error.status == 409 and not error.data:
                return False
            raise explained(error, str(app.get("id"))) from None
        return True

    def update(self, app_id: str, settings: Mapping[str, Any], force: bool = False) -> None:
        """Change some settings of an app; Marathon leaves the others as they are."""
        try:
            self._client.put(_path(app_id), dict(settings), params={"force": "true"} if force else None)
        except ApiError as error:
            raise explained(error, app_id) from None

    def delete(self, app_id: str, force: bool = False) -> None:
        """Remove an app and its tasks; no matter if it is gone already."""
        try:
            self._client.delete(_path(app_id), params={"force": "true"} if force else None)
        except ApiError as error:
            if not _has_no_app(error):
                raise explained(error, app_id) from None


def _path(app_id: str) -> str:
    return f"{BASE}/apps{quote(app_id)}"


def _has_no_app(error: ApiError) -> bool:
    """Whether Marathon itself says so; Admin Router has a 404 of its own, for a service that it does not know yet."""
    return error.status == 404 and "does not exist" in (error.why or "")


def explained(error: ApiError, app_id: str) -> ApiError:
    """What Marathon refuses, with what to do about it."""
    remedy = error.remedy
    if error.status == 409 and error.data:
        locks = ", ".join(str(one.get("id")) for one in error.data if isinstance(one, dict))
        error.why = f"{app_id} is locked by the deployment {locks}"
        remedy = "Wait until it is over, or set force to true, which ends it"
    elif error.status == 422:
        error.what = f"Marathon refuses the definition of {app_id}"
        remedy = "Correct the settings that it names"
    elif error.status == 400:
        error.what = f"Marathon does not understand the definition of {app_id}"
        remedy = "Check the types of its settings"
    return ApiError(error.what, error.why, remedy, error.status, error.kind, error.data)


def health(app: Mapping[str, Any]) -> Health:
    """How far an app is, from Marathon's answer. Pure."""
    desired = int(app.get("instances", 1))
    running, healthy = int(app.get("tasksRunning", 0)), int(app.get("tasksHealthy", 0))
    checks = bool(app.get("healthChecks"))
    deploying = bool(app.get("deployments"))
    surplus = running > desired
    ready = not deploying and not surplus and running == desired and (not checks or healthy >= desired)
    words = [f"{running} of {desired} instances run" if desired else "suspended (0 instances)"]
    if checks and desired:
        words.append(f"{healthy} healthy")
    if deploying:
        words.append("being deployed")
    failure = "" if ready else last_failure(app)
    return Health(ready, ", ".join(words) + (f"; last failure: {failure}" if failure else ""))


def last_failure(app: Mapping[str, Any]) -> str:
    """Why the last task of this version of the app ended, and where; empty if none did. Pure."""
    failure = app.get("lastTaskFailure") or {}
    if not failure or (failure.get("version") and app.get("version") and failure["version"] != app["version"]):
        return ""
    where = f" on {failure['host']}" if failure.get("host") else ""
    text = f"{failure.get('state', 'it ended')}{where}: {failure.get('message') or 'no reason given'}"
    unknown = UNKNOWN_NETWORK.search(text)
    if unknown:
        text += (
            f" (on that agent no CNI file has a network {unknown.group(1)}, or a plugin that it names is missing: run dcos.calico.site for it, "
            "or correct the network's name)"
        )
    return text


def addresses(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where tasks run: id, host, state, ports on the host, own addresses. Pure."""
    return [
        {
            "id": task.get("id"),
            "host": task.get("host"),
            "state": task.get("state"),
            "ports": list(task.get("ports") or []),
            "addresses": [one.get("ipAddress") for one in task.get("ipAddresses") or [] if one.get("ipAddress")],
        }
        for task in sorted(tasks, key=lambda task: str(task.get("id")))
    ]
