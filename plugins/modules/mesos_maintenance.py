#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: mesos_maintenance
short_description: Drain agents by Mesos' maintenance, and return them
version_added: 0.1.0
description:
  - Schedules maintenance of agents, waits until their tasks have left, takes their machines down where asked for, and returns them.
  - Mesos has one maintenance schedule, and whoever writes it replaces it. Windows of others are kept as they are. The schedule is read right before it is
    written, and again afterwards; what another program has written over is written again. There is no compare-and-swap, so what another program writes
    between that read and the write, which are one round trip apart, is lost unless it looks again too.
  - A window of this collection is known by its duration, whose part beyond whole seconds is 0.226000001 (O(temporary=true)) or 0.226000002. Nothing else is
    kept anywhere, so that any later call finds what an earlier one left, however that ended.
  - An agent in a window of somebody else is drained already. It is waited for, and that window stays.
  - Mesos moves no task. It tells the frameworks that have tasks there (an inverse offer), and they move them, or not. Marathon, and every other framework that
    uses Mesos' scheduler driver, is not told. From 1.7 on (DC/OS 1.12) it starts no new tasks on such an agent; before, it does.
  - Runs on the controller. Five requests where the schedule is written, at most three where it is as required, two for each look of a wait, and one more for
    each agent whose number of tasks has changed since the last look. Taking machines down sends three, returning agents seven, three more if they are down.
author:
  - dcos.calico maintainers (@dcos)
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._dcos
  - dcos.calico._dcos.actiongroup
options:
  agents:
    description:
      - The agents, each by the address or the host name by which it registered with Mesos, or by a name with O(aliases).
    type: list
    elements: str
    required: true
  aliases:
    description:
      - Further names by which Mesos may know an agent, a list each, by the name in O(agents).
      - The action plugin adds what the inventory has of a host of that name, C(ansible_host) and what its ip-detect said in this run.
    type: dict
    default: {}
  state:
    description:
      - V(draining) schedules maintenance from now on. The agent's frameworks are asked to leave; what runs goes on.
      - V(drained) does so, and waits until no task is left on the agent.
      - V(down) does so, and then takes the machine down. The master tells the agent to shut down, ends all tasks that are left there, and refuses the agent
        until it is up. It comes back as a new agent. For an agent that goes for good; a restart needs it not, because the agent's tasks survive that.
      - V(up) brings the machine up if it is down, and takes it out of the schedule.
    type: str
    choices: [draining, drained, down, up]
    required: true
  temporary:
    description:
      - The window is there for one run. A call with V(false) makes it one that stays, and a call with V(true) leaves a window that stays.
      - With O(state=up), V(true) ends such windows only, V(false) every window of this collection. That fails where all there is are windows of somebody else.
    type: bool
    default: false
  duration:
    description:
      - Seconds for which the agent is said to be unavailable. Nothing happens at their end but that Marathon uses the agent again. A call after it begins
        a new window.
    type: int
    default: 86400
  wait_timeout:
    description:
      - Seconds for the tasks of all agents to leave.
    type: float
    default: 600
  on_timeout:
    description:
      - What to do if tasks are left then. V(fail) fails; the agents stay in the schedule. V(continue) goes on, with V(down) to the end of those tasks.
    type: str
    choices: [fail, continue]
    default: fail
  unknown:
    description:
      - What to do with an agent that Mesos does not have, and that is not in the schedule. V(skip) takes it for drained, as one whose host is gone for good.
      - With O(state=up) there is nothing to return then, and nothing is done.
    type: str
    choices: [fail, skip]
    default: fail
  progress_file:
    description:
      - File on the controller to which the progress of the wait is appended. By default, the action plugin makes one for itself and shows it.
    type: path
notes:
  - An account of DC/OS Enterprise needs the permissions C(dcos:adminrouter:ops:mesos) and, for the names of frameworks, C(dcos:adminrouter:ops:slave).
  - The account has to see all of the schedule. Mesos leaves out of its answer what an account may not see (action C(GET_MAINTENANCE_SCHEDULE) of its ACLs), and
    a write would take that away.
  - Written from Mesos' documentation and source, 1.2 to 1.9. It was not tried on a real Mesos.
