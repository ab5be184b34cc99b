"""What the first task of every playbook knows of variables is all that there are."""

from __future__ import annotations

import ast
import re

import yaml
from layout import ROOT

YAML = sorted([*(ROOT / "roles").rglob("tasks/*.yml"), *(ROOT / "playbooks").rglob("*.yml")])


def constant(name: str) -> set[str]:
    """A tuple of _variables.py."""
    tree = ast.parse((ROOT / "plugins" / "plugin_utils" / "_variables.py").read_text(encoding="utf-8"))
    return next(
        set(ast.literal_eval(node.value))
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name
    )


def made() -> set[str]:
    """What tasks register and set."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in YAML)
    facts = re.findall(r"set_fact:\n((?:\s+calico_\w+:.*\n)+)", text)
    return set(re.findall(r"register: (calico_\w+)", text)) | {
        name for block in facts for name in re.findall(r"(calico_\w+):", block)
    }


def test_what_a_run_makes_is_known() -> None:
    options = {
        name
        for file in (ROOT / "roles").glob("*/meta/argument_specs.yml")
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["argument_specs"].values()
        for name in entry.get("options") or {}
    }
    # an option that is found out in a run, as dcos.calico.adopt does, is known as an option
    assert made() - constant("REGISTERED") - options == set()
    assert constant("REGISTERED") & options == set()


def test_every_internal_variable_that_is_used_is_given_somewhere() -> None:
    """One that nobody gives is undefined only on the way that uses it, which may be a rare one."""
    texts = {
        path: path.read_text(encoding="utf-8")
        for part in ("roles", "playbooks")
        for path in (ROOT / part).rglob("*.yml")
    }
    used = {
        name: path.relative_to(ROOT).as_posix()
        for path, text in texts.items()
        for name in re.findall(r"\b__calico_\w+", text)
    }
    given = {
        name
        for text in texts.values()
        for name in re.findall(r'^\s*(?:- )?(?:loop_var: |)"?(__calico_\w+)"?(?::|$)', text, re.MULTILINE)
    }
    assert len(given) > 20
    assert {name: file for name, file in used.items() if name not in given} == {}
