"""Who gets the token, and who is trusted."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _transport
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ConnectionFailed, TlsFailed
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options
from ansible_collections.dcos.calico.plugins.module_utils._dcos._transport import Transport

from ....support.dcos_api import Answer, Authority, DcosApi, failure, server_context

PASSWORD = {"uid": "bob", "password": "sesame"}
LOGIN = "/acs/api/v1/auth/login"


class TestRedirects:
    """Who gets the token."""

    @pytest.fixture
    def other(self):
        api = DcosApi()
        api.on("GET", "/there", {"there": 1})
        yield api
        api.close()
        api.verify()

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    @pytest.mark.parametrize("location", ["/there", "there", "//HOST/there", "http://HOST/there"])
    def test_to_the_same_host(self, dcos_api, dcos_client, status: int, location: str) -> None:
        dcos_api.on("GET", "/x", Answer("", status, headers={"Location": location.replace("HOST", dcos_api.host_port)}))
        dcos_api.on("GET", "/there", {"there": 1})
        assert dcos_client(token="a.b.c").get("/x", params={"a": "1"}).json() == {"there": 1}
        assert [request.headers.get("Authorization") for request in dcos_api.requests] == ["token=a.b.c"] * 2

    def test_a_write_is_repeated_with_its_body(self, dcos_api, dcos_client) -> None:
        dcos_api.on("POST", "/x", Answer("", 307, headers={"Location": "/there"}))
        dcos_api.on("POST", "/there", {})
        dcos_client(token="a.b.c").post("/x", {"a": 1})
        assert [request.json() for request in dcos_api.requests] == [{"a": 1}] * 2

    def test_another_host_never_gets_the_token(self, dcos_api, other, dcos_client) -> None:
        """As Mesos redirects to the leading master: scheme-relative, another address."""
        dcos_api.on("GET", "/x", Answer("", 307, headers={"Location": f"//{other.host_port}/there"}))
        assert dcos_client(token="a.b.c").get("/x").json() == {"there": 1}
        assert "Authorization" not in other.requests[0].headers

    @pytest.mark.parametrize("verb", ["post", "put", "delete"])
    def test_another_host_never_gets_a_write(self, dcos_api, other, dcos_client, verb: str) -> None:
        dcos_api.on(verb.upper(), "/x", Answer("", 307, headers={"Location": f"//{other.host_port}/there"}))
        error = failure(getattr(dcos_client(token="a.b.c"), verb), "/x", {"secret": 1})
        assert "the configured host only" in str(error) and other.host_port in str(error) and other.requests == []

    def test_another_host_never_gets_a_password(self, dcos_api, other, dcos_client) -> None:
        dcos_api.on("POST", LOGIN, Answer("", 307, headers={"Location": f"//{other.host_port}/there"}))
        failure(dcos_client(uid="bob", password="sesame").get, "/x")
        assert other.requests == []

    def test_from_tls_to_none(self, dcos_tls_api, other, dcos_client) -> None:
        dcos_tls_api.on("GET", "/x", Answer("", 302, headers={"Location": f"http://{other.host_port}/there"}))
        assert "would leave TLS" in str(failure(dcos_client(dcos_tls_api, ca_path=dcos_tls_api.ca_path).get, "/x")) and other.requests == []

    def test_without_end(self, dcos_api, dcos_client) -> None:
        dcos_api.on("GET", "/x", Answer("", 307, headers={"Location": "/x"}))
        assert "redirects without an end" in str(failure(dcos_client().get, "/x")) and len(dcos_api.requests) == 6

    @pytest.mark.parametrize("location", ["javascript:alert(1)", "file:///etc/passwd"])
    def test_to_no_address(self, dcos_api, dcos_client, location: str) -> None:
        dcos_api.on("GET", "/x", Answer("", 302, headers={"Location": location}))
        assert "no address to ask" in str(failure(dcos_client().get, "/x"))

    def test_an_address_of_the_cluster_gets_no_token(self, dcos_api, other, dcos_client) -> None:
        """As the calico framework's own port on an agent."""
        assert dcos_client(token="a.b.c").get(f"{other.url}/there").json() == {"there": 1}
        assert "Authorization" not in other.requests[0].headers and dcos_api.requests == []


