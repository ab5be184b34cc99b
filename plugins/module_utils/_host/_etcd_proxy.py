# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's v2 proxy of this host."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd, _etcd_guard, _etcd_service, _network, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

# Seconds in which a proxy whose members just came up recovers by itself.
GRACE = 3


def desired(params):
    """Service of the proxy, with its url and the seconds to wait; raises ValidationError."""
    _etcd_service.check_common(params)
    listen = params['listen_client_urls']
    if not listen:
        raise ValidationError('listen_client_urls is empty', remedy='Name at least one address for the proxy')
    for url in listen:
        _etcd.check_url(url, 'listen_client_urls:')
    for url in params['members']:
        _etcd.check_url(url, 'members:')
    if not params['members']:
        _etcd.check_plain(params['discovery_srv'], 'discovery_srv', _etcd.DOMAIN)
    client, peer, copies = _etcd_service.tls_of(params)
    folder, path = params['data_dir'], params['executable']['path']
    noted = os.path.join(folder, 'proxy', 'cluster')
    argv = [path] + _etcd.proxy_flags(folder, listen, params['discovery_srv'], params['members'], client, peer)
    users = [] if params['state'] == 'absent' else _etcd_guard.check_users(params['allowed_users'])
    guard = _etcd_guard.Guard(_etcd_service.UNIT_FOLDER, _systemd.check_name(params['unit']), listen, users)
    text = _etcd.unit_text('etcd_proxy', 'etcd v2 proxy for Calico', params['user'], argv, units=[guard.name] if guard.text else [],
                           before=([guard.test] if guard.text else []) + [['/bin/rm', '-f', noted]])
    gone = [noted, noted + '.bak', os.path.dirname(noted), folder]
    service = _etcd_service.Service(params, text, copies, listen, gone=gone)
    service.guard = guard
    service.url = _etcd.local_url(listen[0])
    service.tls = client if service.url.startswith('https:') else _etcd.Tls()
    service.wait = params['wait']
    service.noted = noted
    return service


def look(service, actual, plans):
    """Answer of a proxy that runs and that nothing is to be done with, else None. A port that is taken ends the run before anything is touched."""
    if service.absent:
        return None
    if actual.units[service.unit].active != 'active':
        _etcd_service.check_ports(service.listen, service.unit)
        return None
    if _etcd_service.action(service, plans):
        return None
    answer = _etcd_service.wait(service.url, service.tls, min(GRACE, service.wait))
    if answer.kind == 'v2_off':
        raise _failure(service, answer)
    return answer


def refuse_in_use(service, actual):
    """Raise if the proxy is to go while something on this host has a connection to it, such as a Felix that was not restarted with other endpoints."""
    if not service.absent or actual.units[service.unit].active != 'active':
        return
    users = _network.clients([_etcd.check_url(url, 'listen_client_urls:')[2] for url in service.listen])
    if users:
        raise CalicoError('The etcd proxy of this host (%s) is still in use' % service.unit,
                          why='connected to it: %s' % ', '.join('%s (pid %d)' % (name, pid) for pid, name in users),
                          remedy='Have calico/node and the networks of this host use the members first, which dcos.calico.install does, or stop these')


def reconcile_health(service, actual, answer):
    """Plan with the restart of a proxy that runs but serves nothing. Pure."""
    plan = Plan()
    if answer and not answer.ok:
        plan.add(service.unit, {'serves the v2 API': False, 'because': answer.words}, {'serves the v2 API': True, 'restart': 'finds its members anew'},
                 how=_systemd.Step(service.unit, None, 'restart'))
    return plan


def finish(service, plans, recovery, answer):
    """Make the recovery and wait until the proxy serves; returns the Answer, None if the proxy is to be absent."""
    if service.absent:
        return None
    if recovery.changed:
        _systemd.apply_starts(recovery, wait=False)
    if answer is None or recovery.changed or _etcd_service.action(service, plans):
        answer = _etcd_service.wait(service.url, service.tls, service.wait)
    if not answer.ok:
        raise _failure(service, answer)
    return answer


def _failure(service, answer):
    return _etcd_service.failure('The etcd proxy of this host does not serve the v2 API at %s' % service.url, service.unit, service.listen, answer)


def members(service):
    """Peer URLs of the members as the proxy noted them."""
    return _etcd.peer_urls(_network.read(service.noted))
