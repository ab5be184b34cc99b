"""Executables from a URL and from a member of an archive, with links and a file."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import io
import tarfile

from ...support.scenario import Scenario

TOOL = b"#!/bin/sh\necho one\n"


def _archive():
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        entry = tarfile.TarInfo("etcd-v3/etcd")
        entry.size = len(TOOL)
        archive.addfile(entry, io.BytesIO(TOOL))
    return content.getvalue()


def _args(use, body=TOOL):
    root, server = use("tmpdir"), use("file_server")
    use("as_root")
    archive = root.join("etcd.tar.gz")
    archive.write_binary(_archive())
    url, digest = server.serve("/calicoctl-%d" % len(body), body)
    return {
        "executables": [
            {"path": str(root.join("bin", "calicoctl")), "url": url, "sha256": digest, "links": [str(root.join("sbin", "calicoctl"))]},
            {
                "path": str(root.join("bin", "etcd")),
                "src": str(archive),
                "sha256": hashlib.sha256(archive.read_binary()).hexdigest(),
                "member": "etcd-v3/etcd",
            },
        ],
        "files": [{"path": str(root.join("etc", "calicoctl.cfg")), "content": "spec: {}\n"}],
        "receipts": str(root.join("receipts.json")),
        "allow_http": True,
    }


def present(use):
    return Scenario(_args(use), use("tmpdir"))


def newer(use):
    before = _args(use)
    return Scenario(_args(use, body=TOOL + b"# newer\n"), use("tmpdir"), before=[before])


def absent(use):
    given = _args(use)
    return Scenario(dict(given, state="absent"), use("tmpdir"), before=[given])


SCENARIOS = {"present": present, "newer": newer, "absent": absent}
