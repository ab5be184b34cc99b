# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

# Suboptions by which a file is obtained: module_utils/_host/_executables.py SOURCE_SPEC.
SOURCE = r"""
      url:
        description:
          - Address to fetch from, by https (or http, see O(allow_http)). Only one of C(url), C(src) and C(local_src) can be given.
        type: str
      src:
        description:
          - Path on the managed host. It is copied, not moved.
        type: path
      local_src:
        description:
          - Path on the controller, absolute or in the C(files) directory of the role or play. It is pushed only if what it gives is not in place yet.
        type: str
      sha256:
        description:
          - Sum in hexadecimal of what the source names, of the whole archive if a member of it is required. Nothing is installed without it.
          - For C(local_src) it is taken from the file, and compared with what is given here.
        type: str
      sha256_variable:
        description:
          - What to tell the user to set when C(sha256) is empty, such as the name of a role's variable.
        type: str
"""
MEMBER = r"""
      member:
        description:
          - Path inside the archive, if the source is a C(tar.gz) or C(zip) archive.
        type: str
"""


class ModuleDocFragment(object):
    """What modules that obtain files have in common. Descriptions of whole options, and whether they are required, stand in the modules.

    The options for fetching, module_utils/_host/_download.py DOWNLOAD_SPEC and receipts; C(timeout) is apart, as some modules wait for other things too.
    """

    DOCUMENTATION = r"""
options:
  ca_path:
    description:
      - File on the managed host with CAs to trust for downloads, besides those of the system. Certificates are always verified.
    type: path
  allow_http:
    description:
      - Whether to fetch by plain http too, for mirrors in a trusted network. The sums are checked all the same.
    type: bool
    default: false
  receipts:
    description:
      - File that notes what was installed from which source, so that what is in an archive need not be fetched to be compared.
    type: path
    default: /var/lib/dcos-calico/receipts.json
"""

    TIMEOUT = r"""
options:
  timeout:
    description:
      - Seconds that one download may take, all attempts together.
    type: float
    default: 300
"""


# ansible-test reads what is assigned in a class as one piece of text, so what is put together stands here.
# EXECUTABLE_SPEC of module_utils/_host/_executables.py, in a list
ModuleDocFragment.EXECUTABLES = (
    r"""
options:
  executables:
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Where the executable is to be.
        type: path
        required: true
"""
    + SOURCE
    + MEMBER
    + r"""
      mode:
        description:
          - Its mode, octal with a leading zero, quoted.
        type: str
        default: '0755'
      owner:
        description:
          - Its owner.
        type: str
        default: root
      group:
        description:
          - Its group.
        type: str
        default: root
      links:
        description:
          - Symbolic links that are to point to O(executables[].path). A file that has the name of one is replaced.
          - One of C(/usr/local/bin) goes to C(/opt/bin) where C(/usr) is read-only, as on CoreOS and Flatcar.
        type: list
        elements: path
        default: []
"""
)
# PLUGIN_SPEC of module_utils/_host/_cni.py, in a list
ModuleDocFragment.PLUGINS = (
    r"""
options:
  plugins:
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Its name, which is the C(type) by which network configurations call it.
        type: str
        required: true
"""
    + SOURCE
    + MEMBER
)
# The one of module_utils/_host/_etcd_service.py
ModuleDocFragment.ETCD = (
    r"""
options:
  executable:
    type: dict
    suboptions:
      path:
        description:
          - Where it is to be.
        type: path
        default: /opt/calico/bin/etcd
"""
    + SOURCE
    + MEMBER
)
# An archive of images
ModuleDocFragment.IMAGE = (
    r"""
options:
  image_archive:
    type: dict
    suboptions:
"""
    + SOURCE
)
# Modules that install CNI plugins: PLACING_SPEC of module_utils/_host/_cni.py, with plugins and executables
ModuleDocFragment.PLACING = r"""
options:
  plugins:
    description:
      - CNI plugins to install. Each needs a source.
  executables:
    description:
      - Other executables to install in the same call, as in M(dcos.calico.executable).
    default: []
  bin_dir:
    description:
      - Directory of the plugins' files. It lies outside C(/opt/mesosphere), which DC/OS upgrades swap.
    type: path
    default: /opt/calico/bin
  plugin_dir:
    description:
      - Directory in which Mesos looks for plugins. It gets a symbolic link to each. A file that has the name of one is replaced; the diff
        shows its sum. DC/OS makes this directory if it is below C(/opt/mesosphere); another one is made if needed.
    type: path
    default: /opt/mesosphere/active/cni
  required_cni_version:
    description:
      - CNI version that each plugin must support. A new plugin is asked for its versions before it becomes visible.
    type: str
    default: 0.1.0
"""
