"""Other datastores than the default one: three members, TLS, a managed cluster. Each on a lab of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.ansible import playbook
from support.lab import Lab, eventually, lab_command
from support.workloads import Workloads

pytestmark = pytest.mark.slow


@contextmanager
def lab_with(name: str, profile: str = "default", **env: str) -> Iterator[Lab]:
    lab_command("up", "--name", name, "--profile", profile, env={"LAB_AGENTS": "2", "LAB_PUBLIC_AGENTS": "0", **env})
    try:
        yield Lab(name)
    finally:
        lab_command("down", "--name", name, env=dict(os.environ))


def works(lab: Lab) -> None:
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []


def test_three_members_of_which_one_is_dead() -> None:
    with lab_with("etcd3", "etcd3") as lab:
        lab.masters[2].run("systemctl", "stop", "lab-etcd.service")
        playbook(lab.inventory).require()
        assert playbook(lab.inventory).require().changed() == []
        works(lab)


def test_tls_to_the_members() -> None:
    with lab_with("etcdtls", LAB_ETCD_TLS="1") as lab:
        playbook(lab.inventory).require()
        run = playbook(lab.inventory, "--diff", "-vvv").require()
        assert run.changed() == []
        assert "PRIVATE KEY" not in run.output
        assert all(count <= 9 + 2 for count in run.remote().values())  # the two of the datastore run on one of them
        for agent in lab.agents:
            assert agent.out("stat", "-c", "%a %U", "/etc/calico/certs/etcd-client.key").split() == ["600", "root"]
        works(lab)


def test_a_managed_cluster() -> None:
    with lab_with("etcdown", "etcd3", LAB_MANAGED_ETCD="1") as lab:
        playbook(lab.inventory).require()
        assert playbook(lab.inventory).require().changed() == []
        works(lab)
        for master in lab.masters:
            assert master.out("ps", "-o", "user=", "-C", "etcd").split() == ["calico-e+"] or "calico-etcd" in master.out("ps", "-eo", "user:20,comm")
        lab.masters[0].run("systemctl", "stop", "calico-etcd.service")
        assert playbook(lab.inventory, "--tags", "etcd").require().changed()
        works(lab)


def test_members_that_were_all_replaced_are_found_again() -> None:
    with lab_with("etcdnew") as lab:
        playbook(lab.inventory).require()
        master = lab.masters[0]
        master.run("systemctl", "stop", "lab-etcd.service")
        master.run("sh", "-c", "rm -rf /var/lib/lab-etcd/*")
        master.run("systemctl", "start", "lab-etcd.service")
        playbook(lab.inventory).require()
        eventually("the datastore is whole again", lambda: "/calico/v1/Ready" in lab.etcd(), seconds=30)
        assert playbook(lab.inventory).require().changed() == []
