# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in which the modules of this collection run and fail."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import copy
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import clean, printable
from ansible_collections.dcos.calico.plugins.module_utils._host import _installed, _lock, _selinux

UMASK = 0o022


class Module(AnsibleModule):
    """Says what it says in UTF-8, and keeps secrets of lists and dicts out of the system's log as well, where ansible-core writes arguments as Python does.

    It looks for a secret as it is, and does not find one with a line break or a quote in it, such as a private key.
    """
    labelled = None  # the path whose SELinux context is being set

    def __init__(self, **module_args):
        super(Module, self).__init__(**module_args)
        self.no_log_values = self._secrets()

    def _secrets(self):
        return self.no_log_values | set(as_python(text) for text in self.no_log_values)

    def log(self, msg, log_args=None):
        """The way into the system's log, which core takes for the arguments too: in a sentence, and each in a field of the journal."""
        secrets = self._secrets()
        super(Module, self).log(remove_values(msg, secrets), remove_values(log_args or {}, secrets))

    def label(self, there, path, kind):
        """See _selinux.label(); raises CalicoError where ansible-core would end the module."""
        self.labelled = path
        try:
            self.set_context_if_different(there, self.selinux_default_context(path, kind), False)
        finally:
            self.labelled = None

    def fail_json(self, msg, **details):
        if self.labelled is not None:
            raise CalicoError('%s cannot be given its SELinux context' % self.labelled, why=msg, remedy='See "ausearch -m avc -ts recent" on the host')
        super(Module, self).fail_json(msg, **details)

    def warn(self, warning, *args, **kwargs):
        """A warning goes to a terminal, and quotes others."""
        super(Module, self).warn(clean(warning), *args, **kwargs)


UNSAID = {'module_args': {}}


class QuietModule(Module):
    """A module whose arguments hold secrets that its own specification does not know; none of them is written to the system's log, or returned.

    The parameter no_log of AnsibleModule does not do it: what the task says of no_log takes its place. That of an argument takes each text inside it out of
    the result as well, names of files and of jobs among them.
    """

    def log(self, msg, log_args=None):
        """Nothing that core or a job says, as it may quote arguments."""
        super(QuietModule, self).log('What it was told and says is not logged')

    def exit_json(self, **result):
        super(QuietModule, self).exit_json(invocation=UNSAID, **result)

    def fail_json(self, msg, **details):
        super(QuietModule, self).fail_json(msg, **dict(details, invocation=UNSAID))


def as_python(text):
    """A text as it stands in what Python writes of a list, without the quotes around it."""
    return repr(text).lstrip('u')[1:-1]


@contextlib.contextmanager
def _nothing():
    yield


@contextlib.contextmanager
def _usual_umask():
    """What a tool makes that a module calls is not to depend on who runs it: hardened hosts have 077, others 000. What is secret asks for its own mode."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)


def _done(job, installs, module):
    """The result of a job, which is noted where it brought about all that was required."""
    required = copy.deepcopy(module.params) if installs else None
    result = job(module)
    if installs and not module.check_mode and not (result.get('needs') or result.get('restart_needed')):
        _installed.note(installs, required)
    return result


def run_module(job, changes_host=False, quiet=False, installs=None, **module_args):
    """Make the AnsibleModule, run C(job(module)) and exit with the dict it returns; the only place that catches CalicoError.

    :arg job: callable(AnsibleModule) -> result dict; raises CalicoError for whatever an operator can act on.
    :arg changes_host: whether it changes something of the host that it runs on, which one module at a time does.
    :arg quiet: see QuietModule.
    :arg installs: the job's name in _installed.ABOUT, if what it brings about is noted.
    """
    module = (QuietModule if quiet else Module)(**module_args)
    _selinux.attach(module)
    try:
        with _usual_umask(), _lock.held(module._name) if changes_host and not module.check_mode else _nothing():
            result = _done(job, installs, module)
    except CalicoError as error:
        module.fail_json(**printable(dict(error.details, msg=str(error))))
    except RuntimeError as error:
        if 'recursion' not in str(error):
            raise
        module.fail_json(msg=str(CalicoError('Something that was read is nested too deeply', remedy='See that the files and servers are the right ones')))
    module.exit_json(**printable(result))
