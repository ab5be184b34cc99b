# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take Calico off a host: what is there, and each part's removal, what uses a thing before the thing; dcos.calico.uninstall runs it.

Each part looks at what is there when its turn comes, so a host that was installed half, or a run that was killed, needs nothing of its own. What would be
lost with a part and is needed after it (the node's name, the image) is noted before anything is touched.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import glob
import json
import os
import pwd
import re

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup, _dataplane, _felix, _node, _node_host, _node_keys
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import (
    _cni, _command, _copies, _docker, _docker_daemon, _docker_networks, _etcd, _etcd_keys, _etcd_service, _executables, _facts_etcd, _files, _installed,
    _network, _routes, _started, _systemd, _text_files,
)
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import agreed
from ansible_collections.dcos.calico.plugins.module_utils._jobs import (
    _agent_files, _calicoctl_node, _cni_network, _cni_plugin, _datastore, _etcd_member, _etcd_proxy, _executable, _sysctl,
)
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json

STATE = '/var/lib/dcos-calico'
NOTES = os.path.join(STATE, 'uninstall.json')
RUN = '/run/calico'
PLUGINS = ('calico', 'calico-ipam')
ADDRESS = u'/calico/bgp/v1/host/%s/ip_addr_v4'
IMAGE = re.compile(r'^docker image (\S+)\Z')
SECONDS = 60
# What goes on: the units of DC/OS' Mesos, and Docker.
UNITS = ('dcos-mesos-slave.service', 'dcos-mesos-slave-public.service', 'dcos-mesos-master.service', 'docker.service')
NETWORK_MANAGER = '/etc/NetworkManager'
# What of Calico asks etcd's proxy for a moment.
CLIENTS = PLUGINS + ('calicoctl',)
MEMBER_FLAG = re.compile(r'--(advertise-client-urls|trusted-ca-file|cert-file|key-file)=([^\s"]+)')
UNDO_DOCKER = 'Take Docker off Calico first, as "Undo" in docs/docker.md says'

ARGUMENT_SPEC = dict(
    cni_dir=dict(type='path', default=_cni.NETWORK_DIR),
    plugin_dir=dict(type='path', default=_cni.PLUGIN_DIR),
    bin_dir=dict(type='path', default=_cni.BIN_DIR),
    calicoctl_links=dict(type='list', elements='path', default=['/usr/local/bin/calicoctl']),
    config=dict(type='path', default='/etc/calico/calicoctl.cfg'),
    proxy_unit=dict(type='str', default='calico-etcd-proxy.service'),
    proxy_data_dir=dict(type='path', default='/var/lib/calico-etcd-proxy'),
    member=dict(type='str', choices=['keep', 'remove'], default='keep'),
    member_unit=dict(type='str', default='calico-etcd.service'),
    member_data_dir=dict(type='path', default='/var/lib/calico-etcd'),
    user=dict(type='str', default='calico-etcd'),
    sysctl=dict(type='str', default='60-calico'),
    files=dict(type='list', elements='path', default=[]),
    etcd_files=dict(type='list', elements='path', default=[]),
    units=dict(type='list', elements='dict', default=[], options=_systemd.UNITS_SPEC),
    copies_dir=dict(type='path', default=_copies.DIRECTORY),
    log_dir=dict(type='path', default='/var/log/calico'),
    cut_off=dict(type='bool', default=False),
    datastore=dict(type='str', choices=['keep', 'delete', 'untouched'], default='keep'),
    forget_nodes=dict(type='list', elements='str', default=[]),
    timeout=dict(type='float', default=60),
)


class Part(object):
    """A module as the job of a part sees it."""

    def __init__(self, module, params):
        self.check_mode = module.check_mode
        self._diff = True
        self.params = params
        self.warn = module.warn


# ---- what is there

def read_notes():
    """{node, images} of an earlier run of which something is left."""
    try:
        found = from_json(to_native(_files.state_of(NOTES).content() or b'{}'))
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}


