#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: marathon_app
short_description: Keep apps of Marathon a list in one call
version_added: 0.1.0
description:
  - Makes, changes and removes apps, and waits until they are deployed.
  - Definitions may be in the form of Marathon 1.4 (C(ipAddress), C(container.docker.network)) or in that of 1.5 (C(networks)). Each is compared in the
    newer form, and sent in the one that the cluster's Marathon takes, so one definition fits DC/OS 1.9 and 2.2, and an app that Marathon answers in another
    form is unchanged.
  - A setting that a definition does not name is left as it is. Of one that it names, what Marathon fills in by itself is no difference.
    C(env) and C(labels) are compared whole, so what is no longer there is removed.
  - Runs on the controller.
author:
  - dcos.calico maintainers (@dcos)
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._dcos
  - dcos.calico._dcos.actiongroup
options:
  apps:
    description:
      - Definitions of apps, as Marathon takes them. Each needs C(id); with O(state=absent) or O(state=suspended) that is enough.
    type: list
    elements: dict
    required: true
  secret_env:
    description:
      - More of C(env) by the app's id, laid over that of O(apps), whose values are shown nowhere. Put nothing but secret text here, because its values are
        hidden in all output.
    type: dict
    default: {}
  state:
    description:
      - V(present) makes or changes the apps.
      - V(suspended) does the same, and lets no instance run.
      - V(absent) removes them.
    type: str
    choices: [present, suspended, absent]
    default: present
  force:
    description:
      - Go on where another deployment locks an app, which ends that deployment where it is. Otherwise that is an error.
    type: bool
    default: false
  wait:
    description:
      - Wait until each app is deployed, all its instances run, and are healthy where it has health checks; with O(state=absent) until it is gone.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds for all apps together.
    type: float
    default: 300
notes:
  - Values of C(env) are hidden in differences where their name speaks of a password, secret, token or key. Ansible shows arguments at high verbosity and
    writes them to the system's log, so give secrets to an app as Marathon's own C(secrets), or by O(secret_env).
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it. Does not wait.
  diff_mode:
    description: Shows what differs of each app before and after.
    support: full
"""

EXAMPLES = r"""
- name: Run a web server on Calico's network
  dcos.calico.marathon_app:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
    apps:
      - id: /web
        cmd: python3 -m http.server 80
        cpus: 0.1
        mem: 64
        instances: 2
        container:
          type: MESOS
          portMappings: []
        networks:
          - mode: container
            name: calico
            labels:
              role: web
  delegate_to: localhost

- name: Remove it again
  dcos.calico.marathon_app:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
    apps:
      - id: /web
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
apps:
  description: What became of each app, in the order of O(apps).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its absolute id.
      type: str
      returned: always
      sample: /web
    action:
      description: What was, or in check mode would be, done, V(created), V(updated), V(deleted) or V(none).
      type: str
      returned: always
      sample: created
    differences:
      description: What was different from the desired state, where it was there before.
      type: list
      elements: str
      returned: always
      sample: ["instances is 1, not 2"]
    ready:
      description: Whether it is deployed, runs and is healthy. V(false) where it is not there.
      type: bool
      returned: always
      sample: true
    text:
      description: How far it is, in words.
      type: str
      returned: always
      sample: 2 of 2 instances run
    tasks:
      description: Its tasks; in check mode those before.
      type: list
      elements: dict
      returned: always
      sample:
        - id: web.b3f1c9a2-0f7e-11e8-9d3c-70b3d5800001
          host: 10.0.1.11
          state: TASK_RUNNING
          ports: []
          addresses: [192.168.12.5]
marathon_version:
  description: Major and minor version of Marathon.
  returned: success
  type: str
  sample: "1.5"
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _marathon, _options, _packages
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient, make_client
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon import Marathon
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon_app import (
    DEFINITION,
    App,
    app_id,
    canonical,
    changed_settings,
    differences,
    for_version,
)
from ansible_collections.dcos.calico.plugins.module_utils._dcos._schema import Difference
from ansible_collections.dcos.calico.plugins.module_utils._dcos._shape import problem
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = _options.argument_spec(
    apps=dict(type="list", elements="dict", required=True),
    secret_env=dict(type="dict", default={}, no_log=True),
    state=dict(type="str", choices=["present", "suspended", "absent"], default="present"),
    force=dict(type="bool", default=False),
    wait=dict(type="bool", default=True),
    wait_timeout=dict(type="float", default=300),
)
# In Marathon 1.4 these belong to one another
NETWORKING = ("networks", "container", "ipAddress")
POLL_EVERY = 2.0
OLD = f"{_packages.HIDDEN[:-1]}, old)"
ENV = "env."


