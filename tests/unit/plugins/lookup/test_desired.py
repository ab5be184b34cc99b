from __future__ import annotations

from typing import Any

import pytest
import yaml

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


def test_a_question_about_another_host_in_between_is_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a template of hostvars asks it."""
    mine, other = {"dir": "/mine"}, {"dir": "/other"}

    def part(name: str, variables: Any) -> dict[str, Any]:
        if variables["dir"] == "/mine":
            ask(name, other)
        return {"dir": variables["dir"]}

    monkeypatch.setattr(plugin._desired, "part", part)
    monkeypatch.setattr(plugin, "_last", (None, {}))
    assert [ask("node", variables)["dir"] for variables in (mine, other)] == ["/mine", "/other"]


def test_its_page_names_every_part() -> None:
    assert yaml.safe_load(plugin.DOCUMENTATION)["options"]["_terms"]["choices"] == sorted(plugin._desired.PARTS)
