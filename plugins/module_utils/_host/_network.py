# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's interfaces, addresses, listeners and packet filter, read from /proc and /sys where they are there. iproute's JSON is too new for agents."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import glob
import os
import re
import socket
import struct

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _stream

PROC = '/proc'
SYS_NET = '/sys/class/net'
SECONDS = 5
LISTEN, ESTABLISHED = '0A', '01'


def read(*path, **more):
    """Text of a small file, or None; raises CalicoError for more than C(most) bytes."""
    try:
        with open(os.path.join(*path), 'rb') as handle:
            return to_native(_stream.whole(handle, os.path.join(*path), **more), errors='surrogate_or_replace')
    except (IOError, OSError):
        return None


def network_of(address, prefix):
    """'10.0.2.0/24' of '10.0.2.10' and 24."""
    number = struct.unpack('!I', socket.inet_aton(address))[0]
    mask = (0xffffffff << (32 - prefix)) & 0xffffffff
    return '%s/%d' % (socket.inet_ntoa(struct.pack('!I', number & mask)), prefix)


def parse_addresses(text):
    """[{interface, address, prefix, network}] from C(ip -o -4 addr show)."""
    found = []
    for line in text.splitlines():
        match = re.match(r'^\d+: (\S+?)(?:@\S+)?\s+inet (\d+\.\d+\.\d+\.\d+)(?: peer \S+?)?(?:/(\d+))? ', line)
        if match:
            address, prefix = match.group(2), int(match.group(3) or 32)
            found.append({'interface': match.group(1), 'address': address, 'prefix': prefix, 'network': network_of(address, prefix)})
    return found


def addresses():
    """All IPv4 addresses of the host; see parse_addresses()."""
    return parse_addresses(_command.run(['ip', '-o', '-4', 'addr', 'show'], SECONDS, check=True).out)


def mtus():
    """{interface: MTU in bytes}."""
    found = {}
    for path in glob.glob(os.path.join(SYS_NET, '*', 'mtu')):
        text = read(path)
        if text:
            found[path.split(os.sep)[-2]] = int(text)
    return found


def rp_filter():
    """{interface: 0, 1 or 2} of all, default and each cali*."""
    directory, found = os.path.join(PROC, 'sys/net/ipv4/conf'), {}
    for path in [os.path.join(directory, 'all'), os.path.join(directory, 'default')] + glob.glob(os.path.join(directory, 'cali*')):
        text = read(path, 'rp_filter')
        if text:
            found[os.path.basename(path)] = int(text)
    return found


def ipv6():
    """{supported: whether the kernel has IPv6, default_disabled: whether interfaces that are made from now on are without it, None without IPv6}."""
    text = read(PROC, 'sys/net/ipv6/conf/default/disable_ipv6')
    return {'supported': text is not None, 'default_disabled': None if text is None else text.strip() != '0'}


def parse_listeners(text, ipv6=False):
    """[(address, port, inode)] of the sockets that listen, from /proc/net/tcp or tcp6."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 9 and words[3] == LISTEN:
            address, port = words[1].split(':')
            packed = struct.pack('=%dI' % (len(address) // 8), *[int(address[start:start + 8], 16) for start in range(0, len(address), 8)])
            found.append((socket.inet_ntop(socket.AF_INET6 if ipv6 else socket.AF_INET, packed), int(port, 16), words[9]))
    return found


def parse_connections(text):
    """[(remote address, remote port, inode)] of the IPv4 connections that are established, from /proc/net/tcp."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 9 and words[3] == ESTABLISHED:
            address, port = words[2].split(':')
            found.append((socket.inet_ntoa(struct.pack('=I', int(address, 16))), int(port, 16), words[9]))
    return found


def clients(ports):
    """[(pid, process name)] of the processes of this host with a connection to one of these TCP ports of the loopback device."""
    found = parse_connections(read(PROC, 'net', 'tcp', most=_stream.TABLE) or '')
    inodes = [inode for address, port, inode in found if port in ports and address.startswith('127.')]
    return sorted(set(owners(set(inodes)).values())) if inodes else []


