from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _removal

LEFT = ["ipPool 10.32.0.0/16", "profile shop"]


def seen(*networks: tuple[str, list[str]], **more: Any) -> dict[str, Any]:
    """A host as agent_info found it."""
    files = [{"file": f"{name}.cni", "name": name, "type": "calico", "pools": pools} for name, pools in networks]
    return {"found": {"cni": {"files": [*files, {"file": "x", "name": None, "type": None}]}}, **more}


def obstacles(hosts: dict[str, Any], groups: dict[str, list[str]] | None = None, **more: Any) -> list[str]:
    return _removal.obstacles(LEFT, list(hosts), hosts, groups or {"agents": list(hosts)}, "found", **more)


def test_nobody_uses_them() -> None:
    assert obstacles({"a1": seen(("calico", [])), "a2": seen(("calico", ["10.33.0.0/16", "nonsense"]))}) == []


@pytest.mark.parametrize("pool", ["10.32.0.0/16", "10.32.0.7/16"])
def test_a_network_that_names_a_pool_that_goes(pool: str) -> None:
    assert obstacles({"a1": seen(("calico", [])), "a2": seen(("blue", ["10.33.0.0/16", pool]))}) == [f"blue.cni on a2 still names {pool}."]


def test_a_network_that_goes_and_is_still_there() -> None:
    assert obstacles({"a1": seen(("shop", []))}) == ["shop.cni on a1 still is network shop."]


def test_everybody_must_have_been_seen() -> None:
    """With a limit, and after a look that failed."""
    groups = {"agents_private": ["a1", "a2"], "agents_public": ["p1"], "masters": ["m1"]}
    assert obstacles({"a1": seen(), "a2": {"found": {"failed": True}}}, groups) == ["Not looked at: a2, p1."]
    assert obstacles({"a1": seen()}, left_out=["10.0.0.9"]) == ["Mesos has agents that the inventory has not: 10.0.0.9."]
    part = {"awx_job_template_name": "Site", "awx_workflow_job_name": "Site"}
    assert obstacles({"a1": seen(**part)}) == ["This is a slice of a job of AWX, which has a part of the agents."]


def test_what_check_mode_would_have_changed_by_now_is_not_looked_into() -> None:
    hosts = {"a1": seen(("shop", []), done={"changed": True}), "a2": seen(("shop", []))}
    assert obstacles(hosts, coming="done") == ["shop.cni on a2 still is network shop."]
