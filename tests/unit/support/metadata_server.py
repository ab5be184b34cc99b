# -*- coding: utf-8 -*-
"""The metadata services of three clouds, one at a time, on loopback; with the manners that tell them apart."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import threading

import pytest

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

AWS = {"instanceId": "i-0a1b2c3d4e5f60718", "region": "eu-central-1", "availabilityZone": "eu-central-1a", "accountId": "123456789012"}
GCE = {"id": 4711, "name": "agent-1", "zone": "projects/815/zones/europe-west1-b", "networkInterfaces": [{"ip": "10.132.0.2"}]}
AZURE = {"compute": {"vmId": "5c08b38e-4d57", "name": "agent-1", "location": "westeurope", "subscriptionId": "8d10da13", "zone": ""}}


class MetadataServer:
    """cloud: aws, aws1 (without tokens), gce, azure, openstack (which has AWS's addresses, but not its document), garbage, or None (404 for all)."""

    def __init__(self, cloud=None):
        self.cloud = cloud
        self.requests = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner._answer(self, "GET")

            def do_PUT(self):
                owner._answer(self, "PUT")

            def log_message(self, *args):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.daemon = True
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, handler, method):
        path, headers = handler.path.split("?")[0], dict((name.lower(), value) for name, value in handler.headers.items())
        self.requests.append("%s %s" % (method, path))
        known = getattr(self, "_" + (self.cloud or "nothing"))
        status, more, body = known(method, path, headers) or (404, {}, "not found")
        content = (body if isinstance(body, str) else json.dumps(body)).encode("utf-8")
        handler.send_response(status)
        for name, value in dict(more, **{"Content-Length": str(len(content))}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def _nothing(self, method, path, headers):
        return None

    def _garbage(self, method, path, headers):
        return 200, {}, "<html>Log in to the network first</html>"

    def _aws(self, method, path, headers):
        if (method, path) == ("PUT", "/latest/api/token"):
            return (200, {}, "AQAEA-token") if headers.get("x-aws-ec2-metadata-token-ttl-seconds") else (400, {}, "")
        if headers.get("x-aws-ec2-metadata-token") != "AQAEA-token":
            return 401, {}, "Unauthorized"
        return self._aws1(method, path, headers)

    def _aws1(self, method, path, headers):
        return (200, {}, AWS) if (method, path) == ("GET", "/latest/dynamic/instance-identity/document") else None

    def _openstack(self, method, path, headers):
        return (200, {}, "ami-id\ninstance-id") if path == "/latest/meta-data/" else None

    def _gce(self, method, path, headers):
        own = {"Metadata-Flavor": "Google"}
        if headers.get("metadata-flavor") != "Google":
            return 403, own, "Missing required header"
        if path == "/computeMetadata/v1/project/project-id":
            return 200, own, "my-project"
        return (200, own, GCE) if path == "/computeMetadata/v1/instance/" else (404, own, "")

    def _azure(self, method, path, headers):
        if path != "/metadata/instance":
            return None
        return (200, {}, AZURE) if headers.get("metadata") == "true" else (400, {}, {"error": "Bad request. Required metadata header not specified"})


@pytest.fixture
def metadata():
    server = MetadataServer()
    yield server
    server.close()