def _container():
    """Object of calico/node's container; None without it, or without Docker."""
    return _docker.container_and_image(_node.CONTAINER, _node.CONTAINER)[0] if _docker.present() else None


def node_name(container, notes):
    """What the node of this host is called in the datastore, by its unit, its container or an earlier run; None if none of them says it."""
    unit = re.search(r'--name=(\S+)', _network.read(_node_host.unit_path()) or '')
    if unit:
        return unit.group(1)
    return _node.environment((container or {}).get('Config', {}).get('Env')).get('NODENAME') or notes.get('node')


def named_by_networks(directory, entries):
    """([names of this host's node], sentences about those that are not its own) by the networks' files, which people copy from host to host."""
    names, said, here = [], [], None
    for path, found in sorted(_cni.read(directory).items()):
        name = found.network.config.get('nodename') if _is_calico(found.network) else None
        if not name or not hasattr(name, 'upper'):
            continue
        known = entries.get(ADDRESS % to_text(name))
        here = here if here is not None or not known else [each['address'] for each in _network.addresses()]
        if known and to_native(known.value or '') not in here:
            said.append('The node %s stays, though %s names it: its address %s is none of this host' % (name, path, known.value))
        else:
            names.append(name)
    return names, said


def _is_calico(network):
    return isinstance(network.config, dict) and network.config.get('type') == PLUGINS[0]


def images(container, receipts, notes):
    """References of calico/node's images that are there: of the container, of archives that an install brought, and what was noted of them."""
    found = set(match.group(1) for match in map(IMAGE.match, receipts) if match) | set(notes.get('images') or [])
    if container:
        found.add(container['Config'].get('Image'))
    return sorted(reference for reference in found if reference and _docker.present() and _docker.image(reference))


def containers(entries, node):
    """[{interface, container, addresses}] of what is on Calico's network here, named by the datastore where it was read."""
    known = {}
    for key, entry in entries.items():
        match = _backup.ENDPOINT.match(key)
        if match and match.group(1) == node:
            try:
                value = from_json(entry.value)
                known[value['name']] = (to_native(match.group(3)), sorted(to_native(net).split('/')[0] for net in value.get('ipv4_nets') or []))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
    routes = _routes.routes()
    found = []
    for name in _dataplane.links():
        container, addresses = known.get(name, (None, _routes.containers([route for route in routes if route['interface'] == name])))
        found.append({'interface': name, 'container': container, 'addresses': addresses})
    return found


def users_of_proxy(params, container):
    """[(pid, name)] of who is connected to etcd's proxy of this host, and is not of Calico."""
    unit = params['proxy_unit']
    if _systemd.read([unit])[unit].active != 'active':
        return []
    ports = [_etcd.check_url(url, 'listen_client_urls:')[2] for url in _etcd_proxy.ARGUMENT_SPEC['listen_client_urls']['default']]
    return [(pid, name) for pid, name in _network.clients(ports) if name not in CLIENTS and not _belongs(container)(pid)]


def _belongs(container):
    """callable(pid) -> whether a process is one of a container."""
    return lambda pid: bool(container) and _felix.inside(pid, container)


