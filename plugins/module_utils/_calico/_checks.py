# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that a schema is made of: each is check(value, where) -> value in its one spelling, or ValidationError. Pure.

A check of several things tells all their faults in one error. C(where) is the place in the document, for the message.
Values that Jinja made text of (C("true"), C("64512")) are taken for what they mean. Selectors are checked as far as it can be told whether calicoctl
will take one; their grammar: the comments of libcalico-go's API v1 (Policy.Selector).
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import math
import re

from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._errors import Collector, ValidationError

_TOKENS = re.compile(r"""\s*(?:
    (?P<literal>"[^"]*"|'[^']*')
  | (?P<operator>==|!=|&&|\|\||[!(){},])
  | (?P<call>(?:has|all)\s*\()
  | (?P<test>not\s+in(?![\w./-])|in(?![\w./-])|contains(?![\w./-])|starts\s+with(?![\w./-])|ends\s+with(?![\w./-]))
  | (?P<label>[A-Za-z0-9_./-]+)
)""", re.VERBOSE)
_SELECTOR = "Write it like role == 'database' && env in {'prod', 'test'}, has(role), !has(role) or all()"
_TRUE = ('true', 'yes', 'on', '1')
_FALSE = ('false', 'no', 'off', '0')


class _Selector(object):
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
        return ValidationError('%r is not a selector' % self.text, why=why, remedy=_SELECTOR)

    def next(self, *desired):
        """Take the next token, which must be one of the desired kinds or texts."""
        kind, text = self.tokens.pop(0) if self.tokens else ('end', 'its end')
        if desired and kind not in desired and text not in desired:
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


def check_selector(text):
    """Raise ValidationError if a selector cannot be right; the empty one selects everything."""
    parser = _Selector(to_native(text))
    if parser.tokens:
        parser.expression()
    if parser.tokens:
        raise parser.error('at %s' % parser.tokens[0][1])


def refuse(where, value, why, remedy):
    """The error for a value that cannot be right."""
    shown = to_native(value, nonstring='simplerepr') if value not in (None, '') else 'empty'
    return ValidationError('%s cannot be %s' % (where, shown), why=why, remedy=remedy)


def text(pattern, remedy):
    """Text that matches a regular expression as a whole."""
    compiled = re.compile(r'(?:%s)\Z' % pattern)

    def check(value, where):
        if isinstance(value, (dict, list, bool)) or value is None or not compiled.match(to_text(value)):
            raise refuse(where, value, None, remedy)
        return to_text(value)

    return check


def one_of(*choices):
    """One of some words, which are case-sensitive."""
    def check(value, where):
        if value not in choices:
            raise refuse(where, value, None, 'Choose %s' % ' or '.join(choices))
        return to_text(value)

    return check


def boolean(value, where):
    """A bool."""
    word = to_text(value).lower()
    if isinstance(value, (dict, list)) or word not in _TRUE + _FALSE:
        raise refuse(where, value, 'it is not a boolean', 'Choose true or false')
    return word in _TRUE


def integer(low, high):
    """A whole number in a range."""
    def check(value, where):
        if isinstance(value, bool) or not re.match(r'^\d+\Z', to_text(value)) or not low <= int(value) <= high:
            raise refuse(where, value, None, 'Give a whole number from %d to %d' % (low, high))
        return int(value)

    return check


def number(value, where):
    """An int, or a float where it has a fraction."""
    try:
        found = float(to_text(value)) if not isinstance(value, bool) else None
    except ValueError:
        found = None
    if found is None or math.isnan(found) or math.isinf(found):
        raise refuse(where, value, 'it is not a number', 'Give a number such as 100')
    return int(found) if found == int(found) else found


def as_number(value, where):
    """An AS number, plain (64512) or dotted (1.10)."""
    words = to_text(value)
    match = re.match(r'^(\d+)\.(\d+)\Z', words)
    if match and all(int(part) < 65536 for part in match.groups()):
        return int(match.group(1)) * 65536 + int(match.group(2))
    if isinstance(value, bool) or not re.match(r'^\d+\Z', words) or int(words) > 4294967295:
        raise refuse(where, value, None, 'Give an AS number from 0 to 4294967295, or a dotted one')
    return int(words)


def _parsed(value, where):
    try:
        return _cidr.parse(value)
    except ValidationError as error:
        raise refuse(where, value, error.what, error.remedy)


def interface_address(version):
    """An address with the prefix length of its network; a bare address stands for itself alone."""
    def check(value, where):
        found = _parsed(value, where)
        if found.version != version:
            raise refuse(where, value, 'it is not an IPv%d address' % version, 'Give an IPv%d address with its prefix length' % version)
        return to_text(found)

    return check


def network(value, where):
    """A network; calicoctl clears its host bits."""
    return to_text(_parsed(value, where).masked())


