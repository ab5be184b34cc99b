# -*- coding: utf-8 -*-
"""Contexts of what modules make, on a host whose libselinux is a fake: it knows a policy, and the context of each inode."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import os
import stat

import pytest
from ansible.module_utils import basic

from ansible_collections.dcos.calico.plugins.module_utils._host import _files, _selinux
from ansible_collections.dcos.calico.plugins.modules import agent_files, executable

INHERITED = 'unconfined_u:object_r:user_tmp_t:s0'


class LibSelinux:
    """What ansible-core calls of it. The policy is a list of (part of a path, kind, context), the last one that fits counts."""

    def __init__(self):
        self.policy, self.contexts, self.refuses = [], {}, False

    def is_selinux_enabled(self):
        return 1

    def is_selinux_mls_enabled(self):
        return 1

    def matchpathcon(self, path, mode):
        assert not path.startswith('/proc/') and stat.S_IFMT(mode), 'policies are about real paths and kinds'
        fitting = [context for part, kind, context in self.policy if part in path and kind == stat.S_IFMT(mode)]
        if not fitting:
            raise OSError(2, 'No such file or directory')
        return [0, fitting[-1]]

    def lgetfilecon_raw(self, path):
        return [0, self.contexts.get(os.lstat(path).st_ino, INHERITED)]

    def lsetfilecon(self, path, context):
        if self.refuses:
            raise OSError(13, 'Permission denied')
        self.contexts[os.lstat(path).st_ino] = context
        return 0

    def of(self, path):
        """The context of what stands at a path."""
        return self.lgetfilecon_raw(str(path))[1]


def context(kind):
    return 'system_u:object_r:%s:s0' % kind


@pytest.fixture
def selinux(monkeypatch):
    fake = LibSelinux()
    monkeypatch.setattr(basic, 'HAVE_SELINUX', True)
    monkeypatch.setattr(basic, 'selinux', fake, raising=False)
    yield fake
    _selinux.attach(None)


def test_files_and_directories_have_the_context_of_their_path_also_when_replaced(run_module, systemd_host, selinux):
    root = systemd_host.root
    selinux.policy = [('/etc', stat.S_IFDIR, context('etc_t')), ('/etc', stat.S_IFREG, context('etc_t')),
                      ('/etc/systemd', stat.S_IFREG, context('systemd_unit_file_t'))]
    unit, new = root.join('etc', 'systemd', 'system', 'x.service'), root.join('etc', 'a', 'b', 'x.conf')
    for text in ('[Service]\nExecStart=/bin/sleep 1\n', '[Service]\nExecStart=/bin/sleep 2\n'):
        result = run_module(agent_files, {'files': [{'path': str(unit), 'content': text}, {'path': str(new), 'content': text, 'staging': str(root)}]})
        assert result['changed'] and not result.get('failed')
        assert selinux.of(unit) == context('systemd_unit_file_t'), 'not that of the directory that it was staged in'
        assert [selinux.of(path) for path in (new, new.dirpath(), new.dirpath().dirpath())] == [context('etc_t')] * 3


def test_executables_and_links(tmpdir, selinux, run_module):
    selinux.policy = [('/bin', stat.S_IFREG, context('bin_t')), ('/bin', stat.S_IFLNK, context('bin_link_t')), ('/bin', stat.S_IFDIR, context('bin_t'))]
    target, tool = tmpdir.join('bin', 'tool'), tmpdir.join('tool')
    tool.write('#!/bin/sh\n')
    desired = {'path': str(target), 'src': str(tool), 'sha256': hashlib.sha256(tool.read_binary()).hexdigest()}
    assert run_module(executable, {'executables': [desired], 'receipts': str(tmpdir.join('receipts.json'))})['changed']
    assert selinux.of(target) == context('bin_t')
    _files.link_atomic(str(target), str(tmpdir.join('bin', 'other')))
    _files.link(str(target), str(tmpdir.join('bin', 'third')))
    assert [selinux.of(tmpdir.join('bin', name)) for name in ('other', 'third')] == [context('bin_link_t')] * 2


def test_a_path_of_which_the_policy_says_nothing_is_left(tmpdir, selinux, run_module):
    path = tmpdir.join('x')
    assert run_module(agent_files, {'files': [{'path': str(path), 'content': 'x', 'owner': _files.state_of(str(tmpdir)).owner}]})['changed']
    assert selinux.of(path) == INHERITED and selinux.contexts == {}


def test_a_context_that_cannot_be_set_is_a_failure_and_the_old_file_stays(tmpdir, selinux, run_module):
    path = tmpdir.join('x')
    path.write('old')
    selinux.policy, selinux.refuses = [(str(path), stat.S_IFREG, context('etc_t'))], True
    result = run_module(agent_files, {'files': [{'path': str(path), 'content': 'new'}]})
    assert result['failed'] and '%s cannot be given its SELinux context' % path in result['msg'] and 'Permission denied' in result['msg']
    assert path.read() == 'old' and [item.basename for item in tmpdir.listdir()] == ['x']