def refusals(params, found, container):
    """(of what the host's tasks are, of what stays without them): sentences about what uses Calico here, and is not this collection's to take away."""
    of_tasks, said = [], []
    if found and not params['cut_off']:
        names = ', '.join('%s (%s)' % (each['container'] or each['interface'], ', '.join(each['addresses']) or 'no address') for each in found)
        of_tasks.append("Containers are on Calico's network, and would be cut off: %s. Move them away, or set cut_off" % names)
    for path, other in sorted(_cni.read(params['cni_dir']).items()):
        if set(PLUGINS) & set(other.network.plugins) and not _is_calico(other.network):
            said.append("The network of %s uses Calico's plugin, and is not Calico's. Remove it first" % path)
    users = agreed(lambda: users_of_proxy(params, container), bool)
    if users:
        of_tasks.append("etcd's proxy of this host is used by %s. Have that use etcd's members first, or stop it" % _processes(users))
    felixes = _dataplane.other_felixes(_belongs(container))
    if felixes:
        said.append("Another Felix runs on this host (process %s), whose rules, sets and interfaces cannot be told from this one's. Stop it first"
                    % ', '.join(map(str, felixes)))
    try:
        store = to_native((_docker_daemon.read_config(_docker.DAEMON_CONFIG).setting() or {}).get(_docker_daemon.STORE) or '')
    except CalicoError as error:
        store = ''
        said.append('It is not known whether Docker keeps its networks in etcd. %s' % to_native(error).rstrip('.'))
    if store.startswith('etcd://'):
        said.append('Docker keeps its networks in %s (cluster-store in %s). %s' % (store, _docker.DAEMON_CONFIG, UNDO_DOCKER))
    elif _docker.present():
        networks = _docker_networks.of_calico()
        if networks:
            said.append("Docker has networks of Calico's driver: %s. %s" % (', '.join(networks), UNDO_DOCKER))
    return of_tasks, said


def _processes(found):
    return ', '.join('%s (process %d)' % (name, pid) for pid, name in found)


@contextlib.contextmanager
def opened(params, by_member=True):
    """The Store of this host; of one that has a member of it, and no way of its own any more, that member's."""
    unit = _network.read(_etcd_service.UNIT_DIRECTORY, params['member_unit']) if by_member and not os.path.exists(params['config']) else None
    if unit is None:
        with _datastore.opened(params) as store:
            yield store
        return
    flags = dict(MEMBER_FLAG.findall(unit))
    tls = _facts_etcd.Tls(flags.get('trusted-ca-file'), flags.get('cert-file'), flags.get('key-file'))
    store = _etcd_keys.Store(flags.get('advertise-client-urls', '').split(','), tls, params['timeout'])
    try:
        yield store
    finally:
        store.close()


class Datastore(object):
    """What was read of the datastore: entries, error (why it was not), reached, by_member (whether its member here is the only way to it)."""

    def __init__(self, params, by_member):
        self.entries, self.error = {}, None
        self.reached = False
        self.by_member = not os.path.exists(params['config']) and os.path.exists(os.path.join(_etcd_service.UNIT_DIRECTORY, params['member_unit']))
        try:
            with opened(params, by_member) as store:
                self.entries = store.snapshot(_backup.ROOT).entries
            self.reached = True
        except CalicoError as error:
            self.error = error

    def nodes(self):
        return nodes_of(self.entries)


def nodes_of(entries):
    """Names of the datastore's nodes."""
    return sorted(map(to_native, _backup.nodes_in(entries)))


# ---- the parts

