"""Give ansible-test the get-pip scripts that it would fetch from outside PyPI: python3 tools/seed_getpip.py

ansible-test makes environments without pip and then runs a script from ~/.ansible/test/cache, which it downloads if it is not there. Here that
script is a few lines that install pip from a wheel beside it, and the wheel comes from PyPI like everything else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import venvs

# The pip versions that ansible-test asks for: on Python 2.7, on 3.6, and by core 2.16/2.17, 2.18/2.19, 2.20/2.21.
VERSIONS = ("20.3.4", "21.3.1", "23.1.2", "24.2", "25.2")
SECONDS = 300
SCRIPT = '''\
"""Installs pip from the wheel beside this file."""
import os
import sys

wheel = os.path.join(os.path.dirname(os.path.abspath(__file__)), "{wheel}")
sys.path.insert(0, wheel)
from pip._internal.cli.main import main

arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", wheel] + arguments))
'''


def script_of(version: str) -> str:
    """The name that ansible-test looks for."""
    return f"get_pip_{version.replace('.', '_')}.py"


def _fetch(pip: Path, version: str, cache: Path) -> None:
    """Download one wheel and write its script, the script last."""
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        argv = [
            str(pip),
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
            temporary,
            f"pip=={version}",
        ]
        subprocess.run(argv, stdin=subprocess.DEVNULL, timeout=SECONDS, check=True)
        wheel = next(Path(temporary).glob("pip-*.whl"))
        os.replace(wheel, cache / wheel.name)
        script = Path(temporary) / "script"
        script.write_text(SCRIPT.format(wheel=wheel.name), encoding="utf-8")
        os.replace(script, cache / script_of(version))


def seed(home: Path) -> None:
    """Seed the cache in this home; what is there already is left alone."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in VERSIONS:
        if not (cache / script_of(version)).exists():
            _fetch(venvs.bootstrap() / "bin" / "pip", version, cache)


if __name__ == "__main__":
    try:
        seed(Path.home())
    except (subprocess.SubprocessError, venvs.SetupFailed) as failure:
        sys.exit(f"seed_getpip: {failure}")
