"""make setup: the main environment, and the checkout where ansible-core looks for collections."""

from __future__ import annotations

import sys

import pythons
import venvs
from layout import COLLECTIONS, ROOT, collection_in

MAIN = "2.16"
NEXT = """ready: .build/venv-{main}

next:
  . .build/venv-{main}/bin/activate
  ansible-playbook -i INVENTORY site.yml        # ansible.cfg of this directory finds the collection
  make test                                     # what CI runs
"""


def link_collection() -> None:
    """Make the checkout importable as a collection without a copy."""
    link = collection_in(COLLECTIONS)
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.resolve() == ROOT:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(ROOT, target_is_directory=True)


def main() -> int:
    """Set up and say what to run next."""
    try:
        venvs.ensure(MAIN)
    except (venvs.SetupFailed, pythons.MissingPython) as failure:
        print(f"setup: {failure}", file=sys.stderr)
        return 1
    link_collection()
    print(NEXT.format(main=MAIN), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
