# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of an uninstall: what each host has and loses, what speaks against it, and in which order hosts go. Pure.

A host's part comes from dcos.calico.uninstall in check mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Finding, counted, some

HOSTS, BACKUP, MEMBERS = "calico_uninstall_hosts", "calico_uninstall_backup", "calico_uninstall_members"
LAST = "calico_uninstall_last"
# Each is told of by itself.
CONTAINERS, MEMBER = "containers cut off", "etcd member"
SHOWN_NAMES = 2
BY_HAND = 'delete the keys below /calico with "etcdctl rm --recursive /calico"'
NOT_ASKED = f"  The datastore is not looked at: no host can ask it any more. If it is still there, {BY_HAND}."


@dataclass(frozen=True)
class Host:
    """What was found on a host.

    :ivar parts: [{part, changes}], what goes, in order.
    :ivar left: sentences about what stays. C(refusals): what speaks against it.
    :ivar node: its name in the datastore, or None.
    :ivar datastore: {reached, by_member, nodes, key_count, error}.
    :ivar member: whether it has an etcd member.
    """

    name: str
    parts: Sequence[Mapping[str, Any]]
    left: Sequence[str]
    refusals: Sequence[str]
    node: str | None
    datastore: Mapping[str, Any]
    member: bool

    @property
    def loses(self) -> bool:
        """Whether anything goes but a member, which has its turn when all nodes are gone."""
        return any(part["part"] != MEMBER for part in self.parts)


@dataclass(frozen=True)
class Options:
    """What an operator wants: whether the datastore and the etcd members go too, nodes whose hosts are gone for good, a backup's file, or none by name."""

    delete: bool = False
    members: bool = False
    forget_nodes: frozenset[str] = frozenset()
    backup_file: str = ""
    without_backup: bool = False


@dataclass
class UninstallPlan:
    """hosts: those that lose something, in the order in which they go; the last one deletes the datastore where that is asked for."""

    found: Sequence[Host]
    options: Options
    hosts: list[Host] = field(default_factory=list)
    last: str | None = None
    backup: bool = False
    findings: list[Finding] = field(default_factory=list)

    @property
    def members(self) -> list[str]:
        return [host.name for host in self.found if host.member] if self.options.members else []


def plan(found: Sequence[Host], options: Options) -> UninstallPlan:
    """The plan for all hosts together."""
    made = UninstallPlan(found, options, hosts=[host for host in found if host.loses])
    made.findings = [Finding(words, host=host.name) for host in found for words in host.refusals]
    if options.delete:
        # A member that is the only way to it goes with all that it holds; a backup is made by calicoctl's configuration.
        readers = [host for host in made.hosts if host.datastore.get("reached") and not host.datastore.get("by_member")]
        if readers:
            # It goes when nothing uses it any more, and by a host that still has the way to it.
            made.last = readers[-1].name
            made.hosts = [host for host in made.hosts if host is not readers[-1]] + [readers[-1]]
            made.backup = bool(options.backup_file and readers[-1].datastore.get("key_count"))
        if readers or not all(host.member for host in made.hosts):
            made.findings += _of_datastore(made, readers)
        if made.members and not readers:
            made.findings += _of_members(made)
    elif options.members:
        made.findings.append(
            Finding(
                "The etcd members are to go, and the datastore that they hold is not",
                remedy="Set calico_uninstall_datastore to delete as well",
            )
        )
    return made


def _of_datastore(made: UninstallPlan, readers: Sequence[Host]) -> Iterator[Finding]:
    if not readers:
        yield Finding(
            "The datastore is to be deleted, and no host can read it",
            _error(made.found),
            f"Let one reach it, or leave calico_uninstall_datastore alone and {BY_HAND}",
        )
        return
    yield from _in_use(made, readers)
    options = made.options
    if not options.backup_file and not options.without_backup and readers[-1].datastore.get("key_count"):
        yield Finding(
            "The datastore is to be deleted, and it is not said whether a backup is to be made first",
            remedy="Set calico_backup_file to its file, or calico_uninstall_without_backup to true",
        )


