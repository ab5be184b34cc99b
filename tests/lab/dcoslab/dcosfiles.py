"""How DC/OS looks on the disk of a master or an agent, as its own installer lays it out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from dcoslab.settings import REPOSITORY, Settings
from dcoslab.topology import DCOS_PYTHON, Host
from dcoslab.tree import Tree

FILES = Path(__file__).resolve().parent.parent / "files"
CNI_DIR = "/opt/mesosphere/etc/dcos/network/cni"
AGENT_PROGRAM = "/opt/lab/dcos-mesos-slave"
MESOS_DNS_STANDIN = REPOSITORY / "tests" / "standins" / "mesos_dns_standin.py"
MESOS_DNS_PORT = 61053
DAEMON_UID = 1  # in place of dcos_mesos_dns
# What the real units do at every start, and the reason why a sysctl file alone never lasts.
RP_FILTER_LOOP = "ExecStartPre=/bin/bash -c 'for i in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 2 > $i; echo -n \"$i: \"; cat $i; done'"


def version_of(settings: Settings) -> tuple[int, int]:
    major, minor = settings.dcos_version.split(".")[:2]
    return int(major), int(minor)


def package_id(name: str, settings: Settings) -> str:
    digest = hashlib.sha1(f"{name} {settings.dcos_version} {settings.dcos_variant}".encode()).hexdigest()
    return f"{name}--{digest}"


def dumps(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


class Packages:
    """pkgpanda's way: /opt/mesosphere/packages holds the files, etc/ and bin/ hold links to them."""

    def __init__(self, tree: Tree, settings: Settings) -> None:
        self.tree = tree
        self.settings = settings

    def file(self, package: str, path: str, content: str | Path, mode: int = 0o644, owner: int = 0) -> None:
        real = f"/opt/mesosphere/packages/{package_id(package, self.settings)}/{path}"
        self.tree.file(real, content, mode, owner)
        self.tree.link(f"/opt/mesosphere/{path}", real)

    def activate(self, package: str) -> str:
        home = f"/opt/mesosphere/packages/{package_id(package, self.settings)}"
        self.tree.link(f"/opt/mesosphere/active/{package}", home)
        return home


def plugin_dirs(version: tuple[int, int]) -> str:
    base = "/opt/mesosphere/active/cni/"
    if version < (1, 10):
        return base
    base += ":/opt/mesosphere/active/dcos-cni/:/opt/mesosphere/active/mesos/libexec/mesos"
    return base + (":/opt/mesosphere/active/calico/cni" if version >= (2, 1) else "")


def network_files(host: Host, version: tuple[int, int]) -> dict[str, object]:
    delegate = {
        "type": "bridge",
        "bridge": "m-dcos",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "subnet": f"9.0.{host.index}.0/25", "routes": [{"dst": "0.0.0.0/0"}]},
    }
    overlay = {
        "name": "dcos",
        "type": "mesos-cni-port-mapper",
        "excludeDevices": ["m-dcos"],
        "chain": "M-DCOS",
        "delegate": delegate,
    }
    files: dict[str, object] = {"dcos.cni": overlay}
    if version < (1, 10):
        return {"dcos.cni": {"name": "dcos", **delegate}, "dummy.cni": {"name": "dummy", "type": "bridge"}}
    files["ucr-default-bridge.conf"] = {
        "name": "mesos-bridge",
        "type": "mesos-cni-port-mapper",
        "excludeDevices": ["ucr-br0"],
        "chain": "UCR-DEFAULT-BRIDGE",
        "delegate": {
            "type": "bridge",
            "bridge": "ucr-br0",
            "isDefaultGateway": True,
            "forceAddress": False,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": "172.31.254.0/24"}]],
                "dataDir": "/var/run/dcos/cni/networks",
            },
        },
    }
    return files


