"""An etcd for unit tests: flags, directories, journal and HTTP answers as etcd 3.3's, the cluster is a directory.

$DOUBLES/members/HOST:PORT stands for a member that listens for peers there; it holds "v2", or "v3" where the v2 API is off.
$DOUBLES/srv/DOMAIN holds the peer URLs of the SRV records. Runs on Python 2.7 and 3.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import socket
import sys

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


def proxy(members, path):
    """(status, body) of the proxy, for any path."""
    alive = [member_at(url) for url in members if member_at(url)]
    if not alive:
        say("W | proxy: could not retrieve cluster information from the given urls")
        return 503, '{"message":"httpproxy: zero endpoints currently available"}'
    with open(NOTED, "w") as handle:
        json.dump({"PeerURLs": members}, handle)
    return (200, KEYS) if "v2" in alive else (404, "404 page not found\n")


def member(members, path):
    """(status, body) of a member."""
    urls = [part.split("=", 1)[1] for part in FLAGS["initial-cluster"].split(",")]
    quorum = len([url for url in urls if member_at(url)]) > len(urls) // 2
    if path == "/health":
        return 200 if quorum else 503, json.dumps({"health": "true" if quorum else "false"})
    return (200, KEYS) if FLAGS.get("enable-v2") == "true" else (404, "404 page not found\n")


def serve(listener, answer, members):
    """Answer requests one by one. Python's own server would take longer to load than all else that this program does."""
    while True:
        client = listener.accept()[0]
        try:
            request = b""
            while b"\r\n\r\n" not in request:
                piece = client.recv(4096)
                if not piece:
                    break
                request += piece
            else:
                status, body = answer(members, request.split()[1].decode("ascii"))
                client.sendall(("HTTP/1.0 %d Answer\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)).encode("ascii"))
        except (IOError, OSError):
            pass
        client.close()


def notify():
    """Tell systemd's double that all is set up, which etcd does when it listens."""
    if "NOTIFY_FILE" in os.environ:
        with open(os.environ["NOTIFY_FILE"] + ".new", "w") as handle:
            handle.write(str(os.getpid()))
        os.rename(os.environ["NOTIFY_FILE"] + ".new", os.environ["NOTIFY_FILE"])


def main():
    is_proxy = FLAGS.get("proxy") == "on"
    members = known_members() if is_proxy else []
    if is_proxy:
        os.path.isdir(os.path.dirname(NOTED)) or os.mkdir(os.path.dirname(NOTED))
    else:
        directory = os.path.join(FLAGS["data-dir"], "member")
        if not os.path.isdir(directory):
            os.mkdir(directory)
            with open(os.path.join(directory, "made-as"), "w") as handle:
                handle.write(os.environ.get("ETCD_INITIAL_CLUSTER_STATE", "unset"))
        with open(os.path.join(ROOT, "members", FLAGS["initial-advertise-peer-urls"].split("//")[1]), "w") as handle:
            handle.write("v2")
    host, port = FLAGS["listen-client-urls"].split(",")[0].split("//")[1].rsplit(":", 1)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
        listener.listen(5)
    except (IOError, OSError):
        say("C | etcdmain: listen tcp %s:%s: bind: address already in use" % (host, port))
        sys.exit(1)
    notify()
    serve(listener, proxy if is_proxy else member, members)


main()
