"""Bouncer (Enterprise; open from 1.13) and dcos-oauth (open before): keys, tokens, logins, permissions."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .config import Config

SUPERUSER = "dcos:superuser"
OAUTH_COOKIE_SECONDS = 388800
_KEY_BITS = 2048
Json = dict[str, Any]


class LoginRefused(Exception):
    """A login's answer when there is no token: status, body, headers."""

    def __init__(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, dict(headers or {})


class TokenRefused(Exception):
    """A token that opens nothing."""


class Iam:
    """Who may come in, and with what."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._bouncer = config.release.bouncer
        self._users = {user["uid"]: user for user in config.users}
        self._accounts = {account["uid"]: account for account in config.service_accounts}
        self._revoked: set[str] = set()
        self._key = self._rsa_key()
        self._secret = self._hs_secret()

    # -- keys -------------------------------------------------------------------------------

    def _rsa_key(self) -> rsa.RSAPrivateKey:
        file = self._config.state_dir / "iam.pem"
        if not file.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            file.touch(mode=0o600)
            file.write_bytes(pem)
        loaded = serialization.load_pem_private_key(file.read_bytes(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        return loaded

    def _hs_secret(self) -> str:
        file = self._config.state_dir / "auth-token-secret"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(32), encoding="ascii")
        return file.read_text(encoding="ascii")

    def jwks(self) -> Json:
        numbers = self._key.public_key().public_numbers()

        def encoded(number: int) -> str:
            return (
                base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
            )

        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": self._config.cluster_id,
                    "n": encoded(numbers.n),
                    "e": encoded(numbers.e),
                }
            ]
        }

    # -- tokens -----------------------------------------------------------------------------

    def issue(self, uid: str, seconds: float | None = None, claims: Mapping[str, Any] | None = None) -> str:
        """A token as this release signs it: RS256 with uid and exp alone, or HS256 with the id token's claims too."""
        expires = int(self._config.clock.now() + (self._config.token_seconds if seconds is None else seconds))
        token = self._signed({"uid": uid, "exp": expires}, claims)
        while token in self._revoked:
            # Tokens of one user and second are the same; one that a test ended must not come back.
            expires += 1
            token = self._signed({"uid": uid, "exp": expires}, claims)
        return token

    def _signed(self, own: Json, claims: Mapping[str, Any] | None) -> str:
        if self._bouncer:
            return jwt.encode(own, self._key, algorithm="RS256")
        return jwt.encode({**(claims or {}), **own}, self._secret, algorithm="HS256")

    def verify(self, token: str) -> str:
        """The uid of a good token; raises TokenRefused. `exp` may be missing, `uid` may not."""
        if token in self._revoked:
            raise TokenRefused("expired")
        key, algorithm = (self._key.public_key(), "RS256") if self._bouncer else (self._secret, "HS256")
        try:
            claims = jwt.decode(token, key, algorithms=[algorithm], options={"verify_aud": False, "verify_iat": False})
        except jwt.InvalidTokenError as error:
            raise TokenRefused(str(error)) from error
        uid = claims.get("uid")
        if not uid:
            raise TokenRefused("no uid")
        return str(uid)

    def revoke(self, token: str) -> None:
        """From now on the token counts as expired."""
        self._revoked.add(token)

    # -- permissions ------------------------------------------------------------------------

    def permissions(self, uid: str) -> set[str]:
        entry = self._users.get(uid) or self._accounts.get(uid) or {}
        return set(entry.get("permissions", []))

    def may(self, uid: str | None, *resources: str) -> bool:
        """Whether one of the permissions is granted. Open DC/OS knows users, but no permissions."""
        if not self._config.enterprise or not self._config.auth_enabled:
            return True
        granted = self.permissions(uid or "")
        return SUPERUSER in granted or any(resource in granted for resource in resources)

    # -- logins -----------------------------------------------------------------------------

    def login(self, body: Any) -> tuple[str, str, int]:
        """(token, uid, cookie lifetime); raises LoginRefused."""
        return self._bouncer_login(body) if self._bouncer else self._oauth_login(body)

    def _bouncer_login(self, body: Any) -> tuple[str, str, int]:
        if not isinstance(body, dict) or not all(
            isinstance(value, str) for key, value in body.items() if key in ("uid", "password", "token")
        ):
            raise _bad_data("The request body does not match the schema.")
        uid, password, token = (body.get(name) for name in ("uid", "password", "token"))
        if (password is None) == (token is None):
            raise _bad_data("Exactly one of `token` and `password` must be provided in the request body")
        if "" in (uid, password, token):
            raise _bad_data("Empty strings are not allowed.")
        if password is not None:
            if uid is None:
                raise _bad_data("`uid` must be provided with `password`.")
            self._check_password(uid, password)
        elif uid is not None:
            self._check_service_token(uid, str(token))
        else:
            uid = str(self._id_token(str(token)).get("email", ""))
            if self._config.enterprise or not uid:
                raise self._invalid_credentials()
        return self.issue(uid), uid, int(self._config.token_seconds)

    def _check_password(self, uid: str, password: str) -> None:
        user = self._users.get(uid)
        if user is None or not hmac.compare_digest(password.encode(), str(user["password"]).encode()):
            raise self._invalid_credentials()

    def _check_service_token(self, uid: str, token: str) -> None:
        account = self._accounts.get(uid)
        if account is None:
            raise self._invalid_credentials()
        try:
            claims = jwt.decode(
                token, account["public_key"], algorithms=["RS256"], options={"verify_aud": False, "verify_iat": False}
            )
        except jwt.InvalidTokenError as error:
            raise self._invalid_credentials() from error
        if claims.get("uid") != uid:
            raise self._invalid_credentials()

    def _id_token(self, token: str) -> Json:
        """The claims of an OIDC id token that the configured issuer signed; {} if it did not."""
        if not self._config.oidc_public_key:
            return {}
        try:
            return jwt.decode(
                token,
                self._config.oidc_public_key,
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return {}

    def _invalid_credentials(self) -> LoginRefused:
        body = {"title": "401 Unauthorized", "description": "Invalid credentials.", "code": "ERR_INVALID_CREDENTIALS"}
        return LoginRefused(401, body, {"WWW-Authenticate": self._config.release.challenge})

    def _oauth_login(self, body: Any) -> tuple[str, str, int]:
        """dcos-oauth: only the id token counts, uid and password are read and ignored."""
        if not isinstance(body, dict) or not isinstance(body.get("token", ""), str):
            raise LoginRefused(400, {"title": "Bad Request", "description": "JSON decode error"})
        token = body.get("token", "")
        if token.count(".") != 2:
            raise LoginRefused(400, {"title": "Bad Request", "description": "JWT parsing failed"})
        claims = self._id_token(token)
        if not claims:
            raise LoginRefused(401, {"title": "Unauthorized", "description": "JWT verification failed"})
        email = claims.get("email")
        if not isinstance(email, str) or "@" not in email:
            raise LoginRefused(400, {"title": "Bad Request", "description": "invalid email claim"})
        if claims.get("email_verified") is False:
            raise LoginRefused(400, {"title": "Bad Request", "description": "email not verified"})
        if not self._known_to_oauth(email):
            raise LoginRefused(401, {"title": "Unauthorized", "description": "User unauthorized"})
        seconds = float(claims["exp"]) - self._config.clock.now() if "exp" in claims else None
        return self.issue(email, seconds, claims), email, OAUTH_COOKIE_SECONDS

    def _known_to_oauth(self, email: str) -> bool:
        """Whoever comes first becomes the first user; after that only users may."""
        file = self._config.state_dir / "first-user"
        if not self._users and not file.exists():
            file.write_text(email, encoding="utf-8")
        return email in self._users or (file.exists() and file.read_text(encoding="utf-8") == email)


def _bad_data(description: str) -> LoginRefused:
    return LoginRefused(400, {"title": "400 Bad Request", "description": description, "code": "ERR_INVALID_DATA"})
