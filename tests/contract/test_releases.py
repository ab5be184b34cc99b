"""What the releases do each in its own way: labels of Mesos, secrets in the plugin's log, names of interfaces.

Beside these records, the rules of harness/releases.py, each of which makes a text of the recorded release one of another.
"""

from __future__ import annotations

import pytest
from harness import Record, Rig, Scenario, releases
from harness.host import Result

_PASSWORD = "sesame"
_LOGGED = [
    f"{command} with a password, log_level {level}"
    for command, level in (("ADD", "info"), ("DEL", "info"), ("ADD", "debug"), ("DEL", "debug"))
]


def begin(rig: Rig) -> None:
    rig.etcd.put("/calico/v1/Ready", "true")
    rig.host.check("ip", "netns", "add", "cr1")
    rig.host.check("ip", "route", "add", "default", "via", rig.substitution.text("10.99.0.1"), "dev", "eth0")


def secrets(rig: Rig, record: Record, result: Result) -> None:
    """Of a log, whose lines other records hold: whether it has the password."""
    assert result.exit_code == record.exit_code
    rig.compare_output(record.stdout, result.stdout)
    assert (_PASSWORD in result.stderr) == (_PASSWORD in record.stderr)


scenario = Scenario("27-releases.jsonl", before={"set up: pool": begin}, check=dict.fromkeys(_LOGGED, secrets))
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)


@pytest.mark.parametrize(
    ("said", "release"),
    [
        ("calicoctl version v1.6.3, build d4cfc95c\n", "2.6.6"),
        ("calicoctl version v1.6.5, build 614fcf12\n", "2.6.12"),
        ("calicoctl version v1.6.5-3-g0f1e2d3, build 0f1e2d3\n", None),
        ("calicoctl version v1.6.4, build 5af8b1e3\n", None),
    ],
)
def test_the_release_is_what_calicoctl_says(said: str, release: str | None) -> None:
    if release:
        assert releases.of(said) == release
    else:
        with pytest.raises(ValueError, match=r"the records are of v1\.6\.3, v1\.6\.5"):
            releases.of(said)


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ("Client Version:    v1.6.3\n", "Client Version:    v1.6.5\n"),
        ("v1.11.2\n", "v1.11.8\n"),
        ("v2.6.6", "v2.6.12"),
        ("a\n2026 [INFO][1] x.go 1: Loaded CNI NetConf NetConfg={}\nb\n", "a\nb\n"),
        ("2026 [INFO][1] x.go 1: Configured environment: [A=b]\n", ""),
    ],
)
def test_each_rule_makes_a_text_of_the_other_release(monkeypatch: pytest.MonkeyPatch, recorded: str, said: str) -> None:
    assert releases.RECORDED != "2.6.12"
    monkeypatch.setenv(releases.VARIABLE, releases.RECORDED)
    assert releases.expected(recorded) == recorded
    monkeypatch.setenv(releases.VARIABLE, "2.6.12")
    assert releases.expected(recorded) == said
    assert sum(rule.pattern.search(recorded) is not None for rule in releases.RULES["2.6.12"]) == 1


@pytest.mark.parametrize(
    "text",
    ["calico/node:v2.6.6 ", "--node-image=calico/node:v2.6.6", "v1.6.30", "v1.6.3-7-g1a2b3c4", "cni-plugin/v1.11.2"],
)
def test_what_names_another_thing_stays(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(releases.VARIABLE, "2.6.12")
    assert releases.expected(text) == text
