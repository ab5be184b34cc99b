"""Playbook verify: what it starts on a cluster, what it says where that does not start, and that nothing of it stays.

The hosts are this machine, where tasks run without a network of their own; the rest of the verification needs hosts that have one: tests/system.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from api import Api
from conftest import Make
from runs import Playbooks, Ran, local_hosts
from standin import ROOT
from standin_service import eventually, patience

Json = dict[str, Any]
APPS = "/service/marathon/v2/apps"
AGENTS = {"agent1": "127.9.0.21", "agent2": "127.9.0.22", "public1": "127.9.0.61"}
FILE = "playbooks/verify.yml"
SLOW = pytest.mark.slow
SWEEP = "dcos.calico.calico_verify : Remove what earlier runs have left"


@pytest.fixture(scope="module")
def cluster(make_shared: Make) -> Api:
    return make_shared("1.11.12", agents=(2, 1))


class Verify:
    """The playbook against a cluster."""

    def __init__(self, api: Api, directory: Path) -> None:
        self.api = api
        self.playbooks = Playbooks("2.16", directory)
        self.hosts = local_hosts(AGENTS, group="agents")
        for name, address in AGENTS.items():
            self.hosts["all"]["children"]["agents"]["hosts"][name] = {"ansible_host": address}
        self.variables: Json = {
            "calico_dcos_url": api.standin.url, "calico_dcos_token": api.token, "calico_networks": [{"name": "dcos"}],
            "calico_verify_dns_wait": 0, "calico_verify_wait": 1,
        }  # fmt: skip

    def __call__(self, *arguments: str, **variables: Any) -> Ran:
        return self.playbooks.run(FILE, *arguments, hosts=self.hosts, variables={**self.variables, **variables})

    def apps(self) -> list[str]:
        return [app["id"] for app in self.api.apps("GET").json()["apps"]]


@pytest.fixture
def verify(cluster: Api, tmp_path: Path) -> Verify:
    cluster.standin.forget()
    made = Verify(cluster, tmp_path)
    assert made.apps() == []
    return made


def shown(ran: Ran) -> str:
    return " ".join(ran.output.split())


@SLOW  # an app that ends at once has to be seen ending, which a busy machine is too slow for
def test_what_does_not_start_is_told_of_and_nothing_stays(verify: Verify, tmp_path: Path) -> None:
    """On this machine one port can be had once: one app runs, on the machine's own network; the others cannot."""
    files = {"calico_verify_json": str(tmp_path / "calico.json"), "calico_verify_junit": str(tmp_path / "calico.xml")}
    ran = verify(**files)
    assert ran.rc != 0 and ran.changed() == [] and verify.apps() == []
    writes = verify.api.standin.writes()
    assert (
        writes.pop(f"POST {APPS}") == 3
        and len(writes) == 3
        and all(call.startswith(f"DELETE {APPS}/dcos-calico-verify/r") for call in writes)
    )
    found = json.loads(Path(files["calico_verify_json"]).read_text(encoding="utf-8"))
    failed = {
        row["host"]: [name for name, check in row["checks"].items() if check["status"] == "failed"]
        for row in found["agents"]
    }
    assert sorted(failed.values()) == [["probe"], ["started"], ["started"]] and set(failed) == set(AGENTS)
    assert "Its processes are in the host's own network namespace" in shown(
        ran
    ) and "Command exited with status 1" in shown(ran)
    assert "All 3 containers that were started are removed again." in shown(ran) and "3 of 4 checks failed." in shown(
        ran
    )
    assert ElementTree.parse(files["calico_verify_junit"]).getroot().attrib["failures"] == "3"


@SLOW
def test_a_network_that_no_agent_has(verify: Verify) -> None:
    ran = verify(calico_networks=[{"name": "calico"}], calico_verify_agents=["agent1", "127.9.0.61"])
    assert ran.rc != 0 and verify.apps() == [] and verify.api.standin.writes()[f"POST {APPS}"] == 2
    assert "agent1, started: Its app does not start: TASK_FAILED on 127.9.0.21: Unknown CNI network 'calico'" in shown(
        ran
    )
    assert "agent2, started" not in ran.output


@SLOW
def test_an_agent_without_room_is_waited_for_no_longer_than_said(verify: Verify) -> None:
    ran = verify(calico_verify_agents=["agent2"], calico_verify_mem=10**6, calico_verify_start_timeout=3)
    assert ran.rc != 0 and verify.apps() == []
    assert (
        "agent2, started: Its app does not start: 0 of 1 instances run, being deployed; Marathon got no offer"
        in shown(ran)
        and "mem 1000000" in shown(ran)
    )


def test_check_mode_says_what_it_would_start(verify: Verify) -> None:
    ran = verify("--check", "--diff").require()
    assert verify.api.standin.writes() == {} and ran.changed() == []
    assert "3 apps below /dcos-calico-verify" in shown(ran) and "an echo server on 127.9.0.61, network dcos" in shown(
        ran
    )


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"calico_verify_networks": ["blue"]}, "calico_verify_networks has blue"),
        pytest.param({"calico_verify_agents": ["10.9.9.9"]}, "no agent of the cluster has that address", marks=SLOW),
        pytest.param({"calico_verify_outside": ["example.com"]}, "is not host:port", marks=SLOW),
        pytest.param({"calico_verify_junit": "/nonexistent/x.xml"}, "there is no directory /nonexistent", marks=SLOW),
        ({"calico_dcos_token": "wrong"}, "401"),
    ],
)
def test_bad_input_starts_nothing(verify: Verify, variables: Json, words: str) -> None:
    ran = verify(**variables)
    assert ran.rc != 0 and words in shown(ran) and verify.api.standin.writes() == {}


def test_what_a_killed_run_left_is_removed_by_the_next(verify: Verify, tmp_path: Path) -> None:
    """At once, because it is the same machine; and a run that goes on is left alone."""
    place = tmp_path / "killed"
    place.mkdir()
    variables = {**verify.variables, "calico_verify_start_timeout": 300, "calico_verify_mem": 10**6}
    inventory, extra = place / "inventory.json", place / "vars.json"
    inventory.write_text(json.dumps(verify.hosts), encoding="utf-8")
    extra.write_text(json.dumps(variables), encoding="utf-8")
    argv = [str(verify.playbooks.bin / "ansible-playbook"), "-i", str(inventory), "-e", f"@{extra}", FILE]
    with (place / "output").open("wb") as output:
        process = subprocess.Popen(
            argv,
            cwd=ROOT,
            env=verify.playbooks.environment(place),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        eventually(lambda: len(verify.apps()) == 3, "it has started its apps", 120)
        left = verify.apps()
        meanwhile = verify("--check").require()
        assert "which an earlier run has left" not in shown(meanwhile)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(patience(30))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # Its workers, which may still wait.
        process.wait(patience(30))
    assert verify.apps() == left
    ran = verify()
    assert verify.apps() == [] and ran.changed() == [SWEEP]
    assert {call for call in verify.api.standin.writes() if call.startswith("DELETE")} >= {
        f"DELETE {APPS}{app}" for app in left
    }


@SLOW
def test_apps_that_could_not_be_removed_are_named_and_removed_by_the_next(verify: Verify) -> None:
    verify.api.standin.fault(f"{APPS}/dcos-calico-verify/*", "500", method="DELETE", times=1)
    ran = verify(calico_verify_agents=["agent1"])
    assert ran.rc != 0 and "DELETE" in shown(ran) and len(verify.apps()) == 1
    assert verify(calico_verify_agents=["agent1"]).changed() == [SWEEP] and verify.apps() == []
