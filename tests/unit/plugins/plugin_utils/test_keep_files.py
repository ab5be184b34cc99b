"""The script of the unit calico-agent-files, run by a shell on directories like an agent's, and its units as systemd reads them."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _copies
from ansible_collections.dcos.calico.plugins.plugin_utils import _keep_files

pytestmark = pytest.mark.slow

NETWORK = (
    '{\n  "cniVersion": "0.1.0",\n  "name": "calico",\n  "type": "calico",\n  "ipam": {\n    "name": "x"\n  }\n}\n'
)
SHELLS = [path for path in ("/bin/sh", "/bin/bash") if os.path.exists(path)]
OLD = 1_000_000_000  # long before an upgrade


class Agent:
    """Directories of an agent below a temporary one, with copies of what the last run put there."""

    def __init__(self, root: Path, shell: str) -> None:
        self.root, self.shell = root, shell
        self.dcos, self.copies, self.kernel = root / "mesosphere", root / "copies", root / "sys"
        self.networks = self.dcos / "etc" / "cni"
        self.plugins = self.dcos / "packages" / "cni--1"
        for path in (self.networks, self.plugins, self.dcos / "active", self.kernel / "net" / "ipv4", root / "bin"):
            path.mkdir(parents=True)
        (self.dcos / "active" / "cni").symlink_to(self.plugins)
        self.link, self.network = self.dcos / "active" / "cni" / "calico", self.networks / "calico.cni"
        self.binary = root / "bin" / "calico"
        self.binary.touch(0o755)
        for path in (self.link, self.network):
            self.copy_of(path).parent.mkdir(parents=True)
        self.copy_of(self.link).symlink_to(self.binary)
        self.copy_of(self.network).write_text(NETWORK)
        self.copy_of(self.network).chmod(0o600)
        self.settings = root / "60-calico.conf"
        self.settings.write_text("# ours\nnet.ipv4.ip_forward = 1\nnet/ipv4/range = 1 2\nnet.ipv4.missing = 1\n")
        self.parameter("ip_forward", "1")
        self.parameter("range", "1\t2")
        self.script = root / "script"
        self.script.write_text(
            _keep_files.script(str(self.copies), str(self.dcos), str(self.settings), str(self.kernel))
        )
        self.quiet()

    def copy_of(self, path: Path) -> Path:
        return Path(_copies.path_of(str(self.copies), str(path)))

    def parameter(self, name: str, value: str) -> None:
        (self.kernel / "net" / "ipv4" / name).write_text(value + "\n")

    def quiet(self) -> None:
        """The last upgrade is long ago."""
        os.utime(self.dcos, (OLD, OLD))

    def start(self) -> subprocess.Popen[str]:
        argv = [self.shell, str(self.script)]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self) -> tuple[int, list[str]]:
        """Exit code, and what it says with the paths shortened."""
        process = self.start()
        said = process.communicate(timeout=60)[0].replace(str(self.root), "")
        return process.returncode, said.splitlines()

    def everything(self) -> dict[str, tuple[int, int, bytes]]:
        """Inode, time and content of all that is below."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            info = path.lstat()
            content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            found[str(path)] = (info.st_ino, info.st_mtime_ns, content)
        return found


@pytest.fixture(params=SHELLS)
def agent(request: pytest.FixtureRequest, tmp_path: Path) -> Agent:
    return Agent(tmp_path, request.param)


LINK = "/mesosphere/active/cni/calico was missing, and is a link to /bin/calico again"
FILE = "/mesosphere/etc/cni/calico.cni was missing, and is there again"


def test_what_is_missing_comes_back_links_first_and_a_second_time_nothing_is_written(agent: Agent) -> None:
    agent.parameter("ip_forward", "0")
    assert agent.run() == (0, ["net.ipv4.ip_forward was 0, and is 1 again", LINK, FILE])
    assert agent.link.resolve() == agent.binary and agent.network.read_text() == NETWORK
    info = agent.network.stat()
    assert info.st_mode & 0o7777 == 0o600 and info.st_nlink == 1
    assert [path.name for path in agent.networks.parent.iterdir()] == ["cni"]
    before = agent.everything()
    assert agent.run() == (0, [])
    assert agent.everything() == before


def test_what_stands_there_is_left_and_named(agent: Agent) -> None:
    agent.network.write_text("{}")
    agent.link.write_text("somebody's")
    before = agent.everything()
    assert agent.run() == (
        0,
        [
            "/mesosphere/active/cni/calico is another one than the last run made, and is left",
            "/mesosphere/etc/cni/calico.cni is another one than the last run wrote, and is left",
        ],
    )
    assert agent.everything() == before


