"""A drop-in and the running kernel."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

KEYS = {"all": "2", "default": "0", "cali12": "2", "cali34": "1"}


def _args(root, **more):
    settings = [
        {"key": "net.ipv4.conf.all.rp_filter", "value": "1"},
        {"key": "net.ipv4.conf.cali*.rp_filter", "value": "1"},
        {"key": "net.netfilter.nf_conntrack_max", "value": "1000000", "optional": True},
    ]
    return dict({"name": "60-calico", "directory": str(root.join("sysctl.d")), "settings": settings}, **more)


def _kernel(use):
    from ansible_collections.dcos.calico.plugins.module_utils._jobs import _sysctl

    root = use("tmpdir")
    use("as_root")
    for name, value in KEYS.items():
        root.join("proc", "net", "ipv4", "conf", name, "rp_filter").write(value + "\n", ensure=True)
    use("monkeypatch").setattr(_sysctl, "PROC_SYS", str(root.join("proc")))
    return root


def present(use):
    root = _kernel(use)
    return Scenario(_args(root), root)


def drifted(use):
    root = _kernel(use)
    key = root.join("proc", "net", "ipv4", "conf", "cali34", "rp_filter")
    return Scenario(_args(root), root, before=[_args(root)], alter=lambda: key.write("2\n"))


def absent(use):
    root = _kernel(use)
    return Scenario(_args(root, state="absent"), root, before=[_args(root)])


SCENARIOS = {"present": present, "drifted": drifted, "absent": absent}
