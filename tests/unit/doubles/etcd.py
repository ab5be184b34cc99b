"""An etcd for unit tests: flags, folders, journal and HTTP answers as etcd 3.3's, the cluster is a folder.

$DOUBLES/members/HOST:PORT stands for a member that listens for peers there; it holds "v2", or "v3" where the v2 API is off.
$DOUBLES/srv/DOMAIN holds the peer URLs of the SRV records. Runs on Python 2.7 and 3.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import sys

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

ROOT = os.environ["DOUBLES"]
FLAGS = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[1:])
NOTED = os.path.join(FLAGS["data-dir"], "proxy", "cluster")
KEYS = '{"action":"get","node":{"dir":true}}\n'


def read(path):
    with open(path) as handle:
        return handle.read()


def say(text):
    sys.stderr.write("2026-11-22 02:00:00.000000 %s\n" % text)
    sys.stderr.flush()


def member_at(url):
    path = os.path.join(ROOT, "members", url.split("//")[1])
    return read(path).strip() if os.path.exists(path) else None


def known_members():
    if os.path.exists(NOTED):
        return json.loads(read(NOTED))["PeerURLs"]
    if "initial-cluster" in FLAGS:
        return [part.split("=", 1)[1] for part in FLAGS["initial-cluster"].split(",")]
    domain = FLAGS["discovery-srv"]
    path = os.path.join(ROOT, "srv", domain)
    if not os.path.exists(path):
        say("C | etcdmain: error setting up initial cluster: error querying DNS SRV records for _etcd-server._tcp.%s: no such host" % domain)
        sys.exit(1)
    return read(path).split()


class Proxy(BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode("utf-8"))

    def log_message(self, *args):
        pass

    def do_GET(self):
        alive = [member_at(url) for url in self.server.members if member_at(url)]
        if not alive:
            say("W | proxy: could not retrieve cluster information from the given urls")
            self.answer(503, '{"message":"httpproxy: zero endpoints currently available"}')
            return
        with open(NOTED, "w") as handle:
            json.dump({"PeerURLs": self.server.members}, handle)
        self.answer(*((200, KEYS) if "v2" in alive else (404, "404 page not found\n")))


class Member(Proxy):
    def do_GET(self):
        urls = [part.split("=", 1)[1] for part in FLAGS["initial-cluster"].split(",")]
        quorum = len([url for url in urls if member_at(url)]) > len(urls) // 2
        if self.path == "/health":
            self.answer(200 if quorum else 503, json.dumps({"health": "true" if quorum else "false"}))
        else:
            self.answer(*((200, KEYS) if FLAGS.get("enable-v2") == "true" else (404, "404 page not found\n")))


def main():
    proxy = FLAGS.get("proxy") == "on"
    members = known_members() if proxy else []
    if proxy:
        os.path.isdir(os.path.dirname(NOTED)) or os.mkdir(os.path.dirname(NOTED))
    else:
        folder = os.path.join(FLAGS["data-dir"], "member")
        if not os.path.isdir(folder):
            os.mkdir(folder)
            with open(os.path.join(folder, "made-as"), "w") as handle:
                handle.write(os.environ.get("ETCD_INITIAL_CLUSTER_STATE", "unset"))
        with open(os.path.join(ROOT, "members", FLAGS["initial-advertise-peer-urls"].split("//")[1]), "w") as handle:
            handle.write("v2")
    host, port = FLAGS["listen-client-urls"].split(",")[0].split("//")[1].rsplit(":", 1)
    try:
        server = HTTPServer((host, int(port)), Proxy if proxy else Member)
    except (IOError, OSError):
        say("C | etcdmain: listen tcp %s:%s: bind: address already in use" % (host, port))
        sys.exit(1)
    server.members = members
    server.serve_forever()


main()
