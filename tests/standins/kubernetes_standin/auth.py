"""Who asks, by token or client certificate, and whether he may."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from .config import Config
from .errors import Refused

PEER = "peer_certificate"
READS = ("GET", "HEAD")


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


def user_of(request: Request, config: Config) -> tuple[str, list[str]]:
    """(name, groups). Raises Refused."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if token:
        known = config.tokens.get(token.strip()) if kind.lower() == "bearer" else None
        if known is None:
            raise Refused(401, "Unauthorized")
        return str(known["user"]), list(known.get("groups", []))
    certificate = request.scope.get(PEER)
    if certificate:
        subject = x509.load_der_x509_certificate(certificate).subject
        names = [str(part.value) for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        return names[0] if names else "", [str(part.value) for part in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    if config.anonymous:
        return "system:anonymous", ["system:unauthenticated"]
    raise Refused(401, "Unauthorized")


def check(request: Request, config: Config) -> str:
    """The user's name, if he may do what he asks for: admins all, others nothing but see what version it is. Raises Refused."""
    name, groups = user_of(request, config)
    if {name, *groups} & set(config.admins):
        return name
    if request.method in READS and request.url.path in ("/version", "/healthz"):
        return name
    raise Refused(403, f'forbidden: User "{name}" cannot {request.method.lower()} path "{request.url.path}"')
