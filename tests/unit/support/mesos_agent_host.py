"""A Mesos agent for tests: its unit runs as a real process (systemd_host), its API answers on loopback as Mesos 1.5's does."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import threading

import pytest

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

UNIT = 'dcos-mesos-slave.service'
ID = '5b5b9f31-6a4c-4c4c-9f1a-1b1f7a1c0a37-S0'


def framework(tasks, checkpoint=True, ended=None, **more):
    """A framework of /state with one executor for each task."""
    executors = [{'id': name, 'tasks': [{'id': name, 'state': 'TASK_RUNNING'}], 'queued_tasks': [], 'completed_tasks': []} for name in tasks]
    completed = [{'id': name, 'tasks': [], 'completed_tasks': [{'id': name, 'state': state}]} for name, state in sorted((ended or {}).items())]
    return dict({'id': 'f', 'name': 'marathon', 'checkpoint': checkpoint, 'executors': executors, 'completed_executors': completed}, **more)


class Agent:
    """C(before) is what the API says before the unit is started again, C(after) (a list, the last one stays) what it says then, look by look.

    Each is a dict with status, id, frameworks, registered; what is left out is as usual.
    """

    def __init__(self, host, start):
        self.host = host
        self.before, self.after, self.said = {}, [{}], {}
        self.files = [host.root.join(name) for name in ('packaged', 'own')]
        self.files[0].write('# packaged\nMESOS_NETWORK_CNI_PLUGINS_DIR=/opt/mesosphere/active/cni/\nMESOS_NETWORK_CNI_CONFIG_DIR="/opt/x"\n')
        host.unit(UNIT, more='EnvironmentFile=%s\nEnvironmentFile=-%s\n' % tuple(self.files))
        host.root.ensure('roles', 'slave')
        start()
        self.first = self.pid()
        self.server = HTTPServer(('127.0.0.1', 0), self.handler())
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.01})
        self.thread.daemon = True
        self.thread.start()

    def pid(self):
        return (self.host.state()['services'].get(UNIT) or {}).get('pid')

    def look(self):
        """What it says from this look at its state on."""
        after = self.after.pop(0) if self.pid() != self.first and len(self.after) > 1 else self.after[0]
        self.said = self.before if self.pid() == self.first else after

    def handler(self):
        agent = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == '/state':
                    agent.look()
                said = agent.said
                if self.path == '/state':
                    document = {'id': said.get('id', ID), 'frameworks': said.get('frameworks', [framework(['web.1'])])}
                else:
                    document = {'slave/registered': 1.0 if said.get('registered', True) else 0.0}
                body = json.dumps(document).encode('utf-8')
                self.send_response(said.get('status', 200))
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        return Handler

    def change_environment(self, value='/opt/mesosphere/active/cni/:/opt/calico/cni'):
        """What the next start would get."""
        self.files[1].write('MESOS_NETWORK_CNI_PLUGINS_DIR=%s\n' % value)

    def args(self, **more):
        return dict({'address': '127.0.0.1', 'port': self.server.server_port, 'timeout': 20}, **more)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mesos_agent(systemd_host, monkeypatch):
    """An Agent that runs on a systemd_host, strict about rp_filter."""
    from ansible_collections.dcos.calico.plugins.module_utils._host import _facts_dcos, _mesos_agent, _network, _systemd

    monkeypatch.setattr(_facts_dcos, 'ROLES', str(systemd_host.root.join('roles')))
    monkeypatch.setattr(_mesos_agent, 'PAUSE', 0.02)
    monkeypatch.setattr(_mesos_agent, 'LATEST', str(systemd_host.root.join('latest')))
    monkeypatch.setattr(_network, 'rp_filter', lambda: {'all': 1, 'default': 2, 'cali1': 1})
    made = Agent(systemd_host, lambda: _systemd.start([UNIT]))
    yield made
    made.close()
