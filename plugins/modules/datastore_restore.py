#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: datastore_restore
short_description: Restore Calico's datastore from a backup
version_added: 0.1.0
description:
  - Brings the keys below C(/calico) of etcd's v2 API to the state of a file that M(dcos.calico.datastore_backup) made. What differs is created, changed or
    deleted; what is equal is left alone.
  - Refuses a file that is no backup, or was cut or changed; a datastore with nodes or containers that the backup lacks; one of another etcd cluster that has
    keys of Calico; and a backup by which addresses in use would be given out a second time. What is to go all the same is named.
  - Each write is made only if the key is what it was when the plan was made. A key that somebody else has written meanwhile ends the task, and stays as it
    is. A run that was stopped is completed by the next one.
  - Keys with a time to live, and Felix' reports below C(/calico/felix), are not touched, because who lives writes them again.
  - C(/calico/v1/Ready) is written last where it is not there, so that no container gets an address from half a datastore.
author:
  - dcos.calico maintainers (@dcos)
options:
  src:
    description:
      - The backup on the controller. A relative path is one of the directory in which the command was started.
      - A file that is encrypted by Ansible Vault is decrypted with the passwords that the run was given.
    type: path
    required: true
  content:
    description:
      - The keys of O(src), from the action plugin. Not to be given.
    type: str
  forget_nodes:
    description:
      - Names of nodes that may be deleted, with their containers and addresses, though the backup lacks them.
    type: list
    elements: str
    default: []
  forget_endpoints:
    description:
      - Containers that may be deleted though the backup lacks them, each as C(HOST/ORCHESTRATOR/WORKLOAD/ENDPOINT), as the refusal names them.
    type: list
    elements: str
    default: []
  release_addresses:
    description:
      - Addresses that nothing has any more, though the datastore has them as given out. Also keys of blocks that cannot be read.
    type: list
    elements: str
    default: []
  addresses_in_use:
    description:
      - Addresses that containers have on all hosts, as RV(dcos.calico.agent_info#module:containers) says. One that lies in a pool of the backup, and that the
        backup has as free, is of a container that was started after it, and would be given out a second time. The restore is refused then.
      - A datastore that was lost does not know of these containers, so nothing else tells of them.
    type: list
    elements: str
    default: []
  other_cluster:
    description:
      - The ID of an etcd cluster that is not the backup's, has keys of Calico, and is to become that of the backup.
    type: str
attributes:
  check_mode:
    description: Reads the datastore and plans. Where O(config) is not there yet, the datastore counts as empty.
    support: full
  diff_mode:
    description: Shows the first 1000 keys before and after. A key whose name speaks of a secret is shown without its value.
    support: full
  action:
    description: Has a corresponding action plugin, which reads the file on the controller.
    support: full
extends_documentation_fragment:
  - dcos.calico._datastore
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
"""

EXAMPLES = r"""
- name: Restore the datastore
  dcos.calico.datastore_restore:
    src: /var/backups/calico-2026-11-29.json
  run_once: true

- name: Restore it although a node came and went since
  dcos.calico.datastore_restore:
    src: /var/backups/calico-2026-11-29.json
    forget_nodes: [10.0.1.13]
  run_once: true
"""

RETURN = r"""
created:
  description: Number of keys and empty directories that were, or in check mode would be, created.
  returned: success
  type: int
  sample: 2
updated:
  description: Number of keys that were, or in check mode would be, changed.
  returned: success
  type: int
  sample: 1
deleted:
  description: Number of keys and directories that were, or in check mode would be, deleted.
  returned: success
  type: int
  sample: 0
changes:
  description: The first 1000 of these, in the order in which they are written.
  returned: success
  type: list
  elements: str
  sample: [/calico/v1/config/LogSeverityScreen]
datastore_read:
  description: Whether the datastore was asked. V(false) in check mode where O(config) is not there yet.
  returned: success
  type: bool
  sample: true
obstacles:
  description: What speaks against the restore, if it was refused for that.
  returned: failure
  type: list
  elements: str
  sample: ["The datastore has nodes that the backup lacks, and they would be deleted: 10.0.1.13. If they are gone for good, name them in forget_nodes"]
made:
  description: When the backup was made.
  returned: success, from the action plugin
  type: str
  sample: "2026-11-29T03:49:29Z"
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._datastore import RESTORE_SPEC, restore
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(restore, argument_spec=RESTORE_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
