# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Felix works: its health port, the age of its process, and its last words.

A Felix that dies at once is restarted every second inside the container, while Docker and C(calicoctl node status) call it running.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import socket

from ansible.module_utils.common.text.converters import to_bytes, to_native

PROC = '/proc'
PROCESS = 'calico-felix'
LOOSE = re.compile(r"RPF check is set to 'loose'")
LOOSE_CAUSE = ('Felix refuses to run while net.ipv4.conf.all.rp_filter is 2 (loose), and dcos-mesos-slave sets it to 2 at each start',
               'Set net.ipv4.conf.all.rp_filter to 1 and keep it there (role calico_host), or set the Felix setting IgnoreLooseRPF')
# What the log of calico/node says before it gives up, and what that means: (pattern, why, remedy).
CAUSES = (
    (re.compile(r"Calico node '(?P<node>[^']+)' is already using the IPv4 address (?P<address>[0-9.]+?)\.?(\s|\Z)"),
     'the node %(node)s already uses the address %(address)s in the datastore',
     'If that node is gone for good, remove it: calicoctl delete node %(node)s; otherwise correct one of the two addresses'),
    (re.compile(r'does not contain a valid IPv'), 'the address given to calico/node is not valid', 'Give the address of this agent with its prefix'),
)


def ready(port, timeout=2, path='/readiness'):
    """(whether Felix says 204 on its health port, what it said instead). Never raises."""
    try:
        client = socket.create_connection(('127.0.0.1', port), timeout)
        try:
            client.sendall(to_bytes('GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' % path))
            answer = to_native(client.recv(1024), errors='surrogate_or_replace')
        finally:
            client.close()
    except (OSError, IOError) as error:
        return False, to_native(error)
    words = answer.split('\r\n')[0].split()
    good = len(words) > 1 and words[0].startswith('HTTP/') and words[1] == '204'
    return good, None if good else ' '.join(words) or 'nothing was answered'


def _text(*path):
    try:
        with open(os.path.join(PROC, *path), 'rb') as handle:
            return to_native(handle.read(), errors='surrogate_or_replace')
    except (IOError, OSError):
        return ''


def _stat(pid):
    """Fields of /proc/PID/stat from the third on (state is 0, start time in ticks after boot 19); the name before may hold blanks."""
    return _text(pid, 'stat').rpartition(')')[2].split()


def processes():
    """[(pid, age in seconds)] of all running Felixes, zombies left out."""
    found, ticks = [], float(os.sysconf('SC_CLK_TCK'))
    uptime = float(_text('uptime').split(' ')[0] or 0)
    for pid in os.listdir(PROC):
        if not pid.isdigit():
            continue
        names = _text(pid, 'comm').strip(), os.path.basename(_text(pid, 'cmdline').split('\0')[0])
        fields = _stat(pid) if PROCESS in names else []
        if len(fields) > 19 and fields[0] not in ('Z', 'X'):
            found.append((int(pid), max(0.0, uptime - int(fields[19]) / ticks)))
    return found


def age():
    """Seconds since the youngest Felix was started; None if none runs."""
    ages = [seconds for pid, seconds in processes()]
    return min(ages) if ages else None


def cause(text, loose):
    """(why, remedy) of a Felix that does not stay, read from the log of calico/node, or (None, None).

    :arg loose: whether the kernel's rp_filter of all interfaces is 2 now. Old lines of the log do not count, and a Felix with IgnoreLooseRPF
        does not write them.
    """
    if loose and (LOOSE.search(text) or not text.strip()):
        return LOOSE_CAUSE
    for pattern, why, remedy in CAUSES:
        matches = list(pattern.finditer(text))
        if matches:
            names = matches[-1].groupdict()
            return why % names, remedy % names
    return None, None


def last_words(text, lines=6):
    """The last lines that tell of trouble, each once, without dates and process ids; else just the last ones."""
    rows = [re.sub(r'^[0-9-]+ [0-9:.]+ \[(\w+)\]\[\d+\] ', r'\1 ', row.strip()) for row in text.splitlines() if row.strip()]
    bad = [row for row in rows if re.search(r'ERROR|WARN|FATAL|PANIC|panic|Terminating|rror:', row)]
    kept = []
    for row in (bad or rows)[-4 * lines:]:
        if row[:200] not in kept:
            kept.append(row[:200])
    return kept[-lines:]


def rp_filter_loose(path='/proc/sys/net/ipv4/conf/all/rp_filter'):
    """Whether rp_filter of all interfaces is 2, the only thing Felix 2.6 looks at, and only at its start."""
    try:
        with open(path) as handle:
            return int(handle.read().split()[0]) > 1
    except (IOError, OSError, ValueError, IndexError):
        return False
