"""Mesos-DNS on three masters of an Enterprise cluster: which address a name has, one master after the other, and what happens to one that breaks.

A lab of its own (SYSTEM_LAB_MESOS_DNS names it). The tests build on each other, in this order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from support.ansible import Run, playbook
from support.lab import Host, Lab, eventually, lab_with
from support.mesos_dns import (
    DEFAULT,
    PLAYBOOK,
    SWAPPED,
    UNIT,
    App,
    Watch,
    asked,
    file_of,
    gives,
    heart,
    sources,
    started,
)

pytestmark = pytest.mark.slow

NAME = os.environ.get("SYSTEM_LAB_MESOS_DNS", "mesosdns")
ENV = {
    "LAB_MASTERS": "3", "LAB_AGENTS": "1", "LAB_PUBLIC_AGENTS": "0", "LAB_DCOS_VARIANT": "enterprise",
    "LAB_FLAVOURS": "master2=coreos,master3=modern,*=centos",
}  # fmt: skip
SETTING = """mesos_dns_ip_sources: '["netinfo", "host"]'"""


@pytest.fixture(name="lab", scope="module")
def three_masters() -> Iterator[Lab]:
    with lab_with(NAME, **ENV) as lab:
        playbook(lab.inventory).require()
        yield lab


def run(lab: Lab, *arguments: str, **variables: Any) -> Run:
    return playbook(lab.inventory, *arguments, name=PLAYBOOK, variables=variables)


def texts(lab: Lab) -> dict[str, tuple[str, str, float]]:
    """{master: (its file, who may read it, when its process started)}."""
    return {
        master.name: (
            master.read(file_of(master)),
            master.out("stat", "-L", "-c", "%a %u", file_of(master)),
            started(master),
        )
        for master in lab.masters
    }


def test_nothing_is_touched_where_a_master_cannot_take_it(lab: Lab) -> None:
    before = texts(lab)
    second, third = lab.masters[1:]
    wrong = run(lab, calico_mesos_dns_ip_sources=["hots"])
    assert wrong.rc != 0 and "Choose docker, host, mesos or netinfo" in wrong.output
    version = second.read("/opt/mesosphere/etc/dcos-version.json")
    second.write("/opt/mesosphere/etc/dcos-version.json", json.dumps({"version": "1.8.8"}))
    third.write(file_of(third), before[third.name][0][:-5])
    third_before = started(third)
    try:
        for arguments in ((), ("--check",)):
            refused = run(lab, *arguments)
            words = " ".join(refused.output.split())
            assert (
                refused.rc != 0
                and refused.changed() == []
                and {item["host"] for item in refused.failed()} == {second.name, third.name}
            )
            assert (
                "DC/OS 1.8.8 is too old" in words and f"{file_of(third)} is not a configuration of Mesos-DNS" in words
            )
    finally:
        second.write("/opt/mesosphere/etc/dcos-version.json", version)
        third.write(file_of(third), before[third.name][0])
    assert texts(lab) == before and started(third) == third_before


def test_a_mesos_dns_that_does_not_work_is_not_touched_and_no_other_is(lab: Lab) -> None:
    before = texts(lab)
    last = lab.masters[2]
    last.run("systemctl", "stop", UNIT)
    try:
        refused = run(lab)
        assert (
            refused.rc != 0 and refused.changed() == [] and [item["host"] for item in refused.failed()] == [last.name]
        )
        assert "does not work, so its sources of addresses are not changed" in " ".join(refused.output.split())
    finally:
        last.run("systemctl", "start", UNIT)
        eventually(f"{last.name} answers", lambda: asked(last, "leader.mesos"), 20)
    after = texts(lab)
    assert [after[name][:2] for name in after] == [before[name][:2] for name in before]
    assert [after[master.name] for master in lab.masters[:2]] == [before[master.name] for master in lab.masters[:2]]


def test_names_become_the_containers_one_master_after_the_other(lab: Lab) -> None:
    """No two masters are ever silent at the same time, each is done before the next begins, and what the owner may read stays his."""
    before = texts(lab)
    assert {text[1].strip() for text in before.values()} == {"640 1"} and file_of(lab.masters[0]).endswith(
        "mesos-dns-enterprise.json"
    )
    with App(lab) as app:
        gives(lab, app, app.agent)
        with Watch(lab) as watch:
            done = run(lab, "--diff").require()
        assert SETTING in done.output and "may break components" in done.output
        assert watch.overlaps() == [] and all(watch.gaps.values()), watch.gaps
        order = [master.name for master in lab.masters]
        changes = [
            item for item in done.results if item["action"] == "dcos.calico.mesos_dns_config" and item["changed"]
        ]
        assert [item["host"] for item in changes] == order
        assert order == sorted(order, key=lambda name: started(lab.hosts[name]))
        gives(lab, app, app.container)
        for master in lab.masters:
            target = master.out("readlink", file_of(master)).strip()
            assert "/packages/dcos-config--" in target and master.read(target) == before[master.name][0].replace(
                json.dumps(DEFAULT, indent=4)[2:-2], json.dumps(SWAPPED, indent=4)[2:-2]
            )
        after = texts(lab)
        assert [text[1] for text in after.values()] == [text[1] for text in before.values()]
        assert run(lab).require().changed() == [] and texts(lab) == after


def test_an_upgrade_of_dcos_undoes_it_and_a_run_brings_it_back(lab: Lab) -> None:
    second = lab.masters[1]
    upgrade(second)
    assert sources(second) == DEFAULT
    with App(lab, "/upgraded") as app:
        eventually("it gives the agent's address again", lambda: asked(second, app.name) == [app.agent], 20)
        done = run(lab).require()
        assert {host for host, _ in done.changed()} == {second.name}
        gives(lab, app, app.container)


def upgrade(master: Host) -> None:
    """What pkgpanda does: another package with the installer's file, links to it, all in place of what was there, and the units restarted."""
    root = "/opt/mesosphere"
    file = file_of(master)
    inside = file.removeprefix(f"{root}/etc/")
    package = master.out("readlink", file).strip().removesuffix(f"/etc/{inside}")
    text = {**json.loads(master.read(file)), "IPSources": DEFAULT}
    master.run(
        "sh",
        "-ec",
        f"cd {root}; cp -a {package} {package}new; cp -a etc etc.new; ln -sfn {package}new/etc/{inside} etc.new/{inside}",
    )
    master.write(f"{package}new/etc/{inside}", json.dumps(text, indent=2) + "\n")
    master.run("sh", "-ec", f"cd {root}; mv etc etc.old; mv etc.new etc; systemctl restart {UNIT}")


