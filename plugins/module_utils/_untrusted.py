# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of others: of a cluster, a cloud, a datastore or a host. What of it may be a name or an address, and how it is shown. Pure.

On the controller plugin_utils/_untrusted.py adds what ansible-core needs to take it for no template.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import codecs
import json
import re
import socket

from ansible.module_utils.common.text.converters import to_native, to_text

# A message of one error may quote a tool's output, a terminal gets no more than this of it.
MOST_SHOWN = 20000
LONGEST_NAME = 253
# RFC 1123, 2.1: letters, digits and hyphens, no hyphen at the ends of a label; an address is none.
LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
HOST_NAME = re.compile(r'(?!(.*\.)?[0-9]+\Z)%s(\.%s)*\Z' % (LABEL, LABEL))
# What a terminal obeys (C0 without tab and newline, DEL, C1), what turns the direction of writing, and halves of characters, which nothing can write.
CONTROL = re.compile(u'[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
# What Python 3 makes of bytes that are no UTF-8 is refused by newer cores, wherever it stands in a result.
SURROGATE = re.compile(u'[\ud800-\udfff]')
ESCAPE = 'dcos.calico.escape'


def _escape(error):
    """Error handler for decoding: the bytes as Python writes them. Python 2 has backslashreplace for encoding only."""
    return u''.join(u'\\x%02x' % octet for octet in bytearray(error.object[error.start:error.end])), error.end


codecs.register_error(ESCAPE, _escape)


def printable(value):
    """A value of a result with bytes that are no UTF-8 written as C(\\xfc), in texts, keys and at every depth. Pure."""
    if isinstance(value, dict):
        return dict((printable(key), printable(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [printable(item) for item in value]
    if isinstance(value, bytes):
        return to_native(value.decode('utf-8', ESCAPE))
    if isinstance(value, str) and SURROGATE.search(value):
        # First what stands for bytes, then what never did.
        text = SURROGATE.sub(lambda match: match.group(0) if u'\udc80' <= match.group(0) <= u'\udcff' else u'\\u%04x' % ord(match.group(0)), value)
        return text.encode('utf-8', 'surrogateescape').decode('utf-8', ESCAPE)
    return value


def from_json(text):
    """What a text in JSON says; raises ValueError if it is none, also for one that is nested so deeply that Python gives up."""
    try:
        return json.loads(text)
    except RuntimeError:  # Python 2 has no RecursionError.
        raise ValueError('it is nested too deeply')


def address(text):
    """An IPv4 address (four numbers) or an IPv6 address without a scope in its one spelling; None if the text is neither.

    What follows the % of a scope is free text for many a parser, Python's ipaddress among them.
    """
    if isinstance(text, (type(u''), str)):
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                return to_native(socket.inet_ntop(family, socket.inet_pton(family, to_native(text))))
            except (socket.error, TypeError, ValueError):
                continue
    return None


def host_name(text):
    """A host name of RFC 1123 in small letters, without the full stop of a whole name; None if the text is none, such as an address."""
    if not isinstance(text, (type(u''), str)):
        return None
    name = to_text(text)
    name = name[:-1] if name.endswith(u'.') else name
    return to_native(name.lower()) if len(name) <= LONGEST_NAME and HOST_NAME.match(name) else None


def clean(text, most=MOST_SHOWN):
    """Text that a terminal and a log may have: signs that they obey stand as escapes (C(\\x1b)), and not too much of it."""
    found = CONTROL.sub(_escaped, to_text(printable(text)))
    if len(found) > most:
        found = u'%s... (%d more characters)' % (found[:most], len(found) - most)
    return to_native(found)


def _escaped(match):
    number = ord(match.group(0))
    return (u'\\x%02x' if number < 0x100 else u'\\u%04x') % number
