# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesos-DNS of a master: its configuration file, the one setting in it that is ours, and whether it works.

Its JSON is read by Go, which takes a key in any case. What a key that is not there means is Mesos-DNS' own (records/config.go).
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import time

from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _dns, _facts_dcos, _files, _http, _json_edit, _network, _started, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

try:
    from http.client import HTTPConnection, HTTPException
except ImportError:
    from httplib import HTTPConnection, HTTPException

KEY = 'IPSources'
SOURCES = ('docker', 'host', 'mesos', 'netinfo')
DCOS_DEFAULT = ['host', 'netinfo']
OLDEST = (1, 9)
VARIABLE = 'MESOS_DNS_CONFIG'
# As the unit reads them: the later one wins.
ENVIRONMENTS = ('etc/mesos-dns.env', 'etc/mesos-dns-extras.env')
FILES = ('etc/mesos-dns-enterprise.json', 'etc/mesos-dns.json')
LOOPBACKS = {'0.0.0.0': '127.0.0.1', '::': '::1', '': '127.0.0.1'}
LOOK_SECONDS = 3
BEFORE_SECONDS = 10  # an answer can get lost once
# How often Mesos-DNS asks Mesos, if its file does not say. One whose records are older than some times that has lost Mesos: it goes on answering from them,
# but a new process would open neither DNS nor HTTP before it has read Mesos' state. That takes one more period where the first try fails.
REFRESH_SECONDS = 60
REFRESHES = 4
FIRST_FETCH = 15
PAUSE = 0.2
LONGEST_PAUSE = 1.0


class NoAnswer(Exception):
    """Mesos-DNS does not answer HTTP as it should."""


class Config(object):
    """A configuration file: what it is called, where it really is, its text, its settings by lower-case key, its FileState."""
    __slots__ = ('file', 'target', 'text', 'settings', 'state')

    def __init__(self, file, target, text, settings, state):
        self.file = file
        self.target = target
        self.text = text
        self.settings = settings
        self.state = state

    @property
    def sources(self):
        """What it sets, None if it sets none."""
        return self.settings.get(KEY.lower())


class Health(object):
    """ok: whether Mesos-DNS answers all that it is asked; words: what is wrong; sources: what the process uses, None if it does not say; lost: it answers,
    but from what it knew of Mesos some time ago."""
    __slots__ = ('ok', 'words', 'sources', 'lost')

    def __init__(self, ok, words='', sources=None, lost=False):
        self.ok = ok
        self.words = words
        self.sources = sources
        self.lost = lost


# ---- what is required, and of which host

def check_sources(sources):
    """The list, if Mesos-DNS would start with it. Pure."""
    if not sources or len(set(sources)) != len(sources):
        raise ValidationError('%s are no sources of addresses' % json.dumps(sources), why='Mesos-DNS does not start with %s' % (
            'a source twice' if sources else 'an empty list'), remedy='Name one or more of %s, each once' % ', '.join(SOURCES))
    return list(sources)


def check_host():
    """Raise unless this is a master of a DC/OS that is known."""
    found = _facts_dcos.dcos()
    if found['role'] != 'master':
        what = 'an agent of DC/OS (%s)' % found['role'] if found['role'] else 'no host of DC/OS'
        raise CalicoError('This host is no master', why='it is %s, and Mesos-DNS runs on masters' % what, remedy='Run on the hosts of group masters only')
    version = found['version']
    numbers = [int(part) for part in (version or '').split('.')[:2] if part.isdigit()]
    if len(numbers) != 2:
        raise CalicoError('The version of DC/OS on this master is not known', why='%s does not tell' % os.path.join(_facts_dcos.ROOT, 'etc/dcos-version.json'),
                          remedy='See whether DC/OS is installed here')
    if tuple(numbers) < OLDEST:
        raise CalicoError('DC/OS %s is too old' % version, why='its Mesos-DNS is known from 1.9 on', remedy='Upgrade DC/OS first')


# ---- the file

def configured(environments):
    """The path that the texts of environment files set, the last one's; None without any. Pure."""
    path = None
    for text in environments:
        for line in text.splitlines():
            name, equals, value = line.strip().partition('=')
            if equals and name == VARIABLE and value.strip():
                path = value.strip().strip('"\'')
    return path


def find_file(given=None):
    """Path of the file that the unit's next start reads: the one given, the environment's, or the Enterprise one before the open one."""
    root = _facts_dcos.ROOT
    path = given or configured([_network.read(os.path.join(root, name)) or '' for name in ENVIRONMENTS])
    candidates = [path] if path else [os.path.join(root, name) for name in FILES]
    for candidate in candidates:
        if os.path.isfile(candidate):
            return candidate
    where = 'given' if given else 'set as %s in %s' % (VARIABLE, os.path.join(root, ENVIRONMENTS[0])) if path else 'that DC/OS has'
    raise CalicoError('Mesos-DNS has no configuration file on this master', why='the one %s, %s, is not there' % (where, ' or '.join(candidates)),
                      remedy='See "systemctl cat %s" for the file it reads, and name it' % 'dcos-mesos-dns.service')


