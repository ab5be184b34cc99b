"""Artifacts that are fetched, and those that lie there already."""

from __future__ import annotations

from ...support.scenario import Scenario

DATA = b"\x7fELF calicoctl"


def _args(use):
    root, server = use("tmpdir"), use("tls_server")
    url, _digest = server.serve("/calicoctl", DATA)
    tool = {"name": "calicoctl", "url": url, "path": "calicoctl/calicoctl", "variable": "calico_calicoctl_sha256"}
    image = {"name": "image", "path": "image.tar", "variable": "calico_image_sha256", "optional": True}
    return {
        "artifacts": [tool, image],
        "directory": str(root.join("mirror")),
        "file": str(root.join("vars", "manifest.yml")),
        "ca_path": use("certificate")[1],
    }


def fetched(use):
    return Scenario(_args(use), use("tmpdir"), unlike=["sums"], blind="the digests of what would be fetched are not known")


def lying_there(use):
    args = _args(use)
    use("tmpdir").join("mirror", "calicoctl", "calicoctl").write_binary(DATA, ensure=True)
    return Scenario(args, use("tmpdir"))


SCENARIOS = {"fetched": fetched, "lying_there": lying_there}
