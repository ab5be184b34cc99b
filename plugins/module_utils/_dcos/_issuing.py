# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of certificates: what each has to be, which are kept and why others are not, and having those issued."""
from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _ca, _certificates, _x509
from ansible_collections.dcos.calico.plugins.module_utils._dcos._certificates import Trust, Desired
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError, DcosError
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

KEY_SIZES = {"rsa": (2048, 3072, 4096), "ecdsa": (256, 384, 521)}
LONGEST_NAME = 64
SERVERS = {_certificates.SERVER, _x509.ANY}
SHOWN = ("common_name", "subject", "issuer", "hosts", "usages", "key_type", "key_size")


def now() -> datetime.datetime:
    """The time by which certificates are checked; tests put another in its place."""
    return datetime.datetime.now(datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Item:
    """One certificate.

    :ivar csr: the signing request, of which the key counts; None to have the key made by the CA.
    :ivar existing: PEM of what the host has, None if it has none.
    """

    name: str
    csr: str | None
    desired: Desired
    key: tuple[str, int]
    existing: str | None

    def newcert(self) -> dict[str, Any]:
        return _ca.newcert_request(self.desired.common_name, self.desired.hosts, self.desired.subject, self.key)


@dataclasses.dataclass(frozen=True)
class Policy:
    """What holds for all certificates of a call."""

    usages: tuple[str, ...]
    renew_before: datetime.timedelta
    profile: str
    shared: bool

    @property
    def called(self) -> str:
        """What the CA's profile is called in messages."""
        return f"profile {self.profile} of the CA" if self.profile else "CA's default profile"


@dataclasses.dataclass
class Outcome:
    """What became of one certificate; chain and facts are None where a certificate would be issued in check mode."""

    name: str
    reasons: list[str]
    chain: str | None = None
    private_key: str | None = dataclasses.field(default=None, repr=False)
    facts: dict[str, Any] | None = None

    def result(self) -> dict[str, Any]:
        return dict(dataclasses.asdict(self), issued=bool(self.reasons))


def desired(listed: Sequence[dict[str, Any]], policy: Policy) -> list[Item]:
    """Items from the option C(certificates).

    :raises ValidationError: before anything is asked.
    """
    items: list[Item] = []
    for given in listed:
        if any(item.name == given["name"] for item in items):
            raise ValidationError(f"The certificate {given['name']} is given twice", remedy="Keep one of the two")
        items.append(_item(given, policy))
    if policy.shared:
        _check_shared(items)
    return items


def _item(given: dict[str, Any], policy: Policy) -> Item:
    name, csr = given["name"], given["csr"] or None
    subject = {field: value for field, value in (given["subject"] or {}).items() if value}
    key = (given["key_type"], given["key_size"] or KEY_SIZES[given["key_type"]][0])
    if key[1] not in KEY_SIZES[key[0]]:
        sizes = ", ".join(map(str, KEY_SIZES[key[0]]))
        raise ValidationError(f"The key of {name} cannot be {key[0]} with {key[1]} bits", remedy=f"Use one of {sizes} for {key[0]}")
    hosts = None if given["hosts"] is None else _x509.normalise_hosts(given["hosts"])
    common_name = (given["common_name"] or "").strip()
    if not 0 < len(common_name) <= LONGEST_NAME:
        raise ValidationError(f"The common name for {name} is {common_name!r}", f"it has to have 1 to {LONGEST_NAME} characters", "Set common_name")
    desired = Desired(common_name, hosts or (), subject, policy.usages, key, given["public_key_sha256"] or None)
    if csr is None:
        return Item(name, None, desired, key, given["certificate"] or None)
    request = _x509.parse_request(csr, name)
    _check_request(name, request, desired)
    return Item(name, csr, dataclasses.replace(desired, key=None, public_key=request.public_key), request.key, given["certificate"] or None)


def _check_request(name: str, request: _x509.Request, desired: Desired) -> None:
    """Refuse what the CA would take from a request all the same: it fills gaps of what it is told with the request's own words."""
    remedy = "See who answers for that host; else make the request again with dcos.calico.agent_key"
    if desired.public_key and desired.public_key != request.public_key:
        raise ValidationError(f"The signing request of {name} has another key", f"it has {request.public_key}, required is {desired.public_key}", remedy)
    more = [field.replace("_", " ") for field in request.fields if field not in desired.subject]
    if more or (request.hosts and not desired.hosts):
        asked = [f"the {field}" for field in more] + ([] if desired.hosts else list(request.hosts))
        raise ValidationError(f"The signing request of {name} asks for what it is not to have", f"it names {', '.join(asked)}", remedy)


def _check_shared(items: Sequence[Item]) -> None:
    for item in items:
        if item.csr:
            raise ValidationError(f"A signing request is given for {item.name}", "with shared the CA makes one key for all", "Leave out csr, or shared")
        if (item.newcert(), item.desired.usages) != (items[0].newcert(), items[0].desired.usages):
            raise ValidationError(
                f"The certificates of {items[0].name} and {item.name} differ", "with shared they are one and the same", "Give all the same names, hosts and key"
            )


def check(items: Sequence[Item], trust: Trust, policy: Policy) -> list[Outcome]:
    """Each certificate with every reason why it has to be issued; one that has none is kept as it is."""
    moment = now()
    found = []
    for item in items:
        outcome = Outcome(item.name, _certificates.reasons(item.existing, item.desired, trust, policy.renew_before, moment))
        if not outcome.reasons and item.existing:
            outcome.chain = item.existing
            outcome.facts = _x509.describe(_x509.parse_certificates(item.existing)[0])
        found.append(outcome)
    return found


def check_profile(info: _ca.Info, items: Sequence[Item], policy: Policy) -> None:
    """Raise if what the CA would issue could not be kept: it would be issued at every run."""
    called = policy.called
    named = [item.name for item in items if _certificates.server_names(item.desired.common_name, item.desired.hosts)]
    if named and SERVERS.intersection(info.usages) and _certificates.SERVER not in policy.usages:
        raise ValidationError(
            f"The {called} makes certificates for servers, too",
            f"{', '.join(named)} is to be a client only, and would be a server under the names of its hosts",
            "Leave hosts empty and choose a common name that is no host's, as a client needs neither, or name a profile for clients",
        )
    missing = [usage for usage in policy.usages if info.usages and usage not in info.usages]
    if missing:
        raise ValidationError(
            f"The {called} makes no certificates for {', '.join(missing)}", f"its usages are {', '.join(info.usages)}",
            "Name a profile that does, or ask for fewer usages",
        )
    if info.lifetime is not None and info.lifetime <= policy.renew_before:
        raise ValidationError(
            f"renew_before is {policy.renew_before.days} days, and the {called} makes certificates for {info.expiry}",
            "they would be replaced at every run", "Make renew_before shorter",
        )


def reconcile(items: Sequence[Item], outcomes: Sequence[Outcome], info: _ca.Info | None) -> Plan:
    """Plan: a change for each certificate that has reasons, its how is the Item. C(info) is needed where there is one."""
    plan = Plan()
    for item, outcome in zip(items, outcomes):
        if outcome.reasons and info is not None:
            plan.add(f"certificate {item.name}", _before(item, outcome), _after(item, info), how=item)
    return plan


def _before(item: Item, outcome: Outcome) -> dict[str, Any] | None:
    if not item.existing:
        return None
    try:
        found = _x509.describe(_x509.parse_certificates(item.existing)[0])
    except ValueError:
        return {"cannot be kept": outcome.reasons}
    valid = f"from {found['not_before']} to {found['not_after']}"
    return dict({name: found[name] for name in SHOWN if name != "subject"}, valid=valid, **{"cannot be kept": outcome.reasons})


def _after(item: Item, info: _ca.Info) -> dict[str, Any]:
    desired = item.desired
    return {
        "common_name": desired.common_name,
        "issuer": _x509.parse_certificates(info.certificate)[0].subject.rfc4514_string(),
        "hosts": list(desired.hosts),
        "usages": list(info.usages or desired.usages),
        "key_type": item.key[0],
        "key_size": item.key[1],
        "valid": f"for {info.expiry} from now on",
    }


def issue(authority: _ca.CertificateAuthority, plan: Plan, outcomes: Sequence[Outcome], trust: Trust, policy: Policy) -> None:
    """Have every certificate of the plan issued, check it, and put it into its outcome. Nothing is handed out unless all are well."""
    by_name = {outcome.name: outcome for outcome in outcomes}
    common: _ca.Issued | None = None
    for change in plan:
        item: Item = change.how
        if item.csr:
            issued = authority.sign(item.csr, item.desired.common_name, item.desired.hosts, item.desired.subject, policy.profile)
        elif policy.shared:
            issued = common = common or authority.newcert(item.newcert(), policy.profile)
        else:
            issued = authority.newcert(item.newcert(), policy.profile)
        outcome = by_name[item.name]
        outcome.chain, outcome.facts = _accepted(authority, item, issued, trust, policy)
        outcome.private_key = issued.private_key


def _accepted(
    authority: _ca.CertificateAuthority, item: Item, issued: _ca.Issued, trust: Trust, policy: Policy
) -> tuple[str, dict[str, Any]]:
    """(PEM of the chain without its root, facts) of a new certificate.

    :raises ApiError: if it is not what was asked for.
    """
    what = f"The CA did not issue what was asked for {item.name}"
    desired = item.desired
    try:
        leaf = _x509.parse_certificates(issued.certificate)[0]
        if issued.private_key is not None:
            desired = dataclasses.replace(desired, public_key=_x509.public_key_of_private(issued.private_key))
    except ValueError as error:
        raise ApiError(what, str(error), "Look at the log of dcos-ca on the leading master")
    trust = _with_the_way_to_the_root(authority, leaf, trust)
    wrong = _certificates.reasons(issued.certificate, desired, trust, datetime.timedelta(0), now())
    if wrong:
        raise ApiError(what, "; ".join(wrong), "See that the clocks of the controller and of the masters agree, and that the CA's profile allows all of it")
    end = _x509.not_after(leaf)
    if end <= now() + policy.renew_before:
        raise ApiError(
            f"The CA issued a certificate for {item.name} that would be replaced at every run",
            f"it is valid until {_x509.show_time(end)} only, whatever the {policy.called} says, and renew_before is {policy.renew_before.days} days",
            f"Make renew_before shorter than that, or have the {policy.called} make certificates for longer",
        )
    return _x509.to_pem(_certificates.verify(leaf, trust, now())[0]), _x509.describe(leaf)


def _with_the_way_to_the_root(authority: _ca.CertificateAuthority, leaf: Any, trust: Trust) -> Trust:
    """Where bundle and signing certificate do not lead to a root, the CA knows what is between."""
    if _certificates.verify(leaf, trust, now())[1] is None:
        return trust
    try:
        between = _x509.parse_certificates(authority.bundle(_x509.to_pem([leaf])))[1:]
    except (DcosError, ValueError):
        # the reason why it does not verify says more than why the CA cannot help
        return trust
    return dataclasses.replace(trust, intermediates=[*trust.intermediates, *between])
