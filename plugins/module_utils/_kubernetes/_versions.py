# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which API versions a Kubernetes serves, by its own version. Pure."""
from __future__ import annotations

import re


def numbers(version: str) -> tuple[int, int]:
    """(1, 10) of v1.10.8; what says nothing is taken for 1.9, the first of package kubernetes."""
    match = re.match(r"^v?(\d+)\.(\d+)", str(version))
    return (int(match.group(1)), int(match.group(2))) if match else (1, 9)


def deployment_api(version: str) -> str:
    """apps/v1 came with 1.9; extensions/v1beta1, which the guide uses, is gone from 1.16 on."""
    return "apps/v1" if numbers(version) >= (1, 9) else "extensions/v1beta1"


def rbac_api(version: str) -> str:
    """rbac.authorization.k8s.io/v1 came with 1.8."""
    return "rbac.authorization.k8s.io/v1" if numbers(version) >= (1, 8) else "rbac.authorization.k8s.io/v1beta1"


def knows_types_of_host_paths(version: str) -> bool:
    """hostPath.type came with 1.8; a server before it drops the field."""
    return numbers(version) >= (1, 8)


def controllers_refused(version: str) -> tuple[str, str, str] | None:
    """What, why and the way out where kube-controllers of Calico 2.6 cannot work; None where they can."""
    if numbers(version) < (1, 16):
        return None
    return (
        f"kube-controllers of Calico 2.6 cannot work with Kubernetes {version}",
        "they read NetworkPolicies as extensions/v1beta1, which Kubernetes does not serve from 1.16 on, so that none would be applied",
        "Use Kubernetes 1.15 or older, or leave calico_kubernetes off and give that cluster a newer Calico of its own",
    )
