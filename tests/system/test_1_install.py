"""`ansible-playbook -i INVENTORY site.yml` on real systemd hosts, from nothing. The tests build on each other, in this order."""

from __future__ import annotations

import ipaddress
import itertools
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from support.ansible import BUDGET_ONCE, Run, playbook
from support.lab import Host, Lab, eventually
from support.leftovers import changed, die, lasting, leak
from support.planted import KEYS, VARIABLES, WORD, planted
from support.workloads import Workloads

POOL = ipaddress.ip_network("192.168.0.0/16")
# what changes in the datastore is named beside the hosts
DATASTORE = ("ipPool ", "profile ", "felix ")


@pytest.fixture(scope="module")
def story() -> dict[str, Any]:
    """What earlier tests leave for later ones."""
    return {}


def test_check_mode_on_an_untouched_lab_predicts_and_changes_nothing(lab: Lab, story: dict[str, Any]) -> None:
    before = lab.snapshot()
    story["predicted"] = playbook(lab.inventory, "--check", "--diff").require()
    after = lab.snapshot()
    assert before == after
    assert {host for host, _ in story["predicted"].changed()} == {agent.name for agent in lab.agents}


def test_the_plan_of_an_untouched_lab_changes_nothing(lab: Lab, story: dict[str, Any]) -> None:
    before = lab.snapshot()
    story["plan"] = run = playbook(lab.inventory, name="playbooks/plan.yml", variables={"calico_plan_exit_code": True})
    assert run.rc == 2 and "The plan has changes" in run.output
    assert lab.snapshot() == before
    assert f"Plan: {len(lab.agents)} of {len(lab.agents)} hosts change; 0 have nothing to do." in run.output


def test_the_first_run_installs(lab: Lab, story: dict[str, Any]) -> None:
    story["first"] = playbook(lab.inventory, "--diff").require()
    for agent in lab.agents:
        assert agent.run(
            "systemctl", "is-active", "calico-etcd-proxy.service", "calico-node.service"
        ).stdout.split() == ["active", "active"]


def test_the_prediction_was_right(story: dict[str, Any]) -> None:
    predicted: Run = story["predicted"]
    first: Run = story["first"]
    assert sorted(predicted.changed()) == sorted(first.changed())
    assert predicted.predictions() == first.predictions()
    on_hosts = {(host, name) for host, name in first.predictions() if not name.startswith(DATASTORE)}
    assert story["plan"].planned() == first.planned() == on_hosts


def test_the_second_run_changes_nothing_within_the_budget(lab: Lab, story: dict[str, Any]) -> None:
    story["second"] = run = playbook(lab.inventory, "--diff")
    run.require_nothing_done(lab.agents)
    assert len(run.once()) <= BUDGET_ONCE, run.once()
    assert run.plan()["changes"] is False and "Plan: nothing to do." in run.output


def test_check_mode_on_a_converged_lab_predicts_nothing(lab: Lab) -> None:
    assert playbook(lab.inventory, "--check", "--diff").require().changed() == []


def test_the_datastore_is_as_desired_and_was_there_before_the_nodes(lab: Lab) -> None:
    keys = lab.etcd()
    pools = [json.loads(value) for key, value in keys.items() if key.startswith("/calico/v1/ipam/v4/pool/")]
    assert pools == [
        {"cidr": "192.168.0.0/16", "ipip": "", "ipip_mode": "", "masquerade": True, "ipam": True, "disabled": False}
    ]
    assert not [key for key in keys if key.startswith("/calico/v1/ipam/v6/pool/")]
    desired = {
        "HealthEnabled": "true",
        "HealthPort": "62092",
        "UsageReportingEnabled": "false",
        "IgnoreLooseRPF": "false",
        "LogSeverityScreen": "info",
    }
    assert {name: keys.get(f"/calico/v1/config/{name}") for name in desired} == desired


def test_nodes_are_named_and_addressed_by_detect_ip(lab: Lab) -> None:
    keys = lab.etcd()
    for agent in lab.agents:
        assert keys[f"/calico/bgp/v1/host/{agent.address}/ip_addr_v4"] == agent.address
        assert keys[f"/calico/bgp/v1/host/{agent.address}/network_v4"] == str(
            ipaddress.ip_network(f"{agent.address}/24", strict=False)
        )
        config = json.loads(agent.read("/opt/mesosphere/etc/dcos/network/cni/calico.cni"))
        assert config["nodename"] == agent.address
    nodes = {key.split("/")[5] for key in keys if key.startswith("/calico/bgp/v1/host/")}
    assert nodes == {agent.address for agent in lab.agents}


def test_the_health_port_of_felix_is_answered_on_its_own_host_only(lab: Lab) -> None:
    for agent, other in zip(lab.agents, lab.agents[1:] + lab.agents[:1], strict=True):
        ask = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "3"]
        assert (
            agent.out(*ask, "http://127.0.0.1:62092/readiness")
            == agent.out(*ask, f"http://{agent.address}:62092/readiness")
            == "204"
        )
        assert other.run(*ask, f"http://{agent.address}:62092/readiness", check=False).stdout == "000"


