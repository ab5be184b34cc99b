from __future__ import annotations

import datetime

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _ca
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options

from ....support.ca_double import CaDouble, failure, success
from ....support.dcos_api import Authority, DcosApi, pem_of


@pytest.mark.parametrize(
    ("text", "hours"),
    [("8760h", 8760), ("8760h0m0s", 8760), ("90m", 1.5), ("1h30m36s", 1.51), ("7200s", 2), ("1.5s", 1.5 / 3600), ("", None), ("soon", None), ("1y", None)],
)
def test_durations_of_go(text: str, hours: float | None) -> None:
    assert _ca.parse_duration(text) == (None if hours is None else datetime.timedelta(hours=hours))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1100", "the CA's own certificate"),
        ("2400", "a key that the CA makes"),
        ("5100", "gives the certificate usages"),
        ("5200", "signing policy"),
        ("5300", "policy allows"),
        ("5400", "a profile that the CA has"),
        ("7200", "log of dcos-ca"),
        ("9002", "signing request"),
    ],
)
def test_every_family_of_codes_has_a_remedy(code: str, words: str) -> None:
    assert words in str(_ca.remedy_for(code))


@pytest.mark.parametrize("code", [None, "0", "400", "405", "3000", "ERR_X"])
def test_other_codes_have_none(code: str | None) -> None:
    assert _ca.remedy_for(code) is None


def test_a_request_always_names_its_key() -> None:
    request = _ca.newcert_request("calico", ("b1",), {"organization": "A", "country": "DE"}, ("rsa", 2048))
    assert request == {"CN": "calico", "hosts": ["b1"], "names": [{"O": "A", "C": "DE"}], "key": {"algo": "rsa", "size": 2048}}
    assert _ca.newcert_request("calico", (), {}, ("ecdsa", 256))["names"] == []


def authority_of(api: DcosApi) -> _ca.CertificateAuthority:
    return _ca.CertificateAuthority(DcosClient(Options(url=api.url, timeout=10)))


def test_each_call_has_its_own_shape(dcos_api: DcosApi) -> None:
    """newcert's request is wrapped, sign's is not; keys are left out of what is printed."""
    ca = CaDouble(dcos_api)
    authority = authority_of(dcos_api)
    assert authority.trusted() == ca.trusted and authority.info("web").lifetime == datetime.timedelta(days=365)
    issued = authority.newcert(_ca.newcert_request("calico", (), {}, ("ecdsa", 256)), "web")
    assert issued.private_key and issued.private_key not in repr(issued) and issued.certificate.endswith("-----\n")
    bodies = {request.path.rpartition("/")[2]: request.json() for request in dcos_api.requests if request.body}
    assert bodies["info"] == {"label": "", "profile": "web"} and set(bodies["newcert"]) == {"request", "profile", "bundle"}
    assert dcos_api.requests[-1].headers["Content-Type"] == "application/json"


def test_the_way_to_the_root(dcos_api: DcosApi) -> None:
    root = Authority()
    ca = CaDouble(dcos_api, Authority("DC/OS Lower CA", root), root.pem())
    ca.chain = [ca.signer, root]
    assert authority_of(dcos_api).bundle(pem_of(Authority("x", ca.signer).certificate)).count("BEGIN CERTIFICATE") == 2


def test_what_is_not_a_result_is_never_quoted(dcos_api: DcosApi) -> None:
    CaDouble(dcos_api)
    dcos_api.on("POST", "/ca/api/v2/newcert", success({"private_key": "hunter2"}))
    with pytest.raises(ApiError) as raised:
        authority_of(dcos_api).newcert({})
    assert "hunter2" not in str(raised.value) and "certificate and private_key expected" in str(raised.value)


def test_a_failure_keeps_its_code(dcos_api: DcosApi) -> None:
    CaDouble(dcos_api)
    dcos_api.on("POST", "/ca/api/v2/sign", failure(400, 9002, "CSR Decode failed"))
    with pytest.raises(ApiError) as raised:
        authority_of(dcos_api).sign("nonsense", "calico", [], {})
    assert (raised.value.status, raised.value.kind) == (400, "9002")
