"""The agent stand-in against what is known of Mesos' network/cni isolator, a test for each sentence."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.config import STANDINS, patience
from harness.host import Host

_CONF = "/run/cni/conf"
_PLUGINS = ("/run/cni/first", "/run/cni/second")
_SOCKET = "/run/mesos/standin.sock"
_ENV = {
    "MESOS_NETWORK_CNI_CONFIG_DIR": _CONF,
    "MESOS_NETWORK_CNI_PLUGINS_DIR": ":".join(_PLUGINS),
    "MESOS_WORK_DIR": "/run/mesos-work",
}
# Notes what it was given; answers with the address of its configuration, in the shape its version asks for.
_PLUGIN = (
    f"#!{sys.executable} -I\n"
    + """
import json, os, sys
text = sys.stdin.read()
config = json.loads(text)
with open("/run/cni/calls", "a") as stream:
    stream.write(json.dumps({"env": dict(os.environ), "config": config, "argv0": sys.argv[0]}) + "\\n")
if config.get("fail") == os.environ["CNI_COMMAND"]:
    print(json.dumps({"code": 100, "msg": "told to fail"}))
    sys.exit(1)
if os.environ["CNI_COMMAND"] == "ADD":
    address = config.get("address", "10.1.2.3/32")
    new = config.get("cniVersion", "0.1.0") >= "0.3.0"
    print(json.dumps({"ips": [{"version": "4", "address": address}]} if new else {"ip4": {"ip": address}, "frob": 1}))
"""
)


class Agent:
    """The stand-in on a host of its own, with a plugin that writes down its calls."""

    def __init__(self, host: Host, program: Path, log: Path) -> None:
        self.host = host
        self._program = str(program)
        self._log = log
        self._process: Any = None
        self.plugin("tap")
        self.plugin("tap-ipam")
        host.check("mkdir", "-p", _CONF, *_PLUGINS)

    def plugin(self, name: str, directory: str = _PLUGINS[0], mode: str = "755") -> None:
        path = f"{directory}/{name}"
        self.host.write(path, _PLUGIN)
        self.host.check("chmod", mode, path)

    def file(self, name: str, content: object) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        self.host.write(f"{_CONF}/{name}", text)

    def start(self) -> None:
        with self._log.open("a") as log:
            self._process = self.host.start([self._program], _ENV, stdout=log, stderr=log)
        deadline = time.monotonic() + patience(15)
        while self.host.run(["test", "-S", _SOCKET]).exit_code != 0:
            assert time.monotonic() < deadline and self._process.poll() is None, self.log()
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self.host.run(["pkill", "-f", self._program])
            self._process.wait(timeout=patience(10))
            self.host.remove(_SOCKET)
            self._process = None

    def ask(self, *words: str) -> tuple[int | None, Any]:
        done = self.host.run([self._program, *words], _ENV)
        return done.exit_code, json.loads(done.stdout) if done.exit_code == 0 else done.stderr

    def networks(self) -> dict[str, str]:
        found: dict[str, str] = self.ask("networks")[1]
        return found

    def launch(self, network: str, *words: str) -> dict[str, Any]:
        code, answer = self.ask("launch", network, "--name", "task", *words)
        assert code == 0, answer
        found: dict[str, Any] = answer
        return found

    def refused(self, network: str) -> str:
        code, answer = self.ask("launch", network, "--name", "task")
        assert code == 1
        return str(answer)

    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.host.check("cat", "/run/cni/calls").splitlines()]

    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    host = Host("mesos-agent", tmp_path_factory.mktemp("mesos"))
    yield host
    host.close()


@pytest.fixture(scope="module")
def agent_program(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in: there is no real one to test instead."""
    built = artifacts / "dcos-mesos-slave"
    if built.exists():
        return built
    directory = tmp_path_factory.mktemp("built")
    command = [sys.executable, str(STANDINS / "build.py"), str(directory), "--python", sys.executable, "--zipapps-only"]
    subprocess.run(command, check=True, timeout=patience(120))
    return directory / "dcos-mesos-slave"


@pytest.fixture
def agent(machine: Host, agent_program: Path, tmp_path: Path) -> Iterator[Agent]:
    found = Agent(machine, agent_program, tmp_path / "log")
    yield found
    for item in found.ask("list")[1] if found._process else ():
        found.ask("kill", item["container_id"])
    found.stop()
    machine.run(
        ["sh", "-c", "umount /var/run/mesos/isolators/network/cni/*/ns; rm -rf /run/cni /run/mesos /run/mesos-work"]
    )


def test_every_regular_file_is_read_whatever_its_extension(agent: Agent) -> None:
    for name in ("a.cni", "b.conf", "c.json", "d.bak", "e~", "f.swp", "noextension"):
        agent.file(name, {"name": f"net-{name[0]}", "type": "tap"})
    agent.start()
    assert sorted(agent.networks()) == [f"net-{letter}" for letter in "abcdefn"]


