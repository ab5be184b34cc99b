"""A network with its plugins, beside files of others."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario
from .cni_plugin import placing

CONFIG = {"name": "calico", "cniVersion": "0.1.0", "type": "calico", "etcd_endpoints": "http://localhost:2379", "ipam": {"type": "calico-ipam"}}
SECRET = {"policy": {"k8s_auth_token": "hunter2hunter2"}}


def _args(use, *networks):
    root = use("tmpdir")
    use("as_root")
    directory = root.ensure("network", "cni", dir=True)
    root.ensure("active", dir=True)
    directory.join("bridge.conf").write('{"name": "mesos-bridge", "type": "bridge"}')
    directory.join("broken.bak").write('{"name": "x"}')
    directory.join("kube.conflist").write('{"name": "kube", "plugins": [{"type": "portmap"}]}')
    return dict(placing(root), networks=list(networks), dir=str(directory), plugin_dirs=[str(root.join("active"))])


def present(use):
    return Scenario(_args(use, {"file": "calico.cni", "config": CONFIG}), use("tmpdir"), unlike=["plugins_missing"])


def secret(use):
    before = _args(use, {"file": "calico.cni", "config": CONFIG})
    after = _args(use, {"file": "calico.cni", "config": CONFIG, "secret_config": SECRET})
    return Scenario(after, use("tmpdir"), before=[before])


def without_its_plugin(use):
    """Somebody removed a plugin, which is put in its place again."""
    given, plugin = _args(use, {"file": "calico.cni", "config": CONFIG}), use("tmpdir").join("bin", "calico")
    return Scenario(given, use("tmpdir"), before=[given], alter=plugin.remove)


def absent(use):
    given = _args(use, {"file": "calico.cni", "config": CONFIG})
    return Scenario(dict(given, networks=[{"file": "calico.cni", "state": "absent"}]), use("tmpdir"), before=[given])


SCENARIOS = {"present": present, "secret": secret, "without_its_plugin": without_its_plugin, "absent": absent}