def test_nothing_but_networks_stands_in_the_directory_that_mesos_reads(lab: Lab) -> None:
    for agent in lab.agents:
        names = agent.out("ls", "-A", "/opt/mesosphere/etc/dcos/network/cni").split()
        assert "calico.cni" in names and not [name for name in names if name.startswith(".")]


def test_workloads_reach_each_other_across_agents_both_ways(lab: Lab, story: dict[str, Any]) -> None:
    with Workloads(lab, "calico") as workloads:
        addresses = [ipaddress.ip_address(item.address) for item in workloads.items]
        assert len(set(addresses)) == len(lab.agents) and all(address in POOL for address in addresses)
        assert workloads.unreachable() == []
        for agent in lab.agents:
            assert agent.sysctl("net.ipv4.conf.all.rp_filter") == "1"
            assert set(values(agent, "cali")) == {"1"}
        routes_are_birds(lab, workloads)


def values(agent: Host, prefix: str) -> list[str]:
    names = [name for name in agent.out("ls", "/proc/sys/net/ipv4/conf").split() if name.startswith(prefix)]
    return [agent.sysctl(f"net/ipv4/conf/{name}/rp_filter".replace("/", ".")) for name in names]


def routes_are_birds(lab: Lab, workloads: Workloads) -> None:
    """Every other agent's addresses are reached by a route of BIRD's, and without BIRD's session there is none."""
    for agent, other in itertools.permutations(lab.agents, 2):
        route = agent.out("ip", "route", "get", workloads.of(other).address)
        assert f"via {other.address}" in route, route
        block = agent.out("ip", "route", "show", "match", workloads.of(other).address)
        assert "proto bird" in block, block


def test_a_stopped_bird_is_missed(lab: Lab) -> None:
    victim, other = lab.agents[0], lab.agents[1]
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []
        victim.run("systemctl", "stop", "calico-node.service")
        victim.run("ip", "route", "flush", "proto", "bird")
        eventually(
            "the pings of an agent without BIRD fail",
            lambda: not victim.ping(workloads.of(victim).container, workloads.of(other).address),
        )
        victim.run("systemctl", "start", "calico-node.service")
        eventually(
            "BIRD's routes are back",
            lambda: victim.ping(workloads.of(victim).container, workloads.of(other).address),
            seconds=40,
        )
    eventually(
        "a plan finds the node healthy again",
        lambda: playbook(lab.inventory, name="playbooks/plan.yml").require().plan()["changing"] == {},
        seconds=60,
    )


def test_the_status_of_an_installed_lab_by_one_look_at_each_agent(lab: Lab, tmp_path: Path) -> None:
    document, page = tmp_path / "status.json", tmp_path / "status.html"
    before = lab.snapshot()
    variables = {"calico_status_json": str(document), "calico_status_html": str(page)}
    run = playbook(lab.inventory, name="playbooks/status.yml", variables=variables).require()
    assert run.changed() == [] and lab.snapshot() == before
    summary = json.loads(document.read_text(encoding="utf-8"))["summary"]
    assert summary["answered"] == summary["well"] == len(lab.agents), run.output
    assert summary["problems"]["critical"] == summary["problems"]["warning"] == 0, run.output
    assert all(agent.name in page.read_text(encoding="utf-8") for agent in lab.agents)
    on_agents = [(item["host"], item["module"]) for item in run.executions if not item["once"]]
    assert sorted(host for host, _module in on_agents) == sorted(agent.name for agent in lab.agents), on_agents


def test_metrics_of_felix_are_for_their_scrapers_alone_and_go_again(lab: Lab, tmp_path: Path) -> None:
    """On the host of a limit, and on no other."""
    agent, other, scraper = lab.agents[0], lab.agents[1], lab.masters[0]
    variables = {"calico_metrics": True, "calico_metrics_scrapers": [scraper.address]}
    ask = [
        "curl",
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "--max-time",
        "3",
        f"http://{agent.address}:62091/metrics",
    ]
    predicted = playbook(lab.inventory, "--check", "--diff", "--limit", agent.name, variables=variables).require()
    done = playbook(lab.inventory, "--diff", "--limit", agent.name, variables=variables).require()
    assert predicted.predictions() == done.predictions() and {host for host, _name in done.changed()} == {agent.name}
    eventually("Felix has its metrics", lambda: agent.run(*ask, check=False).stdout == "200")
    assert scraper.out(*ask) == "200" and other.run(*ask, check=False).stdout == "000"
    assert "felix_resync_state 3" in scraper.out("curl", "-s", ask[-1])
    assert not other.out("ss", "-Hltn", "sport = :62091")
    files = {"calico_status_metrics": str(tmp_path / "s.prom"), "calico_status_targets": str(tmp_path / "t.json")}
    playbook(
        lab.inventory, "--limit", agent.name, name="playbooks/status.yml", variables={**variables, **files}
    ).require()
    assert f'dcos_calico_host_drifted{{host="{agent.name}"}} 0' in (tmp_path / "s.prom").read_text()
    assert json.loads((tmp_path / "t.json").read_text())[0]["targets"] == [f"{agent.address}:62091"]
    assert playbook(lab.inventory, "--limit", agent.name).require().changed()
    assert not agent.out("ss", "-Hltn", "sport = :62091") and "62091" not in agent.out("iptables-save", "-t", "mangle")
    assert not [key for key in lab.etcd() if "PrometheusMetrics" in key]


