#!/usr/bin/env python3
"""A DC/OS stand-in lab: systemd containers as masters and agents. See README.md beside this file."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from dcoslab import cluster, dcosmaster, image, prerequisites, settings, topology  # noqa: E402
from dcoslab.process import LabError, exclusive, say  # noqa: E402


def parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--name", default=os.environ.get("LAB_NAME") or settings.DEFAULT_NAME, help="which lab (LAB_NAME)"
    )
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    command("image", "build what `up` needs and keep it in the cache")
    up = command("up", "make a lab; one that is there, or a killed run's rest, is removed first")
    up.add_argument("--profile", default=os.environ.get("LAB_PROFILE") or "default", choices=topology.PROFILES)
    up.add_argument("--no-artifacts", action="store_true", help="tolerate that artifacts for the mirror are missing")
    command("wait", "wait until all hosts and their services run")
    inventory = command("inventory", "print the Ansible inventory, or where it is")
    inventory.add_argument("--path", action="store_true", help="print its path")
    inventory.add_argument("--output", type=Path, help="write a copy")
    command("status", "list the hosts")
    run = command("exec", "run a command on a host: exec HOST -- CMD...")
    run.add_argument("host")
    run.add_argument("argv", nargs=argparse.REMAINDER)
    for name, text in (("restart", "reboot a host"), ("stop", "power a host off"), ("start", "power it on again")):
        power = command(name, text)
        power.add_argument("host")
        if name != "start":
            power.add_argument("--hard", action="store_true", help="a power cut instead of a clean stop")
        if name != "stop":
            power.add_argument("--no-wait", action="store_true", help="do not wait until its services run")
    command("down", "remove the lab; only the image cache stays")
    purge = command("purge", "down, whatever state the lab is in")
    purge.add_argument("--images", action="store_true", help="remove the image cache, too")
    return top


def existing(name: str) -> settings.Settings:
    found = settings.load(name, os.environ)
    if found is None:
        raise LabError(f"there is no lab {name}; lab.py up --name {name} makes one")
    return found


def remains(name: str) -> settings.Settings:
    """For removal: what lab.json says, or what can be known without it."""
    return settings.load(name, os.environ) or settings.new(name, "default", {**os.environ, "LAB_SUBNET": ""}, False)


def make_or_remove(options: argparse.Namespace) -> int:
    if options.command != "up":
        if os.environ.get("LAB_CALLS"):
            cluster.keep_calls(remains(options.name), Path(os.environ["LAB_CALLS"]))
        cluster.purge(remains(options.name), options.command == "purge" and options.images)
        return 0
    if settings.state_dir(options.name, os.environ).exists():
        cluster.down(remains(options.name))  # first, because its subnet may be the desired one
    with exclusive("subnet", "a subnet for the lab"):
        lab = settings.new(options.name, options.profile, os.environ, not options.no_artifacts)
        lab.reserve()
    cluster.up(lab)
    print(lab.inventory)
    return 0


def main(arguments: list[str]) -> int:
    # Root's PATH of a service or of su may lack them; ip and iptables are there.
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
    options = parser().parse_args(arguments)
    if options.command == "image":
        prerequisites.require_privileges()
        prerequisites.install_packages(prerequisites.PROGRAMS)
        cache = settings.cache_root(os.environ)
        image.ensure_image(image.image_store(cache))
        dcosmaster.ensure_libraries()
        image.ensure_etcd(cache, settings.one_of(os.environ, "LAB_ETCD_SOURCE", settings.ETCD_SOURCES))
        return 0
    if options.command in ("up", "down", "purge"):
        prerequisites.require_privileges()
        with exclusive(settings.key_of(settings.state_dir(options.name, os.environ)), f"lab {options.name}"):
            return make_or_remove(options)
    lab = existing(options.name)
    if options.command == "wait":
        cluster.wait(lab)
    elif options.command == "inventory":
        if options.output:
            options.output.write_text(lab.inventory.read_text())
        else:
            print(lab.inventory if options.path else lab.inventory.read_text(), end="\n" if options.path else "")
    elif options.command == "status":
        print(cluster.status(lab))
    elif options.command == "exec":
        argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
        if not argv:
            raise LabError("exec HOST -- CMD...: the command is missing")
        return cluster.execute(lab, options.host, argv, sys.stdin.isatty() and sys.stdout.isatty())
    else:
        hard, no_wait = getattr(options, "hard", False), getattr(options, "no_wait", False)
        cluster.power(lab, options.host, options.command, hard=hard, wait_after=not no_wait)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LabError as error:
        say(f"lab: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
