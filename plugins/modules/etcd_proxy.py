#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: etcd_proxy
short_description: Run etcd's v2 proxy on a host, as a systemd unit
version_added: 0.1.0
description:
  - Runs C(etcd --proxy=on), by which everything on the host reaches the etcd cluster at one fixed address, as a systemd unit with a
    user and a directory of its own.
  - Is done when the v2 API is really served on the proxy's address. If it is not in time, the error tells why as far as the host
    knows. The reasons are a port that is taken, no SRV records, no member that can be reached, a v2 API that is switched off, and TLS.
  - A proxy that runs but has served nothing for three seconds is restarted.
  - One that is to be absent is not removed while a process of this host has a connection to it, such as a Felix that was not restarted
    with other endpoints yet. Check mode does not look, because what comes before may end these.
author:
  - dcos.calico maintainers (@dcos)
options:
  unit:
    description:
      - Name of the systemd unit. Units that need etcd are to be ordered after it.
    type: str
    default: calico-etcd-proxy.service
  user:
    description:
      - User that the proxy runs as. It is made, with a group of the same name, if there is none.
    type: str
    default: calico-etcd
  data_dir:
    description:
      - Directory of the proxy, for its user only.
    type: path
    default: /var/lib/calico-etcd-proxy
  listen_client_urls:
    description:
      - Where the proxy listens. The first one is asked for its health.
    type: list
    elements: str
    default: [http://127.0.0.1:2379]
  allowed_users:
    description:
      - Users of the host, names or numbers, for whom the proxy's port is open, for all others it is closed by rules of iptables that a unit C(UNIT-port) keeps.
      - Whoever reaches the port can rewrite all that Calico has in the datastore. An empty list leaves it open to all users.
      - While the rules cannot be made, also at boot, the proxy does not start. It tries again every two seconds.
      - Processes of root are let through, also those in containers that have the host's network.
    type: list
    elements: str
    default: [root]
  discovery_srv:
    description:
      - Domain whose SRV records C(_etcd-server._tcp) or C(_etcd-server-ssl._tcp) name the members' peer URLs.
      - Not used if O(members) is given.
    type: str
    default: etcd.mesos
  members:
    description:
      - Peer URLs of the members, such as V(http://10.0.0.1:2380), instead of SRV records.
    type: list
    elements: str
    default: []
  replace_unmanaged:
    description:
      - Stop an etcd proxy that something else has started and that listens where this one is to listen, when this one can be started. A systemd unit that
        keeps it is disabled. Clients are without a proxy for less than a second.
      - Without it, and for any other program that has the port, that is an error, and nothing is changed. So it is for a proxy that Docker or Mesos keep, or
        that a script of a unit has started. One of Calico's framework is stopped; suspend that first, see M(dcos.calico.dcos_calico_framework).
    type: bool
    default: false
  wait:
    description:
      - Seconds to wait until the proxy serves the v2 API.
    type: float
    default: 60
  state:
    description:
      - V(present) runs the proxy, now and at boot.
      - V(absent) stops it and removes the unit and the proxy's directory. User and executable stay.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
  - dcos.calico._download
  - dcos.calico._download.etcd
  - dcos.calico._etcd_service
notes:
  - Left alone, a proxy asks for SRV records at its very first start only. Afterwards it trusts the file C(proxy/cluster) in its directory,
    so that it never finds members that all were replaced. Therefore the unit removes this file before each start. That costs little.
    A list of O(members) needs no DNS, and with SRV records the members are mostly known by names, which without DNS lead nowhere
    whether they come from the file or not. While DNS is away a starting proxy tries again every two seconds, without end.
  - Members that are replaced one after the other are followed by the running proxy itself. When all are replaced at once, a restart
    of the unit, which the next run of this module makes, finds the new ones.
  - The proxy serves the v2 API only, which is what Calico 2 uses.
attributes:
  diff_mode:
    description: Shows what changed, before and after, of the user, the executable, each file and the unit.
    support: full
"""

EXAMPLES = r"""
- name: Bring the etcd cluster of DC/OS to this agent
  dcos.calico.etcd_proxy:
    executable:
      url: https://github.com/etcd-io/etcd/releases/download/v3.3.1/etcd-v3.3.1-linux-amd64.tar.gz
      sha256: "{{ calico_etcd_sha256 }}"
      member: etcd-v3.3.1-linux-amd64/etcd

- name: The same for members that have TLS and fixed addresses
  dcos.calico.etcd_proxy:
    members: [https://10.0.0.1:2380, https://10.0.0.2:2380, https://10.0.0.3:2380]
    ca_file: /etc/calico/etcd/ca.pem
    cert_file: /etc/calico/etcd/client.pem
    key_file: /etc/calico/etcd/client-key.pem

- name: Remove it
  dcos.calico.etcd_proxy:
    state: absent
"""

RETURN = r"""
unit:
  description: Name of the systemd unit, for the units that are to be ordered after it.
  returned: success
  type: str
  sample: calico-etcd-proxy.service
url:
  description: Where the proxy is reached from its host.
  returned: success
  type: str
  sample: http://127.0.0.1:2379
uid:
  description: Number of the user, none if there is no such user (yet).
  returned: success
  type: int
  sample: 996
healthy:
  description: Whether the v2 API is served, none if that was not looked at, as the proxy is not there or would be started or restarted in check mode.
  returned: success
  type: bool
  sample: true
recovered:
  description: Whether a proxy that ran but served nothing was, or in check mode would be, restarted.
  returned: success
  type: bool
  sample: false
replaced:
  description: The proxy of others that was, or in check mode would be, stopped. None where there was none, or O(replace_unmanaged) is not set.
  returned: success
  type: dict
  contains:
    pid:
      description: Its process.
      type: int
    process:
      description: Name of its program.
      type: str
    command:
      description: Its command line.
      type: str
    unit:
      description: The systemd unit that keeps it, none for one that was started by hand.
      type: str
    keeper:
      description: V(mesos) for one of Calico's framework, else none, because what else Docker or Mesos keep is not replaced.
      type: str
    task:
      description: Its task in Mesos, none for another one.
      type: str
  sample: {pid: 4711, process: etcd, command: ./etcd --proxy=on --discovery-srv=etcd.mesos, unit: null, keeper: null, task: null}
restarted:
  description: Whether a proxy that ran was, or in check mode would be, restarted. Meanwhile no container can be started on Calico's network here.
  returned: success
  type: bool
  sample: false
members:
  description: Peer URLs of the members as the proxy knows them.
  returned: success
  type: list
  elements: str
  sample: ["http://10.0.0.1:2380", "http://10.0.0.2:2380", "http://10.0.0.3:2380"]
paths_changed:
  description: Executables, files and directories that were, or in check mode would be, made, changed or removed.
  returned: success
  type: list
  elements: str
  sample: [/opt/calico/bin/etcd, /etc/systemd/system/calico-etcd-proxy.service]
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._etcd_proxy import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, changes_host=True, installs='etcd_proxy', argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
