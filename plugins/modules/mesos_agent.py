#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: mesos_agent
short_description: Restart the Mesos agent of this host where something needs it, and wait until it is registered and its tasks run
version_added: 0.1.0
description:
  - From DC/OS 1.9 on a new or changed CNI network needs no restart, because Mesos 1.2 and later read a network when it is first used. What the agent
    was started with does. Its environment files are compared with the environment of its process, for C(MESOS_NETWORK_CNI_CONFIG_DIR) and
    C(MESOS_NETWORK_CNI_PLUGINS_DIR).
  - After a restart it waits until the unit is steadily active, the agent answers under the same id and is registered with the master, every task that ran
    is there again, and rp_filter is strict, which the unit of DC/OS loosens at each start.
  - The state before is read from the agent's own API. Where that requires authentication, as in DC/OS Enterprise, see O(closed_api).
  - An agent that does not run is left alone.
author:
  - dcos.calico maintainers (@dcos)
options:
  restart:
    description:
      - V(auto) restarts it where what it was started with has changed.
      - V(always) does so too where one of O(files) is not what it was started with, which is what guides for older releases ask for after each change of a
        network. What an earlier run did not get to is done by the next one.
      - V(never) only tells.
    type: str
    choices: [auto, always, never]
    default: auto
  files:
    description:
      - Files that the agent must have been started after, with O(restart=always), such as those of CNI networks.
    type: list
    elements: path
    default: []
  changed_files:
    description:
      - Those of them that this run changes, which in check mode have not changed yet.
    type: list
    elements: path
    default: []
  timeout:
    description:
      - Seconds in which it has to be back. Mesos gives an agent up after 10 minutes.
    type: float
    default: 300
  rp_filter:
    description:
      - Whether C(net.ipv4.conf.all.rp_filter), and that of each C(cali*), must not be 2 in the end.
    type: bool
    default: true
  closed_api:
    description:
      - What to do where the agent's API requires authentication, so that neither its registration nor its tasks can be seen from here.
      - V(refuse) fails before anything is touched.
      - V(accept) restarts it, waits until the unit is steadily active, and returns RV(confirmed=false), for whoever asks Mesos.
    type: str
    choices: [refuse, accept]
    default: refuse
  address:
    description:
      - Address of the agent's API. Without it O(detect_ip) is asked.
    type: str
  port:
    description:
      - Port of the agent's API.
    type: int
    default: 5051
  detect_ip:
    description:
      - Script that tells the address of this host.
    type: path
    default: /opt/mesosphere/bin/detect_ip
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
attributes:
  diff_mode:
    description: Shows why it is restarted.
    support: full
"""

EXAMPLES = r"""
- name: Restart the agent if its plugin path has changed
  dcos.calico.mesos_agent:

- name: Restart it after a change of a network, as guides for older releases say
  dcos.calico.mesos_agent:
    restart: always
    files: [/opt/mesosphere/etc/dcos/network/cni/calico.cni]
"""

RETURN = r"""
unit:
  description: The agent's unit.
  returned: success
  type: str
  sample: dcos-mesos-slave.service
action:
  description: What was, or in check mode would be, done, V(restart) or V(none).
  returned: success
  type: str
  sample: restart
reasons:
  description: Why it has to be restarted, as sentences.
  returned: success
  type: list
  elements: str
  sample: ["/opt/mesosphere/etc/dcos/network/cni/calico.cni: not what the agent was started with"]
restart_needed:
  description: Whether there are reasons and it was left alone because of O(restart=never).
  returned: success
  type: bool
  sample: false
agent_id:
  description: Its id in Mesos; null if it was not asked, or does not tell.
  returned: success
  type: str
  sample: 5b5b9f31-6a4c-4c4c-9f1a-1b1f7a1c0a37-S0
confirmed:
  description: Whether its registration and its tasks were seen by its API. Also V(true) if nothing was to be done, and in check mode, where nothing is.
  returned: success
  type: bool
  sample: true
tasks:
  description: Ids of the tasks that ran before a restart.
  returned: success
  type: list
  elements: str
  sample: [web.4a5e9f0c-6a4c-11ea-9f1a-1b1f7a1c0a37]
tasks_at_risk:
  description: Those of them whose framework does not checkpoint, which end with the agent.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._mesos_agent import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, changes_host=True, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
