# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""calico/node on this host: read what is there, plan, and bring it about. The container is made by C(calicoctl node run) only."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import calendar
import os
import time

from ansible_collections.dcos.calico.plugins.module_utils._calico import _felix, _node, _runner
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _closed_port, _command, _docker, _network, _started, _systemd, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import agreed
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

UNIT_DIRECTORY = '/etc/systemd/system'
RUN_TIMEOUT = 120
SETTLE = 0.2  # of its unit; that it is healthy is waited for later
STARTED = 'Calico node started successfully'
ASKED_FOR = 'nothing: a restart is asked for'
LOG_FILES = ('felix/current', 'bird/current', 'confd/current')


class Actual(object):
    """What is there: container, image (of the desired name) and own_image (of the container), objects of docker inspect or None; desired
    (Container by calicoctl --dryrun, None where calicoctl is not set up), nodes (as Calicoctl.nodes() gives them, or None), unit (systemd
    state or None), files ({path: Found}), interface (which has the node's address), closed ({program: our rules, as
    _closed_port.read() gives them})."""
    __slots__ = ('container', 'image', 'own_image', 'desired', 'nodes', 'unit', 'files', 'interface', 'closed')

    def __init__(self, container, image, own_image, desired, nodes, unit, files, interface=None, closed=None):
        self.container = container
        self.image = image
        self.own_image = own_image
        self.desired = desired
        self.nodes = nodes
        self.unit = unit
        self.files = files
        self.interface = interface
        self.closed = closed or {}

    @property
    def running(self):
        state = (self.container or {}).get('State') or {}
        return bool(state.get('Running')) and not state.get('Restarting')

    @property
    def image_id(self):
        return (self.image or {}).get('Id')

    @property
    def held_image(self):
        """Whether the container runs what has the desired name now, so that loading another under that name reaches into it."""
        return self.running and self.container.get('Image') == self.image_id

    def as_container(self):
        """The _node.Container that is there."""
        return _node.from_inspect(self.container, self.own_image)

    def addresses(self):
        """{name: address with prefix or None} of the datastore's nodes."""
        return _node.addresses(self.nodes or ())

    def record(self, name):
        """What the datastore has of a node, None if nothing, or if it could not be asked."""
        return next((node for node in self.nodes or () if node['name'] == name), None)


class Work(object):
    """What is to be done: files, units, port, resource and settings (of the node in the datastore) and node (plans), start (None, start or restart),
    differences (of a running node), held (it is left alone)."""
    __slots__ = ('files', 'units', 'port', 'resource', 'settings', 'start', 'differences', 'held', 'node')

    def __init__(self):
        self.files = Plan()
        self.units = Plan()
        self.port = Plan()
        self.resource = Plan()
        self.settings = Plan()
        self.node = Plan()
        self.start = None
        self.differences = []
        self.held = False

    def plan(self):
        whole = Plan(self.files)
        whole.extend(self.units)
        whole.extend(self.port)
        whole.extend(self.resource)
        whole.extend(self.settings)
        whole.extend(self.node)
        return whole


def unit_path():
    return os.path.join(UNIT_DIRECTORY, _node.UNIT_NAME)


def unit_file(params, interface=None):
    """The TextFile of the unit; absent if the node is not run by systemd."""
    if params['state'] == 'absent' or not params['init_system']:
        return _text_files.TextFile(unit_path(), kind='absent')
    closed = [line for port, sources in sorted(_node.closed_ports(params).items()) for line in _closed_port.unit_lines(port, sources)]
    return _text_files.TextFile(unit_path(), _node.unit_text(params, _docker.present() or '/usr/bin/docker', interface, closed))


def read(params, calicoctl, check_mode):
    """Actual state; in check mode tools that are not there yet, or do not work yet, are no error."""
    return agreed(lambda: _look(params, calicoctl, check_mode), lambda actual: _unsettled(params, actual))


def _unsettled(params, actual):
    """Whether Docker, systemd and the datastore, which are asked one after the other, contradict each other, as while systemd starts the node."""
    if params['state'] == 'absent' or not params['init_system'] or actual.unit is None:
        return False
    if not actual.running:
        return actual.unit.running
    return not actual.unit.running or actual.nodes is not None and not actual.addresses().get(params['name'])


