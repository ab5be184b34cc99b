# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read in pieces of something that others change meanwhile: two requests are two moments, so pieces that contradict each other prove nothing yet."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

PATIENCE = 2.0
PAUSE = 0.2


def agreed(look, contradiction, start=Deadline):
    """What C(look()) returns, looked at again while its pieces contradict each other, but only for PATIENCE seconds: what still does so then is how it is.

    A second look is taken however long the first one took. Whoever calls judges what comes back as if it had been read at once.

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
