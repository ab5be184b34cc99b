"""Fixtures of all tests below."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

# pytest finds fixtures by their names here.
# pylint: disable=unused-import
from ..support.agent_host import agent_host  # noqa: F401
from ..support.docker_host import docker  # noqa: F401
from ..support.etcd_keys import datastore  # noqa: F401
from ..support.installed_host import installed  # noqa: F401
from ..support.kernel_host import kernel  # noqa: F401
from ..support.file_server import answer, as_root, certificate, file_server, no_certificates_of_this_machine, tls_server  # noqa: F401
from ..support.master_host import master  # noqa: F401
from ..support.mesos_agent_host import mesos_agent  # noqa: F401
from ..support.metadata_server import metadata  # noqa: F401
from ..support.node_host import node  # noqa: F401
from ..support.systemd_host import free_port, systemd_host  # noqa: F401


@pytest.fixture(autouse=True)
def notes_of_this_test(monkeypatch, tmpdir_factory):
    """What processes were started with, and what the kernel's settings were, is not noted on this machine."""
    from ansible_collections.dcos.calico.plugins.module_utils._host import _started
    from ansible_collections.dcos.calico.plugins.module_utils._jobs import _sysctl

    directory = tmpdir_factory.mktemp("run")
    monkeypatch.setattr(_started, "PATH", str(directory.join("started.json")))
    monkeypatch.setattr(_sysctl, "NOTES", str(directory.join("sysctl.json")))


@pytest.fixture(autouse=True)
def soon_believed(monkeypatch):
    """What contradicts itself is looked at as often as ever, within less time."""
    from ansible_collections.dcos.calico.plugins.module_utils._host import _deadline

    monkeypatch.setattr(_deadline, "PATIENCE", 0.3)
    monkeypatch.setattr(_deadline, "PAUSE", 0.05)


if sys.version_info >= (3, 9):
    from ..support.dcos_api import dcos_api, dcos_authority, dcos_client, dcos_clock, dcos_tls_api  # noqa: F401
    from ..support.mesos_master import mesos_master  # noqa: F401
    from ..support.universe import universe  # noqa: F401
