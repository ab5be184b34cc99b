from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _mesos
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError
from ansible_collections.dcos.calico.plugins.module_utils._dcos._mesos import Agent, Master, Record, Release
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options

EMPTY_HOST = [{"host": "", "ip": ""}]
EMPTY_SERVICE = [{"service": "", "host": "", "ip": "", "port": ""}]


@pytest.fixture
def client(dcos_api) -> DcosClient:
    return DcosClient(Options(url=dcos_api.url))


@pytest.mark.parametrize(
    ("pid", "address"),
    [
        ("slave(1)@10.0.0.5:5051", "10.0.0.5"),
        ("master@[fd00::5]:5050", "fd00::5"),
        ("slave(1)@host.example.com:5051", "host.example.com"),
        ("10.0.0.5:5051", None),
        ("slave(1)@10.0.0.5", None),
        (None, None),
        (5, None),
    ],
)
def test_addresses_of_pids(pid, address) -> None:
    assert _mesos.address_of_pid(pid) == address


@pytest.mark.parametrize(
    ("entry", "public"),
    [
        ({}, False),
        ({"attributes": {"public_ip": "true"}}, True),
        ({"attributes": {"public_ip": "false"}}, False),
        ({"reserved_resources": {"slave_public": {"cpus": 4}}}, True),
        ({"reserved_resources": {"kafka-role": {"cpus": 4}}, "attributes": {"rack": "1"}}, False),
    ],
)
def test_public(entry: dict, public: bool) -> None:
    assert _mesos.is_public(entry) is public


def test_agents_are_ordered_by_number_and_old_ones_lack_much() -> None:
    answer = {"slaves": [{"id": "b", "hostname": "10.0.0.10", "pid": "slave(1)@10.0.0.10:5051"}, {"id": "a", "hostname": "10.0.0.9"}], "recovered_slaves": []}
    assert _mesos.parse_agents(answer) == [Agent("a", "10.0.0.9", "10.0.0.9"), Agent("b", "10.0.0.10", "10.0.0.10")]


def test_a_recovered_agent_is_not_active() -> None:
    (agent,) = _mesos.parse_agents({"slaves": [], "recovered_slaves": [{"id": "a", "hostname": "10.0.0.9", "active": True}]})
    assert agent.recovered and not agent.active


@pytest.mark.parametrize("answer", [[], {}, {"slaves": None}, {"slaves": [5]}, {"slaves": [{"hostname": "x"}]}, {"slaves": [{"id": "a", "domain": "x"}]}, None])
def test_what_is_no_list_of_agents(dcos_api, client, answer) -> None:
    dcos_api.on("GET", "/mesos/slaves", answer)
    with pytest.raises(ApiError, match="something else than expected") as caught:
        _mesos.agents(client)
    assert f"{dcos_api.host_port}/mesos/slaves" in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "addresses"),
    [
        ([{"host": "master.mesos.", "ip": "10.0.0.10"}, {"host": "master.mesos.", "ip": "10.0.0.9"}], ["10.0.0.9", "10.0.0.10"]),
        (EMPTY_HOST, []),
        ([], []),
    ],
)
def test_hosts(dcos_api, client, answer, addresses) -> None:
    dcos_api.on("GET", "/mesos_dns/v1/hosts/master.mesos", answer)
    assert _mesos.hosts(client, "master.mesos") == addresses


@pytest.mark.parametrize(
    ("answer", "records"),
    [
        (EMPTY_SERVICE, []),
        (
            [{"service": "_e._c.etcd.mesos", "host": "e-1-s1.etcd.slave.mesos.", "ip": "10.0.0.5", "port": "31644"}],
            [Record("e-1-s1.etcd.slave.mesos", "10.0.0.5", 31644)],
        ),
        ([{"host": "x", "ip": "10.0.0.5", "port": "none"}], []),
    ],
)
def test_services(dcos_api, client, answer, records) -> None:
    dcos_api.on("GET", "/mesos_dns/v1/services/_etcd-server._client.etcd.mesos", answer)
    assert _mesos.services(client, "_etcd-server._client.etcd.mesos") == records


