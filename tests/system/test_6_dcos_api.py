"""DC/OS's APIs on a lab without any etcd: tasks are processes on agents, packages leave behind what the real ones do.

A lab of its own (SYSTEM_LAB_DCOS names it), Enterprise, whose agents have nothing. The tests build on each other, in this order.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from dcoslab import dcosmaster
from dcoslab.process import scaled
from support.ansible import playbook
from support.lab import AGENT_PROGRAM, Host, Lab, eventually, lab_with

pytestmark = pytest.mark.slow

NAME = os.environ.get("SYSTEM_LAB_DCOS", "dcosapi")
ENV = {"LAB_DCOS_API": "1", "LAB_DCOS_VARIANT": "enterprise", "LAB_UNIVERSE_ETCD": "1", "LAB_PUBLIC_AGENTS": "0"}
POOL = ipaddress.ip_network("192.168.0.0/16")
ETCD, CALICO = "/etcd", "/calico-install-framework"
STEPS = {"TaskRunEtcdProxy": 1, "TaskInstallDockerClusterStore": 2, "TaskInstallCalicoCNI": 2, "TaskRunCalicoNode": 1}


class Dcos:
    """A client as plain as can be: the product's own is not what is tested here."""

    def __init__(self, lab: Lab) -> None:
        self.url = dcosmaster.url(lab.settings)
        self._place = dcosmaster.directory(lab.settings)
        context = ssl.create_default_context(cafile=str(self._place / "ca-bundle.crt"))
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        words = dcosmaster.passwords(lab.settings)
        login = {"uid": dcosmaster.SUPERUSER, "password": words[dcosmaster.SUPERUSER]}
        self.token: str | None = None
        self.token = self.ask("/acs/api/v1/auth/login", login)[1]["token"]

    def ask(
        self, path: str, body: object = None, method: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """(status, document or text); a path is below Admin Router."""
        token = {"Authorization": f"token={self.token}"} if self.token else {}
        data = None if body is None else json.dumps(body).encode()
        url = self.url + path if path.startswith("/") else path
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/json", **token, **(headers or {})}, method=method
        )
        try:
            with self._opener.open(request, timeout=scaled(30)) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode(errors="replace")

    def package(self, action: str, body: dict[str, Any], version: int = 1) -> tuple[int, Any]:
        media = f"application/vnd.dcos.package.{action}-%s+json;charset=utf-8;version=v%d"
        return self.ask(
            f"/package/{action}",
            body,
            headers={"Content-Type": media % ("request", 1), "Accept": media % ("response", version)},
        )

    def install(self, name: str, version: str, options: dict[str, Any] | None = None) -> None:
        status, answer = self.package(
            "install", {"packageName": name, "packageVersion": version, "options": options or {}}, 2
        )
        assert status == 200, answer

    def app(self, app_id: str) -> dict[str, Any]:
        query = "?embed=apps.tasks&embed=apps.counts&embed=apps.lastTaskFailure"
        found: dict[str, Any] = self.ask(f"/service/marathon/v2/apps{app_id}{query}")[1]["app"]
        return found

    def run(self, app: dict[str, Any]) -> None:
        status, answer = self.ask("/service/marathon/v2/apps", app)
        assert status == 201, answer

    def running(self, app_id: str, seconds: float = 60) -> list[dict[str, Any]]:
        """The app's tasks, once all of them run and nothing is being deployed."""

        def probe() -> Any:
            app = self.app(app_id)
            return not app["deployments"] and app["tasksRunning"] == app["instances"] and app["tasks"]

        found: list[dict[str, Any]] = eventually(f"app {app_id} runs", probe, seconds)
        return found

    def remove(self, app_id: str) -> None:
        self.ask(f"/service/marathon/v2/apps{app_id}?force=true", method="DELETE")
        eventually(f"app {app_id} is gone", lambda: self.ask(f"/service/marathon/v2/apps{app_id}")[0] == 404, 30)


@pytest.fixture(scope="module")
def bare() -> Iterator[Lab]:
    with lab_with(NAME, **ENV) as lab:
        yield lab


@pytest.fixture(scope="module")
def dcos(bare: Lab) -> Dcos:
    return Dcos(bare)


def host_of(lab: Lab, address: str) -> Host:
    return next(host for host in lab.agents if host.address == address)


def scheduler(dcos: Dcos, app_id: str) -> str:
    task = dcos.app(app_id)["tasks"][0]
    return f"http://{task['host']}:{task['ports'][0]}"


