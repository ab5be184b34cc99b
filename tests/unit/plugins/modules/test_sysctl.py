# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _files, _sysctl
from ansible_collections.dcos.calico.plugins.modules import sysctl


@pytest.fixture
def host(tmpdir, monkeypatch):
    """A host whose /proc/sys and /etc/sysctl.d are folders; files are owned by whoever runs the tests."""
    proc = tmpdir.mkdir('proc')
    for name, value in {'all': '2', 'default': '0', 'eth0.100': '0', 'cali12': '2', 'cali34': '1'}.items():
        proc.join('net', 'ipv4', 'conf', name, 'rp_filter').write(value + '\n', ensure=True)
    proc.join('net', 'ipv4', 'ip_local_port_range').write('32768\t60999\n')
    monkeypatch.setattr(_sysctl, 'PROC_SYS', str(proc))
    state = _files.state_of(str(tmpdir))
    monkeypatch.setattr(_files.publish, '__defaults__', (state.owner, state.group))
    monkeypatch.setattr(_files.write_atomic, '__defaults__', (0o644, state.owner, state.group, None))
    return tmpdir


def args(host, *settings, **more):
    listed = [dict(zip(('key', 'value', 'optional'), setting)) for setting in settings]
    return dict({'name': '60-calico', 'directory': str(host.join('sysctl.d')), 'settings': listed}, **more)


def rp_filter(host, name):
    return host.join('proc', 'net', 'ipv4', 'conf', name, 'rp_filter').read().strip()


WANTED = [('net.ipv4.conf.all.rp_filter', '1'), ('net.ipv4.conf.cali*.rp_filter', '1')]


def test_check_then_run_then_again(run_module, host):
    predicted = run_module(sysctl, args(host, *WANTED), check=True, diff=True)
    assert not host.join('sysctl.d').exists() and rp_filter(host, 'all') == '2'
    done = run_module(sysctl, args(host, *WANTED), diff=True)
    assert predicted == done
    assert done['changed'] and done['file_changed']
    assert done['keys_changed'] == ['net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.cali12.rp_filter']
    assert [rp_filter(host, name) for name in ('all', 'default', 'cali12', 'cali34')] == ['1', '0', '1', '1']
    again = run_module(sysctl, args(host, *WANTED), diff=True)
    assert not again['changed'] and again['diff'] == []


def test_the_file_holds_plain_keys_only_and_is_readable_by_all(run_module, host):
    run_module(sysctl, args(host, *WANTED))
    path = host.join('sysctl.d', '60-calico.conf')
    assert path.read() == _sysctl.HEADER + 'net.ipv4.conf.all.rp_filter = 1\n'
    assert path.stat().mode & 0o7777 == 0o644


def test_drift_is_repaired_where_it_happened(run_module, host):
    run_module(sysctl, args(host, *WANTED))
    host.join('proc', 'net', 'ipv4', 'conf', 'cali34', 'rp_filter').write('2\n')
    result = run_module(sysctl, args(host, *WANTED), diff=True)
    assert result['keys_changed'] == ['net.ipv4.conf.cali34.rp_filter'] and not result['file_changed']
    name = 'net.ipv4.conf.cali34.rp_filter'
    assert result['diff'] == [{'before_header': name, 'after_header': name, 'before': '2\n', 'after': '1\n'}]


@pytest.mark.parametrize('key, value', [
    ('net/ipv4/conf/eth0.100/rp_filter', '0'),
    ('net.ipv4.ip_local_port_range', '32768   60999'),
])
def test_what_is_as_wanted_is_not_written(run_module, host, key, value):
    assert run_module(sysctl, args(host, (key, value)))['keys_changed'] == []


def test_absent_removes_the_file_and_leaves_the_kernel_alone(run_module, host):
    run_module(sysctl, args(host, *WANTED))
    result = run_module(sysctl, args(host, state='absent'))
    assert result['changed'] and not host.join('sysctl.d', '60-calico.conf').exists() and rp_filter(host, 'all') == '1'
    assert not run_module(sysctl, args(host, state='absent'))['changed']


def test_an_optional_key_that_the_kernel_lacks_stays_in_the_file(run_module, host):
    result = run_module(sysctl, args(host, ('net.netfilter.nf_conntrack_max', '1000000', True)))
    assert result['keys_missing'] == ['net.netfilter.nf_conntrack_max'] and result['keys_changed'] == []
    assert 'nf_conntrack_max = 1000000' in host.join('sysctl.d', '60-calico.conf').read()


@pytest.mark.parametrize('settings, more, words', [
    ([('net.ipv4.nope', '1')], {}, ['no setting net.ipv4.nope', 'Load the kernel module']),
    ([('net.ipv4.conf.../../etc/passwd', '1')], {}, ['is not the name of a kernel setting']),
    ([('../etc/passwd', '1')], {}, ['is not the name of a kernel setting']),
    ([('rp_filter', '1')], {}, ['is not the name of a kernel setting']),
    ([('net.ipv4.conf.all.rp_filter', '1'), ('net/ipv4/conf/all/rp_filter', '2')], {}, ['given twice']),
    ([], {'name': '../60-calico'}, ['cannot be the name of a file']),
])
def test_bad_input_is_refused_before_anything_is_touched(run_module, host, settings, more, words):
    result = run_module(sysctl, args(host, *settings, **more))
    assert result['failed'] and all(word in result['msg'] for word in words)
    assert not host.join('sysctl.d').exists()


def test_a_value_that_the_kernel_does_not_take_is_an_error(run_module, host, monkeypatch):
    monkeypatch.setattr(_sysctl, '_read_key', lambda path: '2')
    result = run_module(sysctl, args(host, ('net.ipv4.conf.all.rp_filter', '7')))
    assert result['failed'] and 'The kernel took 2 for net.ipv4.conf.all.rp_filter, not 7' in result['msg']


def test_a_write_that_fails_names_the_key_and_the_remedy(host):
    change = _sysctl.Plan()
    change.add('net.ipv4.x', '0', '1', how=str(host.join('proc')))
    with pytest.raises(_sysctl.CalicoError) as error:
        _sysctl.apply(_sysctl.Desired('/nowhere', None, []), change)
    assert 'net.ipv4.x cannot be set to 1' in str(error.value) and 'writable' in str(error.value)
