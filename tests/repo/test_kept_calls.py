"""Calls that are kept to one place, because elsewhere each would have to be right by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
import sides
from layout import ROOT

# What changes files, by descriptors.
FILES = ("plugins/module_utils/_host/_files.py", "plugins/module_utils/_host/_folder.py")
CHANGES = {
    "chflags", "chmod", "chown", "fchmod", "fchown", "lchown", "link", "makedirs", "mkdir", "mkfifo", "mknod", "remove", "removedirs", "rename", "renames",
    "replace", "rmdir", "symlink", "truncate", "unlink", "utime",
}
WRITING_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"}


def calls(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """(module or '', function, call) of each call of a plain function or of a module's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "", node.func.id, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            yield node.func.value.id, node.func.attr, node


def changes_files(module: str, function: str, call: ast.Call) -> bool:
    """Whether a call changes a file by its path, or opens one for that."""
    if module in ("shutil", "tempfile"):
        return True
    if module == "os":
        names = {node.attr for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Attribute)}
        return function in CHANGES or (function == "open" and bool(names & WRITING_FLAGS))
    if function == "open" and module in ("", "io", "codecs"):
        modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
        return any(not isinstance(mode, ast.Constant) or bool(set(str(mode.value)) & set("wax+")) for mode in modes)
    return False


@pytest.mark.parametrize("path", [path for path in sides.agent_side_files() if path not in FILES])
def test_only_one_place_changes_files(path: str) -> None:
    """Root writes in folders that others own: _files does it so that nobody gains by exchanging what is there."""
    found = [f"{path}:{call.lineno} {module}.{function}" for module, function, call in calls(_tree(path)) if changes_files(module, function, call)]
    assert not found, "use _host/_files"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("os.chmod(path, 0o600)", True),
        ("shutil.rmtree(path)", True),
        ("open(path, 'wb')", True),
        ("open(path, mode='a')", True),
        ("open(path, mode)", True),
        ("os.open(path, os.O_WRONLY | os.O_CREAT)", True),
        ("tempfile.mkdtemp()", True),
        ("open(path, 'rb')", False),
        ("open(path)", False),
        ("os.open(path, os.O_RDONLY)", False),
        ("archive.open(path)", False),
    ],
)
def test_the_rule_sees_what_it_is_for(line: str, expected: bool) -> None:
    assert [changes_files(*call) for call in calls(ast.parse(line))] == [expected]


def _tree(path: str) -> ast.AST:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))
