"""A Mesos-DNS for unit tests: reads the file of $MESOS_DNS_CONFIG once, at its start, and answers HTTP and, by UDP, for leader.mesos.

Ends, as the real one does, with sources that it does not know. What is in $DOUBLES/mesos_dns changes it: `mute` (no HTTP), `blind` (no records), `deaf` (no
answer by DNS), `broken SOURCE` (ends where that one is the first of its sources), `secretive` (does not tell its configuration), `lost SECONDS` (has not
reached Mesos for so long), `late SECONDS` (has no state before that, and listens to nobody). Runs on Python 2.7 and 3.
"""

from __future__ import absolute_import, division, print_function

import json
import os
import socket
import struct
import sys
import threading
import time

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

KNOWN = ("host", "netinfo", "docker", "mesos")
LEADER = b"\x06leader\x05mesos\x00"


def mood():
    path = os.path.join(os.environ["DOUBLES"], "mesos_dns")
    if not os.path.exists(path):
        return []
    with open(path) as handle:
        return handle.read().split()


def load():
    with open(os.environ["MESOS_DNS_CONFIG"]) as handle:
        values = json.load(handle)
    settings = dict((key.lower(), value) for key, value in values.items())
    sources = settings.get("ipsources", ["netinfo", "mesos", "host"])
    if not sources or set(sources) - set(KNOWN) or mood()[:1] == ["broken"] and mood()[1:2] == sources[:1]:
        sys.exit("IPSources validation failed: invalid ip source in %s" % json.dumps(sources))
    return settings, sources


class Names(threading.Thread):
    daemon = True

    def __init__(self, port):
        super(Names, self).__init__()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))

    def run(self):
        while True:
            data, client = self.socket.recvfrom(512)
            known = LEADER in data and "blind" not in mood()
            head = data[:2] + struct.pack("!5H", 0x8180 if known else 0x8183, 1, int(known), 0, 0)
            record = b"\xc0\x0c" + struct.pack("!2HIH4B", 1, 1, 60, 4, 10, 0, 0, 1)
            if "deaf" not in mood():
                self.socket.sendto(head + data[12:] + (record if known else b""), client)


def handler(settings, sources):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            lost = int(mood()[1]) if mood()[:1] == ["lost"] else 0
            config = {"RefreshSeconds": settings.get("refreshseconds", 60), "SOASerial": int(time.time()) - lost, "IPSources": sources}
            known = {"/v1/version": {"Service": "Mesos-DNS"}, "/v1/config": config}
            if "secretive" in mood():
                del known["/v1/config"]
            self.send_response(200 if self.path in known else 404)
            self.end_headers()
            self.wfile.write(json.dumps(known.get(self.path), indent=1).encode("utf-8"))

        def log_message(self, *unused):
            pass

    return Handler


def main():
    settings, sources = load()
    time.sleep(float(mood()[1]) if mood()[:1] == ["late"] else 0)
    Names(settings["port"]).start()
    if "mute" in mood():
        threading.Event().wait()
    HTTPServer(("127.0.0.1", settings["httpport"]), handler(settings, sources)).serve_forever()


main()
