"""Files with and without secrets, directories, and the units they belong to."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

NOISE = ["systemd/calls", "systemd/*.journal", "systemd/started"]
UNIT = "[Service]\nExecStart=/bin/sleep 1000\n%s[Install]\nWantedBy=multi-user.target\n"


def _args(host, state="started", more=""):
    path = str(host.units.join("x.service"))
    return {
        "files": [
            {"path": path, "content": UNIT % more},
            {"path": str(host.root.join("etc", "a", "b", "x.conf")), "content": "x\n"},
            {"path": str(host.root.join("etc", "token")), "secret_content": "hunter2hunter2"},
            {"path": str(host.root.join("etc", "directory")), "state": "directory", "mode": "0700"},
            {"path": str(host.root.join("etc", "net.json")), "content": "{}", "validate": "json", "staging": str(host.root)},
        ],
        "units": [
            {"name": "x.service", "enabled": True, "state": state, "restart_on": [path]},
            {"name": "never-there.service", "optional": True, "state": "stopped"},
        ],
    }


def present(use):
    host = use("systemd_host")
    return Scenario(_args(host), host.root, noise=NOISE)


def changed(use):
    host = use("systemd_host")
    return Scenario(_args(host, more="Nice=5\n"), host.root, before=[_args(host)], noise=NOISE)


def absent(use):
    host = use("systemd_host")
    given = _args(host)
    gone = {
        "files": [{"path": item["path"], "state": "absent"} for item in given["files"]],
        "units": [{"name": "x.service", "enabled": False, "state": "stopped"}],
    }
    return Scenario(gone, host.root, before=[given], noise=NOISE)


SCENARIOS = {"present": present, "changed": changed, "absent": absent}
