"""A host whose Docker is a double (tests/unit/support/doubles/docker.py) with a real process as daemon; calico/node on it is healthy when it says so."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import sys

import pytest

NODE = {'NODENAME': '10.0.2.10', 'CALICO_NETWORKING_BACKEND': 'bird', 'CALICO_LIBNETWORK_ENABLED': 'true'}
# What of daemon.json a real one knows, as far as tests need it.
DAEMON = '''
import json, os, sys, time
values = json.load(open(%(config)r)) if os.path.exists(%(config)r) else {}
unknown = set(values) - set(["cluster-store", "cluster-store-opts", "log-driver", "storage-driver", "labels"])
if unknown or os.path.exists(%(directory)r + "/refuses"):
    sys.exit("unable to configure the Docker daemon with file daemon.json: %%s" %% ", ".join(sorted(unknown)))
flags = dict(word[2:].split("=", 1) for word in sys.argv[1:] if word.startswith("--cluster-store="))
if set(flags) & set(values):
    sys.exit("the following directives are specified both as a flag and in the configuration file: cluster-store")
with open(%(directory)r + "/running.new", "w") as handle:
    json.dump(dict(dict(values, pid=os.getpid()), **flags), handle, sort_keys=True)
os.rename(%(directory)r + "/running.new", %(directory)r + "/running.json")
with open(os.environ["NOTIFY_FILE"] + ".new", "w") as handle:
    handle.write(str(os.getpid()))
os.rename(os.environ["NOTIFY_FILE"] + ".new", os.environ["NOTIFY_FILE"])
time.sleep(1000)
'''


class Docker:
    """The host: its daemon's file and state; C(waited) are the names of nodes whose health was waited for, C(restarts) for
    which restart, C(up) the sessions of calico/node's BIRD."""

    def __init__(self, host, start):
        self.host = host
        self.directory = host.root.mkdir('docker')
        self.config = host.root.ensure('etc', 'docker', dir=True).join('daemon.json')
        self.config.write('{\n    "storage-driver": "overlay2",\n    "log-driver": "json-file"\n}\n')
        self.note = host.root.join('var', 'docker.json')
        self.program = host.root.join('dockerd.py')
        self.program.write(DAEMON % {'config': str(self.config), 'directory': str(self.directory)})
        self.start = start
        self.waited, self.restarts, self.up = [], [], []
        self.write(version='19.03.5', containers=[], node=NODE, pools=['10.60.0.0/16'])
        host.double('docker', 'docker.py')
        self.flags('')

    def flags(self, words):
        """Start the daemon with these flags."""
        self.host.unit('docker.service', '%s -E %s %s' % (sys.executable, self.program, words), more='Type=notify\n')
        self.start()
        self.first = self.host.pid('docker.service')

    def write(self, **changes):
        path = self.directory.join('state.json')
        path.write(json.dumps(dict(json.loads(path.read()) if path.check() else {}, **changes), sort_keys=True))

    def values(self):
        return json.loads(self.config.read())

    def networks(self):
        """{name: object} of all stores."""
        path = self.directory.join('stores.json')
        return dict(item for store in json.loads(path.read()).values() for item in store.items()) if path.check() else {}

    def attach(self, network, *containers):
        """Let containers be on a network."""
        path = self.directory.join('stores.json')
        stores = json.loads(path.read())
        for store in stores.values():
            if network in store:
                store[network]['Containers'] = dict((name * 8, {'Name': name}) for name in containers)
        path.write(json.dumps(stores, sort_keys=True))

    def restarted(self):
        return self.host.pid('docker.service') != self.first

    def args(self, **more):
        return dict({'endpoints': ['http://127.0.0.1:2379'], 'daemon_config': str(self.config), 'note': str(self.note), 'timeout': 20}, **more)


@pytest.fixture
def docker(systemd_host, monkeypatch):
    """A Docker that runs on a systemd_host, with a calico/node that has its libnetwork plugin."""
    from ansible_collections.dcos.calico.plugins.module_utils._calico import _health, _restart, _runner
    from ansible_collections.dcos.calico.plugins.module_utils._host import _docker_daemon, _network, _systemd

    def start():
        _systemd.daemon_reload()
        _systemd.start(['docker.service'], 'restart')
        _systemd.wait_active(['docker.service'], 60)

    made = Docker(systemd_host, start)
    monkeypatch.setattr(_docker_daemon, 'PAUSE', 0.02)
    monkeypatch.setattr(_docker_daemon, 'plugin_answers', lambda: True)
    monkeypatch.setattr(_network, 'ipv6', lambda: {'supported': False, 'default_disabled': None})
    monkeypatch.setattr(_health, 'wait', lambda desired, *unused, **more: made.waited.append(desired.name) or made.restarts.append(more['restart']))
    monkeypatch.setattr(_restart, 'await_turn', lambda: made.up)
    monkeypatch.setattr(_runner.Calicoctl, 'nodes', lambda self: [])
    return made
