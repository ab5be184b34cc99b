#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: uninstall
short_description: Take Calico off a host
version_added: 0.1.0
description:
  - Removes from a host what the playbooks of this collection installed there, and what calico/node left in the kernel, what uses a thing before the thing.
    In this order, the unit that puts files back, CNI networks, calico/node, CNI plugins, copies of both, interfaces of containers, rules, sets and routes of
    Calico, the host's node in the datastore, etcd's proxy, calicoctl, files, kernel settings, images, the user of etcd, and logs.
  - What is not of this collection stays. Rules in chains of others are deleted by their own words, and no chain of others is emptied.
  - Each part looks at what is there when its turn comes, so a host that is installed half, and a run that was killed, are finished by running it again.
  - With containers on Calico's network, with networks of Docker on Calico, with another CNI network that uses Calico's plugin, with programs that use etcd's
    proxy of the host, and with another Felix nothing is touched. In check mode these are returned.
  - Fails where it cannot be known what there is, such as rules that cannot be read.
  - Fails at the end if Docker or a Mesos unit of DC/OS does not run with the same process as before.
author:
  - dcos.calico maintainers (@dcos)
options:
  cni_dir:
    description: Directory of network configurations. Each network whose type is V(calico) goes.
    type: path
    default: /opt/mesosphere/etc/dcos/network/cni
  plugin_dir:
    description: Directory with links to the plugins.
    type: path
    default: /opt/mesosphere/active/cni
  bin_dir:
    description:
      - Directory of the executables. It goes with its parent directory when nothing else is in them.
      - In another one than the default, executables stay that no install has noted.
    type: path
    default: /opt/calico/bin
  calicoctl_links:
    description: Links to calicoctl.
    type: list
    elements: path
    default: [/usr/local/bin/calicoctl]
  config:
    description: Configuration of calicoctl, which says where the datastore is. One that was not written by this collection stays.
    type: path
    default: /etc/calico/calicoctl.cfg
  proxy_unit:
    description: Unit of etcd's proxy.
    type: str
    default: calico-etcd-proxy.service
  proxy_data_dir:
    description: Its data.
    type: path
    default: /var/lib/calico-etcd-proxy
  member:
    description: What becomes of an etcd member of this host, and its data. While it is kept, what it uses stays.
    type: str
    choices: [keep, remove]
    default: keep
  member_unit:
    description: Unit of the etcd member.
    type: str
    default: calico-etcd.service
  member_data_dir:
    description: Its data.
    type: path
    default: /var/lib/calico-etcd
  user:
    description: User of etcd. One that M(dcos.calico.etcd_proxy) or M(dcos.calico.etcd_member) would not have made so stays.
    type: str
    default: calico-etcd
  sysctl:
    description: Name of the file of kernel settings, as in M(dcos.calico.sysctl), which says what is set back.
    type: str
    default: 60-calico
  files:
    description: Other files to remove. One that lacks this collection's mark stays.
    type: list
    elements: path
    default: []
  etcd_files:
    description: The same for certificates and keys for etcd, which stay with a member that is kept.
    type: list
    elements: path
    default: []
  units:
    description: Units that read the files, as in M(dcos.calico.agent_files).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the unit, with its type.
        type: str
        required: true
      enabled:
        description: Whether it starts at boot. Left as it is if not given.
        type: bool
      state:
        description: Whether it runs. Left as it is if not given.
        type: str
        choices: [started, stopped]
      restart_on:
        description: Files on whose removal it is restarted, if it runs.
        type: list
        elements: path
        default: []
      reload_on:
        description: Files on whose removal it is reloaded, if it runs.
        type: list
        elements: path
        default: []
      optional:
        description: Whether a host without the unit is fine.
        type: bool
        default: false
  copies_dir:
    description: Directory of the copies from which the unit C(calico-agent-files) puts networks and links to plugins back. It goes with all that is in it.
    type: path
    default: /etc/calico/agent-files
  log_dir:
    description: Directory of calico/node's logs. It is removed with all that is in it.
    type: path
    default: /var/log/calico
  cut_off:
    description: Whether containers on Calico's network may be cut off. They go on without a network, and what their framework makes of that is its business.
    type: bool
    default: false
  datastore:
    description:
      - V(keep) removes this host's node from the datastore, its endpoints, and those of its blocks of which no address is given out. Where the datastore
        cannot be asked, that is told, and all else is removed.
      - V(delete) deletes all of C(/calico) instead. It is refused while the datastore cannot be read, or has another node.
      - V(untouched) leaves the node too, to M(dcos.calico.datastore_audit), which knows of all hosts what they have.
    type: str
    choices: [keep, delete, untouched]
    default: keep
  forget_nodes:
    description: Names of nodes that O(datastore=delete) may delete though they are not this host's.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that the datastore may take for one answer.
    type: float
    default: 60
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
attributes:
  check_mode:
    description: Can run in check mode and tell what it would remove, and what speaks against it.
  diff_mode:
    description: Shows what goes.
    support: full
seealso:
  - module: dcos.calico.sysctl
"""

EXAMPLES = r"""
- name: See what Calico has on the host
  dcos.calico.uninstall:
  check_mode: true
  register: calico

- name: Take Calico off the host
  dcos.calico.uninstall:
"""

RETURN = r"""
parts:
  description: What was, or in check mode would be, removed, in order.
  returned: success
  type: list
  elements: dict
  contains:
    part:
      description: What it belongs to.
      returned: success
      type: str
      sample: CNI networks
    changes:
      description: Names of the things.
      returned: success
      type: list
      elements: str
      sample: [/opt/mesosphere/etc/dcos/network/cni/calico.cni]
left:
  description: What stays, and why, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
refusals:
  description: What speaks against it, a sentence each. Outside check mode these are an error.
  returned: success
  type: list
  elements: str
  sample: []
of_tasks:
  description: Those of RV(refusals) that may end when the tasks of DC/OS leave this host.
  returned: success
  type: list
  elements: str
  sample: []
node:
  description: What the node of this host is called in the datastore; null where nothing on the host says it.
  returned: success
  type: str
  sample: 10.0.1.13
containers:
  description: Containers on Calico's network.
  returned: success
  type: list
  elements: dict
  contains:
    interface:
      description: Interface on the host.
      returned: success
      type: str
      sample: cali494c97f0-4a
    container:
      description: ID of the container as the datastore has it, or null.
      returned: success
      type: str
      sample: 494c97f0-4a1b-4ab2-8399-fb6414989512
    addresses:
      description: Its addresses.
      returned: success
      type: list
      elements: str
      sample: [192.168.121.0]
member:
  description: Whether the host has an etcd member of this collection.
  returned: success
  type: bool
  sample: false
datastore:
  description: What was read of the datastore.
  returned: success
  type: dict
  contains:
    reached:
      description: Whether it could be read.
      returned: success
      type: bool
      sample: true
    by_member:
      description: Whether the etcd member of this host is the only way to it that the host has.
      returned: success
      type: bool
      sample: false
    nodes:
      description: Names of its nodes.
      returned: success
      type: list
      elements: str
      sample: [10.0.1.13]
    key_count:
      description: Number of its keys.
      returned: success
      type: int
      sample: 41
    error:
      description: Why it could not be read, or null.
      returned: success
      type: str
      sample: null
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._uninstall import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, changes_host=True, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
