from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils._adopt import (
    Adoption,
    Host,
    adopt,
    document,
    earlier,
    inventory,
    lines,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict

from ...support.adopt_facts import GUIDE, POOL, container, info, proxy, store

NOTHING: dict[str, Any] = {"present": False, "running": False, "image": None, "env": {}}


def adopted(
    *infos: dict[str, Any], before: dict[str, Any] | None = None, asks_dcos: bool = True, **given: Any
) -> tuple[Adoption, Verdict, list[Host]]:
    hosts = [Host(f"agent{number}", each, given) for number, each in enumerate(infos, 1)]
    verdict = Verdict()
    return adopt(hosts, verdict, before, asks_dcos), verdict, hosts


def failures(*infos: dict[str, Any], **given: Any) -> list[str]:
    return [f"{failure.host}: {failure}" for failure in adopted(*infos, **given)[1].failures]


def test_a_cluster_of_the_guide_keeps_names_addresses_pools_and_networks() -> None:
    found, verdict, _hosts = adopted(info(1), info(2))
    assert verdict.failures == [] and found.notes == {"agent1": [], "agent2": []}
    assert found.own == {"agent1": {"calico_node_name": "one"}, "agent2": {"calico_node_name": "two"}}
    assert found.common == {
        "calico_ip_pools": [{"cidr": "192.168.0.0/16", "ipip": "off", "nat_outgoing": True, "disabled": False}],
        "calico_networks": [{"name": "calico", "file": "calico.cni"}],
    }
    assert found.variables["agent1"] == {
        **found.common,
        "calico_node_name": "one",
        "calico_node_ip": "10.0.2.1/24",
        "calico_node_as_number": "",
        "calico_node_libnetwork": False,
    }


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ({"ipip": "tunl0", "ipip_mode": "always"}, {"ipip": "always"}),
        ({"ipip": "tunl0", "ipip_mode": "cross-subnet"}, {"ipip": "cross-subnet"}),
        ({"ipip": "tunl0", "ipip_mode": ""}, {"ipip": "always"}),
        ({"masquerade": False, "disabled": True}, {"nat_outgoing": False, "disabled": True}),
        ({"cidr": "fd80:24e2:f998:72d6::/64"}, None),
    ],
)
def test_a_pool_as_the_datastore_has_it(raw: dict[str, Any], kept: dict[str, Any] | None) -> None:
    found = adopted(info(1, datastore=store(("one", "10.0.2.1"), pools=[{**POOL, **raw}])))[0]
    default = {"cidr": "192.168.0.0/16", "ipip": "off", "nat_outgoing": True, "disabled": False}
    assert found.common.get("calico_ip_pools") == (None if kept is None else [{**default, **kept}])


@pytest.mark.parametrize("raw", [{"cidr": "{{ x }}"}, {"cidr": None}, {"ipip": "tunl0", "ipip_mode": "Always"}])
def test_a_pool_that_is_none_is_told(raw: dict[str, Any]) -> None:
    """It would be taken for one that nobody listed, and made anew or left, as the inventory's default goes."""
    found, verdict, _hosts = adopted(info(1, datastore=store(("one", "10.0.2.1"), pools=[{**POOL, **raw}])))
    assert "calico_ip_pools" not in found.common
    assert "a pool of the datastore is none that can be kept" in str(verdict.failures[0])


def test_what_the_inventory_gives_stays_its_own() -> None:
    found = adopted(info(1), calico_ip_pools=[], calico_networks=[], calico_node_name="one")[0]
    assert found.common == {} and "calico_ip_pools" not in found.variables["agent1"]


def test_another_name_in_the_inventory_is_refused() -> None:
    [failure] = failures(info(1), calico_node_name="10.0.2.1")
    assert (
        failure.startswith("agent1: calico_node_name is 10.0.2.1, and calico/node is called one here")
        and "Set it to one" in failure
    )


def test_a_node_whose_container_is_gone_is_known_by_its_address() -> None:
    assert adopted(info(1, NOTHING))[0].own["agent1"] == {"calico_node_name": "one"}
    found = adopted(info(1, NOTHING, datastore=store(("two", "10.0.2.2"))))[0]
    assert found.own["agent1"] == {} and found.variables["agent1"]["calico_node_name"] == "10.0.2.1"


def test_the_address_of_a_bridge_is_corrected_and_told() -> None:
    found = adopted(info(1, datastore=store(("one", "9.0.1.1"))))[0]
    assert "calico_node_ip" not in found.own["agent1"] and found.variables["agent1"]["calico_node_ip"] == "10.0.2.1/24"
    assert found.notes["agent1"] == [
        "its address 9.0.1.1 is that of m-dcos, to which no other node has a session; it gets 10.0.2.1"
    ]


