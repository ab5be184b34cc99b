# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP port that nobody but the host itself reaches: one rule in iptables' chain INPUT of the table mangle, for IPv4 and IPv6.

That chain sees what is for the host itself, from other hosts and from containers, before the table filter, where Felix, Docker and DC/OS have theirs.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ansible_collections.dcos.calico.plugins.module_utils import _unit_text
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command

PROGRAMS = ('iptables', 'ip6tables')
SECONDS = 20
# As iptables prints a rule of argv().
RULE = re.compile(r'^-A INPUT ! -i lo -p tcp (?:-m tcp )?--dport (\d+) -m comment --comment "?dcos\.calico"? -j DROP$', re.MULTILINE)


def argv(program, operation, port):
    """Command line for the rule of a port; operation: -I or -D. Pure."""
    return [program, '-w', '-t', 'mangle', operation, 'INPUT', '!', '-i', 'lo', '-p', 'tcp', '--dport', str(port),
            '-m', 'comment', '--comment', 'dcos.calico', '-j', 'DROP']


def unit_lines(port):
    """Lines of a unit that has the port closed while it runs; none on a host without iptables. They fail for nobody: a host may have no IPv6."""
    lines = []
    for path in [path for path in map(_command.find, PROGRAMS) if path]:
        start, stop = [' '.join(_unit_text.command(argv(path, operation, port))) for operation in ('-I', '-D')]
        lines += ['ExecStartPre=-%s' % stop, 'ExecStartPre=-%s' % start, 'ExecStopPost=-%s' % stop]
    return lines


def parse(text):
    """The ports that rules of ours close, from what iptables prints of the chain. Pure."""
    return set(int(port) for port in RULE.findall(text))


def read():
    """{program: the ports that it has a rule for}, without those that this host does not have, or that cannot be used for want of the table."""
    found = {}
    for program in PROGRAMS:
        if _command.find(program):
            result = _command.run([program, '-w', '-t', 'mangle', '-S', 'INPUT'], SECONDS)
            if result.rc in (0, 1):
                found[program] = parse(result.out)
    return found


def change(programs, operation, port):
    """Insert (-I) or delete (-D) the rule."""
    for program in programs:
        try:
            _command.run(argv(program, operation, port), SECONDS, check=True)
        except CommandError as error:
            raise CalicoError('Port %d cannot be %s' % (port, 'closed' if operation == '-I' else 'opened'), why='%s: %s' % (error.what, error.why),
                              remedy='See what "%s -t mangle -S INPUT" says on the host, or set health.port_access to all' % program)
