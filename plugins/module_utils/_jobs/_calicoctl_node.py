# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""calico/node under systemd; dcos.calico.calicoctl_node and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _health, _node, _node_host, _runner
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _docker, _download, _executables, _images, _started
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = dict(
    name=dict(type='str'),
    ip=dict(type='str'),
    as_number=dict(type='int'),
    backend=dict(type='str', choices=['bird', 'none'], default='bird'),
    image=dict(type='str', default='quay.io/calico/node:v2.6.6'),
    image_archive=dict(type='dict', mutually_exclusive=[_executables.SOURCES], options=dict(
        url=dict(type='str'),
        src=dict(type='path'),
        local_src=dict(type='str'),
        sha256=dict(type='str'),
        sha256_variable=dict(type='str'),
    )),
    pull=dict(type='str', choices=['missing', 'never'], default='missing'),
    image_by_tag=dict(type='bool', default=False),
    calicoctl=dict(type='path', default=_runner.PATH),
    config=dict(type='path', default=_runner.CONFIG),
    libnetwork=dict(type='bool', default=False),
    no_default_ippools=dict(type='bool', default=True),
    log_dir=dict(type='path', default='/var/log/calico'),
    init_system=dict(type='bool', default=True),
    after_units=dict(type='list', elements='str', default=[]),
    restart=dict(type='str', choices=['auto', 'never', 'always'], default='auto'),
    health=dict(type='dict', default={}, options=dict(
        felix_port=dict(type='int'),
        port_access=dict(type='str', choices=['host', 'all'], default='host'),
        timeout=dict(type='float', default=90),
        stable_seconds=dict(type='float', default=2),
        peers=dict(type='str', default='auto'),
        tolerated_peers=dict(type='list', elements='str', default=[]),
        down_peers=dict(type='str', choices=['fail', 'report'], default='fail'),
    ), apply_defaults=True),
    receipts=dict(type='path', default=_executables.RECEIPTS),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
    **_download.DOWNLOAD_SPEC
)
REQUIRED_IF = [('state', 'present', ('name', 'ip'))]


def wanted_image(params):
    """The _images.Image; refuses an archive without a sum, and a tag alone."""
    archive = params['image_archive']
    source = _executables.source_of(archive, 'image_archive', _download.Options.of(params)) if archive else None
    image = _images.Image(params['image'], source, params['pull'])
    _images.check_pinned(image, params['image_by_tag'])
    return image


def settle_image(module, actual, image):
    """(Plan, id of the wanted image, needs): outside check mode the image is on this host afterwards, unless something has to be pushed first."""
    params, may_load = module.params, not (module.params['restart'] == 'never' and actual.held_image)
    plan, image_id = _images.reconcile(image, actual.image_id, _executables.read_receipts(params['receipts']))
    needs = _images.needs(image, plan)
    if not plan or needs or module.check_mode:
        return plan if may_load else Plan(), image_id, needs
    image_id, loaded = _images.obtain(image, actual.image_id, _download.Options.of(params), params['receipts'], may_load)
    return plan if loaded else Plan(), image_id, needs


def bring_about(params, actual, work, calicoctl):
    """Apply, wait until the node is healthy, and return (sessions, addresses of peers that are down, id of the container)."""
    _node_host.apply(params, actual, work, calicoctl)
    if work.held:
        return peers_now(params), [], actual.container['Id']
    seen = _health.wait(_health.Wanted(params), actual.addresses(), calicoctl, lambda: _node_host.logs(params),
                        container=None if work.start else actual.container, replaced=(actual.container or {}).get('Id') if work.start else None,
                        fresh=bool(work.start))
    container = actual.container if not work.start else _docker.container_and_image(_node.CONTAINER, params['image'])[0]
    _node_host.note_certificates(actual, container)
    return seen.peers, seen.down, (container or {}).get('Id')


def peers_now(params):
    """The sessions there are; none if BIRD does not answer."""
    try:
        return _bgp.ask() if params['backend'] == 'bird' else []
    except CalicoError:
        return []


def present(module):
    """Have the node run as wanted; see RETURN."""
    params = module.params
    _node.check(params)
    image, calicoctl = wanted_image(params), _runner.Calicoctl(params['calicoctl'], params['config'])
    actual = _node_host.read(params, calicoctl, module.check_mode)
    _node_host.refuse_conflict(params, actual)
    image_plan, image_id, needs = settle_image(module, actual, image)
    work = _node_host.reconcile(params, actual, image_id)
    if _node.closed_port(params) and not actual.closed:
        module.warn("Felix' health port %d stays open to everybody who reaches this host: it has no iptables, or none with the table mangle"
                    % _node.closed_port(params))
    plan = Plan(image_plan)
    plan.extend(work.plan())
    healthy, trouble = None if work.held else True, []
    if module.check_mode or needs:
        peers, down, container_id = peers_now(params), [], actual.container['Id'] if actual.running else None
        if actual.running and not work.start and not work.held:
            seen = _health.look(_health.Wanted(params), actual.addresses(), calicoctl, actual.container)
            healthy, trouble, down = seen.healthy, seen.wrong, seen.down
            if _started.may_note(module, plan):
                _node_host.note_certificates(actual, actual.container)
    else:
        peers, down, container_id = bring_about(params, actual, work, calicoctl)
    return dict(plan.result(module._diff), node_name=params['name'], ip=params['ip'], image=params['image'], image_id=image_id, container_id=container_id,
                action=work.start or 'none', restart_needed=work.held, differences=work.differences, peers=peers,
                peers_down=down, needs=needs, healthy=healthy, trouble=trouble, datastore_read=actual.wanted is not None and actual.nodes is not None)


def absent(module):
    """Have neither unit nor container."""
    actual = _node_host.read(module.params, None, module.check_mode)
    work = _node_host.reconcile_absent(actual)
    if not module.check_mode:
        _node_host.apply_absent(actual, work)
    return work.plan().result(module._diff)


def job(module):
    """Dispatch on the state."""
    return present(module) if module.params['state'] == 'present' else absent(module)
