#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: calicoctl_node
short_description: Run calico/node on this host, and wait until it is healthy
version_added: 0.1.0
description:
  - Runs the container calico-node by C(calicoctl node run) of calicoctl 1.6, under a systemd unit or directly.
  - Compares the running container (environment, mounts, image id) with what C(calicoctl node run --dryrun) prints, as a set, and with the
    address that the datastore has of this node.
  - Is only done when Felix is stable, every BGP session that should be there is Established, and BIRD has done recovering from its
    restart, so that the next node of a roll can be restarted without loss. Exit codes and Docker's word are not believed. An unchanged,
    healthy node costs one look.
  - A running node is restarted so that packets of containers go on. The module waits until neither its BIRD nor that of a peer is amid an earlier
    restart, has iptables drop what peers begin to BGP's port until the sessions are back (two BIRDs that connect to each other at once drop routes),
    and has BIRD not wait for peers that were gone before. What a run that was killed left of that goes with the next one.
  - The address is given by the node's resource in the datastore, which is written before the node is started, and not by C(--ip). calicoctl
    takes an address with its prefix for none, and calico/node stores one without as a network of its own (V(/32)), at each start anew, so
    that every other node seems to be across a subnet. Should the resource ever be lost, the node takes the first address of the
    interface that has O(ip).
  - Refuses an address that another node of the datastore has, or that this host does not have, before anything is touched.
  - Felix settings are not options here, but for O(metrics), because C(calicoctl node run) fixes the environment. They belong into the datastore
    (M(dcos.calico.calicoctl_config)).
author:
  - dcos.calico maintainers (@dcos)
