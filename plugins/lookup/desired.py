# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: desired
short_description: What is desired of a host or of the datastore, as arguments of a module
version_added: 0.1.0
author:
  - dcos.calico maintainers (@dcos)
description:
  - For the roles of this collection. Makes the arguments of a module of the variables of a host, as the plan does, so that both say the same.
  - Arguments that are not set are left out.
options:
  _terms:
    description:
      - One name.
    type: list
    elements: str
    choices:
      - agent_files
      - agent_restart
      - calicoctl
      - docker_networks
      - etcd
      - etcd_member
      - etcd_members
      - etcd_proxy
      - etcd_version
      - kubernetes_kubeconfig
      - kubernetes_network
      - kubernetes_objects
      - manifest
      - networks
      - node
      - policies
      - resources
      - settings
      - sums
      - sysctl
      - uninstall
    required: true
"""

EXAMPLES = r"""
- name: Set kernel parameters
  dcos.calico.sysctl:
    name: "{{ lookup('dcos.calico.desired', 'sysctl').name }}"
    settings: "{{ lookup('dcos.calico.desired', 'sysctl').settings }}"
"""

RETURN = r"""
_raw:
  description: The arguments.
  type: list
  elements: raw
"""

import copy
from typing import Any

from ansible.plugins.lookup import LookupBase

from ansible_collections.dcos.calico.plugins.plugin_utils import _desired


# A task asks once for each of its options, with the same variables, in a process of its own: the variables of the last question, and parts made of them.
_last: tuple[Any, dict[str, Any]] = (None, {})


class LookupModule(LookupBase):
    """dcos.calico.desired"""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        global _last  # noqa: PLW0603
        self.set_options(var_options=variables, direct=kwargs)
        [name] = terms
        if _last[0] is not variables:
            _last = (variables, {})
        known = _last[1]  # what is asked below may be about another host
        if name not in known:
            known[name] = _desired.part(name, _desired.Variables(variables or {}, self._templar.template))
        return [copy.deepcopy(known[name])]
