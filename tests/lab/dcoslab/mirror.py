"""The lab mirror's document root: the artifacts at upstream's paths, with their true sums."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import sys
from pathlib import Path

from dcoslab import image
from dcoslab.process import LabError, run, say
from dcoslab.settings import REPOSITORY, Settings

CALICO_RELEASE = "2.6.6"
CALICOCTL_VERSION = "1.6.3"
CNI_VERSION = "1.11.2"
STANDIN_BUILDER = REPOSITORY / "tests" / "standins" / "build.py"
AGENT_PROGRAM = "dcos-mesos-slave"

LARGE = 64 << 20

# what build.py or CALICO_ARTIFACTS offers -> where the mirror has it
LAYOUT = {
    "calicoctl": f"calicoctl/v{CALICOCTL_VERSION}/calicoctl",
    "calico": f"cni-plugin/v{CNI_VERSION}/calico",
    "calico-ipam": f"cni-plugin/v{CNI_VERSION}/calico-ipam",
    "calico-node.tar": f"images/calico-node-v{CALICO_RELEASE}.tar",
}


@dataclasses.dataclass(frozen=True)
class Staged:
    root: Path
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
    for name, path in LAYOUT.items():
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
    return Staged(root, programs, version, archive, agent, sums)
