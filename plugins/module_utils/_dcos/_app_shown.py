# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of an app's definition, and of what differs: no secret of its environment. Pure."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _packages
from ansible_collections.dcos.calico.plugins.module_utils._dcos._marathon_app import App, app_id, canonical
from ansible_collections.dcos.calico.plugins.module_utils._dcos._schema import Difference
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

OLD = f"{_packages.HIDDEN[:-1]}, old)"
ENV = "env."


def secret_env(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The option C(secret_env), by absolute id.

    :raises ValidationError: if it is not by ids.
    """
    wrong = sorted(str(name) for name, env in given.items() if not isinstance(env, Mapping))
    if wrong:
        raise ValidationError(f"secret_env has no names and values below {', '.join(wrong)}", None, "Write it as {/web: {PASSWORD: ...}}")
    return {app_id(str(name)): canonical({"env": dict(env)})["env"] for name, env in given.items()}


def secret_values(apps: Iterable[Mapping[str, Any]]) -> set[str]:
    """Values of environments whose names say that they are secret: Ansible shows arguments."""
    environments = [app["env"] for app in apps if isinstance(app.get("env"), Mapping)]
    return {value for env in environments for name, value in env.items() if isinstance(value, str) and value and _packages.is_secret((str(name),), ())}


def masked(app: Mapping[str, Any], secret: Collection[str] = ()) -> App:
    """A definition; C(secret) are names in its environment."""
    shown = dict(app)
    if isinstance(app.get("env"), dict):
        shown["env"] = _packages.masked(app["env"], [(name,) for name in secret])
    return shown


def sides(found: Iterable[Difference], secret: Collection[str] = ()) -> tuple[App, App]:
    """What differs, before and after; where both are hidden, that they differ."""
    before, after = {}, {}
    for one in found:
        hidden = _is_hidden(one, secret)
        before[one.option] = OLD if hidden else _visible(one.option, one.installed, secret)
        after[one.option] = _packages.HIDDEN if hidden and one.wanted is not None else _visible(one.option, one.wanted, secret)
    return before, after


def sentences(found: Iterable[Difference], secret: Collection[str] = ()) -> list[str]:
    """The same in words."""
    said = []
    for one in found:
        shown = one._replace(installed=_visible(one.option, one.installed, secret), wanted=_visible(one.option, one.wanted, secret))
        if _is_hidden(one, secret):
            said.append(f"{one.option} differs {_packages.HIDDEN}" if one.wanted is not None else f"{one.option} is set, and is not wanted")
        else:
            said += _packages.sentences([shown])
    return said


def _is_hidden(one: Difference, secret: Collection[str]) -> bool:
    """Whether neither value may be shown. Of an environment's variable that nobody names any more nobody can say whether it was secret."""
    name = one.option[len(ENV):]
    return one.option.startswith(ENV) and (name in secret or one.wanted is None or _packages.is_secret((name,), ()))


def _visible(option: str, value: Any, secret: Collection[str]) -> Any:
    """A value without secrets, where a whole environment differs."""
    return masked({"env": value}, secret)["env"] if option == "env" and isinstance(value, dict) else value
