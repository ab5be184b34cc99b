"""Every secret is searched for, in every form, in all that a run leaves and shows: found nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from authority import Authority
from conftest import Make
from needles import SHORTEST, Needles, forms, parts
from runs import Playbooks, Ran, local_hosts, on_this_host
from world import World, make_world

Json = dict[str, Any]
LOUD = ("-vvv", "--diff")
CORES = ["2.16", pytest.param("new", marks=pytest.mark.slow)]
LIFE = {"cmd": "exec sleep 1000", "cpus": 0.1, "mem": 16}


@pytest.fixture(scope="module")
def world(make_shared: Make, authority: Authority, cfssl: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(make_shared, authority, cfssl, tmp_path_factory.mktemp("world"))


@pytest.fixture(params=CORES)
def playbooks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Playbooks:
    return Playbooks(request.param, tmp_path_factory.mktemp("runs"))


@pytest.fixture
def no_trace(world: World) -> Iterator[Any]:
    """no_trace(run): what of the secrets is to be found of a run, or on the cluster's side."""

    def look(run: Ran, needles: Needles | None = None, but: tuple[Path, ...] = ()) -> list[str]:
        needles = needles or Needles(world.secrets)
        found = needles.found_below(run.directory, but=[*run.inputs, *but])
        for kind, seen in run.watch.seen.items():
            found += [f"{kind} of a process: {name}" for name in needles.found_in(b"\0".join(seen))]
        log = json.dumps(world.api.standin.control("GET", "/_log")) + world.api.standin.log()
        return found + [f"log of the cluster: {name}" for name in needles.found_in(log.encode())]

    def nowhere(run: Ran, needles: Needles | None = None, but: tuple[Path, ...] = ()) -> None:
        found = look(run, needles, but)
        assert not found, "\n".join(found)

    yield nowhere


def task(name: str, module: str, arguments: Json, **more: Any) -> Json:
    return {"name": name, f"dcos.calico.{module}": arguments, "register": "seen", "ignore_errors": True, **more}


def play(tasks: list[Json]) -> list[Json]:
    interpreter = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    return [{"name": "Search", "hosts": "localhost", "gather_facts": False, "vars": interpreter, "tasks": tasks}]


def test_the_search_finds_each_form(tmp_path: Path, world: World) -> None:
    """Otherwise to find nothing would mean nothing."""
    needles = Needles(world.secrets, generic=False)
    for name, secret in world.secrets.items():
        for part in parts(secret):
            for how, form in forms(part).items():
                assert len(form) < SHORTEST or needles.found_in(b"x" + form + b"y"), (name, how)
    (tmp_path / "a").write_text(json.dumps({"x": [world.secrets["app env"]]}), encoding="utf-8")
    assert needles.found_below(tmp_path)
    assert Needles({}).found_in(world.secrets["token"].encode()) == ["a token"]


def test_logins(world: World, playbooks: Playbooks, no_trace: Any) -> None:
    """Each way to log in, by variables: those that work, and those that are refused."""
    ways = {name: {**world.reach, **way} for name, way in {**world.logins(), **world.refused()}.items()}
    given = {name: {key: value for key, value in way.items() if value is not None} for name, way in ways.items()}
    tasks = [
        task(name, "dcos_agent_info", {key: f"{{{{ ways['{name}'].{key} }}}}" for key in way})
        for name, way in given.items()
    ]
    run = playbooks.run(play(tasks), *LOUD, variables={"ways": given}).require()
    outcomes = {name: event["event"] for name, event in run.results().items()}
    assert outcomes == {**dict.fromkeys(world.logins(), "ok"), **dict.fromkeys(world.refused(), "failed")}
    assert run.syslog().count("Invoked with") == len(ways) and "NOT_LOGGING_PARAMETER" in run.syslog(), (
        "it was looked at"
    )
    no_trace(run)


