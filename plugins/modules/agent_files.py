#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: agent_files
short_description: Small text and secret files of a host, and the systemd units they belong to
version_added: 0.1.0
description:
  - Keeps a list of small files (configuration, certificates, unit files, drop-ins) as required, in one call.
  - Each file is replaced by a rename, so that it is either old or new, whenever the run is stopped. Missing parent directories are made.
  - Then brings a list of systemd units to the desired state, with one C(daemon-reload) if a unit file changed or systemd has not read
    one that changed earlier.
  - A unit that was started is watched for a second. If it does not stay active, the error ends with the last lines of its journal.
author:
  - dcos.calico maintainers (@dcos)
options:
  units:
    description:
      - The systemd units, each once.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name with its type, such as V(docker.service).
        type: str
        required: true
      enabled:
        description:
          - Whether it starts at boot. Left as it is if not given.
        type: bool
      state:
        description:
          - V(started) or V(stopped). Left as it is if not given.
        type: str
        choices: [started, stopped]
      restart_on:
        description:
          - Paths. A running unit is restarted if one of these files changed in this run, or is not what the unit's process was started
            with, which finishes what a run that was stopped half-way did not get to.
        type: list
        elements: path
        default: []
      reload_on:
        description:
          - Paths. A running unit is reloaded if one of these files changed in this run.
        type: list
        elements: path
        default: []
      optional:
        description:
          - If the host has no such unit, go on without it. Otherwise that is an error if it is to be enabled or started.
        type: bool
        default: false
  timeout:
    description:
      - Seconds to wait for all units that are stopped or started.
    type: float
    default: 90
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
  - dcos.calico._files
attributes:
  check_mode:
    details:
      - A unit that is not there yet is taken for one that a task before this one would have made.
  diff_mode:
    description: Shows what changed, before and after, of each file and each unit.
    support: full
    details:
      - Secrets, and files that only their owner may read, are shown as changed but never with their content.
"""

EXAMPLES = r"""
- name: Tell calicoctl where the datastore is
  dcos.calico.agent_files:
    files:
      - path: /etc/calico/calicoctl.cfg
        unmanaged: refuse
        unmanaged_same: [etcdEndpoints]
        content: |
          # Managed by Ansible (dcos.calico)
          apiVersion: v1
          kind: calicoApiConfig
          spec:
            datastoreType: etcdv2
            etcdEndpoints: http://127.0.0.1:2379

- name: Loosen nothing when the DC/OS agent starts
  dcos.calico.agent_files:
    files:
      - path: /etc/systemd/system/dcos-mesos-slave.service.d/60-calico.conf
        content: |
          [Service]
          ExecStartPost=/bin/sh -c 'echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter'
      - path: /etc/NetworkManager/conf.d/60-calico.conf
        content: |
          [keyfile]
          unmanaged-devices=interface-name:cali*;interface-name:tunl0
    units:
      - name: NetworkManager.service
        optional: true
        reload_on: [/etc/NetworkManager/conf.d/60-calico.conf]

- name: Put a client certificate and its key in place
  dcos.calico.agent_files:
    files:
      - path: /etc/calico/etcd/client.pem
        content: "{{ lookup('ansible.builtin.file', 'client.pem') }}"
        validate: certificate
      - path: /etc/calico/etcd/client-key.pem
        secret_content: "{{ lookup('ansible.builtin.file', 'client-key.pem') }}"
        validate: private_key
"""

RETURN = r"""
files_changed:
  description: The files and directories that were, or in check mode would be, written, changed or removed.
  returned: success
  type: list
  elements: str
  sample: [/etc/systemd/system/dcos-mesos-slave.service.d/60-calico.conf]
files_kept:
  description: Directories that were to go but stay, because they hold something else.
  returned: success
  type: list
  elements: str
  sample: []
units_changed:
  description: The units that were, or in check mode would be, enabled, disabled, started, stopped, restarted or reloaded.
  returned: success
  type: list
  elements: str
  sample: [NetworkManager.service]
units_missing:
  description: Optional units that the host does not have.
  returned: success
  type: list
  elements: str
  sample: []
daemon_reloaded:
  description: Whether systemd had, or in check mode would have, to read its unit files again.
  returned: success
  type: bool
  sample: true
file:
  description: The file that is not ours and was left as it is.
  returned: failure, if there is one
  type: str
  sample: /etc/calico/calicoctl.cfg
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._agent_files import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, changes_host=True, installs='agent_files', argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
