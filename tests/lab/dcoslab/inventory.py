"""The Ansible inventory of a lab, rendered from data; YAML without a YAML library."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from dcoslab import dcosmaster, hostfiles
from dcoslab.mirror import Staged, layout
from dcoslab.settings import Settings
from dcoslab.topology import Host

MIRROR_URL = "https://mirror.lab"
SHA256_VARIABLES = {
    "calicoctl": "calico_calicoctl_sha256",
    "calico": "calico_cni_plugin_sha256",
    "calico-ipam": "calico_cni_ipam_sha256",
    "calico-node.tar": "calico_node_archive_sha256",
}


def product_vars(settings: Settings, staged: Staged) -> dict[str, Any]:
    """The product's variables as this lab needs them: the one place where their names stand."""
    paths = layout(staged.release)
    sums = {variable: staged.sums.get(paths[name], "") for name, variable in SHA256_VARIABLES.items()}
    variables: dict[str, Any] = {
        "calico_release": staged.release,
        "calico_manifest_release": staged.release,
        "calico_mirror_url": MIRROR_URL,
        **sums,
        # The lab's etcd is not the release's: its true version stands here.
        "calico_etcd_url": f"{MIRROR_URL}/{staged.etcd_archive}",
        "calico_etcd_sha256": staged.sums.get(staged.etcd_archive, ""),
        "calico_etcd_archive_directory": f"etcd-v{staged.etcd_version}-linux-amd64",
        "calico_etcd_source": "managed"
        if settings.managed_etcd
        else "universe"
        if settings.universe_etcd
        else "existing",
    }
    if settings.managed_etcd and not settings.etcd_tls:
        variables["calico_etcd_open"] = True
    if settings.universe_etcd:
        # Only here the product asks DC/OS for anything by itself; elsewhere tests say as whom.
        dcos = dcosmaster.login(settings)
        variables |= {
            "calico_dcos_url": dcos["DCOS_URL"],
            "calico_dcos_ca_path": dcos["DCOS_CA_PATH"],
            "calico_dcos_token": dcos["DCOS_ACS_TOKEN"],
        }
    if settings.etcd_tls or settings.etcd_peer_tls:
        # A proxy would need a certificate of its own for talking to members.
        variables |= {"calico_etcd_proxy": False, "calico_etcd_members": hostfiles.etcd_endpoints(settings)}
    if settings.etcd_tls:
        variables |= etcd_tls_vars(settings)
    return variables


def etcd_tls_vars(settings: Settings) -> dict[str, Any]:
    """Client certificates for etcd, placed by the product, which talks to the members directly."""
    pki = settings.state / "pki"
    directory = "/etc/calico/certs"
    files = (
        ("ca_file", "ca.crt", "content"),
        ("cert_file", "etcd-client.crt", "content"),
        ("key_file", "etcd-client.key", "secret_content"),
    )
    return {
        **{f"calico_etcd_{name}": f"{directory}/{file}" for name, file, _ in files},
        "calico_etcd_tls_files": [
            {"path": f"{directory}/{file}", key: (pki / file).read_text()} for _, file, key in files
        ],
    }


def connection_vars(settings: Settings) -> dict[str, Any]:
    ssh = settings.state / "ssh"
    options = {
        "UserKnownHostsFile": ssh / "known_hosts",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "LogLevel": "ERROR",
    }
    common = " ".join(f"-o {name}={value}" for name, value in options.items())
    # The control socket's path must stay far below 108 characters, so it is not in the state directory. Without ServerAlive an ssh would wait for
    # ever for a host that lost its power.
    shared = f"-o ControlMaster=auto -o ControlPersist=60s -o ControlPath={settings.volatile / 'ssh'}/%C -o ServerAliveInterval=15"
    return {
        "ansible_connection": "ssh",
        "ansible_ssh_private_key_file": str(ssh / "id"),
        "ansible_ssh_common_args": common,
        "ansible_ssh_args": shared,
        "ansible_ssh_pipelining": True,
    }


def host_vars(host: Host) -> dict[str, Any]:
    variables: dict[str, Any] = {
        "ansible_host": host.address,
        "ansible_user": host.flavour.user,
        "ansible_python_interpreter": host.flavour.interpreter,
    }
    if host.flavour.user != "root":
        variables["ansible_become"] = True
    variables["lab_flavour"] = host.flavour.name
    return variables


def inventory(settings: Settings, staged: Staged) -> dict[str, Any]:
    def group(role: str) -> dict[str, Any]:
        return {"hosts": {host.name: host_vars(host) for host in settings.hosts if host.role == role}}

    return {
        "all": {
            "vars": {
                **connection_vars(settings),
                "lab_mirror": MIRROR_URL,
                "lab_mirror_faults": f"{MIRROR_URL}/faults",
                "lab_ca_file": str(settings.state / "pki" / "ca.crt"),
                **(dcosmaster.inventory_vars(settings) if settings.dcos_api else {}),
                **product_vars(settings, staged),
            },
            "children": {
                "masters": group("master"),
                "agents": {
                    "children": {"agents_private": group("slave"), "agents_public": group("slave_public")},
                },
            },
        }
    }


def yaml(value: Any, indent: int = 0) -> str:
    """Enough YAML for the above: maps in block style, everything else as JSON, which YAML includes."""
    pad = "  " * indent
    if not isinstance(value, dict):
        return f" {json.dumps(value)}\n"
    if not value:
        return " {}\n"
    text = "\n" if indent else ""
    for key, item in value.items():
        text += f"{pad}{key}:{yaml(item, indent + 1)}"
    return text


def plain(text: str) -> str:
    """Words that need no quotes lose them; what looks like a number or a boolean keeps them."""
    return re.sub(r'(?m)^( *[\w-]+: )"([A-Za-z/][\w./:-]*)"$', keep_reserved, text)


def keep_reserved(match: re.Match[str]) -> str:
    if match[2].lower() in ("true", "false", "yes", "no", "on", "off", "null", "y", "n") or match[2].endswith(":"):
        return match[0]
    return match[1] + match[2]


def render(settings: Settings, staged: Staged) -> str:
    return "---\n# Written by the lab; gone with it.\n" + plain(yaml(inventory(settings, staged)))


def write(settings: Settings, staged: Staged) -> Path:
    settings.inventory.parent.mkdir(parents=True, exist_ok=True)
    settings.inventory.write_text(render(settings, staged))
    settings.inventory.chmod(0o600)  # with TLS it holds a client's key
    return settings.inventory