def test_another_address_of_the_host_is_kept_with_the_prefix_of_its_interface() -> None:
    other = info(1, datastore=store(("one", "10.9.0.1")))
    other["subnets"].append({"interface": "eth1", "address": "10.9.0.1", "prefix": 16})
    assert adopted(other)[0].own["agent1"]["calico_node_ip"] == "10.9.0.1/16"


def test_an_as_number_and_networks_of_docker_are_kept() -> None:
    nodes = store(("one", "10.0.2.1"))
    nodes["nodes"]["one"]["as_num"] = "64513"
    found = adopted(info(1, datastore=nodes, cluster_store="etcd://127.0.0.1:2379"))[0]
    assert found.own["agent1"] == {
        "calico_node_name": "one",
        "calico_node_as_number": "64513",
        "calico_node_libnetwork": True,
    }


def test_settings_of_the_container_are_told() -> None:
    found = adopted(info(1, container("one", env={"FELIX_IGNORELOOSERPF": "true"})))[0]
    assert found.notes["agent1"] == [
        "FELIX_IGNORELOOSERPF of its container: not kept, write them in calico_felix_settings"
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"proxy": proxy(obstacle="It is a member of etcd")},
            "cannot be taken over: etcd (process 4711). It is a member of etcd.",
        ),
        (
            {"bird": {"pid": 99, "container": "c0ffee", "unit": None}},
            "process 99 in the container c0ffee: two of them cannot run on one host. Call that container calico-node (docker rename c0ffee calico-node)",
        ),
        ({"bird": {"pid": 99, "container": None, "unit": "bird.service"}}, "process 99 of bird.service"),
        (
            {"datastore": store(error="no quorum", cluster_id=None, nodes={}, pools=[])},
            "the datastore it uses cannot be read: no quorum",
        ),
        ({"members_cluster_id": "ffff"}, "uses another etcd (http://127.0.0.1:2379) than the inventory names"),
        ({"error": "no answer"}, "cannot be looked at: no answer"),
    ],
)
def test_what_cannot_be_adopted_is_told(more: dict[str, Any], words: str) -> None:
    [failure] = failures(info(1, **more))
    assert words in failure and failure.startswith("agent1: ")


def test_a_framework_is_adopted_where_dcos_can_be_asked() -> None:
    said = info(1, proxy=proxy(keeper="mesos", task="RunEtcdProxy-1"), framework=True)
    found, verdict, hosts = adopted(said)
    assert verdict.failures == [] and found.framework
    text = [" ".join(line.split()) for line in lines(hosts, found)]
    assert "framework (process 4711) framework (calico/node:v2.6.6)" in text[2]
    assert text[-1] == "the framework of the Universe: suspended first, uninstalled when none of its tasks is left"
    [failure] = failures(said, asks_dcos=False)
    assert "this run cannot ask DC/OS" in failure and "Set calico_dcos_url" in failure


def test_a_node_of_calico_1_is_known_by_its_host_name() -> None:
    node = container("", env={"NODENAME": "", "HOSTNAME": "one"})
    assert adopted(info(1, node))[0].own["agent1"] == {"calico_node_name": "one"}


def test_a_host_without_an_address_is_told() -> None:
    said = info(1, NOTHING, datastore=store())
    said["node"] = {"ip": None, "prefix": None, "error": "detect_ip ends with 1"}
    [failure] = [str(one) for one in adopted(said)[1].failures]
    assert "the address of this host is not known: detect_ip ends with 1" in failure


def test_hosts_of_different_datastores_are_not_adopted_together() -> None:
    other = store(("two", "10.0.2.2"), cluster_id="ffff")
    [failure] = failures(info(1), info(2, datastore=other, members_cluster_id="ffff"))
    assert "the hosts use different datastores: agent1: etcd" in failure and "--limit" in failure


@pytest.mark.parametrize(
    ("image", "words"), [("quay.io/calico/node:v3.1.3", "manages Calico 2.6"), ("calico/node:v2.6.12", None)]
)
def test_a_newer_calico_is_left_alone(image: str, words: str | None) -> None:
    found = failures(info(1, container("one", image=image)))
    assert found == [] if words is None else words in found[0]


@pytest.mark.parametrize("name", ["{{ 6 * 7 }}", "a b", "-a"])
def test_a_name_that_is_none_becomes_no_variable(name: str) -> None:
    found, verdict, _hosts = adopted(info(1, container(name)))
    assert len(verdict.failures) == 1 and found.own["agent1"] == {}


def test_a_network_that_hosts_have_in_two_shapes_is_told() -> None:
    [failure] = failures(info(1), info(2, networks=[{**GUIDE, "mtu": 1400}]))
    assert failure.startswith("agent2: the network calico is another one here than on agent1") and "mtu 1400" in failure


