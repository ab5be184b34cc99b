# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of others: of a cluster, a cloud, a datastore or a host. What of it may be a name or an address, and how it is shown. Pure.

On the controller plugin_utils/_foreign.py adds what ansible-core needs to take it for no template.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

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
    found = CONTROL.sub(_escaped, to_text(text))
    if len(found) > most:
        found = u'%s... (%d more characters)' % (found[:most], len(found) - most)
    return to_native(found)


def _escaped(match):
    number = ord(match.group(0))
    return (u'\\x%02x' if number < 0x100 else u'\\u%04x') % number
