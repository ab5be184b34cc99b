# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a run has something to do: hosts that its plays are for. Pure.

ansible-playbook ends with 0 where no host matched, and AWX takes that for a successful job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError

# Groups that a run makes by what is required of a host.
MADE = {
    "calico_etcd_managed": "masters with a member of etcd (calico_etcd_source: managed)",
    "calico_masters_with_node": "masters with calico/node (calico_masters: true)",
    "calico_wants_mesos_dns": "masters with calico_mesos_dns: true",
}
OURS = "calico_"
SHOWN = 5


def _listed(names: Sequence[str], word: str) -> str:
    """a, b or c."""
    return f" {word} ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _some(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    return ", ".join([*names[:SHOWN], *([f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else [])])


def groups_of(pattern: str) -> list[str]:
    """The groups of which a pattern takes hosts, as an operator knows them."""
    names = [name for name in pattern.split(":") if not name.startswith("!")]
    narrower = [name[1:] for name in names if name.startswith("&")]
    return [MADE.get(name, name) for name in narrower or names]


def is_slice(variables: Mapping[str, Any]) -> bool:
    """Whether this is a slice of a job of AWX: it runs a sliced template as a workflow that has the template's name."""
    name = variables.get("awx_workflow_job_name")
    return bool(name) and name == variables.get("awx_job_template_name")


def nobody(
    patterns: Sequence[str], groups: Mapping[str, Sequence[str]], meant: Sequence[str], limit: str | None
) -> CalicoError:
    """Why a run would do nothing.

    :param groups: the inventory's groups with all their hosts.
    :param meant: hosts of the patterns, whatever the limit.
    """
    names = _listed([name for pattern in patterns for name in groups_of(pattern)], "or")
    if meant:
        return CalicoError(
            f"Nothing to do, because the limit {limit} leaves none of {names}",
            f"without it there would be {_some(sorted(meant))}",
            "Limit the run to some of these, or do not limit it",
        )
    if not groups.get("all"):
        return CalicoError(
            "Nothing to do, because the inventory has no hosts",
            remedy="Name the inventory with -i. In AWX, see whether the inventory's hosts are disabled or its source has not been synced, and have no more "
            "slices than enabled hosts",
        )
    there = sorted(
        name
        for name, hosts in groups.items()
        if hosts and name not in ("all", "ungrouped") and not name.startswith(OURS)
    )
    return CalicoError(
        f"Nothing to do, because the inventory has no host in {names}",
        f"its groups are {_some(there)}" if there else "its hosts are in no group",
        "Name the groups as DC/OS' own collection does: masters, agents_private, agents_public, agents. In AWX, see whether the hosts of a group are disabled",
    )
