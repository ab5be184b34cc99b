#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: workload_info
short_description: List the containers of a host, and the addresses that it has
version_added: 0.1.0
description:
  - Says what a host has of containers and addresses, whatever Calico's datastore knows of them. The kernel is asked for interfaces, routes and the addresses of
    all network namespaces that have a process, Docker for its containers, and the directory of Mesos' CNI isolator for those of the Universal Container
    Runtime. M(dcos.calico.datastore_audit) compares it with the datastore.
  - With O(peers_gone) it waits until BIRD of the host has no such peers any more.
author:
  - dcos.calico maintainers (@dcos)
options:
  config:
    description:
      - calicoctl's configuration file, which says where etcd is.
    type: path
    default: /etc/calico/calicoctl.cfg
  detect_ip:
    description:
      - DC/OS' program that says the address of the host.
    type: path
    default: /opt/mesosphere/bin/detect_ip
  peers_gone:
    description:
      - Addresses of BGP peers that are awaited to be gone from BIRD of this host. It is an error if they are not in time, or if a BIRD that runs does not say.
    type: list
    elements: str
    default: []
  timeout:
    description:
      - Seconds to wait for O(peers_gone).
    type: int
    default: 60
  tasks:
    description:
      - Whether the Mesos agent of the host is asked for its tasks.
    type: bool
    default: false
extends_documentation_fragment:
  - dcos.calico._attributes.agent
  - dcos.calico._attributes.info
"""

EXAMPLES = r"""
- name: List the containers of the host, and the addresses that it has
  dcos.calico.workload_info:
  register: workloads

- name: Wait until BIRD has no session with a node that was removed
  dcos.calico.workload_info:
    peers_gone: [10.0.1.13]
"""

RETURN = r"""
names:
  description: The address that DC/OS' detect_ip says, and the host name.
  returned: success
  type: list
  elements: str
  sample: [10.0.1.11, agent1]
configured:
  description: Whether O(config) is there.
  returned: success
  type: bool
  sample: true
interfaces:
  description: Interfaces of containers on Calico's networks, on the side of the host.
  returned: success
  type: list
  elements: str
  sample: [cali4a5e9f0c-me]
addresses:
  description: Addresses of all network namespaces that have a process, the host's own among them.
  returned: success
  type: list
  elements: str
  sample: [10.0.1.11, 127.0.0.1, 192.168.72.193]
container_routes:
  description: Addresses that the host has a route to by the interface of a container.
  returned: success
  type: list
  elements: str
  sample: [192.168.72.193]
other_routes:
  description: Addresses that the host has a route of their own to by another host.
  returned: success
  type: list
  elements: str
  sample: []
docker:
  description: IDs of Docker's running containers.
  returned: success
  type: list
  elements: str
  sample: [7f2e5d5d5c0f4d4e8c1c5a1e9f0b7a6d3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f]
docker_error:
  description: Why Docker's containers are not known; null where they are.
  returned: success
  type: str
  sample:
mesos:
  description: IDs of containers that Mesos' CNI isolator has attached to a network and not yet detached.
  returned: success
  type: list
  elements: str
  sample: [4a5e9f0c-mesos-uuid]
plugin_at_work:
  description: Whether a CNI plugin of Calico's runs at this moment, so that what the datastore has is about to change.
  returned: success
  type: bool
  sample: false
peers:
  description: Addresses of BIRD's BGP peers.
  returned: success
  type: list
  elements: str
  sample: [10.0.1.12]
sessions:
  description: Those of RV(peers) with a session that is established.
  returned: success
  type: list
  elements: str
  sample: [10.0.1.12]
bird_error:
  description: Why BIRD's peers are not known; null where they are.
  returned: success
  type: str
  sample:
tasks:
  description:
    - IDs of the tasks that are C(live) on the Mesos agent, states of those that have C(ended) by their ID, and in C(error) why they are not known. In DC/OS
      Enterprise the agent answers nobody without a token. A host without an agent has none.
  returned: with O(tasks)
  type: dict
  sample: {live: [web.4a5e9f0c], ended: {}, error: null}
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._workload_info import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
