"""The cluster: all parts together, and the loops that move them."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import uuid
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from .admin_router import AdminRouter
from .agents import Agents
from .config import Config
from .cosmos.service import Cosmos
from .iam import Iam
from .launcher import AgentLauncher, Launcher, LocalLauncher
from .marathon.api import SERVICES, NotAuthorized
from .marathon.service import Marathon
from .mesos import Mesos, Task
from .programs.base import Answer, Program
from .programs.registry import RELAY, program_of

LOG = logging.getLogger(__name__)
ROUND_SECONDS = 0.5
SHORTEST_ROUND = 0.05
SAVE_SECONDS = 0.5


class Cluster:
    """One DC/OS."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.release = config.release
        self.clock = config.clock
        self.started = self.elected = self.clock.now()
        self.leader: str | None = config.masters[0]
        self.iam = Iam(config)
        self.admin_router = AdminRouter(config, self.iam)
        self._file = config.state_dir / "state.json"
        kept = json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}
        self.master_id: str = kept.get("master_id") or str(uuid.uuid4())
        self.zookeeper: dict[str, str] = kept.get("zookeeper", {})
        self.agents = Agents(self.clock, config.agent_timeout_seconds, self.master_id)
        self.launcher = self._make_launcher()
        self.mesos = Mesos(self.clock, self.agents, self.launcher, config.start_seconds)
        if kept:
            self.agents.load(kept["agents"])
            self.mesos.load(kept["mesos"])
        self.marathon = Marathon(self.clock, self.mesos, self.release, self._adapt)
        if kept:
            self.marathon.apps.load(kept["marathon"])
        self.cosmos = Cosmos(self)
        self.scheduler_url = config.scheduler_url or ""
        self._programs: dict[str, Program] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._saved, self._save_at = "", 0.0

    def _make_launcher(self) -> Launcher:
        if self.config.launcher.get("kind") == "local":
            return LocalLauncher(
                self.config.state_dir / "sandboxes", self.config.launcher, sys.executable, self.release.networks
            )
        return AgentLauncher()

    # -- loops ------------------------------------------------------------------------------

    def start(self) -> None:
        self.spawn(self._repeat(self._tick))
        self.spawn(self._repeat(self.mesos.poll))
        self.spawn(self._repeat(self._check_health))

    async def _repeat(self, work: Any) -> None:
        while True:
            try:
                await work()
            except asyncio.CancelledError:
                raise
            except Exception:
                LOG.exception("%s", work.__qualname__)
            await asyncio.sleep(max(SHORTEST_ROUND, self.clock.scaled(ROUND_SECONDS)))

    async def _tick(self) -> None:
        await self.marathon.tick()
        await self._follow_programs()
        if self.clock.now() >= self._save_at:
            self._save_at = self.clock.now() + SAVE_SECONDS
            self._save()

    async def _check_health(self) -> None:
        await self.marathon.health.check(self.marathon.tasks())

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        running = asyncio.ensure_future(work)
        self._background.add(running)
        running.add_done_callback(self._background.discard)

    async def stop(self) -> None:
        for running in list(self._background):
            running.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self._save()
        for program in list(self._programs.values()):
            await program.stop()
        await asyncio.to_thread(self.launcher.close)

    def _save(self) -> None:
        state = {
            "master_id": self.master_id,
            "zookeeper": self.zookeeper,
            "agents": self.agents.dump(),
            "mesos": self.mesos.dump(),
            "marathon": self.marathon.apps.dump(),
        }
        text = json.dumps(state)
        if text != self._saved:
            fresh = self._file.with_suffix(".new")
            fresh.write_text(text, encoding="utf-8")
            fresh.chmod(0o600)
            fresh.replace(self._file)
            self._saved = text

    # -- programs ---------------------------------------------------------------------------

    def _adapt(self, order: dict[str, Any]) -> None:
        """A task that is a scheduler played here becomes a relay to it."""
        if program_of(order["image"], order["env"]) is None:
            return
        order["command"] = f'exec "${{STANDIN_PYTHON:-python3}}" {RELAY}'
        order["files"] = {RELAY: Path(__file__).with_name(RELAY).read_text(encoding="utf-8")}
        order["env"]["RELAY_TO"] = f"{self.scheduler_url}/_scheduler/{order['env']['MESOS_TASK_ID']}"

    async def _follow_programs(self) -> None:
        """Start a program when its task runs, stop it when the task has ended."""
        for task in self.marathon.tasks():
            kind = program_of(task.order["image"], task.order["env"])
            if kind and task.running and task.id not in self._programs:
                self._programs[task.id] = kind(self, task)
                self._programs[task.id].start()
        for task_id, program in list(self._programs.items()):
            if program.host.terminal:
                del self._programs[task_id]
                await program.stop()

    def program(self, task_id: str) -> Program | None:
        return self._programs.get(task_id)

    def _program_of_app(self, app_id: str) -> Program | None:
        running = [
            program
            for program in self._programs.values()
            if program.host.data["app"] == app_id and not program.host.terminal
        ]
        return running[-1] if running else None

    def ask_program(self, app_id: str, method: str, path: str) -> Answer | None:
        program = self._program_of_app(app_id)
        return program.handle(method, path, {}) if program else None

    def program_env(self, app_id: str) -> dict[str, str]:
        program = self._program_of_app(app_id)
        return program.env if program else {}

    # -- questions --------------------------------------------------------------------------

    def service_task(self, name: str) -> Task | None:
        """The task behind /service/NAME: of an app with that label, or of a framework with that name."""
        for task in self.marathon.tasks():
            app = self.marathon.apps.apps.get(task.data["app"])
            if app and task.running and app.definition["labels"].get("DCOS_SERVICE_NAME") == name:
                return task
        return next((program.host for program in self._programs.values() if program.name == name), None)

    def may_marathon(self, uid: str | None) -> bool:
        """Marathon's own permission, which Cosmos needs too; nobody is asked where nobody logs in."""
        return uid is None or self.iam.may(uid, SERVICES)

    def check_marathon(self, uid: str | None) -> None:
        if not self.may_marathon(uid):
            raise NotAuthorized

    async def elect(self, ip: str | None, seconds: float) -> None:
        """No leader for a time, then this one, which knows the schedule and nothing of what frameworks answered."""
        self.leader = None
        self.mesos.maintenance.answers.clear()
        await asyncio.sleep(self.clock.scaled(seconds))
        self.leader, self.elected = ip, self.clock.now()
