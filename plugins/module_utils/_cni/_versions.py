# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VERSION handshake of CNI: what a plugin answers to CNI_COMMAND=VERSION. Pure. Spec: CNI 0.3.1, "Report version"."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json

from ansible.module_utils.common.text.converters import to_native

ENVIRONMENT = {'CNI_COMMAND': 'VERSION'}


def question(version):
    """What to write to the plugin's standard input."""
    return json.dumps({'cniVersion': version})


def supported(answer):
    """Versions that a plugin's standard output names; None if it is not an answer of a CNI plugin."""
    try:
        versions = json.loads(answer).get('supportedVersions')
    except (ValueError, AttributeError):
        return None
    if not isinstance(versions, list) or not versions or not all(isinstance(version, (type(u''), str)) for version in versions):
        return None
    return [to_native(version) for version in versions]
