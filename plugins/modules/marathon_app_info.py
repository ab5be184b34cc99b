#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: marathon_app_info
short_description: List apps of Marathon, and wait until they run
version_added: 0.1.0
description:
  - Tells what apps there are below a group, how far each is, why its last task ended, and where its tasks run. All apps of the group by one request.
  - Can wait until each is deployed and runs. An app that cannot be started ends no run here; it is told of with its cause.
  - Runs on the controller. It only reads.
author:
  - dcos.calico maintainers (@dcos)
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._dcos
  - dcos.calico._dcos.actiongroup
options:
  group:
    description:
      - Id of a group. Apps below it are listed, whatever their depth.
    type: str
    default: /
  wait:
    description:
      - Wait until each app is deployed and all its instances run, or until it has failed so often that there is no hope; see O(failures).
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds for all apps together. What is not ready then is returned as it is.
    type: float
    default: 120
  failures:
    description:
      - How many tasks of an app must have failed, one after the other, for it not to be waited for any more.
    type: int
    default: 3
  mesos:
    description:
      - Ask Mesos, too, what addresses each task has.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: See how the apps of a group are
  dcos.calico.marathon_app_info:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
    group: /shop
    wait: true
  delegate_to: localhost
  register: shop
"""

RETURN = r"""
apps:
  description: The apps, ordered by id.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its absolute id.
      type: str
      returned: always
      sample: /shop/web
    labels:
      description: Its labels.
      type: dict
      returned: always
      sample:
        team: shop
    ready:
      description: Whether it is deployed, runs and is healthy.
      type: bool
      returned: always
      sample: true
    text:
      description: How far it is, in words.
      type: str
      returned: always
      sample: 2 of 2 instances run
    failure:
      description: Why a task of this version ended and where, empty if none did.
      type: str
      returned: always
      sample: ""
    tasks:
      description: Its tasks.
      type: list
      elements: dict
      returned: always
      sample:
        - id: shop_web.b3f1c9a2-0f7e-11e8-9d3c-70b3d5800001
          host: 10.0.1.11
          state: TASK_RUNNING
          ports: []
          addresses: [192.168.12.5]
          mesos_addresses: [192.168.12.5]
settled:
  description: Whether all apps are ready.
  returned: success
  type: bool
  sample: true
"""

from collections import defaultdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _marathon, _mesos
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient, make_client
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import DeadlineExceeded
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon import Marathon
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon_app import App
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import argument_spec
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = argument_spec(
    group=dict(type="str", default="/"),
    wait=dict(type="bool", default=False),
    wait_timeout=dict(type="float", default=120),
    failures=dict(type="int", default=3),
    mesos=dict(type="bool", default=False),
)
POLL_EVERY = 1.0
# Tasks that others started meanwhile
MORE_TASKS = 400


class Job:
    """One run of the module."""

    def __init__(self, params: dict[str, Any], client: DcosClient) -> None:
        self.params = params
        self.client = client
        self.marathon = Marathon(client)
        self.apps: list[App] = []
        self.failed: dict[str, set[str]] = defaultdict(set)

    def run(self) -> dict[str, Any]:
        if self.params["wait"]:
            try:
                self.client.wait_until(self._look, self.client.deadline(self.params["wait_timeout"]), "the apps", POLL_EVERY)
            except DeadlineExceeded:
                pass  # Told of by each app that is not ready
        else:
            self._look()
        tasks = {str(app["id"]): _marathon.addresses(self.marathon.tasks(app)) for app in self.apps}
        if self.params["mesos"]:
            self._ask_mesos([task for found in tasks.values() for task in found])
        apps = [self._report(app, tasks[str(app["id"])]) for app in self.apps]
        return {"changed": False, "apps": apps, "settled": all(app["ready"] for app in apps)}

    def _look(self) -> tuple[bool, str]:
        self.apps = self.marathon.apps(self.params["group"])
        waiting = []
        for app in self.apps:
            failure = app.get("lastTaskFailure") or {}
            if _marathon.last_failure(app):
                self.failed[str(app["id"])].add(str(failure.get("taskId")))
            if not _marathon.health(app).ready and len(self.failed[str(app["id"])]) < self.params["failures"]:
                waiting.append(str(app["id"]))
        return not waiting, f"not ready: {', '.join(waiting)}"

    def _ask_mesos(self, tasks: list[dict[str, Any]]) -> None:
        found = _mesos.task_addresses(self.client, len(tasks) + MORE_TASKS) if tasks else {}
        for task in tasks:
            task["mesos_addresses"] = found.get(task["id"], [])

    @staticmethod
    def _report(app: App, tasks: list[dict[str, Any]]) -> dict[str, Any]:
        health = _marathon.health(app)
        failure = _marathon.last_failure(app)
        return {"id": app["id"], "labels": dict(app.get("labels") or {}), "ready": health.ready, "text": health.text, "failure": failure, "tasks": tasks}


def job(module: AnsibleModule) -> dict[str, Any]:
    """Look, or wait; see RETURN."""
    client = make_client(module)
    try:
        return Job(module.params, client).run()
    finally:
        client.close()


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == "__main__":
    main()
