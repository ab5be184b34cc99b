from __future__ import annotations

import gzip
import hashlib
import io
import json
import multiprocessing
import os
import tarfile
from pathlib import Path

import pytest
import yaml

from ansible_collections.dcos.calico.plugins.modules import artifact_manifest

from ...support.file_server import Answer

DATA = b"\x7fELF calicoctl"


@pytest.fixture
def call(run_module, tmp_path: Path, certificate):
    def run(*artifacts, check=False, diff=False, **more):
        listed = [{"variable": f"calico_{item['name']}_sha256", "path": f"{item['name']}/{item['name']}", **item} for item in artifacts]
        args = {"artifacts": listed, "directory": str(tmp_path / "mirror"), "file": str(tmp_path / "vars" / "m.yml"), "ca_path": certificate[1], **more}
        return run_module(artifact_manifest, args, check=check, diff=diff)

    return run


def test_what_is_fetched_and_written_and_not_fetched_again(call, tls_server, tmp_path: Path) -> None:
    url, digest = tls_server.serve("/calicoctl", DATA)
    tool = {"name": "calicoctl", "url": url}
    done = call(tool)
    assert done["changed"] and done["sums"] == {"calico_calicoctl_sha256": digest}
    assert yaml.safe_load((tmp_path / "vars" / "m.yml").read_text()) == done["sums"]
    assert sorted(path.relative_to(tmp_path / "mirror").as_posix() for path in (tmp_path / "mirror").rglob("*") if path.is_file()) == [
        ".dcos-calico-manifest.json",
        "calicoctl/calicoctl",
    ]
    assert f"# from {url}\n" in (tmp_path / "vars" / "m.yml").read_text()
    assert call(tool)["fetched"] == [] and len(tls_server.requests) == 1


def test_where_it_really_came_from_is_noted_without_secrets(call, tls_server, tmp_path: Path) -> None:
    """As GitHub does: to a store, by an address with a signature in it."""
    store, digest = tls_server.serve("/store/1234", DATA)
    named = tls_server.serve("/releases/calicoctl", Answer(b"", status=302, location=f"{store}?X-Amz-Signature=hunter2"))[0]
    tool = {"name": "calicoctl", "url": named}
    assert call(tool)["sums"] == {"calico_calicoctl_sha256": digest}
    text, notes = ((tmp_path / path).read_text() for path in ("vars/m.yml", "mirror/.dcos-calico-manifest.json"))
    assert f"# from {named}, which led to {store}\n" in text and json.loads(notes)["calicoctl/calicoctl"]["source"] == store
    assert "hunter2" not in text + notes and not call(tool)["changed"]


def test_what_lies_there_needs_no_address_and_optional_things_may_be_nowhere(call, tmp_path: Path) -> None:
    here = tmp_path / "mirror" / "calicoctl" / "calicoctl"
    here.parent.mkdir(parents=True)
    here.write_bytes(DATA)
    result = call({"name": "calicoctl"}, {"name": "image", "optional": True})
    assert result["missing"] == ["image"] and list(result["sums"]) == ["calico_calicoctl_sha256"]
    assert "# it lay in the directory\n" in (tmp_path / "vars" / "m.yml").read_text(), "nobody knows where it came from"


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


