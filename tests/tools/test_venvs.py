"""Test environments: what is compiled when one is made."""

from __future__ import annotations

import sys
from pathlib import Path

import venvs


def test_packages_are_compiled_and_collections_are_not(tmp_path: Path) -> None:
    """Nor does a file that no Python takes end it."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    packages = tmp_path / "lib" / "site-packages"
    files = {"jinja2/lexer.py": "a = 1", "jinja2/old.py": "print 1", "ansible_collections/a/b.py": "b = 1"}
    for name, text in files.items():
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text(text, encoding="utf-8")
    venvs._compile(tmp_path)
    assert [path.name.partition(".")[0] for path in packages.rglob("*.pyc")] == ["lexer"]
