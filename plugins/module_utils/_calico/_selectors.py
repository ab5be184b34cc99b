# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Syntax of Calico's selectors, as far as it can be told whether calicoctl will take one. Pure.

Grammar: the comments of libcalico-go's API v1 (Policy.Selector).
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

_TOKENS = re.compile(r"""\s*(?:
    (?P<literal>"[^"]*"|'[^']*')
  | (?P<operator>==|!=|&&|\|\||[!(){},])
  | (?P<call>(?:has|all)\s*\()
  | (?P<test>not\s+in(?![\w./-])|in(?![\w./-])|contains(?![\w./-])|starts\s+with(?![\w./-])|ends\s+with(?![\w./-]))
  | (?P<label>[A-Za-z0-9_./-]+)
)""", re.VERBOSE)
_SYNTAX = "Write it like role == 'database' && env in {'prod', 'test'}, has(role), !has(role) or all()"


class _Parser(object):
    def __init__(self, text):
        self.text = text
        self.tokens = []
        position = 0
        while text[position:].strip():
            match = _TOKENS.match(text, position)
            if not match:
                raise self.error('at %r' % text[position:].strip())
            self.tokens.append((match.lastgroup, ''.join(match.group(match.lastgroup).split()) if match.lastgroup != 'literal' else match.group('literal')))
            position = match.end()

    def error(self, why):
        return ValidationError('%r is not a selector' % self.text, why=why, remedy=_SYNTAX)

    def next(self, *wanted):
        """Take the next token, which must be one of the wanted kinds or texts."""
        kind, text = self.tokens.pop(0) if self.tokens else ('end', 'its end')
        if wanted and kind not in wanted and text not in wanted:
            raise self.error('at %s' % text)
        return kind, text

    def accept(self, *texts):
        """Take the next token if it is one of these texts."""
        return bool(self.tokens) and self.tokens[0][1] in texts and bool(self.tokens.pop(0))

    def expression(self):
        self.operation()
        while self.accept('&&', '||'):
            self.operation()

    def operation(self):
        while self.accept('!'):
            pass
        kind, text = self.next('call', 'label', '(', 'in', 'contains')
        if text == '(':
            self.expression()
            self.next(')')
        elif text == 'has(':
            self.next('label')
            self.next(')')
        elif text == 'all(':
            self.next(')')
        else:
            self.comparison()

    def comparison(self):
        kind, text = self.next('==', '!=', 'test')
        if text not in ('in', 'notin'):
            self.next('literal')
            return
        self.next('{')
        while not self.accept('}'):
            self.next('literal')
            if not self.accept(','):
                self.next('}')
                return


def check(text):
    """Raise ValidationError if a selector cannot be right; the empty one selects everything."""
    parser = _Parser(to_native(text))
    if parser.tokens:
        parser.expression()
    if parser.tokens:
        raise parser.error('at %s' % parser.tokens[0][1])
