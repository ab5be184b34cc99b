"""Trust in the TLS certificates of DC/OS: what a fingerprint pins of a bundle, and why a handshake failed."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _transport
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import DcosError, Response, TlsFailed
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

from ....support.dcos_api import HTML_404, Authority

ROOT = Authority("Root")
INTERMEDIATE = Authority("Intermediate", ROOT)
LOWER = Authority("Lower", INTERMEDIATE)
STRANGER = Authority("Root")
NARROW = Authority("Narrow", path_length=0)
BELOW_NARROW = Authority("Below narrow", NARROW)
EXPIRED = Authority("Expired", days=(-30, -1))
EXPIRED_BELOW = Authority("Expired below", ROOT, days=(-30, -1))
# a host of the cluster, whose certificate is a good one and no CA's
HOST = Authority("Host", ROOT, ca=False)
SIGNED_BY_HOST = Authority("Signed by host", HOST)
# name and key of the true ones, issued by a stranger: in old bundles they lead from what is pinned to the stranger
BRIDGE, INTERMEDIATE_BRIDGE = ROOT.twin(STRANGER), INTERMEDIATE.twin(STRANGER)
KNOWN = {name.lower(): made for name, made in list(globals().items()) if isinstance(made, Authority)}


def bundle(*authorities: Authority) -> Response:
    text = "# a comment\n" + "\n".join(authority.pem() for authority in authorities)
    return Response(200, {}, text.encode("ascii"), "GET https://x:443/ca/dcos-ca.crt")


def trusted(pem: str) -> set[str]:
    known = {authority.pem(): name for name, authority in KNOWN.items()}
    return {known[block + "\n"] for block in _transport._pem_blocks(pem)}


@pytest.mark.parametrize(
    ("authorities", "pinned", "kept"),
    [
        ([ROOT], ROOT, {"root"}),
        ([INTERMEDIATE, ROOT], ROOT, {"root", "intermediate"}),
        ([LOWER, INTERMEDIATE, ROOT], ROOT, {"root", "intermediate", "lower"}),
        # who sits in between can offer the true bundle and one of his own with the same name
        ([STRANGER, INTERMEDIATE, ROOT], ROOT, {"root", "intermediate"}),
        # or one that bears name and key of a true one, and leads to his own
        ([ROOT, BRIDGE, STRANGER], ROOT, {"root"}),
        ([BRIDGE, STRANGER, INTERMEDIATE, ROOT], ROOT, {"root", "intermediate"}),
        ([INTERMEDIATE_BRIDGE, STRANGER, INTERMEDIATE, ROOT], ROOT, {"root", "intermediate"}),
        # nothing above what is pinned is trusted, and nothing below an intermediate is an end of its own
        ([INTERMEDIATE, ROOT], INTERMEDIATE, {"intermediate"}),
        ([LOWER, INTERMEDIATE, ROOT], INTERMEDIATE, {"intermediate"}),
        ([INTERMEDIATE_BRIDGE, STRANGER, INTERMEDIATE], INTERMEDIATE, {"intermediate"}),
        # what its issuer may not have issued
        ([ROOT, HOST, SIGNED_BY_HOST], ROOT, {"root"}),
        ([NARROW, BELOW_NARROW], NARROW, {"narrow"}),
        ([ROOT, EXPIRED_BELOW], ROOT, {"root"}),
    ],
)
def test_trust_goes_downwards_from_what_is_pinned_and_nowhere_else(authorities, pinned, kept: set) -> None:
    for order in (authorities, authorities[::-1]):
        found = _transport.pinned_bundle(bundle(*order), pinned.fingerprint().lower())
        assert trusted(found.pem) == kept and found.is_root == (pinned is not INTERMEDIATE)


@pytest.mark.parametrize(("pinned", "words"), [(HOST, "it is no CA's"), (EXPIRED, "it is valid from .* only")])
def test_what_cannot_be_pinned(pinned: Authority, words: str) -> None:
    with pytest.raises(TlsFailed, match=words):
        _transport.pinned_bundle(bundle(ROOT, pinned), pinned.fingerprint())


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (bundle(STRANGER), "somebody else is answering"),
        (bundle(), "none at all"),
        (Response(200, {}, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "GET https://x:443/ca"), "none at all"),
        (Response(404, {}, HTML_404.encode(), "GET https://x:443/ca"), "open DC/OS has no certificate authority"),
        (Response(200, {}, HTML_404.encode(), "GET https://x:443/ca"), "open DC/OS has no certificate authority"),
        (Response(502, {}, b"", "GET https://x:443/ca"), "answered with 502"),
    ],
)
def test_bundles_that_are_not_trusted(response: Response, words: str) -> None:
    with pytest.raises(TlsFailed, match=words) as caught:
        _transport.pinned_bundle(response, ROOT.fingerprint())
    assert "https://x:443" in str(caught.value)


def test_without_asking(tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(ROOT.pem(), encoding="ascii")
    url = "https://x"
    assert _transport.without_asking(Options(url=url, validate_certs=False, ca_path="/nowhere")) is False
    assert _transport.without_asking(Options(url=url, ca_path=str(file))) == str(file)
    assert _transport.without_asking(Options(url=url, ca_path=str(file), ca_fingerprint=ROOT.fingerprint())) == _transport.Pinned(ROOT.pem(), True)
    assert _transport.without_asking(Options(url=url, ca_fingerprint=ROOT.fingerprint())) is None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    assert _transport.without_asking(Options(url=url)) == str(file)


def test_the_pinned_certificate_has_to_be_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(STRANGER.pem(), encoding="ascii")
    with pytest.raises(TlsFailed, match="The bundle .*ca.pem has no certificate with the fingerprint"):
        _transport.without_asking(Options(url="https://x", ca_path=str(file), ca_fingerprint=ROOT.fingerprint()))


BROKEN = ROOT.pem().replace("M", "A")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        ("", "no certificate in PEM form"),
        (HTML_404, "no certificate"),
        (b"\xff\x00", "no certificate"),
        (BROKEN, "broken certificate"),
    ],
)
def test_files_that_are_no_bundle(tmp_path: Path, content, words: str) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValidationError, match=words):
        _transport.without_asking(Options(url="https://x", ca_path=str(file)))


@pytest.mark.parametrize(
    ("cafile", "capath", "desired"), [("/etc/ca.pem", None, "/etc/ca.pem"), (None, "full", "full"), (None, "empty", True), (None, None, True)]
)
def test_system_trust(tmp_path: Path, monkeypatch, cafile, capath, desired) -> None:
    for name in ("full/ca.pem", "empty"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch() if path.suffix else path.mkdir()
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)

    class Paths:
        pass

    paths = Paths()
    paths.cafile, paths.capath = cafile, str(tmp_path / capath) if capath else None
    monkeypatch.setattr(_transport.ssl, "get_default_verify_paths", lambda: paths)
    found = _transport.system_trust()
    assert found == (str(tmp_path / desired) if desired == "full" else desired)


def test_the_file_of_a_bundle_goes() -> None:
    file = _transport.TrustFile(ROOT.pem())
    path = file.path
    assert Path(path).read_text(encoding="ascii") == ROOT.pem() and os.stat(path).st_mode & 0o077 == 0
    file.close()
    assert not os.path.exists(path)


def test_a_missing_library_is_named(monkeypatch) -> None:
    monkeypatch.setattr(_transport, "CRYPTOGRAPHY_ERROR", ImportError("no"))
    with pytest.raises(DcosError, match="cryptography"):
        _transport.pinned_bundle(bundle(ROOT), ROOT.fingerprint())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'x'. (_ssl.c:1)", "not for x"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: IP address mismatch, certificate is not valid for '10.0.0.1'. (_ssl.c:1)", "not for x"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1)", "out of date (certificate has expired)"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1)", "CA that is trusted here (self-signed certificate)"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1)", "not signed by a CA"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Missing Authority Key Identifier (_ssl.c:1)", "RFC 5280"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1)", "no TLS is spoken there"),
        ("[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1)", "TLSV1_ALERT_PROTOCOL_VERSION"),
        ("strange", "strange"),
    ],
)
def test_reasons(said: str, words: str) -> None:
    why, remedy = _transport.reason(Exception(said), "x")
    assert words in why and remedy


def test_a_bundle_is_checked_as_it_stands(tmp_path: Path) -> None:
    """Two certificates without a line break between them are what `cat` of some files gives, and nothing that OpenSSL takes."""
    pem = ROOT.pem().rstrip("\n")
    path = tmp_path / "glued.pem"
    path.write_text(pem + pem + "\n", encoding="utf-8")
    with pytest.raises(ValidationError) as error:
        _transport.without_asking(Options(url="https://x", ca_path=str(path)))
    assert "is a line break missing there?" in str(error.value) and str(path) in str(error.value)
