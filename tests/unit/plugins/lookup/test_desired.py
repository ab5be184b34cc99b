from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.lookup import desired as plugin


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Parts in the order in which they were made."""
    found: list[str] = []

    def part(name: str, variables: Any) -> dict[str, Any]:
        found.append(name)
        return {"dir": variables["dir"], "files": []}

    monkeypatch.setattr(plugin._desired, "part", part)
    monkeypatch.setattr(plugin, "_last", (None, {}))
    return found


def ask(name: str, variables: dict[str, Any]) -> Any:
    lookup = plugin.LookupModule()
    lookup.set_options = lambda **_options: None
    lookup._templar = type("Templar", (), {"template": staticmethod(lambda value: value)})
    [found] = lookup.run([name], variables)
    return found


def test_a_part_is_made_once_for_all_options_of_a_task(made: list[str]) -> None:
    variables = {"dir": "/etc"}
    assert [ask(name, variables)["dir"] for name in ("networks", "networks", "node", "networks")] == ["/etc"] * 4
    assert made == ["networks", "node"]


def test_it_is_made_again_for_other_variables(made: list[str]) -> None:
    """Those of another host, or of the next task, are another mapping, even where they are equal."""
    assert [ask("node", {"dir": where})["dir"] for where in ("/a", "/a", "/b")] == ["/a", "/a", "/b"]
    assert made == ["node"] * 3


def test_what_a_task_does_with_one_stays_with_it(made: list[str]) -> None:
    variables = {"dir": "/etc"}
    ask("networks", variables)["files"].append("x")
    assert ask("networks", variables)["files"] == []
