#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: variables
short_description: Validate the variables of all hosts of a run together
version_added: 0.1.0
description:
  - Compares every variable that begins with C(calico_) with the argument specs of this collection's roles, and fails with one message before anything is
    touched. All playbooks begin with it.
  - Text where a list or a dictionary is required is refused. Extra variables in the form C(NAME=VALUE) and answers of surveys are text.
  - Values that are none of the choices, or not of their type, are refused, and so is what the filters of the roles would refuse.
  - A name that no role and no playbook of this collection knows is refused, with the nearest one that is known. Where C(calico_unknown_variables) is C(warn)
    for all hosts, it is warned of instead.
  - What is set and has no effect as the rest is set, such as C(calico_policies) without C(calico_policy), is warned of.
  - A variable that is made of what is not known yet, such as of what preflight finds, is validated where it is used.
  - Runs on the controller. Run it once, at the beginning.
author:
  - dcos.calico maintainers (@dcos)
options:
  hosts:
    description:
      - Names of the hosts.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
"""

EXAMPLES = r"""
- name: Validate the variables of all hosts together
  dcos.calico.variables:
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
"""

RETURN = r"""
checked:
  description: The hosts whose variables were validated.
  returned: always
  type: list
  elements: str
  sample: [agent1, agent2]
groups:
  description: Of each host the groups from which later plays take their hosts, by what its variables switch on.
  returned: always
  type: dict
  sample: {agent1: [calico_wants_policy], master1: [calico_masters_without_node]}
components:
  description: Of each host the optional components that are switched on and still to be validated.
  returned: always
  type: dict
  sample: {agent1: [docker_network, verify]}
"""
