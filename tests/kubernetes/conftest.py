"""Fixtures: the stand-in Kubernetes, a real etcd, a real CFSSL behind a stand-in DC/OS, and playbooks run against them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
# Their helpers; this directory's own names come first.
for directory in (TESTS / "contract", TESTS / "dcos_api", HERE, TESTS.parent / "tools"):
    sys.path.insert(0, str(directory))

import setup  # noqa: E402
from layout import COLLECTIONS  # noqa: E402

setup.link_collection()
sys.path.insert(0, str(COLLECTIONS))

from api import Api  # noqa: E402
from authority import Authority  # noqa: E402
from cluster import Kubernetes, running  # noqa: E402
from harness.packages import ETCD, Program, find  # noqa: E402
from runs import Playbooks  # noqa: E402
from standin import running as running_dcos  # noqa: E402
from standin import users  # noqa: E402
from world import Etcd, World  # noqa: E402

CORE = "full"
Start = Callable[..., Kubernetes]


@pytest.fixture(scope="session")
def cfssl() -> Path:
    return find(Program("cfssl", "golang-cfssl", "usr/bin/cfssl", "CONTRACT_CFSSL"))


@pytest.fixture(scope="session")
def calicoctl(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The stand-in calicoctl."""
    built = tmp_path_factory.mktemp("built")
    subprocess.run(
        [
            sys.executable,
            str(TESTS / "standins" / "build.py"),
            str(built),
            "--python",
            sys.executable,
            "--zipapps-only",
        ],
        check=True,
        timeout=300,
    )
    return str(built / "calicoctl")


@pytest.fixture(scope="session")
def playbooks(tmp_path_factory: pytest.TempPathFactory) -> Playbooks:
    """ansible-playbook with kubernetes.core."""
    return Playbooks(CORE, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    server = Etcd(str(find(ETCD)), tmp_path_factory.mktemp("etcd"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """The CA of DC/OS, which has signed the API's certificate, too."""
    made = Authority(tmp_path_factory.mktemp("authority"))
    made.pair = made.front()  # type: ignore[attr-defined]
    yield made
    made.close()


@pytest.fixture(scope="module")
def enterprise(authority: Authority, cfssl: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """DC/OS Enterprise 1.12 with its CA, whose agents know the network calico."""
    settings = {
        "dcos_version": "1.12.5",
        "variant": "enterprise",
        "users": users(admin=["dcos:superuser"]),
        "launcher": {"kind": "local", "networks": ["dcos", "calico"]},
        "tls": authority.pair,  # type: ignore[attr-defined]
        **authority.serve(cfssl),
    }
    with running_dcos(tmp_path_factory.mktemp("dcos"), None, **settings) as standin:
        found = Api(standin, standin.token())
        found._session.verify = authority.bundle
        yield found


@pytest.fixture(scope="module")
def api(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """A Kubernetes 1.10 over TLS that takes certificates of the CA, for tests that change little."""
    tls = authority.pair  # type: ignore[attr-defined]
    with running(tmp_path_factory.mktemp("kubernetes"), tls=tls, client_ca=authority.bundle) as service:
        yield service


@pytest.fixture
def start(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """start(**settings): a Kubernetes of this test's own."""
    with contextlib.ExitStack() as stack:

        def one(**settings: Any) -> Kubernetes:
            given = {"tls": authority.pair, "client_ca": authority.bundle, **settings}  # type: ignore[attr-defined]
            return stack.enter_context(running(tmp_path_factory.mktemp("kubernetes"), **given))

        yield one


@pytest.fixture
def world(
    authority: Authority, etcd: Etcd, start: Start, playbooks: Playbooks, calicoctl: str, tmp_path: Path
) -> World:
    """Without a DC/OS: Kubernetes is there already, and its certificates are the operator's business."""
    etcd.wipe()
    return World(None, authority, etcd, start(), tmp_path / "host", playbooks, calicoctl, None).prepare()
