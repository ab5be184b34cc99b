from __future__ import annotations

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _x509
from ansible_collections.dcos.calico.plugins.modules import dcos_ca_certificate_info

from ...support.ca_double import CaDouble
from ...support.dcos_api import Authority, html


def test_what_signs_is_not_what_is_trusted(run_module, dcos_api) -> None:
    """With an intermediate, cacert and the bundle are two."""
    root = Authority()
    CaDouble(dcos_api, Authority("DC/OS Intermediate CA", root), root.pem())
    result = run_module(dcos_ca_certificate_info, dcos_api.args())
    assert result["ca"]["facts"]["issuer"] == "CN=DC/OS Root CA" and result["ca"]["facts"]["common_name"] == "DC/OS Intermediate CA"
    assert result["ca_bundle_certificates"][0]["sha256"] == _x509.fingerprint(root.certificate)


def test_a_certificate_of_the_intermediate_is_all_right(run_module, dcos_api) -> None:
    root = Authority()
    ca = CaDouble(dcos_api, Authority("DC/OS Intermediate CA", root), root.pem())
    listed = [{"name": "signer", "certificate": ca.signer.pem()}]
    assert run_module(dcos_ca_certificate_info, dcos_api.args(certificates=listed))["certificates"][0]["problems"] == []


def test_refused(run_module, dcos_api) -> None:
    dcos_api.on("GET", "/ca/dcos-ca.crt", html(401, "acsjwt"))
    result = run_module(dcos_ca_certificate_info, dcos_api.args())
    assert result["failed"] and "401" in result["msg"] and "Traceback" not in result["msg"]
