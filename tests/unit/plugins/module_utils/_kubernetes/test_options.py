from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _options

PEM = b"-----BEGIN CERTIFICATE-----\n"


def kubeconfig(directory: Path, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None, **more: Any) -> str:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://api:6443/", **(cluster or {})}}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u"}}, {"name": "broken", "context": {"cluster": "gone", "user": "u"}}],
        "current-context": "one",
        **more,
    }
    file = directory / "kubeconfig"
    file.write_text(json.dumps(config), encoding="utf-8")
    return str(file)


def test_a_host(tmp_path: Path) -> None:
    (tmp_path / "ca").write_bytes(PEM)
    found = _options.connection({"host": "https://api:6443/", "token": "t", "ca_file": str(tmp_path / "ca"), "validate_certs": True, "kubeconfig": "/not/read"})
    assert (found.server, found.token, found.ca, found.verify) == ("https://api:6443", "t", PEM, True)
    assert "'t'" not in repr(found)


def test_a_kubeconfig_with_everything_in_it(tmp_path: Path) -> None:
    data = base64.b64encode(PEM).decode()
    cluster = {"certificate-authority-data": data, "tls-server-name": "kubernetes"}
    found = _options.connection({"kubeconfig": kubeconfig(tmp_path, cluster, {"client-certificate-data": data, "client-key-data": data})})
    assert (found.server, found.ca, found.cert, found.key, found.server_name) == ("https://api:6443", PEM, PEM, PEM, "kubernetes")


def test_a_kubeconfig_with_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(PEM)
    (tmp_path / "token").write_text("abc\n")
    found = _options.connection({"kubeconfig": kubeconfig(tmp_path, {"certificate-authority": "ca.pem"}, {"tokenFile": "token"}), "context": "one"})
    assert (found.ca, found.token, found.verify) == (PEM, "abc", True)
    insecure = _options.connection({"kubeconfig": kubeconfig(tmp_path, {"insecure-skip-tls-verify": True}, {"username": "ann", "password": "x"})})
    assert insecure.verify is False and insecure.basic == ("ann", "x")


@pytest.mark.parametrize(
    "params, words",
    [
        ({}, "neither a kubeconfig nor a host"),
        ({"host": "api:6443"}, "is not the address of an API"),
        ({"host": "https://me:pw@api"}, "is not the address of an API"),
        ({"host": "https://api", "client_cert_file": "/c"}, "belong together"),
        ({"host": "https://api", "ca_file": "/not/there"}, "cannot be read"),
        ({"kubeconfig": "/not/there"}, "cannot be read"),
    ],
)
def test_what_cannot_be(params: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _options.connection(params)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "cluster, user, more, context, words",
    [
        (None, {"exec": {"command": "aws"}}, {}, None, "logs in by a program (exec)"),
        (None, None, {}, "two", "has no context 'two': it has one, broken"),
        (None, None, {}, "broken", "has no cluster 'gone': it has c"),
        (None, None, {"current-context": ""}, None, "has no current context"),
        (None, None, {"clusters": None}, None, "names no cluster"),
        ({"certificate-authority-data": "%%%"}, None, {}, None, "is not base64"),
        ({"server": ""}, None, {}, None, "is not the address of an API"),
    ],
)
def test_kubeconfigs_that_cannot_be(tmp_path: Path, cluster: Any, user: Any, more: dict[str, Any], context: str | None, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _options.connection({"kubeconfig": kubeconfig(tmp_path, cluster, user, **more), "context": context})
    assert words in str(caught.value)


def test_a_file_that_is_no_kubeconfig(tmp_path: Path) -> None:
    file = tmp_path / "x"
    for text, words in (("a: [", "is not YAML"), ("just text", "names no cluster")):
        file.write_text(text)
        with pytest.raises(ValidationError, match=words):
            _options.connection({"kubeconfig": str(file)})


def test_the_ways_name_the_service_as_dns_has_it() -> None:
    assert _options.vip("dev/kube01") == "apiserver.devkube01.l4lb.thisdcos.directory:6443"
    words = _options.ways("kubernetes")
    for way in ("marathon-lb", "Edge-LB", "ssh -N -L 6443:apiserver.kubernetes.l4lb.thisdcos.directory:6443", "kubectl proxy", "on a host of the cluster"):
        assert way in words
