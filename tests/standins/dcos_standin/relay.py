"""The process of a scheduler's task on an agent: answers on $HOST:$PORT0 what the stand-in DC/OS says at $RELAY_TO. Standard library only."""

import os
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS = 20


class Relay(BaseHTTPRequestHandler):
    """GET and POST, passed on."""

    protocol_version = "HTTP/1.1"

    def _pass(self):
        length = int(self.headers.get("Content-Length") or 0)
        request = urllib.request.Request(
            os.environ["RELAY_TO"] + self.path, self.rfile.read(length) if length else None, method=self.command
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=SECONDS) as answer:
                status, kind, body = answer.status, answer.headers.get("Content-Type", "text/plain"), answer.read()
        except urllib.error.HTTPError as error:
            status, kind, body = error.code, error.headers.get("Content-Type", "text/plain"), error.read()
        except OSError as error:
            status, kind, body = 503, "text/plain", str(error).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _pass

    def log_message(self, *_):
        """Nothing: the service keeps the log."""


if __name__ == "__main__":
    server = ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT0"])), Relay)
    server.daemon_threads = True
    server.serve_forever()
