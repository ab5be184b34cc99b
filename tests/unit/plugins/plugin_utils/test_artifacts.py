from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _artifacts
from ansible_collections.dcos.calico.plugins.plugin_utils._artifacts import resolve as artifacts


def test_upstream_is_the_default_and_publishes_no_image_archive() -> None:
    found = artifacts("2.6.6")
    assert found["calicoctl"]["source"] == {
        "url": "https://github.com/projectcalico/calicoctl/releases/download/v1.6.3/calicoctl",
        "sha256_variable": "calico_calicoctl_sha256",
    }
    assert found["etcd"]["source"]["member"] == "etcd-v3.3.1-linux-amd64/etcd"
    assert found["calico-node"] == {"source": {}, "image": "calico/node:v2.6.6"}


def test_release_number_and_image_tag_may_differ() -> None:
    assert artifacts("2.6.2")["calico-node"]["image"] == "calico/node:v2.6.1"


def test_a_mirror_has_everything() -> None:
    found = artifacts("2.6.12", mirror="https://mirror/x/")
    assert {name: item["source"]["url"] for name, item in found.items()} == {
        "calicoctl": "https://mirror/x/calicoctl/v1.6.5/calicoctl",
        "calico": "https://mirror/x/cni-plugin/v1.11.8/calico",
        "calico-ipam": "https://mirror/x/cni-plugin/v1.11.8/calico-ipam",
        "etcd": "https://mirror/x/etcd/v3.3.1/etcd-v3.3.1-linux-amd64.tar.gz",
        "calico-node": "https://mirror/x/images/calico-node-v2.6.12.tar",
    }


def test_a_directory_wins_over_the_mirror_and_an_address_over_both() -> None:
    found = artifacts(
        "2.6.6",
        mirror="https://mirror",
        directory="/srv",
        overrides=[{"name": "calico", "url": "https://own/calico", "sha256": "AB", "image": ""}],
    )
    assert found["calicoctl"]["source"]["local_src"] == "/srv/calicoctl/v1.6.3/calicoctl"
    assert found["calico"]["source"] == {
        "url": "https://own/calico",
        "sha256": "ab",
        "sha256_variable": "calico_cni_plugin_sha256",
    }


def test_an_archive_may_have_another_directory_inside() -> None:
    found = artifacts(
        "2.6.6", overrides=[{"name": "etcd", "url": "https://own/etcd.tgz", "directory": "etcd-v3.3.25-linux-amd64"}]
    )
    assert found["etcd"]["source"]["member"] == "etcd-v3.3.25-linux-amd64/etcd"


@pytest.mark.parametrize(
    ("release", "words"), [("2.6.0", "wrong Felix"), ("2.6.4", "rolling upgrade"), ("3.0.1", "no Calico release 3.0.1")]
)
def test_refused_releases_say_why(release: str, words: str) -> None:
    with pytest.raises(CalicoError, match=words):
        artifacts(release)


def test_every_artifact_has_a_place_and_a_variable() -> None:
    assert set(_artifacts.mirror_paths("2.6.6")) == set(_artifacts.NAMES) == set(_artifacts.SHA256_VARIABLES)


def test_an_image_that_would_be_pulled_is_listed_unless_its_registry_is_relied_on() -> None:
    def listed(by_tag: bool = False, **image: str) -> list[dict[str, str]]:
        found = _artifacts.resolve("2.6.6", overrides=[{"name": "calico-node", **image}])
        return [item for item in _artifacts.sums(found, by_tag=by_tag) if item["name"] == "calico-node"]

    assert listed() == [
        {"name": "calico-node", "variable": "calico_node_image", "image": "calico/node:v2.6.6", "sha256": ""}
    ]
    assert listed(by_tag=True) == []
    assert listed(image="mirror/node@sha256:abc")[0]["sha256"] == "abc"
    assert listed(url="https://mirror/x.tar", sha256="abc")[0]["variable"] == "calico_node_archive_sha256"


def test_what_names_a_version_of_another_release_is_told() -> None:
    given = [
        {"name": "calicoctl", "url": "https://10.1.6.3/calicoctl/v1.6.3/calicoctl", "sha256": "aa"},
        {"name": "calico", "url": "https://own/cni/v1.11.8/calico", "sha256": "bb"},
        {"name": "calico-ipam", "url": "https://own/1.2.3/calico-ipam", "sha256": "cc"},
        {"name": "calico-node", "image": "own:5000/calico/node:v2.6.6"},
    ]
    for by_tag in (False, True):
        listed = {
            item["name"]: item for item in _artifacts.sums(_artifacts.resolve("2.6.12", overrides=given), by_tag=by_tag)
        }
        assert {name: item.get("other_version") for name, item in listed.items() if name != "etcd"} == {
            "calicoctl": "1.6.3", "calico": None, "calico-ipam": None, "calico-node": "2.6.6",
        }  # fmt: skip
    assert "other_version" not in str(_artifacts.resolve("2.6.6", overrides=[given[0], given[3]]))


def test_a_manifest_of_a_new_release_is_not_measured_against_sums_of_the_old_one() -> None:
    given = [{"name": "calicoctl", "sha256": "ab" * 32}]
    sums = {
        sums_of: _artifacts.manifest("2.6.12", overrides=given, sums_of=sums_of)[0].get("sha256")
        for sums_of in ("", "2.6.12", "v2.6.12", "2.6.6")
    }
    assert sums == {"": "ab" * 32, "2.6.12": "ab" * 32, "v2.6.12": "ab" * 32, "2.6.6": None}


def test_only_the_image_may_be_left_out_of_a_manifest() -> None:
    """A registry can give it; everything else is fetched from somewhere."""
    found = {item["name"]: item for item in _artifacts.manifest("2.6.6", mirror="https://mirror")}
    assert {name: item["optional"] for name, item in found.items()} == {
        name: name == "calico-node" for name in _artifacts.NAMES
    }
    assert found["calico-node"]["image"] == "calico/node:v2.6.6" and "image" not in found["calico"]
    assert (
        found["calico"]["path"] == "cni-plugin/v1.11.2/calico"
        and found["calico"]["url"] == "https://mirror/cni-plugin/v1.11.2/calico"
    )


def test_an_etcd_that_is_not_fetched_needs_no_sum() -> None:
    found = _artifacts.resolve("2.6.6", mirror="https://mirror", overrides=[{"name": "calico", "sha256": "AB" * 32}])
    assert [item["name"] for item in _artifacts.sums(found)] == list(found)
    listed = {item["name"]: item["sha256"] for item in _artifacts.sums(found, etcd=False)}
    assert listed == {"calicoctl": "", "calico": "ab" * 32, "calico-ipam": "", "calico-node": ""}
