# -*- coding: utf-8 -*-
"""A host's kernel for tests: iptables, ipset and ip answer of tables, sets, routes and interfaces that are kept here, as their real ones print them.

What they print was seen on a host with Calico 2.6.6: iptables 1.8.9 (legacy), ipset 7.17, iproute2 6.1.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

OTHERS = """\
*filter
:INPUT ACCEPT [4291:44284226]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [3293:303993]
:DOCKER-USER - [0:0]
:calico-dhcp - [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "ssh stays" -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -m comment --comment "not cali: of Felix" -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
"""
# Parts of what Felix had made: each kind of rule once.
FELIX = """\
*filter
:INPUT ACCEPT [4291:44284226]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [3293:303993]
:DOCKER-USER - [0:0]
:calico-dhcp - [0:0]
:cali-FORWARD - [0:0]
:cali-INPUT - [0:0]
:cali-wl-to-host - [0:0]
:dcos-calico-etcd-1 - [0:0]
-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "ssh stays" -j ACCEPT
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -j DOCKER-USER
-A FORWARD -m comment --comment "not cali: of Felix" -j ACCEPT
-A OUTPUT -d 127.0.0.1/32 -o lo -p tcp -m tcp --dport 2379 -j dcos-calico-etcd-1
-A DOCKER-USER -j RETURN
-A cali-FORWARD -i cali+ -m comment --comment "cali:Tt19HcSdA5YIGSsw" -j ACCEPT
-A cali-INPUT -i cali+ -m comment --comment "cali:JaoDb6CLdcGw8g0Y" -g cali-wl-to-host
-A dcos-calico-etcd-1 -m owner --uid-owner 0 -j RETURN
COMMIT
"""


class Kernel:
    """tables {program: text of iptables-save}, sets, routes {family: [lines]}, interfaces [names]; C(busy): how often the tables are locked by others;
    addresses: lines of the tunnel's; broken: calls that fail with C(words)."""

    def __init__(self):
        self.tables = {"iptables": FELIX, "ip6tables": ""}
        self.sets = ["cali4-all-ipam-pools", "cali4-s:JMz1aBSYELpr6BzcF1lBPYq", "cali6t0", "d-dcos", "calico"]
        self.routes = {"-4": ["blackhole 192.168.121.0/26 ", "192.168.185.192/26 via 172.29.50.22 dev eth0 "], "-6": []}
        self.busy, self.called, self.refuses = 0, [], ()
        self.addresses, self.broken, self.words = [], (), "it is broken"

    def run(self, argv, stdin):
        """(rc, out, err), or None for a program that is not of the kernel."""
        name = argv[0]
        if argv in self.broken:
            return 1, "", self.words
        if argv == ["ip", "-o", "-4", "addr", "show", "dev", "tunl0"]:
            return 0, "".join(line + "\n" for line in self.addresses), ""
        if name.endswith("-save"):
            return 0, self.tables[name[:-len("-save")]], ""
        if name.endswith("-restore"):
            return self._restore(name[:-len("-restore")], stdin)
        if name == "ipset" and argv[1:] == ["list", "-n"]:
            return 0, "".join(line + "\n" for line in self.sets), ""
        if name == "ipset":
            return self._change(argv, self.sets, argv[2])
        if name == "ip" and argv[2:] == ["route", "show", "table", "all", "proto", "12"]:
            return 0, "".join(line + "\n" for line in self.routes[argv[1]]), ""
        if name == "ip" and argv[2:4] == ["route", "del"]:
            assert argv[-2:] == ["proto", "12"]
            return self._change(argv, self.routes[argv[1]], " ".join(argv[4:-2]) + " ")
        return None

    def _change(self, argv, things, thing):
        self.called.append(argv)
        if thing in self.refuses or thing not in things:
            return 1, "", "%s v7.17: Set cannot be destroyed: it is in use by a kernel component\n" % argv[0]
        things.remove(thing)
        return 0, "", ""

    def _restore(self, program, text):
        self.called.append([program + "-restore", text])
        if self.busy:
            self.busy -= 1
            return 4, "", "Another app is currently holding the xtables lock.\n"
        kept, table = self.tables[program].splitlines(), None
        for line in text.splitlines():
            if line.startswith("*"):
                table = line
            elif line.startswith(":"):
                chain = line[1:].split()[0]
                kept = [old for old in kept if not old.startswith("-A %s " % chain)]
            elif line.startswith("-D "):
                kept.remove("-A" + line[2:])
            elif line.startswith("-X "):
                chain = line.split()[1]
                if any(old.endswith((" -j " + chain, " -g " + chain)) for old in kept):
                    return 1, "", "iptables-restore: line 3 failed\n"
                kept = [old for old in kept if not old.startswith(":%s " % chain)]
        assert table == "*filter" and text.endswith("COMMIT\n")
        self.tables[program] = "\n".join(kept) + "\n"
        return 0, "", ""


@pytest.fixture
def kernel(tmpdir, monkeypatch):
    """A Kernel that modules see as theirs."""
    from ansible_collections.dcos.calico.plugins.module_utils._calico import _dataplane
    from ansible_collections.dcos.calico.plugins.module_utils._host import _command

    made = Kernel()
    made.net = tmpdir.mkdir("net")
    for name in ("eth0", "calico0", "cali-bridge"):
        made.net.mkdir(name)
    find, run = _command.find, _command.run
    programs = ["ipset", "ip"] + [program + end for program in made.tables for end in ("-save", "-restore")]

    def ran(argv, timeout, stdin=None, **more):
        answer = made.run(list(argv), stdin)
        if answer is None and argv[0] == "ip" and argv[1:3] == ["link", "delete"]:
            made.called.append(list(argv))
            made.net.join(argv[3]).remove()
            answer = 0, "", ""
        return _command.Result(*answer) if answer else run(argv, timeout, stdin=stdin, **more)

    def found(program):
        return "/usr/sbin/" + program if program in programs else None if "tables" in program and "-" in program else find(program)

    monkeypatch.setattr(_command, "run", ran)
    monkeypatch.setattr(_command, "find", found)
    monkeypatch.setattr(_dataplane, "NET", str(made.net))
    return made
