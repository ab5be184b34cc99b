# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By what the containers of a verification are known: to the controller, which starts them, and on agents. Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

# In the environment of the processes of an app, with its id.
VARIABLE = 'CALICO_VERIFY_APP'
# Labels of each container of a run, which no other workload has; RUN alone in the names of policies, too.
RUN, APP = 'dcos-calico-verify', 'dcos-calico-verify-app'


def short(app):
    """The last part of an app's id, by which a container of a run is known."""
    return app.rstrip('/').rpartition('/')[2]
