# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _deadline


class Looks:
    """Gives one after the other, the last one for ever; a look takes some seconds of a clock of its own."""

    def __init__(self, *seen, **more):
        self.seen, self.taken, self.now, self.each = list(seen), 0, 0.0, more.get('each', 0)

    def __call__(self):
        self.taken += 1
        self.now += self.each
        return self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]

    def sleep(self, seconds):
        self.now += seconds

    def start(self, seconds):
        return _deadline.Deadline(seconds, clock=lambda: self.now, sleep=self.sleep)


@pytest.fixture(autouse=True)
def as_it_is(monkeypatch):
    monkeypatch.setattr(_deadline, 'PATIENCE', 2.0)
    monkeypatch.setattr(_deadline, 'PAUSE', 0.2)


@pytest.mark.parametrize('seen, each, result, taken', [
    (['agrees'], 0, 'agrees', 1),
    (['no', 'agrees'], 0, 'agrees', 2),
    (['no', 'no', 'no', 'agrees'], 0, 'agrees', 4),
    (['no', 'agrees'], 60, 'agrees', 2),
    (['no'], 60, 'no', 2),
    (['no'], 0, 'no', 5),
], ids=['at once', 'on second look', 'late', 'slowly', 'never, slowly', 'never'])
def test_what_contradicts_itself_is_looked_at_again_and_not_for_ever(seen, each, result, taken):
    looks = Looks(*seen, each=each)
    assert _deadline.agreed(looks, lambda what: what == 'no', looks.start) == result
    assert looks.taken == taken and looks.now - taken * each <= _deadline.PATIENCE
