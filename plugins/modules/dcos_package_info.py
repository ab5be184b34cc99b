#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: dcos_package_info
short_description: Look at packages of the Universe, and at those that are installed
version_added: 0.1.0
description:
  - Tells what packages are installed; of one package also its versions, the defaults of its options, and how far each of its installations is.
  - Runs on the controller and only reads.
author:
  - dcos.calico maintainers (@dcos)
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._dcos
  - dcos.calico._dcos.actiongroup
options:
  name:
    description:
      - Name of a package. Without it all installed packages are listed, and nothing else is asked.
    type: str
  version:
    description:
      - Version whose options are told, by default the newest one that this version of DC/OS takes.
    type: str
  app_id:
    description:
      - Look at this installation only.
    type: str
seealso:
  - module: dcos.calico.dcos_package
"""

EXAMPLES = r"""
- name: See which etcd there is, and whether it does its work
  dcos.calico.dcos_package_info:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
    name: etcd
    version: 0.0.3
  delegate_to: localhost
  register: etcd
"""

RETURN = r"""
installed:
  description: What is installed, of O(name) or in all.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the package.
      type: str
      returned: always
      sample: etcd
    version:
      description: Its version.
      type: str
      returned: always
      sample: 0.0.3
    app_id:
      description: Id of its app.
      type: str
      returned: always
      sample: /etcd
    options:
      description: The options it was installed with, defaults included and what is named as a secret hidden; null if Cosmos did not note them.
      type: dict
      returned: with O(name)
      sample: {etcd: {cluster-size: 3}}
    ready:
      description: Whether it does its work; see M(dcos.calico.dcos_package).
      type: bool
      returned: with O(name)
      sample: true
    readiness:
      description: How far it is, as M(dcos.calico.dcos_package) returns it.
      type: dict
      returned: with O(name)
      sample: {kind: etcd, source: scheduler, text: "the scheduler says: cluster is healthy", agents: []}
exists:
  description: Whether the Universe of this cluster has such a package, null without O(name).
  returned: success
  type: bool
  sample: true
versions:
  description: Versions of the package, oldest first.
  returned: success
  type: list
  elements: str
  sample: [0.0.2, 0.0.3, 0.1.0-3.3.12]
version:
  description: The version that RV(defaults) are of, null without O(name) or if there is none.
  returned: success
  type: str
  sample: 0.0.3
defaults:
  description: Options with their defaults; those without one are not among them.
  returned: success
  type: dict
  sample: {etcd: {framework-name: etcd, cluster-size: 3}}
"""

import dataclasses
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _packages, _schema, _watch
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient, make_client
from ansible_collections.dcos.calico.plugins.module_utils._dcos._cosmos import Installed
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon_app import app_id as absolute
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import argument_spec
from ansible_collections.dcos.calico.plugins.module_utils._dcos._package_service import Service
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = argument_spec(
    name=dict(type="str"),
    version=dict(type="str"),
    app_id=dict(type="str"),
)


def of_universe(service: Service, name: str, version: str | None) -> dict[str, Any]:
    """What the Universe has of a package; that it has none is an answer, too. An unknown version is an error."""
    try:
        versions = service.cosmos.versions(name)
        if versions:
            description = service.cosmos.describe(name, version)
            return {"exists": True, "versions": versions, "version": description.version, "defaults": _schema.defaults(description.schema)}
    except ApiError as error:
        if error.kind != "PackageNotFound":
            raise
    return {"exists": False, "versions": [], "version": None, "defaults": {}}


def look(client: DcosClient, service: Service, one: Installed) -> dict[str, Any]:
    """An installation, and how far it is."""
    options = service.single(one.name, one.app_id).options
    package = _watch.Package(one.name, one.version, one.app_id, options or {})
    readiness = _watch.Watch(client, package).look()
    seen = {**dataclasses.asdict(readiness), "agents": list(readiness.agents)}
    ready = seen.pop("ready")
    shown = None if options is None else _packages.masked(options, ())
    return {**dataclasses.asdict(one), "options": shown, "ready": ready, "readiness": seen}


def job(module: AnsibleModule) -> dict[str, Any]:
    """Read; see RETURN."""
    client = make_client(module)
    try:
        service = Service(client)
        name, app_id = module.params["name"], module.params["app_id"]
        installed = service.cosmos.installed(name, absolute(app_id) if app_id else None)
        result: dict[str, Any] = {"changed": False, "exists": None, "versions": [], "version": None, "defaults": {}}
        if not name:
            return {**result, "installed": [dataclasses.asdict(one) for one in installed]}
        return {**result, **of_universe(service, name, module.params["version"]), "installed": [look(client, service, one) for one in installed]}
    finally:
        client.close()


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True, required_by={"version": ("name",)})


if __name__ == "__main__":
    main()
