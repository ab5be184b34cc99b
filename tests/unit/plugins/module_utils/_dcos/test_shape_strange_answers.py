"""Every field of every answer left out, or of another type: what comes of it is a CalicoError or a result, never an exception of Python.

Answers are those of the doubles, asked in this process: each use of the API is done once as it is, and once for each change.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _mesos, _shape, _watch
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import Response
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.modules import dcos_agent_info, dcos_package, dcos_package_info, marathon_app, marathon_app_info

from ....support.dcos_api import Answer, Clock, DcosApi, Request
from ....support.marathon_double import MARATHON
from ....support.universe import NOTHING, Universe

OTHERS: tuple[Any, ...] = (None, 7, "text", [None], {"text": None}, [{}])
MISSING = object()
ETCD = {"name": "etcd", "version": "0.0.3", "options": {}, "secret_options": {}, "app_id": None, "reinstall": True}


class Wire:
    """In place of a transport: asks the double in this process, and changes one answer."""

    def __init__(self, api: DcosApi) -> None:
        self.api = api
        self.told: list[Any] = []
        self.change: tuple[int, tuple[Any, ...], Any] | None = None

    def send(self, method: str, url: str, data: bytes | None, headers: Any, params: Any, *more: Any) -> Response:
        parts = urlsplit(url)
        query = {name: [value] if isinstance(value, str) else value for name, value in (params or {}).items()} or parse_qs(parts.query)
        answer = self.api.answer(Request(method, parts.path, query, headers, data or b""))
        body = answer.encoded()
        try:
            document = json.loads(body)
        except ValueError:
            document = MISSING
        if document is not MISSING:
            self.told.append(document)
            if self.change and self.change[0] == len(self.told) - 1:
                document = changed(document, *self.change[1:])
                body = json.dumps(document).encode()
        return Response(answer.status, {}, body, f"{method} {url}")

    def is_other_host(self, first: str, second: str) -> bool:
        return urlsplit(first).netloc != urlsplit(second).netloc

    def close(self) -> None:
        pass


def paths(document: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where there is something in a document; of the items of a list the first one."""
    yield so_far
    items = document.items() if isinstance(document, dict) else list(enumerate(document))[:1] if isinstance(document, list) else ()
    for key, value in items:
        yield from paths(value, (*so_far, key))


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return None if value is MISSING else value
    found = copy.deepcopy(document)
    place = found
    for key in path[:-1]:
        place = place[key]
    if value is MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return found


def package(client: DcosClient, **params: Any) -> None:
    given = {**ETCD, "wait": True, "wait_timeout": 5, "progress_file": None, "state": "present", **params}
    job = dcos_package.Job(SimpleNamespace(params=given, check_mode=False), client)  # type: ignore[arg-type]
    job.present(True) if given["state"] == "present" else job.absent(True)


def packages(client: DcosClient) -> None:
    service = dcos_package_info.Service(client)
    for name in ("etcd", "calico"):
        dcos_package_info.of_universe(service, name, None)
        for one in service.cosmos.installed(name):
            dcos_package_info.look(client, service, one)


def apps(client: DcosClient, state: str = "present") -> None:
    app = {
        "id": "/web", "cmd": "sleep 2", "env": {"A": "1"}, "labels": {"a": "b"}, "instances": 2,
        "container": {"type": "MESOS", "portMappings": [{"containerPort": 80, "name": "web"}]}, "networks": [{"mode": "container", "name": "calico"}],
    }  # fmt: skip
    params = {"apps": [app], "secret_env": {}, "state": state, "force": False, "wait": True, "wait_timeout": 5}
    marathon_app.Job(SimpleNamespace(params=params, check_mode=False), client).run(True)  # type: ignore[arg-type]


def apps_of_a_group(client: DcosClient) -> None:
    params = {"group": "/", "wait": False, "wait_timeout": 5, "failures": 3, "mesos": True}
    marathon_app_info.Job(params, client).run()


def cluster(client: DcosClient) -> None:
    _mesos.release(client)
    dcos_agent_info.select(_mesos.agents(client), {"public": True, "active": True, "addresses": ["10.0.1.1"], "attributes": {"rack": "r1"}})
    _mesos.masters(client)


USES: dict[str, Callable[[DcosClient], None]] = {
    "package, new": lambda client: package(client, name="hello", version="1.0"),
    "package, new, of the SDK": lambda client: package(client, app_id="/etcd2", version="0.1.0-3.3.12"),
    "package, there": package,
    "package, other options": lambda client: package(client, options={"etcd": {"cluster-size": 5}}, reinstall=False),
    "package, with frameworks of its own": lambda client: package(client, name="calico", version="0.4.0"),
    "package, gone": lambda client: package(client, name="calico", version=None, state="absent"),
    "packages": packages,
    "app, changed": apps,
    "app, gone": lambda client: apps(client, "absent"),
    "apps of a group": apps_of_a_group,
    "cluster": cluster,
}


