# -*- coding: utf-8 -*-
"""The keys of etcd's v2 API over HTTP, in this process: what a backup and a restore ask of it. test_etcd_keys.py holds it to records of the real one."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import threading

import pytest

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from urllib.parse import parse_qsl, unquote, urlsplit
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer
    from urllib import unquote
    from urlparse import parse_qsl, urlsplit

WORDS = {100: "Key not found", 101: "Compare failed", 102: "Not a file", 105: "Key already exists", 108: "Directory not empty"}
STATUS = {100: 404, 101: 412, 102: 403, 105: 412, 108: 403}
CLUSTER = "d141b266ca1a82cc"


def _text(value):
    return value if isinstance(value, type(u"")) else value.decode("utf-8")


class Refused(Exception):
    def __init__(self, code, cause):
        super(Refused, self).__init__(code)
        self.code = code
        self.cause = cause


class EtcdKeys:
    """Its keys and directories; C(meanwhile) is called before each write, once, with the request's number; C(asked) has (method, path)."""

    def __init__(self, index=3, cluster=CLUSTER):
        self.nodes, self.index, self.cluster = {}, index, cluster
        self.asked, self.meanwhile, self.down = [], {}, False

    # ---- for tests

    def hold(self, values):
        """Put {key: value, None for a directory} in it."""
        for key in sorted(values):
            self.put(key, values[key], {})

    def values(self):
        """{key: value, None for a directory}."""
        return dict((key, node.get("value")) for key, node in self.nodes.items())

    # ---- etcd

    def answer(self, method, target, body):
        """(status, dict) of a request."""
        target, body = str(target), str(body)  # of bytes, on Python 2
        self.asked.append((method, target))
        writes = sum(1 for asked, _path in self.asked if asked != "GET")
        if method != "GET" and writes in self.meanwhile:
            self.meanwhile.pop(writes)()
        parts = urlsplit(target)
        key = _text(unquote(parts.path))[len("/v2/keys"):].rstrip("/")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        try:
            if method == "GET":
                return 200, {"action": "get", "node": self._shown(key, "recursive" in query)}
            if method == "PUT":
                value = None if "dir" in query else _text(dict(parse_qsl(body, keep_blank_values=True)).get("value", ""))
                return self.put(key, value, query)
            return self.delete(key, query)
        except Refused as error:
            return STATUS[error.code], {"errorCode": error.code, "message": WORDS[error.code], "cause": error.cause, "index": self.index}

    def put(self, key, value, query):
        before = self.nodes.get(key)
        if query.get("prevExist") == "false" and before is not None:
            raise Refused(105, key)
        if "prevIndex" in query:
            self._compare(key, before, query)
        self.index += 1
        parent = key.rpartition("/")[0]
        while parent and parent not in self.nodes:
            self.nodes[parent] = {"key": parent, "dir": True, "modifiedIndex": self.index, "createdIndex": self.index}
            parent = parent.rpartition("/")[0]
        created = before["createdIndex"] if before and "prevIndex" in query else self.index
        node = {"key": key, "modifiedIndex": self.index, "createdIndex": created}
        node.update({"dir": True} if value is None else {"value": value})
        if "ttl" in query:
            node.update(ttl=int(query["ttl"]), expiration="2026-11-29T04:16:38.690069879Z")
        self.nodes[key] = node
        if "prevIndex" in query:
            return 200, {"action": "compareAndSwap", "node": node, "prevNode": before}
        return 201, {"action": "create" if "prevExist" in query else "set", "node": node}

    def delete(self, key, query):
        before = self.nodes.get(key)
        if "prevIndex" in query:
            self._compare(key, before, query)
        elif before is None:
            raise Refused(100, self._missing(key))
        below = [other for other in self.nodes if other.startswith(key + "/")]
        if below and query.get("recursive") != "true":
            raise Refused(108, key)
        for other in below:
            del self.nodes[other]
        self.index += 1
        del self.nodes[key]
        gone = dict((name, before[name]) for name in ("key", "dir", "createdIndex") if name in before)
        gone["modifiedIndex"] = self.index
        return 200, {"action": "compareAndDelete" if "prevIndex" in query else "delete", "node": gone, "prevNode": before}

    def _missing(self, key):
        """The first directory on the way to a key that is not there, or the key."""
        parts = key.split("/")
        return next((path for path in ("/".join(parts[:size]) for size in range(2, len(parts))) if path not in self.nodes), key)

    def _compare(self, key, before, query):
        if before is None:
            raise Refused(100, self._missing(key))
        if "dir" in before:
            raise Refused(102, key)
        if before["modifiedIndex"] != int(query["prevIndex"]):
            raise Refused(101, "[%s != %d]" % (query["prevIndex"], before["modifiedIndex"]))

    def _shown(self, key, recursive):
        if key and key not in self.nodes:
            raise Refused(100, self._missing(key))
        found = dict(self.nodes[key]) if key else {"dir": True}
        if recursive and "dir" in found:
            children = sorted(other for other in self.nodes if other.rpartition("/")[0] == key)
            if children:
                found["nodes"] = [self._shown(child, True) for child in children]
        return found


class Server:
    """EtcdKeys on a port of this machine."""

    def __init__(self, keys):
        self.keys = keys

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("ascii")
                if keys.down:
                    self.close_connection = True
                    return
                status, said = keys.answer(self.command, self.path, body)
                content = (json.dumps(said) + "\n").encode("utf-8")
                self.send_response(status)
                for name, value in (("X-Etcd-Cluster-Id", keys.cluster), ("X-Etcd-Index", str(keys.index)), ("Content-Length", str(len(content)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_DELETE = _answer

            def log_message(self, *words):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.daemon = True
        thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Datastore:
    """The keys, and calicoctl's configuration that leads to them; C(options) are what a module needs to find it."""

    def __init__(self, directory):
        self.keys = EtcdKeys()
        self.server = Server(self.keys)
        self.config = directory.join("calicoctl.cfg")
        self.config.write('apiVersion: v1\nkind: calicoApiConfig\nspec:\n  etcdEndpoints: "%s"\n' % self.server.url)
        self.options = {"config": str(self.config), "timeout": 10}


@pytest.fixture
def datastore(tmpdir):
    found = Datastore(tmpdir)
    yield found
    found.server.close()
