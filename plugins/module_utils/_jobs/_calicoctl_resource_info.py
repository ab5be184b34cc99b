# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Calico's datastore holds; dcos.calico.calicoctl_resource_info and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible.module_utils.common.text.converters import to_text
from ansible_collections.dcos.calico.plugins.module_utils._calico import _resources, _runner
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

ARGUMENT_SPEC = dict(
    _runner.OPTIONS,
    kinds=dict(type='list', elements='str', choices=list(_resources.KINDS) + [_resources.WORKLOADS], default=list(_resources.KINDS)),
    names=dict(type='list', elements='str', default=[]),
    wait_timeout=dict(type='float', default=0),
    required=dict(type='bool', default=True),
)
NAMES = ('name', 'cidr', 'peerIP')
POLL_EVERY = 3


def _desired(document, names):
    metadata = document['metadata']
    return not names or any(metadata.get(field) in names for field in NAMES)


def _read(calicoctl, kinds, names):
    """{kind: documents} of what is asked for."""
    return dict((kind, [document for document in calicoctl.get(kind) if _desired(document, names)]) for kind in kinds)


def _absent(resources, names):
    """Those of the names that no document has."""
    found = set(document['metadata'].get(field) for documents in resources.values() for document in documents for field in NAMES)
    return [name for name in names if name not in found]


def _wait(calicoctl, kinds, names, seconds):
    """What _read() gives once each of the names is there."""
    deadline = Deadline(seconds)
    while True:
        resources = _read(calicoctl, kinds, names)
        missing = _absent(resources, names)
        if not missing:
            return resources
        if not deadline.pause(POLL_EVERY):
            raise CalicoError('The datastore has no %s %s after %g seconds' % (' or '.join(kinds), ', '.join(missing), seconds), missing=missing)


def _look(module, calicoctl):
    """(resources, versions) as the datastore has them."""
    params = module.params
    names = [to_text(name) for name in params['names']]
    seconds = 0 if module.check_mode else params['wait_timeout']
    resources = _wait(calicoctl, params['kinds'], names, seconds) if seconds else _read(calicoctl, params['kinds'], names)
    return resources, calicoctl.version()


def job(module):
    """Read what is asked for; see RETURN."""
    params, trouble = module.params, None
    calicoctl = _runner.from_params(params)
    read = not (module.check_mode and calicoctl.not_set_up() is not None)
    resources, version = dict((kind, []) for kind in params['kinds']), {'client': None, 'cluster': None}
    try:
        if read:
            resources, version = _look(module, calicoctl)
    except CalicoError as error:
        if params['required']:
            raise
        read, trouble = False, to_text(error)
    return dict(
        changed=False,
        resources=resources,
        nodes=_runner.nodes(resources.get('node', [])),
        client_version=version['client'] or '',
        cluster_version=version['cluster'] or '',
        datastore_read=read,
        trouble=trouble,
    )