def common(tree: Tree, packages: Packages, settings: Settings, host: Host, pythons: dict[str, str]) -> None:
    version = version_of(settings)
    about = {
        "version": settings.dcos_version,
        "dcos-image-commit": hashlib.sha1(settings.dcos_version.encode()).hexdigest(),
        "bootstrap-id": hashlib.sha1(f"bootstrap {settings.dcos_version}".encode()).hexdigest(),
    }
    if version >= (1, 12):
        about = {"version": about["version"], "dcos-variant": settings.dcos_variant, **about}
    packages.file("dcos-metadata", "etc/dcos-version.json", dumps(about))
    for program in ("detect_ip", "detect_ip_public"):
        packages.file("dcos-config", f"bin/{program}", f"#!/bin/sh\necho {host.address}\n", 0o755)
    tree.link(DCOS_PYTHON[0], pythons[DCOS_PYTHON[1]])
    tree.link("/opt/mesosphere/bin/python", "python3")
    path = "/opt/mesosphere/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    environment = f"PATH={path}\nLD_LIBRARY_PATH=/opt/mesosphere/lib\nPROVIDER=onprem\n"
    tree.file("/opt/mesosphere/environment", environment)
    tree.file(
        "/opt/mesosphere/environment.export",
        "".join(f"export {line}\n" for line in environment.splitlines()),
    )
    tree.directory("/opt/mesosphere/lib")
    tree.program("/opt/mesosphere/bin/dcos-shell", '#!/bin/bash\n. /opt/mesosphere/environment.export\nexec "$@"\n')
    # Stand-ins of what the real units call before they start; here there is nothing for them to do.
    for program in ("bootstrap", "make_disk_resources.py"):
        tree.program(f"/opt/mesosphere/bin/{program}", "#!/bin/sh\nexit 0\n")
    overlay = {
        "master_overlay_enabled": True,
        "dcos_overlay_network": {
            "vtep_subnet": "44.128.0.0/20",
            "vtep_mac_oui": "70:B3:D5:00:00:00",
            "overlays": [{"name": "dcos", "subnet": "9.0.0.0/8", "prefix": 24}],
        },
    }
    effective = {
        "cluster_name": f"lab-{settings.name}",
        "dcos_variant": settings.dcos_variant,
        "dcos_version": settings.dcos_version,
        "master_list": json.dumps([master.address for master in settings.masters]),
        "dcos_overlay_network": json.dumps(overlay["dcos_overlay_network"]),
        "mesos_cni_config_dir": CNI_DIR,
    }
    packages.file("dcos-config", "etc/expanded.config.json", dumps(effective), 0o600)
    packages.file("dcos-config", "etc/user.config.yaml", f"cluster_name: lab-{settings.name}\n", 0o600)
    packages.file("dcos-config", "etc/proxy.env", "")
    tree.directory("/etc/mesosphere/setup-flags")
    tree.file(f"/etc/mesosphere/roles/{host.role}", "")
    tree.directory("/var/lib/dcos")
    tree.directory("/var/log/mesos")
    # The CNI plugins are Debian's own, which the image has below /usr/lib/cni.
    home = packages.activate("cni")
    for plugin in ("bridge", "dhcp", "host-local", "ipvlan", "loopback", "macvlan", "ptp", "tuning"):
        tree.link(f"{home}/{plugin}", f"/usr/lib/cni/{plugin}")
    if version >= (1, 10):
        for plugin in ("vlan", "portmap"):
            tree.link(f"{home}/{plugin}", f"/usr/lib/cni/{plugin}")
        refuse = '#!/bin/sh\necho \'{"cniVersion":"0.1.0","code":100,"msg":"not in the lab"}\'\nexit 1\n'
        tree.program(f"{packages.activate('dcos-cni')}/dcos-l4lb", refuse)
        tree.program(
            f"{packages.activate('mesos')}/libexec/mesos/mesos-cni-port-mapper", FILES / "mesos-cni-port-mapper"
        )
    tree.file(
        "/etc/systemd/system/dcos.target",
        "[Unit]\nDescription=DC/OS\nAfter=network-online.target\n[Install]\nWantedBy=multi-user.target\n",
    )
    tree.enable("dcos.target", "/etc/systemd/system/dcos.target")


def dcos_unit(tree: Tree, packages: Packages, package: str, name: str, text: str, version: tuple[int, int]) -> None:
    """Up to 1.10 a unit is a link into the package, from 1.11 on it is a copy."""
    path = f"/etc/systemd/system/{name}"
    if version < (1, 11):
        real = f"/opt/mesosphere/packages/{package_id(package, packages.settings)}/dcos.target.wants/{name}"
        tree.file(real, text)
        tree.link(path, real)
    else:
        tree.file(path, text)
    tree.enable(name, path, "dcos.target")


