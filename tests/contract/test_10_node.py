"""calicoctl node: status with a real BIRD, run with a docker that says what it is told to."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from harness import Record, Rig, Scenario
from harness.bird import Bird
from harness.config import patience
from harness.host import Result

CALLS = "/run/docker-calls"
MODE = "/run/stub-mode"
# A docker command line client, by the word in MODE.
DOCKER = f"""#!/bin/sh
read -r mode < {MODE}
[ "$mode" = no-daemon ] || echo "docker $*" >> {CALLS}
no_daemon="Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
case "$mode:$1" in
no-daemon:ps) echo "$no_daemon" >&2; exit 1 ;;
no-daemon:run) echo "docker: $no_daemon." >&2; echo "See 'docker run --help'." >&2; exit 125 ;;
no-image:run) echo "docker: Error response from daemon: No such image" >&2; exit 125 ;;
started:logs)
    echo "Skipping datastore connection test"
    echo "Using autodetected IPv4 address on interface eth0: ADDRESS/24"
    echo "Calico node name:  NODE"
    echo "Calico node started successfully"
    sleep 30 ;;
terminated:logs)
    echo "ERROR: Unable to access datastore to query node configuration"
    echo "Terminating" ;;
silent:logs) exec sleep 30 ;;
*:rm|*:run) ;;
*) exit 1 ;;
esac
"""
FAILS = "#!/bin/sh\nexit 1\n"


def tool(directory: Path, name: str, text: str) -> None:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(text, encoding="utf-8")
    (directory / name).chmod(0o755)


def prepare(rig: Rig) -> None:
    """Stubs of what is not under test; no module of this kernel is loaded or looked at."""
    docker = DOCKER.replace("ADDRESS", rig.substitution.text("10.99.0.11"))
    docker = docker.replace("NODE", rig.substitution.text("calico-agent1"))
    for directory in ("stub", "default"):
        tool(rig.scratch / directory, "docker", docker)
        tool(rig.scratch / directory, "modprobe", FAILS)
    # The recording's own PATHs lead to calicoctl by /rig/bin-path.
    (rig.scratch / "bin-path").unlink()
    shutil.copytree(rig.scratch / "default", rig.scratch / "bin-path")
    (rig.scratch / "bin-path" / "calicoctl").symlink_to(rig.artifacts / "calicoctl")
    rig.path_before = [str(rig.scratch / "default")]
    for directory in ("/lib/modules", "/var/log"):
        if Path(directory).exists():
            rig.host.check("mount", "-t", "tmpfs", "tmpfs", directory)
    mode("no-daemon")(rig)


def mode(word: str) -> Callable[[Rig], None]:
    def switch(rig: Rig) -> None:
        rig.host.write(MODE, f"{word}\n")
        rig.host.run(["rm", "-f", CALLS])

    return switch


# -- node status -------------------------------------------------------------------------------


birds: dict[str, Bird] = {}


def process(name: str) -> Callable[[Rig], None]:
    """Have a process of that name."""

    def start(rig: Rig) -> None:
        program = rig.scratch / "processes" / name
        program.parent.mkdir(exist_ok=True)
        shutil.copy2(shutil.which("sleep") or "/bin/sleep", program)
        rig.background([str(program), "3600"])

    return start


def bird(peers: Mapping[str, str], up: bool = False, socket: str = "/var/run/calico/bird.ctl") -> Callable[[Rig], None]:
    """Have a BIRD with sessions, by protocol name; the neighbour 10.98.0.12 is there when `up`."""

    def start(rig: Rig) -> None:
        rig.host.run(["pkill", "-x", "bird6"])
        old = birds.pop(rig.mode, None)
        if old is not None:
            old.stop()
        birds[rig.mode] = Bird(rig, peers, up, socket)

    return start


def shutdown_neighbour(rig: Rig) -> None:
    birds[rig.mode].stop_neighbour()


FOUR = {
    "Mesh_10_98_0_12": "10.98.0.12",
    "Mesh_10_98_0_13": "10.98.0.13",
    "Global_10_98_0_14": "10.98.0.14",
    "Node_10_98_0_15": "10.98.0.15",
}
ONE = {"Mesh_10_98_0_12": "10.98.0.12"}


def cells(text: str) -> list[list[str]]:
    """The words of each line; a session that is not up is Active or Connect as the second has it."""
    text = re.sub(r"\b(Active|Connect)\b", "Active", text)
    return [re.sub(r"[-+|]+", " ", line).split() for line in text.splitlines()]


def eventually(same: Callable[[Rig, Record, Result], bool]) -> Callable[[Rig, Record, Result], None]:
    """BIRD takes its time: ask again until the answer is as recorded."""

    def check(rig: Rig, record: Record, result: Result) -> None:
        deadline = time.monotonic() + patience(30)
        while not same(rig, record, result) and time.monotonic() < deadline:
            time.sleep(0.2)
            result = rig.run_record(record)
        if not same(rig, record, result):
            rig.compare_result(record, result)

    return check


def same_sessions(rig: Rig, record: Record, result: Result) -> bool:
    recorded = re.sub(r"\d\d:\d\d:\d\d", "T", rig.substitution.text(record.stdout))
    here = re.sub(r"\d\d:\d\d:\d\d", "T", result.stdout)
    return result.exit_code == record.exit_code and cells(here) == cells(recorded)


def same_text(rig: Rig, record: Record, result: Result) -> bool:
    try:
        rig.compare_result(record, result)
    except AssertionError:
        return False
    return True


scenario = Scenario(
    "10-node.jsonl",
    before={
        "node (no subcommand)": prepare,
        "node status, felix only": process("calico-felix"),
        "node status, felix + bird6 process only, no socket": process("bird6"),
        "node status, felix + bird, no peers": bird({}),
        "node status, felix + bird, 4 peers configured, none up": bird(FOUR),
        "node status, mesh peer up, others not": bird(FOUR, up=True),
        "node status, all up": bird(ONE, up=True),
        "node status, peer gone": shutdown_neighbour,
        "node status, bird runs, socket elsewhere": bird(ONE, socket="/run/elsewhere.ctl"),
        "node run, stub docker, success": mode("started"),
        "node run, stub docker, node terminates": mode("terminated"),
        "node run, stub docker, silent logs": mode("silent"),
        "node run, stub docker, run fails": mode("no-image"),
    },
    check={
        "node status, felix + bird, 4 peers configured, none up": eventually(same_sessions),
        "node status, mesh peer up, others not": eventually(same_sessions),
        "node status, felix + bird, no peers": eventually(same_text),
        "node status, all up": eventually(same_text),
        "node status, peer gone": eventually(same_text),
    },
    skip={"birdc show protocols"},
    etcd=False,
)
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
