# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what has an end, or none; write a file from pieces while its digest is taken, where a full disk is a clear error."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import hashlib

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError

CHUNK = 1 << 16
LARGEST = 16 << 20  # bytes of what is read whole: far more than any configuration, certificate or note has
TABLE = 256 << 20  # of the kernel's lists of connections


def whole(handle, what, most=LARGEST):
    """All that a handle gives, which is not taken for longer than it may be; raises CalicoError. The one place where something is read to its end.

    :arg what: what to call it in the error.
    :arg most: bytes, or characters of text.
    """
    pieces, left = [], most + 1
    while left > 0:
        # In pieces, because the kernel refuses a read of megabytes from /proc/sys, however short the answer is.
        pieces.append(handle.read(min(CHUNK, left)))
        left -= len(pieces[-1])
        if not pieces[-1]:
            return pieces[0][:0].join(pieces)
    raise CalicoError('%s has more than %d bytes' % (what, most), why='it is read whole, and nothing that belongs there is as large',
                      remedy='See what it is, and put it right')


def pieces_of(source):
    """The pieces of a file object, each of at most CHUNK bytes."""
    return iter(lambda: source.read(CHUNK), b'')


def save(pieces, handle, path):
    """Write pieces to a binary handle from its beginning and flush it; return (sha256 in hex, number of bytes).

    :arg path: what to call the file in the error.
    """
    digest, size = hashlib.sha256(), 0
    _attempt(path, handle.seek, 0)
    _attempt(path, handle.truncate)
    for piece in pieces:
        _attempt(path, handle.write, piece)
        digest.update(piece)
        size += len(piece)
    _attempt(path, handle.flush)
    return digest.hexdigest(), size


def _attempt(path, action, *args):
    try:
        action(*args)
    except (IOError, OSError) as error:
        raise CalicoError('%s cannot be written' % path, why=to_native(error), remedy='Free space on its file system and run again')
