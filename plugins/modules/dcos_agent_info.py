#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: dcos_agent_info
short_description: List the masters and agents of a DC/OS cluster
version_added: 0.1.0
description:
  - Tells what masters and agents a cluster has, which master leads, and what DC/OS it is, by the cluster's own APIs.
  - Runs on the controller. It only reads; four requests, one more before DC/OS 1.12.
author:
  - dcos.calico maintainers (@dcos)
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._dcos
  - dcos.calico._dcos.actiongroup
options:
  public:
    description:
      - V(true) lists public agents only, V(false) private ones only.
    type: bool
  active:
    description:
      - V(true) lists agents that are connected to the leading master only, V(false) the others only.
    type: bool
  addresses:
    description:
      - Lists the agents that have these addresses only. Those of them that no agent has are returned as RV(missing).
    type: list
    elements: str
  attributes:
    description:
      - Lists the agents that have all these attributes only, each with this value, compared as text.
    type: dict
seealso:
  - plugin: dcos.calico.dcos
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Look at the cluster, as a service account
  dcos.calico.dcos_agent_info:
    url: https://dcos.example.com
    service_account: secrets/calico.json
    ca_path: dcos-ca.crt
  delegate_to: localhost
  register: cluster

- name: Wait until an agent is back
  dcos.calico.dcos_agent_info:
    url: https://dcos.example.com
    token: "{{ dcos_token }}"
    active: true
    addresses: [10.0.1.11]
  delegate_to: localhost
  register: agent
  until: agent.missing == []
  retries: 20
  delay: 15
"""

RETURN = r"""
agents:
  description: The agents, ordered by address.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id in Mesos.
      type: str
      returned: always
      sample: 5b5b9f31-6a4c-4c4c-9f1a-1b1f7a1c0a37-S0
    address:
      description: >-
        Its address, or the host name that Mesos has in its place. Of an agent that the leading master knows from its registry only, what it calls itself;
        empty if that is neither an address nor a host name.
      type: str
      returned: always
      sample: 10.0.1.11
    hostname:
      description: The name by which it registered, on DC/OS its address. Empty if that is neither an address nor a host name of RFC 1123.
      type: str
      returned: always
      sample: 10.0.1.11
    public:
      description: Whether it is a public agent.
      type: bool
      returned: always
      sample: false
    active:
      description: Whether it is connected to the leading master.
      type: bool
      returned: always
      sample: true
    recovered:
      description: Whether the leading master has not heard of it since it leads, and knows of it only from its predecessor.
      type: bool
      returned: always
      sample: false
    attributes:
      description: Its attributes, all as Mesos has them.
      type: dict
      returned: always
      sample:
        rack: "r1"
    resources:
      description: What it has in all; C(mem) and C(disk) are in MiB.
      type: dict
      returned: always
      sample:
        cpus: 4
        mem: 14000
        disk: 30000
        gpus: 0
    version:
      description: Its version of Mesos, null if it does not tell.
      type: str
      returned: always
      sample: 1.5.3
    region:
      description: The region of its fault domain, null if it has none.
      type: str
      returned: always
      sample: aws/eu-central-1
    zone:
      description: The zone of its fault domain, null if it has none.
      type: str
      returned: always
      sample: aws/eu-central-1a
missing:
  description: Those of O(addresses) that none of the agents listed has, be it that they are filtered out.
  returned: success
  type: list
  elements: str
  sample: []
masters:
  description: The masters, ordered by address.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: Its address.
      type: str
      returned: always
      sample: 10.0.0.11
    leader:
      description: Whether it leads.
      type: bool
      returned: always
      sample: true
leader:
  description: Address of the leading master, null if there is none at the moment.
  returned: success
  type: str
  sample: 10.0.0.11
dcos:
  description: What DC/OS it is.
  returned: success
  type: dict
  contains:
    version:
      description: Its version.
      type: str
      returned: always
      sample: 1.11.12
    variant:
      description: V(open) or V(enterprise).
      type: str
      returned: always
      sample: open
    image_commit:
      description: The commit that it was built from, null if it does not tell.
      type: str
      returned: always
      sample: 4d4b1dd1d0a31a7c1d1b8c5b14f8a9a9b1ae9f33
"""

import dataclasses
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _mesos
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import make_client
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import argument_spec
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = argument_spec(
    public=dict(type="bool"),
    active=dict(type="bool"),
    addresses=dict(type="list", elements="str"),
    attributes=dict(type="dict"),
)


def select(agents: list[_mesos.Agent], params: dict[str, Any]) -> list[_mesos.Agent]:
    """Those agents that pass all filters that are given."""
    attributes = {name: _text(value) for name, value in (params["attributes"] or {}).items()}
    return [
        agent
        for agent in agents
        if params["public"] in (None, agent.public)
        and params["active"] in (None, agent.active)
        and (params["addresses"] is None or agent.address in params["addresses"])
        and all(name in agent.attributes and _text(agent.attributes[name]) == value for name, value in attributes.items())
    ]


def _text(value: Any) -> str:
    """As Mesos writes it: a YAML true is its text "true"."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def job(module: AnsibleModule) -> dict[str, Any]:
    """Read, filter, return."""
    client = make_client(module)
    release = _mesos.release(client)
    agents = select(_mesos.agents(client), module.params)
    masters = _mesos.masters(client)
    listed = {agent.address for agent in agents}
    return dict(
        changed=False,
        agents=[dataclasses.asdict(agent) for agent in agents],
        missing=[address for address in module.params["addresses"] or [] if address not in listed],
        masters=[dataclasses.asdict(master) for master in masters],
        leader=next((master.address for master in masters if master.leader), None),
        dcos=dataclasses.asdict(release),
    )


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == "__main__":
    main()
