# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules of this collection would change on a host, by their own jobs in check mode, in one call and beside what is to be known of the host."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import copy
import re

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._jobs import (
    _agent_files, _agent_info, _calicoctl_config, _calicoctl_node, _calicoctl_resource, _calicoctl_resource_info, _cni_network, _etcd_member, _etcd_proxy,
    _executable, _mesos_agent, _sysctl,
)
from ansible_collections.dcos.calico.plugins.module_utils._host import _installed

JOBS = {
    'agent_info': _agent_info,
    'sysctl': _sysctl,
    'agent_files': _agent_files,
    'executable': _executable,
    'etcd_proxy': _etcd_proxy,
    'etcd_member': _etcd_member,
    'calicoctl_resource_info': _calicoctl_resource_info,
    'calicoctl_resource': _calicoctl_resource,
    'calicoctl_config': _calicoctl_config,
    'calicoctl_node': _calicoctl_node,
    'cni_network': _cni_network,
    'mesos_agent': _mesos_agent,
}
# What others need of a job's result beside what would change.
KEPT = ('action', 'changed', 'datastore_read', 'differences', 'felix_restarts', 'files_changed', 'healthy', 'ip', 'left', 'node_name', 'peers', 'peers_down',
        'reasons', 'replaced', 'resources', 'restart_needed', 'restarted', 'tasks_at_risk', 'trouble')
REFERENCE = re.compile(r'@calico_agent\.([a-z_]+)\.([a-z_]+)@')
INFO = 'agent_info'
ARGUMENT_SPEC = dict(
    steps=dict(type='list', elements='dict', options=dict(
        job=dict(type='str', required=True, choices=sorted(JOBS)),
        args=dict(type='dict', required=True),
    )),
    drift=dict(type='bool', default=False),
    of=dict(type='str', choices=['host', 'datastore', 'unmanaged']),  # for the action plugin
)


class Look(object):
    """A module as a job sees it: parameters, and check mode, whatever the run's is."""
    check_mode = True
    _diff = True

    def __init__(self, params, warn, notes=False):
        self.params = params
        self.warn = warn
        self.notes = notes  # whether the job may note what running processes were started with


def resolve(value, facts):
    """A value in which each reference to the host, such as C(@calico_agent.node.ip@), is what was found; raises CalicoError where nothing was."""
    if isinstance(value, dict):
        return dict((key, resolve(part, facts)) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return [resolve(part, facts) for part in value]
    if not hasattr(value, 'upper') or '@calico_agent.' not in value:
        return value

    def found(match):
        part = facts.get(match.group(1)) or {}
        if part.get(match.group(2)) in (None, ''):
            raise CalicoError('calico_agent.%s.%s of this host is not known' % match.groups(), why=part.get('error'))
        return '%s' % part[match.group(2)]
    return REFERENCE.sub(found, value)


def validated(job, args, no_log_values):
    """Parameters of a job with its defaults; secrets among them are added to no_log_values. Raises ValidationError."""
    module = JOBS[job]
    result = ArgumentSpecValidator(module.ARGUMENT_SPEC, required_if=getattr(module, 'REQUIRED_IF', None)).validate(args)
    no_log_values.update(result._no_log_values)
    if result.error_messages:
        raise ValidationError('dcos.calico.%s cannot take its arguments' % job, why='; '.join(result.error_messages))
    return result.validated_parameters


class Planner(object):
    """Takes one step after the other, and lets later ones see what earlier ones would leave.

    :arg no_log_values: set to which the secrets among arguments are added.
    :arg warn: callable(text).
    :arg notes: whether what is found as required is noted.
    :arg drift: whether what is not as it was last installed is left, so that later steps see nothing of it.
    """

    def __init__(self, no_log_values, warn, notes=False, drift=False):
        self.facts = {}  # of the host, for references
        self.no_log_values = no_log_values
        self.warn = warn
        self.notes = notes
        self.drift = drift
        self.contents = {}  # path -> text that would be written
        self.results = {}

    def step(self, job, args):
        """Result of one job: what would change (C(names)), and of KEPT what it says; C(error) where it cannot."""
        installed = {}
        try:
            params = validated(job, resolve(args, self.facts), self.no_log_values)
            required = copy.deepcopy(params) if job in _installed.ABOUT else None
            if required:
                installed = dict(installed=_installed.compare(job, required))
            self._predict(job, params)
            found = JOBS[job].job(Look(params, self.warn, self.notes))
            if required and self.notes and _installed.has_some() and not (found['changed'] or found.get('restart_needed')):
                _installed.note(job, required)
        except CalicoError as error:
            self.results[job] = dict(installed, changed=False, names=[], error='%s' % error)
            return self.results[job]
        names = []
        for change in found.get('diff') or []:
            if change['before_header'] not in names:
                names.append(change['before_header'])
        self.results[job] = dict(((key, found[key]) for key in KEPT if key in found), names=names, **installed)
        if params.get('state') == 'absent':
            self.results[job]['state'] = 'absent'
        for item in params.get('files') or [] if self._comes(job) else ():
            if isinstance(item, dict) and item['path'] in names and item.get('content') is not None:
                self.contents[item['path']] = item['content']
        return self.results[job]

    def _predict(self, job, params):
        """Hand a job what earlier steps would have changed before it runs."""
        if job == 'calicoctl_node' and params['config'] in self.contents:
            params['predicted_config'] = self.contents[params['config']]
        if job == 'calicoctl_node':
            params['predicted_changes'] = [name for other, result in self.results.items() if self._comes(other) for name in result['names']]
        if job == 'mesos_agent' and self._comes('cni_network'):
            params['changed_files'] = params['changed_files'] + self.results.get('cni_network', {}).get('files_changed', [])

    def _comes(self, job):
        """Whether what a step would change is going to be changed."""
        return not self.drift or self.results.get(job, {}).get('installed', _installed.SAME) == _installed.SAME


def job(module):
    """Facts and what would change; see RETURN."""
    planner, facts = Planner(module.no_log_values, module.warn, not module.check_mode, module.params['drift']), {}
    for step in module.params['steps'] or []:
        if step['job'] == INFO:
            facts = planner.facts = _agent_info.job(Look(validated(INFO, step['args'], module.no_log_values), module.warn))
        else:
            planner.step(step['job'], step['args'])
    if ((facts.get('calico_node') or {}).get('bgp') or {}).get('peers'):
        planner.results.get('calicoctl_node', {}).pop('peers', None)  # with many nodes they are most of an answer, and once is enough
    return dict(changed=False, facts=facts, plan=planner.results)
