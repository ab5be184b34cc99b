#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: etcd_member
short_description: Run a member of an etcd cluster on a host, as a systemd unit
version_added: 0.1.0
description:
  - Runs one member of an etcd cluster with a fixed list of members, as a systemd unit with a user and a directory of its own.
  - Is done when the member is healthy, which means that its cluster has a quorum and serves the v2 API. At the first start enough members have
    to be started within O(wait) of each other, by running the module on all hosts at once or with O(wait_for=started).
  - Never removes data, unless it is told to by O(purge).
  - A member whose data are gone is not started again, as it would come back as the member it was with an empty log. The error tells
    what to do.
author:
  - dcos.calico maintainers (@dcos)
options:
  name:
    description:
      - Name of this member, one of those in O(members). Required for O(state=present).
    type: str
  members:
    description:
      - All members of the cluster, the same on each host. Required for O(state=present).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the member.
        type: str
        required: true
      peer_url:
        description:
          - URL by which the other members reach it.
        type: str
        required: true
  cluster_token:
    description:
      - What keeps two clusters apart while they are made. It is no secret.
    type: str
    default: calico
  initial_cluster_state:
    description:
      - What etcd is told at a start without data. By default V(new) until the member has data for the first time.
      - V(existing) is for a member that was added to a cluster with C(etcdctl member add).
    type: str
    choices: [new, existing]
  listen_client_urls:
    description:
      - Where the member listens for clients.
    type: list
    elements: str
    default: [http://0.0.0.0:2379]
  listen_peer_urls:
    description:
      - Where the member listens for the others. By default the address of its own C(peer_url), or all addresses if that has a name.
    type: list
    elements: str
    default: []
  advertise_client_urls:
    description:
      - URLs by which clients reach the member. By default O(listen_client_urls), with the host of its own C(peer_url) for all addresses.
    type: list
    elements: str
    default: []
  unit:
    description:
      - Name of the systemd unit.
    type: str
    default: calico-etcd.service
  user:
    description:
      - User that the member runs as. It is made, with a group of the same name, if there is none.
    type: str
    default: calico-etcd
  data_dir:
    description:
      - Directory of the member's data, for its user only.
    type: path
    default: /var/lib/calico-etcd
  wait_for:
    description:
      - V(healthy) waits until the member has a quorum and serves the v2 API.
      - V(started) waits until its process runs.
      - V(auto) is V(started) where the member has no data yet, as in a cluster that is made one host after the other, else V(healthy).
    type: str
    choices: [healthy, started, auto]
    default: healthy
  wait:
    description:
      - Seconds to wait for O(wait_for).
    type: float
    default: 60
  state:
    description:
      - V(present) runs the member, now and at boot.
      - V(absent) stops it and removes the unit. Data, user and executable stay.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description:
      - With O(state=absent), remove the member's data as well.
    type: bool
    default: false
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
  - dcos.calico._download
  - dcos.calico._download.etcd
  - dcos.calico._etcd_service
notes:
  - With O(ca_file), clients and peers have to show a certificate of that CA, so a member needs O(cert_file) and O(key_file) too.
  - A changed member is restarted. Run the module on one host after the other when a running cluster is changed.
attributes:
  diff_mode:
    description: Shows what changed, before and after, of the user, the executable, each file and the unit.
    support: full
"""

EXAMPLES = r"""
- name: Run a member on each master
  dcos.calico.etcd_member:
    name: "{{ inventory_hostname }}"
    members:
      - {name: m1, peer_url: http://10.0.0.1:2380}
      - {name: m2, peer_url: http://10.0.0.2:2380}
      - {name: m3, peer_url: http://10.0.0.3:2380}
    executable:
      url: https://github.com/etcd-io/etcd/releases/download/v3.3.1/etcd-v3.3.1-linux-amd64.tar.gz
      sha256: "{{ calico_etcd_sha256 }}"
      member: etcd-v3.3.1-linux-amd64/etcd

- name: Remove the member and its data
  dcos.calico.etcd_member:
    state: absent
    purge: true
"""

RETURN = r"""
unit:
  description: Name of the systemd unit.
  returned: success
  type: str
  sample: calico-etcd.service
url:
  description: Where the member was asked for its health, none with O(state=absent).
  returned: success
  type: str
  sample: http://127.0.0.1:2379
uid:
  description: Number of the user, none if there is no such user (yet).
  returned: success
  type: int
  sample: 996
healthy:
  description: Whether the member is healthy, none if that was not looked at, as with O(wait_for=started), or in check mode where it does not run.
  returned: success
  type: bool
  sample: true
paths_changed:
  description: Executables, files and directories that were, or in check mode would be, made, changed or removed.
  returned: success
  type: list
  elements: str
  sample: [/opt/calico/bin/etcd, /etc/systemd/system/calico-etcd.service]
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._etcd_member import ARGUMENT_SPEC, REQUIRED_IF, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, changes_host=True, installs='etcd_member', argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True)


if __name__ == '__main__':
    main()
