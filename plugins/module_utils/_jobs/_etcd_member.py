# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member of a managed etcd; dcos.calico.etcd_member and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd, _etcd_service, _executables, _files, _network, _started, _systemd, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._host._text_files import TextFile
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

URL_LISTS = ('listen_peer_urls', 'listen_client_urls', 'advertise_peer_urls', 'advertise_client_urls')
ADDRESS = re.compile(r'^[0-9.]+\Z|:')
NOTE = 'ETCD_INITIAL_CLUSTER_STATE=%s\n'
HEADER = '# Managed by Ansible (dcos.calico.etcd_member). etcd reads it only while it has no data.\n'


def desired(params):
    """Service of the member, with its url, and what is to become of its data; raises ValidationError."""
    _etcd_service.check_common(params)
    client, peer, copies = _etcd_service.tls_of(params)
    environment = os.path.join(_etcd_service.CONFIG_DIRECTORY, params['unit'].rsplit('.', 1)[0] + '.env')
    text, extra = '', []
    if params['state'] == 'present':
        full = _with_own_urls(params)
        argv = [params['executable']['path']] + _etcd.member_flags(full, client, peer)
        text = _etcd.unit_text('etcd_member', 'etcd member %s for Calico' % params['name'], params['user'], argv,
                               environment_file=environment, notify=False)
        extra = [TextFile(environment, HEADER + NOTE % 'existing')]
        params = full
    service = _etcd_service.Service(params, text, copies, params['listen_client_urls'] + params['listen_peer_urls'], extra, gone=[environment])
    service.environment = environment
    service.name = params['name']
    service.desired_state = params['initial_cluster_state']
    service.purge = params['purge']
    service.wait_for = params['wait_for']
    if service.wait_for == 'auto':
        # A cluster that is made member after member has no quorum before the second one.
        service.wait_for = 'healthy' if has_data(service) else 'started'
    service.wait = params['wait']
    service.url = None
    if not service.absent:
        service.url = _etcd.local_url(params['listen_client_urls'][0])
        service.tls = client if service.url.startswith('https:') else _etcd.Tls()
    return service


def _with_own_urls(params):
    """The params with all URL lists filled in: peers by the member's own entry, clients by listen_client_urls; everything checked."""
    _etcd.check_plain(params['name'] or '', 'name', _etcd.MEMBER_NAME)
    _etcd.check_plain(params['cluster_token'], 'cluster_token', _etcd.MEMBER_NAME)
    names = [member['name'] for member in params['members']]
    urls = [member['peer_url'] for member in params['members']]
    for name in names:
        _etcd.check_plain(name, 'The name of a member', _etcd.MEMBER_NAME)
    for each, what in ((names, 'names'), (urls, 'peer URLs')):
        if len(set(each)) != len(each):
            raise ValidationError('Two members have the same of the %s %s' % (what, ', '.join(each)), remedy='Give each member one of its own')
    if params['name'] not in names:
        raise ValidationError('The member %s is not among the members %s' % (params['name'], ', '.join(names) or '(none)'),
                              remedy='List all members of the cluster, this one too')
    own = [member['peer_url'] for member in params['members'] if member['name'] == params['name']]
    for url in urls:
        _etcd.check_url(url, 'members:')
    if not params['listen_client_urls']:
        raise ValidationError('listen_client_urls is empty', remedy='Name at least one address for clients')
    full = dict(params)
    full['advertise_peer_urls'] = own
    host = _etcd.check_url(own[0], 'members:')[1]
    full['listen_peer_urls'] = params['listen_peer_urls'] or [own[0] if ADDRESS.search(host) else own[0].replace(host, '0.0.0.0')]
    full['advertise_client_urls'] = params['advertise_client_urls'] or [_etcd.reachable_url(url, host) for url in params['listen_client_urls']]
    for key in URL_LISTS:
        for url in full[key]:
            host = _etcd.check_url(url, '%s:' % key)[1]
            if key.startswith('advertise') and host in _etcd.WILDCARDS:
                raise ValidationError('%s cannot be %s' % (key, url), remedy='Give an address by which the other hosts reach this one')
            if key.startswith('listen') and not ADDRESS.search(host):
                raise ValidationError('%s: %s has a name, and etcd listens on addresses only' % (key, url), remedy='Give an address, such as 0.0.0.0')
    return full


