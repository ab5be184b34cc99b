"""Random sequences of commands against a model; the seed is printed at the top of a run."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Rig
from harness.substitution import Substitution
from model import Model

CHUNKS = 4
LENGTHS = range(4, 8)


@pytest.fixture(scope="module", params=range(CHUNKS))
def chunk(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def rig(chunk: int, tmp_path_factory: pytest.TempPathFactory, artifacts: Path, etcd_binary: Path) -> Iterator[Rig]:
    made = Rig("random", tmp_path_factory.mktemp("rig"), artifacts, etcd_binary, Substitution(False))
    try:
        made.etcd.start()
        yield made
    finally:
        made.close()


def test_sequences(rig: Rig, chunk: int) -> None:
    seed = os.environ["CONTRACT_SEED"]
    for number in range(chunk, int(os.environ["CONTRACT_SEQUENCES"]), CHUNKS):
        play(rig, random.Random(f"{seed}-{number}"), f"seed {seed}, sequence {number}")


def play(rig: Rig, dice: random.Random, title: str) -> None:
    """One sequence on an empty datastore."""
    rig.etcd.wipe()
    model = Model(dice)
    told = [title]
    for _ in range(dice.choice(LENGTHS)):
        step = model.step()
        told.append(" ".join(step.argv) + (f" <<< {step.stdin!r}" if step.stdin else ""))
        result = rig.run(["calicoctl", *step.argv], stdin=step.stdin)
        story = "\n".join([*told, repr(result)])
        assert result.exit_code == step.exit_code, story
        assert step.read(result.stdout) == step.expected, story
        assert result.stderr == "", story
