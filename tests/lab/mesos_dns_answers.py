"""Asks a DNS server as a plain client does, and says what came back as the records of the real Mesos-DNS have it."""

from __future__ import annotations

import socket
import struct
from typing import Any

A, NS, SOA, AAAA, SRV = 1, 2, 6, 28, 33


def query(name: str, kind: int, edns: int = 0) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    more = b"\0" + struct.pack("!HHIH", 41, edns, 0, 0) if edns else b""
    return (
        struct.pack("!6H", 77, 0x0100, 1, 0, 0, int(bool(edns))) + labels + b"\0" + struct.pack("!2H", kind, 1) + more
    )


def by_udp(port: int, name: str, kind: int, edns: int = 0) -> dict[str, Any]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(query(name, kind, edns), ("127.0.0.1", port))
        return parsed(client.recv(65536))


def by_tcp(port: int, name: str, kind: int) -> dict[str, Any]:
    data = query(name, kind)
    with socket.create_connection(("127.0.0.1", port), 10) as client, client.makefile("rb") as stream:
        client.sendall(struct.pack("!H", len(data)) + data)
        return parsed(stream.read(*struct.unpack("!H", stream.read(2))))


def _name(data: bytes, at: int) -> tuple[str, int]:
    """(name, where it ends)."""
    parts, end = [], 0
    while data[at]:
        if data[at] >= 0xC0:
            end, at = end or at + 2, struct.unpack_from("!H", data, at)[0] & 0x3FFF
            continue
        parts.append(data[at + 1 : at + 1 + data[at]].decode())
        at += 1 + data[at]
    return ".".join(parts), end or at + 1


def _value(data: bytes, at: int, length: int, kind: int) -> str:
    if kind == A:
        return socket.inet_ntoa(data[at : at + 4]) if length == 4 else f"malformed {length}"
    if kind == AAAA:
        return socket.inet_ntop(socket.AF_INET6, data[at : at + length])
    if kind == SRV:
        return " ".join([*map(str, struct.unpack_from("!3H", data, at)), _name(data, at + 6)[0]])
    if kind == NS:
        return _name(data, at)[0]
    assert kind == SOA
    server, at = _name(data, at)
    mailbox, at = _name(data, at)
    return " ".join([server, mailbox, "SERIAL", *map(str, struct.unpack_from("!5I", data, at)[1:])])


def parsed(data: bytes) -> dict[str, Any]:
    """{flags, code, and rows [name, type, TTL, value] of the sections that have some}."""
    number, flags, questions, *counts = struct.unpack_from("!6H", data)
    assert (number, questions) == (77, 1)
    at = _name(data, 12)[1] + 4
    found: dict[str, Any] = {"flags": f"{flags & 0xFFF0:04x}", "code": flags & 0xF}
    for section, count in zip(("answer", "authority", "extra"), counts):
        rows = []
        for _ in range(count):
            name, at = _name(data, at)
            kind, _class, ttl, length = struct.unpack_from("!2HIH", data, at)
            rows.append([name, kind, ttl, _value(data, at + 10, length, kind)])
            at += 10 + length
        if rows:
            found[section] = sorted(rows, key=str)
    return found
