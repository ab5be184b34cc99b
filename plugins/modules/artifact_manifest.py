#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_manifest
short_description: Fetch artifacts once and write down their digests
version_added: 0.1.0
description:
  - Internal to this collection; role C(calico) calls it.
  - Fetches each artifact into a directory, unless it is there already, and writes a variables file with the sha256 of each for the operator to review.
  - Looks at each first, whether it is an executable, an archive with its member, or an image with its name. Something else is not written down.
  - Says of each in the variables file where it came from, the address, or that it lay in the directory.
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
        description: Where it is. Without one the file has to be in O(directory) already.
        type: str
      path:
        description: Its path below O(directory).
        type: str
        required: true
      variable:
        description: The variable that takes its digest.
        type: str
        required: true
      sha256:
        description: Its digest, where one is known. Another one is an error.
        type: str
      member:
        description: The executable in it, if it is a tar or zip archive. Without this and O(artifacts[].image) it is an executable itself.
        type: str
      image:
        description: The image in it, if it is an archive made by C(docker save).
        type: str
      optional:
        description: Whether to go on without it if it has no O(artifacts[].url) and is not in O(directory).
        type: bool
        default: false
  directory:
    description:
      - Directory for the artifacts; it can be served as a mirror.
    type: path
    required: true
  file:
    description:
      - Variables file to write, for an inventory's C(group_vars).
      - One with anything in it that this module does not write is kept beside it first, see RV(backup_file), and a warning says so.
    type: path
    required: true
  release:
    description:
      - The release that the artifacts belong to, written beside their digests as C(calico_manifest_release). Without it, none is.
    type: str
  ca_path:
    description:
      - File of CA certificates to trust besides the system's.
    type: path
  timeout:
    description:
      - Seconds for each artifact.
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
    description: What is in the directory is not fetched again.
"""

EXAMPLES = r"""
- name: Fetch calicoctl once and write down its digest
  dcos.calico.artifact_manifest:
    artifacts:
      - name: calicoctl
        url: https://mirror.example.com/calicoctl/v1.6.5/calicoctl
        path: calicoctl/v1.6.5/calicoctl
        variable: calico_calicoctl_sha256
    directory: /srv/mirror
    file: group_vars/all/calico_manifest.yml
  delegate_to: localhost
"""

RETURN = r"""
sums:
  description: Digest of each artifact by its variable; empty in check mode for those that would be fetched.
  returned: success
  type: dict
  sample:
    calico_calicoctl_sha256: 6fb926863c2ceee47b9ee044f312c3dd0a4568c6be6a61d02897e2671ed68596
fetched:
  description: Names of the artifacts that were, or in check mode would be, fetched.
  returned: success
  type: list
  elements: str
  sample: [calicoctl]
missing:
  description: Names of optional artifacts that are nowhere.
  returned: success
  type: list
  elements: str
  sample: [calico-node]
backup_file:
  description: Where the variables file is kept that was somebody's own; in check mode, that it would be kept is told by a warning.
  returned: a file was kept
  type: str
  sample: group_vars/all/calico_manifest.yml.4711.2026-11-28@19:00:00~
