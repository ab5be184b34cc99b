"""The real `dcos` command 0.6.1 against the stand-in: an independent validate of what it answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from api import Api
from conftest import Make
from standin import ROOT
from standin_service import eventually, patience

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dcoscli() -> Path:
    """The command, from its own environment (Python 3.9)."""
    sys.path.insert(0, str(ROOT / "tools"))
    import venvs

    return venvs.ensure("dcoscli") / "bin" / "dcos"


class Cli:
    """The command of a user with a home of his own."""

    def __init__(self, command: Path, home: Path, url: str, token: str | None) -> None:
        self._command, self._home = command, home
        directory = home / ".dcos"
        directory.mkdir(parents=True, mode=0o700)
        config = directory / "dcos.toml"
        config.touch(mode=0o600)
        lines = [
            f'dcos_url = "{url}"',
            "reporting = false",
            "timeout = 20",
            *([f'dcos_acs_token = "{token}"'] if token else []),
        ]
        config.write_text("[core]\n" + "\n".join(lines) + "\n", encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {
            "HOME": str(self._home),
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "LANG": "C.UTF-8",
            "PYTHONWARNINGS": "ignore",
            "NO_PROXY": "*",
        }
        argv = [str(self._command), *arguments]
        return subprocess.run(
            argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=patience(60), check=False
        )

    def __call__(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, f"dcos {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module", params=[pytest.param("1.9.10", marks=pytest.mark.slow), "1.11.12"])
def cluster(make_shared: Make, request: pytest.FixtureRequest) -> Api:
    return make_shared(request.param, agents=(2, 1))


@pytest.fixture
def dcos(cluster: Api, dcoscli: Path, tmp_path: Path) -> Iterator[Cli]:
    yield Cli(dcoscli, tmp_path, cluster.standin.url, cluster.token)


def test_it_lists_nodes(cluster: Api, dcos: Cli) -> None:
    nodes = json.loads(dcos("node", "--json"))
    assert {node["hostname"] for node in nodes if node["type"] == "agent"} == {"127.9.0.21", "127.9.0.22", "127.9.0.61"}
    public = next(node for node in nodes if node.get("hostname") == "127.9.0.61")
    assert (public["attributes"]["public_ip"], public["type"]) == ("true", "agent"), (
        "public agents are told by the attribute, never by the type"
    )
    assert {node["ip"] for node in nodes if node["type"].startswith("master")} == {"127.9.0.11", "127.9.0.12"}
    assert "127.9.0.61" in dcos("node")


def test_it_moves_its_settings_to_the_clusters_place(dcos: Cli, cluster: Api, tmp_path: Path) -> None:
    dcos("node")
    cluster_id = cluster.get("/metadata").json()["CLUSTER_ID"]
    assert (tmp_path / ".dcos" / "clusters" / cluster_id / "dcos.toml").exists()
    assert dcos("config", "show", "core.dcos_acs_token").strip() == cluster.token


def test_it_installs_lists_and_uninstalls_packages(cluster: Api, dcos: Cli, tmp_path: Path) -> None:
    described = json.loads(dcos("package", "describe", "etcd", "--package-version=0.0.3"))
    assert described["package"]["version"] == "0.0.3"
    assert "etcd" in dcos("package", "search", "etcd")
    assert "cluster-size" in dcos("package", "describe", "--config", "etcd", "--package-version=0.0.3")
    options = tmp_path / "options.json"
    options.write_text(json.dumps({"Framework Settings": {"framework-name": "mine"}}), encoding="utf-8")
    cluster.standin.forget()
    said = dcos("package", "install", "calico", "--package-version=0.4.0", f"--options={options}", "--yes")
    assert "Installing Marathon app for package [calico] version [0.4.0]" in said
    assert cluster.standin.writes() == {"POST /package/install": 1}
    listed = json.loads(dcos("package", "list", "--json"))
    assert [(entry["name"], entry["version"], entry["apps"]) for entry in listed] == [("calico", "0.4.0", ["/mine"])]
    apps = json.loads(dcos("marathon", "app", "list", "--json"))
    assert [app["id"] for app in apps] == ["/mine"]
    cluster.deployed("/mine")
    assert (
        "/mine" in dcos("marathon", "app", "list") and dcos("marathon", "deployment", "list", "--json").strip() == "[]"
    )
    eventually(lambda: "calico" in dcos("service"), "it is registered, by a name that is no option of the package")
    dcos("package", "uninstall", "calico", "--yes")
    cluster.gone("/mine")
    eventually(lambda: json.loads(dcos("package", "list", "--json")) == [], "nothing is installed")


def test_it_runs_an_app(cluster: Api, dcos: Cli, tmp_path: Path) -> None:
    app = tmp_path / "app.json"
    app.write_text(json.dumps({"id": "/cli", "cmd": "exec sleep 1000", "cpus": 0.1, "mem": 16}), encoding="utf-8")
    assert "Created deployment" in dcos("marathon", "app", "add", str(app))
    cluster.deployed("/cli")
    assert json.loads(dcos("marathon", "app", "show", "/cli"))["tasksRunning"] == 1
    assert json.loads(dcos("marathon", "task", "list", "--json"))[0]["appId"] == "/cli"
    assert "cli" in dcos("task")
    dcos("marathon", "app", "remove", "/cli")
    cluster.gone("/cli")


def test_it_understands_refusals(cluster: Api, dcoscli: Path, tmp_path: Path) -> None:
    stranger = Cli(dcoscli, tmp_path / "stranger", cluster.standin.url, "bad")
    refused = stranger.run("node")
    assert refused.returncode != 0 and "dcos auth login" in refused.stdout + refused.stderr
    known = Cli(dcoscli, tmp_path / "known", cluster.standin.url, cluster.token)
    missing = known.run("package", "describe", "nothing")
    assert missing.returncode != 0 and "Package [nothing] not found" in missing.stdout + missing.stderr


def test_it_logs_in_with_a_password(make: Make, dcoscli: Path, tmp_path: Path) -> None:
    api = make("1.12.5", "enterprise", agents=(1, 0))
    cli = Cli(dcoscli, tmp_path, api.standin.url, None)
    cli("auth", "login", "--username=admin", "--password=admin-secret")
    assert cli("config", "show", "core.dcos_acs_token").count(".") == 2
    assert json.loads(cli("node", "--json"))
    wrong = Cli(dcoscli, tmp_path / "wrong", api.standin.url, None).run(
        "auth", "login", "--username=admin", "--password=wrong"
    )
    assert wrong.returncode != 0
