#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: dcos_calico_framework
short_description: End Calico's framework of the Universe while what it has started goes on
version_added: 0.1.0
description:
  - The package C(calico) 0.4.0 and older runs a framework that keeps an etcd proxy and calico/node on each agent, and starts anew what ends there. This module
    ends the framework first, and leaves its tasks to whoever replaces them.
  - Its app in Marathon gets no instances. That ends the scheduler and not the framework, whose tasks go on for the week that it has asked Mesos for.
    Only when Mesos has no task of it any more, its package is uninstalled. Uninstalling it earlier may end all its tasks on all agents at once, where its
    C(framework-name) is C(calico); with another name it ends them a week later.
  - Runs on the controller. Two requests, two more where the package is installed; two more, and two for each look of a wait, where the scheduler
    runs.
author:
  - dcos.calico maintainers (@dcos)
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._dcos
  - dcos.calico._dcos.actiongroup
options:
  state:
    description:
      - V(suspended) ends the scheduler, and waits until Mesos has noticed. Refused while the framework has other tasks than proxies and calico/node, such as
        those by which it installs, or Docker's network driver of packages before 0.4.0.
      - V(absent) does so, and uninstalls the package if no task of the framework is left. If some are, it stays suspended, and RV(agents) names where they are.
    type: str
    choices: [suspended, absent]
    required: true
  wait_timeout:
    description:
      - Seconds for the scheduler to end, and for the package to be uninstalled.
    type: float
    default: 300
notes:
  - Written from the source of calico-dcos 0.4.0, Mesos 1.2 and Cosmos 0.3 to 0.6. It was not tried on a real DC/OS.
  - A Mesos agent that restarts ends the framework's tasks there, because the framework asks for no checkpoints, and nothing starts them anew while it is
    suspended.
  - What the framework has in ZooKeeper stays (C(/calico)). Mesos forgets the framework itself a week after its scheduler has ended.
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it. Does not wait.
  diff_mode:
    description: Shows what changes of the app and the package.
    support: full
seealso:
  - module: dcos.calico.dcos_package
"""

EXAMPLES = r"""
- name: Have Calico's framework start nothing anew
  dcos.calico.dcos_calico_framework:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
    state: suspended
  delegate_to: localhost

- name: Uninstall it when nothing of it is left
  dcos.calico.dcos_calico_framework:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
app_id:
  description: Id of the package's app, null where the package is not installed, or is not any more.
  returned: success
  type: str
  sample: /calico-install-framework
version:
  description: Version of the package, null where it is not installed, or is not any more.
  returned: success
  type: str
  sample: 0.4.0
tasks:
  description: Number of the framework's tasks that run.
  returned: success
  type: int
  sample: 4
agents:
  description: Addresses of the agents on which they run.
  returned: success
  type: list
  elements: str
  sample: [10.0.1.11, 10.0.1.12]
text:
  description: How it is, in words; in check mode as it was found.
  returned: success
  type: str
  sample: "package calico 0.4.0 (/calico-install-framework), 0 instances of its scheduler; 4 tasks on 2 agents (10.0.1.11, 10.0.1.12)"
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _mesos, _packages, _readiness, _watch
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient, make_client
from ansible_collections.dcos.calico.plugins.module_utils._dcos._maintenance import ALIVE
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import argument_spec
from ansible_collections.dcos.calico.plugins.module_utils._dcos._package_service import Service
from ansible_collections.dcos.calico.plugins.module_utils._dcos._shape import ANY
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = argument_spec(
    state=dict(type="str", choices=["suspended", "absent"], required=True),
    wait_timeout=dict(type="float", default=300),
)
PACKAGE = "calico"
STATE = {
    "frameworks?": [{"id?": str, "name?": str, "active?": bool, "tasks?": [{"id?": str, "state?": str, "slave_id?": str}]}],
    "slaves?": [{"id": str, "hostname?": str, "pid?": str, "attributes?": ANY, "resources?": ANY}],
}
POLL_EVERY = 2.0
# calico-dcos names its tasks by their classes (framework/tasks.py, new_task_id()). These are what calico_node and etcd_proxy replace.
TAKEN_OVER = ("RunEtcdProxy", "RunCalicoNode")
LIBNETWORK = "RunCalicoLibnetwork"
# What a task that has just ended takes to be known to the master.
SETTLE_SECONDS = 30.0
SHOWN = 8


@dataclasses.dataclass(frozen=True)
class Found:
    """What Mesos has of the framework.

    :ivar active: whether a scheduler of it is connected.
    :ivar tasks: the agent's address of each task that runs.
    :ivar others: (class, agent's address) of those that are neither a proxy nor calico/node.
    """

    active: bool
    tasks: tuple[str, ...]
    others: tuple[tuple[str, str], ...] = ()

    @property
    def agents(self) -> list[str]:
        return sorted(set(self.tasks), key=_mesos.by_address)

    def text(self) -> str:
        if not self.tasks:
            return "no task of it runs"
        some = ", ".join(self.agents[:SHOWN]) + (
            f" and {len(self.agents) - SHOWN} more" if len(self.agents) > SHOWN else ""
        )
        return f"{len(self.tasks)} task{'s' * (len(self.tasks) > 1)} on {len(self.agents)} agent{'s' * (len(self.agents) > 1)} ({some})"


