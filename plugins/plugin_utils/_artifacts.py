# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the artifacts of a release come from: upstream, a mirror, or a directory on the controller. Pure.

The mirror's layout (docs/offline.md) is one directory per project and version, named as upstream names them.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _releases

NAMES = ("calicoctl", "calico", "calico-ipam", "etcd", "calico-node")
# The variable by which an operator gives the digest of each.
SHA256_VARIABLES = {
    "calicoctl": "calico_calicoctl_sha256",
    "calico": "calico_cni_plugin_sha256",
    "calico-ipam": "calico_cni_ipam_sha256",
    "etcd": "calico_etcd_sha256",
    "calico-node": "calico_node_archive_sha256",
}


def mirror_paths(release: str) -> dict[str, str]:
    """Path of each artifact below a mirror's root."""
    found = _releases.resolve(release)
    etcd = found["etcd"]
    return {
        "calicoctl": f"calicoctl/v{found['calicoctl']}/calicoctl",
        "calico": f"cni-plugin/v{found['cni']}/calico",
        "calico-ipam": f"cni-plugin/v{found['cni']}/calico-ipam",
        "etcd": f"etcd/v{etcd}/etcd-v{etcd}-linux-amd64.tar.gz",
        "calico-node": f"images/calico-node-{found['node_image_tag']}.tar",
    }


def resolve(
    release: str, mirror: str = "", directory: str = "", overrides: list[dict[str, str]] | None = None
) -> dict[str, dict[str, Any]]:
    """C(name -> {source, image, other_version}) of every artifact of a release.

    Source is as the agents' modules take it; image for calico-node only; other_version where an override names a version of another release.

    :param mirror: base URL; :param directory: on the controller, laid out like the mirror; it wins over the mirror.
    :param overrides: items with name, and url, sha256, image, directory (inside the archive) as far as they are not empty.
    :raises CalicoError: the release is unknown or refused.
    """
    found = _releases.resolve(release)
    paths = mirror_paths(release)
    given = {item["name"]: {key: value for key, value in item.items() if value} for item in overrides or []}
    result = {}
    for name in NAMES:
        own, upstream = given.get(name, {}), found["artifacts"].get(name, {})
        source = _place(own, upstream, mirror, directory, paths[name])
        if own.get("sha256"):
            source["sha256"] = own["sha256"].lower()
        if upstream.get("member"):
            source["member"] = f"{own['directory']}/{name}" if own.get("directory") else upstream["member"]
        artifact: dict[str, Any] = {
            "source": {**source, "sha256_variable": SHA256_VARIABLES[name]}
            if "url" in source or "local_src" in source
            else {}
        }
        if name == "calico-node":
            artifact["image"] = own.get("image") or f"calico/node:{found['node_image_tag']}"
        other = next(
            filter(None, (_releases.other_version(name, own.get(key), release) for key in ("url", "image"))), None
        )
        if other:
            artifact["other_version"] = other
        result[name] = artifact
    return result


def manifest(
    release: str, mirror: str = "", overrides: list[dict[str, str]] | None = None, sums_of: str = ""
) -> list[dict[str, Any]]:
    """What dcos.calico.artifact_manifest is to fetch, each where the mirror's layout has it; an image archive only where one has an address.

    :param sums_of: the release whose digests the overrides have, where that is known. Those of another one are not this one's.
    """
    if sums_of and sums_of.lstrip("v") != _releases.resolve(release)["release"]:
        overrides = [{key: value for key, value in item.items() if key != "sha256"} for item in overrides or []]
    found = resolve(release, mirror=mirror, overrides=overrides)
    paths = mirror_paths(release)
    return [
        {
            "name": name,
            "path": paths[name],
            "variable": SHA256_VARIABLES[name],
            "optional": name == "calico-node",
            **{key: found[name]["source"][key] for key in ("url", "sha256", "member") if key in found[name]["source"]},
            **({"image": found[name]["image"]} if name == "calico-node" else {}),
        }
        for name in NAMES
    ]


def sums(artifacts: dict[str, dict[str, Any]], etcd: bool = True, by_tag: bool = False) -> list[dict[str, Any]]:
    """C({name, variable, sha256, other_version}) of each artifact that an install fetches; sha256 is empty where none is given.

    :param by_tag: whether the registry is relied on for what an image is. Otherwise one that would be pulled is listed too, as C(image); with it, only one
        whose name has a version of another release, with C(by_tag).
    """
    fetched = {name: item["source"] for name, item in artifacts.items() if item["source"] and (etcd or name != "etcd")}
    listed = [
        {"name": name, "variable": source["sha256_variable"], "sha256": source.get("sha256", "")}
        for name, source in fetched.items()
    ]
    node = artifacts["calico-node"]
    if not node["source"] and (not by_tag or "other_version" in node):
        image = {
            "name": "calico-node",
            "variable": "calico_node_image",
            "image": node["image"],
            "sha256": node["image"].partition("@sha256:")[2],
        }
        listed.append({**image, **({"by_tag": True} if by_tag else {})})
    return [
        {
            **item,
            **(
                {"other_version": artifacts[item["name"]]["other_version"]}
                if "other_version" in artifacts[item["name"]]
                else {}
            ),
        }
        for item in listed
    ]


def _place(own: dict[str, str], upstream: dict[str, Any], mirror: str, directory: str, path: str) -> dict[str, str]:
    """Where one artifact is: its own address, else the directory, else the mirror, else upstream's; empty if nowhere."""
    if own.get("url"):
        return {"url": own["url"]}
    if directory:
        return {"local_src": f"{directory.rstrip('/')}/{path}"}
    if mirror:
        return {"url": f"{mirror.rstrip('/')}/{path}"}
    return {"url": upstream["url"]} if upstream else {}
