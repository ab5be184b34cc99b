"""Runs the collection's modules as the controller does: their own process, arguments on stdin, ansible-core 2.16."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from standin import ROOT
from standin_service import patience

sys.path.insert(0, str(ROOT / "tools"))


class Modules:
    """`run(module, args, check)`: its result."""

    def __init__(self, python: Path, collections: Path, options: dict[str, Any]) -> None:
        self.python, self.collections, self.options = python, collections, options

    def run(self, module: str, arguments: dict[str, Any], check: bool = False) -> dict[str, Any]:
        said = {
            **self.options,
            **arguments,
            "_ansible_check_mode": check,
            "_ansible_diff": True,
            "_ansible_remote_tmp": "/tmp",
        }
        env = {key: value for key, value in os.environ.items() if not key.startswith(("DCOS_", "ANSIBLE_"))}
        env |= {"PYTHONPATH": str(self.collections), "PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": "*"}
        done = subprocess.run(
            [str(self.python), "-m", f"ansible_collections.dcos.calico.plugins.modules.{module}"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": said}), env=env, capture_output=True, text=True, timeout=patience(120), check=False,
        )  # fmt: skip
        lines = done.stdout.strip().splitlines()
        assert lines and lines[-1].startswith("{"), f"{module}: {done.stdout}{done.stderr}"
        return json.loads(lines[-1])


def prepared(options: dict[str, Any]) -> Modules:
    """With the environment and the collection's tree, made if they are not there."""
    import setup
    import venvs
    from layout import COLLECTIONS

    setup.link_collection()
    return Modules(venvs.ensure("2.16") / "bin" / "python", COLLECTIONS, options)
