# -*- coding: utf-8 -*-
"""workload_info on a host that has nothing, and on one with containers of Mesos and of Docker."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
import yaml

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp
from ansible_collections.dcos.calico.plugins.module_utils._host import _mesos_agent
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _workload_info as job
from ansible_collections.dcos.calico.plugins.modules import workload_info

from ...support import returns
from ...support.agent_host import furnish
from ..scenarios.workload_info import arguments, containers, kernel

RETURN = yaml.safe_load(workload_info.RETURN)
TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 192.168.72.192
        /32 host LOCAL
Local:
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 192.168.72.192
        /32 host LOCAL
     |-- 127.255.255.255
        /32 link BROADCAST
"""
IF_INET6 = """00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000eceeeefffeeeeeee 05 40 20 80 cali17ada3c5-4b
fd8024e2f99872d60000000000000005 03 80 00 80     eth0
"""
# As the kernel writes them: destination, prefix, source, its prefix, next hop, metric, counts, flags and interface.
ROUTES6 = "".join(
    "%s %s %s 00 %s 00000400 00000001 00000000 00000001 cali17ada3c5-4b\n" % (address, prefix, "0" * 32, "0" * 32)
    for address, prefix in (("fd8024e2f99872d60000000000000005", "80"), ("fe80000000000000eceeeefffeeeeeee", "80"), ("fe800000000000000000000000000000", "40"))
)


@pytest.fixture
def host(agent_host, monkeypatch):
    monkeypatch.setattr(job, "MESOS", (str(agent_host.root.join("mesos")), str(agent_host.root.join("persisted"))))
    kernel(agent_host)
    return agent_host


def result_of(run_module, host, **more):
    result = run_module(workload_info, arguments(host, **more))
    assert not result.get("failed") and result["changed"] is False
    assert returns.faults_of_result(RETURN, result, {}) == []
    return result


def test_what_a_namespace_has():
    assert job.local_addresses(TRIE) == set(["192.168.72.192", "127.0.0.1"])
    assert job.local_addresses6(IF_INET6) == set(["::1", "fd80:24e2:f998:72d6::5"])
    assert job.routes6(ROUTES6) == ["fd80:24e2:f998:72d6::5"]
    assert job.local_addresses("") == job.local_addresses6("") == set()


def test_a_host_that_has_nothing(run_module, host):
    result = result_of(run_module, host)
    assert result["names"] == [os.uname()[1]] and result["configured"] is False
    assert all(result[key] == [] for key in ("interfaces", "addresses", "container_routes", "other_routes", "docker", "mesos", "peers", "sessions"))
    assert result["docker_error"] is None and "no such file" in result["bird_error"].lower() and result["plugin_at_work"] is False


def test_a_host_with_containers(run_module, host):
    furnish(host)
    containers(host)
    result = result_of(run_module, host)
    assert result["names"][0] == "10.0.2.10" and result["configured"] is True
    assert result["interfaces"] == ["cali4a5e9f0c-me"] and result["mesos"] == ["4a5e9f0c-mesos-uuid"] and result["docker"] == ["948f4584ca37"]
    assert result["container_routes"] == ["192.168.12.5"] and result["other_routes"] == ["192.168.12.9"]
    assert "192.168.72.192" in result["addresses"] and result["plugin_at_work"] is True


def test_tasks_of_the_mesos_agent(run_module, host, monkeypatch):
    nothing = {"live": [], "ended": {}, "error": None}
    monkeypatch.setattr(job._mesos_agent, "unit_name", lambda: None)
    assert result_of(run_module, host, tasks=True)["tasks"] == nothing and "tasks" not in result_of(run_module, host)
    monkeypatch.setattr(job._mesos_agent, "unit_name", lambda: "dcos-mesos-slave.service")
    assert result_of(run_module, host, tasks=True)["tasks"]["error"], "nobody says where the agent is"
    furnish(host)
    asked = []
    views = [
        _mesos_agent.View(live=["web.1"], ended={"job.1": "TASK_FINISHED"}), _mesos_agent.View(closed=True),
        _mesos_agent.View("it does not answer on 10.0.2.10:5051 (refused)"),
    ]
    monkeypatch.setattr(job._mesos_agent, "look", lambda *where: asked.append(where) or views.pop(0))
    assert result_of(run_module, host, tasks=True)["tasks"] == {"live": ["web.1"], "ended": {"job.1": "TASK_FINISHED"}, "error": None}
    assert result_of(run_module, host, tasks=True)["tasks"] == dict(nothing, error="its API requires authentication")
    assert "does not answer" in result_of(run_module, host, tasks=True)["tasks"]["error"] and asked == [("10.0.2.10", 5051)] * 3


