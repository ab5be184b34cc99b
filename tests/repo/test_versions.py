"""The same versions everywhere."""

from __future__ import annotations

import re

import venvs
import yaml
from layout import REQUIREMENTS, ROOT

GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
RUNTIME = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))


def _core(venv: str) -> str:
    """The ansible-core of an environment, as major.minor."""
    found = re.search(
        r"^ansible-core~=(\d+\.\d+)",
        (REQUIREMENTS / venvs.VENVS[venv].requirements).read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert found
    return found.group(1)


def test_the_lowest_core_is_stated_once() -> None:
    assert re.fullmatch(r">=\d+\.\d+\.\d+", RUNTIME["requires_ansible"])


def test_environments_agree_on_the_main_core() -> None:
    assert _core("2.16") == _core("alone") == _core("molecule") == "2.16"
    assert _core("new") == _core("lint")


def test_changelog_knows_the_version() -> None:
    """A version is released by antsibull-changelog, never by an edit of galaxy.yml alone."""
    changelog = ROOT / "changelogs" / "changelog.yaml"
    releases = yaml.safe_load(changelog.read_text(encoding="utf-8"))["releases"] if changelog.is_file() else {}
    fragments = [path for path in (ROOT / "changelogs" / "fragments").glob("*.y*ml")]
    assert GALAXY["version"] in releases or fragments, "neither a release nor fragments for the next one"
