"""A double of AWX' API, as far as docs/tower uses it: it stores objects, refuses what AWX 24.6.1 refuses, and hides secrets.

test_awx.py holds each of its answers that somebody might not expect, on the double and on a real AWX. Names are unique where AWX has them so; a git project
is updated when it is made, and a template's playbook has to be one of the project's; secrets are answered as $encrypted$, and that word keeps the stored one.
"""

from __future__ import annotations

import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import validate
from kinds import KINDS, MANAGED, UNIFIED, Json
from validate import ENCRYPTED, Refused

# Of a system administrator, of an administrator of the organizations, of somebody who may only look, and of an operator.
TOKEN, ADMIN_TOKEN, AUDITOR_TOKEN, OPERATOR_TOKEN = (
    "awx-oauth-token-7hYq",
    "org-admin-token-4fGt",
    "auditor-token-9kLp",
    "operator-token-2sDf",
)
ROLES = {
    "admin_role": "Admin",
    "execute_role": "Execute",
    "read_role": "Read",
    "approval_role": "Approve",
    "use_role": "Use",
}
LAUNCHED = {"status": "pending", "started": None, "finished": None, "failed": False}


class Awx:
    """The state, and what is asked of it. `project` is the directory that a git project's checkout has."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.objects: dict[str, dict[int, Json]] = {kind: {} for kind in KINDS}
        self.surveys: dict[int, Json] = {}
        self.secrets: dict[int, Json] = {}
        self.jobs: dict[int, Json] = {}
        # {role: {teams or users: numbers}}
        self.roles: dict[int, dict[str, set[int]]] = {}
        self.requests: list[tuple[str, str]] = []
        self._next = 100
        self._lock = threading.RLock()
        for number, kind in enumerate(MANAGED, 1):
            self.objects["credential_types"][number] = self._object("credential_types", number, copy.deepcopy(kind))

    # what tests ask and do

    def named(self, kind: str, name: str, organization: str | None = None) -> Json:
        owner = organization and self.named("organizations", organization)["id"]
        return next(
            one
            for one in self.objects[kind].values()
            if name in (one.get("name"), one.get("identifier")) and owner in (None, one.get("organization"))
        )

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.requests if method != "GET"]

    def may(self, role: str, kind: str, team: str) -> set[str]:
        """Names of the templates on which a team has a role."""
        number = self.named("teams", team)["id"]
        return {one["name"] for one in self.objects[kind].values() if number in self.role(one, role)["teams"]}

    def role(self, item: Json, name: str) -> dict[str, set[int]]:
        return self.roles[item["summary_fields"]["object_roles"][f"{name}_role"]["id"]]

    def made(self, kind: str, /, **values: Any) -> int:
        """Number of an object that somebody else made."""
        status, document = self.answer("POST", f"/api/v2/{kind}/", {}, values)
        assert status == 201, document
        return int(document["id"])

    def job(self, template: int, **values: Any) -> int:
        """Number of a job of a template, as it is when it was only created."""
        number = self._number()
        found = self.objects["job_templates"][template]
        parts = {"id": number, "type": "job", "name": found["name"], "job_template": template, **LAUNCHED}
        self.jobs[number] = {**parts, "inventory": found["inventory"], "project": found["project"], **values}
        return number

    # the API

    def answer(self, method: str, path: str, query: dict[str, str], body: Json, token: str = TOKEN) -> tuple[int, Any]:
        """(status, document)."""
        with self._lock:
            parts = path.strip("/").split("/")[2:]
            if not parts or parts[0] in ("ping", "config"):
                return 200, {"version": "24.6.1"}
            self._permit(method, parts, token)
            if parts[0] == "project_updates":
                return 200, {
                    "id": int(parts[1]),
                    "status": "successful",
                    "failed": False,
                    "finished": "2026-11-22T00:00:00Z",
                }
            if parts[0] == "roles" and len(parts) == 3:
                return self._associate(method, self.roles[int(parts[1])][parts[2]], parts[2], body)
            if parts[0] == "jobs":
                return self._jobs(parts, query)
            if parts[0] == "unified_job_templates":
                return 200, self._page([one for kind in UNIFIED for one in self.objects[kind].values()], query)
            if parts[0] not in KINDS or len(parts) > 3:
                return 404, {"detail": "Not found."}
            return self._objects(method, parts, query, body)

    @staticmethod
    def _permit(method: str, parts: list[str], token: str) -> None:
        """Organizations and types of credentials are a system administrator's; operators see no output of what is not theirs."""
        forbidden = method != "GET" and (
            token in (AUDITOR_TOKEN, OPERATOR_TOKEN)
            or parts[0] in ("organizations", "credential_types")
            and token == ADMIN_TOKEN
        )
        if forbidden or (token == OPERATOR_TOKEN and parts[0] not in ("job_templates", "workflow_job_templates")):
            raise Refused({"detail": "You do not have permission to perform this action."}, 403)

    def _objects(self, method: str, parts: list[str], query: dict[str, str], body: Json) -> tuple[int, Any]:
        kind = parts[0]
        if len(parts) == 1:
            return (
                (200, self._page(list(self.objects[kind].values()), query))
                if method == "GET"
                else (201, self._create(kind, body))
            )
        found = self.objects[kind].get(int(parts[1]))
        if found is None:
            return 404, {"detail": "Not found."}
        if len(parts) == 3:
            return self._below(method, found, kind, parts[2], body)
        if method == "DELETE":
            self._delete(kind, found)
            return 204, None
        return 200, self._shown(self._change(kind, found, body) if method == "PATCH" else found)

    def _below(self, method: str, found: Json, kind: str, name: str, body: Json) -> tuple[int, Any]:
        if name in KINDS[kind].lists:
            return self._associate(method, found["_lists"][name], KINDS[kind].lists[name], body, found)
        if name == "survey_spec":
            return self._survey(method, found, body)
        if name == "roles":
            return 200, self._page(self._roles_of(kind, found["id"]), {})
        if name == "launch":
            return self._launch(found, body)
        if name == "create_approval_template":
            made = self._create("workflow_approval_templates", body)
            found["unified_job_template"] = made["id"]
            found["related"]["unified_job_template"] = made["url"]
            return 201, made
        return 404, {"detail": "Not found."}

    def _page(self, items: list[Json], query: dict[str, str]) -> Json:
        """A list, by what of AWX' filters is asked for: fields, fields of what they refer to, alternatives, exceptions and a comparison."""

        def is_one(item: Json, key: str, value: str) -> bool:
            field, _none, operator = key.partition("__")
            if operator == "in" and field == "status":
                return item[field] in value.split(",")
            if operator == "lt":
                return item[field] is not None and item[field] < value
            if operator == "in" and field == "roles":
                return any(item["id"] in self.roles[int(number)]["users"] for number in value.split(","))
            if key == "member_role__children__in":
                return any(item["id"] in self.roles[int(number)]["teams"] for number in value.split(","))
            if operator == "name":
                return str(self.objects[f"{field}s"].get(item[field], {}).get("name")) == value
            return str(item.get(field)) == value

        def fits(item: Json) -> bool:
            either = [is_one(item, key[4:], value) for key, value in query.items() if key.startswith("or__")]
            never = [is_one(item, key[5:], value) for key, value in query.items() if key.startswith("not__")]
            every = [
                is_one(item, key, value)
                for key, value in query.items()
                if not key.startswith(("or__", "not__")) and key != "page_size"
            ]
            return all(every) and not any(never) and (not either or any(either))

        found = [self._shown(item) for item in items if fits(item)]
        return {"count": len(found), "next": None, "previous": None, "results": found}

    def _roles_of(self, kind: str, number: int) -> list[Json]:
        """What a team or user has been given, on what."""
        found = []
        for listed in KINDS:
            for item in self.objects[listed].values():
                of = {"resource_name": item.get("name"), "resource_type": item["type"], "resource_id": item["id"]}
                for role in item["summary_fields"].get("object_roles", {}).values():
                    if number in self.roles[role["id"]][kind]:
                        found.append({"id": role["id"], "type": "role", "name": role["name"], "summary_fields": of})
        return found

    @staticmethod
    def _shown(item: Json) -> Json:
        return {key: value for key, value in item.items() if not key.startswith("_")}

    def _object(self, kind: str, number: int, values: Json) -> Json:
        url, spec = f"/api/v2/{kind}/{number}/", KINDS[kind]
        made = {"id": number, "type": spec.type, "url": url, "summary_fields": {}} | copy.deepcopy(spec.fields) | values
        made["related"] = {"survey_spec": f"{url}survey_spec/"} | {name: f"{url}{name}/" for name in spec.lists}
        made["_lists"] = {name: set() for name in spec.lists}
        if kind == "projects":
            made["scm_revision"] = "3f2a9c1"
        if spec.roles:
            made["summary_fields"]["object_roles"] = {
                name: {"id": self._number(), "name": ROLES[name]} for name in spec.roles
            }
            self.roles |= {
                role["id"]: {"teams": set(), "users": set()} for role in made["summary_fields"]["object_roles"].values()
            }
        return made

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _create(self, kind: str, body: Json) -> Json:
        missing = [name for name in KINDS[kind].needed if body.get(name) in (None, "")]
        if missing:
            raise Refused({name: ["This field is required."] for name in missing})
        made = self._object(kind, self._number(), {})
        self._fill(kind, made, body)
        self.objects[kind][made["id"]] = made
        return self._shown(made)

    def _change(self, kind: str, found: Json, body: Json) -> Json:
        if found.get("managed"):
            raise Refused({"detail": "Modifications not allowed for managed credential types"}, 403)
        self._fill(kind, found, body)
        return found

    def _delete(self, kind: str, found: Json) -> None:
        """What an object owns goes with it, and what only refers to it stays without: an organization's project, too."""
        number = found["id"]
        if kind == "credential_types" and any(
            one["credential_type"] == number for one in self.objects["credentials"].values()
        ):
            raise Refused({"detail": "Credential types that are in use cannot be deleted"}, 403)
        del self.objects[kind][number]
        # a step's approval is nothing without it
        self.objects["workflow_approval_templates"].pop(found.get("unified_job_template"), None)
        for name, items in self.objects.items():
            for item in list(items.values()):
                if KINDS[name].owner and item[KINDS[name].owner] == number:
                    self._delete(name, item)
                    continue
                for members in item["_lists"].values():
                    members.discard(number)
                item.update(
                    {field: None for field in KINDS[name].fields if field in REFERENCES and item[field] == number}
                )

    def _fill(self, kind: str, item: Json, body: Json) -> None:
        """Validate and store; fields that cannot be written are left alone, as a serializer of AWX does."""
        spec = KINDS[kind]
        desired = {name: copy.deepcopy(body[name]) for name in spec.fields if name in body}
        result = {**item, **desired}
        same = [
            one
            for one in self.objects[kind].values()
            if spec.unique and one is not item and all(one[name] == result[name] for name in spec.unique)
        ]
        if same:
            raise Refused({"__all__": [f"{spec.type} with this {' and '.join(spec.unique)} already exists."]})
        for name, value in desired.items():
            if type(spec.fields[name]) in (bool, int, str) and type(value) is not type(spec.fields[name]):
                raise Refused({name: [f"{value!r} is not of the right type."]})
        settle = getattr(self, f"_settle_{kind}", None)
        if settle:
            settle(result, desired, item)
        item.update(desired)

    # what AWX validates, and makes of what is written

    @staticmethod
    def _settle_execution_environments(_result: Json, desired: Json, item: Json) -> None:
        if item["image"] and desired.get("organization") and desired["organization"] != item["organization"]:
            raise Refused({"organization": ["Cannot change the organization of an execution environment"]})

    def _settle_credential_types(self, result: Json, desired: Json, item: Json) -> None:
        validate.credential_type(result)
        used = any(one["credential_type"] == item["id"] for one in self.objects["credentials"].values())
        if used and desired.get("inputs", item["inputs"]) != item["inputs"]:
            raise Refused(
                {"detail": "Modifications to inputs are not allowed for credential types that are in use"}, 403
            )

    def _settle_credentials(self, result: Json, desired: Json, item: Json) -> None:
        kind = self.objects["credential_types"][result["credential_type"]]
        item["summary_fields"]["credential_type"] = {"id": kind["id"], "name": kind["name"]}
        if "inputs" not in desired:
            return
        given = desired["inputs"]
        kept = self.secrets.get(item["id"], {})
        secret = validate.credential(kind, given) & set(given)
        # inputs are written as a whole: what is not given is gone
        self.secrets[item["id"]] = {
            name: kept.get(name) if given[name] == ENCRYPTED else given[name] for name in secret
        }
        given.update(dict.fromkeys(secret, ENCRYPTED))

    def _settle_projects(self, result: Json, desired: Json, item: Json) -> None:
        if result["scm_type"] == "git" and not result["scm_url"]:
            raise Refused({"scm_url": ["SCM URL is required."]})
        if set(desired) & {"scm_url", "scm_branch", "scm_type"}:
            item["summary_fields"]["current_update"] = {"id": self._number(), "status": "pending"}

    def _settle_inventory_sources(self, result: Json, _desired: Json, _item: Json) -> None:
        credential = self.objects["credentials"].get(result["credential"])
        validate.inventory_source(
            result, self.objects["credential_types"][credential["credential_type"]]["kind"] if credential else None
        )
        if not (self.project / result["source_path"]).is_file():
            raise Refused({"source_path": ["Not a file of the project."]})

    def _settle_job_templates(self, result: Json, desired: Json, _item: Json) -> None:
        file = self.project / result["playbook"]
        if not file.is_file() or not validate.PLAYBOOK.search(file.read_text(encoding="utf-8")):
            raise Refused({"playbook": ["Playbook not found for project."]})
        desired["organization"] = self.objects["projects"][result["project"]]["organization"]

    def _settle_workflow_job_template_nodes(self, result: Json, _desired: Json, item: Json) -> None:
        item["related"]["unified_job_template"] = next(
            (
                self.objects[kind][result["unified_job_template"]]["url"]
                for kind in UNIFIED
                if result["unified_job_template"] in self.objects[kind]
            ),
            None,
        )
        self._validate_answers(result, required=False)

    def _settle_schedules(self, result: Json, desired: Json, _item: Json) -> None:
        if "INTERVAL" not in result["rrule"] or "DTSTART" not in result["rrule"]:
            raise Refused({"rrule": ["INTERVAL and DTSTART are required in rrule."]})
        if set(desired) != {"enabled"}:
            self._validate_answers(result)

    def _validate_answers(self, item: Json, required: bool = True) -> None:
        survey = self.surveys.get(item["unified_job_template"], {})
        wrong = validate.answers_trouble(survey, item["extra_data"], required)
        if wrong:
            raise Refused({"variables_needed_to_start": wrong})

    def _associate(
        self, method: str, members: set[int], kind: str, body: Json, owner: Json | None = None
    ) -> tuple[int, Any]:
        if method == "GET":
            found = [self._shown(self.objects[kind][number]) for number in sorted(members)]
            return 200, {"count": len(found), "next": None, "previous": None, "results": found}
        if body.get("disassociate"):
            members.discard(body["id"])
            return 204, None
        if owner is not None and owner["type"] == "job_template" and kind == "credentials":
            types = {self.objects["credentials"][number]["credential_type"] for number in members}
            if self.objects["credentials"][body["id"]]["credential_type"] in types:
                raise Refused({"error": "Cannot assign multiple credentials of one type."})
        members.add(body["id"])
        return 204, None

    def _survey(self, method: str, template: Json, body: Json) -> tuple[int, Any]:
        if method == "POST":
            wrong = validate.survey_trouble(body)
            if wrong:
                raise Refused({"error": wrong})
            self.surveys[template["id"]] = body
        return 200, self.surveys.get(template["id"], {}) if method == "GET" else None

    def _launch(self, template: Json, body: Json) -> tuple[int, Any]:
        survey = self.surveys.get(template["id"], {}) if template["survey_enabled"] else {}
        given = body.get("extra_vars", {})
        wrong = validate.answers_trouble(survey, given)
        if wrong:
            return 400, {"variables_needed_to_start": wrong}
        asked = {question["variable"] for question in survey.get("spec", [])}
        strange = {name: value for name, value in given.items() if name not in asked}
        ignored = {"extra_vars": strange} if strange and not template["ask_variables_on_launch"] else {}
        ignored |= {"limit": body["limit"]} if "limit" in body and not template["ask_limit_on_launch"] else {}
        number = self.job(template["id"])
        return 201, {**self.jobs[number], "job": number, "ignored_fields": ignored}

    def _jobs(self, parts: list[str], query: dict[str, str]) -> tuple[int, Any]:
        if len(parts) == 1:
            return 200, self._page(list(self.jobs.values()), query)
        found = self.jobs.get(int(parts[1]))
        return (200, found) if found else (404, {"detail": "Not found."})


