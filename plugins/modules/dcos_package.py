#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: dcos_package
short_description: Install a package of the Universe and wait until it does its work
version_added: 0.1.0
description:
  - Installs a package by Cosmos, DC/OS' package service, and waits until it does its work, which is much later than "installed".
  - Options are validated by the package's own schema, and by Cosmos, before anything is installed. An option that the schema does not name is an error.
  - What is installed is compared with what is required, version and all options with their defaults. Cosmos notes the options on the app. Where it did not,
    the app itself is compared with the one that Cosmos would make of the desired options, and RV(compared=app).
  - A package that is installed, but not as required is an error that names each difference, unless O(reinstall=true) is given.
  - What ready means depends on the package. For C(etcd) 0.0.x, the scheduler calls the cluster healthy (C(/healthz)) and all members are in Mesos-DNS. For
    C(calico), every agent that Mesos has, and that is large enough, has taken every step that the options switch on (C(/json)). For packages of the SDK the
    plan C(deploy) is complete. For all others every instance runs, and is healthy where the app has health checks.
  - A scheduler is asked directly if the controller reaches it, and without any credentials. Otherwise what Marathon and Mesos know of it decides.
  - During a wait the action plugin of this module tells at least every 30 seconds what is waited for, by agent and step where there are such.
  - Runs on the controller.
author:
  - dcos.calico maintainers (@dcos)
extends_documentation_fragment:
  - dcos.calico._dcos
  - dcos.calico._dcos.actiongroup
options:
  name:
    description:
      - Name of the package.
    type: str
    required: true
  version:
    description:
      - Version of the package, required with O(state=present).
      - There is no default, because the newest one may be another product. C(etcd) without a version is 0.0.3 (etcd-mesos) up to DC/OS 1.10, and
        0.1.0-3.3.12 (an SDK service with other options, ports and DNS names) from 1.11 on.
    type: str
  options:
    description:
      - Options of the package, as C(dcos package install --options) takes them. Text is turned into a number or truth value where the schema wants one.
    type: dict
    default: {}
  secret_options:
    description:
      - More options, laid over O(options), whose values are shown nowhere. Put nothing but secret text here, because its values are hidden in all output.
    type: dict
    default: {}
  app_id:
    description:
      - Id of the package's app in Marathon. By default the one that the package makes of its options.
      - With O(state=absent) it is needed if the package is installed more than once.
    type: str
  state:
    description:
      - V(present) installs the package, V(absent) uninstalls it.
    type: str
    choices: [present, absent]
    default: present
  reinstall:
    description:
      - Uninstall a package first that is installed in another version or with other options. Data in it are lost.
      - C(etcd) 0.0.x cannot be reinstalled in one go, because its node in ZooKeeper has to be removed in between. It stays an error.
    type: bool
    default: false
  wait:
    description:
      - Wait until the package is ready, with O(state=absent) until its app is gone. What is installed already is waited for too.
      - A reinstallation always waits for the removal.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds for all waits together. C(etcd) may take 10 minutes; C(calico) restarts agents one by one and takes 20 and more.
    type: float
    default: 1800
  progress_file:
    description:
      - File on the controller to which the progress of waits is appended. By default, the action plugin makes one for itself and shows it.
    type: path
notes:
  - Uninstalling leaves things behind, which RV(leftovers) names for C(etcd) and C(calico). A new installation does not work before they are removed.
  - The package C(calico) 0.4.0 brings calico/node 1.0.0 and restarts every agent and Docker. It is not what this collection installs otherwise.
attributes:
  action:
    description: Has a corresponding action plugin, which shows the progress of a wait.
    support: full
  check_mode:
    description: Can run in check mode and tell what it would change without changing it. Does not wait.
    support: full
  diff_mode:
    description: Shows version and options before and after; what is secret, or is named so, is hidden.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing.
    support: full
seealso:
  - module: dcos.calico.dcos_package_info
"""

EXAMPLES = r"""
- name: Install the etcd that Calico 2.6 can use
  dcos.calico.dcos_package:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
    name: etcd
    version: 0.0.3
    options:
      etcd:
        cluster-size: 3
    wait_timeout: 1200
  delegate_to: localhost

- name: Uninstall Calico's framework, and show what stays behind
  dcos.calico.dcos_package:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
    name: calico
    state: absent
  delegate_to: localhost
  register: removed
"""

RETURN = r"""
app_id:
  description: Id of the package's app, null if nothing is or was installed.
  returned: success
  type: str
  sample: /etcd
version:
  description: Version that is installed afterwards, null if none.
  returned: success
  type: str
  sample: 0.0.3