options:
  name:
    description:
      - Name of this node in the datastore, the same as C(nodename) of the CNI networks. Required with O(state=present).
    type: str
  ip:
    description:
      - IPv4 address of this node with its prefix, such as V(10.0.2.10/24). An interface of this host must have it. Required with
        O(state=present), because detection takes one of DC/OS's own interfaces, and because without prefix the node is a network of its own.
    type: str
  as_number:
    description:
      - AS number of this node. Without it the node keeps the one that the datastore has of it, else the cluster's is used.
    type: int
  backend:
    description:
      - What speaks BGP, V(none) for policy without routes.
    type: str
    choices: [bird, none]
    default: bird
  image:
    description:
      - The image of calico/node.
    type: str
    default: quay.io/calico/node:v2.6.6
  image_archive:
    description:
      - An archive made by C(docker save) that holds O(image). It is fetched and loaded when Docker has not exactly the image in it. Without
        it the image is pulled.
  pull:
    description:
      - What to do when there is no O(image_archive) and no image, V(missing) pulls it, V(never) is an error.
    type: str
    choices: [missing, never]
    default: missing
  image_by_tag:
    description:
      - Rely on its registry for what O(image) is. Without it, and without O(image_archive), an image that would be pulled needs its digest, as in
        V(quay.io/calico/node@sha256:...), because what a tag names can change.
    type: bool
    default: false
  calicoctl:
    description:
      - Path of calicoctl.
    type: path
    default: /opt/calico/bin/calicoctl
  config:
    description:
      - Configuration file of calicoctl, which says where the datastore is, for this module and for the unit.
    type: path
    default: /etc/calico/calicoctl.cfg
  libnetwork:
    description:
      - Run Calico's plugin for Docker networks too.
    type: bool
    default: false
  no_default_ippools:
    description:
      - Do not let the node make IP pools of its own when the datastore has none.
    type: bool
    default: true
  log_dir:
    description:
      - Directory of the node's logs on this host.
    type: path
    default: /var/log/calico
  init_system:
    description:
      - Run it under the systemd unit C(calico-node.service). Otherwise Docker alone restarts it.
    type: bool
    default: true
  after_units:
    description:
      - Units after which the node's unit starts, beside C(docker.service), such as the one of an etcd proxy.
    type: list
    elements: str
    default: []
  restart:
    description:
      - V(auto) restarts a running node that differs from what is required.
      - V(never) leaves such a node, its unit and its image's name as they are, and returns RV(restart_needed). A node that does not run is started.
      - V(always) restarts a running node in any case, so it changes something each time. For one that has to read the datastore anew.
    type: str
    choices: [auto, never, always]
    default: auto
  restart_wait:
    description:
      - Seconds in which earlier restarts, of this node and of its peers, have to be over before a running node is restarted. BIRD needs some seconds for one,
        and 240 with a peer that is gone. After that the module fails, with nothing touched. A node whose BIRD does not answer, or has no session, waits
        for nobody.
    type: float
    default: 300
  health:
    description:
      - When the node counts as healthy.
    type: dict
    default: {}
    suboptions:
      felix_port:
        description:
          - Felix' health port, if the Felix setting C(HealthEnabled) is on. Without it Felix counts as stable when its process is
            O(health.stable_seconds) old.
        type: int
      port_access:
        description:
          - Felix 2.6 listens for health checks on all addresses of the host. V(host) has iptables drop what comes for that port from elsewhere, from
            containers too; V(all) lets it in.
        type: str
        choices: [host, all]
        default: host
      timeout:
        description:
          - Seconds to wait until it is healthy.
        type: float
        default: 90
      stable_seconds:
        description:
          - Age in seconds at which a Felix counts as stable.
        type: float
        default: 2
      peers:
        description:
          - V(auto) wants a session with every node of the datastore that has an address, as long as there is a mesh, and with every
            configured BGP peer. A number wants as many sessions.
        type: str
        default: auto
      tolerated_peers:
        description:
          - Addresses of peers that may be down.
        type: list
        elements: str
        default: []
      down_peers:
        description:
          - What to do about peers on whose hosts calico/node does not run, which BIRD knows because nobody takes its connection there.
          - V(fail) counts them as missing sessions. V(report) goes on and returns them in RV(peers_down), for whoever looks at all hosts
            together, because a node that is started later in the same run has to come up with this one.
        type: str
        choices: [fail, report]
        default: fail
  metrics:
    description:
      - Have Felix serve its metrics for Prometheus, as settings of this node in the datastore, and let nobody but this host and named addresses reach them.
        The port is closed to others before Felix listens there. Felix restarts itself; the container does not.
      - Without it, metrics that this module gave the node are taken away again.
      - Refused on a host without C(iptables), on one with IPv6 and without C(ip6tables), and with O(init_system=false).
    type: dict
    suboptions:
      port:
        description:
          - Port on which Felix listens, on all addresses of the host.
        type: int
        required: true
      scrapers:
        description:
          - IPv4 addresses and networks that may read the metrics.
        type: list
        elements: str
        required: true
  state:
    description:
      - V(absent) removes the unit and the container, and nothing else. Links, chains, routes and the datastore stay as they are.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
  - dcos.calico._download
  - dcos.calico._download.image
  - dcos.calico._download.timeout
requirements:
  - Docker 1.11 or later
  - systemd 219 or later, with O(init_system=true)
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it. Where Docker or calicoctl are not there yet, that is everything.
  diff_mode:
    description: Shows what changed of image, unit and container.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing, but with O(restart=always).
    support: partial
"""

EXAMPLES = r"""
- name: Run calico/node under systemd
  dcos.calico.calicoctl_node:
    name: 10.0.2.10
    ip: 10.0.2.10/24
    image: quay.io/calico/node@sha256:9eed277af462085b7354b9c0b3fbb2453b62bb116361d2025f6c150eae6e77c8
    after_units: [calico-etcd-proxy.service]
    health:
      felix_port: 62092
    metrics:
      port: 62091
      scrapers: [10.0.9.5]

