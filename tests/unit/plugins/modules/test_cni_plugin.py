# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import json
import os
import tempfile

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _cni, _copies
from ansible_collections.dcos.calico.plugins.modules import cni_plugin

# Answers like the real plugin, and tells who asked for what.
PLUGIN = """#!/bin/sh
echo "$CNI_COMMAND $(basename "$0") $(cat)" >> "%s/asked"
%s
"""
ANSWER = """echo '{"cniVersion":"0.3.1","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1"]}'"""


@pytest.fixture
def host(tmpdir, monkeypatch, as_root):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmpdir.mkdir('tmp')))
    tmpdir.mkdir('active')
    return tmpdir


def source(host, name, body=ANSWER):
    path = host.join('src-' + name)
    path.write(PLUGIN % (host, body))
    return {'name': name, 'src': str(path), 'sha256': hashlib.sha256(path.read_binary()).hexdigest()}


def args(host, *plugins, **more):
    directories = {option: str(host.join(name)) for option, name in (('bin_dir', 'bin'), ('plugin_dir', 'active'), ('cni_config_dir', 'cni'))}
    return dict({'plugins': list(plugins), 'receipts': str(host.join('receipts.json'))}, **dict(directories, **more))


def names(host, directory):
    return sorted(path.basename for path in host.join(directory).listdir()) if host.join(directory).check() else []


def both(host):
    return [source(host, 'calico'), source(host, 'calico-ipam')]


def asked(host):
    return host.join('asked').read().splitlines() if host.join('asked').check() else []


def test_plugins_are_asked_once_and_linked(run_module, host):
    given = args(host, *both(host))
    run_module(cni_plugin, given, check=True)
    assert asked(host) == []
    done = run_module(cni_plugin, given)
    assert done['paths_changed'] == [str(host.join(directory, name)) for name in ('calico', 'calico-ipam') for directory in ('bin', 'active')]
    assert done['plugins'][1] == {'name': 'calico-ipam', 'path': str(host.join('bin', 'calico-ipam')), 'link': str(host.join('active', 'calico-ipam'))}
    assert os.readlink(str(host.join('active', 'calico'))) == str(host.join('bin', 'calico'))
    assert [line.split()[:2] for line in asked(host)] == [['VERSION', 'calico'], ['VERSION', 'calico-ipam']]
    assert json.loads(asked(host)[0].split(None, 2)[2]) == {'cniVersion': '0.1.0'}
    run_module(cni_plugin, given)
    assert len(asked(host)) == 2 and names(host, 'tmp') == []


def test_links_lost_by_an_upgrade_are_made_again_without_running_or_fetching(run_module, host):
    given = args(host, *both(host))
    run_module(cni_plugin, given)
    host.join('active').remove()
    host.mkdir('active')
    for name in ('src-calico', 'src-calico-ipam', 'asked'):
        host.join(name).remove()
    assert run_module(cni_plugin, given)['paths_changed'] == [str(host.join('active', 'calico')), str(host.join('active', 'calico-ipam'))]
    assert names(host, 'active') == ['calico', 'calico-ipam'] and asked(host) == []


def test_a_plugin_put_there_by_hand_is_replaced_and_shown(run_module, host):
    host.join('active', 'calico').write('by hand')
    result = run_module(cni_plugin, args(host, source(host, 'calico')), diff=True)
    assert hashlib.sha256(b'by hand').hexdigest() in result['diff'][1]['before'] and host.join('active', 'calico').islink()


@pytest.mark.parametrize('body, more, words', [
    ('echo usage: calicoctl', {}, ['The file for calico-ipam is not a CNI plugin for this host', 'usage: calicoctl', 'nothing was put in place']),
    ('echo oops >&2; exit 3', {}, ['is not a CNI plugin', 'oops']),
    (ANSWER + '; exit 1', {}, ['is not a CNI plugin']),
    (ANSWER, {'required_cni_version': '0.4.0'}, ['does not support CNI 0.4.0', 'it supports 0.1.0, 0.2.0, 0.3.0, 0.3.1']),
])
def test_nothing_is_placed_unless_all_are_plugins(run_module, host, body, more, words):
    result = run_module(cni_plugin, args(host, source(host, 'calico'), source(host, 'calico-ipam', body), **more))
    assert result['failed'] and names(host, 'bin') == names(host, 'active') == names(host, 'tmp') == []
    for word in words:
        assert word in result['msg']


def test_a_program_that_does_not_answer_is_no_plugin(run_module, host, monkeypatch):
    monkeypatch.setattr(_cni, 'HANDSHAKE_SECONDS', 0.3)
    result = run_module(cni_plugin, args(host, source(host, 'calico', 'sleep 60')))
    assert 'is not a CNI plugin' in result['msg'] and 'did not answer within 0.3 seconds' in result['msg'] and names(host, 'bin') == []


