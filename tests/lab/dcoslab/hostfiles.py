"""What the lab itself puts on a host: ssh, Docker, bridges, name server, etcd member, mirror."""

from __future__ import annotations

import json
from pathlib import Path

from dcoslab import dcosfiles, dcosmaster, pki
from dcoslab.mirror import Staged
from dcoslab.settings import Settings
from dcoslab.topology import LAB_PYTHON, Host
from dcoslab.tree import Tree

FILES = Path(__file__).resolve().parent.parent / "files"
CORE_UID = 500
ROOT_HOME = "/root"
ETCD_HOME = "/opt/lab/etcd"  # mounted from the cache: the programs are large
MIRROR_ROOT = "/srv/mirror"
ETCD_DOMAIN = "etcd.mesos"
CALLS = "/var/lib/lab/calls"  # mounted from the lab's directory: what is called on the host (tests/calls)

ONESHOT = """\
[Unit]
Description={description}
DefaultDependencies=no
{order}
[Service]
Type=oneshot
RemainAfterExit=yes
{commands}
"""
SERVICE = """\
[Unit]
Description={description}
After=network.target
StartLimitIntervalSec=0
[Service]
{service}
Restart=always
RestartSec=0.5
"""


def oneshot(description: str, commands: list[str], order: str = "Before=local-fs.target") -> str:
    lines = "\n".join(f"ExecStart={command}" for command in commands)
    return ONESHOT.format(description=description, order=order, commands=lines)


def etcd_name(host: Host) -> str:
    return f"{host.name}.{ETCD_DOMAIN}"


def etcd_scheme(settings: Settings) -> str:
    return "https" if settings.etcd_tls else "http"


def etcd_endpoints(settings: Settings) -> list[str]:
    # Names where certificates are checked, addresses where nothing but the address matters.
    return [
        f"{etcd_scheme(settings)}://{etcd_name(host) if settings.etcd_tls else host.address}:2379"
        for host in settings.masters
    ]


