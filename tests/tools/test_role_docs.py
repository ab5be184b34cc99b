"""The READMEs that are written from roles' argument specs."""

from __future__ import annotations

import role_docs

OPTIONS = {
    "calico_a": {"description": ["First C(x|y).", "Second."], "type": "str", "choices": ["u", "v"], "default": "u"},
    "calico_b": {
        "description": "A list.",
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"key": {"description": "Its key.", "type": "str", "required": True}},
    },
    "calico_c": {"description": "Unset.", "type": "int"},
}
SPECS = {
    "main": {"short_description": "Do it", "description": ["Does it."], "options": OPTIONS},
    "other": {"short_description": "Other", "description": ["Does other things."], "options": {}},
}


def test_rows() -> None:
    assert role_docs.rows(OPTIONS) == [
        "| `calico_a` | str: `u`, `v` | `u` | First `x\\|y`. Second. |",
        "| `calico_b` | list of dict | `[]` | A list. |",
        "| `calico_b[].key` | str | **required** | Its key. |",
        "| `calico_c` | int |  | Unset. |",
    ]


def test_a_readme_has_every_entry_point() -> None:
    lines = role_docs.render("calico_x", SPECS).splitlines()
    assert lines[0] == "# calico_x"
    assert {"## Do it", "## Other (`tasks_from: other`)", "Does other things."} <= set(lines)