def test_a_network_keeps_its_file_its_mtu_and_its_pools() -> None:
    found = adopted(info(1, networks=[{**GUIDE, "file": "mine.conf", "mtu": 1400, "ipv4_pools": ["192.168.0.0/16"]}]))[
        0
    ]
    assert found.common["calico_networks"] == [
        {"name": "calico", "file": "mine.conf", "mtu": 1400, "ipv4_pools": ["192.168.0.0/16"]}
    ]


def test_the_file_is_an_inventory_that_keeps_other_hosts() -> None:
    found = adopted(info(1))[0]
    text = document(found, {"agent9": {"calico_node_name": "nine"}})
    hosts = {"agent1": {"calico_node_name": "one"}, "agent9": {"calico_node_name": "nine"}}
    assert yaml.safe_load(text)["all"]["hosts"] == hosts
    assert earlier(text, "x") == (hosts, found.common) and document(found, hosts) == text


def test_a_file_that_is_part_of_the_inventory_stays_as_somebody_has_edited_it() -> None:
    """The variables of the run are those of the file then, and a second run is not to lose them, nor what no host has said."""
    rules = [{"action": "allow", "source": {"selector": "role == 'web'"}}]
    network = {"name": "calico", "file": "calico.cni", "mtu": "{{ my_mtu }}", "profile_ingress": rules}
    edited = {**adopted(info(1))[0].common, "calico_networks": [network]}
    read = {**edited, "calico_networks": [{**network, "mtu": 1400}]}
    found = adopted(info(1), before=edited, **read)[0]
    assert found.common == {} and yaml.safe_load(document(found))["all"]["vars"] == edited
    assert "calico_networks" not in found.variables["agent1"], "the inventory has it"
    new = {"name": "b", "file": "b.cni"}
    more = adopted(info(1, networks=[GUIDE, {**GUIDE, **new}]), before=edited, **read)[0]
    assert yaml.safe_load(document(more))["all"]["vars"]["calico_networks"] == [new, network]
    assert more.variables["agent1"]["calico_networks"] == [*read["calico_networks"], new]


def test_a_host_that_was_taken_over_already_says_nothing_of_networks_that_others_have() -> None:
    """A limited run, or one that was killed, leaves hosts of both kinds, and its own files have the inventory's defaults in them."""
    done = info(1, proxy=None, networks=[{**GUIDE, "nodename": "one", "log_level": "warning", "mtu": 1400}])
    done["calico_node"]["unit"]["active"] = "active"
    calico = {"name": "calico", "file": "calico.cni"}
    mixed, verdict, _hosts = adopted(done, info(2))
    assert verdict.failures == [] and mixed.common["calico_networks"] == [calico]
    before = {"calico_networks": [{**calico, "mtu": 1300}]}
    again = adopted(done, before=before)[0]
    assert inventory(again)["all"]["vars"]["calico_networks"] == before["calico_networks"]
    assert again.variables["agent1"]["calico_networks"] == before["calico_networks"]
    lost = adopted(done)[0]
    assert lost.common["calico_networks"] == [{**calico, "log_level": "warning", "mtu": 1400}]


def test_what_the_file_says_of_a_network_decides_between_hosts() -> None:
    before = adopted(info(1))[0].common
    assert failures(info(1), info(2, networks=[{**GUIDE, "mtu": 1400}]), before=before, **before) == []


def test_networks_of_hosts_that_a_limit_leaves_out_stay_in_the_file() -> None:
    z = {"name": "z", "file": "z.cni"}
    found = adopted(info(1), before={"calico_networks": [{"name": "calico", "file": "old.cni"}, z]})[0]
    calico = {"name": "calico", "file": "calico.cni"}
    assert yaml.safe_load(document(found))["all"]["vars"]["calico_networks"] == [calico, z]
    assert found.variables["agent1"]["calico_networks"] == [z, calico]


def test_what_the_inventory_gives_itself_is_not_what_an_earlier_file_had() -> None:
    before = {"calico_networks": [{"name": "z", "file": "z.cni"}]}
    found = adopted(info(1), calico_networks=[{"name": "y"}], calico_ip_pools=[])[0]
    assert inventory(found)["all"]["vars"] == {} and "calico_networks" not in found.variables["agent1"]
    kept = adopted(info(1), before=before, calico_networks=[{"name": "calico"}], calico_ip_pools=[])[0]
    assert inventory(kept)["all"]["vars"] == before, "nobody but its owner takes something out of the file"


