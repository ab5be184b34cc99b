# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import ctypes
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd, _etcd_service, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _etcd_proxy
from ansible_collections.dcos.calico.plugins.modules import etcd_proxy

UNIT = 'calico-etcd-proxy.service'
OLD = ['http://10.0.0.1:2380', 'http://10.0.0.2:2380']
NEW = ['http://10.0.0.7:2380', 'http://10.0.0.8:2380']


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_etcd_proxy, 'GRACE', 0.5)


@pytest.fixture
def run(run_module, systemd_host, free_port):
    systemd_host.srv('etcd.mesos', *OLD)
    for url in OLD:
        systemd_host.member(url)
    systemd_host.url = 'http://127.0.0.1:%d' % free_port

    def call(check=False, diff=False, **more):
        return run_module(etcd_proxy, dict(systemd_host.etcd_args(systemd_host.url, wait=5, allowed_users=[]), **more), check=check, diff=diff)
    return call


def noted(systemd_host):
    return systemd_host.root.join('data', 'proxy', 'cluster')


def test_a_proxy_that_comes_and_goes(run, systemd_host):
    assert run(check=True)['healthy'] is None and systemd_host.calls() == []
    done = run()
    assert (done['unit'], done['url'], done['healthy'], done['recovered']) == (UNIT, systemd_host.url, True, False)
    assert done['uid'] == os.getuid() and done['members'] == OLD
    assert systemd_host.root.join('data').stat().mode & 0o7777 == 0o700
    assert systemd_host.calls() == ['daemon-reload', 'enable ' + UNIT, 'start ' + UNIT]
    assert run()['healthy'] and systemd_host.calls() == []
    gone = run(state='absent')
    assert gone['changed'] and gone['healthy'] is None and not systemd_host.root.join('data').check() and not systemd_host.units.join(UNIT).check()


def test_a_proxy_that_something_is_connected_to_is_not_removed(run, systemd_host):
    run()
    client = socket.create_connection(('127.0.0.1', int(systemd_host.url.rpartition(':')[2])))
    try:
        assert run(state='absent', check=True)['changed']
        refused = run(state='absent')
    finally:
        client.close()
    assert refused['failed'] and '(pid %d)' % os.getpid() in refused['msg'] and 'is still in use' in refused['msg']
    assert systemd_host.units.join(UNIT).check() and systemd_host.calls('start') and not run()['changed']
    assert run(state='absent')['changed']


def test_a_list_of_members_needs_no_srv_records(run, systemd_host):
    systemd_host.srv('etcd.mesos')
    assert run(members=OLD)['members'] == OLD


def test_members_that_are_late_are_waited_for(run, systemd_host):
    for url in OLD:
        systemd_host.member(url, None)
    path = systemd_host.root.join('members', '10.0.0.1:2380')
    subprocess.Popen(['/bin/sh', '-c', 'sleep 0.3; printf v2 > %s' % path])
    assert run()['healthy']


def test_dns_that_is_late_is_waited_for(run, systemd_host):
    systemd_host.srv('etcd.mesos')
    path = systemd_host.root.join('srv', 'etcd.mesos')
    subprocess.Popen(['/bin/sh', '-c', 'sleep 0.3; printf %s > %s' % (OLD[0], path)])
    # systemd starts it again; here that is done by the next look at the unit
    monkey = subprocess.Popen(['/bin/sh', '-c', 'for i in 1 2 3 4 5 6; do sleep 0.2; systemctl show -p ActiveState %s >/dev/null; done' % UNIT])
    result = run(wait=10)
    monkey.wait()
    assert result['healthy']


def replace_members(systemd_host):
    for url in OLD:
        systemd_host.member(url, None)
    for url in NEW:
        systemd_host.member(url)
    systemd_host.srv('etcd.mesos', *NEW)


def test_a_proxy_whose_members_were_all_replaced_recovers(run, systemd_host):
    run()
    replace_members(systemd_host)
    assert json.loads(noted(systemd_host).read())['PeerURLs'] == OLD
    systemd_host.calls()
    predicted = run(check=True, diff=True)
    assert predicted['changed'] and predicted['recovered'] and predicted['healthy'] is None and systemd_host.calls() == []
    done = run(diff=True)
    assert done['changed'] and done['recovered'] and done['healthy'] and done['members'] == NEW
    assert systemd_host.calls() == ['restart ' + UNIT]
    assert not run()['changed']


