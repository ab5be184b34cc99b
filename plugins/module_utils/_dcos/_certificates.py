# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a certificate is not the one that is required, and whether it leads to a CA that is trusted. Pure: the time is always given."""
from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.dcos.calico.plugins.module_utils import _untrusted
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _x509

if TYPE_CHECKING:
    from cryptography import x509

LONGEST_CHAIN = 8
SERVER = "server auth"


@dataclasses.dataclass(frozen=True)
class Desired:
    """What a certificate has to say.

    :ivar hosts: alternative names, as _x509.normalise_hosts() gives them.
    :ivar subject: fields of _x509.SUBJECT_FIELDS that are required; others must not be there.
    :ivar usages: extended usages by cfssl's names that it must be good for. Where a server is not among them, it must not be one under any name: either it is
        not good for that, or it has neither hosts nor a common name that may be a host's.
    :ivar key: type and size; None if any will do.
    :ivar public_key: sha256 of the public key of the key on the host; None if there is no key.
    """

    common_name: str
    hosts: tuple[str, ...]
    subject: dict[str, str]
    usages: tuple[str, ...]
    key: tuple[str, int] | None
    public_key: str | None


@dataclasses.dataclass(frozen=True)
class Trust:
    """What is trusted (the CA bundle), and what else is known of the way there."""

    bundle: list[x509.Certificate]
    intermediates: list[x509.Certificate] = dataclasses.field(default_factory=list)


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def _issuer_of(certificate: x509.Certificate, trust: Trust) -> tuple[x509.Certificate | None, str | None]:
    """The certificate that signed this one, or why there is none that may have."""
    name = certificate.issuer.rfc4514_string()
    named = [other for other in [*trust.bundle, *trust.intermediates] if other.subject == certificate.issuer]
    if not named:
        return None, f"its issuer {name} is not in the CA bundle"
    signer = next((other for other in named if _x509.is_signed_by(certificate, other)), None)
    if signer is None:
        return None, f"its signature is not that of {name} in the CA bundle, which has another key"
    if not _x509.is_authority(signer):
        return None, f"its issuer {name} is no CA (CA:TRUE or the usage to sign certificates is missing)"
    return signer, None


def verify(leaf: x509.Certificate, trust: Trust, now: datetime.datetime) -> tuple[list[x509.Certificate], str | None]:
    """(the chain without its root, None), or (what there is of it, why it does not end in the CA bundle).

    As for Go's programs, etcd and Kubernetes among them, any certificate of the bundle is an end.
    """
    chain, current, anchored = [leaf], leaf, False
    for dummy in range(LONGEST_CHAIN):
        signer, wrong = _issuer_of(current, trust)
        if signer is None:
            return chain, None if anchored else wrong
        if not _x509.is_valid_at(signer, now):
            begin, end = _x509.show_time(_x509.not_before(signer)), _x509.show_time(_x509.not_after(signer))
            return chain, f"the CA certificate {_name(signer)} is valid from {begin} to {end} only"
        between = sum(1 for certificate in chain[1:] if certificate.subject != certificate.issuer)
        if between > _x509.path_length(signer):
            return chain, f"the CA certificate {_name(signer)} allows {_x509.path_length(signer)} more CAs below it, and there are {between}"
        anchored = anchored or signer in trust.bundle
        if _x509.is_self_signed(signer):
            return chain, None if anchored else f"its root {_name(signer)} is not in the CA bundle"
        chain.append(signer)
        current = signer
    return chain, f"its chain has more than {LONGEST_CHAIN} certificates"


def reasons(text: str | None, desired: Desired, trust: Trust, window: datetime.timedelta, now: datetime.datetime) -> list[str]:
    """Every reason, in this order, why a host's certificate cannot be kept; none if it is as required.

    :arg text: PEM of the certificate, intermediates after it; None or empty if the host has none.
    :arg window: how long before its end a certificate is replaced.
    """
    if not (text or "").strip():
        return ["there is none"]
    try:
        leaf, *others = _x509.parse_certificates(str(text))
        found = _x509.describe(leaf)
    except ValueError as error:
        return [f"it cannot be parsed: {error}"]
    wrong = _key_reasons(found, desired) + _name_reasons(leaf, found, desired) + _usage_reasons(leaf, found, desired)
    return wrong + _trust_reasons(leaf, others, trust, now) + _date_reasons(leaf, window, now)