@pytest.mark.parametrize("text", ["all: {hosts: {a: {}}}\n", "- 1\n", "{", "# What dcos.calico.adopt keeps"])
def test_a_file_of_somebody_else_is_not_replaced(text: str) -> None:
    with pytest.raises(CalicoError, match="dcos.calico.adopt has not written it"):
        earlier(text, "hosts.yml")


def test_a_table_says_what_was_found() -> None:
    managed = info(2, proxy=None, networks=[], plugins=[], datastore=store(("two", "10.0.2.2")))
    managed["proxy"]["active"] = managed["calico_node"]["unit"]["active"] = "active"
    found, _verdict, hosts = adopted(info(1), managed)
    text = [" ".join(line.split()) for line in lines(hosts, found)]
    assert (
        text[2]
        == "agent1 one 10.0.2.1/24 by hand (process 4711) by hand (calico/node:v2.6.6) by hand calico (calico.cni)"
    )
    assert text[3] == "agent2 two 10.0.2.2/24 managed managed (calico/node:v2.6.6) managed or none none"
    assert text[4] == "datastore: etcd b2c7d3e4f5a60718, 2 nodes, profiles calico"


TEMPLATE = "{{ lookup('pipe', 'id') }}"


@pytest.mark.parametrize(
    ("node", "more", "words"),
    [
        (container("one", env={"AS": TEMPLATE}), {}, "AS number"),
        (None, {"networks": [{**GUIDE, "ipv4_pools": [TEMPLATE]}]}, "is none that can be kept"),
        (None, {"networks": [{**GUIDE, "log_level": TEMPLATE}]}, "is none that can be kept"),
        (None, {"networks": [{**GUIDE, "mtu": TEMPLATE}]}, "its mtu is"),
        (container(TEMPLATE), {}, "is none that Calico takes"),
    ],
)
def test_what_a_host_says_is_no_template_of_the_inventory(
    node: dict[str, Any] | None, more: dict[str, Any], words: str
) -> None:
    """Ansible would carry it out on the controller when it reads the file."""
    found, verdict, _hosts = adopted(info(1, node, **more))
    assert words in " ".join(map(str, verdict.failures)) and "{{" not in document(found)


def test_an_address_that_host_and_datastore_agree_on_is_one() -> None:
    said = info(1, datastore=store(("one", TEMPLATE)))
    said["subnets"].append({"interface": "eth1", "address": TEMPLATE, "prefix": 24})
    found, verdict, _hosts = adopted(said)
    assert "the node's address" in " ".join(map(str, verdict.failures)) and "{{" not in document(found)


def test_no_file_is_made_of_what_could_be_a_template() -> None:
    for own in ({"x": TEMPLATE}, {"x": [{"y": "{% if 1 %}"}]}):
        with pytest.raises(CalicoError, match="is not written"):
            document(Adoption(own={"agent1": own}))


@pytest.mark.parametrize("mtu", ["1400", True, [1400], 1400.5])
def test_an_mtu_that_is_none_is_told(mtu: Any) -> None:
    [failure] = failures(info(1, networks=[{**GUIDE, "mtu": mtu}]))
    assert f"its mtu is {mtu!r}" in failure


def test_a_network_with_addresses_of_another_plugin_is_not_made_one_of_calico() -> None:
    [failure] = failures(info(1, networks=[{**GUIDE, "ipam": "host-local"}]))
    assert "its addresses are given by 'host-local', not by calico-ipam" in failure


def test_what_is_found_and_not_kept_is_told() -> None:
    network = {**GUIDE, "log_level": "debug", "other": ["policy", "ipam.subnet"]}
    found = adopted(info(1, networks=[network], proxy=proxy(wide=True)))[0]
    assert found.common["calico_networks"] == [{"name": "calico", "file": "calico.cni", "log_level": "debug"}]
    assert found.notes["agent1"] == [
        "the network calico has policy, ipam.subnet, which its new file does not have",
        "its etcd proxy listens for other hosts too, and the new one does not: what uses it from there is to use the members",
    ]


JUNK: list[Any] = [None, True, 7, "{{ x }}", [], {}, [None], ["a"], [{}], {"a": 1}, {"x": {"y": []}}]


def test_whatever_a_host_says_ends_in_a_table_or_in_sentences() -> None:
    """Each part of what is read of a host, replaced by each kind of junk: a host is a stranger."""
    paths = list(_paths(info(1)))
    assert len(paths) > 50
    for path in paths:
        for junk in JUNK:
            said = copy.deepcopy(info(1))
            place = said
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = junk
            try:
                found, verdict, hosts = adopted(said, info(2))
                assert lines(hosts, found)
                assert verdict.failures or document(found)
            except CalicoError as error:
                assert "is not written" in str(error)


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*before, key)
        yield from _paths(inner, (*before, key))
