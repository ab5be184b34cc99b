"""Every bad input that an operator could give or have is a clear error before anything is touched."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.ansible import playbook
from support.etcd import another_etcd
from support.lab import Host, Lab, eventually
from support.wholeness import CNI_DIR

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def installed(lab: Lab) -> None:
    playbook(lab.inventory).require()


@contextmanager
def kept(host: Host, *paths: str) -> Iterator[None]:
    """Files that a test spoils; as before afterwards, or gone if they were not there."""
    copy = "/run/kept-by-test"
    host.run(
        "sh",
        "-ec",
        f"cd /; mkdir {copy}; for f in {' '.join(paths)}; do if [ -e $f ]; then cp -a --parents $f {copy}; fi; done",
    )
    try:
        yield
    finally:
        host.run("sh", "-ec", f"rm -f {' '.join(paths)}; cp -a {copy}/. /; rm -r {copy}")


@contextmanager
def docker_replaced(host: Host, text: str, mode: str) -> Iterator[None]:
    """Another file in the place of Docker's client; /usr may be read-only."""
    program = host.out("sh", "-c", "readlink -f $(command -v docker)").strip()
    host.run("cp", program, "/run/real-docker")
    host.write("/run/other-docker", text)
    host.run("chmod", mode, "/run/other-docker")
    host.run("mount", "--bind", "/run/other-docker", program)
    try:
        yield
    finally:
        host.run("umount", program)


@contextmanager
def ports_taken(host: Host, *addresses: str) -> Iterator[None]:
    """Somebody else listens where BIRD, Felix and the proxy would."""
    host.run("systemctl", "stop", "calico-node.service", "calico-etcd-proxy.service")
    desired = [(address.split(":")[0], int(address.split(":")[1])) for address in addresses]
    program = f"import socket, time; kept = [socket.create_server(each) for each in {desired!r}]; time.sleep(600)"
    host.run("systemd-run", "--unit=squatter", "/opt/lab/bin/python3", "-c", program)
    try:
        yield
    finally:
        host.run("systemctl", "stop", "squatter.service")
        host.run("systemctl", "start", "calico-etcd-proxy.service", "calico-node.service")


@contextmanager
def forward_dropped(host: Host) -> Iterator[None]:
    """As Docker does where it uses the nft backend and forwarding was off at its start."""
    host.run("iptables-nft", "-P", "FORWARD", "DROP")
    try:
        yield
    finally:
        host.run("iptables-nft", "-P", "FORWARD", "ACCEPT")


def touchable(lab: Lab) -> dict[str, Any]:
    """What a run could touch, without the containers, which a test stops and starts itself, and without live rp_filter values of their interfaces."""
    snapshot = lab.snapshot()
    return {
        name: {key: value[key] for key in ("files", "units")} if name != "etcd" else value
        for name, value in snapshot.items()
    }


def test_everything_that_is_wrong_is_said_in_one_message(lab: Lab) -> None:
    first, second, third, fourth = lab.agents
    before = touchable(lab)
    cidrs = ["192.168.5.7/16", "192.169.0.0/27", "172.17.0.0/20", "9.1.0.0/16", "11.2.0.0/16", "172.29.0.0/16"]
    variables = {
        "calico_ip_pools": [{"cidr": cidr} for cidr in cidrs] + [{"cidr": "10.250.0.0/16", "ipip": "always"}],
        "calico_node_name": "same",
    }
    with ExitStack() as spoiled:
        spoiled.enter_context(kept(first, f"{CNI_DIR}/notes.txt", "/etc/calico/calicoctl.cfg"))
        first.write(f"{CNI_DIR}/notes.txt", "not JSON")
        first.write(
            "/etc/calico/calicoctl.cfg",
            "apiVersion: v1\nkind: calicoApiConfig\nspec:\n  etcdEndpoints: http://192.0.2.1:2379\n",
        )
        spoiled.enter_context(forward_dropped(first))
        spoiled.enter_context(kept(second, f"{CNI_DIR}/other.conf"))
        second.write(f"{CNI_DIR}/other.conf", json.dumps({"name": "calico", "type": "bridge"}))
        spoiled.enter_context(
            docker_replaced(
                second,
                '#!/bin/sh\nif [ "$1" = version ]; then echo 1.10.3; else exec /run/real-docker "$@"; fi\n',
                "755",
            )
        )
        spoiled.enter_context(docker_replaced(third, "", "644"))
        spoiled.enter_context(ports_taken(fourth, "0.0.0.0:179", "0.0.0.0:62092", "127.0.0.1:2379"))
        run = playbook(lab.inventory, variables=variables)
    assert run.rc != 0 and run.changed() == []
    (message,) = {str(item["msg"]) for item in run.failed()}
    assert message.startswith("Nothing was touched")
    parts = message.split("\n")
    of = {
        host.name: "\n".join(parts[parts.index(f"{host.name}:") :]).split("\nagent")[0].split("\npublic")[0]
        for host in lab.agents
    }
    kernel = (
        []
        if first.run("test", "-e", "/sys/class/net/tunl0", check=False).returncode == 0
        else ["does not support ipip"]
    )
    for words in (cidrs, ["host bits", "too small", "docker0", "network dcos of DC/OS", "VIP", *kernel]):
        assert [word for word in words if word not in message] == [], message
    for host, words in {
        first: ["notes.txt", "points to http://192.0.2.1:2379", "nft backend", "node name same"],
        second: ["other.conf", "Docker 1.10.3 is too old"],
        third: ["Docker is not installed"],
        fourth: ["TCP port 179", "TCP port 62092", "TCP port 2379", "python3"],
    }.items():
        assert [word for word in words if word not in of[host.name]] == [], message
    eventually("what a test stopped is up again", lambda: whole(lab), seconds=60)
    assert touchable(lab) == before
    assert playbook(lab.inventory).require().changed() == []


