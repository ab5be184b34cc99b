# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of getting a token, one class each. validate() asks nobody; login() asks Bouncer.

Bouncer is in DC/OS Enterprise and in open DC/OS from 1.13 on. Open DC/OS before that has dcos-oauth, which knows neither passwords nor service accounts.
"""
from __future__ import annotations

import base64
import binascii
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Optional

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError, AuthenticationFailed, DcosError, Response, cause_of
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host._stream import whole

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
except ImportError as error:
    CRYPTOGRAPHY_ERROR: ImportError | None = error
else:
    CRYPTOGRAPHY_ERROR = None

LOGIN_PATH = "/acs/api/v1/auth/login"
# Seconds for which a service account's login is good, which is what it takes to send it and some difference of clocks.
LOGIN_LIFETIME = 300
# Answers of dcos-oauth to what it does not understand; Bouncer never says these.
OAUTH_REFUSALS = ("jwt verification failed", "jwt parsing failed", "json decode error", "invalid email claim", "email not verified", "user unauthorized")
GET_TOKEN = 'Log in with the DC/OS CLI and give what "dcos config show core.dcos_acs_token" prints as token'

# (path, body) -> answer, whatever its status; sent without a token
Post = Callable[[str, Mapping[str, Any]], Response]


class Method:
    """A way of getting a token."""

    NAME = ""
    # whether login() gives a new token when the first has expired
    RENEWABLE = False

    def validate(self) -> None:
        """Validate what was given without asking anybody.

        :raises ValidationError: naming the option.
        """

    def login(self, post: Post) -> Optional[str]:
        """The token to send, None for none.

        :raises AuthenticationFailed: if the login is refused.
        """
        raise NotImplementedError

    def secrets(self) -> set[str]:
        """What must not be seen in any message."""
        return set()

    def refused(self, challenge: str) -> tuple[str, str]:
        """Why a request was answered with 401, and what to do.

        :param challenge: its WWW-Authenticate: oauthjwt is open DC/OS, acsjwt is Enterprise.
        """
        remedy = "See the logs of dcos-bouncer and dcos-adminrouter on the masters, and whether their clocks agree"
        return "the token that was just got by login is refused", remedy


class NoAuth(Method):
    """No token, for clusters without authentication, and for what needs none."""

    NAME = "none"

    def login(self, post: Post) -> Optional[str]:
        return None

    def refused(self, challenge: str) -> tuple[str, str]:
        if challenge == "oauthjwt":
            remedy = f"{GET_TOKEN}, or set DCOS_ACS_TOKEN; from 1.13 on, uid and password, or service_account"
            return "it wants a token (oauthjwt, open DC/OS) and none was given", remedy
        return "it wants a token and none was given", "Give uid and password, service_account, or token; or set DCOS_ACS_TOKEN"


class ReadyToken(Method):
    """A token that somebody else got by logging in."""

    NAME = "token"

    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self._token = token
        self._clock = clock

    def validate(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_=.~+/-]+", self._token) or self._token.startswith("token="):
            raise ValidationError("token is not a DC/OS token", "it has characters that no token has, or begins with token=", GET_TOKEN)

    def login(self, post: Post) -> Optional[str]:
        return self._token

    def secrets(self) -> set[str]:
        return {self._token}

    def refused(self, challenge: str) -> tuple[str, str]:
        expiry = expiry_of(self._token)
        if expiry is not None and expiry < self._clock():
            when = time.strftime("%Y-%m-%d at %H:%M:%S UTC", time.gmtime(expiry))
            return f"the token expired on {when}", f"{GET_TOKEN}, or use service_account, which logs in by itself"
        return "the token is not one of this cluster, or has been revoked", GET_TOKEN


class Password(Method):
    """A user's name and password, known to Bouncer itself or to the LDAP server behind it."""

    NAME = "uid and password"
    RENEWABLE = True

    def __init__(self, uid: str, password: str) -> None:
        self._uid = uid
        self._password = password

    def login(self, post: Post) -> Optional[str]:
        remedy = "Check uid and password; service accounts have no password, use service_account for them"
        return _login(post, {"uid": self._uid, "password": self._password}, f"user {self._uid}", remedy)

    def secrets(self) -> set[str]:
        return {self._password}


