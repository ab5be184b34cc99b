# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's v2 proxy; dcos.calico.etcd_proxy and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd_proxy, _etcd_service, _executables, _started

ARGUMENT_SPEC = dict(
    _etcd_service.COMMON_SPEC,
    unit=dict(type='str', default='calico-etcd-proxy.service'),
    user=dict(type='str', default='calico-etcd'),
    data_dir=dict(type='path', default='/var/lib/calico-etcd-proxy'),
    listen_client_urls=dict(type='list', elements='str', default=['http://127.0.0.1:2379']),
    allowed_users=dict(type='list', elements='str', default=['root']),
    discovery_srv=dict(type='str', default='etcd.mesos'),
    members=dict(type='list', elements='str', default=[]),
)


def job(module):
    """Bring the proxy to the desired state and see it serve; see RETURN."""
    proxy = _etcd_proxy.desired(module.params)
    actual = _etcd_service.read(proxy, module.check_mode)
    plans = _etcd_service.reconcile(proxy, actual)
    needs = _executables.needs(plans.executables)
    if needs and not module.check_mode:
        return dict(changed=False, needs=needs)
    answer = _etcd_proxy.look(proxy, actual, plans)
    recovery = _etcd_proxy.reconcile_health(proxy, actual, answer)
    if not module.check_mode:
        _etcd_proxy.refuse_in_use(proxy, actual)
        _etcd_service.apply(proxy, actual, plans)
        answer = _etcd_proxy.finish(proxy, plans, recovery, answer)
        _etcd_service.note(proxy, actual, plans.units.changed or recovery.changed)
    elif _started.may_note(module, plans.whole() or recovery):
        _etcd_service.note(proxy, actual, False)
    plan = plans.whole()
    plan.extend(recovery)
    return dict(
        plan.result(module._diff),
        unit=proxy.unit,
        url=proxy.url,
        uid=_etcd_service.uid_of(proxy),
        healthy=answer.ok if answer and not (module.check_mode and recovery.changed) else None,
        recovered=recovery.changed,
        members=_etcd_proxy.members(proxy),
        paths_changed=plans.executables.names() + plans.files.names(),
        needs=needs,
    )
