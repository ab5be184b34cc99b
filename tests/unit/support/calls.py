"""What a module calls, held to the records of the real tools (tests/calls) on the Pythons that can read them."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import sys

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp
from ansible_collections.dcos.calico.plugins.module_utils._host import _command

try:
    from http.client import HTTPConnection
except ImportError:
    from httplib import HTTPConnection

DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "calls")


class Calls:
    """Notes what the product calls from now on: programs, etcd's HTTP requests, BIRD's socket."""

    def __init__(self, monkeypatch):
        self.noted = []
        run, ask, put = _command.run, _bgp.reply_to, HTTPConnection.putrequest

        def ran(argv, timeout, stdin=None, environ=None, **more):
            self.noted.append((list(argv), dict(item for item in (environ or {}).items() if item[1] is not None), stdin))
            return run(argv, timeout, stdin=stdin, environ=environ, **more)

        def asked(command, *more):
            self.noted.append((["bird"] + command.split(), {}, None))
            return ask(command, *more)

        def requested(connection, method, url, *more, **options):
            self.noted.append((["http", method, url], {}, None))
            return put(connection, method, url, *more, **options)

        monkeypatch.setattr(_command, "run", ran)
        monkeypatch.setattr(_bgp, "reply_to", asked)
        monkeypatch.setattr(HTTPConnection, "putrequest", requested)

    def without_record(self):
        """Shapes that were called, and that neither a record nor a reason for having none covers."""
        return [] if sys.version_info < (3, 11) else without_record(self.noted)


def without_record(calls):
    """The same of (argv, environ, stdin)."""
    if DIRECTORY not in sys.path:
        sys.path.insert(0, DIRECTORY)
    import records
    import shapes

    found = set(shape for call in calls for shape in shapes.shapes(*call))
    return sorted(found - set(records.covered()) - set(records.exceptions()))
