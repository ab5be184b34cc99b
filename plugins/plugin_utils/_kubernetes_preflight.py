# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Kubernetes on DC/OS can be what is desired, before anything is touched anywhere. Pure.

C(hosts) is {name: what agent_info returned}; C(desired) is described in the module kubernetes_preflight.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _versions
from ansible_collections.dcos.calico.plugins.plugin_utils import _releases
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict
from ansible_collections.dcos.calico.plugins.plugin_utils._preflight_networks import file_of

Found = Mapping[str, Any]

# Kubelet reads these of its directory, and takes the first of them by name.
KUBELET_READS = (".conf", ".conflist", ".json")
OLDEST_DCOS = (1, 9)
# Package kubernetes 1.0.0-1.9.3 to 1.3.1-1.10.8 (Universe: minDcosReleaseVersion, config.json).
PACKAGE_DCOS = (1, 11)
PACKAGE = ((1, 0, 0), (1, 3, 1))
OURS = "calico-kube-controllers"
CONTROLLER_IMAGES = ("/kube-controllers:", "/kube-policy-controller:")
OTHER_PACKAGE = (
    "only 1.0.0-1.9.3 to 1.3.1-1.10.8 have the option kubernetes.network_provider: from 2.0.0 on each cluster brings a Calico of its own, "
    "which neither needs nor takes this one"
)


def numbers(version: Any) -> tuple[int, ...]:
    """The leading numbers of a version: (1, 3, 1) of 1.3.1-1.10.8; empty if there are none."""
    match = re.match(r"^v?(\d+(?:\.\d+)*)", str(version or "").strip())
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


def has_option(version: Any) -> bool:
    """Whether a version of package kubernetes has kubernetes.network_provider."""
    found = numbers(version)
    return len(found) == 3 and PACKAGE[0] <= found <= PACKAGE[1]


def validate(hosts: Mapping[str, Found | None], desired: Found) -> Verdict:
    """What is found, about the cluster first."""
    verdict = Verdict()
    check_network(verdict, desired)
    check_certificates(verdict, desired)
    if desired["package"]["desired"]:
        check_package(verdict, desired)
    if desired["controllers"]["desired"]:
        check_controllers(verdict, desired)
    for name in sorted(hosts):
        check_host(verdict.on(name), hosts[name] or {}, desired)
    return verdict


def check_network(verdict: Verdict, desired: Found) -> None:
    """The network of the package's own containers must be one that Mesos gets; the conflist's must not be."""
    names = [item.get("name") for item in desired["networks"] if item.get("state", "present") == "present"]
    if desired["network"] not in names:
        verdict.fail(
            "network",
            f"calico_kubernetes_network is {desired['network']}",
            f"calico_networks has {', '.join(map(str, names)) or 'nothing'}, and tasks on a network that Mesos does not know fail",
            "Name one of calico_networks",
        )
    conflist = desired["conflist"]
    if conflist["name"] in names:
        why, remedy = (
            "two files of one directory must not define one network",
            "Choose another calico_kubernetes_conflist_name",
        )
        verdict.fail("conflist", f"The network {conflist['name']} is one of calico_networks", why, remedy)
    if not conflist["file"].endswith(".conflist"):
        remedy = "Let it end in .conflist"
        verdict.fail(
            "conflist",
            f"calico_kubernetes_conflist_file is {conflist['file']}",
            "a kubelet reads lists of plugins from *.conflist only",
            remedy,
        )
    if conflist["dir"] == desired["mesos_dir"]:
        for item in desired["networks"]:
            _check_first(verdict, file_of(item), conflist, "set its file in calico_networks to NAME.cni")


def _check_first(verdict: Verdict, file: str, conflist: Found, remedy: str) -> None:
    if file.endswith(KUBELET_READS) and file < conflist["file"]:
        verdict.fail(
            "conflist",
            f"{conflist['dir']}/{file} comes before {conflist['file']}",
            "a kubelet takes the first file by name that ends in .conf, .conflist or .json, so pods would get the network in that one",
            f"Have it end otherwise ({remedy}), choose a calico_kubernetes_conflist_file that comes first, or another calico_kubernetes_conflist_dir",
        )


def check_certificates(verdict: Verdict, desired: Found) -> None:
    """Where the CNI plugin's credentials come from."""
    certificates = desired["certificates"]
    if certificates["issued"] and certificates["variant"] == "open":
        verdict.fail(
            "certificates",
            "Open DC/OS has no certificate authority",
            None,
            "Give the certificate, key and CA for the CNI plugin by calico_kubernetes_tls_files, or a token by calico_kubernetes_token",
        )
    if certificates["issued"] and certificates["files"]:
        verdict.fail(
            "certificates",
            "The CNI plugin's certificates have two sources",
            "calico_kubernetes_certificates is true, and calico_kubernetes_tls_files is not empty",
            "Use one",
        )
    if not certificates["issued"]:
        # The CA, which comes last, goes with a token too.
        missing = [
            path
            for path in certificates["paths"][2 if certificates["token"] else 0 :]
            if path not in certificates["files"]
        ]
        if missing and (certificates["files"] or certificates["token"]):
            verdict.fail(
                "certificates",
                f"calico_kubernetes_tls_files has no {', '.join(missing)}",
                None,
                "List the certificate, its key and the CA",
            )
        elif missing:
            remedy = "Switch on calico_kubernetes_certificates (Enterprise), or give calico_kubernetes_tls_files or calico_kubernetes_token"
            verdict.fail("certificates", "The CNI plugin has no way to log in to the API of Kubernetes", None, remedy)


