# -*- coding: utf-8 -*-
"""The double of etcd's keys answers as the real one did, request by request."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import json
import os

from .etcd_keys import EtcdKeys

RECORDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "contract", "records", "26-etcd-keys.jsonl")


def _request(argv):
    """(method, path and query, body) of curl's words."""
    method = argv[argv.index("-X") + 1] if "-X" in argv else "GET"
    url = next(word for word in argv if word.startswith("http://"))
    return method, "/" + url.split("/", 3)[3], argv[argv.index("-d") + 1] if "-d" in argv else ""


def _recorded(out):
    """(status, etcd's index, what it said)."""
    head, unused, body = out.replace("\r\n", "\n").partition("\n\n")
    lines = head.splitlines()
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), int(headers["x-etcd-index"]), json.loads(body)


def _plain(node):
    """A node without the order in which etcd lists, and the time at which a key ends."""
    found = dict((key, value) for key, value in node.items() if key != "expiration")
    if "nodes" in found:
        found["nodes"] = sorted((_plain(child) for child in found["nodes"]), key=lambda child: child["key"])
    return found


def _said(said):
    return dict((key, _plain(value) if isinstance(value, dict) else value) for key, value in said.items())


def test_it_answers_as_etcd_does():
    keys, count = EtcdKeys(), 0
    with io.open(RECORDS, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            status, index, said = _recorded(record["stdout"])
            answered = keys.answer(*_request(record["argv"]))
            assert (record["name"], answered[0], keys.index, _said(answered[1])) == (record["name"], status, index, _said(said))
            count += 1
    assert count == 27
