"""Cosmos and the Universe, short of what installed packages do."""

from __future__ import annotations

import base64
import json
from typing import Any

import jsonschema
import pytest
from api import Api, media
from conftest import Make


def decoded(text: str) -> Any:
    return json.loads(base64.b64decode(text))


@pytest.mark.parametrize(
    ("version", "etcd", "packages"),
    [
        ("1.9.10", "0.0.3", {"etcd", "calico"}),
        ("1.10.11", "0.0.3", {"etcd", "calico"}),
        ("1.11.12", "0.1.0-3.3.12", {"etcd", "calico", "kubernetes"}),
    ],
)
def test_the_newest_etcd_depends_on_the_release(make: Make, version: str, etcd: str, packages: set[str]) -> None:
    """Two products of one name: who does not pin gets the other one on a newer cluster."""
    api = make(version, agents=(0, 0))
    assert api.package("describe", 3, packageName="etcd").json()["package"]["version"] == etcd
    found = api.package("search").json()["packages"]
    assert {entry["name"] for entry in found} == packages
    assert next(entry for entry in found if entry["name"] == "etcd")["currentVersion"] == etcd


def test_versions_and_their_places(dcos: Api) -> None:
    assert dcos.package("list-versions", packageName="calico", includePackageVersions=True).json() == {
        "results": {"0.4.0": "3", "0.3.1": "2", "0.2.0": "1", "0.1.0": "0"}
    }
    assert (
        dcos.package("list-versions", packageName="etcd", includePackageVersions=True).json()["results"]["0.0.3"] == "1"
    )
    assert [entry["name"] for entry in dcos.package("search", query="etc*").json()["packages"]] == ["etcd"]


def test_every_package_renders_with_its_defaults(dcos: Api) -> None:
    for entry in dcos.package("search").json()["packages"]:
        for version in entry["versions"]:
            package = dcos.package("describe", 3, packageName=entry["name"], packageVersion=version).json()["package"]
            jsonschema.Draft4Validator.check_schema(package["config"])
            app = dcos.package("render", packageName=entry["name"], packageVersion=version).json()["marathonJson"]
            assert app["labels"]["DCOS_PACKAGE_VERSION"] == version and "{{" not in json.dumps({**app, "labels": {}})
            assert (app["labels"].get("DCOS_COMMONS_UNINSTALL") == "true") is ("minDcosReleaseVersion" in package)


def test_options_go_over_the_defaults(dcos: Api) -> None:
    options = {"etcd": {"cluster-size": 5, "cpus": 0.5}}
    app = dcos.package("render", packageName="etcd", packageVersion="0.0.3", options=options).json()["marathonJson"]
    assert (app["id"], app["cpus"], app["mem"], app["env"]["CLUSTER_SIZE"]) == ("/etcd", 0.5, 128.0, "5")
    assert decoded(app["labels"]["DCOS_PACKAGE_OPTIONS"]) == options
    assert app["healthChecks"][0]["path"] == "/healthz" and app["healthChecks"][0]["maxConsecutiveFailures"] == 0
    spaced = {"Install CNI": {"enable": False}}
    app = dcos.package("render", packageName="calico", packageVersion="0.4.0", options=spaced).json()["marathonJson"]
    assert (app["id"], app["env"]["CALICO_INSTALL_CNI"], app["env"]["CALICO_RUN_NODE"]) == (
        "/calico-install-framework",
        "false",
        "true",
    )


@pytest.mark.parametrize(
    ("options", "keyword", "pointer"),
    [
        ({"etcd": {"cluster-size": "five"}}, "type", "/etcd/cluster-size"),
        ({"etcd": {"cluster-size": 0}}, "minimum", "/etcd/cluster-size"),
        ({"etcd": {"clustersize": 3}}, "additionalProperties", "/etcd"),
        ({"other": {}}, "additionalProperties", ""),
    ],
)
def test_options_that_the_schema_refuses(dcos: Api, options: dict[str, Any], keyword: str, pointer: str) -> None:
    refused = dcos.install("etcd", "0.0.3", options=options)
    assert (refused.status_code, refused.json()["type"], refused.json()["message"]) == (
        400,
        "JsonSchemaMismatch",
        "Options JSON failed validation",
    )
    error = refused.json()["data"]["errors"][0]
    assert (error["keyword"], error["instance"]["pointer"], error["level"]) == (keyword, pointer, "error")
    assert dcos.package("list").json() == {"packages": []}, "nothing is installed"


