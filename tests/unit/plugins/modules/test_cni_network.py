# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import copy
import fcntl
import hashlib
import json
import os

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _cni, _copies, _files
from ansible_collections.dcos.calico.plugins.modules import cni_network

CONFIG = {'name': 'calico', 'cniVersion': '0.1.0', 'type': 'calico', 'etcd_endpoints': 'http://localhost:2379', 'nodename': '10.0.0.5',
          'ipam': {'type': 'calico-ipam', 'assign_ipv4': 'true', 'ipv4_pools': ['192.168.0.0/16']}}
CONFLIST = {'name': 'kube-cni', 'cniVersion': '0.3.0', 'plugins': [{'type': 'calico', 'ipam': {'type': 'calico-ipam'}}, {'type': 'portmap'}]}
PLUGIN = """#!/bin/sh
echo '{"cniVersion":"0.3.1","supportedVersions":["0.1.0","0.2.0","0.3.0"]}'
"""


@pytest.fixture
def host(tmpdir, as_root):
    """An agent with the directories that DC/OS makes, its bridge network, and Calico's plugins."""
    tmpdir.mkdir('network').mkdir('cni').join('ucr-default-bridge.conf').write('{"name": "mesos-bridge", "type": "bridge"}')
    tmpdir.mkdir('active')
    for name in ('bridge', 'calico', 'calico-ipam', 'portmap'):
        plugin(tmpdir, name)
    return tmpdir


def plugin(host, name, mode=0o755):
    host.join('active', name).write(PLUGIN)
    host.join('active', name).chmod(mode)


def without_plugins(host):
    for name in ('calico', 'calico-ipam'):
        host.join('active', name).remove()


def sources(host, body=PLUGIN):
    host.join('src').write(body)
    return [{'name': name, 'src': str(host.join('src')), 'sha256': hashlib.sha256(body.encode('utf-8')).hexdigest()} for name in ('calico', 'calico-ipam')]


def cni(host, *name):
    return host.join('network', 'cni', *name)


def network(file='calico.cni', *config, **more):
    """One desired network; its configuration is CONFIG unless another one, or None, is given."""
    return dict({'file': file, 'config': config[0] if config else CONFIG}, **more)


def args(host, *networks, **more):
    return dict({'networks': list(networks), 'dir': str(cni(host)), 'plugin_dirs': [str(host.join('active')), str(host.join('dcos-cni'))],
                 'plugin_dir': str(host.join('active')), 'bin_dir': str(host.join('bin')), 'receipts': str(host.join('receipts.json')),
                 'copies_dir': str(host.join('copies'))}, **more)


def names(directory):
    return sorted(path.basename for path in directory.listdir())


@pytest.mark.parametrize('with_plugins', [False, True])
def test_the_file_and_plugins_are_placed(run_module, host, with_plugins):
    given = args(host, network())
    if with_plugins:
        without_plugins(host)
        given['plugins'] = sources(host)
    done = run_module(cni_network, given)
    assert done['files_changed'] == [str(cni(host, 'calico.cni'))]
    placed = [str(host.join(directory, name)) for name in ('calico', 'calico-ipam') for directory in ('bin', 'active')]
    assert done['paths_changed'] == (placed if with_plugins else [])
    assert done['networks'] == [{'name': 'calico', 'path': str(cni(host, 'calico.cni'))}]
    assert json.loads(cni(host, 'calico.cni').read()) == CONFIG and cni(host, 'calico.cni').stat().mode & 0o7777 == 0o644
    assert names(cni(host)) == ['calico.cni', 'ucr-default-bridge.conf'] and names(host.join('network')) == ['cni']


def test_the_configuration_comes_last_and_no_other_file_is_ever_in_its_directory(run_module, host, monkeypatch):
    without_plugins(host)
    rename, seen = os.rename, []

    def watched(old, new):
        assert os.path.dirname(old) != str(cni(host))
        rename(old, new)
        if not new.endswith('installed.json'):  # the note of what was brought about, which comes after it
            seen.append((os.path.basename(new), names(cni(host))))

    monkeypatch.setattr(os, 'rename', watched)
    run_module(cni_network, args(host, network(), plugins=sources(host)))
    assert seen[-1] == ('calico.cni', ['calico.cni', 'ucr-default-bridge.conf'])
    assert all(found == ['ucr-default-bridge.conf'] for unused, found in seen[:-1]) and len(seen) > 4


