#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: calico_docker_network
short_description: Have networks of Calico in Docker
version_added: 0.1.0
description:
  - Makes networks of Calico's libnetwork driver, by which Docker containers join Calico's network. A network belongs to all hosts whose Docker has
    the same C(cluster-store) (M(dcos.calico.docker_cluster_store)), so this is to be run on one of them.
  - Docker cannot change a network. One that is there with another driver or pool is refused.
  - The containers of a network get the Calico profile of its name, which also the containers have of a CNI network of that name.
author:
  - dcos.calico maintainers (@dcos)
options:
  networks:
    description:
      - The networks.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the network.
        type: str
        required: true
      pool:
        description:
          - CIDR of the IP pool that its addresses come from, all of it. Without it they come from all pools.
        type: str
      state:
        description:
          - V(absent) removes it, which is refused while containers are on it.
        type: str
        choices: [present, absent]
        default: present
  create:
    description:
      - V(false) makes and removes nothing, and is an error where a network is missing, for hosts that have to find what another one made. In check mode
        nobody has made one, and nothing is missed.
    type: bool
    default: true
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it. Where Docker or its store are not there yet, that is everything.
  diff_mode:
    description: Shows each network that is made or removed.
    support: full
"""

EXAMPLES = r"""
- name: Have a network of the same name as Mesos' CNI network, and so with the same profile
  dcos.calico.calico_docker_network:
    networks:
      - name: calico
      - name: calico-dmz
        pool: 10.60.0.0/16
"""

RETURN = r"""
networks:
  description: The networks that were asked for.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      returned: always
      type: str
      sample: calico
    pool:
      description: The pool that its addresses come from, null for all.
      returned: always
      type: str
      sample: 10.60.0.0/16
    id:
      description: Its id in Docker; null where it is not there.
      returned: always
      type: str
      sample: 6f2c4b7d1e0a6f2c4b7d1e0a6f2c4b7d1e0a6f2c4b7d1e0a6f2c4b7d1e0a6f2c
    state:
      description: V(present) or V(absent).
      returned: always
      type: str
      sample: present
containers:
  description: Names of the containers that keep a network from being removed.
  returned: failure, if that is why it is refused
  type: list
  elements: str
  sample: [mesos-5b5b9f31-6a4c-4c4c-9f1a-1b1f7a1c0a37]
"""

from ansible_collections.dcos.calico.plugins.module_utils._calico import _docker_rules
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _docker_networks
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import agreed
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = dict(
    networks=dict(type='list', elements='dict', required=True, options=dict(
        name=dict(type='str', required=True),
        pool=dict(type='str'),
        state=dict(type='str', choices=['present', 'absent'], default='present'),
    )),
    create=dict(type='bool', default=True),
)


def read(desired, check):
    """{name: object of docker network inspect}; nothing in check mode where Docker does not answer."""
    try:
        return _docker_networks.inspect([each.name for each in desired])
    except CommandError:
        if check:
            return {}
        raise


def missing_of(desired, actual):
    """Names of those that are to be there and are not."""
    return [each.name for each in desired if each.present and each.name not in actual]


def job(module):
    """Bring the networks to the desired state; see RETURN."""
    desired = _docker_rules.desired(module.params['networks'])
    only_looks = not module.params['create'] and not module.check_mode
    # what another host has made a moment ago comes to this one by the store
    actual = agreed(lambda: read(desired, module.check_mode), lambda found: only_looks and missing_of(desired, found))
    plan = _docker_networks.reconcile(desired, actual)
    missing = missing_of(desired, actual)
    if missing and only_looks:
        raise CalicoError('Docker on this host does not know the networks %s' % ', '.join(missing), why='another host has made them, in the store of its own',
                          remedy='See that docker info shows one Cluster Store on all hosts, and that this one reaches it')
    if not module.params['create']:
        plan = Plan()
    if plan and not module.check_mode:
        _docker_networks.apply(plan)
        actual = read(desired, False)
    return dict(plan.result(module._diff), networks=[
        dict(name=each.name, pool=each.pool, id=(actual.get(each.name) or {}).get('Id'), state='present' if each.present else 'absent') for each in desired])


def main():
    run_module(job, changes_host=True, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
