"""The one image of all hosts and the etcd binaries: built once, kept in a cache by what they are made of."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

from dcoslab.podman import IMAGE, Podman
from dcoslab.prerequisites import BUILD_PROGRAMS, install_packages
from dcoslab.process import LabError, run, say

SUITE = "bookworm"
# python3 is in the image; flavours without one lose it when a host is made.
PACKAGES = """
    systemd systemd-sysv dbus openssh-server sudo python3 procps psmisc iproute2 iputils-ping iptables ipset kmod
    conntrack docker.io containernetworking-plugins curl wget ca-certificates openssl jq nginx-light dnsmasq-base
    golang-cfssl libffi8 libsqlite3-0 libreadline8 libbz2-1.0 liblzma5 libexpat1 libncursesw6 libnsl2 libtirpc3
    libuuid1 zlib1g libssl3
""".split()
# Docker, nginx and friends are started where the lab wants them. getty fights over the one real tty of a
# privileged container. Felix writes legacy rules, so Docker must too (one backend for both).
SETUP = (
    'chroot "$1" update-alternatives --quiet --set iptables /usr/sbin/iptables-legacy',
    'chroot "$1" update-alternatives --quiet --set ip6tables /usr/sbin/ip6tables-legacy',
    'chroot "$1" systemctl --quiet disable nginx.service docker.service docker.socket containerd.service',
    'chroot "$1" systemctl --quiet mask getty@tty1.service console-getty.service getty.target'
    " apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer"
    " e2scrub_reap.service systemd-binfmt.service systemd-networkd-wait-online.service",
    # Privileged hosts would apply these to this machine, not to themselves.
    'rm -f "$1"/usr/lib/sysctl.d/*.conf "$1"/etc/sysctl.d/*.conf "$1/etc/sysctl.conf" "$1"/usr/lib/binfmt.d/*.conf',
    # The controller's Pythons may lie below /root and are for every user of a host.
    'chmod 711 "$1/root"',
    # No public authority is trusted: a lab host that reached for the real internet would be noticed.
    'sed -i "s/^[^!#]/!&/" "$1/etc/ca-certificates.conf" && chroot "$1" update-ca-certificates --fresh >&2',
    'rm -f "$1/etc/nginx/sites-enabled/default"',
)
# Debian release -> the etcd series it has; what the lab knows about etcd was learned from these two.
ETCD_SERIES = {"bullseye": "3.3.", "bookworm": "3.4."}


def apt_sources() -> str:
    """This machine's own apt sources that name Debian's suites: the lab names no mirror."""
    found = []
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text()
        if "debian-archive-keyring" in text or re.search(r"^deb .*\bdebian", text, re.M):
            found.append((path.suffix, text))
    if not found:
        raise LabError("no Debian apt sources found below /etc/apt: the lab's image is made from them")
    return max(found, key=lambda item: item[0] == ".sources")[1]


def host_codename() -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return SUITE


def sources_for(text: str, suite: str, codename: str, main_only: bool = False) -> str:
    """The same mirrors, another release of Debian."""
    text = re.sub(rf"\b{re.escape(codename)}\b", suite, text)
    if not main_only:
        return text
    if text.lstrip().startswith("deb ") or "\ndeb " in text:
        return "".join(line + "\n" for line in text.splitlines() if re.search(rf"^deb .* {suite} ", line))
    stanzas = [re.sub(r"(?m)^(Suites:).*$", rf"\1 {suite}", s) for s in text.split("\n\n") if f" {suite}" in s]
    return "\n\n".join(s for s in stanzas if not re.search(r"(?m)^URIs:.*security", s))


def fingerprint(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:12]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One builder at a time; the others wait and then find the result."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def image_store(cache: Path) -> Path:
    return cache / "images" / f"host-{fingerprint(SUITE, PACKAGES, SETUP)}"


def ensure_image(store: Path) -> None:
    """The image's read-only podman store, built if it is not there."""
    with locked(store.parent / ".lock"):
        if (store / "complete").exists():
            return
        install_packages(BUILD_PROGRAMS)
        shutil.rmtree(store, ignore_errors=True)
        store.mkdir(parents=True)
        say("building the lab's image (about a minute)")
        archive = store / "rootfs.tar"
        build_rootfs(store, archive)
        volatile = Path("/run/dcos-calico") / f"image-{store.name}"
        builder = Podman(store, volatile, None)
        try:
            builder.configure()
            builder(
                "import", "-q", "-c", "STOPSIGNAL SIGRTMIN+3", "-c", 'CMD ["/sbin/init"]', str(archive), IMAGE,
                timeout=300,
            )  # fmt: skip
        finally:
            run(["umount", str(store / "storage" / "overlay")], check=False)
            shutil.rmtree(volatile, ignore_errors=True)
        archive.unlink()
        (store / "complete").touch()


