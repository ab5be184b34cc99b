# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart of the Mesos agent, where its start-up environment changed; dcos.calico.mesos_agent and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _facts_dcos, _mesos_agent, _started, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = dict(
    restart=dict(type='str', choices=['auto', 'always', 'never'], default='auto'),
    files=dict(type='list', elements='path', default=[]),
    changed_files=dict(type='list', elements='path', default=[]),
    timeout=dict(type='float', default=300),
    rp_filter=dict(type='bool', default=True),
    closed_api=dict(type='str', choices=['refuse', 'accept'], default='refuse'),
    address=dict(type='str'),
    port=dict(type='int', default=_mesos_agent.PORT),
    detect_ip=dict(type='path', default='/opt/mesosphere/bin/detect_ip'),
)


def found_unit():
    """(name, UnitState) of the agent; raises where this host is none."""
    name = _mesos_agent.unit_name()
    if name is None:
        raise CalicoError('This host is no agent of DC/OS', why='%s has neither slave nor slave_public' % _facts_dcos.ROLES,
                          remedy='Run on agents only')
    state = _systemd.read([name])[name]
    if not state.exists:
        raise CalicoError('This host has no unit %s' % name, remedy='See whether DC/OS is installed here')
    return name, state


def reasons(params, name, state, late):
    """Why the agent has to be restarted, as sentences."""
    found = _mesos_agent.reasons(name, state)
    if params['restart'] == 'always' and state.running:
        found += ['%s: not what the agent was started with' % path for path in sorted(set(late).union(params['changed_files']))]
    return found


def reconcile(params, name, state, why):
    """Plan: one change, if the agent is to be restarted. Pure."""
    plan = Plan()
    if why and params['restart'] != 'never':
        before = {'active': state.active}
        plan.add(name, before, dict(before, restart=why))
    return plan


def address_of(params):
    """Where the agent's API is."""
    if params['address']:
        return params['address']
    found = _facts_dcos.detect_ip(params['detect_ip'])
    if not found['ip']:
        raise CalicoError('The address of this agent is not known', why=found['error'], remedy='Give it as address')
    return found['ip']


def look_before(params, address):
    """The View before; raises where nothing could be said afterwards."""
    view = _mesos_agent.look(address, params['port'])
    if view.closed and params['closed_api'] == 'refuse':
        raise CalicoError("The agent's API on %s:%d requires authentication, so that nobody could see its tasks come back" % (address, params['port']),
                          why=view.trouble, remedy='Have Mesos asked instead (role calico_agent_restart does, with calico_dcos_url), and set closed_api to '
                                                   'accept. Nothing was touched')
    if view.closed:
        view.agent_id = _mesos_agent.recorded_id()
    return view


def job(module):
    """Restart where needed; see RETURN."""
    params = module.params
    name, state = found_unit()
    unit = _systemd.Unit(name, restart_on=params['files'])
    late = _started.units([unit], {name: state})
    why = reasons(params, name, state, late.get(name, []))
    plan = reconcile(params, name, state, why)
    view = _mesos_agent.View()
    if plan:
        address = address_of(params)
        view = look_before(params, address)
        if view.at_risk:
            module.warn('These tasks end with the agent, because their frameworks do not checkpoint: %s' % ', '.join(view.at_risk))
        if not module.check_mode:
            _mesos_agent.restart(name, state, view, address, params['port'], params['timeout'], strict=params['rp_filter'])
    if not module.check_mode or _started.may_note(module, plan or params['changed_files']):
        late.setdefault(name, []).extend(params['changed_files'])
        _started.note_units([unit], {name: state}, late, _systemd.read([unit]) if plan else {name: state})
    return dict(plan.result(module._diff), unit=name, action='restart' if plan else 'none', reasons=why, restart_needed=bool(why) and not plan,
                agent_id=view.agent_id or None, confirmed=module.check_mode or not view.closed, tasks=view.live, tasks_at_risk=view.at_risk)
