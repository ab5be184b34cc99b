# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Docker and Calico's libnetwork plugin can do for networks: their names and pools, and containers on a host with IPv6. Pure.

libnetwork-plugin 1.1 gives Docker a route to the link-local IPv6 address of the container's interface on the host, if that has one. Docker keeps IPv6
off in containers without an IPv6 address since 17.04, and a newer kernel refuses the route there: the container does not start
(projectcalico/calico#2191). An interface has such an address unless net.ipv6.conf.default.disable_ipv6 of the host is 1 when it is made; what that
setting is in a container is no matter.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

RESERVED = ('bridge', 'host', 'none', 'default', 'container', 'ingress', 'docker_gwbridge')
NAME = re.compile(r'^[A-Za-z0-9][A-Za-z0-9_.-]*\Z')
FIRST_DOCKER = (17, 4)
FIRST_KERNEL = (4, 0)  # People met it on kernels from 4 on, and not on the 3.10 of CentOS 7.
FAILS = "Docker cannot start containers on Calico's network while this host has IPv6"
MAY_FAIL = "Docker may be unable to start containers on Calico's network while this host has IPv6"
WHY = 'Docker has IPv6 off in containers, and there the kernel refuses the IPv6 route that the libnetwork plugin of Calico 2.6 wants'
REMEDY = 'Set calico_docker_network_disable_ipv6 to true after reading what it means for the host, or run these containers by the universal container runtime'


class Desired(object):
    """A desired network: name, pool (CIDR or None), present."""
    __slots__ = ('name', 'pool', 'present')

    def __init__(self, name, pool=None, present=True):
        self.name = name
        self.pool = pool
        self.present = present


def desired(items):
    """[Desired] of the module's option; refuses what Docker or the driver would, before anything is touched. Pure."""
    found = []
    for item in items:
        name, pool = item['name'], item['pool']
        if not NAME.match(name) or name in RESERVED:
            raise ValidationError('%r cannot be the name of a Docker network of Calico' % name, remedy='Use letters, digits, dots, dashes and underscores, and '
                                  "none of Docker's own (%s)" % ', '.join(RESERVED))
        if any(other.name == name for other in found):
            raise ValidationError('The Docker network %s is given twice' % name, remedy='Keep one of the two')
        if pool and not _cidr.parse(pool).is_masked():
            raise ValidationError('The pool %s of the Docker network %s has host bits' % (pool, name), remedy='Write it as %s' % _cidr.canonical(pool))
        found.append(Desired(name, _cidr.canonical(pool) if pool else None, item['state'] == 'present'))
    return found


def ipv6_outcome(docker, kernel, ipv6):
    """C(fine), C(fails), or C(may_fail) for a kernel of which nobody knows.

    :arg docker: (major, minor, ...) of Docker.
    :arg kernel: (major, minor, ...) of the kernel.
    :arg ipv6: what _network.ipv6() found.
    """
    if not ipv6.get('supported') or ipv6.get('default_disabled') or docker < FIRST_DOCKER:
        return 'fine'
    return 'fails' if kernel >= FIRST_KERNEL else 'may_fail'
