"""A host for tests of modules that manage files and units: see tests/unit/doubles."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import json
import os
import signal
import socket
import sys

import pytest

# Without site packages the doubles start faster; a virtualenv's Python 2.7 finds its own library only with them.
FLAGS = "-E" if sys.version_info < (3,) else "-SE"
DOUBLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "doubles")


def _read(path):
    with open(path) as handle:
        return handle.read()


class Host:
    """A folder that stands for a host, with doubles of systemd and etcd on its PATH; its files belong to whoever runs the tests."""

    def __init__(self, root):
        self.root = root
        self.units = root.join("etc", "systemd", "system")
        for folder in ("bin", "systemd", "members", "srv", "etc/systemd/system"):
            root.ensure(folder, dir=True)
        root.join("systemd", "state.json").write(json.dumps({"enabled": [], "loaded": {}, "services": {}}, sort_keys=True))
        self.tool("systemctl", "#!%s %s\n%s" % (sys.executable, FLAGS, _read(os.path.join(DOUBLES, "systemctl.py"))))
        self.tool("journalctl", '#!/bin/sh\ntail -n "$4" "%s/systemd/$2.journal"\n' % root)
        self.etcd = self.tool("etcd-archive", "#!%s %s\n%s" % (sys.executable, FLAGS, _read(os.path.join(DOUBLES, "etcd.py"))))

    def tool(self, name, text):
        path = self.root.join("bin", name)
        path.write(text)
        path.chmod(0o755)
        return path

    def unit(self, name, command="/bin/sleep 1000", install=True, more=""):
        """Write a unit; returns its path."""
        path = self.units.join(name)
        path.write("[Service]\nExecStart=%s\n%s%s" % (command, more, "[Install]\nWantedBy=multi-user.target\n" if install else ""))
        return path

    def state(self):
        return json.loads(self.root.join("systemd", "state.json").read())

    def pid(self, name):
        return self.state()["services"][name]["pid"]

    def calls(self, *verbs):
        """What systemctl was asked to do since the last time, looks left out."""
        path = self.root.join("systemd", "calls")
        lines = path.read().splitlines() if path.check() else []
        path.write("")
        return [line for line in lines if line.split()[0] not in ("show", "reset-failed")]

    def member(self, url, api="v2"):
        """Let a member listen for peers at a URL; api None: it is gone."""
        path = self.root.join("members", url.split("//")[1])
        if api:
            path.write(api)
        elif path.check():
            path.remove()

    def srv(self, domain, *urls):
        """SRV records of a domain; none: they are gone."""
        path = self.root.join("srv", domain)
        if urls:
            path.write("\n".join(urls))
        elif path.check():
            path.remove()

    def etcd_source(self):
        """Source of the etcd double, as modules take it."""
        return {"src": str(self.etcd), "sha256": hashlib.sha256(self.etcd.read_binary()).hexdigest(), "path": str(self.root.join("opt", "etcd"))}

    def close(self):
        """End every process of this host, also one that a restart was about to replace."""
        own = str(self.root).encode("utf-8")
        known = [str(service["pid"]) for service in self.state()["services"].values()]
        for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as handle:
                    ours = own in handle.read() and int(pid) != os.getpid()
                if ours or pid in known:
                    os.kill(int(pid), signal.SIGKILL)
            except (IOError, OSError):
                pass


@pytest.fixture
def free_port():
    """A TCP port of 127.0.0.1 that nobody uses."""
    with_port = socket.socket()
    with_port.bind(("127.0.0.1", 0))
    port = with_port.getsockname()[1]
    with_port.close()
    return port


@pytest.fixture
def systemd_host(tmpdir, monkeypatch):
    """A Host; modules see it as theirs."""
    from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd_service, _files

    host = Host(tmpdir)
    monkeypatch.setenv("DOUBLES", str(tmpdir))
    monkeypatch.setenv("PATH", str(tmpdir.join("bin")) + os.pathsep + os.environ["PATH"])
    monkeypatch.setattr(_etcd_service, "UNIT_FOLDER", str(host.units))
    monkeypatch.setattr(_etcd_service, "CONFIG_FOLDER", str(tmpdir.join("etc", "calico")))
    state = _files.state_of(str(tmpdir))
    host.user = state.owner
    if os.getuid() != 0:
        numbers = {"user": os.getuid(), "group": os.getgid()}
        monkeypatch.setattr(_files, "_number", lambda dummy, name, what: numbers[what])
        monkeypatch.setattr(_files, "_name", lambda dummy, number: "root")
    yield host
    host.close()
