from __future__ import annotations

import json

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError, Response, cause_of, quote

CFSSL = {"success": False, "result": None, "errors": [{"code": 9002, "message": "CSR parsing failed"}], "messages": []}
INVALID = {"message": "Object is not valid", "details": [{"path": "/networks", "errors": ["unknown"]}, {"path": "/id", "errors": ["a", "b"]}]}


@pytest.mark.parametrize(
    ("body", "kind", "text", "data"),
    [
        ("<!DOCTYPE html><html><head><title>401 Unauthorized</title></head>", None, "401 Unauthorized", None),
        ("<html><body>no title", None, "", None),
        ("404 Not Found: service not found.\n", "ServiceNotFound", "404 Not Found: service not found.", None),
        ("503 Service Unavailable: invalid Marathon svcapps cache", "StaleCache", "503 Service Unavailable: invalid Marathon svcapps cache", None),
        ("503 Service Unavailable: MesosDNS request has failed", "StaleCache", "503 Service Unavailable: MesosDNS request has failed", None),
        ("404 Not Found: agent `X` unknown.", None, "404 Not Found: agent `X` unknown.", None),
        (
            {"type": "PackageNotFound", "message": "Package [x] not found", "data": {"packageName": "x"}},
            "PackageNotFound",
            "Package [x] not found",
            {"packageName": "x"},
        ),
        ({"type": "PackageAlreadyInstalled", "message": "Package is already installed"}, "PackageAlreadyInstalled", "Package is already installed", None),
        (INVALID, None, "Object is not valid (/networks: unknown; /id: a, b)", INVALID["details"]),
        ({"message": "Invalid JSON", "details": "at 1"}, None, "Invalid JSON (at 1)", "at 1"),
        ({"message": "App is locked", "deployments": [{"id": "d"}]}, None, "App is locked", [{"id": "d"}]),
        (
            {"title": "401 Unauthorized", "description": "Invalid credentials.", "code": "ERR_INVALID_CREDENTIALS"},
            "ERR_INVALID_CREDENTIALS",
            "Invalid credentials.",
            None,
        ),
        ({"title": "Unauthorized", "description": "JWT verification failed"}, None, "JWT verification failed", None),
        (CFSSL, "9002", "CSR parsing failed (code 9002)", CFSSL["errors"]),
        ({"success": False, "errors": []}, None, "no reason given", []),
        ({"strange": 1}, None, '{"strange": 1}', None),
        ([1, 2], None, "[1, 2]", None),
        ("", None, "", None),
        ("plain\n words", None, "plain words", None),
    ],
)
def test_causes(body, kind, text: str, data) -> None:
    assert cause_of(body if isinstance(body, str) else json.dumps(body)) == (kind, text, data)


def test_quotes_are_short() -> None:
    assert len(quote("x" * 10000)) < 400


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain; charset=utf-8", "application/vnd.dcos.package.list-response+json;charset=utf-8;version=v1"]
)
def test_json_whatever_the_content_type(content_type: str) -> None:
    assert Response(200, {"Content-Type": content_type}, '{"a": "ü"}'.encode(), "GET http://x:80/y").json() == {"a": "ü"}


@pytest.mark.parametrize(("body", "words"), [(b"<html><title>Sign in</title>", "HTML page"), (b"{", "Expecting"), (b"\xff\xfe", "Expecting value")])
def test_what_is_not_json_names_the_request(body: bytes, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        Response(200, {}, body, "GET http://x:80/y").json()
    assert caught.value.kind == "NotJson" and "GET http://x:80/y was answered with 200" in str(caught.value) and words in str(caught.value)
