"""The stand-in DC/OS on the first master: its service, Admin Router, certificate authority, and who may log in."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import uuid
from pathlib import Path
from typing import Any

from dcoslab import pki
from dcoslab.process import run
from dcoslab.settings import REPOSITORY, Settings
from dcoslab.topology import Host
from dcoslab.tree import Tree

FILES = Path(__file__).resolve().parent.parent / "files"
SERVICE = REPOSITORY / "tests" / "standins" / "dcos_standin"
LIBRARIES_BUILDER = REPOSITORY / "tests" / "standins" / "service_libraries.py"
LIBRARIES = "/opt/lab/dcos-libraries"
HOME = "/opt/lab/dcos"
INSTALLER = "/opt/lab/bin/calico-installer"
ETC = "/etc/lab/dcos"
ROUTER_PORT = 8101  # files/admin-router.nginx names it, too
MESOS_PORT = 5050
SUPERUSER, OPERATOR, SERVICE_ACCOUNT = "bootstrapuser", "operator", "calico-svc"
OPERATOR_PERMISSIONS = [
    "dcos:adminrouter:ops:mesos",
    "dcos:adminrouter:ops:slave",
    "dcos:adminrouter:ops:mesos-dns",
    "dcos:adminrouter:ops:metadata",
]
CFSSL_USAGES = ["signing", "key encipherment", "server auth", "client auth"]


def ensure_libraries() -> Path:
    """Directory with the libraries of the service, which pip fetches once."""
    return Path(run([sys.executable, str(LIBRARIES_BUILDER)], timeout=600).stdout.strip())


def directory(settings: Settings) -> Path:
    """What a test or a person needs to talk to this DC/OS."""
    return settings.state / "dcos"


def url(settings: Settings) -> str:
    return f"https://{settings.masters[0].address}"


def names(settings: Settings) -> list[str]:
    """What Admin Router is called: its certificate's names."""
    first = settings.masters[0]
    return ["master.mesos", "leader.mesos", first.name, f"{first.name}.lab", "localhost", first.address, "127.0.0.1"]


def make(settings: Settings) -> None:
    """Keys, certificates and passwords: new ones for every lab."""
    place = directory(settings)
    place.mkdir(mode=0o700)
    if settings.dcos_variant == "enterprise":
        pki.authority(place, f"/O=Mesosphere, Inc./CN=DC\\/OS Root CA {settings.key}", rsa=True, days=3650)
        pki.sign(place, "front", "master", names(settings), rsa=True)
        shutil.copyfile(place / "ca.crt", place / "ca-bundle.crt")
    else:
        # Open DC/OS has no authority; its masters serve a certificate that signs itself.
        pki.self_signed(place, "front", "AdminRouter", names(settings))
        shutil.copyfile(place / "front.crt", place / "ca-bundle.crt")
    for name in ("service-account", "oidc"):
        pki.rsa_key(place / f"{name}.key")
        run(["openssl", "rsa", "-in", str(place / f"{name}.key"), "-pubout", "-out", str(place / f"{name}.pub")])
    passwords = {name: secrets.token_urlsafe(18) for name in (SUPERUSER, OPERATOR)}
    private(place / "passwords.json", json.dumps(passwords, indent=2) + "\n")
    private(place / "control_token", secrets.token_urlsafe(18))
    login = {
        "login_endpoint": f"{url(settings)}/acs/api/v1/auth/login",
        "private_key": (place / "service-account.key").read_text(),
        "scheme": "RS256",
        "uid": SERVICE_ACCOUNT,
    }
    private(place / "service-account.json", json.dumps(login, indent=2) + "\n")
    private(place / "token", "")  # written when DC/OS runs


def private(path: Path, text: str) -> None:
    path.touch(0o600)
    path.write_text(text)


def passwords(settings: Settings) -> dict[str, str]:
    return dict(json.loads((directory(settings) / "passwords.json").read_text()))


def service_config(settings: Settings) -> dict[str, Any]:
    """See tests/standins/dcos_standin/README.md."""
    address = settings.masters[0].address
    words = passwords(settings)
    superuser = ["dcos:superuser"]
    listeners = [
        ("127.0.0.1", ROUTER_PORT, "admin_router"),
        (address, MESOS_PORT, "mesos"),
        (address, 8080, "marathon"),
    ]
    return {
        "dcos_version": settings.dcos_version,
        "variant": settings.dcos_variant,
        "cluster_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.state}/{settings.run_id}")),
        "cluster_name": f"lab-{settings.name}",
        "masters": [master.address for master in settings.masters],
        "listen": [{"address": where, "port": port, "as": kind} for where, port, kind in listeners],
        "users": [
            {"uid": SUPERUSER, "password": words[SUPERUSER], "permissions": superuser},
            {"uid": OPERATOR, "password": words[OPERATOR], "permissions": OPERATOR_PERMISSIONS},
        ],
        "service_accounts": [
            {
                "uid": SERVICE_ACCOUNT,
                "public_key": (directory(settings) / "service-account.pub").read_text(),
                "permissions": superuser,
            }
        ],
        "oidc_public_key": (directory(settings) / "oidc.pub").read_text(),
        "state_dir": "/var/lib/lab-dcos",
        "control_token": (directory(settings) / "control_token").read_text(),
        "scheduler_url": f"http://{address}:{MESOS_PORT}",
    }


