#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: docker_cluster_store
short_description: Have this host's Docker keep its networks in etcd, together with others
version_added: 0.1.0
description:
  - Docker containers join Calico's network by a libnetwork plugin, which is part of calico/node. The network belongs to all hosts, so Docker needs a store
    that they share. Its setting is C(cluster-store) of C(daemon.json). Other settings in that file, their order, its owner and mode are kept.
  - Docker has to be restarted for it. That ends its containers, except where C(live-restore) is on. Without O(restart=true) the module
    refuses that, and names them. Where the running daemon has the store already, nothing is restarted.
  - Afterwards it waits until Docker is back with the store, and calico/node is healthy again. If Docker does not come back, the old file is put back and Docker
    is started with it.
  - Refuses a file that Docker could not read, a store that somebody else has set, by the file or by flags, a Docker in swarm mode, one before 1.12.3,
    which Calico's plugin does not work with, and one from 23.0 on, which has no such store any more. Outside of check mode, in which nothing
    was started, refuses a host whose calico/node does not run with that plugin, too.
author:
  - dcos.calico maintainers (@dcos)
options:
  endpoints:
    description:
      - URLs of etcd members, or of a proxy. Required with O(state=present).
    type: list
    elements: str
    default: []
  ca_file:
    description:
      - CA certificate of etcd, for TLS.
    type: path
  cert_file:
    description:
      - Client certificate for etcd, for TLS.
    type: path
  key_file:
    description:
      - Key of O(cert_file).
    type: path
  daemon_config:
    description:
      - Docker's configuration file.
    type: path
    default: /etc/docker/daemon.json
  unit:
    description:
      - Docker's unit.
    type: str
    default: docker.service
  restart:
    description:
      - Whether Docker may be restarted while it runs containers that end with it.
    type: bool
    default: false
  refuse_ipv6:
    description:
      - Refuse a host on which Docker could not start a container of Calico's network because the host has IPv6, before anything is changed. That is so for
        Docker 17.04 and later on kernels from 4.0 on, unless C(net.ipv6.conf.default.disable_ipv6) is 1.
    type: bool
    default: true
  timeout:
    description:
      - Seconds in which Docker has to be back, and again as many for calico/node.
    type: float
    default: 180
  felix_port:
    description:
      - Felix' health port, if it has one.
    type: int
  tolerated_peers:
    description:
      - Addresses of BGP peers that may be down.
    type: list
    elements: str
    default: []
  calicoctl:
    description:
      - Path of calicoctl.
    type: path
    default: /opt/calico/bin/calicoctl
  config:
    description:
      - Configuration file of calicoctl.
    type: path
    default: /etc/calico/calicoctl.cfg
  note:
    description:
      - File in which it is noted what this module has set, and so may change or take away.
    type: path
    default: /var/lib/dcos-calico/docker.json
  state:
    description:
      - V(absent) takes the setting away if this module made it, and is refused while Docker has networks of Calico. Docker is restarted for that too.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it. Where Docker is not there yet, that is everything.
  diff_mode:
    description: Shows what changed of the setting, and that Docker is restarted.
    support: full
"""

EXAMPLES = r"""
- name: Configure Docker's cluster store, by the proxy of this host
  dcos.calico.docker_cluster_store:
    endpoints: ["http://127.0.0.1:2379"]
    restart: true
    felix_port: 62092

- name: Go back
  dcos.calico.docker_cluster_store:
    state: absent
    restart: true
"""

RETURN = r"""
store:
  description: The store that Docker has in the end, null without one.
  returned: success
  type: str
  sample: etcd://127.0.0.1:2379
file:
  description: Docker's configuration file.
  returned: success
  type: str
  sample: /etc/docker/daemon.json
version:
  description: Docker's version; null in check mode if it is not there yet.
  returned: success
  type: str
  sample: 19.03.5
restarted:
  description: Whether Docker was, or in check mode would be, restarted.
  returned: success
  type: bool
  sample: true
containers:
  description: Names of running containers that ended, or in check mode would end, with that.
  returned: success, and failure if that is why it is refused
  type: list
  elements: str
  sample: [mesos-5b5b9f31-6a4c-4c4c-9f1a-1b1f7a1c0a37]