def test_a_restart_alone_finds_the_new_members(run, systemd_host):
    run()
    replace_members(systemd_host)
    os.system('systemctl restart ' + UNIT)
    assert run()['members'] == NEW


def test_drift_is_repaired(run, systemd_host):
    run()
    systemd_host.calls()
    os.kill(systemd_host.pid(UNIT), 9)
    systemd_host.root.join('data').chmod(0o755)
    path = systemd_host.units.join(UNIT)
    text = path.read()
    path.write(text.replace('Restart=always', 'Restart=no'))
    assert run()['changed'] and path.read() == text and systemd_host.root.join('data').stat().mode & 0o7777 == 0o700
    systemd_host.root.join('opt', 'etcd').write('tampered')
    systemd_host.calls()
    assert systemd_host.root.join('opt', 'etcd').realpath() in [str(p) for p in run()['paths_changed']]
    assert systemd_host.calls() == ['restart ' + UNIT] and not run()['changed']


def test_a_new_executable_restarts_it(run, systemd_host):
    """A first start is no restart: nothing was there that it could interrupt."""
    assert [run(check=True)['restarted'], run()['restarted'], run()['restarted']] == [False] * 3
    systemd_host.calls()
    systemd_host.etcd.write(systemd_host.etcd.read() + '# newer\n')
    assert run(check=True)['restarted']
    done = run()
    assert done['healthy'] and done['restarted'] and systemd_host.calls() == ['restart ' + UNIT]
    newer = time.time() + 5
    os.utime(str(systemd_host.root.join('opt', 'etcd')), (newer, newer))
    assert not run(check=True)['changed'], 'it is what the process was started with, whatever its time says'


def test_what_a_run_that_was_killed_before_the_restart_left_is_finished(run, systemd_host, monkeypatch):
    run()
    systemd_host.etcd.write(systemd_host.etcd.read() + '# newer\n')
    with monkeypatch.context() as power:
        power.setattr(_systemd, 'start', cut)
        with pytest.raises(PowerCut):
            run()
    os.utime(str(systemd_host.root.join('opt', 'etcd')), (1, 1))
    systemd_host.calls()
    assert run()['changed'] and systemd_host.calls() == ['restart ' + UNIT] and not run()['changed']


class PowerCut(Exception):
    pass


def cut(*unused, **more):
    raise PowerCut


@pytest.mark.parametrize('check', [True, False])
def test_a_port_that_is_taken_is_refused_before_anything_is_touched(run, systemd_host, free_port, check):
    taken = socket.socket()
    taken.bind(('127.0.0.1', free_port))
    taken.listen(1)
    result = run(check=check)
    taken.close()
    assert result['failed'] and 'port %d is taken by' % free_port in result['msg'] and '(process %d)' % os.getpid() in result['msg']
    assert not systemd_host.units.join(UNIT).check() and not systemd_host.root.join('opt').check()


@pytest.fixture
def others(free_port, tmpdir):
    """A program that listens where the proxy is to listen, by the name etcd, with a command line of a test's."""
    found = []

    def start(*words):
        path = str(tmpdir.join('etcd'))
        os.symlink(sys.executable, path)
        text = 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", %d)); s.listen(9); print("up"); sys.stdout.flush(); time.sleep(60)' % free_port
        found.append(subprocess.Popen([path, '-c', 'import sys; ' + text] + list(words), stdout=subprocess.PIPE))
        assert found[0].stdout.readline().strip() == b'up'
        return found[0]
    yield start
    for process in found:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_a_proxy_of_others_makes_room(run, systemd_host, others):
    old = others('--proxy=on', '--discovery-srv=etcd.mesos')
    planned = run(check=True, diff=True, replace_unmanaged=True)
    assert planned['changed'] and planned['replaced']['pid'] == old.pid and old.poll() is None
    assert planned['diff'][0]['before_header'] == 'process %d (%s)' % (old.pid, planned['replaced']['process']) and planned['diff'][0]['after'] == ''
    done = run(replace_unmanaged=True)
    assert done['healthy'] and done['replaced'] == planned['replaced'] and '--proxy=on' in done['replaced']['command']
    assert old.wait() == -signal.SIGTERM
    again = run(replace_unmanaged=True)
    assert not again['changed'] and again['replaced'] is None and run()['changed'] is False


