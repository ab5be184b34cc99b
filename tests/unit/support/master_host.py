"""A DC/OS master with a Mesos-DNS whose file is a package's, and a process that has read it. See tests/unit/support/doubles/mesos_dns.py."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import sys

import pytest

from .systemd_host import DOUBLES, FLAGS

UNIT = 'dcos-mesos-dns.service'
REFRESH = 2  # DC/OS has 30; nobody waits for that here
# As DC/OS' installer writes it, and with what a parser that is used carelessly would change.
TEXT = u"""{
  "zk": "zk://zk-1.zk:2181,zk-2.zk:2181/mesos",
  "refreshSeconds": %(refresh)d, "ttl": 60,
  "domain": "mesos",
  "port": %(port)d, "httpport": %(port)d,
  "resolvers": ["8.8.8.8"],
  "listener": "0.0.0.0",   "email": "root.mesos-dns.mesos",
  "IPSources": ["host","netinfo"],
  "SetTruncateBit": true, "weight": 1.50, "note": "na\\u00efve \u00e9"
}
"""


class Master:
    """The sandbox, and what can be done to it."""

    def __init__(self, host, port, name='mesos-dns.json'):
        self.host = host
        self.root = host.root
        self.port = port
        self.mesosphere = host.root.mkdir('mesosphere')
        self.file = self.mesosphere.mkdir('etc').join(name)
        self.target = self.mesosphere.join('packages', 'dcos-config--setup_1', 'etc', name)
        self.write(TEXT % {'port': port, 'refresh': REFRESH})
        self.file.mksymlinkto(self.target)
        self.env = self.mesosphere.join('etc', 'mesos-dns.env')
        self.env.write('# of the package\nMESOS_DNS_CONFIG=%s\n' % self.file)
        self.version('1.13.9')
        host.root.join('roles', 'master').write('', ensure=True)
        double = os.path.join(DOUBLES, 'mesos_dns.py')
        self.unit = host.unit(UNIT, '%s %s %s' % (sys.executable, FLAGS, double), more='Restart=always\nEnvironmentFile=%s\n' % self.env)

    def version(self, number):
        self.mesosphere.join('etc', 'dcos-version.json').write(json.dumps({'version': number}))

    def write(self, text):
        self.target.write_binary(text.encode('utf-8'), ensure=True)

    def text(self):
        return self.target.read_binary().decode('utf-8')

    def sources(self):
        return json.loads(self.text()).get('IPSources')

    def mood(self, *words):
        self.root.join('mesos_dns').write(' '.join(words))

    def start(self):
        """Mesos-DNS runs, and has read its file."""
        from ansible_collections.dcos.calico.plugins.module_utils._host import _mesos_dns, _systemd

        _systemd.start([UNIT], 'restart')
        health = _mesos_dns.wait_healthy(_mesos_dns.read(str(self.file)), 20)
        assert health.ok, '%s; it said: %s' % (health.words, self.root.join('systemd', UNIT + '.journal').read())
        self.host.calls()
        return self


@pytest.fixture
def master(systemd_host, free_port, monkeypatch):
    """A Master that runs."""
    from ansible_collections.dcos.calico.plugins.module_utils._host import _facts_dcos, _mesos_dns

    for name, path in (('ROOT', 'mesosphere'), ('ROLES', 'roles')):
        monkeypatch.setattr(_facts_dcos, name, str(systemd_host.root.join(path)))
    for name, seconds in (('PAUSE', 0.05), ('BEFORE_SECONDS', 0.3), ('LOOK_SECONDS', 0.5), ('FIRST_FETCH', 0)):
        monkeypatch.setattr(_mesos_dns, name, seconds)
    return Master(systemd_host, free_port).start()
