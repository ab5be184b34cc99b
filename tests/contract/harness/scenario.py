"""A record file as a parametrised test: each record runs once as recorded and once substituted, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from .host import Result
from .records import Record, load
from .rig import Rig
from .substitution import Substitution

MODES = ("recorded", "substituted")
# Which records have a test, by (file, index): filled when test modules are imported.
CLAIMED: dict[tuple[str, int], str] = {}

# The result of a record that tells of many commands at once.
NOTHING = Result(None, "", "", 0.0)

Step = Callable[[Rig], object]
Check = Callable[[Rig, Record, Result], object]


class Scenario:
    """How one record file is played.

    `before` holds what has to be done ahead of a record (by its name), `check` what replaces the usual
    comparison; `skip` names records that another module plays or that not_run.py lists. `substitute`
    are further (pattern, replacement) pairs, `keep` patterns of the common table to leave out; `blocks`
    the /26 blocks in the record, in the order hosts claimed them; in `unscaled` records the tool's waits
    are as long as the real ones.
    """

    def __init__(
        self,
        source: str,
        before: Mapping[str, Step] | None = None,
        check: Mapping[str, Check] | None = None,
        skip: Iterable[str] = (),
        substitute: Sequence[tuple[str, str]] = (),
        keep: Iterable[str] = (),
        blocks: Sequence[str] = (),
        unscaled: Iterable[str] = (),
        host_name: str = "calico-agent1",
        etcd: bool = True,
    ) -> None:
        self.source = source
        self._before = dict(before or {})
        self._check = dict(check or {})
        self._substitute = tuple(substitute)
        self._keep = tuple(keep)
        self._blocks = tuple(blocks)
        self._unscaled = set(unscaled)
        self._host_name = host_name
        self._etcd = etcd
        left_out = set(skip)
        everything = load(source)
        named = left_out | set(self._before) | set(self._check) | self._unscaled
        unknown = named - {record.name for record in everything}
        if unknown:
            raise ValueError(f"{source} has no record named {sorted(unknown)}")
        played = [record for record in everything if record.name not in left_out]
        CLAIMED.update({record.key: source for record in played})
        self.records = [record for record in played if record.holds]

    def parametrize(self, function: Any) -> Any:
        """Decorate `def test_record(rig, record)`."""
        marked = pytest.mark.parametrize("record", self.records, ids=[_id(record) for record in self.records])
        return marked(function)

    def rig_fixture(self) -> Any:
        """The module's `rig` fixture: `rig = scenario.rig_fixture()`."""

        @pytest.fixture(scope="module", params=MODES)
        def rig(
            request: pytest.FixtureRequest,
            tmp_path_factory: pytest.TempPathFactory,
            artifacts: Path,
            etcd_binary: Path,
        ) -> Iterator[Rig]:
            substitution = Substitution(request.param == "substituted", self._substitute, self._keep)
            made = Rig(
                request.param,
                tmp_path_factory.mktemp("rig"),
                artifacts,
                etcd_binary,
                substitution,
                self._blocks,
                self._host_name,
            )
            try:
                if self._etcd:
                    made.etcd.start()
                yield made
            finally:
                made.close()

        return rig

    def play(self, rig: Rig, record: Record) -> None:
        """Play one record with its preparation and its comparison."""
        rig.scale_waits = record.name not in self._unscaled
        prepare = self._before.get(record.name)
        if prepare is not None:
            prepare(rig)
        check = self._check.get(record.name)
        if check is None:
            rig.play(record)
        else:
            check(rig, record, rig.run_record(record) if record.argv else NOTHING)


def _id(record: Record) -> str:
    return f"{record.index:02d} {record.name}".rstrip()
