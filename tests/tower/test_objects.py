"""What docs/tower describes fits the collection and awx.awx: surveys ask for what roles take, with their choices and defaults; modules take the arguments."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from awx import Awx
from described import PROJECT, ROOT, TOWER, defaults_of_playbook, playbook_of, read, roles_of
from furnish import variables
from kinds import KINDS
from launch import answers, inject
from validate import PLAYBOOK, Refused, survey_trouble

VARIABLES = variables()
SURVEYS: dict[str, Any] = VARIABLES["tower_surveys"]
TEMPLATES: list[dict[str, Any]] = VARIABLES["controller_templates"]
QUESTIONS = {"int": "integer", "float": "float", "bool": "multiplechoice", "list": "textarea", "str": "text"}
# What AWX' own documentation says a launch may not be asked for: it would let who may press a button run anything.
NOT_ASKED = re.compile(r"_(url|sha256|image|file|dir|dirs|user|path|password|token|key)$")
# The playbook that waits.
WAIT = "one_at_a_time.yml"
SECRETS = {
    "password": "hunter2-hunter2-hunter2",
    "service_account": '{"private_key": "x"}',
    "token": "eyJhbGciOi",
    "ca": "-----BEGIN CERTIFICATE-----",
}


def options(role: str) -> dict[str, Any]:
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))[
        "argument_specs"
    ]
    return {name: option for spec in specs.values() for name, option in (spec.get("options") or {}).items()}


def asked() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(survey, question, template) of all."""
    named = {json.dumps(spec): name for name, spec in SURVEYS.items()}
    return [
        (named[json.dumps(one["survey_spec"])], question, one)
        for one in TEMPLATES
        for question in one["survey_spec"].get("spec", [])
    ]


@pytest.mark.parametrize(
    ("survey", "question", "template"),
    asked(),
    ids=lambda value: value.get("variable", "") if isinstance(value, dict) else value,
)
def test_a_question_is_an_option_of_a_role_that_runs(
    survey: str, question: dict[str, Any], template: dict[str, Any]
) -> None:
    playbook, variable = playbook_of(template), question["variable"]
    known = {name: option for role in roles_of(playbook) for name, option in options(role).items()}
    played = defaults_of_playbook(playbook)
    assert variable in known or variable in played, "nothing of what this template runs reads it"
    option = known.get(variable) or {"type": "int", "default": played[variable]}
    assert question["type"] == ("multiplechoice" if "choices" in option else QUESTIONS[option.get("type", "str")])
    given = question["default"]
    if option.get("type") == "bool":
        assert question["choices"].splitlines() == ["false", "true"]
        given = {"false": False, "true": True}[given]
    elif "choices" in option:
        assert question["choices"].splitlines() == option["choices"]
    assert given == option["default"] and type(given) is type(option["default"])
    assert question["required"] is True, "AWX sends an empty text for what is left open, not nothing"
    assert not NOT_ASKED.search(variable)


@pytest.mark.parametrize("name", sorted(SURVEYS))
def test_a_survey_is_one_that_awx_takes(name: str) -> None:
    survey = SURVEYS[name]
    assert survey_trouble(survey) is None
    assert answers(survey, {}) == {question["variable"]: question["default"] for question in survey["spec"]}
    assert any(template["survey_spec"] == survey for template in TEMPLATES), "no template asks it"
    for question in survey["spec"]:
        if question["type"] == "integer":
            assert question["min"] <= question["default"] <= question["max"]
            with pytest.raises(AssertionError, match="out of range"):
                answers(survey, {question["variable"]: question["max"] + 1})
        else:
            with pytest.raises(AssertionError, match="expected to be one of"):
                answers(survey, {question["variable"]: "; rm -rf /"})


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one["name"])
def test_a_template_runs_a_playbook_of_the_collection(template: dict[str, Any]) -> None:
    assert playbook_of(template).is_file()
    assert PLAYBOOK.search((PROJECT / template["playbook"]).read_text(encoding="utf-8")), "AWX would not list it"