@pytest.mark.parametrize('words, said', [(['--name=a'], 'member of etcd'), ([], 'member of etcd')])
@pytest.mark.parametrize('check', [True, False])
def test_what_is_no_proxy_keeps_the_port(run, systemd_host, others, check, words, said):
    old = others(*words)
    result = run(check=check, replace_unmanaged=True)
    assert result['failed'] and said in result['msg'] and '(process %d)' % old.pid in result['msg'] and old.poll() is None
    assert not systemd_host.units.join(UNIT).check()


def test_a_proxy_of_others_goes_on_if_this_one_cannot_be_started(run, systemd_host, others):
    old = others('--proxy=on')
    result = run(replace_unmanaged=True, executable={'path': str(systemd_host.root.join('opt', 'etcd')), 'src': '/nowhere/etcd'})
    assert result['failed'] and old.poll() is None


def break_srv(host):
    host.srv('etcd.mesos')


def break_members(host):
    for url in OLD:
        host.member(url, None)


def break_v2(host):
    for url in OLD:
        host.member(url, 'v3')


@pytest.mark.parametrize('breaking, words', [
    (break_srv, ['no SRV records', '_etcd-server._tcp.etcd.mesos', 'name the members']),
    (break_members, ['no etcd member can be reached', '503', 'zero endpoints']),
    (break_v2, ['no v2 API', '--enable-v2=true']),
])
def test_a_proxy_that_cannot_serve_is_an_error_with_its_reason(run, systemd_host, breaking, words):
    breaking(systemd_host)
    result = run(wait=1)
    assert result['failed'] and UNIT in str(result), result
    for word in words:
        assert word in result['msg'], result['msg']
    # The members come back: the next run finishes
    systemd_host.srv('etcd.mesos', *OLD)
    for url in OLD:
        systemd_host.member(url)
    result = run()
    assert result.get('healthy'), result.get('msg')
    assert not run()['changed']


@pytest.mark.parametrize('more, words', [
    ({'members': ['10.0.0.1']}, 'not a URL of etcd'),
    ({'listen_client_urls': ['http://127.0.0.1']}, 'with the port'),
    ({'listen_client_urls': []}, 'listen_client_urls is empty'),
    ({'discovery_srv': 'etcd mesos'}, 'discovery_srv'),
    ({'discovery_srv': 'a;rm -rf /'}, 'discovery_srv'),
    ({'data_dir': '/var/lib/$HOME'}, 'data_dir'),
    ({'user': 'root; true'}, 'The user'),
    ({'unit': 'proxy'}, 'not the name of a systemd unit'),
    ({'executable': {'url': 'https://example.com/etcd', 'sha256_variable': 'calico_etcd_sha256'}}, 'Set calico_etcd_sha256'),
    ({'executable': {'path': '/nowhere/etcd'}}, 'no executable /nowhere/etcd'),
    ({'cert_file': '/etc/x.pem'}, 'One of cert_file and key_file is missing'),
    ({'ca_file': '/nowhere/ca.pem'}, '/nowhere/ca.pem is not there'),
])
def test_bad_input_is_refused(run, systemd_host, more, words):
    result = run(**more)
    assert result['failed'] and words in result['msg']
    assert not systemd_host.units.join(UNIT).check()


def pem(systemd_host, name, label):
    path = systemd_host.root.join(name)
    path.write('-----BEGIN %s-----\nTUlJQg==\n-----END %s-----\n' % (label, label))
    return str(path)


