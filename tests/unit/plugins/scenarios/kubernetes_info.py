"""A cluster whose controllers work."""

from __future__ import annotations

from ..modules.test_kubernetes_info import args, cluster
from ...support.scenario import Scenario


def read(use):
    api = use("dcos_api")
    cluster(api)
    return Scenario(args(api, deployments=["calico-kube-controllers"], pods=True, wait_timeout=5), use("tmpdir"))


SCENARIOS = {"read": read}