def test_every_playbook_has_a_button() -> None:
    """But manifest, which writes files on the machine where it runs."""
    ours = {path for path in (ROOT / "playbooks").glob("*.yml") if path.name != "manifest.yml"}
    through_site = {ROOT / "playbooks" / name for name in ("install.yml", "validate.yml")}
    assert {playbook_of(template) for template in TEMPLATES} >= ours - through_site
    assert {path.name for path in PROJECT.glob("*.yml")} == {template["playbook"] for template in TEMPLATES} | {WAIT}


@pytest.mark.parametrize("playbook", sorted({template["playbook"] for template in TEMPLATES}))
def test_every_playbook_waits_for_other_buttons_first(playbook: str) -> None:
    assert read(PROJECT / playbook)[0]["import_playbook"] == WAIT


def test_only_what_leaves_nothing_changed_is_for_watchers() -> None:
    for name in VARIABLES["tower_lasting_nothing"]:
        (template,) = [one for one in TEMPLATES if one["name"] == name]
        assert template["job_type"] == "check" or template["playbook"] in ("verify.yml", "plan.yml")


def test_what_needs_an_approval_is_launched_by_a_workflow_that_asks_for_one() -> None:
    """And by nobody of a team, so that nothing goes around it."""
    for name in VARIABLES["tower_after_approval"]:
        before = [
            steps["success_nodes"]
            for workflow in VARIABLES["controller_workflows"]
            for steps in workflow["simplified_workflow_nodes"]
            if "approval_node" in steps
            and name in [one.get("unified_job_template") for one in workflow["simplified_workflow_nodes"]]
        ]
        assert before, name
        assert not [role for role in VARIABLES["controller_roles"] if name in role.get("job_templates", [])]


def test_the_readme_names_every_button_and_object() -> None:
    text = (TOWER / "README.md").read_text(encoding="utf-8")
    lists = (
        TEMPLATES,
        *(
            VARIABLES[name]
            for name in ("tower_every_credential", "controller_teams", "controller_workflows", "controller_schedules")
        ),
    )
    assert not [one["name"] for listed in lists for one in listed if one["name"] not in text]
    settings = read(TOWER / "vars" / "settings.yml")
    assert not [name for name in settings if f"`{name}" not in text]


def test_the_credential_is_what_the_collection_reads_and_hides_its_secrets() -> None:
    kind = VARIABLES["controller_credential_types"][0]
    from ansible_collections.dcos.calico.plugins.module_utils._dcos import _options

    read_by_us = {option["fallback"][1][0] for option in _options.ARGUMENT_SPEC.values()}
    injected = set(kind["injectors"]["env"])
    assert injected == read_by_us - {"DCOS_VALIDATE_CERTS", "DCOS_TIMEOUT"}
    directory = Path("/runner")
    values = {"url": "https://dcos.example.com", "uid": "calico", **SECRETS}
    made = inject(kind, values, directory)
    assert made.environment == {
        "DCOS_URL": "https://dcos.example.com", "DCOS_UID": "calico", "DCOS_PASSWORD": SECRETS["password"], "DCOS_ACS_TOKEN": SECRETS["token"],
        "DCOS_SERVICE_ACCOUNT": SECRETS["service_account"], "DCOS_CA_PATH": "/runner/env/tmp-ca", "DCOS_CA_FINGERPRINT": "",
    }  # fmt: skip
    assert made.files == {"tmp-ca": SECRETS["ca"]}
    shown = " ".join(made.shown.values())
    assert not [name for name in ("password", "token", "service_account") if SECRETS[name] in shown]
    # what is not given is empty, which the collection takes for nothing
    bare = inject(kind, {"url": "https://dcos.example.com"}, directory).environment
    assert {name for name, value in bare.items() if value} == {"DCOS_URL"}


def test_awx_takes_the_credential_type_and_says_what_is_wrong_with_another() -> None:
    awx, kind = Awx(PROJECT), VARIABLES["controller_credential_types"][0]
    assert awx.answer("POST", "/api/v2/credential_types/", {}, dict(kind))[0] == 201
    for injectors, words in (
        ({"env": {"ANSIBLE_CONFIG": "x"}}, "not allowed"),
        ({"env": {"X": "{{ nothing }}"}}, "undefined"),
    ):
        with pytest.raises(Refused, match=words):
            awx.answer("POST", "/api/v2/credential_types/", {}, {**kind, "name": "Other", "injectors": injectors})