def test_directories_are_skipped_and_not_entered(agent: Agent) -> None:
    agent.file("sub/inner.cni", {"name": "inner", "type": "tap"})
    agent.start()
    assert agent.networks() == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"type": "tap"}, "Protobuf parse failed: Missing required fields: name"),
        ({"name": "x"}, "Protobuf parse failed: Missing required fields: type"),
        ({}, "Protobuf parse failed: Missing required fields: name, type"),
        ({"name": "x", "type": "tap", "ipam": {}}, "Protobuf parse failed: Missing required fields: ipam.type"),
        ({"name": 5, "type": "tap"}, "Not expecting a JSON number for field 'name'"),
        ({"name": "x", "type": "tap", "dns": {"nameservers": "9.9.9.9"}}, "for field 'nameservers'"),
        ("{not json", "JSON parse failed"),
        ([1], "JSON parse failed"),
    ],
)
def test_a_bad_file_is_logged_and_skipped(agent: Agent, content: object, words: str) -> None:
    agent.file("bad.cni", content)
    agent.file("good.cni", {"name": "good", "type": "tap"})
    agent.start()
    assert list(agent.networks()) == ["good"]
    assert f"Failed to parse CNI network configuration file '{_CONF}/bad.cni'" in agent.log()
    assert words in agent.log()


def test_unknown_fields_are_no_error(agent: Agent) -> None:
    agent.file(
        "a.cni",
        {"name": "a", "type": "tap", "etcd_endpoints": "http://x", "frob": [1], "ipam": {"type": "tap-ipam", "x": 1}},
    )
    agent.start()
    assert list(agent.networks()) == ["a"]


def test_a_conflist_is_not_supported(agent: Agent) -> None:
    agent.file("a.conflist", {"name": "a", "plugins": [{"type": "tap"}]})
    agent.start()
    assert agent.networks() == {}
    assert "Missing required fields: type" in agent.log()
    assert "Unknown CNI network 'a'" in agent.refused("a")


def test_of_two_files_with_one_name_the_first_in_directory_order_wins(agent: Agent) -> None:
    for name in ("z", "m", "a"):
        agent.file(name, {"name": "same", "type": "tap", "address": f"10.0.0.{ord(name)}/32"})
    agent.start()
    first = agent.host.check("ls", "-U", _CONF).split()[0]
    assert agent.networks() == {"same": f"{_CONF}/{first}"}
    assert agent.log().count("Multiple CNI network configuration files have same name: same") == 2
    assert agent.launch("same")["ip"] == f"10.0.0.{ord(first)}"


@pytest.mark.parametrize("field", ["type", "ipam"])
@pytest.mark.parametrize("mode", ["absent", "644"])
def test_the_executables_are_looked_up_when_the_file_is_loaded(agent: Agent, field: str, mode: str) -> None:
    if mode != "absent":
        agent.plugin("late", mode=mode)
    config: dict[str, Any] = {"name": "a", "type": "tap"}
    config.update({"type": "late"} if field == "type" else {"ipam": {"type": "late"}})
    agent.file("a.cni", config)
    agent.start()
    assert agent.networks() == {}
    assert "Failed to find CNI" in agent.log() and "'late'" in agent.log()


def test_the_search_path_is_searched_in_order(agent: Agent) -> None:
    agent.plugin("both", _PLUGINS[1])
    agent.plugin("both", _PLUGINS[0])
    agent.plugin("only", _PLUGINS[1])
    for name in ("both", "only"):
        agent.file(name, {"name": name, "type": name})
    agent.start()
    agent.launch("both")
    agent.launch("only")
    assert [call["argv0"] for call in agent.calls()] == [f"{_PLUGINS[0]}/both", f"{_PLUGINS[1]}/only"]


def test_only_the_top_level_type_is_looked_up(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "tap", "delegate": {"type": "nowhere"}})
    agent.start()
    assert list(agent.networks()) == ["a"]


def test_an_unknown_network_makes_the_directory_be_read_again(agent: Agent) -> None:
    agent.start()
    assert agent.networks() == {}
    agent.file("new.cni", {"name": "new", "type": "tap"})
    assert agent.networks() == {}
    assert agent.launch("new")["ip"] == "10.1.2.3"
    assert list(agent.networks()) == ["new"]


def test_the_file_is_read_again_at_each_launch(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "tap", "address": "10.0.0.1/32"})
    agent.start()
    assert agent.launch("a")["ip"] == "10.0.0.1"
    agent.file("a.cni", {"name": "a", "type": "tap", "address": "10.0.0.2/32"})
    assert agent.launch("a")["ip"] == "10.0.0.2"


def test_renaming_the_file_of_a_known_network_is_fine(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "tap"})
    agent.start()
    agent.host.check("mv", f"{_CONF}/a.cni", f"{_CONF}/b.cni")
    assert agent.launch("a")["ip"] == "10.1.2.3"


def test_a_changed_name_drops_the_old_network_and_loads_the_new_one(agent: Agent) -> None:
    agent.file("a.cni", {"name": "old", "type": "tap"})
    agent.start()
    agent.file("a.cni", {"name": "new", "type": "tap"})
    assert "Unknown CNI network 'old'" in agent.refused("old")
    assert agent.launch("new")["ip"] == "10.1.2.3"


