# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say how to reach a cluster, for modules and plugins alike. Documented in doc_fragments/_dcos.py."""
from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import quote, urlsplit

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible.module_utils.common.text.converters import to_text

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError


def _option(variable: str, **spec: Any) -> dict[str, Any]:
    return dict(fallback=(env_fallback, [variable]), **spec)


ARGUMENT_SPEC: dict[str, dict[str, Any]] = dict(
    url=_option("DCOS_URL", type="str"),  # required; said better by _from()
    token=_option("DCOS_ACS_TOKEN", type="str", no_log=True),
    uid=_option("DCOS_UID", type="str"),
    password=_option("DCOS_PASSWORD", type="str", no_log=True),
    # raw: ansible-core turns JSON text that a template gives into a dict, which as a str would be Python's text of it
    service_account=_option("DCOS_SERVICE_ACCOUNT", type="raw", no_log=True),
    ca_path=_option("DCOS_CA_PATH", type="path"),
    ca_fingerprint=_option("DCOS_CA_FINGERPRINT", type="str"),
    validate_certs=_option("DCOS_VALIDATE_CERTS", type="bool", default=True),
    timeout=_option("DCOS_TIMEOUT", type="float", default=30.0),
)
SECRETS = ("token", "password", "service_account")
PORTS = {"http": 80, "https": 443}


def argument_spec(**own: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A module's argument_spec: these options and its own."""
    return {**deepcopy(ARGUMENT_SPEC), **own}


def writings(secret: str) -> set[str]:
    """A text as it may stand in a message: as it is, or quoted for JSON, for Python or for an address."""
    quoted = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1], quote(secret, safe=""), quote(secret)}
    return {secret, *quoted}


def hide(module: AnsibleModule, secrets: Iterable[str] = ()) -> None:
    """Keep secrets out of a module's result: these, and those of its options with no_log, however they are written."""
    module.no_log_values.update(text for secret in {*secrets, *module.no_log_values} for text in writings(secret))


def normalise_fingerprint(text: str) -> str:
    """A sha256 sum as bare lower-case digits: openssl writes C(sha256 Fingerprint=AB:CD:...).

    :raises ValidationError: if it is none.
    """
    digits = re.sub(r"[:\s]", "", re.sub(r"^\s*sha-?256(\s+fingerprint)?\s*[=:]", "", text, flags=re.IGNORECASE)).lower()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise ValidationError(
            f"ca_fingerprint is not a sha256 sum: {text!r}",
            "that is 64 hexadecimal digits, with or without colons",
            'Run "openssl x509 -noout -fingerprint -sha256 -in /run/dcos/pki/CA/ca-bundle.crt" on a master',
        )
    return digits