def test_going_back_puts_back_what_dcos_installs(lab: Lab) -> None:
    assert {host for host, _ in run(lab, calico_mesos_dns_state="absent").require().changed()} == {
        master.name for master in lab.masters
    }
    assert [sources(master) for master in lab.masters] == [DEFAULT] * 3
    assert run(lab, calico_mesos_dns_state="absent").require().changed() == []


# In front of the program of a master: ends where the container's address is required first, as one that cannot work with that.
BROKEN = """#!/bin/sh
grep -A1 IPSources "$MESOS_DNS_CONFIG" | grep -q netinfo && { echo "IPSources validation failed: not on this master" >&2; exit 1; }
exec /opt/mesosphere/bin/mesos-dns.real "$@"
"""


def test_the_run_ends_at_the_first_master_that_breaks(lab: Lab) -> None:
    """It has its old file again and works with that, what comes after it is as it was, and the next run goes on from there."""
    first, second, third = lab.masters
    before = texts(lab)
    program = "/opt/mesosphere/bin/mesos-dns"
    real = second.out("readlink", program).strip()
    second.run("sh", "-ec", f"mv {program} {program}.real")
    second.write(program, BROKEN)
    second.run("chmod", "755", program)
    try:
        broken = run(lab, calico_mesos_dns_wait=8)
        words = " ".join(broken.output.split())
        assert (
            broken.rc != 0
            and [item["host"] for item in broken.failed()] == [second.name]
            and {host for host, _ in broken.changed()} == {first.name}
        )
        assert "Its file is as it was, and it works with that" in words and "not on this master" in words
        assert [sources(master) for master in lab.masters] == [SWAPPED, DEFAULT, DEFAULT]
        assert texts(lab)[second.name][:2] == before[second.name][:2] and texts(lab)[third.name] == before[third.name]
        assert all(asked(master, "leader.mesos") for master in lab.masters)
    finally:
        second.run("sh", "-ec", f"rm -f {program} {program}.real && ln -s {real} {program} && systemctl restart {UNIT}")
        eventually("it answers", lambda: asked(second, "leader.mesos"), 20)
    done = run(lab).require()
    assert {host for host, _ in done.changed()} == {second.name, third.name}
    run(lab, calico_mesos_dns_state="absent").require()


def test_the_heart_of_it(lab: Lab) -> None:
    """What the install's own test calls on its lab: predicted, changed, unchanged, undone."""
    heart(lab)