# Fields that are the number of another object.
REFERENCES = {
    "organization", "inventory", "project", "source_project", "credential", "credential_type", "execution_environment", "unified_job_template",
    "workflow_job_template", "default_environment",
}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """HTTP around Awx."""

    protocol_version = "HTTP/1.1"

    def _go(self) -> None:
        awx: Awx = self.server.awx  # type: ignore[attr-defined]
        split = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        awx.requests.append((self.command, self.path))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in (TOKEN, ADMIN_TOKEN, AUDITOR_TOKEN, OPERATOR_TOKEN):
            return self._send(401, {"detail": "Authentication credentials were not provided."})
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        try:
            return self._send(*awx.answer(self.command, split.path, query, json.loads(content or b"{}"), token))
        except Refused as refused:
            return self._send(refused.status, refused.args[0])

    def _send(self, status: int, document: Any) -> None:
        content = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in (
            ("X-API-Product-Name", "AWX"),
            ("X-API-Product-Version", "24.6.1"),
            ("Content-Type", "application/json"),
        ):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _go

    def log_message(self, *_unused: Any) -> None:
        """Nothing is written to stderr."""


class Server:
    """An Awx that listens on loopback."""

    def __init__(self, awx: Awx) -> None:
        self.awx = awx
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.awx = self.awx  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
