"""Lists of what must be proved, each item with the tests that prove it; that those tests exist is checked."""

from __future__ import annotations

import ast
from functools import cache

from support.ansible import ROOT


@cache
def functions(file: str) -> dict[str, str]:
    """{name: source} of a file's functions, and of the tables they are parametrised by."""
    text = (ROOT / "tests" / file).read_text()
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = ast.get_source_segment(text, node) or ""
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    found[target.id] = ast.get_source_segment(text, node) or ""
    return found


def missing(tests: str) -> list[str]:
    """Those of "FILE::TEST", or "FILE::TABLE::WORD" for a row of a table, separated by blanks, that are not there."""
    gone = []
    for name in tests.split():
        file, _, rest = name.partition("::")
        function, _, word = rest.partition("::")
        if function not in functions(file) or word not in functions(file)[function]:
            gone.append(name)
    return gone
