# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _files
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _sysctl
from ansible_collections.dcos.calico.plugins.modules import sysctl


@pytest.fixture
def host(tmpdir, monkeypatch):
    """A host whose /proc/sys and /etc/sysctl.d are directories; files are owned by whoever runs the tests."""
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


DESIRED = [('net.ipv4.conf.all.rp_filter', '1'), ('net.ipv4.conf.cali*.rp_filter', '1')]


def test_the_file_and_the_kernel(run_module, host):
    done = run_module(sysctl, args(host, *DESIRED))
    assert done['changed'] and done['file_changed']
    assert done['keys_changed'] == ['net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.cali12.rp_filter']
    assert [rp_filter(host, name) for name in ('all', 'default', 'cali12', 'cali34')] == ['1', '0', '1', '1']


def test_the_file_holds_plain_keys_only_and_is_readable_by_all(run_module, host):
    run_module(sysctl, args(host, *DESIRED))
    path = host.join('sysctl.d', '60-calico.conf')
    assert path.read() == _sysctl.HEADER + 'net.ipv4.conf.all.rp_filter = 1\n'
    assert path.stat().mode & 0o7777 == 0o644


def test_drift_is_repaired_where_it_happened(run_module, host):
    run_module(sysctl, args(host, *DESIRED))
    host.join('proc', 'net', 'ipv4', 'conf', 'cali34', 'rp_filter').write('2\n')
    result = run_module(sysctl, args(host, *DESIRED), diff=True)
    assert result['keys_changed'] == ['net.ipv4.conf.cali34.rp_filter'] and not result['file_changed']
    name = 'net.ipv4.conf.cali34.rp_filter'
    assert result['diff'] == [{'before_header': name, 'after_header': name, 'before': '2\n', 'after': '1\n'}]


@pytest.mark.parametrize('key, value', [
    ('net/ipv4/conf/eth0.100/rp_filter', '0'),
    ('net.ipv4.ip_local_port_range', '32768   60999'),
])
def test_what_is_as_desired_is_not_written(run_module, host, key, value):
    assert run_module(sysctl, args(host, (key, value)))['keys_changed'] == []


def test_absent_removes_the_file_and_leaves_alone_what_nobody_noted(run_module, host):
    run_module(sysctl, args(host, *DESIRED))
    os.remove(_sysctl.NOTES)
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
        _sysctl.apply(_sysctl.Desired('/nowhere', None, []), _sysctl.Actual(None, [], []), change)
    assert 'net.ipv4.x cannot be set to 1' in str(error.value) and 'writable' in str(error.value)


@pytest.mark.parametrize('key', ['net/ipv4/conf/eth0.100/rp_filter', 'net.ipv4.conf.eth0/100.rp_filter'])
def test_both_spellings_of_a_name_with_a_dot_work(run_module, host, key):
    assert run_module(sysctl, args(host, (key, '1')))['keys_changed'] == [key] and rp_filter(host, 'eth0.100') == '1'
    assert not run_module(sysctl, args(host, (key, '1')))['changed']


def test_the_spelling_that_cannot_work_is_told_the_one_that_does(run_module, host):
    result = run_module(sysctl, args(host, ('net.ipv4.conf.eth0.100.rp_filter', '1')))
    assert result['failed'] and 'Write net/ipv4/conf/eth0.100/rp_filter.' in result['msg']
    assert run_module(sysctl, args(host, ('net.ipv4.conf.eth*.rp_filter', '1')))['keys_changed'] == ['net/ipv4/conf/eth0.100/rp_filter']


def test_what_the_kernel_refuses_leaves_nothing_behind(run_module, host, monkeypatch):
    overwrite = _files.overwrite

    def kernel(path, content):
        if content.startswith('True'):
            raise OSError(22, 'Invalid argument')
        overwrite(path, content)

    monkeypatch.setattr(_files, 'overwrite', kernel)
    result = run_module(sysctl, args(host, ('net.ipv4.conf.all.rp_filter', '1'), ('net.ipv4.conf.default.rp_filter', 'True')))
    assert result['failed'] and 'cannot be set to True' in result['msg']
    assert not host.join('sysctl.d').check() and rp_filter(host, 'all') == '2'


OTHERS = [
    ('99-hardening.conf', '# x\nnet.ipv4.conf.all.rp_filter = 2\n', ('2', '99-hardening.conf')),
    ('99-hardening.conf', '-net/ipv4/conf/all/rp_filter=2\n', ('2', '99-hardening.conf')),
    ('99-hardening.conf', 'net.ipv4.conf.*.rp_filter = 2\n', ('2', '99-hardening.conf')),
    ('99-hardening.conf', 'net.ipv4.conf.all.rp_filter = 1\n', None),
    ('10-network.conf', 'net.ipv4.conf.all.rp_filter = 2\n', None),
    ('99-hardening.conf', '#net.ipv4.conf.all.rp_filter = 2\nnonsense\n\xe4 = \xff\n', None),
    ('99-hardening.conf.rpmsave', 'net.ipv4.conf.all.rp_filter = 2\n', None),
]


@pytest.mark.parametrize('name, text, found', OTHERS, ids=[str(number) for number in range(len(OTHERS))])
def test_files_that_have_the_last_word_are_told(run_module, host, name, text, found):
    host.join('sysctl.d', name).write_binary(text.encode('latin-1') if not isinstance(text, bytes) else text, ensure=True)
    result = run_module(sysctl, args(host, *DESIRED))
    key = 'net.ipv4.conf.all.rp_filter'
    assert result['keys_overridden'] == ([{'key': key, 'value': found[0], 'file': str(host.join('sysctl.d', found[1]))}] if found else [])
    warned = str(result.get('warnings', []))
    assert ('%s will be 2 after the next boot: %s is read later. Take it out there.' % (key, host.join('sysctl.d', name)) in warned) == bool(found)
    assert bool(found) or 'is read later' not in warned