def test_the_bundles_of_an_installed_lab_have_no_secret_and_leave_nothing_behind(lab: Lab, tmp_path: Path) -> None:
    with planted(lab, "/opt/mesosphere/etc/dcos/network/cni"):
        before = lab.snapshot()
        variables = {"calico_diagnostics_directory": str(tmp_path / "ticket"), **VARIABLES}
        run = playbook(lab.inventory, name="playbooks/diagnostics.yml", variables=variables).require()
        assert run.changed() == [] and lab.snapshot() == before
    [directory] = (tmp_path / "ticket").iterdir()
    archives = {path.name.removesuffix(".tar.gz"): path for path in directory.iterdir()}
    assert set(archives) == {"cluster", *(f"host-{agent.name}" for agent in lab.agents)}
    assert {path.stat().st_mode & 0o777 for path in archives.values()} == {0o600}
    assert directory.stat().st_mode & 0o777 == 0o700
    texts = {}
    for top, path in archives.items():
        assert path.stat().st_size < 1 << 20 and WORD.encode() not in path.read_bytes()
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                assert member.isfile() and member.mode == 0o600 and member.name.startswith(f"{top}/")
                stream = archive.extractfile(member)
                assert stream is not None
                texts[member.name] = stream.read().decode("utf-8")
    assert [(name, line) for name, text in texts.items() for line in text.splitlines() if WORD in line] == []
    assert [name for name, text in texts.items() if "\x1b" in text] == [] and WORD not in run.output
    for agent in lab.agents:
        found = {name.partition("/")[2]: text for name, text in texts.items() if name.startswith(f"host-{agent.name}/")}
        for name in ("logs/felix.log", "logs/docker.service.log", "units/docker.service.txt", "cni/04.txt"):
            assert "[redacted]" in found[name], (agent.name, name)
        assert "cali-" in found["network/iptables.txt"] and "established" in found["bird/protocols.txt"].lower()
        assert "BIRD" in found["bird/status.txt"] and "/readiness: yes" in found["felix/health.txt"]
        assert not [line for line in found["index.txt"].splitlines() if line.endswith("s)") and "not answer" in line]
    keys = [json.loads(line)["key"] for line in texts["cluster/datastore/keys.txt"].splitlines()]
    assert {f"/calico/{key}" for key in KEYS} < set(keys) and set(lab.etcd()) < set(keys)
    on_agents = [(item["host"], item["module"]) for item in run.executions if not item["once"]]
    assert sorted(host for host, _module in on_agents) == sorted(agent.name for agent in lab.agents), on_agents


def test_an_audit_frees_what_nobody_has_and_nothing_else(lab: Lab, tmp_path: Path) -> None:
    document = tmp_path / "audit.json"
    with Workloads(lab, "calico") as workloads:
        before = lasting(lab)
        dead, _address = die(lab.agents[0])
        _handle, leaked = leak(lab.agents[1])
        variables = {
            "calico_audit_json": str(document),
            "calico_audit_wait": 3,
            "calico_audit_free": ["nodes", "blocks", "endpoints", "addresses", "handles"],
        }
        run = playbook(lab.inventory, name="playbooks/audit.yml", variables=variables).require()
        freed = json.loads(document.read_text(encoding="utf-8"))["freed"]
        assert set(freed) == {f"{lab.agents[0].address}/cni/{dead}/eth0", leaked}, run.output
        assert changed(before, lasting(lab)) == {} and workloads.unreachable() == []


def test_a_datastore_that_was_destroyed_is_restored_under_running_containers(lab: Lab, tmp_path: Path) -> None:
    file = {"calico_backup_file": str(tmp_path / "calico.json")}
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []
        before = lasting(lab)
        assert playbook(lab.inventory, name="playbooks/backup.yml", variables=file).require().changed()
        url = f"http://{lab.masters[0].address}:2379/v2/keys/calico?recursive=true"
        lab.masters[0].run("curl", "-fsS", "-X", "DELETE", url)
        looked = playbook(lab.inventory, "--check", name="playbooks/restore.yml", variables=file).require()
        assert looked.changed() and not set(lasting(lab)) & {key for key in before if "/ipam/" in key}
        assert playbook(lab.inventory, name="playbooks/restore.yml", variables=file).require().changed()
        assert lasting(lab) == before
        assert playbook(lab.inventory, name="playbooks/restore.yml", variables=file).require().changed() == []
        eventually("containers reach each other again", lambda: workloads.unreachable() == [], seconds=90)
    assert playbook(lab.inventory).require().changed() == []