ENVIRONMENT = {
    "token": lambda world: {"DCOS_ACS_TOKEN": world.secrets["token"]},
    "password": lambda world: {"DCOS_UID": "alice", "DCOS_PASSWORD": world.secrets["password of alice"]},
    "account": lambda world: {"DCOS_SERVICE_ACCOUNT": json.dumps(world.account())},
    "wrong password": lambda world: {"DCOS_UID": "alice", "DCOS_PASSWORD": world.secrets["wrong password"]},
    "broken account": lambda world: {
        "DCOS_SERVICE_ACCOUNT": json.dumps({**world.account(), "private_key": world.secrets["broken key"]})
    },
}


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=() if way == "account" else pytest.mark.slow) for way in ENVIRONMENT]
)
def test_logins_by_the_environment(world: World, playbooks: Playbooks, no_trace: Any, way: str) -> None:
    """What the operator exports is in the environment of what ansible-playbook starts, under its own name and no other."""
    exported = {"DCOS_URL": world.api.standin.url, "DCOS_CA_PATH": world.authority.bundle, **ENVIRONMENT[way](world)}
    run = playbooks.run(play([task("ask", "dcos_agent_info", {})]), *LOUD, env=exported).require()
    assert run.results()["ask"]["event"] == ("failed" if "wrong" in way or "broken" in way else "ok")
    blocks = run.watch.seen["environ"]
    assert Needles(world.secrets).found_in(b"\0".join(blocks)), "it was looked at"
    own = tuple(f"{name}=".encode() for name in exported)
    run.watch.seen["environ"] = {
        b"\0".join(entry for entry in block.split(b"\0") if not entry.startswith(own)) for block in blocks
    }
    no_trace(run)


def package(world: World, secret: str, **more: Any) -> Json:
    option = {"Framework Settings": {"override-installer-url": f"{{{{ {secret} }}}}"}}
    return {
        "name": "calico",
        "version": "0.4.0",
        "secret_options": option,
        "wait": False,
        **world.reach,
        "token": "{{ token }}",
        **more,
    }


def app(world: World, secret: str, **more: Any) -> Json:
    reach = {**world.reach, "token": "{{ token }}"}
    return {
        "apps": [{"id": "/web", **LIFE, **more}],
        "secret_env": {"/web": {"SETTING": f"{{{{ {secret} }}}}"}},
        "wait": False,
        **reach,
    }


@pytest.mark.parametrize(
    "mode", [pytest.param((), id="normal"), pytest.param(("--check",), id="check", marks=pytest.mark.slow)]
)
def test_packages_apps_and_certificates(
    world: World, playbooks: Playbooks, no_trace: Any, mode: tuple[str, ...]
) -> None:
    """Secrets that go to the cluster: given, changed from others that nobody gives any more, refused; and a key that the CA makes."""
    names = {name: name.replace(" ", "_") for name in world.secrets}
    reach = {**world.reach, "token": "{{ token }}"}
    newcert = {"certificates": [{"name": "a", "common_name": "calico", "hosts": ["10.0.0.21"]}]}
    level = {"service": {"log_level": f"{{{{ {names['refused package option']} }}}}"}}
    before = [
        task("package before", "dcos_package", package(world, names["old package option"], reinstall=True)),
        task("app before", "marathon_app", app(world, names["old app env"])),
    ]
    tasks = [
        task("package", "dcos_package", package(world, names["package option"])),
        task("package again", "dcos_package", package(world, names["package option"], reinstall=True)),
        task(
            "package refused",
            "dcos_package",
            {"name": "etcd", "version": "0.1.0-3.3.12", "secret_options": level, **reach},
        ),
        task("app", "marathon_app", app(world, names["app env"])),
        task(
            "app refused",
            "marathon_app",
            app(world, names["refused app env"], networks=[{"mode": "none", "name": "calico"}]),
        ),
        task("certificate", "dcos_ca_certificate", {**newcert, **reach}),
        task("certificate refused", "dcos_ca_certificate", {**newcert, "renew_before": 9999, **reach}),
    ]
    variables = {names[name]: secret for name, secret in world.secrets.items()}
    ready = playbooks.run(play(before), *LOUD, variables=variables).require()
    assert {event["event"] for event in ready.results().values()} == {"ok"}
    run = playbooks.run(play(tasks), *LOUD, *mode, variables=variables).require()
    assert {name for name, event in run.results().items() if event["event"] == "failed"} >= {
        "package",
        "package refused",
        "certificate refused",
    }
    if not mode:
        answer = world.api.get("/v2/apps", base=world.api.standin.listeners["marathon"]).json()
        stored = answer["apps"][0]["env"]
        assert stored["SETTING"] in (world.secrets["app env"], world.secrets["refused app env"])
    no_trace(ready)
    no_trace(run)


