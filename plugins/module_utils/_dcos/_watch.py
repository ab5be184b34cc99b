# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at an installed package until it does its work: the reads behind _readiness.py, and the progress of a long wait.

A framework's scheduler is asked itself where the controller reaches its agent. Where it does not, what Marathon and Mesos say of it through
Admin Router is validated instead; the token goes to Admin Router only.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _mesos, _readiness
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import (
    ApiError, ConnectionFailed, DcosError, DeadlineExceeded, PermissionDenied, Response,
)
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon import Marathon, health
from ansible_collections.dcos.calico.plugins.module_utils._dcos._readiness import Agent, Readiness
from ansible_collections.dcos.calico.plugins.module_utils._dcos._shape import ANY
from ansible_collections.dcos.calico.plugins.module_utils._dcos._transport import Transport
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

DIRECT_SECONDS = 2.0
# A line at least this often, so that nobody wonders for longer than 30 seconds
TELL_EVERY = 20.0
POLL_EVERY = 5.0
# What schedulers answer: calico-dcos by agent and step, the SDK its plan
STATUS = {str: {str: ANY}}
PLAN = {"status?": str, "errors?": [ANY], "phases?": [{"name?": str, "steps?": [{"name?": str, "status?": str}]}]}
PLAN_STATUS = (200, 202, 404, 417, 500, 502, 503, 504)


