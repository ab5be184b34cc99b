"""The host of calico/node for tests: doubles of docker and calicoctl (tests/unit/support/doubles), and a BIRD that answers on a socket."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import io
import json
import os
import shutil
import socket
import tarfile
import tempfile
import threading
import time

import pytest

STATUS = """1000-BIRD 1.6.8
1011-Router ID is 10.0.0.11
 Current server time is 2026-11-22 12:09:02
 Last reboot on 2026-11-22 12:09:01
 Last reconfiguration on 2026-11-22 12:09:01
%s0013 Daemon is up and running
"""
IMAGE = 'quay.io/calico/node:v2.6.6'
# Two addresses on one interface, and a bridge of DC/OS
ADDRESSES = """\
2: eth0    inet 10.0.0.11/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet 10.0.0.12/24 brd 10.0.0.255 scope global secondary eth0\\       valid_lft forever preferred_lft forever
5: m-dcos    inet 9.0.21.1/25 brd 9.0.21.127 scope global m-dcos\\       valid_lft forever preferred_lft forever
"""


def _read(path):
    with open(path) as handle:
        return handle.read()


class Bird(threading.Thread):
    """Answers on a control socket: a session with every other node of the datastore, whose C(state()) has nodes and mesh.

    recovering: for so many looks at its status it still recovers from a restart. restarting: {address: for so many looks that peer restarts}. begun: sessions
    that it was told to begin anew, without which it recovers at once. Replies as those of a BIRD 1.6 that was looked at.
    """

    def __init__(self, state):
        super(Bird, self).__init__()
        self.daemon = True
        self.state = state
        self.directory = tempfile.mkdtemp()
        self.path = os.path.join(self.directory, 'bird.ctl')
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen(5)
        self.down, self.extra, self.recovering = set(), [], 0
        self.restarting, self.begun = {}, []

    def lines(self):
        found = []
        for name, address in sorted(self.state()['nodes'].items()):
            if address and name != 'agent1' and self.state()['mesh'] == 'on':
                host = address.split('/')[0]
                info = 'start  23:49:11    Active        Socket: Connection refused' if host in self.down else 'up     23:49:15    Established   '
                found.append('Mesh_%s BGP      master   %s' % (host.replace('.', '_'), info))
        return found + list(self.extra)

    def details(self):
        """What C(show protocols all) has more, of those details that are read."""
        for line in self.lines():
            address = '.'.join(line.split()[0].split('_')[1:])
            self.restarting[address] = self.restarting.get(address, 0) - 1
            yield '1002-' + line
            yield '1006-  Description:    Connection to BGP peer'
            if self.restarting[address] >= 0:
                yield '     Neighbor graceful restart active'
            yield ' '

    def run(self):
        while True:
            try:
                client = self.server.accept()[0]
            except (OSError, socket.error):
                return
            client.sendall(b'0001 BIRD 1.6.8 ready.\n')
            asked = client.recv(100)
            if asked == b'show status\n':
                recovery = '0024-Graceful restart recovery in progress\n   Waiting for 2 protocols to recover\n   Wait timer is 239/240\n'
                self.recovering -= 1
                client.sendall((STATUS % (recovery if self.recovering >= 0 else '')).encode('ascii'))
            elif asked == b'show protocols\n':
                rows = ['2002-name     proto    table    state  since       info', '1002-device1  Device   master   up     23:49:11    ']
                client.sendall(('\n'.join(rows + [' ' + line for line in self.lines()] + ['0000 ', ''])).encode('ascii'))
            elif asked == b'show protocols all\n':
                rows = ['2002-name     proto    table    state  since       info', '1002-device1  Device   master   up     23:49:11    ', '1006-']
                client.sendall(('\n'.join(rows + list(self.details()) + ['0000 ', ''])).encode('ascii'))
            elif asked.startswith(b'restart '):
                self.begun.append(asked.split()[1].decode('ascii'))
                self.recovering = 0
                client.sendall(('0012-%s: restarted\n0000 \n' % self.begun[-1]).encode('ascii'))
            client.close()

    def close(self):
        self.server.close()
        shutil.rmtree(self.directory)


# An iptables with one chain, whose rules are lines of a file; it is always called as: -w -t mangle OPERATION INPUT RULE.
IPTABLES = """#!/bin/sh
rules="%s"
operation=$4
[ "$operation" = -S ] && [ ! -e "$rules" ] && exit 0
shift 5
case $operation in
  -S) sed 's/^/-A INPUT /; s/-p tcp/-p tcp -m tcp/; s/--syn/--tcp-flags FIN,SYN,RST,ACK SYN/; s/dcos.calico/"&"/' "$rules" ;;
  -I) touch "$rules"; { echo "$*"; cat "$rules"; } > "$rules.new"; mv "$rules.new" "$rules" ;;
  -D) grep -qxF -e "$*" "$rules" || exit 1
      awk -v rule="$*" '$0 == rule && !done { done = 1; next } { print }' "$rules" > "$rules.new"; mv "$rules.new" "$rules" ;;
