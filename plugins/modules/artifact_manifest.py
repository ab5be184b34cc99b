#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_manifest
short_description: Fetch artefacts once and write down their digests
version_added: 0.1.0
description:
  - Fetches each artefact into a folder, unless it is there already, and writes a variables file with the sha256 of each for the operator to review.
  - Runs on the controller. What it writes is what was received, not what is genuine, so compare the sums with a second source.
author:
  - dcos.calico maintainers (@dcos)
options:
  artifacts:
    description:
      - What to fetch.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What it is called in messages.
        type: str
        required: true
      url:
        description: Where it is. Without one the file has to be in O(folder) already.
        type: str
      path:
        description: Its path below O(folder).
        type: str
        required: true
      variable:
        description: The variable that takes its digest.
        type: str
        required: true
      sha256:
        description: Its digest, where one is known. Another one is an error.
        type: str
      optional:
        description: Whether to go on without it if it has no O(artifacts[].url) and is not in O(folder).
        type: bool
        default: false
  folder:
    description:
      - Folder for the artefacts; it can be served as a mirror.
    type: path
    required: true
  file:
    description:
      - Variables file to write, for an inventory's C(group_vars).
    type: path
    required: true
  ca_path:
    description:
      - File of CA certificates to trust besides the system's.
    type: path
  timeout:
    description:
      - Seconds for each artefact.
    type: float
    default: 600
extends_documentation_fragment:
  - dcos.calico._attributes
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it.
    support: partial
    details:
      - The digests of what would be fetched are not known, so the variables file is predicted only if nothing has to be fetched.
  diff_mode:
    description: Shows the variables file before and after.
    support: full
  idempotent:
    description: What is in the folder is not fetched again.
"""

EXAMPLES = r"""
- name: Fetch calicoctl once and write down its digest
  dcos.calico.artifact_manifest:
    artifacts:
      - name: calicoctl
        url: https://mirror.example.com/calicoctl/v1.6.5/calicoctl
        path: calicoctl/v1.6.5/calicoctl
        variable: calico_calicoctl_sha256
    folder: /srv/mirror
    file: group_vars/all/calico_manifest.yml
  delegate_to: localhost
"""

RETURN = r"""
sums:
  description: Digest of each artefact by its variable; empty in check mode for those that would be fetched.
  returned: success
  type: dict
  sample:
    calico_calicoctl_sha256: 6fb926863c2ceee47b9ee044f312c3dd0a4568c6be6a61d02897e2671ed68596
fetched:
  description: Names of the artefacts that were, or in check mode would be, fetched.
  returned: success
  type: list
  elements: str
  sample: [calicoctl]
missing:
  description: Names of optional artefacts that are nowhere.
  returned: success
  type: list
  elements: str
  sample: [calico-node]
"""

import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _download, _files
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

OWNER, GROUP = str(os.getuid()), str(os.getgid())
HEADER = """---
# Digests of what was received, written by dcos.calico.manifest. Compare each with a second source before you trust it.
"""
ARGUMENT_SPEC = dict(
    artifacts=dict(
        type="list",
        elements="dict",
        required=True,
        options=dict(
            name=dict(type="str", required=True),
            url=dict(type="str"),
            path=dict(type="str", required=True),
            variable=dict(type="str", required=True),
            sha256=dict(type="str"),
            optional=dict(type="bool", default=False),
        ),
    ),
    folder=dict(type="path", required=True),
    file=dict(type="path", required=True),
    ca_path=dict(type="path"),
    timeout=dict(type="float", default=600),
)


def obtain(artifact: dict[str, Any], path: Path, options: _download.Options) -> str:
    """Digest of an artefact, fetched unless it is there; a fetched one appears under its name only when it is whole."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = _files.stage(str(path.parent), OWNER)
        try:
            _download.fetch(artifact["url"], artifact["sha256"], staged.handle, str(path), options)
            _files.publish(staged, str(path), 0o644, owner=OWNER, group=GROUP)
        finally:
            _files.discard(staged)
    digest = _files.sha256_of(str(path))
    if artifact["sha256"] and digest != artifact["sha256"].lower():
        raise CalicoError(
            f"{path} is not the expected {artifact['name']}",
            why=f"its sha256 is {digest}, not {artifact['sha256']}",
            remedy="Remove it if it is an old one, and find out where it comes from if not",
        )
    return digest


def reconcile(file: Path, sums: dict[str, str]) -> Plan:
    """The plan of the variables file."""
    text = HEADER + "".join(f'{variable}: "{digest}"\n' for variable, digest in sorted(sums.items()))
    plan = Plan()
    plan.add(str(file), file.read_text(encoding="utf-8") if file.is_file() else None, text)
    return plan


def job(module: AnsibleModule) -> dict[str, Any]:
    """Fetch, digest, write; see RETURN."""
    params = module.params
    folder, file = Path(params["folder"]), Path(params["file"])
    options = _download.Options(params["ca_path"], params["timeout"])
    absent = [artifact for artifact in params["artifacts"] if not (folder / artifact["path"]).is_file()]
    missing = [artifact["name"] for artifact in absent if not artifact["url"]]
    for artifact in absent:
        if not artifact["url"] and not artifact["optional"]:
            raise CalicoError(f"There is no {artifact['name']}", remedy=f"Give its address, or put it at {folder / artifact['path']}")
    fetched = [artifact["name"] for artifact in absent if artifact["url"]]
    if module.check_mode and fetched:
        return {"changed": True, "sums": {}, "fetched": fetched, "missing": missing}
    sums = {item["variable"]: obtain(item, folder / item["path"], options) for item in params["artifacts"] if item["name"] not in missing}
    plan = reconcile(file, sums)
    if not module.check_mode and plan.changed:
        file.parent.mkdir(parents=True, exist_ok=True)
        _files.write_atomic(str(file), plan.changes[0].after, owner=OWNER, group=GROUP)
    result = plan.result(module._diff)
    return {**result, "changed": bool(fetched) or plan.changed, "sums": sums, "fetched": fetched, "missing": missing}


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == "__main__":
    main()
