"""Networks, pools, profiles and policies on a lab of two agents: what the datastore holds, and which packets pass.

A lab of its own (SYSTEM_LAB_POLICY names it). The tests build on each other, in this order.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from support.ansible import Run, playbook
from support.lab import Lab, eventually, lab_with
from support.policy import Container, apply, container, database, not_reached, prove, reached

pytestmark = pytest.mark.slow

NAME = os.environ.get("SYSTEM_LAB_POLICY", "policy")
ENV = {"LAB_AGENTS": "2", "LAB_PUBLIC_AGENTS": "0", "LAB_DCOS_API": "0"}
DEFAULT, SHOP, STAGING = "192.168.0.0/16", "10.32.0.0/16", "10.33.0.0/16"
POOLS = [{"cidr": DEFAULT, "nat_outgoing": True}, {"cidr": SHOP, "nat_outgoing": True}, {"cidr": STAGING}]
NETWORKS = [
    {"name": "calico", "profile": "isolated"},
    {"name": "shop", "profile": "open", "ipv4_pools": [SHOP], "profile_labels": {"network": "shop"}},
]
ALL = {"calico_ip_pools": POOLS, "calico_networks": NETWORKS}
IPIP = "/calico/v1/config/IpInIpEnabled"


def key_of(cidr: str) -> str:
    return f"/calico/v1/ipam/v4/pool/{cidr.replace('/', '-')}"


def stored_pool(lab: Lab, cidr: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.etcd()[key_of(cidr)])
    return found


def policies(lab: Lab) -> list[str]:
    return [key.rsplit("/", 1)[1] for key in lab.etcd() if "/policy/tier/default/policy/" in key]


def refused(run: Run, *words: str) -> None:
    """A clear error, and nothing changed."""
    said = " ".join(str(item["msg"]) for item in run.failed())
    assert run.rc != 0 and run.changed() == []
    assert [word for word in words if word not in said] == [], said


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with lab_with(NAME, **ENV) as found:
        playbook(found.inventory).require()
        yield found


def test_packets_are_allowed_then_denied_then_allowed(lab: Lab) -> None:
    before = lab.etcd()
    prove(lab)
    after = lab.etcd()
    assert {key for key in set(before) ^ set(after) if "/policy/tier/" in key} == set()


def test_networks_and_their_profiles_come_without_an_agents_restart(lab: Lab) -> None:
    """With the profiles there before the first container; predicted, done, and nothing the second time."""
    agents = {
        agent.name: agent.out("systemctl", "show", "-p", "MainPID", "dcos-mesos-slave.service") for agent in lab.agents
    }
    some = ("--tags", "datastore,cni", "--diff")
    before = lab.snapshot()
    predicted = playbook(lab.inventory, *some, "--check", variables=ALL).require()
    assert lab.snapshot() == before
    done = playbook(lab.inventory, *some, variables=ALL).require()
    assert done.predictions() == predicted.predictions() and sorted(done.changed()) == sorted(predicted.changed())
    assert {name for _host, name in done.predictions()} >= {
        "profile shop",
        f"ipPool {SHOP}",
        "/opt/mesosphere/etc/dcos/network/cni/shop.cni",
    }
    assert playbook(lab.inventory, *some, variables=ALL).require().changed() == []
    assert apply(lab, **ALL).require().changed() == []
    assert {
        agent.name: agent.out("systemctl", "show", "-p", "MainPID", "dcos-mesos-slave.service") for agent in lab.agents
    } == agents


def test_networks_take_addresses_of_their_own_pools(lab: Lab) -> None:
    for network, cidr in (("shop", SHOP), ("calico", None)):
        for agent in lab.agents:
            with container(agent, network) as found:
                assert any(
                    ipaddress.ip_address(found.address) in ipaddress.ip_network(pool)
                    for pool in ([cidr] if cidr else [DEFAULT, SHOP, STAGING])
                )


def test_an_open_profile_lets_everybody_in_and_an_isolated_one_its_own(lab: Lab) -> None:
    first, second = lab.agents
    with container(first, "calico") as inside, container(second, "calico") as same, container(second, "shop") as shop:
        reached(same, inside, "in one network")
        reached(inside, shop, "an open network from another")
        not_reached(shop, inside, "an isolated network from another")
        # the plugin's own profile is as the isolated one: nothing to do where it is managed from now on
        apply(lab, **{**ALL, "calico_networks": [{**NETWORKS[0], "profile": "open"}, NETWORKS[1]]}).require()
        reached(shop, inside, "once its profile is open")
        balancer = ("curl", "-fsS", "-o", "/dev/null", "--max-time", "2", f"http://{inside.address}:8000/")
        eventually(
            "a load balancer on another agent does too", lambda: second.run(*balancer, check=False).returncode == 0
        )
        custom = {
            "name": "calico",
            "profile": "custom",
            "profile_ingress": [{"action": "allow", "source": {"nets": [f"{shop.address}/32"]}}],
        }
        apply(lab, **{**ALL, "calico_networks": [custom, NETWORKS[1]]}).require()
        not_reached(same, inside, "which is not among the rules")
        assert shop.reaches(inside)
        apply(lab, **ALL).require()
        reached(same, inside, "isolated again")


def test_a_second_network_of_a_container_is_a_second_profile(lab: Lab) -> None:
    """Neither an interface nor an address more; and labels of a profile are those of its containers."""
    first, second = lab.agents
    with container(first, "calico", "shop") as both, container(second, "shop") as shop:
        endpoint = next(json.loads(value) for key, value in lab.etcd().items() if f"/{both.id}/endpoint/" in key)
        assert endpoint["profile_ids"] == ["calico", "shop"] and endpoint["ipv4_nets"] == [f"{both.address}/32"]
        assert [
            line.split(":")[1].strip().split("@")[0] for line in output_in(both, "ip", "-o", "link").splitlines()
        ] == ["lo", "eth0"]
        reached(shop, both, "by the second profile")
        rule = {
            "name": "by-network",
            "order": 5,
            "selector": "network == 'shop'",
            "types": ["ingress"],
            "ingress": [{"action": "deny"}],
        }
        apply(lab, **ALL, calico_policies=[rule]).require()
        not_reached(shop, both, "under a policy for the network's label")
        apply(lab, **ALL, calico_policies=[{"name": "by-network", "state": "absent"}]).require()
        reached(shop, both, "again")


def output_in(found: Container, *argv: str) -> str:
    return found.agent.out("nsenter", f"--net={found.namespace}", *argv)


def test_policies_of_others_are_left_alone(lab: Lab) -> None:
    theirs = {
        "apiVersion": "v1",
        "kind": "policy",
        "metadata": {"name": "theirs"},
        "spec": {"order": 900, "selector": "has(nobody)", "types": ["ingress"]},
    }
    lab.agents[0].run("/opt/calico/bin/calicoctl", "create", "-f", "-", stdin=json.dumps(theirs))
    two = [database(), {"name": "second", "selector": "has(nobody)", "ingress": [{"action": "allow"}]}]
    desired = {**ALL, "calico_policies": two}
    before = lab.etcd()
    predicted = apply(lab, "--check", "--diff", **desired).require()
    assert lab.etcd() == before
    assert apply(lab, "--diff", **desired).require().predictions() == predicted.predictions()
    assert sorted(policies(lab)) == ["second", "test-database", "theirs"]
    assert apply(lab, **{**ALL, "calico_policies": two[:1]}).require().changed() == [], (
        "what is listed no more stays, unless it is pruned"
    )
    pruned = {**ALL, "calico_policies": two[:1], "calico_policy_prune": True}
    assert len(apply(lab, **pruned).require().changed()) == 1
    assert sorted(policies(lab)) == ["test-database", "theirs"] and apply(lab, **pruned).require().changed() == []
    apply(lab, **ALL, calico_policies=[], calico_policy_prune=True).require()
    assert policies(lab) == ["theirs"]
    lab.calicoctl("delete", "policy", "theirs")


PEER = {
    "apiVersion": "v1",
    "kind": "bgpPeer",
    "metadata": {"scope": "global", "peerIP": "192.0.2.1"},
    "spec": {"asNumber": 64567},
}


def test_further_documents(lab: Lab) -> None:
    assert len(apply(lab, **ALL, calico_resources=[PEER]).require().changed()) == 1
    assert json.loads(lab.etcd()["/calico/bgp/v1/global/peer_v4/192.0.2.1"]) == {"ip": "192.0.2.1", "as_num": "64567"}
    assert apply(lab, **ALL, calico_resources=[PEER]).require().changed() == []
    apply(lab, **ALL, calico_resources=[{**PEER, "state": "absent"}]).require()
    assert "/calico/bgp/v1/global/peer_v4/192.0.2.1" not in lab.etcd()


# What is no item of its list is said before anything is asked.
MISSHAPEN: dict[str, Any] = {
    "calico_policies": [database(), {"name": "c", "rules": []}],
    "calico_networks": [{"name": "calico", "profile": "closed"}],
    "calico_ip_pools": [{"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "spec": {"cidr": DEFAULT}}],
}
BAD: dict[str, Any] = {
    "calico_policies": [
        database(),
        {"name": "a", "selector": "role = 'x'"},
        {"name": "b", "ingress": [{"action": "allow", "protocol": "tcp", "destination": {"ports": [99999]}}]},
    ],
    "calico_resources": [{**PEER, "apiVersion": "projectcalico.org/v3"}],
    "calico_networks": [{"name": "calico"}, {"name": "shop", "ipv4_pools": ["10.77.0.0/16"]}],
    "calico_ip_pools": [
        {"cidr": cidr} for cidr in (DEFAULT, "192.168.64.0/18", "10.32.64.0/18", "172.29.0.0/16", "11.1.0.0/16")
    ],
}
SAID = [
    "policy a.selector", "is not a selector", "99999", "from 1 to 65535", "for Calico 3",
    "the network shop takes addresses from 10.77.0.0/16", "192.168.0.0/16 and 192.168.64.0/18 overlap", "overlaps the pool 10.32.0.0/16 in the datastore",
    "the pool 172.29.0.0/16 overlaps", "of node", "VIP",
]  # fmt: skip


def test_bad_input_is_refused_in_one_message_before_anything_is_changed(lab: Lab) -> None:
    before = lab.etcd()
    misshapen = apply(lab, **MISSHAPEN)
    refused(
        misshapen, "3 problems found", "calico_policies, c: unknown rules", "profile cannot be 'closed'", "for Calico 3"
    )
    assert misshapen.executions == []
    refused(apply(lab, **BAD), *SAID)
    one = apply(lab, **ALL, calico_policies=BAD["calico_policies"][1:2])
    refused(one, "1 problem found", "policy a.selector")
    assert lab.etcd() == before


def test_what_containers_use_is_not_taken_away(lab: Lab) -> None:
    """A pool, a network by its state, a network by another name in its file: refused by the whole install too, with its hosts as they were."""
    with container(lab.agents[1], "shop") as shop:
        before = lab.snapshot()
        pools = [POOLS[0], {"cidr": SHOP, "state": "absent"}]
        alone = [{"name": "calico", "profile": "isolated"}]
        for networks in (alone, [*alone, {"name": "shop"}]):
            refused(
                apply(lab, calico_ip_pools=pools, calico_networks=networks),
                f"the pool {SHOP} is in use",
                shop.address,
                shop.id,
                "set disabled",
            )
        unlisted = {"calico_ip_pools": POOLS[:1], "calico_networks": alone, "calico_ip_pools_unlisted": "delete"}
        refused(apply(lab, **unlisted), f"the pool {SHOP} is in use", "Set calico_ip_pools_unlisted to disable")
        gone = [*alone, {"name": "shop", "state": "absent"}]
        refused(apply(lab, calico_ip_pools=POOLS, calico_networks=gone), "the network shop is in use", shop.id)
        for networks in (gone, [*alone, {"name": "store", "file": "shop.cni"}]):
            refused(
                playbook(lab.inventory, variables={"calico_ip_pools": POOLS, "calico_networks": networks}),
                "the network shop is in use",
                shop.id,
            )
        assert lab.snapshot() == before


def test_the_way_out_of_a_pool_in_use(lab: Lab) -> None:
    """Disabled first: who has an address keeps it and new containers get others; deleted once nobody has one."""
    shop = {"name": "shop", "profile": "open"}
    desired = {
        "calico_ip_pools": [POOLS[0], {"cidr": SHOP, "disabled": True}, POOLS[2]],
        "calico_networks": [NETWORKS[0], shop],
    }
    with container(lab.agents[0], "shop") as old:
        playbook(lab.inventory, "--tags", "datastore,cni", variables=desired).require()
        assert stored_pool(lab, SHOP)["disabled"] is True
        with container(lab.agents[0], "shop") as new, container(lab.agents[1], "shop") as other:
            assert ipaddress.ip_address(new.address) not in ipaddress.ip_network(SHOP), (
                "although the agent has a block of it"
            )
            reached(other, old, "at an address of the disabled pool")
    desired["calico_ip_pools"] = [POOLS[0], {"cidr": SHOP, "state": "absent"}, POOLS[2]]
    predicted = apply(lab, "--check", **desired).require()
    done = apply(lab, **desired).require()
    assert len(done.changed()) == 1 and done.changed() == predicted.changed()
    assert key_of(SHOP) not in lab.etcd() and apply(lab, **desired).require().changed() == []


def test_a_pool_that_nobody_lists(lab: Lab) -> None:
    """As the default pool of a node, or of an earlier run: told, then disabled, then deleted."""
    desired = {"calico_ip_pools": POOLS[:1]}
    # networks of the test before name the pool
    playbook(
        lab.inventory, "--tags", "cni", variables={**desired, "calico_networks": [{"name": "calico"}, {"name": "shop"}]}
    ).require()
    told = apply(lab, **desired).require()
    assert (
        told.changed() == []
        and f"the pool {STAGING} is in the datastore and not in calico_ip_pools" in told.output.replace("\n", " ")
    )
    apply(lab, **desired, calico_ip_pools_unlisted="disable").require()
    assert stored_pool(lab, STAGING)["disabled"] is True and stored_pool(lab, DEFAULT)["disabled"] is False
    assert apply(lab, **desired, calico_ip_pools_unlisted="disable").require().changed() == []
    apply(lab, **desired, calico_ip_pools_unlisted="delete").require()
    assert key_of(STAGING) not in lab.etcd() and key_of(DEFAULT) in lab.etcd()


def test_a_pool_goes_when_no_agent_uses_it_any_more(lab: Lab) -> None:
    """A pool is replaced by another: whenever a container is started on an agent, it gets an address by the file that the agent has. With a limit, or by the
    policies' playbook alone, the pool stays and it is said why."""
    first, second = lab.agents
    old = {
        "calico_ip_pools": [POOLS[0], {"cidr": SHOP}],
        "calico_networks": [NETWORKS[0], {"name": "shop", "ipv4_pools": [SHOP]}],
    }
    new = {
        "calico_ip_pools": [POOLS[0], {"cidr": SHOP, "state": "absent"}, {"cidr": STAGING}],
        "calico_networks": [NETWORKS[0], {"name": "shop", "ipv4_pools": [STAGING]}],
    }
    some = ("--tags", "datastore,cni")
    playbook(lab.inventory, *some, variables=old).require()
    stays = apply(lab, **new).require()
    assert key_of(SHOP) in lab.etcd() and f"shop.cni on {first.name} still names {SHOP}." in " ".join(
        stays.output.split()
    )
    part = playbook(lab.inventory, *some, "--limit", first.name, variables=new).require()
    assert key_of(SHOP) in lab.etcd() and f"Not looked at: {second.name}." in " ".join(part.output.split())
    with container(second, "shop") as found:
        assert ipaddress.ip_address(found.address) in ipaddress.ip_network(SHOP), (
            "the agent that was not in the run starts containers as before"
        )
    # the datastore's steps of a run that did not come to the networks
    playbook(lab.inventory, "--tags", "datastore", variables=new).require()
    for agent, cidr in ((first, STAGING), (second, SHOP)):
        with container(agent, "shop") as found:
            assert ipaddress.ip_address(found.address) in ipaddress.ip_network(cidr), "each by the file that it has"
    predicted = playbook(lab.inventory, *some, "--check", variables=new).require()
    done = playbook(lab.inventory, *some, variables=new).require()
    assert sorted(done.changed()) == sorted(predicted.changed())
    assert key_of(SHOP) not in lab.etcd()
    with container(second, "shop") as found:
        assert ipaddress.ip_address(found.address) in ipaddress.ip_network(STAGING)
    playbook(
        lab.inventory, *some, variables={"calico_networks": NETWORKS[:1] + [{"name": "shop", "profile": "open"}]}
    ).require()
    playbook(lab.inventory, *some, variables={"calico_ip_pools": POOLS[:1], "calico_networks": NETWORKS[:1] + [{"name": "shop", "profile": "open"}],
                                              "calico_ip_pools_unlisted": "delete"}).require()  # fmt: skip


