"""Comparisons for records of the plugins' work that have the kernel's or Go's own details in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness import Record, Rig
from harness.host import Result

_INSIDE = (
    (re.compile(r"^\d+: ", re.MULTILINE), "N: "),
    (re.compile(r"@if\d+"), "@ifN"),
    (re.compile(r"inet6 fe80::\S+ scope link( tentative)? ?"), "inet6 <link-local>"),
    (re.compile(r" qlen 1000"), ""),
    (re.compile(r" +$", re.MULTILINE), ""),
)
_LINK = re.compile(
    r"^\d+: (cali\S*?)@if\d+: <(\S+)> mtu (\d+) .*?\n\s+link/ether (\S+) .*link-netns (\S+)", re.MULTILINE
)
_IFINDEX = re.compile(r"Ifindex: \d+")
_INFO = "[INFO]"
# Lines that the real plugin fills with Go's view of its own memory.
_SHOWN = (
    "Extracted identifiers",
    "Auto-assign 1 ipv4",
    "Auto-assigned 1 out of 1",
    "Networked namespace",
    "Wrote endpoint",
)


def inside_namespace(rig: Rig, record: Record, result: Result) -> None:
    """Addresses and routes in a container, without interface numbers."""

    def plain(text: str) -> str:
        for pattern, new in _INSIDE:
            text = pattern.sub(new, text)
        return text

    assert result.exit_code == record.exit_code
    rig.compare_output(plain(record.stdout), plain(result.stdout))


def host_side(rig: Rig, record: Record, result: Result) -> None:
    """The host's ends: their links, routes and sysctls."""
    assert result.exit_code == record.exit_code
    expected = [rig.blocks.recorded(rig.substitution.text(line)) for line in _host_lines(record.stdout)]
    actual = [rig.blocks.actual(line) for line in _host_lines(result.stdout)]
    rig.compare_output("\n".join(sorted(expected)), "\n".join(sorted(actual)))


def _host_lines(text: str) -> Iterator[str]:
    for match in _LINK.finditer(text):
        name, flags, mtu, mac, netns = match.groups()
        yield f"link {name} {flags} mtu {mtu} {'calico mac' if mac == 'ee:ee:ee:ee:ee:ee' else mac} {netns}"
    for line in text.splitlines():
        if " dev cali" in line or line.startswith("/proc/sys/net/ipv4/conf/cali"):
            yield line.strip()


def table(rig: Rig, record: Record, result: Result) -> None:
    """A table with addresses in it, whose length is their own affair."""
    assert result.exit_code == record.exit_code
    rig.compare_output("\n".join(_words(record.stdout)), "\n".join(_words(result.stdout)))


def _words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def without_interface_numbers(rig: Rig, record: Record, result: Result) -> None:
    """An error that names an interface by its number."""
    assert result.exit_code == record.exit_code
    rig.compare_output(_IFINDEX.sub("Ifindex: N", record.stdout), _IFINDEX.sub("Ifindex: N", result.stdout))
    rig.compare_output(record.stderr, result.stderr)


def without_info_lines(rig: Rig, record: Record, result: Result) -> None:
    """A run that logs at level info: what it says besides, and that the important lines are there."""

    def plain(text: str) -> str:
        return "\n".join(line for line in text.splitlines() if _INFO not in line)

    rig.blocks.learn(rig.keys())
    assert result.exit_code == record.exit_code
    rig.compare_output(record.stdout, result.stdout)
    rig.compare_output(plain(record.stderr), plain(result.stderr))
    for words in _SHOWN:
        assert words in record.stderr and words in result.stderr
