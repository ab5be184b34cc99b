# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel can do that Calico needs: found by trying, by /proc, or by the lists of built-in and loadable modules.

lsmod knows neither what is built in nor what would be loaded on first use, so it is never the only witness.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re

from ansible_collections.dcos.calico.plugins.module_utils._errors import CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command
from ansible_collections.dcos.calico.plugins.module_utils._host._network import read

PROC = '/proc'
SYS = '/sys'
MODULES = '/lib/modules'
SECONDS = 5
FEATURES = ('xt_set', 'ip6_tables', 'ip_set', 'nf_conntrack', 'ipip')
# feature: files that exist, or lists that name it, only where the kernel has it in use
LIVE_FILES = {
    'ip6_tables': ('net/ip6_tables_names',),
    'nf_conntrack': ('sys/net/netfilter/nf_conntrack_max',),
}
LIVE_LISTS = {'xt_set': ('net/ip_tables_matches', 'set')}


def listed(text, name):
    """Whether modules.builtin, modules.dep or the like names a module; dashes and underscores are the same there."""
    pattern = r'(^|/)%s\.ko(\.(gz|xz|zst))?(:|\s|$)' % re.sub('[_-]', '[_-]', name)
    return re.search(pattern, text, re.MULTILINE) is not None


def _modules(name):
    """How the module files of the running kernel know a module: builtin, loadable or None."""
    folder = os.path.join(MODULES, os.uname()[2])
    for kind, filename in (('builtin', 'modules.builtin'), ('loadable', 'modules.dep')):
        if listed(read(folder, filename) or '', name):
            return kind
    return None


def _alive(name):
    """Whether the running kernel shows that it has a feature in use."""
    if os.path.isdir(os.path.join(SYS, 'module', name)):
        return True
    if any(os.path.exists(os.path.join(PROC, path)) for path in LIVE_FILES.get(name, ())):
        return True
    path, word = LIVE_LISTS.get(name, (None, None))
    return path is not None and word in (read(PROC, path) or '').split()


def _tried(name):
    """Try what changes nothing: ipset asks the kernel for its protocol, tunl0 stands in every name space of a kernel with ipip."""
    if name in ('ip_set', 'xt_set') and _command.find('ipset'):
        try:
            return _command.run(['ipset', 'list', '-n'], SECONDS).rc == 0
        except CommandError:
            return False
    return name == 'ipip' and os.path.isdir(os.path.join(SYS, 'class/net/tunl0'))


def support(name):
    """How a feature is there: C(active), C(builtin), C(loadable), or None if nothing speaks for it."""
    if _alive(name):
        return 'active'
    return _modules(name) or ('active' if _tried(name) else None)


def probe(ipip=False):
    """{feature: see support()}; ipip is only looked for if a pool wants it."""
    return dict((name, support(name)) for name in FEATURES if ipip or name != 'ipip')
