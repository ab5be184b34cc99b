"""A cluster over TLS with a CA, and every way to log in to it, each with secrets that stand nowhere else."""

from __future__ import annotations

import dataclasses
import json
import secrets
from pathlib import Path
from typing import Any

from api import Api
from authority import Authority
from conftest import Make
from keys import key_pair

Json = dict[str, Any]
SUPER = ["dcos:superuser"]
# What encodings write otherwise: quotes, blanks, signs of URLs, a backslash, letters beyond ASCII.
AWKWARD = " '\"&+%=\\/äß<>~"


def secret_text(name: str, awkward: bool = True) -> str:
    return f"{name}-{secrets.token_hex(12)}{AWKWARD if awkward else ''}-{secrets.token_hex(12)}"


@dataclasses.dataclass
class World:
    """The cluster and its secrets, by name."""

    api: Api
    authority: Authority
    directory: Path
    secrets: dict[str, str]

    @property
    def reach(self) -> Json:
        return {"url": self.api.standin.url, "ca_path": self.authority.bundle}

    def account(self, name: str = "robot") -> Json:
        """DC/OS' secret-file format."""
        endpoint = f"{self.api.standin.url}/acs/api/v1/auth/login"
        return {
            "uid": name,
            "private_key": self.secrets[f"key of {name}"],
            "scheme": "RS256",
            "login_endpoint": endpoint,
        }

    def account_file(self) -> Path:
        file = self.directory / "robot.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(self.account()), encoding="utf-8")
        return file

    def logins(self) -> dict[str, Json]:
        """Every way that works, by name."""
        return {
            "token": {"token": self.secrets["token"]},
            "password": {"uid": "alice", "password": self.secrets["password of alice"]},
            "account as object": {"service_account": self.account()},
            "account as text": {"service_account": json.dumps(self.account())},
            "account as key": {"uid": "robot", "service_account": self.secrets["key of robot"]},
            "account as file": {"service_account": str(self.account_file())},
        }

    def refused(self) -> dict[str, Json]:
        """Every way that does not, by name."""
        token, wrong = {"token": self.secrets["token"]}, {"uid": "alice", "password": self.secrets["wrong password"]}
        broken = {**self.account(), "private_key": self.secrets["broken key"]}
        return {
            "wrong password": wrong,
            "token of nobody": {"token": self.secrets["forged token"]},
            "bad token": {"token": self.secrets["bad token"]},
            "account with another key": {
                "service_account": {**self.account(), "private_key": self.secrets["key of another"]}
            },
            "account with a broken key": {"service_account": broken},
            "account as broken text": {"service_account": json.dumps(broken)[:-2]},
            "account without a name": {"service_account": {"private_key": self.secrets["key of robot"]}},
            "no permission": {"uid": "bob", "password": self.secrets["password of bob"]},
            "two ways": {**token, **wrong},
            "nobody there": {**token, "url": "https://127.0.0.1:9", "timeout": 1},
            "not trusted": {**wrong, "ca_path": None},
            "another fingerprint": {**wrong, "ca_path": None, "ca_fingerprint": "00" * 32},
            "plain http": {**wrong, "url": "http://dcos.invalid"},
            "in the url": {"url": self.api.standin.url.replace("//", f"//alice:{self.secrets['password in url']}@")},
        }


def make_world(make: Make, authority: Authority, cfssl: Path, directory: Path) -> World:
    """DC/OS Enterprise 1.12."""
    robot, public = key_pair()
    another, _public = key_pair()
    broken = key_pair()[0].splitlines()
    found = {
        "password of alice": secret_text("alice"),
        "password of bob": secret_text("bob"),
        "wrong password": secret_text("wrong"),
        "password in url": secret_text("inurl", awkward=False),
        "bad token": secret_text("badtoken", awkward=False),
        "key of robot": robot,
        "key of another": another,
        "broken key": "\n".join(broken[:5] + broken[7:]),
        "package option": secret_text("option"),
        "old package option": secret_text("oldoption"),
        "refused package option": secret_text("refused"),
        "app env": secret_text("env"),
        "old app env": secret_text("oldenv"),
        "refused app env": secret_text("refusedenv"),
    }
    people = [
        {"uid": "admin", "password": secret_text("admin"), "permissions": SUPER},
        {"uid": "alice", "password": found["password of alice"], "permissions": SUPER},
        {"uid": "bob", "password": found["password of bob"], "permissions": []},
    ]
    accounts = [{"uid": "robot", "public_key": public, "permissions": SUPER}]
    api = make(
        "1.12.5", "enterprise", users=people, service_accounts=accounts, tls=authority.front(), **authority.serve(cfssl)
    )
    found["token"] = api.standin.token("alice")
    head, claims, signature = api.standin.token("bob").split(".")
    found["forged token"] = f"{head}.{claims}.{signature[::-1]}"
    return World(api, authority, directory, found)
