# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of tar (gzip, bzip2, plain) and zip archives, extracted piece by piece, never by the names they carry."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import stat
import tarfile
import zipfile
import zlib

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _stream

BROKEN = (tarfile.TarError, zipfile.BadZipfile, zlib.error, EOFError, IOError, OSError)


def extract(path, targets, label):
    """Write members of an archive to files; return {member: sha256 in hex}.

    :arg path: the archive.
    :arg targets: {member: (binary handle, path for messages)}.
    :arg label: what to call the archive in errors, such as its address.
    :raises CalicoError: it is no archive, or a member is not a regular file in it (the executables it has are listed).
    """
    try:
        with _opened(path) as archive:
            found = dict((name, entry) for name, entry in archive.files() if name in targets)
            missing = sorted(set(targets) - set(found))
            if missing:
                raise CalicoError('%s has no file %s' % (label, ', '.join(missing)), why='the executables in it are %s' % _listed(archive),
                                  remedy='Set member to one of them')
            sums = {}
            for name in sorted(found, key=lambda name: archive.position(found[name])):
                handle, target = targets[name]
                with contextlib.closing(archive.open(found[name])) as source:
                    sums[name] = _stream.save(_stream.pieces_of(source), handle, target)[0]
            return sums
    except BROKEN as error:
        raise CalicoError('%s is not a readable tar.gz or zip archive' % label, why=to_native(error),
                          remedy='Leave member out if it is the executable itself, else check which file its address names')


def _listed(archive):
    files = list(archive.files())
    names = sorted(name for name, entry in files if archive.executable(entry)) or sorted(name for name, entry in files)
    return ', '.join(names[:20]) + (' and %d more' % (len(names) - 20) if len(names) > 20 else '') if names else 'none'


@contextlib.contextmanager
def _opened(path):
    reader = _Zip(path) if zipfile.is_zipfile(path) else _Tar(path)
    try:
        yield reader
    finally:
        reader.archive.close()


class _Tar(object):
    def __init__(self, path):
        self.archive = tarfile.open(path, 'r:*')

    def files(self):
        return [(entry.name[2:] if entry.name.startswith('./') else entry.name, entry) for entry in self.archive if entry.isreg()]

    def open(self, entry):
        return self.archive.extractfile(entry)

    @staticmethod
    def position(entry):
        return entry.offset_data

    @staticmethod
    def executable(entry):
        return bool(entry.mode & 0o111)


class _Zip(object):
    def __init__(self, path):
        self.archive = zipfile.ZipFile(path)

    def files(self):
        entries = [(entry, entry.external_attr >> 16) for entry in self.archive.infolist()]
        return [(entry.filename, entry) for entry, mode in entries if not entry.filename.endswith('/') and stat.S_IFMT(mode) in (0, stat.S_IFREG)]

    def open(self, entry):
        return self.archive.open(entry)

    @staticmethod
    def position(entry):
        return entry.header_offset

    @staticmethod
    def executable(entry):
        return bool((entry.external_attr >> 16) & 0o111)
