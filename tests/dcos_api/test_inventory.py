"""The inventory plugin against a cluster over TLS."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from authority import Authority
from conftest import Make
from modules import prepared
from standin_service import patience


def test_the_inventory_is_the_cluster(make: Make, authority: Authority, tmp_path: Path) -> None:
    api = make("1.12.5", "enterprise", tls=authority.front(), agents=(2, 1))
    # two of the registry, of which one calls itself something that a template could be made of, and the other what it is
    for hostname in (
        "fe80::1%{{ lookup('ansible.builtin.pipe', 'touch " + str(tmp_path / "MARK") + "') }}",
        "127.9.0.24",
    ):
        api.standin.control("POST", f"/_agents/{api.standin.register('127.9.0.24', hostname=hostname)}/recovered")
    modules = prepared({})
    source = tmp_path / "dcos.yml"
    source.write_text("plugin: dcos.calico.dcos\n", encoding="utf-8")
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DCOS_", "ANSIBLE_"))}
    env |= {
        "ANSIBLE_COLLECTIONS_PATH": str(modules.collections),
        "DCOS_URL": api.standin.url,
        "DCOS_UID": "reader",
        "DCOS_PASSWORD": "reader-secret",
        "DCOS_CA_PATH": authority.bundle,
        "NO_PROXY": "*",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
    }
    argv = [str(modules.python.parent / "ansible-inventory"), "-i", str(source), "--list"]
    done = subprocess.run(
        argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=patience(120), check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sorted(found["agents_private"]["hosts"]) == ["127.9.0.21", "127.9.0.22", "127.9.0.24"]
    assert not (tmp_path / "MARK").exists() and "is left out" in " ".join(done.stderr.split())
    assert found["agents_public"]["hosts"] == ["127.9.0.61"]
    assert sorted(found["masters"]["hosts"]) == ["127.9.0.11", "127.9.0.12"] and found["leader"]["hosts"] == [
        "127.9.0.11"
    ]
    assert api.standin.writes() == {}
    assert "reader-secret" not in done.stdout + done.stderr + api.standin.log()
