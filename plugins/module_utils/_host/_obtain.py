# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get the files of executables, each in a staged file beside its destination; an archive that several come from is fetched once."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import os

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _archive, _download, _files, _stream


class Obtained(object):
    """A file (_files.Staged) and the sha256 of its content."""
    __slots__ = ('file', 'sha256')

    def __init__(self, file, sha256):
        self.file = file
        self.sha256 = sha256


@contextlib.contextmanager
def archive(source, options, workplace):
    """Path of an archive that is root's alone, its sum checked; gone afterwards. Who owns a file of this host could change it after it was checked.

    :arg workplace: folder for it, made if needed.
    """
    made = []
    try:
        _files.ensure_directory(workplace)
        yield _own(source, workplace, 'root', options, made).path
    finally:
        for file in made:
            _files.discard(file)


@contextlib.contextmanager
def staged(executables, options, workplace):
    """{path of the executable: Obtained}, checked against the sums; what was not published is gone afterwards.

    :arg workplace: folder for archives, made if needed.
    """
    made, result = [], {}
    try:
        for each in executables:
            if not each.source['member']:
                result[each.path] = Obtained(_own(each.source, os.path.dirname(each.path), each.owner, options, made), each.source['sha256'])
        for sha256 in sorted(set(each.source['sha256'] for each in executables if each.source['member'])):
            members = [each for each in executables if each.source['member'] and each.source['sha256'] == sha256]
            result.update(_extracted(members, options, workplace, made))
        yield result
    finally:
        for file in made:
            _files.discard(file)


def _new(folder, owner, made):
    made.append(_files.stage(folder, owner))
    return made[-1]


def _own(source, folder, owner, options, made):
    """What a source names in a staged file, its sum checked while it is written."""
    file = _new(folder, owner, made)
    if source['url']:
        _download.fetch(source['url'], source['sha256'], file.handle, file.path, options)
    else:
        _copy(source, file.handle, file.path)
    file.close()
    return file


def _copy(source, handle, path):
    try:
        with open(source['src'], 'rb') as original:
            got = _stream.save(_stream.pieces_of(original), handle, path)[0]
    except (IOError, OSError) as error:
        raise CalicoError('%s cannot be read' % source['src'], why=to_native(error), remedy='Place it on this host first, or correct src')
    if got != source['sha256']:
        raise CalicoError('%s is not the expected file' % source['src'], why='sha256 %s is expected and %s was found' % (source['sha256'], got),
                          remedy='Replace the file, or set the new sum after you have made sure that the file is genuine')


def _extracted(executables, options, workplace, made):
    """Staged files of the executables that come from one archive."""
    source = executables[0].source
    _files.ensure_directory(workplace)
    packed = _own(source, workplace, 'root', options, made).path
    label = _download.shown(source['url']) if source['url'] else source['src']
    files = {}
    for each in executables:
        files.setdefault(each.source['member'], []).append((each, _new(os.path.dirname(each.path), each.owner, made)))
    sums = _archive.extract(packed, dict((member, (targets[0][1].handle, targets[0][1].path)) for member, targets in files.items()), label)
    found = {}
    for member, targets in files.items():
        for number, (each, file) in enumerate(targets):
            if number:
                with open(targets[0][1].inode, 'rb') as first:
                    _stream.save(_stream.pieces_of(first), file.handle, file.path)
            file.close()
            found[each.path] = Obtained(file, sums[member])
    return found