def secret_env(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The option C(secret_env), by absolute id.

    :raises ValidationError: if it is not by ids.
    """
    wrong = sorted(str(name) for name, env in given.items() if not isinstance(env, Mapping))
    if wrong:
        raise ValidationError(f"secret_env has no names and values below {', '.join(wrong)}", None, "Write it as {/web: {PASSWORD: ...}}")
    return {app_id(str(name)): canonical({"env": dict(env)})["env"] for name, env in given.items()}


def secret_values(apps: Iterable[Mapping[str, Any]]) -> set[str]:
    """Values of environments whose names say that they are secret: Ansible shows arguments."""
    environments = [app["env"] for app in apps if isinstance(app.get("env"), Mapping)]
    return {value for env in environments for name, value in env.items() if isinstance(value, str) and value and _packages.is_secret((str(name),), ())}


def masked(app: Mapping[str, Any], secret: Collection[str] = ()) -> App:
    """A definition; C(secret) are names in its environment."""
    shown = dict(app)
    if isinstance(app.get("env"), dict):
        shown["env"] = _packages.masked(app["env"], [(name,) for name in secret])
    return shown


def sides(found: Iterable[Difference], secret: Collection[str] = ()) -> tuple[App, App]:
    """What differs, before and after; where both are hidden, that they differ."""
    before, after = {}, {}
    for one in found:
        hidden = _is_hidden(one, secret)
        before[one.option] = OLD if hidden else _visible(one.option, one.installed, secret)
        after[one.option] = _packages.HIDDEN if hidden and one.desired is not None else _visible(one.option, one.desired, secret)
    return before, after


def sentences(found: Iterable[Difference], secret: Collection[str] = ()) -> list[str]:
    """The same in words."""
    said = []
    for one in found:
        shown = one._replace(installed=_visible(one.option, one.installed, secret), desired=_visible(one.option, one.desired, secret))
        if _is_hidden(one, secret):
            said.append(f"{one.option} differs {_packages.HIDDEN}" if one.desired is not None else f"{one.option} is set, and is not required")
        else:
            said += _packages.sentences([shown])
    return said


def _is_hidden(one: Difference, secret: Collection[str]) -> bool:
    """Whether neither value may be shown. Of an environment's variable that nobody names any more nobody can say whether it was secret."""
    name = one.option[len(ENV):]
    return one.option.startswith(ENV) and (name in secret or one.desired is None or _packages.is_secret((name,), ()))


def _visible(option: str, value: Any, secret: Collection[str]) -> Any:
    """A value without secrets, where a whole environment differs."""
    return masked({"env": value}, secret)["env"] if option == "env" and isinstance(value, dict) else value


def desired_apps(params: dict[str, Any]) -> list[App]:
    """The definitions, with absolute ids.

    :raises ValidationError: for one without an id, or twice the same; for secrets of none of them.
    """
    secret = secret_env(params["secret_env"])
    found = []
    for number, app in enumerate(params["apps"], 1):
        if not str(app.get("id") or "").strip("/"):
            raise ValidationError(f"App {number} of {len(params['apps'])} has no id", None, "Give each app an id, such as /web")
        wrong = problem(app, DEFINITION, f"app {app['id']}")
        if wrong:
            raise ValidationError(f"App {app['id']} is not written as Marathon takes it", wrong, "Write it as Marathon's API has it")
        desired = canonical(app)
        if secret.get(desired["id"]):
            desired["env"] = {**desired.get("env", {}), **secret[desired["id"]]}
        if params["state"] == "suspended":
            desired["instances"] = 0
        found.append(desired)
    ids = [app["id"] for app in found]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise ValidationError(f"Apps are given twice: {', '.join(twice)}", None, "Give each app once")
    strange = sorted(set(secret) - set(ids))
    if strange:
        raise ValidationError(f"secret_env is given for {', '.join(strange)}", "apps has no such id", "Use the ids of apps")
    return found


def reconcile(desired: list[App], actual: dict[str, App | None], state: str, secret: Mapping[str, Any]) -> Plan:
    """The plan; C(how) of a change is (action, app id, differences). C(secret) has the environments that are not shown, by id."""
    plan = Plan()
    for app in desired:
        stored = actual[app["id"]]
        name = f"app {app['id']}"
        if state == "absent":
            plan.add(name, {"id": app["id"]} if stored is not None else None, None, how=("deleted", app["id"], []))
        elif stored is None:
            plan.add(name, None, masked(app, secret.get(app["id"], ())), how=("created", app["id"], []))
        else:
            found = differences(app, stored)
            before, after = sides(found, secret.get(app["id"], ()))
            if found:
                plan.add(name, before, after, how=("updated", app["id"], found))
    return plan


class Job:
    """One run of the module."""

    def __init__(self, module: AnsibleModule, client: DcosClient) -> None:
        self.params = module.params
        self.check_mode = module.check_mode
        self.client = client
        self.marathon = Marathon(client)
        self.deadline = client.deadline(self.params["wait_timeout"])
        self.secret = secret_env(self.params["secret_env"])
        self.seen: dict[str, App | None] = {}

    def run(self, want_diff: bool) -> dict[str, Any]:
        desired = desired_apps(self.params)
        version = self.marathon.version()
        # what this Marathon cannot do is to be known before anything is changed
        forms = {app["id"]: for_version(app, version) for app in desired}
        self.seen = {app["id"]: self.marathon.app(app["id"]) for app in desired}
        actual = dict(self.seen)
        plan = reconcile(desired, actual, self.params["state"], self.secret)
        actions = {change.how[1]: change.how for change in plan}
        if not self.check_mode:
            for change in plan:
                self._apply(*change.how, form=forms[change.how[1]])
            if self.params["wait"]:
                for app in desired:
                    self._wait(app["id"], None if app["id"] in actions else actual[app["id"]])
        apps = [self._report(app["id"], actions.get(app["id"])) for app in desired]
        return {**plan.result(want_diff), "apps": apps, "marathon_version": ".".join(map(str, version))}

    def _apply(self, action: str, name: str, found: list[Difference], form: App) -> None:
        force = self.params["force"]
        if action == "deleted":
            self.marathon.delete(name, force)
        elif action == "created":
            # somebody else may have made it meanwhile: then it is brought to what is required
            if not self.marathon.create(form):
                self.marathon.update(name, {key: value for key, value in form.items() if key != "id"}, force)
        else:
            names = changed_settings(found)
            if names & set(NETWORKING):
                names |= set(NETWORKING)
            self.marathon.update(name, {key: value for key, value in form.items() if key in names}, force)

    def _wait(self, name: str, unchanged: App | None) -> None:
        absent = self.params["state"] == "absent"
        if unchanged is not None and _marathon.health(unchanged).ready:
            return

        def check() -> tuple[bool, str]:
            app = self.seen[name] = self.marathon.app(name)
            if absent or app is None:
                return absent and app is None, "it is not there" if app is None else "it is still there"
            seen = _marathon.health(app)
            return seen.ready, seen.text

        self.client.wait_until(check, self.deadline, f"app {name} {'gone' if absent else 'deployed'}", POLL_EVERY)

    def _report(self, name: str, how: tuple[str, str, list[Difference]] | None) -> dict[str, Any]:
        """What became of an app."""
        if how and not self.check_mode and not self.params["wait"]:
            self.seen[name] = self.marathon.app(name)
        app = self.seen[name]
        health = _marathon.health(app) if app is not None else _marathon.Health(False, "it is not there")
        return {
            "id": app_id(name),
            "action": how[0] if how else "none",
            "differences": sentences(how[2], self.secret.get(name, ())) if how else [],
            "ready": health.ready,
            "text": health.text,
            "tasks": _marathon.addresses(self.marathon.tasks(app)) if app is not None else [],
        }


def job(module: AnsibleModule) -> dict[str, Any]:
    """Compare, change, wait; see RETURN."""
    _options.hide(module, secret_values(module.params["apps"]))
    client = make_client(module)
    try:
        return Job(module, client).run(module._diff)
    finally:
        client.close()


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == "__main__":
    main()