def agent(tree: Tree, packages: Packages, settings: Settings, host: Host, has_program: bool) -> None:
    version = version_of(settings)
    public = host.role == "slave_public"
    unit = "dcos-mesos-slave-public" if public else "dcos-mesos-slave"
    variables = {
        "MESOS_MASTER": "zk://zk-1.zk:2181/mesos",
        "MESOS_CONTAINERIZERS": "mesos,docker" if version >= (1, 9) else "docker,mesos",
        "MESOS_LOG_DIR": "/var/log/mesos",
        "MESOS_MODULES_DIR": "/opt/mesosphere/etc/mesos-slave-modules",
        "MESOS_WORK_DIR": "/var/lib/mesos/slave",
        "MESOS_IP_DISCOVERY_COMMAND": "/opt/mesosphere/bin/detect_ip",
        "MESOS_ISOLATION": "cgroups/cpu,cgroups/mem,disk/du,network/cni,filesystem/linux,docker/runtime,docker/volume",
        "MESOS_NETWORK_CNI_CONFIG_DIR": CNI_DIR,
        "MESOS_NETWORK_CNI_PLUGINS_DIR": plugin_dirs(version),
        "MESOS_HOSTNAME_LOOKUP": "false",
        "MESOS_SYSTEMD_ENABLE_SUPPORT": "true",
    }
    packages.file("dcos-config", "etc/mesos-slave-common", "".join(f"{k}={v}\n" for k, v in variables.items()))
    own = "mesos-slave-public" if public else "mesos-slave"
    attributes = "MESOS_ATTRIBUTES=public_ip:true;\nMESOS_DEFAULT_ROLE=slave_public\n" if public else ""
    packages.file("dcos-config", f"etc/{own}", attributes + "MESOS_PORT=5051\n")
    cni_config = {"cni_dir": CNI_DIR, "cni_data_dir": "/var/run/dcos/cni/networks", "network_config": {}}
    packages.file("dcos-config", "etc/overlay/config/agent.json", dumps(cni_config))
    for name, content in network_files(host, version).items():
        if name == "dcos.cni":  # written by the overlay module at run time, so it is nobody's package file
            tree.file(f"{CNI_DIR}/{name}", dumps(content))
        else:
            packages.file("dcos-config", f"etc/dcos/network/cni/{name}", dumps(content))
    tree.directory("/var/lib/mesos/slave")
    late = ["-/opt/mesosphere/etc/mesos-slave-common-extras", "-/var/lib/dcos/mesos-slave-common"]
    late += ["-/var/lib/dcos/mesos-resources", f"-/run/dcos/etc/{own}"]
    if version >= (2, 0):
        late.append(f"-/etc/mesosphere/mesos/agent{'-public' if public else ''}.env")
    late.append("-/etc/lab/mesos-agent.env")  # the stand-in's master; not DC/OS's
    early = ["environment", "etc/mesos-slave-common", f"etc/{own}", "etc/proxy.env"]
    files = [f"/opt/mesosphere/{path}" for path in early] + late
    program = AGENT_PROGRAM if has_program else "/bin/sleep infinity"
    text = "\n".join(
        (
            "[Unit]",
            f"Description=Mesos Agent{' Public' if public else ''}: distributed systems kernel agent (stand-in)",
            "[Service]",
            "Restart=always",
            "StartLimitInterval=0",
            # 5 in DC/OS; the name server is on a host that starts at the same moment, and tests wait for this.
            "RestartSec=1",
            "KillMode=control-group",
            "Delegate=true",
            "LimitNOFILE=infinity",
            "TasksMax=infinity",
            "SyslogIdentifier=mesos-agent",
            *(f"EnvironmentFile={path}" for path in files),
            "ExecStartPre=/bin/ping -c1 -W1 ready.spartan",
            f"ExecStartPre=/opt/mesosphere/bin/bootstrap {unit}",
            "ExecStartPre=/opt/mesosphere/bin/make_disk_resources.py /var/lib/dcos/mesos-resources",
            RP_FILTER_LOOP,
            f"ExecStart={program}",
            "",
        )
    )
    dcos_unit(tree, packages, "mesos", f"{unit}.service", text, version)


