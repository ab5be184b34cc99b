"""dcos.calico.diagnostics on doubles of hosts: each is looked at once; who does not answer, or answers nonsense, costs its own bundle only."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tarfile
import zlib
from pathlib import Path
from typing import Any

import pytest
import setup
from layout import BUILD, COLLECTIONS, ROOT
from test_status import answer, double

SECONDS = 60 * float(os.environ.get("CALICO_TIMEOUT_SCALE", "1"))
AWAY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_become": False}


def bundle(*entries: dict[str, Any]) -> str:
    """A host's texts, as module diagnostics hands them over."""
    return base64.b64encode(zlib.compress(json.dumps(entries).encode())).decode()


def answers(address: str, name: str) -> str:
    entry = {"name": name, "text": "\x1b[2J hunter2-hunter2\n", "note": "cut", "seconds": 0.1}
    return json.dumps({**answer(address), "content": bundle(entry)})


@pytest.mark.parametrize(("core", "check"), [("2.16", False), ("2.16", True), ("new", False)])
def test_every_host_that_answers_has_a_bundle(tmp_path: Path, core: str, check: bool) -> None:
    setup.link_collection()
    hosts = {
        "0-away": AWAY,
        "a1": double(tmp_path / "a1", answers("10.0.0.1", "logs/felix.log")),
        "nonsense": double(tmp_path / "nonsense", "Segmentation fault"),
        "hostile": double(tmp_path / "hostile", answers("10.0.0.2", "../../etc/passwd")),
    }
    inventory = tmp_path / "hosts.json"
    inventory.write_text(
        json.dumps({"agents": {"hosts": hosts, "vars": {"my_password": "hunter2-hunter2"}}}), encoding="utf-8"
    )
    program = str(BUILD / f"venv-{core}" / "bin" / "ansible-playbook")
    argv = [program, "-i", str(inventory), str(ROOT / "playbooks" / "diagnostics.yml"), *(["--check"] if check else [])]
    argv += ["-v", "-e", "calico_diagnostics_directory=ticket"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "DCOS_"))}
    said = {
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_DEVEL_WARNING": "0",
        "PWD": str(tmp_path),
    }
    done = subprocess.run(
        argv, env={**plain, **said}, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr and "\x1b" not in done.stdout
    assert "Diagnostics of 1 of 4 hosts" in done.stdout
    for name in ("0-away", "nonsense", "hostile"):
        assert f"no bundle of {name}: " in done.stdout
    calls = (tmp_path / "a1" / "calls").read_text(encoding="ascii").count("\n")
    assert calls == 1
    if check:
        assert not (tmp_path / "ticket").exists() and "logs/felix.log" in done.stdout
        return
    [directory] = (tmp_path / "ticket").iterdir()
    assert sorted(path.name for path in directory.iterdir()) == ["cluster.tar.gz", "host-a1.tar.gz"]
    texts = {}
    for path in directory.iterdir():
        with tarfile.open(path) as archive:
            texts.update({item.name: archive.extractfile(item).read().decode() for item in archive.getmembers()})  # type: ignore[union-attr]
    assert texts["host-a1/logs/felix.log"] == "\\x1b[2J [redacted]\n"
    assert "hunter2" not in json.dumps(texts) and "no bundle" in texts["cluster/index.txt"]
