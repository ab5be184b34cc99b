"""Packages that tests need of Debian: what is asked of apt, and what is said where it cannot be had."""

from __future__ import annotations

import os
from pathlib import Path

import debian
import pytest

# Notes what it is asked for; installs only what an update has told it of, and nothing of the name `none`.
APT_GET = """#!/bin/sh
echo "$@" >> "{0}/asked"
case "$*" in
  *update) touch "{0}/updated";;
  *none*) echo "E: Unable to locate package none"; exit 100;;
  *) [ -e "{0}/updated" ] || exit 100; touch "{0}/iptables"; chmod 755 "{0}/iptables";;
esac
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What apt-get was asked for, on a machine that has nothing else."""
    (tmp_path / "apt-get").write_text(APT_GET.format(tmp_path), encoding="utf-8")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setattr(debian, "SBIN", ())
    monkeypatch.setattr(debian, "BUILD", tmp_path / "build")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(
        debian.shutil, "which", lambda name, path=None: str(tmp_path / name) if (tmp_path / name).exists() else None
    )
    return tmp_path / "asked"


def test_a_program_is_installed_once_after_a_look_at_what_there_is(asked: Path) -> None:
    debian.ensure(["iptables"])
    first = asked.read_text(encoding="utf-8").splitlines()
    assert [line.split("-q ")[1] for line in first] == [
        "install -y --no-install-recommends iptables",
        "update",
        "install -y --no-install-recommends iptables",
    ]
    debian.ensure(["iptables"])
    assert asked.read_text(encoding="utf-8").splitlines() == first


def test_what_apt_does_not_have_is_told_with_its_words(asked: Path) -> None:
    with pytest.raises(debian.NotInstalled, match=r"apt-get install none ended with 100:\nE: Unable to locate"):
        debian.ensure(["none"])


def test_an_apt_that_does_not_end_is_told(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (asked.parent / "apt-get").write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    monkeypatch.setattr(debian, "SECONDS", 0.2)
    with pytest.raises(debian.NotInstalled, match="did not end within 0.2 seconds; please install iptables"):
        debian.ensure(["iptables"])


def test_without_apt_it_is_told_what_to_install(asked: Path) -> None:
    (asked.parent / "apt-get").unlink()
    with pytest.raises(debian.NotInstalled, match="please install iptables"):
        debian.ensure(["iptables"])


def test_who_is_not_root_gets_nothing(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor an error: a stage runs, and tests that need root are skipped."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    debian.ensure(["iptables"])
    assert not asked.exists()
