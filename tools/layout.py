"""Where things are in a checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
LOGS = BUILD / "logs"
REQUIREMENTS = ROOT / "tests" / "requirements"
NAMESPACE, NAME = "dcos", "calico"
COLLECTIONS = BUILD / "collections"


def collection_in(tree: Path) -> Path:
    """The collection's directory in a tree that ansible-core can search."""
    return tree / "ansible_collections" / NAMESPACE / NAME
