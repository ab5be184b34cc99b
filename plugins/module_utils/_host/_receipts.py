# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was installed from which source: {path: {source_sha256, member, sha256}} in one JSON file.

A member of an archive has no sum of its own that an operator could give. So the sum of what was extracted is noted together with the
archive's, and compared later without fetching the archive again. A lost or damaged file costs a download, nothing else.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os

from ansible_collections.dcos.calico.plugins.module_utils._host import _files

PATH = '/var/lib/dcos-calico/receipts.json'
FIELDS = ('source_sha256', 'member', 'sha256')


def read(path):
    """The receipts; those that make no sense are left out."""
    try:
        entries = json.loads((_files.state_of(path).content() or b'{}').decode('utf-8'))
    except ValueError:
        return {}
    if not isinstance(entries, dict):
        return {}
    return dict((name, entry) for name, entry in entries.items() if isinstance(entry, dict) and all(field in entry for field in FIELDS))


def update(path, changes):
    """Set the receipts of paths (None removes one) and keep the others."""
    entries = read(path)
    before = dict(entries)
    for name, receipt in changes.items():
        if receipt is None:
            entries.pop(name, None)
        else:
            entries[name] = receipt
    if entries != before:
        _files.ensure_directory(os.path.dirname(path))
        _files.write_atomic(path, json.dumps(entries, indent=2, sort_keys=True, separators=(',', ': ')) + '\n')
