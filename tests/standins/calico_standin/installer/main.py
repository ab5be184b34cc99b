"""calico-installer etcd-proxy|docker|cni|node: one step on this agent, with the framework's settings in the environment.

What the step leaves behind is what the package leaves behind; it ends with 0 only if that is there and works.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import StandinError

MIRROR = "https://mirror.lab"
# The package brings calico/node 1.0.0 and plugins 1.5.5; the lab has stand-ins of newer ones only.
PLUGINS = {name: f"{MIRROR}/cni-plugin/v1.11.2/{name}" for name in ("calico", "calico-ipam")}
NODE_ARCHIVE, NODE_IMAGE = f"{MIRROR}/images/calico-node-v2.6.6.tar", "calico/node:v2.6.6"
PACKAGED_IMAGE = "calico/node:v1.0.0"
KEPT = Path("/etc/calico/installer")
DAEMON_JSON = Path("/etc/docker/daemon.json")
AGENT_UNITS = ("dcos-mesos-slave", "dcos-mesos-slave-public")
CONTAINER = "calico-node"
_DEADLINE = 30
_LONG_DEADLINE = 300
_STABLE = 5


class StepFailed(StandinError):
    """The step did not come to its end."""


def main() -> None:
    """Entry point of the zipapp."""
    steps: dict[str, Callable[[], None]] = {"etcd-proxy": etcd_proxy, "docker": docker, "cni": cni, "node": node}
    if len(sys.argv) != 2 or sys.argv[1] not in steps:
        sys.exit(f"usage: calico-installer {'|'.join(steps)}")
    try:
        steps[sys.argv[1]]()
    except (StandinError, OSError, ValueError, subprocess.SubprocessError) as exc:
        sys.exit(f"calico-installer {sys.argv[1]}: {exc}")


def etcd_proxy() -> None:
    """Stays: a proxy on etcd's own ports, in front of the members that SRV records name."""
    program = os.environ.get("STANDIN_ETCD", "etcd")
    os.execvp(
        program,
        [program, "--proxy=on", f"--discovery-srv={setting('ETCD_SRV', 'etcd.mesos')}", "--data-dir=./etcd-proxy"],
    )


def docker() -> None:
    """Docker's cluster store, if it has none yet, and a restart of Docker."""
    kept = KEPT / "docker"
    config = load(DAEMON_JSON)
    if "cluster-store" not in config:
        _store(kept, {"docker-updated": True})
        _store(DAEMON_JSON, {**config, "cluster-store": setting("CALICO_DOCKER_CLUSTER_STORE", "") or _cluster_store()})
        run("systemctl", "restart", "docker", timeout=_LONG_DEADLINE)
    elif not load(kept).get("docker-updated"):
        print("cluster-store is set, and not by this installer: nothing to do")
        return
    _settled("docker", lambda: run("docker", "info", "--format", "{{.ServerVersion}}"))


def _cluster_store() -> str:
    first = setting("ETCD_ENDPOINTS", "http://localhost:2379").split(",")[0]
    return "etcd://" + first.removeprefix("http://")


def cni() -> None:
    """The network's configuration, the plugins that are missing, and a restart of the agent, always."""
    kept = KEPT / "cni"
    if not load(kept).get("cni-updated"):
        plugins = Path(setting("CALICO_CNI_PLUGINS_DIR", "/opt/mesosphere/active/cni/"))
        for name, url in PLUGINS.items():
            if not (plugins / name).exists():
                _place(fetch(url), plugins / name)
        network = {
            "name": "calico",
            "type": "calico",
            "etcd_endpoints": setting("ETCD_ENDPOINTS", "http://localhost:2379"),
            "ipam": {"type": "calico-ipam"},
        }
        _store(Path(setting("CALICO_CNI_CONF_DIR", "/opt/mesosphere/etc/dcos/network/cni/")) / "calico.cni", network)
        _store(kept, {"cni-updated": True})
        run("systemctl", "restart", _agent_unit(), timeout=_LONG_DEADLINE)
    unit = _agent_unit()
    _settled(unit, lambda: run("systemctl", "show", "--property=MainPID", unit) if _active(unit) else None)


