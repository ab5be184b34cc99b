# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys and signing requests by openssl(1), 1.0.2 to 3.x.

A key is never read by Python and never on a standard output: openssl writes it to a file, and hands out its public part only.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import base64
import binascii
import hashlib
import re

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.dcos.calico.plugins.module_utils import _foreign
from ansible_collections.dcos.calico.plugins.module_utils._errors import CommandError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command

SIZES = {'rsa': (2048, 3072, 4096), 'ecdsa': (256, 384, 521)}
# openssl's names; ecparam writes the name of the curve in all versions, genpkey its parameters in old ones, which Go does not read.
CURVES = {256: 'prime256v1', 384: 'secp384r1', 521: 'secp521r1'}
# DER of their object identifiers
RSA_OID = b'\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01'
EC_OID = b'\x2a\x86\x48\xce\x3d\x02\x01'
CURVE_OIDS = {b'\x2a\x86\x48\xce\x3d\x03\x01\x07': 256, b'\x2b\x81\x04\x00\x22': 384, b'\x2b\x81\x04\x00\x23': 521}
SUBJECT = (('country', 'C'), ('state', 'ST'), ('locality', 'L'), ('organization', 'O'), ('organizational_unit', 'OU'))
LONGEST_NAME = 64
LONGEST_COUNTRY = 2
# What stands for itself in openssl's configuration: no $, \, # or quotes.
PLAIN = re.compile(r'^[A-Za-z0-9]([A-Za-z0-9 ()+,./:=?@_*&-]*[A-Za-z0-9).*])?\Z')
DNS_NAME = re.compile(r'^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\Z')
# An RSA key of 4096 bits takes an old agent some seconds, and one without entropy longer.
MAKING_SECONDS = 180
ASKING_SECONDS = 30


class PublicKey(object):
    """The public part of a key: kind (rsa, ecdsa, or None if another), size in bits, sha256 of its DER (SubjectPublicKeyInfo)."""
    __slots__ = ('kind', 'size', 'sha256')

    def __init__(self, kind, size, sha256):
        self.kind = kind
        self.size = size
        self.sha256 = sha256

    def __str__(self):
        return '%s %d' % (self.kind, self.size) if self.kind else 'of another type'


def check_hosts(names):
    """Alternative names, each once and sorted: addresses in their short form, DNS names in small letters. Pure."""
    found = set()
    for given in names:
        name = to_native(given).strip()
        address = _foreign.address(name)
        if address is None:
            name = name.lower()
            if len(name) > 253 or not DNS_NAME.match(name) or re.match(r'^[0-9.]+\Z', name):
                raise ValidationError('%r cannot stand in a certificate' % given, why='it is neither a DNS name nor an address',
                                      remedy='Correct the list of hosts')
        found.add(address or name)
    return sorted(found)


def check_subject(common_name, subject):
    """[(openssl's name, value)] of a subject, the common name last. Pure."""
    fields = [(short, subject.get(name), name, LONGEST_COUNTRY if short == 'C' else LONGEST_NAME) for name, short in SUBJECT]
    found = []
    for short, value, name, longest in fields + [('CN', common_name, 'common_name', LONGEST_NAME)]:
        if not value and short != 'CN':
            continue
        value = to_native(value or '')
        if len(value) > longest or not PLAIN.match(value):
            raise ValidationError('%s cannot be %r' % (name, value), why='1 to %d letters, digits and some signs are possible' % longest)
        found.append((short, value))
    return found


def request_config(common_name, hosts, subject):
    """openssl's configuration for a signing request; C(-addext) came with 1.1.1 only. Pure."""
    lines = ['[req]', 'prompt = no', 'string_mask = utf8only', 'distinguished_name = subject']
    if hosts:
        lines.append('req_extensions = extensions')
    lines += ['[subject]'] + ['%s = %s' % field for field in check_subject(common_name, subject)]
    if hosts:
        lines += ['[extensions]', 'subjectAltName = @names', '[names]']
        lines += ['%s.%d = %s' % ('IP' if _foreign.address(host) else 'DNS', number, host) for number, host in enumerate(hosts, 1)]
    return '\n'.join(lines) + '\n'


