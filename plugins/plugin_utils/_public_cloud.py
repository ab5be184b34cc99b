# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what is required can work in the cloud that it is required in; before anything is changed anywhere. Pure but for what a Controller tells."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.plugin_utils import _preflight_networks, _shapes
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict

CLOUDS = ("aws", "gce", "azure", "none")
COLLECTIONS = {"aws": "amazon.aws", "gce": "google.cloud"}
LIBRARIES = {"aws": ("boto3",), "gce": ("requests", "google.auth")}
PACKAGES = {"boto3": "boto3", "requests": "requests", "google.auth": "google-auth"}
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "EC2_ACCESS_KEY")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION", "EC2_REGION")
AUTH_KINDS = {
    "serviceaccount": ("GCP_SERVICE_ACCOUNT_FILE", "GCP_SERVICE_ACCOUNT_CONTENTS"),
    "accesstoken": ("GCP_ACCESS_TOKEN",),
}


class Controller(Protocol):
    """What is known of the controller."""

    environ: Mapping[str, str]

    def has_collection(self, name: str) -> bool:
        """Whether a collection is installed."""

    def missing(self, library: str) -> str | None:
        """Why a library cannot be imported; None if it can."""

    def aws_session(self, profile: str | None) -> tuple[bool, str | None]:
        """Whether boto3 finds credentials, and the region it finds; raises ValueError for a profile that is not there."""


@dataclasses.dataclass(frozen=True)
class Desired:
    """What is required; provider is empty where the cloud is to be detected, and detected is then what dcos.calico.cloud_info found."""

    provider: str
    detected: Mapping[str, Any]
    pools: list[Any]
    manage: bool = True
    azure_ipip: bool = False
    aws: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    gce: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Decision:
    """The cloud, whether a pool has IPIP, whether the cloud's own network is managed, and where in the cloud it is."""

    cloud: str
    detected: bool
    ipip: bool
    manage: bool
    region: str | None = None
    project: str | None = None
    zones: list[str] = dataclasses.field(default_factory=list)


def validate(desired: Desired, controller: Controller) -> tuple[Decision, Verdict]:
    """What follows from what is desired, and what is found wrong with it."""
    verdict = Verdict()
    cloud = desired.provider.strip().lower() or str(desired.detected.get("cloud") or "none")
    if cloud not in CLOUDS:
        verdict.fail(
            "cloud",
            f"the provider {desired.provider} is not supported",
            f"known are {', '.join(CLOUDS)}",
            "Correct calico_public_cloud_provider; with none the cloud's own network is yours, and Calico's part is done all the same",
        )
    tunnelled = _pools(verdict, desired.pools)
    decision = Decision(cloud, not desired.provider, bool(tunnelled), desired.manage and cloud in COLLECTIONS)
    if cloud == "azure":
        _azure(verdict, tunnelled, desired.azure_ipip)
    elif cloud in COLLECTIONS:
        _untunnelled(verdict, cloud, desired.pools)
    if decision.manage and _tools(verdict, cloud, controller):
        (_aws if cloud == "aws" else _gce)(verdict, desired, decision, controller)
    return decision, verdict


def mode_of(pool: Mapping[str, Any]) -> str:
    """A pool's ipip; YAML reads a bare off as false."""
    mode = pool.get("ipip", "off")
    return "off" if mode in (False, None) else str(mode)


def present(pools: list[Any]) -> list[dict[str, Any]]:
    """The pools that are to be there."""
    return [pool for pool in pools if isinstance(pool, dict) and pool.get("state", "present") == "present"]


def _pools(verdict: Verdict, pools: list[Any]) -> list[dict[str, Any]]:
    """Validate the pools; those with IPIP."""
    try:
        _shapes.ip_pool_resources(pools)
    except AnsibleFilterError as error:
        verdict.fail("pool_cidr", str(error))
        return []
    _preflight_networks.check_pools(verdict, {}, present(pools))
    return [pool for pool in present(pools) if mode_of(pool) != "off"]


def _azure(verdict: Verdict, tunnelled: list[dict[str, Any]], override: bool) -> None:
    if not tunnelled:
        verdict.warn(
            "azure",
            "Azure delivers packets of containers to other hosts only by user-defined routes",
            None,
            "Give each agent's blocks a route and its interface IP forwarding (docs/public-cloud.md), or use DC/OS' own overlay between hosts",
        )
        return
    which = ", ".join(f"{pool['cidr']} ({mode_of(pool)})" for pool in tunnelled)
    what, why = (
        f"IP-in-IP is required on Azure, of the pool {which}",
        "Azure drops IP-in-IP packets, whatever its security groups say",
    )
    if override:
        verdict.warn("azure", what, why, "It goes on because calico_public_cloud_azure_ipip is set")
        return
    verdict.fail(
        "azure",
        what,
        why,
        "Set ipip of every pool to off in calico_ip_pools, and have packets between hosts delivered by user-defined routes and IP forwarding "
        "(docs/public-cloud.md), or use DC/OS' own overlay between hosts. Whoever knows that these packets never cross Azure's network, such as in a "
        "nested lab, sets calico_public_cloud_azure_ipip to true",
    )