class ServiceAccount(Method):
    """A service account: a name and a private RSA key, by which a login is signed that lives for minutes only."""

    NAME = "service_account"
    RENEWABLE = True

    def __init__(self, given: Any, uid: str | None, clock: Callable[[], float] = time.time) -> None:
        self._given = given
        self._given_uid = uid
        self._clock = clock
        self._uid = ""
        self._pem = ""
        self._key: Any = None
        self._last_login = ""

    def validate(self) -> None:
        if CRYPTOGRAPHY_ERROR is not None:
            raise DcosError("A service account cannot log in", missing_required_lib("cryptography", reason="to sign its login"))
        if self._key is not None:
            return
        self._uid, self._pem = read_service_account(self._given, self._given_uid)
        try:
            key = serialization.load_pem_private_key(self._pem.encode("utf-8"), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            why = "it is protected by a passphrase" if isinstance(error, TypeError) else "it is not a private key in PEM form"
            raise ValidationError("The private key of service_account cannot be used", why, 'Make a pair with "dcos security org service-accounts keypair"')
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValidationError("The private key of service_account is not an RSA key", "DC/OS knows RS256 only", "Make a new pair for the account")
        self._key = key

    def login(self, post: Post) -> Optional[str]:
        self.validate()
        remedy = "Check that the account exists and has the public key that belongs to this private key, and that the clocks of this host and the masters agree"
        self._last_login = self.login_token()
        return _login(post, {"uid": self._uid, "token": self._last_login}, f"service account {self._uid}", remedy)

    def login_token(self) -> str:
        """The login: a JWT signed with RS256."""
        claims = {"uid": self._uid, "exp": int(self._clock()) + LOGIN_LIFETIME}
        signed = b".".join(_base64url(json.dumps(part, separators=(",", ":")).encode("utf-8")) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
        signature = self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return b".".join((signed, _base64url(signature))).decode("ascii")

    def secrets(self) -> set[str]:
        return {text for text in (self._pem, self._last_login) if text}


def method_of(options: Options, clock: Callable[[], float] = time.time) -> Method:
    """The way that the options name.

    :raises ValidationError: if they name more than one, or half of one.
    """
    given = [name for name in ("token", "password", "service_account") if getattr(options, name)]
    if len(given) > 1:
        raise ValidationError(
            f"More than one way to log in is given: {', '.join(given)}",
            "some of it may come from the environment (DCOS_ACS_TOKEN, DCOS_PASSWORD, DCOS_SERVICE_ACCOUNT)",
            'Leave one; an option that is "" counts as not given, whatever the environment says',
        )
    if options.service_account:
        return ServiceAccount(options.service_account, options.uid, clock)
    if options.token:
        return ReadyToken(options.token, clock)
    if options.uid and options.password:
        return Password(options.uid, options.password)
    if options.uid or options.password:
        missing, has = ("password", "uid") if options.uid else ("uid", "password")
        raise ValidationError(f"{has} is given without {missing}", None, f"Give {missing} too, or service_account, or token")
    return NoAuth()


def read_service_account(given: Any, uid: str | None) -> tuple[str, str]:
    """(uid, PEM of the private key) from DC/OS' secret-file format or a bare private key; either as a path, as text or, the former, as an object.

    :raises ValidationError: never quoting what is secret.
    """
    if isinstance(given, str) and not given.lstrip().startswith(("{", "-----BEGIN")):
        given = _read_file(given)
    if isinstance(given, str) and given.lstrip().startswith("-----BEGIN"):
        if not uid:
            raise ValidationError("service_account is a private key and uid is not given", "a key has no name", "Give the account's name as uid")
        return uid, given
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    return _from_secret(given, uid)


def _read_file(name: str) -> str:
    """The message leaves the directory out: ansible-core masks the whole path, as it masks the option's value everywhere."""
    path = os.path.expanduser(os.path.expandvars(name))
    try:
        with open(path, encoding="utf-8") as file:
            return str(whole(file, path))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not a text file"
        raise ValidationError(
            f"The file {os.path.basename(path)} that service_account names cannot be read",
            why,
            "Give the path of a file on the controller in DC/OS' secret-file format, or its text",
        )


def _from_secret(secret: Any, uid: str | None) -> tuple[str, str]:
    remedy = 'It is {"uid": "NAME", "private_key": "-----BEGIN ...", "scheme": "RS256", ...}, as "dcos security secrets create-sa-secret" stores it'
    if not isinstance(secret, dict):
        raise ValidationError("service_account is neither a private key nor DC/OS' secret-file format", "it is not a JSON object", remedy)
    scheme = secret.get("scheme", "RS256")
    if scheme != "RS256":
        raise ValidationError("service_account has a scheme other than RS256", "DC/OS knows no other", remedy)
    name, key = secret.get("uid"), secret.get("private_key")
    if not isinstance(key, str) or not key.strip():
        raise ValidationError("service_account has no private_key", None, remedy)
    if not isinstance(name, str) or not name:
        name = uid
    if not name:
        raise ValidationError("service_account has no uid", None, remedy)
    if uid and uid != name:
        raise ValidationError(f"uid is {uid} and service_account is that of {name}", None, "Leave out uid (or DCOS_UID), or name the account's file")
    return name, key


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def expiry_of(token: str) -> float | None:
    """When a token expires, in seconds of the epoch; None if it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return None
    expiry = claims.get("exp") if isinstance(claims, dict) else None
    return float(expiry) if isinstance(expiry, (int, float)) and not isinstance(expiry, bool) else None


def _login(post: Post, body: dict[str, Any], who: str, remedy: str) -> str:
    response = post(LOGIN_PATH, body)
    if response.status == 200:
        answer = response.json()
        token = answer.get("token") if isinstance(answer, dict) else None
        if isinstance(token, str) and token:
            return token
        raise ApiError(f"{response.request} has no token in its answer", None, "Check that url is the address of a DC/OS master", response.status)
    cause = cause_of(response.text)
    what = f"{response.request}: the login of {who} was refused ({response.status})"
    if response.status in (404, 405):
        raise AuthenticationFailed(what, "nothing there knows logins", f"Check that url is the address of a DC/OS master. {GET_TOKEN}", response.status)
    if any(words in response.text.lower() for words in OAUTH_REFUSALS):
        why = f"open DC/OS before 1.13 knows neither passwords nor service accounts ({cause.text})"
        raise AuthenticationFailed(what, why, GET_TOKEN, response.status, cause.kind)
    raise AuthenticationFailed(what, cause.text or None, remedy, response.status, cause.kind)
