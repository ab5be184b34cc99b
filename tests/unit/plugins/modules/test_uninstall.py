# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _uninstall
from ansible_collections.dcos.calico.plugins.modules import uninstall

from ...support.installed_host import IMAGE, NODE
from ...support.kernel_host import OTHERS

ORDER = ['unit that puts files back', 'CNI networks', 'calico/node', 'CNI plugins', 'copies', 'containers cut off', 'rules and sets', 'routes',
         'node in the datastore', "etcd's proxy", 'rules of this collection', 'executables', 'files', 'directories', 'images', 'logs and notes']


def left(installed):
    """What stands below some directories."""
    names = ('opt', 'cni', 'active', 'usr', 'log', 'run', 'state', 'proxy', 'etc')
    return sorted(path.relto(installed.root) for name in names if installed.root.join(name).check() for path in installed.root.join(name).visit())


def test_all_goes_and_nothing_of_others(run_module, installed):
    result = run_module(uninstall, dict(installed.args, cut_off=True))
    assert [part['part'] for part in result['parts']] == ORDER and result['left'] == [] and result['node'] == NODE
    assert [path for path in left(installed) if not path.startswith('etc/systemd')] == ['active/bridge', 'cni/bridge.conf', 'etc/modules', 'usr/bin']
    assert installed.kernel.tables['iptables'] == OTHERS and installed.kernel.sets == ['d-dcos', 'calico']
    assert installed.node.state()['images'] == {} and not installed.root.join('etc', 'systemd', 'system', 'calico-node.service').check()
    values = installed.store.values()
    assert not [key for key in values if NODE in key] and '/calico/v1/host/10.0.0.12/metadata' in values
    assert not run_module(uninstall, installed.args)['changed']


def test_what_puts_files_back_is_gone_before_anything_that_it_would_put_back(run_module, installed, monkeypatch):
    installed.without_containers()
    units = installed.root.join('etc', 'systemd', 'system')
    remove = _uninstall._cni_network.job

    def removed(module):
        assert module.check_mode or [path.basename for path in units.listdir() if 'agent-files' in path.basename] == []
        assert module.check_mode or not installed.root.join('opt', 'calico', 'bin', 'calico-agent-files').check()
        return remove(module)

    monkeypatch.setattr(_uninstall._cni_network, 'job', removed)
    predicted = run_module(uninstall, installed.args, check=True)
    assert predicted['left'] == [] and installed.root.join('etc', 'calico', 'agent-files').check()
    result = run_module(uninstall, installed.args)
    assert not result.get('failed') and not installed.root.join('etc', 'calico').check()
    assert [part for part in predicted['parts'] if part['part'] != 'routes'] == [part for part in result['parts'] if part['part'] not in (
        'routes', 'rules of this collection')]


def test_links_to_units_that_somebody_has_removed_by_hand_go(run_module, installed):
    installed.without_containers()
    units = installed.root.join('etc', 'systemd', 'system')
    link = units.ensure('multi-user.target.wants', dir=True).join('calico-etcd-proxy.service')
    link.mksymlinkto(str(units.join('calico-etcd-proxy.service')))
    units.join('calico-etcd-proxy.service').remove()
    other = units.join('multi-user.target.wants', 'other.service')
    other.mksymlinkto(str(units.join('other.service')))
    result = run_module(uninstall, installed.args)
    assert {'part': 'links to units', 'changes': [str(link)]} in result['parts']
    assert not link.check(link=1) and other.check(link=1)


def test_a_repair_does_not_take_what_is_gone_for_what_drifted(run_module, installed):
    installed.without_containers()
    installed.node.host.unit('calico-etcd.service')
    notes = installed.root.join('state', 'installed.json')
    notes.write(json.dumps({'calicoctl_node': 'a', 'etcd_member calico-etcd.service': 'b', 'sysctl 60-calico': 'c'}))
    result = run_module(uninstall, installed.args)
    assert {'part': 'notes of what was installed', 'changes': ['note of calicoctl_node', 'note of sysctl 60-calico']} in result['parts']
    assert json.loads(notes.read()) == {'etcd_member calico-etcd.service': 'b'}
    assert run_module(uninstall, installed.args)['parts'] == []


