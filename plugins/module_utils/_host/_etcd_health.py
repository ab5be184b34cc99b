# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an etcd of this host works, and if not, why."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import ssl

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd, _http, _network, _stream, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline
from ansible_collections.dcos.calico.plugins.module_utils._host._pieces import agreed

try:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
except ImportError:
    from httplib import HTTPConnection, HTTPException, HTTPSConnection

LOOK_SECONDS = 3
PAUSE = 0.2
LONGEST_PAUSE = 1.0
JOURNAL_LINES = 12
SHOWN = 400  # characters of the journal's end


def get(url, path, tls, seconds=LOOK_SECONDS):
    """(status, body as text) of a GET; raises IOError, ValueError or HTTPException where there is no answer.

    Not by open_url: etcd is never behind a proxy, and only its own CA counts. The name in the certificate is not compared, as the host
    asks itself, mostly by loopback, and Python 2.7 knows no addresses in certificates.
    """
    scheme, host, port = _etcd.check_url(url, 'The address')
    if scheme == 'https':
        context = ssl.create_default_context(cafile=tls.ca)
        context.check_hostname = False
        if tls.cert:
            context.load_cert_chain(tls.cert, tls.key)
        connection = HTTPSConnection(host, port, timeout=seconds, context=context)
    else:
        connection = HTTPConnection(host, port, timeout=seconds)
    try:
        answer = _http.ask(connection, path, seconds)
        return answer.status, to_native(answer.body, errors='surrogate_or_replace')
    finally:
        connection.close()


def look(url, tls, quorum=False, v2=True):
    """Answer of an etcd at a URL: whether its cluster has a quorum, and whether the v2 API is served, as far as asked for."""
    try:
        answer = _etcd.classify_health(*get(url, _etcd.HEALTH, tls)) if quorum else None
        if v2 and (answer is None or answer.ok):
            answer = _etcd.classify(*get(url, _etcd.KEYS, tls))
        return answer
    except (IOError, OSError, ValueError, HTTPException) as error:
        return _etcd.Answer('unreachable', 'it does not answer (%s)' % to_native(error))


def wait(url, tls, seconds, quorum=False, v2=True, clock=None, sleep=None):
    """The first good Answer within some seconds, else the last one. No second look where v2 is off: that does not pass."""
    deadline, pause = Deadline(seconds, clock, sleep), PAUSE
    while True:
        answer = look(url, tls, quorum, v2)
        if answer.ok or answer.kind == 'v2_off' or not deadline.pause(pause):
            return answer
        pause = min(pause * 1.5, LONGEST_PAUSE)


def holder(host, port):
    """(pid, process name) that listens where host and port would, (None, None) if unseen, or None if nobody does."""
    inodes = []
    for name, ipv6 in (('tcp', False), ('tcp6', True)):
        for address, other, inode in _network.parse_listeners(_network.read(_network.PROC, 'net', name, most=_stream.TABLE) or '', ipv6):
            if other == port and (address == host or address in _etcd.WILDCARDS or host in _etcd.WILDCARDS):
                inodes.append(inode)
    if not inodes:
        return None
    found = _network.owners(set(inodes))
    return next(iter(found.values()), (None, None))


def check_ports(urls, unit):
    """Raise if another program listens where a unit that does not run yet is to listen. The unit may come up meanwhile: that is looked at last."""
    for url in urls:
        dummy, host, port = _etcd.check_url(url, 'The address')
        found, pid = agreed(lambda at=(host, port): (holder(*at), _systemd.read([unit])[unit].pid or None), _is_foreign)
        if _is_foreign((found, pid)):
            raise CalicoError('%s cannot listen on %s' % (unit, url), why='port %d is taken by %s' % (port, _described(found)),
                              remedy='Stop that program, or choose another port')


def _is_foreign(seen):
    """Whether who listens is another process than the unit's, which may have ended, or been started anew, between the two looks."""
    found, pid = seen
    return bool(found) and found[0] != pid


def _described(found):
    return '%s (process %d)' % (found[1] or 'a program', found[0]) if found[0] else 'a program that cannot be seen from here'


def failure(what, unit, urls, answer):
    """CalicoError with the best reason to be had: who has the port, what the journal says, what the last answer was."""
    state = _systemd.read([unit])[unit]
    journal = _systemd.journal_tail(unit, JOURNAL_LINES)
    reason, remedy = _etcd.explain(journal + ' ' + answer.words)
    if answer.kind == 'v2_off':
        reason, remedy = 'the members serve no v2 API, which is all that Calico 2 speaks', 'Start the members with --enable-v2=true (etcd 3.5 or older)'
    for url in urls:
        dummy, host, port = _etcd.check_url(url, 'The address')
        found = holder(host, port)
        if found and found[0] and found[0] != state.pid:
            reason, remedy = 'port %d is taken by %s' % (port, _described(found)), 'Stop that program, or choose another port'
    if answer.kind == 'v2_off':
        journal = ''
    said = [reason, answer.words, 'its unit is %s (%s)' % (state.active, state.sub), 'its journal ends with: %s' % journal[-SHOWN:] if journal else None]
    return CalicoError(what, why='; '.join(part for part in said if part), remedy=remedy or 'See "journalctl -u %s" on the host' % unit, unit=unit)
