"""The lab's certificate authority and what it signs, by openssl(1): a new one for every lab."""

from __future__ import annotations

from pathlib import Path

from dcoslab.process import run
from dcoslab.settings import Settings

SUBJECT = "/O=dcos.calico lab"


def key(path: Path) -> None:
    run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(path)])
    path.chmod(0o600)


def sign(pki: Path, name: str, common_name: str, names: list[str]) -> None:
    """NAME.crt and NAME.key, good as server and as client."""
    key(pki / f"{name}.key")
    sans = ",".join(("IP:" if entry.replace(".", "").isdigit() else "DNS:") + entry for entry in names)
    extensions = pki / f"{name}.ext"
    extensions.write_text(
        "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n" + (f"subjectAltName={sans}\n" if sans else "")
    )
    request = run(["openssl", "req", "-new", "-key", str(pki / f"{name}.key"), "-subj", f"{SUBJECT}/CN={common_name}"]).stdout
    run(
        [
            *("openssl", "x509", "-req", "-sha256", "-days", "30"),
            *("-CA", str(pki / "ca.crt"), "-CAkey", str(pki / "ca.key"), "-CAcreateserial"),
            *("-extfile", str(extensions), "-out", str(pki / f"{name}.crt")),
        ],
        text_input=request,
    )
    extensions.unlink()


def make(settings: Settings) -> Path:
    """ca, mirror, and with TLS to or in etcd one for each member, with TLS to it one for clients."""
    pki = settings.state / "pki"
    pki.mkdir(parents=True, exist_ok=True)
    pki.chmod(0o700)
    key(pki / "ca.key")
    run(
        [
            *("openssl", "req", "-x509", "-new", "-sha256", "-days", "30", "-key", str(pki / "ca.key")),
            *("-subj", f"{SUBJECT}/CN=dcos.calico lab CA {settings.key}", "-out", str(pki / "ca.crt")),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        ]
    )
    front = settings.masters[0]
    sign(pki, "mirror", "mirror.lab", ["mirror.lab", f"{front.name}.lab", front.address])
    if settings.etcd_tls or settings.etcd_peer_tls:
        for host in settings.masters:
            names = [f"{host.name}.etcd.mesos", "etcd.mesos", "localhost", host.address, "127.0.0.1"]
            sign(pki, f"etcd-{host.name}", host.name, names)
    if settings.etcd_tls:
        sign(pki, "etcd-client", "calico", [])
    return pki


def trusted_bundle(pki: Path) -> dict[str, str]:
    """What update-ca-certificates would have made of the CA: path below /etc/ssl/certs -> text."""
    text = (pki / "ca.crt").read_text()
    subject = run(["openssl", "x509", "-noout", "-subject_hash", "-in", str(pki / "ca.crt")]).stdout.strip()
    return {"dcos-calico-lab.pem": text, f"{subject}.0": text, "ca-certificates.crt": text}
