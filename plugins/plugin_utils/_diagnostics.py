# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles for a support ticket: archives that are made on the controller of what hosts have said, for their owner only, each with an index.

What a host has said is data of a stranger: no name in an archive is one of its own making, its size is bounded again, and no sign in it is obeyed by a
terminal.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils import _redact
from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup, _bundle
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _stream
from ansible_collections.dcos.calico.plugins.plugin_utils import _controller_paths

INDEX = "index.txt"
CLUSTER = "cluster"
SUFFIX = ".tar.gz"
# Of an entry: at most two directories, and nothing that a shell, a terminal or tar makes something else of.
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}(?:/[a-zA-Z0-9][a-zA-Z0-9._@-]{0,80}){1,2}\Z")
MOST_ENTRIES = 400
REMEDY = "Name a directory that can be written, with free space"
HEAD = """\
Diagnostics of {what}, made {made} by dcos.calico {version} ({check}).

Text only. Look through it before you hand it over: what has the name or the look of a secret is replaced by {hidden} or
{not_shown}, values of unknown settings are not shown, and private keys, kubeconfigs and variables of other containers are not
collected at all; but addresses, host names and labels are in it, and nobody can know every secret by its look.

"""


@dataclass(frozen=True)
class Entry:
    """A file of a bundle.

    :ivar note: what of it is left out, or why there is nothing.
    :ivar seconds: that it took to ask.
    """

    name: str
    text: str
    note: str = ""
    seconds: float = 0.0

    @property
    def size(self) -> int:
        return len(self.text.encode("utf-8", "replace"))


def entries_of(content: Any, most: int, secrets: _redact.Redactor) -> list[Entry]:
    """The entries that a host has handed over; raises CalicoError where they are none.

    :param most: bytes that all of them may have.
    """
    said = _backup.unpack(content, most=2 * most + (1 << 20))
    if not isinstance(said, list) or len(said) > MOST_ENTRIES:
        raise CalicoError("The host has not answered with entries of a bundle", remedy="Run again")
    found, left = {}, most
    for item in said:
        entry = _entry(item, secrets)
        if entry is None or entry.name in found:
            raise CalicoError("The host has answered with something that is no entry of a bundle", remedy="Run again")
        left -= entry.size
        if left < 0:
            entry = Entry(entry.name, "", "Not kept: the host has said more than it was asked for", entry.seconds)
        found[entry.name] = entry
    return [found[name] for name in sorted(found)]


def _entry(item: Any, secrets: _redact.Redactor) -> Entry | None:
    if not isinstance(item, Mapping):
        return None
    name, text, note, seconds = (item.get(key) for key in ("name", "text", "note", "seconds"))
    if not (isinstance(name, str) and NAME.match(name) and isinstance(text, str) and isinstance(note, str)):
        return None
    shown = [secrets.scrub(_bundle.printable(part)) for part in (text, note)]
    return Entry(
        name, shown[0], " ".join(shown[1].split())[:500], seconds if isinstance(seconds, (int, float)) else 0.0
    )


def file_name(host: str, others: Iterable[str]) -> str:
    """The name of a host's bundle: C(host-agent1.tar.gz). Hosts whose names differ only in signs that no file should have are told apart."""
    plain = _plain(host)
    if plain == host and len(host) <= 80 and not any(_plain(other) == plain for other in others if other != host):
        return f"host-{plain}{SUFFIX}"
    return f"host-{plain[:80]}-{hashlib.sha256(host.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}{SUFFIX}"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def share(size: int, all_size: int, hosts: int) -> int:
    """KiB that a host may have, of those that all may have together, the cluster's bundle counting as one."""
    return max(1, min(size, all_size // (hosts + 1)))


def index(entries: Sequence[Entry], what: str, made: str, version: str, check: str, more: Sequence[str] = ()) -> Entry:
    """The first file of a bundle: what it is, and what is in it."""
    head = HEAD.format(
        what=_bundle.printable(what),
        made=made,
        version=version,
        check=check,
        hidden=_redact.HIDDEN,
        not_shown=_redact.NOT_SHOWN,
    )
    rows = [f"{'bytes':>9} {'seconds':>8}  file"]
    for entry in entries:
        rows.append(f"{entry.size:>9} {entry.seconds:>8.2f}  {entry.name}{f'  ({entry.note})' if entry.note else ''}")
    return Entry(INDEX, head + "".join(f"{line}\n" for line in [*more, *([""] if more else []), *rows]))


def archive(entries: Sequence[Entry], top: str, when: int) -> bytes:
    """A tar.gz of files for their owner only, below one directory, in the order in which they are given.

    :param when: seconds since 1970, for all of them, so that the same content is the same archive.
    """
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=6, mtime=when) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for entry in entries:
            content = entry.text.encode("utf-8", "replace")
            member = tarfile.TarInfo(f"{top}/{entry.name}")
            member.size, member.mtime, member.mode = len(content), when, 0o600
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def require_named(parent: str) -> None:
    """Raise CalicoError where nobody has said where bundles go."""
    if not parent:
        raise CalicoError("No directory is named", remedy="Add -e calico_diagnostics_directory=DIRECTORY")


def make_directory(parent: str, name: str) -> str:
    """A new directory for its owner only, below one that is made where it is not there; raises CalicoError."""
    require_named(parent)
    try:
        if not os.path.isdir(parent):
            os.mkdir(parent, 0o700)
        path = os.path.join(parent, name)
        os.mkdir(path, 0o700)
        return path
    except OSError as error:
        raise CalicoError(
            f"A directory for the bundles could not be made in {parent}", error.strerror or str(error), REMEDY
        ) from error


def write(path: str, content: bytes) -> None:
    """Put bytes in a file for its owner only; raises CalicoError."""
    _controller_paths.write(path, content, 0o600, REMEDY)


def read(path: str) -> list[Entry]:
    """The entries of a bundle that an earlier task has written, without its index; none where there is no such file."""
    if not os.path.exists(path):
        return []
    found = []
    with tarfile.open(path, "r:gz") as tar:
        for member in tar.getmembers():
            stream = tar.extractfile(member)
            name = member.name.partition("/")[2]
            if stream is not None and name != INDEX:
                found.append(Entry(name, bytes(_stream.whole(stream, path, _backup.LARGEST)).decode("utf-8")))
    return found


def summary(entries: Sequence[Entry]) -> dict[str, Any]:
    """What a result says of a bundle: its entries by name, without what they say."""
    return {
        "entries": [
            {"name": entry.name, "size": entry.size, "note": entry.note, "seconds": entry.seconds} for entry in entries
        ],
        "size": sum(entry.size for entry in entries),
    }