def _untunnelled(verdict: Verdict, cloud: str, pools: list[Any]) -> None:
    plain = [
        str(pool["cidr"])
        for pool in present(pools)
        if pool.get("cidr") and mode_of(pool) == "off" and not pool.get("disabled")
    ]
    if plain:
        where = "hosts of other subnets" if cloud == "aws" else "other hosts"
        verdict.warn(
            "ipip",
            f"the pool {', '.join(plain)} has no IP-in-IP",
            f"the cloud's routers do not deliver packets of containers to {where}",
            "Set its ipip to always"
            + (" or cross-subnet" if cloud == "aws" else "")
            + ", unless you route them otherwise",
        )


def _tools(verdict: Verdict, cloud: str, controller: Controller) -> bool:
    """Whether the controller has what it needs to talk to the cloud."""
    collection, good = COLLECTIONS[cloud], True
    leave = "or set calico_public_cloud_manage to false and do by hand what docs/public-cloud.md lists"
    if not controller.has_collection(collection):
        verdict.fail(
            "collection",
            f"the collection {collection} is not installed on the controller",
            "the cloud's own network is changed by its modules",
            f"Run ansible-galaxy collection install {collection}, {leave}",
        )
        good = False
    for library in LIBRARIES[cloud]:
        reason = controller.missing(library)
        if reason:
            verdict.fail(
                "library",
                f"the Python of ansible-playbook has no {library}",
                reason,
                f"Install {PACKAGES[library]} there with pip, {leave}",
            )
            good = False
    return good


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)


def _aws(verdict: Verdict, desired: Desired, decision: Decision, controller: Controller) -> None:
    profile = desired.aws.get("profile") or None
    try:
        found, region = controller.aws_session(profile)
    except ValueError as error:
        verdict.fail(
            "credentials",
            "the credentials for AWS cannot be used",
            str(error),
            "Correct calico_public_cloud_aws_profile or AWS_PROFILE",
        )
        return
    if not found and not _first(controller.environ, KEYS):
        verdict.fail(
            "credentials",
            "there are no credentials for AWS on the controller",
            None,
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment of ansible-playbook, or name a profile in calico_public_cloud_aws_profile",
        )
    given = desired.aws.get("region") or None
    decision.region = given or _first(controller.environ, REGIONS) or region or _of(desired, "aws", "region")
    if not decision.region:
        verdict.fail(
            "region",
            "it is not known in which region of AWS the cluster is",
            None,
            "Set calico_public_cloud_aws_region",
        )


def _gce(verdict: Verdict, desired: Desired, decision: Decision, controller: Controller) -> None:
    environ = controller.environ
    kind = desired.gce.get("auth_kind") or environ.get("GCP_AUTH_KIND")
    remedy = "Set calico_public_cloud_gce_service_account_file, or GCP_AUTH_KIND and what belongs to it in the environment of ansible-playbook"
    if not kind and not desired.gce.get("service_account_file"):
        verdict.fail("credentials", "there are no credentials for Google Cloud on the controller", None, remedy)
    elif kind in AUTH_KINDS and not desired.gce.get("service_account_file") and not _first(environ, AUTH_KINDS[kind]):
        verdict.fail(
            "credentials",
            f"there are no credentials for Google Cloud on the controller, although the kind is {kind}",
            None,
            remedy,
        )
    decision.project = desired.gce.get("project") or environ.get("GCP_PROJECT") or _of(desired, "gce", "project")
    decision.zones = [str(zone) for zone in desired.gce.get("zones") or filter(None, [_of(desired, "gce", "zone")])]
    if not decision.project:
        verdict.fail(
            "region",
            "it is not known to which project of Google Cloud the cluster belongs",
            None,
            "Set calico_public_cloud_gce_project",
        )
    if not decision.zones:
        verdict.fail(
            "region",
            "it is not known in which zones of Google Cloud the cluster is",
            None,
            "List them in calico_public_cloud_gce_zones",
        )


def _of(desired: Desired, cloud: str, key: str) -> str | None:
    """What a host's metadata say, if they are of this cloud."""
    return (desired.detected.get(key) or None) if desired.detected.get("cloud") == cloud else None
