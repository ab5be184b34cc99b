"""Apps of the lab's Marathon, by a client as plain as can be: the product's own is not what is tested with it."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dcoslab.process import scaled

from support.dcos import variables
from support.lab import Lab, eventually


def ask(lab: Lab, method: str, path: str, body: object = None) -> Any:
    """The document that Marathon answers with; {} for what is not there."""
    known = variables(lab)
    context = ssl.create_default_context(cafile=known["calico_dcos_ca_path"])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    headers = {"Authorization": f"token={known['calico_dcos_token']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{known['calico_dcos_url']}/service/marathon/v2{path}", data, headers, method=method
    )
    try:
        with opener.open(request, timeout=scaled(30)) as answer:
            return json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        assert error.code == 404, error.read()
        return {}


@contextmanager
def one_on_each_agent(lab: Lab, name: str, network: str) -> Iterator[list[dict[str, Any]]]:
    """Tasks of an app, one on each agent and all running; gone at the end."""
    app = {
        "id": f"/{name}",
        "cmd": "sleep 3600",
        "cpus": 0.1,
        "mem": 32,
        "instances": len(lab.agents),
        "constraints": [["hostname", "UNIQUE"]],
        "acceptedResourceRoles": ["*", "slave_public"],
        "container": {"type": "MESOS"},
        "networks": [{"mode": "container", "name": network}],
    }
    ask(lab, "POST", "/apps", app)

    def running() -> list[dict[str, Any]]:
        found = tasks(lab, name)
        return (
            found
            if len(found) == len(lab.agents)
            and all(task["state"] == "TASK_RUNNING" and task["ipAddresses"] for task in found)
            else []
        )

    try:
        yield eventually(f"the tasks of {name} run", running, seconds=60)
    finally:
        ask(lab, "DELETE", f"/apps/{name}?force=true")
        eventually(f"{name} and its tasks are gone", lambda: not tasks(lab, name) and not known(lab, name), seconds=60)


def known(lab: Lab, name: str) -> bool:
    """Whether there is an app, which outlives its tasks by a moment."""
    return bool(ask(lab, "GET", f"/apps/{name}"))


def tasks(lab: Lab, name: str) -> list[dict[str, Any]]:
    """The tasks of an app, by host."""
    return sorted(ask(lab, "GET", f"/apps/{name}/tasks").get("tasks", []), key=lambda task: task["host"])
