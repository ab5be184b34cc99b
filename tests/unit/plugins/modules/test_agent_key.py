# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import subprocess

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _files
from ansible_collections.dcos.calico.plugins.modules import agent_key


class Host:
    """A directory for key, certificate and CA, and a CA of its own for certificates."""

    def __init__(self, root):
        self.root = root
        self.key = root.join('certs', 'calico.key')
        self.next = root.join('certs', 'calico.key.next')
        self.certificate = root.join('certs', 'calico.crt')
        self.ca = root.join('certs', 'ca.crt')

    def args(self, **more):
        return dict({'name': 'agent1', 'key_file': str(self.key), 'certificate_file': str(self.certificate), 'ca_file': str(self.ca),
                     'key_type': 'ecdsa', 'common_name': 'calico', 'hosts': ['a1', '10.0.0.21']}, **more)

    def present(self, certificate, **more):
        return self.args(state='present', certificate=certificate, **more)

    def sign(self, csr):
        """A certificate for a request, as a CA would give it."""
        self.root.join('csr').write(csr)
        ca = [str(self.root.join(name)) for name in ('ca.key', 'ca.pem')]
        if not os.path.exists(ca[0]):
            openssl('req', '-x509', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', ca[0], '-out', ca[1], '-subj', '/CN=CA', '-days', '3')
        return openssl('x509', '-req', '-in', str(self.root.join('csr')), '-CA', ca[1], '-CAkey', ca[0], '-set_serial', '7', '-days', '2')

    def files(self):
        directory = self.root.join('certs')
        return sorted(path.basename for path in directory.listdir()) if directory.check() else []


def openssl(*argv):
    with open(os.devnull, 'w') as nothing:
        return subprocess.check_output(('openssl',) + argv, stderr=nothing).decode()


@pytest.fixture
def host(tmpdir, as_root):
    return Host(tmpdir)


def test_from_nothing_to_a_certificate_and_again(run_module, host):
    predicted = run_module(agent_key, host.args(), check=True, diff=True)
    assert predicted['changed'] and host.files() == [] and predicted['request']['csr'] is None
    assert predicted['request']['hosts'] == ['10.0.0.21', 'a1'] and predicted['request']['public_key_sha256'] is None
    made = run_module(agent_key, host.args(), diff=True)
    assert made['diff'] == predicted['diff'] and made['files_changed'] == [str(host.key)] and made['key_unfit'] == 'there is none'
    assert host.key.stat().mode & 0o7777 == 0o600 and made['request']['certificate'] is None
    certificate = host.sign(made['request']['csr'])
    placed = run_module(agent_key, host.present(certificate, ca=certificate), diff=True)
    assert [sides['after'].split()[0] for sides in placed['diff']] == ['certificate', 'certificate'] and 'BEGIN' not in json.dumps(placed['diff'])
    assert placed['files_changed'] == [str(host.ca), str(host.certificate)] and placed['public_key_sha256'] == made['public_key_sha256']
    assert host.certificate.read() == certificate and host.certificate.stat().mode & 0o7777 == 0o644
    again = run_module(agent_key, host.args())
    assert not again['changed'] and again['request']['certificate'] == certificate and again['key_unfit'] is None
    assert not run_module(agent_key, host.present(certificate, ca=certificate))['changed']


def test_the_key_is_in_no_result(run_module, host):
    made = run_module(agent_key, host.args(), diff=True)
    again = run_module(agent_key, host.args(key_size=384), diff=True)
    placed = run_module(agent_key, host.present(host.sign(again['request']['csr'])), diff=True)
    said = json.dumps([made, again, placed])
    assert 'PRIVATE' not in said and host.key.read().splitlines()[2][:40] not in said


@pytest.mark.parametrize('desired, why', [
    ({'key_size': 384}, 'it is ecdsa 256, required is ecdsa 384'),
    ({'key_type': 'rsa'}, 'it is ecdsa 256, required is rsa 2048'),
])
def test_a_key_that_does_not_fit_stays_until_its_successor_has_a_certificate(run_module, host, desired, why):
    first = run_module(agent_key, host.args())
    old = host.sign(first['request']['csr'])
    run_module(agent_key, host.present(old))
    before = host.key.read()
    asked = run_module(agent_key, host.args(**desired))
    assert asked['key_unfit'] == why and asked['files_changed'] == [str(host.next)] and host.key.read() == before
    again = run_module(agent_key, host.args(**desired))
    assert not again['changed'] and again['public_key_sha256'] == asked['public_key_sha256'] != first['public_key_sha256']
    new = host.sign(again['request']['csr'])
    predicted = run_module(agent_key, host.present(new, **desired), check=True, diff=True)
    placed = run_module(agent_key, host.present(new, **desired), diff=True)
    assert predicted['diff'] == placed['diff'] and placed['files_changed'] == [str(host.key), str(host.certificate)]
    assert host.files() == ['calico.crt', 'calico.key'] and host.key.read() != before and host.key.stat().mode & 0o7777 == 0o600
    assert placed['public_key_sha256'] == asked['public_key_sha256']
    assert not run_module(agent_key, host.args(**desired))['changed']


def test_a_successor_that_is_not_desired_any_more_goes(run_module, host):
    run_module(agent_key, host.args())
    run_module(agent_key, host.args(key_size=384))
    result = run_module(agent_key, host.args())
    assert result['files_changed'] == [str(host.next)] and host.files() == ['calico.key']


def test_a_successor_of_yet_another_size_is_made_again(run_module, host):
    run_module(agent_key, host.args())
    first = run_module(agent_key, host.args(key_size=384))
    second = run_module(agent_key, host.args(key_size=521))
    assert second['files_changed'] == [str(host.next)] and first['public_key_sha256'] != second['public_key_sha256']


@pytest.mark.parametrize('content, why', [('nonsense', 'it cannot be read'), ('', 'it cannot be read')])
def test_a_damaged_key_gets_a_successor(run_module, host, content, why):
    host.key.write(content, ensure=True)
    result = run_module(agent_key, host.args(), diff=True)
    assert result['key_unfit'].startswith(why) and result['files_changed'] == [str(host.next)] and host.key.read() == content
    run_module(agent_key, host.present(host.sign(result['request']['csr'])))
    assert host.files() == ['calico.crt', 'calico.key'] and host.key.read() != content


def test_mode_and_content_that_drifted_are_put_right(run_module, host):
    certificate = host.sign(run_module(agent_key, host.args())['request']['csr'])
    run_module(agent_key, host.present(certificate, ca=certificate))
    for path, mode in ((host.key, 0o644), (host.certificate, 0o600)):
        path.chmod(mode)
    host.ca.write('something else')
    assert run_module(agent_key, host.args())['files_changed'] == [str(host.key)]
    host.key.chmod(0o640)
    result = run_module(agent_key, host.present(certificate, ca=certificate))
    assert result['files_changed'] == [str(host.ca), str(host.key), str(host.certificate)]
    assert [path.stat().mode & 0o7777 for path in (host.key, host.certificate)] == [0o600, 0o644] and host.ca.read() == certificate


def test_a_certificate_for_another_key_is_refused_and_nothing_is_touched(run_module, host):
    stranger = Host(host.root.mkdir('other'))
    certificate = stranger.sign(run_module(agent_key, stranger.args())['request']['csr'])
    run_module(agent_key, host.args())
    result = run_module(agent_key, host.present(certificate, ca=certificate))
    assert result['failed'] and 'is not for the key in %s' % host.key in result['msg'] and host.files() == ['calico.key']


def test_a_pair_that_the_ca_made(run_module, host):
    """The guide's way: nothing is made here, and what is reported is what is in place."""
    maker = Host(host.root.mkdir('maker'))
    certificate = maker.sign(run_module(agent_key, maker.args())['request']['csr'])
    looked = run_module(agent_key, host.args(generate=False))
    assert not looked['changed'] and looked['request']['csr'] is None and looked['request']['public_key_sha256'] is None and host.files() == []
    args = host.present(certificate, private_key=maker.key.read(), ca=certificate)
    predicted = run_module(agent_key, args, check=True, diff=True)
    placed = run_module(agent_key, args, diff=True)
    assert predicted['diff'] == placed['diff'] and 'PRIVATE' not in json.dumps(placed)
    assert placed['files_changed'] == [str(host.ca), str(host.key), str(host.certificate)] and host.key.stat().mode & 0o7777 == 0o600
    assert not run_module(agent_key, host.present(certificate, ca=certificate))['changed']
    looked = run_module(agent_key, host.args(generate=False, key_type='rsa'))
    assert not looked['changed'] and looked['request']['public_key_sha256'] == placed['public_key_sha256'] and looked['request']['certificate'] == certificate


def test_a_key_that_is_not_the_certificates_is_refused(run_module, host):
    maker, other = Host(host.root.mkdir('maker')), Host(host.root.mkdir('other'))
    certificate = maker.sign(run_module(agent_key, maker.args())['request']['csr'])
    run_module(agent_key, other.args())
    result = run_module(agent_key, host.present(certificate, private_key=other.key.read()))
    assert result['failed'] and 'is not that of the given certificate' in result['msg'] and host.files() == []


def test_check_mode_knows_of_a_certificate_that_is_to_come(run_module, host):
    result = run_module(agent_key, host.present(None, issued=True), check=True, diff=True)
    assert result['files_changed'] == [str(host.certificate)] and 'is to issue' in result['diff'][0]['after']
    assert run_module(agent_key, host.present(None, issued=True))['failed']


def test_check_mode_without_openssl(run_module, host, monkeypatch):
    monkeypatch.setattr(_command, 'find', lambda program: None)
    result = run_module(agent_key, host.args(), check=True)
    assert result['changed'] and result['request']['csr'] is None
    host.key.write('x', ensure=True)
    assert 'openssl is not installed' in run_module(agent_key, host.args(), check=True)['key_unfit']
    failed = run_module(agent_key, host.args(key_file=str(host.root.join('other.key'))))
    assert failed['failed'] and 'openssl is not installed' in failed['msg'] and not host.root.join('other.key').check()


@pytest.mark.parametrize('args, words', [
    ({'key_type': 'ecdsa', 'key_size': 2048}, 'A key cannot be ecdsa with 2048 bits. Use one of 256, 384, 521'),
    ({'key_type': 'rsa', 'key_size': 1024}, 'A key cannot be rsa with 1024 bits'),
    ({'common_name': None}, 'needs a common name'),
    ({'common_name': 'a$b'}, 'common_name cannot be'),
    ({'hosts': ['a b']}, 'cannot stand in a certificate'),
    ({'key_file': 'calico.key'}, 'not an absolute path'),
    ({'state': 'present'}, 'There is no certificate to place'),
    ({'state': 'present', 'certificate': 'x'}, 'it holds no PEM block CERTIFICATE'),
])
def test_wrong_input_is_refused_before_anything_is_touched(run_module, host, args, words):
    result = run_module(agent_key, host.args(**args))
    assert result['failed'] and words in result['msg'] and host.files() == []


def test_a_directory_or_link_in_the_keys_place_is_refused(run_module, host):
    host.key.ensure(dir=True)
    assert 'is a directory, not a file' in run_module(agent_key, host.args())['msg']
    host.key.remove()
    host.key.mksymlinkto(host.root.join('elsewhere'))
    assert 'is a link, not a file' in run_module(agent_key, host.args())['msg']


def test_nothing_is_left_of_a_key_that_could_not_be_made(run_module, host, monkeypatch):
    def full(*args, **more):
        raise _files.CalicoError('no space')

    monkeypatch.setattr(_files, 'publish', full)
    assert run_module(agent_key, host.args())['failed'] and host.files() == []
