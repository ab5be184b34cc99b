"""Other datastores than the default one: three members, TLS, a managed cluster. Each on a lab of its own."""

from __future__ import annotations

import pytest
from support.ansible import playbook
from support.lab import Host, Lab, eventually, lab_with
from support.workloads import Workloads

pytestmark = pytest.mark.slow

TWO = {"LAB_AGENTS": "2", "LAB_PUBLIC_AGENTS": "0"}


def works(lab: Lab) -> None:
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []


def refused_creations(agent: Host, times: int = 20) -> int:
    """How many of some creations fail by calicoctl alone: its client does not repeat a creation at another member."""
    document = "apiVersion: v1\nkind: profile\nmetadata:\n  name: attempt\n"
    count = 0
    for _ in range(times):
        made = agent.run("/opt/calico/bin/calicoctl", "create", "--skip-exists", "-f", "-", stdin=document, check=False)
        count += made.returncode != 0 and "refused" in made.stdout
        agent.run("/opt/calico/bin/calicoctl", "delete", "profile", "attempt", "--skip-not-exists", check=False)
    return count


def test_three_members_of_which_one_is_dead() -> None:
    """From nothing with the members as endpoints, where the first write fails one time in three; then by the proxy."""
    with lab_with("etcd3", "etcd3", **TWO) as lab:
        lab.masters[2].run("systemctl", "stop", "lab-etcd.service")
        direct = {
            "calico_etcd_proxy": False,
            "calico_etcd_members": [f"http://{master.address}:2379" for master in lab.masters],
        }
        playbook(lab.inventory, variables=direct).require()
        assert refused_creations(lab.agents[0]) > 0, "the fault is there"
        assert playbook(lab.inventory, variables=direct).require().changed() == []
        works(lab)
        playbook(lab.inventory).require()
        assert playbook(lab.inventory).require().changed() == []
        works(lab)
        back = playbook(lab.inventory, variables=direct).require().changed()
        for agent in lab.agents:
            own = [task for host, task in back if host == agent.name]
            assert own[-1].endswith("Remove etcd's proxy, which nothing on this host uses any more")
            assert [task for task in own if task.endswith("Run calico/node and wait until it is healthy")]
            assert (
                agent.run("systemctl", "is-active", "calico-etcd-proxy.service", check=False).stdout.strip() != "active"
            )
        assert playbook(lab.inventory, variables=direct).require().changed() == []
        works(lab)


def test_a_proxy_that_is_used_is_not_removed(lab: Lab) -> None:
    """Only the part of etcd is asked for, with nodes that know no other way to the datastore."""
    playbook(lab.inventory).require()
    run = playbook(
        lab.inventory,
        "--tags",
        "etcd",
        variables={"calico_etcd_proxy": False, "calico_etcd_members": [f"http://{lab.masters[0].address}:2379"]},
    )
    assert run.rc != 0 and "is still in use" in run.output and "calico-felix" in run.output
    assert all(
        agent.out("systemctl", "is-active", "calico-etcd-proxy.service").strip() == "active" for agent in lab.agents
    )
    assert playbook(lab.inventory).require().changed() == []


def test_tls_to_the_members() -> None:
    with lab_with("etcdtls", **TWO, LAB_ETCD_TLS="1") as lab:
        playbook(lab.inventory).require()
        run = playbook(lab.inventory, "--diff", "-vvv").require()
        assert run.changed() == []
        assert "PRIVATE KEY" not in run.output
        assert all(count <= 1 + 1 for count in run.remote().values())  # one of them looks at the datastore too
        for agent in lab.agents:
            assert agent.out("stat", "-c", "%a %U", "/etc/calico/certs/etcd-client.key").split() == ["600", "root"]
            lines = [
                line for line in agent.out("cat", "/etc/calico/certs/etcd-client.key").splitlines() if len(line) > 40
            ]
            journal = agent.out("journalctl", "--no-pager", "--output=cat")
            # that modules write down their arguments there shows that the search looks at the right place
            assert "secret_content" in journal and lines and not [line for line in lines if line in journal]
        works(lab)


def test_a_managed_cluster() -> None:
    with lab_with("etcdown", "etcd3", **TWO, LAB_MANAGED_ETCD="1") as lab:
        playbook(lab.inventory).require()
        assert playbook(lab.inventory).require().changed() == []
        works(lab)
        for master in lab.masters:
            assert master.out("ps", "-o", "user=", "-C", "etcd").split() == [
                "calico-e+"
            ] or "calico-etcd" in master.out("ps", "-eo", "user:20,comm")
        lab.masters[0].run("systemctl", "stop", "calico-etcd.service")
        assert playbook(lab.inventory, "--tags", "etcd").require().changed()
        works(lab)


def test_members_that_were_all_replaced_are_found_again() -> None:
    with lab_with("etcdnew", **TWO) as lab:
        playbook(lab.inventory).require()
        master = lab.masters[0]
        master.run("systemctl", "stop", "lab-etcd.service")
        master.run("sh", "-c", "rm -rf /var/lib/lab-etcd/*")
        master.run("systemctl", "start", "lab-etcd.service")
        playbook(lab.inventory).require()
        eventually("the datastore is whole again", lambda: "/calico/v1/Ready" in lab.etcd(), seconds=30)
        assert playbook(lab.inventory).require().changed() == []
