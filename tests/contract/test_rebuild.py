"""The rules for what another build says otherwise: each makes its texts equal, and no others."""

from __future__ import annotations

import pytest
from harness import rebuild

_ERROR = "client: etcd cluster is unavailable or misconfigured; error #0: "
# By rule: texts of two builds.
_EQUAL = {
    "source position": (
        '[WARNING][11428] calico-ipam.go 255: Asked to release address but it doesn\'t exist. Ignoring handleID="calico.c1"',
        '[WARNING][11428] skel.go 162: Asked to release address but it doesn\'t exist. Ignoring handleID="calico.c1"',
    ),
    "quoted URL": (
        "parse 127.0.0.1:2379: first path segment in URL cannot contain colon",
        'parse "127.0.0.1:2379": first path segment in URL cannot contain colon',
    ),
    "connection ended by the server": (
        f"{_ERROR}EOF",
        f"{_ERROR}read tcp 127.0.0.1:37786->127.0.0.1:2379: read: connection reset by peer",
    ),
    "no answer in time": (
        f"{_ERROR}client: endpoint http://10.1.0.1:4999 exceeded header timeout",
        f"{_ERROR}dial tcp 10.1.0.1:4999: i/o timeout",
    ),
    "certificate without subjectAltName": (
        f"{_ERROR}x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
        f"{_ERROR}x509: certificate relies on legacy Common Name field, use SANs instead",
    ),
    "name of a temporary directory": ("Using temp dir: /run/calico011851419", "Using temp dir: /run/calico3771065398"),
}
# By rule: texts of which no two say the same.
_APART = {
    "source position": (
        "[INFO][19] startup.go 83: Skipping datastore connection test",
        "[ERROR][19] startup.go 83: Skipping datastore connection test",
        "[INFO][19] startup.go 83: Checking datastore connection",
        "startup.go 83: Skipping datastore connection test",
        "[INFO][19] startup.go: Skipping datastore connection test",
    ),
    "quoted URL": (
        "parse 127.0.0.1:2379: first path segment in URL cannot contain colon",
        "parse 127.0.0.1:4001: first path segment in URL cannot contain colon",
        'parse "127.0.0.1:2379" first path segment in URL cannot contain colon',
        'parse "127.0.0.1:2379": invalid port',
    ),
    "connection ended by the server": (
        f"{_ERROR}EOF",
        f"{_ERROR}dial tcp 127.0.0.1:2379: connection refused",
        f"{_ERROR}unexpected EOF",
        f"{_ERROR}read tcp 127.0.0.1:37786->127.0.0.1:2379: i/o timeout",
        "EOF",
    ),
    "no answer in time": (
        f"{_ERROR}client: endpoint http://10.1.0.1:4999 exceeded header timeout",
        f"{_ERROR}dial tcp 10.1.0.1:4998: i/o timeout",
        f"{_ERROR}dial tcp 10.1.0.1:4999: connection refused",
        f"{_ERROR}dial tcp 10.1.0.1:4999: no route to host",
    ),
    "certificate without subjectAltName": (
        f"{_ERROR}x509: certificate relies on legacy Common Name field, use SANs instead",
        f"{_ERROR}x509: certificate is valid for localhost, not 127.0.0.1",
        f"{_ERROR}x509: certificate signed by unknown authority",
    ),
    "name of a temporary directory": (
        "/run/calico011851419",
        "/run/calico-011851419",
        "/run/calico01185141911",
        "/run/calico011851419a",
        "/var/run2/calico011851419",
        "/run/calico",
    ),
}


def test_each_rule_has_its_tests_and_its_reason() -> None:
    names = [rule.name for rule in rebuild.RULES]
    assert sorted(names) == sorted(_EQUAL) == sorted(_APART)
    assert all(rule.why.endswith(".") for rule in rebuild.RULES)


@pytest.mark.parametrize("name", _EQUAL)
def test_builds_that_differ_say_the_same(name: str) -> None:
    rule = next(rule for rule in rebuild.RULES if rule.name == name)
    one, other = _EQUAL[name]
    assert one != other
    assert rule.pattern.sub(rule.new, one) == rule.pattern.sub(rule.new, other)


@pytest.mark.parametrize("name", _APART)
def test_what_differs_in_more_stays_apart(name: str) -> None:
    said = [rebuild.output(text) for text in _APART[name]]
    assert len(set(said)) == len(said), said


@pytest.mark.parametrize(
    ("argv", "code", "expected"),
    [
        (["/rig/bin/calico", "--help"], 2, 0),
        (["/rig/bin/calico-ipam", "--help"], 0, 0),
        (["/rig/bin/calico", "--help"], 1, 1),
        (["/rig/bin/calico", "-v"], 2, 2),
        (["/rig/bin/calico"], 2, 2),
        (["calicoctl", "--help"], 2, 2),
    ],
)
def test_help_of_the_plugins_ends_either_way(argv: list[str], code: int, expected: int) -> None:
    assert rebuild.exit_code(argv, code) == expected
