"""The pools and the settings of Felix, as the keys of etcd have them."""

from __future__ import annotations

import json
from typing import Any

POOLS = "/calico/v1/ipam/v4/pool"
CONFIG = "/calico/v1/config"


def test_there_is_one_pool_as_desired(etcd: Any) -> None:
    pools = {key: json.loads(value) for key, value in etcd.below(POOLS).items()}
    assert pools == {
        f"{POOLS}/192.168.0.0-16": {
            "cidr": "192.168.0.0/16",
            "ipip": "",
            "ipip_mode": "",
            "masquerade": True,
            "ipam": True,
            "disabled": False,
        },
    }


def test_felix_is_set(etcd: Any) -> None:
    desired = {
        "HealthEnabled": "true",
        "HealthPort": "62092",
        "UsageReportingEnabled": "false",
        "IgnoreLooseRPF": "false",
        "LogSeverityScreen": "info",
    }
    found = etcd.below(CONFIG)
    assert {name: found.get(f"{CONFIG}/{name}") for name in desired} == desired