class Specified(Exception):
    """Ends a module's main() when it has said what it takes."""


def spec_of(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments of a module of awx.awx."""
    module = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{name}")
    found: dict[str, Any] = {}

    def init(self: Any, argument_spec: dict[str, Any], **_more: Any) -> None:
        found.update(argument_spec)
        raise Specified

    with monkeypatch.context() as patched, pytest.raises(Specified):
        patched.setattr(module.ControllerAPIModule, "__init__", init)
        module.main()
    return found


def tasks(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of a file, and those in plays and blocks of it."""
    return [inner for item in listed for inner in (tasks(item.get("tasks") or item.get("block") or []) or [item])]


TASKS = [
    task
    for file in (TOWER / "apply.yml", TOWER / "undo.yml", *sorted((TOWER / "tasks").glob("*.yml")))
    for task in tasks(read(file))
]
CALLS = [(name.removeprefix("awx.awx."), task) for task in TASKS for name in task if name.startswith("awx.awx.")]


@pytest.mark.parametrize(("name", "task"), CALLS, ids=[name for name, _task in CALLS])
def test_awx_awx_takes_the_arguments(name: str, task: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    spec, given = spec_of(name, monkeypatch), task[f"awx.awx.{name}"]
    assert not set(given) - set(spec), "unknown arguments"
    assert not [key for key, option in spec.items() if option.get("required") and key not in given]
    wrong = [
        key
        for key, value in given.items()
        if "choices" in spec[key] and "{{" not in str(value) and value not in spec[key]["choices"]
    ]
    assert not wrong


# Lists of the variables, the module of awx.awx that keeps what is in them, and the list of the API.
KEPT = {
    "controller_templates": ("job_template", "job_templates"),
    "controller_workflows": ("workflow_job_template", "workflow_job_templates"),
    "controller_inventory_sources": ("inventory_source", "inventory_sources"),
    "controller_inventories": ("inventory", "inventories"),
    "controller_projects": ("project", "projects"),
}
# What awx.awx cannot write empty, and what is a module's own affair.
LEFT_OUT = {"workflow_job_templates": {"webhook_service"}, "inventories": {"host_filter"}}


@pytest.mark.parametrize("name", sorted(KEPT))
def test_whatever_awx_has_of_an_object_is_said_and_so_mended(name: str) -> None:
    module, kind = KEPT[name]
    (written,) = [
        task[f"awx.awx.{module}"]
        for called, task in CALLS
        if called == module and "state" not in task[f"awx.awx.{module}"]
    ]
    fields = set(KINDS[kind].fields) - LEFT_OUT.get(kind, set())
    assert not fields - set(written)
    for item in VARIABLES[name]:
        assert not fields - set(item), item["name"]


NAMES = {name: module for name, (module, _kind) in KEPT.items()} | {
    "aap_organizations": "organization",
    "aap_teams": "team",
    "controller_credential_types": "credential_type",
    "controller_credentials": "credential",
    "controller_execution_environments": "execution_environment",
    "controller_labels": "label",
    "controller_notifications": "notification_template",
    "controller_organizations": "organization",
    "controller_roles": "role",
    "controller_schedules": "schedule",
    "controller_teams": "team",
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_list_is_what_infra_aap_configuration_hands_to_the_module(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its roles take an item's keys for the arguments of the module."""
    spec = spec_of(NAMES[name], monkeypatch)
    of_settings = variables(tower_notification_type="slack", tower_vault=True)
    assert of_settings[name]
    for item in of_settings[name]:
        assert not set(item) - set(spec) - {"simplified_workflow_nodes"}
    if name == "controller_workflows":
        steps = spec_of("workflow_job_template_node", monkeypatch)
        assert not {
            key for workflow in of_settings[name] for step in workflow["simplified_workflow_nodes"] for key in step
        } - set(steps)


def test_the_module_path_is_that_of_the_environment() -> None:
    """awx.awx is the one that comes with package ansible."""
    module = importlib.import_module("ansible_collections.awx.awx.plugins.module_utils.controller_api")
    assert str(Path(module.__file__)).startswith(sys.prefix)
