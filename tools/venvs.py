"""Make the virtual environments of this project, each once: python3 tools/venvs.py NAME...

An environment is made again when its requirements or its interpreter change (a stamp file holds their hash), and left alone otherwise.
Everything comes from PyPI by way of pip's own configuration; no index is named here.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import debian
import pythons
from layout import BUILD, REQUIREMENTS

INSTALL_SECONDS = 900
UV = "uv==0.13.9"
NOT_COMPILED = "/ansible_collections/"
APT_PACKAGE = "python3-venv"
# What Debian's Python says without that package, and a minimal one without the library.
NO_VENV_MODULE = ("ensurepip is not available", "No module named venv", "No module named ensurepip")


class SetupFailed(Exception):
    """An environment could not be made; the text says why and what to do."""


@dataclass(frozen=True)
class Venv:
    """One environment: the Pythons that may carry it, best first, and its requirements file; `complete`: that names all, whatever packages ask for."""

    pythons: tuple[str, ...]
    requirements: str
    complete: bool = False

    @property
    def by_uv(self) -> bool:
        """uv serves the Pythons that are alive; the agents' old ones get virtualenv and a pip of their time."""
        return self.pythons[0] not in ("2.7", "3.6")


VENVS: Mapping[str, Venv] = {
    "2.16": Venv(("3.11", "3.12", "3.10"), "core-2.16.txt"),
    "new": Venv(("3.13", "3.12"), "core-new.txt"),
    "alone": Venv(("3.11", "3.12", "3.10"), "core-alone.txt"),
    "lint": Venv(("3.13", "3.12"), "lint.txt"),
    "molecule": Venv(("3.12", "3.11"), "molecule.txt"),
    "dcos": Venv(("3.11", "3.12", "3.13"), "dcos.txt"),
    "builder": Venv(("3.11", "3.12"), "builder.txt"),
    "mutation": Venv(("3.11", "3.12"), "mutation.txt"),
    "full": Venv(("3.11", "3.12"), "full.txt"),
    "dcoscli": Venv(("3.9",), "dcoscli.txt", complete=True),
    "virtualenv": Venv(("3.11", "3.12", "3.10"), "virtualenv.txt"),
    "py2.7": Venv(("2.7",), "python-2.7.txt"),
    "py3.6": Venv(("3.6",), "python-3.6.txt"),
}


def path_of(name: str) -> Path:
    """Where an environment is, made or not."""
    return BUILD / f"venv-{name}"


def _run(argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
    """Run a command to its end; raises SetupFailed with what it said."""
    env = {**(env or os.environ), "VIRTUALENV_NO_PERIODIC_UPDATE": "1"}
    try:
        done = subprocess.run(
            argv,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupFailed(f"{argv[0]}: {error}") from error
    if done.returncode:
        raise SetupFailed(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout.strip()}")


def _make_plain(python: str, directory: Path) -> None:
    """python -m venv, with pip inside; the module is installed first where Debian left it out."""
    try:
        _run([python, "-m", "venv", "--clear", str(directory)])
    except SetupFailed as failure:
        if not any(word in str(failure) for word in NO_VENV_MODULE):
            raise
        try:
            debian.install(APT_PACKAGE)
        except debian.NotInstalled as missing:
            raise SetupFailed(f"this Python cannot make virtual environments: {missing}") from missing
        _run([python, "-m", "venv", "--clear", str(directory)])


def uv_environment(pip: Path) -> dict[str, str]:
    """What uv needs to use the index and the certificates that pip is configured for."""
    listed = subprocess.run(
        [str(pip), "config", "list"], capture_output=True, text=True, timeout=60, check=False
    ).stdout
    settings = {}
    for line in listed.splitlines():
        key, found, value = line.partition("=")
        if found:
            settings[key.rpartition(".")[2]] = value.strip("'\"")
    desired = {"UV_DEFAULT_INDEX": settings.get("index-url"), "SSL_CERT_FILE": settings.get("cert")}
    env = dict(os.environ)
    for variable, setting in desired.items():
        if setting:
            env.setdefault(variable, setting)
    return env


def bootstrap() -> Path:
    """The environment that holds uv."""
    directory = path_of("bootstrap")
    with debian.locked("bootstrap"):
        if not (directory / "bin" / "uv").exists():
            _make_plain(sys.executable, directory)
            _run([str(directory / "bin" / "pip"), "install", "--quiet", UV])
    return directory


def _stamp(venv: Venv, python: Path) -> str:
    content = (REQUIREMENTS / venv.requirements).read_bytes()
    return hashlib.sha256(content + f"{python.resolve()}{UV}{NOT_COMPILED}".encode()).hexdigest()


def _compile(directory: Path) -> None:
    """Bytecode of all packages, which uv leaves to the first import. Tests start thousands of Pythons, each of which would compile all that it imports where
    none is written (PYTHONDONTWRITEBYTECODE): a start of ansible-playbook took twice the CPU. What cannot be compiled is left to who imports it."""
    python, lib = str(directory / "bin" / "python"), str(directory / "lib")
    argv = [python, "-m", "compileall", "-qq", "-j", "0", "-x", NOT_COMPILED, lib]
    subprocess.run(argv, stdin=subprocess.DEVNULL, timeout=INSTALL_SECONDS, check=False)


def _fill(venv: Venv, python: Path, directory: Path) -> None:
    """Make the environment anew and install its requirements."""
    requirements = str(REQUIREMENTS / venv.requirements)
    if venv.by_uv:
        tools = bootstrap() / "bin"
        env = uv_environment(tools / "pip")
        _run([str(tools / "uv"), "venv", "--quiet", "--clear", "--python", str(python), str(directory)], env)
        options = ["--no-deps"] if venv.complete else []
        _run(
            [
                str(tools / "uv"),
                "pip",
                "install",
                "--quiet",
                *options,
                "--python",
                str(directory / "bin" / "python"),
                "-r",
                requirements,
            ],
            env,
        )
        _compile(directory)
        return
    virtualenv = ensure("virtualenv") / "bin" / "virtualenv"
    _run([str(virtualenv), "--quiet", "--clear", "--python", str(python), str(directory)])
    _run([str(directory / "bin" / "pip"), "install", "--quiet", "-r", requirements])


def ensure(name: str) -> Path:
    """The environment's directory, made or brought up to date first if need be."""
    venv = VENVS[name]
    directory = path_of(name)
    stamp = directory / ".stamp"
    with debian.locked(name):
        python = pythons.find(venv.pythons)
        desired = _stamp(venv, python)
        if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == desired):
            _fill(venv, python, directory)
            stamp.write_text(desired, encoding="utf-8")
    return directory


def main() -> int:
    """Make the environments named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="+", choices=sorted(VENVS), metavar="NAME", help=", ".join(VENVS))
    for name in parser.parse_args().names:
        try:
            print(ensure(name))
        except (SetupFailed, pythons.MissingPython) as failure:
            print(f"venv {name}: {failure}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
