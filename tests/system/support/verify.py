"""Playbook verify on a lab, and what it says of each agent."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

from support.ansible import Run, playbook
from support.dcos import Control, variables
from support.lab import Lab

PLAYBOOK = "playbooks/verify.yml"
APPS = "/service/marathon/v2/apps"
POLICIES = "/calico/v1/policy/tier/default/policy/dcos-calico-verify"


@dataclasses.dataclass(frozen=True)
class Verified:
    """A run and its result; `report` is the JSON that it wrote, None if it wrote none."""

    run: Run
    report: dict[str, Any] | None

    def statuses(self) -> dict[str, dict[str, str]]:
        """{host, or host/network where there are several: {check: status}}."""
        assert self.report is not None, self.run.output[-6000:]
        several = len({row["network"] for row in self.report["agents"]}) > 1
        return {
            f"{row['host']}/{row['network']}" if several else row["host"]: {
                name: check["status"] for name, check in row["checks"].items()
            }
            for row in self.report["agents"]
        }

    def failed(self) -> dict[str, list[str]]:
        """{host: checks that failed}, hosts without any left out."""
        found = {
            host: [name for name, status in checks.items() if status == "failed"]
            for host, checks in self.statuses().items()
        }
        return {host: names for host, names in found.items() if names}

    def said(self) -> str:
        """Everything that was shown, on one line."""
        return " ".join(self.run.output.split())


def verify(
    lab: Lab, *arguments: str, inventory: Path | None = None, given: dict[str, Any] | None = None, **more: Any
) -> Verified:
    """Run it; `more` are variables of the role, `given` of others. Impatient, because a lab answers at once or never."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "calico.json"
        said = {
            "calico_verify_json": str(file),
            "calico_verify_wait": 8,
            "calico_verify_dns_wait": 30,
            **variables(lab),
            **(given or {}),
            **more,
        }
        run = playbook(inventory or lab.inventory, *arguments, name=PLAYBOOK, variables=said)
        return Verified(run, json.loads(file.read_text()) if file.exists() else None)


def nothing_is_left(lab: Lab) -> None:
    """No app of a verification, no policy and no process."""
    apps = [
        app["id"]
        for app in Control(lab).ask("GET", "/tasks")["tasks"]
        if app["name"].endswith("dcos-calico-verify") and app["state"] == "TASK_RUNNING"
    ]
    assert apps == [], apps
    assert [key for key in lab.etcd() if key.startswith(POLICIES)] == []


def prove(lab: Lab) -> Verified:
    """The heart of it, on an installed lab: all is well, nothing has changed, nothing stays, and each agent cost one remote execution."""
    found = verify(lab)
    found.run.require()
    assert (
        found.failed() == {}
        and found.run.changed() == []
        and set(found.statuses()) == {agent.name for agent in lab.agents}
    )
    assert {status for checks in found.statuses().values() for status in checks.values()} == {"ok"}, found.statuses()
    assert found.report is not None and found.report["summary"]["pairs_well"] == len(lab.agents) * (len(lab.agents) - 1)
    assert {agent.name: found.run.remote()[agent.name] for agent in lab.agents} == dict.fromkeys(
        (agent.name for agent in lab.agents), 1
    )
    nothing_is_left(lab)
    return found
