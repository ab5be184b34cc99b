"""Secrets where hosts, the datastore and a run have some, and how they go again. None of them may be in a bundle."""

from __future__ import annotations

import contextlib
import json
import textwrap
from collections.abc import Iterator

from support.lab import Host, Lab

WORD = "Pl4nt3d"
DROP_IN = "/etc/systemd/system/docker.service.d/90-extra.conf"
FELIX = "/var/log/calico/felix/current"
PEM = "-----BEGIN RSA PRIVATE KEY-----\n{0}\n{1}\n-----END RSA PRIVATE KEY-----\n"
VARIABLES = {"calico_kubernetes_token": f"{WORD}-variable-1", "somebodys_password": f"{WORD} in no shape at all"}
KEYS = {
    "v1/config/ExtraPassword": f"{WORD}-config",
    "v1/config/ExtraEndpoints": f"http://root:{WORD}-address@10.0.0.1:2379",
    "v1/policy/profile/extra/labels": json.dumps({"api_token": f"{WORD}-label"}),
    "extra/key": f"{WORD}-extra",
}


def files(cni: str) -> dict[str, str]:
    """Files of a host: those in /etc/calico and of Docker's unit, and a network."""
    pem = PEM.format(f"MII{WORD}0123456789abcdefABCDEF", f"{WORD}==")
    network = {
        "name": "extra",
        "type": "calico",
        "etcd_endpoints": f"https://u:{WORD}-cni-address@10.0.0.1:2379",
        "policy": {"type": "k8s", "k8s_auth_token": f"{WORD}-cni-token"},
        "kubernetes": {"k8s_api_root": f"https://{WORD}-cni-root@10.0.0.1", "other": f"{WORD}-cni-other"},
        "client_key_data": pem,
    }
    return {
        "/etc/calico/extra.kubeconfig": f"users:\n- user:\n    token: {WORD}-kubeconfig\n    client-key-data: {WORD}\n",
        "/etc/calico/extra-key.pem": pem,
        f"{cni}/zz-extra.conf": json.dumps(network),
        DROP_IN: textwrap.dedent(f"""\
            [Service]
            Environment="HTTP_PROXY=http://me:{WORD}-proxy@proxy:3128" EXTRA={WORD}-unit
            Environment=DOCKER_PASSWORD={WORD}-docker
            """),
    }


def lines() -> list[str]:
    """What somebody has written into logs; the last two are known only because they are secrets elsewhere."""
    return [
        f"login with password={WORD}-log-1",
        f"Authorization: token={WORD}-log-2",
        f"GET https://me:{WORD}-log-3@registry/ failed \x1b[2J\x1b]0;owned\x07",
        f'{{"name": "API_TOKEN", "value": "{WORD}-log-4"}} in cni arguments',
        *PEM.format(f"MII{WORD}aaaaaaaaaaaaaaaaaaaaaaaaaaaa", f"{WORD}bb==").splitlines(),
        f"somebody used {WORD}-cni-token for cni",
        f"cni said {VARIABLES['somebodys_password']} once",
    ]


WRITE = r"""while IFS= read -r line; do printf 'MESSAGE=%s\nOBJECT_SYSTEMD_UNIT=%s\nPRIORITY=6\n' "$line" "$0" | logger --journald; done"""


def journal(host: Host, unit: str) -> None:
    """Lines in a unit's journal, as root may put them there."""
    host.run("sh", "-c", WRITE, unit, stdin="".join(f"{line}\n" for line in lines()))


@contextlib.contextmanager
def planted(lab: Lab, cni: str) -> Iterator[None]:
    """Secrets on all agents and in the datastore of a lab."""
    url = f"http://{lab.masters[0].address}:2379/v2/keys/calico"
    kept = {
        agent.name: agent.read(FELIX)
        for agent in lab.agents
        if agent.run("test", "-f", FELIX, check=False).returncode == 0
    }
    try:
        for agent in lab.agents:
            for path, text in files(cni).items():
                agent.run("mkdir", "-p", path.rpartition("/")[0])
                agent.write(path, text)
            agent.run("systemctl", "daemon-reload")
            for unit in ("docker.service", "dcos-mesos-slave.service", "calico-node.service"):
                journal(agent, unit)
            if agent.name in kept:
                agent.run("tee", "-a", FELIX, stdin="".join(f"2999-01-01 00:00:00.000 {line}\n" for line in lines()))
        for key, value in KEYS.items():
            lab.masters[0].run("curl", "-fsS", "-X", "PUT", f"{url}/{key}", "--data-urlencode", f"value={value}")
        yield
    finally:
        for agent in lab.agents:
            agent.run("rm", "-f", *files(cni))
            agent.run("systemctl", "daemon-reload")
            agent.run("sed", "-i", "/^2999-/d", FELIX, check=False)
        for key in KEYS:
            lab.masters[0].run("curl", "-fsS", "-X", "DELETE", f"{url}/{key}?recursive=true", check=False)
