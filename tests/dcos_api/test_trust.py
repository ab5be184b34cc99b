"""Whom modules trust and what they send, as real runs over TLS: who cannot be verified gets nothing, and a login lasts as long as it is needed."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from authority import Authority
from conftest import Make
from modules import Modules, prepared
from needles import Needles
from world import World, make_world

APP = {"id": "/web", "cmd": "exec sleep 1000", "cpus": 0.1, "mem": 16}
Json = dict[str, Any]


class Stranger:
    """Answers as Admin Router would, under a certificate of his own, and keeps what he gets: all of it, and what of it he could decipher."""

    def __init__(self, pair: dict[str, str], answer: bytes = b"", tls: bool = True) -> None:
        self.received = self.deciphered = b""
        self.connections = 0
        self._answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(pair["certificate"], pair["key"])
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(10)
                self._talk_tls(connection) if self._tls else self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        self.deciphered += connection.recv(65536)
        connection.sendall(self._answer)

    def _talk_tls(self, connection: socket.socket) -> None:
        """TLS by hand, so that the bytes on the wire are seen as well."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        stream = self._context.wrap_bio(incoming, outgoing, server_side=True)
        said = False
        while True:
            try:
                if not said:
                    stream.do_handshake()
                    self.deciphered += stream.read(65536)
                    stream.write(self._answer)
                    said = True
            except ssl.SSLWantReadError:
                pass
            connection.sendall(outgoing.read())
            if said:
                return
            got = connection.recv(65536)
            if not got:
                return
            self.received += got
            incoming.write(got)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="module")