@pytest.mark.parametrize("text", ['{"name":"calico"}', '{ "type": "x",\n "name" :\t"calico" }'])
def test_a_network_of_the_same_name_in_another_file_keeps_it_away(agent: Agent, text: str) -> None:
    (agent.networks / "calico.conf").write_text(text)
    code, said = agent.run()
    assert code == 0 and not agent.network.exists()
    left = "/mesosphere/etc/cni/calico.cni is missing, and is left so: /mesosphere/etc/cni/calico.conf has a network"
    assert said == [LINK, f"{left} of the same name"]


def test_other_networks_do_not(agent: Agent) -> None:
    (agent.networks / "dcos.cni").write_text('{"name": "dcos", "type": "calico"}')
    (agent.networks / "calico2.cni").write_text('{"name": "calico2"}')
    assert agent.run() == (0, [LINK, FILE])


def test_what_has_no_copy_does_not_come_back(agent: Agent) -> None:
    """A run that removes something, or was killed while it changed it."""
    agent.copy_of(agent.network).unlink()
    assert agent.run() == (0, [LINK])
    shutil.rmtree(agent.copies)
    agent.link.unlink()
    assert agent.run() == (0, []) and not agent.link.is_symlink()


def test_without_its_plugin_no_network_comes_back(agent: Agent) -> None:
    agent.binary.unlink()
    code, said = agent.run()
    assert code == 1 and said == ["/bin/calico is missing, and /mesosphere/active/cni/calico with it"]
    assert not agent.network.exists()


def test_a_kernel_parameter_that_cannot_be_set_does_not_hide_that_a_plugin_is_missing(agent: Agent) -> None:
    """It is one that only can be read, as root too."""
    entry = agent.kernel / "net" / "ipv4" / "ip_forward"
    entry.unlink()
    entry.symlink_to("/proc/sys/kernel/ostype")
    assert agent.run()[0] == 1 and agent.network.exists()  # What can be put back is.
    agent.network.unlink()
    agent.link.unlink()
    agent.binary.unlink()
    code, said = agent.run()
    assert code == 1 and not agent.network.exists()
    assert "/bin/calico is missing, and /mesosphere/active/cni/calico with it" in said


def test_without_the_directories_of_dcos_nothing_is_made(agent: Agent) -> None:
    shutil.rmtree(agent.dcos)
    code, said = agent.run()
    assert code == 0 and not agent.dcos.exists()
    assert said == [
        "/mesosphere/active/cni is not there, and nothing is put into it",
        "/mesosphere/etc/cni is not there, and nothing is put into it",
    ]


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_directory_that_others_can_change_is_no_place(agent: Agent, mode: int) -> None:
    agent.networks.chmod(mode)
    if mode == 0o775:
        os.chown(agent.networks, -1, 1) if os.geteuid() == 0 else pytest.skip("gives a directory to another group")
    code, said = agent.run()
    assert code == 1 and not agent.network.exists()
    assert said[-1].startswith("/mesosphere/etc/cni is no place for files of root")


def test_a_file_that_a_killed_one_left_goes_and_is_none_that_mesos_reads(agent: Agent) -> None:
    stale = agent.networks.parent / ".dcos-calico.4711.copy"
    stale.write_text("half")
    assert agent.run() == (0, [LINK, FILE]) and not stale.exists()


def test_killed_at_any_moment_it_is_finished_by_the_next_one(agent: Agent) -> None:
    for moment in range(8):
        agent.link.unlink(missing_ok=True)
        agent.network.unlink(missing_ok=True)
        process = agent.start()
        try:
            process.wait(moment * 0.01)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert not agent.network.exists() or agent.network.read_text() == NETWORK
        assert [path.name for path in agent.networks.iterdir() if path != agent.network] == []
        assert agent.run()[0] == 0 and agent.network.read_text() == NETWORK
        assert [path.name for path in agent.networks.parent.iterdir()] == ["cni"]


def test_it_goes_on_until_an_upgrade_is_over(agent: Agent) -> None:
    """The network's directory comes a second after the first one was renamed."""
    agent.run()
    away = agent.dcos / "etc.new"
    (agent.dcos / "etc").rename(agent.dcos / "etc.old")
    (away / "cni").mkdir(parents=True)
    process = agent.start()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    away.rename(agent.dcos / "etc")
    assert FILE in process.communicate(timeout=60)[0].replace(str(agent.root), "").splitlines()
    assert process.returncode == 0 and agent.network.read_text() == NETWORK


