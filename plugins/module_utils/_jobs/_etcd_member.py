# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member of a managed etcd; dcos.calico.etcd_member and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd_member, _etcd_service, _executables, _started

ARGUMENT_SPEC = dict(
    _etcd_service.COMMON_SPEC,
    name=dict(type='str'),
    members=dict(type='list', elements='dict', default=[], options=dict(
        name=dict(type='str', required=True),
        peer_url=dict(type='str', required=True),
    )),
    cluster_token=dict(type='str', default='calico', no_log=False),
    initial_cluster_state=dict(type='str', choices=['new', 'existing']),
    listen_client_urls=dict(type='list', elements='str', default=['http://0.0.0.0:2379']),
    listen_peer_urls=dict(type='list', elements='str', default=[]),
    advertise_client_urls=dict(type='list', elements='str', default=[]),
    enable_v2=dict(type='bool', default=True),
    unit=dict(type='str', default='calico-etcd.service'),
    user=dict(type='str', default='calico-etcd'),
    data_dir=dict(type='path', default='/var/lib/calico-etcd'),
    wait_for=dict(type='str', choices=['healthy', 'started', 'auto'], default='healthy'),
    purge=dict(type='bool', default=False),
)
REQUIRED_IF = [('state', 'present', ('name', 'members'))]


def job(module):
    """Bring the member to the desired state and see it healthy; see RETURN."""
    member = _etcd_member.desired(module.params)
    _etcd_member.check_data(member)
    actual = _etcd_service.read(member, module.check_mode)
    plans = _etcd_service.reconcile(member, actual)
    removal = _etcd_member.reconcile_data(member)
    needs = _executables.needs(plans.executables)
    if needs and not module.check_mode:
        return dict(changed=False, needs=needs)
    _etcd_member.check_ports(member, actual)
    if module.check_mode:
        answer = _etcd_member.glance(member, actual, plans)
        if _started.may_note(module, plans.whole() or removal):
            _etcd_service.note(member, actual, False)
    else:
        _etcd_member.apply(member, actual, plans)
        _etcd_member.purge(removal)
        answer = _etcd_member.finish(member, plans)
        _etcd_service.note(member, actual, plans.units.changed)
    plan = plans.whole()
    plan.extend(removal)
    return dict(
        plan.result(module._diff),
        unit=member.unit,
        url=member.url,
        uid=_etcd_service.uid_of(member),
        healthy=answer.ok if answer else None,
        paths_changed=plans.executables.names() + plans.files.names() + removal.names(),
        needs=needs,
    )