def test_an_app_is_a_process_on_an_agent_and_comes_back_when_it_dies(bare: Lab, dcos: Dcos) -> None:
    dcos.run(
        {
            "id": "/web",
            "cmd": "exec $STANDIN_PYTHON -m http.server $PORT0",
            "instances": 2,
            "cpus": 0.1,
            "mem": 32,
            "portDefinitions": [{"port": 0}],
        }
    )
    first = dcos.running("/web")
    for task in first:
        assert "Directory listing" in bare.masters[0].out("curl", "-fsS", f"http://{task['host']}:{task['ports'][0]}/")
    victim = first[0]
    host = host_of(bare, victim["host"])
    host.run("systemctl", "restart", "dcos-mesos-slave")
    assert {task["id"] for task in dcos.running("/web")} == {task["id"] for task in first}
    host.run("pkill", "-f", f"http.server {victim['ports'][0]}")
    eventually(
        "another task runs in its place", lambda: victim["id"] not in {task["id"] for task in dcos.running("/web")}, 60
    )
    dcos.remove("/web")
    assert all(agent.run("pgrep", "-f", "http.server", check=False).returncode == 1 for agent in bare.agents)


def test_an_app_on_a_network_that_is_not_there_says_why(dcos: Dcos) -> None:
    networks = [{"mode": "container", "name": "calico"}]
    dcos.run(
        {
            "id": "/early",
            "cmd": "sleep 1000",
            "cpus": 0.1,
            "mem": 32,
            "networks": networks,
            "container": {"type": "MESOS"},
        }
    )
    failure = eventually("the task fails", lambda: dcos.app("/early").get("lastTaskFailure"), 60)
    assert "Unknown CNI network 'calico'" in failure["message"]
    dcos.remove("/early")


def test_etcd_of_the_universe_is_a_cluster_that_srv_records_lead_to(bare: Lab, dcos: Dcos) -> None:
    dcos.install("etcd", "0.0.3")
    dcos.running(ETCD)
    eventually("etcd is healthy", lambda: dcos.ask(f"{scheduler(dcos, ETCD)}/healthz")[0] == 200, 120)
    members = [agent.out("pgrep", "-af", "etcd --name").strip() for agent in bare.agents]
    assert len(members) == 3 and all("--listen-client-urls" in line for line in members)
    agent = bare.agents[0]
    agent.run(
        "systemd-run",
        "--unit=try-proxy",
        "/opt/lab/etcd/etcd",
        "--proxy=on",
        "--discovery-srv=etcd.mesos",
        "--data-dir=/tmp/try-proxy",
    )
    try:
        eventually("the proxy answers", lambda: put(agent, "hello", "there"), 30)
    finally:
        agent.run("systemctl", "stop", "try-proxy")
    client = members[1].partition("--listen-client-urls ")[2].split()[0]
    assert json.loads(bare.agents[1].out("curl", "-fsS", f"{client}/v2/keys/hello"))["node"]["value"] == "there"


def put(agent: Host, key: str, value: str) -> bool:
    return (
        agent.run(
            "curl", "-fsS", "-XPUT", "-d", f"value={value}", f"http://127.0.0.1:2379/v2/keys/{key}", check=False
        ).returncode
        == 0
    )


def test_calico_of_the_universe_is_on_every_agent(bare: Lab, dcos: Dcos) -> None:
    dcos.install("calico", "0.4.0", {"Framework Settings": {"max-concurrent-restarts": 3}})
    dcos.running(CALICO)

    def done() -> bool:
        status, rows = dcos.ask(f"{scheduler(dcos, CALICO)}/json")
        return (
            status == 200
            and len(rows) == 3
            and all({name: task["state"] for name, task in row.items()} == STEPS for row in rows.values())
        )

    eventually("all steps are done on all agents", done, 240)
    for agent in bare.agents:
        assert json.loads(agent.read("/etc/docker/daemon.json"))["cluster-store"] == "etcd://localhost:2379"
        assert (
            json.loads(agent.read("/opt/mesosphere/etc/dcos/network/cni/calico.cni"))["etcd_endpoints"]
            == "http://localhost:2379"
        )
        assert agent.run("pgrep", "-f", "etcd --proxy=on").returncode == 0
        # The task runs as soon as `docker run` does, which fetches the image first.
        eventually(
            "calico/node is up",
            lambda a=agent: "started successfully" in a.run("docker", "logs", "calico-node", check=False).stdout,
            60,
        )
        assert (
            agent.out("docker", "ps", "--filter", "name=calico-node", "--format", "{{.Image}}").strip()
            == "calico/node:v1.0.0"
        )


