# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of Calico 2.6, what belongs to each, and the versions of DC/OS they can be installed on. Pure.

Source: the compatibility table of Calico's documentation, branch release-v2.6, and the release notes. Upstream published no checksums for
these artifacts; a sum stands here only where one is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

DEFAULT = "2.6.6"
RECOMMENDED = "2.6.12"
REGISTRY = "quay.io"
ETCD = "3.3.1"

# release: node image tag, Felix, calicoctl, CNI plugins, kube-controllers
_TABLE = {
    "2.6.0": ("v2.6.0", "2.6.0", "1.6.1", "1.11.0", "1.0.0"),
    "2.6.1": ("v2.6.1", "2.6.0", "1.6.1", "1.11.0", "1.0.0"),
    "2.6.2": ("v2.6.1", "2.6.0", "1.6.1", "1.11.0", "1.0.0"),
    "2.6.3": ("v2.6.3", "2.6.2", "1.6.2", "1.11.1", "1.0.1"),
    "2.6.4": ("v2.6.4", "2.6.3", "1.6.3", "1.11.2", "1.0.2"),
    "2.6.5": ("v2.6.5", "2.6.4", "1.6.3", "1.11.2", "1.0.2"),
    "2.6.6": ("v2.6.6", "2.6.5", "1.6.3", "1.11.2", "1.0.3"),
    "2.6.7": ("v2.6.7", "2.6.6", "1.6.3", "1.11.2", "1.0.3"),
    "2.6.8": ("v2.6.8", "2.6.6", "1.6.3", "1.11.4", "1.0.3"),
    "2.6.9": ("v2.6.9", "2.6.7", "1.6.4", "1.11.5", "1.0.4"),
    "2.6.10": ("v2.6.10", "2.6.7", "1.6.4", "1.11.6", "1.0.4"),
    "2.6.11": ("v2.6.11", "2.6.7", "1.6.4", "1.11.7", "1.0.4"),
    "2.6.12": ("v2.6.12", "2.6.8", "1.6.5", "1.11.8", "1.0.5"),
}

_REFUSED = {
    "2.6.0": "its calico/node image holds the wrong Felix, which breaks egress policy",
    "2.6.4": "its rolling upgrade is broken",
}
_INSTEAD = {"2.6.0": "2.6.1", "2.6.4": "2.6.5"}

_NOTES = {
    "2.6.2": ["Only OpenStack parts changed in this release: calico/node stays at v2.6.1."],
    "2.6.5": ["The oldest release from which an upgrade to Calico 3 is possible."],
    "2.6.6": [
        "The set that the DC/OS guide tested. The guide names kube-controllers v0.7.0, which belongs to Calico 2.4 and 2.5; 1.0.3 belongs to 2.6.6."
    ],
    "2.6.7": ["BIRD: a route that was tunnelled can become direct."],
    "2.6.12": ["The last release of 2.6."],
}
# fault of the CNI plugins: the first of their versions without it
_CNI_FAULTS = (
    (
        (1, 11, 3),
        "A Mesos label with a slash or another character that Calico does not know keeps its container from starting.",
    ),
    ((1, 11, 7), "Addresses of Kubernetes pods are not always given back."),
    (
        (1, 11, 8),
        "At log level info or debug they log the network configuration and their environment, with the secrets in it.",
    ),
)

# Seen in a community role of 2018 and not in a list of upstream's: compare with the release's SHA256SUMS.
_ETCD_SHA256 = "dc6d74e364ece87c34c86a997b90016ab6ea8845fd13fdf8c520afdf796b000d"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def known() -> list[str]:
    """Names of all releases, oldest first, the refused ones included."""
    return sorted(_TABLE, key=_numbers)


def installable() -> list[str]:
    """Names of the releases that can be installed, oldest first."""
    return [release for release in known() if release not in _REFUSED]


def _download(project: str, version: str, name: str) -> dict[str, Any]:
    return {
        "url": f"https://github.com/projectcalico/{project}/releases/download/v{version}/{name}",
        "member": None,
        "sha256": None,
        "sha256_confirmed": False,
    }