def problems(text: str, trust: Trust, now: datetime.datetime) -> list[str]:
    """What is wrong with a certificate, whatever it was made for: those of reasons() that are not about what is required.

    :raises ValueError: if it cannot be parsed.
    """
    leaf, *others = _x509.parse_certificates(text)
    return _trust_reasons(leaf, others, trust, now) + _date_reasons(leaf, datetime.timedelta(0), now)


def _trust_reasons(leaf: x509.Certificate, others: list[x509.Certificate], trust: Trust, now: datetime.datetime) -> list[str]:
    unverified = verify(leaf, dataclasses.replace(trust, intermediates=[*trust.intermediates, *others]), now)[1]
    return [unverified] if unverified else []


def _key_reasons(found: dict[str, Any], desired: Desired) -> list[str]:
    wrong = []
    if desired.public_key is None:
        wrong.append("the host has no key that fits")
    elif desired.public_key != found["public_key_sha256"]:
        wrong.append("the key on the host is another one than the certificate's")
    if desired.key and desired.key != (found["key_type"], found["key_size"]):
        wrong.append(f"its key is {found['key_type']} {found['key_size']}, required is {desired.key[0]} {desired.key[1]}")
    return wrong


def _name_reasons(leaf: x509.Certificate, found: dict[str, Any], desired: Desired) -> list[str]:
    wrong = []
    if found["common_name"] != desired.common_name:
        wrong.append(f"its common name is {found['common_name'] or 'empty'}, required is {desired.common_name}")
    subject = _x509.subject_fields(leaf.subject)
    for field in _x509.SUBJECT_FIELDS:
        if subject.get(field) != desired.subject.get(field):
            wrong.append(f"its {field.replace('_', ' ')} is {subject.get(field) or 'empty'}, required is {desired.subject.get(field) or 'none'}")
    others = _x509.other_fields(leaf.subject)
    if others:
        wrong.append(f"its subject has {', '.join(others)}, which is not required")
    missing, more = _differ(desired.hosts, found["hosts"])
    if missing:
        wrong.append(f"it does not name {missing}")
    if more:
        wrong.append(f"it names {more}, which is not required")
    return wrong


def _differ(desired: Sequence[str], found: Sequence[str]) -> tuple[str, str]:
    return ", ".join(name for name in desired if name not in found), ", ".join(name for name in found if name not in desired)


def server_names(common_name: str, hosts: Sequence[str]) -> list[str]:
    """Names under which a certificate of a server counts. Programs made by Go before 1.15, such as etcd 3.3, take the common name where there are no hosts.

    A common name without a dot, such as C(calico), is taken for none: it is what etcd and Kubernetes call a user.
    """
    if hosts:
        return list(hosts)
    return [common_name] if _untrusted.address(common_name) or ("." in common_name and _untrusted.host_name(common_name.replace("*.", ""))) else []


def _usage_reasons(leaf: x509.Certificate, found: dict[str, Any], desired: Desired) -> list[str]:
    missing = [usage for usage in desired.usages if usage not in found["usages"]]
    wrong = [f"it is not good for {', '.join(missing)}"] if missing else []
    if SERVER not in desired.usages and _x509.is_good_for(leaf, SERVER) and server_names(found["common_name"], found["hosts"]):
        wrong.append("it is good for a server, which is not required")
    return [*wrong, "it is a certificate of a CA"] if _x509.says_authority(leaf) else wrong


def _date_reasons(leaf: x509.Certificate, window: datetime.timedelta, now: datetime.datetime) -> list[str]:
    begin, end = _x509.not_before(leaf), _x509.not_after(leaf)
    if now < begin:
        return [f"it is not valid before {_x509.show_time(begin)}"]
    if now >= end:
        return [f"it expired at {_x509.show_time(end)}"]
    if now >= end - window:
        return [f"it expires at {_x509.show_time(end)}, which is within the {window.days} days of renew_before"]
    return []