def test_containers_are_named_and_nothing_is_touched(run_module, installed):
    before = left(installed)
    predicted, result = run_module(uninstall, installed.args, check=True), run_module(uninstall, installed.args)
    assert result['failed'] and 'c1 (192.168.1.7). Move them away, or set cut_off' in result['msg']
    assert predicted['refusals'] == predicted['of_tasks'] == result['refusals'] and predicted['containers'] == [
        {'interface': 'cali0123456789a', 'container': 'c1', 'addresses': ['192.168.1.7']}]
    assert left(installed) == before and installed.node.state()['container']


@pytest.mark.parametrize('path, text, words', [
    ('cni/x.conf', '{"name": "x", "type": "ptp", "ipam": {"type": "calico-ipam"}}', "cni/x.conf uses Calico's plugin, and is not Calico's"),
    ('daemon.json', '{"cluster-store": "etcd://127.0.0.1:2379"}', "Docker keeps its networks in etcd://127.0.0.1:2379"),
])
def test_what_uses_calico_is_refused(run_module, installed, path, text, words):
    installed.without_containers()
    installed.root.join(*path.split('/')).write(text)
    predicted, result = run_module(uninstall, installed.args, check=True), run_module(uninstall, installed.args)
    assert predicted['refusals'] == result['refusals'] and predicted['of_tasks'] == []
    assert result['failed'] and words in result['msg'] and installed.root.join('cni', 'calico.cni').check()


def test_what_cannot_be_known_of_docker_is_refused(run_module, installed):
    installed.without_containers()
    installed.root.join('daemon.json').write('{"cluster-store"')
    assert 'It is not known whether Docker keeps its networks in etcd' in run_module(uninstall, installed.args)['msg']


def test_a_proxy_that_others_use_is_refused_before_anything_is_touched(run_module, installed, monkeypatch):
    installed.without_containers()
    before, ports = left(installed), []

    def clients(asked):
        ports.extend(asked)
        return [(7, 'dockerd'), (8, 'calicoctl'), (9, 'calico-felix')]

    monkeypatch.setattr(_uninstall._network, 'clients', clients)
    monkeypatch.setattr(_uninstall._felix, 'inside', lambda pid, container: pid == 9 and container['Name'] == '/calico-node')
    monkeypatch.setattr(_uninstall, 'agreed', lambda look, contradiction: look())
    assert run_module(uninstall, installed.args, check=True)['refusals'] == []  # It does not run.
    _uninstall._systemd.start(['calico-etcd-proxy.service'])
    said = run_module(uninstall, installed.args)['msg']
    assert "etcd's proxy of this host is used by dockerd (process 7). Have that use" in said and ports == [2379]
    assert left(installed) == before and installed.node.state()['container']


def test_another_felix_is_refused(run_module, installed, monkeypatch):
    installed.without_containers()
    monkeypatch.setattr(_uninstall._dataplane, 'other_felixes', lambda ours: [] if ours(1) else [77])
    assert 'Another Felix runs on this host (process 77)' in run_module(uninstall, installed.args)['msg'] and installed.node.state()['container']


def test_a_store_of_docker_that_is_no_etcd_is_none_of_ours(run_module, installed):
    installed.without_containers()
    installed.root.join('daemon.json').write('{"cluster-store": "consul://10.0.0.9:8500", "cluster-store-opts": {}}')
    assert run_module(uninstall, installed.args, check=True)['refusals'] == []


def test_networks_of_docker_are_refused(run_module, installed, monkeypatch):
    installed.without_containers()
    monkeypatch.setattr(_uninstall._docker_networks, 'of_calico', lambda: ['web'])
    assert "Docker has networks of Calico's driver: web. Take Docker off Calico first" in run_module(uninstall, installed.args)['msg']


