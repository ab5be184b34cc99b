"""Whatever a cluster, a cloud, a datastore or a host says stays text, on the core that runs these tests: no template of theirs is evaluated, no sign of theirs
reaches a terminal, and none of it becomes the name of a host that is no address."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _untrusted

from ..action.test_preflight import INFO, DESIRED
from ...support.dcos_api import Answer
from ..inventory.test_dcos import Inventories

# MARK is a file that a template of theirs would make.
TEXTS = (
    "{{ lookup('ansible.builtin.pipe', 'touch MARK') }}",
    "{% set x = lookup('ansible.builtin.pipe', 'touch MARK') %}x",
    "fe80::1%{{ lookup('ansible.builtin.pipe', 'touch MARK') }}",
    "lookup('ansible.builtin.pipe', 'touch MARK')",
    "10.0.0.1\n{{ lookup('ansible.builtin.pipe', 'touch MARK') }}",
    "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e",
    "#jinja2: variable_start_string:'<%'\n<% lookup('ansible.builtin.pipe', 'touch MARK') %>",
    "../../../../tmp/x",
    "A" * 300000,
)
CONTROL = ("\x1b", "\x07", "\x9b", "\u202e")


def poisoned(value: Any, text: str) -> Any:
    """The same shape with this text for each text in it, as a value and as a key behind the true one."""
    if isinstance(value, dict):
        return {**{key: poisoned(part, text) for key, part in value.items()}, **({text[:60]: text} if value else {})}
    if isinstance(value, list):
        return [poisoned(part, text) for part in value]
    return text if isinstance(value, str) else value


@pytest.fixture
def runs(tmp_path: Path) -> Inventories:
    return Inventories(tmp_path)


def play(runs: Inventories, *arguments: str, hosts: str = "all", tasks: list[dict[str, Any]]) -> str:
    runs.write("play.yml", json.dumps([{"hosts": hosts, "gather_facts": False, "tasks": tasks}]))
    done = runs.run(*arguments, "play.yml", program="ansible-playbook")
    said = done.stdout + done.stderr
    assert "Traceback" not in said and "An exception occurred" not in said, said[-3000:]
    assert not (runs.directory / "MARK").exists()
    return said


def used(name: str) -> list[dict[str, Any]]:
    """A registered result in the ways in which roles use one: in a variable of a variable, a message, a condition, a loop, a file's content."""
    return [
        {"ansible.builtin.set_fact": {"again": f"{{{{ {name} }}}}", "joined": f"{{{{ {name} | string }}}}"}},
        {
            "ansible.builtin.debug": {"msg": "{{ again | to_json }} {{ joined }}", "verbosity": 0},
            "when": "joined != again",
        },
        {
            "ansible.builtin.debug": {"msg": "{{ item }}"},
            "loop": f"{{{{ {name}.values() | list }}}}",
            "loop_control": {"label": ""},
        },
    ]


def texts(runs: Inventories) -> list[str]:
    return [text.replace("MARK", str(runs.directory / "MARK")) for text in TEXTS]


ETCD = {"name": "etcd", "version": "0.0.3"}
SLAVE = {
    "attributes": {"rack": "r1"},
    "domain": {"fault_domain": {"region": {"name": "r"}, "zone": {"name": "z"}}},
    "version": "1.5.3",
}


def test_a_cluster_in_an_inventory(runs, dcos_api) -> None:
    """Registered agents, those of the registry, which have no pid and call themselves what they like, masters and versions."""
    slaves, recovered = [], []
    for number, text in enumerate(texts(runs)):
        said = poisoned(SLAVE, text)
        slaves += [
            {"id": text, "pid": f"slave(1)@10.0.1.{number + 1}:5051", "hostname": text, **said},
            {"id": "S", "pid": text, "hostname": text, **said},
        ]
        slaves.append({"id": "S", "pid": f"slave(1)@[{text}]:5051", "hostname": text, **said})
        recovered.append({"id": text, "hostname": text, "port": 5051, **said})
    dcos_api.on("GET", "/mesos/slaves", {"slaves": slaves, "recovered_slaves": recovered})
    dcos_api.on("GET", "/dcos-metadata/dcos-version.json", {"version": texts(runs)[0], "dcos-variant": texts(runs)[1]})
    dcos_api.on("GET", "/mesos_dns/v1/hosts/master.mesos", [{"host": text, "ip": text} for text in texts(runs)])
    dcos_api.on("GET", "/mesos_dns/v1/hosts/leader.mesos", [])
    dcos_api.on("GET", "/mesos/master/state-summary", {"hostname": texts(runs)[2]})
    keyed = "compose: {note: dcos_attributes.rack}\nkeyed_groups: [{key: dcos_attributes.rack, prefix: rack}]\n"
    source = runs.write("dcos.yml", f"plugin: dcos.calico.dcos\nurl: {dcos_api.url}\n{keyed}")
    listed = runs.list(source)
    assert sorted(listed["_meta"]["hostvars"]) == [f"10.0.1.{number + 1}" for number in range(len(TEXTS))]
    everything = {
        "ansible.builtin.set_fact": {
            "own": "{{ hostvars[inventory_hostname] | dict2items | rejectattr('key', 'match', 'ansible_') | items2dict }}"
        }
    }
    said = play(runs, "-i", source, tasks=[everything, *used("own")])
    assert "failed=0" in said and "owned" in said