def has_data(service):
    """Whether the member has ever run here."""
    return os.path.isdir(os.path.join(service.data_dir, 'member'))


def noted(service):
    """new, existing or None: what an earlier run noted."""
    match = re.search(r'^ETCD_INITIAL_CLUSTER_STATE=(\w+)$', _network.read(service.environment) or '', re.MULTILINE)
    return match.group(1) if match else None


def initial_state(service):
    """What etcd is told at its first start; see _etcd.cluster_state."""
    return _etcd.cluster_state(service.desired_state, has_data(service), noted(service), service.name, service.data_dir)


def check_data(service):
    """Raise before anything is touched if the member's data are gone."""
    if not service.absent:
        initial_state(service)


def reconcile_data(service):
    """Plan that removes the data, for state absent with purge."""
    plan = Plan()
    if service.absent and service.purge and os.path.isdir(service.data_dir):
        plan.add(service.data_dir, 'data of an etcd member' if has_data(service) else 'directory', None)
    return plan


def purge(plan):
    """Remove the data. The unit is stopped by then."""
    for change in plan:
        _files.remove_tree(change.name)


def check_ports(service, actual):
    """Raise before anything is touched if the ports of a member that does not run are taken."""
    if not service.absent and actual.units[service.unit].active != 'active':
        _etcd_service.check_ports(service.listen, service.unit)


def apply(service, actual, plans):
    """Make the changes. While a member makes its cluster its note says so; once it has data the note is C(existing) for good."""
    first = None if service.absent else initial_state(service)
    if first == 'new':
        for change in plans.files:
            if change.name == service.environment:
                change.how = TextFile(service.environment, HEADER + NOTE % 'new')
    _etcd_service.apply(service, actual, plans)


def glance(service, actual):
    """Answer for check mode: one look at a member that runs, else None."""
    if service.absent or service.wait_for != 'healthy' or actual.units[service.unit].active != 'active':
        return None
    return wait(service, 0)


def wait(service, seconds):
    """Answer of the member: ok if it has a quorum, and serves the v2 API."""
    return _etcd_service.wait(service.url, service.tls, seconds, quorum=True)


def finish(service, plans):
    """Wait as required, note that the member has data; returns the Answer, None if health was not asked for."""
    if service.absent:
        return None
    acted = _etcd_service.action(service, plans)
    if acted:
        _systemd.wait_active([service.unit], service.wait)
    answer = None
    if service.wait_for == 'healthy':
        answer = wait(service, service.wait)
    if has_data(service) and noted(service) != 'existing':
        _text_files.write([TextFile(service.environment, HEADER + NOTE % 'existing')])
    if answer and not answer.ok:
        raise _etcd_service.failure('The etcd member %s is not healthy at %s' % (service.name, service.url), service.unit, service.listen, answer)
    return answer


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
    unit=dict(type='str', default='calico-etcd.service'),
    user=dict(type='str', default='calico-etcd'),
    data_dir=dict(type='path', default='/var/lib/calico-etcd'),
    wait_for=dict(type='str', choices=['healthy', 'started', 'auto'], default='healthy'),
    purge=dict(type='bool', default=False),
)
REQUIRED_IF = [('state', 'present', ('name', 'members'))]


def job(module):
    """Bring the member to the desired state and see it healthy; see RETURN."""
    member = desired(module.params)
    check_data(member)
    actual = _etcd_service.read(member, module.check_mode)
    plans = _etcd_service.reconcile(member, actual)
    removal = reconcile_data(member)
    needs = _executables.needs(plans.executables)
    if needs and not module.check_mode:
        return dict(changed=False, needs=needs)
    check_ports(member, actual)
    if module.check_mode:
        answer = glance(member, actual)
        if _started.may_note(module, plans.whole() or removal):
            _etcd_service.note(member, actual, False)
    else:
        apply(member, actual, plans)
        purge(removal)
        answer = finish(member, plans)
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
    )
