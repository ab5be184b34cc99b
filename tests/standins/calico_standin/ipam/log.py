"""Log lines shaped as the real components' (logrus with Calico's formatter)."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "FATAL")


class Bare(str):
    """A field value that is printed without quotes, as an error or a number is."""


@dataclass(frozen=True)
class Log:
    """Writes `TIME [LEVEL][PID] FILE LINE: MESSAGE FIELDS` for levels at or above its own."""

    level: str = "WARNING"
    stream: TextIO | None = None

    def debug(self, place: str, message: str, **fields: str) -> None:
        self._write("DEBUG", place, message, fields)

    def info(self, place: str, message: str, **fields: str) -> None:
        self._write("INFO", place, message, fields)

    def warning(self, place: str, message: str, **fields: str) -> None:
        self._write("WARNING", place, message, fields)

    def error(self, place: str, message: str, **fields: str) -> None:
        self._write("ERROR", place, message, fields)

    def fatal(self, place: str, message: str, **fields: str) -> None:
        self._write("FATAL", place, message, fields)

    def _write(self, level: str, place: str, message: str, fields: dict[str, str]) -> None:
        if _LEVELS.index(level) < _LEVELS.index(self.level):
            return
        now = datetime.now(UTC)
        stamp = f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d}"
        tail = "".join(
            f" {name}={value}" if isinstance(value, Bare) else f' {name}="{value}"'
            for name, value in sorted(fields.items())
        )
        stream = self.stream or sys.stderr
        stream.write(f"{stamp} [{level}][{os.getpid()}] {place}: {message}{tail}\n")
        stream.flush()


def level_of(name: str) -> str:
    """The log level for a `log_level` word; unknown and empty words mean WARNING."""
    word = name.upper()
    word = {"WARN": "WARNING", "CRITICAL": "FATAL", "PANIC": "FATAL"}.get(word, word)
    return word if word in _LEVELS else "WARNING"