def _look(params, calicoctl, check_mode):
    container = image = own_image = desired = nodes = None
    interface = interface_of(params['ip']) if params['state'] == 'present' else None
    try:
        if _docker.present() is None:
            if params['state'] == 'absent':
                return Actual(None, None, None, None, None, unit_state(), _text_files.read([unit_file(params)]), closed=_closed_port.read())
            raise CalicoError('There is no docker on this host', remedy='Install Docker first: calico/node is a container')
        container, image = _docker.container_and_image(_node.CONTAINER, params['image'])
        if container:
            own_image = image if image and image['Id'] == container.get('Image') else _docker.image(container.get('Image'))
        if params['state'] == 'present':
            desired = dryrun(params, calicoctl, interface)
            nodes = calicoctl.nodes()
    except CalicoError:
        if not check_mode:
            raise
    return Actual(container, image, own_image, desired, nodes, unit_state(), _text_files.read([unit_file(params, interface)]), interface, _closed_port.read())


def interface_of(ip):
    """Name of the interface that has an address (given with its prefix); raises CalicoError if this host does not have it."""
    address, found = ip.split('/')[0], _network.addresses()
    for item in found:
        if item['address'] == address:
            return item['interface']
    raise CalicoError('The address %s of the node is none of this host' % address,
                      why='it has %s' % ', '.join('%(address)s/%(prefix)d on %(interface)s' % item for item in found),
                      remedy='Correct the address (calico_node_ip), or what DC/OS\' detect_ip answers here')


def unit_state():
    """systemd's state of the unit; None on a host without systemctl."""
    try:
        return _systemd.read([_node.UNIT_NAME])[_node.UNIT_NAME]
    except CommandError:
        return None


def dryrun(params, calicoctl, interface):
    """The Container that calicoctl would start; with another configuration than there is, if C(predicted_config) is its text."""
    arguments, text = _node.arguments(params, interface) + ['--dryrun'], params.get('predicted_config')
    if text is None:
        result = calicoctl.run(arguments)
    else:
        result = _runner.Calicoctl(params['calicoctl'], None).run(arguments + ['--config=/dev/stdin'], stdin=text)
    if result.rc != 0:
        raise _runner.explain('node run --dryrun', result)
    return _node.parse_dryrun(result.out)


def refuse_conflict(params, actual):
    """Raise if another node has this node's address: calico/node would end itself, and the node that works could be disturbed."""
    other = _node.conflict(actual.addresses(), params['name'], params['ip'])
    if other:
        what, why, remedy = _node.conflict_words(other, params['name'], params['ip'])
        raise CalicoError(what, why=why, remedy=remedy, conflict=other)


def reconcile(params, actual, image_id):
    """Work to do. Touches nothing; reads only certificates, and what is noted of them.

    :arg image_id: of the image that is required, None if not known (it is not loaded yet, and this is check mode).
    """
    if params['init_system'] and actual.unit is not None:
        _systemd.check_known([_systemd.Unit(_node.UNIT_NAME, enabled=True, optional=True)], {_node.UNIT_NAME: actual.unit})
    work = Work()
    if actual.running:
        work.differences = differences(params, actual, image_id) or ([ASKED_FOR] if params['restart'] == 'always' else [])
    work.held = bool(work.differences) and params['restart'] == 'never'
    if work.held:
        return work
    work.start = 'restart' if work.differences else None if actual.running else 'start'
    work.files = _text_files.reconcile([unit_file(params, actual.interface)], actual.files)
    if params['init_system']:
        _plan_unit(work, actual.unit)
    _plan_port(work, _node.closed_ports(params), actual.closed)
    _plan_resource(work, params, actual.record(params['name']))
    if work.start == 'start':
        work.node.add('container %s' % _node.CONTAINER, None, _node.summary(params))
    elif work.start:
        after = dict(actual.desired.as_dict(), image_id=image_id, differences=[]) if actual.desired else _node.summary(params)
        work.node.add('container %s' % _node.CONTAINER, dict(actual.as_container().as_dict(), differences=work.differences), after)
    return work


