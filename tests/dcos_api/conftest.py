"""Fixtures: clusters of several releases on loopback, and a client for each."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "contract"))

from api import Api  # noqa: E402
from authority import Authority  # noqa: E402
from harness.packages import ETCD, Program, find  # noqa: E402
from standin import running, users  # noqa: E402

PERMISSIONS = {
    "admin": ["dcos:superuser"],
    "reader": ["dcos:adminrouter:ops:mesos", "dcos:adminrouter:ops:mesos-dns", "dcos:adminrouter:ops:metadata"],
    "packager": ["dcos:adminrouter:package"],
    "nobody": [],
}
Make = Callable[..., Api]


@pytest.fixture(scope="session")
def python() -> Path:
    """The tests run in the service's own environment."""
    return Path(sys.executable)


@pytest.fixture(scope="session")
def etcd() -> str:
    """A real etcd 3.3."""
    return str(find(ETCD))


@contextlib.contextmanager
def _factory(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Starts clusters, each with a client that has a superuser's token."""
    with contextlib.ExitStack() as stack:

        def start(dcos_version: str = "1.11.12", variant: str = "open", **settings: Any) -> Api:
            directory = tmp_path_factory.mktemp("dcos")
            settings = {"users": users(**PERMISSIONS), **settings}
            standin = stack.enter_context(
                running(directory, python, dcos_version=dcos_version, variant=variant, **settings)
            )
            return Api(standin, standin.token())

        yield start


@pytest.fixture
def make(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """make(dcos_version, variant, **settings): a cluster of this test's own."""
    with _factory(python, tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="module")
def make_shared(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """The same, for all tests of a module."""
    with _factory(python, tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="module")
def dcos(make_shared: Make) -> Api:
    """Open DC/OS 1.11."""
    return make_shared()


@pytest.fixture(scope="module")
def enterprise(make_shared: Make) -> Api:
    """DC/OS Enterprise 1.12."""
    return make_shared("1.12.5", "enterprise")


@pytest.fixture
def fresh(make: Make) -> Api:
    """A cluster nobody else changes."""
    return make()


@pytest.fixture(scope="session")
def cfssl() -> Path:
    """A real CFSSL, by apt if it is not there."""
    return find(Program("cfssl", "golang-cfssl", "usr/bin/cfssl", "CONTRACT_CFSSL"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """A certificate authority of this module's own."""
    made = Authority(tmp_path_factory.mktemp("authority"))
    yield made
    made.close()
