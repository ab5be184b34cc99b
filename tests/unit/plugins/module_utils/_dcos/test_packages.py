"""What is told of a package that differs, and of what it leaves behind: pure."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _packages
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
        (Difference("a.b", True, None), "a.b is true, and is not wanted"),
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
