#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: agent_info
short_description: Look at everything on a DC/OS host that matters to Calico
version_added: 0.1.0
description:
  - Tells, in one call, what preflight, verification and drift detection need to know of a host.
  - Never changes anything, and never fails because something is not there. What could not be found out has the key C(error) in its place.
author:
  - dcos.calico maintainers (@dcos)
options:
  cni_dir:
    description:
      - Directory of the CNI networks.
    type: path
    default: /opt/mesosphere/etc/dcos/network/cni
  plugin_dirs:
    description:
      - Search path of the CNI plugins.
    type: list
    elements: path
    default: [/opt/mesosphere/active/cni, /opt/mesosphere/active/dcos-cni, /opt/mesosphere/active/mesos/libexec/mesos]
  executables:
    description:
      - Executables to take the checksum of. The version is asked of calicoctl, etcd, etcdctl and the Calico plugins only.
    type: list
    elements: path
    default: []
  etcd_endpoints:
    description:
      - Endpoints of etcd to try, such as V(http://127.0.0.1:2379).
    type: list
    elements: str
    default: []
  etcd_srv:
    description:
      - Domain of the SRV records by which a proxy of etcd would find the members. Members are only looked for with this or O(etcd_peers).
    type: str
  etcd_peers:
    description:
      - Peer URLs of the members, such as V(http://10.0.0.1:2380), where a proxy is told them. O(etcd_srv) is not asked then.
    type: list
    elements: str
    default: []
  masters:
    description:
      - Name under which the DNS of DC/OS has all masters, V(master.mesos), to be told how many there are.
    type: str
  etcd_ca_file:
    description:
      - CA that signed the certificates of O(etcd_endpoints), and of the members.
    type: path
  etcd_cert_file:
    description:
      - Client certificate for O(etcd_endpoints).
    type: path
  etcd_key_file:
    description:
      - Key of O(etcd_cert_file).
    type: path
  felix_health_port:
    description:
      - Health port of Felix.
    type: int
  proxy_unit:
    description:
      - Unit of the etcd proxy.
    type: str
    default: calico-etcd-proxy.service
  calicoctl_cfg:
    description:
      - Configuration file of calicoctl.
    type: path
    default: /etc/calico/calicoctl.cfg
  ports:
    description:
      - TCP ports of which to tell who listens there, beside 179, O(felix_health_port) and those of O(etcd_endpoints) on
        this host.
    type: list
    elements: int
    default: []
  probe_ipip:
    description:
      - Look for IP-in-IP support of the kernel too.
    type: bool
    default: false
  unmanaged:
    description:
      - Look also for what others have set up, by hand or by the Universe's framework.
    type: bool
    default: false
  detect_ip:
    description:
      - Script that tells the address of this host.
    type: path
    default: /opt/mesosphere/bin/detect_ip
extends_documentation_fragment:
  - dcos.calico._attributes.agent
  - dcos.calico._attributes.info
"""

EXAMPLES = r"""
- name: Look at the host
  dcos.calico.agent_info:
    executables: [/opt/calico/bin/calicoctl]
    etcd_endpoints: ["http://127.0.0.1:2379"]
    felix_health_port: 62092
  register: calico_agent

- name: Show its sessions
  ansible.builtin.debug:
    var: calico_agent.calico_node.bgp.peers
"""

RETURN = r"""
dcos:
  description:
    - DC/OS with C(installed), C(version), C(variant), C(role) (private, public or master), C(release) (dcos-version.json
      itself), C(overlays) (name and subnet of each overlay network, null if not known) and C(own_calico) (DC/OS brings Calico).
  returned: always
  type: dict
  sample: {installed: true, version: "1.13.9", variant: open, role: private, release: {version: "1.13.9"}, own_calico: false,
           overlays: [{name: vtep, subnet: 44.128.0.0/20}, {name: dcos, subnet: 9.0.0.0/8}]}
node:
  description:
    - The address by detect_ip, the prefix, interface, MTU and network that go with it (null if no interface has the address), C(address)
      (with prefix), the host name, and C(names), under which this host may be known to Calico.
  returned: always
  type: dict
  sample: {ip: 10.0.2.10, prefix: 24, address: 10.0.2.10/24, interface: eth0, mtu: 1500, network: 10.0.2.0/24, hostname: agent1,
           names: [10.0.2.10, agent1], error: null}
os:
  description: >-
    Distribution (C(id), C(version)), C(kernel), C(architecture), versions of C(python) and C(systemd), C(memory_mib), and whether the host was looked at as
    C(root), without which much of it looks as if it were not there.
  returned: always
  type: dict
  sample: {id: centos, version: "7", kernel: 3.10.0-1160.el7.x86_64, architecture: x86_64, python: 2.7.5, systemd: 219, memory_mib: 7820, root: true}
docker:
  description:
    - Whether the client is C(present) and the daemon C(running), its C(version), whether it manages C(iptables), and whether it comes up with the host
      (C(at_boot), null where there is no C(docker.service)).
    - A daemon that is down is not asked where C(docker.socket) would start it.
  returned: always
  type: dict
  sample: {present: true, running: true, version: 18.09.9, iptables: true, at_boot: true, error: null}
iptables:
  description: C(backend) of the command iptables (legacy or nft), and the policy of the chain FORWARD in both backends, null where there is none.
  returned: always
  type: dict
  sample: {backend: legacy, forward: {legacy: ACCEPT, nft: null}}
kernel:
  description: How each feature is there, C(active), C(builtin), C(loadable), or null if nothing speaks for it.
  returned: always
  type: dict
  sample: {xt_set: active, ip6_tables: loadable, ip_set: active, nf_conntrack: builtin}
rp_filter:
  description: Reverse path filter of all, default and each interface of a workload.
  returned: always
  type: dict
  sample: {all: 1, default: 2, cali4a5e9f0c-me: 1}
ipv6:
  description:
    - Whether the kernel has IPv6 (C(supported)), and whether interfaces that are made from now on are without it (C(default_disabled), null without IPv6).
  returned: always
  type: dict
  sample: {supported: true, default_disabled: false}
mtus:
  description: MTU of each interface.
  returned: always
  type: dict
  sample: {eth0: 1500, docker0: 1500}
subnets:
  description: All IPv4 addresses of this host, with their interface, prefix and network.
  returned: always
  type: list
  elements: dict
  sample: [{interface: eth0, address: 10.0.2.10, prefix: 24, network: 10.0.2.0/24}]
containers:
  description: IPv4 addresses of Calico's containers on this host, as Felix has routes to them, whatever the datastore knows; null where
    its routes cannot be read.
  returned: always
  type: list
  elements: str
  sample: [192.168.141.129]
ports:
  description:
    - Those of the ports that somebody listens on, with the addresses.
    - The process, its pid and its systemd service are null where there is none to be seen.
  returned: always
  type: dict
  sample: {"179": {addresses: [0.0.0.0], pid: 812, process: bird, unit: null}}
network_managers:
  description: Whether NetworkManager and systemd-networkd are active.
  returned: always
  type: dict
  sample: {networkmanager: false, networkd: true}
cni:
  description:
    - The directory of networks, every file in it as Mesos reads it, and where the search path has each plugin.
    - C(kind) of a file is network, conflist (valid, but not for Mesos) or invalid, with a C(reason). C(duplicate_of) is another file with the same network.
    - C(ranges) are those that a file gives out itself by its ipam, C(pools) those that it has Calico take addresses from.
  returned: always
  type: dict
  sample: {dir: /opt/mesosphere/etc/dcos/network/cni, plugins: {calico: /opt/mesosphere/active/cni},
           files: [{file: calico.cni, name: calico, type: calico, kind: network, reason: null, plugins: [calico, calico-ipam], ranges: [],
                   pools: [], duplicate_of: null}]}
executables:
  description: Each of O(executables), whether it is there, where a link leads, its checksum and version.
  returned: always
  type: list
  elements: dict
  sample: [{path: /opt/calico/bin/calicoctl, present: true, target: null, sha256: 9eed277af462085b7354b9c0b3fbb2453b62bb116361d2025f6c150eae6e77c8,
            version: 1.6.3, error: null}]
certificates:
  description:
    - O(etcd_ca_file) and O(etcd_cert_file), with C(not_after), until when the certificate that ends first is valid, in UTC; null if it cannot be read.
  returned: always
  type: list
  elements: dict
  sample: [{path: /etc/calico/certs/ca.crt, not_after: "2027-11-29T03:50:00Z", error: null}]
etcd:
  description:
    - Each of O(etcd_endpoints), whether it was reached, whether it serves the v2 API (null if that is not known), whether it answers reads.
    - C(certificate) is accepted, server (its certificate is not accepted here), client (ours is refused or cannot be used),
      missing (a file for TLS is not there), or null without TLS.
    - C(open) tells whether it answers who has no certificate, null if that is not known.
  returned: always
  type: list
  elements: dict
  sample: [{endpoint: "http://127.0.0.1:2379", reachable: true, v2: true, healthy: true, certificate: null, version: 3.3.1, open: true, error: null}]
etcd_members:
  description:
    - What a proxy of etcd would find, with the C(peers) by O(etcd_srv) or O(etcd_peers) and the URLs for clients that C(members) say they have; null if
      neither option is given.
    - C(open) are those of them that were tried and answer who has no certificate.
    - C(kind) is ok, no_dns (no name server answers), no_records, unreachable, v2_off, loopback (they tell clients addresses of the
      loopback device only), certificate (TLS fails), or later (a file for TLS is not there).
  returned: always
  type: dict
  sample: {kind: unreachable, peers: ["http://etcd-1.etcd.mesos:2380"], members: [], open: [],
           error: "http://etcd-1.etcd.mesos:2380: [Errno 111] Connection refused"}
masters:
  description: The C(addresses) of all masters, as DNS has them; null if O(masters) is not given.
  returned: always
  type: dict
  sample: {addresses: [10.0.0.11, 10.0.0.12, 10.0.0.13], error: null}
proxy:
  description: The unit of the etcd proxy.
  returned: always
  type: dict
  sample: {name: calico-etcd-proxy.service, exists: true, active: active, sub: running, enabled: true}
calico_node:
  description:
    - The container calico-node, its unit, Felix (C(age) of its process in seconds, C(ready) is null without a health port) and BIRD's sessions.
    - Felix is a process of the container, and its port counts only if that process listens there.
  returned: always
  type: dict
  sample: {container: {present: true, running: true, image: "quay.io/calico/node:v2.6.6", image_id: "sha256:6b8f", id: 4a5e9f0c, env: {NODENAME: 10.0.2.10},
                       started_at: "2026-11-22T00:00:46.2Z", error: null},
           unit: {name: calico-node.service, exists: true, active: active, sub: running, enabled: true},
           felix: {running: true, age: 812.4, ready: true, error: null},
           bgp: {answers: true, error: null, peers: [{address: 10.0.2.11, type: node-to-node mesh, state: up, since: "23:49:15", info: Established,
                                                      established: true}]}}
mesos_agent:
  description:
    - The unit of the Mesos agent, null where this host is no agent, and why M(dcos.calico.mesos_agent) would restart it, as sentences.
  returned: always
  type: dict
  sample: {unit: dcos-mesos-slave.service, active: active, restart_reasons: []}
unmanaged:
  description:
    - What others have set up, by hand or by the Universe's framework.
    - C(proxy) is what listens where etcd's proxy is to listen, with its C(role) (proxy, member or none), the C(obstacle) to replacing it, and whether other
      hosts reach it (C(wide)). C(bird) is a BIRD that is not that of the container calico-node.
    - C(endpoints) are those that are in use, C(datastore) what is there, or at the members where these do not answer, C(members_cluster_id) the id of the etcd
      that O(etcd_srv) or O(etcd_peers) lead to.
    - C(networks) are the files of type calico, C(other) their keys that this collection does not write. C(plugins) are Calico's plugins that are no links.
      C(framework) says whether something of the Universe's framework is here.
  returned: when O(unmanaged)
  type: dict
  sample:
    proxy: {pid: 4711, process: etcd, command: ./etcd --proxy=on, unit: null, keeper: null, task: null, role: proxy, obstacle: null,
            wide: false}
    bird: null
    endpoints: ["http://127.0.0.1:2379"]
    datastore: {endpoint: "http://127.0.0.1:2379", cluster_id: cdf818194e3a8c32, pools: [{cidr: 192.168.0.0/16}],
                nodes: {agent1: {ip_addr_v4: 10.0.2.10, network_v4: 10.0.2.0/24}}, profiles: [calico], error: null}
    members_cluster_id: cdf818194e3a8c32
    networks: [{file: calico.cni, name: calico, mtu: null, log_level: null, nodename: null, ipam: calico-ipam, ipv4_pools: [],
                other: []}]
    plugins: [/opt/mesosphere/active/cni/calico, /opt/mesosphere/active/cni/calico-ipam]
    cluster_store: null
    framework: false
calicoctl_cfg:
  description: calicoctl's configuration, whether this collection wrote it, and the endpoints in it, or the C(problem) why it has none.
  returned: always
  type: dict
  sample: {path: /etc/calico/calicoctl.cfg, exists: true, managed: true, endpoints: ["http://127.0.0.1:2379"], problem: null}
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._agent_info import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