def test_a_container_that_came_meanwhile_ends_it_before_the_node(run_module, installed, monkeypatch):
    installed.without_containers()
    remove = _uninstall._cni_network.job

    def meanwhile(module):
        if not module.check_mode:
            installed.kernel.net.mkdir('cali1111111111a')
        return remove(module)

    monkeypatch.setattr(_uninstall._cni_network, 'job', meanwhile)
    result = run_module(uninstall, installed.args)
    assert result['failed'] and 'Containers were started on Calico\'s network meanwhile: cali1111111111a' in result['msg']
    assert installed.node.state()['container']


@pytest.mark.parametrize('job, gone', [('_calicoctl_node', 'CNI networks, calico/node'), ('_cni_plugin', 'CNI networks, calico/node, CNI plugins, copies')])
def test_a_container_that_was_on_its_way_is_not_cut_off(run_module, installed, monkeypatch, job, gone):
    installed.without_containers()
    job = getattr(_uninstall, job)
    remove = job.job

    def meanwhile(module):
        if not module.check_mode:
            installed.kernel.net.mkdir('cali1111111111a')
        return remove(module)

    monkeypatch.setattr(job, 'job', meanwhile)
    result = run_module(uninstall, installed.args)
    assert 'meanwhile: cali1111111111a: none was cut off, and removed so far are: unit that puts files back, %s. Move' % gone in result['msg']
    assert installed.kernel.net.join('cali1111111111a').check() and 'cali-INPUT' in installed.kernel.tables['iptables']


def test_a_network_that_names_the_node_of_another_host_does_not_end_that_one(run_module, installed):
    """As its file was copied from there."""
    installed.without_containers()
    assert run_module(uninstall, installed.args)['node'] == NODE
    installed.store.hold({'/calico/v1/host/far/metadata': '{}', '/calico/bgp/v1/host/far/ip_addr_v4': '10.0.9.9', '/calico/bgp/v1/host/me/ip_addr_v4': NODE})
    installed.root.join('etc').ensure('calico', 'calicoctl.cfg').write(installed.config)
    network = installed.root.join('cni', 'calico.cni')
    network.write(json.dumps({'name': 'calico', 'type': 'calico', 'nodename': 'far'}))
    result = run_module(uninstall, installed.args)
    assert result['node'] is None
    assert '/calico/v1/host/far/metadata' in installed.store.values()
    assert result['left'] == ['The node far stays, though %s names it: its address 10.0.9.9 is none of this host' % network]
    for name, node in (('me', 'me'), (['x'], None)):
        network.write(json.dumps({'name': 'calico', 'type': 'calico', 'nodename': name}))
        assert run_module(uninstall, installed.args, check=True)['node'] == node


STEPS = ('_no_new_containers', '_copies', '_datastore', '_own_rules', '_directories', '_images', '_trees')


@pytest.mark.parametrize('step', STEPS)
def test_the_next_run_finishes_what_a_killed_one_began(run_module, installed, monkeypatch, step):
    installed.without_containers()
    with monkeypatch.context() as patch:
        def killed(self):
            raise CalicoError('killed')
        patch.setattr(_uninstall.Uninstall, step, killed)
        assert run_module(uninstall, installed.args)['msg'] == 'killed.'
    assert json.loads(installed.root.join('state', 'uninstall.json').read()) == dict({'node': NODE} if step in STEPS[:3] else {}, images=[IMAGE])
    result = run_module(uninstall, installed.args)
    assert result['changed'] and result['left'] == [] and not installed.root.join('state').check() and not installed.root.join('opt', 'calico').check()
    assert installed.node.state()['images'] == {} and not [key for key in installed.store.values() if NODE in key]


