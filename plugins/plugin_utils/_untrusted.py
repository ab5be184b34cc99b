# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of others on the controller: no template, whatever stands in it, and nothing that a terminal obeys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible.utils.display import Display

from ansible_collections.dcos.calico.plugins.module_utils._untrusted import clean

try:
    from ansible.utils.unsafe_proxy import wrap_var
except ImportError:
    # cores from 2.19 on take no text for a template that is not marked as one, and are to lose this module
    def wrap_var(v: Any) -> Any:
        return v


try:
    from ansible.template import trust_as_template
except ImportError:

    def trust_as_template(value: str) -> str:
        return value


# Text that is neither a template nor an expression, such as an address, an id or a version.
PLAIN = re.compile(r"[A-Za-z0-9_.:/@-]*")
# How much of one text becomes a variable. Mesos' attributes and Marathon's labels are far shorter.
MOST_KEPT = 64 * 1024


def as_data(value: Any) -> Any:
    """A value of others for a variable, so that no core takes any text in it for a template or an expression.

    Plain text needs no mark, and gets none: cores print what is marked as an object, C({"__ansible_unsafe": ...}), which AWX would take for the value.
    """
    if isinstance(value, Mapping):
        return {as_data(key): as_data(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_data(part) for part in value]
    if isinstance(value, str):
        text = clean(value, MOST_KEPT)
        return trust_as_template(text) if PLAIN.fullmatch(text) else wrap_var(text)
    return value


def own(template: str) -> str:
    """A template that stands in the code of this collection, which newer cores take for one only when told so."""
    return trust_as_template(template)


def told(result: dict[str, Any]) -> dict[str, Any]:
    """An action's validation, whose sentences quote others, as a terminal may have it."""
    return {key: _clean(value) for key, value in result.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {_clean(key): _clean(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(part) for part in value]
    return clean(value) if isinstance(value, str) else value


def show(*lines: str) -> None:
    """Lines for whoever watches the run."""
    for line in lines:
        Display().display(clean(line))