def test_a_file_that_cannot_be_executed_is_no_plugin(run_module, host):
    path = host.join('src-elf')
    path.write_binary(b'\x7fELF\x02\x01\x01' + b'\x00' * 60)
    result = run_module(cni_plugin, args(host, {'name': 'calico', 'src': str(path), 'sha256': hashlib.sha256(path.read_binary()).hexdigest()}))
    assert result['failed'] and 'is not a CNI plugin for this host' in result['msg'] and 'Exec format error' in result['msg']
    assert names(host, 'bin') == []


def test_other_executables_are_placed_in_the_same_call_without_being_asked(run_module, host):
    other = dict(source(host, 'calicoctl', 'echo v1.6.3'), path=str(host.join('sbin', 'calicoctl')))
    del other['name']
    assert run_module(cni_plugin, args(host, source(host, 'calico'), executables=[other]))['changed']
    assert names(host, 'sbin') == ['calicoctl'] and len(asked(host)) == 1


def test_one_directory_needs_no_links(run_module, host):
    result = run_module(cni_plugin, args(host, source(host, 'calico'), plugin_dir=str(host.join('bin'))))
    assert result['plugins'][0]['link'] is None and not host.join('bin', 'calico').islink()


@pytest.mark.parametrize('name', ['', '.', '../calico', 'bin/calico', '-x', 'a b'])
def test_names_that_are_refused(run_module, host, name):
    result = run_module(cni_plugin, args(host, dict(source(host, 'calico'), name=name)))
    assert result['failed'] and 'cannot be the name of a plugin' in result['msg']


def test_a_host_without_dcos_is_told_but_predicted(run_module, host, monkeypatch):
    monkeypatch.setattr(_cni, 'DCOS', str(host.join('opt')))
    given = args(host, source(host, 'calico'), plugin_dir=str(host.join('opt', 'active', 'cni')))
    assert run_module(cni_plugin, given, check=True)['changed']
    result = run_module(cni_plugin, given)
    assert result['failed'] and 'DC/OS is not installed on this host' in result['msg'] and not host.join('opt').check()


def test_a_pushed_plugin_is_asked_for(run_module, host):
    given = dict(source(host, 'calico'), src=None, local_src='/srv/calico')
    result = run_module(cni_plugin, args(host, given))
    assert not result['changed'] and result['needs'] == [given['sha256']] and names(host, 'bin') == []


USED = '{"name": "x", "type": "calico", "ipam": {"type": "calico-ipam"}}'


@pytest.mark.parametrize('text, force, words', [
    (None, False, None),
    ('{"name": "x", "type": "bridge"}', False, None),
    ('broken', False, None),
    (USED, False, 'The plugin calico, calico-ipam cannot be removed'),
    ('{"name": "x", "type": "m", "delegate": %s}' % USED, False, 'names it'),
    ('{"name": "x", "cniVersion": "0.3.0", "plugins": [%s]}' % USED, False, 'names it'),
    (USED, True, None),
])
def test_absent(run_module, host, text, force, words):
    run_module(cni_plugin, args(host, *both(host)))
    host.join('active', 'bridge').write('unmanaged')
    if text:
        host.mkdir('cni').join('x.cni').write(text)
    given = args(host, {'name': 'calico'}, {'name': 'calico-ipam'}, state='absent', force=force)
    predicted, result = run_module(cni_plugin, given, check=True, diff=True), run_module(cni_plugin, given, diff=True)
    if words:
        assert predicted['changed'] and words in str(predicted['warnings'])  # Tasks before this one would have removed the network.
        assert result['failed'] and words in result['msg'] and str(host.join('cni', 'x.cni')) in result['msg']
        assert names(host, 'bin') == ['calico', 'calico-ipam']
        return
    assert predicted == result
    assert result['changed'] and names(host, 'bin') == [] and names(host, 'active') == ['bridge']
    assert not run_module(cni_plugin, given)['changed']


def test_a_link_that_the_unit_puts_back_until_it_is_awaited_goes_as_well(run_module, host, monkeypatch):
    """An upgrade had taken it away when the run looked."""
    run_module(cni_plugin, args(host, *both(host)))
    link = host.join('active', 'calico')
    copy = host.ensure('copies', *str(link).split('/')[1:-1], dir=True).join('calico')
    copy.mksymlinkto(str(host.join('bin', 'calico')))
    link.remove()
    forget = _copies.forget

    def awaited(directory, plan):
        link.mksymlinkto(str(host.join('bin', 'calico')))
        return forget(directory, plan)

    monkeypatch.setattr(_copies, 'forget', awaited)
    result = run_module(cni_plugin, args(host, {'name': 'calico'}, state='absent', copies_dir=str(host.join('copies'))))
    assert not link.check(link=1) and not copy.check(link=1) and str(link) in result['paths_changed']
