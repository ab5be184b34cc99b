"""Runs on a lab host (python3 -) and prints, as JSON, all that Calico could leave there: {section: {name: state}}. Self-contained."""

import glob
import hashlib
import json
import os
import stat
import subprocess

# What other programs write all the time, what the lab keeps for itself, and what has a section of its own.
NOT_LOOKED_AT = {
    "/dev",
    "/proc",
    "/sys",
    "/tmp",
    "/var/tmp",
    "/run",
    "/root",
    "/home",
    "/var/cache",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/lab",
    "/var/lib/lab-dcos",
    "/var/lib/lab-etcd",
    "/var/lib/mesos",
    "/var/lib/systemd",
    "/var/log/journal",
    "/var/log/nginx",
}
# What useradd and userdel keep of before them.
BACKUPS = {"/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-"}
# Larger files are known by their size and time.
LARGEST = 1 << 20
# Of all that is below /run: where Calico and this collection have something.
RUN = ("/run/calico*", "/run/dcos-calico/*", "/run/docker/plugins/*")


def describe(path):
    info = os.lstat(path)
    if stat.S_ISLNK(info.st_mode):
        return "link " + os.readlink(path)
    text = f"{info.st_mode:o} {info.st_uid}:{info.st_gid}"
    if not stat.S_ISREG(info.st_mode):
        return text
    if info.st_size > LARGEST:
        return f"{text} {info.st_size} {info.st_mtime}"
    with open(path, "rb") as handle:
        return text + " " + hashlib.sha256(handle.read()).hexdigest()


def files():
    found = {path: describe(path) for pattern in RUN for path in glob.glob(pattern)}
    for directory, directories, names in os.walk("/"):
        directories[:] = [
            name for name in directories if os.path.join(directory, name) not in NOT_LOOKED_AT and name != "__pycache__"
        ]
        for name in names + directories:
            path = os.path.join(directory, name)
            if path not in BACKUPS and not path.endswith(".log"):
                found[path] = describe(path)
    return found


def lines(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    return {line.strip(): "" for line in done.stdout.splitlines() if line.strip() and not line.startswith("#")}


def rules():
    """Chains without their counters, and rules with their places."""
    found = {}
    for program in ("iptables", "ip6tables"):
        table, done = "", subprocess.run([f"{program}-save"], capture_output=True, text=True, timeout=60)
        for line in done.stdout.splitlines():
            table = line if line.startswith("*") else table
            if line.startswith(":") and " - " in line:
                found[f"{program} {table} {line.split()[0]}"] = "chain"
            elif line.startswith("-A"):
                found.setdefault(f"{program} {table}", []).append(line)
    return found


def settings():
    found = {}
    names = ["net/ipv4/ip_forward", "net/netfilter/nf_conntrack_max"]
    names += [f"net/ipv{version}/conf/{which}" for version in (4, 6) for which in ("all", "default")]
    for name in names:
        path = f"/proc/sys/{name}"
        for each in sorted(glob.glob(f"{path}/*")) if os.path.isdir(path) else [path]:
            try:
                with open(each) as handle:
                    found[each] = handle.read().strip()
            except OSError:
                continue
    return found


def units():
    return lines("systemctl", "list-unit-files", "--no-legend", "--no-pager") | lines(
        "systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager", "--type=service,timer,socket,path"
    )


SECTIONS = {
    "files": files,
    "rules": rules,
    "sets": lambda: lines("ipset", "list", "-n"),
    "routes": lambda: (
        lines("ip", "-4", "route", "show", "table", "main") | lines("ip", "-6", "route", "show", "table", "main")
    ),
    "policy rules": lambda: lines("ip", "rule") | lines("ip", "-6", "rule"),
    "links": lambda: {name: "" for name in os.listdir("/sys/class/net")},
    "units": units,
    "users": lambda: lines("getent", "passwd") | lines("getent", "group"),
    "settings": settings,
    "containers": lambda: lines("docker", "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}} {{.State}}"),
    "images": lambda: lines("docker", "images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"),
}
print(json.dumps({name: look() for name, look in SECTIONS.items()}))
