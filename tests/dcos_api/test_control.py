"""Faults, counters, the log, and the endpoints for nginx and agents."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import requests
from api import Api
from conftest import Make
from standin_service import STANDINS


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("503", 503), ("html", 200)])
def test_an_answer_that_is_wrong(dcos: Api, kind: str, status: int) -> None:
    dcos.standin.fault("/mesos/*", kind, times=2)
    answers = [dcos.get("/mesos/slaves") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert [answer.headers["Content-Type"].split(";")[0] for answer in answers] == [
        "text/html",
        "text/html",
        "application/json",
    ]


def test_an_answer_that_is_cut(dcos: Api) -> None:
    dcos.standin.fault("/mesos/slaves", "cut")
    with pytest.raises(requests.RequestException):
        dcos.get("/mesos/slaves")
    assert dcos.get("/mesos/slaves").status_code == 200


def test_an_answer_that_is_slow(dcos: Api) -> None:
    dcos.standin.fault("/mesos/slaves", "slow", seconds=1.5)
    slow = dcos.get("/mesos/slaves").elapsed
    assert slow.total_seconds() >= 1.5 and dcos.get("/mesos/slaves").elapsed < slow


def test_a_token_that_expires_in_the_middle(make: Make) -> None:
    api = make("2.0.6", agents=(1, 0))
    mine = api.login("admin")
    api.standin.fault("/mesos/slaves", "expired_token")
    assert [mine.get("/mesos/slaves").status_code, mine.get("/metadata").status_code] == [401, 401], (
        "for good, and everywhere"
    )
    assert api.login("admin").get("/mesos/slaves").status_code == 200


def test_faults_are_for_paths_and_methods(dcos: Api) -> None:
    dcos.standin.fault("/package/list", "500", method="POST")
    assert dcos.get("/mesos/slaves").status_code == 200
    assert [dcos.package("list").status_code, dcos.package("list").status_code] == [500, 200]
    dcos.standin.fault("/metadata", "500", times=5)
    assert dcos.standin.control("GET", "/_faults")["faults"][0]["times"] == 5
    assert dcos.standin.control("DELETE", "/_faults") == {"faults": []}
    assert dcos.get("/metadata").status_code == 200
    for bad in ({"path": "/x", "kind": "fire"}, {"kind": "500"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            dcos.standin.control("POST", "/_faults", bad)
        assert refused.value.code == 400


def test_counters_tell_reads_from_writes(make: Make) -> None:
    fresh = make("2.0.6", agents=(0, 0))
    fresh.standin.forget()
    fresh.package("describe", 3, packageName="etcd")
    fresh.package("list")
    fresh.package("render", packageName="etcd", packageVersion="0.0.3")
    fresh.get("/mesos/slaves")
    fresh.login("admin")
    counted = fresh.standin.control("GET", "/_counters")
    assert counted["total_writes"] == 0 and counted["reads"]["POST /package/render"] == 1
    assert counted["other"] == {"POST /acs/api/v1/auth/login": 1}
    fresh.install("nothing")
    fresh.apps("POST", body={})
    fresh.apps("DELETE", "/none")
    assert fresh.standin.writes() == {
        "POST /package/install": 1, "POST /service/marathon/v2/apps": 1, "DELETE /service/marathon/v2/apps/none": 1
    }, "refused ones count"  # fmt: skip


def test_the_log_has_no_secrets(make: Make) -> None:
    api = make("2.0.6", agents=(0, 0))
    mine = api.login("admin")
    mine.get("/metadata")
    log = api.standin.control("GET", "/_log")["requests"]
    assert [(entry["method"], entry["path"], entry["status"]) for entry in log] == [
        ("POST", "/acs/api/v1/auth/login", 200),
        ("GET", "/metadata", 200),
    ]
    assert log[1]["uid"] == "admin"
    text = json.dumps(log) + api.standin.log()
    for secret in ("admin-secret", str(mine.token), str(api.token), api.standin.control_token):
        assert secret not in text


def test_control_needs_its_token(dcos: Api) -> None:
    for path in ("/_counters", "/_log", "/_faults"):
        for headers in ({}, {"X-Control-Token": "wrong"}):
            assert dcos.get(path, headers=headers).status_code == 404
            assert dcos.get(path, headers=headers, base=dcos.standin.listeners["mesos"]).status_code == 404
    forwarded = {"X-Forwarded-For": "10.0.0.9"}
    assert dcos.get("/_dns/records", headers=forwarded).status_code == 404, "not through a proxy"
    assert dcos.get("/_dns/records", headers=forwarded, base=dcos.standin.listeners["mesos"]).status_code == 200


@pytest.mark.parametrize(
    ("uid", "path", "status"),
    [(None, "/mesos/slaves", 401), (None, "/dcos-metadata/dcos-version.json", 200), ("reader", "/mesos/slaves?x=y", 200), ("nobody", "/mesos/slaves", 403),
     ("reader", "/ca/api/v2/newcert", 403), (None, "/ca/api/v2/newcert", 401), ("admin", "/ca/api/v2/newcert", 200), ("admin", "/service/etcd/healthz", 200),
     ("reader", "/service/etcd/healthz", 403), ("nobody", "/exhibitor/exhibitor/v1/cluster/status", 403)],
)  # fmt: skip
def test_what_nginx_is_told(enterprise: Api, uid: str | None, path: str, status: int) -> None:
    token = enterprise.standin.token(uid) if uid else None
    answer = enterprise.anyone(token).get("/_auth", headers={"X-Original-URI": path, "X-Original-Method": "POST"})
    assert answer.status_code == status and answer.headers.get("WWW-Authenticate") == (
        "acsjwt" if status == 401 else None
    )


def test_calls_that_only_nginx_sees_are_counted_by_the_question(enterprise: Api) -> None:
    enterprise.standin.forget()
    for path in ("/ca/api/v2/newcert", "/mesos/slaves"):
        enterprise.get("/_auth", headers={"X-Original-URI": path, "X-Original-Method": "POST"})
    assert enterprise.standin.writes() == {"POST /ca/api/v2/newcert": 1}
    assert "<h1>401 Unauthorized</h1>" in enterprise.get("/_page/401").text


def test_an_agent_must_say_what_can_be(dcos: Api) -> None:
    for said in ({}, {"ip": "nowhere"}, {"ip": "127.9.0.99", "resources": {"ports": "1-5"}}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            dcos.standin.control("POST", "/_agent/register", said)
        assert refused.value.code == 400
    with pytest.raises(urllib.error.HTTPError) as unknown:
        dcos.standin.control("POST", "/_agent/heartbeat", {"agent_id": "none"})
    assert unknown.value.code == 410


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "missing keys: dcos_version, masters"),
        ({"dcos_version": "1.7.0", "masters": ["10.0.0.1"]}, "1.7.0 is none of"),
        ({"colour": 1}, "unknown keys: colour"),
    ],
)
def test_a_configuration_that_cannot_be(tmp_path: Path, settings: dict[str, Any], problem: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"state_dir": str(tmp_path), **settings}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "dcos_standin", "--config", str(file)],
        env={"PYTHONPATH": str(STANDINS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2 and problem in done.stderr and "Traceback" not in done.stderr
