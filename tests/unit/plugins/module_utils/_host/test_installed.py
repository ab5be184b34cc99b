# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _installed, _lock
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _agent_plan

SYSCTL = {'name': '60-calico', 'settings': [{'key': 'net.ipv4.ip_forward', 'value': '1', 'optional': False}], 'state': 'present'}
PLUGINS = {'dir': '/etc/cni', 'networks': [{'file': 'a', 'config': {'timeout': 3}}], 'timeout': 300.0,
           'plugins': [{'name': 'calico', 'sha256': 'a' * 64, 'url': 'https://a.example.com/calico', 'src': None}]}


@pytest.fixture(autouse=True)
def notes(tmpdir, monkeypatch, as_root):
    monkeypatch.setattr(_installed, 'PATH', str(tmpdir.join('calico', 'installed.json')))
    return tmpdir.join('calico', 'installed.json')


def test_each_job_with_something_to_install_has_an_entry_of_its_own():
    assert set(_installed.ABOUT) < set(_agent_plan.JOBS)
    assert set(_agent_plan.JOBS) - set(_installed.ABOUT) == {
        'agent_info', 'calicoctl_config', 'calicoctl_resource', 'calicoctl_resource_info', 'mesos_agent'}


@pytest.mark.parametrize('job, params, key', [
    ('agent_files', {'files': [{'path': '/a'}, {'path': '/b'}]}, 'agent_files /a'),
    ('agent_files', {'files': []}, 'agent_files'),
    ('calicoctl_node', {'state': 'present'}, 'calicoctl_node'),
    ('cni_network', {'dir': '/etc/cni'}, 'cni_network /etc/cni'),
    ('etcd_member', {'unit': 'm.service'}, 'etcd_member m.service'),
    ('etcd_proxy', {'unit': 'p.service'}, 'etcd_proxy p.service'),
    ('executable', {'executables': [{'path': '/x'}, {'path': '/y'}]}, 'executable /x'),
    ('executable', {'executables': []}, 'executable'),
    ('sysctl', {'name': '60-calico'}, 'sysctl 60-calico'),
])
def test_what_a_job_is_about(job, params, key):
    _installed.note(job, params)
    assert _installed.noted() == [key] and _installed.compare(job, params) == 'same'
    _installed.forget([key])
    assert _installed.noted() == [] and _installed.compare(job, params) == 'unknown'


@pytest.mark.parametrize('job', sorted(_installed.ABOUT))
def test_how_long_something_waits_is_no_matter(job):
    """Seconds are what parameters of type float are. What is left of them is another number at each run."""
    seconds = [name for name, option in _agent_plan.JOBS[job].ARGUMENT_SPEC.items() if option.get('type') == 'float']
    assert [name for name in seconds if _installed.digest({name: 300.0}) != _installed.digest({name: 19.5})] == []


def test_whether_others_were_replaced_is_no_matter():
    """An adoption replaces them, and the next run of the site does not say so."""
    assert _installed.digest({'replace_unmanaged': True}) == _installed.digest({'replace_unmanaged': False})


def test_same_other_unknown(notes):
    assert _installed.compare('sysctl', SYSCTL) == 'unknown' and not _installed.has_some()
    _installed.note('sysctl', SYSCTL)
    assert notes.stat().mode & 0o7777 == 0o600
    assert _installed.compare('sysctl', SYSCTL) == 'same'
    assert _installed.compare('sysctl', dict(SYSCTL, settings=[])) == 'other'
    assert _installed.compare('sysctl', dict(SYSCTL, state='absent')) == 'other'
    assert _installed.compare('sysctl', dict(SYSCTL, name='70-other')) == 'unknown'
    before = notes.stat()
    _installed.note('sysctl', SYSCTL)
    assert notes.stat().ino == before.ino, 'nothing is written for the same'


@pytest.mark.parametrize('change, same', [
    ({'timeout': 5.0}, True),
    ({'plugins': [dict(PLUGINS['plugins'][0], url=None, src='/tmp/pushed')]}, True),
    ({'plugins': [dict(PLUGINS['plugins'][0], sha256='b' * 64)]}, False),
    ({'networks': [{'file': 'a', 'config': {'timeout': 4}}]}, False),
])
def test_how_something_is_fetched_is_no_matter(change, same):
    _installed.note('cni_network', PLUGINS)
    assert _installed.compare('cni_network', dict(PLUGINS, **change)) == ('same' if same else 'other')


def test_the_digest_is_the_same_from_each_python():
    """Text of either kind, tuples and lists; its value was computed by Python 3.11."""
    params = {u'name': u'x', 'list': (1, u'\xfc'), 'flag': True, 'none': None}
    assert _installed.digest(params) == _installed.digest({'name': 'x', 'list': [1, u'\xfc'], 'flag': True, 'none': None})
    assert _installed.digest(params) == 'df90570008cc84b9cce68655d189fcda524223dddc1e62805806579a006c8af1'


@pytest.mark.parametrize('text', ['', '[]', '{"sysctl 60-calico": ', '{"sysctl 60-calico": 7}'])
def test_damaged_notes_are_none(notes, text):
    notes.write(text, ensure=True)
    assert _installed.compare('sysctl', SYSCTL) in ('unknown', 'other')
    _installed.note('sysctl', SYSCTL)
    assert _installed.compare('sysctl', SYSCTL) == 'same'


def test_two_that_note_at_a_time_lose_nothing(notes, monkeypatch):
    _installed.note('sysctl', SYSCTL)
    monkeypatch.setattr(_installed, 'PATIENCE', 0.1)
    with _lock.held_directory(os.path.dirname(str(notes)), 1):
        with pytest.raises(CalicoError):
            _installed.note('cni_network', PLUGINS)
    _installed.note('cni_network', PLUGINS)
    assert sorted(json.loads(notes.read())) == ['cni_network /etc/cni', 'sysctl 60-calico']
