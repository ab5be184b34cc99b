"""A host with an etcd and the tools under test, on which records are played."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import normal, rebuild, releases
from .blocks import BlockMap
from .config import patience, real_artifacts, standin_timeout_scale
from .etcd_server import EtcdServer
from .host import Host, Result
from .records import Record
from .substitution import Substitution

_SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin"
# Where the recorded tools and files lay.
_RECORDED_HOME = re.compile(r"(?<![\w/.-])/rig\b")
_SLOW = 2.0
_SLACK = 8.0
_DEADLINE = 30.0


class Rig:
    """Plays records in order; `mode` is "recorded" or "substituted"."""

    def __init__(
        self,
        mode: str,
        directory: Path,
        artifacts: Path,
        etcd_binary: Path,
        substitution: Substitution,
        blocks: Sequence[str] = (),
        host_name: str = "calico-agent1",
        etcd_port: int = 2379,
    ) -> None:
        self.mode = mode
        self.substitution = substitution
        self.directory = directory
        self.artifacts = artifacts
        self.etcd_binary = etcd_binary
        self.scratch = directory / "rig"
        self.scratch.mkdir(parents=True)
        for name in ("bin", "bin-path"):
            (self.scratch / name).symlink_to(artifacts)
        self.host = Host(substitution.text(host_name), directory, substitution.text("10.99.0.11/24"))
        self.etcd_port = int(substitution.text(str(etcd_port)))
        self.etcd = EtcdServer(self.host, etcd_binary, directory / "etcd-data", self.etcd_port)
        self.blocks = BlockMap([substitution.text(cidr) for cidr in blocks])
        self.scale_waits = True
        # Where commands are looked for, before and after the tools under test.
        self.path_before: list[str] = []
        self.path_after = _SYSTEM_PATH
        self._closing: list[Callable[[], object]] = []

    # -- running ----------------------------------------------------------------------------

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """A record's variables; calicoctl's default endpoint is named when it is not etcd's here."""
        path = ":".join([*self.path_before, str(self.artifacts), self.path_after])
        env = {"PATH": path, "STANDIN_TIMEOUT_SCALE": str(self._scale())}
        if self.etcd_port != 2379 and not any("ETCD" in name for name in extra):
            env["ETCD_ENDPOINTS"] = f"http://127.0.0.1:{self.etcd_port}"
        return {**env, **extra}

    def run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        deadline: float = _DEADLINE,
    ) -> Result:
        """Run a command of the suite's own as the records' commands are run; paths in /rig/ are the scratch's."""
        words = [self._here(word) for word in argv]
        variables = {name: self._here(text) for name, text in (env or {}).items()}
        done = self.host.run(words, self.environment(variables), stdin, deadline)
        return Result(done.exit_code, self._there(done.stdout), self._there(done.stderr), done.seconds)

    def run_record(self, record: Record) -> Result:
        """Run a record's command with its files, variables and input; a file with a whole path is the host's."""
        for name, text in record.files.items():
            if name.startswith("/"):
                self.host.write(name, self.substitution.text(text))
            else:
                (self.scratch / name).write_text(self.substitution.text(text), encoding="utf-8")
        change = self.substitution
        deadline = _DEADLINE + 2 * record.seconds
        stdin = None if record.stdin is None else change.text(record.stdin)
        return self.run(change.any(list(record.argv)), change.any(dict(record.env)), stdin, deadline)

    def background(self, argv: Sequence[str], ready: str = "", env: Mapping[str, str] | None = None) -> None:
        """Start a command that runs until the rig is closed, and wait for the first line it prints."""
        words = [self._here(word) for word in argv]
        process = self.host.start(words, self.environment(env or {}), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.at_close(lambda: os.killpg(process.pid, signal.SIGKILL))
        if ready:
            assert process.stdout and process.stdout.readline().strip() == ready, argv

    def play(self, record: Record) -> None:
        """Run or read what the record did, and compare."""
        if record.values is not None:
            self.compare_values(record)
        elif record.is_keys:
            self.compare_keys(record)
        else:
            self.compare_result(record, self.run_record(record))

    # -- comparing --------------------------------------------------------------------------

    def compare_result(self, record: Record, result: Result) -> None:
        """Exit code, both outputs and, where the real tool waited, the time."""
        self.blocks.learn(self.keys())
        codes = result.exit_code, record.exit_code
        if real_artifacts():
            codes = rebuild.exit_code(record.argv, codes[0]), rebuild.exit_code(record.argv, codes[1])
        assert codes[0] == codes[1], f"exit code: {result}"
        self.compare_output(record.stdout, result.stdout)
        self.compare_output(record.stderr, result.stderr)
        if record.seconds >= _SLOW:
            self.compare_wait(record.seconds, result.seconds)

    def compare_output(self, expected: str, actual: str) -> None:
        """A recorded text against one from here."""
        if expected == normal.USAGE:
            assert "Usage:" in actual
            return
        wanted = self.blocks.recorded(normal.output(self.substitution.text(releases.expected(expected))))
        assert self.blocks.actual(normal.output(actual)) == wanted

    def compare_wait(self, recorded: float, actual: float) -> None:
        """The tool under test waited as long as the real one, as far as its waits are scaled."""
        wait = recorded * self._scale()
        assert 0.7 * wait <= actual <= wait + patience(_SLACK), f"{actual:.1f} s, recorded {recorded:.1f} s"

    def keys(self) -> set[str]:
        """The keys in etcd now; none while it does not run."""
        try:
            return self.etcd.tree()[1]
        except OSError:
            return set()

    def compare_keys(self, record: Record) -> None:
        """A recorded `ls -r -p` of etcd, as a set."""
        names = self.etcd.tree(self.substitution.text(record.argv[-1]))[1]
        self.blocks.learn(self.keys())
        wanted = {self.blocks.recorded(self.substitution.text(line)) for line in record.stdout.splitlines()}
        assert {self.blocks.actual(name) for name in names} == wanted

    def compare_values(self, record: Record) -> None:
        """The recorded values of keys; a record of a part holds only keys below that part."""
        values, names = self.etcd.tree()
        self.blocks.learn(names)
        wanted = {
            self.blocks.recorded(self.substitution.text(key)): normal.value(
                self.blocks.recorded(self.substitution.text(releases.expected(text)))
            )
            for key, text in (record.values or {}).items()
        }
        part = os.path.commonprefix(list(wanted)) if record.extra.get("partial") else ""
        actual = {self.blocks.actual(key): normal.value(self.blocks.actual(text)) for key, text in values.items()}
        assert {key: text for key, text in actual.items() if key.startswith(part)} == wanted

    # -- end --------------------------------------------------------------------------------

    def at_close(self, action: Callable[[], object]) -> None:
        """Have something undone when the rig is closed."""
        self._closing.append(action)

    def close(self) -> None:
        """Stop everything."""
        for action in reversed(self._closing):
            action()
        self.etcd.destroy()
        self.host.close()

    def _scale(self) -> float:
        return standin_timeout_scale() if self.scale_waits else 1.0

    def _here(self, text: str) -> str:
        return _RECORDED_HOME.sub(str(self.scratch), text)

    def _there(self, text: str) -> str:
        return text.replace(str(self.scratch), "/rig")
