#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: agent_plan
short_description: Look at a host, and see what modules of this collection would change there
version_added: 0.1.0
description:
  - For the playbooks of this collection. Runs the jobs of several modules in check mode, in one call, and tells what each would change. Nothing is changed.
  - Outside check mode it notes in C(/run/dcos-calico) with which files processes run where the host is as desired, because no module runs there to do so.
    On a host on which something was installed, it notes in C(/var/lib/dcos-calico) as well what is as desired.
  - A job sees what the jobs before it would change, where that matters, such as calico/node the configuration of calicoctl.
  - Where a job cannot tell, its result has C(error), and the module does not fail.
author:
  - dcos.calico maintainers (@dcos)
options:
  steps:
    description:
      - The jobs, in the order in which they would be run.
    type: list
    elements: dict
    suboptions:
      job:
        description:
          - Name of the module.
          - V(agent_info) is to be the first. What it finds is returned as that module returns it.
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
          - Arguments of the module. V(@calico_agent.node.ip@) and V(@calico_agent.node.prefix@) in them stand for what V(agent_info) finds.
        type: dict
        required: true
  drift:
    description:
      - Whether what is required otherwise than when it was last brought about is left as it is, so that later jobs see no change of it.
    type: bool
    default: false
  of:
    description:
      - Instead of O(steps), whose jobs are made of the variables of this collection, V(host) for those of the host, after a look at it, V(datastore) for those
        of the datastore, V(unmanaged) for a look alone at what others have set up on the host.
      - Variables of a host may be made of C(calico_agent), which is what this module finds. Where that is more than the defaults of C(calico_node_name)
        and C(calico_node_ip) need, the host is looked at first, which costs a second call.
    type: str
    choices: [host, datastore, unmanaged]
extends_documentation_fragment:
  - dcos.calico._attributes.info
attributes:
  action:
    description: Has a corresponding action plugin, which makes the steps of variables.
    support: full
"""

EXAMPLES = r"""
- name: See whether the kernel's settings would change
  dcos.calico.agent_plan:
    steps:
      - job: sysctl
        args:
          name: 60-calico
          settings:
            - key: net.ipv4.ip_forward
              value: "1"
  register: plan

- name: See what the host would need of all that dcos.calico.install does, in a play that knows the variables of its roles
  dcos.calico.agent_plan:
    of: host
  register: calico_agent
"""

RETURN = r"""
facts:
  description: What C(agent_info) found, as M(dcos.calico.agent_info) returns it.
  returned: success, unless O(of=host) or O(of=unmanaged)
  type: dict
  sample: {}
found:
  description:
    - The same as text (JSON), because a run keeps it of each host. What templates read of it, such as C(node), is beside C(plan), too.
    - Where variables of the host are made of more than that, and with O(of=unmanaged), all of it is beside C(plan), and this is not returned.
  returned: success, with O(of=host)
  type: str
  sample: '{"node":{"ip":"10.0.1.11"}}'
plan:
  description:
    - For the name of each job what it would do; C(changed), whether it would change something; C(names), what, such as paths of files; C(error), why it
      cannot tell; and a few values of the module's own result, such as C(action).
    - C(installed) says whether what is required is what was last brought about there; V(same), V(other), or V(unknown) where nothing was.
  returned: success
  type: dict
  sample: {sysctl: {changed: true, names: [net.ipv4.ip_forward], installed: same}}
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._agent_plan import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True, quiet=True)


if __name__ == '__main__':
    main()
