"""calicoctl node run: puts a `docker run` command together, and runs it."""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ..errors import ConfigError
from ..settings import Settings, load_settings
from ..timing import scaled
from . import cli, usage

_CONTAINER = "calico-node"
_CERTIFICATES = "/etc/calico/certs"
_LOG_WAIT = 10.0
_STARTED = "Calico node started successfully"
_INIT_SYSTEM_HINT = """If you are running calico/node in an init system, use the --init-system flag
to display the appropriate start and stop commands.
"""
_METHOD = re.compile(r"first-found|can-reach=.+|interface=.*")
_PREFIX = re.compile(r"[a-zA-Z0-9]+")
_ADDRESS_OPTIONS = (("IP", "--ip", 4), ("IP6", "--ip6", 6))
_BACKENDS = ("none", "bird", "gobgp")


def run(argv: Sequence[str]) -> None:
    """Print the command with --dryrun; else prepare the host, start the container, wait for its word."""
    arguments = cli.parse(usage.NODE_RUN, argv)
    command = _docker_command(arguments, *_container_options(arguments))
    if arguments["--dryrun"]:
        _explain(command, arguments["--init-system"])
        return
    cli.require_root()
    _prepare_host()
    _start(command)


# -- the command -------------------------------------------------------------------------------


def _container_options(arguments: cli.Arguments) -> tuple[dict[str, str], dict[str, str]]:
    """The container's variables and mounts, from arguments that are checked on the way."""
    addresses = {name: _address(arguments, option, version) for name, option, version in _ADDRESS_OPTIONS}
    as_number = _as_number(arguments["--as"])
    for option in ("--ip-autodetection-method", "--ip6-autodetection-method"):
        _check_method(arguments[option] or "")
    if arguments["--backend"] not in _BACKENDS:
        cli.fail(f"Error executing command: unknown backend '{arguments['--backend']}'")
    prefix = arguments["--docker-networking-ifprefix"]
    if not _PREFIX.fullmatch(prefix):
        cli.fail(f"Error executing command: invalid interface prefix '{prefix}'")
    settings = _settings(arguments)
    networking = not arguments["--disable-docker-networking"]
    variables = {
        "NODENAME": arguments["--name"] or socket.gethostname(),
        "CALICO_NETWORKING_BACKEND": arguments["--backend"],
        "CALICO_LIBNETWORK_ENABLED": "true" if networking else "false",
        "NO_DEFAULT_POOLS": "true" if arguments["--no-default-ippools"] else "",
        "CALICO_LIBNETWORK_IFPREFIX": prefix if networking and prefix != "cali" else "",
        "CALICO_LIBNETWORK_LABEL_ENDPOINTS": "true" if arguments["--use-docker-networking-container-labels"] else "",
        "IP_AUTODETECTION_METHOD": arguments["--ip-autodetection-method"] or "",
        "IP6_AUTODETECTION_METHOD": arguments["--ip6-autodetection-method"] or "",
        "AS": as_number,
        **addresses,
    }
    mounts = {
        arguments["--log-dir"]: "/var/log/calico",
        "/var/run/calico": "/var/run/calico",
        "/lib/modules": "/lib/modules",
        "/run": "/run",
    }
    if networking:
        mounts |= {"/run/docker/plugins": "/run/docker/plugins", "/var/run/docker.sock": "/var/run/docker.sock"}
    _add_datastore(settings, variables, mounts)
    return {name: value for name, value in variables.items() if value}, mounts


def _address(arguments: cli.Arguments, option: str, version: int) -> str:
    """An address without a prefix, or "autodetect"."""
    text = str(arguments[option] or "")
    if text and text != "autodetect" and cli.checked_address(text).version != version:
        cli.fail(f"Error executing command: {option} is wrong IP version")
    return text


def _check_method(method: str) -> None:
    """First-found, can-reach=DESTINATION, or interface=REGEX[,REGEX]."""
    if method and not _METHOD.fullmatch(method):
        cli.fail(f"Error executing command: invalid IP autodetection method: {method}")
    kind, _, value = method.partition("=")
    for pattern in value.split(",") if kind == "interface" else ():
        try:
            re.compile(pattern)
        except re.error:
            cli.fail(f"Error executing command: invalid interface regex specified for IP autodetection: {pattern}")


def _as_number(text: str | None) -> str:
    if not text:
        return ""
    number = cli.parse_as_number(text)
    if number is None:
        cli.fail(f"Error executing command: invalid AS Number specified: {text}")
    return str(number)