def test_files_of_all_directories_are_read_as_systemd_reads_them(run_module, host, monkeypatch):
    directories = [host.join(name) for name in ('sysctl.d', 'run', 'lib')]
    monkeypatch.setattr(_sysctl, 'DIRECTORIES', tuple(str(directory) for directory in directories))
    monkeypatch.setattr(_sysctl, 'LAST', str(host.join('sysctl.conf')))
    for directory, value in zip(directories, ('1', '2', '3')):
        directory.join('70-x.conf').write('net.ipv4.conf.all.rp_filter = %s\n' % value, ensure=True)
    assert run_module(sysctl, args(host, *DESIRED))['keys_overridden'] == [], 'that of /etc stands for all of its name'
    host.join('lib', '80-y.conf').write('net.ipv4.conf.all.rp_filter = 2\n')
    host.join('sysctl.conf').write('net.ipv4.conf.all.rp_filter = 0\n')
    assert [item['file'] for item in run_module(sysctl, args(host, *DESIRED))['keys_overridden']] == [str(host.join('sysctl.conf'))]


OTHERS = [{'key': 'net.ipv4.conf.default.rp_filter', 'value': '1'}]


def test_absent_sets_back_what_was_noted(run_module, host):
    run_module(sysctl, args(host, *DESIRED, set_by_others=OTHERS))
    assert rp_filter(host, 'default') == '0'
    host.join('proc', 'net', 'ipv4', 'conf', 'default', 'rp_filter').write('1\n')  # As Felix does.
    run_module(sysctl, args(host, *DESIRED, set_by_others=OTHERS))
    result = run_module(sysctl, args(host, state='absent'))
    assert result['keys_changed'] == ['net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.default.rp_filter'] and result['keys_left'] == []
    assert [rp_filter(host, name) for name in ('all', 'default', 'cali12')] == ['2', '0', '1'] and not os.path.exists(_sysctl.NOTES)
    assert not run_module(sysctl, args(host, state='absent'))['changed']


def test_absent_leaves_what_somebody_else_has_set_since(run_module, host):
    run_module(sysctl, args(host, *DESIRED, set_by_others=OTHERS))
    host.join('proc', 'net', 'ipv4', 'conf', 'default', 'rp_filter').write('2\n')
    host.join('proc', 'net', 'ipv4', 'conf', 'all', 'rp_filter').write('0\n')
    result = run_module(sysctl, args(host, state='absent'))
    assert result['keys_left'] == ['net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.default.rp_filter'] and result['keys_changed'] == []


@pytest.mark.parametrize('name, text, stays', [
    ('99-operator.conf', 'net.ipv4.conf.all.rp_filter = 1\n', True),
    ('10-operator.conf', '-net/ipv4/conf/*/rp_filter = 1\n', True),
    ('99-operator.conf', 'net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.all.rp_filter = 0\n', False),  # The last one counts, and it is not so.
    ('99-operator.conf', 'net.ipv4.conf.default.rp_filter = 1\n', False),
    ('60-calico.conf.old', 'net.ipv4.conf.all.rp_filter = 1\n', False),
])
def test_absent_leaves_what_a_file_of_somebody_else_asks_for_as_well(run_module, host, name, text, stays):
    run_module(sysctl, args(host, *DESIRED))
    host.join('sysctl.d', name).write(text)
    for check in (True, False):
        result = run_module(sysctl, args(host, state='absent'), check=check)
        assert result['keys_changed'] == ([] if stays else ['net.ipv4.conf.all.rp_filter']) and result['keys_left'] == []
    assert rp_filter(host, 'all') == ('1' if stays else '2') and not os.path.exists(_sysctl.NOTES)


def test_a_file_of_before_there_were_notes_is_not_taken_for_the_first_change(run_module, host):
    run_module(sysctl, args(host, *DESIRED))
    os.remove(_sysctl.NOTES)
    run_module(sysctl, args(host, *DESIRED, set_by_others=OTHERS))
    run_module(sysctl, args(host, ('net.ipv4.conf.default.rp_filter', '2'), *DESIRED))
    assert _sysctl.read_notes()[str(host.join('sysctl.d', '60-calico.conf'))] == {'net.ipv4.conf.default.rp_filter': {'before': '0', 'after': '2'}}
    result = run_module(sysctl, args(host, state='absent'))
    assert result['keys_changed'] == ['net.ipv4.conf.default.rp_filter'] and result['keys_left'] == ['net.ipv4.conf.all.rp_filter']


def test_a_run_that_was_killed_half_way_notes_what_was_there_before_it(run_module, host):
    settings = [('net.ipv4.conf.all.rp_filter', '1'), ('net.ipv4.ip_local_port_range', '1024 65000')]
    run_module(sysctl, args(host, *settings))
    os.remove(str(host.join('sysctl.d', '60-calico.conf')))  # The file comes last.
    run_module(sysctl, args(host, *settings))
    run_module(sysctl, args(host, state='absent'))
    assert rp_filter(host, 'all') == '2'


@pytest.mark.parametrize('text', ['broken', '[]', '{"/etc/sysctl.d/60-calico.conf": 1}', '{"x": {"a.b": 1}}'])
def test_notes_that_make_no_sense_are_none(host, text):
    with open(_sysctl.NOTES, 'w') as handle:
        handle.write(text)
    assert not any(_sysctl.read_notes().values())
