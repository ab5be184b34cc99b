"""How calicoctl finds etcd: variables, the config file, and everything that can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable

from harness import Record, Rig, Scenario
from harness.host import Result

CONFIG = "/etc/calico/calicoctl.cfg"
HEAD = "apiVersion: v1\nkind: calicoApiConfig\nmetadata:\n"


def spec(endpoints: str) -> str:
    return f'{HEAD}spec:\n  datastoreType: "etcdv2"\n  etcdEndpoints: "{endpoints}"\n'


GOOD = spec("http://127.0.0.1:2379")


def config(text: str) -> Callable[[Rig], None]:
    """calicoctl's default config file is this text."""
    return lambda rig: rig.host.write(CONFIG, rig.substitution.text(text))


def only_my_config(rig: Rig) -> None:
    rig.host.remove(CONFIG)
    (rig.scratch / "my.cfg").write_text(rig.substitution.text(GOOD), encoding="utf-8")


def check_log_lines(rig: Rig, record: Record, result: Result) -> None:
    """What Go logs of itself is its own affair; that it logs, and where, is not."""
    assert result.exit_code == record.exit_code
    rig.compare_output(record.stdout, result.stdout)
    assert 'level=info msg="Log level set to info"' in result.stderr


def check_but_for_time(rig: Rig, record: Record, result: Result) -> None:
    """How long a name server stays silent is its own affair."""
    assert result.exit_code == record.exit_code
    rig.compare_output(record.stdout, result.stdout)


scenario = Scenario(
    "07-connect.jsonl",
    before={
        "cfg good": config(GOOD),
        "cfg refused, env good": config(spec("http://127.0.0.1:4001")),
        "cfg empty file": config(""),
        "cfg without endpoints": config(f'{HEAD}spec:\n  datastoreType: "etcdv2"\n'),
        "cfg unknown field": config(f"{HEAD}spec:\n  frob: 1\n"),
        "cfg unknown kind": config(GOOD.replace("calicoApiConfig", "frob")),
        "cfg bad yaml": config("{apiVersion: v1, kind: calicoApiConfig\n"),
        "--config missing file": only_my_config,
    },
    check={"log level info on stderr": check_log_lines, "ETCD_ENDPOINTS bad host name": check_but_for_time},
    # The kernel's own three seconds without an answer to ARP.
    unscaled={"blackhole get nodes (120 s cap)"},
    # Some records have no variables on purpose: etcd has to be where calicoctl looks by default.
    keep=[r"\b2379\b"],
)
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