def _targets(directory):
    """What the links in a directory of /proc point to; one that vanishes meanwhile does not hide the others."""
    found = []
    try:
        for name in os.listdir(directory):
            try:
                found.append(os.readlink(os.path.join(directory, name)))
            except OSError:
                continue
    except OSError:
        pass
    return found


def sockets_of(pid, proc=None):
    """Inodes, as text, of the sockets that a process has open, as far as they can be seen."""
    found = _targets(os.path.join(proc or PROC, str(pid), 'fd'))
    return set(target[len('socket:['):-1] for target in found if target.startswith('socket:['))


def owners(inodes, proc=None):
    """{inode: (pid, process name)} of those sockets whose process can be seen."""
    proc, found = proc or PROC, {}
    for pid in os.listdir(proc):
        if len(found) == len(inodes):
            break
        for inode in sockets_of(pid, proc).intersection(inodes) if pid.isdigit() else ():
            found[inode] = (int(pid), (read(proc, pid, 'comm') or '').strip())
    return found


def parse_unit(text):
    """Name of the systemd service in the text of /proc/PID/cgroup, None without one; of nested ones the innermost."""
    for line in text.splitlines():
        if line.startswith('0::') or ':name=systemd:' in line:
            services = [part for part in line.split('/') if part.endswith('.service')]
            if services:
                return services[-1]
    return None


def listeners(ports):
    """{port: {addresses, pid, process, unit}} of those TCP ports that somebody listens on; who it is is None where it cannot be seen."""
    rows = []
    for name, ipv6 in (('tcp', False), ('tcp6', True)):
        rows.extend(row for row in parse_listeners(read(PROC, 'net', name, most=_stream.TABLE) or '', ipv6) if row[1] in ports)
    holders, found = owners(set(row[2] for row in rows)) if rows else {}, {}
    for address, port, inode in rows:
        pid, process = holders.get(inode, (None, None))
        entry = found.setdefault(str(port), {'addresses': [], 'pid': pid, 'process': process, 'unit': None})
        if pid is not None and entry['unit'] is None:
            entry['unit'] = parse_unit(read(PROC, str(pid), 'cgroup') or '')
        entry['addresses'].append(address)
    return found


def parse_forward(text):
    """What becomes of a packet that no rule of FORWARD knows, from the output of iptables-save; None without the chain.

    DC/OS' own network agent accepts everything by a rule, whatever the policy.
    """
    if re.search(r'^-A FORWARD -j ACCEPT$', text, re.MULTILINE):
        return 'ACCEPT'
    match = re.search(r'^:FORWARD (\S+)', text, re.MULTILINE)
    return match.group(1) if match else None


def _forward(program):
    if _command.find(program) is None:
        return None
    try:
        result = _command.run([program, '-t', 'filter'], SECONDS)
    except CommandError:
        return None
    return parse_forward(result.out)


def iptables():
    """What filters packets: {backend: of the plain iptables command (legacy, nft or None), forward: {legacy: policy, nft: policy}}.

    Both backends filter at the same time; a packet has to pass both. Nothing is loaded by looking: the legacy tables are only read
    where the kernel has them already.
    """
    legacy_loaded = 'filter' in (read(PROC, 'net/ip_tables_names') or '').split()
    backend = None
    if _command.find('iptables') is not None:
        backend = 'nft' if 'nf_tables' in _command.run(['iptables', '-V'], SECONDS).out else 'legacy'
    programs = {'legacy': 'iptables-legacy-save' if _command.find('iptables-legacy-save') else 'iptables-save' if backend == 'legacy' else None,
                'nft': 'iptables-nft-save' if _command.find('iptables-nft-save') else 'iptables-save' if backend == 'nft' else None}
    forward = {'legacy': _forward(programs['legacy']) if programs['legacy'] and legacy_loaded else None,
               'nft': _forward(programs['nft']) if programs['nft'] else None}
    return {'backend': backend, 'forward': forward}
