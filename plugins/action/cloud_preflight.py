# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate what is desired of a public cloud; what is checked is in plugin_utils/_public_cloud.py, and this tells it of the controller."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _public_cloud
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction

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
NAMES = {"aws": "AWS", "gce": "Google Compute Engine", "azure": "Azure"}


class Here:
    """The controller, which is this process."""

    environ: Mapping[str, str] = os.environ

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


class ActionModule(ControllerAction):
    """dcos.calico.cloud_preflight"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        decision, verdict = _public_cloud.validate(_public_cloud.Desired(**args), Here())
        where = NAMES.get(decision.cloud, "the settings of Calico's network")
        return {**dataclasses.asdict(decision), **verdict.result(f"in {where}")}
