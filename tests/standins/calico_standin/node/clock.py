"""A second of one's own. All hosts of a lab share one kernel, so that timers which count whole seconds, as BIRD's do, fire at the same instant everywhere:
two BIRDs then connect to each other at once every few restarts, where real hosts do so once in hundreds."""

from __future__ import annotations

import ctypes
import random
from pathlib import Path

from .paths import RUN_DIR

# Where this is, a test wants them to.
SHARED = RUN_DIR / "shared-seconds"
_CLONE_NEWTIME = 0x80
_OFFSETS = Path("/proc/self/timens_offsets")


def shift_seconds_of_children() -> bool:
    """Let the monotonic clock of processes started from now on begin its seconds somewhere else; False where the kernel
    does not let us, or where they are to be shared."""
    if SHARED.exists():
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWTIME):
        return False
    try:
        _OFFSETS.write_text(f"monotonic 0 {random.randrange(1_000_000_000)}\n", encoding="ascii")
    except OSError:
        return False
    return True
