"""What every module and plugin must have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import setup
import sides
import yaml
from layout import COLLECTIONS, ROOT

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
TESTED = ("modules", "inventory", "plugin_utils")
PLUGINS = sorted(
    path.relative_to(ROOT).as_posix()
    for kind in TESTED
    for path in (ROOT / "plugins" / kind).glob("*.py")
    if path.name != "__init__.py"
)
MUTATION = tomllib.loads((ROOT / "tools" / "mutation.toml").read_text(encoding="utf-8"))
TESTED_ELSEWHERE = {path: tests for one in MUTATION["set"] for path, tests in one.get("tests", {}).items()}
ATTRIBUTES = ("check_mode", "diff_mode", "idempotent")
NO_GROUP = (
    "adopt", "artifact_manifest", "bgp_sessions_check", "cloud_network", "cloud_preflight", "kubernetes_info", "kubernetes_objects",
    "kubernetes_preflight", "plan", "preflight", "status", "uninstall_plan", "upgrade", "variables", "verify", "verify_plan",
)  # fmt: skip
SUPPORT = ("full", "partial", "none", "N/A")
RUNTIME = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def documentation() -> dict[str, Any]:
    """ansible-doc's view of all modules, fragments merged."""
    setup.link_collection()
    names = [f"dcos.calico.{name}" for name in MODULES]
    argv = [str(Path(sys.executable).parent / "ansible-doc"), "--json", "--type", "module", *names]
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("path", PLUGINS)
def test_has_unit_tests(path: str) -> None:
    """A module that is only the documentation of an action plugin is tested with that, and a few files with another, as mutation.toml says."""
    code = "def main(" in (ROOT / path).read_text(encoding="utf-8") or "/modules/" not in path
    own = sides.unit_test_of(path if code else path.replace("/modules/", "/action/"))
    assert all((ROOT / test).is_file() for test in TESTED_ELSEWHERE.get(path, [own]))


@pytest.mark.parametrize("name", MODULES)
def test_says_what_modes_it_supports(documentation: dict[str, Any], name: str) -> None:
    attributes = documentation[f"dcos.calico.{name}"]["doc"].get("attributes", {})
    assert {key: attributes.get(key, {}).get("support") in SUPPORT for key in ATTRIBUTES} == dict.fromkeys(
        ATTRIBUTES, True
    )


@pytest.mark.parametrize("name", MODULES)
def test_documents_what_it_returns(documentation: dict[str, Any], name: str) -> None:
    documented = documentation[f"dcos.calico.{name}"]
    assert documented["return"] and documented["examples"]


def test_action_groups_hold_every_module() -> None:
    """By side, so that module_defaults can tell agents and the cluster's APIs different things; what asks neither is in no group."""
    grouped = [name for name in MODULES if name not in NO_GROUP]
    controller = [name for name in grouped if sides.is_controller_side(f"plugins/modules/{name}.py")]
    expected = {"agent": [name for name in grouped if name not in controller], "dcos": controller}
    assert {group: sorted(names) for group, names in RUNTIME["action_groups"].items()} == {
        group: names for group, names in expected.items() if names
    }


UNTRUSTED = "plugins/plugin_utils/_untrusted.py"


@pytest.mark.parametrize("word", ["Display()", "utils.display", "wrap_var", "trust_as_template"])
def test_what_others_say_goes_one_way_to_terminals_and_templates(word: str) -> None:
    """That way cleans it, and marks it as no template."""
    users = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "plugins").rglob("*.py")
        if word in path.read_text(encoding="utf-8")
    ]
    assert users == [UNTRUSTED]


@pytest.mark.parametrize("kind", ["action", "modules"])
def test_old_names_lead_to_new_ones(kind: str) -> None:
    """Both kinds, because core looks for the action of a task by the name that the task has."""
    routes = RUNTIME["plugin_routing"]
    assert routes["action"] == routes["modules"]
    for old, route in routes[kind].items():
        package, _dot, new = route["redirect"].rpartition(".")
        assert package == "dcos.calico" and old not in MODULES and (ROOT / "plugins" / kind / f"{new}.py").is_file()
        assert (
            route["deprecation"]["removal_version"] == "2.0.0"
            and route["redirect"] in route["deprecation"]["warning_text"]
        )
