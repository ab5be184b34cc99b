"""Time as the cluster sees it: the machine's, with every duration scaled."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Seconds since 1970, and durations times a scale, so that tests need not wait as long as operators."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    @staticmethod
    def now() -> float:
        return time.time()

    def scaled(self, seconds: float) -> float:
        return seconds * self.scale


def rfc3339(seconds: float) -> str:
    """2018-03-01T12:00:00.123Z, as Marathon writes times."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