class Uninstall(object):
    """Removes part after part: diffs (of all), parts ([{part, changes}]), left (sentences about what stays)."""

    def __init__(self, module):
        self.module, self.params = module, module.params
        self.notes = read_notes()
        self.container = _container()
        self.receipts = _executables.read_receipts(_executables.RECEIPTS)
        self.images = images(self.container, self.receipts, self.notes)
        # Members that go do so together, and one that waits for the others' answer waits in vain.
        self.store = Datastore(self.params, self.module.check_mode or self.params['member'] == 'keep')
        names, left = named_by_networks(self.params['cni_dir'], self.store.entries)
        self.node = node_name(self.container, self.notes) or next(iter(names), None)
        self.containers = containers(self.store.entries, self.node)
        self.has_member = os.path.exists(os.path.join(_etcd_service.UNIT_DIRECTORY, self.params['member_unit']))
        self.keeps_member = self.has_member and self.params['member'] == 'keep'
        self.diffs, self.parts, self.left = [], [], left

    def _others(self, entries):
        """Names of nodes for which the datastore is not to be deleted."""
        return sorted(set(nodes_of(entries)) - set([self.node]) - set(self.params['forget_nodes']))

    def refusals(self):
        """The same of this host, with what speaks against deleting the datastore."""
        of_tasks, said = refusals(self.params, self.containers, self.container)
        if self.params['datastore'] == 'delete':
            others = self._others(self.store.entries)
            if self.store.error and (self.node or os.path.exists(self.params['config'])):
                said.append('The datastore is to be deleted, and could not be read. %s' % self.store.error)
            elif others and not self.module.check_mode:
                said.append('The datastore is to be deleted, and has other nodes: %s. Uninstall their hosts first, or name them in forget_nodes if these are '
                            'gone for good' % ', '.join(others))
        return of_tasks, said

    def run(self):
        """All parts in their order."""
        if not self.module.check_mode:
            self._note()
        self._keeper()
        self._job('CNI networks', _cni_network, dict(dir=self.params['cni_dir'], copies_dir=self.params['copies_dir'], networks=[
            dict(file=os.path.basename(path), state='absent', secret=True)
            for path, found in sorted(_cni.read(self.params['cni_dir']).items()) if _is_calico(found.network)]))
        self._no_new_containers()
        self._job('calico/node', _calicoctl_node, dict(state='absent'))
        self._no_new_containers()  # One can have been on its way, and Mesos detaches it by the plugins.
        self._job('CNI plugins', _cni_plugin, dict(plugins=[dict(name=name) for name in self._installed(PLUGINS)], bin_dir=self.params['bin_dir'], force=True,
                                                   plugin_dir=self.params['plugin_dir'], cni_config_dir=self.params['cni_dir'], state='absent',
                                                   copies_dir=self.params['copies_dir']))
        self._copies()
        self._kernel()
        self._datastore()
        self._job("etcd's proxy", _etcd_proxy, dict(state='absent', unit=self.params['proxy_unit'], data_dir=self.params['proxy_data_dir']))
        if self.has_member and not self.keeps_member:
            self._job('etcd member', _etcd_member, dict(state='absent', unit=self.params['member_unit'], data_dir=self.params['member_data_dir'], purge=True))
        self._own_rules()
        names = self._installed(['calicoctl'] + ([] if self.keeps_member else ['etcd']))
        self._job('executables', _executable, dict(state='absent', executables=[
            dict(path=os.path.join(self.params['bin_dir'], name), links=self.params['calicoctl_links'] if name == 'calicoctl' else []) for name in names]))
        units = [dict((key, value) for key, value in unit.items() if value is not None) for unit in self.params['units']]
        self._job('files', _agent_files, dict(files=[dict(path=path, state='absent') for path in self._paths()], units=units))
        self._links()
        self._directories()
        self._job('kernel settings', _sysctl, dict(name=self.params['sysctl'], state='absent'))
        self._images()
        if not self.keeps_member:
            self._user()
        self._trees()

    def _add(self, part, diffs):
        names = []
        for diff in diffs:
            if diff['before_header'] not in names:
                names.append(diff['before_header'])
        self.diffs += diffs
        if names:
            self.parts.append({'part': part, 'changes': names})

    def _job(self, part, job, args):
        """One part by the job of a module."""
        checked = ArgumentSpecValidator(job.ARGUMENT_SPEC, required_if=getattr(job, 'REQUIRED_IF', None)).validate(args)
        if checked.error_messages:
            raise ValidationError('The part %s cannot take its arguments' % part, why='; '.join(checked.error_messages))
        result = job.job(Part(self.module, checked.validated_parameters))
        self._add(part, result.get('diff') or [])
        for key in result.get('keys_left') or []:
            self.left.append('%s stays as it is: nobody noted what it was, or somebody else has set it since' % key)

    def _plan(self, part, plan, apply):
        """One part by a plan of its own."""
        if not self.module.check_mode:
            apply(plan)
        self._add(part, plan.result(True)['diff'])

    def _note(self):
        found = dict((key, value) for key, value in (('node', self.node), ('images', self.images)) if value)
        if found and found != self.notes:
            _files.ensure_directory(STATE)
            _files.write_atomic(NOTES, json.dumps(found, sort_keys=True) + '\n')

    def _keeper(self):
        """The unit that puts back what is missing, before anything is missing. Whatever calico_keep_files says now, it may be there."""
        units = [os.path.join(_etcd_service.UNIT_DIRECTORY, name) for name in (_copies.WATCH, _copies.SERVICE)]
        self._job('unit that puts files back', _agent_files, dict(
            files=[dict(path=path, state='absent') for path in units + [os.path.join(self.params['bin_dir'], _copies.UNIT)]],
            units=[dict(name=os.path.basename(path), enabled=False, state='stopped', optional=True) for path in units]))

    def _copies(self):
        """Copies of what was not there any more, and their directories."""
        plan, path = Plan(), self.params['copies_dir']
        if os.path.isdir(path) and not os.path.islink(path):
            plan.add(path, 'directory', None)
        self._plan('copies', plan, _remove_paths)

    def _no_new_containers(self):
        """A container that was started between the look and the removal of its network was not agreed to."""
        known = set(each['interface'] for each in self.containers)
        new = [name for name in _dataplane.links() if name not in known]
        if new and not self.params['cut_off'] and not self.module.check_mode:
            raise CalicoError("Containers were started on Calico's network meanwhile: %s" % ', '.join(new), why='none was cut off, and removed so far are: %s'
                              % ', '.join(each['part'] for each in self.parts), remedy='Move them away, and run again')

    def _kernel(self):
        self._no_new_containers()
        self._plan('containers cut off', _dataplane.interfaces(), _dataplane.apply)
        # First what names sets, then the sets.
        self._plan('rules and sets', _dataplane.rules_of_felix(), _dataplane.apply)
        tunnel = self.store.entries.get(_node_keys.TUNNEL % to_text(self.node or ''))
        plan = _dataplane.routes([to_native(tunnel.value or '')] if tunnel else [])
        others = [] if self.module.check_mode else _dataplane.other_birds()
        if others and plan:
            self.left.append('%d routes of BIRD stay: another BIRD runs on this host (process %s), whose they may be'
                             % (len(plan), ', '.join(map(str, others))))
            plan = Plan()
        self._plan('routes', plan, _dataplane.apply)
        if any(change.name.startswith('address') for change in plan):
            self.left.append('The device tunl0 stays, down and without address, until the module ipip is unloaded or the host restarts')

    def _installed(self, names):
        """Those of the executables' names that are of this collection: in its own directory all, in one of others those that it has noted."""
        directory, found = self.params['bin_dir'], []
        for name in names:
            path = os.path.join(directory, name)
            if directory == _cni.BIN_DIR or path in self.receipts:
                found.append(name)
            elif os.path.lexists(path):
                self.left.append('%s stays: it was not installed by this collection' % path)
        return found

    def _own_rules(self):
        """Rules whose units are gone. With a unit they go when it stops, which check mode does not see."""
        stopped = set(['calico/node', "etcd's proxy"]) & set(each['part'] for each in self.parts)
        if not (stopped and self.module.check_mode):
            self._plan('rules of this collection', _dataplane.rules_of_this_collection(), _dataplane.apply)

    def _datastore(self):
        """This host's node, or all of it."""
        if self.params['datastore'] == 'untouched':
            return
        if self.store.error:
            if self.node:
                self.left.append('The node %s stays in the datastore, which could not be asked (%s). If it is no more, remove it on another agent with '
                                 '"calicoctl delete node %s"' % (self.node, str(self.store.error).rstrip('.'), self.node))
            return
        if not self.module.check_mode:
            with opened(self.params) as store:
                self._change_store(store, store.snapshot(_backup.ROOT).entries)
            if os.path.exists(NOTES):  # A later run is not to look for the node: the way to the datastore goes next.
                _files.write_atomic(NOTES, json.dumps({'images': self.images}) + '\n')
        else:
            self._change_store(None, self.store.entries)

    def _change_store(self, store, entries):
        if self.params['datastore'] == 'delete':
            others = [] if self.module.check_mode else self._others(entries)
            if others:
                raise CalicoError('The datastore stays: it has nodes that were made meanwhile (%s)' % ', '.join(others),
                                  remedy='Uninstall their hosts, and run again')
            plan = Plan()
            plan.add('datastore %s' % _backup.ROOT, '%d keys' % sum(1 for entry in entries.values() if entry.value is not None) if entries else None, None)
            self._plan('datastore', plan, lambda changes: store.delete_tree(_backup.ROOT) if changes else None)
            return
        if not self.node:
            return
        reports = _node_keys.reports(entries, self.node)
        plan, kept = _node_keys.reconcile(dict((key, entry) for key, entry in entries.items() if not _inside(key, reports)), self.node)
        for path in reports:
            plan.add(path, _backup.DIRECTORY, None, how='tree')
        for address, handle in sorted(kept.items()):
            self.left.append('The address %s stays given out to %s, and with it its block' % (address, handle or 'nobody who is noted'))
        self._plan('node in the datastore', plan, lambda changes: _delete(store, changes))

    def _paths(self):
        """Files of this collection; Calico's own documentation has people write some of the same name."""
        found = [] if self.keeps_member else list(self.params['etcd_files'])
        for path in self.params['files'] + [self.params['config']]:
            text = _network.read(path)
            if text is not None and _text_files.MARKER not in text:
                self.left.append('%s stays: it was not written by this collection' % path)
            elif text is not None:
                found.append(path)
        return found

    def _links(self):
        """What starts units at boot whose files somebody has removed by hand: systemctl disable does not know such a unit any more."""
        plan, units = Plan(), _etcd_service.UNIT_DIRECTORY
        for name in (_copies.WATCH, _copies.SERVICE, os.path.basename(_node_host.unit_path()), self.params['proxy_unit']):
            for path in sorted(glob.glob(os.path.join(units, '*.wants', name))):
                if os.path.islink(path) and not os.path.exists(path):
                    plan.add(path, 'link', None)
        self._plan('links to units', plan, _remove_links)

    def _directories(self):
        """Directories that were made for what was in them go when nothing else is in them; a run that is killed finds them empty."""
        bin_dir, config = self.params['bin_dir'], _etcd_service.CONFIG_DIRECTORY
        found = [os.path.dirname(path) for path in self.params['files'] if path.endswith('.conf') and '.service.d/' in path]
        found += [os.path.dirname(path) for path in self.params['etcd_files'] if _inside(path, [config])] + [config, bin_dir]
        found += [os.path.dirname(bin_dir)] if os.path.basename(bin_dir) == 'bin' and os.path.dirname(bin_dir) not in ('/', '/usr', '/usr/local') else []
        if os.path.isdir(NETWORK_MANAGER) and os.listdir(NETWORK_MANAGER) == ['conf.d']:  # It is not installed.
            found += [os.path.join(NETWORK_MANAGER, 'conf.d'), NETWORK_MANAGER]
        plan, gone = Plan(), set(diff['before_header'] for diff in self.diffs)
        for path in sorted(set(found), key=lambda path: (-path.count('/'), path)):
            names = sorted(name for name in os.listdir(path) if os.path.join(path, name) not in gone) if os.path.isdir(path) else []
            if names and not self.keeps_member and not path.endswith('.service.d') and not _inside(path, [NETWORK_MANAGER]):
                self.left.append('%s stays: something that is not of this collection is in it (%s)' % (path, ', '.join(names[:5])))
            elif not names and os.path.isdir(path) and not os.path.islink(path):
                plan.add(path, 'directory', None)
                gone.add(path)
        self._plan('directories', plan, lambda changes: [_files.remove_directory(change.name) for change in changes])

    def _images(self):
        plan = Plan()
        for reference in self.images:
            plan.add('image %s' % reference, 'image', None)
        self._plan('images', plan, self._remove_images)

    def _remove_images(self, plan):
        for change in plan:
            reference = change.name.partition(' ')[2]
            said = _docker.remove_image(reference)
            if said:
                self.left.append('The image %s stays: %s' % (reference, said))

    def _user(self):
        """The user of etcd, if an install has made it: by its home and shell."""
        plan = Plan()
        try:
            user = pwd.getpwnam(self.params['user'])
        except KeyError:
            return
        if user.pw_dir not in (self.params['proxy_data_dir'], self.params['member_data_dir']) or user.pw_shell not in _etcd_service.NO_LOGIN:
            self.left.append('The user %s stays: it was not made by this collection' % self.params['user'])
            return
        plan.add('user %s' % user.pw_name, {'home': user.pw_dir}, None)
        self._plan('user', plan, lambda changes: _command.run(['userdel', user.pw_name], SECONDS, check=True))

    def _trees(self):
        """Logs, sockets and notes; last the notes that a killed run needs."""
        plan = Plan()
        for path in [self.params['log_dir'], RUN, os.path.dirname(_started.PATH)] + ([] if self.keeps_member else [STATE]):
            if os.path.isdir(path) and not os.path.islink(path):
                plan.add(path, 'directory', None)
        if self.keeps_member and os.path.exists(NOTES):
            plan.add(NOTES, 'file', None)
        self._plan('logs and notes', plan, _remove_paths)
        if self.keeps_member:
            # Otherwise a repair would take what is gone for what drifted.
            gone, plan = [key for key in _installed.noted() if key.partition(' ')[0] != 'etcd_member'], Plan()
            for key in gone:
                plan.add('note of %s' % key, 'installed', None)
            self._plan('notes of what was installed', plan, lambda changes: _installed.forget(gone) if changes else None)


