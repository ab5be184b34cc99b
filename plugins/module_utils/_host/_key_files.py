# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key, its certificate and the CA's in files that always belong together.

A key that has to go is not replaced before its successor has a certificate: the successor waits beside it (C(PATH.next)) until then. So a CA
that refuses leaves the host as it was.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

from ansible_collections.dcos.calico.plugins.module_utils import _pem
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _files, _keys, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._host._text_files import TextFile
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

NEXT = '.next'
MODE = 0o600
# What apply() does for a change that is not one of _text_files
MAKE, PROMOTE, DROP, ATTRIBUTES = 'make', 'promote', 'drop', 'attributes'


class Desired(object):
    """What is wanted.

    :arg key_file: path of the key.
    :arg kind: rsa or ecdsa.
    :arg size: its size in bits.
    :arg owner: of all files. :arg group: likewise.
    """

    def __init__(self, key_file, kind, size, owner, group):
        if not os.path.isabs(key_file):
            raise ValidationError('%s is not an absolute path' % key_file)
        size = size or _keys.SIZES[kind][0]
        if size not in _keys.SIZES[kind]:
            raise ValidationError('A key cannot be %s with %d bits' % (kind, size),
                                  remedy='Use one of %s for %s' % (', '.join(str(known) for known in _keys.SIZES[kind]), kind))
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
        """Why it is not the key that is wanted, or None."""
        if not self.there:
            return 'there is none'
        if self.public is None:
            return 'it cannot be read: %s' % self.why
        if (self.public.kind, self.public.size) != (desired.kind, desired.size):
            return 'it is %s, wanted is %s %d' % (self.public, desired.kind, desired.size)
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
    return Key(state, *_keys.public_key_of(path))


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
    return ''.join('certificate %s\n' % (digest or 'damaged') for digest in _keys.fingerprints(text)) or 'no certificate\n'


def _plan_awaited(plan, desired, actual, content):
    """Check mode only: there is no certificate yet, and perhaps no key."""
    if actual.key.there and actual.key.unfit(desired):
        plan.add(desired.key_file, actual.key.as_dict(), desired.as_dict())
    plan.add(content.certificate_file, shown(read_text(content.certificate_file)), 'a certificate that the CA is to issue\n')


def _plan_own_key(plan, desired, actual, content):
    """The key on the host that the certificate is for stays, or takes its place."""
    wanted, why = _keys.public_key_of_certificate(content.certificate)
    if wanted is None:
        raise CalicoError('The certificate for %s cannot be read' % content.certificate_file, why=why)
    if actual.key.public and actual.key.public.sha256 == wanted.sha256:
        plan.add(desired.key_file, actual.key.attributes(), desired.attributes(), how=(ATTRIBUTES, desired.key_file))
        _drop_successor(plan, desired, actual)
    elif actual.successor.public and actual.successor.public.sha256 == wanted.sha256:
        plan.add(desired.key_file, actual.key.as_dict(), actual.successor.as_dict(), how=(PROMOTE, desired.key_file))
    else:
        raise CalicoError('The certificate for %s is not for the key in %s' % (content.certificate_file, desired.key_file),
                          remedy='Have one issued for the request that this module returns, and place that')


def check_pair(content):
    """Raise unless a given key is that of the given certificate."""
    if content.private_key is None or content.certificate is None:
        return
    key, why = _keys.public_key_of_text(content.private_key)
    wanted, other = _keys.public_key_of_certificate(content.certificate)
    if key is None or wanted is None:
        raise CalicoError('The given %s cannot be read' % ('private key' if key is None else 'certificate'), why=why or other)
    if key.sha256 != wanted.sha256:
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
    folder = os.path.dirname(path)
    _files.ensure_directory(folder)
    staged = _files.stage(folder, desired.owner)
    try:
        _keys.make(desired.kind, desired.size, staged.inode)
        public, why = _keys.public_key_of(staged.inode)
        if public is None or (public.kind, public.size) != (desired.kind, desired.size):
            raise CalicoError('openssl did not make a key %s %d' % (desired.kind, desired.size), why=why or 'it is %s' % public)
        _files.publish(staged, path, MODE, owner=desired.owner, group=desired.group)
    finally:
        _files.discard(staged)