def test_a_plugin_that_is_none_keeps_the_network_away(run_module, host):
    without_plugins(host)
    result = run_module(cni_network, args(host, network(), plugins=sources(host, '#!/bin/sh\necho no\n')))
    assert result['failed'] and 'is not a CNI plugin' in result['msg'] and not cni(host, 'calico.cni').check()


def test_the_version_of_the_network_is_asked_of_its_plugins(run_module, host):
    without_plugins(host)
    config = dict(CONFLIST, cniVersion='0.3.1')
    result = run_module(cni_network, args(host, network('x.conflist', config), dialect='cni', plugins=sources(host)))
    assert result['failed'] and 'does not support CNI 0.3.1' in result['msg'] and not host.join('bin', 'calico').check()


def test_a_file_formatted_by_hand_is_left_alone(run_module, host):
    cni(host, 'calico.cni').write(json.dumps(CONFIG, indent=7, sort_keys=True))
    cni(host, 'calico.cni').chmod(0o644)
    assert not run_module(cni_network, args(host, network()))['changed']


def other_pool(host):
    cni(host, 'calico.cni').write(json.dumps(dict(CONFIG, ipam={'type': 'calico-ipam'})))


def other_type(host):
    cni(host, 'calico.cni').write(json.dumps(dict(CONFIG, ipam=dict(CONFIG['ipam'], assign_ipv4=True))))


def not_json(host):
    cni(host, 'calico.cni').write('{"name":')


def other_mode(host):
    cni(host, 'calico.cni').chmod(0o600)


def gone(host):
    cni(host, 'calico.cni').remove()


def a_link(host):
    cni(host, 'calico.cni').move(host.join('elsewhere'))
    os.symlink(str(host.join('elsewhere')), str(cni(host, 'calico.cni')))


@pytest.mark.parametrize('drift', [other_pool, other_type, not_json, other_mode, gone, a_link])
def test_drift_is_repaired(run_module, host, drift):
    run_module(cni_network, args(host, network()))
    drift(host)
    result = run_module(cni_network, args(host, network()), diff=True)
    assert result['files_changed'] == [str(cni(host, 'calico.cni'))] and len(result['diff']) == 1 and result['unparsable'] == []
    assert json.loads(cni(host, 'calico.cni').read()) == CONFIG and cni(host, 'calico.cni').stat().mode & 0o7777 == 0o644
    assert not cni(host, 'calico.cni').islink()
    assert not run_module(cni_network, args(host, network()))['changed']


@pytest.mark.parametrize('name', ['calico.conf', 'calico.cni.bak', '.calico.swp', 'calico.cni~', 'a'])
def test_one_file_per_network_whatever_its_name(run_module, host, name):
    cni(host, name).write(json.dumps({'name': 'calico', 'type': 'bridge'}))
    for check in (True, False):
        result = run_module(cni_network, args(host, network()), check=check)
        assert result['failed'] and 'The network calico would be in two files, %s and %s' % (cni(host, 'calico.cni'), cni(host, name)) in result['msg']
        assert 'Remove %s, or list it in networks with state absent' % cni(host, name) in result['msg']
    assert not cni(host, 'calico.cni').check()


def test_a_file_is_renamed_without_a_moment_without_the_network(run_module, host, monkeypatch):
    cni(host, 'calico.conf').write(json.dumps(CONFIG))
    unlink, seen = os.unlink, []

    def watched(path):
        if path.endswith('calico.conf'):
            seen.append(cni(host, 'calico.cni').check())
        unlink(path)

    monkeypatch.setattr(os, 'unlink', watched)
    result = run_module(cni_network, args(host, network('calico.conf', None, state='absent'), network()))
    assert result['files_changed'] == [str(cni(host, 'calico.cni')), str(cni(host, 'calico.conf'))] and seen == [True]
    assert names(cni(host)) == ['calico.cni', 'ucr-default-bridge.conf']