def _plan_resource(work, params, found):
    """Have the datastore know the node's address before the node is started, which takes it from there."""
    address = (found or {}).get('ipv4')
    if work.start and address != params['ip']:
        work.resource.add('node %s in the datastore' % params['name'], {'ipv4Address': address} if found else None, {'ipv4Address': params['ip']},
                          how=_node.resource(params, found))


def _plan_unit(work, state):
    """Have the unit enabled and, if the node is to be started, started. A unit whose container is gone may look active."""
    running = state is not None and state.running
    before = {'enabled': state is not None and state.enabled, 'active': state.active if state else 'inactive'}
    after, action = dict(before, enabled=True), None
    if work.start:
        action = 'restart' if running else 'start'
        after['active'] = 'active'
    if running and work.start:
        after['restart'] = 'because it differs' if work.differences else 'because no container runs'
    work.units.add(_node.UNIT_NAME, before, after, how=_systemd.Step(_node.UNIT_NAME, None if before['enabled'] else True, action))


def _plan_port(work, desired, closed):
    """Have Felix' ports reached as required, now: the unit's lines are for its next start. A port that was Felix' before is opened after that, and so is
    what a restart closed in a run that was killed."""
    known = set(desired).union(*[[port for port, source in rules] for rules in closed.values()])
    for port in sorted(known, key=lambda port: (port not in desired, port)):
        steps = [(program,) + step for program in _closed_port.PROGRAMS if program in closed
                 for step in _closed_port.steps(program, closed[program], port, desired.get(port))]
        if steps:
            there = [source for other, source in closed[steps[0][0]] if other == port]
            closes = not all(_closed_port.accepts(source) for source in there)
            work.port.add('port %d' % port, _reached(there if closes else None), _reached(desired.get(port)), how=steps)


def _reached(sources):
    return {'reached from': 'everywhere' if sources is None else ', '.join(['this host'] + sorted(filter(_closed_port.accepts, sources)))}


def has_metrics(actual):
    """Whether a run has given this node metrics: a port of ours accepts somebody, now or by the unit."""
    found = actual.files.get(unit_path())
    return any(_closed_port.accepts(source) for rules in actual.closed.values() for port, source in rules) or '-j ACCEPT' in (found and found.text or '')


def differences(params, actual, image_id):
    """Why a running node must be restarted, as sentences."""
    found = []
    if actual.desired is not None:
        actual.desired.image_id = image_id
        found = _node.differences(actual.desired, actual.as_container())
        found.extend(_other_certificates(actual, params.get('predicted_changes', ())))
    active = actual.unit is not None and actual.unit.running
    if params['init_system'] and not active:
        found.append('%s does not run: the container was started by something else' % _node.UNIT_NAME)
    if not params['init_system'] and active:
        found.append('%s runs and is not required' % _node.UNIT_NAME)
    if actual.nodes is not None and actual.addresses().get(params['name']) != params['ip']:
        found.append('address in the datastore: is %s, should be %s' % (actual.addresses().get(params['name']) or 'not there', params['ip']))
    return found


def _other_certificates(actual, about_to_change):
    paths = actual.desired.certificates()
    for path in _started.other(process_of(actual.container), paths) + [path for path in paths if path in about_to_change]:
        yield 'file %s: not what the container was started with' % path


def note_certificates(actual, container):
    """Note with which certificates the container was started that runs at the end of a run."""
    if actual.desired is not None and container is not None:
        _started.note(process_of(container), actual.desired.certificates())


def process_of(container):
    """The _started.Process of a container: Docker starts one of the same id anew. It writes 2026-11-22T00:00:46.206123456Z."""
    started = (container.get('State') or {}).get('StartedAt')
    try:
        since = calendar.timegm(time.strptime(started[:19], '%Y-%m-%dT%H:%M:%S'))
    except (TypeError, ValueError):
        since = float('inf')
    return _started.Process('container %s' % _node.CONTAINER, '%s %s' % (container.get('Id'), started), since)


