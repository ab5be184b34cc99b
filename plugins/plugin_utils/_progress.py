# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows what a module on the controller writes to its progress_file while it runs, because a module itself cannot print.

The module does all of the work, its waiting included, in one process and with one login. Beside it a thread reads the file and hands its lines to
Display, which a worker process sends on to ansible-playbook at once; so they appear in a terminal, in a log and in AWX alike.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar

import ansible.constants as C
from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.plugin_utils import _untrusted

LOOK_EVERY = 0.5
# Nobody is to wonder for more than 30 seconds whether anything is still going on
REPEAT_EVERY = 25.0
AT_ONCE = 1 << 20  # bytes


class Tail:
    """Shows each line that is appended to a file, and the last one again where none comes for a while.

    :arg show: gets each line.
    :arg last: the line that counts as the one before.
    """

    def __init__(
        self,
        path: str,
        show: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        last: str = "nothing is told yet",
    ) -> None:
        self._path = path
        self._show = show
        self._clock = clock
        self._read = 0
        self._last = last
        self._shown = clock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Tail:
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._over.set()
        self._thread.join()
        self.look(last=True)

    def _follow(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            self.look()

    def look(self, last: bool = False) -> None:
        """Show what has come since the last look; a line that is not complete yet waits for the next."""
        try:
            with open(self._path, "rb") as handle:
                handle.seek(self._read)
                new = handle.read(AT_ONCE)
        except OSError:
            new = b""
        complete = new[: new.rfind(b"\n") + 1]
        self._read += len(complete)
        for line in complete.decode("utf-8", errors="replace").splitlines():
            self._tell(line)
            self._last = line
        if not last and self._clock() - self._shown >= REPEAT_EVERY:
            self._tell(f"{self._last} (no news)")

    def _tell(self, line: str) -> None:
        self._shown = self._clock()
        self._show(line)


def waiting(line: str) -> Tail:
    """Shows a line again and again while a module of another host works, which cannot tell how far it is; nothing where that is over soon."""
    return Tail(os.devnull, lambda shown: _untrusted.show(f"  {shown}"), last=line)


class ProgressAction(ActionBase):
    """Runs a module with a progress_file, and shows what is written there; a subclass names it."""

    MODULE: ClassVar[str]

    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        args = dict(self._task.args)
        if args.get("progress_file") or self._task.async_val or not self._is_here():
            return {
                **result,
                **self._execute_module(
                    module_name=self.MODULE,
                    module_args=args,
                    task_vars=task_vars,
                    wrap_async=bool(self._task.async_val),
                ),
            }
        handle, path = tempfile.mkstemp(prefix="progress-", dir=C.DEFAULT_LOCAL_TMP)
        os.close(handle)
        try:
            with Tail(path, self._show()):
                return {
                    **result,
                    **self._execute_module(
                        module_name=self.MODULE, module_args={**args, "progress_file": path}, task_vars=task_vars
                    ),
                }
        finally:
            os.unlink(path)

    def _is_here(self) -> bool:
        """Whether the module runs on the controller, by the same user: otherwise it cannot write, or we cannot read, the file."""
        return self._connection.transport == "local" and getattr(self._connection, "become", None) is None

    def _show(self) -> Callable[[str], None]:
        return lambda line: _untrusted.show(f"  {line}")