def master(tree: Tree, settings: Settings, unit: str) -> None:
    """`unit` is the form of a service's unit."""
    place = directory(settings)
    for path in sorted(SERVICE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            tree.file(f"{HOME}/dcos_standin/{path.relative_to(SERVICE)}", path)
    tree.file("/etc/lab/dcos.json", json.dumps(service_config(settings), indent=2) + "\n", 0o600)
    python = "Environment=PYTHONUNBUFFERED=1 PYTHONPATH=%s:%s\nExecStart=/opt/lab/bin/python3 -m dcos_standin --config /etc/lab/dcos.json"
    tree.unit("lab-dcos.service", unit.format(description="Stand-in DC/OS", service=python % (HOME, LIBRARIES)))
    tree.program("/opt/lab/bin/dns-follow", FILES / "dns-follow")
    follow = f"ExecStart=/opt/lab/bin/dns-follow http://127.0.0.1:{ROUTER_PORT}/_dns/records /etc/lab/dns.d/mesos.conf"
    tree.unit(
        "lab-dns-follow.service", unit.format(description="DC/OS's records for the lab's name server", service=follow)
    )
    for name, mode in (("front.crt", 0o644), ("front.key", 0o600)):
        tree.file(f"{ETC}/{name}", place / name, mode)
    router = (FILES / "admin-router.nginx").read_text().replace("@NAMES@", " ".join(names(settings)[2:]))
    tree.file("/etc/nginx/conf.d/admin-router.conf", router)
    tree.directory(f"{ETC}/nginx")
    if settings.dcos_variant == "enterprise":
        authority(tree, settings, unit)


def authority(tree: Tree, settings: Settings, unit: str) -> None:
    """CFSSL; the profile `short` is for tests of renewal."""
    place = directory(settings)
    tree.file(f"{ETC}/ca.crt", place / "ca.crt")
    tree.file(f"{ETC}/ca.key", place / "ca.key", 0o600)
    tree.file(f"{ETC}/nginx/ca.conf", FILES / "admin-router-ca.nginx")
    profile = {"usages": CFSSL_USAGES, "expiry": "8760h"}
    signing = {"default": profile, "profiles": {"short": {**profile, "expiry": "24h"}}}
    tree.file(f"{ETC}/cfssl.json", json.dumps({"signing": signing}, indent=2) + "\n")
    options = {
        "ca": "ca.crt",
        "ca-key": "ca.key",
        "config": "cfssl.json",
        "ca-bundle": "ca-bundle.crt",
        "int-bundle": "ca-bundle.crt",
    }
    arguments = " ".join(f"-{option} {ETC}/{file}" for option, file in options.items())
    # It looks for files of its own in the working directory.
    service = f"WorkingDirectory={ETC}\nExecStart=/usr/bin/cfssl serve -address 127.0.0.1 -port 8888 {arguments}"
    tree.unit("lab-cfssl.service", unit.format(description="DC/OS's certificate authority", service=service))


def every_host(tree: Tree, settings: Settings, host: Host, oneshot_text: Any) -> None:
    """What DC/OS gives each host of an Enterprise cluster at boot, and what the agent stand-in is told."""
    if settings.dcos_variant == "enterprise":
        tree.file(f"{ETC}/ca-bundle.crt", directory(settings) / "ca-bundle.crt")
        targets = ("/run/dcos/pki/CA/ca-bundle.crt", "/run/dcos/pki/CA/certs/ca.crt")
        commands = [f"/usr/bin/install -D -m 644 {ETC}/ca-bundle.crt {target}" for target in targets]
        tree.unit(
            "lab-dcos-pki.service", oneshot_text("DC/OS's authority on this host", commands, "Before=network.target")
        )
    if not host.is_master:
        variables = {
            "LAB_MESOS_MASTER": f"http://{settings.masters[0].address}:{MESOS_PORT}",
            "STANDIN_PYTHON": "/opt/lab/bin/python3",
            "STANDIN_ETCD": "/opt/lab/etcd/etcd",
            "STANDIN_CALICO_INSTALLER": INSTALLER,
        }
        tree.file("/etc/lab/mesos-agent.env", "".join(f"{name}={value}\n" for name, value in variables.items()))


def login(settings: Settings) -> dict[str, str]:
    """The environment in which the product's modules talk to this DC/OS."""
    place = directory(settings)
    return {
        "DCOS_URL": url(settings),
        "DCOS_CA_PATH": str(place / "ca-bundle.crt"),
        # Every release and variant takes a token; only some have users with passwords.
        "DCOS_ACS_TOKEN": f"{{{{ lookup('ansible.builtin.file', '{place / 'token'}') }}}}",
    }


def inventory_vars(settings: Settings) -> dict[str, Any]:
    """How to reach this DC/OS; `lab_dcos_env` is for a play's or a task's `environment`."""
    place = directory(settings)
    words = passwords(settings)
    return {
        "lab_dcos_url": url(settings),
        "lab_dcos_ca_file": str(place / "ca-bundle.crt"),
        "lab_dcos_uid": SUPERUSER,
        "lab_dcos_password": words[SUPERUSER],
        "lab_dcos_operator_uid": OPERATOR,
        "lab_dcos_operator_password": words[OPERATOR],
        "lab_dcos_service_account": str(place / "service-account.json"),
        "lab_dcos_token_file": str(place / "token"),
        "lab_dcos_control_url": f"http://{settings.masters[0].address}:{MESOS_PORT}",
        "lab_dcos_control_token": (place / "control_token").read_text(),
        "lab_dcos_env": login(settings),
    }
