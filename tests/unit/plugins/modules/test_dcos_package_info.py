"""dcos_package_info through its real main()."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.modules import dcos_package, dcos_package_info

from ...support.universe import Universe


@pytest.fixture
def look(run_module: Any, universe: Universe) -> Any:
    def call(**args: Any) -> dict[str, Any]:
        universe.api.requests.clear()
        result = run_module(dcos_package_info, universe.args(**args))
        assert universe.writes == [] and (result.get("failed") or not result["changed"])
        return result

    return call


@pytest.fixture
def etcd(run_module: Any, universe: Universe) -> None:
    universe.members(3)
    args = universe.args(name="etcd", version="0.0.3", options={"etcd": {"cluster-size": 3, "admin-password": "hunter2"}}, wait_timeout=120)
    assert run_module(dcos_package, args)["ready"]


def test_an_installed_package(look: Any, etcd: None) -> None:
    result = look(name="etcd", version="0.0.3")
    assert result["exists"] and result["versions"] == ["0.0.2", "0.0.3", "0.1.0-3.3.12"] and result["version"] == "0.0.3"
    assert result["defaults"]["etcd"]["framework-name"] == "etcd" and "admin-password" not in result["defaults"]["etcd"]
    one = result["installed"][0]
    assert (one["app_id"], one["version"], one["ready"], one["readiness"]["kind"]) == ("/etcd", "0.0.3", True, "etcd")
    assert one["options"]["etcd"]["cpus"] == 0.2 and one["options"]["etcd"]["admin-password"] == "(secret, not shown)"


def test_the_newest_version_is_another_product(look: Any) -> None:
    result = look(name="etcd")
    assert result["version"] == "0.1.0-3.3.12" and result["defaults"] == {"service": {"name": "etcd"}, "node": {"count": 3}} and result["installed"] == []


def test_all_that_is_installed(look: Any, universe: Universe, etcd: None) -> None:
    universe.put({"id": "/web", "cmd": "sleep 1"})
    result = look()
    assert result["installed"] == [{"name": "etcd", "version": "0.0.3", "app_id": "/etcd"}] and result["exists"] is None
    assert universe.api.asked() == ["/package/list"]


def test_options_that_were_not_noted(look: Any, universe: Universe, etcd: None) -> None:
    del universe.state["apps"]["/etcd"]["definition"]["labels"]["DCOS_PACKAGE_OPTIONS"]
    assert look(name="etcd")["installed"][0]["options"] is None


def test_one_installation_of_several(look: Any, universe: Universe, etcd: None, run_module: Any) -> None:
    run_module(dcos_package, universe.args(name="hello", version="1.0"))
    assert [one["app_id"] for one in look(app_id="hello")["installed"]] == ["/hello"]
    assert look(name="hello", app_id="/other")["installed"] == []


def test_a_package_that_there_is_not(look: Any) -> None:
    result = look(name="nosuch")
    assert result["exists"] is False and result["versions"] == [] and result["version"] is None and result["defaults"] == {}


def test_a_version_that_there_is_not(look: Any) -> None:
    failed = look(name="etcd", version="9")
    assert failed["failed"] and "Choose one of 0.0.2" in failed["msg"]


def test_a_version_belongs_to_a_package(look: Any) -> None:
    assert look(version="1")["failed"]
