from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.doc_fragments._dcos import ModuleDocFragment
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _options
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

DIGITS = "ab" * 32


class Module:
    """What Options takes from a module."""

    def __init__(self, **params) -> None:
        self.params = {name: spec.get("default") for name, spec in _options.ARGUMENT_SPEC.items()}
        self.params.update(params)
        self.no_log_values: set[str] = set()


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        (DIGITS, DIGITS),
        (DIGITS.upper(), DIGITS),
        (":".join(["AB"] * 32), DIGITS),
        ("sha256 Fingerprint=" + ":".join(["AB"] * 32), DIGITS),
        (f"SHA-256: {DIGITS}", DIGITS),
        (f"sha256:{DIGITS}\n", DIGITS),
    ],
)
def test_fingerprints(text: str, digits: str) -> None:
    assert _options.normalise_fingerprint(text) == digits


@pytest.mark.parametrize("text", ["", "ab", DIGITS[:40], DIGITS + "ab", "zz" * 32, "sha1=" + DIGITS])
def test_what_is_no_fingerprint(text: str) -> None:
    with pytest.raises(ValidationError, match="not a sha256 sum"):
        _options.normalise_fingerprint(text)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://dcos.example.com", "https://dcos.example.com:443"),
        ("https://dcos.example.com/", "https://dcos.example.com:443"),
        ("HTTP://Master.Mesos", "http://master.mesos:80"),
        ("https://10.0.0.1:8443", "https://10.0.0.1:8443"),
        ("https://[fd00::1]", "https://[fd00::1]:443"),
    ],
)
def test_addresses(url: str, base: str) -> None:
    options = Options(url=url)
    assert options.check() == [] and options.base == base and base.endswith(options.host_port)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "dcos.example.com"}, "does not begin with https://"),
        ({"url": "https://"}, "does not begin with https:// or http:// and a host"),
        ({"url": "ftp://dcos.example.com"}, "does not begin with"),
        ({"url": "https://dcos.example.com:0"}, "no address"),
        ({"url": "https://dcos.example.com:http"}, "Port could not be cast"),
        ({"url": "https://dcos.example.com:99999"}, "out of range"),
        ({"url": "https://dcos.example.com/#/dashboard"}, "has a path"),
        ({"url": "https://dcos.example.com/mesos"}, "has a path"),
        ({"url": "https://bob:sesame@dcos.example.com:x"}, "user name"),
        ({"timeout": 0}, "timeout is 0"),
        ({"timeout": -1.5}, "timeout is -1.5"),
        ({"ca_fingerprint": "zz"}, "not a sha256 sum"),
        ({"url": "http://dcos.example.com", "ca_fingerprint": DIGITS}, "over plain http"),
        ({"url": "http://dcos.example.com", "token": "a.b.c"}, "not sent to dcos.example.com:80 over plain http"),
        ({"url": "http://10.0.0.1", "uid": "bob", "password": "sesame"}, "not sent to 10.0.0.1:80 over plain http"),
        ({"url": "http://10.0.0.1", "service_account": {"uid": "x"}}, "not sent"),
    ],
)
def test_what_cannot_be_right_is_refused_with_a_remedy(given: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        Options(**{"url": "https://dcos.example.com", **given}).check()
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "http://dcos.example.com"}, []),
        ({"url": "http://127.0.0.1:8080", "token": "a.b.c"}, []),
        ({"url": "http://localhost", "token": "a.b.c"}, []),
        ({"url": "http://[::1]", "token": "a.b.c"}, []),
        ({"url": "http://10.0.0.1", "token": "a.b.c", "validate_certs": False}, ["over plain http, because validate_certs is false"]),
        ({"validate_certs": False}, ["Certificates are not verified"]),
        ({"validate_certs": False, "ca_path": "/ca.crt", "ca_fingerprint": DIGITS}, ["ca_path, ca_fingerprint has no effect"]),
    ],
)
def test_warnings(given: dict, words: list) -> None:
    warnings = Options(**{"url": "https://dcos.example.com", **given}).check()
    assert len(warnings) == len(words) and all(word in warning for word, warning in zip(words, warnings))


def test_no_secret_is_in_the_repr() -> None:
    options = Options(url="https://x", token="sesame1", password="sesame2", service_account={"private_key": "sesame3"})
    assert "sesame" not in repr(options)


def test_from_module_hides_every_part_of_a_secret() -> None:
    module = Module(url=" https://x ", uid="", password=" sesame ", service_account={"uid": "svc", "private_key": "KEY\nTEXT"}, timeout=5.0)
    options = Options.from_module(module)
    assert (options.url, options.uid, options.token, options.password, options.timeout) == ("https://x", None, None, " sesame ", 5.0)
    assert module.no_log_values == {" sesame ", "%20sesame%20", "KEY\nTEXT", "KEY\\nTEXT", "KEY%0ATEXT"}


def test_from_module_hides_secrets_as_messages_quote_them() -> None:
    """Options of the module's own with no_log too; and a password in url, where some put it."""
    module = Module(url="https://user:sesame@x", timeout=5.0)
    module.no_log_values = {'it\'s "ä/b'}
    Options.from_module(module)
    quoted = {'it\'s \\"ä/b', "it's \\\"\\u00e4/b", "it\\'s \"ä/b", "it%27s%20%22%C3%A4%2Fb", "it%27s%20%22%C3%A4/b"}
    assert module.no_log_values == {'it\'s "ä/b', "sesame", *quoted}


def test_from_plugin() -> None:
    given = {"url": "https://x", "validate_certs": False, "timeout": 3.5, "service_account": "/sa.json"}
    options = Options.from_plugin(given.get)
    assert (options.url, options.validate_certs, options.timeout, options.service_account) == ("https://x", False, 3.5, "/sa.json")


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_no_cluster_is_named(empty) -> None:
    with pytest.raises(ValidationError, match="DCOS_URL"):
        Options.from_plugin({"url": empty}.get)


def test_argument_spec_is_a_copy() -> None:
    spec = _options.argument_spec(own=dict(type="str"))
    spec["timeout"]["default"] = 1.0
    assert _options.ARGUMENT_SPEC["timeout"]["default"] == 30.0 and spec["own"] == {"type": "str"}


def test_environment_is_documented_as_it_is_read() -> None:
    """For modules in words, for plugins in the way that ansible-core reads."""
    import yaml

    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    plugin = yaml.safe_load(ModuleDocFragment.PLUGIN)["options"]
    read = {name: spec["fallback"][1][0] for name, spec in _options.ARGUMENT_SPEC.items()}
    assert {name: option["env"] for name, option in plugin.items()} == {name: [{"name": variable}] for name, variable in read.items()}
    assert all(any(f"E({variable})" in line for line in documented[name]["description"]) for name, variable in read.items())
    for name, spec in _options.ARGUMENT_SPEC.items():
        assert {key: documented[name].get(key) for key in ("type", "default", "required")} == {key: spec.get(key) for key in ("type", "default", "required")}
