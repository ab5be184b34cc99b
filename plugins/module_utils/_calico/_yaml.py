# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML that people write into small configuration files, JSON included, read on hosts that have no library for it. Pure.

Mappings and sequences in block and flow style, scalars plain, quoted and as blocks, comments, anchors that nothing refers to. All scalars are
texts, None for null. What is more than that (aliases, tags, merge keys, several documents) is an error and never a wrong value.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ansible.module_utils.common.text.converters import to_text

TEXT = type(u'')
NULLS = (u'', u'~', u'null', u'Null', u'NULL')
ESCAPES = {u'0': u'\0', u'a': u'\a', u'b': u'\b', u't': u'\t', u'n': u'\n', u'v': u'\v', u'f': u'\f', u'r': u'\r', u'e': u'\x1b', u' ': u' ', u'"': u'"',
           u'/': u'/', u'\\': u'\\', u'N': u'\x85', u'_': u'\xa0'}
LENGTHS = {u'x': 2, u'u': 4, u'U': 8}
# A plain key: it begins with no sign that means something, and goes on to a colon before a blank.
REST = u'(?:[^:#]|:(?=\\S)|(?<=\\S)#)*?'
KEY = re.compile(u'(?:"(?:[^"\\\\]|\\\\.)*"|\'(?:[^\']|\'\')*\'|[^\\s#,\\[\\]{}&*!|>\'"%%@`?:-]%s|[?:-](?=\\S)%s)\\s*:(?=\\s|\\Z)' % (REST, REST))
BLOCK = re.compile(u'([|>])([-+]?)([1-9]?)([-+]?)\\s*(?:\\s#.*)?\\Z')
COMMENT = re.compile(u'\\s#.*')
ANCHOR = re.compile(u'&[^\\s,\\[\\]{}]+(\\s+|\\Z)')


class YamlError(ValueError):
    """It is no YAML, or more of it than is read here."""


def load(text):
    """The value of a text or UTF-8 bytes; raises YamlError."""
    try:
        text = to_text(text, errors='strict')
    except UnicodeError:
        raise YamlError('it is not UTF-8')
    return _Reader(text.lstrip(u'\ufeff')).document()