def test_a_datastore_that_does_not_answer_is_told_and_all_else_goes(run_module, installed):
    installed.without_containers()
    installed.store.down = True
    result = run_module(uninstall, installed.args)
    assert not result.get('failed') and not result['datastore']['reached'] and not installed.root.join('state').check()
    assert result['left'][0].startswith('The node %s stays in the datastore, which could not be asked' % NODE)
    assert '"calicoctl delete node %s"' % NODE in result['left'][0]


def test_the_datastore_is_left_to_who_knows_more(run_module, installed):
    installed.without_containers()
    before = installed.store.values()
    result = run_module(uninstall, dict(installed.args, datastore='untouched'))
    assert result['changed'] and result['left'] == [] and installed.store.values() == before and not installed.root.join('state').check()


def test_the_datastore_is_deleted_when_no_other_node_is_in_it(run_module, installed):
    installed.without_containers()
    result = run_module(uninstall, dict(installed.args, datastore='delete'))
    assert result['failed'] and 'has other nodes: 10.0.0.12' in result['msg'] and installed.node.state()['container']
    result = run_module(uninstall, dict(installed.args, datastore='delete', forget_nodes=['10.0.0.12']))
    assert installed.store.values() == {} and {'part': 'datastore', 'changes': ['datastore /calico']} in result['parts']


def test_a_datastore_that_is_to_go_and_does_not_answer_is_refused(run_module, installed):
    installed.without_containers()
    installed.store.down = True
    result = run_module(uninstall, dict(installed.args, datastore='delete'))
    assert result['failed'] and 'could not be read' in result['msg'] and installed.node.state()['container']


def test_a_node_that_was_made_meanwhile_keeps_the_datastore(run_module, installed, monkeypatch):
    installed.without_containers()
    remove = _uninstall._cni_plugin.job

    def meanwhile(module):
        installed.store.hold({'/calico/v1/host/10.0.0.13/metadata': '{}'})
        return remove(module)

    monkeypatch.setattr(_uninstall._cni_plugin, 'job', meanwhile)
    result = run_module(uninstall, dict(installed.args, datastore='delete', forget_nodes=['10.0.0.12']))
    assert 'The datastore stays: it has nodes that were made meanwhile (10.0.0.13)' in result['msg'] and installed.store.values()


def test_what_a_member_holds_is_known_without_calicoctl(run_module, installed):
    """The host had nothing else, or lost it in an earlier run."""
    installed.without_containers()
    installed.node.host.unit('calico-etcd.service')
    first = run_module(uninstall, installed.args)['datastore']
    assert first['reached'] and not first['by_member']
    installed.root.join('etc', 'systemd', 'system', 'calico-etcd.service').write(
        '[Service]\nExecStart=/opt/calico/bin/etcd \\\n  --advertise-client-urls=%s \\\n  --peer-cert-file=/x\n' % installed.url)
    seen = run_module(uninstall, installed.args, check=True)
    assert seen['datastore']['by_member'] and seen['datastore']['reached'] and seen['datastore']['nodes'] == ['10.0.0.12'] and seen['parts'] == []
    installed.store.down = True
    assert not run_module(uninstall, installed.args, check=True)['datastore']['reached']


def test_what_a_member_uses_stays_with_it_and_goes_with_it(run_module, installed):
    installed.without_containers()
    installed.node.host.unit('calico-etcd.service')
    installed.root.ensure('member', 'member', dir=True)
    installed.root.ensure('etc', 'calico', 'etcd', 'ca.pem').write('x')
    given = dict(installed.args, etcd_files=[str(installed.root.join('etc', 'calico', 'etcd', 'ca.pem'))])
    result = run_module(uninstall, given)
    assert result['member'] and result['left'] == []
    for path in ('opt/calico/bin/etcd', 'etc/calico/etcd/ca.pem', 'state/receipts.json', 'member/member'):
        assert installed.root.join(*path.split('/')).check(), path
    assert run_module(uninstall, given)['parts'] == []
    result = run_module(uninstall, dict(given, member='remove'))
    assert 'etcd member' in [part['part'] for part in result['parts']]
    for path in ('opt/calico', 'etc/calico', 'state', 'member'):
        assert not installed.root.join(path).check(), path
    assert not run_module(uninstall, dict(given, member='remove'))['changed']