- name: Start it where it does not run, from an archive, and only tell where it should be restarted
  dcos.calico.calicoctl_node:
    name: 10.0.2.10
    ip: 10.0.2.10/24
    image: calico/node:v2.6.6
    image_archive:
      url: https://mirror.example.com/calico-node-v2.6.6.tar
      sha256: 9eed277af462085b7354b9c0b3fbb2453b62bb116361d2025f6c150eae6e77c8
    restart: never
  register: calico_node

- name: Take it away
  dcos.calico.calicoctl_node:
    state: absent
"""

RETURN = r"""
node_name:
  description: Name of the node.
  returned: state is present
  type: str
  sample: 10.0.2.10
ip:
  description: Its address with prefix.
  returned: state is present
  type: str
  sample: 10.0.2.10/24
image:
  description: The image that is required.
  returned: state is present
  type: str
  sample: quay.io/calico/node:v2.6.6
image_id:
  description: Its id; null in check mode if it is not known yet.
  returned: state is present
  type: str
  sample: sha256:6b8f0c5f0b6c0e0f3d1c8f4cf2e6f9d0f7a2a1a6b0a5d8b1f2f3a4b5c6d7e8f9
container_id:
  description: Id of the container that runs; null in check mode if none does.
  returned: state is present
  type: str
  sample: 4a5e9f0c4a5e9f0c4a5e9f0c4a5e9f0c4a5e9f0c4a5e9f0c4a5e9f0c4a5e9f0c
action:
  description: What was, or in check mode would be, done to the node, V(start), V(restart) or V(none).
  returned: state is present
  type: str
  sample: start
restart_needed:
  description: Whether a running node differs from what is required and was left alone because of O(restart=never).
  returned: state is present
  type: bool
  sample: false
differences:
  description: What differed in the running node, as sentences.
  returned: state is present
  type: list
  elements: str
  sample: ["variable IP: is 10.0.2.10, should be not set"]
peers:
  description: BGP sessions at the end; in check mode those there are.
  returned: state is present
  type: list
  elements: dict
  contains:
    address:
      description: Address of the peer.
      type: str
      sample: 10.0.2.11
    type:
      description: V(node-to-node mesh), V(global) or V(node specific).
      type: str
      sample: node-to-node mesh
    state:
      description: State of BIRD's protocol.
      type: str
      sample: up
    since:
      description: Since when, in BIRD's words.
      type: str
      sample: "23:49:15"
    info:
      description: State of the session.
      type: str
      sample: Established
    established:
      description: Whether the session is up.
      type: bool
      sample: true
peers_down:
  description: Addresses of peers that are down, with O(health.down_peers=report).
  returned: state is present
  type: list
  elements: str
  sample: []
healthy:
  description:
    - Whether the node is healthy at the end. In check mode one look tells it of a node that is left as it is; null of one that differs and is left alone.
  returned: state is present
  type: bool
  sample: true
trouble:
  description: In check mode, what is not healthy.
  returned: state is present
  type: list
  elements: str
  sample: []
waits_for:
  description: Whose earlier restart was not over after O(restart_wait), so that nothing was done.
  returned: failure, if that is why
  type: str
  sample: the BIRD of 10.0.2.11 has not sent all of its routes since it was restarted or stopped
datastore_read:
  description: Whether calicoctl could say what it would start, and which nodes the datastore has.
  returned: state is present
  type: bool
  sample: true
missing_peers:
  description: Addresses with which a session is missing.
  returned: failure, if the node is not healthy
  type: list
  elements: str
  sample: [10.0.2.11]
conflict:
  description: The other node that has this node's address.
  returned: failure, if there is one
  type: str
  sample: agent-7
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._calicoctl_node import ARGUMENT_SPEC, REQUIRED_IF, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, changes_host=True, installs='calicoctl_node', argument_spec=ARGUMENT_SPEC, supports_check_mode=True, required_if=REQUIRED_IF)


if __name__ == '__main__':
    main()
