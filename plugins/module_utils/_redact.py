# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets taken out of what somebody else is to read. Pure.

Where the structure is known, what may be shown is listed, or what has a secret's name is hidden. Where it is not, patterns take out what looks like one: rather
a line too much. What was hidden for its name is learned, and taken out of all other texts as well, wherever it stands there.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import re

from ansible.module_utils.common.text.converters import to_text

from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json

try:
    from urllib.parse import quote
except ImportError:
    from urllib import quote

HIDDEN = u'[redacted]'
NOT_SHOWN = u'[not shown]'
SHORTEST = 6  # characters of what is taken out wherever it stands: a shorter one would be found in every other word
TEXT = (type(u''), str)

WORDS = (r'pass(?:word|wd|phrase|code)|(?<!mark)pass(?![a-z])|pwd(?![a-z])|secret|token|credential|cookie|authorization|api[_-]?key|access[_-]?key|'
         r'private[_-]?key|(?:client|auth|encryption|signing|ssh|tls|psk|shared)[_-]?key|key[_-]?data|(?<![a-z])_?auth(?![a-z])|(?<![a-z])psk(?![a-z])')
NAME = re.compile(r'(?i)%s' % WORDS)
# The name of a file that has a secret is none, as long as it is one.
OF_FILE = re.compile(r'(?i)(?:file|path|dir|directory)\Z')
KEY = re.compile(r'[_-][Kk][Ee][Yy]\Z|[a-z]Key\Z')
PATH = re.compile(r'/[\w./@+-]*\Z')
# A path that begins with a slash has words between the others; a secret in base64 has not.
PLAIN_PATH = re.compile(r'(?:/(?:[A-Za-z]?[a-z]*[0-9]{0,4}|[0-9a-f]+(?:-[0-9a-fOS]{1,12}){0,6}))+\Z')
PLAIN_NAME = re.compile(r'[\w./@-]{0,300}\Z')
HEX = re.compile(r'[0-9a-fA-F]+\Z')
NO_SECRET = re.compile(r'(?i)(?:true|false|none|null|yes|no|on|off|default|[0-9.]{1,8}|calico|\[redacted\]|\[not shown\])\Z')

_LINES = r'(?:[^\n]*\n){0,200}?[^\n]*?'
PEM = re.compile(r'-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:%s-----END [A-Z0-9 ]*PRIVATE KEY-----|(?:\\n|[A-Za-z0-9+/=:,\s-])*)' % _LINES)
# The end of a key whose beginning was cut off, and how many lines before it may be of the key.
PEM_END = re.compile(r'-----END [A-Z0-9 ]*PRIVATE KEY-----')
KEY_LINES = 100
YAML_BLOCK = re.compile(
    r'(?im)^([ \t]*)((?:- +)?["\']?[\w.-]{0,60}(?:%s|(?<![a-z])key)[\w.-]{0,60}["\']?[ \t]*:[ \t]*[|>][+-]?[0-9]?)[ \t]*\n'
    r'(?:(?:\1[ \t]+[^\n]*|[ \t]*)(?:\n|\Z))+' % WORDS)
# NAME=value, "name": "value", \"name\":\"value\", --name value, name => value; without quotes and after a colon or blank all of the line.
PAIR = re.compile(
    r'(?i)(?P<name>(?:%s)[\w.-]{0,60})(?P<between>\\*["\']?\s?[ \t]*(?:=>|[:=])[ \t]*(?:u(?=["\']))?)'
    r'(?:\[redacted\]|(?P<quote>\\*["\'])(?:(?!(?P=quote))(?:\\.|[^\n]))*(?:(?P=quote))?[^\s,}\]]*|(?<=[ \t])[^\n]*|[^\s]*)' % WORDS)
OPTION = re.compile(r'(?i)(?P<name>(?<![\w-])--?[\w-]{0,60}(?:%s)[\w-]{0,60})(?P<between>[ \t]+)(?P<value>[^\s-][^\n]*)' % WORDS)
# {name: "DB_PASSWORD" value: "x"}, as Mesos, Docker's and Kubernetes' API write variables.
NAMED = re.compile(
    r'(?i)(\\*["\']?name\\*["\']?\s*[:=]\s*\\*["\']?[\w.-]{0,60}(?:%s)[\w.-]{0,60}\\*["\']?[\s,]*\\*["\']?value\\*["\']?\s*[:=]\s*)[^\n]*' % WORDS)
PASSWORD = re.compile(r'(?i)(passw(?:or)?d|passphrase)[^\n]*')
BEARER = re.compile(r'(?i)\b(bearer|basic|digest|negotiate|token)([ =:]+)["\']?(?=[^\s"\']*[0-9+/=._A-Z-])[^\s"\',;]{6,}')
USER_OPTION = re.compile(r'((?:^|\s)(?:-u|--user)[ =])\S+:\S+')
USERINFO = re.compile(r'(?i)(:(?:\\?/){2})(?:(?!,[a-z][a-z0-9+.-]{0,20}:/)[^\s"\'<>]){0,1000}@')
TOKENS = re.compile(
    r'\beyJ[\w-]{8,}(?:\.[\w-]*)*|\b(?:AKIA|ASIA)[0-9A-Z]{12,}|\bgh[a-z]_[0-9A-Za-z]{20,}|\bxox[a-z]-[\w-]{10,}|\bhvs\.[\w-]{10,}|'
    r'\$(?:1|2[abxy]?|5|6|apr1|y)\$[^\s:$]*\$[^\s:]*')
BASE64 = re.compile(r'(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{40,}={0,2}')


