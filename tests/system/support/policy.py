"""Policy between real containers: who reaches a web server on another agent, before, under and after a policy."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.ansible import Run, playbook
from support.lab import AGENT_PROGRAM, Host, Lab, eventually

PLAYBOOK = "playbooks/policy.yml"
PORT = 8000
# A label of our own, and policies of our own, so that the ones of the lab's inventory stay as they are.
LABEL, OWNER = "test_role", "test"
TASK = "Manage policies and further documents"


@dataclasses.dataclass(frozen=True)
class Container:
    """A container on a network of the lab."""

    agent: Host
    id: str
    address: str
    namespace: str

    def reaches(self, other: Container) -> bool:
        """Whether it gets an answer of the other's web server."""
        inside = ["nsenter", f"--net={self.namespace}"]
        return (
            self.agent.run(
                *inside,
                "curl",
                "-fsS",
                "-o",
                "/dev/null",
                "--max-time",
                "2",
                f"http://{other.address}:{PORT}/",
                check=False,
            ).returncode
            == 0
        )

    def pings(self, other: Container) -> bool:
        return self.agent.ping(self.id, other.address)


@contextmanager
def container(agent: Host, network: str, *more: str, role: str = "") -> Iterator[Container]:
    """A container with a web server, on one network or more; gone afterwards."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    labels = ["--label", f"{LABEL}={role}"] if role else []
    found = json.loads(agent.out(AGENT_PROGRAM, "launch", network, *more, "--name", name, *labels))
    server = ["/opt/lab/bin/python3", "-m", "http.server", str(PORT), "--directory", "/run"]
    try:
        agent.run("systemd-run", f"--unit={name}", "nsenter", f"--net={found['namespace']}", *server)
        yield Container(agent, found["container_id"], found["ip"], found["namespace"])
    finally:
        agent.run("systemctl", "stop", f"{name}.service", check=False)
        agent.kill(found["container_id"])


def apply(lab: Lab, *arguments: str, **variables: Any) -> Run:
    """Run the component's playbook, with variables beside those of the inventory."""
    return playbook(lab.inventory, *arguments, name=PLAYBOOK, variables=variables)


def reached(source: Container, target: Container, what: str = "") -> None:
    eventually(f"{source.address} reaches {target.address} {what}", lambda: source.reaches(target), seconds=20)


def not_reached(source: Container, target: Container, what: str = "") -> None:
    """Felix needs a second or two; then it stays so."""
    eventually(
        f"{source.address} no longer reaches {target.address} {what}", lambda: not source.reaches(target), seconds=20
    )
    assert not source.reaches(target), what


def database(role: str = "db", client: str = "web") -> dict[str, Any]:
    """A policy that lets one kind of containers alone reach another, on one port."""
    rule = {
        "action": "allow",
        "protocol": "tcp",
        "source": {"selector": f"{LABEL} == '{client}'"},
        "destination": {"ports": [PORT]},
    }
    return {
        "name": "test-database",
        "order": 1,
        "selector": f"{LABEL} == '{role}'",
        "types": ["ingress"],
        "ingress": [rule],
    }


def prove(lab: Lab, network: str = "calico", variables: dict[str, Any] | None = None) -> None:
    """Packets between containers of two agents: all of them, then only what a policy allows, then all again.

    Less than a minute on a lab where Calico is installed, with the variables it was installed with. Leaves the datastore as it was; the policy's owner is
    not that of the inventory's policies.
    """
    first, second = lab.agents[:2]
    own = {**(variables or {}), "calico_policy_owner": OWNER, "calico_policy_prune": True}
    policies, none = ({**own, "calico_policies": found} for found in ([database()], []))
    with (
        container(first, network, role="db") as db,
        container(second, network, role="web") as web,
        container(second, network, role="other") as other,
    ):
        for source in (web, other):
            reached(source, db, "without a policy")
        assert [task.split(" : ")[-1] for _host, task in apply(lab, **policies).require().changed()] == [TASK]
        try:
            not_reached(other, db, "under the policy")
            assert web.reaches(db) and not web.pings(db), "the port is open, and nothing else"
            assert db.reaches(other) and other.reaches(web), "the policy is about one direction of one container"
            assert apply(lab, **policies).require().changed() == []
        finally:
            gone = apply(lab, **none).require()
        assert len(gone.changed()) == 1
        reached(other, db, "after the policy")
