"""The policies, as the keys of etcd have them."""

from __future__ import annotations

import json
from typing import Any

POLICIES = "/calico/v1/policy/tier/default/policy"


def test_there_is_one_policy_as_desired(etcd: Any) -> None:
    found = {key: json.loads(value) for key, value in etcd.below(POLICIES).items()}
    assert list(found) == [f"{POLICIES}/database"]
    policy = found[f"{POLICIES}/database"]
    assert (policy["order"], policy["selector"], policy["types"]) == (100, "role == 'database'", ["ingress"])
    assert policy["inbound_rules"] == [
        {"action": "allow", "protocol": "tcp", "src_selector": "role == 'api'", "dst_ports": [5432]}
    ]
    assert not policy.get("outbound_rules")
