"""Who gets the token, and who is trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._dcos._errors import TlsFailed

from ...dcos_api import Answer, Authority, DcosApi, failure, server_context

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
        assert made.get("/x").status == 200 and "not verified" in made.warnings[0] and not recwarn.list

    def test_tls_to_a_plain_port(self, dcos_api, dcos_client) -> None:
        error = failure(dcos_client(url=dcos_api.url.replace("http:", "https:"), timeout=1.0).get, "/x")
        assert "no TLS is spoken there" in str(error)