class _Reader(object):
    def __init__(self, text):
        self.lines = text.splitlines()
        self.at = 0

    def fail(self, what):
        raise YamlError('line %d: %s' % (min(self.at, len(self.lines) - 1) + 1, what))

    def document(self):
        while self._look() is not None and self.lines[self.at].startswith(u'%'):
            self.at += 1
        if self._look() == 0 and re.match(u'---(\\s*|\\s+#.*)\\Z', self.lines[self.at]):
            self.at += 1
        value = self.block(-1)
        if self._look() is not None and self.lines[self.at].rstrip() == u'...':
            self.at += 1
        if self._look() is not None:
            self.fail('more than one value, or a wrong indent')
        return value

    def _look(self):
        """Indent of the next line that says something; None at the end."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            words = line.strip()
            if words and not words.startswith(u'#'):
                indent = len(line) - len(line.lstrip(u' '))
                if line[indent] == u'\t':
                    self.fail('a tab is no indent')
                return indent
            self.at += 1
        return None

    def _ended(self):
        return self.lines[self.at].startswith((u'---', u'...')) and len(self.lines[self.at].rstrip()) == 3

    def block(self, above, sequence_at=None):
        """The value that follows with a greater indent than the one above it; None if there is none.

        :arg sequence_at: indent at which a sequence may begin too: that of the key before it.
        """
        indent = self._look()
        if indent is None or (indent == 0 and self._ended()):
            return None
        words = self.lines[self.at][indent:]
        is_sequence = re.match(u'-(\\s|\\Z)', words) is not None
        if indent <= above and not (is_sequence and indent == sequence_at):
            return None
        if is_sequence:
            return self._sequence(indent)
        if KEY.match(words):
            return self._mapping(indent)
        self.at += 1
        return self._value(words, above)

    def _sequence(self, indent):
        found = []
        while self._look() == indent and re.match(u'-(\\s|\\Z)', self.lines[self.at][indent:]):
            rest = self.lines[self.at][indent + 1:]
            words = rest.lstrip(u' ')
            if words and not words.startswith(u'#') and (KEY.match(words) or re.match(u'-(\\s|\\Z)', words)):
                # What begins behind the dash is a block of its own, with the indent that it has there.
                self.lines[self.at] = u' ' * (indent + 1) + rest
                found.append(self.block(indent))
            else:
                self.at += 1
                found.append(self._value(words, indent))
        return found

    def _mapping(self, indent):
        found = {}
        while self._look() == indent and not (indent == 0 and self._ended()):
            words = self.lines[self.at][indent:]
            match = KEY.match(words)
            if not match:
                self.fail('%r is no key with a value' % words[:40])
            key = _Flow(match.group(0)[:-1].strip(), self).whole()
            if key == u'<<' or key in found:
                self.fail('%r is a merge key, or there twice' % key)
            self.at += 1
            found[key] = self._value(words[match.end():].lstrip(), indent, indent)
        if self._look() is not None and self._look() > indent:
            self.fail('a wrong indent')
        return found

    def _value(self, words, indent, sequence_at=None):
        """The value of which the first line is in hand, without what is before it."""
        match = ANCHOR.match(words)
        words = words[match.end():] if match else words
        if not words or words.startswith(u'#'):
            return self.block(indent, sequence_at)
        block = BLOCK.match(words)
        if block:
            return self._scalar_block(block, indent)
        if words[0] in u'*!%@`|>':
            self.at -= 1
            self.fail('%r is more of YAML than is read here' % words[:40])
        while words[0] in u'{["\'':
            flow = _Flow(words, self)
            try:
                return flow.whole()
            except _Open:
                if self.at >= len(self.lines):
                    self.fail('it has no end')
                line = self.lines[self.at].strip()
                words = words + (u'\n' if words[0] in u'{[' else u' ') + line
                self.at += 1
        lines, after = [words.strip()], self.at
        while self._look() is not None and self._look() > indent and not self._ended() and not KEY.match(self.lines[self.at].strip()):
            if self.at > after or COMMENT.search(lines[-1]):
                self.fail('a comment or an empty line within a value')
            lines.append(self.lines[self.at].strip())
            self.at += 1
            after = self.at
        words = COMMENT.sub(u'', u' '.join(lines)).rstrip()
        if words[0] in u',]}' or re.match(u'[-?](\\s|\\Z)', words) or re.search(u':(\\s|\\Z)', words):
            self.fail('%r is no plain text' % words[:40])
        return _plain(words)

    def _scalar_block(self, match, indent):
        style, chomp = match.group(1), match.group(2) or match.group(4)
        lines, widest, inner = [], 0, int(match.group(3)) + max(indent, 0) if match.group(3) else None
        while self.at < len(self.lines):
            line = self.lines[self.at]
            own = len(line) - len(line.lstrip(u' '))
            if line.strip() and own <= indent:
                break
            if inner is None and line.strip():
                inner = own
            elif inner is None:
                widest = max(widest, own)
            if line.strip() and own < max(inner, widest):
                self.fail('a wrong indent')
            lines.append(u'' if inner is None else line[inner:])
            self.at += 1
        text = u'\n'.join(lines)
        if style == u'>':
            # Lines that are indented further, and what is beside them, stay lines.
            text = re.sub(u'^(\\S.*)(\\n+)(?=\\S)', lambda match: match.group(1) + (match.group(2)[1:] or u' '), text, flags=re.MULTILINE)
        body = text.rstrip(u'\n')
        return body + (u'' if chomp == u'-' else text[len(body):] + (u'\n' if lines else u'') if chomp == u'+' else u'\n' if body else u'')


class _Open(Exception):
    """The text ends within a value."""


def _plain(words):
    return None if words in NULLS else words


class _Flow(object):
    """A value in flow style, or one scalar, in a text that may be continued."""

    def __init__(self, text, reader):
        self.text = text
        self.at = 0
        self.reader = reader

    def whole(self):
        """The value that is all of the text, but for a comment."""
        value = self._value(u'')
        rest = self.text[self.at:].strip()
        if rest and not (rest.startswith(u'#') and self.text[self.at].isspace()):
            self.reader.fail('%r behind the end of a value' % rest[:40])
        return value

    def _skip(self):
        self.at = re.compile(u'(?:\\s|(?<=\\s)#[^\\n]*)*').match(self.text, self.at).end()

    def _next(self):
        self._skip()
        if self.at >= len(self.text):
            raise _Open()
        return self.text[self.at]

    def _value(self, stops):
        first = self._next()
        if first == u'{':
            return self._mapping()
        if first == u'[':
            return self._sequence()
        if first == u'"':
            return self._double()
        if first == u"'":
            return self._single()
        if first in u'&*!|>%@`':
            self.reader.fail('%r is more of YAML than is read here' % self.text[self.at:self.at + 40])
        match = re.compile(u'(?:[^,\\[\\]{}:#]|:(?![\\s,\\[\\]{}]|\\Z)|(?<=\\S)#)*' if stops else u'.*', re.DOTALL).match(self.text, self.at)
        self.at = match.end()
        return _plain(re.sub(u'\\s*\\n\\s*', u' ', match.group(0).strip()))

    def _mapping(self):
        found = {}
        self.at += 1
        while self._next() != u'}':
            key = self._value(u',}')
            if isinstance(key, (dict, list)):
                self.reader.fail('a key that is no text')
            value = None
            if self._next() == u':':
                self.at += 1
                value = None if self._next() in u',}' else self._value(u',}')
            if key in found:
                self.reader.fail('%r is there twice' % key)
            found[key] = value
            self._comma(u'}')
        self.at += 1
        return found

    def _sequence(self):
        found = []
        self.at += 1
        while self._next() != u']':
            found.append(self._value(u',]'))
            self._comma(u']')
        self.at += 1
        return found

    def _comma(self, end):
        if self._next() == u',':
            self.at += 1
        elif self._next() != end:
            self.reader.fail('%r where a comma or %s belongs' % (self.text[self.at:self.at + 40], end))

    def _double(self):
        found = []
        self.at += 1
        while True:
            if self.at >= len(self.text):
                raise _Open()
            sign = self.text[self.at]
            self.at += 1
            if sign == u'"':
                return u''.join(found)
            found.append(self._escape() if sign == u'\\' else sign)

    def _escape(self):
        sign = self.text[self.at:self.at + 1]
        self.at += 1
        if sign in ESCAPES and sign:
            return ESCAPES[sign]
        digits = self.text[self.at:self.at + LENGTHS.get(sign, 0)]
        if not re.match(u'[0-9a-fA-F]+\\Z', digits) or len(digits) != LENGTHS.get(sign):
            self.reader.fail('%r is no sign' % (u'\\' + sign + digits))
        self.at += len(digits)
        return (u'\\U%08x' % int(digits, 16)).encode('ascii').decode('unicode_escape')

    def _single(self):
        match = re.compile(u"'((?:[^']|'')*)'(?!')", re.DOTALL).match(self.text, self.at)
        if not match:
            raise _Open()
        self.at = match.end()
        return match.group(1).replace(u"''", u"'")