def _settings(arguments: cli.Arguments) -> Settings:
    path = cli.config_path(arguments)
    try:
        settings = load_settings(os.environ, path)
    except ConfigError:
        cli.fail("Error executing command: invalid config file")
    if settings.datastore_type not in ("", "etcdv2"):
        cli.fail("Error executing command: unsupported backend specified in config")
    return settings


def _add_datastore(settings: Settings, variables: dict[str, str], mounts: dict[str, str]) -> None:
    authority = f"{settings.scheme}://{settings.authority}" if settings.authority else ""
    variables["ETCD_ENDPOINTS"] = settings.endpoints or authority
    files = [("CA_CERT", settings.ca_cert_file, "ca_cert.crt")]
    if settings.key_file and settings.cert_file:
        files += [("KEY", settings.key_file, "key.pem"), ("CERT", settings.cert_file, "cert.crt")]
    for name, path, inside in files:
        if path:
            variables[f"ETCD_{name}_FILE"] = f"{_CERTIFICATES}/{inside}"
            mounts[path] = f"{_CERTIFICATES}/{inside}"


def _docker_command(arguments: cli.Arguments, variables: dict[str, str], mounts: dict[str, str]) -> list[str]:
    """The whole command; variables come in any order, as from a map in Go."""
    life = ["--rm"] if arguments["--init-system"] else ["-d", "--restart=always"]
    shuffled = random.sample(sorted(variables.items()), len(variables))
    return [
        *("docker", "run", "--net=host", "--privileged", f"--name={_CONTAINER}", *life),
        *(word for name, value in shuffled for word in ("-e", f"{name}={value}")),
        *(word for outside, inside in mounts.items() for word in ("-v", f"{outside}:{inside}")),
        arguments["--node-image"],
    ]


def _explain(command: Sequence[str], init_system: bool) -> None:
    print(f"Use the following command to start the calico/node container:\n\n{' '.join(command)}\n")
    if init_system:
        print(f"Use the following command to stop the calico/node container:\n\ndocker stop {_CONTAINER}\n")
    else:
        print(_INIT_SYSTEM_HINT, end="")


# -- running it --------------------------------------------------------------------------------


def _prepare_host() -> None:
    modules = ["modprobe", "-a", "xt_set", "ip6_tables"]
    _say(f"Running command to load modules: {' '.join(modules)}")
    _run_quietly(modules)
    _forward("IPv4", Path("/proc/sys/net/ipv4/ip_forward"))
    if Path("/proc/sys/net/ipv6").exists():
        _forward("IPv6", Path("/proc/sys/net/ipv6/conf/all/forwarding"))
    _say("Increasing conntrack limit")
    try:
        Path("/proc/sys/net/netfilter/nf_conntrack_max").write_text("1000000", encoding="ascii")
    except OSError:
        _say("WARNING: Could not set nf_contrack_max. This may have an impact at scale.")


def _forward(family: str, path: Path) -> None:
    _say(f"Enabling {family} forwarding")
    try:
        path.write_text("1", encoding="ascii")
    except OSError:
        cli.fail(f"ERROR: Could not enable {family.lower()} forwarding")


def _start(command: Sequence[str]) -> None:
    _say("Removing old calico-node container (if running).")
    _run_quietly(["docker", "rm", "-f", _CONTAINER])
    _say(f"Running the following command to start calico-node:\n\n{' '.join(command)}\n")
    _say("Image may take a short time to download if it is not available locally.")
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        _report_failure('exec: "docker": executable file not found in $PATH', "")
    if done.returncode != 0:
        _report_failure(f"exit status {done.returncode}", done.stderr)
    _say("Container started, checking progress logs.\n")
    if not _follow_logs():
        cli.fail("Error executing command: calico/node has terminated, check logs for details")


def _report_failure(reason: str, errors: str) -> NoReturn:
    """The real tool means to break lines, and breaks them at "/n"."""
    _say(f"Error executing command: {reason}")
    print("".join(f" | {line}/n" for line in errors.split("/n")), end="", flush=True)
    raise SystemExit(1)


def _follow_logs() -> bool:
    """Print the container's log until it says that it started; False when it ends or says nothing for too long."""
    with subprocess.Popen(
        ["docker", "logs", "--follow", _CONTAINER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as logs:
        timer = threading.Timer(scaled(_LOG_WAIT), logs.kill)
        timer.start()
        assert logs.stdout
        started = False
        for line in logs.stdout:
            print(line.rstrip("\n"), flush=True)
            if line.rstrip("\n") == _STARTED:
                started = True
                break
        timer.cancel()
        logs.kill()
    return started


def _run_quietly(command: Sequence[str]) -> None:
    """Run a command whose failure does not matter."""
    try:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return


def _say(text: str) -> None:
    print(text, flush=True)
