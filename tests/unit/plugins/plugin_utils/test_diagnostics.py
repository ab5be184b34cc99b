from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._redact import HIDDEN, Redactor
from ansible_collections.dcos.calico.plugins.plugin_utils import _diagnostics
from ansible_collections.dcos.calico.plugins.plugin_utils._diagnostics import Entry

GOOD = {"name": "logs/felix.log", "text": "x\n", "note": "", "seconds": 0.5}


def entries(*said: Any, most: int = 1 << 20) -> list[Entry]:
    return _diagnostics.entries_of(_backup.pack(list(said)), most, Redactor(["hunter2-hunter2"]))


def test_what_a_host_has_said_becomes_entries_in_the_order_of_their_names() -> None:
    other = {"name": "cni/01.txt", "text": "", "note": "  cut:\nthe last ", "seconds": "x"}
    assert entries(GOOD, other) == [
        Entry("cni/01.txt", "", "cut: the last", 0.0),
        Entry("logs/felix.log", "x\n", "", 0.5),
    ]


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "logs/../x",
     "logs/.x", "x", "index.txt", "logs/a b", "logs/a\n", "logs/" + "a" * 200, "a/b/c/d", "logs/-x", "LOGS/x", "", 7, "logs/é"],
)  # fmt: skip
def test_a_host_names_nothing(name: Any) -> None:
    with pytest.raises(CalicoError, match="no entry of a bundle"):
        entries({**GOOD, "name": name})


@pytest.mark.parametrize("said", [7, [], {"name": "logs/x"}, {**GOOD, "text": 7}, {**GOOD, "note": None}])
def test_entries_of_another_shape(said: Any) -> None:
    with pytest.raises(CalicoError):
        entries(said)


@pytest.mark.parametrize(
    "content", [None, "x", _backup.pack({}), _backup.pack([GOOD, GOOD]), _backup.pack([GOOD] * 500)]
)
def test_what_is_no_answer(content: Any) -> None:
    with pytest.raises(CalicoError):
        _diagnostics.entries_of(content, 1 << 20, Redactor())


def test_there_are_not_more_entries_than_there_may_be() -> None:
    many = [{**GOOD, "name": f"logs/{number}"} for number in range(_diagnostics.MOST_ENTRIES + 1)]
    assert len(entries(*many[1:])) == _diagnostics.MOST_ENTRIES
    with pytest.raises(CalicoError, match="with entries of a bundle"):
        entries(*many)


def test_a_host_that_says_more_than_it_was_asked_for() -> None:
    found = entries({**GOOD, "text": "x" * 100}, {**GOOD, "name": "logs/z", "text": "y"}, most=50)
    assert [entry.text for entry in found][0] == "" and "said more" in found[0].note
    with pytest.raises(CalicoError, match="more than"):
        entries({**GOOD, "text": "x" * (3 << 20)}, most=50)


def test_signs_and_secrets_of_the_run_are_taken_out_again() -> None:
    [entry] = entries({**GOOD, "text": "\x1b[2Jhunter2-hunter2\n", "note": "hunter2-hunter2"})
    assert entry.text == f"\\x1b[2J{HIDDEN}\n" and entry.note == HIDDEN


@pytest.mark.parametrize(
    ("host", "others", "expected"),
    [
        ("agent1", ["agent1", "agent2"], "host-agent1.tar.gz"),
        ("10.0.0.1", ["10.0.0.1"], "host-10.0.0.1.tar.gz"),
        ("a/../b", ["a/../b"], "host-a_.._b-"),
        ("a_b", ["a_b", "a/b"], "host-a_b-"),
        ("x" * 300, [], "host-" + "x" * 80 + "-"),
    ],
)
def test_names_of_bundles(host: str, others: list[str], expected: str) -> None:
    found = _diagnostics.file_name(host, others)
    assert found.startswith(expected) and found.endswith(".tar.gz") and "/" not in found


def test_hosts_that_would_share_a_name_do_not() -> None:
    hosts = ["a_b", "a/b", "a b"]
    assert len({_diagnostics.file_name(host, hosts) for host in hosts}) == 3


@pytest.mark.parametrize(
    ("size", "every", "hosts", "expected"),
    [(100, 1000, 3, 100), (100, 1000, 99, 10), (100, 1, 9, 1), (1000, 1000, 5, 166)],
)
def test_the_part_of_a_host(size: int, every: int, hosts: int, expected: int) -> None:
    assert _diagnostics.share(size, every, hosts) == expected


def test_an_archive_is_for_its_owner_and_the_same_for_the_same(tmp_path: Path) -> None:
    found = [Entry("index.txt", "é\n"), Entry("logs/a", "x", "cut", 1.0)]
    packed = _diagnostics.archive(found, "host-a", 1764000000)
    assert packed == _diagnostics.archive(found, "host-a", 1764000000)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = archive.getmembers()
        assert [(item.name, item.mode, item.uid, item.mtime) for item in members] == [
            ("host-a/index.txt", 0o600, 0, 1764000000),
            ("host-a/logs/a", 0o600, 0, 1764000000),
        ]
    path = tmp_path / "b.tar.gz"
    _diagnostics.write(str(path), packed)
    assert path.stat().st_mode & 0o777 == 0o600 and os.listdir(tmp_path) == ["b.tar.gz"]
    assert _diagnostics.read(str(path)) == [Entry("logs/a", "x")] and _diagnostics.read(str(tmp_path / "none")) == []


def test_the_index_says_what_is_in_it_and_what_is_not() -> None:
    text = _diagnostics.index(
        [Entry("logs/a", "xé", "cut: the last", 1.5)], "a\x1b", "now", "0.1.0", "a run", ["A line"]
    ).text
    assert "Diagnostics of a\\x1b, made now by dcos.calico 0.1.0 (a run)." in text and "\nA line\n" in text
    assert text.endswith("        3     1.50  logs/a  (cut: the last)\n")


def test_directories_are_made_for_their_owner(tmp_path: Path) -> None:
    path = Path(_diagnostics.make_directory(str(tmp_path / "new"), "run"))
    assert path == tmp_path / "new" / "run" and {each.stat().st_mode & 0o777 for each in (path, path.parent)} == {0o700}
    for parent, words in (
        ("", "No directory is named"),
        (str(tmp_path / "new"), "could not be made in .*new: File exists"),
        (str(tmp_path / "a" / "b"), "could not be made"),
    ):
        with pytest.raises(CalicoError, match=words):
            _diagnostics.make_directory(parent, "run")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(CalicoError, match="could not be written"):
        _diagnostics.write(str(tmp_path / "none" / "x"), b"x")
