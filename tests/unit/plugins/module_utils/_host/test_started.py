# -*- coding: utf-8 -*-
"""What a process was started with, against all that happens to times: touch, copies with their times, clocks that are set."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _started


@pytest.fixture
def certificate(tmpdir):
    path = tmpdir.join('ca.pem')
    path.write('one')
    os.utime(str(path), (1000, 1000))
    return path


def process(identity='1', since=2000):
    return _started.Process('x.service', identity, since)


def other(certificate, **which):
    return _started.other(process(**which), [str(certificate), '/nowhere']) == [str(certificate)]


def known(certificate):
    _started.note(process(), [str(certificate), '/nowhere'])
    assert not other(certificate)


def set_time(path, seconds):
    os.utime(str(path), (seconds, seconds))


def test_a_file_that_is_touched_is_no_other(certificate):
    known(certificate)
    set_time(certificate, 9000)
    assert not other(certificate)


def test_a_file_that_is_restored_with_its_old_time_is_another(certificate):
    """cp -p of a copy in place, and of one that is renamed."""
    known(certificate)
    certificate.write('two')
    set_time(certificate, 1000)
    assert other(certificate)
    certificate.write('one')
    assert not other(certificate), 'it was put back before anybody restarted'
    new = certificate.dirpath('new')
    new.write('two')
    set_time(new, 1000)
    new.move(certificate)
    assert other(certificate)


@pytest.mark.parametrize('since', [0, 2000, 10**10])
def test_a_clock_that_is_set_changes_nothing(certificate, since):
    known(certificate)
    assert not other(certificate, since=since)
    certificate.write('two')
    assert other(certificate, since=since)


def test_a_process_that_nobody_noted_is_validated_once_by_times(certificate):
    assert not other(certificate)
    set_time(certificate, 2000.5)
    assert not other(certificate), 'clocks are read one after the other'
    set_time(certificate, 2002)
    assert other(certificate)


def test_a_process_that_was_started_anew_is_another_one(certificate):
    known(certificate)
    certificate.write('two')
    set_time(certificate, 1000)
    assert other(certificate) and not other(certificate, identity='2')
    _started.note(process('2'), [str(certificate)])
    assert not other(certificate, identity='2')


def test_what_was_noted_nearer_to_the_start_stays(certificate):
    """A run that does not restart, such as one with restart set to never, does not take a file for what the process has."""
    known(certificate)
    certificate.write('two')
    _started.note(process(), [str(certificate)])
    assert other(certificate)


def test_a_file_that_comes_later_is_none_that_the_process_has(certificate):
    late = certificate.dirpath('late')
    _started.note(process(), [str(late)])
    late.write('')
    set_time(late, 1000)
    assert _started.other(process(), [str(late)]) == [str(late)]


def test_a_file_that_nobody_asked_for_before_is_validated_by_its_time(certificate):
    _started.note(process(), [])
    assert not other(certificate)
    set_time(certificate, 3000)
    assert other(certificate)


@pytest.mark.parametrize('text', ['', 'no JSON', '[]', '{"x.service": 7}', '{"x.service": {"process": "1", "files": []}}', b'\xff',
                                  '{"x.service": {"process": "1", "files": {"%s": 7}}}'])
def test_notes_that_make_no_sense_are_none(certificate, text):
    _started._files.ensure_directory(os.path.dirname(_started.PATH))
    with open(_started.PATH, 'wb') as notes:
        notes.write(text if isinstance(text, bytes) else text.replace('%s', str(certificate)).encode('ascii'))
    assert not other(certificate)
    known(certificate)


def test_the_file_is_not_read_again_while_nothing_has_written_to_it(certificate, monkeypatch):
    known(certificate)
    monkeypatch.setattr(_started._files, 'sha256_of', None)
    assert not other(certificate)


def test_notes_are_roots_and_of_all_processes(certificate):
    known(certificate)
    _started.note(_started.Process('y.service', '7', 0), [str(certificate)])
    assert os.stat(_started.PATH).st_mode & 0o777 == 0o600
    with open(_started.PATH) as notes:
        assert sorted(json.load(notes)) == ['x.service', 'y.service']


class State:
    def __init__(self, pid=1, since=100.0, running=True):
        self.name, self.pid, self.since, self.running = 'x.service', pid, since, running


class Unit:
    def __init__(self, *paths):
        self.name, self.restart_on = 'x.service', [str(path) for path in paths]


@pytest.mark.parametrize('state', [State(since=0.0), State(running=False)])
def test_a_unit_that_does_not_run_has_no_process(certificate, state):
    set_time(certificate, time.time() + 1000)
    assert _started.units([Unit(certificate)], {'x.service': state}) == {}
    _started.note_units([Unit(certificate)], {'x.service': state}, {}, {'x.service': state})
    assert not os.path.exists(_started.PATH)


def test_a_unit_that_is_late_is_so_until_it_is_restarted(certificate):
    set_time(certificate, time.time() + 1000)
    unit, old, new = Unit(certificate), {'x.service': State()}, {'x.service': State(pid=2, since=200.0)}
    late = _started.units([unit], old)
    assert late == {'x.service': [str(certificate)]}
    _started.note_units([unit], old, late, old)
    assert _started.units([unit], old) == late
    _started.note_units([unit], old, late, new)
    assert _started.units([unit], new) == {'x.service': []}, 'and not restarted for ever because its time is still to come'