esac
"""


class Node:
    """The host: its doubles' state, its BIRD, and the arguments of the module."""

    def __init__(self, host):
        self.host = host
        self.update(images={IMAGE: {'id': 'sha256:one', 'env': ['CALICO=image']}}, container=None, nodes={}, peers=[], mesh='on', down='', etcd='', log='')
        for name in ('docker', 'calicoctl'):
            host.double(name, 'node.py')
        for name in ('iptables', 'ip6tables'):
            host.tool(name, IPTABLES % host.root.join(name + '-rules'))
        self.config = host.root.ensure('etc', 'calico', 'calicoctl.cfg')
        self.config.write('spec:\n  etcdEndpoints: "http://127.0.0.1:2379"\n')
        self.bird = Bird(self.state)
        self.bird.start()

    def state(self):
        return json.loads(self.host.root.join('node.json').read())

    def update(self, **changes):
        path = self.host.root.join('node.json')
        path.write(json.dumps(dict(self.state() if path.check() else {}, **changes)))

    def args(self, **more):
        root = self.host.root
        health = dict({'timeout': 20, 'stable_seconds': 0}, **more.pop('health', {}))
        return dict({'name': 'agent1', 'ip': '10.0.0.11/24', 'image': IMAGE, 'image_by_tag': True, 'calicoctl': str(root.join('bin', 'calicoctl')),
                     'config': str(self.config),
                     'receipts': str(root.join('receipts.json')), 'log_dir': str(root.join('log')), 'health': health}, **more)

    def archive(self, name, tag=IMAGE):
        """An archive as docker save makes it, with one image."""
        path, text = self.host.root.join(name + '.tar'), json.dumps([{'Config': name * 64 + '.json', 'RepoTags': [tag], 'Layers': []}]).encode('ascii')
        with tarfile.open(str(path), 'w') as archive:
            entry = tarfile.TarInfo('manifest.json')
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
        return {'src': str(path), 'sha256': hashlib.sha256(path.read_binary()).hexdigest()}

    def kill(self):
        """End the container's process, and wait until it has."""
        pid = self.state()['container']['pid']
        try:
            os.kill(pid, 9)
            while _read('/proc/%d/stat' % pid).rsplit(')', 1)[1].split()[0] not in 'ZX':
                time.sleep(0.005)
        except (IOError, OSError):
            pass

    def rules(self, program='iptables'):
        """Rules of one of the two iptables."""
        path = self.host.root.join(program + '-rules')
        return path.read().splitlines() if path.check() else []

    def docker_calls(self):
        path = self.host.root.join('docker-calls')
        lines = path.read().splitlines() if path.check() else []
        path.write('')
        return [line.split()[0] for line in lines]


@pytest.fixture
def node(systemd_host, monkeypatch):
    """A Node on a systemd_host; modules see it as theirs."""
    from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _felix, _health, _node_host
    from ansible_collections.dcos.calico.plugins.module_utils._host import _network
    from ansible_collections.dcos.calico.plugins.module_utils._jobs import _calicoctl_node

    monkeypatch.setattr(_calicoctl_node, 'FELIX_SECONDS', 0.1)  # the double's Felix goes on
    proc = systemd_host.root.mkdir('proc')
    proc.join('uptime').mksymlinkto('/proc/uptime')
    made = Node(systemd_host)
    monkeypatch.setattr(_network, 'addresses', lambda: _network.parse_addresses(ADDRESSES))
    monkeypatch.setattr(_felix, 'PROC', str(proc))
    monkeypatch.setattr(_felix, 'rp_filter_loose', lambda: False)
    monkeypatch.setattr(_bgp, 'SOCKET', made.bird.path)
    monkeypatch.setattr(_health, 'PAUSE', 0.05)
    monkeypatch.setattr(_node_host, 'SETTLE', 0.05)
    monkeypatch.setattr(_node_host, 'UNIT_DIRECTORY', str(systemd_host.units))
    yield made
    made.bird.close()
    if made.state()['container']:
        made.kill()
