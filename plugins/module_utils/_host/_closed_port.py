# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP port that nobody reaches but the host itself and named addresses: rules in iptables' chain INPUT of the table mangle, for IPv4 and IPv6.

That chain sees what is for the host itself, from other hosts and from containers, before the table filter, where Felix, Docker and DC/OS have theirs.
What it accepts is still theirs to drop. A rule of ours is (port, source): whom it accepts, in CIDR notation, None for the one that drops the rest, or NEW
for one that drops connections which are not there yet, of IPv4 and for a moment only.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ansible_collections.dcos.calico.plugins.module_utils import _unit_text
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command

PROGRAMS = ('iptables', 'ip6tables')
SECONDS = 20
NEW = 'new'
# As iptables prints the rules of argv().
RULE = re.compile(r'^-A INPUT (?:-s (?P<source>[0-9.]+/[0-9]+) (?P<accept>)|! -i lo )-p tcp (?:-m tcp )?--dport (?P<port>\d+) '
                  r'(?P<new>--tcp-flags FIN,SYN,RST,ACK SYN )?-m comment --comment "?dcos\.calico"? -j (?(accept)ACCEPT|DROP)$', re.MULTILINE)


def argv(program, operation, port, source=None):
    """Command line for a rule; operation: -I or -D. Pure."""
    who, verdict = (['-s', source], 'ACCEPT') if accepts(source) else (['!', '-i', 'lo'], 'DROP')
    what = ['-p', 'tcp', '--dport', str(port)] + (['--syn'] if source == NEW else [])
    return [program, '-w', '-t', 'mangle', operation, 'INPUT'] + who + what + ['-m', 'comment', '--comment', 'dcos.calico', '-j', verdict]


def accepts(source):
    """Whether the rule of a source lets somebody in. Pure."""
    return source not in (None, NEW)


def rules(program, sources):
    """Sources of a port's rules in the order in which they are inserted, each before the ones that are there. Pure.

    :arg sources: IPv4 networks.
    """
    return [None] + (list(sources) if program.rpartition('/')[2] == 'iptables' else [])


def unit_lines(port, sources=()):
    """Lines of a unit that close the port before it starts; none on a host without iptables. They fail for nobody: a host may have no IPv6.

    Nothing opens it when the unit stops: that may be because a client of Docker was killed, and what listens goes on in its container.
    """
    lines = []
    for path in [path for path in map(_command.find, PROGRAMS) if path]:
        for source in rules(path, sources):
            lines += ['ExecStartPre=-%s' % ' '.join(_unit_text.command(argv(path, operation, port, source))) for operation in ('-D', '-I')]
    return lines


def parse(text):
    """Our rules in the order of the chain, from what iptables prints of it. Pure."""
    return [(int(match.group('port')), NEW if match.group('new') else match.group('source')) for match in RULE.finditer(text)]


def steps(program, found, port, sources):
    """[(operation, port, source)] that bring a port's rules about; none where they are as required. Between two of them the port is never open. Pure.

    :arg found: as parse() gives them.
    :arg sources: who is to reach the port beside the host, None where everybody is.
    """
    mine = [source for other, source in found if other == port]
    if sources is None:
        return [('-D', port, source) for source in mine]
    required = rules(program, sources)
    if len(mine) == len(required) and mine[-1] is None and set(mine) == set(required):
        return []
    return [('-I', port, None)] + [('-D', port, source) for source in mine] + [('-I', port, source) for source in required[1:]]


def read():
    """{program: our rules}, without those programs that this host does not have, or that cannot be used for want of the table."""
    found = dict((program, _rules(program)) for program in PROGRAMS)
    return dict((program, rules) for program, rules in found.items() if rules is not None)


def _rules(program):
    if not _command.find(program):
        return None
    result = _command.run([program, '-w', '-t', 'mangle', '-S', 'INPUT'], SECONDS)
    return parse(result.out) if result.rc in (0, 1) else None


def close_to_new(port):
    """Let nobody connect to a port over IPv4 who is not connected yet; raises CalicoError where iptables cannot."""
    change('iptables', '-I', port, NEW)


def open_to_new(port):
    """Take away what close_to_new() did, also in a run that was killed."""
    for other, source in _rules('iptables') or ():
        if (other, source) == (port, NEW):
            change('iptables', '-D', port, NEW)


def change(program, operation, port, source=None):
    """Insert (-I) or delete (-D) a rule."""
    try:
        _command.run(argv(program, operation, port, source), SECONDS, check=True)
    except CommandError as error:
        raise CalicoError('Port %d cannot be %s' % (port, 'closed' if (operation == '-D') is accepts(source) else 'opened'),
                          why='%s: %s' % (error.what, error.why),
                          remedy='See what "%s -t mangle -S INPUT" says on the host, %s' % (
                              program, 'and delete the rule there, or run this again' if source == NEW
                              else 'or close no port: health.port_access all, and no metrics'))
