#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: cni_network
short_description: Write CNI network configurations, and install the plugins they name
version_added: 0.1.0
description:
  - Keeps CNI network configurations in the directory that Mesos reads (or a kubelet), and on request installs the plugins that they name
    in the same call. Plugins come first, configurations last.
  - Everything is validated before anything is written. A configuration must be what CNI, Mesos and Calico's plugins take, its plugins must
    be there, and no other file of the directory, whatever its name, may define a network of the same name.
  - Mesos reads every file of its directory, so no temporary file or backup is ever in it. Each file appears by a rename.
  - Configurations are compared by meaning. A file that was formatted by hand and means the same is left alone, unless its owner or mode
    differs.
author:
  - dcos.calico maintainers (@dcos)
options:
  networks:
    description:
      - The configuration files.
    type: list
    elements: dict
    required: true
    suboptions:
      file:
        description:
          - Name of the file in O(dir). Mesos does not care how it ends; a kubelet reads C(.conf), C(.json) and C(.conflist) only.
        type: str
        required: true
      config:
        description:
          - The configuration. Calico's plugins want the flags of C(ipam), such as C(assign_ipv4), as the strings V("true") and V("false").
        type: dict
      secret_config:
        description:
          - A part of the configuration that is secret, such as a token. It is laid over C(config), and never shown or logged. The file
            is then secret.
        type: dict
      secret:
        description:
          - Whether the file holds secrets. Its content is then left out of diffs, and its mode is V(0600). Put what must not be
            logged into C(secret_config).
        type: bool
        default: false
      mode:
        description:
          - Mode of the file, as an octal string. It is V(0644), or V(0600) for a secret file, if not given.
        type: str
      state:
        description:
          - Whether the file is to be there. Only C(file) is looked at if V(absent).
        type: str
        choices: [present, absent]
        default: present
  dir:
    description:
      - Directory of the configurations. DC/OS makes it if it is below C(/opt/mesosphere); another one is made if needed.
    type: path
    default: /opt/mesosphere/etc/dcos/network/cni
  plugin_dirs:
    description:
      - Directories in which plugins are looked for, in the order of C(MESOS_NETWORK_CNI_PLUGINS_DIR).
    type: list
    elements: path
    default:
      - /opt/mesosphere/active/cni
      - /opt/mesosphere/active/dcos-cni
      - /opt/mesosphere/active/mesos/libexec/mesos
  keep_copies:
    description:
      - Whether to keep a copy of each network and of each link to a plugin in O(copies_dir), once it is in place. From these the unit
        C(calico-agent-files), which role C(calico_host) installs, puts back what an upgrade of DC/OS took away. Copies of other files in the same
        directories go.
      - Otherwise what is named here has none, and a file that is to go loses its copy first in any case.
    type: bool
    default: false
  copies_dir:
    description:
      - Where copies are kept, each below the path of its directory.
    type: path
    default: /etc/calico/agent-files
  dialect:
    description:
      - V(mesos) is for a directory that Mesos reads. It takes single networks only, and C(cniVersion) up to 0.2.0, because Mesos does not
        see the address in results of later versions.
      - V(cni) is for a directory that a kubelet reads. It takes lists of plugins (conflist) too.
    type: str
    choices: [mesos, cni]
    default: mesos
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
  - dcos.calico._download.placing
  - dcos.calico._download
  - dcos.calico._download.executables
  - dcos.calico._download.plugins
  - dcos.calico._download.timeout
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it. Nothing is fetched or pushed.
  diff_mode:
    description: Shows configurations, sums, owners, modes and links, before and after; not what is secret.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing and fetches nothing.
seealso:
  - module: dcos.calico.cni_plugin
"""

EXAMPLES = r"""
- name: Give Mesos the network calico
  dcos.calico.cni_network:
    networks:
      - file: calico.cni
        config:
          name: calico
          cniVersion: 0.1.0
          type: calico
          etcd_endpoints: http://localhost:2379
          nodename: 10.0.0.5
          ipam:
            type: calico-ipam
            assign_ipv4: "true"
            ipv4_pools: [192.168.0.0/16]
    plugins:
      - name: calico
        url: https://github.com/projectcalico/cni-plugin/releases/download/v1.11.2/calico
        sha256: "{{ calico_plugin_sha256 }}"
      - name: calico-ipam
        url: https://github.com/projectcalico/cni-plugin/releases/download/v1.11.2/calico-ipam
        sha256: "{{ calico_ipam_plugin_sha256 }}"

- name: Give a kubelet a list of plugins
  dcos.calico.cni_network:
    dir: /etc/cni/net.d
    dialect: cni
    networks:
      - file: cni.conflist
        config:
          name: kube-cni
          cniVersion: 0.3.0
          plugins:
            - type: calico
              etcd_endpoints: http://localhost:2379
              ipam:
                type: calico-ipam
            - type: portmap
              capabilities:
                portMappings: true

- name: Rename a file, without a moment at which the network is missing
  dcos.calico.cni_network:
    networks:
      - file: calico.cni
        config: "{{ network }}"
      - file: calico.conf
        state: absent
"""

RETURN = r"""
networks:
  description: The networks that are to be there.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the network.
      returned: success
      type: str
      sample: calico
    path:
      description: Its file.
      returned: success
      type: str
      sample: /opt/mesosphere/etc/dcos/network/cni/calico.cni
files_changed:
  description: Configuration files that were, or in check mode would be, written or removed.
  returned: success
  type: list
  elements: str
  sample: [/opt/mesosphere/etc/dcos/network/cni/calico.cni]
paths_changed:
  description: Paths of plugins, other executables and links that were, or in check mode would be, made or changed.
  returned: success
  type: list
  elements: str
  sample: []
plugins_missing:
  description: In check mode, plugins that a network needs and that are not there yet. Otherwise this is an error.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The network's file.
      returned: success
      type: str
      sample: /opt/mesosphere/etc/dcos/network/cni/calico.cni
    plugin:
      description: The plugin it names.
      returned: success
      type: str
      sample: calico-ipam
  sample: []
unparsable:
  description: Files of O(dir) that are not managed here and that are no CNI configuration. There is a warning for each as well.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      returned: success
      type: str
      sample: /opt/mesosphere/etc/dcos/network/cni/calico.cni.bak
    reason:
      description: What is wrong with it.
      returned: success
      type: str
      sample: it has no type
  sample: []
conflists:
  description: Files of O(dir) that are not managed here and that are lists of plugins. Mesos logs an error for each, which is harmless.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._cni_network import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, changes_host=True, installs='cni_network', argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
