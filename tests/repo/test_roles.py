"""Roles: their defaults, their argument_specs and their READMEs say the same, and every name is the collection's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import role_docs
import yaml
from layout import ROOT

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
PREFIXES = ("calico_", "__calico_")
TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "dict": (dict,),
    "float": (float, int),
    "int": (int,),
    "list": (list,),
    "path": (str,),
    "raw": (object,),
    "str": (str,),
}


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None


def _own(role: str, kind: str) -> Path:
    """Its variables; main/ has them beside links to those of other roles."""
    directory = ROOT / "roles" / role / kind
    return directory / "main" / "main.yml" if (directory / "main").is_dir() else directory / "main.yml"


def _defaults(role: str) -> dict[str, Any]:
    return _yaml(_own(role, "defaults")) or {}


def _specs(role: str) -> dict[str, Any]:
    return dict(_yaml(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"])


def _options(role: str) -> dict[str, dict[str, Any]]:
    """The variables of all entry points; where two have one, they must agree."""
    found: dict[str, dict[str, Any]] = {}
    for spec in _specs(role).values():
        for name, option in (spec.get("options") or {}).items():
            assert found.setdefault(name, option) == option, f"{name} differs between entry points"
    return found


def _is_templated(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


def _wrong_type(option: dict[str, Any], value: Any) -> bool:
    """Whether a literal is not of its option's type, by YAML's own typing: "yes" is no bool and true is no int."""
    if _is_templated(value):
        return False
    kind = option.get("type", "str")
    if isinstance(value, bool) and kind not in ("bool", "raw"):
        return True
    if not isinstance(value, TYPES[kind]):
        return True
    return any(_wrong_type({"type": option["elements"]}, item) for item in value) if "elements" in option else False


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_of_the_specs(role: str) -> None:
    specified = {name: option["default"] for name, option in _options(role).items() if "default" in option}
    assert _defaults(role) == specified


@pytest.mark.parametrize("role", ROLES)
def test_every_default_is_specified(role: str) -> None:
    assert not set(_defaults(role)) - set(_options(role))


@pytest.mark.parametrize("role", ROLES)
def test_defaults_have_their_types(role: str) -> None:
    defaults = _defaults(role)
    assert not [
        name for name, option in _options(role).items() if name in defaults and _wrong_type(option, defaults[name])
    ]


@pytest.mark.parametrize("role", ROLES)
def test_no_default_is_a_dict(role: str) -> None:
    """With hash_behaviour=merge a dict could not be emptied by who sets it."""
    assert not [name for name, value in _defaults(role).items() if isinstance(value, dict)]


@pytest.mark.parametrize("role", ROLES)
def test_names_have_the_prefix(role: str) -> None:
    names = {*_options(role), *_defaults(role), *(_yaml(_own(role, "vars")) or {})}
    assert not [name for name in sorted(names) if not name.startswith(PREFIXES)]


@pytest.mark.parametrize("role", ROLES)
def test_links_are_to_all_variables_of_another_role(role: str) -> None:
    """What one role reads of another it has whole: defaults and vars, by links of that role's name and within the collection."""
    links: dict[str, dict[str, str]] = {kind: {} for kind in ("defaults", "vars")}
    for kind, found in links.items():
        for path in (ROOT / "roles" / role / kind).rglob("*"):
            if path.is_symlink():
                found[path.stem] = str(path.readlink())
    assert links["defaults"].keys() == links["vars"].keys()
    for kind, found in links.items():
        assert found == {name: f"../../../{name}/{kind}/main.yml" for name in found if _own(name, kind).is_file()}


def test_a_variable_has_one_default() -> None:
    """Two roles that give one variable a default could give it two."""
    owners: dict[str, list[str]] = {}
    for role in ROLES:
        for name in _defaults(role):
            owners.setdefault(name, []).append(role)
    assert not {name: roles for name, roles in owners.items() if len(roles) > 1}


@pytest.mark.parametrize("role", ROLES)
def test_readme_is_that_of_the_specs(role: str) -> None:
    """Run python3 tools/role_docs.py after a change of argument_specs.yml."""
    readme = ROOT / "roles" / role / "README.md"
    assert readme.read_text(encoding="utf-8") == role_docs.render(role, _specs(role))


def _registered(tasks: Any) -> set[str]:
    """Names that tasks set: by register and by set_fact."""
    names: set[str] = set()
    for task in tasks or []:
        for block in ("block", "rescue", "always"):
            names |= _registered(task.get(block))
        if "register" in task:
            names.add(task["register"])
        for action in ("ansible.builtin.set_fact", "set_fact"):
            names.update(key for key in task.get(action) or {} if key != "cacheable")
    return names


@pytest.mark.parametrize("role", ROLES)
def test_registered_names_have_the_prefix(role: str) -> None:
    names = {name for path in (ROOT / "roles" / role / "tasks").glob("*.yml") for name in _registered(_yaml(path))}
    assert not [name for name in sorted(names) if not name.startswith(PREFIXES)]