def test_it_goes_on_until_an_upgrade_is_over_where_dcos_is_a_link_to_another_disk(agent: Agent) -> None:
    disk = agent.root / "disk"
    agent.dcos.rename(disk)
    (disk / "active" / "cni").unlink()
    (disk / "active" / "cni").symlink_to(disk / "packages" / "cni--1")
    agent.dcos.symlink_to(disk)
    os.utime(agent.dcos, (OLD, OLD), follow_symlinks=False)
    os.utime(disk)
    process = agent.start()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    assert process.communicate(timeout=60)[0] and process.returncode == 0 and agent.network.exists()


def test_it_waits_for_a_run_that_changes_the_copies(agent: Agent) -> None:
    descriptor = os.open(agent.copies, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    process = agent.start()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    assert not agent.link.is_symlink()
    os.close(descriptor)
    assert process.communicate(timeout=60)[0] and agent.network.exists()


def test_paths_are_taken_as_they_are(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "a 'b' $(c) *", "/bin/sh")
    assert agent.run() == (0, [LINK, FILE])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_has_nothing_to_say_of_the_units(tmp_path: Path) -> None:
    for target in ("basic", "sysinit", "shutdown", "multi-user"):
        (tmp_path / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    for name in ("-.slice", "system.slice"):
        (tmp_path / name).write_text("[Unit]\nDefaultDependencies=no\n")
    units = [item for item in _keep_files.files("/opt/calico/bin/x", "/etc/x", True) if ".d/" not in item["path"]]
    names = [Path(item["path"]).name for item in units if "systemd" in item["path"]]
    for item in units:
        (tmp_path / Path(item["path"]).name).write_text(item["content"])
    assert sorted(names) == [_keep_files.WATCH, _keep_files.SERVICE]
    for name in names:
        done = subprocess.run(
            ["systemd-analyze", "--man=no", "verify", str(tmp_path / name)],
            capture_output=True,
            text=True,
            env={**os.environ, "SYSTEMD_UNIT_PATH": str(tmp_path)},
            check=False,
        )
        assert not [line for line in done.stderr.splitlines() if line and not re.search("is not executable", line)]


def test_an_operator_can_keep_it_from_starting() -> None:
    """By a file of /run: a mask there is shadowed by the unit's own file in /etc."""
    texts = {item["path"]: item["content"] for item in _keep_files.files("/b/x", "/s", True)}
    service = texts[f"{_keep_files.UNIT_DIRECTORY}/{_keep_files.SERVICE}"]
    assert "\nConditionPathExists=!/run/calico-agent-files.off\n" in service.partition("[Service]")[0]


def test_switched_off_files_and_units_go() -> None:
    on = _keep_files.files("/b/x", "/s", True)
    assert _keep_files.files("/b/x", "/s", False) == [{"path": item["path"], "state": "absent"} for item in on]
    assert {unit["name"] for unit in _keep_files.units(False)} == {unit["name"] for unit in _keep_files.units(True)}
    assert all(
        unit["optional"] and not unit["enabled"] and unit["state"] == "stopped" for unit in _keep_files.units(False)
    )


def test_switched_on_both_start_at_boot_and_only_the_script_can_be_run() -> None:
    assert {unit["name"]: (unit["enabled"], unit.get("state")) for unit in _keep_files.units(True)} == {
        _copies.SERVICE: (True, None),
        _copies.WATCH: (True, "started"),
    }
    assert {file["path"]: file["mode"] for file in _keep_files.files("/b/x", "/s", True)} == {
        "/b/x": "0755",
        f"{_keep_files.UNIT_DIRECTORY}/{_copies.SERVICE}": "0644",
        f"{_keep_files.UNIT_DIRECTORY}/{_copies.WATCH}": "0644",
    }


def test_an_uninstall_knows_what_puts_files_back() -> None:
    names = {file["path"] for file in _keep_files.files(f"/opt/calico/bin/{_copies.UNIT}", "", True)}
    directory = _keep_files.UNIT_DIRECTORY
    assert names == {
        f"/opt/calico/bin/{_copies.UNIT}",
        f"{directory}/{_copies.SERVICE}",
        f"{directory}/{_copies.WATCH}",
    }
    assert (_keep_files.NAME, _keep_files.COPIES) == (_copies.UNIT, _copies.DIRECTORY)
    assert {unit["name"] for unit in _keep_files.units(True)} == {_copies.SERVICE, _copies.WATCH}
