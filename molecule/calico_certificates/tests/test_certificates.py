"""A key that stays on its host, a certificate for it of DC/OS' own authority, and that authority's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

testinfra_hosts = ["ansible://agents"]
DIRECTORY = "/etc/calico/certs"
KEY, CERTIFICATE, CA = f"{DIRECTORY}/calico.key", f"{DIRECTORY}/calico.crt", f"{DIRECTORY}/dcos-ca.crt"


@pytest.mark.parametrize("path, mode", [(KEY, 0o600), (CERTIFICATE, 0o644), (CA, 0o644)])
def test_who_may_read_it(host: Any, path: str, mode: int) -> None:
    with host.sudo():
        file = host.file(path)
        assert (file.user, file.group, file.mode) == ("root", "root", mode)


def test_the_authority_is_that_of_the_cluster(host: Any, variables: dict[str, Any]) -> None:
    assert (
        host.file(CA).content_string.split() == Path(variables["lab_dcos_ca_file"]).read_text(encoding="utf-8").split()
    )
    host.check_output("openssl verify -CAfile %s %s", CA, CERTIFICATE)


def test_the_certificate_is_for_this_key_and_this_host(host: Any, address: str) -> None:
    with host.sudo():
        of_key = host.check_output("openssl pkey -pubout -in %s", KEY)
    assert host.check_output("openssl x509 -noout -pubkey -in %s", CERTIFICATE) == of_key
    text = host.check_output("openssl x509 -noout -text -in %s", CERTIFICATE)
    assert f"IP Address:{address}" in text and "TLS Web Client Authentication" in text


def test_no_host_has_the_key_of_another(agent_hosts: list[Any]) -> None:
    keys = [each.check_output("openssl x509 -noout -pubkey -in %s", CERTIFICATE) for each in agent_hosts]
    assert len(set(keys)) == len(keys) > 1


def test_no_request_and_no_half_file_is_left(host: Any) -> None:
    with host.sudo():
        assert sorted(host.file(DIRECTORY).listdir()) == ["calico.crt", "calico.key", "dcos-ca.crt"]