attributes:
  action:
    description: Has a corresponding action plugin, which shows the progress of a wait and knows the inventory's names of an agent.
    support: full
  check_mode:
    description: Can run in check mode and tell what it would change without changing it. Looks at the tasks once, and does not wait.
  diff_mode:
    description: Shows each agent's mode, and who has scheduled it, before and after.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing, and waits for tasks that are left.
seealso:
  - module: dcos.calico.mesos_agent
"""

EXAMPLES = r"""
- name: Drain an agent, whatever its frameworks say after ten minutes
  dcos.calico.mesos_maintenance:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
    agents: [10.0.1.11]
    state: drained
    on_timeout: continue
  delegate_to: localhost

- name: Return it
  dcos.calico.mesos_maintenance:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
    agents: [10.0.1.11]
    state: up
  delegate_to: localhost
"""

RETURN = r"""
agents:
  description: The agents, in the order of O(agents).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: As in O(agents).
      type: str
      returned: always
      sample: agent1
    hostname:
      description: The host name of its machine in Mesos, in lower case; empty with O(state=up) where it is not in the schedule.
      type: str
      returned: always
      sample: 10.0.1.11
    ip:
      description: The address of its machine in Mesos; empty with O(state=up) where it is not in the schedule.
      type: str
      returned: always
      sample: 10.0.1.11
    mode:
      description: What it is afterwards, V(up), V(draining) or V(down).
      type: str
      returned: always
      sample: draining
    scheduled_by:
      description: Whose window it is in afterwards, V(temporary), V(kept) or V(others), or null.
      type: str
      returned: always
      sample: temporary
    tasks:
      description: How many tasks were left at the last look, null where none was taken or the master does not hear of the agent.
      type: int
      returned: always
      sample: 0
    frameworks:
      description: Whose tasks they were, as far as the agent tells.
      type: list
      elements: dict
      returned: always
      sample:
        - id: 5b5b9f31-6a4c-4c4c-9f1a-1b1f7a1c0a37-0000
          name: marathon
          tasks: 2
          answer: none
drained:
  description: Whether no task is left on any of the agents; null where it was not looked.
  returned: success
  type: bool
  sample: true
