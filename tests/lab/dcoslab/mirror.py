"""The lab mirror's document root: the artifacts at upstream's paths, with their true sums."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path

from dcoslab import image
from dcoslab.process import LabError, run, say
from dcoslab.settings import REPOSITORY, Settings

STANDIN_RELEASE = "2.6.6"
# release of Calico -> calicoctl, CNI plugins
VERSIONS = {STANDIN_RELEASE: ("1.6.3", "1.11.2"), "2.6.12": ("1.6.5", "1.11.8")}
STANDIN_BUILDER = REPOSITORY / "tests" / "standins" / "build.py"
AGENT_PROGRAM = "dcos-mesos-slave"

LARGE = 64 << 20

NODE_ARCHIVE = "calico-node.tar"


def layout(release: str) -> dict[str, str]:
    """What build.py or CALICO_ARTIFACTS offers of a release -> where the mirror has it."""
    calicoctl, cni = VERSIONS[release]
    return {
        "calicoctl": f"calicoctl/v{calicoctl}/calicoctl",
        "calico": f"cni-plugin/v{cni}/calico",
        "calico-ipam": f"cni-plugin/v{cni}/calico-ipam",
        NODE_ARCHIVE: f"images/calico-node-v{release}.tar",
    }


@dataclasses.dataclass(frozen=True)
class Staged:
    root: Path
    release: str  # of Calico
    etcd_programs: Path  # directory with etcd and etcdctl, for the lab's own members
    etcd_version: str
    etcd_archive: str  # path below root
    agent_program: Path | None  # the stand-in for the Mesos agent
    sums: dict[str, str]  # path below root -> sha256


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def place(source: Path, target: Path) -> None:
    """A copy, because tests spoil files of the mirror; only what is large is linked where that is possible."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    if source.stat().st_size > LARGE:
        try:
            os.link(source, target)
            return
        except OSError:
            pass
    shutil.copyfile(source, target)


def release_of(artifacts: Path) -> str:
    """The release of Calico that a directory of real tools is of, by the tag of its image."""
    archive = artifacts / NODE_ARCHIVE
    if not archive.is_file():
        return STANDIN_RELEASE
    try:
        with tarfile.open(archive) as images:
            manifest = images.extractfile("manifest.json")
            tags = [tag for image in json.load(manifest) for tag in image["RepoTags"]] if manifest else []
    except (tarfile.TarError, KeyError, ValueError) as error:
        raise LabError(f"{archive} is no image that docker save wrote: {error}") from error
    found = [release for release in VERSIONS if f"calico/node:v{release}" in tags]
    if not found:
        raise LabError(f"{archive} has {', '.join(tags)}: the lab knows calico/node of {', '.join(VERSIONS)}")
    return found[0]


def build_standins(settings: Settings) -> Path | None:
    """Directory with what tests/standins/build.py makes; None only where the user said --no-artifacts."""
    if not STANDIN_BUILDER.exists():
        if settings.with_artifacts:
            raise LabError(f"{STANDIN_BUILDER} does not exist: set CALICO_ARTIFACTS or say up --no-artifacts")
        return None
    output = settings.state / "standins"
    output.mkdir(parents=True, exist_ok=True)
    done = run([sys.executable, str(STANDIN_BUILDER), str(output)], timeout=300, check=False)
    if done.returncode != 0:
        message = f"{STANDIN_BUILDER} failed:\n{(done.stderr or done.stdout)[-1500:]}"
        if settings.with_artifacts:
            raise LabError(message)
        say(f"warning: {message}")
    return output


def stage_etcd(settings: Settings, artifacts: Path | None) -> tuple[Path, str]:
    if artifacts is not None and (artifacts / "etcd").is_file():
        directory = settings.state / "etcd"
        for program in ("etcd", "etcdctl"):
            if (artifacts / program).is_file():
                place(artifacts / program, directory / program)
                (directory / program).chmod(0o755)
        return directory, image.etcd_version(directory / "etcd")
    return image.ensure_etcd(settings.cache, settings.etcd_source)


def stage(settings: Settings) -> Staged:
    root = settings.state / "mirror"
    root.mkdir(parents=True, exist_ok=True)
    real = Path(settings.artifacts) if settings.artifacts else None
    standins = build_standins(settings)
    source = real or standins
    release = release_of(real) if real else STANDIN_RELEASE
    for name, path in layout(release).items():
        if source is not None and (source / name).is_file():
            place(source / name, root / path)
        elif settings.with_artifacts:
            raise LabError(f"{source} has no {name}")
        else:
            say(f"warning: the mirror has no {path}")
    programs, version = stage_etcd(settings, real)
    archive = f"etcd/v{version}/etcd-v{version}-linux-amd64.tar.gz"
    (root / archive).parent.mkdir(parents=True, exist_ok=True)
    kept = programs / f"etcd-v{version}-linux-amd64.tar.gz"
    if not kept.exists():
        image.pack_etcd(programs, version, kept)
    place(kept, root / archive)
    sums = {str(path.relative_to(root)): sha256(path) for path in sorted(root.rglob("*")) if path.is_file()}
    sums.pop("SHA256SUMS", None)
    (root / "SHA256SUMS").write_text("".join(f"{digest}  {path}\n" for path, digest in sums.items()))
    agent = standins / AGENT_PROGRAM if standins is not None else None
    if agent is not None and not agent.is_file():
        if settings.with_artifacts:
            raise LabError(f"{STANDIN_BUILDER} made no {AGENT_PROGRAM}")
        say(f"warning: no {AGENT_PROGRAM}: the agent units only sleep")
        agent = None
    return Staged(root, release, programs, version, archive, agent, sums)
