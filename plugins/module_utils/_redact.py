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

import base64
import json
import re

from ansible.module_utils.common.text.converters import to_text

from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json

HIDDEN = u'[redacted]'
NOT_SHOWN = u'[not shown]'
SHORTEST = 6  # characters of what is taken out wherever it stands: a shorter one would be found in every other word
TEXT = (type(u''), str)

WORDS = (r'pass(?:word|wd|phrase|code)|(?<!mark)pass(?![a-z])|pwd?(?![a-z0-9])|secret|token|credential|cookie|authorization|api[ _-]?key|access[ _-]?key|'
         r'private[ _-]?key|(?:client|auth|encryption|signing|ssh|tls|psk|shared|account)[_-]?key|key[_-]?data|(?<![a-z])_?auth(?![a-z])|'
         r'(?<![a-z])psk(?![a-z])|signature|(?<![a-z])sig(?![a-z])')
# In a text whose structure is not known, whatever key it is.
IN_TEXT = WORDS + r'|(?<=[a-z0-9])[_-]key(?![a-z])'
NAME = re.compile(r'(?i)%s' % WORDS)
# The name of a file that has a secret is none, as long as it is one.
OF_FILE = re.compile(r'(?i)(?:file|path|dir|directory)\Z')
KEY = re.compile(r'[_-][Kk][Ee][Yy]\Z|[a-z]Key\Z')
PATH = re.compile(r'/[\w./@+-]*\Z')
# A path that begins with a slash has words between the others, and so has a long name between its hyphens; a secret in base64 has not.
PLAIN_PATH = re.compile(r'(?:/(?:[A-Za-z]?[a-z]*[0-9]{0,4}|[0-9a-f]+(?:-[0-9a-fOS]{1,12}){0,6}))+\Z')
PLAIN_WORDS = re.compile(r'(?:(?:[A-Za-z]?[a-z]*|[A-Z]+|[0-9a-f]*)[0-9]{0,4}(?:[_-]|\Z))+\Z')
PLAIN_NAME = re.compile(r'[\w./@-]{0,300}\Z')
HEX = re.compile(r'[0-9a-fA-F]+\Z')
NO_SECRET = re.compile(r'(?i)(?:true|false|none|null|yes|no|on|off|default|[0-9.]{1,8}|calico|\[redacted\]|\[not shown\])\Z')

_LINES = r'(?:[^\n]*\n){0,200}?[^\n]*?'
_END = r'-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----'
PEM = re.compile(r'-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:%s%s|(?:\\n|[A-Za-z0-9+/=:,\s-])*)' % (_LINES, _END))
# The end of a key whose beginning was cut off, and how many lines before it may be of the key.
PEM_END = re.compile(_END)
KEY_LINES = 100
# What stands below a name: a block, or what is written a line further on.
YAML_BLOCK = re.compile(
    r'(?im)^([ \t]*)((?:- +)?["\']?[\w.-]{0,60}(?:%s|(?<![a-z])key)[\w.-]{0,60}["\']?[ \t]*:[ \t]*(?:[|>][+-]?[0-9]?)?)[ \t]*\n'
    r'(?:(?:\1(?:[ \t]+|- (?![\w.-]+:))[^\n]*|[ \t]*)(?:\n|\Z))+' % WORDS)
