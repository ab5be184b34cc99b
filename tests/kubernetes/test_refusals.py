"""What is refused before anything is touched anywhere, with words that help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from api import Api
from authority import Authority
from cluster import BOUNDLESS, READER
from conftest import Start
from runs import Playbooks
from standin_service import eventually
from test_controllers import deployment, good, send
from test_playbook import own_files
from world import Etcd, World, free_port, said

Json = dict[str, Any]
SLOW = pytest.mark.slow
WAYS = [
    "marathon-lb",
    "ssh -N -L 6443:apiserver.kubernetes.l4lb.thisdcos.directory:6443",
    "kubectl proxy",
    "ansible-playbook on a host of the cluster",
]


def api(**changes: Any) -> Callable[[World], Json]:
    """calico_kubernetes_api with changes."""
    return lambda world: {"calico_kubernetes_api": {**world.variables()["calico_kubernetes_api"], **changes}}


def given(**values: Any) -> Callable[[World], Json]:
    return lambda world: values


def old_dcos(version: str) -> Callable[[World], Json]:
    """As if this host had it: what was registered is looked up like any variable."""
    return given(
        calico_kubernetes_agent={"dcos": {"version": version}, "cni": {"plugins": {"portmap": "/p"}, "files": []}}
    )


REFUSED: dict[str, tuple[Callable[[World], Json], list[str]]] = {
    "API that nobody serves": (
        api(host=f"https://127.0.0.1:{free_port()}"),
        ["cannot be reached: Connection refused", *WAYS],
    ),
    "bad token": (api(token="wrong"), ["does not know who asks (401)", *WAYS]),
    "portmap is missing": (
        lambda world: (world.place / "plugins" / "portmap").unlink() or {},
        ["The CNI plugin portmap is in none of", "from 1.10 on"],
    ),
}
REFUSED_SLOW: dict[str, tuple[Callable[[World], Json], list[str]]] = {
    "certificate of another CA": (lambda world: api(ca_file=str(other_ca(world)))(world), ["could not be verified", "not signed by a CA", *WAYS]),
    "DC/OS 1.8": (old_dcos("1.8.9"), ["DC/OS 1.8.9 is not supported", "does not start"]),
    "certificate for another name": (
        lambda world: api(host=world.kubernetes.url.replace("127.0.0.1", "127.0.0.2"))(world), ["cannot be reached", *WAYS],
    ),
    "token that may nothing": (api(token=READER), ["refuses /api/v1/namespaces (403)", 'User "reader" cannot list namespaces']),
    "no token": (lambda world: api(token="")(world), ["does not know who asks (403)", "system:anonymous", *WAYS]),
    "kubeconfig that is not there": (given(calico_kubernetes_api={"kubeconfig": "/not/there"}), ["/not/there", "cannot be read"]),
    "misspelt key": (given(calico_kubernetes_api={"hots": "x"}), ["hots"]),
    "no way to log in": (given(calico_kubernetes_tls_files=[]), ["no way to log in"]),
    "DC/OS 2.1": (old_dcos("2.1.0"), ["ships Calico itself"]),
    "release that is refused": (given(calico_release="2.6.4"), ["2.6.4 must not be installed"]),
    "network that Mesos does not know": (given(calico_kubernetes_network="kube"), ["calico_networks has calico"]),
    "file that a kubelet reads first": (given(calico_networks=[{"name": "calico", "file": "calico.conf"}]), ["calico.conf comes before cni.conflist"]),
    "https without files": (given(calico_kubernetes_etcd_endpoints=["https://127.0.0.1:2379"]), ["no files for TLS"]),
}  # fmt: skip


def binding_of_another(world: World) -> Json:
    """A role binding and a Deployment under our names, which are somebody else's."""
    items = good(world.etcd)
    deployment(items)["spec"]["selector"]["matchLabels"] = deployment(items)["spec"]["template"]["metadata"][
        "labels"
    ] = {"app": "other"}
    binding = next(
        item for item in items if item["kind"] == "ClusterRoleBinding" and item["metadata"]["name"] == "calico-cni"
    )
    binding["roleRef"]["name"] = "other"
    send(world.kubernetes, items)
    return {}


@pytest.mark.parametrize("check", [(), ("--check",)], ids=["run", "check mode"])
def test_an_account_that_may_not_grant(world: World, start: Start, check: tuple[str, ...]) -> None:
    """The package's default, AlwaysAllow, allows all but that; it is told before any agent is touched."""
    world.kubernetes = start(authorization="AlwaysAllow")
    before = world.files()
    given = {"calico_kubernetes_tls_files": own_files(world), **api(token=BOUNDLESS)(world)}
    run = world.run(*check, **given)
    words = ["ClusterRole calico-kube-controllers: clusterroles.rbac.authorization.k8s.io is forbidden: attempt to grant extra privileges",
             "ClusterRole calico-cni: ", "rights of cluster-admin", "AlwaysAllow", "docs/kubernetes.md"]  # fmt: skip
    assert run.rc != 0 and [word for word in words if word not in said(run)] == [], said(run)
    assert run.changed() == [] and world.files() == before and world.kubernetes.writes() == []


