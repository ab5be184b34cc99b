# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _releases
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError


def test_the_default_is_the_set_that_the_guide_tested():
    found = _releases.resolve(_releases.DEFAULT)
    assert (
        found["release"],
        found["node_image_tag"],
        found["calicoctl"],
        found["cni"],
        found["etcd"],
        found["kube_controllers"],
    ) == ("2.6.6", "v2.6.6", "1.6.3", "1.11.2", "3.3.1", "1.0.3")
    assert found["images"] == {
        "node": "quay.io/calico/node:v2.6.6",
        "kube_controllers": "quay.io/calico/kube-controllers:v1.0.3",
    }
    assert any("1.0.3" in note for note in found["notes"])
    assert found["recommended"] is False


@pytest.mark.parametrize(
    "release, tag, calicoctl, cni",
    [
        ("2.6.1", "v2.6.1", "1.6.1", "1.11.0"),
        ("2.6.2", "v2.6.1", "1.6.1", "1.11.0"),
        ("2.6.8", "v2.6.8", "1.6.3", "1.11.4"),
        ("2.6.9", "v2.6.9", "1.6.4", "1.11.5"),
        ("v2.6.12", "v2.6.12", "1.6.5", "1.11.8"),
    ],
)
def test_each_release_has_its_own_set(release, tag, calicoctl, cni):
    found = _releases.resolve(release)
    assert (found["node_image_tag"], found["calicoctl"], found["cni"]) == (tag, calicoctl, cni)


@pytest.mark.parametrize(
    "release, words",
    [
        ("2.6.0", "wrong Felix"),
        ("2.6.4", "rolling upgrade"),
        ("2.6.13", "Choose one of 2.6.1, 2.6.2, 2.6.3, 2.6.5"),
        ("3.0.11", "Choose one of"),
        ("", "Choose one of"),
        ("latest", "Choose one of"),
    ],
)
def test_refuses_what_must_not_be_installed(release, words):
    with pytest.raises(ValidationError) as error:
        _releases.resolve(release)
    assert words in str(error.value)


def test_names_are_in_order_and_leave_out_the_refused():
    assert _releases.known()[:2] == ["2.6.0", "2.6.1"] and _releases.known()[-1] == "2.6.12"
    assert len(_releases.known()) == 13
    assert set(_releases.known()) - set(_releases.installable()) == set(["2.6.0", "2.6.4"])
    assert _releases.resolve(_releases.RECOMMENDED)["recommended"] is True


def test_artifacts_name_upstream_and_invent_no_checksum():
    found = _releases.resolve("2.6.6")["artifacts"]
    assert found["calicoctl"]["url"] == "https://github.com/projectcalico/calicoctl/releases/download/v1.6.3/calicoctl"
    assert (
        found["calico-ipam"]["url"]
        == "https://github.com/projectcalico/cni-plugin/releases/download/v1.11.2/calico-ipam"
    )
    assert found["etcd"]["member"] == "etcd-v3.3.1-linux-amd64/etcd"
    assert [name for name in sorted(found) if found[name]["sha256"]] == ["etcd", "etcdctl"]
    assert not any(artifact["sha256_confirmed"] for artifact in found.values())
    assert _releases.artifacts("1.6.3", "1.11.2", etcd="3.3.25")["etcd"]["sha256"] is None


@pytest.mark.parametrize(
    "release, faults",
    [
        ("2.6.6", ["Mesos label", "Kubernetes pods", "log"]),
        ("2.6.8", ["Kubernetes pods", "log"]),
        ("2.6.10", ["Kubernetes pods", "log"]),
        ("2.6.11", ["log"]),
        ("2.6.12", []),
    ],
)
def test_notes_tell_the_faults_of_older_plugins(release, faults):
    """Which version has none of each any more: the tags of the plugins' source."""
    notes = [note for note in _releases.resolve(release)["notes"] if note.startswith("CNI plugins")]
    assert len(notes) == len(faults) and all(words in note for words, note in zip(faults, notes))


@pytest.mark.parametrize(
    "version, supported, words",
    [
        ("1.9.0", True, None),
        ("1.9", True, None),
        ("1.10.11", True, None),
        ("1.13.9", True, None),
        ("1.13.0-dev", True, None),
        ("2.0.5", True, None),
        ("2.1.0", False, "ships Calico itself"),
        ("2.1.0-beta1", False, "ships Calico itself"),
        ("2.2.0", False, "ships Calico itself"),
        ("1.8.9", False, "only when they start"),
        ("1.14.0", False, "no such release"),
        ("", False, "not a version"),
        ("unknown", False, "not a version"),
        (None, False, "not a version"),
    ],
)
def test_supported_dcos(version, supported, words):
    answer, reason = _releases.supported_dcos(version)
    assert answer is supported
    assert reason is None if words is None else words in reason


def test_releases_by_what_belongs_to_them():
    assert _releases.having(_releases.versions("2.6.12")) == ["2.6.12"]
    assert _releases.having({"calicoctl": "1.6.3", "calico": "1.11.2"}) == ["2.6.4", "2.6.5", "2.6.6", "2.6.7"]
    assert _releases.having({"calico-node": "2.6.1"}) == ["2.6.1", "2.6.2"]
    assert _releases.having({"calico-node": "2.6.12", "calicoctl": "1.6.3"}) == []
    assert _releases.having({"calico-node": "3.1.0"}) == []
