"""Who asks: by token, client certificate, or what a proxy in front shows for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from .config import ALWAYS_ALLOW, Config
from .errors import unauthorized

PEER = "peer_certificate"
AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"


@dataclass(frozen=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...]


class PeerProtocol(H11Protocol):
    """Tells the application the client's certificate, which ASGI has no place for."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self.app = _with_peer(self.app, tls.getpeercert(True) if tls else None)


def _with_peer(app: Any, certificate: bytes | None) -> Any:
    async def told(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, PEER: certificate}, receive, send)

    return told


def user_of(request: Request, config: Config) -> User:
    """Who asks. Nobody is system:anonymous, but for AlwaysAllow, which switches that off. Raises Refused."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if token:
        known = config.tokens.get(token.strip()) if kind.lower() == "bearer" else None
        if known is None:
            raise unauthorized(config.release)
        return _known(str(known["user"]), known.get("groups", []))
    certificate = request.scope.get(PEER)
    if certificate:
        subject = x509.load_der_x509_certificate(certificate).subject
        names = [str(part.value) for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        return _known(
            names[0] if names else "",
            [str(part.value) for part in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)],
        )
    if config.proxy_user:
        return _known(str(config.proxy_user["user"]), config.proxy_user.get("groups", []))
    if config.authorization == ALWAYS_ALLOW:
        raise unauthorized(config.release)
    return User("system:anonymous", (UNAUTHENTICATED,))


def _known(name: str, groups: list[str]) -> User:
    return User(name, (*groups, AUTHENTICATED))
