# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of one host among those of all.

Core makes all variables of a host each time it is asked for them, and walks through a whole value to look for templates. What a run registers of a host has
hundreds of values, so that these walks were most of what the tasks did that look at all hosts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MARKS = ("{{", "{%", "{#")


class OfHost(Mapping[str, Any]):
    """Variables of a host, made once. A value without a template is given as it is; any other is core's to template."""

    def __init__(self, hostvars: Any, host: str) -> None:
        self._hostvars, self._host = hostvars, host
        self._raw: Mapping[str, Any] = hostvars.raw_get(host) if hasattr(hostvars, "raw_get") else hostvars[host]

    def __getitem__(self, name: str) -> Any:
        value = self._raw[name]
        return value if _is_plain(value) else self._hostvars[self._host][name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


def of_host(hostvars: Any, host: str) -> Mapping[str, Any]:
    """The variables of one host; none where there is no such host.

    :param hostvars: C(hostvars), or a mapping of hosts to variables.
    """
    return OfHost(hostvars, host) if host in hostvars else {}


def _is_plain(value: Any) -> bool:
    """Whether a template gives a value as it is. What is of another type than data's, as a text in a vault, is not."""
    if isinstance(value, str):
        return not any(mark in value for mark in MARKS)
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float))
