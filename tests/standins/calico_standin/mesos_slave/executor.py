"""A task's executor: starts the command, outlives the agent, and writes down how the command ended.

It is a process of its own in a scope of its own, as a Mesos executor is, so a restart of the agent's unit leaves it alone.
What it needs stands in DIR/task.json; it writes DIR/status.json at the end, and RUN/TASK_ID.json (gone with a reboot)
when the command runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

RUN = Path("/var/run/mesos/executors")
TASK, STATUS = "task.json", "status.json"
_GRACE = 3  # seconds between SIGTERM and SIGKILL, as Mesos' command executor has it


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_suffix(".new")
    staged.write_text(json.dumps(document), encoding="utf-8")
    os.replace(staged, path)


def start_time(pid: int) -> str | None:
    """When a process began, in the kernel's ticks: two processes of one number differ in it; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stream:
            fields = stream.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def main(directory: str) -> None:
    """Run the task of a directory to its end."""
    folder = Path(directory)
    task = json.loads((folder / TASK).read_text(encoding="utf-8"))
    killed = threading.Event()
    process: subprocess.Popen[bytes] | None = None

    def stop(*_: object) -> None:
        killed.set()
        if process is not None:
            _signal(process, signal.SIGTERM)
            timer = threading.Timer(task.get("grace", _GRACE), _signal, (process, signal.SIGKILL))
            timer.daemon = True
            timer.start()

    signal.signal(signal.SIGTERM, stop)
    try:
        process = _start(task)
    except OSError as exc:
        write(
            folder / STATUS,
            {"state": "TASK_FAILED", "message": f"Failed to start the command: {exc}", "exit_code": None},
        )
        return
    write(
        RUN / f"{task['task_id']}.json",
        {"executor": os.getpid(), "executor_started": start_time(os.getpid()), "pid": process.pid},
    )
    if killed.is_set():
        stop()
    code = process.wait()
    _end_the_rest(f"/{scope_name(task['task_id'])}")
    write(folder / STATUS, _status(code, killed.is_set()))
    with contextlib.suppress(OSError):
        (RUN / f"{task['task_id']}.json").unlink()


def _start(task: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    sandbox = Path(task["sandbox"])
    inside = ["nsenter", f"--net={task['namespace']}", "--"] if task.get("namespace") else []
    with (sandbox / "stdout").open("ab") as stdout, (sandbox / "stderr").open("ab") as stderr:
        return subprocess.Popen(
            [*inside, "/bin/sh", "-c", task["command"]],
            cwd=sandbox,
            env=task["env"],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _status(code: int, killed: bool) -> dict[str, Any]:
    if killed:
        return {
            "state": "TASK_KILLED",
            "message": "Command terminated with signal Terminated" if code < 0 else "",
            "exit_code": code,
        }
    if code == 0:
        return {"state": "TASK_FINISHED", "message": "Command exited with status 0", "exit_code": 0}
    if code < 0:
        return {
            "state": "TASK_FAILED",
            "message": f"Command terminated with signal {signal.strsignal(-code)}",
            "exit_code": code,
        }
    return {"state": "TASK_FAILED", "message": f"Command exited with status {code}", "exit_code": code}


def scope_name(task_id: str) -> str:
    """The systemd scope of a task."""
    return f"mesos-executor-{task_id}.scope"


def _end_the_rest(scope: str) -> None:
    """What the command left behind goes with the container, as when Mesos destroys its cgroup."""
    for pid in _processes_of(scope):
        if pid != os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _processes_of(scope: str) -> Iterator[int]:
    """The processes of that scope, if this process is in it."""
    with open("/proc/self/cgroup", encoding="ascii") as stream:
        lines = [line.rstrip("\n").split(":", 2) for line in stream]
    for number, controllers, path in lines:
        if path.endswith(scope) and (controllers == "name=systemd" or number == "0"):
            for mount in ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
                listing = Path(mount + path) / "cgroup.procs"
                if listing.exists():
                    yield from map(int, listing.read_text().split())
                    return


if __name__ == "__main__":
    main(sys.argv[1])