def artifacts(calicoctl: str, cni: str, etcd: str = ETCD) -> dict[str, dict[str, Any]]:
    """Where upstream publishes the files of these versions: {name: {version, url, member, sha256 or None, sha256_confirmed}}."""
    directory = f"etcd-v{etcd}-linux-amd64"
    found = {
        "calicoctl": {**_download("calicoctl", calicoctl, "calicoctl"), "version": calicoctl},
        "calico": {**_download("cni-plugin", cni, "calico"), "version": cni},
        "calico-ipam": {**_download("cni-plugin", cni, "calico-ipam"), "version": cni},
    }
    for name in ("etcd", "etcdctl"):
        found[name] = {
            "version": etcd,
            "url": f"https://github.com/etcd-io/etcd/releases/download/v{etcd}/{directory}.tar.gz",
            "member": f"{directory}/{name}",
            "sha256": _ETCD_SHA256 if etcd == ETCD else None,
            "sha256_confirmed": False,
        }
    return found


def _notes(release: str, cni: str) -> list[str]:
    faults = [f"{text} (until {'.'.join(map(str, fixed))})" for fixed, text in _CNI_FAULTS if _numbers(cni) < fixed]
    return _NOTES.get(release, []) + [f"CNI plugins {cni}: {fault}" for fault in faults]


def resolve(release: Any) -> dict[str, Any]:
    """Everything that belongs to a release.

    :param release: such as C(2.6.6) or C(v2.6.6).
    :return: dict of release, node_image_tag, felix, calicoctl, cni, kube_controllers and etcd (versions without v), images (dict of node
        and kube_controllers), artifacts (see artifacts()), notes (list of sentences) and recommended (bool).
    :raises ValidationError: it is not of the 2.6 line, or is one that must not be installed.
    """
    name = str(release).strip()
    name = name[1:] if name.startswith("v") else name
    if name not in _TABLE:
        raise ValidationError(
            f"There is no Calico release {release} for this collection",
            remedy=f"Choose one of {', '.join(installable())}",
        )
    if name in _REFUSED:
        raise ValidationError(
            f"Calico {name} must not be installed",
            why=_REFUSED[name],
            remedy=f"Choose {_INSTEAD[name]} or, better, {RECOMMENDED}",
        )
    tag, felix, calicoctl, cni, controllers = _TABLE[name]
    return {
        "release": name,
        "node_image_tag": tag,
        "felix": felix,
        "calicoctl": calicoctl,
        "cni": cni,
        "kube_controllers": controllers,
        "etcd": ETCD,
        "images": {
            "node": f"{REGISTRY}/calico/node:{tag}",
            "kube_controllers": f"{REGISTRY}/calico/kube-controllers:v{controllers}",
        },
        "artifacts": artifacts(calicoctl, cni),
        "notes": _notes(name, cni),
        "recommended": name == RECOMMENDED,
    }


def _versions(row: tuple[str, ...]) -> dict[str, str]:
    tag, _felix, calicoctl, cni, _controllers = row
    return {"calicoctl": calicoctl, "calico": cni, "calico-ipam": cni, "calico-node": tag[1:]}


def versions(release: Any) -> dict[str, str]:
    """{artifact: version without v} of those that differ between releases. Raises ValidationError as resolve()."""
    return _versions(_TABLE[resolve(release)["release"]])


def having(found: Mapping[str, str]) -> list[str]:
    """Names of the releases to which all of these versions belong, oldest first; see versions()."""
    return [name for name in known() if found.items() <= _versions(_TABLE[name]).items()]


def other_version(name: str, text: Any, release: Any) -> str | None:
    """The version of an artifact in an address, an image's name or a program's words, where it is that of another release of 2.6; None otherwise."""
    known = {_versions(row).get(name) for row in _TABLE.values()}
    found = [
        version for version in re.findall(r"(?<![\d.])(\d+\.\d+\.\d+)(?![\d.]*\d)", str(text or "")) if version in known
    ]
    return found[0] if found and versions(release).get(name) not in found else None


def supported_dcos(version: Any) -> tuple[bool, str | None]:
    """Whether Calico 2.6 can be installed on a version of DC/OS: (True, None) or (False, reason)."""
    match = re.match(r"^v?(\d+)\.(\d+)(?:\.|\Z|[^\d])", str(version).strip())
    if not match:
        return False, f"{version or '(nothing)'} is not a version of DC/OS; 1.9 to 2.0 are supported"
    numbers = int(match.group(1)), int(match.group(2))
    if numbers >= (2, 1):
        return (
            False,
            f"DC/OS {version} ships Calico itself, and a second one would fight it over routes and iptables; 1.9 to 2.0 are supported",
        )
    if numbers < (1, 9) or (1, 13) < numbers < (2, 0):
        reason = (
            "its agents read CNI networks only when they start" if numbers <= (1, 8) else "there is no such release"
        )
        return False, f"DC/OS {version} is not supported: {reason}; 1.9 to 2.0 are"
    return True, None
