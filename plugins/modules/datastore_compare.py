#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: datastore_compare
short_description: See that Calico's datastore is as it was in a backup
version_added: 0.1.0
description:
  - Reads the datastore as M(dcos.calico.datastore_backup) does, in one request, and compares it with a backup of before something that must not change it, such
    as an upgrade.
  - Pools, policies, profiles, settings and nodes have to be there, and the same; new ones are told, and new pools are an error. That of the release which
    calico/node writes at its start may differ. Endpoints of containers and their addresses come and go, but those of a container that lives have to be there.
  - C(/calico/v1/Ready) has to be true.
author:
  - dcos.calico maintainers (@dcos)
options:
  src:
    description:
      - The backup on the controller. A relative path is one of the directory in which the command was started.
    type: path
    required: true
  make:
    description:
      - Make the backup if there is none yet. Where there is one, keys that differ from it are a warning.
    type: bool
    default: false
  encrypt:
    description:
      - Encrypt it by Ansible Vault then, as M(dcos.calico.datastore_backup) does.
    type: bool
    default: false
  vault_id:
    description:
      - Which of several vault passwords to encrypt it with.
    type: str
  addresses:
    description:
      - Addresses of containers that live.
    type: list
    elements: str
    default: []
  accepted:
    description:
      - Keys that are known to differ, and are not compared.
    type: list
    elements: str
    default: []
  releases:
    description:
      - Releases of Calico that hosts have, or will have. Policies whose labels are others with some of them are a warning.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Reads the datastore, and writes no backup.
    support: full
  diff_mode:
    description: Changes nothing but that it makes a new file.
    support: none
  idempotent:
    description: A backup that is there is kept.
    support: full
  action:
    description: Has a corresponding action plugin, which does it all but the reading.
    support: full
extends_documentation_fragment:
  - dcos.calico._datastore
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
"""

EXAMPLES = r"""
- name: See that the datastore is as it was
  dcos.calico.datastore_compare:
    src: /var/backups/before-2.6.12.json
  run_once: true
"""

RETURN = r"""
src:
  description: The whole path of the backup.
  returned: success
  type: str
  sample: /var/backups/before-2.6.12.json
made:
  description: When it was made.
  returned: success
  type: str
  sample: "2026-11-29T11:00:00Z"
calico_version:
  description: The release of the calico/node that started last, now.
  returned: success
  type: str
  sample: v2.6.12
key_count:
  description: Number of keys, now.
  returned: success
  type: int
  sample: 412
compared:
  description: Number of keys of the backup that have to be as they were.
  returned: success
  type: int
  sample: 96
added:
  description: New keys of the same kinds.
  returned: success
  type: list
  elements: str
  sample: []
accepted:
  description: Keys that are known to differ, with O(make) those that were found to.
  returned: success
  type: list
  elements: str
  sample: []
text:
  description: The same in a sentence.
  returned: success
  type: str
  sample: "The datastore is as it was in the backup: 96 keys of pools, policies, profiles, settings and nodes compared."
"""
