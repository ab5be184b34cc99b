"""What notes the calls: a host's Python, a stand-in, and the end of a lab."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lab"), str(TESTS.parent / "tools")]

import pythons  # noqa: E402
from dcoslab import cluster  # noqa: E402

SECONDS = 60
# In place of a module of the product: it starts programs, asks a web server twice on each of two connections, and BIRD; it probes a port, too.
PRODUCT = """
from __future__ import print_function
import os, socket, subprocess, threading
try:
    from http.client import HTTPConnection
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from httplib import HTTPConnection
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *unused):
        pass


def run(directory):
    with open(os.devnull) as nothing:
        subprocess.Popen([directory + "/docker", "ps"], stdin=nothing, env={"ETCD_X": "1", "SECRET": "2"}).communicate()
    subprocess.Popen([directory + "/calicoctl", "apply", "-f", "-"], stdin=subprocess.PIPE, env={}).communicate(b'{"kind": "node"}')
    subprocess.Popen(["/bin/true"]).communicate()
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.daemon = True
    thread.start()
    for unused in range(2):
        client = HTTPConnection("127.0.0.1", server.server_port, timeout=5)
        for path in ("/v2/keys/calico", "/version"):
            client.request("GET", path)
            client.getresponse().read()
        client.close()
    socket.create_connection(("127.0.0.1", server.server_port)).close()
    server.shutdown()
    listener, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    listener.bind(directory + "/bird.ctl")
    listener.listen(1)
    client.connect(directory + "/bird.ctl")
    client.sendall(b"show status\\n")
"""
PROGRAM = """
import sys
sys.path[:0] = sys.argv[2:]
import usercustomize
usercustomize.NOTES = sys.argv[1] + "/calls.jsonl"
import other
from ansible_collections.dcos.calico.plugins import module
module.run(sys.argv[1])
other.call(sys.argv[1])
"""
OTHER = "def call(directory):\n    import subprocess\n    subprocess.Popen([directory + '/docker', 'images']).communicate()\n"


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.11"])
def test_the_products_calls_are_noted_with_its_lines(tmp_path: Path, version: str) -> None:
    package = tmp_path / "ansible_collections"
    for directory in (package, package / "dcos", package / "dcos" / "calico", package / "dcos" / "calico" / "plugins"):
        directory.mkdir()
        (directory / "__init__.py").write_text("")
    (directory / "module.py").write_text(PRODUCT)
    (tmp_path / "other.py").write_text(OTHER)
    for name in ("docker", "calicoctl"):
        (tmp_path / name).write_text("#!/bin/sh\ncat > /dev/null\n")
        (tmp_path / name).chmod(0o755)
    argv = [
        str(pythons.find([version])),
        "-s",
        "-c",
        PROGRAM,
        str(tmp_path),
        str(TESTS / "lab" / "files"),
        str(tmp_path),
    ]
    subprocess.run(argv, check=True, timeout=SECONDS, stdin=subprocess.DEVNULL, env={"PYTHONDONTWRITEBYTECODE": "1"})
    noted = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert [(note["argv"], note["stdin"]) for note in noted] == [
        ([f"{tmp_path}/docker", "ps"], None),
        ([f"{tmp_path}/calicoctl", "apply", "-f", "-"], '{"kind": "node"}'),
        *[(["http", "GET", path], None) for path in ("/v2/keys/calico", "/version") * 2],
        (["bird", "show", "status"], None),
    ]
    assert [note["env"] for note in noted[:2]] == [{"ETCD_X": "1"}, {}]
    lines = PRODUCT.splitlines()
    for note, words in zip(noted, ["docker", "calicoctl", *["request"] * 4, "sendall"], strict=True):
        path, number = note["lines"][0].split(":")
        assert path == "plugins/module.py" and words in lines[int(number) - 1]


def test_a_stand_in_notes_its_call_and_still_reads_its_input(tmp_path: Path) -> None:
    program = "import sys; from calico_standin import calls; calls.NOTES = sys.argv.pop(1); calls.note('calicoctl'); print(sys.stdin.read())"
    argv = [sys.executable, "-c", program, str(tmp_path), "apply", "-f", "-"]
    env = {"PYTHONPATH": str(TESTS / "standins"), "ETCD_ENDPOINTS": "http://x", "OTHER": "1"}
    done = subprocess.run(
        argv, check=True, timeout=SECONDS, input="kind: node", env=env, capture_output=True, text=True
    )
    note = json.loads((tmp_path / "calls.jsonl").read_text())
    assert done.stdout == "kind: node\n" and note.pop("caller")
    assert note == {
        "argv": ["calicoctl", "apply", "-f", "-"],
        "env": {"ETCD_ENDPOINTS": "http://x"},
        "stdin": "kind: node",
    }


def test_a_lab_that_goes_leaves_its_notes(tmp_path: Path) -> None:
    for host in ("agent1", "master1"):
        (tmp_path / "calls" / host).mkdir(parents=True)
    (tmp_path / "calls" / "agent1" / "calls.jsonl").write_text("{}\n")
    cluster.keep_calls(SimpleNamespace(calls=tmp_path / "calls", name="lab", run_id="0a1b"), tmp_path / "kept")
    assert [(path.name, path.read_text()) for path in (tmp_path / "kept").iterdir()] == [
        ("lab-0a1b-agent1.jsonl", "{}\n")
    ]