def _pair(match):
    if OF_FILE.search(match.group('name')) and PATH.match(match.group(0)[match.end('between') - match.start():].strip('"\'\\ ,')):
        return match.group(0)
    return match.group('name') + match.group('between') + HIDDEN


def _base64(match):
    found = match.group(0)
    mixed = re.search('[A-Z]', found) and re.search('[a-z]', found) and re.search('[0-9+/]', found)
    return HIDDEN if mixed and not HEX.match(found) and not PLAIN_PATH.match(found) and found.count('-') < 6 else found


def _without_ends(value):
    """A text without the lines of keys whose beginning is not in it."""
    lines = value.splitlines(True)
    for place in [place for place, line in enumerate(lines) if PEM_END.search(line)]:
        first = max(0, place - KEY_LINES)
        lines[first:place + 1] = [HIDDEN + u'\n'] * (place + 1 - first)
    return u''.join(lines)


def text(value):
    """A text of unknown structure without what looks like a secret. It says the same of what it has said."""
    found = to_text(value)
    found = PEM.sub(HIDDEN, found)
    found = _without_ends(found) if PEM_END.search(found) else found
    found = YAML_BLOCK.sub(u'\\1\\2 %s\n' % HIDDEN, found)
    found = USERINFO.sub(u'\\1%s@' % HIDDEN, found)
    found = NAMED.sub(u'\\1%s' % HIDDEN, found)
    found = BEARER.sub(u'\\1\\2%s' % HIDDEN, found)
    found = PAIR.sub(_pair, found)
    found = OPTION.sub(u'\\g<name>\\g<between>%s' % HIDDEN, found)
    found = PASSWORD.sub(u'\\1 %s' % HIDDEN, found)
    found = USER_OPTION.sub(u'\\1%s' % HIDDEN, found)
    found = TOKENS.sub(HIDDEN, found)
    return BASE64.sub(_base64, found)


def name_of(value):
    """The name of a setting, which says what it is of, without what looks like a secret itself."""
    found = to_text(value)
    return BASE64.sub(_base64, found) if PLAIN_NAME.match(found) else text(found)


def is_secret(name, value=None):
    """Whether a name says that its value is a secret, unless the value is the path of one."""
    name = to_text(name)
    path = isinstance(value, TEXT) and PATH.match(to_text(value)) and len(value) > 1
    if NAME.search(name):
        return not (OF_FILE.search(name) and path)
    return bool(KEY.search(name)) and not path


class Redactor(object):
    """What is shown of data whose structure is known. It learns what it hides for its name.

    :arg secrets: texts that are known to be secret.
    """

    def __init__(self, secrets=()):
        self._learned, self._found = set(), None
        for secret in secrets:
            self.learn(secret)

    def learn(self, value):
        """Take all texts in a value for secrets, but what every other text has as well."""
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            for part in value:
                self.learn(part)
        elif isinstance(value, TEXT):
            word = to_text(value).strip()
            if len(word) >= SHORTEST and not NO_SECRET.match(word) and not PLAIN_PATH.match(word):
                self._learned.add(word)
                self._found = None
            for line in word.splitlines()[1:-1] if '-----BEGIN' in word else ():
                self.learn(line)

    def pair(self, name, value, shown=True):
        """What is shown of a named text, such as a variable of the environment.

        :arg shown: whether that name is one of those whose values are shown.
        """
        if is_secret(name, value):
            self.learn(value)
            return HIDDEN
        self.userinfo(value)
        return text(value) if shown else NOT_SHOWN

    def userinfo(self, value):
        """Learn the passwords of the addresses in a text."""
        for match in USERINFO.finditer(to_text(value)):
            user, dummy, password = match.group(0)[len(match.group(1)):-1].partition(u':')
            self.learn(password or user)

    def data(self, value, allowed=None):
        """Dicts, lists and texts without secrets.

        :arg allowed: names whose values are shown, at any depth; all of them if None.
        """
        if isinstance(value, dict):
            named = next((value[key] for key in ('name', 'key', 'Name', 'Key') if isinstance(value.get(key), TEXT)), u'')
            found = {}
            for key, part in value.items():
                if is_secret(key, part) or (key in ('value', 'Value') and is_secret(named, part)):
                    self.learn(part)
                    found[name_of(key)] = HIDDEN
                elif allowed is not None and key not in allowed:
                    found[name_of(key)] = NOT_SHOWN
                else:
                    found[name_of(key)] = self.data(part, allowed)
            return found
        if isinstance(value, (list, tuple)):
            return [self.data(part, allowed) for part in value]
        if isinstance(value, TEXT):
            self.userinfo(value)
            return text(value)
        return value

    def json(self, value, allowed=None):
        """A text in JSON without secrets; one that is none is not shown, as it may be anything."""
        try:
            return shown(self.data(from_json(value), allowed))
        except ValueError:
            return u'%s: no JSON, %d characters\n' % (NOT_SHOWN, len(value))

    def scrub(self, value):
        """A text without what was learned, however it is written there."""
        self._found = self._found or self._pattern()
        return self._found.sub(HIDDEN, to_text(value)) if self._learned else to_text(value)

    def _pattern(self):
        forms = set()
        for secret in self._learned:
            forms.update((secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], to_text(quote(secret.encode('utf-8'), safe=''))))
        return re.compile(u'|'.join(re.escape(to_text(form)) for form in sorted(forms, key=len, reverse=True)))


def shown(value):
    """Data as a person reads it."""
    return to_text(json.dumps(value, indent=1, sort_keys=True, separators=(',', ': '))) + u'\n'
