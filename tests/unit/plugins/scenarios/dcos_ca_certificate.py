"""A request that is signed, a certificate that expires, and a key made by the CA. What is issued is placed, for the second run to find."""

from __future__ import annotations

import datetime
from typing import Any, Callable

from ...support.scenario import Scenario


def _scenario(use: Callable[[str], Any], item: dict[str, Any], **more: Any) -> Scenario:
    from ...support.ca_double import CaDouble
    from ansible_collections.dcos.calico.plugins.module_utils._dcos import _x509

    root, api = use("tmpdir"), use("dcos_api")
    ca = CaDouble(api)
    args = api.args(certificates=[item], **more)

    def place(pem: str) -> None:
        root.join("host.crt").write(pem)
        item["certificate"] = pem
        item["public_key_sha256"] = _x509.describe(_x509.parse_certificates(pem)[0])["public_key_sha256"]

    ca.place = place
    return Scenario(args, root, unlike=["certificates"])


def signed(use: Callable[[str], Any]) -> Scenario:
    from cryptography.hazmat.primitives.asymmetric import ec

    from ...support.ca_double import request_pem

    csr = request_pem(ec.generate_private_key(ec.SECP256R1()), "x", ("b1",))
    return _scenario(use, {"name": "agent1", "csr": csr, "common_name": "calico", "hosts": ["a1"]})


def expiring(use: Callable[[str], Any]) -> Scenario:
    from cryptography.hazmat.primitives.asymmetric import ec

    from ...support.ca_double import name_of, request_pem, sign
    from ...support.dcos_api import Authority, pem_of

    key, other = ec.generate_private_key(ec.SECP256R1()), Authority("Other CA")
    lifetime = datetime.timedelta(days=1)
    old = pem_of(sign(other.certificate, other.key, key.public_key(), name_of("calico"), lifetime=lifetime))
    return _scenario(use, {"name": "agent1", "csr": request_pem(key, "calico"), "common_name": "calico", "certificate": old})


def newcert(use: Callable[[str], Any]) -> Scenario:
    return _scenario(use, {"name": "agent1", "common_name": "calico", "hosts": ["10.0.0.21"], "key_type": "ecdsa"}, shared=True)


SCENARIOS = {"signed": signed, "expiring": expiring, "newcert": newcert}