def test_errors_of_requests(dcos: Api) -> None:
    assert dcos.package("describe", 3, packageName="etcd", packageVersion="9").json() == {
        "type": "VersionNotFound",
        "message": "Version [9] of package [etcd] not found",
        "data": {"packageName": "etcd", "packageVersion": "9"},
    }
    assert dcos.package("install", 2).json()["type"] == "JsonDecodingError"
    headers = {
        "Content-Type": media("package", "list", "request"),
        "Accept": media("package", "list", "response"),
        "Authorization": f"token={dcos.token}",
    }
    assert (
        dcos._session.post(dcos.standin.url + "/package/list", data="{", headers=headers, timeout=20).json()["type"]
        == "JsonParsingError"
    )
    assert dcos.package("list", 9).json()["type"] == "UnsupportedContentType"
    assert dcos.package("uninstall", packageName="etcd").json() == {
        "type": "PackageNotInstalled", "message": "Package [etcd] is not installed", "data": {"packageName": "etcd"}
    }  # fmt: skip
    assert (
        dcos.package("uninstall", packageName="etcd", appId="/x").json()["type"] == "UninstallNonExistentAppForPackage"
    )


def test_media_types_are_compared_by_meaning(dcos: Api) -> None:
    headers = {
        "Content-Type": "application/vnd.dcos.package.list-request+json;VERSION=v1; charset=UTF-8",
        "Accept": "application/vnd.dcos.package.list-response+json;version=v1;charset=utf-8",
    }
    answer = dcos.post("/package/list", {}, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media("package", "list", "response"))


def test_capabilities(dcos: Api) -> None:
    answer = dcos.get(
        "/capabilities", headers={"Accept": "application/vnd.dcos.capabilities+json;charset=utf-8;version=v1"}
    )
    assert {"name": "PACKAGE_MANAGEMENT"} in answer.json()["capabilities"]


def test_two_of_a_package_need_a_name(fresh: Api) -> None:
    for name in ("one", "two"):
        options = {"Framework Settings": {"framework-name": name}}
        assert fresh.install("calico", "0.4.0", options=options).json()["appId"] == f"/{name}"
    listed = fresh.package("list", packageName="calico").json()["packages"]
    assert [entry["appId"] for entry in listed] == ["/one", "/two"]
    assert listed[0]["packageInformation"]["packageDefinition"]["version"] == "0.4.0"
    refused = fresh.package("uninstall", packageName="calico").json()
    assert (refused["type"], refused["message"]) == (
        "AmbiguousAppId",
        "Multiple apps named [calico] are installed: [/one, /two]",
    )
    assert [
        entry["appId"] for entry in fresh.package("uninstall", packageName="calico", appId="two").json()["results"]
    ] == ["/two"]
    fresh.gone("/two")
    assert [
        entry["appId"] for entry in fresh.package("uninstall", packageName="calico", all=True).json()["results"]
    ] == ["/one"]


def test_labels_differ_by_release(make: Make, dcos: Api) -> None:
    old = (
        make("1.9.10", agents=(0, 0))
        .package("render", packageName="etcd", packageVersion="0.0.3")
        .json()["marathonJson"]["labels"]
    )
    new = dcos.package("render", packageName="etcd", packageVersion="0.0.3").json()["marathonJson"]["labels"]
    assert decoded(old["DCOS_PACKAGE_METADATA"])["name"] == "etcd" and old["DCOS_PACKAGE_RELEASE"] == "1"
    assert decoded(new["DCOS_PACKAGE_DEFINITION"])["metadata"]["name"] == "etcd" and "DCOS_PACKAGE_RELEASE" not in new


def test_repositories(fresh: Api) -> None:
    first = fresh.package("repository/list").json()["repositories"]
    added = fresh.package("repository/add", name="mine", uri="https://example.com/repo", index=0).json()["repositories"]
    assert added == [{"name": "mine", "uri": "https://example.com/repo"}, *first]
    assert (
        fresh.package("repository/add", name="mine", uri="https://example.com/2").json()["type"]
        == "RepositoryAlreadyPresent"
    )
    assert fresh.package("repository/delete", name="mine").json()["repositories"] == first
    assert fresh.package("repository/delete", name="mine").json()["type"] == "RepositoryNotPresent"


def test_services_can_be_updated_since_1_11(make: Make, fresh: Api) -> None:
    assert make("1.9.10", agents=(0, 0)).service("describe", appId="/etcd").status_code == 404
    fresh.install("calico", "0.4.0", options={"Etcd Settings": {"mem-limit": 200}})
    fresh.deployed("/calico-install-framework")
    told = fresh.service("describe", appId="/calico-install-framework").json()
    assert (
        told["userProvidedOptions"] == {"Etcd Settings": {"mem-limit": 200}}
        and told["resolvedOptions"]["Etcd Settings"]["cpu-limit"] == 0.1
    )
    updated = fresh.service(
        "update", appId="/calico-install-framework", options={"Etcd Settings": {"cpu-limit": 0.3}}, replace=False
    ).json()
    assert updated["marathonDeploymentId"] and updated["resolvedOptions"]["Etcd Settings"]["mem-limit"] == 200
    app = fresh.deployed("/calico-install-framework")
    assert decoded(app["labels"]["DCOS_PACKAGE_OPTIONS"]) == {"Etcd Settings": {"mem-limit": 200, "cpu-limit": 0.3}}
    assert fresh.service("describe", appId="/none").json()["type"] == "MarathonAppNotFound"