def _of_members(made: UninstallPlan) -> Iterator[Finding]:
    """Members that go while no host is left that deletes the datastore: hosts are left out of this run, or an earlier one was killed."""
    readers = [host for host in made.found if host.member and host.datastore.get("reached")]
    yield from _in_use(made, readers)
    keys = max((host.datastore.get("key_count", 0) for host in readers), default=1)
    if keys and not made.options.without_backup:
        yield Finding(
            "The etcd members are to go, and no host of this run can back up what they hold",
            None if readers else _error(host for host in made.found if host.member),
            "Run for all hosts, without --limit; or, if the datastore was deleted or nobody needs it, set calico_uninstall_without_backup to true",
        )


def _error(hosts: Iterable[Host]) -> str | None:
    return next((str(host.datastore["error"]) for host in hosts if host.datastore.get("error")), None)


def _in_use(made: UninstallPlan, readers: Sequence[Host]) -> Iterator[Finding]:
    options = made.options
    ours = {host.node for host in made.found if host.node} | options.forget_nodes
    others = sorted({name for host in readers for name in host.datastore.get("nodes", ())} - ours)
    if others:
        yield Finding(
            f"The datastore is to be deleted, and has nodes that are none of this run: {some(others, 20)}",
            remedy="Run for all hosts, without --limit; or, if their hosts are gone for good, name them in calico_uninstall_forget_nodes",
        )


def groups(made: UninstallPlan) -> dict[str, list[str]]:
    """Host -> groups of this run: which plays it takes part in, hosts in their order."""
    found = {host.name: [HOSTS] for host in made.hosts}
    if made.last:
        found[made.last] += [LAST, BACKUP] if made.backup else [LAST]
    for name in made.members:
        found.setdefault(name, []).append(MEMBERS)
    return found


def lines(made: UninstallPlan) -> list[str]:
    """The plan for a person."""
    losing = [host for host in made.found if host.parts]
    rest = len(made.found) - len(losing)
    if not losing:
        text = [
            f"Uninstall: nothing to do. {counted(len(made.found), 'host')} of this run {'has' if rest == 1 else 'have'} nothing of Calico."
        ]
        return text + ([NOT_ASKED] if made.options.delete else [])
    text = [
        f"Uninstall: {len(losing)} of {counted(len(made.found), 'host')} {'loses' if len(losing) == 1 else 'lose'} Calico, one after the other; "
        f"{rest} {'has' if rest == 1 else 'have'} nothing of it."
    ]
    for host in made.hosts + [host for host in losing if host not in made.hosts]:
        text.append(f"  {host.name}{f', node {host.node}' if host.node else ''} loses:")
        text += [f"    {_naming(part)}" for part in host.parts]
        text += [f"    Stays: {words}" for words in host.left]
    text.append(_datastore_line(made))
    if made.members:
        text.append(f"  Last, the etcd members of {', '.join(made.members)} go, and all that they hold.")
    elif any(host.member for host in made.found):
        text.append("  The etcd members stay, and what they use.")
    return text


def _naming(part: Mapping[str, Any]) -> str:
    """What goes, by name where that is short; --check --diff shows all of it."""
    names = [str(name) for name in part["changes"]]
    if part["part"] == CONTAINERS or len(names) <= SHOWN_NAMES:
        return f"{part['part']}: {', '.join(names)}"
    return f"{part['part']}: {len(names)}, {names[0]} to {names[-1]}"


def _datastore_line(made: UninstallPlan) -> str:
    if not made.options.delete:
        return "  The datastore stays, without the nodes of these hosts."
    before = (
        " It is backed up first."
        if made.backup
        else " There is no backup of it, as asked for."
        if made.options.without_backup
        else ""
    )
    if not made.last:
        return (
            f"  The datastore goes with the etcd members.{before}"
            if made.members
            else "  The datastore is deleted by nobody."
        )
    return f"  The datastore is deleted by {made.last}, the last host.{before}"


def document(made: UninstallPlan) -> dict[str, Any]:
    """The plan as data, hosts that have nothing left out."""
    return {
        "changes": any(host.parts for host in made.found),
        "hosts": {
            host.name: {"parts": list(host.parts), "left": list(host.left), "node": host.node}
            for host in made.found
            if host.parts
        },
        "order": [host.name for host in made.hosts],
        "last": made.last,
        "backup": made.backup,
        "members": made.members,
    }
