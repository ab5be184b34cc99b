#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: preflight
short_description: Validate all hosts together before anything is touched
version_added: 0.1.0
description:
  - Internal to this collection; roles C(calico_preflight) and C(calico_policy) call it.
  - Compares what M(dcos.calico.agent_info) found on each host with what is desired, and fails with one message that lists all failures of all
    hosts, each with its cause and what to do.
  - Runs on the controller. Run it once, after M(dcos.calico.agent_info) ran on all hosts.
author:
  - dcos.calico maintainers (@dcos)
options:
  hosts:
    description:
      - Names of the hosts to validate. With none, only what is required is validated, and what O(expectations.datastore) holds.
    type: list
    elements: str
    required: true
  members:
    description:
      - Those of O(hosts) that run a member of a managed etcd.
    type: list
    elements: str
    default: []
  nodes:
    description:
      - Those of O(hosts) that run calico/node; all of them if not given.
    type: list
    elements: str
  info:
    description:
      - Name of the variable in which each host has the result of M(dcos.calico.agent_info).
    type: str
    required: true
  node_name:
    description:
      - Name of the variable in which a host may have the name of its node. Without it the name is the address by detect_ip.
    type: str
    default: calico_node_name
  node_ip:
    description:
      - Name of the variable in which a host may have its address with prefix. Without it detect_ip is asked, and the interface that has the address.
    type: str
    default: calico_node_ip
  ignore:
    description:
      - Names of checks whose failures count as warnings.
      - They are V(agent_info), V(become), V(calicoctl_cfg), V(checksum), V(cni_duplicate), V(cni_file), V(cni_unmanaged), V(dcos_version), V(docker),
        V(docker_ipv6), V(docker_node_name), V(document), V(etcd), V(etcd_members), V(etcd_open), V(iptables), V(kernel), V(network_in_use),
        V(network_name), V(network_pool), V(node_address), V(node_name), V(pool_cidr), V(pool_in_use), V(pool_overlap), V(port), V(release) and V(variable).
    type: list
    elements: str
    default: []
  mesos:
    description:
      - What M(dcos.calico.dcos_agent_info) returned, or what came instead, where nobody was asked or nobody answered. Agents that are in Mesos alone, or in the
        groups C(agents), C(agents_private) and C(agents_public) of the inventory alone, are a warning. They are the same by an address or host name of Mesos
        that is a host's name, its C(ansible_host), or what its ip-detect says.
      - Of a run with a limit, or a slice of a job of AWX, nothing is said about agents that only Mesos has; nor of those that the leading master does
        not hear of, such as agents that restart, were deactivated, or are known from its registry alone.
      - Nothing is said without it.
    type: dict
  expectations:
    description:
      - What is required.
    type: dict
    required: true
    suboptions:
      release:
        description:
          - The release of Calico.
        type: str
        required: true
      manifest_release:
        description:
          - The release whose digests O(expectations.artifacts) has; empty where that is not known.
        type: str
        default: ""
      pools:
        description:
          - The pools, each with C(cidr), and C(ipip) (V(off), V(always) or V(cross-subnet)), C(disabled) and C(state).
        type: list
        elements: dict
        default: []
      unlisted_pools:
        description:
          - What becomes of pools in the datastore that are not in O(expectations.pools).
        type: str
        choices: [keep, disable, delete]
        default: keep
      forbidden_cidrs:
        description:
          - Networks that others have, beside those that are known of DC/OS and of the hosts.
        type: list
        elements: dict
        default: []
        suboptions:
          cidr:
            description:
              - The network.
            type: str
            required: true
          name:
            description:
              - What it is, for the message.
            type: str
      networks:
        description:
          - The CNI networks, each with C(name), and C(file), C(ipv4_pools), C(state), and the keys C(profile*), as C(calico_networks) has them.
        type: list
        elements: dict
        default: []
      default_profile:
        description:
          - The profile of networks that do not say which.
        type: str
        choices: [unmanaged, open, isolated]
        default: unmanaged
      policies:
        description:
          - The policies, as C(calico_policies) has them.
        type: list
        elements: dict
        default: []
      artifacts:
        description:
          - What is fetched, each with C(name), C(sha256), and C(variable), the name of the variable that gives the checksum. C(image) if it is an image
            that is pulled, and C(by_tag) if its registry is relied on. C(other_version) if its address or name has the version of another release.
        type: list
        elements: dict
        default: []
      documents:
        description:
          - Further documents for calicoctl, as the C(resources) of M(dcos.calico.calicoctl_resource). No pools.
        type: list
        elements: dict
        default: []
      datastore:
        description:
          - What the datastore holds of ipPool, node and workloadEndpoint, as C(resources) of M(dcos.calico.calicoctl_resource_info) gives it. Empty where
            it could not be asked.
        type: dict
        default: {}
      felix_health_port:
        description:
          - Health port of Felix.
        type: int
      metrics_port:
        description:
          - Port of Felix' metrics, if it is to have some.
        type: int
      min_private_agents:
        description:
          - Fewer private agents are a warning.
        type: int
        default: 3
      docker_network:
        description:
          - Containers of Docker on Calico's network.
        type: dict
        default: {}
        suboptions:
          desired:
            description:
              - Whether there are to be any.
            type: bool
            default: false
          disable_ipv6:
            description:
              - Whether new interfaces of the hosts get no IPv6, in this run or already, so that Docker can start them.
            type: bool
            default: false
      etcd:
        description:
          - The datastore.
        type: dict
        default: {}
        suboptions:
          source:
            description:
              - Who runs it. One that is V(managed) or from the V(universe) may not be there yet.
            type: str
            choices: [existing, managed, universe]
            default: existing
          tls:
            description:
              - Whether TLS is required between it and its clients.
            type: bool
            default: false
          proxy:
            description:
              - Whether each host reaches it by a proxy of its own, which may not be there yet.
            type: bool
            default: false
          replaces:
            description:
              - Whether that proxy replaces one of others that has its port.
            type: bool
            default: false
          endpoints:
            description:
              - Endpoints that calicoctl and calico/node use.
            type: list
            elements: str
            default: []
          members:
            description:
              - URLs of the members of a managed one, all of them.
            type: list
            elements: str
            default: []
          masters:
            description:
              - Names of the hosts that run the members of a managed one.
            type: list
            elements: str
            default: []
          client_port:
            description:
              - Port of a managed member for clients.
            type: int
            default: 2379
          peer_port:
            description:
              - Port of a managed member for its peers.
            type: int
            default: 2380
          member_unit:
            description:
              - Systemd unit of a managed member.
            type: str
            default: calico-etcd.service
          open:
            description:
              - Whether a managed etcd without certificates is meant.
            type: bool
            default: false
          proxy_unit:
            description:
              - Systemd unit of a host's own proxy.
            type: str
            default: calico-etcd-proxy.service
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
"""

EXAMPLES = r"""
- name: Look at the host
  dcos.calico.agent_info:
    felix_health_port: 62092
  register: calico_agent

