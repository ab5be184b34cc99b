"""calicoctl, and where it finds the datastore."""

from __future__ import annotations

from typing import Any

import yaml

testinfra_hosts = ["ansible://agents"]
CALICOCTL = "/opt/calico/bin/calicoctl"


def test_it_is_the_artifact(host: Any, variables: dict[str, Any]) -> None:
    file = host.file(CALICOCTL)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o755)
    assert file.sha256sum == variables["calico_calicoctl_sha256"]


def test_people_find_it(host: Any) -> None:
    """On CoreOS /usr is read-only and /opt/bin in PATH."""
    coreos = "\nID=coreos\n" in host.file("/etc/os-release").content_string
    assert host.file("/opt/bin/calicoctl" if coreos else "/usr/local/bin/calicoctl").linked_to == CALICOCTL


def test_its_configuration_names_the_proxy(host: Any) -> None:
    file = host.file("/etc/calico/calicoctl.cfg")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    config = yaml.safe_load(file.content_string)
    assert (config["apiVersion"], config["kind"]) == ("v1", "calicoApiConfig")
    assert {name: value for name, value in config["spec"].items() if value} == {
        "datastoreType": "etcdv2",
        "etcdEndpoints": "http://127.0.0.1:2379",
    }


def test_it_reaches_the_datastore(host: Any) -> None:
    assert "NAME" in host.check_output("%s get nodes", CALICOCTL)


def test_no_half_download_is_left(host: Any) -> None:
    known = {"calicoctl", "etcd", "calico", "calico-agent-files", "calico-ipam"}
    assert set(host.file("/opt/calico/bin").listdir()) <= known
