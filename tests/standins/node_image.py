#!/usr/bin/env python3
"""Build calico-node.tar: a small image calico/node:v2.6.6 with the stand-in and a real BIRD, in `docker save`'s shape.

    node_image.py OUTDIR

The root file system is picked out of Debian packages that apt fetches; nothing is installed on this machine. It is built
once for each set of packages and kept in ~/.cache/dcos-calico. Needs root (chroot) on Debian 12.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dcos-calico" / "node-image"
TAG = "calico/node:v2.6.6"
ARCHIVE = "calico-node.tar"
_DEADLINE = 600
_EPOCH = "1970-01-01T00:00:00Z"
_CODE = "usr/lib/calico"
_PYTHON = "usr/bin/python3.11"

# Where the programs come from, and the libraries they load.
_PACKAGES = (
    "bird busybox-static iproute2 ipset iptables python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libc6 "
    "libbpf1 libbsd0 libcap2 libelf1 libexpat1 libip4tc2 libip6tc2 libipset13 libmd0 libmnl0 libnetfilter-conntrack3 "
    "libffi8 libnfnetlink0 libgcc-s1 libssl3 libxtables12 zlib1g"
).split()
_PROGRAMS = (
    "usr/sbin/bird",
    "usr/sbin/bird6",
    "usr/bin/ip",
    "usr/sbin/xtables-legacy-multi",
    "usr/sbin/ipset",
    _PYTHON,
)
# The interpreter loads it by name when a thread ends.
_LATE_LIBRARY = "libgcc_s.so.1"
_KEPT_TREES = ("usr/lib/x86_64-linux-gnu/xtables", "usr/lib/aarch64-linux-gnu/xtables", "etc/iproute2")
_IPTABLES = [
    f"{name}{variant}{end}"
    for name in ("iptables", "ip6tables")
    for variant in ("", "-legacy")
    for end in ("", "-save", "-restore")
]
_APPLETS = (
    "sh cat chmod cp date df echo env grep head hostname id kill ls mkdir mount mv nc netstat ping ps rm sed sleep sort stat tail tar touch vi wget wc"
).split()
# Modules of the standard library that are imported late.
_LATE_MODULES = (
    "runpy encodings.idna encodings.latin_1 encodings.ascii stringprep unicodedata _strptime traceback http.server ssl"
).split()
_MODULES = "main startup confd felix.__main__".split()

_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "sbin/start_runit": f"#!/bin/sh\nexec /{_PYTHON} -S -m calico_standin.node.main\n",
}


def build(outdir: Path) -> Path:
    """Make (or copy from the cache) OUTDIR/calico-node.tar."""
    CACHE.mkdir(parents=True, exist_ok=True)
    outdir.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        base = _base_layer()
        target = outdir / ARCHIVE
        with tempfile.NamedTemporaryFile(dir=outdir, prefix=f".{ARCHIVE}.", delete=False) as stream:
            _write_archive(stream.name, [base.read_bytes(), _code_layer()])
        os.chmod(stream.name, 0o644)
        os.replace(stream.name, target)
    return target


# -- the base layer ---------------------------------------------------------------------------


def _base_layer() -> Path:
    """The layer of programs and libraries, by the content of the packages and of this file."""
    listing = _apt_uris()
    digest = hashlib.sha256(f"{listing}{Path(__file__).read_text(encoding='utf-8')}".encode()).hexdigest()[:16]
    layer = CACHE / f"base-{digest}.tar"
    if layer.exists():
        return layer
    for old in CACHE.glob("base-*.tar"):
        old.unlink()
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="work-") as name:
        work = Path(name)
        tree, root = work / "tree", work / "root"
        _unpack_packages(work, tree)
        _pick(tree, root)
        staged = work / "layer.tar"
        staged.write_bytes(_tar(root))
        os.replace(staged, layer)
    return layer


def _apt_uris() -> str:
    """File names and sums of the packages, as apt would fetch them now."""
    for refresh in (False, True):
        if refresh:
            _run("apt-get", "-qq", "update")
        try:
            shown = _run("apt-get", "download", "--print-uris", *_PACKAGES)
        except subprocess.CalledProcessError:
            continue
        return "\n".join(sorted(re.sub(r"^'[^']*' ", "", line) for line in shown.splitlines() if line.startswith("'")))
    raise SystemExit("apt offers no packages for the image: is this Debian 12 with a reachable mirror?")


def _unpack_packages(work: Path, tree: Path) -> None:
    debs = work / "debs"
    debs.mkdir()
    _run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *_PACKAGES, cwd=debs)
    _merge_usr(tree)
    for deb in sorted(debs.glob("*.deb")):
        packed = work / "packed.tar"
        with packed.open("wb") as stream:
            subprocess.run(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=stream, timeout=_DEADLINE, check=True)
        _run("tar", "--extract", "--keep-directory-symlink", f"--file={packed}", f"--directory={tree}")


def _pick(tree: Path, root: Path) -> None:
    """Copy what is used of the unpacked packages into a root file system."""
    _merge_usr(root)
    for directory in ("dev", "proc", "sys", "tmp", "root", "run", "var", "etc/calico"):
        (root / directory).mkdir(parents=True)
    (root / "var/run").symlink_to("/run")
    (root / "tmp").chmod(0o1777)
    for name, text in _FILES.items():
        (root / name).write_text(text, encoding="utf-8")
    (root / "sbin/start_runit").chmod(0o755)
    for name in _KEPT_TREES:
        if (tree / name).is_dir():
            shutil.copytree(tree / name, root / name, symlinks=True, dirs_exist_ok=True)
    shutil.copy2(tree / "bin/busybox", root / "bin/busybox")
    for name in _APPLETS:
        (root / "bin" / name).symlink_to("busybox")
    for name in _IPTABLES:
        (root / "usr/sbin" / name).symlink_to("xtables-legacy-multi")
    modules = _python_files(tree)
    late = [path.relative_to(tree).as_posix() for path in (tree / "usr/lib").glob(f"*/{_LATE_LIBRARY}")]
    for name in {
        *_PROGRAMS,
        *modules,
        *late,
        *_libraries(tree, [*_PROGRAMS, *modules, *_files_below(root, "xtables")]),
    }:
        _copy(tree, root, name)
    _run("chroot", str(root), f"/{_PYTHON}", "-S", "-c", "import ssl, http.server, json, subprocess, ipaddress")
    for cache in list(root.rglob("__pycache__")):
        shutil.rmtree(cache)


def _merge_usr(root: Path) -> None:
    """/bin and its like as links into /usr."""
    for directory in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / directory).mkdir(parents=True)
        (root / directory).symlink_to(f"usr/{directory}")


def _copy(tree: Path, root: Path, name: str) -> None:
    """Copy a file; a link with what it points to."""
    source, target = tree / name, root / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.exists():
        return
    if not source.is_symlink():
        shutil.copy2(source, target)
        return
    link = os.readlink(source)
    target.symlink_to(link)
    _copy(tree, root, os.path.normpath(os.path.join("/", os.path.dirname(name), link)).lstrip("/"))


def _files_below(root: Path, name: str) -> Iterator[str]:
    for directory in root.rglob(name):
        for path in directory.glob("*.so"):
            yield path.relative_to(root).as_posix()


def _python_files(tree: Path) -> list[str]:
    """The files of the standard library that the stand-in loads."""
    shutil.copytree(HERE / "calico_standin", tree / _CODE / "calico_standin")
    wanted = [f"calico_standin.node.{name}" for name in _MODULES] + _LATE_MODULES
    program = (
        "import importlib, sys\n"
        f"for name in {wanted!r}: importlib.import_module(name)\n"
        "for module in list(sys.modules.values()):\n"
        "    for path in (getattr(module, '__file__', None), getattr(module, '__cached__', None)):\n"
        "        if path: print(path)\n"
    )
    shown = _run("chroot", str(tree), f"/{_PYTHON}", "-S", "-B", "-c", program, env={"PYTHONPATH": f"/{_CODE}"})
    found = {line.lstrip("/") for line in shown.splitlines()}
    library = {name for name in found if not name.startswith(_CODE) and name.endswith((".py", ".so"))}
    return sorted(name for name in library if (tree / name).is_file())


def _libraries(tree: Path, programs: Iterable[str]) -> set[str]:
    """The shared libraries of some programs, the loader included, by the loader's own answer."""
    found: set[str] = set()
    loader = next(path for path in sorted(tree.glob("lib*/ld-linux*"))).relative_to(tree)
    found.add(loader.as_posix())
    for program in programs:
        if not (tree / program).is_file() or program.endswith(".py"):
            continue
        shown = _run("chroot", str(tree), f"/{loader}", "--list", f"/{program}")
        found.update(match.group(1) for match in re.finditer(r"=> /(\S+)", shown))
    return found