- name: Validate what was found on all hosts together
  dcos.calico.preflight:
    hosts: "{{ ansible_play_hosts }}"
    info: calico_agent
    expectations:
      release: 2.6.6
      pools:
        - cidr: 192.168.0.0/16
      networks:
        - name: calico
      felix_health_port: 62092
      etcd:
        proxy: true
        endpoints: ["http://127.0.0.1:2379"]
  run_once: true
"""

RETURN = r"""
checked:
  description: The hosts that were validated.
  returned: always
  type: list
  elements: str
  sample: [agent1, agent2, agent3]
problems:
  description: The problems found.
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: Name of the host, or C(all hosts) for what concerns what is required.
      type: str
      sample: agent1
    check:
      description: Name of the check.
      type: str
      sample: docker
    what:
      description: What is wrong.
      type: str
      sample: Docker does not run
    why:
      description: Its cause or consequence, or null.
      type: str
      sample: Cannot connect to the Docker daemon
    remedy:
      description: What to do, or null.
      type: str
      sample: Start it
left_out:
  description: The agents that Mesos has and the inventory has not, in words.
  returned: always
  type: list
  elements: str
  sample: [10.0.1.13, "10.0.1.62 (public)"]
findings_ignored:
  description: Names of checks in O(ignore) that found something.
  returned: always
  type: list
  elements: str
  sample: []
notes:
  description: What is worth knowing and stops nothing, in the same shape as RV(problems). Shown as warnings too.
  returned: always
  type: list
  elements: dict
  sample: [{host: all hosts, check: agents, what: there are 2 private agents, why: the guide wants at least 3, remedy: null}]
"""
