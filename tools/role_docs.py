"""Write roles/*/README.md from their argument specs: python3 tools/role_docs.py [--check].

One source: a role's text and its table of variables are its meta/argument_specs.yml. With --check nothing is written, and what differs is
named. Run it with an environment that has PyYAML (`.build/venv-2.16` after `make setup`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent


def cell(text: str) -> str:
    """Text that does not end a cell, with ansible-doc's C() and V() as code."""
    for mark in ("C(", "V("):
        while mark in text:
            begin = text.index(mark)
            end = text.index(")", begin)
            text = f"{text[:begin]}`{text[begin + 2 : end]}`{text[end + 1 :]}"
    return text.replace("|", "\\|")


def shown(value: Any) -> str:
    """A default as YAML would have it, on one line."""
    return f"`{value if isinstance(value, str) and value else json.dumps(value)}`"


def kind(option: dict[str, Any]) -> str:
    text = str(option["type"])
    if "elements" in option:
        text += f" of {option['elements']}"
    if "choices" in option:
        text += ": " + ", ".join(f"`{choice}`" for choice in option["choices"])
    return text


def rows(options: dict[str, dict[str, Any]], parent: str = "") -> list[str]:
    lines = []
    for name, option in options.items():
        default = "**required**" if option.get("required") else shown(option["default"]) if "default" in option else ""
        text = option["description"] if isinstance(option["description"], str) else " ".join(option["description"])
        lines.append(f"| `{parent}{name}` | {cell(kind(option))} | {cell(default)} | {cell(text)} |")
        lines += rows(option.get("options", {}), f"{parent}{name}[].")
    return lines


def render(role: str, specs: dict[str, Any]) -> str:
    """The README of one role."""
    parts = [f"# {role}\n"]
    for entry, spec in specs.items():
        call = f"tasks_from: {entry}" if entry != "main" else ""
        title = spec["short_description"] + (f" (`{call}`)" if call else "")
        parts.append(f"## {title}\n")
        parts.append("\n\n".join(cell(line) for line in spec["description"]) + "\n")
        if spec["options"]:
            parts.append(
                "\n".join(["| variable | type | default | what |", "|---|---|---|---|", *rows(spec["options"])]) + "\n"
            )
    shared = (
        "" if role == "calico" else "The variables that roles share are those of [calico](../calico/README.md).\n\n"
    )
    parts.append(f"{shared}Written from `meta/argument_specs.yml` by `tools/role_docs.py`.\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """The command line; exit code 1 with --check if a README differs."""
    differing = []
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        role = path.parent.parent
        text = render(role.name, yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"])
        readme = role / "README.md"
        if not readme.exists() or readme.read_text(encoding="utf-8") != text:
            differing.append(str(readme.relative_to(ROOT)))
            if "--check" not in arguments:
                readme.write_text(text, encoding="utf-8")
    print("\n".join(differing) or "every role's README is as its argument specs")
    return 1 if differing and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
