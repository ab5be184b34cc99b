"""Variables of one host: what core is asked for, and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.dcos.calico.plugins.plugin_utils._hostvars import of_host


class Counting(Mapping[str, Any]):
    """As core's: all variables of a host are made by raw_get(), and templated where a host is asked for."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.made, self.templated = 0, 0

    def raw_get(self, host: str) -> dict[str, Any]:
        self.made += 1
        return self.variables

    def __getitem__(self, host: str) -> dict[str, Any]:
        self.templated += 1
        return {name: "made by core" for name in self.variables}

    def __contains__(self, host: object) -> bool:
        return host == "a1"

    def __iter__(self) -> Iterator[str]:
        return iter(["a1"])

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("value", [None, True, 7, 0.5, "text", [], {}, {"a": [{"b": ("c", None)}]}])
def test_a_value_without_a_template_is_given_as_it_is(value: Any) -> None:
    counting = Counting({"x": value})
    known = of_host(counting, "a1")
    assert known["x"] is value and known.get("x") is value and (counting.made, counting.templated) == (1, 0)


@pytest.mark.parametrize(
    "value", ["{{ y }}", "{% if y %}{% endif %}", "{# y #}", {"a": ["{{ y }}"]}, [("{{ y }}",)], object()]
)
def test_a_value_with_a_template_or_of_another_type_is_core_s_to_make(value: Any) -> None:
    assert of_host(Counting({"x": value}), "a1")["x"] == "made by core"


def test_what_is_not_there() -> None:
    assert of_host(Counting({}), "a1").get("x") is None and dict(of_host(Counting({"x": 1}), "a1")) == {"x": 1}
    assert of_host(Counting({"x": 1}), "a2") == {} and of_host({"a1": {"x": 1}}, "a1")["x"] == 1
    with pytest.raises(KeyError):
        str(of_host(Counting({}), "a1")["x"])


def test_it_is_what_core_s_own_hostvars_say() -> None:
    loader = DataLoader()
    inventory = InventoryManager(loader, sources="a1,")
    manager = VariableManager(loader, inventory)
    manager.set_nonpersistent_facts("a1", {"registered": {"found": "x", "plan": {"n": 1}}, "number": 7})
    hostvars = HostVars(inventory, manager, loader)
    known = of_host(hostvars, "a1")
    assert known["registered"] == hostvars["a1"]["registered"] == {"found": "x", "plan": {"n": 1}}
    assert known["number"] == hostvars["a1"]["number"] and set(known) == set(hostvars["a1"])
    assert of_host(hostvars, "a2") == {}
