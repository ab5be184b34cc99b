# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils import _unit_text
from ansible_collections.dcos.calico.plugins.module_utils._calico import _checks, _node as _node_module
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd, _keys, _systemd, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _sysctl


@pytest.mark.parametrize('given, written', [
    ('--name=10.0.2.10', '--name=10.0.2.10'),
    ('--log-dir=/var/log/my calico', '"--log-dir=/var/log/my calico"'),
    ('--name=50%', '--name=50%%'),
    ('--name=$HOME', '"--name=$$HOME"'),
    ('a"b\'c', '"a\\"b\'c"'),
    ('a\\b', '"a\\\\b"'),
    (';', '";"'),
    ('', '""'),
])
def test_a_word_of_a_command(given, written):
    assert _unit_text.word(given) == written


@pytest.mark.parametrize('given', ['a\nExecStartPre=/bin/evil', 'a\r', 'a\0b', u'a\u2028b'])
def test_a_second_line_is_refused(given):
    for write in (_unit_text.value, _unit_text.word):
        with pytest.raises(ValidationError) as error:
            write(given)
        assert 'cannot stand in a systemd unit' in str(error.value) and '\n' not in str(error.value)


@pytest.mark.parametrize('program', ['rm', '/bin/my rm', '/bin/rm\n', '/bin/50%', '/bin/$x', '/bin/"x"'])
def test_programs_that_systemd_would_read_as_something_else(program):
    with pytest.raises(ValidationError):
        _unit_text.command([program, '-f'])


def test_a_command():
    assert ' '.join(_unit_text.command(['/bin/rm', '-f', '/var/lib/my data'])) == '/bin/rm -f "/var/lib/my data"'


def _node(**changes):
    params = dict(image='calico/node:v2.6.6', name='a', ip='10.0.0.1/24', backend='bird', log_dir='/var/log/calico', as_number=None, no_default_ippools=True,
                  libnetwork=False, init_system=True, calicoctl='/opt/calico/bin/calicoctl', config='/etc/calico/calicoctl.cfg', after_units=[])
    return _node_module.unit_text(dict(params, **changes), '/usr/bin/docker')


@pytest.mark.parametrize('changes', [
    {'image': 'x\nExecStartPre=/bin/evil'}, {'log_dir': '/var/log\nUser=root'}, {'config': '/x\n'}, {'after_units': ['x.service\nExecStartPre=/bin/evil']},
])
def test_no_value_of_the_node_adds_a_line_to_its_unit(changes):
    with pytest.raises(ValidationError):
        _node(**changes)


def test_values_of_the_node_stay_one_word():
    assert '"--log-dir=/var/log/my $$calico"' in _node(log_dir='/var/log/my $calico')


@pytest.mark.parametrize('check, value', [
    (lambda value: _etcd.check_plain(value, 'x'), '/var/lib/etcd'),
    (lambda value: _etcd.check_url(value, 'x'), 'http://10.0.0.1:2379'),
    (_systemd.check_name, 'a.service'),
    (_text_files.parse_mode, '0644'),
    (_sysctl.parse_key, 'net.ipv4.ip_forward'),
    (lambda value: _keys.check_subject(value, {}), 'agent1'),
    (lambda value: _checks.as_number(value, 'x'), '64512'),
])
def test_a_line_break_at_the_end_is_no_part_of_a_value(check, value):
    check(value)
    with pytest.raises(ValidationError):
        check(value + '\n')
