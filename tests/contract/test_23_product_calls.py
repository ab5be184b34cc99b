"""What the product's own runs called, and were answered. Each record is for itself: the datastore first gets what its answer shows to have been there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness import Record, Rig, Scenario
from harness.certificates import Authority
from harness.etcd_server import EtcdServer
from not_run import NOT_RUN

SOURCE = "23-product-calls.jsonl"
CONFIG = "/etc/calico/calicoctl.cfg"
CERTIFICATES = "/etc/calico/certs"
TLS_HOST = "master1.etcd.mesos"
ADDRESS = re.compile(r"\b\d+\.\d+\.\d+\.\d+\b")
POOL = {"apiVersion": "v1", "kind": "ipPool", "metadata": {"cidr": "192.168.0.0/16"}, "spec": {}}
UNSET = "(unset)\n"
NOBODY = "[]\n"

scenario = Scenario(
    SOURCE,
    skip=NOT_RUN[SOURCE],
    substitute=((r"\b172\.29\.", "172.28."), (r"\b10\.77\.", "10.66."), (r"\b10\.3([23])\.", r"10.4\1.")),
)
rig = scenario.rig_fixture()


def calicoctl(rig: Rig, *words: str, documents: Sequence[Mapping[str, Any]] = ()) -> None:
    """Have the datastore hold something, with the configuration of the record."""
    stdin = rig.substitution.text(json.dumps(list(documents))) if documents else None
    done = rig.run(["calicoctl", *(rig.substitution.text(word) for word in words)], stdin=stdin)
    assert done.exit_code == 0, done


def one_member(rig: Rig, record: Record, config: str) -> str:
    """A configuration with three members, made one with the one that the answer is about: which one is asked first is random."""
    refused = re.search(r"dial tcp ([\d.]+):\d+: connect: connection refused", record.stdout)
    if refused:
        rig.host.run(["ip", "address", "add", rig.substitution.text(refused[1]), "dev", "lo"])
    return re.sub(r"http://\S+,http://\S+", f"http://{refused[1] if refused else '127.0.0.1'}:2379", config)


def option(record: Record, name: str) -> list[str]:
    return [word for word in record.argv if word.startswith(f"--{name}=")]


def prepare(rig: Rig, record: Record) -> None:
    """What must be in the datastore for the recorded answer, and nothing else."""
    rig.etcd.wipe()
    words = [word for word in record.argv[1:] if not word.startswith("-")]
    match words:
        case ["get", *_] if record.stdout != NOBODY:
            documents = json.loads(record.stdout) if "json" in record.argv else profiles(record.stdout)
            calicoctl(rig, "create", "-f", "-", documents=documents)
        case ["config", "get", name, *_] if record.stdout != UNSET:
            calicoctl(
                rig, "config", "set", name, record.stdout.strip(), *option(record, "raw"), *option(record, "node")
            )
        case ["version"] if "Cluster Version:   v" in record.stdout:
            rig.etcd.put("/calico/v1/config/CalicoVersion", "v2.6.6")
        case ["delete", *_] if record.stdin:
            calicoctl(rig, "create", "-f", "-", documents=json.loads(record.stdin))
        case ["delete", kind, name] if record.exit_code == 0:
            calicoctl(
                rig, "create", "-f", "-", documents=[{"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}]
            )


def profiles(table: str) -> list[dict[str, Any]]:
    return [{"apiVersion": "v1", "kind": "profile", "metadata": {"name": name}} for name in table.split()[1:]]


def test_nothing_is_played_that_is_listed() -> None:
    assert not {record.name for record in scenario.records} & set(NOT_RUN[SOURCE])


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    rig.host.remove(CONFIG)
    record = replace(record, files={path: one_member(rig, record, text) for path, text in record.files.items()})
    for path, text in record.files.items():
        rig.host.write(path, rig.substitution.text(text))
    if "CNI_CONTAINERID" in record.env:
        play_plugin(rig, record)
        return
    prepare(rig, record)
    rig.play(record)


# ---- plugins: in a container's namespace, of a datastore with a pool, with TLS where the record has it


def play_plugin(rig: Rig, record: Record) -> None:
    etcd = tls(rig) if "ETCD_CERT_FILE" in record.env or "etcd_cert_file" in (record.stdin or "") else rig.etcd
    try:
        etcd.wipe()
        network = json.loads(record.stdin or "")["name"]
        profile = (
            []
            if "creating profile" in record.stderr
            else [{"apiVersion": "v1", "kind": "profile", "metadata": {"name": network, "tags": [network]}}]
        )
        calicoctl(rig, "apply", "-f", "-", documents=[POOL, *profile])
        etcd.put("/calico/v1/Ready", "true")
        call = replace(record, env={**record.env, "CNI_PATH": "/rig/bin", "CNI_NETNS": namespace(rig)})
        if record.env["CNI_COMMAND"] == "DEL":
            added = rig.run_record(replace(call, env={**call.env, "CNI_COMMAND": "ADD"}))
            assert added.exit_code == 0, added
        result = rig.run_record(call)
    finally:
        rig.host.run(["ip", "netns", "del", "container"])
        if etcd is not rig.etcd:
            etcd.destroy()
            rig.etcd.start()
    assert result.exit_code == record.exit_code, result
    for expected, actual in ((record.stdout, result.stdout), (record.stderr, result.stderr)):
        rig.compare_output(plain(record, expected), plain(call, actual))


def plain(call: Record, text: str) -> str:
    """Which address a container gets is the pool's affair, and where its namespace lies the rig's."""
    return ADDRESS.sub("<address>", text.replace(call.env["CNI_NETNS"], "<namespace>"))


def namespace(rig: Rig) -> str:
    rig.host.run(["ip", "netns", "del", "container"])
    rig.host.check("ip", "netns", "add", "container")
    return "/run/netns/container"


def tls(rig: Rig) -> EtcdServer:
    """In place of the rig's etcd, one that wants certificates, at the name that the record has for it."""
    directory = rig.scratch / "tls"
    authority = Authority(directory, "ca")
    certificate, key = authority.issue("server", TLS_HOST, f"IP:127.0.0.1,DNS:{TLS_HOST}")
    mine = authority.issue("client", "client")
    rig.host.check("mkdir", "-p", CERTIFICATES)
    for source, name in ((authority.certificate, "ca.crt"), (mine[0], "etcd-client.crt"), (mine[1], "etcd-client.key")):
        rig.host.check("cp", str(source), f"{CERTIFICATES}/{name}")
    rig.host.write("/etc/hosts", f"127.0.0.1 localhost {TLS_HOST}\n")
    rig.etcd.destroy()
    options = [
        f"--cert-file={certificate}",
        f"--key-file={key}",
        "--client-cert-auth",
        f"--trusted-ca-file={authority.certificate}",
    ]
    etcd = EtcdServer(rig.host, rig.etcd_binary, rig.directory / "etcd-tls", rig.etcd_port, "https", options)
    etcd.start()
    return etcd