@dataclasses.dataclass(frozen=True)
class Options:
    """How to reach a cluster. What is not given is None; secrets are left out of the repr.

    :ivar service_account: path of a file, its text, or the object that the text is.
    :ivar timeout: seconds for one request, its repetitions included.
    """

    url: str
    token: str | None = dataclasses.field(default=None, repr=False)
    uid: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    service_account: str | dict[str, Any] | None = dataclasses.field(default=None, repr=False)
    ca_path: str | None = None
    ca_fingerprint: str | None = None
    validate_certs: bool = True
    timeout: float = 30.0

    @classmethod
    def from_module(cls, module: AnsibleModule) -> Options:
        """From a module's parameters; sees to it that no part of a secret gets into its result."""
        options = cls._from(module.params)
        hide(module, options.secret_texts())
        return options

    @classmethod
    def from_plugin(cls, get_option: Callable[[str], Any]) -> Options:
        """From the options of an inventory plugin or a lookup."""
        return cls._from({name: get_option(name) for name in ARGUMENT_SPEC})

    @classmethod
    def _from(cls, given: Mapping[str, Any]) -> Options:
        """An empty text, such as an empty environment variable, is the same as none."""
        values: dict[str, Any] = {}
        for name in ARGUMENT_SPEC:
            value = given.get(name)
            if isinstance(value, dict):
                # an encrypted value is text only when it is asked for
                value = {str(key): to_text(part) for key, part in value.items()} or None
            if value is not None and not isinstance(value, (bool, int, float, dict)):
                # a password may begin or end with a blank; nothing else does
                value = (to_text(value) if name == "password" else to_text(value).strip()) or None
            values[name] = value
        if values["url"] is None:
            remedy = "Set calico_dcos_url, or url of a task or an inventory file of your own, to its address, such as https://dcos.example.com"
            raise ValidationError("No DC/OS cluster is named", "neither calico_dcos_url (the option url) nor the environment's DCOS_URL is set", remedy)
        return cls(**values)

    def secret_texts(self) -> set[str]:
        """Every text that must not be seen, by parts: a private key may be quoted without what it came in."""
        account = self.service_account
        whole = {text for text in (self.token, self.password, account if isinstance(account, str) else None) if text}
        key = account.get("private_key") if isinstance(account, dict) else None
        # not where a password belongs, but where some other programs take it
        found = re.match(r"\w+://[^/@]*?:([^/]+)@", self.url)
        return whole | {text for text in (key, found and found.group(1)) if isinstance(text, str) and text}

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme.lower()

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def host_port(self) -> str:
        """Host and port, for messages."""
        parts = urlsplit(self.url)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{parts.port or PORTS.get(self.scheme, 0)}"

    @property
    def base(self) -> str:
        """The address that a path is put behind, with its port."""
        return f"{self.scheme}://{self.host_port}"

    def has_secret(self) -> bool:
        return any(getattr(self, name) for name in SECRETS)

    def _is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def sends_secret_in_clear(self) -> bool:
        """Whether a token or a password would cross a network readable for all; a tunnel's end on this host is none."""
        return self.scheme == "http" and self.has_secret() and not self._is_loopback()

    def check(self) -> list[str]:
        """Validate all that can be validated without asking anybody; return warnings.

        :raises ValidationError: naming the option.
        """
        self._check_url()
        if self.timeout <= 0:
            raise ValidationError(f"timeout is {self.timeout}", "it has to be more than 0 seconds")
        if self.ca_fingerprint:
            normalise_fingerprint(self.ca_fingerprint)
            if self.scheme != "https":
                raise ValidationError(
                    f"ca_fingerprint is given and url is {self.url}",
                    "there is no certificate to compare it with over plain http",
                    "Write https:// in url, or leave out ca_fingerprint",
                )
        if self.sends_secret_in_clear() and self.validate_certs:
            raise ValidationError(
                f"A token or password is not sent to {self.host_port} over plain http",
                "whoever sees it on the way can do with the cluster what you can",
                "Write https:// in url; or, in a network that you trust, set validate_certs to false as well",
            )
        return self._warnings()

    def _check_url(self) -> None:
        remedy = "Write it as https://HOST or https://HOST:PORT, with nothing behind"
        if "@" in self.url:
            raise ValidationError("url has a user name in it", "DC/OS knows no such login", "Give uid and password, or a token, as options of their own")
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as error:
            raise ValidationError(f"url is no address: {self.url!r}", str(error), remedy)
        if self.scheme not in PORTS or not parts.hostname or port == 0:
            raise ValidationError(f"url is no address of a cluster: {self.url!r}", "it does not begin with https:// or http:// and a host", remedy)
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValidationError(f"url has a path: {self.url!r}", "DC/OS' Admin Router answers at the root only", remedy)

    def _warnings(self) -> list[str]:
        found = []
        if not self.validate_certs and self.scheme == "https":
            unused = ", ".join(name for name in ("ca_path", "ca_fingerprint") if getattr(self, name))
            found.append(
                f"Certificates are not verified (validate_certs is false): whoever answers as {self.host_port} gets what is sent, tokens and passwords "
                f"included.{f' {unused} has no effect.' if unused else ''} Give ca_path or ca_fingerprint instead."
            )
        if self.sends_secret_in_clear():
            found.append(f"A token or password is sent to {self.host_port} over plain http, because validate_certs is false.")
        return found
