# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""calico/node under systemd, and its image; dcos.calico.calicoctl_node and dcos.calico.agent_plan run it.

The image is from its registry or from an archive made by C(docker save). Which one an archive holds is noted in the receipts, so that a host with that
image fetches nothing.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _felix, _health, _node, _node_host, _restart, _runner
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _docker, _download, _executables, _network, _started
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _calicoctl_config
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

UNKNOWN = '(in the archive)'
FELIX_SECONDS = 10  # in which it notices another setting, and ends
PINNED = re.compile(r'[^@\s]+@sha256:[0-9a-f]{64}\Z')


class Image(object):
    """A desired image: reference, source (dict as _executables.source_of() gives it, None for the registry), pull (C(missing) or C(never))."""
    __slots__ = ('reference', 'source', 'pull')

    def __init__(self, reference, source, pull='missing'):
        self.reference = reference
        self.source = source
        self.pull = pull

    @property
    def key(self):
        """Its name among the receipts."""
        return 'docker image %s' % self.reference


def check_pinned(desired, by_tag):
    """Raise unless it is known by a digest what would be run, or who gives its name wants to rely on its registry for that."""
    if desired.source is None and desired.pull != 'never' and not by_tag and not PINNED.match(desired.reference):
        raise ValidationError('The image %s is named by a tag alone' % desired.reference, why='what a tag names can change, and calico/node is privileged',
                              remedy='Give image_archive, or the image with its digest (NAME@sha256:...), or set image_by_tag to rely on its registry')


def reconcile_image(desired, present_id, receipts):
    """(Plan, id of the desired image: None if nothing is known of it, UNKNOWN if it is another one than before).

    :arg present_id: id of the image that has the desired name now, or None.
    :arg receipts: as _executables.read_receipts() gives them.
    """
    plan, before = Plan(), {'id': present_id} if present_id else None
    if desired.source is None:
        if not present_id:
            plan.add('image %s' % desired.reference, before, {'from': 'its registry'})
        return plan, present_id
    receipt = receipts.get(desired.key)
    known = receipt['sha256'] if receipt and receipt['source_sha256'] == desired.source['sha256'] else None
    if known is None or known != present_id:
        plan.add('image %s' % desired.reference, before, {'from': 'archive with sha256 %s' % desired.source['sha256']})
    return plan, known or (UNKNOWN if receipt and present_id else None)


def needs_of_image(desired, plan):
    """Sums of files on the controller that have to be pushed first."""
    source = desired.source
    return [source['sha256']] if plan and source and source['local_src'] and not source['src'] else []


def obtain_image(desired, present_id, options, receipts, may_load=True):
    """Have the image on this host; return (its id, whether something was loaded).

    :arg may_load: False only finds out the id: the name stays with the image that has it.
    """
    if desired.source is None:
        if desired.pull == 'never':
            raise CalicoError('There is no image %s on this host' % desired.reference, remedy='Load it, give image_archive, or set pull to missing')
        _docker.pull(desired.reference)
        return _loaded(desired), True
    with _executables.archive(desired.source, options, os.path.dirname(receipts)) as path:
        image_id = _find(desired, _docker.archive_contents(path, desired.source['src'] or _download.shown(desired.source['url'])))
        loads = image_id != present_id and may_load
        if loads:
            _docker.load(path)
    if loads and _loaded(desired) != image_id:
        raise CalicoError('Docker has %s as %s' % (desired.reference, _loaded(desired)), why='the archive holds %s' % image_id,
                          remedy='Look for something else on this host that tags images')
    _executables.update_receipts(receipts, {desired.key: {'source_sha256': desired.source['sha256'], 'member': None, 'sha256': image_id}})
    return image_id, loads


def _loaded(desired):
    image = _docker.image(desired.reference)
    if image is None:
        raise CalicoError('Docker does not know %s after it was loaded' % desired.reference, remedy='Compare with "docker images"')
    return image['Id']


def _find(desired, contents):
    """Id of the desired image in an archive."""
    for image_id, tags in contents:
        if any(_docker.same_reference(tag, desired.reference) for tag in tags):
            return image_id
    names = sorted(tag for image_id, tags in contents for tag in tags)
    raise CalicoError('The archive does not hold %s' % desired.reference, why='it holds %s' % (', '.join(names) or 'images without a name'),
                      remedy='Set the image to one of them, or make the archive with "docker save %s"' % desired.reference)


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
    restart_wait=dict(type='float', default=_node.RESTART_WAIT),
    health=dict(type='dict', default={}, options=dict(
        felix_port=dict(type='int'),
        port_access=dict(type='str', choices=['host', 'all'], default='host'),
        timeout=dict(type='float', default=90),
        stable_seconds=dict(type='float', default=2),
        peers=dict(type='str', default='auto'),
        tolerated_peers=dict(type='list', elements='str', default=[]),
        down_peers=dict(type='str', choices=['fail', 'report'], default='fail'),
    ), apply_defaults=True),
    metrics=dict(type='dict', options=dict(
        port=dict(type='int', required=True),
        scrapers=dict(type='list', elements='str', required=True),
    )),
    receipts=dict(type='path', default=_executables.RECEIPTS),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
    **_download.DOWNLOAD_SPEC
)
REQUIRED_IF = [('state', 'present', ('name', 'ip'))]


