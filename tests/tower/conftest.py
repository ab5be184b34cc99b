"""AWX as a double on loopback, what docs/tower makes in it, and jobs as AWX runs them. All in the environment `full`, which has awx.awx and ansible-runner."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "tools"), str(ROOT / ".build" / "collections")]
# behind, because there is a conftest as well
sys.path += [str(ROOT / "tests" / "dcos_api"), str(ROOT / "tests" / "contract")]

import setup  # noqa: E402
from awx import TOKEN, Awx, Server  # noqa: E402
from furnish import SAID, furnish  # noqa: E402

setup.link_collection()
TOWER = ROOT / "docs" / "tower"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc3NoLWtleS1zZWNyZXQtOTFrZA\n-----END OPENSSH PRIVATE KEY-----\n"
PASSWORD = "dcos-password-Wq81"
LOCK = "lock-token-Zx55"
SECONDS = 600 * float(os.environ.get("CALICO_TIMEOUT_SCALE", "1"))


@dataclasses.dataclass(frozen=True)
class Applied:
    """A run of apply.yml: what each task did, and all that was said."""

    rc: int
    output: str
    tasks: list[tuple[str, dict[str, Any]]]

    def require(self) -> Applied:
        wrong = [
            item.get("msg")
            for _name, result in self.tasks
            for item in (result.get("results") or [result])
            if item.get("failed")
        ]
        assert self.rc == 0, wrong or self.output[-4000:]
        return self

    def changed(self) -> set[str]:
        """Names of what changed: of the item where there is a loop, else the task's."""
        found = set()
        for name, result in self.tasks:
            items = result.get("results") or [result]
            found |= {item.get("_ansible_item_label") or name for item in items if item.get("changed")}
        return found


Apply = Callable[..., Applied]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """An AWX, empty at first, to whose projects docs/tower/project is checked out."""
    made = Server(Awx(TOWER / "project"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def apply(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Apply:
    """apply(*arguments, token=, playbook=, env=, **variables): run a playbook of docs/tower from a directory of nobody."""
    tmp_path = tmp_path_factory.mktemp("apply")
    key = tmp_path / "id"
    key.write_text(KEY, encoding="utf-8")

    def run(
        *arguments: str,
        token: str = TOKEN,
        playbook: str = "apply.yml",
        env: Mapping[str, str] | None = None,
        **variables: Any,
    ) -> Applied:
        said_before = {
            "DCOS_URL": "https://dcos.example.com",
            "DCOS_UID": "calico",
            "DCOS_PASSWORD": PASSWORD,
            "TOWER_LOCK_TOKEN": LOCK,
        }
        known = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "CONTROLLER_", "TOWER_", "DCOS_"))
        }
        known |= said_before | {"TOWER_SSH_KEY_FILE": str(key)} if env is None else env
        known |= {
            "CONTROLLER_HOST": server.url,
            "CONTROLLER_OAUTH_TOKEN": token,
            "CONTROLLER_REQUEST_TIMEOUT": "60",
            "NO_PROXY": "*",
            "HOME": str(tmp_path),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        }
        said = SAID | variables
        argv = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            str(TOWER / playbook),
            "-e",
            json.dumps(said),
            *arguments,
        ]
        done = subprocess.run(
            argv,
            cwd=tmp_path,
            env=known,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        output = done.stdout + done.stderr
        try:
            plays = json.loads(done.stdout[done.stdout.index("{\n") :])["plays"]
        except ValueError:
            plays = []
        tasks = [
            (task["task"]["name"], result)
            for play in plays
            for task in play["tasks"]
            for result in task["hosts"].values()
        ]
        return Applied(done.returncode, output, tasks)

    return run


@pytest.fixture(scope="session")
def awx() -> Awx:
    """What docs/tower makes."""
    return furnish(Awx(TOWER / "project"))
