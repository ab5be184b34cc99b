# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request to a server, and how its certificate is verified: by this host's trust, a file, or the certificate that a fingerprint pins."""
from __future__ import annotations

import dataclasses
import datetime
import http.cookiejar
import os
import queue
import re
import ssl
import tempfile
import threading
import time
import warnings
from collections.abc import Mapping
from typing import Any, Union
from urllib.parse import urlsplit

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.dcos.calico.plugins.module_utils import _pem
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _x509
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError, ConnectionFailed, DcosError, Response, TlsFailed, is_html
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options, PORTS, normalise_fingerprint
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host._stream import whole

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
except ImportError as error:
    CRYPTOGRAPHY_ERROR: ImportError | None = error
else:
    CRYPTOGRAPHY_ERROR = None

try:
    import requests
    import urllib3
except ImportError as error:
    REQUESTS_ERROR: ImportError | None = error
else:
    REQUESTS_ERROR = None

BUNDLE_PATH = "/ca/dcos-ca.crt"
# The bundle is fetched from somebody who is not known yet: what it may take. Real ones have a few certificates of 2 KB each.
MOST_BUNDLE_BYTES = 256 * 1024
MOST_BUNDLE_SECONDS = 30.0
# ssl.VERIFY_X509_PARTIAL_CHAIN, which Python 3.9 has no name for
PARTIAL_CHAIN = 0x80000
# How many fingerprints a message tells.
MOST_SHOWN = 5
ON_A_MASTER = "Compare with the fingerprint on a master itself (/run/dcos/pki/CA/ca-bundle.crt)"
# What OpenSSL says of certificates that it takes when it is not told to be strict.
STRICT_RULES = ("missing authority key identifier", "missing subject key identifier", "not marked critical", "key usage extension", "path length")
# What requests takes: a file or directory of CAs, True for its own, False for no verification.
Verify = Union[str, bool]
# Seconds for a connection to come about; a master that is down drops packets, and another attempt may reach another one.
CONNECT_SECONDS = 10.0
SHORTEST = 0.1
CHUNK = 4096
# An answer is held in memory. The state of a cluster with thousands of agents is some tens of MB.
MOST_BYTES = 256 * 1024 * 1024
# How much longer than a socket's own time-out a whole answer is waited for, because that says more.
GRACE_SECONDS = 0.5
RESTARTING = "See whether Admin Router is being restarted on that master"


@dataclasses.dataclass(frozen=True)
class Pinned:
    """What a fingerprint makes of a bundle. Every chain has to end at the certificate that has it.

    :ivar pem: that certificate; below a root also the CAs between it and servers, which are a way to it and no end.
    :ivar is_root: whether it is self-signed; an intermediate is an end that OpenSSL has to be told to take for one.
    """

    pem: str
    is_root: bool

    def prepare(self, context: ssl.SSLContext) -> None:
        """Have a context, which knows no certificate yet, take this and nothing else for an end."""
        if self.is_root:
            context.verify_flags &= ~PARTIAL_CHAIN
        else:
            context.verify_flags |= PARTIAL_CHAIN


def without_asking(options: Options) -> Verify | Pinned | None:
    """What to verify with, None if the bundle has to be fetched from the cluster first.

    :raises ValidationError: if ca_path is no file of certificates.
    :raises TlsFailed: if it does not hold what ca_fingerprint pins.
    """
    if not options.validate_certs:
        return False
    if options.ca_path:
        pem = _read_bundle(options.ca_path)
        return pin(pem, options.ca_fingerprint, f"The bundle {options.ca_path}") if options.ca_fingerprint else options.ca_path
    return None if options.ca_fingerprint and options.scheme == "https" else system_trust()


def _read_bundle(path: str) -> str:
    remedy = "Give the path of a PEM file on the controller; Enterprise clusters have theirs at https://HOST/ca/dcos-ca.crt"
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = str(whole(file, path))
    except OSError as error:
        raise ValidationError(f"The file {path} of ca_path cannot be read", error.strerror, remedy)
    blocks = _pem_blocks(text)
    try:
        if blocks:
            _pem.blocks(text)
            ssl.create_default_context(cafile=path)  # as it stands: that is what is used
            return text
    except (ssl.SSLError, ValueError) as error:
        raise ValidationError(f"The file {path} of ca_path has a broken certificate", str(error), remedy)
    raise ValidationError(f"The file {path} of ca_path is not usable", "there is no certificate in PEM form in it", remedy)


