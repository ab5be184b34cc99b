"""What may stand in the repository's files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from layout import ROOT

MOST_LINES = 800
CODE = (".py", ".sh", ".yml", ".yaml", ".j2", ".toml")
LARGEST = 1024 * 1024
# Split, so that this file does not name them itself.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (("pypi", "org"), ("pythonhosted", "org"), ("deb", "debian", "org"), ("registry", "npmjs", "org"))
)
APT_SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d")
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
FORWARDING = re.compile(r"ForwardAgent|ssh -\w*A\b|agent_forwarding")
PRODUCT = ("ansible.cfg", "plugins/", "roles/", "playbooks/", "tests/lab/")
TOO_COMMON = {Path("/"), Path("/home"), Path("/root"), Path("/tmp"), Path("/var/tmp"), Path("/srv"), Path("/opt")}


def _registries_of_this_machine() -> set[str]:
    """The hosts that pip and apt are configured for here."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, timeout=60, check=False
    ).stdout
    for source in map(Path, APT_SOURCES):
        files = sorted(source.iterdir()) if source.is_dir() else [source]
        said += "".join(file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file())
    hosts = set(re.findall(r"https?://([A-Za-z0-9.-]+)", said))
    return {host for host in hosts if not host.startswith(("localhost", "127."))}


def _naming(texts: dict[str, str], words: set[str]) -> list[str]:
    return [f"{name}: {word}" for name, text in texts.items() for word in sorted(words) if word in text]


def test_no_path_of_this_machine(texts: dict[str, str]) -> None:
    words = {f"{ROOT}/", f"{Path.home()}/."}
    if ROOT.parent not in TOO_COMMON:
        words.add(f"{ROOT.parent}/")
    assert not _naming(texts, words)


def test_no_registry_is_named(texts: dict[str, str]) -> None:
    assert not _naming(texts, _registries_of_this_machine() | set(REGISTRIES)), (
        "name packages, not where they come from"
    )


def test_links_lead_to_files(texts: dict[str, str]) -> None:
    pages = {name: LINK.findall(text) for name, text in texts.items() if name.endswith(".md")}
    assert not [
        f"{name}: {link}"
        for name, links in pages.items()
        for link in links
        if "://" not in link and not (ROOT / name).parent.joinpath(link).exists()
    ]


def test_no_agent_of_ssh_is_forwarded(texts: dict[str, str]) -> None:
    """`ssh -A`, as one of the guides has it, hands the operator's keys to every host on the way."""
    assert not [name for name, text in texts.items() if name.startswith(PRODUCT) and FORWARDING.search(text)]


def test_no_large_file(texts: dict[str, str]) -> None:
    assert not [name for name in texts if (ROOT / name).stat().st_size > LARGEST]


def test_no_code_file_is_too_long_to_read(texts: dict[str, str]) -> None:
    long = [name for name, text in texts.items() if name.endswith(CODE) and text.count("\n") > MOST_LINES]
    assert not long, "what is not read together does not stand together"


def test_unit_test_directories_are_packages(texts: dict[str, str]) -> None:
    """Test files of one name in two directories collide on old Pythons otherwise."""
    tests = {Path(name).parent for name in texts if re.match(r"tests/unit/.*/test_\w+\.py$", name)}
    missing = [str(directory) for directory in tests if texts.get(f"{directory}/__init__.py") != ""]
    assert not missing, "each needs an empty __init__.py"
