# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controller's part of dcos.calico.calicoctl_node: pushes the archive of local_src where it is needed."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.dcos.calico.plugins.plugin_utils._push import PushAction


class ActionModule(PushAction):
    """See PushAction."""

    MODULE = "dcos.calico.calicoctl_node"
    SOURCES: ClassVar[tuple[str, ...]] = ("image_archive",)