# Quotes as texts in a text have them: \", &quot;, %22 and %2522.
_QUOTE = r'\\*["\']|&quot;|&#3[49];|%(?:25)*2[27]'
_IS = r'=>|->|[:=]|%(?:25)*3[ad]|\\+u003[ad]'
# NAME=value, "name": "value", \"name\":\"value\", "--name", "value", --name value, name => value; after a colon or blank all of the line, else without
# quotes up to what is no part of it: NAME=, or an option. "pass" is an action of a policy.
PAIR = re.compile(
    r'(?i)(?P<name>(?:%s)[\w.-]{0,60})(?P<between>(?:%s)?\s?[ \t]*(?:%s)[ \t]*(?:u(?=["\']))?|(?<!["\']pass)\\*["\'],[ \t]*(?=\\*["\']))'
    r'(?:\[redacted\]|(?P<quote>%s)(?:(?!(?P=quote))(?:\\.|[^\n]))*(?:(?P=quote))?[^\s,}\]]*|(?<=[ \t])[^\n]*|'
    r'(?:\\\n[ \t]*|[^\s])*(?:[ \t]+(?!-|["\']?[\w.-]+["\']?[ \t]*[=:])[^\s]+)*)' % (IN_TEXT, _QUOTE, _IS, _QUOTE))
OPTION = re.compile(r'(?i)(?P<name>(?<![\w-])--?[\w-]{0,60}(?:%s)[\w-]{0,60})(?P<between>[ \t]+)(?P<value>[^\s-][^\n]*)' % IN_TEXT)
OPTION_ALONE = re.compile(r'(?i)--?[\w-]{0,60}(?:%s)[\w-]{0,60}\Z' % IN_TEXT)
# {name: "DB_PASSWORD" value: "x"}, as Mesos, Docker's and Kubernetes' API write variables.
NAMED = re.compile(
    r'(?i)(name\\*["\']?\s*[:=]\s*\\*["\']?[\w.-]{0,60}(?:%s)[\w.-]{0,60}\\*["\']?[\s,]*\\*["\']?value\\*["\']?\s*[:=]\s*)[^\n]*' % IN_TEXT)
PASSWORD = re.compile(r'(?i)(passw(?:or)?d|passphrase|passcode|(?:secret|token|(?:api|access|private) key)(?=[ \t]+(?:is|was)[ \t]))[^\n]*')
BEARER = re.compile(r'(?i)\b(bearer|basic|digest|negotiate|token)([ =:]+)["\']?(?=[^\s"\']*[0-9+/=._A-Z-])[^\s"\',;]{6,}')
USER_OPTION = re.compile(r'((?:^|\s)(?:-u[ =]?|--user[ =]))[^\s:]+:\S+')
PASSWORD_OPTION = re.compile(r'(\b(?:mysql\w*|sshpass)\b[^\n]{0,200}?\s-p[ \t]*)\S+')
# The arguments of any process, as the kernel's audit writes them, the one in hexadecimal.
AUDIT = re.compile(r'(?i)(\bproctitle=|\btype=(?:1309|EXECVE)\b)[^\n]*')
USERINFO = re.compile(r'(?i)(:(?:\\?/){2})(?:(?!,[a-z][a-z0-9+.-]{0,20}:/)[^\s"\'<>]){0,1000}@')
# user:password@host without a scheme, as drivers of databases and ssh have it; calico/node:v2.6.6@sha256:... is none.
LOGIN = re.compile(r'(?<![\w./:@%-])([\w.+-]{1,64}:)(?!/)[^\s@:"\'<>]{1,200}@(?!sha[0-9]{3}:)(?=[\w\[(])')
TOKENS = re.compile(
    r'\beyJ[\w-]{8,}(?:\.[\w-]*)*|\b(?:AKIA|ASIA)[0-9A-Z]{12,}|\bgh[a-z]_[0-9A-Za-z]{20,}|\bxox[a-z]-[\w-]{10,}|\bhvs\.[\w-]{10,}|'
    r'\bAIza[\w-]{30,}|\bglpat-[\w-]{16,}|\bgithub_pat_\w{20,}|\b[rs]k_(?:live|test)_\w{16,}|\bhooks\.slack\.com/services/\S+|'
    r'\$(?:1|2[abxy]?|5|6|apr1|y)\$[^\s:$]*\$[^\s:]*')
BASE64 = re.compile(r'(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{40,}={0,2}')


