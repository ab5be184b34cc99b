# -*- coding: utf-8 -*-
"""A calicoctl to run the modules against: calicoctl_double.py, with a datastore in a temporary directory."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import json
import sys

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _runner

from ...support import calicoctl_double


# Without site-packages it starts faster, but a virtual environment of Python 2.7 then finds no json.
FLAGS = '-E' if sys.version_info < (3,) else '-SE'


class Calicoctl:
    """The double and its datastore. C(options) are what a module needs to find it."""

    def __init__(self, directory, monkeypatch):
        self.directory = directory
        self.as_program = False
        self._run = _runner._command.run
        monkeypatch.setattr(_runner._command, 'run', self.run)
        with io.open(calicoctl_double.__file__.replace('.pyc', '.py'), encoding='utf-8') as handle:
            directory.join('calicoctl').write('#!%s %s\n%s' % (sys.executable, FLAGS, handle.read()))
        directory.join('calicoctl').chmod(0o755)
        directory.join('calicoctl.cfg').write('apiVersion: v1\nkind: calicoApiConfig\n')
        self.change({'documents': {}, 'settings': {}, 'failures': [], 'down': '', 'forgets': False})
        self.options = {'calicoctl': str(directory.join('calicoctl')), 'config': str(directory.join('calicoctl.cfg'))}

    def run(self, argv, timeout, stdin=None, environ=None):
        """In place of _command.run: as a program where a test asks for that, else in this process."""
        if self.as_program:
            return self._run(argv, timeout, stdin=stdin, environ=environ)
        code, out = calicoctl_double.run(str(self.directory), argv[1:], stdin)
        return _runner._command.Result(code, out, '')

    @property
    def store(self):
        return json.loads(self.directory.join('store.json').read())

    def change(self, parts):
        """Change parts of what the datastore holds."""
        path = self.directory.join('store.json')
        path.write(json.dumps(dict(json.loads(path.read()) if path.check() else {}, **parts), sort_keys=True))

    def hold(self, *documents):
        """Let the datastore hold documents, as calicoctl gives them."""
        found = {}
        for document in documents:
            metadata = document['metadata']
            fields = {'bgpPeer': ('scope', 'node', 'peerIP'), 'hostEndpoint': ('node', 'name'),
                      'workloadEndpoint': ('node', 'orchestrator', 'workload', 'name')}.get(document['kind'], ('name',))
            key = metadata['cidr'] if document['kind'] == 'ipPool' else '/'.join(metadata.get(field) or '' for field in fields)
            found.setdefault(document['kind'], {})[key] = document
        self.change({'documents': found})

    def documents(self, kind):
        """What the datastore holds of a kind: {identity: spec}."""
        return dict((key, document['spec']) for key, document in self.store['documents'].get(kind, {}).items())

    def calls(self):
        """What it was asked since last time."""
        log = self.directory.join('calls.log')
        calls = log.read().splitlines() if log.check() else []
        log.write('')
        return calls


@pytest.fixture
def calicoctl(tmpdir, monkeypatch):
    return Calicoctl(tmpdir.mkdir('calicoctl'), monkeypatch)