def system_trust() -> Verify:
    """What this host trusts: REQUESTS_CA_BUNDLE, else OpenSSL's default (SSL_CERT_FILE moves it), else what requests brings."""
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if os.environ.get(variable):
            return os.environ[variable]
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return paths.cafile
    return paths.capath if paths.capath and os.listdir(paths.capath) else True


def pinned_bundle(response: Response, fingerprint: str) -> Pinned:
    """What to trust of an answer that nobody vouched for.

    :raises TlsFailed: if it has no certificate with that fingerprint, or that is no CA's or is out of date.
    """
    if response.status == 404 or (response.status == 200 and is_html(response.text)):
        raise TlsFailed(
            f"{response.request}: there is no bundle of CA certificates ({response.status})",
            "open DC/OS has no certificate authority",
            "Give the certificate of Admin Router, or of the CA that signed it, as ca_path",
        )
    if response.status != 200:
        raise TlsFailed(f"{response.request} was answered with {response.status}", None, "Fetch the bundle yourself and give it as ca_path", response.status)
    return pin(response.text, fingerprint, response.request)


def pin(pem: str, fingerprint: str, origin: str) -> Pinned:
    """The certificate with this sha256 fingerprint and, if it is a root, the CAs of the bundle that it leads down to.

    Trust goes downwards only. Who can put himself in between can offer the true bundle with certificates of his own: one that has issued what is pinned,
    or has its name and key and another issuer (a cross-signed twin), counts for nothing.
    """
    if CRYPTOGRAPHY_ERROR is not None:
        raise DcosError("ca_fingerprint cannot be compared", missing_required_lib("cryptography", reason="to read the bundle"))
    if not hasattr(x509.Certificate, "verify_directly_issued_by"):
        raise DcosError("ca_fingerprint cannot be compared", "the Python library cryptography is older than 40", "Install a newer one, or give ca_path")
    desired = normalise_fingerprint(fingerprint)
    found = [_load(block) for block in _pem_blocks(pem)]
    certificates = [certificate for certificate in found if certificate is not None]
    anchor = next((certificate for certificate in certificates if _x509.fingerprint(certificate) == desired), None)
    if anchor is None:
        seen = ", ".join(_x509.fingerprint(certificate) for certificate in certificates[:MOST_SHOWN]) or "none at all"
        raise TlsFailed(
            f"{origin} has no certificate with the fingerprint that ca_fingerprint gives", f"it has {seen}",
            f"{ON_A_MASTER}. If they differ, somebody else is answering",
        )
    now = datetime.datetime.now(datetime.timezone.utc)
    _check_anchor(anchor, origin, now)
    is_root = _issued(anchor, anchor)
    return Pinned(_x509.to_pem([anchor, *_below(anchor, certificates, now)] if is_root else [anchor]), is_root)


def _check_anchor(anchor: Any, origin: str, now: datetime.datetime) -> None:
    what = f"{origin}: the certificate that ca_fingerprint pins cannot be trusted"
    if not _x509.is_authority(anchor):
        raise TlsFailed(
            what, "it is no CA's (CA:TRUE or the usage to sign certificates is missing)",
            "Give the fingerprint of the CA that signed Admin Router's certificate; or the certificate itself as ca_path, without ca_fingerprint",
        )
    if not _x509.is_valid_at(anchor, now):
        between = f"{_x509.show_time(_x509.not_before(anchor))} to {_x509.show_time(_x509.not_after(anchor))}"
        raise TlsFailed(what, f"it is valid from {between} only", f"Check the clock of this host. {ON_A_MASTER}")


def _below(anchor: Any, certificates: list[Any], now: datetime.datetime) -> list[Any]:
    """The CAs that lead from servers to a root: each issued by it or by another of them, which may do so, and valid now."""
    room = {_x509.fingerprint(anchor): _x509.path_length(anchor)}
    issuers, below = [anchor], []
    while issuers:
        issuer = issuers.pop()
        left = room[_x509.fingerprint(issuer)]
        for other in certificates if left > 0 else ():
            known = _x509.fingerprint(other) in room or _x509.public_key_sha256(other.public_key()) == _x509.public_key_sha256(issuer.public_key())
            if not known and _x509.is_authority(other) and _x509.is_valid_at(other, now) and _issued(issuer, other):
                room[_x509.fingerprint(other)] = min(left - 1, _x509.path_length(other))
                issuers.append(other)
                below.append(other)
    return below