"""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _maintenance, _mesos, _watch
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError, DcosError, DeadlineExceeded
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient, make_client
from ansible_collections.dcos.calico.plugins.module_utils._dcos._maintenance import DOWN, DRAINING, KEPT, OTHERS, TEMPORARY, UP, Machine
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import argument_spec
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = argument_spec(
    agents=dict(type="list", elements="str", required=True),
    aliases=dict(type="dict", default={}),
    state=dict(type="str", choices=["draining", "drained", "down", "up"], required=True),
    temporary=dict(type="bool", default=False),
    duration=dict(type="int", default=86400),
    wait_timeout=dict(type="float", default=600),
    on_timeout=dict(type="str", choices=["fail", "continue"], default="fail"),
    unknown=dict(type="str", choices=["fail", "skip"], default="fail"),
    progress_file=dict(type="path"),
)
POLL_EVERY = 5.0
# Of a write whose outcome nobody knows, or that another program writes over
SETTLE_SECONDS = 10.0
PAUSE = 1.0
SHOWN = 5
IPV4 = 4
PASSED = "a window that has passed"


@dataclasses.dataclass
class Target:
    """One agent of the call. agents are its ids in Mesos; machine is None where there is nothing to end."""

    name: str
    names: set[str]
    machine: Machine | None = None
    agents: list[str] = dataclasses.field(default_factory=list)
    tasks: int | None = None
    frameworks: list[_maintenance.Framework] = dataclasses.field(default_factory=list)

    def left(self) -> str:
        """What is left on it, in words; empty if nothing is."""
        if self.tasks == 0:
            return ""
        if self.tasks is None:
            return f"{self.name}: the master does not hear of it, so nobody knows its tasks"
        whose = "; ".join(map(str, self.frameworks)) or "of frameworks that are not known"
        return f"{self.name}: {self.tasks} {'task is' if self.tasks == 1 else 'tasks are'} left ({whose})"


class Job:
    """One run of the module."""

    def __init__(self, module: AnsibleModule, client: DcosClient) -> None:
        self.module, self.client = module, client
        self.params = module.params
        self.returning = self.params["state"] == UP
        self.kind = TEMPORARY if self.params["temporary"] else KEPT
        self.ended = _maintenance.kinds_ended(self.params["temporary"])
        aliases = self.params["aliases"] or {}
        self.targets = [Target(name, {str(one).lower() for one in (name, *_list(aliases.get(name)))}) for name in self.params["agents"]]
        self.progress = _watch.Progress(self.params["progress_file"], "maintenance")
        self.drained: bool | None = None

    def run(self) -> dict[str, Any]:
        listed = [] if self.returning else _mesos.agents(self.client)
        schedule = _maintenance.read_schedule(self.client)
        machines = [(_machine_of(agent), agent) for agent in listed]
        for target in self.targets:
            self._find(target, machines, schedule)
        self._refuse(machines, dict(_maintenance.machines(schedule)))
        before = self._modes(dict(_maintenance.machines(schedule)))
        after = {target.name: self._planned(*before[target.name]) if target.machine else before[target.name] for target in self.targets}
        plan = Plan()
        for name in before:
            plan.add(f"agent {name}", *({"mode": mode, "scheduled_by": by} for mode, by in (before[name], after[name])))
        if not self.module.check_mode:
            self._apply(plan.changed)
        elif self.params["state"] in ("drained", DOWN):
            self.drained, _text = self._look()
        agents = [_told(target, *after[target.name]) for target in self.targets]
        would = "would be" if self.module.check_mode and plan.changed else "is"
        self.progress.tell("; ".join(f"{agent['name']} {would} {agent['mode']}" for agent in agents))
        return dict(plan.result(self.module._diff), agents=agents, drained=self.drained)

    def _apply(self, changed: bool) -> None:
        if self.returning:
            if changed:
                self._settle("The end of the maintenance", self._left_to_return, self._return)
            return
        if changed:
            self._schedule()
        if self.params["state"] != "draining":
            self._wait()
        if self.params["state"] == DOWN:
            self._settle("The machine's mode down", self._left_to_take_down, lambda machines: _maintenance.switch(self.client, DOWN, machines))

    # -- who is who -------------------------------------------------------------------------

    def _find(self, target: Target, listed: list[tuple[Machine, _mesos.Agent]], schedule: _maintenance.Schedule) -> None:
        """Its machine as it registered; of an agent that is gone, as it is in the schedule."""
        own = {machine for machine, _agent in listed if machine.is_called(target.names)}
        if not own:
            windows = {machine: _maintenance.owner(window) for machine, window in _maintenance.machines(schedule) if machine.is_called(target.names)}
            own = {machine for machine, whose in windows.items() if whose in self.ended} or set(windows)
        if len(own) > 1:
            several = ", ".join(sorted(map(str, own)))
            raise CalicoError(f"{target.name} is the name of {len(own)} machines of Mesos", several, "Name it by the address that it registered with")
        target.machine = next(iter(own), None)
        target.agents = [agent.id for machine, agent in listed if machine == target.machine and not agent.recovered]
        if target.machine is None and not self.returning:
            if self.params["unknown"] == "fail":
                raise self._not_known(target, [str(machine) for machine, _agent in listed])
            target.tasks = 0
        if target.machine is not None and not target.machine.whole and not self.returning:
            why = "the leading master has not heard of it since it leads, and compares host name and address"
            raise CalicoError(f"The machine of {target.name} is not known whole: {target.machine}", why, "Wait until its Mesos agent has registered again")

    @staticmethod
    def _not_known(target: Target, known: list[str]) -> CalicoError:
        some = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
        return CalicoError(
            f"Mesos has no agent {target.name}, and no machine of that name in its maintenance schedule",
            f"it was looked for as {', '.join(sorted(target.names))}; its agents are {some or 'none'}",
            "Name it by the address or host name that it registered with, or see whether its Mesos agent runs",
        )

    def _refuse(self, listed: list[tuple[Machine, _mesos.Agent]], windows: dict[Machine, _maintenance.Window]) -> None:
        """What would take a window of others away, and the drain of agents whose tasks no other agent could take."""
        others = [target.name for target in self.targets if target.machine in windows and _maintenance.owner(windows[target.machine]) == OTHERS]
        only = not any(target.machine in windows and target.name not in others for target in self.targets)
        if others and self.returning and self.kind == KEPT and not only:
            self.module.warn(f"{', '.join(others)} stays in maintenance, because something else has scheduled it")
        elif others and (self.params["state"] == DOWN or (self.returning and self.kind == KEPT)):
            raise CalicoError(
                f"{', '.join(others)} cannot be {'returned' if self.returning else 'taken down'}, because something else has scheduled its maintenance",
                "bringing its machine up ends that window, and whoever made it may rely on it",
                "End that window where it was made, or leave this agent out. Nothing was changed",
            )
        new = [target.name for target in self.targets if target.machine is not None and target.machine not in windows]
        free = [agent for machine, agent in listed if agent.active and machine not in {*windows, *self._own()}]
        if new and not free:
            raise CalicoError(
                f"{', '.join(new)} cannot be drained, because no other agent would be left for the tasks",
                f"of {len(listed)} agents that Mesos has, no other one is active and out of maintenance",
                "Drain fewer agents at once. Nothing was changed",
            )

    def _own(self) -> list[Machine]:
        return [target.machine for target in self.targets if target.machine is not None]

    def _modes(self, windows: dict[Machine, _maintenance.Window]) -> dict[str, tuple[str, str | None]]:
        """{name: (mode, whose window)}; who is down is asked only if one of them is scheduled at all."""
        status = _maintenance.read_status(self.client) if set(self._own()) & set(windows) else None
        found: dict[str, tuple[str, str | None]] = {}
        for target in self.targets:
            if target.machine in windows and status is not None and target.machine is not None:
                window = windows[target.machine]
                passed = not self.returning and _maintenance.owner(window) == self.kind and _maintenance.is_over(window, time.time_ns())
                found[target.name] = status.mode(target.machine), PASSED if passed else _maintenance.owner(window)
            else:
                found[target.name] = UP, None
        return found

    def _planned(self, mode: str, by: str | None) -> tuple[str, str | None]:
        """What becomes of an agent with such a mode in such a window."""
        if self.returning:
            return (UP, None) if by in self.ended else (mode, by)
        stays = by == OTHERS or (by == KEPT and self.kind == TEMPORARY)
        return DOWN if self.params["state"] == DOWN or mode == DOWN else DRAINING, by if stays else self.kind

    # -- changes ----------------------------------------------------------------------------

    def _settle(self, what: str, missing: Callable[[], Any], write: Callable[[Any], None]) -> None:
        """Write until a look finds nothing missing: neither an answer nor its absence says what Mesos has by now."""
        failure: DcosError | None = None
        deadline, first = self.client.deadline(self.client.options.timeout + SETTLE_SECONDS), True
        while True:
            todo = missing()
            if not todo:
                return
            if not first and not deadline.pause(PAUSE):
                why = str(failure) if failure else "something else writes Mesos' maintenance schedule as well"
                raise ApiError(f"{what} was written and is not there", why, "See what else schedules maintenance, and run again")
            try:
                write(todo)
                failure = None
            except DcosError as error:
                if not error.transient:
                    raise
                failure = error
            first = False

    def _schedule(self) -> None:
        def missing() -> _maintenance.Schedule | None:
            found = _maintenance.read_schedule(self.client)
            desired = _maintenance.scheduled(found, self._own(), self.kind, time.time_ns(), self.params["duration"])
            return None if desired is found else desired

        self._settle("The maintenance schedule", missing, lambda schedule: _maintenance.write_schedule(self.client, schedule))

    def _schedule_again(self, status: _maintenance.Status) -> None:
        """Where another program has meanwhile written a schedule without an agent."""
        if not self.module.check_mode and any(status.mode(machine) == UP for machine in self._own()):
            self._schedule()

    def _left_to_take_down(self) -> list[Machine]:
        status = _maintenance.read_status(self.client)
        self._schedule_again(status)
        return [machine for machine in self._own() if machine not in status.down]

    def _left_to_return(self) -> tuple[list[Machine], _maintenance.Schedule] | None:
        """(those that are down, the schedule without the others); None if no window of ours is left."""
        down = _maintenance.read_status(self.client).down
        schedule = _maintenance.read_schedule(self.client)
        windows = dict(_maintenance.machines(schedule))
        mine = [machine for machine in self._own() if machine in windows and _maintenance.owner(windows[machine]) in self.ended]
        return ([machine for machine in mine if machine in down], _maintenance.without(schedule, mine)) if mine else None

    def _return(self, left: tuple[list[Machine], _maintenance.Schedule]) -> None:
        """Mesos takes a machine out of the schedule as it brings it up, and none that is down in another way."""
        down, schedule = left
        if down:
            _maintenance.switch(self.client, UP, down)
        else:
            _maintenance.write_schedule(self.client, schedule)

    # -- the wait ---------------------------------------------------------------------------

    def _wait(self) -> None:
        deadline = self.client.deadline(self.params["wait_timeout"])
        try:
            self.client.wait_until(self._look, deadline, "an end of all tasks", POLL_EVERY)
            self.drained = True
        except DeadlineExceeded as error:
            self.drained = False
            if self.params["on_timeout"] == "fail":
                raise self._not_left(error) from None

    def _look(self) -> tuple[bool, str]:
        status = _maintenance.read_status(self.client)
        self._schedule_again(status)
        summary = _maintenance.read_summary(self.client)
        for target in self.targets:
            if target.machine is None or target.machine in status.down:
                target.tasks, target.frameworks = 0, []
                continue
            before, target.tasks = target.tasks, _maintenance.tasks_alive(summary, target.agents)
            answers = status.answers.get(target.machine, {})
            if target.tasks and target.tasks != before:
                target.frameworks = self._whose(target)
            target.frameworks = [dataclasses.replace(one, answer=answers.get(one.id, one.answer)) for one in target.frameworks] if target.tasks else []
        text = "; ".join(filter(None, (target.left() for target in self.targets))) or "no task is left"
        self.progress.tell(text)
        return all(target.tasks == 0 for target in self.targets), text

    def _whose(self, target: Target) -> list[_maintenance.Framework]:
        """Whose tasks are on an agent; that it is not to be asked, or does not answer, hides names and nothing else."""
        try:
            return [framework for agent in target.agents for framework in _maintenance.read_frameworks(self.client, agent)]
        except DcosError:
            return []

    def _not_left(self, error: DeadlineExceeded) -> DcosError:
        left = "; ".join(filter(None, (target.left() for target in self.targets))) or str(error.why)
        marathon = any("marathon" in framework.name for target in self.targets for framework in target.frameworks)
        return DeadlineExceeded(
            f"Tasks did not leave within {self.params['wait_timeout']:g} seconds",
            f"{left}{'. Marathon moves no task for maintenance' if marathon else ''}",
            f"{'Kill them in Marathon, which starts them elsewhere from DC/OS 1.12 on, w' if marathon else 'W'}ait longer (wait_timeout), or go on without "
            "(on_timeout: continue)"
            + ("" if self.params["temporary"] else ". The agents stay in the maintenance schedule until they are returned (state: up)"),
        )


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


def _machine_of(agent: _mesos.Agent) -> Machine:
    """Of an agent that the master knows from its registry only, the address is not known, unless it is its host name as well."""
    return Machine(agent.hostname.lower(), agent.address if _mesos.by_address(agent.address)[0] == IPV4 else "")


def _told(target: Target, mode: str, by: str | None) -> dict[str, Any]:
    machine = target.machine or Machine("", "")
    frameworks = [dataclasses.asdict(framework) for framework in target.frameworks]
    return dict(name=target.name, hostname=machine.hostname, ip=machine.ip, mode=mode, scheduled_by=by, tasks=target.tasks, frameworks=frameworks)


def job(module: AnsibleModule) -> dict[str, Any]:
    """Schedule, wait, take down or return; see RETURN."""
    client = make_client(module)
    try:
        return Job(module, client).run()
    finally:
        client.close()


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == "__main__":
    main()
