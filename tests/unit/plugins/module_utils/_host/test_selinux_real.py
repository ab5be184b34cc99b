# -*- coding: utf-8 -*-
"""Contexts by libselinux itself, with lines of a real policy, and kept in the extended attributes of real files. The kernel need not have SELinux: what is
tried is the library's API as ansible-core and _selinux use it, not enforcing.

CALICO_FILE_CONTEXTS names the directory of a whole policy's file_contexts (/etc/selinux/NAME/contexts/files) to try instead of these lines.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import ctypes
import hashlib
import os
import re

import pytest
from ansible.module_utils import basic

from ansible_collections.dcos.calico.plugins.module_utils._host import _files, _selinux
from ansible_collections.dcos.calico.plugins.modules import agent_files, executable

# Of the reference policy (refpolicy), in its own words.
LINES = r"""
/.*				system_u:object_r:default_t:s0
/etc				-d	system_u:object_r:etc_t:s0
/etc/.*				system_u:object_r:etc_t:s0
/usr/lib/systemd/system(/.*)?	system_u:object_r:systemd_unit_t:s0
/opt				-d	system_u:object_r:usr_t:s0
/opt/.*				system_u:object_r:usr_t:s0
/opt/(.*/)?bin(/.*)?			system_u:object_r:bin_t:s0
/var/lib(/.*)?			system_u:object_r:var_lib_t:s0
/tmp/.*				<<none>>
"""
# Policies call some directories by one name.
SUBSTITUTIONS = '/etc/systemd/system /usr/lib/systemd/system\n'
XATTR = b'security.selinux'


def library():
    """libselinux.so.1, None where there is none, or where a file cannot have a context."""
    try:
        return ctypes.CDLL('libselinux.so.1', use_errno=True)
    except OSError:
        return None


LIBC = ctypes.CDLL(None, use_errno=True)


def context_of(path):
    """As the file system keeps it; None if it keeps none."""
    value = ctypes.create_string_buffer(200)
    size = LIBC.lgetxattr(str(path).encode(), XATTR, value, 200)
    return value.raw[:size].rstrip(b'\0').decode() if size > 0 else None


@pytest.fixture
def policy(systemd_host, monkeypatch):
    lib, root = library(), systemd_host.root
    directory = root.ensure('policy', 'contexts', 'files', dir=True)
    root.join('probe').write('')
    if lib is None or LIBC.lsetxattr(str(root.join('probe')).encode(), XATTR, b'a:b:c:s0', 9, 0) != 0:
        pytest.skip('no libselinux, or no contexts on this file system')
    LIBC.lremovexattr(str(root.join('probe')).encode(), XATTR)
    texts = {'file_contexts': LINES, 'file_contexts.subs_dist': SUBSTITUTIONS}
    if os.environ.get('CALICO_FILE_CONTEXTS'):
        for name in texts:
            with open(os.path.join(os.environ['CALICO_FILE_CONTEXTS'], name)) as handle:
                texts[name] = handle.read()
    below = re.sub(r'([.+*?()\[\]{}|^$\\])', r'\\\1', str(root)) + '/'
    directory.join('file_contexts').write(re.sub('(?m)^/', lambda dummy: below, texts['file_contexts']))
    directory.join('file_contexts.subs_dist').write(re.sub('(?m)(^| )/', lambda match: match.group(1) + str(root) + '/', texts['file_contexts.subs_dist']))
    lib.matchpathcon_fini()
    assert lib.selinux_set_policy_root(str(root.join('policy')).encode()) == 0
    from ansible.module_utils.compat import selinux

    monkeypatch.setattr(selinux, 'is_selinux_enabled', lambda: 1)
    monkeypatch.setattr(selinux, 'is_selinux_mls_enabled', lambda: 1)
    get = selinux.lgetfilecon_raw
    # A kernel with SELinux has a context for every file, also where none was set.
    monkeypatch.setattr(selinux, 'lgetfilecon_raw', lambda path: get(path) if context_of(path) else [0, 'system_u:object_r:unlabeled_t:s0'])
    assert basic.HAVE_SELINUX and basic.selinux is selinux, 'what ansible-core uses is this library'
    yield root
    _selinux.attach(None)
    lib.matchpathcon_fini()


def test_files_directories_links_and_executables_have_the_contexts_of_a_real_policy(policy, run_module):
    owner, tool = _files.state_of(str(policy)).owner, policy.join('tool')
    tool.write('#!/bin/sh\n')
    desired = {'path': str(policy.join('opt', 'calico', 'bin', 'etcd')), 'src': str(tool), 'sha256': hashlib.sha256(tool.read_binary()).hexdigest()}
    unit, config = policy.join('etc', 'systemd', 'system', 'x.service'), policy.join('etc', 'calico', 'calicoctl.cfg')
    for text in ('[Service]\nExecStart=/bin/sleep 1\n', '[Service]\nExecStart=/bin/sleep 2\n'):
        files = [{'path': str(path), 'content': text, 'owner': owner, 'staging': str(policy)} for path in (unit, config)]
        result = run_module(agent_files, {'files': files})
        assert result.get('changed'), result
        assert context_of(unit) == 'system_u:object_r:systemd_unit_t:s0' and context_of(config) == context_of(config.dirpath()) == 'system_u:object_r:etc_t:s0'
    result = run_module(executable, {'executables': [desired], 'receipts': str(policy.join('var', 'lib', 'receipts.json'))})
    assert result.get('changed'), result
    assert context_of(desired['path']) == 'system_u:object_r:bin_t:s0' and context_of(policy.join('var', 'lib', 'receipts.json')).endswith(':var_lib_t:s0')
    _files.link_atomic(desired['path'], str(policy.join('opt', 'other')))
    assert context_of(policy.join('opt', 'other')) == 'system_u:object_r:usr_t:s0'


def test_what_a_policy_says_nothing_of_is_left(policy, run_module):
    path = policy.join('tmp', 'x')
    result = run_module(agent_files, {'files': [{'path': str(path), 'content': 'x', 'owner': _files.state_of(str(policy)).owner, 'staging': str(policy)}]})
    assert result.get('changed') and context_of(path) is None
