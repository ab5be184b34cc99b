# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _systemd
from ansible_collections.dcos.calico.plugins.modules import agent_files

PEM = '-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n'
CFG = '# Managed by Ansible (dcos.calico)\nspec:\n  etcdEndpoints: http://127.0.0.1:2379\n'


@pytest.fixture
def run(run_module, systemd_host):
    def call(files=(), units=(), check=False, diff=False, **more):
        files = [dict(item, path=str(systemd_host.root.join(item['path'])) if isinstance(item['path'], str) else str(item['path'])) for item in files]
        return run_module(agent_files, dict(more, files=files, units=list(units)), check=check, diff=diff)
    return call


def mode(path):
    return path.stat().mode & 0o7777


def test_files_and_directories_with_their_modes(run, systemd_host):
    files = [
        {'path': 'etc/a/b/x.conf', 'content': 'x\n'},
        {'path': 'etc/secret', 'secret_content': 'hunter2hunter2'},
        {'path': 'etc/directory', 'state': 'directory', 'mode': '0700'},
        {'path': 'etc/net.json', 'content': '{}', 'validate': 'json', 'mode': '0600', 'staging': str(systemd_host.root)},
    ]
    done = run(files)
    etc = systemd_host.root.join('etc')
    assert [etc.join('a', 'b', 'x.conf').read(), etc.join('secret').read()] == ['x\n', 'hunter2hunter2']
    assert [mode(etc.join(name)) for name in ('a/b', 'a/b/x.conf', 'secret', 'directory', 'net.json')] == [0o755, 0o644, 0o600, 0o700, 0o600]
    assert done['files_changed'] == [str(etc.join(name)) for name in ('a/b/x.conf', 'secret', 'directory', 'net.json')]


def test_a_secret_is_never_shown(run, systemd_host):
    path = systemd_host.root.join('key')
    first = run([{'path': 'key', 'secret_content': 'hunter2hunter2'}], diff=True)
    second = run([{'path': 'key', 'secret_content': 'correct horse battery'}], diff=True)
    third = run([{'path': 'key', 'content': 'no secret any more\n'}], diff=True)
    fourth = run([{'path': 'key', 'content': 'no secret any more\n', 'mode': '0600'}], diff=True)
    gone = run([{'path': 'key', 'state': 'absent'}], diff=True)
    assert all(result['changed'] for result in (first, second, third, fourth, gone)) and not path.check()
    assert 'hunter2' not in str([first, second]) and 'horse' not in str([second, third])
    assert 'no secret' not in str(gone['diff'])


def test_drift_of_content_and_attributes_is_repaired(run, systemd_host):
    files = [{'path': 'f', 'content': 'x\n'}, {'path': 'd', 'state': 'directory'}]
    run(files)
    systemd_host.root.join('f').chmod(0o666)
    systemd_host.root.join('d').chmod(0o700)
    result = run(files, diff=True)
    assert len(result['files_changed']) == 2 and '0666' in result['diff'][0]['before'] and '0644' in result['diff'][0]['after']
    systemd_host.root.join('f').write('y\n')
    systemd_host.root.join('f').chmod(0o600)
    assert run(files)['files_changed'] == [str(systemd_host.root.join('f'))]
    assert (systemd_host.root.join('f').read(), mode(systemd_host.root.join('f'))) == ('x\n', 0o644)
    assert not run(files)['changed']


def test_directories_go_only_when_nothing_else_is_in_them(run, systemd_host):
    root = systemd_host.root
    for name in ('a/ours', 'b/ours', 'b/theirs'):
        root.join(name).write('x', ensure=True)
    absent = [{'path': name, 'state': 'absent'} for name in ('a', 'a/ours', 'b', 'b/ours', 'never/there')]
    predicted = run(absent, check=True)
    done = run(absent)
    assert predicted['files_changed'] == done['files_changed'] == [str(root.join(name)) for name in ('a/ours', 'b/ours', 'a')]
    assert done['files_kept'] == [str(root.join('b'))]
    assert not root.join('a').check() and root.join('b', 'theirs').check()
    assert not run(absent)['changed']


