# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules brought about on this host last: a digest of what was required, by which dcos.calico.repair tells what drifted from what was configured anew.

A job and what it is about have one entry, such as C(sysctl 60-calico). A plan adds what it finds as required, so hosts that an older version of this
collection installed have entries as well. An entry that is missing or damaged costs nothing but that the difference is left to dcos.calico.site.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import hashlib
import json
import os

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _files, _lock

PATH = '/var/lib/dcos-calico/installed.json'
PATIENCE = 10
# What a job is about, of its parameters; what is about something else has an entry of its own.
ABOUT = {
    'agent_files': lambda params: params['files'][0]['path'] if params['files'] else '',
    'calicoctl_node': lambda params: '',
    'cni_network': lambda params: params['dir'],
    'etcd_member': lambda params: params['unit'],
    'etcd_proxy': lambda params: params['unit'],
    'executable': lambda params: params['executables'][0]['path'] if params['executables'] else '',
    'sysctl': lambda params: params['name'],
}
# How something is brought about, and not what: where a source is fetched from, which has its checksum, and how long is waited for what.
FROM = ('executable', 'executables', 'image_archive', 'plugins')  # parameters with a source in each
HOW = ('allow_http', 'ca_path', 'download_timeout', 'health', 'local_src', 'receipts', 'replace_unmanaged', 'restart', 'restart_wait',
       'sha256_variable', 'src', 'timeout', 'url', 'wait', 'wait_for')
SAME, OTHER, UNKNOWN = 'same', 'other', 'unknown'


def _what(value):
    """Parameters, or a list of sources, without what only says how."""
    if isinstance(value, (list, tuple)):
        return [_what(part) for part in value]
    if not isinstance(value, dict):
        return value
    return dict((key, _what(part) if key in FROM else part) for key, part in value.items() if key not in HOW)


def digest(params):
    """Of what validated parameters require; the same from each Python."""
    return hashlib.sha256(to_bytes(json.dumps(_what(params), sort_keys=True, separators=(',', ':')))).hexdigest()


def _key(job, params):
    return ('%s %s' % (job, ABOUT[job](params))).strip()


def _read():
    try:
        found = json.loads((_files.state_of(PATH).content() or b'{}').decode('utf-8'))
    except (IOError, OSError, ValueError, CalicoError):
        return {}
    return found if isinstance(found, dict) else {}


def compare(job, params):
    """SAME if what is required is what was brought about last, OTHER if that was something else, UNKNOWN if nothing is noted."""
    noted = _read().get(_key(job, params))
    return UNKNOWN if noted is None else SAME if noted == digest(params) else OTHER


def note(job, params):
    """Note that what is required has been brought about, or was found so."""
    key, value = _key(job, params), digest(params)
    if _read().get(key) == value:
        return
    directory = os.path.dirname(PATH)
    _files.ensure_directory(directory)
    with _lock.held_directory(directory, PATIENCE):
        _write(dict(_read(), **{key: value}))


def noted():
    """Keys of the entries: a job, and what it is about."""
    return sorted(_read())


def forget(keys):
    """Remove entries of what is not installed any more."""
    with _lock.held_directory(os.path.dirname(PATH), PATIENCE):
        _write(dict((key, value) for key, value in _read().items() if key not in keys))


def _write(entries):
    _files.write_atomic(PATH, json.dumps(entries, indent=2, sort_keys=True, separators=(',', ': ')) + '\n', mode=0o600)


def has_some():
    """Whether a run installed something here, so that there is a place for notes."""
    return os.path.isdir(os.path.dirname(PATH))
