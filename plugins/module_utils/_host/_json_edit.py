# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One member of a JSON object replaced, and every other byte of its text kept. By JSON's own parser, which tells where each value ends. Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json

BLANKS = u' \t\n\r'
DECODER = json.JSONDecoder()


class Member(object):
    """One member of the outermost object: its key and value, and where in the text they stand."""
    __slots__ = ('key', 'value', 'start', 'value_start', 'end')

    def __init__(self, key, value, start, value_start, end):
        self.key = key
        self.value = value
        self.start = start
        self.value_start = value_start
        self.end = end


def _skip(text, position):
    while text[position] in BLANKS:
        position += 1
    return position


def members(text):
    """The Members of a text that is one JSON object, in its order; raises ValueError for anything else."""
    if not isinstance(json.loads(text), dict):
        raise ValueError('it is not a JSON object')
    found, position = [], _skip(text, 0)
    while text[position] != u'}':
        start = _skip(text, position + 1)
        if text[start] == u'}':
            break
        key, colon = DECODER.raw_decode(text, start)
        value_start = _skip(text, _skip(text, colon) + 1)
        value, end = DECODER.raw_decode(text, value_start)
        found.append(Member(key, value, start, value_start, end))
        position = _skip(text, end)
    return found


def called(name, found):
    """The Member of a name whatever its case, as Go reads JSON, or None; raises ValueError if there are two."""
    same = [member for member in found if member.key.lower() == name.lower()]
    if len(same) > 1:
        raise ValueError('it has %s twice, as %s' % (name, ' and '.join(member.key for member in same)))
    return same[0] if same else None


def _inner_blanks(old):
    """(after the bracket, after a comma, before the closing bracket): the blanks in the text of a list."""
    inside = old[1:-1]
    lead = inside[:len(inside) - len(inside.lstrip(BLANKS))]
    if not inside.strip(BLANKS):
        return u'', u' ', u''
    tail = inside[len(inside.rstrip(BLANKS)):]
    after = DECODER.raw_decode(inside, len(lead))[1]
    comma = inside.find(u',', after)
    if comma < 0:
        return lead, lead or u' ', tail
    rest = inside[comma + 1:]
    return lead, rest[:len(rest) - len(rest.lstrip(BLANKS))], tail


def list_text(values, like=u'[]'):
    """JSON of a list of texts, laid out as another list's text is."""
    lead, between, tail = _inner_blanks(like)
    return u'[' + lead + (u',' + between).join(u'%s' % json.dumps(value) for value in values) + tail + u']'


def with_list(text, name, values):
    """The text with a member's value made this list; a member that is not there becomes the first one."""
    found = members(text)
    member = called(name, found)
    if member is not None:
        old = text[member.value_start:member.end] if isinstance(member.value, list) else u'[]'
        return text[:member.value_start] + list_text(values, old) + text[member.end:]
    head = _skip(text, 0) + 1
    added = u'"%s": %s' % (name, list_text(values))
    if not found:
        return text[:head] + added + text[head:]
    return text[:head] + text[head:found[0].start] + added + u',' + (text[head:found[0].start] or u' ') + text[found[0].start:]