@pytest.mark.parametrize('there, changed, words', [
    (None, True, None),
    (CFG, False, None),
    (CFG.replace('2379', '4001'), True, None),
    ('spec:\n  etcdEndpoints: "http://127.0.0.1:2379"\n', True, None),
    ('{"spec": {\n"etcdEndpoints": "http://127.0.0.1:2379",\n}}', True, None),
    ('spec:\n  etcdEndpoints: http://10.0.0.9:2379\n', None, 'it points to http://10.0.0.9:2379, not http://127.0.0.1:2379'),
    ('spec: {etcdEndpoints: "http://localhost:2379/"}\n', True, None),
    ('', None, 'it holds no document'),
    ('spec:\n  etcdEndpoints: [\n', None, 'it cannot be read'),
])
def test_a_unmanaged_file_that_points_elsewhere_is_refused(run, systemd_host, there, changed, words):
    path = systemd_host.root.join('calicoctl.cfg')
    if there is not None:
        path.write(there)
    item = {'path': 'calicoctl.cfg', 'content': CFG, 'unmanaged': 'refuse', 'unmanaged_same': ['etcdEndpoints']}
    for check in (True, False):
        result = run([{'path': 'other', 'content': 'x'}, item], check=check)
        if words:
            assert words in result['msg'] and str(path) in result['msg'] and 'unmanaged' in result['msg']
            assert path.read() == there and not systemd_host.root.join('other').check()
        else:
            assert (str(path) in result['files_changed']) == changed
    if not words:
        assert path.read() == CFG


def test_links_and_directories_in_the_way(run, systemd_host):
    root = systemd_host.root
    root.join('target').write('theirs')
    root.join('link').mksymlinkto(root.join('target'))
    item = {'path': 'link', 'content': '# Managed by Ansible (dcos.calico)\n'}
    assert 'it is a link to' in run([dict(item, unmanaged='refuse')])['msg']
    assert run([item])['changed'] and not root.join('link').islink() and root.join('target').read() == 'theirs'
    root.mkdir('directory')
    assert 'is a directory, not a file' in run([{'path': 'directory', 'content': 'x'}])['msg']
    assert 'is a file, not a directory' in run([{'path': 'target', 'state': 'directory'}])['msg']
    root.join('to-directory').mksymlinkto(root.join('directory'))
    assert not run([{'path': 'to-directory', 'state': 'directory'}])['changed']


@pytest.mark.parametrize('item, words', [
    ({'path': 'x'}, 'needs one of content and secret_content'),
    ({'path': 'x', 'content': 'a', 'secret_content': 'bcdefg'}, 'needs one of'),
    ({'path': 'x', 'content': 'a', 'state': 'absent'}, 'needs one of'),
    ({'path': 'x', 'content': 'a', 'mode': '420'}, "like '0644'"),
    ({'path': 'x', 'content': 'a', 'mode': 'u=rw'}, "like '0644'"),
    ({'path': 'x', 'content': '{', 'validate': 'json'}, 'it is not JSON'),
    ({'path': 'x', 'content': 'junk', 'validate': 'certificate'}, 'no PEM block CERTIFICATE'),
    ({'path': 'x', 'secret_content': PEM, 'validate': 'private_key'}, 'but CERTIFICATE'),
    ({'path': 'x', 'content': PEM.replace('TUlJQg==', 'A'), 'validate': 'certificate'}, 'damaged'),
    ({'path': 'x', 'content': PEM.replace('TUlJQg==\n', ''), 'validate': 'certificate'}, 'empty'),
    ({'path': 'x', 'content': 'no words', 'unmanaged': 'refuse'}, 'lacks the words'),
    ({'path': 'x', 'content': 'a', 'owner': 'nobody-here'}, 'no user nobody-here'),
])
def test_bad_input_is_refused_before_anything_is_touched(run, systemd_host, item, words):
    if 'owner' in item and os.getuid() != 0:
        pytest.skip('needs root')
    result = run([item])
    assert result['failed'] and words in result['msg']
    assert not systemd_host.root.join('x').check()


def test_bad_lists_are_refused(run, run_module):
    assert 'is given twice' in run([{'path': 'x', 'content': 'a'}, {'path': './x', 'content': 'b'}])['msg']
    assert 'not an absolute path' in run_module(agent_files, {'files': [{'path': 'relative/x', 'content': 'a'}]})['msg']
    assert 'given twice' in run(units=[{'name': 'a.service'}, {'name': 'a.service'}])['msg']
    assert 'not the name of a systemd unit' in run(units=[{'name': 'docker'}])['msg']


def test_a_valid_certificate_passes(run):
    assert run([{'path': 'x', 'content': PEM, 'validate': 'certificate'}])['changed']


UNIT = {'path': 'etc/systemd/system/x.service', 'content': '[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n'}
STARTED = {'name': 'x.service', 'enabled': True, 'state': 'started'}


def restarted_by(systemd_host, *names):
    return dict(STARTED, restart_on=[str(systemd_host.root.join(name)) for name in names])


