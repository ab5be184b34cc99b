from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _kubernetes_preflight

DIR = "/opt/mesosphere/etc/dcos/network/cni"
INFO: dict[str, Any] = {
    "dcos": {"version": "1.11.12"},
    "cni": {
        "plugins": {"calico": "/p", "portmap": "/p"},
        "files": [{"file": "calico.cni"}, {"file": "cni.conflist"}, {"file": "dcos.conf"}],
    },
}
DESIRED: dict[str, Any] = {
    "release": "2.6.6",
    "network": "calico",
    "networks": [{"name": "calico", "file": "calico.cni"}],
    "mesos_dir": DIR,
    "plugins": ["portmap"],
    "plugin_dirs": ["/p"],
    "files": ["calico.cni"],
    "deployments": [],
    "conflist": {"name": "kube-cni", "dir": DIR, "file": "cni.conflist"},
    "package": {"desired": True, "service": "kubernetes", "version": "1.3.1-1.10.8", "options": {}, "installed": []},
    "certificates": {
        "issued": True,
        "variant": "enterprise",
        "token": False,
        "files": [],
        "paths": ["/k/crt", "/k/key", "/k/ca"],
    },
    "controllers": {
        "desired": True,
        "version": "",
        "endpoints": ["http://127.0.0.1:2379"],
        "tls": False,
        "secret": "",
        "lacking": [],
    },
}
INSTALLED = {
    "name": "kubernetes",
    "version": "1.3.1-1.10.8",
    "app_id": "/kubernetes",
    "options": {"kubernetes": {"network_provider": "calico"}},
}


def desired(**changes: Any) -> dict[str, Any]:
    """DESIRED with changes, one level deep."""
    found = copy.deepcopy(DESIRED)
    for key, value in changes.items():
        found[key] = {**found[key], **value} if isinstance(value, dict) else value
    return found


def validated(changes: dict[str, Any] | None = None, **info: Any) -> list[str]:
    verdict = _kubernetes_preflight.validate({"a1": {**INFO, **info}}, desired(**(changes or {})))
    return [f"{item.host}: {item.what}: {item.why or ''} {item.remedy or ''}" for item in verdict.failures]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"package": {"installed": [INSTALLED]}},
        {"package": {"installed": [{**INSTALLED, "app_id": "/other", "version": "2.0.0-1.12.1", "options": None}]}},
        {"package": {"desired": False, "version": "9", "installed": [{**INSTALLED, "options": None}]}},
        {"certificates": {"issued": False, "files": ["/k/crt", "/k/key", "/k/ca", "/more"]}},
        {"certificates": {"issued": False, "token": True, "files": ["/k/ca"], "variant": "open"}},
        {"controllers": {"endpoints": ["https://a:2379"], "tls": True}},
        {"controllers": {"endpoints": ["https://a:2379"], "secret": "calico-etcd-secrets"}},
        {"controllers": {"desired": False, "endpoints": [], "lacking": []}},
        {"controllers": {"version": "v1.15.12"}},
        {"controllers": {"desired": False, "version": "v1.20.2"}},
        {"conflist": {"dir": "/etc/cni/net.d"}, "networks": [{"name": "calico", "file": "calico.conf"}], "files": []},
        {
            "deployments": [
                {
                    "name": "calico-kube-controllers",
                    "images": ["quay.io/calico/kube-controllers:v1.0.0"],
                    "text": "1 of 1 available",
                }
            ]
        },
        {
            "deployments": [
                {
                    "name": "calico-policy-controller",
                    "images": ["calico/kube-policy-controller:v0.7.0"],
                    "text": "0 of 0 available",
                }
            ]
        },
    ],
)
def test_all_is_well(changes: dict[str, Any]) -> None:
    assert validated(changes) == []


def installed(**more: Any) -> dict[str, Any]:
    return {"package": {"installed": [{**INSTALLED, **more}]}}


