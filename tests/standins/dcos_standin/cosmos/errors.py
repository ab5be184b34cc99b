"""Cosmos' errors: a type, a message, data, a status."""

from __future__ import annotations

from typing import Any


class CosmosError(Exception):
    """Becomes `{"type", "message", "data"}`."""

    def __init__(self, kind: str, message: str, data: dict[str, Any] | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"type": kind, "message": message}
        if data is not None:
            self.body["data"] = data


def package_not_found(name: str) -> CosmosError:
    return CosmosError("PackageNotFound", f"Package [{name}] not found", {"packageName": name})


def version_not_found(name: str, version: str) -> CosmosError:
    return CosmosError(
        "VersionNotFound",
        f"Version [{version}] of package [{name}] not found",
        {"packageName": name, "packageVersion": version},
    )


def already_installed() -> CosmosError:
    return CosmosError("PackageAlreadyInstalled", "Package is already installed", status=409)


def not_installed(name: str) -> CosmosError:
    return CosmosError("PackageNotInstalled", f"Package [{name}] is not installed", {"packageName": name})


def no_such_app(name: str, app_id: str) -> CosmosError:
    message = f"Package [{name}] with id [{app_id}] is not installed"
    return CosmosError("UninstallNonExistentAppForPackage", message, {"packageName": name, "appId": app_id})


def ambiguous(name: str, app_ids: list[str]) -> CosmosError:
    message = f"Multiple apps named [{name}] are installed: [{', '.join(app_ids)}]"
    return CosmosError("AmbiguousAppId", message, {"packageName": name, "appIds": app_ids})


def forbidden(service: str) -> CosmosError:
    message = f"Unable to complete request due to Forbidden response from service [{service}]"
    return CosmosError("Forbidden", message, {"serviceName": service}, 403)


def marathon_bad_response(message: str, errors: list[Any]) -> CosmosError:
    return CosmosError("MarathonBadResponse", message, {"errors": errors})


def unsupported_content_type(actual: str | None, supported: list[str]) -> CosmosError:
    message = f"Unsupported Content-Type: {actual or ''} Accept: [{', '.join(supported)}]"
    return CosmosError(
        "UnsupportedContentType",
        message,
        {"supported": supported, "actual": actual} if actual else {"supported": supported},
    )


def decoding(kind: str, body: str, problem: str) -> CosmosError:
    return CosmosError(
        "JsonDecodingError",
        f"Unable to decode the JSON value as a {kind}",
        {"typeName": kind, "decodingErrorMessage": problem, "decodeInput": body},
    )


def parsing(body: str, problem: str) -> CosmosError:
    return CosmosError(
        "JsonParsingError",
        "Unable to parse the string as a JSON value",
        {"parsingErrorMessage": problem, "parseInput": body},
    )
