"""Findings, verdicts, and how they are worded."""

from __future__ import annotations

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import (
    ALL,
    Finding,
    Verdict,
    counted,
    failed,
    some,
    told,
)


def test_a_finding_is_one_line() -> None:
    assert (
        str(Finding("Docker does not run", "it is stopped.", "Start it", "a1", "docker"))
        == "Docker does not run: it is stopped. Start it. [docker]"
    )
    assert str(Finding("x: did you mean y?", None, "Correct it")) == "x: did you mean y? Correct it."
    assert "\x1b" not in str(Finding("a host says \x1b[2J"))
    assert told(Finding("Gone")) == "Gone." and told(Finding("Gone", host="a1")) == "a1: Gone."
    assert Finding("a", "b", "c", "a1", "d").document() == {
        "host": "a1",
        "check": "d",
        "what": "a",
        "why": "b",
        "remedy": "c",
    }


def test_a_verdict_keeps_failures_and_warnings_apart() -> None:
    verdict = Verdict(frozenset(["soft"]))
    verdict.on("a2").fail("hard", "two")
    verdict.on("a1").fail("soft", "ignored")
    verdict.warn("hard", "a warning")
    verdict.refuse("hard", ValidationError("one", "why"), "Do it")
    verdict.on("a1").refuse("hard", ValidationError("three", remedy="Do that"), "Do it")
    verdict.order(["a1", "a2"])
    assert [(found.host, found.what) for found in verdict.failures] == [(ALL, "one"), ("a1", "three"), ("a2", "two")]
    assert [found.remedy for found in verdict.failures] == ["Do it", "Do that", None]
    assert [(found.host, found.what) for found in verdict.warnings] == [(ALL, "a warning"), ("a1", "ignored")]
    result = verdict.result("somewhere")
    assert result["warnings"] == ["a warning. [hard]", "a1: ignored. [soft]"] and result["failed"]
    assert result["msg"].splitlines() == [
        "Nothing was touched: 3 problems found somewhere.", "all hosts:", "  - one: why. Do it. [hard]", "a1:", "  - three. Do that. [hard]",
        "a2:", "  - two. [hard]",
    ]  # fmt: skip
    assert [found["host"] for found in result["problems"]] == [ALL, "a1", "a2"] and len(result["notes"]) == 2


def test_a_verdict_without_failures_is_no_failure() -> None:
    assert Verdict().result("anywhere") == {"problems": [], "notes": []}


def test_hosts_are_named_where_there_are_any() -> None:
    assert failed("{} found", [Finding("a")]) == {"failed": True, "msg": "1 problem found.\n  - a."}
    assert failed("{} failed", [Finding("a", host="h")], "step")["msg"] == "1 step failed.\nh:\n  - a."
    assert failed("{}", []) == {}


def test_numbers_and_lists() -> None:
    assert [counted(number, "node") for number in (0, 1, 2)] == ["0 nodes", "1 node", "2 nodes"]
    assert counted(2, "free address") == "2 free addresses"
    assert (
        some(["a", "b", "c"]) == "a, b, c"
        and some(["a", "b", "c", "d"]) == "a, b, c and 1 more"
        and some(["a", "b"], 1) == "a and 1 more"
    )
