"""The CA, one certificate of its own and one that is none."""

from __future__ import annotations

from typing import Any, Callable

from ...support.scenario import Scenario


def look(use: Callable[[str], Any]) -> Scenario:
    from cryptography.hazmat.primitives.asymmetric import ec

    from ...support.ca_double import CaDouble, name_of, sign
    from ...support.dcos_api import pem_of

    root, api = use("tmpdir"), use("dcos_api")
    ca = CaDouble(api)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    own = pem_of(sign(ca.signer.certificate, ca.signer.key, key, name_of("calico"), ("a1",)))
    return Scenario(api.args(certificates=[{"name": "own", "certificate": own}, {"name": "none", "certificate": "nonsense"}]), root)


SCENARIOS = {"look": look}
