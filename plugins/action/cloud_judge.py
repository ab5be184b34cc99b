# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what is wanted of a public cloud; the judgement itself is in plugin_utils/_public_cloud.py, and this tells it of the controller."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import importlib.util
import os
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.plugin_utils import _foreign, _public_cloud

ARGUMENT_SPEC: dict[str, Any] = {
    "provider": {"type": "str", "default": ""},
    "detected": {"type": "dict", "default": {}},
    "pools": {"type": "list", "elements": "dict", "required": True},
    "manage": {"type": "bool", "default": True},
    "azure_ipip": {"type": "bool", "default": False},
    "aws": {"type": "dict", "default": {}, "options": {"region": {"type": "str"}, "profile": {"type": "str"}}},
    "gce": {
        "type": "dict",
        "default": {},
        "options": {
            "project": {"type": "str"},
            "zones": {"type": "list", "elements": "str", "default": []},
            "auth_kind": {"type": "str"},
            "service_account_file": {"type": "str"},
        },
    },
}


def sentence(finding: dict[str, Any]) -> str:
    """One finding in one line: what, why, remedy and the name of its check."""
    text = f"{finding['what']}: {finding['why']}" if finding["why"] else finding["what"]
    parts = [text, finding["remedy"]] if finding["remedy"] else [text]
    return " ".join(part.strip().rstrip(".") + "." for part in parts) + f" [{finding['check']}]"


class Here:
    """The controller, which is this process."""

    environ = os.environ

    def has_collection(self, name: str) -> bool:
        try:
            return importlib.util.find_spec(f"ansible_collections.{name}") is not None
        except ImportError:
            return False

    def missing(self, library: str) -> str | None:
        try:
            importlib.import_module(library)
        except ImportError as error:
            return str(error)
        return None

    def aws_session(self, profile: str | None) -> tuple[bool, str | None]:
        boto = importlib.import_module("botocore.session")
        errors = importlib.import_module("botocore.exceptions")
        try:
            session = boto.Session(profile=profile)
            return session.get_credentials() is not None, session.get_config_variable("region")
        except errors.BotoCoreError as error:
            raise ValueError(str(error)) from error


class ActionModule(ActionBase):
    """dcos.calico.cloud_judge"""

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(copy.deepcopy(ARGUMENT_SPEC))  # It fills defaults in.
        decision, failures, warnings = _public_cloud.judge(_public_cloud.Wanted(**args), Here())
        result.update(changed=False, problems=failures, notes=warnings, **dataclasses.asdict(decision))
        if warnings:
            result["warnings"] = [sentence(finding) for finding in warnings]
        if failures:
            number = f"{len(failures)} {'thing' if len(failures) == 1 else 'things'}"
            lines = [f"Nothing was touched: {number} to put right first, in {_name(decision.cloud)}."]
            result.update(failed=True, msg="\n".join(lines + [f"  - {sentence(finding)}" for finding in failures]))
        return _foreign.told(result)


def _name(cloud: str) -> str:
    return {"aws": "AWS", "gce": "Google Compute Engine", "azure": "Azure"}.get(
        cloud, "what is wanted of Calico's network"
    )
