# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: dcos
short_description: The masters and agents of a DC/OS cluster
version_added: 0.1.0
description:
  - Asks a DC/OS cluster for its hosts, by four requests, one more before DC/OS 1.12.
  - The source is a YAML file that ends in C(dcos.yml) or C(dcos.yaml) and says C(plugin=dcos.calico.dcos). Everything else may come from the environment.
  - Groups are those of DC/OS' own collection, C(masters), C(agents_private), C(agents_public) and C(agents), and C(leader), the master that leads.
  - A host is named by its address. If another source, read before, has a host with this name or this C(ansible_host), that one joins the groups instead,
    and keeps its name and its C(ansible_host). So name the static source first; files of one directory are read in alphabetical order.
  - Hosts get the variables C(dcos_role) (C(master), C(private) or C(public)); masters C(dcos_leader); agents C(dcos_agent_id), C(dcos_agent_active),
    C(dcos_attributes), C(dcos_resources), C(dcos_mesos_version), C(dcos_region) and C(dcos_zone). All hosts get C(dcos_version) and C(dcos_variant).
  - What the cluster says is never taken for a template.
author:
  - dcos.calico maintainers (@dcos)
extends_documentation_fragment:
  - dcos.calico._dcos.plugin
  - dcos.calico._dcos
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
notes:
  - O(url), O(token), O(uid), O(password), O(service_account) and O(ca_fingerprint) may be templates, such as a lookup.
options:
  plugin:
    description:
      - Says that the file is a source for this plugin.
    type: str
    required: true
    choices: [dcos.calico.dcos]
  inactive:
    description:
      - Whether to list agents, too, that the leading master does not hear of. One that is only down for a moment would be missing otherwise.
    type: bool
    default: true
"""

EXAMPLES = r"""
---
# The first line is enough where DCOS_URL and DCOS_ACS_TOKEN are in the environment.
plugin: dcos.calico.dcos
url: https://dcos.example.com
uid: ansible
password: "{{ lookup('ansible.builtin.env', 'ANSIBLE_DCOS_PASSWORD') }}"
ca_path: /etc/ssl/dcos-ca.crt
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: .cache/inventory
compose:
  calico_node_name: inventory_hostname
groups:
  with_ssd: dcos_attributes.ssd | default('') == 'true'
keyed_groups:
  - key: dcos_attributes.rack | default('')
    prefix: rack
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import clean
from ansible_collections.dcos.calico.plugins.plugin_utils import _dcos_inventory, _untrusted
from ansible_collections.dcos.calico.plugins.plugin_utils._dcos_inventory import Member

ENDINGS = ("dcos.yml", "dcos.yaml")
TEMPLATED = ("url", "token", "uid", "password", "service_account", "ca_fingerprint")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads the cluster, or the cache, and adds hosts."""

    NAME = "dcos.calico.dcos"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(ENDINGS)

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            self._populate(self._found(path, cache))
        except CalicoError as error:
            raise AnsibleParserError(f"{path}: {error}") from None

    def _found(self, path: str, cache: bool) -> dict[str, Any]:
        """What the cluster says, from the cache if the user wants that and it has any."""
        options = Options.from_plugin(self._option)
        # a directory may be used for one cluster after the other, with DCOS_URL
        key = f"{self.get_cache_key(path)}_{hashlib.sha256(options.base.encode('utf-8')).hexdigest()[:8]}"
        cached = self.get_option("cache")
        if cached and cache:
            try:
                return dict(self._cache[key])
            except KeyError:
                pass
        client = DcosClient(options)
        for warning in client.warnings:
            self.display.warning(clean(warning))
        try:
            found = _dcos_inventory.read(client)
        finally:
            client.close()
        if cached:
            self._cache[key] = found
        return found

    def _option(self, name: str) -> Any:
        value = self.get_option(name)
        if name in TEMPLATED and isinstance(value, (str, dict)):
            value = self.templar.template(value)
        return value

    def _populate(self, found: Mapping[str, Any]) -> None:
        members, warnings = _dcos_inventory.members(found, self.get_option("inactive"))
        for warning in warnings:
            self.display.warning(clean(warning))
        for group in _dcos_inventory.GROUPS:
            self.inventory.add_group(group)
        for group in (_dcos_inventory.PRIVATE, _dcos_inventory.PUBLIC):
            self.inventory.add_child(_dcos_inventory.AGENTS, group)
        for name, value in _dcos_inventory.cluster_variables(found).items():
            self.inventory.set_variable("all", name, _untrusted.as_data(value))
        hosts = ((name, host.get_vars().get("ansible_host")) for name, host in self.inventory.hosts.items())
        known = _dcos_inventory.known_hosts(hosts)
        for member in members:
            self._add(member, known.get(member.address, []))

    def _add(self, member: Member, names: list[str]) -> None:
        """Add a member, or put the hosts that are at its address already into its groups."""
        if len(names) > 1:
            self.display.warning(
                f"{member.address} is the address of {', '.join(names)}: only {names[0]} is taken for a host of DC/OS."
            )
        name = names[0] if names else self.inventory.add_host(member.address)
        for group in member.groups:
            self.inventory.add_child(group, name)
        if "ansible_host" not in self.inventory.get_host(name).get_vars():
            self.inventory.set_variable(name, "ansible_host", _untrusted.as_data(member.address))
        for variable, value in member.variables.items():
            self.inventory.set_variable(name, variable, _untrusted.as_data(value))
        self._construct(name)

    def _construct(self, name: str) -> None:
        variables = {**self.inventory.groups["all"].get_vars(), **self.inventory.get_host(name).get_vars()}
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        variables = {**self.inventory.groups["all"].get_vars(), **self.inventory.get_host(name).get_vars()}
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)
