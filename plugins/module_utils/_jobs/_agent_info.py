# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be known of a host; dcos.calico.agent_info and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._host import _facts

ARGUMENT_SPEC = dict(
    cni_dir=dict(type='path', default='/opt/mesosphere/etc/dcos/network/cni'),
    plugin_dirs=dict(type='list', elements='path', default=['/opt/mesosphere/active/cni', '/opt/mesosphere/active/dcos-cni',
                                                            '/opt/mesosphere/active/mesos/libexec/mesos']),
    executables=dict(type='list', elements='path', default=[]),
    etcd_endpoints=dict(type='list', elements='str', default=[]),
    etcd_srv=dict(type='str'),
    etcd_peers=dict(type='list', elements='str', default=[]),
    masters=dict(type='str'),
    etcd_ca_file=dict(type='path'),
    etcd_cert_file=dict(type='path'),
    etcd_key_file=dict(type='path', no_log=False),
    felix_health_port=dict(type='int'),
    node_unit=dict(type='str', default='calico-node.service'),
    proxy_unit=dict(type='str', default='calico-etcd-proxy.service'),
    calicoctl_cfg=dict(type='path', default='/etc/calico/calicoctl.cfg'),
    ports=dict(type='list', elements='int', default=[]),
    probe_ipip=dict(type='bool', default=False),
    detect_ip=dict(type='path', default='/opt/mesosphere/bin/detect_ip'),
)


def job(module):
    """Everything in one answer; see RETURN."""
    return dict(_facts.gather(module.params), changed=False)