def test_ipip_goes_on_and_off_for_real(lab: Lab) -> None:
    """In the very keys that Felix reads: calicoctl turns the setting on with a pool, and nothing turns it off but the setting itself."""
    assert lab.etcd().get(IPIP) in (None, "false")
    for mode, stored in (("always", ""), ("cross-subnet", "cross-subnet")):
        done = apply(lab, calico_ip_pools=[{**POOLS[0], "ipip": mode}]).require()
        assert len(done.changed()) == 1 and lab.etcd()[IPIP] == "true"
        assert (stored_pool(lab, DEFAULT)["ipip"], stored_pool(lab, DEFAULT)["ipip_mode"]) == ("tunl0", stored)
        assert apply(lab, calico_ip_pools=[{**POOLS[0], "ipip": mode}]).require().changed() == []
    predicted = apply(lab, "--check", "--diff", calico_ip_pools=POOLS[:1]).require()
    assert {name for _host, name in predicted.predictions()} == {f"ipPool {DEFAULT}", "config ipip"}
    apply(lab, calico_ip_pools=POOLS[:1]).require()
    assert lab.etcd()[IPIP] == "false" and stored_pool(lab, DEFAULT)["ipip"] == ""
    assert apply(lab, calico_ip_pools=POOLS[:1]).require().changed() == []
    assert (
        playbook(
            lab.inventory,
            variables={"calico_networks": [NETWORKS[0], {"name": "shop", "state": "absent", "profile": "open"}]},
        )
        .require()
        .changed()
    )
    assert not any("/policy/profile/shop/" in key for key in lab.etcd()), "the profile goes with its network"
