# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Calico leaves in a host's kernel when its programs have ended, and its removal: by exact match, and nothing of anybody else.

Names are those of Felix 2.6: rules/rule_defs.go (chains, and a hash in the comment of each rule), ipsets/ipset_defs.go; BIRD's routes are of protocol 12
(linux/rtnetlink.h). A table is changed by one iptables-restore --noflush, as Felix does it, so all of it or nothing: each rule that is in a chain of
somebody else is deleted by its own words, and chains of Calico's are emptied and deleted.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import shlex

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _network
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

# The names before Felix 2.1 are among them, as in Felix' own clean-up.
FELIX_CHAIN = re.compile(r'^(?:cali-|cali[ft][wh]-|calip[io]-|felix-)')
FELIX_COMMENT = re.compile(r'^cali:[A-Za-z0-9_-]+\Z')
# Of this collection: the port of etcd's proxy, and Felix' health port.
OWN_CHAIN = re.compile(r'^dcos-calico-etcd-\d+(?:-new)?\Z')
OWN_COMMENT = re.compile(r'^dcos\.calico\Z')
SET = re.compile(r'^(?:cali[46][-t]|felix-[46]|felix-(?:masq|all)-ipam-pools\Z)')
# cali and the first 11 characters of a container's id, a UUID for Mesos, or of a hash.
LINK = re.compile(r'^cali[0-9a-f][0-9a-f-]{0,10}\Z')
TUNNEL = 'tunl0'
BIRD, BIRDS, FELIXES = '12', ('bird', 'bird6'), ('calico-felix',)
NET = '/sys/class/net'
UP = 0x1
# A host may have both variants of iptables, and Felix' image uses its own.
FAMILIES = (('4', ('iptables', 'iptables-legacy', 'iptables-nft')), ('6', ('ip6tables', 'ip6tables-legacy', 'ip6tables-nft')))
TABLES = {'4': '/proc/net/ip_tables_names', '6': '/proc/net/ip6_tables_names'}
SETS, IPV6 = '/sys/module/ip_set', '/proc/net/if_inet6'
ADDRESS = re.compile(r'^[0-9.]+/[0-9]+\Z')
KINDS = ('blackhole', 'unreachable', 'prohibit', 'throw')
SECONDS, PATIENCE, LOCKED = 30, 60, 4
# A program says so of what the kernel lacks, of which there is nothing then.
LACKING = re.compile(r'not supported', re.IGNORECASE)


# ---- what is there

def _says(rule):
    """(comments, targets) of a rule as iptables-save prints it. A comment is anybody's text, and may look like the rest of a rule."""
    try:
        words = iter(shlex.split(rule))
    except ValueError:
        words = iter(rule.split())
    comments, targets = [], []
    for word in words:
        if word in ('--comment', '-j', '-g'):
            (comments if word == '--comment' else targets).append(next(words, ''))
    return comments, targets


def parse_rules(text, chain, comment):
    """{table: (chains, rules of other chains)} that are to go, from what iptables-save prints. Pure.

    :arg chain, comment: regular expressions of chains' names, and of comments of rules that are to go whatever chain they are in.
    """
    found, table = {}, None
    for line in text.splitlines():
        if line.startswith('*'):
            table = line[1:].strip()
        elif line.startswith(':') and chain.search(line[1:].split()[0]):
            found.setdefault(table, ([], []))[0].append(line[1:].split()[0])
        elif line.startswith('-A ') and not chain.search(line.split()[1]):
            comments, targets = _says(line)
            if any(map(comment.search, comments)) or any(map(chain.search, targets)):
                found.setdefault(table, ([], []))[1].append(line)
    return found


def transaction(table, chains, rules):
    """Text for iptables-restore --noflush that takes chains and rules away. Pure."""
    lines = ['*%s' % table] + [':%s - [0:0]' % chain for chain in chains] + ['-D' + rule[2:] for rule in rules] + ['-X %s' % chain for chain in chains]
    return '\n'.join(lines + ['COMMIT', ''])


