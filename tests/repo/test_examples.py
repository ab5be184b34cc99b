"""Examples that an operator copies: those of modules pass the module's own argument spec, those of the docs use variables that roles know."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import setup
import yaml
from ansible.module_utils import basic
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.playbook.task import Task
from layout import COLLECTIONS, ROOT
from test_roles import ROLES, _options, _wrong_type

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
PREFIX = "dcos.calico."
KEYWORDS = set(Task.fattributes)
# What AnsibleModule takes beside the spec, that says which options go together.
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").glob("*/README.md")])
PLACEHOLDERS: dict[str, Any] = {
    "bool": True,
    "dict": {},
    "float": 1.5,
    "int": 1,
    "list": [],
    "path": "/x",
    "raw": "x",
    "str": "x",
}


class Specified(Exception):
    """Ends a module's main() when it has said what it takes."""


def imported(name: str) -> Any:
    """A file of the collection as ansible-core imports it."""
    setup.link_collection()
    if str(COLLECTIONS) not in sys.path:
        sys.path.insert(0, str(COLLECTIONS))
    return importlib.import_module(f"ansible_collections.dcos.calico.{name}")


def module(name: str) -> Any:
    return imported(f"plugins.modules.{name}")


def documented_spec(options: dict[str, Any]) -> dict[str, Any]:
    """An argument spec out of documented options, for a module that is only the documentation of an action plugin."""
    spec = {}
    for name, option in options.items():
        spec[name] = {
            key: value for key, value in option.items() if key in ("type", "elements", "required", "default", "choices")
        }
        if "suboptions" in option:
            spec[name]["options"] = documented_spec(option["suboptions"])
    return spec


def fragment_options(documentation: dict[str, Any]) -> dict[str, Any]:
    """Options that a module's documentation takes from fragments of ours."""
    found: dict[str, Any] = {}
    for fragment in documentation.get("extends_documentation_fragment", []):
        file, _, variant = fragment.removeprefix(PREFIX).partition(".")
        code = importlib.import_module(f"ansible_collections.dcos.calico.plugins.doc_fragments.{file}")
        found.update(
            yaml.safe_load(getattr(code.ModuleDocFragment, variant.upper() or "DOCUMENTATION")).get("options") or {}
        )
    return found


def arguments_of(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a module hands to AnsibleModule."""
    found: dict[str, Any] = {}

    def init(self: basic.AnsibleModule, argument_spec: dict[str, Any], **more: Any) -> None:
        found.update(more, argument_spec=argument_spec)
        raise Specified

    code = module(name)
    if not hasattr(code, "main"):
        documentation = yaml.safe_load(code.DOCUMENTATION)
        return {"argument_spec": documented_spec({**fragment_options(documentation), **documentation["options"]})}
    with monkeypatch.context() as patched, pytest.raises(Specified):
        patched.setattr(basic.AnsibleModule, "__init__", init)
        code.main()
    return found


def filled(value: Any, option: dict[str, Any]) -> Any:
    """A value with something of the right type for each part that is templated."""
    if isinstance(value, str) and "{{" in value:
        return option["choices"][0] if "choices" in option else PLACEHOLDERS[option.get("type", "str")]
    if isinstance(value, list):
        return [filled(item, {**option, "type": option.get("elements", "str")}) for item in value]
    if isinstance(value, dict):
        inner = option.get("options") or {}
        return {key: filled(item, inner.get(key, {})) for key, item in value.items()}
    return value


def actions_of(task: dict[str, Any]) -> list[str]:
    return [key for key in task if key not in KEYWORDS and not key.startswith("with_")]


def tasks_of(tasks: Any) -> list[dict[str, Any]]:
    """All tasks, those of blocks and plays too."""
    found = []
    for task in tasks or []:
        inner = [
            item
            for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers")
            for item in tasks_of(task.get(key))
        ]
        found += inner or [task]
    return found


def faults_of_task(task: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is wrong with a task of an example."""
    actions = actions_of(task)
    if len(actions) != 1 or not task.get("name"):
        return [f"not a named task with one action: {task}"]
    name = actions[0]
    if not name.startswith(PREFIX):
        return [] if re.fullmatch(r"ansible\.builtin\.\w+", name) else [f"{name} is not the whole name of an action"]
    if name.removeprefix(PREFIX) not in MODULES:
        return [f"there is no module {name}"]
    arguments = arguments_of(name.removeprefix(PREFIX), monkeypatch)
    spec = arguments["argument_spec"]
    values = {key: filled(value, spec.get(key, {})) for key, value in (task[name] or {}).items()}
    rules = {rule: arguments[rule] for rule in RULES if rule in arguments}
    return [
        f"{task['name']}: {words}" for words in ArgumentSpecValidator(spec, **rules).validate(values).error_messages
    ]


@pytest.mark.parametrize("name", MODULES)
def test_examples_pass_the_argument_spec(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = tasks_of(yaml.safe_load(module(name).EXAMPLES))
    assert any(f"{PREFIX}{name}" in task for task in tasks), "no example of itself"
    assert [fault for task in tasks for fault in faults_of_task(task, monkeypatch)] == []


def blocks_of(path: Path) -> list[Any]:
    """The YAML of a page's fenced blocks."""
    return [
        yaml.safe_load(text)
        for text in re.findall(r"^```ya?ml\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    ]


OPTIONS = {name: option for role in ROLES for name, option in _options(role).items()}


def faults_of_variables(values: dict[str, Any]) -> list[str]:
    """Variables of ours that no role knows, or that are of another type."""
    ours = {name: value for name, value in values.items() if name.startswith("calico_")}
    unknown = [f"{name} is no variable of a role" for name in ours if name not in OPTIONS]
    return unknown + [
        f"{name} is of another type"
        for name, value in ours.items()
        if name in OPTIONS and _wrong_type(OPTIONS[name], value)
    ]


def variables_of(block: Any) -> list[dict[str, Any]]:
    """Every dict of variables in a block: itself, and the vars of plays, tasks, groups and hosts at any depth."""
    if isinstance(block, list):
        return [found for item in block for found in variables_of(item)]
    if not isinstance(block, dict):
        return []
    return [block] + [
        found for key, item in block.items() if not key.startswith("calico_") for found in variables_of(item)
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_examples_of_pages_use_what_there_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = []
    for block in blocks_of(path):
        faults += [fault for values in variables_of(block) for fault in faults_of_variables(values)]
        tasks = tasks_of(block) if isinstance(block, list) else []
        faults += [
            fault
            for task in tasks
            if any(key.startswith(PREFIX) for key in task)
            for fault in faults_of_task(task, monkeypatch)
        ]
    assert faults == []


def test_what_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself: an unknown option, a missing one, a wrong choice, a short name."""
    wrong = [
        ({"name": "60-calico", "setting": []}, "Supported parameters include"),
        ({"settings": []}, "missing required arguments: name"),
        ({"name": "60-calico", "state": "gone"}, "value of state must be one of"),
        ({"name": "60-calico", "settings": [{"key": "a.b"}]}, "missing required arguments: value"),
    ]
    for arguments, words in wrong:
        assert words in str(faults_of_task({"name": "X", "dcos.calico.sysctl": arguments}, monkeypatch))
    assert faults_of_task({"name": "X", "sysctl": {}}, monkeypatch) and faults_of_task(
        {"name": "X", "dcos.calico.sysctls": {}}, monkeypatch
    )
    assert faults_of_variables({"calico_versoin": "2.6.6"}) and variables_of(
        [{"hosts": "all", "vars": {"calico_x": 1}}]
    )[1] == {"calico_x": 1}
