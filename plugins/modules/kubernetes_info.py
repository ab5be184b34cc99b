#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_info
short_description: Look at a Kubernetes cluster, and wait until it does its work
version_added: 0.1.0
description:
  - Tells what version a Kubernetes cluster is, its namespaces, and how the Deployments and pods of one namespace are.
  - Waits, on request, until Deployments are available and all pods are Ready; the error then names each that is not, with what Kubernetes says of it.
  - An API that cannot be reached, whose certificate does not fit, or that does not know who asks, is an error that names the ways to the API of
    package kubernetes of DC/OS, which is shown inside the cluster only.
  - Runs on the controller and only reads. Needs neither C(kubectl) nor the Python library kubernetes.
author:
  - dcos.calico maintainers (@dcos)
options:
  connect:
    description:
      - Whether to ask the API. Otherwise only the options are validated, and the files that they name.
    type: bool
    default: true
  required:
    description:
      - Whether an API that cannot be reached is an error. Otherwise it is RV(reachable=false); a wrong certificate or token always is one.
    type: bool
    default: true
  namespace:
    description:
      - Namespace of the Deployments and pods.
    type: str
    default: kube-system
  deployments:
    description:
      - Names of Deployments that have to be available.
    type: list
    elements: str
    default: []
  pods:
    description:
      - Whether all pods of the namespace have to be Ready. Those that came to their end well count as such.
      - Pods that failed, such as evicted ones, or are being deleted, do not count where their Deployment has as many others as it wants.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait for the API to answer, for O(deployments) and O(pods). What is missing then is an error. With V(0) it is RV(missing).
      - Check mode does not wait, and what would have been waited for is no error there.
    type: float
    default: 0
  progress_file:
    description:
      - File on the controller to which the progress of a wait is appended. By default, the action plugin makes one for itself and shows it.
    type: path
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._kubernetes
attributes:
  action:
    description: Has a corresponding action plugin, which shows the progress of a wait.
    support: full
"""

EXAMPLES = r"""
- name: Wait until the add-ons of Kubernetes are Ready
  dcos.calico.kubernetes_info:
    kubeconfig: ~/.kube/config
    pods: true
    wait_timeout: 600
  delegate_to: localhost
"""

RETURN = r"""
reachable:
  description: Whether the API answered; null with O(connect=false).
  returned: success
  type: bool
  sample: true
reason:
  description: Why it did not answer; empty otherwise.
  returned: success
  type: str
  sample: ""
server:
  description: URL of the API.
  returned: success
  type: str
  sample: https://kube-apiserver.example.com:6443
version:
  description: Version of Kubernetes, empty if the API was not asked.
  returned: success
  type: str
  sample: v1.10.8
namespaces:
  description: Names of all namespaces.
  returned: success
  type: list
  elements: str
  sample: [default, kube-public, kube-system]
deployments:
  description: The Deployments of O(namespace).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: calico-kube-controllers
    ready:
      description: Whether all of its pods are available.
      type: bool
      returned: always
      sample: true
    text:
      description: How far it is.
      type: str
      returned: always
      sample: 1 of 1 available
    images:
      description: The images of its containers.
      type: list
      elements: str
      returned: always
      sample: ["quay.io/calico/kube-controllers:v1.0.3"]
pods:
  description: The pods of O(namespace).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: kube-dns-64f766c69c-2cq8l
    ready:
      description: Whether it is Ready, or came to its end well.
      type: bool
      returned: always
      sample: false
    text:
      description: How it is, and why it is not Ready.
      type: str
      returned: always
      sample: "Pending: kubedns: ContainerCreating"
    images:
      description: The images of its containers.
      type: list
      elements: str
      returned: always
      sample: ["gcr.io/google_containers/k8s-dns-kube-dns-amd64:1.14.10"]
