"""What is told of a package that differs, and of what it leaves behind: pure."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _packages
from ansible_collections.dcos.calico.plugins.module_utils._dcos._cosmos import OPTIONS_LABEL, Description, Installed
from ansible_collections.dcos.calico.plugins.module_utils._dcos._schema import Difference


def test_secrets_are_hidden_by_name_and_by_what_is_said() -> None:
    options = {"a": {"admin-password": "x", "api_key": "x", "zk": "x", "mine": "x", "empty_secret": ""}, "token": 3}
    hidden = _packages.HIDDEN
    shown = {"a": {"admin-password": hidden, "api_key": hidden, "zk": "x", "mine": hidden, "empty_secret": ""}, "token": hidden}
    assert _packages.masked(options, {("a", "mine")}) == shown


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (Difference("a.b", 3, 5), "a.b is 3, not 5"),
        (Difference("a.b", None, "x"), 'a.b is not set, and is to be "x"'),
        (Difference("a.b", True, None), "a.b is true, and is not required"),
        (Difference("a.password", "x", "y"), "a.password differs (secret, not shown)"),
        (Difference("a.mine", "x", "y"), "a.mine differs (secret, not shown)"),
    ],
)
def test_differences_in_words(difference: Difference, words: str) -> None:
    assert _packages.sentences([difference], {("a", "mine")}) == [words]


@pytest.mark.parametrize(
    ("name", "version", "options", "what"),
    [
        ("etcd", "0.0.3", {}, ["ZooKeeper node /etcd"]),
        ("etcd", "0.0.2", {"etcd": {"zk": "zk://a:1,b:2/deep/node"}}, ["ZooKeeper node /deep/node"]),
        ("etcd", "0.1.0-3.3.12", {}, []),
        ("hello", "1", {}, []),
    ],
)
def test_what_stays_behind(name: str, version: str, options: dict[str, Any], what: list[str]) -> None:
    assert [left["what"] for left in _packages.leftovers(name, version, options)] == what


def test_of_calico_only_what_its_steps_made_stays_behind() -> None:
    every = [left["what"] for left in _packages.leftovers("calico", "0.4.0", {})]
    assert any("cluster-store" in what for what in every) and any("calico.cni" in what for what in every)
    some = [left["what"] for left in _packages.leftovers("calico", "0.4.0", {"Configure Docker Cluster-Store": {"enable": False}})]
    assert [what for what in every if what not in some] == ["key cluster-store in /etc/docker/daemon.json"]


def _desired(version: str, options: dict[str, Any]) -> _packages.Desired:
    return _packages.Desired(Description("etcd", version, None), options, options, {"id": "/etcd"}, secret=frozenset({("mine",)}))


def _there(version: str, options: dict[str, Any] | None) -> _packages.Actual:
    noted = {} if options is None else {OPTIONS_LABEL: base64.b64encode(json.dumps(options).encode()).decode()}
    return _packages.Actual("etcd", Installed("etcd", version, "/etcd"), {"id": "/etcd", "labels": noted})


@pytest.mark.parametrize(
    ("desired", "actual", "change"),
    [
        (None, _packages.Actual("etcd", None, None), None),
        (None, _there("1", {"a": 1}), ({"version": "1", "options": {"a": 1}}, None)),
        (_desired("1", {"a": 1}), _packages.Actual("etcd", None, None), (None, {"version": "1", "options": {"a": 1}})),
        (_desired("1", {"a": 1}), _there("1", {"a": 1}), None),
        (_desired("1", {"a": 1}), _there("1", {"a": 2}), ({"version": "1", "options": {"a": 2}}, {"version": "1", "options": {"a": 1}})),
        (_desired("2", {"a": 1}), _there("1", {"a": 1}), ({"version": "1", "options": {"a": 1}}, {"version": "2", "options": {"a": 1}})),
        (
            _desired("1", {"mine": "x"}),
            _there("1", {"mine": "y"}),
            (
                {"version": "1", "options": {"mine": _packages.HIDDEN}},
                {"version": "1", "options": {"mine": _packages.HIDDEN, "(changed)": _packages.HIDDEN}},
            ),
        ),
    ],
    ids=["absent", "to go", "new", "the same", "other options", "other version", "another secret"],
)
def test_the_plan(desired: _packages.Desired | None, actual: _packages.Actual, change: tuple[Any, Any] | None) -> None:
    plan = _packages.reconcile(desired, actual, "/etcd", "etcd")
    sides = [(each.name, each.before, each.after) for each in plan]
    assert sides == ([] if change is None else [("package etcd (/etcd)", *change)])


@pytest.mark.parametrize(("name", "version", "way"), [("etcd", "0.0.3", "zk"), ("etcd", "0.1.0-3.3.12", None), ("calico", "0.0.3", None)])
def test_only_the_old_etcd_cannot_be_installed_again_at_once(name: str, version: str, way: str | None) -> None:
    found = _packages.in_the_way_of_another(name, version, {})
    assert found == (way and "docker run mesosphere/janitor /janitor.py -z etcd on a master")
