"""Another release of Calico on a lab's mirror, and the variables that choose it.

Of stand-ins that say they are of it; or, in a lab of the real tools, of the directory CALICO_ARTIFACTS_OTHER, which is laid out as CALICO_ARTIFACTS.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from support.lab import ROOT, Lab

OTHER = "2.6.12"
# file of the artifacts -> its place on a mirror, and the variable with its checksum
PLACES = {
    "calicoctl": ("calicoctl/v1.6.5/calicoctl", "calico_calicoctl_sha256"),
    "calico": ("cni-plugin/v1.11.8/calico", "calico_cni_plugin_sha256"),
    "calico-ipam": ("cni-plugin/v1.11.8/calico-ipam", "calico_cni_ipam_sha256"),
    "calico-node.tar": (f"images/calico-node-v{OTHER}.tar", "calico_node_archive_sha256"),
}


def offer(lab: Lab, directory: Path) -> dict[str, str]:
    """Put OTHER on the mirror; the variables of a run that installs it.

    :param directory: for what is built.
    """
    source = _artifacts(lab, directory)
    variables = {"calico_release": OTHER, "calico_manifest_release": OTHER}
    for name, (place, variable) in PLACES.items():
        target = lab.settings.state / "mirror" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target)
        variables[variable] = sha256(target)
    return variables


def _artifacts(lab: Lab, directory: Path) -> Path:
    if lab.settings.artifacts:
        given = os.environ.get("CALICO_ARTIFACTS_OTHER")
        if not given:
            pytest.skip(f"CALICO_ARTIFACTS_OTHER names no directory with the real tools of {OTHER}")
        return Path(given)
    builder = ROOT / "tests" / "standins" / "build.py"
    subprocess.run([sys.executable, str(builder), str(directory), "--release", OTHER], check=True, timeout=600)
    return directory


def that_does_not_start(lab: Lab, directory: Path) -> dict[str, str]:
    """An image of OTHER on the mirror whose container ends at once; the variables that name it."""
    whole = lab.settings.state / "mirror" / PLACES["calico-node.tar"][0]
    with tarfile.open(whole) as archive:
        archive.extractall(directory, filter="data")
    [image] = json.loads((directory / "manifest.json").read_text())
    before = directory / image["Config"]
    config = json.loads(before.read_text())
    config["config"] = {**config["config"], "Cmd": ["/no/such/program"], "Entrypoint": None}
    before.unlink()
    text = json.dumps(config)
    image["Config"] = f"{hashlib.sha256(text.encode()).hexdigest()}.json"  # which is what Docker calls the image
    (directory / image["Config"]).write_text(text)
    (directory / "manifest.json").write_text(json.dumps([image]))
    target = whole.with_name("does-not-start.tar")
    with tarfile.open(target, "w") as archive:
        for path in sorted(directory.iterdir()):
            archive.add(path, path.name)
    return {
        "calico_node_archive_url": f"https://mirror.lab/images/{target.name}",
        "calico_node_archive_sha256": sha256(target),
    }


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def another_etcd(lab: Lab, directory: Path, version: str = "3.3.99") -> dict[str, str]:
    """Another etcd on the mirror, and the variables that name it: of the directory ETCD_OTHER, or the lab's own with a byte that nobody reads."""
    given, name = os.environ.get("ETCD_OTHER"), f"etcd-v{version}-linux-amd64"
    inside = directory / name
    inside.mkdir()
    archive = next((lab.settings.state / "mirror" / "etcd").rglob("*.tar.gz"))
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            if member.isfile() and Path(member.name).name in ("etcd", "etcdctl"):
                content = packed.extractfile(member).read()  # type: ignore[union-attr]
                own = Path(given) / Path(member.name).name if given else None
                (inside / Path(member.name).name).write_bytes(own.read_bytes() if own else content + b"\0")
    for path in inside.iterdir():
        path.chmod(0o755)
    target = archive.with_name(f"{name}.tar.gz")
    with tarfile.open(target, "w:gz") as packed:
        packed.add(inside, name)
    return {
        "calico_etcd_url": f"https://mirror.lab/{target.relative_to(lab.settings.state / 'mirror')}",
        "calico_etcd_sha256": sha256(target),
        "calico_etcd_archive_directory": name,
    }
