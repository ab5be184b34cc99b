# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a service from what it does not need, as far as systemd 219 can (systemd.exec(5) of that version). Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

HOMES = ('/home/', '/root/', '/run/user/')


def lines(paths, capabilities=()):
    """Lines for the section Service: /usr, /boot and /etc can only be read, homes and devices are not there, nothing gains privileges.

    :arg paths: what the service works on; one of them in a home keeps homes visible.
    :arg capabilities: those of root's that it needs, such as CAP_NET_ADMIN.
    """
    found = ['NoNewPrivileges=true', 'CapabilityBoundingSet=%s' % ' '.join(capabilities), 'PrivateDevices=true', 'PrivateTmp=true', 'ProtectSystem=full']
    return found if any(path.startswith(HOMES) for path in paths) else found + ['ProtectHome=true']
