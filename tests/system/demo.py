"""What `make demo` runs: a lab, the plan and Calico on it by site.yml, a second run that changes nothing, workloads that reach each other, a table.

demo.py up     leaves the lab up, for a look around
demo.py down   removes it; only the image cache stays
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from support.ansible import ROOT, Run, playbook  # noqa: E402
from support.lab import Host, Lab, lab_command  # noqa: E402
from support.workloads import Workloads  # noqa: E402

NAME = "lab"
INVENTORY = ROOT / "inventories" / "lab" / "hosts.yml"
HEADERS = (
    "agent",
    "flavour",
    "Python",
    "node",
    "container",
    "pings",
    "rp_filter",
    "executions 1st",
    "2nd",
    "changed 2nd",
)


class DemoError(Exception):
    """The demo did not show what it promises."""


def step(text: str) -> None:
    print(f"\n== {text}", flush=True)


def plan(output: str) -> str:
    """The plan as the run showed it."""
    lines = iter(output.splitlines())
    head = next((line for line in lines if line.strip().startswith("Plan: ")), None)
    if head is None:
        raise DemoError("the run showed no plan")
    return "\n".join([head, *itertools.takewhile(lambda line: line.startswith("    "), lines)])


def install(lab: Lab, what: str) -> Run:
    step(f"{what}: ansible-playbook -i {INVENTORY.relative_to(ROOT)} site.yml")
    run = playbook(INVENTORY)
    if run.rc == 0:
        print(f"{plan(run.output)}\n\n{run.output[run.output.find('PLAY RECAP') :]}", flush=True)
    else:
        print(run.output, flush=True)
    print(f"{run.seconds:.1f} s")
    if run.rc != 0:
        raise DemoError(f"{what} ended with exit code {run.rc}")
    return run


def pings(workloads: Workloads) -> dict[str, str]:
    """For each agent, how many of the pings to and from its container were answered."""
    lost = workloads.unreachable()
    if lost:
        raise DemoError("no answer between " + ", ".join(f"{a} -> {b}" for a, b in lost))
    pairs = list(itertools.permutations([item.agent.name for item in workloads.items], 2))
    return {
        item.agent.name: f"{sum(item.agent.name in pair for pair in pairs)} of {2 * (len(workloads.items) - 1)}"
        for item in workloads.items
    }


def rp_filter(agent: Host) -> str:
    names = [
        name for name in agent.out("ls", "/proc/sys/net/ipv4/conf").split() if name == "all" or name.startswith("cali")
    ]
    values = {agent.read(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").strip() for name in names}
    if values != {"1"}:
        raise DemoError(f"rp_filter on {agent.name} is {', '.join(sorted(values))}, not 1")
    return "1"


def table(lab: Lab, workloads: Workloads, answered: dict[str, str], first: Run, second: Run) -> str:
    rows = [HEADERS]
    for agent in lab.agents:
        plan = next(host for host in lab.settings.hosts if host.name == agent.name)
        changed = sum(host == agent.name for host, _ in second.changed())
        rows.append(
            (
                agent.name,
                agent.flavour,
                plan.flavour.interpreter,
                agent.address,
                workloads.of(agent).address,
                answered[agent.name],
                rp_filter(agent),
                str(first.remote()[agent.name]),
                str(second.remote()[agent.name]),
                str(changed),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADERS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def up() -> None:
    begin = time.monotonic()
    step("a lab of systemd hosts: 1 master, 3 private agents and 1 public one")
    lab_command("up", "--name", NAME)
    lab_command("inventory", "--name", NAME, "--output", str(INVENTORY))
    lab = Lab(NAME)
    first = install(lab, "first run")
    second = install(lab, "second run")
    if second.changed():
        raise DemoError("the second run changed " + ", ".join(f"{task} on {host}" for host, task in second.changed()))
    step("a container on the network `calico` on every agent, and pings between all of them, both ways")
    with Workloads(lab, "calico") as workloads:
        answered = pings(workloads)
        print(table(lab, workloads, answered, first, second))
    step(
        f"done in {time.monotonic() - begin:.0f} s; `python3 tests/lab/lab.py exec agent1 -- bash` looks around, `make demo-down` removes everything"
    )


def down() -> None:
    lab_command("down", "--name", NAME)
    INVENTORY.unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    actions = {"up": up, "down": down}
    if len(arguments) != 1 or arguments[0] not in actions:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        actions[arguments[0]]()
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
