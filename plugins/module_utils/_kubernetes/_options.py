# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say how to reach a Kubernetes API, and what they amount to. Documented in doc_fragments/_kubernetes.py.

The names of the environment variables are those of the collection kubernetes.core, so that both find the same cluster.
"""
from __future__ import annotations

import base64
import binascii
import dataclasses
import os
from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host._stream import whole

try:
    import yaml
except ImportError as error:
    YAML_ERROR: ImportError | None = error
else:
    YAML_ERROR = None


def _option(variable: str, **spec: Any) -> dict[str, Any]:
    return dict(fallback=(env_fallback, [variable]), **spec)


ARGUMENT_SPEC: dict[str, dict[str, Any]] = dict(
    kubeconfig=_option("K8S_AUTH_KUBECONFIG", type="path"),
    context=_option("K8S_AUTH_CONTEXT", type="str"),
    host=_option("K8S_AUTH_HOST", type="str"),
    token=_option("K8S_AUTH_API_KEY", type="str", no_log=True),
    ca_file=_option("K8S_AUTH_SSL_CA_CERT", type="path"),
    client_cert_file=_option("K8S_AUTH_CERT_FILE", type="path"),
    client_key_file=_option("K8S_AUTH_KEY_FILE", type="path", no_log=False),
    validate_certs=_option("K8S_AUTH_VERIFY_SSL", type="bool", default=True),
    service=dict(type="str", default="kubernetes"),
    timeout=dict(type="float", default=20.0),
)
NO_PEM = "It has to be PEM, as kubectl config view --raw --flatten prints it in base64"


def argument_spec(**own: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A module's argument_spec: these options and its own."""
    return {**deepcopy(ARGUMENT_SPEC), **own}


def vip(service: str) -> str:
    """Name and port by which the API server of package kubernetes is known inside the cluster."""
    return f"apiserver.{service.replace('/', '')}.l4lb.thisdcos.directory:6443"


def ways(service: str) -> str:
    """How an operator can get to an API that DC/OS shows to the inside of the cluster only."""
    inside = vip(service)
    name = inside.partition(":")[0]
    return (
        f"Package kubernetes shows its API inside the cluster only, as {inside}. Ways in: marathon-lb, Edge-LB or another HAProxy on a public agent; a tunnel, "
        f"ssh -N -L 6443:{inside} USER@MASTER, with {name} as 127.0.0.1 in /etc/hosts here, which its certificate is for; kubectl proxy on a host that "
        "reaches it; or ansible-playbook on a host of the cluster. Give it as calico_kubernetes_api; see docs/kubernetes.md"
    )


@dataclasses.dataclass(frozen=True)
class Connection:
    """One API and who asks it. What is not given is None; secrets are left out of the repr.

    :ivar server: URL without a slash at its end.
    :ivar ca, cert, key: PEM as bytes.
    :ivar server_name: the name that the certificate is to be for, where that is not the one in the URL.
    """

    server: str
    verify: bool = True
    ca: bytes | None = None
    cert: bytes | None = None
    key: bytes | None = dataclasses.field(default=None, repr=False)
    token: str | None = dataclasses.field(default=None, repr=False)
    basic: tuple[str, str] | None = dataclasses.field(default=None, repr=False)
    server_name: str | None = None


def connection(params: Mapping[str, Any]) -> Connection:
    """What the options of a module amount to. Asks nobody, but reads the files that they name.

    :raises ValidationError: nothing is given, or what is cannot be right.
    """
    if params.get("host"):
        return _of_host(params)
    if params.get("kubeconfig"):
        return _of_kubeconfig(str(params["kubeconfig"]), params.get("context"), bool(params.get("validate_certs", True)))
    raise ValidationError(
        "How to reach the API of Kubernetes is not said",
        "neither a kubeconfig nor a host is given",
        ways(str(params.get("service") or "kubernetes")),
    )


def _of_host(params: Mapping[str, Any]) -> Connection:
    cert, key = params.get("client_cert_file"), params.get("client_key_file")
    if bool(cert) != bool(key):
        why = f"only {cert or key} is given"
        raise ValidationError("A client certificate and its key belong together", why, "Give both client_cert_file and client_key_file")
    return Connection(
        _checked(str(params["host"]), "host"),
        verify=bool(params.get("validate_certs", True)),
        ca=_read(params["ca_file"], "ca_file") if params.get("ca_file") else None,
        cert=_read(cert, "client_cert_file") if cert else None,
        key=_read(key, "client_key_file") if key else None,
        token=params.get("token") or None,
    )


