"""What is refused before anything is changed, and what is decided."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _public_cloud
from ansible_collections.dcos.calico.plugins.plugin_utils._public_cloud import Desired, validate

POOL = {"cidr": "192.168.0.0/16", "ipip": "cross-subnet", "nat_outgoing": True}
PLAIN = {"cidr": "192.168.0.0/16", "ipip": False}
IN_AWS = {"cloud": "aws", "region": "eu-west-1", "zone": "eu-west-1a", "project": "1234"}
IN_GCE = {"cloud": "gce", "region": "europe-west1", "zone": "europe-west1-b", "project": "my-project"}


class Controller:
    """Everything is there, unless a test says otherwise."""

    def __init__(
        self,
        collections: tuple[str, ...] = ("amazon.aws", "google.cloud"),
        missing: tuple[str, ...] = (),
        session: Any = (True, None),
        **environ: str,
    ) -> None:
        self.collections = collections
        self.lacks = missing
        self.session = session
        self.environ = environ

    def has_collection(self, name: str) -> bool:
        return name in self.collections

    def missing(self, library: str) -> str | None:
        return f"No module named '{library}'" if library in self.lacks else None

    def aws_session(self, profile: str | None) -> tuple[bool, str | None]:
        if isinstance(self.session, str):
            raise ValueError(self.session)
        found: tuple[bool, str | None] = self.session
        return found


def outcome(
    provider: str, controller: Any = None, pools: Any = (POOL,), detected: Any = None, **more: Any
) -> tuple[Any, str, str]:
    """(decision, words of the failures, words of the warnings)."""
    desired = Desired(provider, detected or {}, list(pools), **more)
    decision, verdict = validate(desired, controller or Controller())
    words = [
        " | ".join(f"[{item.check}] {item.what}: {item.why}. {item.remedy}" for item in found)
        for found in (verdict.failures, verdict.warnings)
    ]
    assert all(item.host == "all hosts" for item in verdict.failures + verdict.warnings)
    return decision, words[0], words[1]


DECISIONS = [
    ("none", {}, ("none", False, True, False, None, None, [])),
    ("", {}, ("none", True, True, False, None, None, [])),
    ("", {"detected": {"skipped": True}}, ("none", True, True, False, None, None, [])),
    ("", {"detected": IN_AWS}, ("aws", True, True, True, "eu-west-1", None, [])),
    ("AWS", {"detected": IN_GCE, "aws": {"region": "us-east-1"}}, ("aws", False, True, True, "us-east-1", None, [])),
    (
        "",
        {"detected": IN_GCE, "gce": {"auth_kind": "application"}},
        ("gce", True, True, True, None, "my-project", ["europe-west1-b"]),
    ),
    (
        "gce",
        {"gce": {"auth_kind": "application", "project": "p", "zones": ["a", "b"]}},
        ("gce", False, True, True, None, "p", ["a", "b"]),
    ),
    ("gce", {"manage": False}, ("gce", False, True, False, None, None, [])),
    ("azure", {"pools": [PLAIN]}, ("azure", False, False, False, None, None, [])),
    ("aws", {"manage": False, "controller": Controller((), ("boto3",))}, ("aws", False, True, False, None, None, [])),
]


@pytest.mark.parametrize("provider, given, expected", DECISIONS)
def test_decisions(provider: str, given: dict[str, Any], expected: tuple[Any, ...]) -> None:
    decision, failures, _warnings = outcome(provider, **given)
    assert failures == ""
    assert (
        decision.cloud,
        decision.detected,
        decision.ipip,
        decision.manage,
        decision.region,
        decision.project,
        decision.zones,
    ) == expected


REGIONS = [
    (Controller(session=(True, "eu-north-1")), {}, "eu-north-1"),
    (Controller(session=(True, "eu-north-1"), AWS_REGION="eu-south-1"), {}, "eu-south-1"),
    (Controller(EC2_REGION="eu-south-1"), {"detected": IN_AWS}, "eu-south-1"),
    (Controller(), {"detected": IN_AWS}, "eu-west-1"),
]


@pytest.mark.parametrize("controller, given, region", REGIONS)
def test_the_region_comes_from_the_nearest(controller: Controller, given: dict[str, Any], region: str) -> None:
    assert outcome("aws", controller, **given)[0].region == region


REFUSALS = [
    (
        "digitalocean",
        {},
        ("[cloud] the provider digitalocean is not supported", "aws, gce, azure, none", "calico_public_cloud_provider"),
    ),
    (
        "azure",
        {},
        (
            "[azure] IP-in-IP is required on Azure, of the pool 192.168.0.0/16 (cross-subnet)",
            "drops IP-in-IP",
            "user-defined routes",
            "azure_ipip",
        ),
    ),
    ("", {"detected": {"cloud": "azure"}}, ("[azure]",)),
    (
        "aws",
        {"controller": Controller(("google.cloud",))},
        ("[collection] the collection amazon.aws", "galaxy collection install amazon.aws", "manage"),
    ),
    (
        "aws",
        {"controller": Controller(missing=("boto3",))},
        ("[library]", "has no boto3", "No module named 'boto3'", "Install boto3"),
    ),
    (
        "gce",
        {"controller": Controller((), ("google.auth",))},
        ("collection google.cloud", "has no google.auth", "Install google-auth"),
    ),
    (
        "aws",
        {"controller": Controller(session=(False, None), AWS_REGION="x")},
        ("[credentials] there are no credentials for AWS", "AWS_ACCESS_KEY_ID"),
    ),
    (
        "aws",
        {"controller": Controller(session="The config profile (x) could not be found")},
        ("[credentials]", "config profile (x)", "aws_profile"),
    ),
    ("aws", {}, ("[region] it is not known in which region",)),
    (
        "gce",
        {},
        ("[credentials] there are no credentials for Google Cloud", "GCP_AUTH_KIND", "which project", "which zones"),
    ),
    (
        "gce",
        {"controller": Controller(GCP_AUTH_KIND="accesstoken"), "detected": IN_GCE},
        ("although the kind is accesstoken",),
    ),
    (
        "none",
        {"pools": [POOL, {"cidr": "192.168.128.0/17"}]},
        ("[pool_overlap]", "192.168.0.0/16 and 192.168.128.0/17 overlap"),
    ),
    ("none", {"pools": [{"cidr": "9.0.0.0/16"}]}, ("[pool_overlap]", "overlay network of DC/OS")),
    ("none", {"pools": [{"cidr": "10.1.2.3/16"}]}, ("[pool_cidr]", "host bits")),
    ("none", {"pools": [{"cidr": "10.1.0.0/16", "ipip": "yes"}]}, ("[pool_cidr]", "ipip cannot be 'yes'")),
    ("none", {"pools": ["10.1.0.0/16"]}, ("[pool_cidr]",)),
]


@pytest.mark.parametrize("provider, given, expected", REFUSALS)
def test_refusals(provider: str, given: dict[str, Any], expected: tuple[str, ...]) -> None:
    _decision, failures, _warnings = outcome(provider, **given)
    assert all(words in failures for words in expected), failures


def test_all_that_is_wrong_is_told_at_once() -> None:
    _decision, failures, _warnings = outcome(
        "aws", Controller((), ("boto3",)), pools=[POOL, POOL | {"cidr": "192.168.0.0/17"}]
    )
    assert [words in failures for words in ("overlap", "amazon.aws", "boto3")] == [True] * 3


def test_old_names_of_variables_are_credentials_too() -> None:
    assert outcome("aws", Controller(session=(False, None), EC2_ACCESS_KEY="x", EC2_REGION="y"))[1] == ""
    assert outcome("gce", Controller(GCP_AUTH_KIND="accesstoken", GCP_ACCESS_TOKEN="x"), detected=IN_GCE)[1] == ""
    assert outcome("gce", detected=IN_GCE, gce={"service_account_file": "/k.json"})[1] == ""


WARNINGS = [
    ("azure", {"azure_ipip": True}, "Azure drops IP-in-IP packets"),
    ("azure", {"pools": [PLAIN]}, "user-defined routes"),
    ("aws", {"pools": [PLAIN], "manage": False}, "hosts of other subnets"),
    ("gce", {"pools": [PLAIN], "manage": False}, "to other hosts"),
    ("aws", {"pools": [POOL, {"cidr": "10.1.0.0/16", "ipip": "off", "disabled": True}], "manage": False}, ""),
    ("none", {"pools": [PLAIN]}, ""),
]


@pytest.mark.parametrize("provider, given, expected", WARNINGS)
def test_warnings(provider: str, given: dict[str, Any], expected: str) -> None:
    _decision, failures, warnings = outcome(provider, **given)
    assert failures == "" and (expected in warnings if expected else warnings == "")


def test_a_pool_that_goes_is_not_validated() -> None:
    gone = {"cidr": "192.168.0.0/16", "ipip": "always", "state": "absent"}
    decision, failures, _warnings = outcome("azure", pools=[gone, {"cidr": "192.168.0.0/17"}])
    assert failures == "" and not decision.ipip


def test_the_modes() -> None:
    assert [_public_cloud.mode_of(pool) for pool in (PLAIN, POOL, {}, {"ipip": "off"}, {"ipip": None})] == [
        "off",
        "cross-subnet",
        "off",
        "off",
        "off",
    ]
