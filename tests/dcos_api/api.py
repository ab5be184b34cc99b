"""A client for tests: says what it sends, decides nothing."""

from __future__ import annotations

from typing import Any

import requests
from standin import ANSWER_SECONDS, Standin
from standin_service import eventually, patience

Json = dict[str, Any]


def media(area: str, kind: str, direction: str, version: int = 1) -> str:
    return f"application/vnd.dcos.{area}.{kind}-{direction}+json;charset=utf-8;version=v{version}"


class Api:
    """One cluster with one token, or none."""

    def __init__(self, standin: Standin, token: str | None) -> None:
        self.standin = standin
        self.token = token
        self._session = requests.Session()
        self._session.trust_env = False

    def anyone(self, token: str | None = None) -> Api:
        """The same cluster with another token."""
        return Api(self.standin, token)

    def login(self, uid: str) -> Api:
        answer = self.anyone().post("/acs/api/v1/auth/login", {"uid": uid, "password": f"{uid}-secret"})
        return self.anyone(answer.json()["token"])

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Json | None = None,
        base: str | None = None,
        **more: Any,
    ) -> requests.Response:
        sent = {"Authorization": f"token={self.token}"} if self.token else {}
        return self._session.request(
            method,
            (base or self.standin.url) + path,
            json=body,
            headers={**sent, **(headers or {})},
            timeout=patience(ANSWER_SECONDS),
            allow_redirects=False,
            **more,
        )

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> requests.Response:
        return self.ask("POST", path, body, **more)

    # -- Cosmos -----------------------------------------------------------------------------

    def package(self, call: str, version: int = 1, **body: Any) -> requests.Response:
        kind = call.replace("/", ".")
        headers = {
            "Content-Type": media("package", kind, "request"),
            "Accept": media("package", kind, "response", version),
        }
        return self.post(f"/package/{call}", body, headers=headers)

    def service(self, call: str, **body: Any) -> requests.Response:
        headers = {"Content-Type": media("service", call, "request"), "Accept": media("service", call, "response")}
        return self.post(f"/cosmos/service/{call}", body, headers=headers)

    def install(self, name: str, version: str | None = None, **more: Any) -> requests.Response:
        return self.package("install", 2, packageName=name, **({"packageVersion": version} if version else {}), **more)

    # -- Marathon ---------------------------------------------------------------------------

    def app(self, app_id: str, *embed: str) -> Json:
        query = "&".join(f"embed=apps.{name}" for name in embed)
        return self.get(f"/service/marathon/v2/apps{app_id}?{query}").json().get("app", {})

    def apps(self, method: str, app_id: str = "", body: Any = None, **query: str) -> requests.Response:
        return self.ask(method, f"/service/marathon/v2/apps{app_id}", body, params=query)

    def deployed(self, app_id: str) -> Json:
        """Wait until the app has no deployment, then tell it."""

        def settled() -> Json | None:
            app = self.app(app_id)
            return app if app and not app["deployments"] else None

        return eventually(settled, f"{app_id} is deployed")

    def gone(self, app_id: str) -> None:
        eventually(lambda: self.get(f"/service/marathon/v2/apps{app_id}").status_code == 404, f"{app_id} is gone")