def test_tls_files_are_copied_for_its_user_and_restart_it(run, systemd_host):
    files = {'ca_file': pem(systemd_host, 'ca', 'CERTIFICATE'), 'cert_file': pem(systemd_host, 'cert', 'CERTIFICATE'),
             'key_file': pem(systemd_host, 'key', 'RSA PRIVATE KEY')}
    directory = systemd_host.root.join('etc', 'calico', 'calico-etcd-proxy')
    assert run(check=True, **dict(files, ca_file='/comes/later'))['changed']
    done = run(diff=True, **files)
    assert sorted(path.basename for path in directory.listdir()) == ['ca.pem', 'cert.pem', 'key.pem']
    key = directory.join('key.pem')
    assert (key.stat().mode & 0o7777, key.stat().uid, directory.stat().uid) == (0o440, os.getuid(), os.getuid()), 'the service reads it and changes nothing'
    text = systemd_host.units.join(UNIT).read()
    for flag, name in (('--trusted-ca-file', 'ca'), ('--peer-key-file', 'key'), ('--cert-file', 'cert')):
        assert '%s=%s' % (flag, directory.join(name + '.pem')) in text
    assert 'TUlJQg' not in str([item for item in done['diff'] if item['after_header'].endswith('key.pem')])
    systemd_host.calls()
    assert not run(**files)['changed']
    systemd_host.root.join('cert').write(systemd_host.root.join('cert').read() + '# renewed\n')
    assert run(**files)['changed'] and systemd_host.calls() == ['restart ' + UNIT]
    assert run()['changed'] and not directory.check(), 'copies that are no longer used go'
    assert 'PRIVATE KEY' in run(**dict(files, key_file=files['ca_file']))['msg']


def test_files_of_the_controller_are_asked_for_before_anything_is_done(run, systemd_host):
    source = dict(systemd_host.etcd_source(), local_src='/controller/etcd')
    source.pop('src')
    assert run(executable=source)['needs'] == [source['sha256']] and not systemd_host.units.join(UNIT).check()
    predicted = run(executable=source, check=True)
    assert predicted['changed'] and 'needs' not in predicted


def test_the_user_is_made_once(run, systemd_host, monkeypatch):
    made = systemd_host.root.join('made')
    systemd_host.tool('useradd', '#!/bin/sh\n[ -e "%s.group" ] && case "$*" in *user-group*) exit 9;; esac\necho "$@" > "%s"\n' % (made, made))
    monkeypatch.setattr(_etcd_service, '_uid', lambda name: 4711 if made.check() else None)
    predicted = run(check=True, diff=True)
    assert predicted['uid'] is None and 'user ' + systemd_host.user in [item['after_header'] for item in predicted['diff']]
    systemd_host.root.join('made.group').write('')
    assert run()['uid'] == 4711
    assert '--system' in made.read() and '--gid' in made.read() and made.read().split()[-1] == systemd_host.user
    assert not run()['changed']


def test_a_user_that_cannot_be_made_is_an_error(run, systemd_host, monkeypatch):
    systemd_host.tool('useradd', '#!/bin/sh\necho "useradd: cannot lock /etc/passwd" >&2\nexit 1\n')
    monkeypatch.setattr(_etcd_service, '_uid', lambda name: None)
    assert 'cannot lock /etc/passwd' in run()['msg']


GUARD = 'calico-etcd-proxy-port.service'


def test_the_port_is_closed_by_a_unit_that_goes_with_the_proxy(run, systemd_host):
    rules = systemd_host.root.join('iptables.rules')
    predicted = run(allowed_users=['root', '4711'], check=True, diff=True)
    assert not rules.check()
    done = run(allowed_users=['root', '4711'], diff=True)
    assert done['diff'] == predicted['diff'] and rules.check()
    assert systemd_host.calls() == ['daemon-reload', 'enable %s %s' % (GUARD, UNIT), 'start %s %s' % (GUARD, UNIT)]
    port = systemd_host.url.rsplit(':', 1)[1]
    said = [line for line in systemd_host.root.join('iptables.calls').read().splitlines() if ' -A ' in line or ' -I ' in line]
    assert said[4:] == ['-w -A dcos-calico-etcd-1 -m owner --uid-owner root -j RETURN', '-w -A dcos-calico-etcd-1 -m owner --uid-owner 4711 -j RETURN',
                        '-w -A dcos-calico-etcd-1 -p tcp -j REJECT --reject-with tcp-reset',
                        '-w -I OUTPUT -o lo -p tcp -d 127.0.0.1 --dport %s -j dcos-calico-etcd-1' % port]
    assert not run(allowed_users=['root', '4711'])['changed'] and systemd_host.calls() == []
    assert run(allowed_users=['root'])['changed'] and systemd_host.calls() == ['daemon-reload', 'reload ' + GUARD], 'the proxy goes on'
    run(allowed_users=['root'], state='absent')
    assert not rules.check() and not systemd_host.units.join(GUARD).check()


