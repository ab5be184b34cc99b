"""A tree of files as data: computed without side effects, written into a host before it starts."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from dcoslab.process import LabError


@dataclasses.dataclass(frozen=True)
class File:
    content: str | Path  # a text, or the file to copy
    mode: int = 0o644
    owner: int = 0


@dataclasses.dataclass(frozen=True)
class Link:
    target: str


@dataclasses.dataclass(frozen=True)
class Directory:
    mode: int = 0o755
    owner: int = 0


Entry = File | Link | Directory


class Tree:
    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __getitem__(self, path: str) -> Entry:
        return self.entries[path]

    def file(self, path: str, content: str | Path, mode: int = 0o644, owner: int = 0) -> None:
        self.entries[path] = File(content, mode, owner)

    def program(self, path: str, content: str | Path) -> None:
        self.file(path, content, 0o755)

    def link(self, path: str, target: str) -> None:
        self.entries[path] = Link(target)

    def directory(self, path: str, mode: int = 0o755, owner: int = 0) -> None:
        self.entries[path] = Directory(mode, owner)

    def unit(self, name: str, text: str, desired_by: str | None = "multi-user.target") -> None:
        """A unit of the lab's; enabled unless desired_by is None."""
        self.file(f"/etc/systemd/system/{name}", text)
        if desired_by is not None:
            self.enable(name, f"/etc/systemd/system/{name}", desired_by)

    def enable(self, name: str, path: str, desired_by: str = "multi-user.target") -> None:
        self.link(f"/etc/systemd/system/{desired_by}.wants/{name}", path)

    def text(self, path: str) -> str:
        entry = self.entries[path]
        assert isinstance(entry, File)
        return entry.content if isinstance(entry.content, str) else entry.content.read_text()

    def write(self, root: Path) -> None:
        """Lay the tree over root, which is a host's file system seen from outside."""
        for path, entry in self.entries.items():
            target = root / path.lstrip("/")
            # An absolute link of the image (/var/run) would lead into this machine.
            if not target.parent.resolve().is_relative_to(root.resolve()):
                raise LabError(f"{path} lies behind a link that leaves the host")
            if isinstance(entry, Directory):
                target.mkdir(parents=True, exist_ok=True)
                target.chmod(entry.mode)
                os.chown(target, entry.owner, entry.owner)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            # Replaced, never written through: the same reason.
            if target.is_symlink() or target.exists():
                target.unlink()
            if isinstance(entry, Link):
                target.symlink_to(entry.target)
                continue
            if isinstance(entry.content, Path):
                shutil.copyfile(entry.content, target)
            else:
                target.write_text(entry.content)
            target.chmod(entry.mode)
            os.chown(target, entry.owner, entry.owner)


def append_account(root: Path, name: str, uid: int, home: str) -> None:
    """useradd without running a program of the host: the same three lines it would write."""
    lines = {
        "passwd": f"{name}:x:{uid}:{uid}:{name}:{home}:/bin/bash",
        "group": f"{name}:x:{uid}:",
        # '*': no password, yet not locked, so that keys work.
        "shadow": f"{name}:*:19000:0:99999:7:::",
    }
    for database, line in lines.items():
        with (root / "etc" / database).open("a", encoding="ascii") as stream:
            stream.write(line + "\n")


def remove_system_python3(root: Path) -> None:
    """What a host without python3 does not have; /usr/bin/python is the flavour's business."""
    for directory in ("usr/bin", "usr/local/bin"):
        for pattern in ("python*", "py3*", "pydoc*", "pygettext*"):
            for path in (root / directory).glob(pattern):
                path.unlink()
    for directory in ("usr/lib/python3", "usr/lib/python3.11", "usr/share/python3"):
        shutil.rmtree(root / directory, ignore_errors=True)