def address(value, where):
    """A single address."""
    found = _parsed(value, where)
    if '/' in to_text(value):
        raise refuse(where, value, 'it is a network', 'Give an address without prefix length')
    return to_text(found.host())


def pool(value, where):
    """CIDR of a pool: no host bits, as calicoctl wants it."""
    found = _parsed(value, where)
    if not found.is_masked():
        raise refuse(where, value, 'it has host bits', 'Write %s' % found.masked())
    return to_text(found)


def scrapers(values, where):
    """Networks that may read Felix' metrics, in the spelling of iptables, each once."""
    collector, found = Collector(), []
    for value in values:
        good, cidr = collector.check(_scraper, value, where)
        found += [cidr] if good and cidr not in found else []
    collector.finish()
    if not found:
        raise refuse(where, None, 'nobody would reach the metrics', 'Name the address of each Prometheus, such as 10.0.0.5')
    return found


def _scraper(value, where):
    found = _parsed(value, where)
    if found.version != 4:
        raise refuse(where, value, "Felix' metrics are scraped by IPv4", 'Give the IPv4 address of the Prometheus')
    if found.prefix == 0:
        raise refuse(where, value, 'that is everybody', 'Name the address or the network of each Prometheus')
    if not found.is_masked():
        raise refuse(where, value, 'it has host bits', 'Write %s, or %s for the network' % (found.host(), found.masked()))
    return str(found)


def port(value, where):
    """A port, or a range of them such as 8000:8080."""
    low, colon, high = to_text(value).partition(':')
    high = high if colon else low
    if isinstance(value, bool) or not all(re.match(r'^\d{1,5}\Z', part) and 1 <= int(part) <= 65535 for part in (low, high)) or int(low) > int(high):
        raise refuse(where, value, None, 'Give a port from 1 to 65535, or a range such as 8000:8080')
    return int(low) if int(low) == int(high) else u'%d:%d' % (int(low), int(high))


def protocol(value, where):
    """A protocol by name or number."""
    words = to_text(value)
    if re.match(r'^\d+\Z', words) and 1 <= int(words) <= 255:
        return int(words)
    return one_of('tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'udplite')(words, where)


def selector(value, where):
    """A selector, on one line as calicoctl wants it and otherwise left as it is written."""
    words = to_text(value).strip()
    if '\n' in words:
        raise refuse(where, value, 'it has more than one line', 'Write it on one')
    try:
        check_selector(words)
    except ValidationError as error:
        raise ValidationError('%s cannot be used, because %s' % (where, error.what), why=error.why, remedy=error.remedy)
    return words


def listing(check):
    """A list of things."""
    def check_all(value, where):
        if not isinstance(value, list):
            raise refuse(where, value, 'it is not a list', 'Write a list')
        collector = Collector()
        found = [collector.check(check, item, '%s[%d]' % (where, number))[1] for number, item in enumerate(value)]
        collector.finish()
        return found

    return check_all


def mapping(check_key, check_value):
    """Names with values, such as labels."""
    def check_all(value, where):
        if not isinstance(value, dict):
            raise refuse(where, value, 'it does not hold names with values', 'Write names with values')
        collector, found = Collector(), []
        for key, item in sorted(value.items(), key=lambda pair: to_text(pair[0])):
            name, content = collector.check(check_key, key, 'A name in %s' % where), collector.check(check_value, item, '%s.%s' % (where, to_native(key)))
            found.append((name[1], content[1]))
        collector.finish()
        return dict(found)

    return check_all


def record(fields, required=(), instead=None, validate=None):
    """A part of a document with fields of its own.

    :arg fields: dict of names and checks.
    :arg required: names that must be there.
    :arg instead: dict of names that people write by mistake, and what to write.
    :arg validate: generator(record, where) of ValidationErrors for what concerns several fields. A field that is wrong itself is there as it was given.
    """
    def check(value, where):
        value = {} if value is None else value
        if not isinstance(value, dict):
            raise refuse(where, value, 'it does not hold fields', 'Write fields such as %s' % ', '.join(sorted(fields)[:3]))
        collector, found, wrong = Collector(), {}, set()
        for name in sorted(value, key=to_text):
            if name not in fields:
                collector.add(ValidationError('%s has no field %s' % (where, to_native(name)),
                                              remedy='Write %s' % (instead or {}).get(name, 'one of %s' % ', '.join(sorted(fields)))))
            elif value[name] is not None:
                good, item = collector.check(fields[name], value[name], '%s.%s' % (where, name))
                found[to_text(name)] = item if good else value[name]
                wrong.update(() if good else [name])
        for name in required:
            if name not in wrong and found.get(name) in (None, ''):
                collector.add(ValidationError('%s has no %s' % (where, name), remedy='Add it'))
        for error in validate(found, where) if validate else ():
            collector.add(error)
        collector.finish()
        return found

    return check
