# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is desired of a host and of the datastore: the arguments of each module, made of an operator's variables in one place.

The plan (action dcos.calico.agent_plan) and the roles' tasks (lookup dcos.calico.desired) take the same. Pure, but for the template engine that Variables is
given. Arguments that are not set are left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import yaml
from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import (
    _artifacts,
    _docker,
    _keep_files,
    _kubernetes,
    _releases,
    _shapes,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._controller_paths import controller_path
from ansible_collections.dcos.calico.plugins.plugin_utils._variables import is_template

Args = dict[str, Any]
Found = TypeVar("Found")

# The units of DC/OS set rp_filter of every interface to 2 each time they start; Felix refuses to start where `all` is 2.
RP_FILTER = """\
# Managed by Ansible (dcos.calico.calico_host).
[Service]
ExecStartPost=/bin/sh -c 'cd /proc/sys/net/ipv4/conf && for key in all/rp_filter cali*/rp_filter; do if [ -w "$key" ]; then echo 1 > "$key"; fi; done'
"""
RP_FILTER_UNITS = ("dcos-mesos-slave.service", "dcos-mesos-slave-public.service", "dcos-mesos-master.service")
# What Felix (intdataplane/int_dataplane.go) and "calicoctl node run" set when they start. To be set back they are noted before that.
SET_BY_CALICO = [
    {"key": "net.ipv4.conf.default.rp_filter", "value": "1"},
    {"key": "net.ipv6.conf.all.forwarding", "value": "1"},
    {"key": "net.netfilter.nf_conntrack_max", "value": "1000000"},
]
MODULES_FILE = "/etc/modules-load.d/calico.conf"
NETWORK_MANAGER_FILE = "/etc/NetworkManager/conf.d/calico.conf"
SYSCTL_NAME = "60-calico"
NETWORKD_FILE = "/etc/systemd/network/10-calico.network"
OF_ALL_HOSTS = ("groups", "hostvars")


class Variables(Mapping[str, Any]):
    """The variables of a host. What is plain is taken as it is, because a template costs a hundred times as much; so is what core knows of all hosts, which
    nobody writes and which is as large as the inventory.

    :param raw: as they were written.
    :param template: callable(value) -> value.
    :param instead: what certain templates are, without being asked for.
    """

    def __init__(
        self, raw: Mapping[str, Any], template: Callable[[Any], Any], instead: Mapping[str, str] | None = None
    ) -> None:
        self._raw, self._template, self._instead = raw, template, instead or {}
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            value = self._raw[name]
            if name in OF_ALL_HOSTS:
                return value
            if isinstance(value, str) and value.strip() in self._instead:
                value = self._instead[value.strip()]
            elif is_template(value):
                value = self._template(value)
            self._known[name] = value
        return self._known[name]

    def __iter__(self) -> Any:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def truth(self, name: str) -> bool:
        return bool(boolean(self[name], strict=False))


def _given(**arguments: Any) -> Args:
    """Arguments without those that are empty."""
    return {name: value for name, value in arguments.items() if value not in (None, "", {})}


def _overrides(v: Variables) -> list[dict[str, str]]:
    """What an operator says of single artifacts."""
    return [
        {"name": "calicoctl", "url": v["calico_calicoctl_url"], "sha256": v["calico_calicoctl_sha256"]},
        {"name": "calico", "url": v["calico_cni_plugin_url"], "sha256": v["calico_cni_plugin_sha256"]},
        {"name": "calico-ipam", "url": v["calico_cni_ipam_url"], "sha256": v["calico_cni_ipam_sha256"]},
        {
            "name": "etcd",
            "url": v["calico_etcd_url"],
            "sha256": v["calico_etcd_sha256"],
            "directory": v["calico_etcd_archive_directory"],
        },
        {
            "name": "calico-node",
            "url": v["calico_node_archive_url"],
            "sha256": v["calico_node_archive_sha256"],
            "image": v["calico_node_image"],
        },
    ]


def _of_release(find: Callable[..., Found], *args: Any, **arguments: Any) -> Found:
    """What find() says, its error as Ansible wants it."""
    try:
        return find(*args, **arguments)
    except CalicoError as error:
        raise AnsibleFilterError(str(error)) from error


def artifacts(v: Variables) -> dict[str, dict[str, Any]]:
    """Source, and image, of each artifact of the release; see _artifacts.resolve()."""
    directory = controller_path(v["calico_artifacts_dir"])
    return _of_release(
        _artifacts.resolve,
        str(v["calico_release"]),
        mirror=v["calico_mirror_url"],
        directory=directory,
        overrides=_overrides(v),
    )


def manifest(v: Variables) -> list[dict[str, Any]]:
    """What is fetched once; see _artifacts.manifest()."""
    sums_of = v["calico_manifest_release"]
    return _of_release(
        _artifacts.manifest,
        str(v["calico_release"]),
        mirror=v["calico_mirror_url"],
        overrides=_overrides(v),
        sums_of=sums_of,
    )


def sums(v: Variables) -> list[dict[str, str]]:
    """Which checksum each artifact that is fetched has; see _artifacts.sums()."""
    etcd = v.truth("calico_etcd_proxy") or v["calico_etcd_source"] == "managed"
    return _artifacts.sums(artifacts(v), etcd=etcd, by_tag=v.truth("calico_image_by_tag"))


def uses_ipip(v: Variables) -> bool:
    """Whether a pool has its packets in IP-in-IP."""
    return any(_shapes.ipip_mode(pool) != "off" for pool in v["calico_ip_pools"])


def etcd(v: Variables) -> Args:
    """How calicoctl, calico/node and the plugin reach etcd: the proxy without TLS, on the loopback device; the proxy speaks TLS to the members."""
    tls = not v.truth("calico_etcd_proxy")
    files = {name: v[f"calico_etcd_{name}"] if tls else "" for name in ("ca_file", "cert_file", "key_file")}
    return {"endpoints": v["calico_etcd_endpoints"], **files}


def _download(v: Variables, timeout: str = "timeout") -> Args:
    return _given(ca_path=v["calico_download_ca_file"], **{timeout: v["calico_download_timeout"]})


def keeps_files(v: Variables) -> bool:
    """Whether a host puts back by itself what an upgrade of DC/OS takes away; only agents have anything there."""
    return "agent" in kinds(v) and v.truth("calico_keep_files")


def sysctl(v: Variables) -> Args:
    return {"name": SYSCTL_NAME, "settings": v["calico_host_sysctls"], "set_by_others": SET_BY_CALICO}


def agent_files(v: Variables) -> Args:
    host, keep = host_files(v), keeps_files(v)
    files = _keep_files.files(f"{v['calico_bin_dir']}/{_keep_files.NAME}", f"/etc/sysctl.d/{SYSCTL_NAME}.conf", keep)
    return {
        "files": host["files"] + files + list(v["calico_etcd_tls_files"]),
        "units": host["units"] + _keep_files.units(keep),
    }


def host_files(v: Variables) -> Args:
    """Those that are the same on every host, and the units that read them."""
    modules = [*v["calico_host_modules"], *(["ipip"] if uses_ipip(v) else [])]
    interfaces = v["calico_host_interfaces"]
    managed = "# Managed by Ansible (dcos.calico.calico_host).\n"
    files = [
        {"path": MODULES_FILE, "content": managed + "".join(f"{name}\n" for name in modules)},
        {
            "path": NETWORK_MANAGER_FILE,
            "content": f"{managed}[keyfile]\nunmanaged-devices={';'.join(f'interface-name:{name}' for name in interfaces)}\n",
        },
        {"path": NETWORKD_FILE, "content": f"{managed}[Match]\nName={' '.join(interfaces)}\n\n[Link]\nUnmanaged=yes\n"},
    ]
    files += [
        {"path": f"/etc/systemd/system/{unit}.d/10-calico-rp-filter.conf", "content": RP_FILTER}
        for unit in RP_FILTER_UNITS
    ]
    units = [
        {"name": "NetworkManager.service", "reload_on": [NETWORK_MANAGER_FILE], "optional": True},
        {"name": "systemd-networkd.service", "restart_on": [NETWORKD_FILE], "optional": True},
    ]
    return {"files": files, "units": units}


def etcd_version(v: Variables) -> str:
    """The version of the etcd that is installed, as far as its address or the directory in its archive says so."""
    given = f"{v['calico_etcd_archive_directory']} {v['calico_etcd_url']}".strip()
    found = re.search(r"\d+\.\d+\.\d+", given)
    return found.group() if found else "" if given else _releases.ETCD


def _etcd_service(v: Variables) -> Args:
    """What proxy and member have in common."""
    return {
        "executable": {"path": f"{v['calico_bin_dir']}/etcd", **artifacts(v)["etcd"]["source"]},
        "user": v["calico_etcd_user"],
        "wait": v["calico_etcd_wait"],
        **_download(v, "download_timeout"),
        **_given(
            ca_file=v["calico_etcd_ca_file"], cert_file=v["calico_etcd_cert_file"], key_file=v["calico_etcd_key_file"]
        ),
    }


def etcd_proxy(v: Variables) -> Args:
    """Of a host that has one, or is to have none."""
    own = {"unit": v["calico_etcd_proxy_unit"], "data_dir": v["calico_etcd_proxy_data_dir"]}
    if not v.truth("calico_etcd_proxy"):
        return {"state": "absent", **own}
    members = v["calico_etcd_members"]
    found = {} if members else {"discovery_srv": v["calico_etcd_srv"]}
    adopts = {"replace_unmanaged": True} if v.get("__calico_adopt") else {}
    return {
        **_etcd_service(v),
        **own,
        **found,
        **adopts,
        "members": members,
        "allowed_users": v["calico_etcd_proxy_users"],
    }


def etcd_members(v: Variables) -> list[str]:
    """URLs of a managed cluster, for whoever talks to it: its proxies, or without them its clients."""
    if v["calico_etcd_source"] != "managed":
        return []
    port = v["calico_etcd_peer_port" if v.truth("calico_etcd_proxy") else "calico_etcd_client_port"]
    tls = bool(v["calico_etcd_ca_file"])
    found = _shapes.etcd_members(v["groups"].get("masters") or [], v["hostvars"], port=port, tls=tls)
    return [member["peer_url"] for member in found]


def etcd_member(v: Variables) -> Args:
    """Of a managed cluster. With certificates it listens for clients everywhere, without them on the address by which the cluster reaches it."""
    tls, host, masters = bool(v["calico_etcd_ca_file"]), v["inventory_hostname"], v["groups"].get("masters") or []
    port = v["calico_etcd_client_port"]
    own = [item["peer_url"] for item in _shapes.etcd_members(masters, v["hostvars"], port=port) if item["name"] == host]
    return {
        **_etcd_service(v),
        "unit": v["calico_etcd_member_unit"],
        "data_dir": v["calico_etcd_data_dir"],
        "name": host,
        "members": _shapes.etcd_members(masters, v["hostvars"], port=v["calico_etcd_peer_port"], tls=tls),
        "cluster_token": v["calico_etcd_cluster_token"],
        "listen_client_urls": [f"https://0.0.0.0:{port}"] if tls else own,
        "wait_for": v.get("__calico_etcd_wait_for", v["calico_etcd_wait_for"]),
    }


def calicoctl(v: Variables) -> Args:
    """calicoctl and its configuration, in the shape of calicoctl 1.x; an empty string is the same as no value there."""
    reach = etcd(v)
    spec = {
        "datastoreType": "etcdv2",
        "etcdEndpoints": ",".join(reach["endpoints"]),
        "etcdCACertFile": reach["ca_file"],
        "etcdCertFile": reach["cert_file"],
        "etcdKeyFile": reach["key_file"],
    }
    document = {
        "apiVersion": "v1",
        "kind": "calicoApiConfig",
        "metadata": {},
        "spec": {key: str(value) for key, value in spec.items()},
    }
    content = "# Managed by Ansible (dcos.calico.calico_ctl).\n" + yaml.safe_dump(
        document, indent=2, default_flow_style=False, allow_unicode=True
    )
    return {
        "executables": [
            {
                "path": f"{v['calico_bin_dir']}/calicoctl",
                "links": v["calico_ctl_links"],
                **artifacts(v)["calicoctl"]["source"],
            }
        ],
        "files": [
            {
                "path": v["calico_ctl_config_file"],
                "content": content,
                "unmanaged": v["calico_ctl_unmanaged_config"],
                "unmanaged_same": ["etcdEndpoints"],
            }
        ],
        **_download(v),
    }


def _calicoctl(v: Variables) -> Args:
    """How a module calls calicoctl."""
    return {"calicoctl": f"{v['calico_bin_dir']}/calicoctl", "config": v["calico_ctl_config_file"]}


def node(v: Variables) -> Args:
    image = artifacts(v)["calico-node"]
    return {
        **_calicoctl(v),
        "image": image["image"],
        "image_by_tag": v["calico_image_by_tag"],
        "name": v["calico_node_name"],
        "ip": v["calico_node_ip"],
        "libnetwork": v.get("calico_node_libnetwork", v["calico_docker_network"]),
        "after_units": [v["calico_etcd_proxy_unit"]] if v.truth("calico_etcd_proxy") else [],
        "restart": v.get("__calico_node_restart", v["calico_node_restart"]),
        "health": {
            "felix_port": v["calico_felix_health_port"],
            "port_access": v["calico_node_health_port_access"],
            "timeout": v["calico_node_health_timeout"],
            "stable_seconds": v["calico_node_stable_seconds"],
            "tolerated_peers": v["calico_node_tolerated_peers"],
            "down_peers": v.get("__calico_node_down_peers", v["calico_node_down_peers"]),
        },
        **_given(image_archive=image["source"], as_number=v["calico_node_as_number"], metrics=_metrics(v)),
        **_download(v),
    }


def _metrics(v: Variables) -> Args:
    if not v.truth("calico_metrics"):
        return {}
    return {"port": v["calico_metrics_port"], "scrapers": v["calico_metrics_scrapers"]}


def networks(v: Variables) -> Args:
    found = artifacts(v)
    return {
        "dir": v["calico_cni_conf_dir"],
        "networks": _shapes.cni_network_files(
            v["calico_networks"],
            v["calico_node_name"],
            etcd(v),
            mtu=v["calico_cni_mtu"],
            log_level=v["calico_cni_log_level"],
            pools=v["calico_ip_pools"],
            unlisted=v["calico_ip_pools_unlisted"],
        ),
        "plugins": [{"name": name, **found[name]["source"]} for name in ("calico", "calico-ipam")],
        "bin_dir": v["calico_bin_dir"],
        "plugin_dir": v["calico_cni_plugin_dir"],
        "plugin_dirs": v["calico_cni_plugin_dirs"],
        "keep_copies": keeps_files(v),
        **_download(v),
    }


def agent_restart(v: Variables) -> Args:
    """The agent of DC/OS Enterprise answers nobody without a token; Mesos does, through Admin Router."""
    files = _shapes.cni_network_files(v["calico_networks"], "", {"endpoints": []})
    asks_mesos = bool(v.get("calico_dcos_url") or os.environ.get("DCOS_URL"))
    return {
        "restart": v["calico_agent_restart"],
        "files": [f"{v['calico_cni_conf_dir']}/{item['file']}" for item in files if item["state"] == "present"],
        "timeout": v["calico_agent_restart_timeout"],
        "closed_api": "accept" if asks_mesos else "refuse",
    }


def resources(v: Variables) -> Args:
    """Pools, and the networks' profiles."""
    unlisted = v["calico_ip_pools_unlisted"]
    return {
        **_calicoctl(v),
        "resources": _shapes.ip_pool_resources(v["calico_ip_pools"])
        + _shapes.profile_resources(v["calico_networks"], v["calico_policy_default_profile"]),
        "other_pools": "disable" if unlisted == "disable" else "keep",
        "prune": unlisted == "delete",
        "prune_kinds": ["ipPool"],
        "forbidden_cidrs": v["calico_forbidden_cidrs"],
        "timeout": v["calico_datastore_timeout"],
    }


def policies(v: Variables) -> list[Args]:
    """Policies, and further resources as they are written."""
    return [*_shapes.policy_resources(v["calico_policies"]), *v["calico_resources"]]


def settings(v: Variables) -> Args:
    return {**_calicoctl(v), "settings": v["calico_felix_settings"], "timeout": v["calico_datastore_timeout"]}


def docker_networks(v: Variables) -> list[Args]:
    return _docker.docker_networks(
        v["calico_docker_networks"],
        v["calico_ip_pools"],
        libnetwork=v.get("calico_node_libnetwork", v["calico_docker_network"]),
        release=str(v["calico_release"]),
    )


def _kubernetes_kubeconfig_file(v: Variables) -> str:
    return f"{v['calico_kubernetes_dir']}/kubeconfig"


def kubernetes_kubeconfig(v: Variables) -> Args:
    """The file by which the CNI plugin reaches the API of Kubernetes; a token in it is a secret."""
    token = v.get("calico_kubernetes_token", "")
    content = _kubernetes.kubeconfig(
        v["calico_kubernetes_apiserver"],
        ca_file=v["calico_kubernetes_ca_file"],
        cert_file=v["calico_kubernetes_certificate_file"],
        key_file=v["calico_kubernetes_key_file"],
        token=token,
    )
    return {"path": _kubernetes_kubeconfig_file(v), "secret_content" if token else "content": content}


def kubernetes_network(v: Variables) -> Args:
    """The list of CNI plugins for the kubelets."""
    config = _kubernetes.conflist(
        v["calico_kubernetes_conflist_name"],
        v["calico_node_name"],
        etcd(v),
        _kubernetes_kubeconfig_file(v),
        mtu=v["calico_kubernetes_mtu"],
        log_level=v["calico_kubernetes_log_level"],
        ipv4_pools=v["calico_kubernetes_ipv4_pools"],
    )
    return {"file": v["calico_kubernetes_conflist_file"], "config": config}


def kubernetes_objects(v: Variables) -> list[Args]:
    """The objects of Calico's controllers, for the version of Kubernetes that the task says; they read the same files as calicoctl does."""
    return _of_release(
        _kubernetes.objects,
        str(v["calico_release"]),
        v["__calico_kubernetes_api_version"],
        {**etcd(v), "endpoints": v["calico_kubernetes_etcd_endpoints"]},
        image=v["calico_kubernetes_controllers_image"],
        secret=v["calico_kubernetes_etcd_secret"],
        user=v["calico_kubernetes_common_name"],
    )


def info(v: Variables) -> Args:
    """What is looked at on a host. Members that somebody else runs are there before anything is installed."""
    finds_members = v.truth("calico_etcd_proxy") and v["calico_etcd_source"] == "existing"
    return {
        "cni_dir": v["calico_cni_conf_dir"],
        "plugin_dirs": v["calico_cni_plugin_dirs"],
        "executables": [f"{v['calico_bin_dir']}/{name}" for name in ("calicoctl", "etcd", "calico", "calico-ipam")],
        "etcd_endpoints": v["calico_etcd_endpoints"],
        "etcd_peers": v["calico_etcd_members"] if finds_members else [],
        "felix_health_port": v["calico_felix_health_port"],
        "proxy_unit": v["calico_etcd_proxy_unit"],
        "probe_ipip": uses_ipip(v),
        "ports": [v[f"calico_{name}"] for name in ("etcd_client_port", "etcd_peer_port", "metrics_port")],
        "calicoctl_cfg": v["calico_ctl_config_file"],
        **_given(
            etcd_srv=v["calico_etcd_srv"] if finds_members else "",
            masters="master.mesos" if v["calico_etcd_source"] == "managed" else "",
            etcd_ca_file=v["calico_etcd_ca_file"],
            etcd_cert_file=v["calico_etcd_cert_file"],
            etcd_key_file=v["calico_etcd_key_file"],
        ),
    }


def datastore_info(v: Variables) -> Args:
    return {**_calicoctl(v), "kinds": ["ipPool", "node", "workloadEndpoint"], "timeout": 30, "required": False}


def kinds(v: Variables) -> set[str]:
    """What a host is, by its groups: C(member) of a managed etcd, C(node) of Calico, C(agent) of Mesos."""
    groups, host = v["groups"], v["inventory_hostname"]

    def inside(*names: str) -> bool:
        return any(host in (groups.get(name) or ()) for name in names)

    agent = inside("agents", "agents_private", "agents_public")
    found = {
        "agent": agent,
        "node": agent or inside("calico_masters_with_node"),
        "member": inside("calico_etcd_managed"),
    }
    return {name for name, is_it in found.items() if is_it}


def _step(job: str, args: Args) -> Args:
    return {"job": job, "args": args}


def host_steps(v: Variables) -> list[Args]:
    """The jobs of a host in the order of the plays that run them, without the look at the host itself."""
    is_a: set[str] = kinds(v)
    steps: list[Args] = []
    if "member" in is_a:
        steps.append(_step("etcd_member", etcd_member(v)))
    if "node" in is_a:
        steps += [
            _step("sysctl", sysctl(v)),
            _step("agent_files", agent_files(v)),
            _step("etcd_proxy", etcd_proxy(v)),
            _step("executable", calicoctl(v)),
        ]
        # Peers that are down are told of together, at the end.
        desired = node(v)
        steps.append(_step("calicoctl_node", {**desired, "health": {**desired["health"], "down_peers": "report"}}))
    if "agent" in is_a:
        steps += [_step("cni_network", networks(v)), _step("mesos_agent", agent_restart(v))]
    return steps


def datastore_steps(v: Variables) -> list[Args]:
    """The jobs of the datastore."""
    return [
        _step("calicoctl_resource_info", datastore_info(v)),
        _step("calicoctl_resource", {**resources(v), "removals": "later"}),
        _step("calicoctl_config", settings(v)),
    ]


def uninstall(v: Variables) -> Args:
    """Where everything is on a host that an install brought there."""
    desired, given = host_files(v), [item["path"] for item in v["calico_etcd_tls_files"]]
    issued = [v[f"calico_certificates_{name}_file"] for name in ("key", "certificate", "ca")]
    return {
        "cni_dir": v["calico_cni_conf_dir"],
        "plugin_dir": v["calico_cni_plugin_dir"],
        "bin_dir": v["calico_bin_dir"],
        "calicoctl_links": v["calico_ctl_links"],
        "config": v["calico_ctl_config_file"],
        "proxy_unit": v["calico_etcd_proxy_unit"],
        "proxy_data_dir": v["calico_etcd_proxy_data_dir"],
        "member_unit": v["calico_etcd_member_unit"],
        "member_data_dir": v["calico_etcd_data_dir"],
        "user": v["calico_etcd_user"],
        "files": [item["path"] for item in desired["files"]],
        "etcd_files": given + (issued if v.truth("calico_certificates") else []),
        "units": desired["units"],
        "cut_off": v.truth("calico_uninstall_cut_off"),
        "forget_nodes": v["calico_uninstall_forget_nodes"],
        "timeout": v["calico_datastore_timeout"],
    }


PARTS: dict[str, Callable[[Variables], Any]] = {
    "agent_files": agent_files,
    "agent_restart": agent_restart,
    "calicoctl": calicoctl,
    "docker_networks": docker_networks,
    "etcd": etcd,
    "etcd_member": etcd_member,
    "etcd_members": etcd_members,
    "etcd_proxy": etcd_proxy,
    "etcd_version": etcd_version,
    "kubernetes_kubeconfig": kubernetes_kubeconfig,
    "kubernetes_network": kubernetes_network,
    "kubernetes_objects": kubernetes_objects,
    "manifest": manifest,
    "networks": networks,
    "node": node,
    "policies": policies,
    "resources": resources,
    "settings": settings,
    "sums": sums,
    "sysctl": sysctl,
    "uninstall": uninstall,
}


def part(name: str, v: Variables) -> Any:
    """One part of what is desired."""
    if name not in PARTS:
        raise AnsibleFilterError(f"Nothing is desired by the name {name!r}. Use one of {', '.join(PARTS)}.")
    return PARTS[name](v)
