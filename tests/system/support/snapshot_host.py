"""Runs on a lab host (python3 -) and prints, as JSON, everything that an install could touch there. Self-contained."""

import glob
import hashlib
import json
import os
import stat
import subprocess

DIRECTORIES = (
    "/etc/systemd",
    "/etc/sysctl.d",
    "/etc/modules-load.d",
    "/etc/NetworkManager",
    "/etc/calico",
    "/etc/cni",
    "/etc/docker",
    "/opt/calico",
    "/opt/bin",
    "/opt/mesosphere",
    "/usr/local/bin",
    "/var/lib/calico",
    "/var/lib/calico-etcd",
    "/var/lib/calico-etcd-proxy/.",
    "/var/lib/dcos-calico",
    "/var/lib/dcos",
)
FILES = ("/etc/passwd", "/etc/group", "/etc/hosts", "/etc/fstab")
# What an etcd proxy learns while it runs, not what an install puts there.
VOLATILE = ("/var/lib/calico-etcd-proxy/./proxy",)


def describe(path):
    info = os.lstat(path)
    if stat.S_ISLNK(info.st_mode):
        return "link " + os.readlink(path)
    text = f"{info.st_mode:o} {info.st_uid}:{info.st_gid}"
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as handle:
            text += " " + hashlib.sha256(handle.read()).hexdigest()
    return text


def files():
    found = {path: describe(path) for path in FILES if os.path.lexists(path)}
    for top in DIRECTORIES:
        for directory, directories, names in os.walk(top):
            directories[:] = sorted(name for name in directories if os.path.join(directory, name) not in VOLATILE)
            for name in names + directories:
                found[os.path.join(directory, name)] = describe(os.path.join(directory, name))
    return found


def sysctls():
    paths = ["/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"] + sorted(
        glob.glob("/proc/sys/net/ipv4/conf/*/rp_filter")
    )
    return {path: open(path).read().strip() for path in paths if os.path.exists(path)}


def lines(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    return sorted(line.strip() for line in done.stdout.splitlines() if line.strip())


def units():
    listed = lines("systemctl", "list-unit-files", "--no-legend", "--no-pager")
    return [line for line in listed if any(word in line for word in ("calico", "docker", "etcd", "dcos"))]


def containers():
    return {
        "containers": lines("docker", "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}} {{.Image}}"),
        "images": lines("docker", "images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"),
    }


def links():
    return sorted(os.listdir("/sys/class/net"))


print(json.dumps({"files": files(), "sysctls": sysctls(), "units": units(), "docker": containers(), "links": links()}))