class Package:
    """What a watch needs to know of an installed package.

    :ivar options: those it was installed with, defaults included.
    """

    def __init__(self, name: str, version: str, app_id: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.version = version
        self.app_id = app_id
        self.options = options


class Watch:
    """Looks at one package, again and again."""

    def __init__(self, client: DcosClient, package: Package) -> None:
        self._client = client
        self._marathon = Marathon(client)
        self._package = package
        self._unreachable: set[str] = set()

    def look(self) -> Readiness:
        """How far the package is now."""
        app = self._marathon.app(self._package.app_id)
        if app is None:
            return Readiness(False, "marathon", "marathon", f"Marathon has no app {self._package.app_id}")
        kind = _readiness.kind_of(self._package.name, self._package.version, app)
        own = health(app)
        if not int(app.get("tasksRunning", 0)):
            return Readiness(False, kind, "marathon", own.text)
        if kind == "sdk":
            return self._sdk()
        if kind == "etcd":
            return self._etcd(app, own.ready, own.text)
        return self._calico(app) if kind == "calico" else Readiness(own.ready, kind, "marathon", own.text)

    def _etcd(self, app: Mapping[str, Any], healthy: bool, text: str) -> Readiness:
        settings = _readiness.group(self._package.options, "etcd")
        answer = self._scheduler(app, "/healthz")
        if answer is None:
            verdict = (healthy, f"Marathon says: {text}", "marathon")
        else:
            said = answer.text.strip() or f"status {answer.status}"
            verdict = (answer.status == 200 and "healthy" in said and "unhealthy" not in said, f"the scheduler says: {said}", "scheduler")
        members = self._members(str(settings.get("framework-name", "etcd")).strip("/"))
        return _readiness.etcd(*verdict, members=members, size=int(_readiness.number(settings, "cluster-size", 3)))

    def _members(self, framework: str) -> list[str] | None:
        """Addresses in the SRV records that etcd's proxies look for; None if the account may not ask Mesos-DNS."""
        try:
            records = _mesos.services(self._client, f"_etcd-server._tcp.{framework}.mesos")
        except PermissionDenied:
            return None
        return [f"{record.address}:{record.port}" for record in records]

    def _calico(self, app: Mapping[str, Any]) -> Readiness:
        answer = self._scheduler(app, "/json")
        status = _document(answer, STATUS) if answer is not None and answer.status == 200 else None
        source = "scheduler"
        if status is None:
            source = "mesos"
            frameworks = self._client.get("/mesos/state").shaped(_mesos.FRAMEWORKS).get("frameworks") or []
            tasks = [task for one in frameworks if one.get("name") == _readiness.CALICO_FRAMEWORK for task in _tasks_of(one)]
            status = _readiness.status_from_tasks(tasks)
        agents = [agent_of(one) for one in self._client.get("/mesos/slaves").shaped(_mesos.SLAVES).get("slaves") or []]
        return _readiness.calico(status, agents, self._package.options, source)

    def _sdk(self) -> Readiness:
        answer = self._client.get(f"/service{self._package.app_id}/v1/plans/deploy", expected=PLAN_STATUS)
        plan = _document(answer, PLAN)
        if plan is None:
            return Readiness(False, "sdk", "scheduler", f"the scheduler does not answer yet ({answer.status})")
        return _readiness.sdk(answer.status, plan)

    def _scheduler(self, app: Mapping[str, Any], path: str) -> Response | None:
        """What the scheduler itself answers; None if the controller does not reach it."""
        for task in self._marathon.tasks(app):
            host, ports = task.get("host"), task.get("ports")
            if not host or not ports or host in self._unreachable or task.get("state", "TASK_RUNNING") != "TASK_RUNNING":
                continue
            transport = Transport()
            begin = time.monotonic()
            try:
                return transport.send("GET", f"http://{host}:{ports[0]}{path}", None, {}, None, True, DIRECT_SECONDS)
            except ConnectionFailed:
                # refused: it starts; no answer at all: what comes between is not going to change during this wait
                if time.monotonic() - begin >= DIRECT_SECONDS / 2:
                    self._unreachable.add(host)
            finally:
                transport.close()
        return None


def agent_of(found: Mapping[str, Any]) -> Agent:
    """An agent out of Mesos' list, with what it has free."""
    total, used = found.get("resources") or {}, found.get("used_resources") or {}
    cpus, mem = float(total.get("cpus", 0)), float(total.get("mem", 0))
    ip = _mesos.address_of_pid(found.get("pid")) or str(found.get("hostname"))
    free = cpus - float(used.get("cpus", 0)), mem - float(used.get("mem", 0))
    return Agent(str(found.get("id")), ip, bool(found.get("active", True)), cpus, mem, *free)


def _tasks_of(framework: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*(framework.get("completed_tasks") or []), *(framework.get("tasks") or [])]


def _document(answer: Response, shape: Any) -> dict[str, Any] | None:
    """What a scheduler answers; None while it is something else, because what is between answers for one that starts."""
    try:
        return dict(answer.shaped(shape))
    except ApiError:
        return None


class Progress:
    """Appends to a file what a wait sees: when it changes, and often enough in between.

    :arg file: None writes nothing.
    """

    def __init__(self, file: str | None, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._what = what
        self._clock = clock
        self._begin = clock()
        self._told = ("", 0.0)
        self.error: str | None = None

    def tell(self, text: str) -> None:
        """Say how far it is. That it cannot be written does not stop the work; C(error) has the reason then."""
        now = self._clock()
        last, when = self._told
        if self._file is None or self.error or (text == last and now - when < TELL_EVERY):
            return
        self._told = (text, now)
        seconds = int(now - self._begin)
        try:
            with open(self._file, "a", encoding="utf-8") as lines:
                lines.write(f"{seconds // 60}:{seconds % 60:02d} {self._what}: {' '.join(text.split())}\n")
        except OSError as error:
            self.error = f"{self._file} cannot be written: {error.strerror}"


def wait_until_ready(client: DcosClient, package: Package, deadline: Deadline, progress: Progress, before: str = "") -> Readiness:
    """Look until the package does its work.

    :arg before: what an operator should think of if it never does.
    :raises DcosError: DeadlineExceeded, with the last that was seen; ApiError for a plan that cannot come to its end.
    """
    watch = Watch(client, package)
    seen: list[Readiness] = []

    def check() -> tuple[bool, str]:
        try:
            readiness = watch.look()
        except DcosError as error:
            progress.tell(str(error))
            raise
        seen.append(readiness)
        progress.tell(readiness.text)
        if readiness.kind == "sdk" and "has errors" in readiness.text:
            raise ApiError(f"{package.name} ({package.app_id}) cannot be deployed", readiness.text, "Correct its options, and install it again")
        return readiness.ready, readiness.text

    try:
        client.wait_until(check, deadline, f"package {package.name} ({package.app_id}) ready for use", POLL_EVERY)
    except DeadlineExceeded as error:
        if before:
            error.remedy = f"{error.remedy or ''}. {before}".lstrip(". ")
        raise
    return seen[-1]


def wait_until_gone(client: DcosClient, name: str, app_id: str, deadline: Deadline, progress: Progress) -> None:
    """Wait until Marathon has no such app any more: one of the SDK uninstalls itself, which takes its time."""
    marathon = Marathon(client)

    def check() -> tuple[bool, str]:
        app = marathon.app(app_id)
        text = "gone" if app is None else f"still there: {health(app).text}"
        progress.tell(text)
        return app is None, text

    client.wait_until(check, deadline, f"the removal of package {name} ({app_id})", POLL_EVERY)