@pytest.mark.parametrize(
    ("leader", "summary", "masters"),
    [
        ([{"ip": "10.0.0.2"}], None, [Master("10.0.0.1", False), Master("10.0.0.2", True)]),
        (EMPTY_HOST, {"hostname": "10.0.0.3"}, [Master("10.0.0.1", False), Master("10.0.0.2", False), Master("10.0.0.3", True)]),
        (EMPTY_HOST, {"hostname": ""}, [Master("10.0.0.1", False), Master("10.0.0.2", False)]),
    ],
)
def test_masters(dcos_api, client, leader, summary, masters) -> None:
    dcos_api.on("GET", "/mesos_dns/v1/hosts/master.mesos", [{"ip": "10.0.0.2"}, {"ip": "10.0.0.1"}])
    dcos_api.on("GET", "/mesos_dns/v1/hosts/leader.mesos", leader)
    if summary:
        dcos_api.on("GET", "/mesos/master/state-summary", summary)
    assert _mesos.masters(client) == masters


@pytest.mark.parametrize(
    ("version", "bundle", "release"),
    [
        ({"version": "2.1.0", "dcos-variant": "open", "dcos-image-commit": "abc"}, None, Release("2.1.0", "open", "abc")),
        ({"version": "1.10.0"}, (200, "-----BEGIN CERTIFICATE-----"), Release("1.10.0", "enterprise")),
        ({"version": "1.10.0"}, (404, "<html>"), Release("1.10.0", "open")),
        ({"version": "1.10.0"}, (200, "<html>"), Release("1.10.0", "open")),
    ],
)
def test_release(dcos_api, client, version, bundle, release) -> None:
    dcos_api.on("GET", "/dcos-metadata/dcos-version.json", version)
    if bundle:
        dcos_api.on("GET", "/ca/dcos-ca.crt", dcos_api.Answer(bundle[1], bundle[0]))
    assert _mesos.release(client) == release


@pytest.mark.parametrize("answer", [[], {}, {"version": 2}])
def test_no_release(dcos_api, client, answer) -> None:
    dcos_api.on("GET", "/dcos-metadata/dcos-version.json", answer)
    with pytest.raises(ApiError, match="something else than expected: it"):
        _mesos.release(client)


STRANGE = ["fe80::1%{{ 7 * 7 }}", "{{ 7 * 7 }}", "a b", "-x", "../../x", "10.0.0", "010.0.0.1", "1.2.3.4.5", "x" * 300, "x\n", "fe80::1%eth0", "", 5]


@pytest.mark.parametrize("text", STRANGE)
def test_what_an_agent_calls_itself_is_an_address_or_a_name_or_nothing(text) -> None:
    recovered = {"id": "a", "hostname": text, "port": 5051, "attributes": {}}
    registered = {**recovered, "id": "b", "pid": f"slave(1)@[{text}]:5051"}
    found = _mesos.parse_agents({"slaves": [registered], "recovered_slaves": [recovered]})
    assert [(agent.id, agent.address, agent.hostname) for agent in found] == [("a", "", ""), ("b", "", "")]
    assert _mesos.address_of_pid(f"slave(1)@{text}:5051") is None
    assert _mesos.parse_hosts([{"ip": text}]) == [] and _mesos.parse_services([{"host": text, "ip": text, "port": "1"}]) == []
    status = {"container_status": {"network_infos": [{"ip_addresses": [{"ip_address": text}]}]}}
    assert _mesos.parse_task_addresses({"tasks": [{"id": "t", "statuses": [status]}]}) == {"t": []}


def test_addresses_and_names_have_one_spelling() -> None:
    agents = _mesos.parse_agents({"slaves": [], "recovered_slaves": [{"id": "a", "hostname": "FD00:0::1"}, {"id": "b", "hostname": "Agent-1.Example.com."}]})
    assert [(agent.address, agent.hostname) for agent in agents] == [("fd00::1", "fd00::1"), ("agent-1.example.com", "agent-1.example.com")]
