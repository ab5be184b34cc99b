# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundle of a cluster, beside the keys of its datastore: what is known of all hosts together, and the variables of the run."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.release import __version__ as core_version

from ansible_collections.dcos.calico.plugins.module_utils import _redact
from ansible_collections.dcos.calico.plugins.module_utils._calico import _bundle
from ansible_collections.dcos.calico.plugins.module_utils._host import _stream
from ansible_collections.dcos.calico.plugins.plugin_utils import _controller_paths, _variables
from ansible_collections.dcos.calico.plugins.plugin_utils._diagnostics import Entry
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import counted

ROLES = _controller_paths.COLLECTION / "roles"
# Of a task's variables, those that are made by core, and may be all of the inventory's once more.
CORES = ("hostvars", "groups", "vars", "ansible_facts", "ansible_local", "environment", "omit")
WITHIN = ("ansible_play_hosts", "ansible_play_hosts_all", "play_hosts")
# A directory is no password.
DIRECTORIES = ("PWD", "OLDPWD")


def version() -> str:
    """Of this collection."""
    try:
        for name, found in (
            (_controller_paths.INSTALLED, lambda text: json.loads(text)["collection_info"]),
            ("galaxy.yml", yaml.safe_load),
        ):
            path = _controller_paths.COLLECTION / name
            if path.exists():
                with path.open(encoding="utf-8") as stream:
                    return str(found(_stream.whole(stream, str(path)))["version"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        pass
    return "of unknown version"


def secrets(variables: Mapping[str, Any], templar: Any = None) -> _redact.Redactor:
    """Knows the secrets of a run: those among its variables, and those of its environment, by their names."""
    redactor = _redact.Redactor()
    for name, value in [*variables.items(), *os.environ.items()]:
        if name in (*CORES, *WITHIN, *DIRECTORIES) or name in _variables.REGISTERED or not _has_secret(name, value):
            continue
        try:
            known = templar.template(value) if templar is not None else value
        except (AnsibleError, TypeError, ValueError):
            known = value
        redactor.data({name: known})
    return redactor


def _has_secret(name: Any, value: Any) -> bool:
    """Whether a name, at any depth, says that there is a secret, or an address has a password."""
    if _redact.is_secret(name, value):
        return True
    if isinstance(value, Mapping):
        return any(_has_secret(key, part) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return any(_has_secret("", part) for part in value)
    return isinstance(value, str) and _redact.USERINFO.search(value) is not None


def settings(hostvars: Any, hosts: Iterable[str], redactor: _redact.Redactor) -> dict[str, Any]:
    """{variable: value} of this collection's that are set; {variable: {host: value}} where hosts differ. Those without a role's specification are not shown."""
    options = _variables.read_options(ROLES)
    seen: dict[str, dict[str, Any]] = {}
    for host in hosts:
        for name, value in _variables.set_of(hostvars, host).items():
            option = options.get(name)
            shown = redactor.data({name: value})[name] if option else _redact.NOT_SHOWN
            if option and option.get("no_log"):
                redactor.learn(value)
                shown = _redact.HIDDEN
            seen.setdefault(name, {})[host] = shown
    total = len(list(hosts))
    found: dict[str, Any] = {}
    for name, values in sorted(seen.items()):
        first = next(iter(values.values()))
        alike = len(values) == total and all(value == first for value in values.values())
        found[name] = first if alike else {"by host": values}
    return found


def entries(
    results: Mapping[str, Any], said: Mapping[str, Any], hostvars: Any, redactor: _redact.Redactor
) -> list[Entry]:
    """The files of the cluster's bundle."""
    variables = settings(hostvars, list(results), redactor)
    status = said["status"].get("status") or {}
    resources = ((said["datastore"].get("plan") or {}).get("calicoctl_resource_info") or {}).get("resources") or {}
    findings = {name: said["findings"].get(name) or [] for name in ("problems", "notes", "warnings", "msg")}
    drift = {
        host: {name: part for name, part in result["plan"].items() if _differs(part)}
        for host, result in results.items()
        if isinstance(result, Mapping) and isinstance(result.get("plan"), Mapping)
    }
    texts = {
        "run/versions.txt": _versions(),
        "run/variables.json": _redact.shown(variables),
        "run/plan.json": _redact.shown(redactor.data(drift)),
        "run/preflight.json": _redact.shown(redactor.data(findings)),
        "run/status.txt": "".join(f"{_redact.text(line)}\n" for line in said["status"].get("text") or []),
        "run/status.json": _redact.shown(redactor.data(status)),
        "datastore/resources.json": _redact.shown(redactor.data(resources)),
    }
    return [Entry(name, redactor.scrub(_bundle.printable(text))) for name, text in sorted(texts.items())]


def _differs(part: Any) -> bool:
    return isinstance(part, Mapping) and bool(part.get("changed") or part.get("error"))


def _versions() -> str:
    return (
        f"dcos.calico {version()}\nansible-core {core_version}\nPython {sys.version.split()[0]}\n"
        f"{platform.platform()}\n{Path(sys.argv[0]).name}\n"
    )


def why(result: Any, redactor: _redact.Redactor) -> str:
    """Why a host has no bundle."""
    said = result.get("msg") if isinstance(result, Mapping) else None
    return redactor.scrub(_redact.text(" ".join(str(said or "It was not asked").split())))[:300]


def bundle_of(result: Any) -> Mapping[str, Any] | None:
    """What the look at a host says of its bundle; None without one."""
    found = result.get("bundle") if isinstance(result, Mapping) else None
    return found if isinstance(found, Mapping) else None


def rows(results: Mapping[str, Any], datastore: Mapping[str, Any], redactor: _redact.Redactor) -> list[str]:
    """A line for each host, for the index, and one for a datastore that was not read."""
    found = []
    if bundle_of(datastore) is None:
        skipped = datastore.get("skipped") or not datastore
        found.append(
            f"The datastore was not read. {'No host of this run can ask it' if skipped else why(datastore, redactor)}."
        )
    for host, result in results.items():
        bundle = bundle_of(result)
        found.append(
            f"{host}: {bundle['file']}, sha256 {bundle['sha256']}"
            if bundle
            else f"{host}: no bundle. {why(result, redactor)}"
        )
    return [_bundle.printable(line) for line in found]


def brief(
    directory: str, results: Mapping[str, Any], cluster: Mapping[str, Any], redactor: _redact.Redactor
) -> dict[str, Any]:
    """For an artifact of a job in AWX: where the bundles are, what their checksums are, and who has none."""
    made = [cluster, *(bundle for bundle in map(bundle_of, results.values()) if bundle)]
    return {
        "directory": directory,
        "bundles": [{"file": each["file"], "size": each["packed"], "sha256": each["sha256"]} for each in made],
        "without": {host: why(result, redactor) for host, result in results.items() if bundle_of(result) is None},
    }


def lines(brief: Mapping[str, Any], results: Mapping[str, Any], check: bool) -> list[str]:
    """What a run says of its bundles."""
    total = sum(each["size"] for each in brief["bundles"])
    hosts = len(results) - len(brief["without"])
    verb = "would be" if check else "are"
    found = [
        f"Diagnostics of {hosts} of {counted(len(results), 'host')} and of the cluster {verb} in {brief['directory']} ({total >> 10} KiB)."
    ]
    for bundle in brief["bundles"]:
        found.append(
            f"  {bundle['size'] >> 10:>7} KiB  {bundle['file']}" + ("" if check else f"  sha256 {bundle['sha256']}")
        )
    found += [f"  no bundle of {host}: {reason}" for host, reason in brief["without"].items()]
    for host, result in results.items():
        bundle = bundle_of(result)
        left_out = [entry for entry in bundle["entries"] if entry["note"]] if bundle else []
        if left_out:
            found.append(
                f"  {host}: {counted(len(left_out), 'file')} incomplete, see {'its index' if not check else 'below'}"
            )
            found += [f"    {entry['name']}: {entry['note']}" for entry in left_out] if check else []
    if check:
        names = sorted(
            {entry["name"] for bundle in map(bundle_of, results.values()) if bundle for entry in bundle["entries"]}
        )
        found += [f"Of each host, as far as it has it: {', '.join(names)}.", "Nothing was written."]
    else:
        found.append(
            "Look through them before you hand them over; they have addresses and names of hosts. Nothing was sent anywhere."
        )
    return found
