"""playbooks/kubernetes.yml against the stand-ins: from nothing, again, in check mode; and waits that end in an error which names the cause."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from api import Api
from authority import Authority
from cluster import IMAGE
from conftest import Start
from runs import Playbooks, Ran
from standin_service import eventually
from test_controllers import DESIRED, NAME, PLURALS, deployment, good, send
from world import NODE, Etcd, World, free_port, said

Json = dict[str, Any]
SLOW = pytest.mark.slow
PACKAGE = "1.3.1-1.10.8"
CHANGES = [
    "Write the CNI plugin's kubeconfig",
    "Place the list of plugins for the kubelets",
    "Manage the objects of Calico's controllers",
]


@pytest.fixture
def whole(
    enterprise: Api,
    authority: Authority,
    etcd: Etcd,
    start: Start,
    playbooks: Playbooks,
    calicoctl: str,
    tmp_path: Path,
) -> World:
    """With DC/OS Enterprise, on which no Kubernetes is installed yet."""
    etcd.wipe()
    enterprise.package("uninstall", packageName="kubernetes", all=True)
    eventually(lambda: not enterprise.app("/kubernetes"), "there is no package kubernetes")
    return World(
        enterprise, authority, etcd, start(), tmp_path / "host", playbooks, calicoctl, authority.bundle
    ).prepare()


def own_files(world: World) -> list[Json]:
    """What an operator of open DC/OS gives."""
    names = {"calico.crt": "front.crt", "ca.crt": "ca.crt"}
    found = [
        {"path": str(world.place / "kubernetes" / ours), "content": (world.authority.directory / file).read_text()}
        for ours, file in names.items()
    ]
    key = (world.authority.directory / "front.key").read_text()
    return [
        *found,
        {"path": str(world.place / "kubernetes" / "calico.key"), "secret_content": key, "validate": "private_key"},
    ]


def check_conflist(world: World) -> None:
    """What the guide's step makes, put right."""
    found = json.loads(world.conflist.read_text())
    assert (found["cniVersion"], found["name"]) == ("0.3.0", "kube-cni")
    calico, portmap = found["plugins"]
    assert (
        calico["nodename"] == NODE and calico["etcd_endpoints"] == world.etcd.url and calico["log_level"] == "warning"
    )
    assert calico["policy"] == {"type": "k8s"} and calico["kubernetes"] == {
        "kubeconfig": str(world.place / "kubernetes" / "kubeconfig")
    }
    assert portmap == {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}
    kubeconfig = json.loads((world.place / "kubernetes" / "kubeconfig").read_text())
    assert kubeconfig["clusters"][0]["cluster"]["server"] == "https://apiserver.kubernetes.l4lb.thisdcos.directory:6443"
    assert kubeconfig["users"][0]["user"]["client-certificate"] == str(world.place / "kubernetes" / "calico.crt")
    modes = {name: mode for name, (_content, mode) in world.files().items() if name.startswith("kubernetes/")}
    assert modes == {f"kubernetes/{name}": 0o644 for name in ("calico.crt", "ca.crt", "kubeconfig")} | {
        "kubernetes/calico.key": 0o600
    }


def all_ready(world: World) -> bool:
    return all(world.kubernetes.ready(name) for name in (NAME, "kube-dns", "kubernetes-dashboard", "metrics-server"))


def test_a_kubernetes_that_is_there(world: World) -> None:
    """Without the package and without a CA: check mode, the run, and again."""
    given = {"calico_kubernetes_tls_files": own_files(world)}
    before = world.files()
    predicted = world.run("--check", "--diff", **given).require()
    assert world.files() == before and world.kubernetes.writes() == [] and world.etcd.profiles() == set()
    first = world.run("--diff", **given).require()
    assert predicted.changed() == first.changed() and [name.rpartition(" : ")[2] for name in first.changed()] == CHANGES
    assert world.etcd.profiles() == DESIRED and all_ready(world)
    check_conflist(world)
    files, writes = world.files(), world.kubernetes.writes()
    assert world.run("--diff", **given).require().changed() == []
    assert world.files() == files and world.kubernetes.writes() == writes
    diff = json.dumps([event["result"].get("diff") for event in first.events() if event["event"] == "ok"])
    assert "kube-cni" in diff and "ENABLED_CONTROLLERS" in diff and "PRIVATE KEY" not in diff


