"""Links of the pages lead somewhere: to a file of the checkout, and to a heading of it. Galaxy shows the README by itself, so it has whole addresses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from layout import ROOT

PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "roles").glob("*/README.md"),
    ]
)
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
REPOSITORY = GALAXY["repository"]
OURS = re.compile(rf"{re.escape(REPOSITORY)}/(?:blob|tree)/main/")


def links_of(text: str) -> list[str]:
    return [inline or named for inline, named in LINK.findall(FENCED.sub("", text))]


def anchors_of(text: str) -> set[str]:
    """Names by which a browser on the forge finds the headings."""
    headings = HEADING.findall(FENCED.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead(link: str, page: Path) -> bool:
    """Whether a link leads to a place of this repository that is not there."""
    path, _, anchor = link.partition("#")
    if OURS.match(path):
        target = ROOT / OURS.sub("", path)
    elif re.match(r"\w+:", link):
        return False
    else:
        target = page.parent / path if path else page
    if not target.exists():
        return True
    return bool(anchor) and anchor not in anchors_of(target.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_link_is_dead(page: Path) -> None:
    assert [link for link in links_of(page.read_text(encoding="utf-8")) if dead(link, page)] == []


def test_the_readme_has_whole_addresses() -> None:
    assert [link for link in links_of((ROOT / "README.md").read_text(encoding="utf-8")) if "://" not in link] == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent != ROOT], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_an_installed_page_has_whole_addresses_of_what_is_not_installed(page: Path) -> None:
    left_out = [(ROOT / name).resolve() for name in GALAXY["build_ignore"]]
    inside = [link for link in links_of(page.read_text(encoding="utf-8")) if not re.match(r"\w+:|#", link)]
    targets = {link: (page.parent / link.partition("#")[0]).resolve() for link in inside}
    assert [link for link, target in targets.items() if set(left_out) & {target, *target.parents}] == []


def test_a_dead_link_is_found() -> None:
    page = ROOT / "docs" / "install.md"
    assert dead("nowhere.md", page) and dead("#nowhere", page) and dead(f"{REPOSITORY}/blob/main/nowhere.md", page)
    assert not dead("etcd.md", page) and not dead("#run", page) and not dead("https://example.com/x", page)
