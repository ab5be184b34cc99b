"""Where the datastore is: a config file, or else the environment, with calicoctl's precedence.

A config file that exists wins whole: no ETCD_* variable is looked at then, and it gets no defaults.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ConfigError

DEFAULT_CONFIG_PATH = "/etc/calico/calicoctl.cfg"
_KIND = "calicoApiConfig"
_FILE_FIELDS = {
    "datastoreType": "datastore_type",
    "etcdScheme": "scheme",
    "etcdAuthority": "authority",
    "etcdEndpoints": "endpoints",
    "etcdUsername": "username",
    "etcdPassword": "password",
    "etcdKeyFile": "key_file",
    "etcdCertFile": "cert_file",
    "etcdCACertFile": "ca_cert_file",
}
_VARIABLES = {
    "DATASTORE_TYPE": "datastore_type",
    "ETCD_SCHEME": "scheme",
    "ETCD_AUTHORITY": "authority",
    "ETCD_ENDPOINTS": "endpoints",
    "ETCD_USERNAME": "username",
    "ETCD_PASSWORD": "password",
    "ETCD_KEY_FILE": "key_file",
    "ETCD_CERT_FILE": "cert_file",
    "ETCD_CA_CERT_FILE": "ca_cert_file",
}
_KUBERNETES_FIELDS = (
    "kubeconfig",
    "k8sAPIEndpoint",
    "k8sKeyFile",
    "k8sCertFile",
    "k8sCAFile",
    "k8sAPIToken",
    "k8sInsecureSkipTLSVerify",
    "k8sDisableNodePoll",
)
_ENVIRONMENT_DEFAULTS = {"datastore_type": "etcdv2", "scheme": "http", "authority": "127.0.0.1:2379"}


@dataclass(frozen=True)
class Settings:
    """What a client is made of."""

    datastore_type: str = ""
    scheme: str = ""
    authority: str = ""
    endpoints: str = ""
    username: str = ""
    password: str = ""
    key_file: str = ""
    cert_file: str = ""
    ca_cert_file: str = ""

    def endpoint_list(self) -> list[str]:
        """The etcd endpoints; ETCD_ENDPOINTS wins over ETCD_AUTHORITY."""
        kind = self.datastore_type or "etcdv2"
        if kind == "kubernetes":
            raise ConfigError("invalid configuration: no configuration has been provided")
        if kind != "etcdv2":
            raise ConfigError(f"Unknown datastore type: {kind}")
        if self.endpoints:
            return self.endpoints.split(",")
        if self.authority:
            return [f"{self.scheme}://{self.authority}"]
        raise ConfigError("no etcd authority or endpoints specified")


def load_settings(env: Mapping[str, str], config_path: str | None) -> Settings:
    """Settings from the config file if there is one (an absent default one is passed over), else from `env`."""
    if config_path and not os.path.exists(config_path):
        if config_path != DEFAULT_CONFIG_PATH:
            raise ConfigError(f"Error reading config file: {config_path}")
        config_path = None
    return settings_from_file(config_path) if config_path else settings_from_environment(env)


def settings_from_environment(env: Mapping[str, str]) -> Settings:
    """CALICO_X wins over X; unset ones get calicoctl's defaults, empty ones do not."""
    values = dict(_ENVIRONMENT_DEFAULTS)
    for variable, name in _VARIABLES.items():
        value = env.get(f"CALICO_{variable}", env.get(variable))
        if value is not None:
            values[name] = value
    return Settings(**values)


def settings_from_file(path: str) -> Settings:
    """Settings of a calicoApiConfig document."""
    from . import documents

    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    try:
        document = documents.parse(text)
        content: Mapping[str, Any] = document if isinstance(document, Mapping) else {}
        _refuse_unknown_fields(content)
    except documents.DocumentError as exc:
        raise ConfigError(f"syntax error in {path}: error parsing document: {exc}") from exc
    version = content.get("apiVersion", "")
    if version != "v1":
        raise ConfigError(f"syntax error in {path}: invalid config file: unknown APIVersion '{version}'")
    kind = content.get("kind", "")
    if kind != _KIND:
        raise ConfigError(f"syntax error in {path}: invalid config file: expected kind '{_KIND}', got '{kind}'")
    spec = content.get("spec") or {}
    return Settings(**{name: str(spec[key]) for key, name in _FILE_FIELDS.items() if key in spec})


def _refuse_unknown_fields(content: Mapping[str, Any]) -> None:
    from . import documents

    documents.refuse_unknown(content, {"apiVersion", "kind", "metadata", "spec"})
    spec = content.get("spec")
    if isinstance(spec, Mapping):
        documents.refuse_unknown(spec, set(_FILE_FIELDS) | set(_KUBERNETES_FIELDS))
