#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: diagnostics
short_description: Make bundles for a support ticket
version_added: 0.1.0
description:
  - For the playbooks of this collection. Collects logs, states, versions, rules, routes and settings of a host, beside what M(dcos.calico.agent_plan) finds
    there, or the keys of Calico's datastore, and makes one archive of each host and one of the cluster on the controller.
  - Nothing is changed on a host, and no file is written there. The texts go to the controller as the result of the module, from which the action plugin takes
    them out.
  - Secrets are taken out before a text leaves the host, by what is known of its structure where that is known, and by patterns where it is not.
  - What is not there, was cut or could not be read stands in the index of the bundle, and fails nothing.
author:
  - dcos.calico maintainers (@dcos)
options:
  of:
    description:
      - V(start) makes the directory of a run, before any host is asked, V(host) the bundle of a host, V(datastore) that of the cluster with the keys of the
        datastore, and V(cluster) completes it with what is known of all hosts together. V(start) and V(cluster) run on the controller only; run them once.
    type: str
    required: true
    choices: [start, host, datastore, cluster]
  directory:
    description:
      - For O(of=start) the directory on the controller below which that of the run is made, otherwise that of the run. Without it there is no file.
    type: path
    default: ""
  started:
    description:
      - What O(of=start) returned, for O(all_seconds).
    type: float
  steps:
    description:
      - What M(dcos.calico.agent_plan) takes. The action plugin makes it of the variables of this collection.
    type: list
    elements: dict
    default: []
    suboptions:
      job:
        description:
          - Name of the module.
        type: str
        required: true
        choices:
          - agent_files
          - agent_info
          - calicoctl_config
          - calicoctl_node
          - calicoctl_resource
          - calicoctl_resource_info
          - cni_network
          - etcd_member
          - etcd_proxy
          - executable
          - mesos_agent
          - sysctl
      args:
        description:
          - Arguments of the module.
        type: dict
        required: true
  hours:
    description:
      - How old lines of logs may be. That of a container is bounded by O(lines) alone where its lines have no time.
    type: int
    default: 24
  lines:
    description:
      - Lines of a file of the bundle. Of logs they are the last.
    type: int
    default: 5000
  entry_size:
    description:
      - KiB of a file of the bundle.
    type: int
    default: 1024
  size:
    description:
      - KiB of a bundle, before it is compressed.
    type: int
    default: 8192
  command_seconds:
    description:
      - Seconds for a command.
    type: int
    default: 20
  seconds:
    description:
      - Seconds for a host. What was not collected by then is left out.
    type: int
    default: 120
  all_size:
    description:
      - KiB of all bundles together. A host gets no more than its part.
    type: int
    default: 1048576
  all_seconds:
    description:
      - Seconds since O(started) after which no host is asked any more.
    type: int
    default: 3600
  config:
    description:
      - calicoctl's configuration file on the host.
    type: path
    default: /etc/calico/calicoctl.cfg
  units:
    description:
      - Units of Calico and etcd. Those of Docker, DC/OS and network managers are collected too.
    type: list
    elements: str
    default: [calico-node.service, calico-etcd-proxy.service]
  cni_dir:
    description:
      - Directory of the CNI configuration.
    type: path
    default: /opt/mesosphere/etc/dcos/network/cni
  plugin_dirs:
    description:
      - Directories of the CNI plugins.
    type: list
    elements: path
    default: []
  log_dir:
    description:
      - Directory in which calico/node has its logs on the host.
    type: path
    default: /var/log/calico
  felix_health_port:
    description:
      - Port of Felix' health. It is not asked without one.
    type: int
  hosts:
    description:
      - For O(of=cluster), names of all hosts.
    type: list
    elements: str
    default: []
  result:
    description:
      - For O(of=cluster), name of the variable in which each host has the result of this module, also where that failed.
    type: str
  status:
    description:
      - For O(of=cluster), the result of M(dcos.calico.status).
    type: dict
    default: {}
  datastore:
    description:
      - For O(of=cluster), the result of this module with O(of=datastore).
    type: dict
    default: {}
  findings:
    description:
      - For O(of=cluster), the result of M(dcos.calico.preflight).
    type: dict
    default: {}
extends_documentation_fragment:
  - dcos.calico._attributes.info
attributes:
  check_mode:
    description: Looks at the host, and says what it would write on the controller.
    support: full
  action:
    description: Has a corresponding action plugin, which makes the archives on the controller.
    support: full
"""

EXAMPLES = r"""
- name: Make a directory for the bundles
  dcos.calico.diagnostics:
    of: start
    directory: /var/tmp
  run_once: true
  register: run

- name: Make the bundle of a host, in a play that knows the variables of this collection's roles
  dcos.calico.diagnostics:
    of: host
    directory: "{{ run.path }}"
    started: "{{ run.started }}"
  register: calico_agent
"""

RETURN = r"""
path:
  description: The directory of the run on the controller.
  returned: with O(of=start), from the action plugin
  type: str
  sample: /var/tmp/calico-diagnostics-20261129T062539Z
started:
  description: When the run was started, by the clock of the controller that nobody sets.
  returned: with O(of=start), from the action plugin
  type: float
  sample: 8134.25
facts:
  description: What C(agent_info) found, as M(dcos.calico.agent_plan) returns it; from the action plugin it is beside C(plan) instead.
  returned: with O(of=host) and O(of=datastore), from the module
  type: dict
  sample: {}
plan:
  description: As M(dcos.calico.agent_plan) returns it.
  returned: with O(of=host) and O(of=datastore)
  type: dict
  sample: {sysctl: {changed: true, names: [net.ipv4.ip_forward]}}
error:
  description: Why there is neither C(facts) nor C(plan).
  returned: where what would change on the host is not known
  type: str
  sample: no answer within 120 seconds
content:
  description: The texts, for the action plugin, which takes them out.
  returned: success, from the module
  type: str
  sample: eJwDAAAAAAE=
bundle:
  description:
    - The C(file) in the directory of the run, with its C(packed) size in bytes and its C(sha256), the C(size) of what is in it, and its C(entries), each with
      its C(name), C(size) and C(seconds) and, in C(note), what of it was left out and why.
  returned: success, from the action plugin
  type: dict
  sample: {file: host-agent1.tar.gz, packed: 91824, sha256: 50d858e0985ecc7f60418aaf0cc5ab587f42c2570a884095a9e8ccacd0f6545c, size: 912003, entries: []}
brief:
  description: The C(directory), the C(bundles) with their sizes and checksums, and the hosts C(without) one, each with why.
  returned: with O(of=cluster), from the action plugin
  type: dict
  sample: {directory: /var/tmp/calico-diagnostics-20261129T062539Z, bundles: [], without: {agent4: Connection timed out}}
text:
  description: The same in lines, as it is shown.
  returned: with O(of=cluster), from the action plugin
  type: list
  elements: str
  sample: ["Diagnostics of 3 of 4 hosts and of the cluster are in /var/tmp/calico-diagnostics-20261129T062539Z (812 KiB)."]
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._diagnostics import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True, quiet=True)


if __name__ == '__main__':
    main()
