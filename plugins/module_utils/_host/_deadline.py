# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting that ends: one deadline for all the steps of a wait, and a second look at what is read in pieces of something that others change.

Two requests are two moments, so pieces that contradict each other prove nothing yet.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import ctypes
import time

CLOCK_MONOTONIC = 1  # linux/time.h
PATIENCE = 2.0
PAUSE = 0.2


class _Timespec(ctypes.Structure):
    _fields_ = [('seconds', ctypes.c_long), ('nanoseconds', ctypes.c_long)]


def now():
    """Seconds of CLOCK_MONOTONIC, which nobody sets. Python 2.7 has to ask the C library for it."""
    if hasattr(time, 'clock_gettime'):
        return time.clock_gettime(CLOCK_MONOTONIC)
    found = _Timespec()
    ctypes.CDLL(None).clock_gettime(CLOCK_MONOTONIC, ctypes.byref(found))
    return found.seconds + found.nanoseconds / 1e9


class Deadline(object):
    """A point in time that a wait must not go beyond.

    :arg seconds: length of the wait.
    :arg clock, sleep: seams for tests; now and time.sleep.
    """

    def __init__(self, seconds, clock=None, sleep=None):
        self.seconds = seconds
        self._clock = clock or now
        self._sleep = sleep or time.sleep
        self._end = self._clock() + seconds

    def left(self):
        """Seconds until the end, never less than 0."""
        return max(0.0, self._end - self._clock())

    def passed(self):
        return self.left() <= 0

    def pause(self, seconds):
        """Sleep, but not beyond the end; return whether there is time left for another try."""
        if self.passed():
            return False
        self._sleep(min(seconds, self.left()))
        return True


def agreed(look, contradiction, start=Deadline):
    """What C(look()) returns, looked at again while its pieces contradict each other, but only for PATIENCE seconds: what still does so then is how it is.

    A second look is taken however long the first one took. Whoever calls validates what comes back as if it had been read at once.

    :arg look: reads all pieces anew, and changes nothing.
    :arg contradiction: of what look() returned; true if that cannot be true of one moment, or is only true while somebody else is at work.
    :arg start: callable(seconds) -> Deadline.
    """
    deadline, pause = None, PAUSE
    while True:
        seen = look()
        if not contradiction(seen):
            return seen
        deadline = deadline or start(PATIENCE)
        if not deadline.pause(pause):
            return seen
        pause *= 2