"""

import os

from ansible_collections.dcos.calico.plugins.module_utils._calico import _docker_rules, _health, _node, _node_host, _restart, _runner
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _docker, _docker_daemon, _docker_networks, _network
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline, agreed
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = dict(
    endpoints=dict(type='list', elements='str', default=[]),
    ca_file=dict(type='path'),
    cert_file=dict(type='path'),
    key_file=dict(type='path', no_log=False),
    daemon_config=dict(type='path', default=_docker.DAEMON_CONFIG),
    unit=dict(type='str', default=_docker_daemon.UNIT),
    restart=dict(type='bool', default=False),
    refuse_ipv6=dict(type='bool', default=True),
    timeout=dict(type='float', default=180),
    felix_port=dict(type='int'),
    tolerated_peers=dict(type='list', elements='str', default=[]),
    calicoctl=dict(type='path', default=_runner.PATH),
    config=dict(type='path', default=_runner.CONFIG),
    note=dict(type='path', default=_docker_daemon.NOTE),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
)


class Actual(object):
    """What is there: config (Config), note (setting that is ours), info (Info or None), names of running containers, node (object of docker inspect)."""
    __slots__ = ('config', 'note', 'info', 'names', 'node')

    def __init__(self, config, note, info=None, names=(), node=None):
        self.config = config
        self.note = note
        self.info = info
        self.names = list(names)
        self.node = node

    def node_variables(self):
        """{name: value} of calico/node's environment; None if it does not run."""
        if not self.node or not self.node['State'].get('Running'):
            return None
        return _node.environment(self.node['Config'].get('Env'))


def read(params, check):
    """Actual; in check mode a host without Docker, or whose Docker does not run, has none."""
    return agreed(lambda: _look(params, check), _unsettled)


def _unsettled(actual):
    """Whether Docker runs with another store than its file has, as between the two steps of somebody who changes it."""
    setting = actual.config.setting()
    return actual.info is not None and setting is not None and actual.info.store != setting['cluster-store']


def _look(params, check):
    config = _docker_daemon.read_config(params['daemon_config'])
    actual = Actual(config, _docker_daemon.noted(params['note']))
    try:
        if check and _docker.present() is None:
            return actual
        actual.info = _docker_daemon.info()
    except CommandError:
        if check:
            return actual
        raise
    actual.names = _docker_daemon.containers()
    actual.node = next((item for item in _docker.inspect(_node.CONTAINER) if 'State' in item), None)
    return actual


def desired(params, actual):
    """The setting that is required; None where there is to be none. What is not ours is left."""
    if params['state'] == 'present':
        return _docker_daemon.setting_of(params['endpoints'], params['ca_file'], params['cert_file'], params['key_file'])
    present = actual.config.setting()
    return present if present != actual.note else None


def check_ipv6(found):
    """Raise where Docker could not start a container of Calico's network: no need to restart it for that."""
    numbers = _docker_daemon.numbers
    if _docker_rules.ipv6_outcome(numbers(found.version), numbers(os.uname()[2]), _network.ipv6()) == 'fails':
        raise CalicoError(_docker_rules.FAILS, why=_docker_rules.WHY, remedy=_docker_rules.REMEDY)


def validate(params, actual, setting, given, check):
    """Raise where it cannot be done, before anything is touched."""
    if actual.info is not None:
        _docker_daemon.check_daemon(actual.info, setting)
        if params['state'] == 'present' and params['refuse_ipv6']:
            check_ipv6(actual.info)
    if setting:
        _docker_daemon.check_unmanaged(actual.config, given, setting, actual.note)
    variables, required = actual.node_variables(), params['state'] == 'present' and not check and actual.info is not None
    if required and (variables or {}).get('CALICO_LIBNETWORK_ENABLED') != 'true':
        raise CalicoError('calico/node has no libnetwork plugin on this host', why='it does not run' if variables is None else 'it was started without it',
                          remedy='Set calico_docker_network to true, and run dcos.calico.install')
    networks = _docker_networks.of_calico() if not setting and actual.config.setting() else []
    if networks:
        raise CalicoError('Docker has networks of Calico: %s' % ', '.join(networks), remedy='Remove them first (module calico_docker_network, state absent)')


