"""Fixtures: a cluster's Admin Router as a real server on loopback, with or without TLS, whose answers the test sets.

    def test_lists(run_module, dcos_api):
        dcos_api.on("GET", "/mesos/slaves", {"slaves": []})
        result = run_module(dcos_agent_info, dcos_api.args())
        assert dcos_api.writes == [] and [request.path for request in dcos_api.requests] == ["/mesos/slaves"]

A request for which nothing is set is answered with 599 and fails the test at its end, unless the test calls C(dcos_api.expect_unknown()).
Python 3.9 and newer, as all controller-side code.
"""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Union
from urllib.parse import parse_qs, urlsplit

import pytest

HTML_401 = "<!DOCTYPE html>\n<html><head><title>401 Unauthorized</title></head><body><h1>Login required</h1></body></html>\n"
HTML_403 = "<!DOCTYPE html>\n<html><head><title>403 Forbidden</title></head><body><h1>Forbidden</h1></body></html>\n"
HTML_404 = "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><center><h1>404 Not Found</h1></center><hr></body>\r\n</html>\r\n"
HOLD_SECONDS = 30


@dataclasses.dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclasses.dataclass
class Answer:
    """One answer: a body of str or bytes is sent as it is, anything else as JSON.

    :ivar cut: send only so many bytes of the body, then close.
    :ivar hold: wait for the client to give up.
    """

    body: Any = ""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    cut: int | None = None
    hold: bool = False

    def encoded(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode("utf-8")


def html(status: int, challenge: str | None = None) -> Answer:
    """Admin Router's own refusal, a page: html(401, "acsjwt") (Enterprise) or "oauthjwt" (open)."""
    page = {401: HTML_401, 403: HTML_403}.get(status, HTML_404)
    return Answer(page, status, "text/html; charset=UTF-8", {"WWW-Authenticate": challenge} if challenge else {})


# What may be set for a request: an answer, the body of one, or something that makes one from the request.
Given = Union[Answer, Any, Callable[[Request], Any]]


class DcosApi:
    """Answers by (method, path). Several given for one are used one after the other, the last for ever.

    :ivar requests: every request, in order.
    :ivar unknown: those for which nothing was set.
    """

    Answer = Answer
    html = staticmethod(html)

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.unknown: list[Request] = []
        self._answers: dict[tuple[str, str], list[Given]] = {}
        self._unknown_expected = False
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda request, address: None  # type: ignore[method-assign]
        if context:
            # the handshake belongs to the request's thread, or one client that does not shake hands stops all others
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self.host_port = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if context else 'http'}://{self.host_port}"
        self.ca_path: str | None = None
        self.fingerprint: str | None = None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def on(self, method: str, path: str, *answers: Given) -> None:
        """Set what a request is answered with; replaces what was set before."""
        self._answers[method, path] = list(answers) or [{}]

    def args(self, **more: Any) -> dict[str, Any]:
        """A module's options that reach this cluster, and more."""
        return {"url": self.url, "timeout": 20, **({"ca_path": self.ca_path} if self.ca_path else {}), **more}

    def expect_unknown(self) -> None:
        """Do not fail the test for requests for which nothing is set."""
        self._unknown_expected = True

    @property
    def writes(self) -> list[Request]:
        """Requests that write: all but GET. Cosmos reads by POST, so name its paths yourself."""
        return [request for request in self.requests if request.method != "GET"]

    def asked(self, method: str | None = None) -> list[str]:
        """Paths that were asked for, in order; of one method, or of all."""
        return [request.path for request in self.requests if method in (None, request.method)]

    def answer(self, request: Request) -> Answer:
        """The next answer for a request, which is noted."""
        with self._lock:
            self.requests.append(request)
            answers = self._answers.get((request.method, request.path))
            if answers is None:
                self.unknown.append(request)
                return Answer(f"nothing is set for {request.method} {request.path}", 599, "text/plain")
            given = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(given):
            given = given(request)
        return given if isinstance(given, Answer) else Answer(given)

    def wait_for_close(self) -> None:
        self._closing.wait(HOLD_SECONDS)

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def verify(self) -> None:
        """Nothing was asked that the test did not think of."""
        if not self._unknown_expected:
            assert not [f"{request.method} {request.path}" for request in self.unknown]