def _pem_blocks(text: str) -> list[str]:
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.DOTALL)


def _load(block: str) -> Any:
    """A certificate, or None if it is broken."""
    try:
        return _x509.parse_certificates(block)[0]
    except ValueError:
        return None


def _issued(issuer: Any, certificate: Any) -> bool:
    """Whether the one has signed the other, and is named in it."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


class TrustFile:
    """A bundle as a file, which is the form that requests takes; it goes when this object does."""

    def __init__(self, pem: str) -> None:
        self._file = tempfile.NamedTemporaryFile("w", prefix="dcos-ca-", suffix=".pem", encoding="ascii")
        self._file.write(pem)
        self._file.flush()

    @property
    def path(self) -> str:
        return self._file.name

    def close(self) -> None:
        self._file.close()


def reason(error: BaseException, host: str) -> tuple[str, str]:
    """Why a TLS handshake failed, and what to do, from what OpenSSL says."""
    said = str(error)
    found = re.search(r"certificate verify failed: (.*?) \(_ssl", said) or re.search(r"\[SSL: ([A-Z_0-9]+)\]", said)
    words = found.group(1) if found else ""
    lower = said.lower()
    if "hostname mismatch" in lower or "ip address mismatch" in lower or "doesn't match" in lower:
        return f"its certificate is not for {host}", "Use a name or address in url that the certificate has; masters have master.mesos and their own addresses"
    if "expired" in lower or "not yet valid" in lower:
        return f"a certificate is out of date ({words})", "Check the clock of this host, else renew the certificate of Admin Router"
    if any(rule in lower for rule in STRICT_RULES):
        why = f"a certificate is not formed as RFC 5280 wants, on which Python 3.13 and newer insist ({words})"
        return why, "Have the certificate issued anew, or run the controller with an older Python"
    if "self-signed" in lower or "self signed" in lower or "unable to get" in lower or "certificate verify failed" in lower:
        return (
            f"its certificate is not signed by a CA that is trusted here ({words})",
            "Give the cluster's CA bundle as ca_path; on Enterprise, ca_fingerprint can pin the one that the cluster offers",
        )
    if "wrong_version_number" in lower or "record layer failure" in lower or "http request" in lower:
        return "no TLS is spoken there", "Check the port in url, or write http://"
    return words or said, "Check that url is the address of DC/OS' Admin Router"


def _no_authentication(request: Any) -> Any:
    """Given to requests so that it does not look into ~/.netrc, which would replace the token."""
    return request


def _adapter(pinned: Pinned) -> Any:
    """What makes the connections of a session that trusts what is pinned; the certificate itself comes with each request."""

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
            super().init_poolmanager(*arguments, ssl_context=_context(pinned), **more)

        def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
            return super().proxy_manager_for(*arguments, ssl_context=_context(pinned), **more)

    return Adapter()


def _context(pinned: Pinned) -> Any:
    context = urllib3.util.ssl_.create_urllib3_context()
    pinned.prepare(context)
    return context


class Transport:
    """A session without cookies, of which each request says how it is to be verified."""

    def __init__(self, pinned: Pinned | None = None) -> None:
        self._session = requests.Session()
        if pinned is not None:
            self._session.mount("https://", _adapter(pinned))
        self._session.auth = _no_authentication
        self._session.headers["User-Agent"] = "dcos.calico"
        # Bouncer sets the token as a cookie, and cookies know no ports
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))

    def close(self) -> None:
        self._session.close()

    def is_other_host(self, own: str, url: str) -> bool:
        """Whether a token for the one must not go to the other; https instead of http on the usual ports is no other host."""
        return bool(self._session.should_strip_auth(own, url))

    def send(
        self,
        method: str,
        url: str,
        data: bytes | None,
        headers: Mapping[str, str],
        params: Mapping[str, Any] | None,
        verify: Verify,
        seconds: float,
        most: int = MOST_BYTES,
    ) -> Response:
        """Ask once and read the whole answer.

        A socket's time-out begins anew with each byte, so another thread asks, and is left alone with an answer that does not end.

        :param verify: given with each request, because requests takes that of the environment before that of the session.
        :param seconds: for all of it, from the look-up of the name to the last byte.
        :param most: bytes that the answer may have.
        :raises ConnectionFailed, TlsFailed: naming host and port.
        """
        what = f"{method} {describe(url)}"
        left = max(seconds, SHORTEST)
        answers: queue.SimpleQueue[Response | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                waits = (min(left, CONNECT_SECONDS), left)
                arguments: dict[str, Any] = {"params": params, "data": data, "headers": dict(headers), "verify": verify, "timeout": waits}
                with self._session.request(method, url, allow_redirects=False, stream=True, **arguments) as answer:
                    body = _read(answer, what, left, most)
                answers.put(Response(answer.status_code, answer.headers, body, what))
            except Exception as error:  # it belongs to the thread that asked for it
                answers.put(error)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
            threading.Thread(target=ask, daemon=True).start()
            try:
                found = answers.get(timeout=left + GRACE_SECONDS)
            except queue.Empty:
                raise _incomplete(what, seconds) from None
        if isinstance(found, requests.exceptions.RequestException):
            raise failure_of(found, what, url, seconds) from None
        if isinstance(found, Exception):
            raise found
        return found


def _read(answer: Any, what: str, seconds: float, most: int) -> bytes:
    """The body of an answer, which is not taken for longer than it may be."""
    end = time.monotonic() + seconds
    body = bytearray()
    for chunk in answer.iter_content(CHUNK):
        if time.monotonic() > end:
            raise _incomplete(what, seconds)
        body += chunk
        if len(body) > most:
            raise ApiError(f"{what}: the answer has more than {most} bytes", None, "Check that url is the address of DC/OS' Admin Router")
    _check_length(answer, bytes(body), what)
    return bytes(body)


def _incomplete(what: str, seconds: float) -> ConnectionFailed:
    return ConnectionFailed(f"{what}: the answer was not complete within {round(seconds, 1):g} seconds", None, "Raise timeout if the network is that slow")


def _check_length(answer: Any, body: bytes, what: str) -> None:
    """Older libraries below requests take what came before a cut for the whole."""
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and not answer.headers.get("Content-Encoding") and len(body) < int(announced):
        raise ConnectionFailed(f"{what}: the connection was cut", f"{len(body)} of {announced} bytes came", RESTARTING)


def describe(url: str) -> str:
    """An address with its port and without its query, for messages."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or PORTS.get(parts.scheme, 0)}{parts.path}"


