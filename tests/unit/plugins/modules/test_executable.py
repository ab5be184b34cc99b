# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tarfile
import time
import zipfile

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _archive, _download, _files
from ansible_collections.dcos.calico.plugins.modules import executable

TOOL = b'#!/bin/sh\necho one\n'
OTHER = b'#!/bin/sh\necho two\n'


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def tar_gz(files, mode=0o755):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode='w:gz') as archive:
        for name, body in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(body), mode if name != './README' else 0o644
            archive.addfile(entry, io.BytesIO(body))
        link = tarfile.TarInfo('link')
        link.type, link.linkname = tarfile.SYMTYPE, '/etc/shadow'
        archive.addfile(link)
    return content.getvalue()


def zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, body in files:
            archive.writestr(name, body)
    return content.getvalue()


FILES = [('./README', b'read me'), ('etcd-v3/etcd', TOOL), ('./etcd-v3/etcdctl', OTHER)]
ARCHIVE = tar_gz(FILES)


@pytest.fixture(autouse=True)
def quick(monkeypatch, as_root):
    monkeypatch.setattr(_download, 'PAUSES', (0, 0, 0))
    for name in ('http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def host(tmpdir):
    return tmpdir.mkdir('host')


def args(host, *executables, **more):
    return dict({'executables': list(executables), 'receipts': str(host.join('var', 'receipts.json')), 'allow_http': True}, **more)


def names(directory):
    return sorted(path.basename for path in directory.listdir())


def source(kind, tmpdir, file_server):
    """A dict with a source of TOOL, of each kind that there is."""
    content = {'tar': ARCHIVE, 'zip': zipped([('etcd-v3/etcd', TOOL), ('x', b'x')])}.get(kind.split(' ')[0], TOOL)
    member = {} if content == TOOL else {'member': 'etcd-v3/etcd'}
    if kind.endswith('src'):
        path = tmpdir.join('pushed')
        path.write_binary(content)
        return dict(member, src=str(path), sha256=sha256(content))
    return dict(member, url=file_server.serve('/source', content)[0], sha256=sha256(content).upper())


KINDS = ['url', 'src', 'tar url', 'tar src', 'zip url', 'zip src']


@pytest.mark.parametrize('kind', KINDS)
def test_from_each_source_with_links(run_module, tmpdir, host, file_server, kind):
    links = [str(host.join('sbin', 'etcd')), str(host.join('sbin', 'e'))]
    given = args(host, dict(source(kind, tmpdir, file_server), path=str(host.join('opt', 'bin', 'etcd')), links=links))
    run_module(executable, given, check=True)
    assert file_server.requests == []
    done = run_module(executable, given)
    assert done['paths_changed'] == [str(host.join('opt', 'bin', 'etcd'))] + links
    placed = host.join('opt', 'bin', 'etcd')
    assert placed.read_binary() == TOOL and placed.stat().mode & 0o7777 == 0o755
    assert [os.readlink(link) for link in links] == [str(placed)] * 2
    assert names(placed.dirpath()) == ['etcd'] and names(host.join('var')) == ['receipts.json']
    assert host.join('var', 'receipts.json').stat().mode & 0o7777 == 0o644
    del file_server.requests[:]
    run_module(executable, given)
    assert file_server.requests == []


@pytest.mark.parametrize('kind', ['tar src', 'zip src'])
def test_an_archive_that_its_owner_exchanges_after_it_was_checked(run_module, tmpdir, host, file_server, monkeypatch, kind):
    given, unpack = source(kind, tmpdir, file_server), _archive.extract
    evil = {'tar': tar_gz([('etcd-v3/etcd', b'evil')]), 'zip': zipped([('etcd-v3/etcd', b'evil')])}[kind.split(' ')[0]]

    def exchanged(*arguments):
        with open(given['src'], 'wb') as handle:
            handle.write(evil)
        return unpack(*arguments)
    monkeypatch.setattr(_archive, 'extract', exchanged)
    assert run_module(executable, args(host, dict(given, path=str(host.join('opt', 'etcd')))))['changed']
    assert host.join('opt', 'etcd').read_binary() == TOOL and names(host.join('var')) == ['receipts.json']


def test_one_archive_is_fetched_once_for_all_that_is_in_it(run_module, host, file_server):
    url, digest = file_server.serve('/etcd.tgz', ARCHIVE)
    desired = [{'path': str(host.join(name)), 'url': url, 'sha256': digest, 'member': member}
               for name, member in (('etcd', 'etcd-v3/etcd'), ('etcdctl', './etcd-v3/etcdctl'), ('copy', 'etcd-v3/etcd'))]
    assert run_module(executable, args(host, *desired))['changed']
    assert file_server.requests == ['/etcd.tgz']
    assert [host.join(name).read_binary() for name in ('etcd', 'etcdctl', 'copy')] == [TOOL, OTHER, TOOL]
    assert names(host) == ['copy', 'etcd', 'etcdctl', 'var'] and names(host.join('var')) == ['receipts.json']


def other_content(host):
    host.join('etcd').write_binary(OTHER)


def other_mode(host):
    host.join('etcd').chmod(0o644)


def gone(host):
    host.join('etcd').remove()


def a_link(host):
    host.join('etcd').move(host.join('real'))
    os.symlink(str(host.join('real')), str(host.join('etcd')))


def link_gone(host):
    host.join('link').remove()


def link_elsewhere(host):
    host.join('link').remove()
    os.symlink('/bin/false', str(host.join('link')))


def link_is_a_file(host):
    host.join('link').remove()
    host.join('link').write('mine')


def receipts_gone(host):
    host.join('var', 'receipts.json').remove()


def receipts_broken(host):
    host.join('var', 'receipts.json').write('{"half')


@pytest.mark.parametrize('kind', ['url', 'tar url'])
@pytest.mark.parametrize('drift, changed, fetched', [
    (other_content, ['etcd'], True),
    (other_mode, ['etcd'], False),
    (gone, ['etcd'], True),
    (a_link, ['etcd'], True),
    (link_gone, ['link'], False),
    (link_elsewhere, ['link'], False),
    (link_is_a_file, ['link'], False),
    (receipts_gone, {'url': [], 'tar url': ['etcd']}, {'url': False, 'tar url': True}),
    (receipts_broken, {'url': [], 'tar url': ['etcd']}, {'url': False, 'tar url': True}),
])
def test_drift_is_seen_and_repaired(run_module, tmpdir, host, file_server, kind, drift, changed, fetched):
    given = args(host, dict(source(kind, tmpdir, file_server), path=str(host.join('etcd')), links=[str(host.join('link'))]))
    run_module(executable, given)
    del file_server.requests[:]
    drift(host)
    result = run_module(executable, given)
    desired = changed[kind] if isinstance(changed, dict) else changed
    assert result['paths_changed'] == [str(host.join(name)) for name in desired]
    assert bool(file_server.requests) is (fetched[kind] if isinstance(fetched, dict) else fetched)
    assert host.join('etcd').read_binary() == TOOL and host.join('etcd').stat().mode & 0o7777 == 0o755
    assert os.readlink(str(host.join('link'))) == str(host.join('etcd'))
    assert not run_module(executable, given)['changed']


def test_a_new_version_and_another_member_are_fetched(run_module, host, file_server):
    url, digest = file_server.serve('/a', ARCHIVE)
    first = {'path': str(host.join('x')), 'url': url, 'sha256': digest, 'member': 'etcd-v3/etcd'}
    run_module(executable, args(host, first))
    result = run_module(executable, args(host, dict(first, member='etcd-v3/etcdctl')), diff=True)
    assert result['changed'] and host.join('x').read_binary() == OTHER
    assert 'etcd-v3/etcd of ' + digest in result['diff'][0]['before'] and 'etcd-v3/etcdctl of ' + digest in result['diff'][0]['after']
    url, digest = file_server.serve('/b', tar_gz([('etcd-v3/etcdctl', TOOL)]))
    assert run_module(executable, args(host, dict(first, url=url, sha256=digest, member='etcd-v3/etcdctl')))['changed']
    assert host.join('x').read_binary() == TOOL


def test_nothing_is_placed_if_one_of_several_cannot_be_fetched(run_module, host, file_server):
    good, digest = file_server.serve('/good', TOOL)
    result = run_module(executable, args(host, {'path': str(host.join('good')), 'url': good, 'sha256': digest},
                                         {'path': str(host.join('bad')), 'url': file_server.base + '/bad', 'sha256': digest}))
    assert result['failed'] and '404' in result['msg'] and host.listdir() == []


def test_it_is_executable_before_it_is_visible(run_module, host, file_server, monkeypatch):
    rename, seen = os.rename, []

    def watched(old, new):
        seen.append((os.path.basename(new), '%04o' % (os.stat(old).st_mode & 0o7777), os.path.basename(old).startswith(_files.STAGED)))
        rename(old, new)

    monkeypatch.setattr(os, 'rename', watched)
    url, digest = file_server.serve('/tool', TOOL)
    run_module(executable, args(host, {'path': str(host.join('tool')), 'url': url, 'sha256': digest, 'mode': '0750'}))
    assert ('tool', '0750', True) in seen


@pytest.mark.parametrize('change, words', [
    ({'sha256': None, 'sha256_variable': 'calico_ctl_sha256'}, ['has no sha256', 'Set calico_ctl_sha256 to the sum of URL']),
    ({'sha256': ''}, ['executables[0]', 'has no sha256, and nothing is installed without one', 'Set its sha256']),
    ({'sha256': 'abc'}, ["'abc' is not a sha256"]),
    ({'url': None}, ['has no source', 'Give one of url, src and local_src']),
    ({'src': '/x'}, ['has several sources: url, src']),
    ({'path': 'bin/x'}, ['bin/x is not the absolute path of a file']),
    ({'path': '/opt/../x'}, ['is not the absolute path of a file']),
    ({'links': ['/opt/']}, ['is not the absolute path of a file']),
    ({'mode': 'rwx'}, ['rwx is not a file mode']),
    ({'mode': 493}, ['493 is not a file mode']),
    ({'mode': '0644'}, ['could not execute it']),
    ({'url': 'ftp://x/y'}, ['is not an address to fetch from']),
    ({'member': 'etcd'}, ['has no file etcd: the executables in it are etcd-v3/etcd, etcd-v3/etcdctl.', 'Set member to one of them']),
    ({'member': 'link'}, ['has no file link']),
    ({'url': 'plain', 'member': 'x'}, ['is not a readable tar.gz or zip archive', 'Leave member out']),
    ({'url': None, 'src': '/nonexistent'}, ['/nonexistent cannot be read']),
    ({'url': None, 'src': '/nonexistent', 'member': 'x'}, ['/nonexistent cannot be read']),
    ({'url': None, 'src': '/dev/null'}, ['/dev/null is not the expected file', sha256(b''), 'genuine']),
    ({'owner': 'nosuchuser'}, ['There is no user nosuchuser']),
    ({'path': 'HOST/directory'}, ['is not a file but a directory']),
])
def test_bad_input_changes_nothing(run_module, host, file_server, change, words):
    host.mkdir('directory')
    plain, plain_sum = file_server.serve('/plain', TOOL)
    url, digest = file_server.serve('/etcd.tgz', ARCHIVE)
    item = dict({'path': str(host.join('x')), 'url': url, 'sha256': digest}, **change)
    if item['url'] == 'plain':
        item.update(url=plain, sha256=plain_sum)
    item['path'] = item['path'].replace('HOST', str(host))
    result = run_module(executable, args(host, item))
    assert result['failed'] and 'Traceback' not in result['msg']
    for word in words:
        assert word.replace('URL', url) in result['msg']
    assert [name for name in names(host) if name != 'var'] == ['directory'] and (not host.join('var').exists() or names(host.join('var')) == [])


@pytest.mark.parametrize('more, words', [({'allow_http': False}, 'is not encrypted'), ({'timeout': 0}, 'leaves no time')])
def test_bad_options(run_module, host, file_server, more, words):
    url, digest = file_server.serve('/x', TOOL)
    for check in (True, False):
        result = run_module(executable, args(host, {'path': str(host.join('x')), 'url': url, 'sha256': digest}, **more), check=check)
        assert result['failed'] and words in result['msg'] and host.listdir() == []


def test_a_path_is_desired_once(run_module, host, file_server):
    url, digest = file_server.serve('/x', TOOL)
    item = {'path': str(host.join('x')), 'url': url, 'sha256': digest}
    result = run_module(executable, args(host, item, dict(item, path=str(host.join('y')), links=[str(host.join('x'))])))
    assert result['failed'] and '%s is listed twice' % host.join('x') in result['msg']


def test_absent_removes_what_is_ours_only(run_module, host, file_server):
    url, digest = file_server.serve('/x', TOOL)
    links = [str(host.join(name)) for name in ('ours', 'unmanaged', 'file')]
    item = {'path': str(host.join('x')), 'url': url, 'sha256': digest, 'links': links}
    run_module(executable, args(host, item))
    host.join('unmanaged').remove()
    os.symlink('/bin/false', links[1])
    host.join('file').remove()
    host.join('file').write('mine')
    gone_item = {'path': item['path'], 'links': links}
    assert run_module(executable, args(host, gone_item, state='absent'), check=True)['changed'] and host.join('x').exists()
    result = run_module(executable, args(host, gone_item, state='absent'))
    assert result['paths_changed'] == [links[0], item['path']]
    assert names(host) == ['file', 'unmanaged', 'var'] and json.loads(host.join('var', 'receipts.json').read()) == {}
    assert not run_module(executable, args(host, gone_item, state='absent'))['changed']


def test_a_pushed_file_is_asked_for_once_and_only_where_it_is_needed(run_module, host):
    pushed = host.join('pushed')
    pushed.write_binary(ARCHIVE)
    desired = [{'path': str(host.join(name)), 'local_src': '/srv/etcd.tgz', 'sha256': sha256(ARCHIVE), 'member': member}
               for name, member in (('etcd', 'etcd-v3/etcd'), ('etcdctl', 'etcd-v3/etcdctl'))]
    assert run_module(executable, args(host, *desired), check=True)['changed']
    asked = run_module(executable, args(host, *desired))
    assert asked['needs'] == [sha256(ARCHIVE)] and not asked['changed'] and names(host) == ['pushed']
    result = run_module(executable, args(host, *[dict(item, src=str(pushed), local_src=None) for item in desired]))
    assert result['changed'] and 'needs' not in result
    again = run_module(executable, args(host, *desired))
    assert not again['changed'] and 'needs' not in again


def test_files_are_written_with_the_executables(run_module, host, file_server):
    url, digest = file_server.serve('/x', TOOL)
    cfg = {'path': str(host.join('etc', 'x.cfg')), 'secret_content': 'hunter2\n'}
    given = args(host, {'path': str(host.join('x')), 'url': url, 'sha256': digest}, files=[owned(cfg)])
    predicted = run_module(executable, given, check=True, diff=True)
    assert [name for name in names(host) if name != 'var'] == []
    done = run_module(executable, given, diff=True)
    assert done == predicted and done['paths_changed'] == [str(host.join('x')), cfg['path']] and 'hunter2' not in json.dumps(done)
    assert host.join('etc', 'x.cfg').read() == 'hunter2\n' and not run_module(executable, given)['changed']
    host.join('x').remove()
    pushed = args(host, {'path': str(host.join('x')), 'local_src': '/srv/x', 'sha256': digest}, files=[owned(dict(cfg, secret_content='new'))])
    assert run_module(executable, pushed)['needs'] == [digest] and host.join('etc', 'x.cfg').read() == 'hunter2\n'


def start(tmpdir, given, **popen):
    """The module in a process of its own, as on a host."""
    path = tmpdir.join('args.json')
    path.write(json.dumps({'ANSIBLE_MODULE_ARGS': given}))
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(entry for entry in sys.path if entry))
    return subprocess.Popen([sys.executable, executable.__file__.replace('.pyc', '.py'), str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                            **popen)


def owned(item):
    state = _files.state_of('/proc/self/fd')
    return dict(item, owner=state.owner, group=state.group)


@pytest.mark.parametrize('member', [None, 'etcd-v3/etcd'])
def test_a_run_killed_in_a_download_leaves_nothing_visible_and_the_next_sweeps(run_module, tmpdir, host, file_server, answer, member):
    content = tar_gz([('etcd-v3/etcd', os.urandom(300000))]) if member else os.urandom(300000)
    url, digest = file_server.serve('/big', answer(content, cut=200000, hold=True))
    directory = host.mkdir('var' if member else 'bin')
    given = args(host, owned({'path': str(host.join('bin', 'big')), 'url': url, 'sha256': digest, 'member': member}))
    process = start(tmpdir, given)
    deadline = time.time() + 30
    while not any(path.size() > 0 for path in directory.listdir()):
        assert time.time() < deadline and process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert all(name.startswith(_files.STAGED) for name in names(directory)) and len(names(directory)) == 1
    file_server.serve('/big', content)
    file_server.closing.set()
    assert run_module(executable, given)['changed']
    assert names(host.join('bin')) == ['big'] and names(host.join('var')) == ['receipts.json']


@pytest.mark.parametrize('kind', KINDS)
def test_a_full_disk_is_said_and_nothing_is_half(tmpdir, host, file_server, monkeypatch, kind):
    monkeypatch.setattr(sys.modules[__name__], 'TOOL', os.urandom(100000))
    monkeypatch.setattr(sys.modules[__name__], 'ARCHIVE', tar_gz([('etcd-v3/etcd', TOOL)]))
    host.join('etcd').write('old')
    given = args(host, owned(dict(source(kind, tmpdir, file_server), path=str(host.join('etcd')))))
    process = start(tmpdir, given, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000)))
    out = process.communicate()[0].decode('utf-8')
    result = json.loads(out.strip().splitlines()[-1])
    assert process.returncode == 1 and result['failed']
    assert 'cannot be written: [Errno 27] File too large. Free space on its file system and run again.' in result['msg']
    assert host.join('etcd').read() == 'old' and [name for name in names(host) if name != 'var'] == ['etcd']
    assert not host.join('var').exists() or names(host.join('var')) == []
