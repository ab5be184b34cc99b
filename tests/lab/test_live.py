"""A running lab against its description; LAB_LIVE=NAME names it (profile default, not yet touched by the product).

Hosts are asked by their own programs, over ssh as Ansible would, so that logins and interpreters are tested, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from dcoslab import cluster, settings  # noqa: E402
from dcoslab.process import run, scaled  # noqa: E402
from dcoslab.topology import Host  # noqa: E402

NAME = os.environ.get("LAB_LIVE", "")
LAB = settings.load(NAME, os.environ) if NAME else None
HOSTS = LAB.hosts if LAB else []
AGENTS = LAB.agents if LAB else []
ETCD = "etcd/v3.3.25/etcd-v3.3.25-linux-amd64.tar.gz"
pytestmark = pytest.mark.skipif(LAB is None, reason="LAB_LIVE names no running lab")

every_host = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
every_agent = pytest.mark.parametrize("host", AGENTS, ids=lambda host: host.name)


def lab() -> settings.Settings:
    assert LAB is not None
    return LAB


def ssh(host: Host, *argv: str, user: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    keys = lab().state / "ssh"
    options = ["BatchMode=yes", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=/dev/null"]
    options += [f"UserKnownHostsFile={keys / 'known_hosts'}", "LogLevel=ERROR", "ConnectTimeout=10"]
    arguments = [word for option in options for word in ("-o", option)]
    target = f"{user or host.flavour.user}@{host.address}"
    sudo = ["sudo", "-n"] if (user or host.flavour.user) != "root" else []
    return run(["ssh", *arguments, "-i", str(keys / "id"), target, "--", *sudo, *argv], check=check, timeout=90)


def say(host: Host, *argv: str) -> str:
    return ssh(host, *argv).stdout.strip()


@every_host
def test_pythons(host: Host) -> None:
    desired = {"centos": (2, 7), "coreos": (3, 6), "modern": (3, 11)}[host.flavour.name]
    program = "'import sys, ssl, ctypes, sqlite3; print(list(sys.version_info[:2]))'"
    assert json.loads(say(host, host.flavour.interpreter, "-c", program)) == list(desired)
    on_path = {Path(line).name for line in say(host, "sh", "-c", "'which -a python python2 python3; true'").split()}
    assert on_path == {"centos": {"python"}, "coreos": set(), "modern": {"python3"}}[host.flavour.name]
    assert "3.11" in say(host, "/opt/lab/bin/python3", "--version")


@every_host
def test_login_and_usr(host: Host) -> None:
    core = host.flavour.name == "coreos"
    assert (ssh(host, "true", user="root", check=False).returncode == 0) is not core
    assert (ssh(host, "touch", "/usr/lab-was-here", check=False).returncode == 0) is not core
    if not core:
        say(host, "rm", "/usr/lab-was-here")


@every_agent
def test_docker_runs_privileged_containers_of_the_hosts_network(host: Host) -> None:
    """What calico/node asks of Docker, with an image made of the host's own programs."""
    files = "bin sbin lib lib64 usr/bin/cat usr/bin/sleep usr/bin/ls usr/lib/x86_64-linux-gnu/libc.so.6"
    libraries = "usr/lib64 usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 usr/lib/x86_64-linux-gnu/lib[sp][ec]*"
    say(host, "sh", "-c", f"'cd / && tar -c {files} {libraries} | docker import - lab-probe'")
    options = (
        "--rm --net=host --privileged -v /run:/run -v /lib/modules:/lib/modules -v /var/run/calico:/run/calico:shared"
    )
    assert "spartan" in say(host, "docker", "run", *options.split(), "lab-probe", "ls", "/sys/class/net")
    say(host, "docker", "rmi", "lab-probe")
    info = json.loads(say(host, "docker", "info", "--format", "'{{json .}}'"))
    assert (info["Driver"], info["DefaultRuntime"]) == ("overlay2", "lab")


@every_host
def test_devices_of_dcos(host: Host) -> None:
    text = say(host, "ip", "-o", "-4", "address")
    for address in ("198.51.100.1/32", "198.51.100.3/32", f"9.0.{host.index}.1/25", f"9.0.{host.index}.129/25"):
        assert f"inet {address} " in text
    assert f"inet {host.address}/24 " in text
    assert say(host, "/opt/mesosphere/bin/detect_ip") == host.address


@every_host
def test_rp_filter_is_loose_as_dcos_leaves_it(host: Host) -> None:
    assert set(say(host, "sh", "-c", "'cat /proc/sys/net/ipv4/conf/*/rp_filter'").split()) == {"2"}


@every_host
def test_names(host: Host) -> None:
    first = lab().masters[0].address
    for name in ("mirror.lab", "leader.mesos", "master1", "master1.lab", "master1.etcd.mesos"):
        assert say(host, "getent", "ahostsv4", name).split()[0] == first


@every_host
def test_mirror_is_trusted_by_curl_and_by_the_interpreter(host: Host) -> None:
    sums = say(host, "curl", "--fail", "--silent", "--show-error", "https://mirror.lab/SHA256SUMS")
    assert ETCD in sums
    library = "urllib2" if host.flavour.name == "centos" else "urllib.request"
    program = f"'import {library} as u; print(u.urlopen(\"https://mirror.lab/SHA256SUMS\").read().decode())'"
    assert say(host, host.flavour.interpreter, "-c", program) == sums


@pytest.mark.parametrize(
    ("fault", "code", "kind"),
    [("truncated", 18, "application/octet-stream"), ("html", 0, "text/html"), ("slow", 28, "application/octet-stream")],
)
def test_faults_of_the_mirror(fault: str, code: int, kind: str) -> None:
    options = ["--silent", "--max-time", "3" if fault == "slow" else str(int(scaled(30))), "--output", "/dev/null"]
    url = f"https://mirror.lab/faults/{fault}/{ETCD}"
    done = ssh(AGENTS[0], "curl", *options, "--write-out", "'%{http_code} %{content_type}'", url, check=False)
    assert (done.returncode, done.stdout) == (code, f"200 {kind}")


def test_etcd_has_the_v2_api() -> None:
    url = f"http://{lab().masters[0].address}:2379/v2/members"
    members = json.loads(say(AGENTS[0], "curl", "--silent", url))["members"]
    assert {member["name"] for member in members} == {host.name for host in lab().masters}


@every_agent
def test_agent_unit(host: Host) -> None:
    unit = "dcos-mesos-slave-public" if host.role == "slave_public" else "dcos-mesos-slave"
    assert say(host, "systemctl", "is-active", unit) == "active"
    pid = say(host, "systemctl", "show", "--property=MainPID", unit).partition("=")[2]
    environment = say(host, "sh", "-c", f'\'tr "\\\\0" "\\\\n" < /proc/{pid}/environ\'')
    assert "MESOS_NETWORK_CNI_CONFIG_DIR=/opt/mesosphere/etc/dcos/network/cni" in environment.splitlines()


def test_power() -> None:
    """A host that was off and one whose power was cut come back with all services, at the same address."""
    host = AGENTS[0]
    before = say(host, "cat", "/etc/machine-id", "/sys/class/net/eth0/address")
    cluster.power(lab(), host.name, "stop")
    cluster.power(lab(), host.name, "start")
    cluster.power(lab(), host.name, "restart", hard=True)
    assert say(host, "cat", "/etc/machine-id", "/sys/class/net/eth0/address") == before
    assert say(host, "systemctl", "is-system-running") == "running"
