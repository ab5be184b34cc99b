"""Health checks that Mesos makes itself, in the task's own network: MESOS_HTTP(S), MESOS_TCP and COMMAND."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_TIMEOUT = 10.0
_INTERVAL = 2.0


def watch(
    checks: Sequence[Mapping[str, Any]],
    ip: str,
    inside: Sequence[str],
    alive: Callable[[], bool],
    tell: Callable[[bool], None],
) -> None:
    """Tell after each round whether all checks pass, until the task is no more."""
    pause = min(float(check.get("interval_seconds") or _INTERVAL) for check in checks)
    while alive():
        tell(all(_passes(check, ip, inside) for check in checks))
        time.sleep(pause)


def _passes(check: Mapping[str, Any], ip: str, inside: Sequence[str]) -> bool:
    timeout = float(check.get("timeout_seconds") or _TIMEOUT)
    kind = str(check.get("protocol") or "").upper().removeprefix("MESOS_")
    if kind == "COMMAND":
        argv = ["/bin/sh", "-c", str(check.get("command"))]
    elif kind == "TCP":
        argv = ["timeout", str(timeout), "bash", "-c", f"exec 3<>/dev/tcp/{ip}/{int(check['port'])}"]
    else:
        url = f"{kind.lower() or 'http'}://{ip}:{int(check['port'])}{check.get('path') or '/'}"
        argv = [
            "curl",
            "--silent",
            "--fail",
            "--insecure",
            "--noproxy",
            "*",
            "--output",
            "/dev/null",
            "--max-time",
            str(timeout),
            url,
        ]
    try:
        return subprocess.run([*inside, *argv], capture_output=True, timeout=timeout + 5, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