def parse_routes(text):
    """[arguments of C(ip route del)] of routes, from what C(ip route show table all proto 12) prints. Pure."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if not words or line[0].isspace():
            continue  # The next hops of the route above.
        kind = words[:1] if words[0] in KINDS else []
        to, rest = words[len(kind)], words[len(kind) + 1:]
        pairs = zip(rest[::2], rest[1::2])
        found.append(kind + [to] + [word for key, value in pairs if key in ('via', 'dev', 'metric', 'table') for word in (key, value)] + ['proto', BIRD])
    return found


def savers():
    """[(name of the family, program)] of the variants of iptables on this host, each once."""
    found = []
    for family, programs in FAMILIES:
        seen = set()
        for program in programs:
            path = _command.find(program + '-save')
            if path and _command.find(program + '-restore') and os.path.realpath(path) not in seen:
                seen.add(os.path.realpath(path))
                found.append((family, program))
    return found


def _said(argv, source=None):
    """What a program prints; '' where there is no such program, or the kernel lacks what it shows. Raises CalicoError where it is not known what is there.

    :arg source: path that a kernel has which has any of it.
    """
    if not _command.find(argv[0]):
        return ''
    result = _command.run(argv, SECONDS)
    if result.rc == 0:
        return result.out
    if LACKING.search(result.err) or source and not os.path.exists(source):
        return ''
    raise CalicoError('What Calico has in the kernel of this host cannot be read', why='%s: %s' % (' '.join(argv), result.said()),
                      remedy='See why that fails; if this host has no use for %s, remove it' % argv[0])


def links():
    """Names of the interfaces of containers."""
    return sorted(name for name in os.listdir(NET) if LINK.match(name)) if os.path.isdir(NET) else []


def _tables(chain, comment):
    """Plan for the tables of all variants of iptables."""
    plan = Plan()
    for family, program in savers():
        for table, (chains, rules) in sorted(parse_rules(_said([program + '-save'], TABLES[family]), chain, comment).items()):
            before = '\n'.join([':%s' % name for name in chains] + rules)
            plan.add('%s table %s' % (program, table), before, None, how=('table', program, transaction(table, chains, rules)))
    return plan


def rules_of_this_collection():
    """Plan for the rules that units of this collection keep, where the units are gone."""
    return _tables(OWN_CHAIN, OWN_COMMENT)


def rules_of_felix():
    """Plan for Felix' rules and sets, which rules use."""
    plan = _tables(FELIX_CHAIN, FELIX_COMMENT)
    for name in sorted(filter(SET.match, _said(['ipset', 'list', '-n'], SETS).split())):
        plan.add('ipset %s' % name, 'ipset', None, how=('run', ['ipset', 'destroy', name]))
    return plan


def interfaces():
    """Plan for the interfaces of containers."""
    plan = Plan()
    for name in links():
        plan.add('interface %s' % name, 'interface of a container', None, how=('run', ['ip', 'link', 'delete', name]))
    return plan


def routes(tunnel=()):
    """Plan for the tunnel's address, and for BIRD's routes. The device is the kernel's, and goes with the module ipip.

    An address of another user of the device stays: Calico's is the one that the datastore has, or is in a block of this host, which has a route of BIRD's.

    :arg tunnel: addresses that the datastore has for this host's tunnel.
    """
    plan, blocks = Plan(), []
    found = [(family, arguments) for family in ('-4', '-6')
             for arguments in parse_routes(_said(['ip', family, 'route', 'show', 'table', 'all', 'proto', BIRD], None if family == '-4' else IPV6))]
    for family, arguments in found:
        if arguments[0] == KINDS[0]:
            blocks.append(_cidr.parse(arguments[1]))
    if os.path.isdir(os.path.join(NET, TUNNEL)):
        there = [word for word in _said(['ip', '-o', '-4', 'addr', 'show', 'dev', TUNNEL]).split() if ADDRESS.match(word)]
        own = [word for word in there if word.endswith('/32') and (word[:-len('/32')] in tunnel or any(block.contains(_cidr.parse(word)) for block in blocks))]
        for address in own:
            plan.add('address %s of %s' % (address, TUNNEL), 'address', None, how=('run', ['ip', 'addr', 'del', address, 'dev', TUNNEL]))
        if own == there and own and int(_network.read(NET, TUNNEL, 'flags') or '0', 16) & UP:
            plan.add(TUNNEL, 'up', 'down', how=('run', ['ip', 'link', 'set', TUNNEL, 'down']))
    for family, arguments in found:
        plan.add('route %s' % ' '.join(arguments[:-2]), 'route', None, how=('run', ['ip', family, 'route', 'del'] + arguments))
    return plan


def other_birds():
    """Ids of BIRD's processes in the host's network, to be asked when Calico's have ended: then routes of its protocol may be another's."""
    return _processes(BIRDS)


def other_felixes(ours):
    """Ids of the Felixes in the host's network that are not Calico's of this host; a rule, set or interface may be theirs.

    :arg ours: callable(pid) -> whether it is.
    """
    return [pid for pid in _processes(FELIXES) if not ours(pid)]


def _processes(called):
    names = [name for name in os.listdir(_network.PROC) if name.isdigit() and (_network.read(_network.PROC, name, 'comm') or '').strip() in called]
    return sorted(int(name) for name in names if _namespace(name) in (None, _namespace('self')))


def _namespace(process):
    """What a process has its network in; None where it has ended, or cannot be asked."""
    try:
        return os.readlink(os.path.join(_network.PROC, process, 'ns', 'net'))
    except OSError:
        return None


# ---- its removal

def apply(plan):
    """Make the changes of a plan."""
    for change in plan:
        if change.how[0] == 'table':
            _restore(change.how[1], change.how[2], change.name)
        else:
            _run(change)


def _restore(program, text, name):
    """One transaction; another program may have the lock of the tables for some seconds."""
    deadline = Deadline(PATIENCE)
    while True:
        result = _command.run([program + '-restore', '--noflush'], SECONDS, stdin=text)
        if result.rc == 0:
            return
        if result.rc != LOCKED or not deadline.pause(1):
            raise CalicoError('%s: rules of Calico cannot be removed, and none of this table was' % name, why=result.said(),
                              remedy='See which rule of somebody else names a chain or set of Calico, and run again')


def _run(change):
    result = _command.run(change.how[1], SECONDS)
    if result.rc != 0:
        raise CalicoError('%s cannot be removed' % change.name, why=result.said(), remedy='See what uses it, and run again')