def check_package(verdict: Verdict, desired: Found) -> None:
    """The version, and that what is installed has the option as required: it cannot be changed."""
    package, network = desired["package"], desired["network"]
    if not has_option(package["version"]):
        verdict.fail(
            "package", f"Package kubernetes {package['version']} cannot be used", OTHER_PACKAGE, "Choose 1.3.1-1.10.8"
        )
    given = ((package["options"] or {}).get("kubernetes") or {}).get("network_provider", network)
    if given != network:
        why = f"calico_kubernetes_options says {given}, calico_kubernetes_network {network}"
        verdict.fail(
            "package", "kubernetes.network_provider is said twice", why, "Leave it out of calico_kubernetes_options"
        )
    for one in package["installed"]:
        if one["app_id"].strip("/") == package["service"].strip("/"):
            _check_installed(verdict, one, package, network)


def _check_installed(verdict: Verdict, one: Found, package: Found, network: str) -> None:
    what = f"Package kubernetes {one['version']} is installed as {one['app_id']}"
    if not has_option(one["version"]):
        verdict.fail(
            "package",
            what,
            OTHER_PACKAGE,
            "Leave calico_kubernetes off for this cluster, or use another calico_kubernetes_service",
        )
        return
    if one["version"] != package["version"]:
        remedy = "Set calico_kubernetes_version, or upgrade the package yourself first"
        verdict.fail("package", f"{what}, and {package['version']} is required", None, remedy)
    if one["options"] is None:
        remedy = "Look at the options of its app, and set calico_kubernetes_package to false if they are right"
        verdict.fail("package", f"{what}, and nobody noted its options", None, remedy)
        return
    provider = (one["options"].get("kubernetes") or {}).get("network_provider", "dcos")
    if provider != network:
        verdict.fail(
            "package",
            f"{what} with kubernetes.network_provider {provider}, and {network} is required",
            "the option is immutable: it must not be changed after the installation, and the package does not convert what runs",
            "Save what runs there, uninstall the package, and run again; or leave calico_kubernetes off",
        )


def check_controllers(verdict: Verdict, desired: Found) -> None:
    """The image, the datastore as the Deployment sees it, and that no other controllers run."""
    controllers = desired["controllers"]
    try:
        _releases.resolve(desired["release"])
    except CalicoError as error:
        verdict.refuse("release", error)
    refused = _versions.controllers_refused(controllers["version"])
    if refused:
        verdict.fail("kubernetes_version", *refused)
    if not controllers["endpoints"]:
        why = "calico_kubernetes_etcd_endpoints is empty"
        verdict.fail("etcd", "kube-controllers would not find the datastore", why, "Set it, or calico_etcd_members")
    secured = [url for url in controllers["endpoints"] if url.startswith("https://")]
    if secured and not (controllers["secret"] or controllers["tls"]):
        remedy = (
            "Set calico_etcd_ca_file, calico_etcd_cert_file and calico_etcd_key_file, or calico_kubernetes_etcd_secret"
        )
        verdict.fail(
            "etcd", f"kube-controllers could not talk to {', '.join(secured)}", "there are no files for TLS", remedy
        )
    for needed in controllers["lacking"]:
        what = "The objects of kube-controllers cannot be written"
        verdict.fail(
            "collection",
            what,
            f"the {needed['kind']} {needed['name']} is not there",
            f"Install it for ansible-playbook: {needed['command']}",
        )
    for item in desired["deployments"]:
        if (
            item["name"] != OURS
            and any(mark in image for image in item["images"] for mark in CONTROLLER_IMAGES)
            and not item["text"].startswith("0 of 0")
        ):
            verdict.fail(
                "controllers",
                f"The Deployment {item['name']} runs {', '.join(item['images'])} already",
                "two of them work against each other",
                f"Remove it: kubectl -n kube-system delete deployment {item['name']}",
            )


def check_host(verdict: Verdict, info: Found, desired: Found) -> None:
    """DC/OS' version, the plugins that the conflist names, and what a kubelet would read before it."""
    dcos, cni, conflist = info.get("dcos") or {}, info.get("cni") or {}, desired["conflist"]
    version = numbers(dcos.get("version"))[:2]
    if version and version < OLDEST_DCOS:
        verdict.fail(
            "dcos_version",
            f"DC/OS {dcos['version']} is not supported",
            "Mesos' agent does not start there with a list of plugins in its directory of networks",
            "Leave calico_kubernetes off, or upgrade DC/OS; package kubernetes needs 1.11",
        )
    elif version:
        supported, reason = _releases.supported_dcos(dcos["version"])
        if not supported:
            verdict.fail("dcos_version", str(reason), None, "Leave calico_kubernetes off")
        elif desired["package"]["desired"] and version < PACKAGE_DCOS:
            remedy = "Upgrade DC/OS; or bring a Kubernetes of your own, and set calico_kubernetes_package to false"
            verdict.fail(
                "dcos_version", f"Package kubernetes needs DC/OS 1.11, and this is {dcos['version']}", None, remedy
            )
    there = cni.get("plugins") or {}
    for plugin in desired["plugins"]:
        if plugin not in there:
            verdict.fail(
                "plugin",
                f"The CNI plugin {plugin} is in none of {', '.join(desired['plugin_dirs'])}",
                "DC/OS brings it from 1.10 on",
                "Install it with dcos.calico.cni_plugin from the release of containernetworking/plugins",
            )
    for item in cni.get("files") or []:
        if item["file"] != conflist["file"] and item["file"] not in desired["files"]:
            _check_first(verdict, item["file"], conflist, "rename it")