def every_host(tree: Tree, settings: Settings, host: Host, pythons: dict[str, str]) -> None:
    flavour = host.flavour
    tree.link(LAB_PYTHON[0], pythons[LAB_PYTHON[1]])
    for path, version in flavour.links:
        tree.link(path, pythons[version])
    if flavour.os_release is not None:
        tree.file("/etc/os-release", flavour.os_release)
    if flavour.name == "centos":
        tree.file("/etc/redhat-release", "CentOS Linux release 7.6.1810 (Core)\n")
    tree.file("/etc/hostname", f"{host.name}\n")

    public_key = (settings.state / "ssh" / "id.pub").read_text()
    home, owner = (ROOT_HOME, 0) if flavour.user == "root" else (f"/home/{flavour.user}", CORE_UID)
    if owner:
        tree.directory(home, 0o755, owner)
        tree.file(f"/etc/sudoers.d/{flavour.user}", f"{flavour.user} ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    tree.directory(f"{home}/.ssh", 0o700, owner)
    tree.file(f"{home}/.ssh/authorized_keys", public_key, 0o600, owner)
    tree.file("/etc/ssh/ssh_host_ed25519_key", settings.state / "ssh" / "host_key", 0o600)
    tree.file("/etc/ssh/ssh_host_ed25519_key.pub", settings.state / "ssh" / "host_key.pub")
    tree.file(
        "/etc/ssh/sshd_config.d/lab.conf",
        "HostKey /etc/ssh/ssh_host_ed25519_key\nUseDNS no\nPasswordAuthentication no\nPrintMotd no\n"
        f"MaxStartups 200\nMaxSessions 200\nPermitRootLogin {'no' if owner else 'prohibit-password'}\n",
    )
    for name, text in pki.trusted_bundle(settings.state / "pki").items():
        tree.file(f"/etc/ssl/certs/{name}", text)

    # Docker's -v DIR:DIR:shared needs a shared root, which a container's is not.
    tree.unit("lab-rshared.service", oneshot("Share the root mount", ["/bin/mount --make-rshared /"]), "sysinit.target")
    if flavour.readonly_usr:
        tree.directory("/opt/bin")
        commands = ["/bin/mount --bind /usr /usr", "/bin/mount -o remount,bind,ro /usr"]
        order = "After=lab-rshared.service\nBefore=local-fs.target"
        tree.unit("lab-usr-readonly.service", oneshot("/usr is read-only", commands, order), "sysinit.target")
    # The kernel's log is this machine's and all labs'.
    tree.file("/etc/systemd/journald.conf.d/lab.conf", "[Journal]\nReadKMsg=no\nStorage=persistent\n")
    # Empty, yet there: containers mount it, and with a read-only /usr nobody can make it.
    tree.directory("/usr/lib/modules")
    # A kernel without loadable modules has nothing to load them from; real hosts have.
    tree.file(
        "/etc/systemd/system/systemd-modules-load.service.d/lab.conf",
        "[Service]\nExecStart=\nExecStart=-/lib/systemd/systemd-modules-load\n",
    )
    bridges(tree, host)
    docker(tree)
    # Pythons are this machine's, so what they load beside themselves has to be in the home of the user they run as.
    for version in pythons:
        tree.file(f"{ROOT_HOME}/.local/lib/python{version}/site-packages/usercustomize.py", FILES / "usercustomize.py")


def bridges(tree: Tree, host: Host) -> None:
    """DC/OS's interfaces as empty bridges: software that picks a wrong address by itself is caught.

    Bridges, because not every kernel has the dummy device that DC/OS uses for the first one.
    """
    subnet = f"9.0.{host.index}"
    addresses = {
        "spartan": ["198.51.100.1/32", "198.51.100.2/32", "198.51.100.3/32"],
        "d-dcos": [f"{subnet}.129/25"],
        "m-dcos": [f"{subnet}.1/25"],
    }
    lines = []
    for device, list_of_addresses in addresses.items():
        lines.append(f"link add {device} type bridge")
        lines += [f"address add {address} dev {device}" for address in list_of_addresses]
        lines.append(f"link set {device} up")
    # A reboot gives a host new and empty interfaces, so there is nothing to be careful about.
    tree.file("/etc/lab/bridges", "".join(f"{line}\n" for line in lines))
    commands = ["/sbin/ip -batch /etc/lab/bridges"]
    text = oneshot("DC/OS's network devices (stand-ins)", commands, "After=lab-rshared.service\nBefore=network.target")
    tree.unit("lab-bridges.service", text)


def docker(tree: Tree) -> None:
    tree.program("/opt/lab/bin/runc-nosysres", FILES / "runc-nosysres")
    daemon = {
        "default-runtime": "lab",
        "runtimes": {"lab": {"path": "/opt/lab/bin/runc-nosysres"}},
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "log-driver": "json-file",
        "storage-driver": "overlay2",
    }
    tree.file("/etc/docker/daemon.json", json.dumps(daemon, indent=2) + "\n")
    tree.enable("docker.service", "/lib/systemd/system/docker.service")
    tree.enable("docker.socket", "/lib/systemd/system/docker.socket", "sockets.target")
    tree.enable("containerd.service", "/lib/systemd/system/containerd.service")


def dns_records(settings: Settings) -> tuple[str, str]:
    """(names of hosts and DC/OS, etcd's records): two files, because tests take etcd's away."""
    first = settings.masters[0]
    lines = [f"host-record={host.name}.lab,{host.name},{host.address}" for host in settings.hosts]
    lines += [f"host-record={etcd_name(host)},{host.address}" for host in settings.masters]
    lines += [f"host-record=mirror.lab,{first.address}", "host-record=ready.spartan,127.0.0.1"]
    client = "_etcd-client-ssl" if settings.etcd_tls else "_etcd-client"
    server = "_etcd-server-ssl" if settings.etcd_peer_tls else "_etcd-server"
    etcd = []
    for host in settings.masters if not settings.universe_etcd else []:
        etcd.append(f"srv-host={server}._tcp.{ETCD_DOMAIN},{etcd_name(host)},2380,0,1")
        etcd.append(f"srv-host={client}._tcp.{ETCD_DOMAIN},{etcd_name(host)},2379,0,1")
    return "".join(f"{line}\n" for line in lines), "".join(f"{line}\n" for line in etcd)


def mesos_records(settings: Settings) -> str:
    """What mesos-dns would say of the masters; the stand-in DC/OS, where there is one, goes on from here."""
    lines = [f"host-record=master.mesos,{host.address}" for host in settings.masters]
    return "".join(f"{line}\n" for line in [f"host-record=leader.mesos,{settings.masters[0].address}", *lines])


def name_server(tree: Tree, settings: Settings, host: Host) -> None:
    names, etcd = dns_records(settings)
    # As DC/OS' own name server does: all Mesos-DNS are asked, and the first answer counts.
    mesos_dns = "".join(
        f"server=/marathon.mesos/{master.address}#{dcosfiles.MESOS_DNS_PORT}\n" for master in settings.masters
    )
    tree.file(
        "/etc/lab/dnsmasq.conf",
        f"no-resolv\nno-hosts\nno-poll\nbind-interfaces\nlisten-address={host.address},127.0.0.1\n"
        f"cache-size=0\nlocal=/lab/mesos/spartan/directory/\n{mesos_dns}all-servers\nconf-dir=/etc/lab/dns.d,*.conf\nuser=root\n",
    )
    tree.file("/etc/lab/dns.d/names.conf", names)
    tree.file("/etc/lab/dns.d/etcd.conf", etcd)
    tree.file("/etc/lab/dns.d/mesos.conf", mesos_records(settings))
    command = "ExecStart=/usr/sbin/dnsmasq --keep-in-foreground --conf-file=/etc/lab/dnsmasq.conf"
    tree.unit("lab-dns.service", SERVICE.format(description="The lab's name server", service=command))


def etcd_member(tree: Tree, settings: Settings, host: Host) -> None:
    scheme = etcd_scheme(settings)
    peer_scheme = "https" if settings.etcd_peer_tls else "http"
    options = {
        "name": host.name,
        "data-dir": "/var/lib/lab-etcd",
        "discovery-srv": ETCD_DOMAIN,
        "initial-cluster-token": "lab",
        "initial-cluster-state": "new",
        "initial-advertise-peer-urls": f"{peer_scheme}://{etcd_name(host)}:2380",
        "listen-peer-urls": f"{peer_scheme}://{host.address}:2380",
        "advertise-client-urls": f"{scheme}://{etcd_name(host)}:2379",
        # Not on 127.0.0.1: a proxy of the product's may want that port of a master.
        "listen-client-urls": f"{scheme}://{host.address}:2379",
    }
    keys = settings.state / "pki"
    if settings.etcd_tls or settings.etcd_peer_tls:
        tree.file("/etc/lab/etcd/ca.crt", keys / "ca.crt")
        tree.file("/etc/lab/etcd/member.crt", keys / f"etcd-{host.name}.crt")
        tree.file("/etc/lab/etcd/member.key", keys / f"etcd-{host.name}.key", 0o600)
    for prefix, desired in (("", settings.etcd_tls), ("peer-", settings.etcd_peer_tls)):
        if desired:
            options |= {
                f"{prefix}cert-file": "/etc/lab/etcd/member.crt",
                f"{prefix}key-file": "/etc/lab/etcd/member.key",
                f"{prefix}trusted-ca-file": "/etc/lab/etcd/ca.crt",
                f"{prefix}client-cert-auth": "true",
            }
    arguments = " ".join(f"--{name}={value}" for name, value in options.items())
    service = f"Type=notify\nTimeoutStartSec=0\nLimitNOFILE=20000\nExecStart={ETCD_HOME}/etcd {arguments} --enable-v2"
    tree.unit("lab-etcd.service", SERVICE.format(description="etcd member of the lab", service=service))


def mirror(tree: Tree, settings: Settings) -> None:
    keys = settings.state / "pki"
    tree.file("/etc/lab/mirror.crt", keys / "mirror.crt")
    tree.file("/etc/lab/mirror.key", keys / "mirror.key", 0o600)
    tree.file("/etc/nginx/conf.d/lab-mirror.conf", (FILES / "mirror.nginx").read_text())
    tree.program("/opt/lab/bin/mirror-faults", FILES / "mirror-faults")
    command = f"ExecStart=/opt/lab/bin/mirror-faults {MIRROR_ROOT}"
    tree.unit("lab-faults.service", SERVICE.format(description="The mirror's faults", service=command))
    tree.enable("nginx.service", "/lib/systemd/system/nginx.service")


def build(settings: Settings, host: Host, pythons: dict[str, str], staged: Staged) -> Tree:
    """Everything that makes the common image this host."""
    tree = Tree()
    every_host(tree, settings, host, pythons)
    dcosfiles.dcos(tree, settings, host, pythons, staged.agent_program is not None)
    if settings.dcos_api:
        dcosmaster.every_host(tree, settings, host, oneshot)
    if host.is_master:
        if settings.etcd_members:
            etcd_member(tree, settings, host)
    elif staged.agent_program is not None:
        tree.program(dcosfiles.AGENT_PROGRAM, staged.agent_program)
        tree.program(dcosmaster.INSTALLER, staged.agent_program.with_name("calico-installer"))
    if settings.artifacts is None:
        # The stand-ins are Python programs, and pyenv's Python can be in root's home, which the unit hides from the real ones.
        tree.file("/etc/systemd/system/calico-node.service.d/lab.conf", "[Service]\nProtectHome=false\n")
    if host == settings.masters[0]:
        name_server(tree, settings, host)
        mirror(tree, settings)
        if settings.dcos_api:
            dcosmaster.master(tree, settings, SERVICE)
    return tree


def services(settings: Settings, host: Host) -> list[str]:
    """Units that must be active before the lab is called up."""
    units = ["docker", "ssh", "lab-bridges"]
    if host.is_master:
        units += ["dcos-mesos-master", "dcos-mesos-dns"] + (["lab-etcd"] if settings.etcd_members else [])
    else:
        units.append("dcos-mesos-slave-public" if host.role == "slave_public" else "dcos-mesos-slave")
    if host == settings.masters[0]:
        units += ["lab-dns", "lab-faults", "nginx"]
        if settings.dcos_api:
            units += ["lab-dcos", "lab-dns-follow"] + (["lab-cfssl"] if settings.dcos_variant == "enterprise" else [])
    return units