def test_a_removed_file_drops_its_network(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "tap"})
    agent.start()
    agent.host.remove(f"{_CONF}/a.cni")
    assert "Unknown CNI network 'a'" in agent.refused("a")
    assert agent.networks() == {}


def test_the_plugin_gets_these_variables_and_no_others(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "tap"})
    agent.start()
    container = agent.launch("a")
    env = agent.calls()[0]["env"]
    env.pop("LC_CTYPE", None)  # set by the interpreter of the plugin itself
    assert env.pop("PATH")
    assert env == {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": container["container_id"],
        "CNI_PATH": ":".join(_PLUGINS),
        "CNI_IFNAME": "eth0",
        "CNI_NETNS": f"/var/run/mesos/isolators/network/cni/{container['container_id']}/ns",
    }


def test_the_input_is_the_file_with_the_container_s_network_info(agent: Agent) -> None:
    config = {"name": "a", "type": "tap", "args": {"mine": 1}, "frob": [1, 2]}
    agent.file("a.cni", config)
    agent.start()
    agent.launch("a", "--label", "role=database", "--label", "env=dev")
    info = {
        "name": "a",
        "labels": {"labels": [{"key": "role", "value": "database"}, {"key": "env", "value": "dev"}]},
    }
    assert agent.calls()[0]["config"] == {**config, "args": {"mine": 1, "org.apache.mesos": {"network_info": info}}}


def test_the_file_must_not_hold_mesos_own_args(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "tap", "args": {"org.apache.mesos": {}}})
    agent.start()
    assert "'args{org.apache.mesos}' found" in agent.refused("a")


def test_only_ip4_is_read_of_the_answer(agent: Agent) -> None:
    agent.file("old", {"name": "old", "type": "tap", "cniVersion": "0.1.0"})
    agent.file("new", {"name": "new", "type": "tap", "cniVersion": "0.3.1"})
    agent.start()
    assert agent.launch("old")["ip"] == "10.1.2.3"
    assert agent.launch("new")["ip"] is None


def test_a_failed_add_fails_the_launch_and_is_detached(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "tap", "fail": "ADD"})
    agent.start()
    words = agent.refused("a")
    assert "failed to attach container" in words and "told to fail" in words
    assert [call["env"]["CNI_COMMAND"] for call in agent.calls()] == ["ADD", "DEL"]
    assert agent.ask("list")[1] == []


def test_each_network_gets_an_interface_of_its_own(agent: Agent) -> None:
    for name in ("a", "b"):
        agent.file(name, {"name": name, "type": "tap"})
    agent.start()
    code, found = agent.ask("launch", "a", "b", "--name", "two")
    assert code == 0 and found["interfaces"] == {"a": "eth0", "b": "eth1"}


def test_del_uses_the_configuration_of_add(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "tap", "mark": "old"})
    agent.start()
    container = agent.launch("a")
    agent.file("a.cni", {"name": "a", "type": "tap", "mark": "new"})
    assert agent.ask("kill", container["container_id"])[0] == 0
    assert [(call["env"]["CNI_COMMAND"], call["config"]["mark"]) for call in agent.calls()] == [
        ("ADD", "old"),
        ("DEL", "old"),
    ]


def test_a_plugin_must_be_there_at_teardown(agent: Agent) -> None:
    agent.plugin("gone")
    agent.file("a.cni", {"name": "a", "type": "gone"})
    agent.start()
    container = agent.launch("a")
    agent.host.remove(f"{_PLUGINS[0]}/gone")
    code, words = agent.ask("kill", container["container_id"])
    assert code == 1 and "Failed to find CNI plugin 'gone'" in words
    assert [item["container_id"] for item in agent.ask("list")[1]] == [container["container_id"]]
    agent.plugin("gone")
    assert agent.ask("kill", container["container_id"])[0] == 0


def test_containers_survive_a_restart_of_the_agent(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "tap", "mark": "old"})
    agent.start()
    container = agent.launch("a")
    agent.stop()
    agent.host.remove(f"{_CONF}/a.cni")
    agent.start()
    assert agent.ask("list")[1] == [container]
    agent.host.check("nsenter", f"--net={container['namespace']}", "ip", "link", "show", "lo")
    assert agent.ask("kill", "task")[0] == 0
    assert agent.calls()[-1]["config"]["mark"] == "old"


def test_a_reboot_ends_containers_without_del(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "tap"})
    agent.start()
    container = agent.launch("a")
    agent.stop()
    agent.host.check("umount", container["namespace"])
    agent.host.remove("/var/run/mesos")
    agent.start()
    assert agent.ask("list")[1] == []
    assert [call["env"]["CNI_COMMAND"] for call in agent.calls()] == ["ADD"]


def test_the_flags_are_read_at_start_only(agent: Agent) -> None:
    agent.file("a.cni", {"name": "a", "type": "elsewhere"})
    agent.plugin("elsewhere", "/run/cni/third")
    agent.start()
    assert "Unknown CNI network 'a'" in agent.refused("a")