def _handler(api: DcosApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # one packet for an answer: two would wait for the other side's delayed acknowledgement
        wbufsize = -1

        def _handle(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = api.answer(Request(self.command, parts.path, parse_qs(parts.query, keep_blank_values=True), self.headers, body))
            if answer.hold:
                api.wait_for_close()
            data = answer.encoded()
            self.send_response(answer.status)
            for name, value in {"Content-Type": answer.content_type, "Content-Length": str(len(data)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data[: answer.cut])
            self.close_connection = self.close_connection or answer.cut is not None

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _handle

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


class Authority:
    """A certificate authority for tests; key and certificates are objects of the library cryptography."""

    def __init__(self, name: str = "DC/OS Root CA", issuer: Authority | None = None, **more: Any) -> None:
        self.key, self.certificate = certify(name, issuer, **{"ca": True, **more})

    def twin(self, issuer: Authority) -> Authority:
        """An authority of the same name and with the same key, whose certificate another one has issued."""
        made = Authority.__new__(Authority)
        name = self.certificate.subject.rfc4514_string().removeprefix("CN=")
        made.key, made.certificate = certify(name, issuer, ca=True, key=self.key)
        return made

    def pem(self) -> str:
        return pem_of(self.certificate)

    def fingerprint(self) -> str:
        """Its sha256, as openssl prints it."""
        from cryptography.hazmat.primitives import hashes

        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def pem_of(certificate: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def pem_of_key(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode("ascii")


def certify(
    name: str, issuer: Authority | None = None, ca: bool = False, hosts: tuple[str, ...] = (), days: tuple[float, float] = (-1, 30),
    path_length: int | None = None, key: Any = None,
) -> tuple[Any, Any]:
    """(private key, certificate), signed by an authority or by itself; C(days) from now it is good from and to; C(key) only where there is one already."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer, signer_name = (issuer.key, issuer.certificate.subject) if issuer else (key, subject)
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=ca, crl_sign=ca, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
    return key, builder.sign(signer, hashes.SHA256())


def _general_name(host: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def server_context(directory: Path, issuer: Authority | None, hosts: tuple[str, ...] = ("127.0.0.1",), days: tuple[float, float] = (-1, 30)) -> ssl.SSLContext:
    """What a server with a certificate of this authority (None: self-signed) needs."""
    key, certificate = certify("Admin Router", issuer, hosts=hosts, days=days)
    chain = directory / "server.pem"
    chain.write_text(pem_of_key(key) + pem_of(certificate), encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(chain))
    return context


class Clock:
    """Time that passes by sleeping only; C(slept) are the pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def failure(call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """The DcosError that a call ends in."""
    from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import DcosError

    with pytest.raises(DcosError) as caught:
        call(*arguments, **more)
    return caught.value


@pytest.fixture
def dcos_clock() -> Clock:
    """The time of clients made by dcos_client."""
    return Clock()


@pytest.fixture
def dcos_client(dcos_api: DcosApi, dcos_clock: Clock) -> Callable[..., Any]:
    """Make a DcosClient with these options, of dcos_api or of another API, for which waiting takes no time."""
    from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
    from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options

    def make(api: DcosApi = dcos_api, **given: Any) -> Any:
        options = Options(**{"url": api.url, "timeout": 20.0, **given})
        return DcosClient(options, clock=dcos_clock, sleep=dcos_clock.sleep)

    return make


@pytest.fixture
def dcos_api() -> Iterator[DcosApi]:
    """A cluster over plain http."""
    api = DcosApi()
    yield api
    api.close()
    api.verify()


@pytest.fixture
def dcos_authority() -> Authority:
    """The cluster's root CA."""
    return Authority()


@pytest.fixture
def dcos_tls_api(tmp_path: Path, dcos_authority: Authority) -> Iterator[DcosApi]:
    """A cluster over https; C(ca_path) is the file with its CA, C(fingerprint) that CA's, and C(/ca/dcos-ca.crt) is served."""
    directory = tmp_path / "dcos-tls"
    directory.mkdir()
    api = DcosApi(server_context(directory, dcos_authority))
    bundle = directory / "ca.pem"
    bundle.write_text(dcos_authority.pem(), encoding="ascii")
    api.ca_path, api.fingerprint = str(bundle), dcos_authority.fingerprint()
    api.on("GET", "/ca/dcos-ca.crt", Answer(dcos_authority.pem(), content_type="application/x-x509-ca-cert"))
    yield api
    api.close()
    api.verify()