def _checked(url: str, where: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        remedy = "Write it as https://NAME:6443; what kubectl proxy serves is http://127.0.0.1:8001"
        raise ValidationError(f"{url!r} of {where} is not the address of an API", None, remedy)
    return url.rstrip("/")


def _read(path: str, what: str) -> bytes:
    try:
        with open(os.path.expanduser(path), "rb") as handle:
            return bytes(whole(handle, path))
    except OSError as error:
        raise ValidationError(f"The file {path} of {what} cannot be read", error.strerror, "Give the path of a file on the controller")


def _of_kubeconfig(path: str, context: str | None, verify: bool) -> Connection:
    if YAML_ERROR is not None:
        raise ValidationError("The kubeconfig cannot be read", "the Python library PyYAML is missing", "Install PyYAML for ansible-playbook's Python")
    text = _read(path, "kubeconfig")
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValidationError(f"The kubeconfig {path} is not YAML", " ".join(str(error).split()))
    if not isinstance(found, dict) or not isinstance(found.get("clusters"), list):
        raise ValidationError(f"The kubeconfig {path} names no cluster", None, "Make it with: dcos kubernetes kubeconfig --apiserver-url URL")
    return _resolved(Kubeconfig(path, found), context, verify)


class Kubeconfig:
    """A kubeconfig file: lists of named entries."""

    def __init__(self, path: str, content: Mapping[str, Any]) -> None:
        self.path = path
        self.content = content

    def entry(self, kind: str, name: str | None) -> dict[str, Any]:
        """What stands below the entry of a list, such as the cluster of C(clusters).

        :raises ValidationError: there is none of that name.
        """
        entries = [item for item in self.content.get(f"{kind}s") or [] if isinstance(item, dict)]
        for item in entries:
            if item.get("name") == name:
                return item.get(kind) or {}
        names = ", ".join(str(item.get("name")) for item in entries) or "none at all"
        raise ValidationError(f"The kubeconfig {self.path} has no {kind} {name!r}", f"it has {names}", "Give the name of a context as context")

    def data(self, entry: Mapping[str, Any], key: str) -> bytes | None:
        """PEM that stands in the file itself, or in another one, whose path is relative to it."""
        inline, file = entry.get(f"{key}-data"), entry.get(key)
        if inline:
            try:
                return base64.b64decode(str(inline), validate=True)
            except (binascii.Error, ValueError):
                raise ValidationError(f"{key}-data in the kubeconfig {self.path} is not base64", None, NO_PEM)
        return _read(os.path.join(os.path.dirname(self.path), str(file)), key) if file else None


def _resolved(config: Kubeconfig, context: str | None, verify: bool) -> Connection:
    desired = context or config.content.get("current-context")
    if not desired:
        raise ValidationError(f"The kubeconfig {config.path} has no current context", None, "Give the name of one as context")
    chosen = config.entry("context", str(desired))
    cluster, user = config.entry("cluster", chosen.get("cluster")), config.entry("user", chosen.get("user"))
    for program in ("exec", "auth-provider"):
        if user.get(program):
            raise ValidationError(
                f"The user {chosen.get('user')} of the kubeconfig {config.path} logs in by a program ({program})",
                None,
                "Give the token of a service account instead: host and token, or a kubeconfig with a token in it",
            )
    token = user.get("token")
    if not token and user.get("tokenFile"):
        token = _read(os.path.join(os.path.dirname(config.path), str(user["tokenFile"])), "tokenFile").decode("utf-8", "replace").strip()
    return Connection(
        _checked(str(cluster.get("server") or ""), f"the kubeconfig {config.path}"),
        verify=verify and not cluster.get("insecure-skip-tls-verify"),
        ca=config.data(cluster, "certificate-authority"),
        cert=config.data(user, "client-certificate"),
        key=config.data(user, "client-key"),
        token=str(token) if token else None,
        basic=(str(user["username"]), str(user.get("password") or "")) if user.get("username") else None,
        server_name=cluster.get("tls-server-name"),
    )