def failure_of(error: Exception, what: str, url: str, seconds: float) -> ConnectionFailed | TlsFailed:
    """An exception of requests in words."""
    said = str(error)
    host = urlsplit(url).hostname or ""
    if isinstance(error, requests.exceptions.ProxyError):
        remedy = "Check HTTPS_PROXY and HTTP_PROXY in the environment, or name the host in NO_PROXY"
        return ConnectionFailed(f"{what} did not get through the proxy", _reason(said), remedy, sent=False)
    if isinstance(error, requests.exceptions.SSLError) and "EOF" not in said:
        why, remedy = reason(error, host)
        return TlsFailed(f"{what}: the other side could not be verified", why, remedy)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return ConnectionFailed(f"{what}: no connection in time", "nothing answers there", _check(host), sent=False)
    if isinstance(error, requests.exceptions.Timeout):
        return ConnectionFailed(f"{what} was not answered within {round(seconds, 1):g} seconds", None, "See whether the masters are well, or raise timeout")
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in said:
        remedy = "Install the Python library PySocks beside requests, or name the host in NO_PROXY"
        return ConnectionFailed(f"{what} cannot go through the SOCKS proxy of the environment", "this Python has no support for SOCKS", remedy, sent=False)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema)):
        return ConnectionFailed(f"{what} is no address", _reason(said), "Check url", sent=False)
    if isinstance(error, requests.exceptions.ConnectionError) and "NewConnectionError" in repr(error) + said or "NameResolution" in said:
        return ConnectionFailed(f"{what}: no connection", _reason(said), _check(host), sent=False)
    return ConnectionFailed(f"{what}: the connection was cut", _reason(said), RESTARTING)


def _check(host: str) -> str:
    return f"Check url, that {host} is a master that is up, and that nothing between drops the packets"


def _reason(said: str) -> str:
    """The operating system's words, or else the innermost ones, in requests' nested exceptions."""
    numbered = re.search(r"\[Errno -?\d+\] ([^'\")]+)", said)
    if numbered:
        return numbered.group(1)
    quoted = re.findall(r"\(['\"]([^'\"]+)['\"]\)", said)
    return quoted[-1] if quoted else said
