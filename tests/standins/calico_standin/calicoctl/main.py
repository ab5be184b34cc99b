"""calicoctl: the top of its command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from ..release import CALICOCTL as VERSION
from ..release import COMMIT
from . import cli, usage

_COMMANDS = {
    "create": ("resources", "create"),
    "replace": ("resources", "replace"),
    "apply": ("resources", "apply"),
    "delete": ("resources", "delete"),
    "get": ("resources", "get"),
    "config": ("config", "run"),
    "ipam": ("ipam", "run"),
    "node": ("node", "run"),
    "version": ("version", "run"),
}
_LEVELS = ("panic", "fatal", "error", "warn", "warning", "info", "debug")
_TOP_FLAGS = {"-h": usage.TOP, "--help": usage.TOP, "--version": f"calicoctl version {VERSION}, build {COMMIT}"}


def main() -> None:
    """Entry point of the zipapp."""
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Run a command line; the exit code."""
    if argv and argv[0] in _TOP_FLAGS:
        print(_TOP_FLAGS[argv[0]])
        return 0
    if argv and argv[0] in _COMMANDS:
        level, command, rest = "", argv[0], list(argv[1:])
    else:
        arguments = cli.match(usage.TOP, argv, options_first=True)
        if arguments is None:
            sys.stderr.write(cli.usage_section(usage.TOP))
            return 0
        level, command = arguments["--log-level"], arguments["<command>"]
        rest = list(arguments["<args>"])
    if level:
        _set_level(level)
    if command not in _COMMANDS:
        print(f'Unknown command: "{command}"', file=sys.stderr)
        print(usage.TOP)
        return 1
    module, function = _COMMANDS[command]
    getattr(import_module(f"{__package__}.{module}"), function)([command, *rest])
    return 0


def _set_level(level: str) -> None:
    if level.lower() not in _LEVELS:
        cli.fail(f"Unknown log level: {level}, expected one of: \npanic, fatal, error, warn, info, debug.")
    if level.lower() in ("info", "debug"):
        print(f'level=info msg="Log level set to {level.lower()}"', file=sys.stderr)
