from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.dcos.calico.plugins.modules import artifact_manifest

DATA = b"\x7fELF calicoctl"


@pytest.fixture
def call(run_module, tmp_path: Path, certificate):
    def run(*artifacts, check=False, diff=False):
        listed = [{"variable": f"calico_{item['name']}_sha256", "path": f"{item['name']}/{item['name']}", **item} for item in artifacts]
        args = {"artifacts": listed, "folder": str(tmp_path / "mirror"), "file": str(tmp_path / "vars" / "m.yml"), "ca_path": certificate[1]}
        return run_module(artifact_manifest, args, check=check, diff=diff)

    return run


def test_check_then_run_then_again(call, tls_server, tmp_path: Path) -> None:
    url, digest = tls_server.serve("/calicoctl", DATA)
    tool = {"name": "calicoctl", "url": url}
    predicted = call(tool, check=True)
    assert predicted["changed"] and predicted["fetched"] == ["calicoctl"] and not list(tmp_path.iterdir())
    done = call(tool)
    assert done["changed"] and done["sums"] == {"calico_calicoctl_sha256": digest}
    assert yaml.safe_load((tmp_path / "vars" / "m.yml").read_text()) == done["sums"]
    assert [path.relative_to(tmp_path / "mirror").as_posix() for path in (tmp_path / "mirror").rglob("*") if path.is_file()] == ["calicoctl/calicoctl"]
    again = call(tool, diff=True)
    assert not again["changed"] and again["fetched"] == [] and again["diff"] == [] and len(tls_server.requests) == 1
    assert not call(tool, check=True)["changed"]


def test_what_lies_there_needs_no_address_and_optional_things_may_be_nowhere(call, tmp_path: Path) -> None:
    here = tmp_path / "mirror" / "calicoctl" / "calicoctl"
    here.parent.mkdir(parents=True)
    here.write_bytes(DATA)
    result = call({"name": "calicoctl"}, {"name": "image", "optional": True})
    assert result["missing"] == ["image"] and list(result["sums"]) == ["calico_calicoctl_sha256"]


@pytest.mark.parametrize(
    ("body", "more", "words"),
    [
        (b"<html>log in</html>", {}, "HTML page"),
        (DATA, {"sha256": "0" * 64}, "is not the expected file"),
    ],
)
def test_what_is_wrong_is_not_kept(call, tls_server, tmp_path: Path, body: bytes, more: dict, words: str) -> None:
    url, _digest = tls_server.serve("/calicoctl", body)
    result = call({"name": "calicoctl", "url": url, **more})
    assert result["failed"] and words in result["msg"]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_changed_file_of_a_known_digest_is_an_error(call, tmp_path: Path) -> None:
    here = tmp_path / "mirror" / "etcd" / "etcd"
    here.parent.mkdir(parents=True)
    here.write_bytes(b"other")
    result = call({"name": "etcd", "sha256": "1" * 64})
    assert result["failed"] and "is not the expected etcd" in result["msg"] and "Remove it if it is an old one" in result["msg"]


def test_what_is_nowhere_and_needed_is_an_error_that_says_where_to_put_it(call, tmp_path: Path) -> None:
    result = call({"name": "calico"})
    assert result["failed"] and f"put it at {tmp_path}/mirror/calico/calico" in result["msg"]
