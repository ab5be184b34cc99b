# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the libraries of this collection raise. Private: modules are the interface."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils import _untrusted


class CalicoError(Exception):
    """An error an operator reads: what failed and where, why, and what to do about it.

    Libraries raise it (or a subclass); each module's main() catches it once and hands C(str(error)) to fail_json.

    :arg what: a sentence without its full stop, naming the thing and the place ("/etc/x.cfg points to another etcd").
    :arg why: the cause as the tool or kernel gave it, or None.
    :arg remedy: what the operator can do, an imperative sentence, or None.
    :arg details: dict of structured values that go into the failure result.
    """

    def __init__(self, what, why=None, remedy=None, **details):
        super(CalicoError, self).__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy
        self.details = details

    def __str__(self):
        # native first: on Python 2, text and bytes with other scripts in them cannot be joined
        what, why, remedy = [to_native(words or '').strip() for words in (self.what, self.why, self.remedy)]
        what = what.rstrip('.')
        sentences = ['%s: %s' % (what, why) if why else what, remedy]
        # what failed, and why, quotes hosts, clusters and tools
        return _untrusted.clean(' '.join(sentence.rstrip('.') + ('' if sentence.endswith('?') else '.') for sentence in sentences if sentence))


class CommandError(CalicoError):
    """A program could not be started, ran out of time or answered with an error."""


class ValidationError(CalicoError):
    """A value given by the user cannot be right; raised before anything is touched."""

    def faults(self):
        """[ValidationError], each about one fault."""
        return [self]


class SeveralErrors(ValidationError):
    """Several values given by the user cannot be right, see Collector."""

    def __init__(self, errors):
        super(SeveralErrors, self).__init__('; '.join(to_native(error.what) for error in errors), remedy='Correct these')
        self._errors = errors

    def faults(self):
        return list(self._errors)

    def __str__(self):
        return ' '.join(str(error) for error in self._errors)


class Collector(object):
    """Everything that is wrong with what a user gave, so that it is told at once instead of one fault a run."""

    def __init__(self):
        self.errors = []

    def add(self, error):
        """Note a ValidationError."""
        self.errors += error.faults()

    def check(self, function, *arguments):
        """(True, what the function returns), or (False, None) after noting why it does not."""
        try:
            return True, function(*arguments)
        except ValidationError as error:
            self.add(error)
            return False, None

    def finish(self):
        """Raise what was noted, as one error."""
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise SeveralErrors(self.errors)
