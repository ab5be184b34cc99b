# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Calico says of a container of the verification, and whether its policies hold: one is made, tried with packets, and removed."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import socket
import time

from ansible_collections.dcos.calico.plugins.module_utils._calico import _resources
from ansible_collections.dcos.calico.plugins.module_utils._calico._probe_names import APP, RUN, short
from ansible_collections.dcos.calico.plugins.module_utils._cni import _config
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _echo, _netns, _network
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import now

# Before the policies of operators, which have numbers like 100.
ORDER = 0.5
TRY = 1.0
MARGIN = 15


def _selector(run, app):
    return "%s == '%s' && %s == '%s'" % (RUN, run, APP, short(app))


def name_of(run, app):
    """Name of the policy that an app of a run tries. Pure."""
    return '.'.join((RUN, run, short(app)))


def document(run, source, target, port):
    """A policy by which one container takes nothing from one other at one port; all else is left to its profiles. Pure."""
    return {
        'apiVersion': _resources.API_VERSION, 'kind': 'policy', 'metadata': {'name': name_of(run, source)},
        'spec': {'order': ORDER, 'selector': _selector(run, target), 'types': ['ingress'], 'ingress': [
            {'action': 'deny', 'protocol': 'tcp', 'source': {'selector': _selector(run, source)}, 'destination': {'ports': [port]}},
            {'action': 'pass'}]},
    }


def leftovers(policies, apps, runs):
    """Those policies that were made for one of some apps, of the same names in another run, by runs that are over. Pure.

    :arg runs: runs whose containers are still there.
    """
    own, found = set(short(app) for app in apps), []
    for policy in policies:
        parts = policy['metadata']['name'].split('.', 2)
        if len(parts) == 3 and parts[0] == RUN and parts[1] not in runs and parts[2] in own:
            found.append(policy)
    return found


def node_name(directory, network):
    """The node that the CNI network of a name attaches containers to: what its file says, or the host's name, as the plugin has it."""
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
        found = _config.parse_config(_network.read(directory, name) or '')
        if found.kind == 'network' and found.name == network:
            section = found.config
            while isinstance(section, dict) and not section.get('nodename') and isinstance(section.get('delegate'), dict):
                section = section['delegate']
            if section.get('nodename'):
                return section['nodename']
    return socket.gethostname()


def endpoint(workloads, address):
    """{node, workload, interface, profiles, labels} of the endpoint with an address, among documents; None if there is none. Pure."""
    for found in workloads:
        spec, metadata = found.get('spec') or {}, found['metadata']
        if '%s/32' % address in (spec.get('ipNetworks') or []):
            return {'node': metadata.get('node'), 'workload': metadata.get('workload'), 'interface': spec.get('interfaceName'),
                    'profiles': spec.get('profiles') or [], 'labels': metadata.get('labels') or {}}
    return None


def pools(documents):
    """[{cidr, disabled, nat_outgoing, ipip}] of pool documents. Pure."""
    found = []
    for one in documents:
        spec = one.get('spec') or {}
        ipip = spec.get('ipip') or {}
        found.append({'cidr': one['metadata']['cidr'], 'disabled': bool(spec.get('disabled')), 'nat_outgoing': bool(spec.get('nat-outgoing')),
                      'ipip': ipip.get('mode', 'always') if ipip.get('enabled') else 'off'})
    return found


def _denied(address, port, open_port, seconds):
    """{denied, allowed}: what became of a try at a port once it is closed, or None if it stayed open; and of one at another port then."""
    end = now() + seconds
    while True:
        denied = _echo.tcp(address, port, TRY)['error']
        if denied is not None:
            return {'denied': denied, 'allowed': _echo.until(3, lambda left: _echo.tcp(address, open_port, left))['error']}
        if now() > end:
            return {'denied': None, 'allowed': None}
        time.sleep(_echo.PAUSE)


def attempt(calicoctl, pid, own, partner, params):
    """{partner, before, denied, allowed, after, error}: what became of tries at the port of a partner that a policy closes, and at another one meanwhile.

    :arg pid: a process of the own container. :arg own, partner: containers.
    """
    address, port, seconds = partner['address'], params['denied_port'], params['wait']
    found = {'partner': partner['agent'], 'before': None, 'denied': None, 'allowed': None, 'after': None, 'error': None}
    policy = document(params['run'], own['app'], partner['app'], port)
    try:
        found['before'] = _netns.inside(pid, lambda: _echo.until(3, lambda left: _echo.tcp(address, port, left)), MARGIN)['error']
        if found['before'] is not None:
            return found
        try:
            calicoctl.apply([policy])
            found.update(_netns.inside(pid, lambda: _denied(address, port, params['port'], seconds), seconds + MARGIN))
        finally:
            calicoctl.delete([policy])
        found['after'] = _netns.inside(pid, lambda: _echo.until(seconds, lambda left: _echo.tcp(address, port, left)), seconds + MARGIN)['error']
    except CalicoError as error:
        found['error'] = str(error)
    return found