def test_unmanaged_files_are_reported_and_left(run_module, host):
    cni(host, 'broken.bak').write('{"name": "x"}')
    cni(host, 'cni.conflist').write(json.dumps(dict(CONFLIST, name='calico')))
    cni(host).mkdir('directory')
    os.symlink(str(host.join('nowhere')), str(cni(host, 'dangling')))
    result = run_module(cni_network, args(host, network()))
    assert result['changed'] and result['conflists'] == [str(cni(host, 'cni.conflist'))]
    reasons = [('broken.bak', 'it has no type'), ('dangling', 'it is empty')]
    assert result['unparsable'] == [{'path': str(cni(host, name)), 'reason': reason} for name, reason in reasons]
    assert len(result['warnings']) == 2 and str(cni(host, 'broken.bak')) in json.dumps(result['warnings'][0])
    assert 'calico.cni' in names(cni(host)) and len(names(cni(host))) == 6


@pytest.mark.parametrize('spoil', [lambda host: host.join('active', 'calico-ipam').remove(), lambda host: plugin(host, 'calico-ipam', 0o644)])
def test_a_missing_plugin_is_an_error_but_only_a_prediction_in_check_mode(run_module, host, spoil):
    spoil(host)
    predicted = run_module(cni_network, args(host, network()), check=True)
    assert predicted['changed'] and predicted['plugins_missing'] == [{'path': str(cni(host, 'calico.cni')), 'plugin': 'calico-ipam'}]
    result = run_module(cni_network, args(host, network()))
    assert result['failed'] and not cni(host, 'calico.cni').check()
    for word in ('calico-ipam', str(cni(host, 'calico.cni')), str(host.join('dcos-cni')), 'dcos.calico.cni_plugin'):
        assert word in result['msg']


def test_plugins_outside_the_search_path_do_not_count(run_module, host):
    without_plugins(host)
    result = run_module(cni_network, args(host, network(), plugins=sources(host), plugin_dir=str(host.join('other'))))
    assert result['failed'] and 'is in none of' in result['msg']


def changed(**more):
    return [network(config=dict(copy.deepcopy(CONFIG), **more))]


@pytest.mark.parametrize('networks, words', [
    (changed(name='cal ico'), ['Wrong CNI configuration', 'networks[0] (calico.cni)', 'characters other than', 'nothing was written']),
    (changed(ipam={'type': 'calico-ipam', 'assign_ipv4': True}), ['must be the string "true" or "false"']),
    (changed(cniVersion='0.3.1'), ['leave cniVersion out']),
    ([network('calico.cni', CONFLIST)], ['Mesos does not know lists of plugins']),
    ([network('calico.cni', None)], ['it has no name']),
    ([network('../calico.cni')], ['it is not a file name']),
    ([network('a/b')], ['it is not a file name']),
    ([network('')], ['it is not a file name']),
    ([network('a.cni'), network('b.cni')], ['The network calico is listed twice']),
    ([network(), network(config=dict(CONFIG, name='b'))], ['is listed twice']),
    ([network(mode='rw')], ['rw is not a file mode']),
    ([network(mode='0644', secret=True)], ['would let others read it']),
    (changed(mtu='x', etcd_endpoints='y') + [network('b', {'name': 'b'})], ['mtu', 'etcd_endpoints', 'networks[1] (b): it has no type']),
])
@pytest.mark.parametrize('check', [False, True])
def test_bad_input_changes_nothing(run_module, host, networks, words, check):
    without_plugins(host)
    result = run_module(cni_network, args(host, *networks, plugins=sources(host)), check=check)
    assert result['failed'] and names(cni(host)) == ['ucr-default-bridge.conf'] and not host.join('bin').check()
    for word in words:
        assert word in result['msg']


