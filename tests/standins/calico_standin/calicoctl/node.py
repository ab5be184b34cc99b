"""calicoctl node: which of its commands."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from . import cli, usage

_COMMANDS = {"run": "node_run", "status": "node_status"}


def run(argv: Sequence[str]) -> None:
    """An unknown subcommand gets the usage text, and is no error."""
    arguments = cli.parse(usage.NODE, argv, options_first=True)
    module = _COMMANDS.get(arguments["<command>"])
    if module is None:
        print(usage.NODE)
        return
    import_module(f"{__package__}.{module}").run(argv)