def world(make_shared: Make, authority: Authority, cfssl: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(make_shared, authority, cfssl, tmp_path_factory.mktemp("world"))


@pytest.fixture
def modules(world: World) -> Modules:
    return prepared(world.reach)


@pytest.fixture
def stranger(tmp_path: Path, world: World) -> Iterator[Stranger]:
    """One who hands out the real bundle with his own root before it."""
    own = Authority(tmp_path / "strange")
    bundle = Path(own.bundle).read_bytes() + Path(world.authority.bundle).read_bytes()
    one = Stranger(own.front(), bundle)
    yield one
    one.close()


def fingerprint(world: World) -> str:
    return hashlib.sha256(
        ssl.PEM_cert_to_DER_cert(Path(world.authority.bundle).read_text(encoding="utf-8"))
    ).hexdigest()


def ways(world: World) -> dict[str, Json]:
    found = world.logins()
    return {name: found[name] for name in ("token", "password", "account as object")}


TRUST = ["the bundle as a file", "the fingerprint", "this host's own"]


@pytest.mark.parametrize("trust", TRUST)
@pytest.mark.parametrize("way", ["token", "password", "account as object"])
def test_a_stranger_gets_no_secret(world: World, stranger: Stranger, way: str, trust: str) -> None:
    given = {
        "the bundle as a file": {"ca_path": world.authority.bundle},
        "the fingerprint": {"ca_fingerprint": fingerprint(world)},
        "this host's own": {},
    }
    done = prepared({"url": f"https://127.0.0.1:{stranger.port}", "timeout": 5, **given[trust]}).run(
        "dcos_agent_info", ways(world)[way]
    )
    assert done["failed"] and "ca_path" in done["msg"], done
    # For a fingerprint the bundle is asked for, by a request that has nothing in it.
    asked = stranger.deciphered.splitlines()[:1]
    assert asked == ([b"GET /ca/dcos-ca.crt HTTP/1.1"] if trust == "the fingerprint" else [])
    assert b"uthorization" not in stranger.deciphered
    assert stranger.connections and Needles(world.secrets).found_in(stranger.received + stranger.deciphered) == []


def test_what_is_sent_to_a_stranger_would_be_seen(world: World, stranger: Stranger) -> None:
    """Otherwise the test above would prove nothing."""
    options = {"url": f"https://127.0.0.1:{stranger.port}", "timeout": 5, "validate_certs": False}
    done = prepared(options).run("dcos_agent_info", ways(world)["token"])
    assert done["failed"] and "not verified" in str(done["warnings"])
    assert Needles(world.secrets).found_in(stranger.deciphered)
    assert not Needles(world.secrets).found_in(stranger.received), "on the wire it is TLS"


@pytest.mark.parametrize("way", ["password", "account as object"])
def test_no_secret_over_plain_http(world: World, tmp_path: Path, way: str) -> None:
    """What listens at a port for https may speak none."""
    one = Stranger(Authority(tmp_path).front(), tls=False)
    done = prepared({**world.reach, "url": f"https://127.0.0.1:{one.port}", "timeout": 5}).run(
        "dcos_agent_info", ways(world)[way]
    )
    one.close()
    assert done["failed"] and one.connections
    assert Needles(world.secrets).found_in(one.deciphered) == []


@pytest.mark.parametrize("way", ["token", "password", "account as object", "account as file"])
def test_a_pinned_bundle_is_fetched_once_and_leads_to_a_login(world: World, way: str) -> None:
    world.api.standin.forget()
    done = prepared({"url": world.api.standin.url, "ca_fingerprint": fingerprint(world)}).run(
        "dcos_agent_info", world.logins()[way]
    )
    assert not done.get("failed") and done["dcos"]["variant"] == "enterprise"
    log = [
        (entry["method"], entry["path"], entry["uid"])
        for entry in world.api.standin.control("GET", "/_log")["requests"]
    ]
    assert (
        log[0] == ("GET", "/ca/dcos-ca.crt", None)
        and [path for _method, path, _uid in log].count("/ca/dcos-ca.crt") == 1
    )
    assert [path for _method, path, _uid in log].count("/acs/api/v1/auth/login") == (0 if way == "token" else 1)


@pytest.mark.parametrize("way", ["password", "account as object", "token"])
def test_a_login_that_ends_in_the_middle_of_a_wait(world: World, modules: Modules, way: str) -> None:
    """The 401 is a page of HTML. The login is renewed once, where the method can, and the write that came before is not sent again."""
    standin = world.api.standin
    before = modules.run("marathon_app", {**ways(world)["token"], "apps": [{"id": "/web"}], "state": "absent"})
    assert not before.get("failed"), before
    # a token of this run's own, because the fault ends it for good
    login = {"token": standin.token("alice", seconds=1000)} if way == "token" else ways(world)[way]
    standin.forget()
    # Once to see what there is; then it is made, and the first look of the wait is refused.
    standin.fault("/service/marathon/v2/apps*/web", "slow", method="GET", seconds=0.01)
    standin.fault("/service/marathon/v2/apps*/web", "expired_token", method="GET")
    done = modules.run("marathon_app", {**login, "apps": [APP], "wait_timeout": 60})
    assert standin.control("GET", "/_faults") == {"faults": []} and list(standin.writes().values()) == [1]
    log = standin.control("GET", "/_log")["requests"]
    logins = [entry for entry in log if entry["path"] == "/acs/api/v1/auth/login"]
    assert [entry["status"] for entry in log].count(401) == 1
    if way == "token":
        assert done["failed"] and "(401)" in done["msg"] and not logins
        return
    assert done["changed"] and not done.get("failed") and len(logins) == 2


def test_a_page_instead_of_an_answer_in_the_middle_of_a_wait_is_said(world: World, modules: Modules) -> None:
    login = ways(world)["password"]
    modules.run("marathon_app", {**login, "apps": [{"id": "/web"}], "state": "absent"})
    world.api.standin.fault("/service/marathon/v2/apps*/web", "slow", method="GET", seconds=0.01)
    world.api.standin.fault("/service/marathon/v2/apps*/web", "html", method="GET")
    done = modules.run("marathon_app", {**login, "apps": [APP], "wait_timeout": 60})
    assert done["failed"] and "HTML" in done["msg"] and "/service/marathon/v2/apps" in done["msg"]
    assert Needles(world.secrets).found_in(str(done).encode()) == []
