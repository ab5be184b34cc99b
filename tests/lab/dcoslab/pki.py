"""Certificate authorities and what they sign, by openssl(1): new ones for every lab."""

from __future__ import annotations

from pathlib import Path

from dcoslab.process import run
from dcoslab.settings import Settings

SUBJECT = "/O=dcos.calico lab"


def key(path: Path) -> None:
    run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(path)])
    path.chmod(0o600)


def rsa_key(path: Path) -> None:
    run(["openssl", "genrsa", "-traditional", "-out", str(path), "2048"])
    path.chmod(0o600)


def alternative_names(names: list[str]) -> str:
    return ",".join(("IP:" if entry.replace(".", "").isdigit() else "DNS:") + entry for entry in names)


def authority(pki: Path, subject: str, rsa: bool = False, days: int = 30) -> None:
    """ca.crt and ca.key."""
    (rsa_key if rsa else key)(pki / "ca.key")
    run(
        [
            *("openssl", "req", "-x509", "-new", "-sha256", "-days", str(days), "-key", str(pki / "ca.key")),
            *("-subj", subject, "-out", str(pki / "ca.crt")),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        ]
    )


def self_signed(pki: Path, name: str, common_name: str, names: list[str]) -> None:
    """NAME.crt and NAME.key that no authority knows."""
    rsa_key(pki / f"{name}.key")
    run(
        [
            *("openssl", "req", "-x509", "-new", "-sha256", "-days", "30", "-key", str(pki / f"{name}.key")),
            *(
                "-subj",
                f"/CN={common_name}",
                "-out",
                str(pki / f"{name}.crt"),
                "-addext",
                f"subjectAltName={alternative_names(names)}",
            ),
        ]
    )


def sign(pki: Path, name: str, common_name: str, names: list[str], rsa: bool = False) -> None:
    """NAME.crt and NAME.key, good as server and as client."""
    (rsa_key if rsa else key)(pki / f"{name}.key")
    sans = alternative_names(names)
    extensions = pki / f"{name}.ext"
    extensions.write_text(
        "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
        + (f"subjectAltName={sans}\n" if sans else "")
    )
    request = run(
        ["openssl", "req", "-new", "-key", str(pki / f"{name}.key"), "-subj", f"{SUBJECT}/CN={common_name}"]
    ).stdout
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
    authority(pki, f"{SUBJECT}/CN=dcos.calico lab CA {settings.key}")
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
