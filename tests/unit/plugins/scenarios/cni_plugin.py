"""Plugins with their links."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib

from ...support.scenario import Scenario

PLUGIN = """#!/bin/sh
echo '{"cniVersion":"0.3.1","supportedVersions":["0.1.0","0.2.0"]}'
"""


def sources(root):
    """Both plugins of Calico, from one file of the host."""
    root.join("src").write(PLUGIN)
    digest = hashlib.sha256(PLUGIN.encode("ascii")).hexdigest()
    return [{"name": name, "src": str(root.join("src")), "sha256": digest} for name in ("calico", "calico-ipam")]


def placing(root):
    """Options of modules that install plugins."""
    return {
        "plugins": sources(root),
        "bin_dir": str(root.join("bin")),
        "plugin_dir": str(root.join("active")),
        "receipts": str(root.join("receipts.json")),
    }


def _args(use):
    root = use("tmpdir")
    use("as_root")
    root.ensure("active", dir=True)
    return dict(placing(root), cni_config_dir=str(root.join("cni")))


def present(use):
    return Scenario(_args(use), use("tmpdir"))


def upgraded(use):
    """DC/OS was upgraded, and its directory is a new one."""
    given, directory = _args(use), use("tmpdir").join("active")
    return Scenario(given, use("tmpdir"), before=[given], alter=lambda: [link.remove() for link in directory.listdir()])


def absent(use):
    given = _args(use)
    return Scenario(dict(given, state="absent"), use("tmpdir"), before=[given])


SCENARIOS = {"present": present, "upgraded": upgraded, "absent": absent}