def find(state: Mapping[str, Any]) -> Found:
    """Out of the answer of /mesos/state. Pure.

    :raises ValueError: if it is none.
    """
    frameworks = [one for one in state.get("frameworks") or [] if one.get("name") == _readiness.CALICO_FRAMEWORK]
    known = {
        agent.id: agent.address or agent.id for agent in _mesos.parse_agents({"slaves": state.get("slaves") or []})
    }
    tasks = [task for one in frameworks for task in one.get("tasks") or [] if task.get("state") in ALIVE]
    where = [(kind_of(task), known.get(str(task.get("slave_id")), "an agent that is away")) for task in tasks]
    others = tuple(pair for pair in where if pair[0] not in TAKEN_OVER)
    return Found(any(one.get("active") for one in frameworks), tuple(agent for _kind, agent in where), others)


def kind_of(task: Mapping[str, Any]) -> str:
    """The class of a task by its id, such as RunEtcdProxy-UUID; empty for what is none."""
    kind = str(task.get("id") or "").partition("-")[0]
    return kind if kind.isalnum() else ""


class Job:
    """One run of the module."""

    def __init__(self, module: AnsibleModule, client: DcosClient) -> None:
        self.absent = module.params["state"] == "absent"
        self.check_mode, self.diff = module.check_mode, module._diff
        self.client, self.service = client, Service(client)
        self.deadline = client.deadline(module.params["wait_timeout"])

    def run(self) -> dict[str, Any]:
        package, found = self.service.single(PACKAGE, None), self._look()
        instances = int((package.app or {}).get("instances", 0))
        if found.active and package.installed is None:
            raise CalicoError(
                "Calico's framework runs, and no package of it is installed",
                f"Mesos has an active framework {_readiness.CALICO_FRAMEWORK}, and Cosmos no package {PACKAGE}",
                "End its scheduler where it was started, not the framework itself, so that its tasks go on",
            )
        if found.others and not self.absent:
            raise self._others(found)
        plan, app_id = Plan(), package.installed.app_id if package.installed else None
        if app_id and instances:
            plan.add(f"app {app_id}", {"instances": instances}, {"instances": 0})
            if not self.check_mode:
                self.service.marathon.update(app_id, {"instances": 0}, force=True)
        if app_id and not self.check_mode and (instances or found.active):
            self.client.wait_until(
                lambda: self._ended(app_id), self.deadline, "the end of the scheduler of Calico's framework", POLL_EVERY
            )
            found, instances = self._look(), 0
        if self.absent and app_id:
            found = self._settled(found)
            if not found.tasks:
                plan.extend(_packages.reconcile(None, package, app_id, PACKAGE))
                if not self.check_mode:
                    self.service.uninstall(PACKAGE, app_id)
                    _watch.wait_until_gone(self.client, PACKAGE, app_id, self.deadline, _watch.Progress(None, PACKAGE))
                    app_id = None
        return {**plan.result(self.diff), **self._told(package, app_id, instances, found)}

    @staticmethod
    def _others(found: Found) -> CalicoError:
        kind, agent = found.others[0]
        remedy = "Wait until it has done its work on all agents, and run again"
        if kind == LIBNETWORK:
            remedy = (
                "Packages before 0.4.0 serve Docker's networks by it. Let the app of the framework have 0 instances, then, on each agent, docker rm -f the "
                "container of the image calico/node-libnetwork, set calico_node_libnetwork to true, and run again. Docker's containers go on, and none can "
                "be started on Calico's networks until the agent is taken over"
            )
        what = f"Calico's framework runs what is not taken over: {kind or 'a task'} on {agent}"
        more = f"there are {len(found.others)} such tasks" if len(found.others) > 1 else None
        return CalicoError(what, more, remedy)

    def _look(self) -> Found:
        response = self.client.get("/mesos/state")
        try:
            return find(response.shaped(STATE))
        except ValueError as error:
            raise response.strange(str(error)) from None

    def _ended(self, app_id: str) -> tuple[bool, str]:
        """A framework counts as active for as long as its scheduler's connection is there."""
        app, found = self.service.marathon.app(app_id) or {}, self._look()
        running = int(app.get("tasksRunning", 0))
        return (
            not found.active and not running,
            f"{running} instances run, and Mesos takes the framework for {'active' if found.active else 'ended'}",
        )

    def _settled(self, found: Found) -> Found:
        """Those of hosts that were taken over just now end at this moment."""
        deadline = self.client.deadline(0 if self.check_mode else SETTLE_SECONDS)
        while found.tasks and deadline.pause(POLL_EVERY):
            found = self._look()
        return found

    @staticmethod
    def _told(package: _packages.Actual, app_id: str | None, instances: int, found: Found) -> dict[str, Any]:
        known = (
            f"package {PACKAGE} {package.version} ({app_id}), {instances} instances of its scheduler"
            if app_id
            else f"no package {PACKAGE} is installed"
        )
        version = package.version if app_id else None
        return {
            "app_id": app_id,
            "version": version,
            "tasks": len(found.tasks),
            "agents": found.agents,
            "text": f"{known}; {found.text()}",
        }


def job(module: AnsibleModule) -> dict[str, Any]:
    """Suspend, uninstall; see RETURN."""
    client = make_client(module)
    try:
        return Job(module, client).run()
    finally:
        client.close()


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == "__main__":
    main()
