"""Problems: order, alike hosts together, and commands that can be copied."""

from __future__ import annotations

from ansible_collections.dcos.calico.plugins.plugin_utils._status_problems import (
    CRITICAL,
    NOTICE,
    WARNING,
    Problem,
    look,
    once,
    play,
    together,
)


def test_the_worst_is_first_and_of_these_what_most_hosts_have() -> None:
    problems = [
        Problem(NOTICE, "n", hosts=["a"]),
        Problem(CRITICAL, "few", hosts=["a"]),
        Problem(WARNING, "w"),
        Problem(CRITICAL, "many", hosts=["a"]),
        Problem(CRITICAL, "many", hosts=["b"]),
        Problem(CRITICAL, "many", hosts=["b"]),
    ]
    found = together(problems, 3)
    assert [one["what"] for one in found] == ["many", "few", "w", "n"] and found[0]["hosts"] == ["a", "b"]


def test_a_run_is_limited_to_the_hosts_that_need_it_if_they_are_few() -> None:
    problem = Problem(CRITICAL, "x", command=play("site"))
    many = [f"a{number}" for number in range(21)]
    commands = [
        together([problem.on(host) for host in hosts] or [problem], 50)[0]["command"]
        for hosts in ([], ["a", "b"], many[:20], many)
    ]
    site = "ansible-playbook dcos.calico.site"
    assert commands == [site, f"{site} --limit a,b", f"{site} --limit {','.join(many[:20])}", site]
    assert together([problem.on("a")], 1)[0]["command"] == site


def test_a_look_is_at_one_of_the_hosts() -> None:
    problems = [Problem(CRITICAL, "x", command=look("-b -a uptime")).on(host) for host in ("b", "a")]
    assert together(problems, 2)[0]["command"] == "ansible b -b -a uptime"
    assert together([Problem(NOTICE, "x", command=once("-a uptime", "a"))], 2)[0]["command"] == "ansible a -a uptime"


def test_names_are_quoted_for_a_shell() -> None:
    found = together([Problem(CRITICAL, "x", command=look("-a uptime")).on("a b;c")], 2)
    assert found[0]["command"] == "ansible 'a b;c' -a uptime"


def test_without_a_command_there_is_none() -> None:
    assert together([Problem(CRITICAL, "x", why="")], 2) == [
        {"severity": CRITICAL, "what": "x", "why": None, "remedy": None, "command": None, "hosts": []}
    ]
