from __future__ import annotations

from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _versions


def test_versions() -> None:
    assert _versions.numbers("v1.10.8") == (1, 10) and _versions.numbers("1.9+") == (1, 9) and _versions.numbers("") == (1, 9)
    assert [_versions.deployment_api(f"v1.{minor}.0") for minor in (8, 9, 10)] == ["extensions/v1beta1", "apps/v1", "apps/v1"]
    assert [_versions.rbac_api(f"v1.{minor}.0").rpartition("/")[2] for minor in (7, 8)] == ["v1beta1", "v1"]
