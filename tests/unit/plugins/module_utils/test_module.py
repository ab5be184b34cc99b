# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of every module."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest
from ansible.module_utils import basic

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module as run_job

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


@pytest.fixture
def logged(monkeypatch):
    """What goes to the system's log."""
    lines = []
    monkeypatch.setattr(basic, 'has_journal', False)
    monkeypatch.setattr(basic.AnsibleModule, '_log_to_syslog', lambda module, text: lines.append(text))
    return lines


@pytest.mark.parametrize('secret', SECRETS)
@pytest.mark.parametrize('fail', [False, True])
def test_secrets_of_lists_are_in_no_log_and_no_result(run_module, logged, secret, fail):
    items = [dict(name='a', secret=secret), dict(name='b', tree=dict(inside=[secret]))]
    result = run_module(Sample, dict(items=items, fail=fail))
    assert "'name': 'a'" in logged[0] and 'sesame' not in ''.join(logged)
    assert 'sesame' not in str(result)