@SLOW
@pytest.mark.parametrize("check", [(), ("--check",)], ids=["run", "check mode"])
def test_what_cannot_be_changed(world: World, check: tuple[str, ...]) -> None:
    binding_of_another(world)
    before, writes = world.files(), world.kubernetes.writes()
    run = world.run(*check, calico_kubernetes_tls_files=own_files(world))
    words = ["Deployment kube-system/calico-kube-controllers: spec.selector is", "ClusterRoleBinding calico-cni: roleRef is",
             "kubectl -n kube-system delete deployment calico-kube-controllers", "kubectl delete clusterrolebinding calico-cni"]  # fmt: skip
    assert run.rc != 0 and [word for word in words if word not in said(run)] == [], said(run)
    assert run.changed() == [] and world.files() == before and world.kubernetes.writes() == writes


@SLOW
def test_a_kubernetes_that_is_too_new_for_the_controllers(world: World, start: Start) -> None:
    world.kubernetes = start(version="v1.16.0")
    before = world.files()
    run = world.run(calico_kubernetes_tls_files=own_files(world))
    assert (
        run.rc != 0
        and "kube-controllers of Calico 2.6 cannot work with Kubernetes v1.16.0: they read NetworkPolicies as extensions/v1beta1"
        in said(run)
    )
    assert world.files() == before and world.kubernetes.writes() == []


def other_ca(world: World) -> Path:
    made = Authority(world.place.parent / "other-ca")
    return made.directory / "ca.crt"


def refused(world: World, name: str, make: Callable[[World], Json], words: list[str]) -> None:
    variables = {"calico_kubernetes_tls_files": own_files(world), **make(world)}
    before = world.files()
    run = world.run(**variables)
    message = said(run)
    assert run.rc != 0 and [word for word in words if word not in message] == [], f"{name}: {message}"
    assert "Traceback" not in run.output and run.changed() == []
    assert world.files() == before and world.kubernetes.writes() == [] and world.etcd.profiles() == set()


@pytest.mark.parametrize("name", REFUSED)
def test_refused(world: World, name: str) -> None:
    refused(world, name, *REFUSED[name])


@SLOW
@pytest.mark.parametrize("name", REFUSED_SLOW)
def test_refused_too(world: World, name: str) -> None:
    refused(world, name, *REFUSED_SLOW[name])


@SLOW
def test_without_the_collection_and_its_library(world: World, tmp_path: Path) -> None:
    """ansible-core and what the collection needs itself: it parses, and says what to install."""
    run = world.run(core=Playbooks("2.16", tmp_path / "runs"), calico_kubernetes_tls_files=own_files(world))
    message = said(run)
    assert (
        run.rc != 0
        and "ansible-galaxy collection install kubernetes.core" in message
        and "pip install kubernetes" in message
    )
    assert world.kubernetes.writes() == [] and not world.conflist.exists()


@SLOW
def test_packages(
    enterprise: Api,
    authority: Authority,
    etcd: Etcd,
    start: Start,
    playbooks: Playbooks,
    calicoctl: str,
    tmp_path: Path,
) -> None:
    """Versions without the option, and what is installed on another network, which cannot be changed."""
    etcd.wipe()
    world = World(
        enterprise, authority, etcd, start(), tmp_path / "host", playbooks, calicoctl, authority.bundle
    ).prepare()
    try:
        before = world.files()
        for version in ("2.0.0-1.12.1", "0.9.0"):
            run = world.run(calico_kubernetes_version=version)
            assert (
                run.rc != 0
                and f"Package kubernetes {version} cannot be used" in said(run)
                and "a Calico of its own" in said(run)
            )
        assert (
            enterprise.install(
                "kubernetes", "1.3.1-1.10.8", options={"kubernetes": {"network_provider": "dcos"}}
            ).status_code
            == 200
        )
        enterprise.deployed("/kubernetes")
        run = world.run()
        assert run.rc != 0 and "network_provider dcos, and calico is required: the option is immutable" in said(run), (
            said(run)
        )
        run = world.run(calico_kubernetes_api={"host": f"https://127.0.0.1:{free_port()}"})
        assert run.rc != 0 and [way for way in WAYS if way not in said(run)] == [], "an installed cluster has an API"
        assert world.files() == before and world.kubernetes.writes() == []
    finally:
        enterprise.package("uninstall", packageName="kubernetes", all=True)
        eventually(lambda: not enterprise.app("/kubernetes"), "the package is gone")
