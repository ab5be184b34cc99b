"""A key and its request; then the certificate for it, and for the successor of one that is too small."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import subprocess

from ...support.scenario import Scenario


def _certificate(key):
    argv = ["openssl", "req", "-x509", "-new", "-days", "30", "-key", str(key), "-subj", "/CN=calico"]
    return subprocess.check_output(argv, stderr=subprocess.STDOUT).decode()


def _args(use, **more):
    root = use("tmpdir")
    use("as_root")
    paths = {"key_file": str(root.join("certs", "calico.key")), "certificate_file": str(root.join("certs", "calico.crt"))}
    return dict(paths, key_type="ecdsa", common_name="calico", hosts=["a1", "10.0.0.21"], **more)


def requested(use):
    # A signature of type ecdsa, and so the request, is another one each time.
    return Scenario(_args(use), use("tmpdir"), unlike=["request", "public_key_sha256"])


def successor(use):
    root = use("tmpdir")
    return Scenario(_args(use, key_size=384), root, before=[_args(use)], unlike=["request", "public_key_sha256"])


def _present(use, key, before):
    root = use("tmpdir")
    args = _args(use, state="present", key_size=384, ca_file=str(root.join("certs", "ca.crt")), certificate="later")

    def issue():
        args["certificate"] = args["ca"] = _certificate(root.join("certs", key))

    return Scenario(args, root, before=before, alter=issue, unlike=["public_key_sha256"])


def present(use):
    return _present(use, "calico.key", [_args(use, key_size=384)])


def promoted(use):
    return _present(use, "calico.key.next", [_args(use), _args(use, key_size=384)])


SCENARIOS = {"requested": requested, "successor": successor, "present": present, "promoted": promoted}
