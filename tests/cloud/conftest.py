"""playbooks/public_cloud.yml as an operator runs it, on loopback: agents that are this machine, a small calicoctl, and clouds that are played here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(Path(__file__).resolve().parent),
    str(ROOT / "tests" / "system"),
    str(ROOT / "tests" / "unit" / "support"),
]

from aws import Aws  # noqa: E402
from cluster import Cluster  # noqa: E402
from gce import Gce  # noqa: E402
from metadata_server import metadata  # noqa: E402, F401


def pytest_configure(config: pytest.Config) -> None:
    """What `make test` leaves to `make test-long`."""
    config.addinivalue_line("markers", "slow: only in make test-long")


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Three agents with a node each; nothing of the tester's own clouds is in the environment."""
    import os

    for name in list(os.environ):
        if name.startswith(("AWS_", "EC2_", "GCP_", "GOOGLE_", "DCOS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws.config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws.credentials"))
    return Cluster(tmp_path)


@pytest.fixture
def aws() -> Iterator[Aws]:
    """A moto server with the cluster's VPC, empty of everything else."""
    with Aws.started() as started:
        yield started


@pytest.fixture
def gce() -> Iterator[Gce]:
    """The part of Google's compute API that google.cloud's modules ask for."""
    with Gce.started() as started:
        yield started
