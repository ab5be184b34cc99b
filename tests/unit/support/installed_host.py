# -*- coding: utf-8 -*-
"""A host with all that an install brings to it, in a directory of a test: for tests of what takes it off."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest

NODE = "10.0.0.11"
IMAGE = "quay.io/calico/node:v2.6.6"
MARKER = "# Managed by Ansible (dcos.calico.calico_ctl).\n"


class Installed:
    """root (py.path), node and kernel (fixtures), store (etcd's keys), config (calicoctl's), url (etcd's); C(args) are the module's."""

    def __init__(self, root, node, kernel, datastore):
        self.root, self.node, self.kernel, self.store = root, node, kernel, datastore.keys
        self.config, self.url = MARKER + datastore.config.read(), datastore.server.url
        receipts = {"docker image %s" % IMAGE: {"source_sha256": "a", "member": None, "sha256": "sha256:one"}}
        for name in ("calico", "calico-ipam", "calicoctl", "etcd"):
            path = root.ensure("opt", "calico", "bin", name)
            path.chmod(0o755)
            receipts[str(path)] = {"source_sha256": "a", "member": None, "sha256": "b"}
        for name in ("calico", "calico-ipam"):
            root.ensure("active", dir=True).join(name).mksymlinkto(str(root.join("opt", "calico", "bin", name)))
        root.join("active", "bridge").write("unmanaged")
        root.ensure("usr", "bin", dir=True).join("calicoctl").mksymlinkto(str(root.join("opt", "calico", "bin", "calicoctl")))
        root.ensure("cni", "calico.cni").write(json.dumps({"name": "calico", "type": "calico", "ipam": {"type": "calico-ipam"}, "nodename": NODE}))
        root.join("cni", "bridge.conf").write('{"name": "mesos-bridge", "type": "bridge"}')
        root.ensure("etc", "calico", "calicoctl.cfg").write(self.config)
        root.ensure("etc", "modules", "calico.conf").write(MARKER + "ip_set\n")
        root.ensure("etc", "x.service.d", "10-calico.conf").write(MARKER + "[Service]\n")
        root.ensure("log", "felix", "current").write("log")
        root.ensure("run", "calico", "bird.ctl")
        root.ensure("state", "receipts.json").write(json.dumps(receipts))
        # What a run keeps for the host to put back; one of it is not there any more.
        copies = root.ensure("etc", "calico", "agent-files", dir=True)
        for path in ("cni/calico.cni", "cni/older.cni"):
            copies.ensure(*root.join(path).strpath.strip("/").split("/")).write("{}")
        link = root.join("active", "calico").strpath
        copies.ensure(*link.strip("/").split("/")[:-1], dir=True).join("calico").mksymlinkto(str(root.join("opt", "calico", "bin", "calico")))
        root.ensure("opt", "calico", "bin", "calico-agent-files")
        for unit in ("calico-agent-files.service", "calico-agent-files.path"):
            node.host.unit(unit)
        node.host.unit("calico-etcd-proxy.service")
        root.ensure("proxy", "proxy", "cluster").write("{}")
        kernel.net.mkdir("cali0123456789a")
        self.store.hold({
            "/calico/v1/Ready": "true", "/calico/v1/host/%s/metadata" % NODE: "{}", "/calico/v1/host/10.0.0.12/metadata": "{}",
            "/calico/felix/v1/host/%s/status" % NODE: "{}", "/calico/v1/host/%s/config/PrometheusMetricsPort" % NODE: "62091",
            "/calico/v1/host/%s/workload/cni/c1/endpoint/eth0" % NODE: json.dumps(
                {"name": "cali0123456789a", "ipv4_nets": ["192.168.1.7/32"]}),
        })
        self.args = {
            "cni_dir": str(root.join("cni")), "plugin_dir": str(root.join("active")), "bin_dir": str(root.join("opt", "calico", "bin")),
            "calicoctl_links": [str(root.join("usr", "bin", "calicoctl"))], "config": str(root.join("etc", "calico", "calicoctl.cfg")),
            "proxy_data_dir": str(root.join("proxy")), "member_data_dir": str(root.join("member")), "user": "no-such-user",
            "files": [str(root.join("etc", "modules", "calico.conf")), str(root.join("etc", "x.service.d", "10-calico.conf"))],
            "copies_dir": str(copies), "log_dir": str(root.join("log")), "timeout": 10,
        }

    def without_containers(self):
        self.kernel.net.join("cali0123456789a").remove()


@pytest.fixture
def installed(node, kernel, datastore, monkeypatch, run_module):
    """An Installed whose calico/node runs."""
    from ansible_collections.dcos.calico.plugins.module_utils._host import _docker, _etcd_service, _executables, _installed, _started
    from ansible_collections.dcos.calico.plugins.module_utils._jobs import _uninstall
    from ansible_collections.dcos.calico.plugins.modules import calicoctl_node

    root = node.host.root
    for module, name, path in (
        (_uninstall, "STATE", "state"), (_uninstall, "NOTES", "state/uninstall.json"), (_uninstall, "RUN", "run/calico"),
        (_uninstall, "NETWORK_MANAGER", "etc/NetworkManager"), (_executables, "RECEIPTS", "state/receipts.json"), (_docker, "DAEMON_CONFIG", "daemon.json"),
        (_etcd_service, "UNIT_DIRECTORY", "etc/systemd/system"), (_etcd_service, "CONFIG_DIRECTORY", "etc/calico"), (_started, "PATH", "started/started.json"),
        (_installed, "PATH", "state/installed.json"),
    ):
        monkeypatch.setattr(module, name, str(root.join(*path.split("/"))))
    monkeypatch.setattr(_uninstall._dataplane, "other_birds", list)
    monkeypatch.setattr(_uninstall._dataplane, "other_felixes", lambda ours: [])
    monkeypatch.setattr(_uninstall._network, "clients", lambda ports: [])
    node.update(nodes={})
    assert not run_module(calicoctl_node, node.args(name=NODE)).get("failed")
    return Installed(root, node, kernel, datastore)
