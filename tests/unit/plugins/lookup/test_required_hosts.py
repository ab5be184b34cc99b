from __future__ import annotations

import gc
import os

import pytest
from ansible.parsing.dataloader import DataLoader

from ansible_collections.dcos.calico.plugins.lookup.required_hosts import LookupModule


def test_workers_leave_alone_what_they_share_with_the_process_that_forks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"groups": {"all": ["a1"], "agents": ["a1"]}}
    lookup = LookupModule(
        loader=DataLoader(), templar=type("Templar", (), {"template": staticmethod(lambda value: value)})
    )
    monkeypatch.setattr(lookup, "set_options", lambda **_options: None)
    monkeypatch.setattr(lookup, "get_option", lambda _name: None)
    for _play in range(2):
        assert lookup.run(["agents"], variables) == ["agents"]
    own, seen = gc.get_freeze_count(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(seen[1], str(gc.get_freeze_count()).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert own == 0 and int(os.read(seen[0], 20)) > 1000 and gc.isenabled()
