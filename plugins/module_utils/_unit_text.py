# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of systemd units: values, by what systemd.service(5) and systemd.unit(5) say of quotes, %, $ and ends of lines, and what keeps a service from
what it does not need, as far as systemd 219 can (its systemd.exec(5)). Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

# What systemd takes as it stands; everything else is put into quotes.
PLAIN = re.compile(u'[A-Za-z0-9_./:@,=+%-]+\\Z')
CONTROL = re.compile(u'[\x00-\x1f\x7f\x85\u2028\u2029]')
PATH = re.compile(u'/[^\\s"\'\\\\%$;]*\\Z')
HOMES = ('/home/', '/root/', '/run/user/')


def value(words):
    """A value that ends with its line, such as a description or the names of units; raises ValidationError for one of several lines."""
    words = to_text(words)
    if CONTROL.search(words):
        raise ValidationError('%s cannot stand in a systemd unit' % ascii_of(words), why='it has an end of line, or another control character',
                              remedy='Write it on one line')
    return to_native(words.replace(u'%', u'%%'))


def word(words):
    """One word of a command, quoted as far as needed."""
    words = to_text(value(words)).replace(u'$', u'$$')
    if PLAIN.match(words):
        return to_native(words)
    return to_native(u'"%s"' % words.replace(u'\\', u'\\\\').replace(u'"', u'\\"'))


def command(argv):
    """List of the words of a command line, such as ExecStart= has. The program itself is not quoted, as old versions of systemd take its path as it stands."""
    if not PATH.match(to_text(argv[0])):
        raise ValidationError('%s cannot be the program of a systemd unit' % ascii_of(to_text(argv[0])),
                              remedy='Give an absolute path without blanks, quotes, %, $ and backslashes')
    return [to_native(argv[0])] + [word(each) for each in argv[1:]]


def ascii_of(words):
    """A text for messages, with what cannot be seen in it."""
    return repr(words).lstrip('u')


def confinement(paths, capabilities=()):
    """Lines for the section Service: /usr, /boot and /etc can only be read, homes and devices are not there, nothing gains privileges.

    :arg paths: what the service works on; one of them in a home keeps homes visible.
    :arg capabilities: those of root's that it needs, such as CAP_NET_ADMIN.
    """
    found = ['NoNewPrivileges=true', 'CapabilityBoundingSet=%s' % ' '.join(capabilities), 'PrivateDevices=true', 'PrivateTmp=true', 'ProtectSystem=full']
    return found if any(path.startswith(HOMES) for path in paths) else found + ['ProtectHome=true']
