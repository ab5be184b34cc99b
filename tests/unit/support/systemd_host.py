"""A host for tests of modules that manage files and units: see tests/unit/support/doubles."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import json
import os
import signal
import sys
import threading

import pytest

from . import ports

# Without site packages the doubles start faster; a virtualenv's Python 2.7 finds its own library only with them.
FLAGS = "-E" if sys.version_info < (3,) else "-SE"
DOUBLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "doubles")


def _read(path):
    with open(path) as handle:
        return handle.read()


class _Said:
    """Collects what a double prints, on both Pythons."""

    def __init__(self):
        self.parts = []

    def write(self, text):
        self.parts.append(text)

    def flush(self):
        pass

    def text(self):
        return "".join(self.parts)


class _Given:
    """What a double reads from its standard input."""

    def __init__(self, text):
        self._text = text or ""

    def read(self):
        return self._text


CODES = {}
# Notes what it is asked to change, and knows whether a rule was put into OUTPUT; looks go to the real one.
IPTABLES = """#!/bin/sh
[ "$1" = -w ] || exec /usr/sbin/iptables "$@"
echo "$@" >> "{0}/iptables.calls"
case " $* " in
  *" -C "*) grep -qxF -e "${{*#-w -C }}" "{0}/iptables.rules" 2> /dev/null;;
  *" -I "*) echo "${{*#-w -I }}" >> "{0}/iptables.rules";;
  *" -D "*)
    grep -qxF -e "${{*#-w -D }}" "{0}/iptables.rules" 2> /dev/null || exit 1
    grep -vxF -e "${{*#-w -D }}" "{0}/iptables.rules" > "{0}/iptables.new" || rm "{0}/iptables.rules" "{0}/iptables.new"
    [ ! -e "{0}/iptables.new" ] || mv "{0}/iptables.new" "{0}/iptables.rules";;
esac
"""


class Doubles:
    """In place of _command.execute: runs doubles written in Python within this process, because starting one for each call costs more than all else.

    Other programs run as ever, and so do all where a test sets C(as_programs).
    """

    def __init__(self, execute, result):
        self.as_programs = False
        self._execute = execute
        self._result = result
        self._texts = {}
        self._lock = threading.RLock()

    def add(self, path, text):
        """Know a program by its text: one that a test puts in its place is another."""
        self._texts[str(path)] = text
        if text not in CODES:
            CODES[text] = compile(text, str(path), "exec")

    def __call__(self, path, argv, timeout, stdin, env):
        text = self._texts.get(path)
        if self.as_programs or text is None or _read(path) != text:
            return self._execute(path, argv, timeout, stdin, env)
        out, err, status = _Said(), _Said(), 0
        with self._lock:
            before = sys.argv, sys.stdin, sys.stdout, sys.stderr
            sys.argv, sys.stdin, sys.stdout, sys.stderr = [path] + argv[1:], _Given(stdin), out, err
            try:
                exec(CODES[text], {"__name__": "__main__"})
            except SystemExit as ended:
                status = (list(ended.args) + [0])[0]
                if isinstance(status, str):
                    err.write(status + "\n")
                    status = 1
            finally:
                sys.argv, sys.stdin, sys.stdout, sys.stderr = before
        return self._result(status, out.text(), err.text())


class Host:
    """A directory that stands for a host, with doubles of systemd and etcd on its PATH; its files belong to whoever runs the tests."""

    def __init__(self, root, doubles):
        self.root = root
        self.doubles = doubles
        self.units = root.join("etc", "systemd", "system")
        for directory in ("bin", "systemd", "members", "srv", "etc/systemd/system"):
            root.ensure(directory, dir=True)
        root.join("systemd", "state.json").write(json.dumps({"loaded": {}, "services": {}}, sort_keys=True))
        self.double("systemctl", "systemctl.py")
        self.tool("journalctl", '#!/bin/sh\ntail -n "$4" "%s/systemd/$2.journal"\n' % root)
        self.tool("iptables", IPTABLES.format(root))
        self.etcd = self.tool("etcd-archive", "#!%s %s\n%s" % (sys.executable, FLAGS, _read(os.path.join(DOUBLES, "etcd.py"))))

    def tool(self, name, text):
        path = self.root.join("bin", name)
        path.write(text)
        path.chmod(0o755)
        return path

    def double(self, name, file):
        """Put a double of tests/unit/support/doubles in place."""
        text = "#!%s %s\n%s" % (sys.executable, FLAGS, _read(os.path.join(DOUBLES, file)))
        self.doubles.add(self.tool(name, text), text)

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

    def etcd_args(self, url, **more):
        """Options of a module that runs the etcd double, which clients reach at a URL."""
        paths = {"data_dir": str(self.root.join("data")), "receipts": str(self.root.join("receipts.json"))}
        return dict(paths, user=self.user, executable=self.etcd_source(), listen_client_urls=[url], **more)

    def close(self):
        """End every process that was started here, also one that a restart was about to replace."""
        path = self.root.join("systemd", "started")
        ours = ("DOUBLES=%s" % self.root).encode("utf-8")
        for pid in path.read().split() if path.check() else []:
            try:
                with open("/proc/%s/environ" % pid, "rb") as handle:
                    if ours in handle.read().split(b"\0"):
                        os.kill(int(pid), signal.SIGKILL)
            except (IOError, OSError):
                pass


@pytest.fixture
def free_port():
    """A port of 127.0.0.1 that nobody uses."""
    return ports.free_port()


@pytest.fixture
def systemd_host(tmpdir, monkeypatch):
    """A Host; modules see it as theirs."""
    from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _etcd_service, _files, _systemd
    from ansible_collections.dcos.calico.plugins.module_utils._jobs import _etcd_proxy

    host = Host(tmpdir, Doubles(_command.execute, _command.Result))
    monkeypatch.setattr(_command, "execute", host.doubles)
    for module, name, seconds in ((_etcd_service, "PAUSE", 0.05), (_systemd, "PAUSE", 0.02), (_systemd, "SETTLE", 0.1)):
        monkeypatch.setattr(module, name, seconds)
    monkeypatch.setenv("DOUBLES", str(tmpdir))
    monkeypatch.setenv("PATH", str(tmpdir.join("bin")) + os.pathsep + os.environ["PATH"])
    monkeypatch.setattr(_etcd_service, "UNIT_DIRECTORY", str(host.units))
    monkeypatch.setattr(_etcd_proxy, "RUN", str(tmpdir.join("run")))
    monkeypatch.setattr(_etcd_proxy, "DIRECTORIES", (str(tmpdir.join("bin")),))
    monkeypatch.setattr(_etcd_service, "CONFIG_DIRECTORY", str(tmpdir.join("etc", "calico")))
    state = _files.state_of(str(tmpdir))
    host.user = state.owner
    if os.getuid() != 0:
        numbers = {"user": os.getuid(), "group": os.getgid()}
        monkeypatch.setattr(_files, "_number", lambda dummy, name, what: numbers[what])
        monkeypatch.setattr(_files, "_name", lambda dummy, number: "root")
    yield host
    host.close()