def _element(data, at):
    """(content, end) of the DER element at a place."""
    length, at = bytearray(data[at + 1:at + 2])[0], at + 2
    if length & 0x80:
        count, length = length & 0x7f, 0
        for octet in bytearray(data[at:at + count]):
            length = length << 8 | octet
        at += count
    if at + length > len(data):
        raise ValueError('it ends too early')
    return data[at:at + length], at + length


def parse_public_key(pem):
    """PublicKey of a PEM block PUBLIC KEY. Pure.

    :raises ValueError: if it is none.
    """
    match = re.search('-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----', pem, re.DOTALL)
    if not match:
        raise ValueError('no public key')
    try:
        der = base64.b64decode(to_bytes(''.join(match.group(1).split())))
        outer, dummy = _element(der, 0)
        algorithm, end = _element(outer, 0)
        name, after_name = _element(algorithm, 0)
        kind, size = None, 0
        if name == RSA_OID:
            modulus, dummy = _element(_element(_element(outer, end)[0][1:], 0)[0], 0)
            kind, size = 'rsa', len(bin(int(binascii.hexlify(modulus), 16))) - 2
        elif name == EC_OID:
            curve, dummy = _element(algorithm, after_name)
            kind, size = 'ecdsa', CURVE_OIDS.get(curve, 0)
    except (IndexError, TypeError, ValueError, binascii.Error):
        raise ValueError('a damaged public key')
    return PublicKey(kind, size, hashlib.sha256(der).hexdigest())


def fingerprints(pem):
    """The sha256 sums of the certificates of a PEM text, as openssl computes them; None for one that is damaged. Pure."""
    found = []
    for body in re.findall('-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----', pem, re.DOTALL):
        try:
            found.append(hashlib.sha256(base64.b64decode(to_bytes(''.join(body.split())))).hexdigest())
        except (TypeError, ValueError, binascii.Error):
            found.append(None)
    return found


def _public(argv, stdin=None):
    """(PublicKey, None) of what openssl prints, or (None, why not). It must not ask for a passphrase, which nobody could give."""
    result = _command.run(argv, ASKING_SECONDS, stdin=stdin)
    if result.rc != 0:
        return None, result.said().split(' | ')[0]
    try:
        return parse_public_key(result.out), None
    except ValueError as error:
        return None, 'openssl printed %s' % error


def public_key_of(path):
    """(PublicKey, None) of the private key in a file, or (None, why it cannot be read)."""
    return _public(['openssl', 'pkey', '-in', path, '-pubout', '-passin', 'pass:'])


def public_key_of_text(key):
    """The same for a key in memory, given on the standard input."""
    return _public(['openssl', 'pkey', '-pubout', '-passin', 'pass:'], stdin=key)


def public_key_of_certificate(pem):
    """The same for the first certificate of a PEM text."""
    return _public(['openssl', 'x509', '-noout', '-pubkey'], stdin=pem)


def make(kind, size, path):
    """Make a key in a file that is there already, with its owner and mode."""
    if kind == 'rsa':
        argv = ['openssl', 'genrsa', '-out', path, str(size)]
    else:
        argv = ['openssl', 'ecparam', '-name', CURVES[size], '-genkey', '-noout', '-out', path]
    _command.run(argv, MAKING_SECONDS, check=True)


def request(path, config):
    """PEM of a signing request for the key in a file, with request_config()."""
    argv = ['openssl', 'req', '-new', '-batch', '-sha256', '-key', path, '-passin', 'pass:', '-config', '/dev/stdin']
    result = _command.run(argv, ASKING_SECONDS, stdin=config, check=True)
    match = re.search('-----BEGIN (NEW )?CERTIFICATE REQUEST-----.*?-----END (NEW )?CERTIFICATE REQUEST-----', result.out, re.DOTALL)
    if not match:
        raise CommandError('openssl made no signing request for %s' % path, why=result.said())
    return match.group(0) + '\n'