def test_a_cluster_in_the_results_of_modules(runs, dcos_api) -> None:
    """Mesos, Cosmos and Marathon, as answers and as errors."""
    reads = [
        (
            "GET",
            "/dcos-metadata/dcos-version.json",
            {"version": "1.13.0", "dcos-variant": "open"},
            "dcos_agent_info",
            {},
        ),
        (
            "GET",
            "/mesos/slaves",
            {"slaves": [{"id": "S0", "pid": "slave(1)@10.0.0.1:5051", **SLAVE}]},
            "dcos_agent_info",
            {},
        ),
        ("GET", "/mesos_dns/v1/hosts/master.mesos", [{"host": "x", "ip": "10.0.0.1"}], "dcos_agent_info", {}),
        ("GET", "/mesos_dns/v1/hosts/leader.mesos", [{"host": "x", "ip": "10.0.0.1"}], "dcos_agent_info", {}),
        (
            "GET",
            "/service/marathon/v2/apps",
            {"apps": [{"id": "/x/a", "labels": {"a": "b"}}]},
            "marathon_app_info",
            {"group": "/x"},
        ),
        (
            "POST",
            "/package/list",
            {"packages": [{"appId": "/etcd", "packageInformation": {"packageDefinition": ETCD}}]},
            "dcos_package_info",
            {},
        ),
    ]
    dcos_api.expect_unknown()
    tasks: list[dict[str, Any]] = []
    calls: dict[str, dict[str, Any]] = {module: arguments for *_answer, module, arguments in reads}
    for module, arguments in calls.items():
        call = {
            f"dcos.calico.{module}": {"url": dcos_api.url, "timeout": 1, **arguments},
            "register": "found",
            "ignore_errors": True,
        }
        tasks += [call, *used("found"), call]
    for method, path, answer, _module, _arguments in reads:
        poison = poisoned(answer, "".join(texts(runs)[:6]))
        dcos_api.on(
            method, path, poison, Answer(json.dumps({"message": texts(runs)[0], "type": texts(runs)[5]}), 409), poison
        )
    said = play(
        runs, "-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}", tasks=tasks
    )
    assert "touch" in said


def test_hosts(runs) -> None:
    """A host answers as it likes: what preflight, sessions and every role read of it is a result of this host."""
    lines = [f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}"]
    for number, text in enumerate(texts(runs)):
        facts = {
            "changed": False,
            "peers": [{"address": text, "established": False}],
            "peers_down": [text],
            **poisoned(INFO, text),
        }
        runs.write(f"answer{number}.json", json.dumps(facts))
        python = runs.directory / f"python{number}"
        python.write_text(f"#!/bin/sh\nexec cat {runs.directory}/answer{number}.json\n", encoding="utf-8")
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        lines.append(f"h{number} ansible_connection=local ansible_python_interpreter={python}")
    hosts = runs.write("hosts.ini", "\n".join(lines))
    validated = {"hosts": "{{ ansible_play_hosts }}", "info": "calico_agent", "expectations": DESIRED}
    look = {"dcos.calico.agent_info": {}, "register": "calico_agent"}
    validate = [
        {
            "dcos.calico.bgp_sessions_check": {"hosts": "{{ ansible_play_hosts }}", "result": "calico_agent"},
            "ignore_errors": True,
            "run_once": True,
        },
        {"dcos.calico.preflight": validated, "register": "validated", "ignore_errors": True, "run_once": True},
    ]
    said = play(runs, "-i", hosts, hosts="all:!localhost", tasks=[look, *validate])
    assert "touch" in said and not [sign for sign in CONTROL if sign in said]
    play(
        runs, "-i", hosts, hosts="all:!localhost", tasks=[look, *used("calico_agent"), validate[1], *used("validated")]
    )


def test_sentences_go_to_terminals() -> None:
    error = CalicoError("It said \x1b[2J\x9b", "\u202eno\r", "Look\x07" + "x" * 50000)
    assert (
        not [sign for sign in (*CONTROL, "\r") if sign in str(error)]
        and len(str(error)) < 21000
        and "\\x1b[2J" in str(error)
    )
    told = _untrusted.told({"msg": "\x1b", "warnings": ["\x07"], "failures": [{"what": "\x1b", "number": 1}]})
    assert told == {"msg": "\\x1b", "warnings": ["\\x07"], "failures": [{"what": "\\x1b", "number": 1}]}