def build_rootfs(work: Path, archive: Path) -> None:
    sources = work / "debian.sources"
    text = sources_for(apt_sources(), SUITE, host_codename())
    if not text.lstrip().startswith(("Types:", "#")) or "Types:" not in text:
        sources = work / "debian.list"
    sources.write_text(text)
    excludes = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    command += [f"--dpkgopt=path-exclude={pattern}" for pattern in excludes]
    command += [f"--customize-hook={hook}" for hook in SETUP]
    command += [SUITE, str(archive), str(sources)]
    # A mirror that has not cached a package yet can be slow enough to fail once.
    if run(command, timeout=600, check=False).returncode != 0:
        archive.unlink(missing_ok=True)
        run(command, timeout=600)


def ensure_etcd(cache: Path, source: str) -> tuple[Path, str]:
    """(directory with etcd and etcdctl, version) of the etcd of a Debian release."""
    target = cache / "images" / f"etcd-{source}-{fingerprint(source, ETCD_SERIES[source])}"
    complete = target / "complete"
    with locked(cache / "images" / ".lock-etcd"):
        if complete.exists():
            return target, complete.read_text().strip()
        shutil.rmtree(target, ignore_errors=True)
        work = target / "work"
        for part in ("lists/partial", "archives/partial"):
            (work / part).mkdir(parents=True)
        text = sources_for(apt_sources(), source, host_codename(), main_only=True)
        sources = work / ("etcd.sources" if "Types:" in text else "etcd.list")
        sources.write_text(text)
        (work / "status").touch()
        apt = ["apt-get", "-qq", "-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=/dev/null"]
        for option, part in (("State::lists", "lists"), ("Cache::archives", "archives"), ("State::status", "status")):
            apt += ["-o", f"Dir::{option}={work / part}"]
        apt += ["-o", f"Dir::Cache::pkgcache={work}/pkgcache.bin", "-o", f"Dir::Cache::srcpkgcache={work}/src.bin"]
        # apt's own download user may not enter a cache directory below a home.
        apt += ["-o", "APT::Sandbox::User=root"]
        say(f"fetching etcd from Debian {source}")
        run([*apt, "update"], timeout=300)
        run([*apt, "download", "etcd-server", "etcd-client"], timeout=300, cwd=str(work))
        for package in sorted(work.glob("*.deb")):
            run(["dpkg-deb", "--extract", str(package), str(work / "root")])
        for program in ("etcd", "etcdctl"):
            shutil.copy2(work / "root" / "usr" / "bin" / program, target / program)
        shutil.rmtree(work)
        version = etcd_version(target / "etcd")
        if not version.startswith(ETCD_SERIES[source]):
            raise LabError(f"Debian {source} has etcd {version}: the lab knows {ETCD_SERIES[source]}x there")
        complete.write_text(f"{version}\n")
    return target, version


def etcd_version(program: Path) -> str:
    match = re.search(r"etcd Version: (\S+)", run([str(program), "--version"]).stdout)
    if match is None:
        raise LabError(f"{program} does not tell its version")
    return match[1]


def pack_etcd(directory: Path, version: str, archive: Path) -> None:
    """An archive shaped like upstream's; the same bytes each time, so that its sha256 can be pinned."""
    top = f"etcd-v{version}-linux-amd64"

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        member.mode = 0o755
        return member

    partial = archive.with_suffix(".partial")
    with partial.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w|") as tar:
            for program in ("etcd", "etcdctl"):
                if (directory / program).exists():
                    tar.add(directory / program, f"{top}/{program}", filter=plain)
    os.replace(partial, archive)
