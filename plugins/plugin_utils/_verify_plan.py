# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification starts and where: an app for each agent and network, and what earlier runs have left. Pure.

Each app is an echo server, run by the Python that DC/OS has on every agent, so no image is pulled. All of a run are below one group of Marathon's.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._calico import _probe_names
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

GROUP = "/dcos-calico-verify"
RUN, AGENT, NETWORK, OWNER, UNTIL = (f"CALICO_VERIFY_{name}" for name in ("RUN", "AGENT", "NETWORK", "OWNER", "UNTIL"))
CHECKS = ("started", "probe", "address", "route", "rp_filter", "peers", "large", "dns", "outside", "policy")
# What cannot be left out: without them there is nothing to validate.
ALWAYS = ("started", "probe")
OUTSIDE = re.compile(r"[A-Za-z0-9_.-]+:\d{1,5}")
PUBLIC_ROLE = "slave_public"
MESOS_PORT = 5050
DIRECTORY = "dcos.thisdcos.directory"
COMMAND = (
    "for python in /opt/mesosphere/bin/python3 /opt/mesosphere/bin/python /usr/bin/python3 /usr/bin/python; do"
    ' [ -x "$python" ] && exec "$python" -c "$CALICO_VERIFY_SERVER"; done; echo "This agent has no Python" >&2; exit 127'
)
# Runs on Python 2.7 and 3. Datagrams go back unfragmented, so that what does not pass one way is not taken for well.
SERVER = """\
import os, socket, threading
def serve(client):
    try:
        client.settimeout(60)
        while True:
            data = client.recv(65536)
            if not data:
                break
            client.sendall(data)
    except Exception:
        pass
    finally:
        client.close()
def listen(port):
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(('0.0.0.0', port))
    server.listen(128)
    return server
def accept(server):
    while True:
        thread = threading.Thread(target=serve, args=(server.accept()[0],))
        thread.daemon = True
        thread.start()
def start(target, *args):
    thread = threading.Thread(target=target, args=args)
    thread.daemon = True
    thread.start()
ports = [int(port) for port in os.environ['CALICO_VERIFY_PORTS'].split(',')]
echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
echo.bind(('0.0.0.0', ports[0]))
echo.setsockopt(socket.IPPROTO_IP, 10, 2)
for server in [listen(port) for port in ports]:
    start(accept, server)
while True:
    try:
        data, sender = echo.recvfrom(65536)
        echo.sendto(data, sender)
    except (OSError, socket.error):
        pass
"""


@dataclasses.dataclass(frozen=True)
class Desired:
    """What an operator wants verified.

    :ivar networks: names; known are those that the inventory has.
    :ivar agents: addresses; None for all.
    :ivar outside: C(host:port)s; None for the leading master's.
    :ivar skip: checks that are left out.
    """

    networks: list[str]
    known_networks: list[str]
    agents: list[str] | None = None
    outside: list[str] | None = None
    skip: list[str] = dataclasses.field(default_factory=list)
    cpus: float = 0.05
    mem: float = 64
    port: int = 17007
    denied_port: int = 17008


def refusals(desired: Desired, cluster: Mapping[str, Any]) -> list[str]:
    """Everything that cannot be right, each a sentence."""
    known = {agent["address"] for agent in cluster["agents"]}
    found = []
    if not cluster["agents"]:
        found.append("The cluster has no agent")
    if not desired.networks:
        found.append("calico_verify_networks is empty, and calico_networks too: there is no network to verify")
    found += [
        f"calico_verify_networks has {name}, which calico_networks does not ({', '.join(desired.known_networks) or 'it is empty'})"
        for name in desired.networks
        if name not in desired.known_networks
    ]
    found += [
        f"calico_verify_agents has {one}, and no agent of the cluster has that address"
        for one in desired.agents or []
        if one not in known
    ]
    for target in desired.outside or []:
        if not OUTSIDE.fullmatch(target) or not 0 < int(target.rpartition(":")[2]) < 65536:
            found.append(f"calico_verify_outside has {target!r}, which is not host:port")
    choices = [check for check in CHECKS if check not in ALWAYS]
    found += [
        f"calico_verify_skip has {name!r}, which is none of {', '.join(choices)}"
        for name in desired.skip
        if name not in choices
    ]
    if desired.port == desired.denied_port:
        found.append(f"calico_verify_port and calico_verify_denied_port are both {desired.port}")
    return found


