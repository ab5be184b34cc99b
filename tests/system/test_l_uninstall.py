"""An uninstall on hosts that were seen before anything was installed: they are what they were, and nothing of anybody else is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dcoslab.process import scaled
from support.ansible import Run, playbook
from support.lab import Lab, eventually, lab_with
from support.leftovers import forget
from support.whole_hosts import difference, state
from support.workloads import Workloads

# What an operator has on each agent; all of it looks somewhat like Calico's.
OTHERS = """
iptables -N operator-calico && iptables -A operator-calico -p tcp --dport 22 -j ACCEPT
iptables -I INPUT -m comment --comment "before calico: ssh" -j operator-calico
! test -d /sys/class/net/tunl0 || { ip link set tunl0 up && ip addr add 203.0.113.9/32 dev tunl0; }
ipset create operator-cali4 hash:ip && iptables -t nat -A POSTROUTING -m set --match-set operator-cali4 src -j RETURN
ip route add blackhole 10.78.0.0/16 && ip route add 10.77.0.0/16 dev m-dcos
ip link add cali-operator type bridge
mkdir -p /tmp/image/bin && cp /bin/sleep /tmp/image/bin/ && ldd /bin/sleep | grep -o '/[^ ]*' | xargs -I{} cp --parents {} /tmp/image
tar -C /tmp/image -c . | docker import - operator/image:v1 && docker run -d --name operator --network none operator/image:v1 /bin/sleep 86400
"""
# All that is off unless it is asked for; what is on by default is on.
METRICS = {"calico_metrics": True, "calico_metrics_scrapers": ["10.0.9.5"]}
# Somebody who uses etcd by the proxy.
CLIENT = """import socket, time; kept = socket.create_connection(("127.0.0.1", 2379)); time.sleep(900)"""
KEPT = "/etc/calico/agent-files"
UNITS = ("dcos-mesos-slave.service", "docker.service")
# Each is gone when the part of the uninstall that removes it is done; in the order of the parts.
PARTS = (
    "/etc/systemd/system/calico-agent-files.path",
    "/opt/mesosphere/etc/dcos/network/cni/calico.cni",
    "/etc/systemd/system/calico-node.service",
    "/opt/calico/bin/calico",
    KEPT,
    "/var/lib/calico-etcd-proxy",
    "/opt/calico/bin/calicoctl",
    "/etc/modules-load.d/calico.conf",
    "/etc/sysctl.d/60-calico.conf",
    "/var/log/calico",
)

KILL = """kill -9 $(sed 's/.*"pid": \\([0-9]*\\).*/\\1/' /run/dcos-calico.lock)"""


def uninstall(lab: Lab, *arguments: str, **variables: Any) -> Run:
    return playbook(lab.inventory, *arguments, name="playbooks/uninstall.yml", variables={**METRICS, **variables})


def lasting(run: Run) -> set[tuple[str, str]]:
    """What the diffs name, but for routes: those to a host that went before are gone by then."""
    return {(host, name) for host, name in run.predictions() if not name.startswith("route ")}


def nodes(lab: Lab) -> set[str]:
    return {key.split("/")[4] for key in lab.etcd() if key.startswith("/calico/v1/host/")}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with lab_with("uninstall", "small", LAB_AGENTS="2") as made:
        for agent in made.agents:
            agent.run("sh", "-ec", OTHERS)
        yield made


@pytest.fixture(scope="module")
def before(lab: Lab) -> dict[str, dict[str, Any]]:
    return {name: state(host) for name, host in lab.hosts.items()}


@pytest.fixture
def installed(lab: Lab, before: dict[str, dict[str, Any]]) -> Lab:
    playbook(lab.inventory, variables=METRICS).require()
    return lab


def require_as_before(lab: Lab, before: dict[str, dict[str, Any]]) -> None:
    assert {name: found for name, host in lab.hosts.items() if (found := difference(before[name], state(host)))} == {}


def test_hosts_are_what_they_were(installed: Lab, before: dict[str, dict[str, Any]]) -> None:
    lab, pids = installed, {}
    for agent in lab.agents:
        assert agent.out("systemctl", "is-active", "calico-agent-files.path").strip() == "active"
        assert "--dport 62091" in agent.out("iptables", "-t", "mangle", "-S", "INPUT")
        # Of a network that somebody has removed by hand, and that the unit would put back.
        agent.run(
            "sh", "-ec", f"cd {KEPT}/opt/mesosphere/etc/dcos/network/cni && sed s/calico/other/ calico.cni > other.cni"
        )
        assert f"/calico/v1/host/{agent.address}/config/PrometheusMetricsPort" in lab.etcd()
    first, client = lab.agents[0], f"setsid /opt/lab/bin/python3 -c '{CLIENT}' > /dev/null 2>&1 < /dev/null & echo $!"
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []
        process = first.out("sh", "-c", client).strip()
        refused = uninstall(lab)
        first.run("kill", process)
        assert refused.rc != 0 and refused.changed() == []
        assert f"etcd's proxy of this host is used by python3 (process {process})" in " ".join(refused.output.split())
        assert all(f"{item.container} ({item.address})" in refused.output for item in workloads.items)
        assert workloads.unreachable() == []
    for agent in lab.agents:
        pids[agent.name] = agent.out("systemctl", "show", "-p", "MainPID", *UNITS)
    predicted = uninstall(lab, "--check", "--diff").require()
    assert {host for host, _task in predicted.changed()} == {agent.name for agent in lab.agents}
    done = uninstall(lab, "--diff").require()
    assert lasting(predicted) == lasting(done)
    on_hosts = [(item["host"], item["module"]) for item in done.executions if item["host"].startswith("agent")]
    assert len(on_hosts) == 2 * len(lab.agents), on_hosts
    require_as_before(lab, before)
    assert pids == {agent.name: agent.out("systemctl", "show", "-p", "MainPID", *UNITS) for agent in lab.agents}
    assert nodes(lab) == set() and any("/ipam/v4/pool/" in key for key in lab.etcd())
    again = uninstall(lab).require()
    assert again.changed() == [] and "Uninstall: nothing to do." in again.output


@pytest.mark.slow
def test_a_run_that_is_killed_is_finished_by_the_next(installed: Lab, before: dict[str, dict[str, Any]]) -> None:
    victim = installed.agents[0]
    for path in PARTS:
        # The module, as soon as its part is done; the lock says who it is.
        watch = f"while [ -e {path} ]; do sleep 0.01; done; {KILL}"
        killer = threading.Thread(
            target=victim.run,
            args=("timeout", str(scaled(120)), "sh", "-c", watch),
            kwargs={"check": False, "timeout": 180},
        )
        killer.start()
        run = uninstall(installed, "--limit", victim.name)
        killer.join()
        assert run.rc != 0 or path == PARTS[-1], f"it was over before it could be killed at {path}"
        assert victim.run("test", "-e", path, check=False).returncode != 0
    uninstall(installed, "--limit", victim.name).require()
    assert difference(before[victim.name], state(victim)) == []
    assert nodes(installed) == {installed.agents[1].address}


@pytest.mark.slow
def test_a_host_that_was_installed_half(installed: Lab, before: dict[str, dict[str, Any]]) -> None:
    victim = installed.agents[0]
    # What a run leaves that ended before its first node, and what somebody has taken away by hand.
    victim.run("systemctl", "disable", "--now", "calico-node.service")
    victim.run(
        "rm", "-rf", "/etc/systemd/system/calico-node.service", "/opt/mesosphere/etc/dcos/network/cni/calico.cni"
    )
    victim.run("rm", "-rf", "/opt/calico/bin/calicoctl", "/etc/systemd/system/calico-etcd-proxy.service")
    victim.run("systemctl", "daemon-reload")
    # What an inventory says by now is not what is on the host.
    uninstall(installed, "--limit", victim.name, calico_keep_files=False, calico_metrics=False).require()
    assert difference(before[victim.name], state(victim)) == []


@pytest.mark.slow
def test_the_datastore_goes_with_the_last_host_after_a_backup(
    installed: Lab, before: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    lab, file = installed, tmp_path / "calico.json"
    one = uninstall(lab, "--limit", "agent1", calico_uninstall_datastore="delete", calico_uninstall_without_backup=True)
    assert one.rc != 0 and f"nodes that are none of this run: {lab.agents[1].address}" in one.output
    unsaid = uninstall(lab, calico_uninstall_datastore="delete")
    assert unsaid.rc != 0 and "it is not said whether a backup is to be made first" in unsaid.output
    assert nodes(lab) == {agent.address for agent in lab.agents}
    everything = lab.etcd()
    uninstall(lab, calico_uninstall_datastore="delete", calico_backup_file=str(file)).require()
    assert lab.etcd() == {} and file.exists() and everything
    require_as_before(lab, before)


@pytest.mark.slow
def test_containers_are_cut_off_where_that_is_asked_for(installed: Lab, before: dict[str, dict[str, Any]]) -> None:
    lab = installed
    with Workloads(lab, "calico") as workloads:
        lab.masters[0].run("systemctl", "stop", "lab-etcd")
        try:
            run = uninstall(lab, "--limit", "agent1", calico_uninstall_cut_off=True).require()
        finally:
            lab.masters[0].run("systemctl", "start", "lab-etcd")
        item = workloads.of(lab.agents[0])
        assert f"The node {lab.agents[0].address} stays in the datastore" in run.output
        assert not lab.agents[0].ping(item.container, lab.agents[0].address)
        eventually("etcd is back", lambda: lab.agents[0].address in nodes(lab), seconds=60)
        uninstall(lab, calico_uninstall_cut_off=True).require()
        assert nodes(lab) == {lab.agents[0].address}
        # Mesos cannot detach them any more.
        for item in workloads.items:
            forget(item.agent, item.container)
        workloads.items.clear()
    require_as_before(lab, before)