def test_what_is_not_of_this_collection_stays_and_is_told(run_module, installed, monkeypatch):
    installed.without_containers()
    installed.root.join('etc', 'calico', 'calicoctl.cfg').write(installed.root.join('etc', 'calico', 'calicoctl.cfg').read().partition('\n')[2])
    installed.root.join('opt', 'calico', 'bin', 'mine').write('x')
    installed.root.join('etc', 'modules', 'calico.conf').write('# as the guide says\nip_set\n')
    installed.node.update(other='abc')
    monkeypatch.setattr(_uninstall._dataplane, 'other_birds', lambda: [7])
    said = '\n'.join(run_module(uninstall, installed.args)['left'])
    for words in ('calicoctl.cfg stays: it was not written by this collection', 'modules/calico.conf stays: it was not written',
                  'bin stays: something that is not of this collection is in it (mine)',
                  'The image %s stays: Error response from daemon: conflict' % IMAGE, '2 routes of BIRD stay: another BIRD runs on this host (process 7)'):
        assert words in said
    assert len(installed.kernel.routes['-4']) == 2


def test_in_a_directory_of_others_goes_what_an_install_has_noted(run_module, installed, monkeypatch):
    installed.without_containers()
    receipts, binaries = installed.root.join('state', 'receipts.json'), installed.root.join('opt', 'calico', 'bin')
    receipts.write(json.dumps(dict((path, entry) for path, entry in json.loads(receipts.read()).items() if not path.endswith(('etcd', 'calico-ipam')))))
    said = run_module(uninstall, installed.args)['left']
    for name in ('etcd', 'calico-ipam'):
        assert '%s stays: it was not installed by this collection' % binaries.join(name) in said and binaries.join(name).check()
    assert not binaries.join('calicoctl').check() and not binaries.join('calico').check()
    monkeypatch.setattr(_uninstall._cni, 'BIN_DIR', str(binaries))
    run_module(uninstall, installed.args)
    assert not binaries.check()


def test_the_user_goes_only_if_an_install_made_it(run_module, installed, monkeypatch):
    installed.without_containers()
    called, entry = [], type('Entry', (), {'pw_name': 'etcd', 'pw_dir': '/home/etcd', 'pw_shell': '/usr/sbin/nologin'})
    run = _uninstall._command.run

    def ran(argv, *more, **options):
        if argv[0] != 'userdel':
            return run(argv, *more, **options)
        called.append(argv)

    monkeypatch.setattr(_uninstall._command, 'run', ran)
    monkeypatch.setattr(_uninstall.pwd, 'getpwnam', lambda name: entry)
    work = _uninstall.Uninstall.__new__(_uninstall.Uninstall)
    work.module, work.params, work.diffs, work.parts, work.left = type('M', (), {'check_mode': False}), dict(installed.args, user='etcd'), [], [], []
    work._user()
    assert called == [] and work.left == ['The user etcd stays: it was not made by this collection']
    entry.pw_dir = installed.args['proxy_data_dir']
    work._user()
    assert called == [['userdel', 'etcd']] and work.parts == [{'part': 'user', 'changes': ['user etcd']}]


def test_mesos_that_does_not_run_as_before_ends_the_run(run_module, installed, monkeypatch):
    installed.without_containers()
    seen = iter([{'dcos-mesos-slave.service': 12}, {'dcos-mesos-slave.service': 13}])
    monkeypatch.setattr(_uninstall, '_running', lambda: next(seen))
    assert 'dcos-mesos-slave.service does not run as before' in run_module(uninstall, installed.args)['msg']