def put(tmp_path: Path, name: str, body: bytes) -> Path:
    path = tmp_path / "mirror" / name / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def tar(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, body in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(body), 0o755
            archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


IMAGE = tar(("manifest.json", json.dumps([{"Config": "abc.json", "RepoTags": ["calico/node:v2.6.12"]}]).encode()))


@pytest.mark.parametrize(
    ("body", "more", "words"),
    [
        (gzip.compress(DATA), {}, "it begins with b'\\x1f\\x8b\\x08\\x00' and not as an ELF file"),
        (b"Bandwidth limit exceeded", {}, "is not the executable tool"),
        (tar(("other", DATA)), {"member": "etcd/etcd"}, "has no file etcd/etcd"),
        (tar(("etcd/etcd", b"#!/bin/sh")), {"member": "etcd/etcd"}, "is not the executable etcd/etcd"),
        (DATA, {"member": "etcd/etcd"}, "is not a readable tar.gz or zip archive"),
        (IMAGE, {"image": "calico/node:v2.6.6"}, "does not hold the image calico/node:v2.6.6: it holds calico/node:v2.6.12"),
        (tar(("etcd/etcd", DATA)), {"image": "calico/node:v2.6.6"}, "is not an archive of images"),
    ],
)
@pytest.mark.parametrize("lies_there", [True, False])
def test_what_is_something_else_is_never_written_down(call, tls_server, tmp_path: Path, body: bytes, more: dict, words: str, lies_there: bool) -> None:
    url, _digest = tls_server.serve("/tool", body)
    if lies_there:
        put(tmp_path, "tool", body)
    result = call({"name": "tool", "url": url, **more})
    assert result["failed"] and words in result["msg"]
    assert not (tmp_path / "vars" / "m.yml").exists() and (tmp_path / "mirror" / "tool" / "tool").exists() == lies_there


def test_what_the_server_compressed_is_written_down_as_what_it_is(call, tls_server, answer, tmp_path: Path) -> None:
    url, _digest = tls_server.serve("/calicoctl", answer(gzip.compress(DATA), coding="gzip"))
    done = call({"name": "calicoctl", "url": url}, {"name": "image", "optional": True})
    assert (tmp_path / "mirror" / "calicoctl" / "calicoctl").read_bytes() == DATA
    assert done["sums"] == {"calico_calicoctl_sha256": hashlib.sha256(DATA).hexdigest()}


def test_archives_and_images_are_looked_into(call, tls_server) -> None:
    etcd, _digest = tls_server.serve("/etcd.tar.gz", tar(("etcd/etcd", DATA)))
    image, _digest = tls_server.serve("/image.tar", IMAGE)
    assert len(call({"name": "etcd", "url": etcd, "member": "etcd/etcd"}, {"name": "node", "url": image, "image": "calico/node:v2.6.12"})["sums"]) == 2


def test_a_file_that_was_exchanged_in_the_directory_is_not_taken_for_the_one_that_was_fetched(call, tls_server, tmp_path: Path) -> None:
    url, _digest = tls_server.serve("/calicoctl", DATA)
    tool = {"name": "calicoctl", "url": url}
    call(tool)
    put(tmp_path, "calicoctl", DATA + b" with something added")
    result = call(tool)
    assert result["failed"] and f"was changed since it was fetched from {url}" in result["msg"]


def test_a_variables_file_of_the_operators_own_is_kept_and_he_is_told(call, tls_server, tmp_path: Path) -> None:
    url, _digest = tls_server.serve("/calicoctl", DATA)
    file = tmp_path / "vars" / "m.yml"
    file.parent.mkdir()
    own = artifact_manifest.HEADER + 'calico_calicoctl_sha256: "' + "0" * 64 + '"\ncalico_dcos_url: https://mine\n'
    file.write_text(own)
    done = call({"name": "calicoctl", "url": url})
    assert Path(done["backup_file"]).read_text() == own and "holds something that" in str(done["warnings"])
    file.write_text(artifact_manifest.HEADER + 'calico_calicoctl_sha256: "' + "0" * 64 + '"\n')
    assert "backup_file" not in call({"name": "calicoctl", "url": url})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works in the directory of somebody else")
def test_root_in_a_container_writes_for_whoever_mounted_the_directory(call, tls_server, tmp_path: Path) -> None:
    for name in ("mirror", "vars"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, 65534, -1)
    url, _digest = tls_server.serve("/calicoctl", DATA)
    call({"name": "calicoctl", "url": url, "path": "calicoctl"})
    assert {path.stat().st_uid for path in (tmp_path / "mirror" / "calicoctl", tmp_path / "vars" / "m.yml")} == {65534}


def test_the_manifest_says_of_which_release_it_is(call, tls_server, tmp_path: Path) -> None:
    """One that was written before is ours still, and is written again."""
    url, digest = tls_server.serve("/calicoctl", DATA)
    tool, file = {"name": "calicoctl", "url": url}, tmp_path / "vars" / "m.yml"
    call(tool)
    assert "calico_manifest_release" not in file.read_text()
    done = call(tool, release="2.6.12")
    assert done["changed"] and "backup_file" not in done and done["sums"] == {"calico_calicoctl_sha256": digest}
    assert yaml.safe_load(file.read_text()) == {"calico_manifest_release": "2.6.12", "calico_calicoctl_sha256": digest}
    assert not call(tool, release="2.6.12")["changed"] and "backup_file" not in call(tool, release="2.6.6")


def test_what_two_runs_at_once_fetched_is_noted_by_both(call, tls_server, tmp_path: Path, monkeypatch) -> None:
    """The second one begins while the first one fetches: it would read notes without what that fetches, and write them so."""
    tools = [{"name": name, "url": tls_server.serve(f"/{name}", DATA + name.encode())[0]} for name in ("calicoctl", "calico")]
    context = multiprocessing.get_context("fork")
    first_fetches, ended = context.Event(), context.Queue()

    def second() -> None:
        first_fetches.wait(60)
        ended.put(call(tools[1], file=str(tmp_path / "vars" / "second.yml"))["changed"])

    other = context.Process(target=second, daemon=True)
    other.start()
    fetch = artifact_manifest.fetch

    def slow(*arguments):
        first_fetches.set()
        other.join(1)
        return fetch(*arguments)

    monkeypatch.setattr(artifact_manifest, "fetch", slow)
    assert call(tools[0])["changed"] and ended.get(timeout=60) is True
    other.join(60)
    notes = json.loads((tmp_path / "mirror" / artifact_manifest.NOTES).read_text())
    assert sorted(notes) == ["calico/calico", "calicoctl/calicoctl"]
    assert os.listdir(tmp_path / "mirror") and not [path for path in (tmp_path / "mirror").iterdir() if "lock" in path.name]