def test_a_unit_from_nothing_to_gone(run, systemd_host):
    systemd_host.doubles.as_programs = True
    unit = restarted_by(systemd_host, UNIT['path'])
    predicted = run([UNIT], [unit], check=True, diff=True)
    assert systemd_host.calls() == [] and predicted['units_changed'] == ['x.service'] and predicted['daemon_reloaded']
    done = run([UNIT], [unit], diff=True)
    assert done['diff'] == predicted['diff']
    assert systemd_host.calls() == ['daemon-reload', 'enable x.service', 'start x.service']
    pid = systemd_host.pid('x.service')
    assert not run([UNIT], [unit])['changed'] and systemd_host.calls() == []
    changed = dict(UNIT, content=UNIT['content'].replace('1000', '999'))
    assert run([changed], [unit])['changed']
    assert systemd_host.calls() == ['daemon-reload', 'restart x.service'] and systemd_host.pid('x.service') != pid
    gone = [{'path': UNIT['path'], 'state': 'absent'}], [{'name': 'x.service', 'enabled': False, 'state': 'stopped'}]
    assert run(*gone)['units_changed'] == ['x.service']
    assert systemd_host.calls() == ['stop x.service', 'disable x.service', 'daemon-reload']
    assert not run(*gone)['changed']


def test_drift_of_units_is_repaired(run, systemd_host):
    unit = restarted_by(systemd_host, UNIT['path'])
    run([UNIT], [unit])
    systemd_host.calls()
    os.kill(systemd_host.pid('x.service'), 9)
    time.sleep(0.1)
    assert run([UNIT], [unit])['units_changed'] == ['x.service'] and systemd_host.calls() == ['start x.service']
    os.system('systemctl disable x.service')
    systemd_host.calls()
    result = run([UNIT], [unit])
    assert result['changed'] and not result['daemon_reloaded'] and systemd_host.calls() == ['enable x.service']


class PowerCut(BaseException):
    pass


def cut():
    raise PowerCut


@pytest.mark.parametrize('install', ['WantedBy=multi-user.target', 'WantedBy = multi-user.target\nRequiredBy=a.target b.target'])
def test_a_new_unit_is_never_there_without_being_enabled(run, systemd_host, monkeypatch, install):
    """Power goes when its file is written, before anything else: it would come up with its host."""
    unit = dict(UNIT, content=UNIT['content'].replace('WantedBy=multi-user.target', install))
    with monkeypatch.context() as power:
        power.setattr(_systemd, 'daemon_reload', cut)
        with pytest.raises(PowerCut):
            run([unit], [STARTED])
    directories = ['multi-user.target.wants'] + (['a.target.requires', 'b.target.requires'] if 'RequiredBy' in install else [])
    links = [systemd_host.units.join(directory, 'x.service') for directory in directories]
    assert systemd_host.calls() == [] and [link.readlink() for link in links] == [str(systemd_host.units.join('x.service'))] * len(links)
    assert systemd_host.units.join('x.service').read() == unit['content']
    assert run([unit], [STARTED])['units_changed'] == ['x.service'] and systemd_host.calls() == ['start x.service']
    # One that somebody disabled is not linked ahead: its file is there, so the old state is whole
    os.system('systemctl disable x.service')
    with monkeypatch.context() as power:
        power.setattr(_systemd, 'daemon_reload', cut)
        with pytest.raises(PowerCut):
            run([dict(unit, content=unit['content'] + '# new\n')], [STARTED])
    assert not links[0].check(link=1)


def test_what_a_killed_run_left_is_finished(run, systemd_host):
    unit = restarted_by(systemd_host, UNIT['path'], 'x.conf')
    run([UNIT], [unit])
    systemd_host.calls()
    # The unit file was written, nothing else was done
    changed = dict(UNIT, content=UNIT['content'].replace('1000', '999'))
    systemd_host.root.join(UNIT['path']).write(changed['content'])
    result = run([changed], [dict(unit, restart_on=[])], diff=True)
    assert result['daemon_reloaded'] and result['changed'] and systemd_host.calls() == ['daemon-reload']
    # Its configuration was written, and the unit not restarted
    conf = systemd_host.root.join('x.conf')
    conf.write('new')
    os.utime(str(conf), (1, 1))
    result = run([changed], [unit], diff=True)
    assert result['units_changed'] == ['x.service'] and str(conf) in result['diff'][0]['after']
    assert systemd_host.calls() == ['restart x.service']
    os.utime(str(conf), (time.time() + 3, time.time() + 3))
    assert not run([changed], [unit])['changed'], 'the file is what the process was started with'


def test_reload_and_restart_concern_running_units_only(run, systemd_host):
    systemd_host.unit('x.service')
    conf = str(systemd_host.root.join('x.conf'))
    for key, verb in (('reload_on', 'reload'), ('restart_on', 'restart')):
        assert run([{'path': 'x.conf', 'content': verb + ' 1'}], [{'name': 'x.service', key: [conf]}])['units_changed'] == []
        os.system('systemctl start x.service')
        systemd_host.calls()
        assert run([{'path': 'x.conf', 'content': verb + ' 2'}], [{'name': 'x.service', key: [conf]}])['units_changed'] == ['x.service']
        assert systemd_host.calls() == [verb + ' x.service']
        os.system('systemctl stop x.service')


