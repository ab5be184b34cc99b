# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import json
import os
import tarfile

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _facts
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _cni, _docker, _executables, _files, _network, _stream, _text_files


@pytest.mark.parametrize('handle, most', [(io.BytesIO(b'12345'), 5), (io.StringIO(u'12345'), 5), (io.BytesIO(b''), 0)])
def test_what_is_as_large_as_it_may_be_is_read_whole(handle, most):
    assert len(_stream.whole(handle, 'x', most)) == most


@pytest.mark.parametrize('handle', [io.BytesIO(b'12345'), io.StringIO(u'12345')])
def test_what_is_larger_is_told_of_with_where_and_how_much(handle):
    with pytest.raises(CalicoError) as caught:
        _stream.whole(handle, '/etc/x', 4)
    assert '/etc/x has more than 4 bytes' in str(caught.value)


def test_what_has_no_end_is_left_where_the_limit_is():
    with open('/dev/zero', 'rb') as handle:
        with pytest.raises(CalicoError):
            _stream.whole(handle, '/dev/zero', 1 << 16)


@pytest.mark.parametrize('mode', ['r', 'rb'])
def test_the_kernel_s_settings_are_read_though_it_refuses_large_reads(mode):
    with open('/proc/sys/kernel/ostype', mode) as handle:
        assert _stream.whole(handle, handle.name).strip() in ('Linux', b'Linux')


@pytest.fixture
def large(tmpdir):
    """A file that takes no room, and is larger than anything that is read."""
    path = tmpdir.join('large')
    with open(str(path), 'wb') as handle:
        os.ftruncate(handle.fileno(), _stream.LARGEST + 1)
    return path


READS = [
    lambda path: _files.state_of(str(path)).content(),
    lambda path: _network.read(str(path)),
    lambda path: _text_files.read([_text_files.TextFile(str(path))]),
    lambda path: _executables.read_receipts(str(path)),
    lambda path: _cni.read(path.dirname),
]


@pytest.mark.parametrize('number', range(len(READS)))
def test_no_reader_takes_a_file_without_a_limit(large, number):
    with pytest.raises(CalicoError) as caught:
        READS[number](large)
    assert '%s has more than %d bytes' % (large, _stream.LARGEST) in str(caught.value)


def test_an_archive_whose_manifest_is_a_bomb(tmpdir, monkeypatch):
    path, text = tmpdir.join('bomb.tar.gz'), json.dumps([]).encode('ascii') + b' ' * 4096
    with tarfile.open(str(path), 'w:gz') as archive:
        entry = tarfile.TarInfo('manifest.json')
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    assert _docker.archive_contents(str(path)) == []
    monkeypatch.setattr(_stream.whole, '__defaults__', (4096,))
    with pytest.raises(CalicoError) as caught:
        _docker.archive_contents(str(path))
    assert 'manifest.json of %s has more than 4096 bytes' % path in str(caught.value)


def test_facts_tell_of_a_network_file_that_is_too_large(large):
    (found,) = _facts.cni_files(large.dirname)
    assert found['kind'] == 'invalid' and 'has more than' in found['reason']