def test_rules_that_somebody_flushed_come_back(run, systemd_host):
    run(allowed_users=['root'])
    rules = systemd_host.root.join('iptables.rules')
    rules.remove()
    systemd_host.calls()
    assert run(allowed_users=['root'], check=True)['changed'] and not rules.check()
    assert run(allowed_users=['root'])['changed'] and rules.check() and systemd_host.calls() == ['reload ' + GUARD]
    assert run()['changed'] and not rules.check() and not systemd_host.units.join(GUARD).check(), 'an empty list opens it'


def test_a_proxy_whose_port_cannot_be_closed_does_not_start_and_comes_up_by_itself(run, systemd_host):
    """As after a boot at which rules came late: the proxy asks for them at each of its starts, of which systemd makes one every two seconds."""
    run(allowed_users=['root'])
    text = systemd_host.units.join(UNIT).read()
    assert 'Wants=network-online.target %s\nAfter=network-online.target %s\n' % (GUARD, GUARD) in text
    os.system('systemctl stop %s %s' % (UNIT, GUARD))
    iptables = systemd_host.root.join('bin', 'iptables').read()
    systemd_host.tool('iptables', '#!/bin/sh\ncase "$*" in *" -I "*) exit 4; esac\n')
    os.system('systemctl start %s %s' % (GUARD, UNIT))
    assert not systemd_host.pid(UNIT), 'nobody listens on a port that is open'
    failed = run(allowed_users=['root'])
    assert failed['failed'] and GUARD in failed['msg'] and not systemd_host.pid(UNIT)
    systemd_host.tool('iptables', iptables)
    os.system('systemctl show -p ActiveState %s' % UNIT)  # where the double starts again what failed
    assert systemd_host.pid(UNIT) and systemd_host.root.join('iptables.rules').check()
    assert _etcd_service.wait(systemd_host.url, _etcd.Tls(), 30).ok, 'one that serves nothing yet is started once more'
    assert not run(allowed_users=['root'])['changed']


def test_a_proxy_that_is_open_to_all_waits_for_no_rules(run, systemd_host):
    run(allowed_users=['root'])
    done = run(allowed_users=[])
    assert done['changed'] and done['healthy'] and GUARD not in systemd_host.units.join(UNIT).read() and not systemd_host.root.join('iptables.rules').check()


@pytest.mark.parametrize('users', [['root\nExecStart=/bin/sh'], ['-j ACCEPT'], ['']])
def test_what_is_no_user_is_refused(run, systemd_host, users):
    assert run(allowed_users=users)['failed'] and not systemd_host.units.join(GUARD).check()


def test_no_iptables_is_said(run, systemd_host):
    systemd_host.root.join('bin', 'iptables').remove()
    assert 'iptables is not installed on this host' in run(allowed_users=['root'])['msg'] and not systemd_host.units.join(UNIT).check()


def by(uid, port):
    """What somebody of this uid gets at a port."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setuid(uid)
            socket.create_connection(('127.0.0.1', port), 5).close()
            os._exit(0)
        except (OSError, socket.error) as error:
            os._exit(error.errno or 1)
    return os.waitpid(pid, 0)[1] >> 8


def commands(text, key):
    """Lines of a shell script: what a unit runs."""
    found = [line.split('=', 1)[1] for line in text.splitlines() if line.startswith(key + '=')]
    return [line.lstrip('-') + (' 2>/dev/null' if line.startswith('-') else ' || exit 1') for line in found]


needs_namespaces = pytest.mark.skipif(os.geteuid() != 0 or not hasattr(socket, 'create_connection'), reason='only root has network namespaces')


class Network(object):
    """A network of its own, in which a script runs that waits at each step until it is told to go on."""

    def __init__(self, directory, steps):
        self.directory, script = directory, directory.join('script')
        waits = ['touch %s; read line' % directory.join('step%d' % number) for number in range(len(steps))]
        script.write('ip link set lo up\n' + ''.join('%s\n%s\n' % ('\n'.join(step), wait) for step, wait in zip(steps, waits)) + 'iptables -S\n')
        self.process = subprocess.Popen(['unshare', '-n', 'sh', str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True)

    def wait(self, number):
        deadline = time.time() + 60
        while not self.directory.join('step%d' % number).check():
            assert self.process.poll() is None and time.time() < deadline
            time.sleep(0.02)

    def go_on(self):
        self.process.stdin.write('\n')
        self.process.stdin.flush()

    def within(self, job):
        """The exit code of job() in a process that is in this network and has a listener."""
        pid = os.fork()
        if pid == 0:
            try:
                handle = os.open('/proc/%d/ns/net' % self.process.pid, os.O_RDONLY)
                ctypes.CDLL(None).setns(handle, 0)
                listener = socket.socket()
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(('127.0.0.1', 2379))
                listener.listen(50)
                os._exit(job(listener))
            finally:
                os._exit(99)
        return os.waitpid(pid, 0)[1] >> 8


@needs_namespaces
def test_the_kernel_lets_root_in_and_nobody_else(tmpdir):
    """The unit's own commands, in a network of their own."""
    text = _etcd_proxy.Guard('/etc/systemd/system', UNIT, ['http://127.0.0.1:2379'], ['root', '1']).text
    network = Network(tmpdir, [commands(text, 'ExecStart'), commands(text, 'ExecStop')])
    network.wait(0)
    assert network.within(lambda listener: 0 if (by(0, 2379), by(1, 2379), by(65534, 2379)) == (0, 0, errno.ECONNREFUSED) else 1) == 0
    out = network.process.communicate('\n\n')[0]
    assert out == '-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n', 'nothing is left of it'


