"""Copy the checkout to where ansible-core and ansible-test want a collection: python3 tools/tree.py DIRECTORY

Copied is what git tracks or would track (untracked files that are not ignored), so leftovers stay out and work in progress is seen. Files that
did not change keep their place, so that what the tools cached stays warm.
"""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from layout import ROOT, collection_in

SECONDS = 60
KEPT = ".git"


def _git(directory: Path, *arguments: str) -> str:
    argv = ["git", "-C", str(directory), *arguments]
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=True
    ).stdout


def files_of(checkout: Path) -> list[Path]:
    """The files that belong to the checkout, relative to it."""
    listed = _git(checkout, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    names = (Path(name) for name in listed.split("\0") if name)
    return sorted(name for name in names if (checkout / name).is_file() or (checkout / name).is_symlink())


def _same(source: Path, target: Path) -> bool:
    if source.is_symlink() or target.is_symlink():
        return source.is_symlink() and target.is_symlink() and source.readlink() == target.readlink()
    return (
        target.is_file()
        and source.stat().st_mode == target.stat().st_mode
        and filecmp.cmp(source, target, shallow=False)
    )


def _copy(source: Path, target: Path) -> None:
    if _same(source, target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def _remove_others(tree: Path, desired: Sequence[Path]) -> None:
    """Remove what the checkout no longer has, and directories that end up empty."""
    keep = set(desired)
    for path in sorted(tree.rglob("*"), reverse=True):
        relative = path.relative_to(tree)
        if relative.parts[0] == KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif relative not in keep:
            path.unlink()


def everything(_name: Path) -> bool:
    """All files of the checkout."""
    return True


def product(name: Path) -> bool:
    """What users get, and its unit and sanity tests: no tools, no lab, no stand-ins."""
    if name.parts[0] == "tests":
        return name.parts[1] in ("unit", "sanity")
    return name.parts[0] not in ("tools", "molecule")


def copy(parent: Path, checkout: Path = ROOT, desired: Callable[[Path], bool] = everything) -> Path:
    """Bring the copy below this directory up to date; the collection's own directory in it."""
    tree = collection_in(parent)
    tree.mkdir(parents=True, exist_ok=True)
    names = [name for name in files_of(checkout) if desired(name)]
    for name in names:
        _copy(checkout / name, tree / name)
    _remove_others(tree, names)
    if not (tree / KEPT).exists():
        _git(tree, "init", "--quiet")
    _git(tree, "add", "--all", "--force")
    return tree


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: tree.py DIRECTORY")
    print(copy(Path(sys.argv[1]).resolve()))
