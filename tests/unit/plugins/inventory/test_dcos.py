"""The real ansible-inventory of the core that runs these tests, against a cluster on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ...support.dcos_api import pem_of_key

ROOT = Path(__file__).parents[4]
EVIL = "{{ 7 * 7 }}"
AGENTS = {
    "slaves": [
        {
            "id": "S0",
            "hostname": "10.0.1.11",
            "pid": "slave(1)@10.0.1.11:5051",
            "attributes": {"rack": "r1", "note": EVIL, EVIL: "x"},
            "resources": {"cpus": 4},
            "active": True,
            "version": "1.5.3",
        },
        {
            "id": "S1",
            "hostname": "10.0.1.12",
            "pid": "slave(1)@10.0.1.12:5051",
            "attributes": {"rack": "r2"},
            "active": False,
        },
        {
            "id": "S2",
            "hostname": "10.0.2.11",
            "pid": "slave(1)@10.0.2.11:5051",
            "attributes": {"public_ip": "true"},
            "active": True,
        },
    ]
}
READS = {
    "/dcos-metadata/dcos-version.json": {"version": "2.0.6", "dcos-variant": "enterprise"},
    "/mesos/slaves": AGENTS,
    "/mesos_dns/v1/hosts/master.mesos": [
        {"host": "master.mesos.", "ip": "10.0.0.11"},
        {"host": "master.mesos.", "ip": "10.0.0.12"},
    ],
    "/mesos_dns/v1/hosts/leader.mesos": [{"host": "leader.mesos.", "ip": "10.0.0.12"}],
}


class Inventories:
    """Inventory sources in a directory, and ansible-inventory over them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment: dict[str, str] = {}
        self.write("ansible.cfg", "[inventory]\nany_unparsed_is_failed = true\n")

    def write(self, name: str, text: str) -> str:
        (self.directory / name).write_text(text, encoding="utf-8")
        return name

    def run(self, *arguments: str, program: str = "ansible-inventory") -> subprocess.CompletedProcess:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("DCOS_", "ANSIBLE_"))}
        env = {
            **clean,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
            "ANSIBLE_CONFIG": str(self.directory / "ansible.cfg"),
            "ANSIBLE_LOCAL_TEMP": str(self.directory / "tmp"),
            "NO_PROXY": "127.0.0.1",
            **self.environment,
        }
        argv = [str(Path(sys.executable).parent / program), *arguments]
        return subprocess.run(
            argv,
            cwd=self.directory,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def list(self, *sources: str) -> dict:
        done = self.run("--list", *(part for source in sources for part in ("-i", source)))
        assert done.returncode == 0, done.stderr
        assert "Failed to parse" not in done.stderr, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def inventories(tmp_path: Path) -> Inventories:
    return Inventories(tmp_path)


@pytest.fixture
def cluster(dcos_api):
    for path, answer in READS.items():
        dcos_api.on("GET", path, answer)
    return dcos_api


def hosts(listed: dict, group: str) -> list[str]:
    own = listed.get(group, {})
    return sorted(
        [*own.get("hosts", []), *(host for child in own.get("children", []) for host in hosts(listed, child))]
    )


def test_needs_nothing_but_the_environment(inventories, cluster) -> None:
    """As an AWX inventory source has it: a file that says no more than what it is, and a credential's variables."""
    inventories.environment = {
        "DCOS_URL": cluster.url,
        "DCOS_ACS_TOKEN": "a.b.c",
        "DCOS_VALIDATE_CERTS": "true",
        "DCOS_TIMEOUT": "20",
    }
    listed = inventories.list(inventories.write("dcos.yml", "plugin: dcos.calico.dcos\n"))
    assert hosts(listed, "masters") == ["10.0.0.11", "10.0.0.12"] and hosts(listed, "leader") == ["10.0.0.12"]
    assert hosts(listed, "agents_private") == ["10.0.1.11", "10.0.1.12"] and hosts(listed, "agents_public") == [
        "10.0.2.11"
    ]
    assert hosts(listed, "agents") == ["10.0.1.11", "10.0.1.12", "10.0.2.11"]
    variables = listed["_meta"]["hostvars"]
    assert variables["10.0.2.11"]["ansible_host"] == "10.0.2.11" and variables["10.0.2.11"]["dcos_role"] == "public"
    assert variables["10.0.0.12"]["dcos_leader"] is True and variables["10.0.0.12"]["dcos_version"] == "2.0.6"
    assert variables["10.0.1.12"]["dcos_agent_active"] is False
    assert sorted(cluster.asked()) == sorted(READS) and {
        request.headers["Authorization"] for request in cluster.requests
    } == {"token=a.b.c"}


def test_hosts_of_another_source_join_by_address(inventories, cluster) -> None:
    static = inventories.write(
        "hosts.ini",
        "agent1 ansible_host=10.0.1.11 mine=yes\n10.0.1.12 ansible_port=2222\nother ansible_host=10.7.7.7\n",
    )
    dynamic = inventories.write("prod.dcos.yaml", f"plugin: dcos.calico.dcos\nurl: {cluster.url}\n")
    listed = inventories.list(static, dynamic)
    assert hosts(listed, "agents_private") == ["10.0.1.12", "agent1"] and "10.0.1.11" not in listed["_meta"]["hostvars"]
    agent = listed["_meta"]["hostvars"]["agent1"]
    assert (agent["ansible_host"], agent["mine"], agent["dcos_agent_id"]) == ("10.0.1.11", "yes", "S0")
    assert listed["_meta"]["hostvars"]["10.0.1.12"]["ansible_port"] == 2222 and hosts(listed, "ungrouped") == ["other"]


def test_constructs_groups_and_variables_and_templates_nothing_remote(inventories, cluster) -> None:
    source = """
plugin: dcos.calico.dcos
url: "{{ lookup('ansible.builtin.env', 'WHERE') }}"
token: "{{ lookup('ansible.builtin.env', 'WHO') }}"
inactive: false
compose:
  calico_node_name: "'node-' ~ inventory_hostname"
  note: dcos_attributes.note | default('')
  enterprise: dcos_variant == 'enterprise'
groups:
  racked: "'rack' in dcos_attributes | default({})"
  composed: enterprise
keyed_groups:
  - key: (dcos_attributes | default({})).rack | default('none')
    prefix: rack
"""
    inventories.environment = {"WHERE": cluster.url, "WHO": "a.b.c"}
    listed = inventories.list(inventories.write("dcos.yml", source))
    assert hosts(listed, "racked") == ["10.0.1.11"] == hosts(listed, "rack_r1") and hosts(listed, "rack_none") == [
        "10.0.0.11",
        "10.0.0.12",
        "10.0.2.11",
    ]
    assert len(hosts(listed, "composed")) == 4
    agent = listed["_meta"]["hostvars"]["10.0.1.11"]
    # a core that marks what may be a template, rather than what may not, prints what a template gave as an object
    assert (
        agent["calico_node_name"] in ("node-10.0.1.11", {"__ansible_unsafe": "node-10.0.1.11"})
        and agent["enterprise"] is True
    )
    plain = json.dumps(agent)
    assert "49" not in plain and plain.count("7 * 7") == 3


def test_a_play_with_the_inventory_and_the_action_group(inventories, cluster) -> None:
    """Remote values stay text when they are used; modules of the group take its defaults; no secret is shown, however much else is."""
    cluster.on("POST", "/acs/api/v1/auth/login", {"token": "t.o.k"})
    source = inventories.write(
        "dcos.yml", f"plugin: dcos.calico.dcos\nurl: {cluster.url}\nuid: bob\npassword: sesame\n"
    )
    copy = {"content": "{{ dcos_attributes.note }}", "dest": str(inventories.directory / "note")}
    account = {
        "uid": "calico",
        "private_key": pem_of_key(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        "scheme": "RS256",
    }
    inventories.write("account.json", json.dumps(account))
    # as text of a file, which a core makes an object of
    defaults = {"url": cluster.url, "service_account": "{{ lookup('ansible.builtin.file', 'account.json') }}"}
    tasks = [
        {"ansible.builtin.copy": copy, "delegate_to": "localhost"},
        {"dcos.calico.dcos_agent_info": {"public": True}, "delegate_to": "localhost", "register": "found"},
        {"ansible.builtin.assert": {"that": ["found.agents | map(attribute='address') == ['10.0.2.11']"]}},
    ]
    play = {
        "hosts": "10.0.1.11",
        "gather_facts": False,
        "connection": "local",
        "tasks": tasks,
        "module_defaults": {"group/dcos.calico.dcos": defaults},
    }
    inventories.write("play.yml", json.dumps([play]))
    done = inventories.run("-vvv", "-i", source, "play.yml", program="ansible-playbook")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (inventories.directory / "note").read_text(encoding="utf-8") == EVIL
    assert [sorted(request.json()) for request in cluster.requests if request.method == "POST"] == [
        ["password", "uid"],
        ["token", "uid"],
    ]
    said = done.stdout + done.stderr
    assert not [secret for secret in ("sesame", "t.o.k", *account["private_key"].splitlines()[1:-1]) if secret in said]


def test_cache(inventories, cluster) -> None:
    inventories.environment = {"DCOS_URL": cluster.url}
    cached = "plugin: dcos.calico.dcos\ncache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: cache\nkeyed_groups: [{key: dcos_role}]\n"
    source = inventories.write("dcos.yml", cached)
    first = inventories.list(source)
    asked = len(cluster.requests)
    assert inventories.list(source) == first and len(cluster.requests) == asked
    inventories.write("play.yml", "[{hosts: all, gather_facts: false, tasks: []}]")
    flushed = inventories.run("-i", source, "--flush-cache", "--list-hosts", "play.yml", program="ansible-playbook")
    assert "10.0.1.11" in flushed.stdout and len(cluster.requests) == 2 * asked
    # another cluster by the same file is another entry
    inventories.environment = {"DCOS_URL": cluster.url.replace("127.0.0.1", "localhost")}
    inventories.list(source)
    assert len(cluster.requests) == 3 * asked


def test_failures_are_told_and_give_no_hosts(inventories, cluster) -> None:
    cluster.on(
        "GET",
        "/dcos-metadata/dcos-version.json",
        cluster.html(401, "acsjwt"),
        READS["/dcos-metadata/dcos-version.json"],
    )
    faults = {
        "1dcos.yml": ("url: URL", "it wants a token and none was given"),
        "2dcos.yml": ("url: URL\ntoken: a.b.c\npassword: sesame\nuid: bob", "More than one way to log in"),
        "3dcos.yml": ("token: a.b.c", "No DC/OS cluster is named"),
        "4dcos.yml": ("url: URL\nstrict: true\ncompose: {x: nowhere.at.all}", "nowhere"),
    }
    for name, (source, _words) in faults.items():
        inventories.write(name, f"plugin: dcos.calico.dcos\n{source}\n".replace("URL", cluster.url))
    inventories.environment = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "false"}
    done = inventories.run("--list", *(part for name in faults for part in ("-i", name)))
    said = " ".join(done.stderr.split())
    assert not [words for _source, words in faults.values() if words not in said]
    assert "Traceback" not in said and "sesame" not in said + done.stdout
    inventories.environment = {}
    assert inventories.run("--list", "-i", "2dcos.yml").returncode != 0


def test_other_names_are_no_source(inventories, cluster) -> None:
    done = inventories.run(
        "--list", "-i", inventories.write("cluster.yml", f"plugin: dcos.calico.dcos\nurl: {cluster.url}\n")
    )
    assert cluster.requests == [] and "10.0.1.11" not in done.stdout
