"""The lab's life: up, wait, stop, start, down. Everything it makes can be found again and removed."""

from __future__ import annotations

import concurrent.futures
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from dcoslab import dcosapi, dcosmaster, hostfiles, image, inventory, leftovers, mirror, pki, prerequisites, tree
from dcoslab.podman import IMAGE, Podman
from dcoslab.process import LabError, Phases, run, say, wait_for
from dcoslab.settings import Settings
from dcoslab.topology import Host

WORKERS = 6  # podman calls at a time; more only queue up behind its locks


def podman_of(settings: Settings) -> Podman:
    return Podman(settings.state, settings.volatile, settings.image_store / "storage")


def each(hosts: Sequence[Host], action: Callable[[Host], None]) -> None:
    """The action on all hosts at once; every failure is told, not just the first."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        futures = {host: pool.submit(action, host) for host in hosts}
    errors = [f"{host.name}: {future.exception()}" for host, future in futures.items() if future.exception()]
    if errors:
        raise LabError("\n".join(errors))


def make_ssh_keys(settings: Settings) -> None:
    ssh = settings.state / "ssh"
    ssh.mkdir()
    for name in ("id", "host_key"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab-{settings.name}", "-f", str(ssh / name)])
    kind, blob = (ssh / "host_key.pub").read_text().split()[:2]
    lines = [f"{host.name},{host.name}.lab,{host.address} {kind} {blob}\n" for host in settings.hosts]
    (ssh / "known_hosts").write_text("".join(lines))
    (settings.volatile / "ssh").mkdir(mode=0o700, parents=True, exist_ok=True)


def create_network(podman: Podman, settings: Settings) -> None:
    podman(
        *("network", "create", "--disable-dns", "--subnet", settings.subnet, "--gateway", settings.gateway),
        settings.network,
    )
    # podman would name the bridge podmanN when the first host starts, and so would a lab that starts beside this
    # one. `network create` has no option for it yet.
    path = settings.state / "networks" / f"{settings.network}.json"
    network = json.loads(path.read_text())
    network["network_interface"] = settings.network
    path.write_text(json.dumps(network))


def create(podman: Podman, settings: Settings, staged: mirror.Staged, libraries: Path | None, host: Host) -> None:
    pythons = str(prerequisites.pyenv_versions_dir())
    # What a host says to the kernel's log would be read by this machine.
    mounts = [f"{pythons}:{pythons}:ro", "/dev/null:/dev/kmsg", f"{staged.etcd_programs}:{hostfiles.ETCD_HOME}:ro"]
    calls = settings.calls / host.name
    calls.mkdir(parents=True)
    mounts.append(f"{calls}:{hostfiles.CALLS}")
    if host == settings.masters[0]:
        mounts.append(f"{staged.root}:{hostfiles.MIRROR_ROOT}:ro")
        if libraries is not None:
            mounts.append(f"{libraries}:{dcosmaster.LIBRARIES}:ro")
    # Not on the container's own overlay: overlay upon overlay is refused.
    mounts.append(f"{settings.container(host)}-docker:/var/lib/docker")
    podman(
        *("create", "--name", settings.container(host), "--hostname", host.name),
        *("--network", f"{settings.network}:ip={host.address},mac={host.mac}"),
        # podman rewrites resolv.conf at every start, so the name server has to be its business.
        *("--dns", settings.masters[0].address, "--dns-search", "lab"),
        *("--dns-opt", "timeout:1", "--dns-opt", "attempts:2"),
        # podman's own systemd mode hides the cgroups that a Docker engine inside needs.
        *("--systemd=false", "--privileged", "--cgroupns=private", "--env", "container=podman"),
        *("--stop-signal", "SIGRTMIN+3", "--stop-timeout", "5", "--pids-limit", "-1"),
        *("--tmpfs", "/run:rw,exec,nosuid,nodev,mode=755", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"),
        *(argument for mount in mounts for argument in ("--volume", mount)),
        IMAGE,
        "/sbin/init",
    )


def furnish(root: Path, settings: Settings, staged: mirror.Staged, pythons: dict[str, str], host: Host) -> None:
    if not host.flavour.system_python3:
        tree.remove_system_python3(root)
    if host.flavour.user != "root":
        tree.append_account(root, host.flavour.user, hostfiles.CORE_UID, f"/home/{host.flavour.user}")
    hostfiles.build(settings, host, pythons, staged).write(root)


def mounted(podman: Podman, containers: Sequence[str]) -> dict[str, Path]:
    """Container name -> its file system, seen from this machine."""
    podman("mount", *containers)
    listed = json.loads(podman("mount", "--format", "json").stdout)
    return {name: Path(item["mountpoint"]) for item in listed for name in item["Names"]}


def up(settings: Settings) -> None:
    phases = Phases()
    prerequisites.install_packages(prerequisites.PROGRAMS)
    prerequisites.raise_inotify_limit()
    pythons = prerequisites.find_pythons()
    image.ensure_image(settings.image_store)
    libraries = dcosmaster.ensure_libraries() if settings.dcos_api else None
    phases.done("packages, image")
    settings.save()
    podman = podman_of(settings)
    podman.configure()
    make_ssh_keys(settings)
    pki.make(settings)
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        # RSA keys take their time, and so does building the stand-ins.
        made = beside.submit(dcosmaster.make, settings) if settings.dcos_api else None
        staged = mirror.stage(settings)
        if made is not None:
            made.result()
    inventory.write(settings, staged)
    phases.done("keys, certificates, artifacts")
    create_network(podman, settings)
    each(settings.hosts, lambda host: create(podman, settings, staged, libraries, host))
    phases.done("hosts created")
    containers = {host: settings.container(host) for host in settings.hosts}
    roots = mounted(podman, list(containers.values()))
    each(settings.hosts, lambda host: furnish(roots[containers[host]], settings, staged, pythons, host))
    phases.done("hosts furnished")
    podman("start", *containers.values(), timeout=120)
    phases.done("hosts started")
    wait(settings)
    phases.done("hosts and services running")
    if settings.dcos_api:
        dcosapi.wait(settings)
        phases.done("DC/OS with all agents")
    phases.total(f"lab {settings.name}: {len(settings.masters)} masters, {len(settings.agents)} agents")


def pids(settings: Settings, podman: Podman) -> dict[str, int]:
    names = [settings.container(host) for host in settings.hosts]
    listed = json.loads(podman("container", "inspect", *names).stdout)
    return {item["Name"]: item["State"]["Pid"] for item in listed}


def wait(settings: Settings, only: Sequence[Host] | None = None) -> None:
    """Until systemd and the services of every host run; which one does not is in the error."""
    podman = podman_of(settings)
    hosts = list(only or settings.hosts)
    by_container = pids(settings, podman)

    def ready(host: Host) -> None:
        pid = by_container[settings.container(host)]
        if not pid:
            raise LabError("not started")
        units = hostfiles.services(settings, host)

        def probe() -> str | None:
            # Entered directly: a `podman exec` costs ten times as much and this is called often.
            inside = ["nsenter", "--target", str(pid), "--all", "systemctl"]
            states = run([*inside, "is-active", *units], check=False).stdout.split()
            idle = [f"{unit} {state}" for unit, state in zip(units, states) if state != "active"]
            if idle or len(states) != len(units):
                return ", ".join(idle) or "systemd does not answer"
            state = run([*inside, "is-system-running"], check=False).stdout.strip()
            if state == "degraded":
                failed = run([*inside, "list-units", "--failed", "--plain", "--no-legend"], check=False).stdout
                return f"degraded: {' '.join(line.split()[0] for line in failed.splitlines())}"
            return None if state == "running" else state or "systemd does not answer"

        wait_for("systemd", probe, timeout=90, pause=0.3)

    each(hosts, ready)


def power(settings: Settings, name: str, action: str, *, hard: bool = False, wait_after: bool = True) -> None:
    """stop, start or restart a host; hard is a power cut."""
    host = settings.host(name)
    arguments = [] if action == "start" else ["--time", "0" if hard else "5"]
    podman_of(settings)(action, *arguments, settings.container(host), timeout=60)
    if action != "stop" and wait_after:
        wait(settings, [host])


def status(settings: Settings) -> str:
    podman = podman_of(settings)
    lines = [f"lab {settings.name}, {settings.subnet}, DC/OS {settings.dcos_version} {settings.dcos_variant}"]
    by_container = pids(settings, podman)
    for host in settings.hosts:
        pid = by_container[settings.container(host)]
        state = "stopped"
        if pid:
            inside = ["nsenter", "--target", str(pid), "--all", "systemctl", "is-system-running"]
            state = run(inside, check=False).stdout.strip() or "starting"
        lines.append(f"{host.name:10} {host.role:13} {host.flavour.name:8} {host.address:16} {state}")
    return "\n".join(lines)


def close_ssh(settings: Settings) -> None:
    """ansible's shared connections would hold on to hosts that are gone."""
    for socket in (settings.volatile / "ssh").glob("*"):
        run(["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "lab"], check=False, timeout=10)


def down(settings: Settings) -> None:
    """Everything of this lab goes, also what a killed run left; only the image cache stays."""
    close_ssh(settings)
    try:
        if (settings.state / "podman").exists():
            remove_by_podman(settings)
    except LabError as error:
        say(f"podman cannot remove lab {settings.name} ({error}); removing it by hand")
    leftovers.kill_hosts(settings.state / "storage")
    leftovers.remove_bridges(f"lab{settings.key}")
    leftovers.remove_rules(settings.subnet)
    leftovers.unmount([settings.state, settings.volatile])
    for directory in (settings.state, settings.volatile):
        leftovers.remove_tree(directory)
        leftovers.remove_if_empty(directory.parent)
    for group in Path("/sys/fs/cgroup").glob("*/libpod_parent"):
        leftovers.remove_if_empty(group / "conmon")
        leftovers.remove_if_empty(group)


def keep_calls(settings: Settings, directory: Path) -> None:
    """Copy what was called on the hosts (tests/calls) before the lab goes: a file for each host of this run of it."""
    directory.mkdir(parents=True, exist_ok=True)
    for notes in settings.calls.glob("*/calls.jsonl"):
        shutil.copyfile(notes, directory / f"{settings.name}-{settings.run_id}-{notes.parent.name}.jsonl")


def remove_by_podman(settings: Settings) -> None:
    podman = podman_of(settings)
    podman.configure()
    containers = podman("ps", "--all", "--quiet", "--no-trunc", timeout=120).stdout.split()
    if containers:
        keys = "{{.NetworkSettings.SandboxKey}}"
        namespaces = podman("container", "inspect", "--format", keys, *containers, check=False).stdout.split()
        # Nothing in a host is worth a clean stop; and podman trips over one that ends just when it gives up waiting.
        podman("rm", "--force", "--volumes", "--time", "0", *containers, timeout=60 + 5 * len(containers))
        # A start that was killed may have made one that podman does not remember at the end.
        leftovers.remove_namespaces([Path(path) for path in namespaces if path.startswith("/run/netns/")])
    podman("volume", "rm", "--all", "--force")
    for network in (settings.state / "networks").glob("lab*.json"):
        podman("network", "rm", "--force", network.stem)


def purge(settings: Settings, images: bool) -> None:
    down(settings)
    if images:
        cache = settings.cache / "images"
        if f"{cache}/" in Path("/proc/mounts").read_text():
            raise LabError(f"another lab runs on {cache}: bring it down first")
        shutil.rmtree(cache, ignore_errors=True)
        leftovers.remove_if_empty(settings.cache)
        say(f"{cache} removed")


def execute(settings: Settings, name: str, argv: Sequence[str], interactive: bool) -> int:
    podman = podman_of(settings)
    options = ["--interactive", *(["--tty"] if interactive else [])]
    return podman.foreground("exec", *options, settings.container(settings.host(name)), *argv)