def test_secrets_are_in_the_file_and_nowhere_else(run_module, host):
    config = dict(CONFIG, policy={'type': 'k8s'})
    given = args(host, network(config=config, secret_config={'policy': {'k8s_auth_token': 'hunter2'}}))
    result = run_module(cni_network, given, diff=True)
    assert json.loads(cni(host, 'calico.cni').read())['policy'] == {'type': 'k8s', 'k8s_auth_token': 'hunter2'}
    assert cni(host, 'calico.cni').stat().mode & 0o7777 == 0o600
    cni(host, 'calico.cni').write('{"old": "hunter3"}')
    again = run_module(cni_network, given, diff=True)
    assert result['changed'] and again['changed']
    assert 'hunter' not in json.dumps([result, again]) and 'not shown' in again['diff'][0]['after']


def test_a_kubelet_gets_a_conflist_in_a_directory_that_is_made(run_module, host):
    given = args(host, network('cni.conflist', CONFLIST), dialect='cni', dir=str(host.join('etc', 'cni', 'net.d')))
    assert run_module(cni_network, given)['changed']
    assert json.loads(host.join('etc', 'cni', 'net.d', 'cni.conflist').read()) == CONFLIST and names(host.join('etc', 'cni')) == ['net.d']
    assert not run_module(cni_network, given)['changed']
    host.join('etc', 'cni', 'net.d', '00-other.conflist').write(json.dumps(CONFLIST))
    assert 'would be in two files' in run_module(cni_network, given)['msg']


def test_absent(run_module, host):
    run_module(cni_network, args(host, network()))
    given = args(host, {'file': 'calico.cni', 'state': 'absent'})
    assert run_module(cni_network, given, check=True)['changed'] and cni(host, 'calico.cni').check()
    result = run_module(cni_network, given, diff=True)
    assert result['files_changed'] == [str(cni(host, 'calico.cni'))] and result['networks'] == [] and result['diff'][0]['after'] == ''
    assert names(cni(host)) == ['ucr-default-bridge.conf'] and not run_module(cni_network, given)['changed']


def test_a_host_without_dcos_is_told_but_predicted(run_module, host, monkeypatch):
    monkeypatch.setattr(_cni, 'DCOS', str(host.join('opt')))
    given = args(host, network(), dir=str(host.join('opt', 'etc', 'cni')))
    assert run_module(cni_network, given, check=True)['changed']
    result = run_module(cni_network, given)
    assert result['failed'] and 'DC/OS is not installed on this host' in result['msg'] and not host.join('opt').check()


def test_a_pushed_plugin_is_asked_for_before_anything_changes(run_module, host):
    without_plugins(host)
    pushed = [dict(source, src=None, local_src='/srv/' + source['name']) for source in sources(host)]
    result = run_module(cni_network, args(host, network(), plugins=pushed))
    assert not result['changed'] and result['needs'] == [pushed[0]['sha256']] and names(cni(host)) == ['ucr-default-bridge.conf']


def test_what_a_killed_run_left_beside_the_directory_is_swept(run_module, host):
    host.join('network', _files.STAGED + '99999999.x').write('half')
    run_module(cni_network, args(host, network()))
    assert names(host.join('network')) == ['cni']


def copy_of(host, path):
    return host.join('copies', *str(path).split('/')[1:])


def copies(host):
    return sorted('/' + path.relto(host.join('copies')) for path in host.join('copies').visit() if path.check(link=1) or path.check(file=1))


def test_copies_are_what_is_there_and_nothing_else(run_module, host):
    without_plugins(host)
    given = args(host, network(), plugins=sources(host), keep_copies=True)
    predicted = run_module(cni_network, given, check=True)
    assert not host.join('copies').check()
    done = run_module(cni_network, given)
    names = [str(copy_of(host, path)) for path in (host.join('active', 'calico'), host.join('active', 'calico-ipam'), cni(host, 'calico.cni'))]
    assert copies(host) == sorted(str(path) for path in (host.join('active', 'calico'), host.join('active', 'calico-ipam'), cni(host, 'calico.cni')))
    assert copy_of(host, cni(host, 'calico.cni')).read() == cni(host, 'calico.cni').read()
    assert os.readlink(names[0]) == str(host.join('bin', 'calico'))
    assert predicted['changed'] and done['changed'] and not run_module(cni_network, given)['changed']
    assert run_module(cni_network, args(host, network('other.cni'), network(state='absent', config=None), keep_copies=True))['changed']
    assert [os.path.basename(path) for path in copies(host)] == ['calico', 'calico-ipam', 'other.cni'], 'of the plugins, nothing was said'


