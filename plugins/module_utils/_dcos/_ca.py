# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate authority of DC/OS Enterprise: /ca/api/v2, which is cfssl's API, and the bundle of its certificates.

Every call is a POST. Only C(sign) and C(newcert) make something; C(info) and C(bundle) read. A success may come with messages, such as that
a request names no hosts, which mean nothing. Errors are JSON as text/plain, with a code whose thousands say what was wrong.
"""
from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Sequence
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _x509
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError, DcosError, NOT_JSON

API = "/ca/api/v2/"
BUNDLE = "/ca/dcos-ca.crt"
NO_CA = "There is no certificate authority"
NAMES = {"country": "C", "state": "ST", "locality": "L", "organization": "O", "organizational_unit": "OU"}
# cfssl's errors/error.go: a family for each kind of thing
REMEDIES = (
    (5400, 5500, "Name a profile that the CA has, or none for its default"),
    (5300, 5400, "Ask for a common name and hosts that the CA's policy allows, or name another profile"),
    (5100, 5200, "Name a profile that gives the certificate usages"),
    (5000, 6000, "Have the CA's signing policy checked, or name another profile"),
    (2000, 3000, "Ask for a key that the CA makes: rsa with 2048, 3072 or 4096 bits, or ecdsa with 256, 384 or 521"),
    (9000, 10000, "Make the signing request again with dcos.calico.agent_key"),
    (1000, 2000, "Have the CA's own certificate and its bundle checked"),
    (7000, 8000, "Try again; if it stays, look at the log of dcos-ca on the leading master"),
)


class NoAuthority(DcosError):
    """This cluster has none: it is not DC/OS Enterprise."""


@dataclasses.dataclass(frozen=True)
class Info:
    """What the CA signs with.

    :ivar certificate: PEM of the signing certificate, which may be an intermediate's.
    :ivar usages: by cfssl's names, which the profile gives to certificates.
    :ivar expiry: how long a certificate is valid, as the CA says it (C(8760h)).
    """

    certificate: str
    usages: tuple[str, ...]
    expiry: str

    @property
    def lifetime(self) -> datetime.timedelta | None:
        return parse_duration(self.expiry)


@dataclasses.dataclass(frozen=True)
class Issued:
    """A new certificate and, from newcert, its key."""

    certificate: str
    private_key: str | None = dataclasses.field(default=None, repr=False)


def parse_duration(text: str) -> datetime.timedelta | None:
    """Go's way to write a duration (C(8760h0m0s)); None if it is not one."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", text or "")
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)


def newcert_request(common_name: str, hosts: Sequence[str], subject: dict[str, str], key: tuple[str, int]) -> dict[str, Any]:
    """cfssl's CertificateRequest. The key is always named: what is made otherwise is not the same in all versions."""
    names = {NAMES[field]: value for field, value in subject.items()}
    return {"CN": common_name, "hosts": list(hosts), "names": [names] if names else [], "key": {"algo": key[0], "size": key[1]}}


def remedy_for(kind: str | None) -> str | None:
    """What to do about an error of cfssl, by its code."""
    code = int(kind) if kind and kind.isdigit() else 0
    return next((remedy for first, end, remedy in REMEDIES if first <= code < end), None)


class CertificateAuthority:
    """The CA behind Admin Router."""

    def __init__(self, client: DcosClient) -> None:
        self._client = client

    def trusted(self) -> str:
        """PEM of the certificates that a client of this cluster trusts; needs no permission.

        :raises NoAuthority: if there is no such file, which open DC/OS does not have.
        """
        try:
            response = self._client.get(BUNDLE)
        except ApiError as error:
            raise self._no_authority(error) if error.status == 404 else error
        try:
            _x509.parse_certificates(response.text)
        except ValueError as error:
            raise NoAuthority(f"{response.request} did not give the certificates of a CA", str(error), self._ENTERPRISE)
        return _ended(response.text)

    def info(self, profile: str = "") -> Info:
        """What the CA signs with; needs no permission. A profile that it does not know is its default one."""
        result = self._ask("info", {"label": "", "profile": profile}, ("certificate",), reads=True)
        return Info(_ended(result["certificate"]), tuple(map(str, result.get("usages") or ())), str(result.get("expiry") or ""))

    def bundle(self, certificate: str) -> str:
        """PEM of a certificate and what leads from it to a root that the CA knows."""
        return _ended(self._ask("bundle", {"certificate": certificate}, ("bundle",), reads=True)["bundle"])

    def sign(self, request: str, common_name: str, hosts: Sequence[str], subject: dict[str, str], profile: str = "") -> Issued:
        """Have the key of a signing request signed under these names.

        They win over those of the request. What they leave empty (a field of the subject, the whole list of hosts) the CA may take from the request.
        """
        names = {NAMES[field]: value for field, value in subject.items()}
        said = {"hosts": list(hosts), "subject": {"CN": common_name, "names": [names] if names else []}}
        result = self._ask("sign", {"certificate_request": request, "profile": profile, **said}, ("certificate",))
        return Issued(_ended(result["certificate"]))

    def newcert(self, request: dict[str, Any], profile: str = "") -> Issued:
        """Have the CA make a key and a certificate."""
        result = self._ask("newcert", {"request": request, "profile": profile, "bundle": False}, ("certificate", "private_key"))
        return Issued(_ended(result["certificate"]), _ended(result["private_key"]))

    _ENTERPRISE = "Use DC/OS Enterprise, or bring certificates of your own: calico_etcd_tls_files places them"

    def _no_authority(self, error: DcosError) -> NoAuthority:
        return NoAuthority(f"{NO_CA} behind this Admin Router", f"{error.what}; only DC/OS Enterprise has one", self._ENTERPRISE, status=error.status)

    def _ask(self, name: str, body: dict[str, Any], needed: tuple[str, ...], reads: bool = False) -> dict[str, Any]:
        """Result of a call.

        Each may be repeated after a failure: what got lost on its way back is a certificate that nobody has, which does no harm.
        """
        try:
            response = self._client.post(API + name, body, safe_to_repeat=True)
            answer = response.json()
        except ApiError as error:
            raise self._explained(error, name)
        result = answer.get("result") if isinstance(answer, dict) else None
        if not isinstance(result, dict) or not answer.get("success", True) or not all(isinstance(result.get(key), str) for key in needed):
            # not quoted: it may hold a key
            raise ApiError(f"{response.request} was answered with something that is not a result of cfssl", f"{' and '.join(needed)} expected",
                           "See that /ca/api/v2 of this cluster is the CA of DC/OS Enterprise", response.status)
        return result

    def _explained(self, error: ApiError, name: str) -> DcosError:
        if error.status == 404 or (error.kind == NOT_JSON and (error.status or 0) < 400):
            return self._no_authority(error)
        return ApiError(error.what, error.why, remedy_for(error.kind) or error.remedy, error.status, error.kind, error.data)


def _ended(pem: str) -> str:
    """PEM as a file has it: the CA gives its own certificate without a line break at the end."""
    return pem.strip() + "\n"
