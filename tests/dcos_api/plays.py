"""Runs the collection's playbooks against a cluster on loopback, by a real ansible-playbook; hosts that are logged in to are this machine."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from standin import ROOT
from standin_service import patience

sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT / "tests" / "system"))

from support.ansible import Run, playbook  # noqa: E402


class Plays:
    """`run(playbook, **variables)` with what reaches the cluster in `options`; `directory` takes what would be placed on the host."""

    def __init__(self, directory: Path, options: Mapping[str, Any]) -> None:
        import setup
        import venvs

        setup.link_collection()
        python = venvs.ensure("2.16") / "bin" / "python"
        self.directory = directory / "host"
        self.directory.mkdir()
        self.options = dict(options)
        self._inventory = directory / "hosts.json"
        here = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": str(python)}
        groups = {"masters": {"hosts": {"master1": here}}, "agents_private": {"hosts": {"agent1": here}}}
        self._inventory.write_text(
            json.dumps({"all": {"vars": self._certificates(), "children": groups}}), encoding="utf-8"
        )

    def _certificates(self) -> dict[str, Any]:
        return {
            "calico_certificates_key_file": str(self.directory / "calico.key"),
            "calico_certificates_certificate_file": str(self.directory / "calico.crt"),
            "calico_certificates_ca_file": str(self.directory / "ca.crt"),
            "calico_certificates_hosts": ["10.0.0.21"],
        }

    def run(self, name: str, *arguments: str, **variables: Any) -> Run:
        """A variable that is None is not set."""
        said = {key: value for key, value in {**self.options, **variables}.items() if value is not None}
        file = name if name.startswith("/") else f"playbooks/{name}.yml"
        return playbook(
            self._inventory, *arguments, name=file, variables=said, env={"NO_PROXY": "*"}, timeout=patience(300)
        )

    def start(self, name: str, *arguments: str, **variables: Any) -> Running:
        """The same, meanwhile something can be done to the cluster."""
        return Running(self, name, arguments, variables)

    def placed(self) -> dict[str, str]:
        """{name: content} of what is on the host."""
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(self.directory.iterdir())}


class Running:
    """A run that goes on beside the test."""

    def __init__(self, plays: Plays, name: str, arguments: tuple[str, ...], variables: Mapping[str, Any]) -> None:
        self._result: Run | None = None

        def go() -> None:
            self._result = plays.run(name, *arguments, **variables)

        self._thread = threading.Thread(target=go, daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def end(self) -> Run:
        """Its result, once it has ended by itself."""
        self._thread.join(patience(300))
        assert self._result is not None, "the run goes on"
        return self._result