# -- layers and the archive -------------------------------------------------------------------


def _code_layer() -> bytes:
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="code-") as name:
        target = Path(name) / _CODE / "calico_standin"
        shutil.copytree(HERE / "calico_standin", target, ignore=shutil.ignore_patterns("__pycache__"))
        return _tar(Path(name))


def _tar(root: Path) -> bytes:
    """A tree as a tar in a fixed order, of root's, without times."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(root.rglob("*")):
            info = archive.gettarinfo(path, path.relative_to(root).as_posix())
            _plain(info)
            if info.isfile():
                with path.open("rb") as stream:
                    archive.addfile(info, stream)
            else:
                archive.addfile(info)
    return buffer.getvalue()


def _plain(info: tarfile.TarInfo) -> None:
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    info.mtime = 0


def _write_archive(target: str, layers: list[bytes]) -> None:
    """manifest.json, the image's configuration and its layers."""
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    config = json.dumps(_image_config(digests), sort_keys=True).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    paths = [f"{digest}/layer.tar" for digest in digests]
    manifest = json.dumps([{"Config": name, "RepoTags": [TAG], "Layers": paths}]).encode()
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as archive:
        for path, content in [*zip(paths, layers, strict=True), (name, config), ("manifest.json", manifest)]:
            info = tarfile.TarInfo(path)
            _plain(info)
            info.size = len(content)
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(content))


def _image_config(digests: list[str]) -> dict[str, object]:
    return {
        "architecture": _run("dpkg", "--print-architecture").strip(),
        "os": "linux",
        "created": _EPOCH,
        "config": {
            "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", f"PYTHONPATH=/{_CODE}"],
            "Cmd": ["/sbin/start_runit"],
            "WorkingDir": "/",
            "Labels": {"description": "stand-in of calico/node for the tests of dcos.calico"},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": _EPOCH, "created_by": "tests/standins/node_image.py"} for _ in digests],
    }


def _run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
        timeout=_DEADLINE,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
