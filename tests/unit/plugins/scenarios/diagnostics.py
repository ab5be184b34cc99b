"""A host that has nothing, one that has everything, and a datastore."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.agent_host import args, furnish
from ...support.scenario import Scenario
from .agent_info import NOISE


def _host(use):
    use("monkeypatch").setattr("ansible_collections.dcos.calico.plugins.module_utils._jobs._diagnostics.ROOT", str(use("agent_host").root.join("root")))
    host = use("agent_host")
    steps = [{"job": "agent_info", "args": args(host)}, {"job": "sysctl", "args": {}}]
    return Scenario({"of": "host", "steps": steps, "felix_health_port": 1}, host.root, noise=NOISE, unlike=["facts", "content"])


def nothing(use):
    use("agent_host").root.join("bin", "systemctl").remove()
    return _host(use)


def everything(use):
    furnish(use("agent_host"))
    return _host(use)


def datastore(use):
    store = use("datastore")
    store.keys.hold({"/calico/v1/Ready": "true"})
    return Scenario(dict(of="datastore", config=store.options["config"]), use("tmpdir"), unlike=["content"])


SCENARIOS = {"nothing": nothing, "everything": everything, "datastore": datastore}
