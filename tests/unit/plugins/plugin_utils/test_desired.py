from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.module_utils._jobs import _agent_plan
from ansible_collections.dcos.calico.plugins.plugin_utils import _desired

ROLES = Path(__file__).parents[4] / "roles"
MEMBERS = ["http://10.0.0.1:2380"]


def variables(**given: Any) -> _desired.Variables:
    """The defaults of all roles, templates as an install with a proxy has them."""
    raw: dict[str, Any] = {}
    for path in sorted({path.resolve() for path in ROLES.glob("*/defaults/**/*.yml")}):
        raw.update(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    raw.update(
        calico_node_name="10.0.0.5", calico_node_ip="10.0.0.5/24", calico_etcd_members=[], calico_etcd_endpoints=["http://127.0.0.1:2379"],
        calico_cni_plugin_dirs=["/a", "/b"], inventory_hostname="agent1", groups={"agents": ["agent1"]}, hostvars={},
    )  # fmt: skip
    raw.update(given)

    def template(value: Any) -> Any:
        return yaml.safe_load(yaml.safe_dump(value).replace("{{ calico_felix_health_port }}", "62092"))

    return _desired.Variables(raw, template)


def test_every_step_has_arguments_that_its_module_takes() -> None:
    """Names of arguments, and of what is inside them, against the module's own specification."""
    groups = {"agents": ["agent1"], "masters": ["agent1"], "calico_etcd_managed": ["agent1"]}
    sums = dict.fromkeys(
        (f"calico_{name}_sha256" for name in ("calicoctl", "cni_plugin", "cni_ipam", "etcd", "node_archive")), "0" * 64
    )
    mirror = "https://mirror.example.com"
    found = variables(
        calico_etcd_source="managed", groups=groups, hostvars={"agent1": {}}, calico_mirror_url=mirror, **sums
    )
    steps = [*_desired.host_steps(found), *_desired.datastore_steps(found)]
    assert {step["job"] for step in steps} | {"agent_info"} == set(_agent_plan.JOBS)
    for step in steps:
        _agent_plan.validated(step["job"], step["args"], set())
    _agent_plan.validated("agent_info", _desired.info(found), set())


@pytest.mark.parametrize(
    ("groups", "kinds"),
    [
        ({"agents": ["agent1"]}, {"agent", "node"}),
        ({"agents_public": ["agent1"]}, {"agent", "node"}),
        ({"calico_masters_with_node": ["agent1"]}, {"node"}),
        ({"calico_etcd_managed": ["agent1"], "masters": ["agent1"]}, {"member"}),
        ({"calico_etcd_managed": ["agent1"], "calico_masters_with_node": ["agent1"]}, {"member", "node"}),
        ({}, set()),
    ],
)
def test_what_a_host_is(groups: dict[str, list[str]], kinds: set[str]) -> None:
    assert _desired.kinds(variables(groups=groups)) == kinds


def test_a_proxy_finds_members_by_dns_or_is_told_them_or_goes() -> None:
    assert _desired.etcd_proxy(variables())["discovery_srv"] == "etcd.mesos"
    told = _desired.etcd_proxy(variables(calico_etcd_members=MEMBERS))
    assert told["members"] == MEMBERS and "discovery_srv" not in told
    assert _desired.etcd_proxy(variables(calico_etcd_proxy="false")) == {
        "state": "absent", "unit": "calico-etcd-proxy.service", "data_dir": "/var/lib/calico-etcd-proxy",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "urls"),
    [
        ({"calico_etcd_source": "existing"}, []),
        ({}, ["http://10.0.0.1:2380", "http://m2:2380"]),
        ({"calico_etcd_ca_file": "/ca"}, ["https://10.0.0.1:2380", "https://m2:2380"]),
        ({"calico_etcd_proxy": "no", "calico_etcd_client_port": "4001"}, ["http://10.0.0.1:4001", "http://m2:4001"]),
    ],
)
def test_the_members_of_a_managed_cluster_are_the_masters(given: dict[str, Any], urls: list[str]) -> None:
    hostvars = {"m1": {"calico_etcd_address": "10.0.0.1", "ansible_host": "192.0.2.1"}, "m2": {}}
    managed = {"calico_etcd_source": "managed", "groups": {"masters": ["m1", "m2"]}, "hostvars": hostvars, **given}
    assert _desired.part("etcd_members", variables(**managed)) == urls


def test_a_managed_cluster_without_masters_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="needs hosts in the group `masters`"):
        _desired.part("etcd_members", variables(calico_etcd_source="managed"))


def test_without_a_proxy_clients_have_the_certificates_of_the_members() -> None:
    files = {"calico_etcd_ca_file": "/ca", "calico_etcd_cert_file": "/cert", "calico_etcd_key_file": "/key"}
    assert _desired.etcd(variables(**files))["ca_file"] == ""
    direct = variables(calico_etcd_proxy=False, calico_etcd_endpoints=["https://10.0.0.1:2379"], **files)
    assert _desired.etcd(direct) == {
        "endpoints": ["https://10.0.0.1:2379"],
        "ca_file": "/ca",
        "cert_file": "/cert",
        "key_file": "/key",
    }
    [file] = _desired.calicoctl(direct)["files"]
    spec = yaml.safe_load(file["content"])["spec"]
    assert (spec["etcdCACertFile"], spec["etcdCertFile"], spec["etcdKeyFile"]) == ("/ca", "/cert", "/key")


