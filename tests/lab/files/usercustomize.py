# -*- coding: utf-8 -*-
"""Notes what the product calls on a host of the lab: programs, etcd's HTTP requests, BIRD's socket, each with the product's lines that call.

Every Python that root starts loads it (site, usercustomize), from 2.7 on. Where the product is not imported it costs a comparison for each import.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

NOTES = '/var/lib/lab/calls/calls.jsonl'
PRODUCT = 'ansible_collections.dcos.calico'
PLUGINS = 'ansible_collections/dcos/calico/'
# Where the product starts each program: not the line that one looks for.
STARTER = '_host/_command.py'
PROGRAMS = ('calicoctl', 'calico', 'calico-ipam', 'docker', 'etcd', 'etcdctl')
BIRD = 'bird.ctl'
LINES = 6


class Finder:
    """Finds nothing; sees the product being imported."""

    watching = False

    def find_spec(self, name, path=None, target=None):
        if not self.watching and name.startswith(PRODUCT):
            self.watching = True
            watch()

    find_module = find_spec  # Python 2


def lines(frame):
    """The product's lines that lead to a frame, innermost first, as FILE:LINE."""
    found = []
    while frame is not None and len(found) < LINES:
        before, inside, path = frame.f_code.co_filename.partition(PLUGINS)
        if inside and not path.endswith(STARTER):
            found.append('%s:%d' % (path, frame.f_lineno))
        frame = frame.f_back
    return found


def text(value):
    return value.decode('utf-8', 'replace') if isinstance(value, bytes) else value


def note(argv, environ=None, stdin=None):
    """One line of the notes; what others than the product call is passed over."""
    import json
    import os

    caller = lines(sys._getframe(2))
    if not caller:
        return
    kept = dict((name, value) for name, value in (environ or {}).items() if 'CNI_' in name or 'ETCD_' in name)
    line = json.dumps({'argv': [text(word) for word in argv], 'env': kept, 'stdin': text(stdin), 'lines': caller})
    try:
        notes = os.open(NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError:
        return  # A host that is taken down; that nothing is noted anywhere is found at the end.
    os.write(notes, (line + '\n').encode('utf-8'))
    os.close(notes)


def watch():
    """Put the ears on."""
    import os
    import socket
    import subprocess

    start, communicate = subprocess.Popen.__init__, subprocess.Popen.communicate
    connect, send = socket.create_connection, socket.socket.sendall

    def started(self, args, *more, **options):
        self.lab_call = None
        if isinstance(args, (list, tuple)) and os.path.basename(text(args[0])) in PROGRAMS:
            self.lab_call = (args, options.get('env'))
            if options.get('stdin') != subprocess.PIPE:
                note(args, options.get('env'))
        start(self, args, *more, **options)

    def communicated(self, input=None, *more, **options):
        if self.lab_call is not None and self.stdin is not None:
            note(self.lab_call[0], self.lab_call[1], input)
        return communicate(self, input, *more, **options)

    def connected(address, *more, **options):
        library = sys.modules.get('http.client') or sys.modules.get('httplib')
        if library is not None and not hasattr(library, 'lab_put'):
            library.lab_put = library.HTTPConnection.putrequest
            library.HTTPConnection.putrequest = put
            # Its first request was put before: what HTTPConnection.send() was given opens the connection.
            frame = sys._getframe(1)
            while frame is not None and frame.f_code.co_name in ('connect', 'send'):
                if 'data' in frame.f_locals:
                    note(['http'] + text(frame.f_locals['data']).split()[:2])
                frame = frame.f_back
        return connect(address, *more, **options)

    def put(self, method, url, *more, **options):
        note(['http', method, url])
        library = sys.modules.get('http.client') or sys.modules.get('httplib')
        return library.lab_put(self, method, url, *more, **options)

    def sent(self, data, *more):
        if self.family == socket.AF_UNIX and os.path.basename(text(self.getpeername()) or '') == BIRD:
            note(['bird'] + text(data).split())
        return send(self, data, *more)

    subprocess.Popen.__init__, subprocess.Popen.communicate = started, communicated
    socket.create_connection, socket.socket.sendall = connected, sent


sys.meta_path.insert(0, Finder())