previous_version:
  description: Version that was installed before, null if none.
  returned: success
  type: str
  sample: 0.0.3
compared:
  description: >-
    What was compared. V(options) as Cosmos noted them, V(app) where it did not, V(version) alone where versions differ; V(nothing) if nothing was
    installed, or with O(state=absent).
  returned: success
  type: str
  sample: options
differences:
  description: What was different from the desired state before.
  returned: success
  type: list
  elements: str
  sample: ["etcd.cluster-size is 1, not 3"]
ready:
  description: Whether the package does its work. Always V(false) with O(state=absent), and where nothing is installed yet in check mode.
  returned: success
  type: bool
  sample: true
readiness:
  description: What was seen last.
  returned: success
  type: dict
  contains:
    kind:
      description: By what it is validated, V(etcd), V(calico), V(sdk) or V(marathon); V(none) if it was not looked at.
      type: str
      returned: always
      sample: etcd
    source:
      description: Who said it, V(scheduler), V(mesos) or V(marathon); V(none) if it was not looked at.
      type: str
      returned: always
      sample: scheduler
    text:
      description: How far it is, in words.
      type: str
      returned: always
      sample: "the scheduler says: cluster is healthy; 3 of 3 members in DNS (10.0.1.11:1025, 10.0.1.12:1025, 10.0.1.13:1025)"
    agents:
      description: For C(calico), each agent with its steps.
      type: list
      elements: dict
      returned: always
      sample:
        - agent: 10.0.1.11
          id: 5b5b9f31-6a4c-4c4c-9f1a-1b1f7a1c0a37-S0
          able: true
          done: true
          doing: ""
          steps: {etcd proxy: running, Docker cluster store: finished, CNI plugin: finished, calico/node: running}
notes:
  description: What the package itself tells after an installation or a removal. It may say that all runs when it does not yet.
  returned: success
  type: list
  elements: str
  sample: []
leftovers:
  description: What a removal leaves behind, for the packages C(etcd) and C(calico). Empty if nothing was, or would be, uninstalled.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: The thing.
      type: str
      returned: always
      sample: ZooKeeper node /etcd
    where:
      description: Where it is.
      type: str
      returned: always
      sample: the masters
    remedy:
      description: How it is removed.
      type: str
      returned: always
      sample: docker run mesosphere/janitor /janitor.py -z etcd on a master
