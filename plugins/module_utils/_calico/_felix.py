# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Felix works: its health port, the age of its process, and its last words.

A Felix that dies at once is restarted every second inside the container, while Docker and C(calicoctl node status) call it running. A name and a port are
no proof: any process of the host can take both. A Felix is a process of the container calico-node, and the port is its if it has the socket.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import socket

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.dcos.calico.plugins.module_utils._host import _network, _stream

PROC = '/proc'
PROCESS = 'calico-felix'
# Where a listener would be asked by who connects to 127.0.0.1.
ANSWERING = ('127.0.0.1', '0.0.0.0', '::', '::ffff:127.0.0.1')
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
            return to_native(_stream.whole(handle, os.path.join(PROC, *path), _stream.TABLE), errors='surrogate_or_replace')
    except (IOError, OSError):
        return ''


def _stat(pid):
    """Fields of /proc/PID/stat from the third on (state is 0, start time in ticks after boot 19); the name before may hold blanks."""
    return _text(pid, 'stat').rpartition(')')[2].split()


def inside(pid, container):
    """Whether a process belongs to a container, by its cgroup or its ancestors.

    :arg pid: int.
    :arg container: object of C(docker inspect).
    """
    if container.get('Id') and container['Id'] in _text(str(pid), 'cgroup'):
        return True
    first, seen = (container.get('State') or {}).get('Pid') or 0, set()
    while first and pid > 1 and pid not in seen:
        if pid == first:
            return True
        seen.add(pid)
        parent = _stat(str(pid))[1:2]
        pid = int(parent[0]) if parent else 0
    return False


def processes(container):
    """[(pid, age in seconds)] of all Felixes that run in a container, zombies left out."""
    found, ticks = [], float(os.sysconf('SC_CLK_TCK'))
    uptime = float(_text('uptime').split(' ')[0] or 0)
    for pid in os.listdir(PROC):
        if not pid.isdigit():
            continue
        names = _text(pid, 'comm').strip(), os.path.basename(_text(pid, 'cmdline').split('\0')[0])
        fields = _stat(pid) if PROCESS in names else []
        if len(fields) > 19 and fields[0] not in ('Z', 'X') and inside(int(pid), container):
            found.append((int(pid), max(0.0, uptime - int(fields[19]) / ticks)))
    return found


def age(container):
    """Seconds since the youngest Felix of a container was started; None if none runs."""
    ages = [seconds for pid, seconds in processes(container)]
    return min(ages) if ages else None


def listens(port, container):
    """Whether a Felix of a container listens on a port, at whatever address."""
    sockets = set().union(*[_network.sockets_of(pid, PROC) for pid, seconds in processes(container)])
    return any(other == port and inode in sockets for name, ipv6 in (('tcp', False), ('tcp6', True))
               for address, other, inode in _network.parse_listeners(_text('net', name), ipv6))


def stranger(port, container):
    """None if only a Felix of the container listens where 127.0.0.1 would be answered, else a sentence about who does."""
    inodes = set()
    for name, ipv6 in (('tcp', False), ('tcp6', True)):
        rows = _network.parse_listeners(_text('net', name), ipv6)
        inodes.update(inode for address, other, inode in rows if other == port and address in ANSWERING)
    if not inodes:
        return 'nobody listens on port %d' % port
    others = inodes.difference(*[_network.sockets_of(pid, PROC) for pid, seconds in processes(container)])
    if not others:
        return None
    pid, name = next(iter(_network.owners(others, PROC).values()), (None, None))
    who = '%s (process %d)' % (name or 'a program', pid) if pid else 'a program that cannot be seen'
    return 'port %d is that of %s, which is not the Felix of calico/node' % (port, who)


def trouble(container, port=None, stable_seconds=0):
    """None if the Felix of a container is stable and, with a port, ready, else a sentence.

    :arg container: object of C(docker inspect), None where none runs.
    :arg port: its health port, None to go by its process alone.
    :arg stable_seconds: how long it has to have run.
    """
    seconds = age(container) if container else None
    if seconds is None:
        return 'Felix does not run'
    if seconds < stable_seconds:
        return 'Felix was started %.1f seconds ago' % seconds
    if not port:
        return None
    good, said = ready(port)
    return stranger(port, container) if good else 'Felix is not ready on port %d (%s)' % (port, said)


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
            return int(_stream.whole(handle, path).split()[0]) > 1
    except (IOError, OSError, ValueError, IndexError):
        return False