@pytest.mark.parametrize('check', [True, False])
def test_optional_and_unknown_units(run, systemd_host, check):
    optional = run(units=[{'name': 'NetworkManager.service', 'state': 'started', 'optional': True}], check=check)
    assert not optional['changed'] and optional['units_missing'] == ['NetworkManager.service']
    result = run([{'path': 'x', 'content': 'x'}], [STARTED], check=check)
    if check:
        assert result['units_changed'] == ['x.service']
    else:
        assert 'has no unit x.service' in result['msg']
    assert not systemd_host.root.join('x').check()


def test_a_drop_in_is_loaded_without_a_restart(run, systemd_host):
    systemd_host.unit('dcos-mesos-slave.service')
    os.system('systemctl start dcos-mesos-slave.service')
    pid = systemd_host.pid('dcos-mesos-slave.service')
    systemd_host.calls()
    drop_in = {'path': 'etc/systemd/system/dcos-mesos-slave.service.d/60-calico.conf', 'content': '[Service]\nExecStartPost=/bin/true\n'}
    result = run([drop_in])
    assert result['daemon_reloaded'] and systemd_host.calls() == ['daemon-reload'] and systemd_host.pid('dcos-mesos-slave.service') == pid


def test_a_unit_that_does_not_stay_up_is_an_error_with_its_last_words(run, systemd_host):
    systemd_host.tool('broken', '#!/bin/sh\necho starting\necho "cannot open http://bob:geheim@etcd, password=sesam"\nexit 3\n')
    unit = dict(UNIT, content=UNIT['content'].replace('/bin/sleep 1000', str(systemd_host.root.join('bin', 'broken'))))
    result = run([unit], [STARTED])
    assert result['failed'] and 'x.service did not start' in result['msg'] and 'cannot open http://bob:***@etcd' in result['msg']
    assert 'geheim' not in str(result['msg']) and 'sesam' not in result['msg']


def test_a_unit_that_keeps_restarting_is_an_error_at_the_deadline(run, systemd_host):
    unit = dict(UNIT, content=UNIT['content'].replace('/bin/sleep 1000', '/bin/false\nRestart=always'))
    result = run([unit], [STARTED], timeout=1)
    assert result['failed'] and 'not steadily active within 1 seconds' in result['msg']


def test_masked_units_and_units_that_cannot_be_enabled(run, systemd_host):
    systemd_host.units.join('x.service').mksymlinkto('/dev/null')
    assert 'is masked' in run(units=[STARTED])['msg']
    systemd_host.units.join('x.service').remove()
    systemd_host.unit('y.service', install=False)
    assert 'cannot be enabled' in run(units=[dict(STARTED, name='y.service')])['msg']


def test_a_full_disk_leaves_the_old_file(run, systemd_host, monkeypatch):
    from ansible_collections.dcos.calico.plugins.module_utils._host import _files

    run([{'path': 'f', 'content': 'old'}])

    def full(*args, **kwargs):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(_files.os, 'fsync', full)
    result = run([{'path': 'f', 'content': 'new'}])
    assert 'No space left' in result['msg'] and systemd_host.root.join('f').read() == 'old'
    assert [name.basename for name in systemd_host.root.listdir() if name.basename.startswith('.')] == []


def test_a_unit_that_somebody_masked_is_neither_replaced_nor_unmasked(run, systemd_host):
    unit = systemd_host.units.join('x.service')
    unit.mksymlinkto('/dev/null')
    for check in (True, False):
        result = run([{'path': 'etc/systemd/system/x.service', 'content': '[Service]\n'}], check=check)
        assert result['failed'] and 'The unit x.service is masked on this host' in result['msg'] and 'systemctl unmask x.service' in result['msg']
    assert not run([{'path': 'etc/systemd/system/x.service', 'state': 'absent'}])['changed']
    assert unit.readlink() == '/dev/null'


def test_a_comment_in_latin1_is_shown_somehow_and_replaced(run, systemd_host):
    path = systemd_host.root.join('calico.conf')
    path.write_binary(b'# M\xfcller\n')
    item = {'path': 'calico.conf', 'content': '# new\n'}
    assert run([item], check=True, diff=True)['diff'][0]['before'] == '# M\\xfcller\n'
    assert run([item], diff=True)['changed'] and path.read() == '# new\n'
    path.write_binary(b'# M\xfcller\n')
    assert run([dict(item, unmanaged='refuse', content='# Managed by Ansible (dcos.calico.x)\n')])['failed']