"""

import io
import json
import os
import re
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _archive, _docker, _download, _files, _lock
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

HEADER = """---
# Digests of what was received, written by dcos.calico.manifest. Compare each with a second source before you trust it.
"""
RELEASE = "calico_manifest_release"
OURS = re.compile(r'# from [^\n]*\n|# it lay in the directory\n|\w+: "[0-9a-f]{64}"\n|' + RELEASE + r': "[^"\n]*"\n')
NOTES = ".dcos-calico-manifest.json"  # in the directory: {path: {url, source, sha256}} of what was fetched; source is what url led to
ELF = b"\x7fELF"
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
            member=dict(type="str"),
            image=dict(type="str"),
            optional=dict(type="bool", default=False),
        ),
    ),
    directory=dict(type="path", required=True),
    file=dict(type="path", required=True),
    release=dict(type="str"),
    ca_path=dict(type="path"),
    timeout=dict(type="float", default=600),
)


def look(artifact: dict[str, Any], path: str) -> None:
    """Raise CalicoError unless a file is what the artifact is."""
    label = f"What {_download.shown(artifact['url'])} sends" if artifact["url"] else path
    if artifact["image"]:
        names = [tag for _image_id, tags in _docker.archive_contents(path) for tag in tags]
        if not any(_docker.same_reference(name, artifact["image"]) for name in names):
            raise CalicoError(
                f"{label} does not hold the image {artifact['image']}",
                why=f"it holds {', '.join(sorted(names)) or 'images without a name'}",
                remedy=f'Make it with "docker save {artifact["image"]}"',
            )
        return
    if artifact["member"]:
        content = io.BytesIO()
        _archive.extract(path, {artifact["member"]: (content, artifact["member"])}, label)
        head = content.getvalue()[: len(ELF)]
    else:
        with open(path, "rb") as handle:
            head = handle.read(len(ELF))
    if head != ELF:
        raise CalicoError(
            f"{label} is not the executable {artifact['member'] or artifact['name']}",
            why=f"it begins with {head!r} and not as an ELF file",
            remedy="Open the address, and see what the server or a proxy before it sends",
        )


def owner_of(directory: Path) -> dict[str, str]:
    """Whose a file in a directory is to be: root in a container works in the directory of whoever mounted it there."""
    info = directory.stat()
    uid, gid = (info.st_uid, info.st_gid) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    return {"owner": str(uid), "group": str(gid)}


def write(path: Path, text: str) -> None:
    """Replace a file as a whole; its directory is made if need be."""
    _files.ensure_directory(str(path.parent))
    _files.write_atomic(str(path), text, **owner_of(path.parent))


def fetch(artifact: dict[str, Any], path: Path, options: _download.Options) -> str:
    """Have a file at its path, which appears when it is whole and is what it should be; return the address that sent it."""
    _files.ensure_directory(str(path.parent))
    owner = owner_of(path.parent)
    staged = _files.stage(str(path.parent), owner["owner"])
    try:
        source = _download.fetch(artifact["url"], artifact["sha256"], staged.handle, str(path), options, lambda: look(artifact, staged.path))
        _files.publish(staged, str(path), 0o644, **owner)
        return source
    finally:
        _files.discard(staged)


def digest_of(artifact: dict[str, Any], path: Path) -> str:
    """Digest of an artifact that is there, and is what it should be."""
    digest = _files.sha256_of(str(path))
    if artifact["sha256"] and digest != artifact["sha256"].lower():
        raise CalicoError(
            f"{path} is not the expected {artifact['name']}",
            why=f"its sha256 is {digest}, not {artifact['sha256']}",
            remedy="Remove it if it is an old one, and find out where it comes from if not",
        )
    look(artifact, str(path))
    return digest


def read_notes(directory: Path) -> dict[str, dict[str, str]]:
    """What was fetched into a directory from where; nothing if the notes are lost."""
    try:
        notes = json.loads((directory / NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}


def source_of(artifact: dict[str, Any], digest: str, notes: dict[str, dict[str, str]], path: Path) -> str:
    """Where an artifact came from, as a comment of the variables file."""
    note = notes.get(artifact["path"])
    if note is None:
        return "# it lay in the directory\n"
    if note["sha256"] != digest:
        raise CalicoError(
            f"{path} was changed since it was fetched from {note['url']}",
            why=f"its sha256 is {digest} and was {note['sha256']}",
            remedy="Find out by whom, and remove it to have it fetched again",
        )
    source = note.get("source", note["url"])
    return f"# from {note['url']}\n" if source == note["url"] else f"# from {note['url']}, which led to {source}\n"


def is_ours(text: str) -> bool:
    """Whether a variables file holds nothing but what this module writes."""
    return text.startswith(HEADER) and not OURS.sub("", text[len(HEADER) :])


def job(module: AnsibleModule) -> dict[str, Any]:
    """Fetch, look, digest, write; see RETURN. One run at a time, whose notes of the directory are all runs'."""
    if module.check_mode:
        return record(module)
    _files.ensure_directory(module.params["directory"])
    with _lock.held_directory(module.params["directory"], max(_lock.PATIENCE, module.params["timeout"])):
        return record(module)


def record(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    directory, file = Path(params["directory"]), Path(params["file"])
    options = _download.Options(params["ca_path"], params["timeout"])
    absent = [artifact for artifact in params["artifacts"] if not (directory / artifact["path"]).is_file()]
    missing = [artifact["name"] for artifact in absent if not artifact["url"]]
    for artifact in absent:
        if not artifact["url"] and not artifact["optional"]:
            raise CalicoError(f"There is no {artifact['name']}", remedy=f"Give its address, or put it at {directory / artifact['path']}")
    before = file.read_text(encoding="utf-8") if file.is_file() else None
    fetched = [artifact for artifact in absent if artifact["url"]]
    result: dict[str, Any] = {"fetched": [artifact["name"] for artifact in fetched], "missing": missing}
    if module.check_mode and fetched:
        return {"changed": True, "sums": {}, **result}
    sums, text, notes = {}, {}, read_notes(directory)
    for artifact in (item for item in params["artifacts"] if item["name"] not in missing):
        path = directory / artifact["path"]
        source = fetch(artifact, path, options) if artifact in fetched else ""
        digest = sums[artifact["variable"]] = digest_of(artifact, path)
        if artifact in fetched:
            notes[artifact["path"]] = {"url": _download.shown(artifact["url"]), "source": source, "sha256": digest}
            write(directory / NOTES, json.dumps(notes, indent=2, sort_keys=True) + "\n")
        text[artifact["variable"]] = source_of(artifact, digest, notes, path) + f'{artifact["variable"]}: "{digest}"\n'
    plan = Plan()
    head = f"{HEADER}{RELEASE}: {json.dumps(params['release'])}\n" if params["release"] else HEADER
    plan.add(str(file), before, head + "".join(text[variable] for variable in sorted(text)))
    if plan.changed and before is not None and not is_ours(before):
        module.warn(f"{file} holds something that dcos.calico.artifact_manifest did not write: it is replaced as a whole, and kept beside the new one.")
        if not module.check_mode:
            result["backup_file"] = module.backup_local(str(file))
    if not module.check_mode and plan.changed:
        write(file, plan.changes[0].after)
    return {**plan.result(module._diff), "changed": bool(fetched) or plan.changed, "sums": sums, **result}


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == "__main__":
    main()