missing:
  description: A sentence for each of O(deployments) and O(pods) that is not as it has to be.
  returned: success
  type: list
  elements: str
  sample: ["Deployment calico-kube-controllers: 0 of 1 available"]
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.dcos.calico.plugins.module_utils._dcos._watch import Progress
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _client, _options, _state, _versions
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = _options.argument_spec(
    connect=dict(type="bool", default=True),
    required=dict(type="bool", default=True),
    namespace=dict(type="str", default="kube-system"),
    deployments=dict(type="list", elements="str", default=[]),
    pods=dict(type="bool", default=False),
    wait_timeout=dict(type="float", default=0),
    progress_file=dict(type="path"),
)
POLL_EVERY = 3.0


def look(client: _client.Client, params: dict[str, Any]) -> dict[str, Any]:
    """What the API says now."""
    namespace = params["namespace"]
    version = str(client.get("/version").get("gitVersion") or "")
    namespaces = sorted(_state.name_of(item) for item in _items(client, "/api/v1/namespaces"))
    pods = _items(client, f"/api/v1/namespaces/{namespace}/pods")
    deployments = _items(client, f"/apis/{_versions.deployment_api(version)}/namespaces/{namespace}/deployments")
    missing = _state.missing_deployments(params["deployments"], deployments, pods)
    if params["pods"]:
        missing += [text for text in _state.missing_pods(pods, deployments) if not _said(text, missing)]
    return {
        "reachable": True,
        "version": version,
        "namespaces": namespaces,
        "deployments": [_shown(_state.deployment(item)) for item in deployments],
        "pods": [_shown(_state.pod(item)) for item in pods],
        "missing": missing,
    }


def _items(client: _client.Client, path: str) -> list[dict[str, Any]]:
    return sorted(client.get(path).get("items") or [], key=_state.name_of)


def _shown(state: _state.State) -> dict[str, Any]:
    return {**dataclasses.asdict(state), "images": list(state.images)}


def _said(text: str, sentences: list[str]) -> bool:
    """Whether a pod's sentence is part of its Deployment's already."""
    return any(text[len("pod ") :] in sentence for sentence in sentences)


def watch(look_once: Callable[[], dict[str, Any]], params: dict[str, Any], deadline: Deadline, progress: Progress) -> dict[str, Any]:
    """Look until nothing is missing; an API that does not answer may be starting.

    :raises CalicoError: the deadline passed, with what was wrong last; or the API refuses.
    """
    while True:
        try:
            found = look_once()
            if not found["missing"]:
                return found
            error = _late(params, found["missing"])
        except _client.ApiFailed as failure:
            if failure.kind != "unreachable":
                raise
            error = failure
        progress.tell(error.why or error.what)
        if not deadline.pause(POLL_EVERY):
            raise error


def _late(params: dict[str, Any], missing: list[str]) -> CalicoError:
    what = f"Not everything in the namespace {params['namespace']} of Kubernetes does its work after {params['wait_timeout']:g} seconds"
    remedy = f"kubectl -n {params['namespace']} describe tells more of each. Put it right and run again"
    return CalicoError(what, "; ".join(missing), remedy, missing=missing)


def job(module: AnsibleModule) -> dict[str, Any]:
    """Validate the options, ask, wait; see RETURN."""
    params = module.params
    if _client.REQUESTS_ERROR is not None:
        raise CalicoError("The API of Kubernetes cannot be asked", missing_required_lib("requests"))
    connection = _options.connection(params)
    result: dict[str, Any] = {"changed": False, "reachable": None, "reason": "", "server": connection.server, "version": ""}
    result.update(namespaces=[], deployments=[], pods=[], missing=[])
    if not params["connect"]:
        return result
    seconds = 0.0 if module.check_mode else params["wait_timeout"]
    progress = Progress(params["progress_file"], "Kubernetes")
    try:
        with _client.Client(connection, params["service"], params["timeout"]).opened() as client:
            found = watch(lambda: look(client, params), params, Deadline(seconds), progress) if seconds else look(client, params)
    except _client.ApiFailed as error:
        awaited = module.check_mode and params["wait_timeout"] > 0
        if (params["required"] and not awaited) or error.kind != "unreachable":
            raise
        found = {"reachable": False, "reason": str(error)}
    return {**result, **found}


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == "__main__":
    main()