@pytest.mark.parametrize(
    "shared", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["key of the CA", "keys of the hosts"]
)
def test_certificates(world: World, playbooks: Playbooks, no_trace: Any, tmp_path: Path, shared: bool) -> None:
    """Predicted, issued, kept, refused: no line of a key that is in place afterwards."""
    place = tmp_path / "hosts"
    hosts = local_hosts(["agent1", "agent2"], **on_this_host(place))
    reach = {
        "calico_dcos_url": world.reach["url"],
        "calico_dcos_ca_path": world.reach["ca_path"],
        "calico_dcos_service_account": world.account(),
    }
    variables = {**reach, "calico_certificates_shared": shared, "calico_certificates_hosts": ["10.0.0.21"]}
    steps: list[tuple[tuple[str, ...], Json, int]] = [
        (("--check",), {}, 0),
        ((), {}, 0),
        ((), {}, 0),
        ((), {"calico_certificates_renew_before": 400}, 2),
    ]
    runs = []
    for arguments, more, code in steps:
        said = {**variables, **more}
        runs.append(
            playbooks.run(
                "playbooks/rotate_certificates.yml",
                *LOUD,
                *arguments,
                "--tags",
                "certificates",
                hosts=hosts,
                variables=said,
            )
        )
        assert runs[-1].rc == code, runs[-1].output[-4000:]
    assert [bool(run.changed()) for run in runs] == [True, True, False, False]
    issued = {f"key of {file.parent.name}": file.read_text(encoding="utf-8") for file in sorted(place.rglob("*.key"))}
    assert len(issued) == 2 and (len(set(issued.values())) == 1) is shared
    for run in runs:
        no_trace(run, Needles({**world.secrets, **issued}))


@pytest.mark.parametrize("pipelining", ["0", pytest.param("1", marks=pytest.mark.slow)])
def test_what_a_run_keeps_on_request_is_for_its_user_only(
    world: World, playbooks: Playbooks, no_trace: Any, pipelining: str
) -> None:
    """ANSIBLE_KEEP_REMOTE_FILES keeps what a module was given; there, and nowhere else, is the password."""
    login = {**world.reach, "uid": "alice", "password": "{{ password }}"}
    env = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_PIPELINING": pipelining}
    run = playbooks.run(
        play([task("ask", "dcos_agent_info", login)]),
        *LOUD,
        env=env,
        variables={"password": world.secrets["password of alice"]},
    ).require()
    kept = [file for file in (run.directory / "remote").rglob("*") if file.is_file()]
    assert kept and Needles(world.secrets).found_below(*kept)
    for file in kept:
        assert all(
            directory.stat().st_mode & 0o077 == 0
            for directory in file.parents
            if directory.is_relative_to(run.directory / "remote") and directory.name != "remote"
        )
    no_trace(run, but=tuple(kept))


def test_files(world: World, playbooks: Playbooks, no_trace: Any, tmp_path: Path) -> None:
    """A key among the files of a host, made, changed and predicted: it stands in a list, which ansible-core logs as Python writes it."""
    file = tmp_path / "secret.key"
    steps = [("key of another", True), ("key of robot", False), ("key of robot", True)]
    tasks = [
        task(
            f"step {number}",
            "agent_files",
            {"files": [{"path": str(file), "secret_content": f"{{{{ secrets['{name}'] }}}}"}]},
            check_mode=not real,
        )
        for number, (name, real) in enumerate(steps)
    ]
    run = playbooks.run(play(tasks), *LOUD, variables={"secrets": world.secrets}).require()
    assert len(run.changed()) == len(steps) and file.read_text(encoding="utf-8") == world.secrets["key of robot"]
    assert "agent_files" in run.output and str(file) in run.syslog(), "it was looked at"
    no_trace(run)
