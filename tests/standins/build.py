#!/usr/bin/env python3
"""Build the stand-ins: one zipapp for each tool, and the image of calico/node.

    build.py OUTDIR [--python INTERPRETER] [--zipapps-only] [--release 2.6.12]

A zipapp holds sources and byte code, uncompressed, so that starting one costs little more than starting Python.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib._bootstrap_external as bootstrap
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = "calico_standin"
LAB_PYTHON = "/opt/lab/bin/python3"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dcos-calico" / "wheels"
_PIP_DEADLINE = 300
# What goes into a zipapp beside the stand-ins' own package: pure Python, never committed.
LIBRARIES = {"yaml": "PyYAML==6.0.3", "docopt": "docopt-ng==0.9.0"}


@dataclass(frozen=True)
class Tool:
    """A zipapp: its file name, the module whose main() it calls, the libraries it carries."""

    name: str
    module: str
    libraries: tuple[str, ...] = field(default=())


# Of Calico itself, whose calls count (tests/calls).
_CALICO = ("calicoctl", "calico", "calico-ipam")
TOOLS = (
    Tool("calicoctl", f"{PACKAGE}.calicoctl.main", ("yaml", "docopt")),
    Tool("calico", f"{PACKAGE}.cni.main"),
    Tool("calico-ipam", f"{PACKAGE}.ipam.main"),
    Tool("dcos-mesos-slave", f"{PACKAGE}.mesos_slave.main"),
    Tool("calico-installer", f"{PACKAGE}.installer.main"),
)


def build(outdir: Path, interpreter: str, zipapps_only: bool = False) -> list[Path]:
    """Everything that has its sources here; the paths of what was built."""
    outdir.mkdir(parents=True, exist_ok=True)
    written = [tool for tool in TOOLS if (HERE / f"{tool.module.replace('.', '/')}.py").exists()]
    built = [build_zipapp(tool, outdir, interpreter) for tool in written]
    if not zipapps_only and (HERE / "node_image.py").exists():
        sys.path.insert(0, str(HERE))
        node_image = importlib.import_module("node_image")
        node_image.TAG = f"calico/node:{importlib.import_module(f'{PACKAGE}.release').NODE}"
        node_image.build(outdir)
    return built


def of_release(release: str, arguments: list[str]) -> int:
    """Build from a copy of the sources that says it is of another release; the exit code."""
    with tempfile.TemporaryDirectory(prefix="standins-") as directory:
        copy = Path(directory) / HERE.name
        shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        name = copy / PACKAGE / "release.py"
        name.write_text(re.sub(r'(?m)^NAME = ".*"$', f'NAME = "{release}"', name.read_text(encoding="utf-8")))
        return subprocess.run([sys.executable, str(copy / "build.py"), *arguments], check=False).returncode


def build_zipapp(tool: Tool, outdir: Path, interpreter: str) -> Path:
    """One executable, put in place whole."""
    target = outdir / tool.name
    with tempfile.NamedTemporaryFile(dir=outdir, prefix=f".{tool.name}.", delete=False) as stream:
        # Isolated and without site: a stand-in has all it needs, and starting it is most of its time.
        stream.write(f"#!{interpreter} -IS\n".encode())
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            _put(archive, "__main__.py", _main(tool))
            for path in sorted((HERE / PACKAGE).rglob("*.py")):
                _add(archive, path.relative_to(HERE).as_posix(), path.read_bytes())
            for library in tool.libraries:
                _add_library(archive, library)
    os.chmod(stream.name, 0o755)
    os.replace(stream.name, target)
    return target


def _main(tool: Tool) -> str:
    """What starts the tool; calls of Calico's own are noted first."""
    if tool.name in _CALICO:
        return f"from {PACKAGE}.calls import note\n\nnote({tool.name!r})\n\nfrom {tool.module} import main\n\nmain()\n"
    return f"from {tool.module} import main\n\nmain()\n"


def _add_library(archive: zipfile.ZipFile, library: str) -> None:
    with zipfile.ZipFile(_wheel(LIBRARIES[library])) as wheel:
        for name in wheel.namelist():
            if name.startswith(f"{library}/") and name.endswith(".py"):
                _add(archive, name, wheel.read(name))


def _add(archive: zipfile.ZipFile, name: str, source: bytes) -> None:
    """A module as source and as byte code; Pythons of another version use the source."""
    _put(archive, name, source)
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    digest = importlib.util.source_hash(source)
    _put(archive, f"{name}c", bootstrap._code_to_hash_pyc(code, digest, False))  # type: ignore[attr-defined]


def _put(archive: zipfile.ZipFile, name: str, content: str | bytes) -> None:
    """A file of one and the same time, so that the same sources make the same zipapp."""
    archive.writestr(zipfile.ZipInfo(name), content)


def python_with_pip() -> str:
    """This Python, or the one that its virtual environment was made of: not every environment has a pip of its own."""
    candidates = (
        sys.executable,
        getattr(sys, "_base_executable", sys.executable),
        shutil.which("python3") or sys.executable,
    )
    for python in candidates:
        if (
            subprocess.run(
                [python, "-m", "pip", "--version"], capture_output=True, check=False, timeout=_PIP_DEADLINE
            ).returncode
            == 0
        ):
            return python
    sys.exit(
        f"build.py: none of {', '.join(dict.fromkeys(candidates))} has pip, which fetches PyYAML and docopt-ng for the stand-ins; install it"
    )


def _wheel(requirement: str) -> Path:
    """The wheel of a pinned library, downloaded once."""
    project, version = requirement.split("==")
    pattern = f"{project.replace('-', '_')}-{version}-*.whl"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = [path for path in CACHE.glob("*.whl") if path.match(pattern) or path.match(pattern.lower())]
        if not found:
            subprocess.run(
                [python_with_pip(), "-m", "pip", "--quiet", "download", "--no-deps", "--dest", str(CACHE), requirement],
                check=True,
                timeout=_PIP_DEADLINE,
            )
            found = [path for path in CACHE.glob("*.whl") if path.match(pattern) or path.match(pattern.lower())]
        return found[0]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--python", default=LAB_PYTHON, help="interpreter the zipapps name (default: %(default)s)")
    parser.add_argument("--zipapps-only", action="store_true", help="leave the calico/node image out")
    parser.add_argument(
        "--release",
        help="of Calico, instead of the one of the sources; they differ in what they say of themselves only",
    )
    arguments = parser.parse_args()
    if arguments.release:
        given = [word for word in sys.argv[1:] if word not in ("--release", arguments.release)]
        sys.exit(of_release(arguments.release, [word for word in given if not word.startswith("--release=")]))
    for path in build(arguments.outdir, arguments.python, arguments.zipapps_only):
        print(path)


if __name__ == "__main__":
    main()
