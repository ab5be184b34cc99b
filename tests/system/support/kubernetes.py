"""Kubernetes for a lab: the stand-in API on this machine's loopback, whose one node is an agent of the lab; and the heart of the component."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from support.ansible import Run, playbook
from support.dcos import variables as dcos_variables
from support.lab import ROOT, Host, Lab, eventually
from support.workloads import Workloads

PLAYBOOK = "playbooks/kubernetes.yml"
CONFLIST = "/opt/mesosphere/etc/dcos/network/cni/cni.conflist"
PLACE = "/etc/calico/kubernetes"
PROFILES = {"k8s_ns.default", "k8s_ns.kube-public", "k8s_ns.kube-system"}
ADDONS = ("kube-dns", "kubernetes-dashboard", "metrics-server")
NAME = "calico-kube-controllers"
# kubernetes.core is in this environment only.
CORE = "full"


def _module(name: str, path: str) -> ModuleType:
    """A helper of another suite, by its path: its directory has names that others have, too."""
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _inside(host: Host) -> list[str]:
    """What starts a program inside a host."""
    return [
        "nsenter",
        "--target",
        str(host.pid),
        "--all",
        "--wd=/",
        "env",
        "-i",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]


@contextmanager
def kubernetes_for(lab: Lab) -> Iterator[tuple[Any, dict[str, Any]]]:
    """(the API, the variables by which the component uses it). On open DC/OS they have certificates of an operator's own."""
    standin = _module("kubernetes_cluster", "tests/kubernetes/cluster.py")
    with tempfile.TemporaryDirectory() as directory:
        authority = _module("kubernetes_authority", "tests/dcos_api/authority.py").Authority(Path(directory) / "ca")
        with standin.running(
            Path(directory) / "api", tls=authority.front(), client_ca=authority.bundle, node_run=_inside(lab.agents[0])
        ) as api:
            given: dict[str, Any] = {
                **dcos_variables(lab),
                "calico_kubernetes_api": {"host": api.url, "token": standin.TOKEN, "ca_file": authority.bundle},
            }
            if lab.settings.dcos_variant != "enterprise":
                given["calico_kubernetes_tls_files"] = own_files(authority.directory)
            yield api, given


def own_files(authority: Path) -> list[dict[str, str]]:
    """What an operator without a CA of DC/OS brings."""
    found = {"calico.crt": "front.crt", "ca.crt": "ca.crt", "calico.key": "front.key"}
    texts = {name: (authority / file).read_text() for name, file in found.items()}
    return [
        {"path": f"{PLACE}/{name}", "secret_content" if name.endswith("key") else "content": text}
        for name, text in texts.items()
    ]


def run(lab: Lab, given: dict[str, Any], *arguments: str, **more: Any) -> Run:
    return playbook(lab.inventory, *arguments, name=PLAYBOOK, core=CORE, variables={**given, **more})


def profiles(lab: Lab) -> set[str]:
    """Those of namespaces, as calicoctl shows them."""
    return {name for name in lab.calicoctl("get", "profile").split() if name.startswith("k8s_ns.")}


def works(lab: Lab, api: Any, *, named_by_host: bool = False) -> None:
    """Every agent has what a kubelet needs; profiles and add-ons are there; Mesos' own network is not disturbed.

    named_by_host: nodes of Calico have the names of their hosts, as Docker's network needs it, and not their addresses.
    """
    for agent in lab.agents:
        conflist = json.loads(agent.read(CONFLIST))
        calico, portmap = conflist["plugins"]
        assert (
            conflist["name"] == "kube-cni"
            and calico["nodename"] == (agent.name if named_by_host else agent.address)
            and portmap["type"] == "portmap"
        )
        assert calico["etcd_endpoints"] == "http://127.0.0.1:2379" and calico["policy"] == {"type": "k8s"}
        user = json.loads(agent.read(calico["kubernetes"]["kubeconfig"]))["users"][0]["user"]
        assert agent.out("stat", "-c", "%a %U", user["client-key"]).split() == ["600", "root"]
        agent.run("openssl", "verify", "-CAfile", f"{PLACE}/ca.crt", user["client-certificate"])
    assert profiles(lab) >= PROFILES
    assert all(api.ready(name) for name in (NAME, *ADDONS))
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []


def complains(agent: Host) -> str:
    """What Mesos' agent logs of the list of plugins when it reads its directory: it knows no such lists, and goes on."""
    unit = "dcos-mesos-slave-public.service" if agent.role == "slave_public" else "dcos-mesos-slave.service"
    return "\n".join(
        line for line in agent.out("journalctl", "-u", unit, "--no-pager", "-o", "cat").splitlines() if CONFLIST in line
    )


def heart(lab: Lab) -> None:
    """The whole component on a lab that has Calico, and again."""
    with kubernetes_for(lab) as (api, given):
        run(lab, given).require()
        works(lab, api)
        assert run(lab, given).require().changed() == []


def installed(lab: Lab) -> None:
    """Calico on every agent."""
    playbook(lab.inventory).require()
    eventually(
        "calico/node runs on all agents",
        lambda: all("Established" in lab.calicoctl("node", "status", host=agent) for agent in lab.agents),
        60,
    )


def subject(agent: Host) -> str:
    return agent.out("openssl", "x509", "-noout", "-subject", "-in", f"{PLACE}/calico.crt").strip()


def digest(agent: Host, path: str) -> str:
    done: subprocess.CompletedProcess[str] = agent.run("sha256sum", path)
    return done.stdout.split()[0]