def _agent_unit() -> str:
    """The one of the two units that this agent has."""
    for unit in AGENT_UNITS:
        if run("systemctl", "show", "--property=LoadState", unit) == "LoadState=loaded":
            return unit
    raise StepFailed("there is no agent on this host")


def _active(unit: str) -> bool:
    return subprocess.run(["systemctl", "is-active", "--quiet", unit], timeout=_DEADLINE, check=False).returncode == 0


def node() -> None:
    """Stays: the container calico-node, in place of one that is there."""
    image = setting("CALICO_NODE_IMAGE", PACKAGED_IMAGE)
    if not run("docker", "images", "--quiet", image):
        _load(image)
    subprocess.run(["docker", "rm", "--force", CONTAINER], capture_output=True, timeout=_LONG_DEADLINE, check=False)
    variables = {
        "FELIX_IGNORELOOSERPF": "true",
        "CALICO_LIBNETWORK_ENABLED": "true",
        "HOSTNAME": run("hostname"),
        "IP": run("/opt/mesosphere/bin/detect_ip"),
        "ETCD_ENDPOINTS": setting("ETCD_ENDPOINTS", "http://localhost:2379"),
        "ETCD_SCHEME": "http",
    }
    mounts = ("/lib/modules:/lib/modules", "/var/run/calico:/var/run/calico", "/run/docker/plugins:/run/docker/plugins")
    argv = ["docker", "run", "--restart=always", "--net=host", "--privileged", f"--name={CONTAINER}"]
    argv += [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    argv += [word for mount in (*mounts, "/var/run/docker.sock:/var/run/docker.sock") for word in ("-v", mount)]
    os.execvp("docker", [*argv, image])


def _load(image: str) -> None:
    """The lab's image under the name that the package asks for."""
    archive = fetch(NODE_ARCHIVE)
    run("docker", "load", "--input", str(archive), timeout=_LONG_DEADLINE)
    run("docker", "tag", NODE_IMAGE, image)
    archive.unlink()


# -- small things -----------------------------------------------------------------------------


def setting(name: str, default: str) -> str:
    """What the framework says; an empty value says nothing."""
    return os.environ.get(name) or default


def run(*argv: str, timeout: float = _DEADLINE) -> str:
    """A program's output; raises StepFailed."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        raise StepFailed(f"{' '.join(argv)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def load(path: Path) -> dict[str, Any]:
    """A JSON file; empty if it is not there."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def fetch(url: str) -> Path:
    """A file of the mirror, in the sandbox."""
    target = Path(os.environ.get("MESOS_SANDBOX", ".")) / url.rpartition("/")[2]
    run("curl", "--fail", "--silent", "--show-error", "--output", str(target), url, timeout=_LONG_DEADLINE)
    return target


def _place(source: Path, target: Path) -> None:
    staged = target.with_name(f"{target.name}.tmp")
    shutil.copyfile(source, staged)
    staged.chmod(0o755)
    os.replace(staged, target)


def _store(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f"{path.name}.tmp")
    staged.write_text(json.dumps(document), encoding="utf-8")
    os.replace(staged, path)


def _settled(what: str, state: Callable[[], str | None]) -> None:
    """Until the same state is seen for some seconds; raises StepFailed."""
    deadline = time.monotonic() + _DEADLINE
    last: str | None = None
    since = time.monotonic()
    while last is None or time.monotonic() < since + _STABLE:
        if time.monotonic() > deadline:
            raise StepFailed(f"{what} does not settle: {last}")
        time.sleep(0.5)
        try:
            found = state()
        except StepFailed:
            found = None
        if found is None or found != last:
            last, since = found, time.monotonic()


if __name__ == "__main__":
    main()