def _pair(match):
    if OF_FILE.search(match.group('name')) and PATH.match(match.group(0)[match.end('between') - match.start():].strip('"\'\\ ,')):
        return match.group(0)
    return match.group('name') + match.group('between') + HIDDEN


def _base64(match):
    found = match.group(0)
    mixed = re.search('[A-Z]', found) and re.search('[a-z]', found) and re.search('[0-9+/]', found)
    return HIDDEN if mixed and not HEX.match(found) and not PLAIN_PATH.match(found) and not PLAIN_WORDS.match(found) else found


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
    found = LOGIN.sub(u'\\1%s@' % HIDDEN, found)
    found = AUDIT.sub(u'\\1%s' % HIDDEN, found)
    found = NAMED.sub(u'\\1%s' % HIDDEN, found)
    found = BEARER.sub(u'\\1\\2%s' % HIDDEN, found)
    found = PAIR.sub(_pair, found)
    found = OPTION.sub(u'\\g<name>\\g<between>%s' % HIDDEN, found)
    found = PASSWORD.sub(u'\\1 %s' % HIDDEN, found)
    found = USER_OPTION.sub(u'\\1%s' % HIDDEN, found)
    found = PASSWORD_OPTION.sub(u'\\1%s' % HIDDEN, found)
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
            return [self._argument(value[place - 1] if place else None, part, allowed) for place, part in enumerate(value)]
        if isinstance(value, TEXT):
            self.userinfo(value)
            return text(value)
        return value

    def _argument(self, before, value, allowed):
        """An item of a list, which may be the arguments of a process: what follows --password is a password."""
        if isinstance(value, TEXT) and isinstance(before, TEXT) and OPTION_ALONE.match(to_text(before)) and not value.startswith('-'):
            self.learn(value)
            return HIDDEN
        return self.data(value, allowed)

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
        forms = set(u''.join(map(_spellings, secret)) for secret in self._learned)
        for secret in self._learned:
            forms.update(_in_base64(secret))
        return re.compile(u'|'.join(sorted(forms, key=len, reverse=True)))


def _spellings(char):
    """Pattern of a character as texts within texts write it: JSON at any depth, what is percent-encoded, HTML, and Python's bytes."""
    if re.match('[A-Za-z0-9]', char):
        return char
    octets = bytearray(char.encode('utf-8', 'replace'))
    units = bytearray(char.encode('utf-16-be', 'replace'))
    forms = [u'\\\\{0,8}' + re.escape(char), u''.join(u'%(?:25)*' + _hex(octet) for octet in octets), u'&#%d;' % ord(char),
             u''.join(u'\\\\{1,8}u' + _hex(high) + _hex(low) for high, low in zip(units[::2], units[1::2])),
             u''.join(u'\\\\{1,8}x' + _hex(octet) for octet in octets)]
    forms += {u'"': [u'&quot;'], u'&': [u'&amp;'], u'<': [u'&lt;'], u'>': [u'&gt;'], u' ': [u'\\+'], u'\n': [u'\\\\{1,8}n']}.get(char, [])
    return u'(?:%s)' % u'|'.join(forms)


def _hex(octet):
    return u''.join(u'[%s%s]' % (digit, digit.upper()) if digit.isalpha() else digit for digit in u'%02x' % octet)


def _in_base64(secret):
    """Patterns of a text within a longer one in base64: of its three places there, what depends on nothing else."""
    found, octets = set(), secret.encode('utf-8', 'replace')
    for before in range(3):
        more = (before + len(octets)) % 3
        text_ = to_text(base64.b64encode(b'\0' * before + octets))
        inner = text_[(0, 2, 3)[before]:len(text_) - (0, 3, 2)[more]]
        if len(inner) > SHORTEST:
            found.update((re.escape(inner), re.escape(inner.replace(u'+', u'-').replace(u'/', u'_'))))
    return found


def shown(value):
    """Data as a person reads it."""
    return to_text(json.dumps(value, indent=1, sort_keys=True, separators=(',', ': '))) + u'\n'