def _inside(path, directories):
    return any((path + '/').startswith(directory + '/') for directory in directories)


def _delete(store, plan):
    for change in plan:
        if change.how == 'tree':
            store.delete_tree(change.name)
        else:
            store.delete(change.name, change.how)


def _remove_links(plan):
    for change in plan:
        _files.remove(change.name)
    if plan:
        _systemd.daemon_reload()


def _remove_paths(plan):
    for change in plan:
        if os.path.isdir(change.name):
            _files.remove_tree(change.name)
        else:
            _files.remove(change.name)


def _running():
    """{unit: process} of what goes on."""
    return dict((name, state.pid) for name, state in _systemd.read(list(UNITS)).items() if state.active == 'active')


def job(module):
    """Take Calico off this host, or in check mode say what would go; see RETURN."""
    work, before = Uninstall(module), _running()
    of_tasks, said = work.refusals()
    said = of_tasks + said
    if said and not module.check_mode:
        raise CalicoError('Calico stays on this host, and nothing was touched', why='. '.join(said), refusals=said)
    work.run()
    if not module.check_mode:
        after = _running()
        lost = sorted(name for name in before if after.get(name) != before[name])
        if lost:
            raise CalicoError('%s does not run as before' % ', '.join(lost), why='it ended, or was restarted, while Calico was removed',
                              remedy='See "systemctl status" of it before going on with other hosts')
    keys = [key for key, entry in work.store.entries.items() if entry.value is not None]
    return dict(
        dict({'diff': work.diffs} if module._diff else {}, changed=bool(work.parts)),
        parts=work.parts, left=work.left, refusals=said, of_tasks=of_tasks, node=work.node, containers=work.containers,
        member=work.has_member,
        datastore=dict(reached=work.store.reached, by_member=work.store.by_member, nodes=work.store.nodes(), key_count=len(keys),
                       error=str(work.store.error) if work.store.error else None),
    )
