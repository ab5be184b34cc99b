"""Build the collection, install the tarball into an empty place and parse its playbooks there: python3 tools/build_check.py

Run where ansible-core is the only package: the playbooks must parse without any other collection.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from layout import NAME, NAMESPACE, ROOT, collection_in

SECONDS = 120
HOSTS = "localhost,"


def _run(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> bool:
    """Run a command, shown; whether it ended well."""
    print(f"$ {' '.join(argv)}", flush=True)
    return (
        subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False).returncode == 0
    )


def _parse(playbook: str, cwd: Path, env: Mapping[str, str]) -> bool:
    return _run(["ansible-playbook", "--syntax-check", "-i", HOSTS, playbook], cwd, env)


def check(place: Path) -> bool:
    """All of it below this empty directory; whether everything went well."""
    installed = place / "installed"
    config = place / "ansible.cfg"
    config.touch()
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(installed),
        "ANSIBLE_HOME": str(place / "home"),
        "ANSIBLE_CONFIG": str(config),
    }
    if not _run(["ansible-galaxy", "collection", "build", "--output-path", str(place), str(ROOT)], place, env):
        return False
    tarball = str(next(place.glob("*.tar.gz")))
    if not _run(["ansible-galaxy", "collection", "install", "--offline", "-p", str(installed), tarball], place, env):
        return False
    collection = collection_in(installed)
    playbooks = sorted((collection / "playbooks").glob("*.yml"))
    parsed = [_parse(f"{NAMESPACE}.{NAME}.{playbook.stem}", place, env) for playbook in playbooks]
    if (collection / "site.yml").is_file():
        parsed.append(_parse("site.yml", collection, env))
    print(f"{len(parsed)} playbooks parsed")
    return all(parsed)


def main() -> int:
    """The command line."""
    with tempfile.TemporaryDirectory() as temporary:
        return 0 if check(Path(temporary)) else 1


if __name__ == "__main__":
    sys.exit(main())
