"""A double of AWX's API, as far as awx.awx' modules of docs/tower use it: it stores objects, refuses what AWX refuses, and hides secrets.

What it knows of AWX 23: names are unique where AWX has them so; a git project is updated when it is made, and a template's playbook has to be one of
the project's; secrets are answered as $encrypted$, and that word keeps the stored one; injectors are tried at once; a survey is judged at once.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import StrictUndefined, TemplateError, sandbox

Json = dict[str, Any]
TOKEN = "awx-oauth-token-7hYq"
ENCRYPTED = "$encrypted$"
PLAYBOOK = re.compile(r"^\s*?-?\s*?(?:hosts|include|import_playbook):\s*?.*?$", re.MULTILINE)
# What AWX refuses in an injector beside ANSIBLE_*; the part of the list that somebody might think of.
BLOCKED = {"PATH", "LD_PRELOAD", "VIRTUAL_ENV", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "PROJECT_REVISION", "HOME"}
FIELD_KEYS = {"id", "type", "label", "help_text", "secret", "multiline", "ask_at_runtime", "format", "choices", "default"}
SURVEY_TYPES = {"text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str, "integer": int, "float": float}
MACHINE = {
    "fields": [
        {"id": "username", "type": "string", "label": "Username"},
        {"id": "password", "type": "string", "label": "Password", "secret": True},
        {"id": "ssh_key_data", "type": "string", "label": "SSH Private Key", "secret": True, "multiline": True, "format": "ssh_private_key"},
        {"id": "become_method", "type": "string", "label": "Privilege Escalation Method"},
        {"id": "become_username", "type": "string", "label": "Privilege Escalation Username"},
        {"id": "become_password", "type": "string", "label": "Privilege Escalation Password", "secret": True},
    ]
}


class Refused(Exception):
    """An answer of 400 with this document."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """One list of the API: type of its objects, the fields that can be written with their defaults, and which of them together are unique."""

    type: str
    fields: Json
    unique: tuple[str, ...] = ("name",)
    needed: tuple[str, ...] = ("name",)
    lists: tuple[str, ...] = ()


COMMON = {"name": "", "description": ""}
OWNED = {**COMMON, "organization": None}
ASKED = {
    f"ask_{name}_on_launch": False
    for name in ("limit", "variables", "tags", "skip_tags", "job_type", "verbosity", "inventory", "credential", "diff_mode", "scm_branch", "job_slice_count")
}
KINDS = {
    "organizations": Kind("organization", {**COMMON, "max_hosts": 0, "default_environment": None}),
    "execution_environments": Kind("execution_environment", {**OWNED, "image": "", "pull": "", "credential": None}, needed=("name", "image")),
    "credential_types": Kind(
        "credential_type", {**COMMON, "kind": "", "managed": False, "inputs": {}, "injectors": {}}, ("name", "kind"), ("name", "kind")
    ),
    "credentials": Kind(
        "credential", {**OWNED, "credential_type": None, "inputs": {}}, ("name", "credential_type", "organization"), ("name", "credential_type", "organization")
    ),
    "projects": Kind(
        "project",
        {**OWNED, "scm_type": "", "scm_url": "", "scm_branch": "", "scm_update_on_launch": False, "credential": None},
        ("name", "organization"),
        ("name", "organization"),
    ),
    "inventories": Kind(
        "inventory", {**OWNED, "kind": "", "host_filter": None, "variables": ""}, ("name", "organization"), ("name", "organization")
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            **COMMON, "inventory": None, "source": "", "source_path": "", "source_project": None, "source_vars": "", "credential": None,
            "execution_environment": None, "overwrite": False, "overwrite_vars": False, "update_on_launch": False, "update_cache_timeout": 0,
        },
        ("name", "inventory"),
        ("name", "inventory", "source"),
    ),
    "job_templates": Kind(
        "job_template",
        {
            **OWNED, **ASKED, "job_type": "run", "inventory": None, "project": None, "playbook": "", "execution_environment": None, "extra_vars": "",
            "limit": "", "job_tags": "", "diff_mode": False, "become_enabled": False, "allow_simultaneous": False, "job_slice_count": 1,
            "survey_enabled": False,
        },
        ("name", "organization"),
        ("name", "project", "playbook", "inventory"),
        ("credentials",),
    ),
    "teams": Kind("team", dict(OWNED), ("name", "organization"), ("name", "organization")),
}  # fmt: skip
WITH_ROLES = {"job_templates": ("admin_role", "execute_role", "read_role")}


class Awx:
    """The state, and what is asked of it. `project` is the folder that a git project's checkout has."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.objects: dict[str, dict[int, Json]] = {kind: {} for kind in KINDS}
        self.surveys: dict[int, Json] = {}
        self.secrets: dict[int, Json] = {}
        self.roles: dict[int, set[int]] = {}
        self.requests: list[tuple[str, str]] = []
        self._next = 100
        self._lock = threading.RLock()
        self.objects["credential_types"][1] = self._object("credential_types", 1, {"name": "Machine", "kind": "ssh", "managed": True, "inputs": MACHINE})

    # what tests ask

    def named(self, kind: str, name: str) -> Json:
        return next(item for item in self.objects[kind].values() if item["name"] == name)

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.requests if method != "GET"]

    def may_execute(self, team: str) -> set[str]:
        """Names of the templates whose role execute a team has."""
        number = self.named("teams", team)["id"]
        templates = self.objects["job_templates"].values()
        return {one["name"] for one in templates if number in self.roles[one["summary_fields"]["object_roles"]["execute_role"]["id"]]}

    # the API

    def answer(self, method: str, path: str, query: dict[str, str], body: Json) -> tuple[int, Any]:
        """(status, document)."""
        with self._lock:
            parts = path.strip("/").split("/")[2:]
            if not parts or parts[0] in ("ping", "config"):
                return 200, {"version": "23.9.0"}
            if parts[0] == "project_updates":
                return 200, {"id": int(parts[1]), "status": "successful", "failed": False, "finished": "2026-11-22T00:00:00Z"}
            if parts[0] == "roles" and len(parts) == 3:
                return self._associate(method, self.roles[int(parts[1])], "teams", body)
            if parts[0] not in KINDS or len(parts) > 3:
                return 404, {"detail": "Not found."}
            return self._objects(method, parts, query, body)

    def _objects(self, method: str, parts: list[str], query: dict[str, str], body: Json) -> tuple[int, Any]:
        kind = parts[0]
        if len(parts) == 1:
            return (200, self._page(kind, query)) if method == "GET" else (201, self._create(kind, body)) if method == "POST" else (405, {})
        found = self.objects[kind].get(int(parts[1]))
        if found is None:
            return 404, {"detail": "Not found."}
        if len(parts) == 3 and parts[2] == "survey_spec":
            return self._survey(method, found, body)
        if len(parts) == 3 and parts[2] in KINDS[kind].lists:
            return self._associate(method, found["_lists"][parts[2]], parts[2], body, found)
        if len(parts) == 3:
            return 404, {"detail": "Not found."}
        if method == "DELETE":
            del self.objects[kind][found["id"]]
            return 204, None
        return 200, self._shown(self._change(kind, found, body) if method == "PATCH" else found)

    def _page(self, kind: str, query: dict[str, str]) -> Json:
        def fits(item: Json) -> bool:
            either = [str(item.get(key[4:])) == value for key, value in query.items() if key.startswith("or__")]
            every = [str(item.get(key)) == value for key, value in query.items() if not key.startswith("or__")]
            return all(every) and (not either or any(either))

        found = [self._shown(item) for item in self.objects[kind].values() if fits(item)]
        return {"count": len(found), "next": None, "previous": None, "results": found}

    @staticmethod
    def _shown(item: Json) -> Json:
        return {key: value for key, value in item.items() if not key.startswith("_")}

    def _object(self, kind: str, number: int, values: Json) -> Json:
        url = f"/api/v2/{kind}/{number}/"
        made = {"id": number, "type": KINDS[kind].type, "url": url, "summary_fields": {}, "related": {}}
        made |= copy.deepcopy(KINDS[kind].fields) | values
        if kind == "projects":
            made["scm_revision"] = "3f2a9c1"
        made["related"] = {"survey_spec": f"{url}survey_spec/"} | {name: f"{url}{name}/" for name in KINDS[kind].lists}
        made["_lists"] = {name: set() for name in KINDS[kind].lists}
        for role in WITH_ROLES.get(kind, ()):
            made["summary_fields"].setdefault("object_roles", {})[role] = {"id": self._number()}
            self.roles[made["summary_fields"]["object_roles"][role]["id"]] = set()
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
            raise Refused({"detail": "Modifications not allowed for managed credential types"})
        self._fill(kind, found, body)
        return found

    def _fill(self, kind: str, item: Json, body: Json) -> None:
        """Judge and store; fields that cannot be written are left alone, as a serializer of AWX does."""
        spec = KINDS[kind]
        wanted = {name: body[name] for name in spec.fields if name in body and body[name] is not None}
        result = {**item, **wanted}
        same = [one for one in self.objects[kind].values() if one is not item and all(one[name] == result[name] for name in spec.unique)]
        if same:
            raise Refused({"__all__": [f"{spec.type} with this {' and '.join(spec.unique)} already exists."]})
        for name, value in wanted.items():
            if type(spec.fields[name]) in (bool, int, str) and type(value) is not type(spec.fields[name]):
                raise Refused({name: [f"{value!r} is not of the right type."]})
        judge = getattr(self, f"_judge_{kind}", None)
        if judge:
            judge(result, wanted)
        item.update(wanted)

    # what AWX judges

    @staticmethod
    def _judge_credential_types(item: Json, wanted: Json) -> None:
        if item["kind"] not in ("cloud", "net"):
            raise Refused({"kind": ["Must be 'cloud' or 'net'"]})
        fields = item["inputs"].get("fields", [])
        ids = [field["id"] for field in fields]
        strange = [field["id"] for field in fields if set(field) - FIELD_KEYS or field["type"] not in ("string", "boolean") or not field.get("label")]
        if strange or len(set(ids)) != len(ids) or set(item["inputs"].get("required", [])) - set(ids) or "tower" in ids:
            raise Refused({"inputs": [f"Additional properties are not allowed, or an id is used twice or not defined: {strange or ids}"]})
        refused = [name for name in item["injectors"].get("env", {}) if name.startswith("ANSIBLE_") or name in BLOCKED]
        if refused:
            raise Refused({"injectors": [f"Environment variable {refused[0]} may affect Ansible configuration so its use is not allowed in credentials."]})
        names = [name.partition(".")[2] for name in item["injectors"].get("file", {})]
        values = {**dict.fromkeys(ids, "EXAMPLE"), "tower": {"filename": dict.fromkeys(names, "EXAMPLE_FILENAME")}}
        for key, template in [pair for part in item["injectors"].values() for pair in part.items()]:
            try:
                sandbox.ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(values)
            except TemplateError as error:
                raise Refused({"injectors": [f"{key} uses an undefined field ({error})"]}) from None

    def _judge_credentials(self, item: Json, wanted: Json) -> None:
        kind = self.objects["credential_types"][item["credential_type"]]
        fields = {field["id"]: field for field in kind["inputs"]["fields"]}
        given = wanted.get("inputs", {})
        missing = [name for name in kind["inputs"].get("required", []) if not item["inputs"].get(name)]
        if set(given) - set(fields) or missing:
            raise Refused({"inputs": [f"not a field: {sorted(set(given) - set(fields))}, required for {kind['name']}: {missing}"]})
        if fields.get("ssh_key_data", {}).get("format") and given.get("ssh_key_data", ENCRYPTED) != ENCRYPTED:
            if "PRIVATE KEY-----" not in given["ssh_key_data"]:
                raise Refused({"inputs": {"ssh_key_data": ["Invalid certificate or key"]}})
        secret = {name for name, field in fields.items() if field.get("secret")}
        kept = self.secrets.setdefault(item["id"], {})
        for name in secret & set(given):
            if given[name] != ENCRYPTED:
                kept[name] = given[name]
            given[name] = ENCRYPTED

    def _judge_projects(self, item: Json, wanted: Json) -> None:
        if item["scm_type"] == "git" and not item["scm_url"]:
            raise Refused({"scm_url": ["SCM URL is required."]})
        if set(wanted) & {"scm_url", "scm_branch", "scm_type"}:
            item["summary_fields"]["current_update"] = {"id": self._number(), "status": "pending"}

    def _judge_inventory_sources(self, item: Json, wanted: Json) -> None:
        if item["source"] == "scm" and not item["source_project"]:
            raise Refused({"source_project": ["Project required for scm type sources."]})
        if not (self.project / item["source_path"]).is_file():
            raise Refused({"source_path": ["Not a file of the project."]})
        credential = self.objects["credentials"].get(item["credential"])
        if credential and self.objects["credential_types"][credential["credential_type"]]["kind"] != "cloud":
            raise Refused({"credential": ["Credentials of this type are disallowed for scm inventory sources."]})

    def _judge_job_templates(self, item: Json, wanted: Json) -> None:
        file = self.project / item["playbook"]
        if not file.is_file() or not PLAYBOOK.search(file.read_text(encoding="utf-8")):
            raise Refused({"playbook": ["Playbook not found for project."]})
        if item["job_slice_count"] > 1 and item["ask_inventory_on_launch"]:
            raise Refused({"__all__": ["Cannot have both."]})
        item["organization"] = wanted["organization"] = self.objects["projects"][item["project"]]["organization"]

    def _associate(self, method: str, members: set[int], kind: str, body: Json, owner: Json | None = None) -> tuple[int, Any]:
        if method == "GET":
            found = [self._shown(self.objects[kind][number]) for number in sorted(members)]
            return 200, {"count": len(found), "next": None, "previous": None, "results": found}
        if body.get("disassociate"):
            members.discard(body["id"])
            return 204, None
        if owner is not None and kind == "credentials":
            types = {self.objects["credentials"][number]["credential_type"] for number in members}
            if self.objects["credentials"][body["id"]]["credential_type"] in types:
                raise Refused({"error": "Cannot assign multiple credentials of one type."})
        members.add(body["id"])
        return 204, None

    def _survey(self, method: str, template: Json, body: Json) -> tuple[int, Any]:
        if method == "GET":
            return 200, self.surveys.get(template["id"], {})
        if method == "DELETE":
            self.surveys.pop(template["id"], None)
            return 200, None
        wrong = survey_trouble(body)
        if wrong:
            raise Refused({"error": wrong})
        self.surveys[template["id"]] = body
        return 200, None


