#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: datastore_backup
short_description: Back up Calico's datastore to a file on the controller
version_added: 0.1.0
description:
  - Reads all keys below C(/calico) of etcd's v2 API on a host that reaches it, and writes them to one file on the controller, with what is needed to
    restore them by M(dcos.calico.datastore_restore).
  - The keys are read in one request, which etcd answers with the state of one moment, whatever is written meanwhile. A datastore of more than 128 MiB
    is refused.
  - Nothing is written to the host. The content goes to the controller as the result of the module, from which the action plugin takes it out.
  - The file is readable for its owner only, is written whole or not at all, and is read again and compared before the task succeeds.
author:
  - dcos.calico maintainers (@dcos)
options:
  dest:
    description:
      - The file on the controller. A relative path is one of the directory in which the command was started. Its directory must exist.
    type: path
    required: true
  force:
    description:
      - Replace a file that is there. Without it that is an error.
    type: bool
    default: false
  encrypt:
    description:
      - Encrypt the file by Ansible Vault, with the password that the run was given, such as by C(--vault-password-file). C(ansible-vault view) shows it.
    type: bool
    default: false
  vault_id:
    description:
      - Which of several vault passwords to encrypt with, by its vault ID. The first one if not given.
    type: str
notes:
  - Keys whose last part begins with an underscore are hidden, and etcd does not list them. Calico has none.
attributes:
  check_mode:
    description: Reads the datastore, and says what it would write.
    support: full
  diff_mode:
    description: Makes a new file, whose content is the datastore's.
    support: none
  idempotent:
    description: Each backup is a new one.
    support: none
  action:
    description: Has a corresponding action plugin, which writes the file on the controller.
    support: full
extends_documentation_fragment:
  - dcos.calico._datastore
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
"""

EXAMPLES = r"""
- name: Back up the datastore
  dcos.calico.datastore_backup:
    dest: /var/backups/calico-2026-11-29.json
  run_once: true

- name: Back it up, encrypted
  dcos.calico.datastore_backup:
    dest: /var/backups/calico-2026-11-29.vault
    encrypt: true
  run_once: true
"""

RETURN = r"""
dest:
  description: The whole path of the file.
  returned: success, from the action plugin
  type: str
  sample: /var/backups/calico-2026-11-29.json
encrypted:
  description: Whether the file is encrypted.
  returned: success, from the action plugin
  type: bool
  sample: false
sha256:
  description: The checksum of the content, as it stands in the file.
  returned: success, from the action plugin
  type: str
  sample: 50d858e0985ecc7f60418aaf0cc5ab587f42c2570a884095a9e8ccacd0f6545c
content:
  description: The keys, for the action plugin, which takes them out.
  returned: success, from the module
  type: str
  sample: eJwDAAAAAAE=
key_count:
  description: Number of keys.
  returned: success
  type: int
  sample: 412
directory_count:
  description: Number of directories.
  returned: success
  type: int
  sample: 96
index:
  description: etcd's index of the moment that the backup is of.
  returned: success
  type: int
  sample: 15020
index_end:
  description: etcd's index after it was read. Where it is higher, something was written to etcd meanwhile, and is not in the backup.
  returned: success
  type: int
  sample: 15020
cluster_id:
  description: The ID of the etcd cluster.
  returned: success
  type: str
  sample: 6bd59785f2107078
calico_version:
  description: The release of the calico/node that started last. Empty if none has.
  returned: success
  type: str
  sample: v2.6.6
endpoint:
  description: The endpoint of etcd that answered.
  returned: success
  type: str
  sample: http://127.0.0.1:2379
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._datastore import BACKUP_SPEC, backup
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(backup, argument_spec=BACKUP_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
