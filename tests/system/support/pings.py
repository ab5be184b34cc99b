"""Pings between workloads while something is done to their hosts, and for how long any of them went unanswered."""

from __future__ import annotations

import itertools
import re
import signal
import subprocess
import tempfile
from collections.abc import Collection
from types import TracebackType
from typing import IO

from dcoslab.process import scaled

from support.workloads import Workload, Workloads

EVERY = 0.2


class Pings:
    """Every workload pings every other, from the beginning to the end of the with block."""

    def __init__(self, workloads: Workloads) -> None:
        self.pairs = list(itertools.permutations(workloads.items, 2))
        self.running: list[tuple[Workload, Workload, subprocess.Popen[str]]] = []
        self.answers: dict[tuple[str, str], list[float]] = {}

    def __enter__(self) -> Pings:
        for item, other in self.pairs:
            # Not into the host's process namespace, so that ping is the process that is terminated.
            inside = [
                "nsenter",
                "--target",
                str(item.agent.pid),
                "--mount",
                "nsenter",
                f"--net=/var/run/mesos/isolators/network/cni/{item.container}/ns",
            ]
            argv = [*inside, "ping", "-D", "-n", "-i", str(EVERY), other.address]
            self.running.append(
                (
                    item,
                    other,
                    subprocess.Popen(
                        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
                    ),
                )
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for item, other, process in self.running:
            process.terminate()
            text = process.communicate(timeout=scaled(30))[0]
            self.answers[(item.agent.name, other.agent.name)] = [
                float(number) for number in re.findall(r"^\[([0-9.]+)\] .*bytes from", text, re.MULTILINE)
            ]

    def silences(self) -> dict[tuple[str, str], float]:
        """Longest time between two answers of each pair, in seconds; endless where there was none."""
        return {
            pair: max((b - a for a, b in zip(times, times[1:])), default=float("inf"))
            for pair, times in self.answers.items()
        }

    def worst(self) -> list[tuple[float, float, tuple[str, str]]]:
        """(seconds of silence, when it began, pair) of the five longest."""
        gaps = [(b - a, a, pair) for pair, times in self.answers.items() for a, b in zip(times, times[1:])]
        return sorted(gaps, reverse=True)[:5]

    def longest_silence(self, but: Collection[frozenset[str]] = ()) -> float:
        """Of all pairs, or of all but those whose BIRDs have met (support/collisions.py)."""
        return max(seconds for pair, seconds in self.silences().items() if frozenset(pair) not in but)


def sent_and_lost(text: str) -> tuple[int, int]:
    """Packets of a ping, which says each answer, and those without one; the last may have been on its way back when ping was ended, and is not lost."""
    sent = int(re.findall(r"(\d+) packets transmitted", text)[0])
    answered = {int(number) for number in re.findall(r"bytes from .* icmp_seq=(\d+)", text)}
    return sent, len(set(range(1, sent)) - answered)


class Counted:
    """Every workload pings every other, from the beginning to the end of the with block. Answers go to files: a pipe has room for few."""

    def __init__(self, workloads: Workloads) -> None:
        self.pairs = list(itertools.permutations(workloads.items, 2))
        self.sent: dict[tuple[str, str], int] = {}
        self._lost: dict[tuple[str, str], int] = {}

    def __enter__(self) -> Counted:
        self._running = [(item, other, *self._start(item, other)) for item, other in self.pairs]
        return self

    @staticmethod
    def _start(item: Workload, other: Workload) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        namespace = f"--net=/var/run/mesos/isolators/network/cni/{item.container}/ns"
        inside = ["nsenter", "--target", str(item.agent.pid), "--mount", "nsenter", namespace]
        argv = [*inside, "ping", "-n", "-i", "0.1", other.address]
        answers = tempfile.TemporaryFile()
        return subprocess.Popen(argv, stdout=answers, stdin=subprocess.DEVNULL), answers

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for item, other, process, answers in self._running:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=scaled(30))
            with answers:
                answers.seek(0)
                text = answers.read().decode()
            pair = (item.agent.name, other.agent.name)
            self.sent[pair], self._lost[pair] = sent_and_lost(text)
        print(f"sent {self.sent}, lost {self._lost}")

    def lost(self) -> int:
        """Packets without an answer, of all pairs."""
        return sum(self._lost.values())