"""

import dataclasses
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _packages, _watch
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient, make_client
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import argument_spec
from ansible_collections.dcos.calico.plugins.module_utils._dcos._package_service import Service
from ansible_collections.dcos.calico.plugins.module_utils._dcos._readiness import Readiness
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = argument_spec(
    name=dict(type="str", required=True),
    version=dict(type="str"),
    options=dict(type="dict", default={}),
    secret_options=dict(type="dict", default={}, no_log=True),
    app_id=dict(type="str"),
    state=dict(type="str", choices=["present", "absent"], default="present"),
    reinstall=dict(type="bool", default=False),
    wait=dict(type="bool", default=True),
    wait_timeout=dict(type="float", default=1800),
    progress_file=dict(type="path"),
)
NOT_LOOKED_AT = Readiness(False, "none", "none", "not looked at")


class Job:
    """One run of the module."""

    def __init__(self, module: AnsibleModule, client: DcosClient) -> None:
        self.params = module.params
        self.check_mode = module.check_mode
        self.client = client
        self.service = Service(client)
        self.deadline = client.deadline(self.params["wait_timeout"])
        self.progress = _watch.Progress(self.params["progress_file"], self.params["name"])
        self.result: dict[str, Any] = {"compared": "nothing", "differences": [], "notes": [], "leftovers": []}
        self.diff: dict[str, Any] = {}

    def present(self, want_diff: bool) -> dict[str, Any]:
        desired = self.service.desired(self.params)
        actual = self.service.actual(desired.description.name, desired.app_id, desired.description)
        self._note_difference(desired, actual, self.params["reinstall"])
        plan = _packages.reconcile(desired, actual, desired.app_id, desired.description.name)
        changed = plan.changed
        if changed and not self.check_mode:
            changed = self._install(desired, actual)
        readiness = self._wait(desired, installed=actual.installed is not None and not plan.changed)
        version = desired.description.version
        return self._result(plan.result(want_diff), changed, desired.app_id, version, actual.version, readiness)

    def absent(self, want_diff: bool) -> dict[str, Any]:
        actual = self.service.single(self.params["name"], self.params["app_id"])
        if actual.installed is None:
            return self._result(_packages.reconcile(None, actual, "", self.params["name"]).result(want_diff), False, None, None, None, NOT_LOOKED_AT)
        app_id = actual.installed.app_id
        plan = _packages.reconcile(None, actual, app_id, self.params["name"])
        self.result["leftovers"] = self.service.leftovers(actual)
        if not self.check_mode:
            self._uninstall(actual, wait=self.params["wait"])
        return self._result(plan.result(want_diff), not actual.leaving, app_id, None, actual.version, NOT_LOOKED_AT)

    def _note_difference(self, desired: _packages.Desired, actual: _packages.Actual, may_differ: bool) -> None:
        """Return if an installed package may be left, or made, as required.

        :raises CalicoError: if it differs and must not be reinstalled, or uninstalls itself, or if its app's place is taken.
        """
        name = desired.description.name
        if actual.contradictory:
            raise CalicoError(
                f"It cannot be told what there is of package {name} ({desired.app_id})",
                "Cosmos and Marathon do not agree on whether it is installed, or in which version, however often they were asked",
                "See the logs of dcos-cosmos and dcos-marathon on the masters, and run again",
            )
        if actual.installed is None:
            if actual.app is not None:
                raise CalicoError(
                    f"Package {name} cannot be installed as {desired.app_id}", "Marathon has an app of this id that is no such package", "Give another app_id"
                )
            return
        if actual.leaving:
            remedy = f"Wait until its app is gone (state: absent waits), or finish it by hand in Marathon, and run again. {name} is not installed meanwhile"
            raise CalicoError(f"Package {name} ({desired.app_id}) is being uninstalled", None, remedy)
        comparison = _packages.compare(desired, actual)
        self.result.update(compared=comparison.by, differences=_packages.told(desired, actual, comparison))
        if not comparison.same:
            error = _packages.refused(desired, actual, comparison, may_differ)
            if error is not None:
                raise error
            self.result["leftovers"] = self.service.leftovers(actual)

    def _install(self, desired: _packages.Desired, actual: _packages.Actual) -> bool:
        """Install, after a removal if something else is there; whether it was us who did it."""
        if actual.installed is not None:
            self._uninstall(actual, wait=True)
        notes = self.service.install(desired)
        if notes is None:
            self._note_difference(desired, self.service.actual(desired.description.name, desired.app_id, desired.description), may_differ=False)
            return actual.installed is not None
        self.result["notes"] += notes
        return True

    def _uninstall(self, actual: _packages.Actual, wait: bool) -> None:
        name, app_id = self.params["name"], str(actual.installed and actual.installed.app_id)
        if not actual.leaving:
            self.result["notes"] += self.service.uninstall(name, app_id)
        if wait:
            _watch.wait_until_gone(self.client, name, app_id, self.deadline, self.progress)

    def _wait(self, desired: _packages.Desired, installed: bool) -> Readiness:
        """Wait until the package is ready; where nobody is to wait, look once at what is installed."""
        package = _watch.Package(desired.description.name, desired.description.version, desired.app_id, desired.complete)
        if self.check_mode or not self.params["wait"]:
            return _watch.Watch(self.client, package).look() if installed else NOT_LOOKED_AT
        return _watch.wait_until_ready(self.client, package, self.deadline, self.progress, self._suspicion(package))

    def _suspicion(self, package: _watch.Package) -> str:
        """What to think of first if it never does its work."""
        earlier = _packages.in_the_way_of_another(package.name, package.version, package.options)
        if earlier:
            return f"If it was installed here before, what stayed behind in ZooKeeper keeps it from its work: {earlier}"
        if self.result["leftovers"]:
            return f"It was reinstalled, and {self.result['leftovers'][0]['what']} of the old one is still there: see leftovers in the documentation"
        return ""

    def _result(
        self, base: dict[str, Any], changed: bool, app_id: str | None, version: str | None, previous: str | None, readiness: Readiness
    ) -> dict[str, Any]:
        seen = {**dataclasses.asdict(readiness), "agents": list(readiness.agents)}
        ready = seen.pop("ready")
        if "diff" in base and not changed:
            base["diff"] = []
        own = {"changed": changed, "app_id": app_id, "version": version, "previous_version": previous, "ready": ready, "readiness": seen}
        return {**base, **self.result, **own}


def job(module: AnsibleModule) -> dict[str, Any]:
    """Compare, change, wait; see RETURN."""
    client = make_client(module)
    try:
        one = Job(module, client)
        result = one.present(module._diff) if module.params["state"] == "present" else one.absent(module._diff)
        if one.progress.error:
            module.warn(one.progress.error)
        return result
    finally:
        client.close()


def main() -> None:
    run_module(
        job,
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        required_if=[("state", "present", ("version",))],
    )


if __name__ == "__main__":
    main()