def test_what_is_not_kept_or_goes_has_no_copy(run_module, host):
    given = args(host, network(), plugins=[])
    run_module(cni_network, dict(given, keep_copies=True))
    assert len(copies(host)) == 1
    done = run_module(cni_network, given, diff=True)
    assert done['changed'] and copies(host) == [] and done['files_changed'] == [] and cni(host, 'calico.cni').check()
    run_module(cni_network, dict(given, keep_copies=True))
    run_module(cni_network, args(host, network('calico.cni', None, state='absent')))
    assert copies(host) == [] and not cni(host, 'calico.cni').check()


@pytest.mark.parametrize('change', [dict(CONFIG, mtu=1400), None])
def test_a_killed_run_leaves_no_copy_of_what_it_was_about_to_change(run_module, host, monkeypatch, change):
    given = args(host, network(), keep_copies=True)
    run_module(cni_network, given)

    def killed(plan):
        assert copies(host) == []
        raise KeyboardInterrupt

    monkeypatch.setattr(_cni, 'apply', killed)
    after = args(host, network('calico.cni', change, state='present' if change else 'absent'), keep_copies=True)
    with pytest.raises(KeyboardInterrupt):
        run_module(cni_network, after)
    monkeypatch.undo()
    assert copies(host) == []
    assert run_module(cni_network, after)['changed'] and len(copies(host)) == (1 if change else 0)


def test_a_copy_that_others_changed_is_made_anew_and_a_secret_one_is_private(run_module, host):
    given = args(host, network(secret=True), keep_copies=True)
    run_module(cni_network, given)
    copy = copy_of(host, cni(host, 'calico.cni'))
    assert copy.stat().mode & 0o7777 == 0o600
    copy.chmod(0o644)
    done = run_module(cni_network, given)
    assert done['changed'] and copy.stat().mode & 0o7777 == 0o600 and done['files_changed'] == []
    copy.write('{}')
    assert run_module(cni_network, given)['changed'] and copy.read() == cni(host, 'calico.cni').read()


def test_what_the_unit_puts_back_until_it_is_awaited_goes_as_well(run_module, host, monkeypatch):
    """An upgrade had taken the network away when the run looked."""
    run_module(cni_network, args(host, network(), keep_copies=True))
    text, forget = cni(host, 'calico.cni').read(), _copies.forget
    cni(host, 'calico.cni').remove()

    def awaited(directory, plan):
        cni(host, 'calico.cni').write(text)
        return forget(directory, plan)

    monkeypatch.setattr(_copies, 'forget', awaited)
    result = run_module(cni_network, args(host, network('calico.cni', None, state='absent'), keep_copies=True))
    assert not cni(host, 'calico.cni').check() and result['files_changed'] == [str(cni(host, 'calico.cni'))] and copies(host) == []


def test_the_unit_that_works_with_the_copies_is_awaited(run_module, host, monkeypatch):
    given = args(host, network(), keep_copies=True)
    run_module(cni_network, given)
    descriptor = os.open(str(host.join('copies')), os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    monkeypatch.setattr(_copies, 'PATIENCE', 0.1)
    result = run_module(cni_network, args(host, network('calico.cni', dict(CONFIG, mtu=1400)), keep_copies=True))
    os.close(descriptor)
    assert result['failed'] and 'was not done within' in result['msg'] and json.loads(cni(host, 'calico.cni').read()) == CONFIG


def test_a_network_goes_where_dcos_never_made_the_directory(run_module, host, monkeypatch):
    monkeypatch.setattr(_cni, 'DCOS', str(host.join('opt')))
    given = dict(args(host, {'file': 'calico.cni', 'state': 'absent'}), dir=str(host.join('opt', 'etc', 'cni')))
    assert not run_module(cni_network, given)['changed'] and not host.join('opt').check()
