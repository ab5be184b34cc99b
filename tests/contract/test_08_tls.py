"""An etcd that wants client certificates."""

from __future__ import annotations

from harness import Record, Rig, Scenario
from harness.certificates import Authority
from harness.etcd_server import EtcdServer

CONFIG = """apiVersion: v1
kind: calicoApiConfig
metadata:
spec:
  datastoreType: "etcdv2"
  etcdEndpoints: "https://127.0.0.1:2479"
  etcdKeyFile: "{tls}/client.key"
  etcdCertFile: "{tls}/client.crt"
  etcdCACertFile: "{tls}/ca.crt"
"""


def start_servers(rig: Rig) -> None:
    """One etcd with client certificates, and one whose own certificate has no subjectAltName."""
    directory = rig.scratch / "tls"
    authority = Authority(directory, "ca")
    rogue = Authority(directory, "other-ca")
    server = authority.issue("server", "etcd", "IP:127.0.0.1,DNS:localhost")
    nameless = authority.issue("nameless", "127.0.0.1")
    authority.issue("client", "client")
    rogue.issue("rogue", "client")
    for port, (certificate, key), client in ((2479, server, True), (2579, nameless, False)):
        options = [f"--cert-file={certificate}", f"--key-file={key}"]
        if client:
            options += ["--client-cert-auth", f"--trusted-ca-file={authority.certificate}"]
        port = int(rig.substitution.text(str(port)))
        etcd = EtcdServer(rig.host, rig.etcd_binary, rig.directory / f"etcd-{port}", port, "https", options)
        etcd.start()
        rig.at_close(etcd.destroy)


def write_config(rig: Rig) -> None:
    text = CONFIG.format(tls=rig.scratch / "tls")
    rig.host.write("/etc/calico/calicoctl.cfg", rig.substitution.text(text))


scenario = Scenario("08-tls.jsonl", before={"mtls good": start_servers, "mtls by cfg file": write_config}, etcd=False)
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
