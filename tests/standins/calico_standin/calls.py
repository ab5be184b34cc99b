"""Notes each call of a tool on a host of the lab, where there is a folder for it: argv, variables, standard input, and who called."""

from __future__ import annotations

import os
import sys

NOTES = "/var/lib/lab/calls"


def note(tool: str) -> None:
    """Note the call that this process is."""
    if os.path.isdir(NOTES):
        _note(tool)


def _note(tool: str) -> None:
    import json

    env = {name: value for name, value in os.environ.items() if "CNI_" in name or "ETCD_" in name}
    stdin = _stdin() if "-" in sys.argv or "CNI_COMMAND" in env else None
    line = json.dumps({"argv": [tool, *sys.argv[1:]], "env": env, "stdin": stdin, "caller": _caller()})
    notes = os.open(os.path.join(NOTES, "calls.jsonl"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(notes, f"{line}\n".encode())
    os.close(notes)


def _stdin() -> str:
    """What is on standard input, which can be read once more afterwards."""
    with os.fdopen(0, "rb", closefd=False) as stream:
        given = stream.read()
    kept = os.memfd_create("stdin")
    os.write(kept, given)
    os.lseek(kept, 0, os.SEEK_SET)
    os.dup2(kept, 0)
    return given.decode(errors="replace")


def _caller() -> str:
    """The command line of the process that called, as far as it is of this host."""
    try:
        with open(f"/proc/{os.getppid()}/cmdline", "rb") as stream:
            return " ".join(stream.read().decode(errors="replace").split("\0")[:4]).strip()
    except OSError:
        return ""