@SLOW
def test_everything_from_nothing_on_enterprise(whole: World) -> None:
    """The CA's certificate, the package on the network, the controllers, profiles, add-ons."""
    before = whole.files()
    predicted = whole.run(
        "--check", "--diff", calico_kubernetes_api={"host": f"https://127.0.0.1:{free_port()}"}
    ).require()
    assert (
        whole.files() == before and whole.kubernetes.writes() == [] and whole.dcos and not whole.dcos.app("/kubernetes")
    )
    first = whole.run("--diff").require()
    assert predicted.changed() == first.changed()
    assert whole.etcd.profiles() == DESIRED and all_ready(whole)
    check_conflist(whole)
    app = whole.dcos.app("/kubernetes")
    assert app["labels"]["DCOS_PACKAGE_VERSION"] == PACKAGE and app["env"]["NETWORK_PROVIDER"] == "calico"
    subject = subprocess.run(
        ["openssl", "verify", "-purpose", "sslclient", "-CAfile", whole.authority.bundle, str(whole.place / "kubernetes" / "calico.crt")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert subject.returncode == 0, subject.stderr
    again = whole.run("--diff").require()
    assert again.changed() == [] and whole.run("--check").require().changed() == []
    assert "PRIVATE KEY" not in first.output + again.output


@SLOW
def test_drift_is_put_right(world: World) -> None:
    """A Deployment that somebody edited, a role that somebody removed, a conflist that is gone."""
    given = {"calico_kubernetes_tls_files": own_files(world)}
    world.run(**given).require()
    path = f"{PLURALS['Deployment']}/{NAME}"
    container = {
        "name": NAME,
        "image": "calico/kube-policy-controller:v0.7.0",
        "env": [{"name": "CONFIGURE_ETC_HOSTS", "value": "true"}],
    }
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    assert world.kubernetes.ask("PATCH", path, patch, "application/strategic-merge-patch+json")[0] == 200
    assert world.kubernetes.ask("DELETE", f"{PLURALS['ClusterRole']}/{NAME}")[0] == 200
    world.conflist.unlink()
    predicted = world.run("--check", "--diff", **given).require()
    fixed = world.run("--diff", **given).require()
    assert len(fixed.changed()) == 2 and predicted.changed() == fixed.changed()
    [found] = world.kubernetes.get(path)["spec"]["template"]["spec"]["containers"]
    assert found["image"] == IMAGE and "CONFIGURE_ETC_HOSTS" not in json.dumps(found)
    assert world.conflist.exists() and all_ready(world)
    assert world.run(**given).require().changed() == []


@SLOW
def test_what_others_set_stays_and_what_was_ours_goes(world: World) -> None:
    """A label, an annotation and limits of others, in a Deployment and an account; a label of ours that is not required any more."""
    given = {"calico_kubernetes_tls_files": own_files(world)}
    world.run(**given).require()
    path, account = f"{PLURALS['Deployment']}/{NAME}", f"{PLURALS['ServiceAccount']}/{NAME}"
    container = {"name": NAME, "image": "wrong:1", "resources": {"limits": {"memory": "100Mi"}}}
    found = world.kubernetes.get(path)
    note = "kubectl.kubernetes.io/last-applied-configuration"
    noted = json.loads(found["metadata"]["annotations"][note])
    noted["metadata"]["labels"]["once-ours"] = "1"
    patch = {
        "metadata": {"labels": {"theirs": "1", "once-ours": "1"}, "annotations": {"team": "net", note: json.dumps(noted)}},
        "spec": {"template": {"spec": {"nodeSelector": {"disk": "ssd"}, "containers": [container]}}},
    }  # fmt: skip
    assert world.kubernetes.ask("PATCH", path, patch, "application/strategic-merge-patch+json")[0] == 200
    assert (
        world.kubernetes.ask(
            "PATCH", account, {"imagePullSecrets": [{"name": "registry"}]}, "application/merge-patch+json"
        )[0]
        == 200
    )
    predicted = world.run("--check", "--diff", **given).require()
    fixed = world.run("--diff", **given).require()
    assert predicted.changed() == fixed.changed() and len(fixed.changed()) == 1
    [[one]] = [
        event["result"]["diff"]
        for event in predicted.events()
        if event["event"] == "ok" and event["result"].get("diff")
    ]
    assert (
        '"once-ours"' in one["before"]
        and '"once-ours"' not in one["after"]
        and '"theirs"' in one["after"]
        and "wrong:1" in one["before"]
    )
    found = world.kubernetes.get(path)
    pod = found["spec"]["template"]["spec"]
    assert (
        found["metadata"]["labels"].items() >= {"theirs": "1"}.items()
        and "once-ours" not in found["metadata"]["labels"]
    )
    assert found["metadata"]["annotations"]["team"] == "net" and pod["nodeSelector"] == {"disk": "ssd"}
    assert (
        pod["containers"][0]["resources"] == {"limits": {"memory": "100Mi"}} and pod["containers"][0]["image"] == IMAGE
    )
    assert world.kubernetes.get(account)["imagePullSecrets"] == [{"name": "registry"}]
    assert world.run(**given).require().changed() == []


@SLOW
def test_somebody_else_who_changes_it_all_the_time(world: World) -> None:
    """For a while every write comes too late; then one does not, and the other's last change stays."""
    given = {"calico_kubernetes_tls_files": own_files(world)}
    world.run(**given).require()
    path = f"{PLURALS['Deployment']}/{NAME}"
    assert (
        world.kubernetes.ask(
            "PATCH", path, {"spec": {"strategy": {"type": "RollingUpdate"}}}, "application/merge-patch+json"
        )[0]
        == 200
    )
    over = threading.Event()

    def change() -> None:
        number = 0
        while not over.wait(0.05):
            number += 1
            patch = {"metadata": {"annotations": {"number": str(number)}}}
            world.kubernetes.ask("PATCH", path, patch, "application/merge-patch+json")
            if conflicts(world):
                over.set()

    other = threading.Thread(target=change)
    other.start()
    try:
        run = world.run(**given).require()
    finally:
        over.set()
        other.join()
    assert len(run.changed()) == 1 and conflicts(world) >= 1
    found = world.kubernetes.get(path)
    assert found["spec"]["strategy"] == {"type": "Recreate"} and int(found["metadata"]["annotations"]["number"]) > 0


def conflicts(world: World) -> int:
    return len(
        [entry for entry in world.kubernetes.get("/_log") if entry["method"] == "PUT" and entry["status"] == 409]
    )


@SLOW
@pytest.mark.parametrize("proxy", ["kubectl proxy", "HAProxy"])
def test_an_api_behind_a_proxy_that_is_up_first(world: World, start: Start, proxy: str) -> None:
    """Where the package was installed and its API comes up later."""
    world.kubernetes = start(down={"proxy": proxy, "requests": 2})
    run = wait(world, 60)
    assert run.rc == 0 and "Kubernetes: a proxy answers: " in run.output, run.output


@SLOW
@pytest.mark.parametrize("release, image", [("2.6.12", "v1.0.5"), ("2.6.6", "v1.0.3")])
def test_older_kubernetes_and_other_releases(world: World, start: Start, release: str, image: str) -> None:
    """1.8 has no apps/v1; each release has its own controllers; plain http, as kubectl proxy serves it."""
    shown = {
        "proxy_user": {"user": "admin", "groups": ["system:masters"]},
        "controllers_image": f"quay.io/calico/kube-controllers:{image}",
    }
    world.kubernetes = start(version="v1.8.15", tls=None, client_ca=None, **shown)
    run = world.run(
        calico_kubernetes_tls_files=own_files(world),
        calico_release=release,
        calico_kubernetes_api={"host": world.kubernetes.url},
    )
    run.require()
    assert world.etcd.profiles() == DESIRED and all_ready(world)
    made = world.kubernetes.get(f"/apis/extensions/v1beta1/namespaces/kube-system/deployments/{NAME}")
    assert made["spec"]["template"]["spec"]["containers"][0]["image"].endswith(image)


@SLOW
def test_by_a_kubeconfig_and_a_token_for_the_plugin(world: World, tmp_path: Path) -> None:
    """Namespaces vary; the kubeconfig of the CNI plugin is a secret then."""
    config = {
        "clusters": [
            {"name": "c", "cluster": {"server": world.kubernetes.url, "certificate-authority": world.authority.bundle}}
        ],
        "users": [{"name": "u", "user": {"token": next(iter(world.kubernetes.settings["tokens"]))}}],
        "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "u"}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(config))
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    assert world.kubernetes.ask("POST", "/api/v1/namespaces", body)[0] == 201
    files = [item for item in own_files(world) if item["path"].endswith("ca.crt")]
    run = world.run(
        "--diff",
        calico_kubernetes_api={"kubeconfig": str(file), "context": "mine"},
        calico_kubernetes_tls_files=files,
        calico_kubernetes_token="hunter2-token",
        calico_kubernetes_conflist_dir=str(world.place / "net.d"),
    ).require()
    assert world.etcd.profiles() == DESIRED | {"k8s_ns.shop"}
    kubeconfig = world.place / "kubernetes" / "kubeconfig"
    assert kubeconfig.stat().st_mode & 0o777 == 0o600 and "hunter2-token" in kubeconfig.read_text()
    assert (
        "hunter2" not in run.output
        and (world.place / "net.d" / "cni.conflist").exists()
        and not world.conflist.exists()
    )


# -- waits that end ---------------------------------------------------------------------------------------------------------------------------------


def test_controllers_that_cannot_run(world: World) -> None:
    image = "calico/kube-policy-controller:v0.3.0"
    run = world.run(
        calico_kubernetes_tls_files=own_files(world),
        calico_kubernetes_controllers_wait=4,
        calico_kubernetes_controllers_image=image,
    )
    assert run.rc != 0 and world.etcd.profiles() == set()
    words = ["Deployment calico-kube-controllers: 0 of 1 available", "ImagePullBackOff", image]
    assert [word for word in words if word not in said(run)] == [], said(run)


@SLOW
def test_controllers_that_run_and_reach_no_datastore(world: World) -> None:
    """They are Ready; that no profile comes is all there is to see."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    given = {"calico_kubernetes_etcd_endpoints": [nowhere], "calico_kubernetes_profiles_wait": 4}
    run = world.run(calico_kubernetes_tls_files=own_files(world), **given)
    assert run.rc != 0 and world.etcd.profiles() == set() and world.kubernetes.ready(NAME)
    words = [
        "The datastore has no profile k8s_ns.default",
        f"in the datastore at {nowhere}",
        "Ready even where they reach no datastore",
    ]
    assert [word for word in words if word not in said(run)] == [], said(run)


def wait(world: World, seconds: int, **more: Any) -> Ran:
    """The module by itself."""
    args = {
        "host": world.kubernetes.url,
        "token": next(iter(world.kubernetes.settings["tokens"])),
        "ca_file": world.authority.bundle,
        "wait_timeout": seconds,
    }
    return world.playbooks.run(
        [
            {
                "hosts": "localhost",
                "gather_facts": False,
                "tasks": [{"name": "Wait", "dcos.calico.kubernetes_info": {**args, **more}}],
            }
        ]
    )


@SLOW
def test_add_ons_without_controllers(world: World) -> None:
    run = wait(world, 3, pods=True)
    assert run.rc != 0 and "pod kube-dns-" in said(run) and "Calico has no profile k8s_ns.kube-system" in said(run), (
        said(run)
    )
    assert "Kubernetes: " in run.output, "the progress is shown"


@SLOW
def test_profiles_that_go_to_another_datastore(world: World, etcd: Etcd) -> None:
    """Controllers that are content, in a datastore that calicoctl does not look at."""
    config = json.loads((world.place / "calicoctl.cfg").read_text())
    other = Etcd(etcd._binary, world.place.parent / "other").start()
    try:
        config["spec"]["etcdEndpoints"] = other.url
        (world.place / "calicoctl.cfg").write_text(json.dumps(config))
        run = world.run(calico_kubernetes_tls_files=own_files(world), calico_kubernetes_profiles_wait=3)
    finally:
        other.stop()
    message = said(run)
    assert (
        run.rc != 0
        and "The datastore has no profile k8s_ns.default, k8s_ns.kube-public, k8s_ns.kube-system after 3 seconds"
        in message
    )
    assert f"in the datastore at {etcd.url}" in message and "logs deployment/calico-kube-controllers" in message


def test_a_deployment_of_the_guides_is_in_the_way(world: World) -> None:
    items = good(world.etcd)
    made = deployment(items)
    made["metadata"]["name"] = "calico-kube-controller"
    made["spec"]["template"]["spec"]["containers"][0]["image"] = "calico/kube-policy-controller:v0.3.0"
    send(world.kubernetes, [made])
    before = world.files()
    run = world.run(calico_kubernetes_tls_files=own_files(world))
    assert (
        run.rc != 0
        and "kubectl -n kube-system delete deployment calico-kube-controller" in said(run)
        and world.files() == before
    )