class TestTls:
    """Who is trusted."""

    def test_a_bundle(self, dcos_tls_api, dcos_client) -> None:
        dcos_tls_api.on("GET", "/x", {})
        assert dcos_client(dcos_tls_api, ca_path=dcos_tls_api.ca_path, token="a.b.c").get("/x").status == 200 and dcos_tls_api.asked() == ["/x"]

    def test_a_pinned_bundle_is_fetched_once_without_the_token(self, dcos_tls_api, dcos_client) -> None:
        dcos_tls_api.on("GET", "/x", {})
        made = dcos_client(dcos_tls_api, ca_fingerprint=dcos_tls_api.fingerprint, token="a.b.c")
        made.get("/x")
        made.get("/x")
        assert dcos_tls_api.asked() == ["/ca/dcos-ca.crt", "/x", "/x"]
        assert [request.headers.get("Authorization") for request in dcos_tls_api.requests] == [None, "token=a.b.c", "token=a.b.c"]
        path = Path(made._verify)
        made.close()
        assert not path.exists()

    def test_another_pin_sends_nothing(self, dcos_tls_api, dcos_client) -> None:
        error = failure(dcos_client(dcos_tls_api, ca_fingerprint=Authority().fingerprint(), uid="bob", password="sesame").get, "/x")
        assert isinstance(error, TlsFailed) and "somebody else is answering" in str(error) and dcos_tls_api.asked() == ["/ca/dcos-ca.crt"]

    def test_in_between_with_the_true_bundle_and_one_of_his_own(self, tmp_path: Path, dcos_authority, dcos_client) -> None:
        evil = Authority()
        api = DcosApi(server_context(tmp_path, evil))
        api.on("GET", "/ca/dcos-ca.crt", Answer(dcos_authority.pem() + evil.pem()))
        try:
            error = failure(dcos_client(api, ca_fingerprint=dcos_authority.fingerprint(), uid="bob", password="sesame").get, "/x")
        finally:
            api.close()
        assert isinstance(error, TlsFailed) and api.asked() == ["/ca/dcos-ca.crt"]

    def test_untrusted_sends_nothing(self, dcos_tls_api, dcos_client, monkeypatch) -> None:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        error = failure(dcos_client(dcos_tls_api, token="a.b.c").get, "/x")
        assert isinstance(error, TlsFailed) and not error.transient and dcos_tls_api.requests == []
        assert "not signed by a CA that is trusted here" in str(error) and dcos_tls_api.host_port in str(error) and "ca_fingerprint" in str(error)

    def test_an_environment_does_not_widen_what_is_trusted(self, dcos_tls_api, dcos_client, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", dcos_tls_api.ca_path)
        (tmp_path / "other.pem").write_text(Authority().pem(), encoding="ascii")
        assert isinstance(failure(dcos_client(dcos_tls_api, ca_path=str(tmp_path / "other.pem")).get, "/x"), TlsFailed)

    @pytest.mark.parametrize(
        ("hosts", "days", "words"), [(("master.mesos",), (-1, 30), "not for 127.0.0.1"), (("127.0.0.1",), (-30, -1), "out of date (certificate has expired)")]
    )
    def test_certificates_that_are_wrong(self, tmp_path: Path, dcos_authority, dcos_client, hosts, days, words: str) -> None:
        api = DcosApi(server_context(tmp_path, dcos_authority, hosts, days))
        bundle = tmp_path / "ca.pem"
        bundle.write_text(dcos_authority.pem(), encoding="ascii")
        try:
            error = failure(dcos_client(api, ca_path=str(bundle)).get, "/x")
        finally:
            api.close()
        assert isinstance(error, TlsFailed) and words in str(error)

    def test_no_verification_is_warned_of(self, dcos_tls_api, dcos_client, recwarn) -> None:
        dcos_tls_api.on("GET", "/x", {})
        made = dcos_client(dcos_tls_api, validate_certs=False)
        assert made.get("/x").status == 200 and "not verified" in made.warnings[0]
        said = [warning for warning in recwarn.list if warning.category is not ResourceWarning]  # of earlier tests' sockets
        assert not said, said

    def test_tls_to_a_plain_port(self, dcos_api, dcos_client) -> None:
        error = failure(dcos_client(url=dcos_api.url.replace("http:", "https:"), timeout=1.0).get, "/x")
        assert "no TLS is spoken there" in str(error)


class TestPins:
    """What a fingerprint is worth against somebody in between, who has certificates of his own and everything that is public."""

    @staticmethod
    def ask(directory: Path, dcos_client, pinned: Authority, server: Authority, *bundle: Authority, given_as_file: bool = False):
        """(what a login with this pin ends in, what was asked) of one who offers this bundle under a certificate of C(server)."""
        api = DcosApi(server_context(directory, server))
        api.on("GET", _transport.BUNDLE_PATH, Answer("".join(authority.pem() for authority in bundle)))
        api.on("POST", LOGIN, {"token": "a.b.c"})
        api.on("GET", "/x", {})
        (directory / "bundle.pem").write_text("".join(authority.pem() for authority in bundle), encoding="ascii")
        file = {"ca_path": str(directory / "bundle.pem")} if given_as_file else {}
        try:
            dcos_client(api, ca_fingerprint=pinned.fingerprint(), **PASSWORD, **file).get("/x")
        except TlsFailed as error:
            return error, api.asked()
        finally:
            api.close()
        return None, api.asked()

    @pytest.mark.parametrize("given_as_file", [False, True])
    def test_a_bridge_to_a_stranger(self, tmp_path: Path, dcos_authority, dcos_client, given_as_file: bool) -> None:
        """The stranger has signed name and key of the true root, which are public, and offers that, himself and the true root."""
        stranger = Authority("Stranger")
        bundle = (dcos_authority, dcos_authority.twin(stranger), stranger)
        error, asked = self.ask(tmp_path, dcos_client, dcos_authority, stranger, *bundle, given_as_file=given_as_file)
        assert error is not None and asked == ([] if given_as_file else [_transport.BUNDLE_PATH])

    def test_a_host_of_the_cluster_that_signs(self, tmp_path: Path, dcos_authority, dcos_client) -> None:
        """A certificate of the true root that is no CA's has signed another one."""
        host = Authority("Host", dcos_authority, ca=False)
        error, asked = self.ask(tmp_path, dcos_client, dcos_authority, host, dcos_authority, host)
        assert error is not None and asked == [_transport.BUNDLE_PATH]

    def test_a_ca_below_one_that_allows_none(self, tmp_path: Path, dcos_client) -> None:
        root = Authority("Root", path_length=0)
        below = Authority("Below", root)
        error, asked = self.ask(tmp_path, dcos_client, root, below, root, below)
        assert error is not None and asked == [_transport.BUNDLE_PATH]

    def test_an_intermediate(self, tmp_path: Path, dcos_authority, dcos_client) -> None:
        """It is an end of its own, whether the root is in the bundle or not; what else the root has issued does not count."""
        pinned, other = Authority("Intermediate", dcos_authority), Authority("Other", dcos_authority)
        for bundle in ((pinned,), (pinned, dcos_authority), (dcos_authority, other, pinned)):
            assert self.ask(tmp_path, dcos_client, pinned, pinned, *bundle) == (None, [_transport.BUNDLE_PATH, LOGIN, "/x"])
        for server in (other, dcos_authority):
            error, asked = self.ask(tmp_path, dcos_client, pinned, server, pinned, other, dcos_authority)
            assert error is not None and asked == [_transport.BUNDLE_PATH]

    def test_an_intermediate_that_a_server_does_not_send(self, tmp_path: Path, dcos_authority, dcos_client) -> None:
        """The bundle has it, and the root that is pinned is the end."""
        between = Authority("Intermediate", dcos_authority)
        assert self.ask(tmp_path, dcos_client, dcos_authority, between, between, dcos_authority)[0] is None


class TestFirstFetch:
    """The bundle comes from somebody whom nobody knows yet. It takes no more than so long, and so much."""

    @pytest.fixture
    def drip(self, tmp_path: Path, dcos_authority) -> Iterator[tuple[str, list]]:
        """Somebody who sends what the test puts into the list, one by one, for ever: (url, list)."""
        context, sent, over = server_context(tmp_path, dcos_authority), [], threading.Event()
        listener = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _peer = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError, ssl.SSLError), context.wrap_socket(connection, server_side=True) as stream:
                    stream.recv(65536)
                    stream.sendall(sent[0])
                    while not over.wait(sent[2]):
                        stream.sendall(sent[1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", sent
        over.set()
        listener.close()

    @pytest.mark.parametrize(
        "parts",
        [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x", 0.05),
            (b"HTTP/1.1 200 OK\r\n", b"x", 0.05),
            (b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.05),
        ],
        ids=["body", "header", "no length"],
    )
    def test_slow_answers(self, drip, parts) -> None:
        url, sent = drip
        sent.extend(parts)
        begin = time.monotonic()
        error = failure(DcosClient(Options(url=url, ca_fingerprint=Authority().fingerprint(), timeout=1.0, **PASSWORD)).get, "/x")
        assert isinstance(error, ConnectionFailed) and "within 1 seconds" in str(error) and time.monotonic() - begin < 8

    def test_a_long_timeout_is_not_for_strangers(self, dcos_tls_api, dcos_client, monkeypatch) -> None:
        """Somebody who waits an hour for Marathon does not wait so long for a bundle."""
        waited = []
        send = Transport.send
        monkeypatch.setattr(Transport, "send", lambda self, *given: waited.append(given[6]) or send(self, *given))
        dcos_tls_api.on("GET", "/x", {})
        dcos_client(dcos_tls_api, ca_fingerprint=dcos_tls_api.fingerprint, timeout=3600.0).get("/x")
        assert waited == [_transport.MOST_BUNDLE_SECONDS, 3600.0]

    def test_an_answer_without_end(self, drip, dcos_client) -> None:
        url, sent = drip
        sent.extend((b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, 0))
        error = failure(dcos_client(url=url, ca_fingerprint=Authority().fingerprint(), timeout=20.0, **PASSWORD).get, "/x")
        assert f"more than {_transport.MOST_BUNDLE_BYTES} bytes" in str(error)


def test_a_socks_proxy_that_this_python_cannot_use_is_named(dcos_client, monkeypatch) -> None:
    """It was `no address. Check url`, of a url that is right."""
    pytest.importorskip("requests")
    if importlib.util.find_spec("socks"):
        pytest.skip("PySocks is installed")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    error = failure(dcos_client(url="http://10.255.255.1", timeout=1.0).get, "/x")
    assert "SOCKS proxy of the environment" in str(error) and "PySocks" in str(error) and "no address" not in str(error)
