# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of every module."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import sys

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._module import printable, run_module as run_job

ITEM = dict(name=dict(type='str'), secret=dict(type='str', no_log=True), tree=dict(type='dict', no_log=True))
SECRETS = [
    'plain sesame',
    'sesame\nof two lines\n',
    'sesame with "both" kinds of \'quotes\'',
    "sesame with 'one' kind",
    'sesame \\ and \t and \x1b',
    u'sesame \xe4\xdf',
]


class Sample(object):
    """A module with secrets in lists and dicts."""

    @staticmethod
    def main():
        def job(module):
            if module.params['fail']:
                raise ValidationError('no', repr(module.params['items']))
            return dict(changed=False, said=repr(module.params['items']))

        run_job(job, argument_spec=dict(items=dict(type='list', elements='dict', options=ITEM), fail=dict(type='bool', default=False)))


class Quiet(object):
    """A module that does not know which of its arguments are secrets, and warns of one."""

    @staticmethod
    def main(quiet=True):
        def job(module):
            module.warn('strange: %s' % module.params['steps'])
            if module.params['fail']:
                raise ValidationError('no', 'hidden')
            return dict(changed=False)

        spec = dict(steps=dict(type='list', elements='dict'), fail=dict(type='bool', default=False))
        run_job(job, quiet=quiet, argument_spec=spec)


class Loud(object):
    """The same, as every other module is."""

    @staticmethod
    def main():
        Quiet.main(quiet=False)


@pytest.fixture(params=['syslog', 'journal'])
def logged(request, monkeypatch):
    """What goes to the system's log, by either of the ways that core has."""
    lines = []

    class Journal(object):
        @staticmethod
        def send(**fields):
            lines.append(str(sorted(fields.items())))

    monkeypatch.setattr(basic, 'has_journal', request.param == 'journal')
    monkeypatch.setattr(basic, 'journal', Journal, raising=False)
    monkeypatch.setattr(basic.AnsibleModule, '_log_to_syslog', lambda module, text: lines.append(text))
    return lines


@pytest.mark.parametrize('secret', SECRETS)
@pytest.mark.parametrize('fail', [False, True])
def test_secrets_of_lists_are_in_no_log_and_no_result(run_module, logged, secret, fail):
    items = [dict(name='a', secret=secret), dict(name='b', tree=dict(inside=[secret]))]
    result = run_module(Sample, dict(items=items, fail=fail))
    assert "'name': 'a'" in logged[0].replace('\\', '') and 'sesame' not in ''.join(logged)
    assert 'sesame' not in str(result)


@pytest.mark.parametrize('fail', [False, True])
def test_a_quiet_module_has_its_arguments_in_no_log_and_no_result(run_module, logged, fail):
    """They would be: the same module in the usual way has them in the log. Fails where a core finds another way into it than log()."""
    args = dict(steps=[dict(content='sesame')], fail=fail)
    run_module(Loud, args)
    assert 'sesame' in ''.join(logged)
    del logged[:]
    result = run_module(Quiet, args)
    assert logged and 'sesame' not in ''.join(logged)
    assert 'sesame' not in str(result.get('invocation'))


BYTES = b'M\xfcnchen \xc3\xa4'  # latin-1, then UTF-8


@pytest.mark.parametrize('value, said', [
    (to_native(BYTES, errors='surrogate_or_replace') if sys.version_info > (3,) else BYTES, u'M\\xfcnchen \xe4'),
    (BYTES, u'M\\xfcnchen \xe4'),
    ({to_native(b'\xff', errors='surrogate_or_replace') if sys.version_info > (3,) else b'\xff': [(BYTES,)]}, {u'\\xff': [[u'M\\xfcnchen \xe4']]}),
    (u'\xe4 plain', u'\xe4 plain'),
    (7, 7),
    (None, None),
])
def test_bytes_that_are_no_utf8_are_written_out(value, said):
    def decoded(item):
        if isinstance(item, dict):
            return dict((decoded(key), decoded(each)) for key, each in item.items())
        if isinstance(item, list):
            return [decoded(each) for each in item]
        return item.decode('utf-8') if isinstance(item, bytes) else item

    assert decoded(printable(value)) == said


@pytest.mark.skipif(sys.version_info < (3,), reason='Python 2 has no such texts')
def test_a_surrogate_that_stands_for_no_byte_is_written_out():
    assert printable(u'\ud800 \udcfc') == u'\\ud800 \\xfc'


def test_whatever_a_module_says_can_be_sent(run_module, tmpdir):
    """As a result, an error and a warning; names of files come as the directory has them."""
    with open(os.path.join(str(tmpdir).encode('utf-8'), b'\xfc'), 'w'):
        pass
    name = os.listdir(str(tmpdir))[0]

    class Speaker(object):
        RETURN = ''

        @staticmethod
        def main():
            def job(module):
                module.warn('a file %s' % name)
                if module.params['fail']:
                    raise ValidationError('no', name)
                return dict(changed=False, said=name)

            run_job(job, argument_spec=dict(fail=dict(type='bool', default=False)))

    assert '\\xfc' in str(run_module(Speaker, dict(fail=True))['msg'])
    done = run_module(Speaker, {})
    assert done['said'] == '\\xfc' and json.dumps('a file \\xfc') in json.dumps(done['warnings'])


@pytest.mark.parametrize('umask', [0o077, 0o000], ids=oct)
def test_what_a_tool_makes_does_not_depend_on_who_runs_the_module(run_module, tmpdir, umask):
    """And neither does what this process makes afterwards depend on the module."""
    class Maker(object):
        RETURN = ''

        @staticmethod
        def main():
            def job(module):
                module.run_command(['mkdir', str(tmpdir.join('made'))], check_rc=True)
                return dict(changed=True)

            run_job(job, argument_spec={})

    before = os.umask(umask)
    try:
        run_module(Maker, {})
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert tmpdir.join('made').stat().mode & 0o777 == 0o755