def apply(params, actual, work, calicoctl, configure):
    """Write the unit, let systemd know, and start or restart the node. Its health is for others to wait for.

    :arg configure: callable() that makes the changes of work.settings. A port is closed before Felix listens there, and opened when it does no more.
    """
    changed = work.files.names()
    if not params.get('metrics'):
        configure()
    if changed and not params['init_system']:
        stop_unit(actual)
    states = {_node.UNIT_NAME: actual.unit} if actual.unit else {}
    _systemd.write(work.units, states, work.files)
    if _systemd.reload_needed(changed, states):
        _systemd.daemon_reload()
    closed = _node.closed_ports(params)
    steps = [step for change in work.port for step in change.how]
    for step in [step for step in steps if step[2] in closed]:
        _closed_port.change(*step)
    if work.resource:
        calicoctl.apply([change.how for change in work.resource])
    if params.get('metrics'):
        configure()
    if params['init_system']:
        _systemd.apply_starts(work.units, settle=SETTLE)
    elif work.start:
        run(params, calicoctl, actual.interface)
    opened = [step for step in steps if step[2] not in closed]
    _require_unused(actual, set(step[2] for step in opened) - set([(params.get('health') or {}).get('felix_port')]))
    for step in opened:
        _closed_port.change(*step)


def _require_unused(actual, ports):
    """Raise CalicoError where the Felix that ran before still listens on a port that would be opened to everybody."""
    for port in sorted(ports):
        if actual.running and _felix.listens(port, actual.container):
            raise CalicoError('Port %d stays closed' % port, why='Felix still listens there, because it has not taken its new settings',
                              remedy='See in "docker logs calico-node" whether it reaches the datastore, and run again')


def reconcile_absent(actual):
    """Work that takes the unit, the container and the rules that closed its ports away, and nothing else: links, chains, routes and the datastore stay."""
    work = Work()
    if actual.unit is not None and (actual.unit.running or actual.unit.enabled):
        work.units.add(_node.UNIT_NAME, {'enabled': actual.unit.enabled, 'active': actual.unit.active}, {'enabled': False, 'active': 'inactive'})
    work.files = _text_files.reconcile([_text_files.TextFile(unit_path(), kind='absent')], actual.files)
    if actual.container:
        work.node.add('container %s' % _node.CONTAINER, actual.as_container().as_dict(), None)
    _plan_port(work, {}, actual.closed)
    return work


def apply_absent(actual, work):
    """Stop and disable the unit, remove its file and the container, and open the ports that nobody has any more."""
    if work.units or work.files:
        stop_unit(actual)
    _text_files.apply(work.files)
    if work.files:
        _systemd.daemon_reload()
    if work.node:
        _docker.remove_container(_node.CONTAINER)
    for change in work.port:
        for step in change.how:
            _closed_port.change(*step)


def run(params, calicoctl, interface):
    """C(calicoctl node run) without systemd: it removes an old container, starts a new one and reads its log for 10 seconds."""
    result = calicoctl.run(_node.arguments(params, interface), timeout=RUN_TIMEOUT)
    if STARTED not in result.out:
        container = _docker.container_and_image(_node.CONTAINER, params['image'])[0]
        if not container or not (container.get('State') or {}).get('Running'):
            raise CalicoError('calicoctl node run did not start calico/node', why=_runner.said(result)[-600:], remedy='See "docker logs calico-node"')


def stop_unit(actual):
    """Stop and disable the unit if systemd knows it."""
    if actual.unit is not None and actual.unit.exists:
        _systemd.stop([_node.UNIT_NAME])
        _command.run(['systemctl', 'disable', _node.UNIT_NAME], RUN_TIMEOUT)


def logs(params):
    """The last lines of calico/node's log: Docker's while the container lives, else the unit's journal, and those of its parts."""
    text = _docker.logs(_node.CONTAINER) or _systemd.journal_tail(_node.UNIT_NAME, 40).replace(' | ', '\n')
    for name in LOG_FILES:
        text += '\n' + tail(os.path.join(params['log_dir'], name))
    return text


def tail(path, size=16384):
    """The last bytes of a log file as text, '' if it is not there."""
    try:
        with open(path, 'rb') as handle:
            handle.seek(0, os.SEEK_END)
            handle.seek(max(0, handle.tell() - size))
            return handle.read(size).decode('utf-8', 'replace')
    except (IOError, OSError):
        return ''
