# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugins of modules that take C(local_src): push a file of the controller, but only where the module says that it is needed.

The module is run once with the sums of the files. Mostly all is in place, and that one remote execution is all there is. Otherwise it answers
C(needs), a list of sums, having changed nothing; then these files are transferred and it is run again with C(src). Check mode transfers nothing.
"""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Iterator
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

CHUNK = 1 << 20


def sha256_of(path: str) -> str:
    """Digest in hex of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while piece := handle.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


class PushAction(ActionBase):
    """Runs the module of the same name; a subclass names it and the options that hold sources."""

    MODULE: ClassVar[str]
    SOURCES: ClassVar[tuple[str, ...]]  # options: each a list of dicts, or one dict, with the keys of SOURCE_SPEC

    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module once, or twice if files have to be pushed in between."""
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        args = copy.deepcopy(self._task.args)
        local = self._resolve(args)
        outcome = self._run_module(args, task_vars)
        needs = [] if outcome.get("failed") or self._task.check_mode else outcome.get("needs") or []
        if needs:
            self._push(args, {sha256: local[sha256] for sha256 in needs})
            outcome = self._run_module(args, task_vars)
            if outcome.get("needs"):
                raise AnsibleActionFail(
                    f"{self.MODULE} still asks for {', '.join(outcome['needs'])} after the files were pushed."
                )
        result.update(outcome)
        return result

    def _run_module(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return self._execute_module(module_name=self.MODULE, module_args=args, task_vars=task_vars)

    def _sources(self, args: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Each dict among the arguments that has local_src."""
        for option in self.SOURCES:
            value = args.get(option)
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and item.get("local_src"):
                    yield item

    def _resolve(self, args: dict[str, Any]) -> dict[str, str]:
        """Put sum and full path into each source with local_src; {sum: path}. A file used several times is read once."""
        sums: dict[str, str] = {}
        for item in self._sources(args):
            try:
                path = self._find_needle("files", item["local_src"])
            except AnsibleError as error:
                raise AnsibleActionFail(
                    f"{item['local_src']} is not on the controller: {error} Correct local_src, or use url."
                ) from error
            if not os.path.isfile(path):
                raise AnsibleActionFail(f"{path} is not a file. Set local_src to one.")
            if path not in sums:
                sums[path] = sha256_of(path)
            desired = str(item.get("sha256") or "").strip().lower()
            if desired and desired != sums[path]:
                raise AnsibleActionFail(
                    f"{path} is not the expected file: sha256 {desired} is expected and {sums[path]} was found. "
                    "Replace the file, or set the new sum after you have made sure that the file is genuine."
                )
            item["sha256"], item["local_src"] = sums[path], path
        return {sha256: path for path, sha256 in sums.items()}

    def _push(self, args: dict[str, Any], files: dict[str, str]) -> None:
        """Transfer files and let the sources that need them name the copies; they go with the task's temporary directory."""
        directory = self._connection._shell.tmpdir or self._make_tmp_path()
        remote = {sha256: self._connection._shell.join_path(directory, sha256) for sha256 in files}
        for sha256, path in files.items():
            self._transfer_file(path, remote[sha256])
        self._fixup_perms2([directory, *remote.values()])
        for item in self._sources(args):
            if item["sha256"] in remote:
                item["src"] = remote[item["sha256"]]
                del item["local_src"]
