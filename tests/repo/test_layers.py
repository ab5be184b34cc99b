"""Who imports whom in plugins/: downward only, by layers.toml."""

from __future__ import annotations

import ast
import fnmatch
import re
import tomllib
from pathlib import Path

import pytest
from layout import ROOT

PLUGINS = ROOT / "plugins"
PACKAGE = "ansible_collections.dcos.calico.plugins."
RULES = tomllib.loads(Path(__file__).with_name("layers.toml").read_text(encoding="utf-8"))
LAYERS = {layer["name"]: layer for layer in RULES["layer"]}
FILES = sorted(path.relative_to(PLUGINS).as_posix() for path in PLUGINS.rglob("*.py") if path.name != "__init__.py")


def layer_of(path: str) -> str | None:
    """The first layer that has a file."""
    return next(
        (name for name, layer in LAYERS.items() if any(fnmatch.fnmatchcase(path, glob) for glob in layer["files"])),
        None,
    )


def imports_of(path: str, text: str | None = None) -> set[str]:
    """The files of plugins/ that a file imports."""
    found = set()
    for node in ast.walk(ast.parse((PLUGINS / path).read_text(encoding="utf-8") if text is None else text)):
        names = [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name}" for name in names]
        for name in (name.removeprefix(PACKAGE) for name in names if name.startswith(PACKAGE)):
            own = name.replace(".", "/")
            found.add(next(f"{one}.py" for one in (own, own.rpartition("/")[0]) if (PLUGINS / f"{one}.py").is_file()))
    return found


def upward(path: str, imported: set[str]) -> list[str]:
    """What of a file's imports its layer may not have."""
    layer = LAYERS[str(layer_of(path))]
    allowed = {*layer["uses"], *([] if layer.get("alone") else [layer["name"]])}
    excepted = RULES["exceptions"].get(path, [])
    return sorted(one for one in imported if layer_of(one) not in allowed and one not in excepted)


@pytest.mark.parametrize("path", FILES)
def test_imports_point_downward(path: str) -> None:
    assert layer_of(path), "no layer of layers.toml has it"
    assert upward(path, imports_of(path)) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("module_utils/_errors.py", "module_utils._cni._rules"),
        ("module_utils/_calico/_resources.py", "module_utils._host._command"),
        ("module_utils/_host/_images.py", "module_utils._calico._runner"),
        ("module_utils/_host/_images.py", "module_utils._dcos._client"),
        ("module_utils/_calico/_runner.py", "module_utils._jobs._sysctl"),
        ("module_utils/_dcos/_client.py", "module_utils._host._command"),
        ("modules/sysctl.py", "module_utils._dcos._client"),
        ("modules/sysctl.py", "plugin_utils._findings"),
        ("plugin_utils/_findings.py", "module_utils._calico._runner"),
        ("plugin_utils/_findings.py", "action.preflight"),
        ("action/plan.py", "action.preflight"),
        ("action/plan.py", "module_utils._host._keys"),
    ],
)
def test_an_import_upward_is_found(path: str, name: str) -> None:
    package, _dot, member = name.rpartition(".")
    for text in (
        f"from {PACKAGE}{package} import {member}",
        f"from {PACKAGE}{name} import x",
        f"import {PACKAGE}{name}",
    ):
        assert upward(path, imports_of(path, text)) == [f"{name.replace('.', '/')}.py"]


def private_of_others(text: str) -> list[str]:
    """What a file takes of another file of plugins/ that is meant for that file alone."""
    tree = ast.parse(text)
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    froms = [node for node in froms if str(node.module).startswith(PACKAGE)]
    own = {alias.asname or alias.name for node in froms for alias in node.names}
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    return [
        f"{node.value.id}.{node.attr}"
        for node in used
        if isinstance(node.value, ast.Name) and node.value.id in own and re.match(r"_[^_]", node.attr)
    ]


@pytest.mark.parametrize("path", FILES)
def test_nothing_of_a_file_is_used_that_is_for_itself(path: str) -> None:
    assert private_of_others((PLUGINS / path).read_text(encoding="utf-8")) == []


def test_what_is_for_the_file_itself_is_found() -> None:
    text = f"from {PACKAGE}module_utils._calico import _bgp\nprint(_bgp._reply(), _bgp.ask(), _bgp.__doc__)"
    assert private_of_others(text) == ["_bgp._reply"]


def test_nothing_imports_in_a_circle() -> None:
    graph = {path: imports_of(path) for path in FILES}
    while leaves := [path for path, imported in graph.items() if not imported & set(graph)]:
        for path in leaves:
            del graph[path]
    assert not graph


def test_every_rule_has_its_files() -> None:
    globs = [glob for layer in LAYERS.values() for glob in layer["files"]]
    assert [glob for glob in globs if not any(fnmatch.fnmatchcase(path, glob) for path in FILES)] == []
    for path, excepted in RULES["exceptions"].items():
        assert set(excepted) <= imports_of(path), "what is excepted is imported no more"