def knock(network, listener, number):
    """How often nobody was let in, and root was not, while a step goes on."""
    network.go_on()
    wrong, tries, end = 0, 0, network.directory.join('step%d' % number)
    while not end.check() or not tries:
        wrong += by(65534, 2379) != errno.ECONNREFUSED
        wrong += by(0, 2379) != 0
        while select.select([listener], [], [], 0)[0]:
            listener.accept()[0].close()
        tries += 1
    return min(wrong, 90) if tries > 20 else 98


@needs_namespaces
@pytest.mark.parametrize('before', [('root', '1'), ('root',)])
def test_the_port_is_closed_at_each_moment_of_a_change_of_its_users(tmpdir, before):
    """And root, whom both lets in, is let in at each."""
    old, new = [_etcd_proxy.Guard('/etc/systemd/system', UNIT, ['http://127.0.0.1:2379'], users).text for users in (before, ('root', '2'))]
    network = Network(tmpdir, [commands(old, 'ExecStart'), commands(new, 'ExecReload') * 20, ['true']])
    network.wait(0)
    assert network.within(lambda listener: knock(network, listener, 1)) == 0
    assert network.within(lambda listener: 0 if (by(1, 2379), by(2, 2379)) == (errno.ECONNREFUSED, 0) else 1) == 0
    rules = network.process.communicate('\n\n')[0]
    assert rules.count('--dport 2379') == 1 and rules.count('REJECT') == 1 and '-new' not in rules


@needs_namespaces
@pytest.mark.parametrize('killed_after', range(1, 15))
def test_a_change_that_was_killed_is_made_good_by_the_next(tmpdir, killed_after):
    old, new = [_etcd_proxy.Guard('/etc/systemd/system', UNIT, ['http://127.0.0.1:2379'], users).text for users in (['root', '1'], ['root'])]
    half = commands(new, 'ExecReload')[:killed_after]
    network = Network(tmpdir, [commands(old, 'ExecStart') + half, commands(new, 'ExecReload')])
    network.wait(0)
    assert network.within(lambda listener: 0 if (by(0, 2379), by(65534, 2379)) == (0, errno.ECONNREFUSED) else 1) == 0
    network.go_on()
    network.wait(1)
    assert network.within(lambda listener: 0 if (by(0, 2379), by(1, 2379)) == (0, errno.ECONNREFUSED) else 1) == 0
    assert '--uid-owner 1 ' not in network.process.communicate('\n')[0]


def test_its_own_process_that_was_started_anew_between_the_looks_is_no_other_program(systemd_host, monkeypatch):
    """systemd restarts a proxy every two seconds while DNS is late."""
    seen = [(4711, 'etcd'), None]
    monkeypatch.setattr(_etcd_service, 'holder', lambda host, port: seen.pop(0))
    _etcd_service.check_ports(['http://127.0.0.1:2379'], UNIT)
    assert seen == []