def test_docker_that_does_not_answer_is_said(run_module, host):
    host.tool("docker", "#!/bin/sh\necho Cannot connect to the Docker daemon >&2\nexit 1\n")
    assert "Cannot connect" in result_of(run_module, host)["docker_error"]


@pytest.mark.parametrize("ends", [True, False])
def test_peers_are_waited_for(run_module, host, monkeypatch, ends):
    monkeypatch.setattr(job, "POLL", 0.01)
    answers = [(["10.0.1.13", "10.0.1.12"], ["10.0.1.12"], None)] * 3
    looks = []

    def sessions():
        looks.append(1)
        return answers[0] if len(looks) < 3 or not ends else (["10.0.1.12"], ["10.0.1.12"], None)

    monkeypatch.setattr(job, "_sessions", sessions)
    result = run_module(workload_info, arguments(host, peers_gone=["10.0.1.13"], timeout=60 if ends else 0))
    assert len(looks) == (3 if ends else 1) and bool(result.get("failed")) is not ends
    assert ends or "still has the peers 10.0.1.13" in result["msg"]


def test_a_bird_that_does_not_say_has_not_let_go(run_module, host, monkeypatch):
    monkeypatch.setattr(job, "_sessions", lambda: ([], [], "it does not answer"))
    monkeypatch.setattr(_bgp, "SOCKET", str(host.root.join("bird.ctl")))
    given = arguments(host, peers_gone=["10.0.1.13"], timeout=0)
    assert not run_module(workload_info, given).get("failed"), "there is no BIRD"
    host.root.join("bird.ctl").write("")
    assert "does not say which peers it has" in run_module(workload_info, given)["msg"]


@pytest.mark.parametrize("what", ["routes", "interfaces"])
def test_what_cannot_be_read_is_not_nothing(run_module, host, what):
    """An audit would free the addresses of containers that live."""
    host.root.join(*{"routes": ("proc", "self", "net", "route"), "interfaces": ("sys_net",)}[what]).remove()
    result = run_module(workload_info, arguments(host))
    assert result["failed"] and "The %s of the host cannot be read" % what in result["msg"]


def test_containers_of_mesos_that_cannot_be_read_are_not_none(run_module, host):
    host.root.join("mesos").mksymlinkto(host.root.join("mesos"))  # a loop, whoever asks
    assert "The containers of Mesos cannot be read" in run_module(workload_info, arguments(host))["msg"]


def test_containers_of_mesos_outlive_a_boot_where_dcos_was_installed_so(run_module, host):
    host.root.ensure("persisted", "4a5e9f0c-mesos-uuid", dir=True)
    assert result_of(run_module, host)["mesos"] == ["4a5e9f0c-mesos-uuid"]


def test_a_process_that_ends_meanwhile_hides_no_address_of_its_namespace(run_module, host):
    containers(host)
    for pid in ("76", "78"):
        process = host.root.ensure("proc", pid, "ns", dir=True).dirpath()
        os.symlink("net:[4026531992]", str(process.join("ns", "net")))
    assert "192.168.72.192" in result_of(run_module, host)["addresses"]


def test_a_plugin_whose_file_is_replaced_while_it_works_is_one(run_module, host):
    containers(host)
    program = host.root.join("proc", "77", "exe")
    program.remove()
    os.symlink("/opt/calico/bin/calico (deleted)", str(program))
    assert result_of(run_module, host)["plugin_at_work"] is True


def test_sessions_of_bird(run_module, host, monkeypatch):
    peers = [_bgp.peer("10.0.1.12", "node-to-node mesh", "up", "06:00", "Established"), _bgp.peer("10.0.1.13", "node-to-node mesh", "start", "06:00", "Active")]
    monkeypatch.setattr(_bgp, "ask", lambda: peers)
    result = result_of(run_module, host)
    assert result["peers"] == ["10.0.1.12", "10.0.1.13"] and result["sessions"] == ["10.0.1.12"] and result["bird_error"] is None
