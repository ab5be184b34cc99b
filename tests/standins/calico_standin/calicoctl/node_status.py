"""calicoctl node status: processes from /proc, BGP sessions from BIRD's control socket."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Sequence
from pathlib import Path

from ..timing import scaled
from . import cli, usage

_FELIX = "calico-felix"
_SOCKETS = ("/var/run/calico", "/var/run/bird")
_READ_WAIT = 2.0
_PEER = re.compile(r"^(?:\d{4}-|\s*)?(Mesh|Node|Global)_(\w+)\s+BGP\s+\S+\s+(\S+)\s+(\S+)\s*(.*)$")
_TYPES = {"Mesh": "node-to-node mesh", "Node": "node specific", "Global": "global"}
_HEADER = ("PEER ADDRESS", "PEER TYPE", "STATE", "SINCE", "INFO")
_CELL_WIDTH = 30


class BirdError(Exception):
    """BIRD cannot be asked."""


def run(argv: Sequence[str]) -> None:
    """Exit 0 as soon as a process is called calico-felix, whatever else is wrong."""
    cli.parse(usage.NODE_STATUS, argv)
    cli.require_root()
    running = _process_names()
    if _FELIX not in running:
        cli.fail("Calico process is not running.")
    print("Calico process is running.")
    if not running & {"bird", "bird6", "calico-bgp-daemon"}:
        print("\nNone of the BGP backend processes (BIRD or GoBGP) are running.")
    else:
        for version, name in (("4", "bird"), ("6", "bird6")):
            if name in running:
                print(f"\nIPv{version} BGP status")
                _print_peers(version)
            else:
                print(f"\nINFO: BIRDv{version} process: '{name}' is not running.")
    print()


def _process_names() -> set[str]:
    """The names of all processes, zombies among them."""
    names = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            names.add(stat[stat.index("(") + 1 : stat.rindex(")")])
    return names


def _print_peers(version: str) -> None:
    try:
        peers = _peers(version)
    except BirdError as exc:
        print(f"Error querying BIRD: {exc}", end="")
        return
    if not peers:
        print(f"No IPv{version} peers found.")
        return
    print(_table(peers), end="")


def _peers(version: str) -> list[tuple[str, ...]]:
    separator = "." if version == "4" else ":"
    found: list[tuple[str, ...]] = []
    for line in _show_protocols(version):
        match = _PEER.match(line)
        if match:
            kind, address, state, since, info = match.groups()
            found.append((address.replace("_", separator), _TYPES[kind], state, since, " ".join(info.split())))
    return found


def _show_protocols(version: str) -> list[str]:
    connection = _connect(version)
    with connection, connection.makefile("rw", encoding="utf-8", newline="\n") as stream:
        connection.settimeout(scaled(_READ_WAIT))
        try:
            stream.write("show protocols\n")
            stream.flush()
            lines: list[str] = []
            for line in stream:
                if line.startswith("0000"):
                    return lines
                lines.append(line.rstrip("\n"))
        except OSError as exc:
            raise BirdError(str(exc)) from exc
        raise BirdError("EOF")


def _connect(version: str) -> socket.socket:
    """The socket of calico/node, or that of a BIRD of the host's own."""
    name = "bird.ctl" if version == "4" else "bird6.ctl"
    path, reason = "", ""
    for directory in _SOCKETS:
        path = f"{directory}/{name}"
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(path)
        except OSError as exc:
            connection.close()
            reason = os.strerror(exc.errno or 0).lower()
        else:
            return connection
    raise BirdError(f"unable to connect to BIRDv{version} socket: dial unix {path}: connect: {reason}")


# -- the table ---------------------------------------------------------------------------------


def _table(rows: Sequence[Sequence[str]]) -> str:
    """A frame of + - |, headings centred, cells of more than 30 characters broken between words."""
    widths = [
        min(_CELL_WIDTH, max(len(heading), *(len(row[column]) for row in rows)))
        for column, heading in enumerate(_HEADER)
    ]
    frame = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    lines = [frame, _line([_centred(text, width) for text, width in zip(_HEADER, widths)]), frame]
    for row in rows:
        cells = [_wrapped(cell) for cell in row]
        for number in range(max(map(len, cells))):
            texts = [cell[number] if number < len(cell) else "" for cell in cells]
            lines.append(_line([text.ljust(width) for text, width in zip(texts, widths)]))
    lines.append(frame)
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _centred(text: str, width: int) -> str:
    left = (width - len(text)) // 2
    return (" " * left + text).ljust(width)


def _wrapped(text: str) -> list[str]:
    """Lines of even length: of all ways to break it, the one with the least squares of what is left free."""
    words = text.split()
    best: list[tuple[int, list[str]]] = [(0, [])]
    for end in range(1, len(words) + 1):
        candidates = []
        for start in range(end):
            line = " ".join(words[start:end])
            if len(line) <= _CELL_WIDTH or start == end - 1:
                free = 0 if end == len(words) else max(0, _CELL_WIDTH - len(line)) ** 2
                candidates.append((best[start][0] + free, [*best[start][1], line]))
        best.append(min(candidates, key=lambda candidate: candidate[0]))
    return best[-1][1] or [""]