def test_apps_on_calico_reach_each_other(bare: Lab, dcos: Dcos) -> None:
    dcos.run(
        {
            "id": "/pair", "cmd": "exec $STANDIN_PYTHON -m http.server 8000", "instances": 3, "cpus": 0.1, "mem": 32, "constraints": [["hostname", "UNIQUE"]],
            "container": {"type": "MESOS", "portMappings": [{"containerPort": 8000, "name": "http"}]},
            "networks": [{"mode": "container", "name": "calico", "labels": {"role": "web"}}],
        }
    )  # fmt: skip
    addresses = [task["ipAddresses"][0]["ipAddress"] for task in dcos.running("/pair", 120)]
    assert len(set(addresses)) == 3 and all(ipaddress.ip_address(address) in POOL for address in addresses)
    for agent in bare.agents:
        # One whose attachment failed while Calico came up may still be listed, because its detachment failed, too.
        [container] = [item for item in json.loads(agent.out(AGENT_PROGRAM, "list")) if item["ip"] in addresses]
        for address in addresses:
            what = f"the container of {agent.name} reaches {address}"
            eventually(
                what, lambda a=agent, n=container["namespace"], b=address: fetches(a, n, f"http://{b}:8000/"), 30
            )
    name = "pair.marathon.containerip.dcos.thisdcos.directory"
    eventually("the name is known", lambda: set(resolve(bare.agents[0], name)) == set(addresses), 30)
    dcos.remove("/pair")
    assert not bare.agents[0].run("sh", "-c", "ip route | grep cali", check=False).stdout


def fetches(host: Host, namespace: str, url: str) -> bool:
    return (
        host.run("nsenter", f"--net={namespace}", "curl", "-fsS", "--max-time", "3", url, check=False).returncode == 0
    )


def resolve(host: Host, name: str) -> list[str]:
    return [line.split()[0] for line in host.run("getent", "ahostsv4", name, check=False).stdout.splitlines()]


def test_packages_leave_behind_what_the_real_ones_leave(bare: Lab, dcos: Dcos) -> None:
    listed = dcos.package("list", {})[1]["packages"]
    assert {entry["packageInformation"]["packageDefinition"]["name"] for entry in listed} == {"etcd", "calico"}
    assert dcos.package("install", {"packageName": "calico", "packageVersion": "0.4.0"}, 2)[0] == 409
    assert dcos.package("uninstall", {"packageName": "calico"})[0] == 200

    def left() -> list[dict[str, Any]]:
        known = dcos.ask("/mesos/state")[1]["frameworks"]
        return [one for one in known if one["name"] == "calico" and not one["active"]]

    [framework] = eventually(
        "the scheduler has ended, and its tasks have not: Cosmos tears down by another name", left, 60
    )
    assert len(framework["tasks"]) == 6
    teardown = ("-d", f"frameworkId={framework['id']}", f"http://{bare.masters[0].address}:5050/teardown")
    bare.masters[0].run("curl", "-fsS", *teardown)
    eventually(
        "the framework's tasks are gone",
        lambda: all(agent.run("pgrep", "-f", "etcd --proxy=on", check=False).returncode for agent in bare.agents),
        60,
    )
    for agent in bare.agents:
        agent.run("test", "-e", "/opt/mesosphere/etc/dcos/network/cni/calico.cni")
    options = dcos.app(ETCD)["labels"].get("DCOS_PACKAGE_OPTIONS")
    assert options is None or json.loads(base64.b64decode(options)) == {}


def test_the_guides_path_over_etcd_of_the_universe(bare: Lab, dcos: Dcos) -> None:
    """By the inventory alone: etcd is there already; proxies in front of its members at random ports, then Calico by hand."""
    # The nodes that the package made are called otherwise, and have these agents' addresses.
    client = bare.agents[0].out("pgrep", "-af", "etcd --name").partition("--listen-client-urls ")[2].split()[0]
    bare.agents[0].run("curl", "-fsS", "-XDELETE", f"{client}/v2/keys/calico?recursive=true")
    for agent in bare.agents:
        agent.run(
            "sh",
            "-c",
            "docker rm -f calico-node; rm -f /opt/mesosphere/etc/dcos/network/cni/calico.cni /opt/mesosphere/active/cni/calico*",
            check=False,
        )
    playbook(bare.inventory).require()
    assert playbook(bare.inventory).require().changed() == []
    test_apps_on_calico_reach_each_other(bare, dcos)
