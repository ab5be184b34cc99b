# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting that ends: one deadline for all the steps of a wait."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import ctypes
import time

CLOCK_MONOTONIC = 1  # linux/time.h


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
