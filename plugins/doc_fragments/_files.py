# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    """Option files: module_utils/_host/_text_files.py FILES_SPEC."""

    DOCUMENTATION = r"""
options:
  files:
    description:
      - The files, each path once.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - Absolute path.
        type: path
        required: true
      content:
        description:
          - Its whole content. Text is written as given, so end it with a line break.
        type: str
      secret_content:
        description:
          - The same for a secret. It is kept out of diffs, results and the host's log, and the file is for its owner only by default.
          - One of O(files[].content) and O(files[].secret_content) is needed for O(files[].state=present).
        type: str
      mode:
        description:
          - Octal mode with a leading zero, quoted. The default is V(0600) for a secret, V(0755) for a directory, else V(0644).
        type: str
      owner:
        description:
          - Name or number of the owner.
        type: str
        default: root
      group:
        description:
          - Name or number of the group.
        type: str
        default: root
      state:
        description:
          - V(present) is a regular file with that content.
          - V(directory) is a directory. A link to a directory will do.
          - V(absent) removes a file, a link or an empty directory. A directory that holds something which this call does not remove stays.
        type: str
        choices: [present, absent, directory]
        default: present
      staging:
        description:
          - Directory, on the same file system, in which the new file is made before it is renamed. Name one where every file in the
            target's own directory is read by somebody, such as Mesos' directory of CNI networks.
        type: path
      validate:
        description:
          - What the content has to be. A wrong one is refused before anything is touched.
          - V(certificate) and V(private_key) want a PEM block of that kind.
        type: str
        choices: [none, json, certificate, private_key]
        default: none
      unmanaged:
        description:
          - What to do with a file that is there, differs and is not ours, which is one that lacks the words of O(files[].marker).
          - V(replace) overwrites it, V(refuse) ends with an error that names it.
        type: str
        choices: [replace, refuse]
        default: replace
      unmanaged_same:
        description:
          - With O(files[].unmanaged=refuse), keys such as V(etcdEndpoints). An unmanaged file in which all of them have the same values as in
            the desired content is replaced all the same.
          - The file is read as YAML, of which JSON is a part. V(etcdEndpoints) are those to which calicoctl would go by it.
        type: list
        elements: str
        default: []
      marker:
        description:
          - The words by which a file of ours is known. With O(files[].unmanaged=refuse) the content has to hold them.
        type: str
        default: Managed by Ansible (dcos.calico
"""
