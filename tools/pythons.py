"""Find the CPython interpreters of this machine, by version.

pyenv's shims are on PATH but answer only for the versions that are switched on, so the real ``bin`` directories are looked up instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PROBE = "import sys; print('%d.%d' % sys.version_info[:2])"
PROBE_SECONDS = 20


class MissingPython(Exception):
    """No interpreter of a desired version works on this machine."""


def pyenv_roots() -> Iterator[Path]:
    """The places where pyenv may keep its versions, HOME being fresh or not."""
    if os.environ.get("PYENV_ROOT"):
        yield Path(os.environ["PYENV_ROOT"])
    pyenv = shutil.which("pyenv")
    if pyenv:
        yield Path(pyenv).resolve().parent.parent
    yield Path.home() / ".pyenv"
    for parent in Path(sys.base_prefix).resolve().parents:
        if parent.name == "versions":
            yield parent.parent


def _version_key(directory: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in directory.parent.name.split(".") if part.isdigit())


def bin_directories() -> list[Path]:
    """Each directory that may hold real interpreters: pyenv's, newest first, then PATH without the shims."""
    found: list[Path] = []
    for root in pyenv_roots():
        found += sorted(root.glob("versions/*/bin"), key=_version_key, reverse=True)
    for entry in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if entry and "shims" not in Path(entry).parts:
            found.append(Path(entry))
    return list(dict.fromkeys(found))


def _answers(executable: Path, version: str) -> bool:
    try:
        done = subprocess.run(
            [str(executable), "-c", PROBE],
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == version


def find(versions: Sequence[str]) -> Path:
    """The first working interpreter, by order of preference; raises MissingPython."""
    for version in versions:
        for directory in bin_directories():
            executable = directory / f"python{version}"
            if executable.is_file() and _answers(executable, version):
                return executable
    raise MissingPython(
        f"no working Python {' or '.join(versions)} here: install it (pyenv install {versions[0]}) or put it on PATH"
    )


def search_path(first: Sequence[Path] = ()) -> str:
    """A PATH on which ``python2.7`` … ``python3.13`` are real interpreters, with other directories first."""
    entries = [*first, *bin_directories()]
    return os.pathsep.join(str(entry) for entry in dict.fromkeys(entries))
