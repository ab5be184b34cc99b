#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: calicoctl_resource
short_description: Keep Calico's resources a list in one call
version_added: 0.1.0
description:
  - Brings IP pools, BGP peers, nodes, policies, profiles and host endpoints of Calico 2.6 (API version v1) in the datastore to the desired state
    with calicoctl 1.6.
  - Reads each kind once, compares, applies only what differs in one call, and reads it again to be sure.
  - Documents are checked before anything is touched. calicoctl accepts overlapping pools; this module does not.
  - Repeats a write while a member of etcd is down or none leads. calicoctl fails about one time in three then.
  - In check mode, where calicoctl or its configuration file is not there yet, the datastore counts as empty, and the whole desired state is
    reported as the change. An etcd that cannot be reached is an error in check mode too.
author:
  - dcos.calico maintainers (@dcos)
options:
  resources:
    description:
      - What is to be there, or with O(state=absent) or O(resources[].state=absent) what is not.
      - Names of fields are those of API version v1, such as C(nat-outgoing). Documents for Calico 3 are refused.
    type: list
    elements: dict
    required: true
    suboptions:
      apiVersion:
        description:
          - The version of the API. Only V(v1) is known.
        type: str
        default: v1
      kind:
        description:
          - V(ipPool), V(bgpPeer), V(node), V(policy), V(profile) or V(hostEndpoint).
        type: str
        required: true
      metadata:
        description:
          - What identifies the resource. C(cidr) of an ipPool; C(scope), C(peerIP) and for one node C(node) of a bgpPeer; C(node) and C(name) of a
            hostEndpoint; C(name) of the others. Labels, tags and annotations stand here too.
        type: dict
        required: true
      spec:
        description:
          - Its properties. Not looked at where it is to be absent.
        type: dict
        default: {}
      state:
        description:
          - Whether this one is to be there. O(state) if not given.
        type: str
        choices: [present, absent]
  state:
    description:
      - V(present) creates or replaces the resources.
      - V(absent) deletes them. A pool that workloads have addresses of and a profile that they have are not deleted unless O(force) is set.
    type: str
    choices: [present, absent]
    default: present
  unmanaged_fields:
    description:
      - What becomes of fields that somebody else set in a resource of O(resources) and that are not named there.
      - V(replace) removes them, as C(calicoctl apply) does. V(keep) keeps them. A list counts as one field.
    type: str
    choices: [replace, keep]
    default: replace
  prune:
    description:
      - Delete all other resources of O(prune_kinds), of policies only those of O(owner) where that is given.
    type: bool
    default: false
  prune_kinds:
    description:
      - The kinds that O(prune) is about. Each must have at least one resource in O(resources) that is to be present, so that an empty list deletes
        nothing by accident; except policies with O(owner), of which none need be listed.
      - Required with O(prune=true).
    type: list
    elements: str
    choices: [ipPool, bgpPeer, node, policy, profile, hostEndpoint]
  owner:
    description:
      - Whose the policies of O(resources) are, such as V(dcos.calico). It is noted in the annotation C(dcos.calico/owner) of each, which Calico itself does
        not look at, so that O(prune) leaves the policies of others alone.
      - Empty notes nothing, and O(prune) is about all policies then.
    type: str
    default: ""
  other_pools:
    description:
      - What becomes of pools that are not in O(resources). V(disable) lets them give out no more addresses and leaves them as they are otherwise, so that
        workloads keep the addresses they have. V(keep) leaves them alone.
    type: str
    choices: [keep, disable]
    default: keep
  removals:
    description:
      - When that is done which takes something away, the deletion of resources and the disabling of pools that give out addresses. Whoever still goes by the
        old state, such as a CNI network that names a pool, fails from then on.
      - V(now) does it with the rest. V(later) does the rest and returns as RV(left) what another call is to do with V(only).
    type: str
    choices: [now, later, only]
    default: now
  forbidden_cidrs:
    description:
      - Networks that no pool of O(resources) may overlap, such as those of the agents, of docker0, of DC/OS' overlay and of its virtual addresses.
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
  force:
    description:
      - Delete pools even if workloads have addresses of them, and profiles even if workloads have them. Workloads keep running, without routes to such
        addresses being looked after, and cut off where their only profile is gone.
    type: bool
    default: false
notes:
  - IPIP needs a setting besides the pools (C(calicoctl config) C(ipip)), which calicoctl turns on with the first pool that wants it and never turns
    off. Whenever O(resources) holds a pool, this module keeps the setting as the pools in the datastore need it, and reports that as a change. Each
    change of it lets Felix start again on every node.
attributes:
  diff_mode:
    description: Shows each resource before and after, in one spelling and without what equals its default.
    support: full
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
  - dcos.calico._calicoctl
"""

EXAMPLES = r"""
- name: Have one pool, away from all other networks
  dcos.calico.calicoctl_resource:
    resources:
      - kind: ipPool
        metadata:
          cidr: 192.168.0.0/16
        spec:
          nat-outgoing: true
    prune: true
    prune_kinds: [ipPool]
    forbidden_cidrs:
      - cidr: 172.17.0.0/16
        name: docker0
      - cidr: 9.0.0.0/8
        name: the DC/OS overlay

- name: Let front ends reach the database, forget an old policy, and leave those of others alone
  dcos.calico.calicoctl_resource:
    owner: dcos.calico
    prune: true
    prune_kinds: [policy]
    resources:
      - kind: policy
        metadata:
          name: old
        state: absent
      - kind: policy
        metadata:
          name: database
        spec:
          selector: role == 'database'
          ingress:
            - action: allow
              protocol: tcp
              source:
                selector: role == 'frontend'
              destination:
                ports: [6379]

- name: Forget a node that is gone
  dcos.calico.calicoctl_resource:
    resources:
      - kind: node
        metadata:
          name: 10.0.0.7
    state: absent
"""

RETURN = r"""
created:
  description: Resources that were, or in check mode would be, created.
  returned: success
  type: list
  elements: str
  sample: [ipPool 192.168.0.0/16]
updated:
  description: Resources that were, or in check mode would be, replaced.
  returned: success
  type: list
  elements: str
  sample: [policy database]
deleted:
  description: Resources that were, or in check mode would be, deleted.
  returned: success
  type: list
  elements: str
  sample: [node 10.0.0.7]
left:
  description: With O(removals=later), resources that are still to be deleted, and pools to be disabled.
  returned: success
  type: list
  elements: str
  sample: [ipPool 10.1.0.0/16]
ipip_setting:
  description: What the setting C(ipip) was, or in check mode would be, changed to. Empty if it was not changed.
  returned: success
  type: str
  sample: "off"
felix_restarts:
  description: Whether the changes let Felix start again on every node.
  returned: success
  type: bool
  sample: false
datastore_read:
  description: Whether the datastore was asked. V(false) in check mode where calicoctl or its configuration file is not there yet.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._calicoctl_resource import ARGUMENT_SPEC, REQUIRED_IF, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True)


if __name__ == '__main__':
    main()
