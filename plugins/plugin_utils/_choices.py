# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choices by which playbooks decide what to do, before a role has judged them: one that nobody knows would be none, and nothing be done. Pure."""
from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

# A test holds these to the roles' argument specs and to what playbooks read.
CHOICES = {
    "calico_agent_restart": ("auto", "always", "never"),
    "calico_etcd_source": ("existing", "managed", "universe"),
    "calico_install_method": ("advanced", "universe"),
    "calico_node_restart": ("auto", "never", "always"),
}
SWITCHES = (
    "calico_certificates",
    "calico_docker_network",
    "calico_kubernetes",
    "calico_masters",
    "calico_mesos_dns",
    "calico_policy",
    "calico_public_cloud",
    "calico_verify",
)
SHOWN = 5


def _may_be(name: str, value: Any) -> str | None:
    """What may stand there instead of a value that means nothing; None if it means something. An empty switch is off."""
    if name in SWITCHES:
        try:
            boolean("no" if value in (None, "") else value)
        except TypeError:
            return "true or false"
        return None
    choices = CHOICES[name]
    if value in choices:
        return None
    near = difflib.get_close_matches(str(value).lower(), choices, 1)
    return f"{', '.join(choices[:-1])} or {choices[-1]}{f' (did you mean {near[0]}?)' if near else ''}"


def unknown_choices(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each choice that there is not, with the hosts that make it.

    :param hostvars: the variables of all hosts, C(hostvars).
    """
    if isinstance(hosts, str) or not isinstance(hostvars, Mapping):
        raise AnsibleFilterError("unknown_choices takes a list of hosts, and hostvars.")
    found: dict[tuple[str, str, str], list[str]] = {}
    for host in hosts:
        said = hostvars[host]
        for name in [name for name in (*CHOICES, *SWITCHES) if name in said]:
            value = said[name]
            wrong = _may_be(name, value)
            if wrong:
                found.setdefault((name, str(value), wrong), []).append(host)
    return [f"{name} may be {wrong}, and is {value!r} on {_some(sorted(hosts))}." for (name, value, wrong), hosts in sorted(found.items())]


def _some(hosts: list[str]) -> str:
    return ", ".join(hosts[:SHOWN]) + (f" and {len(hosts) - SHOWN} more" if len(hosts) > SHOWN else "")
