"""What counts as the same kind of call, and what does not."""

from __future__ import annotations

import json
from pathlib import Path

import notes
import pytest
import records
from shapes import shapes

CONFIG = "--config=/etc/calico/calicoctl.cfg"
RUN = ["calicoctl", "node", "run", "--node-image=calico/node:v2.6.6", "--name=10.0.0.1"]


def of(*argv: str, env: dict[str, str] | None = None, stdin: object = None) -> list[str]:
    return shapes(argv, env or {}, stdin if stdin is None or isinstance(stdin, str) else json.dumps(stdin))


@pytest.mark.parametrize(
    ("argv", "shape"),
    [
        (
            ["/opt/calico/bin/calicoctl", "get", "ipPool", "-o", "json", CONFIG],
            "calicoctl get ipPool --config=<path> --output=json",
        ),
        (["calicoctl", "get", "ipPool", CONFIG, "--output=json"], "calicoctl get ipPool --config=<path> --output=json"),
        (
            ["calicoctl", "config", "set", "HealthPort", "9099", "--raw=felix"],
            "calicoctl config set <setting> <value> --raw=felix",
        ),
        (["calicoctl", "config", "get", "ipip"], "calicoctl config get ipip"),
        (["calicoctl", "delete", "policy", "frontend"], "calicoctl delete policy <name>"),
        (["calicoctl", "get", "workloadEndpoint", "--node=10.0.0.1"], "calicoctl get workloadEndpoint --node=<name>"),
        (["setpriv", "--reuid", "65534", "calicoctl", "node", "status"], "calicoctl node status"),
        (["/usr/bin/docker", "load", "-q", "-i", "/var/tmp/x"], "docker load -i=<path> -q"),
        (["docker", "inspect", "calico-node", "quay.io/calico/node:v2.6.6"], "docker inspect <name> <image>"),
        (["docker", "network", "inspect", "0123456789ab", "ba9876543210"], "docker network inspect <id>"),
        (
            ["docker", "network", "create", "--driver=calico", "--subnet", "10.0.0.0/8", "x"],
            "docker network create <name> --driver=calico --subnet=<prefix>",
        ),
        (["docker", "version", "--format", "{{.Server.Version}}"], "docker version --format={{.Server.Version}}"),
        (["http", "GET", "/v2/keys/calico"], "etcd GET /v2/keys/calico"),
        (["curl", "-s", "-i", "http://10.0.0.1:2379/v2/keys/calico"], "etcd GET /v2/keys/calico"),
        (["birdc", "-s", "/var/run/calico/bird.ctl", "show", "protocols"], "bird show protocols"),
        (["bird", "restart", "Mesh_10_0_0_13"], "bird restart <session>"),
    ],
)
def test_a_call_and_its_shape(argv: list[str], shape: str) -> None:
    assert of(*argv) == [shape]


@pytest.mark.parametrize(
    "argv", [["ip", "addr"], ["sh", "-c", "calicoctl version"], ["http", "GET", "/mesos/state"], []]
)
def test_what_does_not_count(argv: list[str]) -> None:
    assert of(*argv) == []


def test_an_address_with_a_prefix_is_another_call_than_one_without() -> None:
    assert of(*RUN, "--ip=10.0.0.1/24") != of(*RUN, "--ip=10.0.0.1") != of(*RUN, "--ip=autodetect")


def test_an_anchored_interface_is_another_call_than_a_name() -> None:
    assert of(*RUN, "--ip-autodetection-method=interface=^eth0$") != of(
        *RUN, "--ip-autodetection-method=interface=eth0"
    )


def test_each_document_has_shapes_of_its_own() -> None:
    pool = {"kind": "ipPool", "metadata": {"cidr": "10.0.0.0/8"}, "spec": {"ipip": {"enabled": True}}}
    policy = {
        "kind": "policy",
        "metadata": {"name": "x", "annotations": {"a": "b"}},
        "spec": {"ingress": [{"source": {"nets": ["10.0.0.0/8"]}}]},
    }
    assert of("calicoctl", "apply", "-f", "-", stdin=[pool, policy]) == [
        "calicoctl apply --filename=-",
        "calicoctl apply --filename=- < several documents of several kinds",
        "calicoctl apply --filename=- < ipPool(ipip)",
        "documents < ipPool spec.ipip.enabled",
        "calicoctl apply --filename=- < policy(ingress, metadata.annotations)",
        "documents < policy spec.ingress[].source",
        "documents < policy spec.ingress[].source.nets",
    ]


def test_yaml_and_json_are_read_alike() -> None:
    text = "apiVersion: v1\nkind: node\nmetadata: {name: x}\nspec:\n  bgp: {asNumber: 64512}\n"
    assert of("calicoctl", "apply", "-f", "-", stdin=text) == [
        "calicoctl apply --filename=-",
        "calicoctl apply --filename=- < node(bgp)",
        "documents < node spec.bgp.asNumber",
    ]


def test_a_plugin_is_known_by_its_command_variables_and_fields() -> None:
    env = {"CNI_COMMAND": "ADD", "CNI_NETNS": "/run/x", "ETCD_ENDPOINTS": "http://x", "PATH": "/bin"}
    assert of(
        "/opt/cni/calico", env=env, stdin={"name": "x", "cniVersion": "0.3.0", "ipam": {"type": "calico-ipam"}}
    ) == [
        "calico ADD with ETCD_ENDPOINTS",
        "calico ADD < cniVersion=0.3.0",
        "calico ADD < ipam",
        "calico ADD < ipam.type",
        "calico ADD < name",
    ]
    assert of("calico", env={"CNI_COMMAND": "VERSION"}, stdin={"cniVersion": "0.1.0"}) == ["calico VERSION"]


def test_the_products_line_is_preferred_to_the_process_that_called() -> None:
    argv = ["calicoctl", "version"]
    found = notes.seen(
        [
            {"argv": argv, "caller": "python"},
            {"argv": argv, "lines": ["plugins/a.py:1", "plugins/b.py:2"]},
            {"argv": argv, "caller": "sh"},
        ]
    )
    assert found["calicoctl version"].product and "plugins/a.py:1 < plugins/b.py:2" in str(found["calicoctl version"])


def test_a_line_that_was_cut_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "lab-x-agent1.jsonl").write_text('{"argv": ["calicoctl"]}\n{"argv": ["cal')
    assert notes.read(tmp_path) == [{"argv": ["calicoctl"]}]


def test_no_exception_is_needed_no_longer() -> None:
    """A shape with a record needs no reason for having none; and a reason is a sentence."""
    assert not set(records.exceptions()) & set(records.covered())
    assert all(len(reason.split()) > 4 for reason in records.exceptions().values())
