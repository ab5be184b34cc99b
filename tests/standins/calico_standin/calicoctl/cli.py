"""Command lines against usage texts, and how calicoctl ends."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, NoReturn

from ..errors import ConfigError
from ..etcd import Etcd, from_environment
from ..settings import DEFAULT_CONFIG_PATH

Arguments = Mapping[str, Any]


def parse(doc: str, argv: Sequence[str], options_first: bool = False) -> Arguments:
    """The arguments by docopt; on a bad command line calicoctl's sentence and exit 1, on --help the text and exit 0."""
    found = match(doc, argv, options_first)
    if found is None:
        sys.stderr.write(usage_section(doc))
        fail(f"Invalid option: 'calicoctl {' '.join(argv)}'. Use flag '--help' to read about a specific subcommand.")
    return found


def match(doc: str, argv: Sequence[str], options_first: bool = False) -> Arguments | None:
    """The arguments, None when they do not match the usage."""
    from docopt import DocoptExit, docopt

    if not options_first and any(word in ("-h", "--help") for word in argv):
        sys.stdout.write(f"{doc}\n")
        sys.exit(0)
    try:
        return dict(docopt(doc, list(argv), default_help=False, options_first=options_first))
    except DocoptExit:
        return None


def usage_section(doc: str) -> str:
    """The part of a text that docopt prints for a bad command line."""
    found = re.search(r"^Usage:\n(?:[ \t]+\S.*\n)+", doc, re.MULTILINE)
    return found.group(0) if found else doc


def fail(message: str) -> NoReturn:
    """calicoctl's errors go to standard output, exit 1."""
    print(message, flush=True)
    sys.exit(1)


def connect(arguments: Arguments) -> Etcd:
    """The datastore's client of a command."""
    path = config_path(arguments)
    try:
        return from_environment(os.environ, path)
    except ConfigError as exc:
        fail(f"Failed to create Calico API client: {exc}")


def config_path(arguments: Arguments) -> str:
    """--config; a named file that is absent ends the command."""
    path = str(arguments["--config"])
    if path != DEFAULT_CONFIG_PATH and not os.path.exists(path):
        fail(f"Error reading config file: {path}")
    return path


def checked_address(text: str) -> IPv4Address | IPv6Address:
    """An address from the command line."""
    try:
        return ip_address(text)
    except ValueError:
        fail(f"Error executing command: invalid IP address specified: {text}")


def parse_as_number(text: str) -> int | None:
    """An AS number, plain or dotted; None when it is none."""
    high, dot, low = text.partition(".")
    if dot:
        if high.isdecimal() and low.isdecimal() and int(high) < 65536 and int(low) < 65536:
            return int(high) * 65536 + int(low)
        return None
    return int(text) if text.isdecimal() and int(text) < 2**32 else None


def require_root() -> None:
    """What works on the host itself is root's."""
    if os.geteuid() != 0:
        fail("Need super user privileges: Operation not permitted")