def survey_trouble(survey: Json) -> str | None:
    """What AWX would say of a survey; None if it takes it."""
    for name, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(survey.get(name), kind):
            return f"Field '{name}' is missing from survey spec."
    if not survey["spec"]:
        return "'spec' doesn't contain any items."
    variables = set()
    for number, item in enumerate(survey["spec"]):
        wrong = _question_trouble(item)
        if wrong or item["variable"] in variables:
            return f"survey question {number}: {wrong or 'duplicated variable'}"
        variables.add(item["variable"])
    return None


def _question_trouble(item: Json) -> str | None:
    for name, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
        if type(item.get(name)) is not kind:
            return f"'{name}' missing or of another type"
    if item["type"] not in SURVEY_TYPES:
        return f"'{item['type']}' is not one of the allowed question types"
    default = item.get("default", "")
    if default != "" and type(default) is not SURVEY_TYPES[item["type"]]:
        return f"Default value {default!r} expected to be {SURVEY_TYPES[item['type']].__name__}"
    if any(item.get(key) is not None and type(item[key]) is not int for key in ("min", "max")):
        return "The limits are expected to be integers"
    if item["type"].startswith("multi"):
        choices = item.get("choices")
        if not choices:
            return "must specify choices"
        offered = choices if isinstance(choices, list) else choices.splitlines()
        if any(one not in offered for one in str(default).splitlines()):
            return "Default choice must be answered from the choices listed."
    return None


class Handler(BaseHTTPRequestHandler):
    """HTTP around Awx."""

    protocol_version = "HTTP/1.1"

    def _go(self) -> None:
        awx: Awx = self.server.awx  # type: ignore[attr-defined]
        split = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        awx.requests.append((self.command, self.path))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._send(401, {"detail": "Authentication credentials were not provided."})
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        try:
            return self._send(*awx.answer(self.command, split.path, query, json.loads(content or b"{}")))
        except Refused as refused:
            return self._send(400, refused.args[0])

    def _send(self, status: int, document: Any) -> None:
        content = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in (("X-API-Product-Name", "AWX"), ("X-API-Product-Version", "23.9.0"), ("Content-Type", "application/json")):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _go

    def log_message(self, *_unused: Any) -> None:
        """Nothing is written to stderr."""


class Server:
    """An Awx that listens on loopback."""

    def __init__(self, project: Path) -> None:
        self.awx = Awx(project)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.awx = self.awx  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
