#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: mesos_dns_config
short_description: Which addresses Mesos-DNS of a DC/OS master gives for tasks
version_added: 0.1.0
description:
  - Sets C(IPSources) in the configuration of Mesos-DNS, so that C(APP.marathon.mesos) is the address of the container and not of its
    agent, and restarts Mesos-DNS if its process has not read it.
  - Edits the file that the unit reads, open or Enterprise, as JSON. Every other byte of it stays, and so do owner and mode. Links are
    followed, as the file is one of a package of DC/OS with a link to it.
  - Is done when Mesos-DNS works. Its unit is steadily active, its port answers HTTP, it knows C(leader.mesos) by DNS, and it says that
    it uses these sources. If it is not in time, the old file is put back and Mesos-DNS restarted with it, before the module fails.
  - A Mesos-DNS that does not work already is not touched, unless the sources in its file are what it does not start with.
  - One that has lost Mesos, by the time of its last good look at it (C(SOASerial)), goes on answering from what it knew, and is not restarted, whatever
    O(state). A restarted one opens neither DNS nor HTTP before it has read the state of Mesos.
  - Change one master after the other. Clients ask all of them.
author:
  - dcos.calico maintainers (@dcos)
options:
  ip_sources:
    description:
      - What Mesos-DNS tries for the address of a task, in this order, until there is one.
      - V(host) is the agent, V(netinfo) what Mesos knows of the container's networks, V(docker) and V(mesos) are labels of old releases.
      - Not used if O(state=absent).
    type: list
    elements: str
    choices: [docker, host, mesos, netinfo]
    default: [netinfo, host]
  file:
    description:
      - The configuration file. If not given, it is what C(MESOS_DNS_CONFIG) in C(/opt/mesosphere/etc/mesos-dns.env) or
        C(mesos-dns-extras.env) says, else C(/opt/mesosphere/etc/mesos-dns-enterprise.json), else C(mesos-dns.json) beside it.
    type: path
  unit:
    description:
      - Name of the systemd unit.
    type: str
    default: dcos-mesos-dns.service
  wait:
    description:
      - Seconds in which Mesos-DNS has to work.
      - It is given C(refreshSeconds) of its file and 15 seconds more, if that is longer, because it looks again only then where its first look at Mesos fails.
    type: float
    default: 60
  state:
    description:
      - V(present) sets O(ip_sources).
      - V(absent) sets what DC/OS installs, V(host) before V(netinfo).
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
notes:
  - An upgrade of DC/OS, or a change of its configuration, makes the file anew. What lasts is C(mesos_dns_ip_sources) in the
    C(config.yaml) of DC/OS' installer, which RV(installer_setting) spells out.
  - Changing Mesos-DNS may break components. With V(netinfo) first, the name of a Docker container on the bridge of its agent is an
    address that only this agent knows. Names below C(containerip.dcos.thisdcos.directory) are the containers' without any change.
attributes:
  check_mode:
    details:
      - Fails where the run would refuse to change anything.
  diff_mode:
    description: Shows the file and the unit, before and after.
    support: full
"""

EXAMPLES = r"""
- name: Let APP.marathon.mesos be the container, one master after the other
  hosts: masters
  gather_facts: false
  become: true
  serial: 1
  any_errors_fatal: true
  tasks:
    - name: Have Mesos-DNS look for the container's address first
      dcos.calico.mesos_dns_config:

- name: Go back to the agent's address
  hosts: masters
  gather_facts: false
  become: true
  serial: 1
  any_errors_fatal: true
  tasks:
    - name: Have Mesos-DNS give what DC/OS installs
      dcos.calico.mesos_dns_config:
        state: absent
"""

RETURN = r"""
file:
  description: The configuration file as the unit calls it.
  returned: success, and a failure of this file
  type: str
  sample: /opt/mesosphere/etc/mesos-dns.json
target:
  description: The file behind its links, which is the one that is edited.
  returned: success
  type: str
  sample: /opt/mesosphere/packages/dcos-config--setup_0a1b2c/etc/mesos-dns.json
ip_sources:
  description: The sources that are, or in check mode would be, set.
  returned: success
  type: list
  elements: str
  sample: [netinfo, host]
ip_sources_before:
  description: Those that were set before, none if the file had none.
  returned: success
  type: list
  elements: str
  sample: [host, netinfo]
unit:
  description: The systemd unit.
  returned: success
  type: str
  sample: dcos-mesos-dns.service
restarted:
  description: Whether Mesos-DNS was, or in check mode would be, started or restarted.
  returned: success
  type: bool
  sample: true
healthy:
  description: Whether Mesos-DNS works, and does not answer from what it knew of Mesos some time ago. In check mode, whether it does now.
  returned: success
  type: bool
  sample: true
lost_at_upgrade:
  description: Whether the file is one of DC/OS' own packages, so that the edit is lost at the next upgrade or change of configuration.
  returned: success
  type: bool
  sample: true
installer_setting:
  description: The line in the C(config.yaml) of DC/OS' installer that lasts.
  returned: success
  type: str
  sample: "mesos_dns_ip_sources: '[\"netinfo\", \"host\"]'"
restored:
  description: The old file was put back.
  returned: failure after a change
  type: bool
  sample: true
"""

import json
import os

from ansible_collections.dcos.calico.plugins.module_utils._host import _facts_dcos, _mesos_dns, _started, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = dict(
    ip_sources=dict(type='list', elements='str', choices=list(_mesos_dns.SOURCES), default=['netinfo', 'host']),
    file=dict(type='path'),
    unit=dict(type='str', default='dcos-mesos-dns.service'),
    wait=dict(type='float', default=60),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
)


def job(module):
    """Set the sources and see Mesos-DNS work; see RETURN."""
    absent = module.params['state'] == 'absent'
    desired = _mesos_dns.DCOS_DEFAULT if absent else _mesos_dns.check_sources(module.params['ip_sources'])
    unit = _systemd.Unit(module.params['unit'], state='started')
    _mesos_dns.check_host()
    config = _mesos_dns.read(_mesos_dns.find_file(module.params['file']))
    unit.restart_on = [config.target]
    states = _systemd.read([unit])
    _systemd.check_known([unit], states)
    text = _mesos_dns.with_sources(config, desired)
    health = _mesos_dns.look(config)
    late = _mesos_dns.stale(config, unit, states, health, desired)
    plan = _mesos_dns.reconcile(config, text, unit, states, late)
    if plan.changed and not health.ok:
        health = _mesos_dns.wait_healthy(config, min(_mesos_dns.BEFORE_SECONDS, module.params['wait']))
    _mesos_dns.check_alive(plan, health, unit)
    if not absent:
        _mesos_dns.check_before(config, text, health, unit)
    if not module.check_mode:
        health = _mesos_dns.apply(config, text, plan, unit, states, desired, _mesos_dns.patience(config.settings, module.params['wait']))
        _started.note_units([unit], states, late, _systemd.read([unit]) if plan else states)
    return dict(
        plan.result(module._diff),
        file=config.file,
        target=config.target,
        ip_sources=desired,
        ip_sources_before=config.sources,
        unit=unit.name,
        restarted=unit.name in plan.names(),
        healthy=health.ok,
        lost_at_upgrade=config.target.startswith(os.path.join(os.path.realpath(_facts_dcos.ROOT), '')),
        installer_setting="mesos_dns_ip_sources: '%s'" % json.dumps(desired),
    )


def main():
    run_module(job, changes_host=True, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
