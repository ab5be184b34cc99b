from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._redact import HIDDEN, NOT_SHOWN, Redactor
from ansible_collections.dcos.calico.plugins.plugin_utils import _diagnostics_cluster as cluster

BUNDLE = {
    "file": "host-a.tar.gz",
    "packed": 2048,
    "sha256": "ab",
    "size": 9000,
    "entries": [{"name": "logs/x", "note": "cut: the last", "size": 1}],
}
RESULTS: dict[str, Any] = {
    "a": {"bundle": BUNDLE, "plan": {"sysctl": {"changed": True, "names": ["x"]}, "executable": {"changed": False}}},
    "b": {"unreachable": True, "msg": "Connection\ntimed out, token=planted-0"},
    "c": None,
    "d": {"bundle": 7, "plan": "x"},
}


def test_secrets_of_a_run_are_known_by_the_names_of_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCOS_ACS_TOKEN", "planted-1")
    variables = {
        "ansible_password": "planted-2",
        "calico_kubernetes_token": "planted-3",
        "deep": [{"secret_content": "planted-4"}],
        "proxy": "http://u:planted-5@p:1",
        "plain": "planned",
        "hostvars": {"x": {"password": "not-looked-at"}},
    }
    found = cluster.secrets(variables).scrub("planted-1 planted-2 planted-3 planted-4 planted-5 planned not-looked-at")
    assert found == " ".join([HIDDEN] * 5) + " planned not-looked-at"


def test_settings_are_those_of_the_collection_without_secrets() -> None:
    shared = {
        "calico_release": "2.6.6",
        "calico_kubernetes_token": "planted-1",
        "calico_nobody_reads": "planted-2",
        "other": "planted-3",
    }
    hostvars = {"a": shared, "b": {**shared, "calico_release": "2.6.12"}}
    found = cluster.settings(hostvars, ["a", "b"], Redactor())
    assert found == {
        "calico_release": {"by host": {"a": "2.6.6", "b": "2.6.12"}},
        "calico_kubernetes_token": HIDDEN,
        "calico_nobody_reads": NOT_SHOWN,
    }


def test_the_files_of_a_cluster() -> None:
    said = {
        "status": {"status": {"summary": {}, "password": "planted-1"}, "text": ["well, token=planted-2", "\x1b[2J"]},
        "datastore": {"plan": {"calicoctl_resource_info": {"resources": {"node": [{"metadata": {"name": "a"}}]}}}},
        "findings": {"problems": [{"what": "http://u:planted-3@h"}]},
    }
    found = {
        entry.name: entry.text for entry in cluster.entries(RESULTS, said, {name: {} for name in RESULTS}, Redactor())
    }
    assert "planted" not in json.dumps(found) and "\x1b" not in "".join(found.values())
    assert json.loads(found["run/plan.json"]) == {"a": {"sysctl": {"changed": True, "names": ["x"]}}}
    assert json.loads(found["datastore/resources.json"]) == {"node": [{"metadata": {"name": "a"}}]}
    assert "ansible-core" in found["run/versions.txt"] and cluster.version()[0].isdigit()
    empty = cluster.entries({}, {"status": {}, "datastore": {}, "findings": {}}, {}, Redactor())
    assert {entry.name for entry in empty} == set(found)


def test_a_host_without_a_bundle_is_a_line_that_says_why() -> None:
    found = cluster.rows(RESULTS, {"bundle": BUNDLE}, Redactor())
    assert found == [
        "a: host-a.tar.gz, sha256 ab",
        f"b: no bundle. Connection timed out, token={HIDDEN}",
        "c: no bundle. It was not asked",
        "d: no bundle. It was not asked",
    ]
    assert cluster.rows({}, {"skipped": True}, Redactor()) == [
        "The datastore was not read. No host of this run can ask it."
    ]
    assert cluster.rows({}, {"msg": "etcd does not answer"}, Redactor()) == [
        "The datastore was not read. etcd does not answer."
    ]


@pytest.mark.parametrize("check", [True, False])
def test_what_a_run_says(check: bool) -> None:
    brief = cluster.brief("/d", RESULTS, {"file": "cluster.tar.gz", "packed": 1024, "sha256": "cd"}, Redactor())
    assert brief["bundles"][0] == {"file": "cluster.tar.gz", "size": 1024, "sha256": "cd"} and set(
        brief["without"]
    ) == {"b", "c", "d"}
    lines = cluster.lines(brief, RESULTS, check)
    assert lines[0] == f"Diagnostics of 1 of 4 hosts and of the cluster {'would be' if check else 'are'} in /d (3 KiB)."
    assert any("no bundle of b: Connection" in line for line in lines)
    assert ("Nothing was written." in lines) is check and ("sha256 cd" in " ".join(lines)) is not check