def validate(desired: Desired, cluster: Mapping[str, Any]) -> None:
    """Raise ValidationError with everything that cannot be right, in one message."""
    found = refusals(desired, cluster)
    if found:
        raise ValidationError(
            "Nothing was started, because this cannot be verified",
            "; ".join(found),
            "Correct these variables, or the cluster",
        )


def app_name(address: str, number: int) -> str:
    """The last part of an app's id: the agent's address and the number of the network, as a DNS label has it."""
    return f"a{re.sub('[^a-z0-9]+', '-', address.lower())}-{number}"


def chosen(desired: Desired, cluster: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The agents that are to be verified."""
    return [agent for agent in cluster["agents"] if desired.agents is None or agent["address"] in desired.agents]


def definitions(desired: Desired, cluster: Mapping[str, Any], run: str, owner: str, until: int) -> list[dict[str, Any]]:
    """Apps for marathon_app, one for each agent that is there and each network."""
    found = []
    for number, network in enumerate(desired.networks):
        for agent in chosen(desired, cluster):
            if agent["active"]:
                found.append(
                    _definition(
                        desired,
                        agent,
                        network,
                        f"{GROUP}/{run}/{app_name(agent['address'], number)}",
                        run,
                        owner,
                        until,
                    )
                )
    return found


def _definition(
    desired: Desired, agent: Mapping[str, Any], network: str, app: str, run: str, owner: str, until: int
) -> dict[str, Any]:
    return {
        "id": app,
        "cmd": COMMAND,
        "cpus": desired.cpus,
        "mem": desired.mem,
        "disk": 0,
        "instances": 1,
        "constraints": [["hostname", "CLUSTER", agent["hostname"]]],
        "acceptedResourceRoles": [PUBLIC_ROLE if agent["public"] else "*"],
        "networks": [
            {
                "mode": "container",
                "name": network,
                "labels": {_probe_names.RUN: run, _probe_names.APP: _probe_names.short(app)},
            }
        ],
        "container": {"type": "MESOS", "portMappings": []},
        "env": {
            _probe_names.VARIABLE: app,
            "CALICO_VERIFY_PORTS": f"{desired.port},{desired.denied_port}",
            "CALICO_VERIFY_SERVER": SERVER,
        },
        "labels": {RUN: run, AGENT: agent["address"], NETWORK: network, OWNER: owner, UNTIL: str(until)},
        # Five tries, after which it is not waited for any more, take about 20 seconds: etcd may be electing a leader.
        "backoffSeconds": 3,
        "maxLaunchDelaySeconds": 10,
    }


def leftovers(apps: Iterable[Mapping[str, Any]], now: float, is_over: Callable[[str], bool | None]) -> list[str]:
    """Ids of apps of runs that are over: their process is gone, or nobody can tell and their time is up.

    :param is_over: of a label OWNER; None if it cannot be told from here.
    """
    found = []
    for app in apps:
        labels = app["labels"]
        over = is_over(str(labels.get(OWNER, "")))
        if over is None:
            until = str(labels.get(UNTIL, ""))
            over = not until.isdigit() or int(until) < now
        if over:
            found.append(str(app["id"]))
    return found


def run_of(app_id: str) -> str:
    """The run that an app belongs to."""
    return app_id[len(GROUP) :].strip("/").partition("/")[0]


def names(app_id: str, mesos_dns: bool) -> list[str]:
    """Names in the DNS that the app's container must have."""
    parts = app_id.strip("/").split("/")[::-1]
    found = [f"{'-'.join(parts)}.marathon.containerip.{DIRECTORY}"]
    return [*found, f"{'.'.join(parts)}.marathon.mesos"] if mesos_dns else found


def containers(apps: Iterable[Mapping[str, Any]], run: str, mesos_dns: bool = False) -> list[dict[str, Any]]:
    """For network_probe: the containers that run, from what marathon_app_info tells of all apps."""
    found = []
    for app in apps:
        labels, running = app["labels"], [task for task in app["tasks"] if task["addresses"]]
        if labels.get(RUN) == run and app["ready"] and running:
            address = running[0]["addresses"][0]
            own = {
                "app": app["id"],
                "agent": labels[AGENT],
                "network": labels[NETWORK],
                "address": address,
                "names": names(app["id"], mesos_dns),
            }
            found.append(own)
    return found


def outside(desired: Desired, cluster: Mapping[str, Any]) -> list[str]:
    """What containers must reach outside: by default the leading Mesos master, to which every agent has a connection."""
    if desired.outside is not None:
        return list(desired.outside)
    return [f"{cluster['leader']}:{MESOS_PORT}"] if cluster.get("leader") else []