def mesos_dns(tree: Tree, packages: Packages, settings: Settings) -> None:
    """Mesos-DNS, whose stand-in really reads its file; an Enterprise cluster has it under another name, for its user only."""
    version = version_of(settings)
    enterprise = settings.dcos_variant == "enterprise"
    config = {
        "zk": "zk://zk-1.zk:2181/mesos",
        "refreshSeconds": 30,
        "ttl": 60,
        "domain": "mesos",
        "port": MESOS_DNS_PORT,
        "resolvers": ["8.8.8.8"],
        "timeout": 5,
        "listener": "0.0.0.0",
        "email": "root.mesos-dns.mesos",
        "IPSources": ["host", "netinfo"],
        "SetTruncateBit": version >= (1, 10),
        **(
            {"HTTPListener": "127.0.0.1", "MesosHTTPSOn": True, "IAMConfigFile": "/run/dcos/etc/mesos-dns/iam.json"}
            if enterprise
            else {}
        ),
    }
    name = "etc/mesos-dns-enterprise.json" if enterprise else "etc/mesos-dns.json"
    packages.file("dcos-config", name, dumps(config), 0o640 if enterprise else 0o644, DAEMON_UID if enterprise else 0)
    packages.file("dcos-config", "etc/mesos-dns.env", f"MESOS_DNS_CONFIG=/opt/mesosphere/{name}\n")
    packages.file("mesos-dns", "bin/mesos-dns", MESOS_DNS_STANDIN, 0o755)
    # Nobody waits for half a minute here until a name is known.
    about = {
        "LAB_MASTERS": " ".join(host.address for host in settings.masters),
        "LAB_DCOS_VERSION": settings.dcos_version,
        "LAB_MESOS_DNS_REFRESH": "1",
    }
    if settings.dcos_api:
        about["LAB_MESOS_MASTER"] = f"http://{settings.masters[0].address}:5050"
    tree.file("/etc/lab/mesos-dns.env", "".join(f"{key}={value}\n" for key, value in about.items()))
    files = [
        "/opt/mesosphere/environment",
        "/opt/mesosphere/etc/mesos-dns.env",
        "-/opt/mesosphere/etc/mesos-dns-extras.env",
        "/etc/lab/mesos-dns.env",
    ]
    text = "\n".join(
        (
            "[Unit]",
            "Description=Mesos DNS: DNS based Service Discovery (stand-in)",
            "[Service]",
            "Restart=always",
            "StartLimitInterval=0",
            # 5 in DC/OS; see the agent's unit.
            "RestartSec=1",
            *(f"EnvironmentFile={path}" for path in files),
            "ExecStartPre=/bin/ping -c1 ready.spartan",
            "ExecStartPre=/opt/mesosphere/bin/bootstrap dcos-mesos-dns",
            "ExecStart=/opt/mesosphere/bin/mesos-dns --config=${MESOS_DNS_CONFIG} -logtostderr=true",
            "",
        )
    )
    dcos_unit(tree, packages, "mesos-dns", "dcos-mesos-dns.service", text, version)


def master(tree: Tree, packages: Packages, settings: Settings) -> None:
    mesos_dns(tree, packages, settings)
    unit = "dcos-mesos-master"
    service = f"Restart=always\nStartLimitInterval=0\nRestartSec=1\n{RP_FILTER_LOOP}\nExecStart=/bin/sleep infinity\n"
    text = f"[Unit]\nDescription={unit} (stand-in)\n[Service]\n{service}"
    dcos_unit(tree, packages, "mesos", f"{unit}.service", text, version_of(settings))


def dcos(tree: Tree, settings: Settings, host: Host, pythons: dict[str, str], has_program: bool) -> None:
    packages = Packages(tree, settings)
    common(tree, packages, settings, host, pythons)
    if host.is_master:
        master(tree, packages, settings)
    else:
        agent(tree, packages, settings, host, has_program)
