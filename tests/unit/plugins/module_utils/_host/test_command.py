# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command


def test_result_has_code_and_both_outputs():
    result = _command.run(['sh', '-c', 'cat; echo err >&2; exit 3'], timeout=10, stdin=u'\xe4')
    assert result.rc == 3 and result.err == 'err\n' and len(result.out) in (1, 2)


def test_no_shell_reads_the_arguments():
    assert _command.run(['echo', '$HOME; `id`'], timeout=10).out == '$HOME; `id`\n'


def test_environment_is_added_and_messages_are_in_the_c_locale():
    assert _command.run(['sh', '-c', 'echo $LC_ALL $X'], timeout=10, environ={'X': 'y'}).out == 'C y\n'


def test_nothing_is_read_from_our_standard_input():
    assert _command.run(['cat'], timeout=10).out == ''


def test_a_program_that_hangs_is_stopped_with_its_children():
    start = time.time()
    with pytest.raises(CommandError) as error:
        _command.run(['sh', '-c', 'echo begun; sleep 60 & wait'], timeout=0.3)
    assert time.time() - start < 10 and 'did not answer within 0.3 seconds' in str(error.value) and 'begun' in str(error.value)


@pytest.mark.parametrize('outlives', ['setsid sleep 60 &', 'sleep 60 &', '(trap "" HUP; while :; do echo noise; sleep 0.1; done) &'])
def test_a_child_that_outlives_it_with_its_pipes_open_is_not_waited_for(outlives):
    start = time.time()
    result = _command.run(['sh', '-c', 'echo $$; echo said; %s exit 4' % outlives], timeout=5)
    assert time.time() - start < 20 and result.rc == 4 and result.out.splitlines()[1] == 'said'


def test_a_program_that_hangs_is_not_waited_for_where_a_child_has_left_its_group():
    start = time.time()
    with pytest.raises(CommandError) as error:
        _command.run(['sh', '-c', 'setsid sleep 60 & echo begun; sleep 60'], timeout=0.3)
    assert time.time() - start < 10 and 'did not answer' in str(error.value) and 'begun' in str(error.value)


def test_a_program_that_does_not_stop_talking_is_stopped(monkeypatch):
    monkeypatch.setattr(_command, 'LARGEST', 1000000)
    with pytest.raises(CommandError) as error:
        _command.run(['yes'], timeout=60)
    assert 'said more than 1000000 bytes' in str(error.value) and len(str(error.value)) < 1000


def test_much_is_said_both_ways():
    text = u'0123456789' * 200000
    assert _command.run(['cat'], timeout=60, stdin=text).out == text
    assert _command.run(['sh', '-c', 'head -c 10 > /dev/null; echo enough'], timeout=60, stdin=text).out == 'enough\n'


def test_what_is_said_at_the_very_end_is_not_lost():
    for unused in range(20):
        assert len(_command.run(['sh', '-c', 'sleep 0.01; head -c 60000 /dev/zero | tr "\\0" x'], timeout=60).out) == 60000


@pytest.mark.parametrize('argv, words', [
    (['no-such-program', '-x'], 'no-such-program is not installed on this host'),
    (['/etc/passwd'], '/etc/passwd is not installed on this host'),
])
def test_what_is_not_there_is_named(argv, words):
    with pytest.raises(CommandError) as error:
        _command.run(argv, timeout=10)
    assert words in str(error.value)


def test_check_turns_a_bad_code_into_an_error_with_the_words_of_the_program():
    with pytest.raises(CommandError) as error:
        _command.run(['sh', '-c', 'echo one; echo two >&2; exit 1'], timeout=10, check=True)
    assert 'exit code 1: two.' in str(error.value)


def test_what_it_said_is_stderr_or_else_stdout():
    assert _command.Result(1, 'out\nmore\n', '').said() == 'out | more'
    assert _command.Result(1, 'out', 'err\n').said() == 'err'
    assert _command.Result(7, '', '').said() == 'exit code 7'
    assert len(_command.Result(1, 'x' * 1000000, '').said()) < 10000