def read(path):
    """Config of a path, links followed: an edit that replaced the link would leave the package's file as it is, and sed's does just that."""
    target = os.path.realpath(path)
    state = _files.state_of(target)
    try:
        text = to_text(state.content(), errors='strict')
        found = _json_edit.members(text)
        member = _json_edit.called(KEY, found)
    except (IOError, OSError) as error:
        raise CalicoError('%s cannot be read' % path, why=to_native(error))
    except ValueError as error:
        raise CalicoError('%s is not a configuration of Mesos-DNS' % path, why=to_native(error), remedy='Put it right first; nothing was changed', file=path)
    if member is not None and not (isinstance(member.value, list) and all(isinstance(item, type(u'')) for item in member.value)):
        raise CalicoError('%s in %s is not a list of texts' % (KEY, path), remedy='Put it right first; nothing was changed', file=path)
    settings = dict((item.key.lower(), item.value) for item in found)
    if member is not None:
        settings[KEY.lower()] = [to_native(item) for item in member.value]
    return Config(path, target, text, settings, state)


def with_sources(config, sources):
    """Its text with these sources. Pure."""
    return config.text if config.sources == sources else _json_edit.with_list(config.text, KEY, sources)


def write(config, text):
    """Replace the real file, keeping its mode and owner."""
    state = config.state
    _files.write_atomic(config.target, text, mode=state.mode, owner=state.owner, group=state.group)


# ---- whether it works

def _number(value, default):
    return value if isinstance(value, int) and value else default


def asked(settings):
    """((address, port) of HTTP or None, (address, port, name) of DNS or None): where it is asked from its own host. Pure."""
    listener = settings.get('listener') or '0.0.0.0'
    web = settings.get('httplistener') or '0.0.0.0'
    name = 'leader.%s' % (settings.get('domain') or 'mesos')
    http = (LOOPBACKS.get(web, web), _number(settings.get('httpport'), 8123)) if settings.get('httpon') is not False else None
    dns = (LOOPBACKS.get(listener, listener), _number(settings.get('port'), 53), name) if settings.get('dnson') is not False else None
    return http, dns


def _get(address, port, path):
    """Body of an answer as text; raises NoAnswer. Not by open_url: Mesos-DNS is never behind a proxy."""
    connection = HTTPConnection(address, port, timeout=LOOK_SECONDS)
    try:
        answer = _http.ask(connection, path, LOOK_SECONDS)
        body = to_text(answer.body, errors='surrogate_or_replace')
    except (IOError, OSError, ValueError, HTTPException) as error:
        raise NoAnswer('it does not answer HTTP on %s port %d (%s)' % (address, port, to_native(error)))
    finally:
        connection.close()
    if answer.status != 200:
        raise NoAnswer('it answers %s on port %d with status %d' % (path, port, answer.status))
    return body


def told(body):
    """What a process says of itself in an answer to /v1/config, by lower-case key; nothing where it is not what Mesos-DNS answers. Pure."""
    try:
        return dict((item.key.lower(), item.value) for item in _json_edit.members(body))
    except ValueError:
        return {}


def used(values):
    """IPSources of what told() gives, None if it does not say. Pure."""
    found = values.get(KEY.lower())
    return [to_native(item) for item in found] if isinstance(found, list) else None


def lost(values, now):
    """Words about records that are too old, of what told() gives; empty if they are not, or if it does not say.

    SOASerial is the Unix time of the last good look at Mesos' state.
    """
    serial, refresh = _number(values.get('soaserial'), None), _number(values.get('refreshseconds'), REFRESH_SECONDS)
    if serial is None or now - serial <= REFRESHES * refresh:
        return ''
    return 'it answers from what it knew of Mesos %d seconds ago, and should look every %d' % (now - serial, refresh)


def patience(settings, seconds):
    """Seconds that a new process is given: enough for a first look at Mesos that fails, after which it looks again only a period later. Pure."""
    return max(seconds, _number(settings.get('refreshseconds'), REFRESH_SECONDS) + FIRST_FETCH)


def _told(address, port):
    try:
        return told(_get(address, port, '/v1/config'))
    except NoAnswer:
        return {}


def look(config):
    """Health of Mesos-DNS as its host sees it: HTTP, and by DNS a name that it has whenever it knows of a Mesos master."""
    http, dns = asked(config.settings)
    values, sources = {}, None
    try:
        if http:
            _get(http[0], http[1], '/v1/version')
            values = _told(*http)
            sources = used(values)
        if dns and not _dns.addresses(dns[2], dns[0], dns[1], LOOK_SECONDS):
            return Health(False, 'it does not know %s, so it has no records of Mesos' % dns[2], sources)
    except NoAnswer as error:
        return Health(False, to_native(error), sources)
    except _dns.DnsError as error:
        return Health(False, 'it gives no answer by DNS (%s)' % to_native(error), sources)
    words = lost(values, time.time())
    return Health(not words, words, sources, lost=bool(words))


