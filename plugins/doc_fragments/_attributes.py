# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    """What modules support. Each says of its own what its diff shows, and where it differs from the others."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing.
    support: full
"""

    # Modules that only look, and validate
    INFO = r"""
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: N/A
  idempotent:
    description: Changes nothing.
    support: full
"""

    # Modules that are action plugins alone, for all hosts together
    CONTROLLER = r"""
attributes:
  action:
    description: Has a corresponding action plugin, which does it all.
    support: full
  bypass_host_loop:
    description: Runs once for all hosts.
    support: none
"""

    # Modules of meta/runtime.yml's action group agent
    AGENT = r"""
attributes:
  action_group:
    description: Use C(group/dcos.calico.agent) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - dcos.calico.agent
"""
