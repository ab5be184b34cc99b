from __future__ import annotations

from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _versions


def test_versions() -> None:
    assert _versions.numbers("v1.10.8") == (1, 10) and _versions.numbers("1.9+") == (1, 9) and _versions.numbers("") == (1, 9)
    assert [_versions.deployment_api(f"v1.{minor}.0") for minor in (8, 9, 10)] == ["extensions/v1beta1", "apps/v1", "apps/v1"]
    assert [_versions.rbac_api(f"v1.{minor}.0").rpartition("/")[2] for minor in (7, 8)] == ["v1beta1", "v1"]
    assert [_versions.rbac_api(version).rpartition("/")[2] for version in ("v1.10.8", "v2.0.0", "")] == ["v1"] * 3
    assert [_versions.knows_types_of_host_paths(f"v1.{minor}.0") for minor in (7, 8, 10)] == [False, True, True]


def test_versions_that_kube_controllers_cannot_work_with() -> None:
    assert [_versions.controllers_refused(version) for version in ("v1.7.0", "v1.9.3", "v1.15.12", "")] == [None] * 4
    for version in ("v1.16.0", "v1.28.3", "v2.0.0"):
        what, why, remedy = _versions.controllers_refused(version) or ("", "", "")
        assert version in what and "extensions/v1beta1" in why and "Kubernetes 1.15 or older" in remedy
