# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SELinux context of what is made on a host: that which its policy gives the path, as restorecon would set it.

A new file has the context of the directory that it is staged in, and keeps it when it is renamed. ansible-core knows libselinux, and file systems
that have no contexts of their own; without SELinux nothing is done.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type


class _Labeller(object):
    """Holds the Module (see _module) of this run, None before there is one."""
    module = None


def attach(module):
    """Label what is made from now on, by a Module."""
    _Labeller.module = module


def label(there, path, kind):
    """Give something that was made the context of its path; raises CalicoError where SELinux is on and that fails.

    :arg there: where it is now.
    :arg path: where it is to be.
    :arg kind: stat.S_IFREG, S_IFDIR or S_IFLNK, which policies tell apart.
    """
    module = _Labeller.module
    if module is not None and module.selinux_enabled():
        module.label(there, path, kind)