@pytest.mark.parametrize(
    "changes, words",
    [
        (
            {"package": {"version": "2.0.0-1.12.1"}},
            ["2.0.0-1.12.1 cannot be used", "1.0.0-1.9.3 to 1.3.1-1.10.8", "Choose 1.3.1-1.10.8"],
        ),
        ({"package": {"version": ""}}, ["cannot be used"]),
        ({"package": {"options": {"kubernetes": {"network_provider": "dcos"}}}}, ["said twice"]),
        (
            installed(options={"kubernetes": {"network_provider": "dcos"}}),
            ["network_provider dcos, and calico is required", "immutable", "uninstall"],
        ),
        (installed(options={}), ["network_provider dcos"]),
        (installed(options=None), ["nobody noted its options"]),
        (installed(version="1.2.0-1.10.5"), ["1.3.1-1.10.8 is required", "calico_kubernetes_version"]),
        (installed(version="2.0.0-1.12.1"), ["2.0.0-1.12.1 is installed", "a Calico of its own"]),
        ({"network": "kube"}, ["calico_kubernetes_network is kube", "calico_networks has calico"]),
        ({"networks": [{"name": "calico", "state": "absent"}]}, ["calico_networks has nothing"]),
        ({"conflist": {"name": "calico"}}, ["two files of one directory"]),
        ({"conflist": {"file": "a.json"}}, ["*.conflist only"]),
        (
            {"networks": [{"name": "calico", "file": "calico.conf"}]},
            ["calico.conf comes before cni.conflist", "first file by name"],
        ),
        ({"certificates": {"variant": "open"}}, ["no certificate authority", "calico_kubernetes_tls_files"]),
        ({"certificates": {"files": ["/k/crt"]}}, ["two sources"]),
        ({"certificates": {"issued": False}}, ["no way to log in"]),
        ({"certificates": {"issued": False, "files": ["/k/crt"]}}, ["has no /k/key, /k/ca"]),
        ({"certificates": {"issued": False, "token": True}}, ["has no /k/ca"]),
        ({"release": "2.6.4"}, ["2.6.4 must not be installed", "2.6.5"]),
        (
            {"controllers": {"version": "v1.16.0"}},
            ["cannot work with Kubernetes v1.16.0", "extensions/v1beta1", "1.15 or older"],
        ),
        ({"controllers": {"endpoints": []}}, ["calico_kubernetes_etcd_endpoints is empty"]),
        (
            {"controllers": {"endpoints": ["https://a:2379"]}},
            ["there are no files for TLS", "calico_kubernetes_etcd_secret"],
        ),
        (
            {"controllers": {"lacking": [{"kind": "collection", "name": "kubernetes.core", "command": "galaxy"}]}},
            ["collection kubernetes.core", "galaxy"],
        ),
        (
            {
                "deployments": [
                    {
                        "name": "calico-kube-controller",
                        "images": ["calico/kube-policy-controller:v0.3.0"],
                        "text": "1 of 1 available",
                    }
                ]
            },
            ["kubectl -n kube-system delete deployment calico-kube-controller"],
        ),
    ],
)
def test_what_is_refused_for_all(changes: dict[str, Any], words: list[str]) -> None:
    found = validated(changes)
    assert len(found) == 1 and found[0].startswith("all hosts: ")
    assert [word for word in words if word not in found[0]] == []


@pytest.mark.parametrize(
    "info, words",
    [
        ({"dcos": {"version": "1.8.9"}}, ["DC/OS 1.8.9 is not supported", "does not start"]),
        ({"dcos": {"version": "1.10.11"}}, ["needs DC/OS 1.11", "calico_kubernetes_package to false"]),
        ({"dcos": {"version": "2.1.0"}}, ["ships Calico itself"]),
        (
            {"cni": {"plugins": {"calico": "/p"}, "files": []}},
            ["CNI plugin portmap is in none of /p", "from 1.10 on", "cni_plugin"],
        ),
        (
            {"cni": {"plugins": {"portmap": "/p"}, "files": [{"file": "aaa.conf"}]}},
            ["aaa.conf comes before cni.conflist"],
        ),
    ],
)
def test_what_is_refused_on_a_host(info: dict[str, Any], words: list[str]) -> None:
    found = validated({}, **info)
    assert len(found) == 1 and found[0].startswith("a1: ")
    assert [word for word in words if word not in found[0]] == []


def test_a_kubernetes_of_ones_own_works_on_1_10() -> None:
    assert validated({"package": {"desired": False}}, dcos={"version": "1.10.11"}) == []


def test_nothing_known_of_a_host() -> None:
    verdict = _kubernetes_preflight.validate({"a1": None}, desired())
    assert [item.check for item in verdict.failures] == ["plugin"]


@pytest.mark.parametrize(
    "version, has",
    [
        ("1.0.0-1.9.3", True),
        ("1.3.1-1.10.8", True),
        ("1.3.2-1.10.9", False),
        ("0.9.0", False),
        ("2.0.0", False),
        (None, False),
    ],
)
def test_versions_with_the_option(version: str | None, has: bool) -> None:
    assert _kubernetes_preflight.has_option(version) is has
