"""calico/node's startup: datastore down, default pools, addresses, conflicts, AS numbers, the tunnel address."""

from __future__ import annotations

import re
from dataclasses import replace

from harness import Record, Scenario, releases
from node_cluster import ClusterRig, cluster_fixture

_INDEX = re.compile(r"(Key not found \(\S+\)) \[\d+\]")
_WAITS = "startup, etcd refused, WAIT_FOR_DATASTORE=true (15 s cap)"
_WAITED = 3
# Makes the pool that is built in; the other one has to be asked for.
_DEFAULTS = "startup, empty etcd"
_ANEW = ("pool first", "startup NO_DEFAULT_POOLS", "startup CALICO_IPV4POOL_CIDR/IPIP/NAT")

scenario = Scenario("21-calico-node-startup.jsonl")
rig = cluster_fixture(["192.168.141.128/26"])


@scenario.parametrize
def test_record(rig: ClusterRig, record: Record) -> None:
    if record.name in _ANEW:
        rig.etcd.wipe()
    if record.name == _DEFAULTS and rig.mode == "substituted":
        record = replace(record, env={**record.env, "CALICO_IPV4POOL_CIDR": "192.168.0.0/16"})
    if record.name == _WAITS:
        once_a_second(rig, record)
    elif record.values is not None:
        rig.compare_values(record)
    else:
        result = rig.run_record(record)
        rig.blocks.learn(rig.keys())
        assert result.exit_code == record.exit_code, result
        # `calicoctl version` tells the release of the node, too, which here has written it itself.
        recorded = record.stdout.replace(f"v{releases.RECORDED}\n", f"v{releases.under_test()}\n")
        rig.compare_output(_INDEX.sub(r"\1", recorded), _INDEX.sub(r"\1", result.stdout))
        rig.compare_output(record.stderr, result.stderr)


def once_a_second(rig: ClusterRig, record: Record) -> None:
    """The recorded run was ended after 15 s; here a few seconds show the same."""
    argv = [word.replace("timeout 15", f"timeout {_WAITED}") for word in record.argv]
    result = rig.run_record(replace(record, argv=argv))
    assert result.exit_code == record.exit_code
    paragraphs = record.stdout.split("\n\n")
    wanted = "\n\n".join(paragraphs[:2])
    rig.compare_output(wanted, "\n\n".join(result.stdout.split("\n\n")[:2]))
    assert _WAITED - 1 <= result.stdout.count("retry") <= _WAITED + 1