def wait_healthy(config, seconds, sources=None, clock=None, sleep=None):
    """The first Health that is good, and of a process that uses these sources; else the last one, at the deadline."""
    deadline, pause = Deadline(seconds, clock, sleep), PAUSE
    while True:
        health = look(config)
        if health.ok and sources and health.sources not in (None, sources):
            words = 'it runs with %s %s, so it reads another file, or was not restarted' % (KEY, json.dumps(health.sources))
            health = Health(False, words, health.sources)
        if health.ok or not deadline.pause(pause):
            return health
        pause = min(pause * 1.5, LONGEST_PAUSE)


# ---- from what is to what is required

def stale(config, unit, states, health, desired):
    """{unit: paths}, as _systemd.reconcile() takes it: whether the process has not read what is to stand in the file.

    The process says so itself; only where it does not, what was noted of its start tells.
    """
    if health.sources is not None:
        return {unit.name: [config.target]} if health.sources != desired else {}
    return _started.units([unit], states)


def reconcile(config, text, unit, states, younger):
    """Plan: the file, then the unit. Pure."""
    plan = Plan()
    changed = plan.add(config.target, config.text, text)
    plan.extend(_systemd.reconcile([unit], states, [config.target] if changed else [], younger))
    return plan


def check_alive(plan, health, unit):
    """Raise if Mesos-DNS is to be restarted and has lost Mesos: it answers still, and would not any more."""
    if plan.changed and health.lost:
        raise _forlorn(health, unit, ', and is not restarted')


def _forlorn(health, unit, then):
    return CalicoError('Mesos-DNS of this master does not reach Mesos%s' % then, why=health.words, remedy='A restarted one would answer nothing before it has '
                       'read the state of Mesos. See that a Mesos master leads, and "journalctl -u %s" on this master; then run again' % unit.name)


def check_before(config, text, health, unit):
    """Raise if the file is to change and Mesos-DNS does not work before that: nobody could tell whether the change is to blame.

    Unless it cannot work with the sources that the file has, which the change then puts right.
    """
    if text == config.text or health.ok or not starts_with(config.sources):
        return
    raise CalicoError('Mesos-DNS of this master does not work, so its sources of addresses are not changed', why=health.words,
                      remedy='See "journalctl -u %s" on the master and put it right first; nothing was changed' % unit.name)


def starts_with(sources):
    """Whether Mesos-DNS takes these sources; it has some of its own where the file has none. Pure."""
    return sources is None or bool(sources) and len(set(sources)) == len(sources) and set(sources) <= set(SOURCES)


def apply(config, text, plan, unit, states, desired, seconds):
    """Write, restart, and wait for Mesos-DNS to work; if it does not, put the old file back, restart again and raise. Returns the Health."""
    if not plan.changed:
        health = wait_healthy(config, seconds, desired)
        if health.lost:
            raise _forlorn(health, unit, '')
        if not health.ok:
            raise _broken('Mesos-DNS of this master does not work', health, unit)
        return health
    if text != config.text:
        write(config, text)
    health = _wait_after(lambda: _systemd.apply(plan, states, Plan(), wait=False), config, unit, desired, seconds)
    if health.ok:
        return health
    if text == config.text:
        raise _broken('Mesos-DNS of this master does not work', health, unit)
    write(config, config.text)
    back = _wait_after(lambda: _systemd.start([unit.name], 'restart'), config, unit, None, seconds)
    what = 'Mesos-DNS of this master does not work with %s %s' % (KEY, json.dumps(desired))
    if back.ok:
        raise CalicoError(what, why=health.words, remedy='Its file is as it was, and it works with that. See "journalctl -u %s" on the master' % unit.name,
                          file=config.file, restored=True)
    raise CalicoError(what, why='%s; its file is as it was, and now it does not work with that either (%s)' % (health.words, back.words),
                      remedy='See "journalctl -u %s" on the master. Until it works again the other masters answer for it' % unit.name,
                      file=config.file, restored=True)


def _wait_after(restart, config, unit, sources, seconds):
    """Health after a restart; whatever goes wrong is in its words."""
    deadline = Deadline(seconds)
    try:
        restart()
        _systemd.wait_active([unit.name], deadline.left())
    except CalicoError as error:
        return Health(False, '%s (%s)' % (error.what, error.why) if error.why else error.what)
    return wait_healthy(config, deadline.left(), sources)


def _broken(what, health, unit):
    return CalicoError(what, why=health.words, remedy='See "journalctl -u %s" on the master; state absent puts the sources of DC/OS back' % unit.name)