@pytest.fixture
def world(tmp_path: Path, dcos_api: DcosApi, dcos_clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Arrange the same cluster, whose packages are installed, and a client of it: arrange() -> (wire, client)."""
    universe = Universe(dcos_api, tmp_path / "universe.json")
    # file and requests are of no concern here
    monkeypatch.setattr(universe, "save", lambda: None)
    universe.members(3)
    universe.agent(1, attributes={"rack": "r1"}, version="1.5.3", domain={"fault_domain": {"region": {"name": "r"}, "zone": {"name": "z"}}})
    task = {"id": "t1", "name": "Task(RunCalicoNode-1", "state": "TASK_RUNNING", "slave_id": "S1"}
    universe.state["frameworks"] = [{"id": "F1", "name": "calico", "tasks": [task], "completed_tasks": [dict(task, state="TASK_FINISHED")]}]
    universe.steps("S1", 1, 2, 2, 1)
    plan = {"status": "COMPLETE", "errors": [], "phases": [{"name": "p", "steps": [{"name": "s", "status": "COMPLETE"}]}]}
    universe.state["plan"] = [(200, plan)]
    universe.put({
        "id": "/web", "cmd": "sleep 1", "env": {"A": "0"}, "labels": {"a": "c"}, "dependencies": ["/etcd"], "fetch": [{"uri": "http://a/b.tgz"}],
        "container": {"type": "MESOS", "portMappings": [{"containerPort": 8080, "name": "web"}], "docker": {"image": "i"}, "volumes": [{"hostPath": "/a"}]},
        "networks": [{"mode": "container", "name": "calico"}], "healthChecks": [{"protocol": "HTTP", "portIndex": 0}],
    })  # fmt: skip
    for name, version in (("etcd", "0.0.3"), ("calico", "0.4.0")):
        universe._install({"packageName": name, "packageVersion": version})
    statuses = [{"timestamp": 1.0, "container_status": {"network_infos": [{"ip_addresses": [{"ip_address": "192.168.0.5"}]}]}}]
    dcos_api.on("GET", "/mesos/tasks", {"tasks": [{"id": "t0", "statuses": statuses}]})
    dcos_api.on("GET", "/dcos-metadata/dcos-version.json", {"version": "1.12.5", "dcos-variant": "open", "dcos-image-commit": "abc"})
    for name in ("master.mesos", "leader.mesos"):
        dcos_api.on("GET", f"/mesos_dns/v1/hosts/{name}", [{"host": name, "ip": "10.0.0.11"}] if name.startswith("master") else [dict(NOTHING)])
    dcos_api.on("GET", "/mesos/master/state-summary", lambda request: {"hostname": "10.0.0.11", "frameworks": universe.state["frameworks"]})
    dcos_api.on("GET", "/service/etcd2/v1/plans/deploy", lambda request: plan)
    dcos_api.on("GET", f"{MARATHON}/apps/web/tasks", {"tasks": []})
    dcos_api.expect_unknown()
    begin = copy.deepcopy(universe.state)

    def arrange() -> tuple[Wire, DcosClient]:
        universe.state = copy.deepcopy(begin)
        wire, client = Wire(dcos_api), DcosClient(Options(url=dcos_api.url, timeout=2), clock=dcos_clock, sleep=dcos_clock.sleep)
        client._transport = wire  # type: ignore[assignment]
        monkeypatch.setattr(_watch, "Transport", lambda: wire)
        return wire, client

    return arrange


@pytest.mark.parametrize("use", USES)
def test_no_answer_ends_in_an_exception_of_python(world: Any, use: str) -> None:
    wire, client = world()
    try:
        USES[use](client)
    except CalicoError as error:
        assert use == "package, other options", error
    asked, wrong, seen = list(wire.told), [], set()
    for number, document in enumerate(asked):
        for path in paths(document):
            # the same question may be asked again and again
            if (shown := (json.dumps(document, sort_keys=True), path)) in seen:
                continue
            seen.add(shown)
            for value in (MISSING, *OTHERS):
                wire, client = world()
                wire.change = (number, path, value)
                try:
                    USES[use](client)
                except CalicoError:
                    pass
                except Exception as error:  # the point of it
                    wrong.append(f"answer {number} at {path} = {'missing' if value is MISSING else value!r}: {type(error).__name__}: {error}")
    assert len(seen) > 10 and wrong == []


@pytest.mark.parametrize(
    ("value", "shape", "words"),
    [
        ({"a": 1, "b": None}, {"a": int, "b?": str}, None),
        ({"a": True}, {"a": int}, "it.a is true or false, not a whole number"),
        ({"a": 1}, {"a": bool}, "it.a is a whole number, not true or false"),
        ({}, {"a": _shape.ANY}, "it has no a"),
        ({"a": [{"b": 1}, {"b": "1"}]}, {"a": [{"b": int}]}, "it.a[1].b is a text, not a whole number"),
        ({"x": {"y": []}}, {str: {str: dict}}, "it.x.y is a list, not an object"),
        (1.5, _shape.NUMBER, None),
        (None, dict, "it is null, not an object"),
        (object(), [str], "it is something else, not a list"),
    ],
)
def test_shapes(value: Any, shape: Any, words: str | None) -> None:
    assert _shape.problem(value, shape) == words


def test_an_answer_that_is_nested_without_an_end() -> None:
    for text in ("[" * 10**6, '{"a":' * 10**6):
        with pytest.raises(CalicoError):
            Response(200, {}, text.encode(), "GET x").shaped(dict)


def test_answers_that_no_double_gives(world: Any, dcos_api: DcosApi) -> None:
    dcos_api.on("POST", "/package/list", Answer('{"packages": [', cut=5))
    _wire, client = world()
    with pytest.raises(CalicoError):
        package(client)
