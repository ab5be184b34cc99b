"""Bringing iptables (legacy) and ipsets to the wanted state."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence

from ...errors import StandinError
from .chains import HOOKS, Chains, Wanted, hook_rule, with_comments

_DEADLINE = 30
_LOCK_WAIT = "10"
_STAGED = "cali4-staged"
_CHAIN = re.compile(r"^:(cali-\S+)", re.MULTILINE)


class DataplaneError(StandinError):
    """A tool refused."""


class Netfilter:
    """The part of iptables and ipset that is Felix'."""

    def __init__(self) -> None:
        self._applied = Wanted()

    def apply(self, wanted: Wanted) -> None:
        """Write what differs from the last time; sets before the rules that use them, and removed after."""
        if wanted == self._applied:
            return
        fresh = {name: members for name, members in wanted.sets.items() if self._applied.sets.get(name) != members}
        for name, members in fresh.items():
            _write_set(name, members)
        for table, chains in wanted.tables.items():
            if self._applied.tables.get(table) != chains:
                _write_table(table, chains)
        for name in _own_sets():
            if name not in wanted.sets:
                _run(["ipset", "destroy", name])
        self._applied = Wanted(dict(wanted.tables), dict(wanted.sets))

    def forget(self) -> None:
        """Write everything anew the next time."""
        self._applied = Wanted()

    @staticmethod
    def is_first() -> bool:
        """Felix' rule is still the first one of FORWARD."""
        shown = _run(["iptables-legacy", "-w", _LOCK_WAIT, "-S", "FORWARD", "1"])
        return shown.strip() == f"-A FORWARD {hook_rule('filter', 'FORWARD')}"


def _write_set(name: str, members: set[str]) -> None:
    family = "inet6" if name.startswith("cali6-") else "inet"
    lines = [
        f"create {name} hash:net family {family} maxelem 1048576 -exist",
        f"create {_STAGED} hash:net family {family} maxelem 1048576",
        *(f"add {_STAGED} {member}" for member in sorted(members)),
        f"swap {name} {_STAGED}",
        f"destroy {_STAGED}",
    ]
    _run(["ipset", "restore"], "".join(f"{line}\n" for line in lines))


def _own_sets() -> list[str]:
    return [name for name in _run(["ipset", "list", "-n"]).split() if name.startswith(("cali4-", "cali6-"))]


def _write_table(table: str, chains: Chains) -> None:
    saved = _run(["iptables-legacy-save", "-t", table])
    stale = [name for name in _CHAIN.findall(saved) if name not in chains]
    lines = [f"*{table}", *(f":{name} - [0:0]" for name in [*chains, *stale])]
    for chain, rules in chains.items():
        lines += [f"-A {chain} {rule}" for rule in with_comments(chain, rules)]
    for chain in HOOKS[table]:
        lines += [f"-D{line[2:]}" for line in saved.splitlines() if _is_hook(line, chain)]
        lines.append(f"-I {chain} 1 {hook_rule(table, chain)}")
    lines += [f"-X {name}" for name in stale]
    lines.append("COMMIT")
    _run(["iptables-legacy-restore", "--noflush", "-w", _LOCK_WAIT], "".join(f"{line}\n" for line in lines))


def _is_hook(line: str, chain: str) -> bool:
    return line.startswith(f"-A {chain} ") and line.endswith(f" -j cali-{chain}")


def _run(command: Sequence[str], text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_DEADLINE, check=False)
    if done.returncode != 0:
        raise DataplaneError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout
