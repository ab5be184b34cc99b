# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys and signing requests by openssl(1), 1.0.2 to 3.x; a key, its certificate and the CA's in files that always belong together.

A key is never read by Python and never on a standard output: openssl writes it to a file, and hands out its public part only. A key that has to go
is not replaced before its successor has a certificate: the successor waits beside it (C(PATH.next)) until then. So a CA that refuses leaves the host
as it was.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import base64
import binascii
import hashlib
import os
import re

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.dcos.calico.plugins.module_utils import _untrusted, _pem
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _files, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._host._text_files import TextFile
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

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
NEXT = '.next'
MODE = 0o600
# What apply() does for a change that is not one of _text_files
MAKE, PROMOTE, DROP, ATTRIBUTES = 'make', 'promote', 'drop', 'attributes'


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
        address = _untrusted.address(name)
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
        lines += ['%s.%d = %s' % ('IP' if _untrusted.address(host) else 'DNS', number, host) for number, host in enumerate(hosts, 1)]
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


class Desired(object):
    """What is required.

    :arg key_file: path of the key.
    :arg kind: rsa or ecdsa.
    :arg size: its size in bits.
    :arg owner: of all files. :arg group: likewise.
    """

    def __init__(self, key_file, kind, size, owner, group):
        if not os.path.isabs(key_file):
            raise ValidationError('%s is not an absolute path' % key_file)
        size = size or SIZES[kind][0]
        if size not in SIZES[kind]:
            raise ValidationError('A key cannot be %s with %d bits' % (kind, size),
                                  remedy='Use one of %s for %s' % (', '.join(str(known) for known in SIZES[kind]), kind))
        self.key_file = os.path.normpath(key_file)
        self.kind = kind
        self.size = size
        self.owner = owner
        self.group = group

    @property
    def next_file(self):
        return self.key_file + NEXT

    def text_file(self, path, text, secret=False):
        return TextFile(path, text, owner=self.owner, group=self.group, secret=secret)

    def attributes(self):
        return {'mode': '%04o' % MODE, 'owner': _files.owner_name(self.owner), 'group': _files.group_name(self.group)}

    def as_dict(self):
        return dict(self.attributes(), type=self.kind, size=self.size)


class Key(object):
    """A key in a file: state (_files.FileState), public (_keys.PublicKey, None if it cannot be read), why not."""

    def __init__(self, state, public=None, why=None):
        self.state = state
        self.public = public
        self.why = why

    @property
    def there(self):
        return self.state.kind == 'file'

    def attributes(self):
        return {'mode': '%04o' % self.state.mode, 'owner': self.state.owner, 'group': self.state.group}

    def as_dict(self):
        if not self.there:
            return None
        if self.public is None:
            return dict(self.attributes(), type='not readable')
        return dict(self.attributes(), type=self.public.kind, size=self.public.size, public_key_sha256=self.public.sha256)

    def unfit(self, desired):
        """Why it is not the key that is required, or None."""
        if not self.there:
            return 'there is none'
        if self.public is None:
            return 'it cannot be read: %s' % self.why
        if (self.public.kind, self.public.size) != (desired.kind, desired.size):
            return 'it is %s, required is %s %d' % (self.public, desired.kind, desired.size)
        return None


class Actual(object):
    """What the host has: the key, and the one that waits."""

    def __init__(self, key, successor):
        self.key = key
        self.successor = successor

    def usable(self, desired):
        """(path, Key) that a request can be made for now, or None."""
        for path, key in ((desired.key_file, self.key), (desired.next_file, self.successor)):
            if key.unfit(desired) is None:
                return path, key
        return None


def has_openssl():
    """Whether this host has it."""
    return _command.find('openssl') is not None


def _read_key(path):
    state = _files.state_of(path)
    if state.kind not in ('absent', 'file'):
        raise CalicoError('%s is a %s, not a file' % (path, state.kind), remedy='Remove it or name another path')
    if state.kind == 'absent':
        return Key(state)
    if not has_openssl():
        return Key(state, why='openssl is not installed on this host')
    return Key(state, *public_key_of(path))


def read(desired):
    """Actual state of the keys."""
    return Actual(_read_key(desired.key_file), _read_key(desired.next_file))


def read_text(path):
    """Content of a certificate's file; None if it is not there."""
    return _text_files.read([TextFile(path)])[path].text


def reconcile_requested(desired, actual):
    """Plan that leads to a key for which a request can be made. The change's how is (what apply does, path)."""
    plan = Plan()
    if actual.key.unfit(desired) is None:
        plan.add(desired.key_file, actual.key.attributes(), desired.attributes(), how=(ATTRIBUTES, desired.key_file))
        _drop_successor(plan, desired, actual)
    elif not actual.key.there:
        plan.add(desired.key_file, None, desired.as_dict(), how=(MAKE, desired.key_file))
    elif actual.successor.unfit(desired) is not None:
        plan.add(desired.next_file, actual.successor.as_dict(), desired.as_dict(), how=(MAKE, desired.next_file))
    return plan


def _drop_successor(plan, desired, actual):
    plan.add(desired.next_file, actual.successor.as_dict(), None, how=(DROP, desired.next_file))


class Content(object):
    """What is to be placed: texts, each None if it is not given; paths of certificate and CA; whether a certificate is still to be issued."""

    def __init__(self, certificate_file, certificate, private_key=None, ca_file=None, ca=None, awaited=False):
        self.certificate_file = certificate_file
        self.certificate = certificate
        self.private_key = private_key
        self.ca_file = ca_file
        self.ca = ca
        self.awaited = awaited

    def check(self):
        """Raise ValidationError for what is no PEM text of its kind."""
        labels = ((self.certificate_file, self.certificate, 'CERTIFICATE'), (self.ca_file, self.ca, 'CERTIFICATE'),
                  ('the key', self.private_key, 'PRIVATE KEY'))
        for path, text, label in labels:
            wrong = _pem.problem(text, label) if text is not None else None
            if wrong:
                raise ValidationError('The content for %s is not usable' % path, why=wrong)


def reconcile_present(desired, actual, content):
    """Plan that leads to CA, key and certificate in place, in this order. How is a TextFile's, or as in reconcile_requested()."""
    plan = Plan()
    if content.ca is not None:
        plan.extend(_text_plan(desired.text_file(content.ca_file, content.ca)))
    if content.awaited:
        _plan_awaited(plan, desired, actual, content)
        return plan
    if content.private_key is not None:
        plan.extend(_text_plan(desired.text_file(desired.key_file, content.private_key, secret=True)))
        _drop_successor(plan, desired, actual)
    else:
        _plan_own_key(plan, desired, actual, content)
    plan.extend(_text_plan(desired.text_file(content.certificate_file, content.certificate)))
    return plan


def _text_plan(item):
    """Plan for one file. Of certificates it shows their sums, which say as much as their PEM text and are shorter."""
    plan = _text_files.reconcile([item], _text_files.read([item]))
    for change in plan:
        if not item.secret and change.how is item and not isinstance(change.after, dict):
            change.before, change.after = shown(change.before), shown(change.after)
    return plan


def shown(text):
    """A PEM text of certificates for a diff: a line for each, with the sha256 sum that is its fingerprint. Pure."""
    if text is None:
        return None
    return ''.join('certificate %s\n' % (digest or 'damaged') for digest in fingerprints(text)) or 'no certificate\n'


def _plan_awaited(plan, desired, actual, content):
    """Check mode only: there is no certificate yet, and perhaps no key."""
    if actual.key.there and actual.key.unfit(desired):
        plan.add(desired.key_file, actual.key.as_dict(), desired.as_dict())
    plan.add(content.certificate_file, shown(read_text(content.certificate_file)), 'a certificate that the CA is to issue\n')


def _plan_own_key(plan, desired, actual, content):
    """The key on the host that the certificate is for stays, or takes its place."""
    certified, why = public_key_of_certificate(content.certificate)
    if certified is None:
        raise CalicoError('The certificate for %s cannot be read' % content.certificate_file, why=why)
    if actual.key.public and actual.key.public.sha256 == certified.sha256:
        plan.add(desired.key_file, actual.key.attributes(), desired.attributes(), how=(ATTRIBUTES, desired.key_file))
        _drop_successor(plan, desired, actual)
    elif actual.successor.public and actual.successor.public.sha256 == certified.sha256:
        plan.add(desired.key_file, actual.key.as_dict(), actual.successor.as_dict(), how=(PROMOTE, desired.key_file))
    else:
        raise CalicoError('The certificate for %s is not for the key in %s' % (content.certificate_file, desired.key_file),
                          remedy='Have one issued for the request that this module returns, and place that')


def check_pair(content):
    """Raise unless a given key is that of the given certificate."""
    if content.private_key is None or content.certificate is None:
        return
    key, why = public_key_of_text(content.private_key)
    desired, other = public_key_of_certificate(content.certificate)
    if key is None or desired is None:
        raise CalicoError('The given %s cannot be read' % ('private key' if key is None else 'certificate'), why=why or other)
    if key.sha256 != desired.sha256:
        raise CalicoError('The given private key is not that of the given certificate', remedy='Give a pair that was issued together')


def apply(desired, plan):
    """Make the changes of either plan, in its order."""
    for change in plan:
        if not isinstance(change.how, tuple):
            _text_files.apply(Plan([change]))
            continue
        what, path = change.how
        if what == MAKE:
            _make(desired, path)
        elif what == DROP:
            _files.remove(path)
        elif what == PROMOTE:
            _files.promote(desired.next_file, path, MODE, owner=desired.owner, group=desired.group)
        else:
            _files.set_attributes(path, MODE, owner=desired.owner, group=desired.group)


def _make(desired, path):
    """A new key: made in a file that is not in place yet, read again, then renamed."""
    directory = os.path.dirname(path)
    _files.ensure_directory(directory)
    staged = _files.stage(directory, desired.owner)
    try:
        make(desired.kind, desired.size, staged.inode)
        public, why = public_key_of(staged.inode)
        if public is None or (public.kind, public.size) != (desired.kind, desired.size):
            raise CalicoError('openssl did not make a key %s %d' % (desired.kind, desired.size), why=why or 'it is %s' % public)
        _files.publish(staged, path, MODE, owner=desired.owner, group=desired.group)
    finally:
        _files.discard(staged)