def whole(lab: Lab) -> bool:
    status = lab.agents[-1].run("/opt/calico/bin/calicoctl", "node", "status", check=False).stdout
    return status.count("Established") == len(lab.agents) - 1


# Without a proxy, and the members that a proxy would find.
NO_V2, NOT_TRUSTED = 14379, "/run/other-ca.crt"
DATASTORES = [
    (
        "no records",
        {"calico_etcd_proxy": True, "calico_etcd_srv": "nowhere.mesos"},
        ["no SRV records", "calico_etcd_srv"],
    ),
    (
        "unreachable members",
        {"calico_etcd_proxy": True, "calico_etcd_members": ["http://{master}:1"]},
        ["no etcd member can be reached", "refused"],
    ),
    (
        "members without v2",
        {"calico_etcd_proxy": True, "calico_etcd_members": [f"http://{{master}}:{NO_V2 + 1}"]},
        ["do not serve the v2 API"],
    ),
    ("unreachable", {"calico_etcd_members": ["http://{master}:1"]}, ["none of the etcd endpoints answers", "refused"]),
    (
        "without v2",
        {"calico_etcd_members": [f"http://{{master}}:{NO_V2}"]},
        ["does not serve the v2 API", "--enable-v2"],
    ),
    (
        "wrong certificate",
        {"calico_etcd_members": ["https://mirror.lab:443"], "calico_etcd_ca_file": NOT_TRUSTED},
        ["certificate of https://mirror.lab", "calico_etcd_ca_file"],
    ),
]


@pytest.fixture(scope="module")
def other_datastores(lab: Lab, installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An etcd without the v2 API, and the certificate of another authority on every agent."""
    directory = tmp_path_factory.mktemp("ca")
    made = [
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        str(directory / "key"),
        "-out",
        str(directory / "ca"),
        "-subj",
        "/CN=other",
    ]
    subprocess.run(["openssl", "req", *made], check=True, capture_output=True)
    for agent in lab.agents:
        agent.write(NOT_TRUSTED, (directory / "ca").read_text())
    with another_etcd(lab.masters[0], NO_V2, NO_V2 + 1, "--enable-v2=false"):
        yield


@pytest.mark.parametrize(("variables", "words"), [row[1:] for row in DATASTORES], ids=[row[0] for row in DATASTORES])
def test_an_etcd_that_is_of_no_use(
    lab: Lab, other_datastores: None, variables: dict[str, Any], words: list[str]
) -> None:
    before = lab.snapshot()
    members = [url.format(master=lab.masters[0].address) for url in variables.get("calico_etcd_members", [])]
    run = playbook(lab.inventory, variables={"calico_etcd_proxy": False, **variables, "calico_etcd_members": members})
    said = " ".join(str(item["msg"]) for item in run.failed())
    assert run.rc != 0 and run.changed() == []
    assert [word for word in words if word not in said] == [], said
    assert lab.snapshot() == before


V3_SPEC = {"cidr": "10.251.0.0/16", "ipipMode": "Always", "natOutgoing": True}
V3 = {"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": "default"}, "spec": V3_SPEC}
PLAY = """
- hosts: agents
  gather_facts: false
  become: true
  tasks:
    - dcos.calico.calicoctl_resource:
        resources: "{{ documents }}"
      run_once: true
"""


def test_documents_of_calico_3(lab: Lab, tmp_path: Path) -> None:
    """One bad document among good ones, given to the module by a variable, and one in the place of a pool."""
    before = lab.snapshot()
    play = tmp_path / "documents.yml"
    play.write_text(PLAY)
    good = {"apiVersion": "v1", "kind": "profile", "metadata": {"name": "new"}, "spec": {}}
    run = playbook(lab.inventory, name=str(play), variables={"documents": [good, V3]})
    (failure,) = run.failed()
    assert (
        "projectcalico.org/v3" in failure["msg"]
        and "it is for Calico 3" in failure["msg"]
        and "apiVersion v1" in failure["msg"]
    )
    run = playbook(lab.inventory, variables={"calico_ip_pools": [V3]})
    said = " ".join(str(item["msg"]) for item in run.failed())
    assert run.rc != 0 and run.changed() == []
    assert [
        word
        for word in ("An item of calico_ip_pools has no cidr", "apiVersion projectcalico.org/v3", "for Calico 3")
        if word not in said
    ] == [], said
    assert lab.snapshot() == before


def test_a_valid_conflist_is_fine_and_few_agents_are_a_warning(lab: Lab) -> None:
    agent = lab.agents[0]
    conflist = {"name": "others", "cniVersion": "0.3.1", "plugins": [{"type": "bridge"}, {"type": "portmap"}]}
    with kept(agent, f"{CNI_DIR}/others.conflist"):
        agent.write(f"{CNI_DIR}/others.conflist", json.dumps(conflist))
        run = playbook(lab.inventory, "--limit", f"{agent.name},{lab.agents[-1].name}").require()
        assert run.changed() == []
        assert "there are 1 private agents" in run.output or "1 private agent" in run.output