def reconcile(params, actual, setting, by_flag):
    """Plan: the file, then the daemon. Pure.

    :arg by_flag: the daemon has the desired store by a flag, so that the file must not have it.
    """
    plan = Plan()
    if not by_flag:
        plan.add(actual.config.file, actual.config.setting(), setting)
    store = setting['cluster-store'] if setting else None
    if plan or (actual.info is not None and actual.info.store != store):
        running = actual.info.store if actual.info is not None else None
        plan.add(params['unit'], {'cluster-store': running}, {'cluster-store': store, 'restart': 'because its store is read at its start only'})
    return plan


def apply(params, actual, setting):
    """Write the file and restart Docker; if that fails, put the old file back and raise."""
    config = actual.config
    written = config.setting() != setting
    if written:
        _docker_daemon.write_config(config, setting, params['note'])
    try:
        _docker_daemon.restart(setting, params['timeout'], params['unit'])
    except CalicoError as error:
        if not written:
            raise
        became = _docker_daemon.put_back(config, params['note'], actual.note, params['unit'])
        raise CalicoError('Docker does not start with cluster-store %s' % (setting or {}).get('cluster-store'), why='%s (%s)' % (error.what, error.why),
                          remedy='%s. See "journalctl -u %s" on the host; hosts after this one were not touched' % (became, params['unit']))


def wait_for_node(params, variables, restart):
    """calico/node ended with Docker and is started by systemd: wait until it is healthy, and its plugin answers again."""
    health = dict(felix_port=params['felix_port'], timeout=params['timeout'], stable_seconds=2, peers='auto', tolerated_peers=params['tolerated_peers'],
                  down_peers='report')
    look = dict(name=variables.get('NODENAME'), backend=variables.get('CALICO_NETWORKING_BACKEND', 'bird'), health=health, log_dir='/var/log/calico')
    deadline = Deadline(params['timeout'])
    while not _docker_daemon.runs(_node.CONTAINER):
        if not deadline.pause(_docker_daemon.PAUSE):
            raise CalicoError('calico/node was not started again within %g seconds' % params['timeout'], remedy='See "journalctl -u calico-node" on the host')
    calicoctl = _runner.Calicoctl(params['calicoctl'], params['config'])
    _health.wait(_health.Desired(look), _node.addresses(calicoctl.nodes()), calicoctl, lambda: _node_host.logs(look), fresh=True,
                 restart=restart)
    while variables.get('CALICO_LIBNETWORK_ENABLED') == 'true' and not _docker_daemon.plugin_answers():
        if not deadline.pause(_docker_daemon.PAUSE):
            raise CalicoError("calico/node is healthy, and its libnetwork plugin does not answer", why='nobody listens on %s' % _docker_daemon.PLUGIN,
                              remedy='See "docker logs calico-node" and /var/log/calico on the host')


def job(module):
    """Bring setting and daemon to the desired state; see RETURN."""
    params = module.params
    actual = read(params, module.check_mode)
    setting = desired(params, actual)
    given = _docker_daemon.daemon_flags(params['unit']) if actual.info is not None else {}
    validate(params, actual, setting, given, module.check_mode)
    plan = reconcile(params, actual, setting, bool(setting) and _docker_daemon.STORE in given)
    restarted = params['unit'] in plan.names()
    ending = [] if not restarted or actual.info is None or actual.info.live_restore else actual.names
    if restarted and actual.info is not None:
        _docker_daemon.check_consent(actual.names, params['restart'], actual.info)
    if plan and not module.check_mode:
        variables = actual.node_variables()
        up = _restart.await_turn() if restarted and variables is not None else []
        with _restart.Restart(up, module.warn) as restart:
            apply(params, actual, setting)
            if variables is not None:
                wait_for_node(params, variables, restart if up else None)
    return dict(plan.result(module._diff), store=setting['cluster-store'] if setting else None, file=params['daemon_config'],
                version=actual.info.version if actual.info is not None else None, restarted=restarted, containers=ending)


def main():
    run_module(job, changes_host=True, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
