# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PEM texts (RFC 7468), read as OpenSSL reads them: what passes here is what it takes, as it stands. Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import base64
import binascii
import re

from ansible.module_utils.common.text.converters import to_bytes

BEGIN = re.compile(r'-----BEGIN ([A-Z0-9 ]+)-----\Z')
EDGE = re.compile(r'-----(BEGIN|END) [A-Z0-9 ]+-----')
BASE64 = re.compile(r'[A-Za-z0-9+/]*={0,2}\Z')
TIME = re.compile(r'(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z\Z')


class PemError(ValueError):
    """It is no PEM text, or a block of it is damaged."""


def blocks(text):
    """[(label, bytes)] of the blocks of a text; what stands around them is left out. Raises PemError."""
    found, label, body = [], None, []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.rstrip()
        if label is None:
            match = BEGIN.match(line)
            if match:
                label, body = match.group(1), []
            elif EDGE.search(line):
                raise PemError('line %d has something beside the edge of a PEM block, which has to stand on a line of its own' % number)
        elif line == '-----END %s-----' % label:
            found.append((label, _decoded(label, body)))
            label = None
        elif '-----' in line:
            raise PemError('line %d, in a PEM block %s, has more or something else than its end; is a line break missing there?' % (number, label))
        else:
            body.append(line)
    if label is not None:
        raise PemError('its PEM block %s has no end' % label)
    return found


def _decoded(label, lines):
    data = ''.join(line.strip() for line in lines if ':' not in line)
    if not data:
        raise PemError('its PEM block %s is empty' % label)
    try:
        if not BASE64.match(data):
            raise ValueError()
        return base64.b64decode(to_bytes(data))
    except (TypeError, ValueError, binascii.Error):
        raise PemError('its PEM block %s is damaged' % label)


def problem(text, label):
    """None, or why a text has no block whose label ends with a word (C(CERTIFICATE), C(PRIVATE KEY)). Never quotes the text."""
    try:
        labels = [name for name, dummy in blocks(text)]
    except PemError as error:
        return str(error)
    if any(name.endswith(label) for name in labels):
        return None
    return 'it holds no PEM block %s' % label + (' but %s' % ', '.join(labels) if labels else '')


def not_after(certificate):
    """Until when a certificate is valid, in UTC as C(2027-01-31T12:00:00Z); raises PemError for what is none (RFC 5280, 4.1).

    :arg certificate: bytes of its DER.
    """
    data = bytearray(certificate)
    try:
        place = _element(data, _element(data, 0)[1])[1]  # of the certificate, that of what is signed
        if data[place] == 0xA0:  # its version, if it is given
            place = _element(data, place)[2]
        for dummy in ('serial number', 'algorithm', 'issuer'):
            place = _element(data, place)[2]
        tag, start, end = _element(data, _element(data, _element(data, place)[1])[2])
    except IndexError:
        raise PemError('it is no certificate')
    words = bytes(data[start:end]).decode('ascii', 'replace')
    century = {0x17: '20' if words[:2] < '50' else '19', 0x18: ''}.get(tag)
    match = TIME.match((century or '') + words) if century is not None else None
    if not match:
        raise PemError('it is no certificate')
    return '%s-%s-%sT%s:%s:%sZ' % match.groups()


def _element(data, place):
    """(tag, start, end) of the element of DER at a place; raises IndexError beyond the end."""
    tag, size, start = data[place], data[place + 1], place + 2
    if size & 0x80:
        start, size = start + (size & 0x7F), int(''.join('%02x' % byte for byte in data[start:start + (size & 0x7F)]) or '0', 16)
    if start + size > len(data):
        raise IndexError()
    return tag, start, start + size
