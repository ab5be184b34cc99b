# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the progress of a wait; see plugin_utils/_progress.py."""

from __future__ import annotations

from ansible_collections.dcos.calico.plugins.plugin_utils._progress import ProgressAction


class ActionModule(ProgressAction):
    """dcos.calico.dcos_package"""

    MODULE = "dcos.calico.dcos_package"