def desired_image(params):
    """The Image; refuses an archive without a sum, and a tag alone."""
    archive = params['image_archive']
    source = _executables.source_of(archive, 'image_archive', _download.Options.of(params)) if archive else None
    image = Image(params['image'], source, params['pull'])
    check_pinned(image, params['image_by_tag'])
    return image


def settle_image(module, actual, image):
    """(Plan, id of the desired image, needs): outside check mode the image is on this host afterwards, unless something has to be pushed first."""
    params, may_load = module.params, not (module.params['restart'] == 'never' and actual.held_image)
    plan, image_id = reconcile_image(image, actual.image_id, _executables.read_receipts(params['receipts']))
    needs = needs_of_image(image, plan)
    if not plan or needs or module.check_mode:
        return plan if may_load else Plan(), image_id, needs
    image_id, loaded = obtain_image(image, actual.image_id, _download.Options.of(params), params['receipts'], may_load)
    return plan if loaded else Plan(), image_id, needs


def metrics_settings(params, actual, calicoctl):
    """Plan of the settings for Felix' metrics. A node without is asked only where a run has given it some: others' settings stay."""
    if not params['metrics'] and not _node_host.has_metrics(actual):
        return Plan()
    known = actual.desired is not None and actual.nodes is not None
    if actual.running and not known:  # which the result tells; only a host without a node has none for certain
        return Plan()
    settings = _calicoctl_config.desired(_node.metrics_settings(params))
    return _calicoctl_config.reconcile(settings, _calicoctl_config.read(calicoctl, settings) if known else _calicoctl_config.nothing(settings))


def refuse_open_metrics(params, actual):
    """Raise unless the port of the metrics can be closed to others."""
    needed = ['iptables'] + (['ip6tables'] if _network.ipv6()['supported'] else [])
    missing = [program for program in needed if program not in actual.closed]
    if params['metrics'] and missing:
        raise CalicoError('Felix cannot have metrics on this host', why='port %d would be open to everybody: there is no %s with the table mangle'
                          % (params['metrics']['port'], ' and no '.join(missing)), remedy='Install iptables, or set no metrics')


def configure(actual, work, calicoctl):
    """Make the changes of work.settings, and wait until a Felix that runs has ended for them, so that the health of the next one counts."""
    if not work.settings:
        return
    before = pids(actual)
    _calicoctl_config.apply(calicoctl, work.settings)
    deadline = Deadline(FELIX_SECONDS)
    while not work.start and before & pids(actual) and deadline.pause(_health.PAUSE):
        pass


def pids(actual):
    """Processes of the Felix that runs."""
    return set(pid for pid, age in _felix.processes(actual.container)) if actual.running else set()


def bring_about(params, actual, work, calicoctl, warn):
    """Apply, wait until the node is healthy, and return (sessions, addresses of peers that are down, id of the container)."""
    up = _restart.await_turn(params['restart_wait']) if work.start == 'restart' else []
    with _restart.Restart(up, warn) as restart:
        _node_host.apply(params, actual, work, calicoctl, lambda: configure(actual, work, calicoctl))
        if work.held:
            return peers_now(params), [], actual.container['Id']
        seen = _health.wait(_health.Desired(params), actual.addresses(), calicoctl, lambda: _node_host.logs(params),
                            container=None if work.start else actual.container, replaced=(actual.container or {}).get('Id') if work.start else None,
                            fresh=bool(work.start), restart=restart if up else None)
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
    """Have the node run as required; see RETURN."""
    params = module.params
    _node.check(params)
    image, calicoctl = desired_image(params), _runner.Calicoctl(params['calicoctl'], params['config'])
    actual = _node_host.read(params, calicoctl, module.check_mode)
    _node_host.refuse_conflict(params, actual)
    image_plan, image_id, needs = settle_image(module, actual, image)
    if needs and not module.check_mode:
        return dict(changed=False, needs=needs)
    refuse_open_metrics(params, actual)
    work = _node_host.reconcile(params, actual, image_id)
    if not work.held:
        work.settings = metrics_settings(params, actual, calicoctl)
    if _node.closed_ports(params) and not actual.closed:
        module.warn("Felix' health port %d stays open to everybody who reaches this host: it has no iptables, or none with the table mangle"
                    % min(_node.closed_ports(params)))
    plan = Plan(image_plan)
    plan.extend(work.plan())
    healthy, trouble = None if work.held else True, []
    if module.check_mode:
        peers, down, container_id = peers_now(params), [], actual.container['Id'] if actual.running else None
        if actual.running and not work.start and not work.held:
            seen = _health.look(_health.Desired(params), actual.addresses(), calicoctl, actual.container)
            healthy, trouble, down = seen.healthy, seen.wrong, seen.down
            if _started.may_note(module, plan):
                _node_host.note_certificates(actual, actual.container)
    else:
        peers, down, container_id = bring_about(params, actual, work, calicoctl, module.warn)
    return dict(plan.result(module._diff), node_name=params['name'], ip=params['ip'], image=params['image'], image_id=image_id, container_id=container_id,
                action=work.start or 'none', restart_needed=work.held, differences=work.differences, peers=peers,
                peers_down=down, healthy=healthy, trouble=trouble, datastore_read=actual.desired is not None and actual.nodes is not None)


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
