"""The copy of the checkout: what git would track, no more, kept up to date."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import tree


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "plugins").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True, timeout=30)
    (root / ".gitignore").write_text("*.log\n", encoding="utf-8")
    (root / "plugins" / "new.py").write_text("1\n", encoding="utf-8")
    (root / "noise.log").touch()
    (root / "link").symlink_to("plugins/new.py")
    return root


def _content(copy: Path) -> set[str]:
    return {
        str(path.relative_to(copy))
        for path in copy.rglob("*")
        if not path.is_dir() and path.relative_to(copy).parts[0] != ".git"
    }


def test_untracked_files_are_copied_ignored_ones_not(checkout: Path, tmp_path: Path) -> None:
    copy = tree.copy(tmp_path / "parent", checkout)
    assert copy == tmp_path / "parent" / "ansible_collections" / "dcos" / "calico"
    assert _content(copy) == {".gitignore", "plugins/new.py", "link"}
    assert (copy / "link").is_symlink()
    staged = subprocess.run(
        ["git", "-C", str(copy), "ls-files"], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    assert set(staged.split()) == {".gitignore", "plugins/new.py", "link"}


def test_changes_and_removals_follow(checkout: Path, tmp_path: Path) -> None:
    copy = tree.copy(tmp_path / "parent", checkout)
    (copy / "leftover").touch()
    (checkout / "plugins" / "new.py").unlink()
    (checkout / "other").write_text("2\n", encoding="utf-8")
    (checkout / ".gitignore").chmod(0o755)
    tree.copy(tmp_path / "parent", checkout)
    assert _content(copy) == {".gitignore", "other", "link"}
    assert not (copy / "plugins").exists()
    assert (copy / ".gitignore").stat().st_mode & 0o777 == 0o755


def test_unchanged_files_are_left_alone(checkout: Path, tmp_path: Path) -> None:
    copy = tree.copy(tmp_path / "parent", checkout)
    before = (copy / "plugins" / "new.py").stat().st_ino
    tree.copy(tmp_path / "parent", checkout)
    assert (copy / "plugins" / "new.py").stat().st_ino == before


@pytest.mark.parametrize(
    ("name", "desired"),
    [
        ("plugins/modules/sysctl.py", True),
        ("tests/unit/conftest.py", True),
        ("tests/sanity/ignore-2.16.txt", True),
        ("tests/lab/lab.py", False),
        ("tools/tree.py", False),
        ("README.md", True),
    ],
)
def test_the_product(name: str, desired: bool) -> None:
    assert tree.product(Path(name)) is desired
