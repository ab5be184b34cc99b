"""How AWX answers where somebody might not expect it, a row a test: of the double, and of a real AWX 24.6.1 where one is named.

AWX_URL and AWX_TOKEN name it, AWX_PROJECT_URL a git repository with what docs/tower/project holds, that it can fetch. What they make there is in
organizations called row-SOMETHING.
"""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from awx import ADMIN_TOKEN, OPERATOR_TOKEN, TOKEN, Awx, Server
from described import PROJECT

Json = dict[str, Any]
REAL = os.environ.get("AWX_URL", "")
QUESTION = {
    "question_name": "How",
    "question_description": "",
    "variable": "how",
    "type": "multiplechoice",
    "choices": "a\nb",
    "default": "a",
    "required": True,
}


class Api:
    """An AWX by its API, with an organization of its own."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.name = f"row-{uuid.uuid4().hex[:8]}"
        self.organization = self.make("organizations", name=self.name)

    def ask(
        self, method: str, path: str, body: Json | None = None, token: str = "", login: str = ""
    ) -> tuple[int, Any]:
        """(status, document); `login` is a user's name and password."""
        shown = f"Basic {base64.b64encode(login.encode()).decode()}" if login else f"Bearer {token or self.token}"
        headers = {"Authorization": shown, "Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{self.url}/api/v2/{path}", json.dumps(body).encode() if body is not None else None, headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def make(self, kind: str, /, **values: Any) -> int:
        status, made = self.ask("POST", f"{kind}/", {"organization": getattr(self, "organization", None), **values})
        assert status == 201, made
        return int(made["id"])

    def get(self, path: str) -> Any:
        status, found = self.ask("GET", path)
        assert status == 200, found
        return found

    def type(self, name: str) -> int:
        return int(self.get(f"credential_types/?name={name}")["results"][0]["id"])

    def credential(self, kind: str, name: str = "one", **inputs: str) -> int:
        return self.make("credentials", name=name, credential_type=self.type(kind), inputs=inputs)

    def project(self) -> int:
        number = self.make(
            "projects",
            name="one",
            scm_type="git",
            scm_url=os.environ.get("AWX_PROJECT_URL", "https://git.example.com/x.git"),
            scm_branch="main",
        )
        for _second in range(600 if REAL else 0):
            if self.get(f"projects/{number}/")["status"] in ("successful", "failed"):
                break
            time.sleep(1)
        return number

    def template(self, **values: Any) -> int:
        used = {"project": self.project(), "inventory": self.make("inventories", name="one"), "playbook": "site.yml"}
        number = self.make("job_templates", name="one", survey_enabled=True, **used, **values)
        survey = {"name": "x", "description": "", "spec": [QUESTION]}
        assert self.ask("POST", f"job_templates/{number}/survey_spec/", survey)[0] == 200
        return number


@pytest.fixture(scope="module")
def where() -> Iterator[tuple[str, str]]:
    """(address, token)."""
    if REAL:
        yield REAL, os.environ["AWX_TOKEN"]
        return
    server = Server(Awx(PROJECT))
    yield server.url, TOKEN
    server.close()


@pytest.fixture
def api(where: tuple[str, str]) -> Iterator[Api]:
    made = Api(*where)
    yield made
    for kind in (
        "users",
        "job_templates",
        "workflow_job_templates",
        "inventories",
        "projects",
        "credentials",
        "organizations",
    ):
        for one in made.get(f"{kind}/")["results"]:
            if made.name in (
                one.get("name"),
                one.get("username", "").rpartition("-")[0],
                one.get("summary_fields", {}).get("organization", {}).get("name"),
            ):
                made.ask("DELETE", f"{kind}/{one['id']}/")


def test_inputs_of_a_credential_are_written_as_a_whole(api: Api) -> None:
    number = api.credential("Machine", username="root", password="secret", become_password="other")
    assert api.get(f"credentials/{number}/")["inputs"] == {
        "username": "root",
        "password": "$encrypted$",
        "become_password": "$encrypted$",
    }
    assert (
        api.ask("PATCH", f"credentials/{number}/", {"inputs": {"username": "core", "password": "$encrypted$"}})[0]
        == 200
    )
    assert api.get(f"credentials/{number}/")["inputs"] == {"username": "core", "password": "$encrypted$"}


def test_what_a_type_requires_is_not_required_to_be_saved(api: Api) -> None:
    assert api.get(f"credentials/{api.credential('Vault')}/")["inputs"] == {}


def test_variables_that_no_survey_asks_for_are_ignored_and_so_is_a_limit(api: Api) -> None:
    status, launched = api.ask(
        "POST", f"job_templates/{api.template()}/launch/", {"extra_vars": {"how": "b", "strange": 1}, "limit": "one"}
    )
    assert status == 201 and launched["ignored_fields"] == {"extra_vars": {"strange": 1}, "limit": "one"}
    api.ask("POST", f"jobs/{launched['job']}/cancel/", {})


def test_what_a_survey_requires_is_missing_though_it_has_a_default(api: Api) -> None:
    number = api.template()
    wrong = {"variables_needed_to_start": ["'how' value missing"]}
    assert api.ask("POST", f"job_templates/{number}/launch/", {}) == (400, wrong)
    when = {
        "name": "one",
        "unified_job_template": number,
        "rrule": "DTSTART:20260105T040000Z RRULE:FREQ=DAILY;INTERVAL=1",
    }
    assert api.ask("POST", "schedules/", when) == (400, wrong)
    assert api.ask("POST", "schedules/", {**when, "extra_data": {"how": "a"}})[0] == 201


def test_a_step_of_a_workflow_takes_the_default(api: Api) -> None:
    workflow = api.make("workflow_job_templates", name="flow")
    step = {"identifier": "one", "workflow_job_template": workflow, "unified_job_template": api.template()}
    assert api.ask("POST", "workflow_job_template_nodes/", step)[0] == 201


def test_a_vault_is_nothing_for_the_source_of_an_inventory(api: Api) -> None:
    source = {
        "name": "one",
        "inventory": api.make("inventories", name="other"),
        "source": "scm",
        "source_project": api.project(),
        "source_path": "inventory/dcos.yml",
    }
    status, refused = api.ask(
        "POST", "inventory_sources/", {**source, "credential": api.credential("Vault", vault_password="x")}
    )
    assert status == 400 and refused == {
        "credential": ["Credentials of type insights and vault are disallowed for scm inventory sources."]
    }


def test_what_belongs_to_a_deleted_organization_stays_without_one(api: Api) -> None:
    number = api.template()
    project = api.get(f"job_templates/{number}/")["project"]
    assert api.ask("DELETE", f"organizations/{api.organization}/")[0] == 204
    assert [api.get(f"{path}/")["organization"] for path in (f"job_templates/{number}", f"projects/{project}")] == [
        None,
        None,
    ]
    # and is made a second time beside that
    api.organization = api.make("organizations", name=api.name)
    assert api.template() != number
    for path in (f"job_templates/{number}/", f"projects/{project}/"):
        api.ask("DELETE", path)


def test_an_execution_environment_stays_in_its_organization(api: Api) -> None:
    number = api.make("execution_environments", name=api.name, image="registry.example.com/x:1")
    other = api.make("organizations", name=f"{api.name} other")
    status, refused = api.ask("PATCH", f"execution_environments/{number}/", {"organization": other})
    assert status == 400 and "organization" in refused
    for path in (f"execution_environments/{number}/", f"organizations/{other}/"):
        api.ask("DELETE", path)


def test_a_name_may_be_in_two_organizations(api: Api) -> None:
    api.credential("Machine", api.name)
    other = api.make("organizations", name=f"{api.name} other")
    second = api.make("credentials", name=api.name, credential_type=api.type("Machine"), inputs={}, organization=other)
    assert api.get(f"credentials/?name={api.name}")["count"] == 2
    for path in (f"credentials/{second}/", f"organizations/{other}/"):
        api.ask("DELETE", path)


def test_an_organization_has_no_source_of_collections_of_itself(api: Api) -> None:
    assert api.get(f"organizations/{api.organization}/galaxy_credentials/")["count"] == 0


def test_a_type_that_is_used_keeps_its_fields_and_is_not_deleted(api: Api) -> None:
    fields = [{"id": "url", "type": "string", "label": "URL"}]
    number = api.make("credential_types", name=api.name, kind="cloud", inputs={"fields": fields}, injectors={})
    credential = api.make("credentials", name="one", credential_type=number, inputs={})
    more = [*fields, {"id": "uid", "type": "string", "label": "UID"}]
    assert api.ask("PATCH", f"credential_types/{number}/", {"inputs": {"fields": more}})[0] == 403
    assert api.ask("DELETE", f"credential_types/{number}/")[0] == 403
    assert [
        api.ask("DELETE", f"{path}/")[0] for path in (f"credentials/{credential}", f"credential_types/{number}")
    ] == [204, 204]


def test_who_has_a_role_is_found_by_its_number(api: Api) -> None:
    role = api.get(f"job_templates/{api.template()}/")["summary_fields"]["object_roles"]["execute_role"]["id"]
    team = api.make("teams", name="one")
    assert api.ask("POST", f"roles/{role}/teams/", {"id": team})[0] == 204
    assert [one["id"] for one in api.get(f"teams/?member_role__children__in={role}")["results"]] == [team]
    (given,) = [one for one in api.get(f"teams/{team}/roles/")["results"] if one["id"] == role]
    assert given["name"] == "Execute" and given["summary_fields"]["resource_type"] == "job_template"
    assert api.get(f"users/?roles__in={role}")["count"] == 0


def test_jobs_are_asked_for_by_project_status_template_and_beginning(api: Api) -> None:
    number = api.template()
    project = api.get(f"job_templates/{number}/")["project"]
    _status, launched = api.ask("POST", f"job_templates/{number}/launch/", {"extra_vars": {"how": "a"}})
    asked = f"jobs/?project={project}&status__in=new,pending,waiting,running,failed,error"
    assert api.get(asked)["count"] == 1
    assert api.get(f"{asked}&not__job_template={number}")["count"] == 0
    assert api.get(f"{asked}&started__lt=2020-01-01T00:00:00.000000Z")["count"] == 0
    api.ask("POST", f"jobs/{launched['job']}/cancel/", {})


def users(api: Api) -> tuple[str, str]:
    """(token of an administrator of the organization, that of an operator)."""
    if not REAL:
        return ADMIN_TOKEN, OPERATOR_TOKEN
    found = []
    for name in ("admin", "operator"):
        login = {"username": f"{api.name}-{name}", "password": uuid.uuid4().hex}
        number = api.make("users", **login)
        if name == "admin":
            api.ask("POST", f"organizations/{api.organization}/admins/", {"id": number})
        status, made = api.ask("POST", "tokens/", {"scope": "write"}, login=":".join(login.values()))
        assert status == 201, made
        found.append(made["token"])
    return found[0], found[1]


def test_an_administrator_of_an_organization_makes_no_other_and_no_type(api: Api) -> None:
    admin, _operator = users(api)
    assert api.ask("POST", "organizations/", {"name": f"{api.name} more"}, admin)[0] == 403
    assert (
        api.ask("POST", "credential_types/", {"name": api.name, "kind": "cloud", "inputs": {}, "injectors": {}}, admin)[
            0
        ]
        == 403
    )
    status, made = api.ask("POST", "inventories/", {"name": "of the admin", "organization": api.organization}, admin)
    assert status == 201, made


def test_an_operator_sees_no_project_and_no_source(api: Api) -> None:
    _admin, operator = users(api)
    assert api.ask("GET", f"projects/{api.project()}/", token=operator)[0] == 403
