# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says on the controller whom a certificate is for.

What a module returns is a host's word. A host that could say what its certificate names would get one for whom it likes, so of its answer only the key,
its signing request and the certificate in place go on to the CA; everything else is the task's, as it was templated here.
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.validation import check_type_dict, check_type_list
from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _keys

# What a request has from the host; each is text or nothing.
OF_THE_HOST = ("csr", "public_key_sha256", "certificate")


def request_of(args: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """RETURN's request: the task's arguments, and what a host said of its key.

    :raises CalicoError: if the arguments cannot be right; the module says so as well, unless it was not the module that answered.
    """
    kind = str(args.get("key_type") or "rsa")
    subject = {name: str(value) for name, value in check_type_dict(args.get("subject") or {}).items() if value}
    _keys.check_subject(args.get("common_name"), subject)
    return {
        "name": str(args.get("name") or args["key_file"]),
        "common_name": str(args["common_name"]),
        "hosts": _keys.check_hosts(check_type_list(args.get("hosts") or [])),
        "subject": subject,
        "key_type": kind,
        "key_size": int(args.get("key_size") or _keys.SIZES[kind][0]),
        **{name: said[name] if isinstance(said.get(name), str) else None for name in OF_THE_HOST},
    }


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        result.update(self._execute_module(task_vars=task_vars))
        if result.get("failed") or not isinstance(result.get("request"), dict):
            return result
        try:
            return {**result, "request": request_of(self._task.args, result["request"])}
        except CalicoError as error:
            return {**result, "failed": True, "msg": str(error)}