@pytest.mark.parametrize(
    ("mode", "used"), [("off", False), (False, False), (None, False), ("always", True), ("cross-subnet", True)]
)
def test_the_module_for_ip_in_ip_is_loaded_where_a_pool_uses_it(mode: Any, used: bool) -> None:
    """A bare `off` in YAML is false, and means off."""
    found = variables(calico_ip_pools=[{"cidr": "192.168.0.0/16", "ipip": mode}])
    content = _desired.agent_files(found)["files"][0]["content"]
    assert ("\nipip\n" in content) is used and _desired.info(found)["probe_ipip"] is used


def test_plain_values_are_not_templated() -> None:
    asked: list[Any] = []

    def template(value: Any) -> Any:
        asked.append(value)
        return "templated"

    groups = {"{{ z }}": ["{{ z }}"]}
    raw = {"a": "plain", "b": "{{ x }}", "c": ["{{ y }}"], "d": "{{ calico_agent.node.ip }}", "groups": groups}
    found = _desired.Variables(raw, template, {"{{ calico_agent.node.ip }}": "@"})
    assert [found[name] for name in ("a", "b", "b", "c", "d")] == ["plain", "templated", "templated", "templated", "@"]
    assert found["groups"] is groups
    assert asked == ["{{ x }}", ["{{ y }}"]]


def test_a_part_that_there_is_not_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="Use one of agent_files"):
        _desired.part("nothing", variables())


def test_a_release_that_is_refused_is_an_error_of_ansibles() -> None:
    with pytest.raises(AnsibleFilterError):
        _desired.artifacts(variables(calico_release="3.1"))


KUBERNETES = {
    "__calico_kubernetes_api_version": "v1.10.8",
    "calico_kubernetes_etcd_endpoints": ["http://10.0.0.1:2379"],
}


def test_objects_of_kubernetes_reach_the_datastore_at_addresses_of_their_own() -> None:
    *_others, deployment = _desired.part("kubernetes_objects", variables(**KUBERNETES))
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert {"name": "ETCD_ENDPOINTS", "value": "http://10.0.0.1:2379"} in container["env"]
    with pytest.raises(AnsibleFilterError, match="2.6.99"):
        _desired.part("kubernetes_objects", variables(**KUBERNETES, calico_release="2.6.99"))


def test_a_token_in_a_kubeconfig_is_a_secret() -> None:
    paths = {f"calico_kubernetes_{name}_file": f"/k/{name}" for name in ("ca", "certificate", "key")}
    found = {
        token: _desired.part("kubernetes_kubeconfig", variables(**paths, calico_kubernetes_token=token))
        for token in ("", "hunter2")
    }
    assert [sorted(found[token]) for token in ("", "hunter2")] == [["content", "path"], ["path", "secret_content"]]
    assert "/k/certificate" in found[""]["content"] and "hunter2" in found["hunter2"]["secret_content"]
    network = _desired.part("kubernetes_network", variables(calico_kubernetes_conflist_file="cni.conflist"))
    assert network["config"]["plugins"][0]["kubernetes"]["kubeconfig"] == found[""]["path"]


def test_docker_networks_need_the_plugin_and_a_release_that_serves_their_pools() -> None:
    networks = {
        "calico_docker_networks": [{"name": "n", "pool": "10.1.0.0/16"}],
        "calico_ip_pools": [{"cidr": "10.1.0.0/16"}],
    }
    given = {**networks, "calico_docker_network": True, "calico_release": "2.6.12"}
    assert [item["name"] for item in _desired.part("docker_networks", variables(**given))] == ["n"]
    for wrong, words in (
        ({"calico_node_libnetwork": False}, "libnetwork plugin"),
        ({"calico_release": "2.6.6"}, "2.6.10 or later"),
    ):
        with pytest.raises(AnsibleFilterError, match=words):
            _desired.part("docker_networks", variables(**{**given, **wrong}))


def test_felix_has_metrics_only_where_they_are_switched_on() -> None:
    assert "metrics" not in _desired.node(variables(calico_metrics_scrapers=["10.0.9.5"]))
    found = variables(calico_metrics="true", calico_metrics_scrapers=["10.0.9.5"])
    assert _desired.node(found)["metrics"] == {"port": 62091, "scrapers": ["10.0.9.5"]}


def test_the_version_of_etcd_as_far_as_its_source_says() -> None:
    assert _desired.etcd_version(variables()) == "3.3.1"
    assert _desired.etcd_version(variables(calico_etcd_archive_directory="etcd-v3.3.25-linux-amd64")) == "3.3.25"
    assert _desired.etcd_version(variables(calico_etcd_url="https://mirror/v3.4.23/etcd.tar.gz")) == "3.4.23"
    assert _desired.etcd_version(variables(calico_etcd_url="https://mirror/etcd.tar.gz")) == ""
