"""What docs/tower/apply.yml makes in an AWX, put into the double at once; a test holds it to what apply.yml really makes."""

from __future__ import annotations

from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from awx import Awx
from described import TOWER

Json = dict[str, Any]


def variables(**said: Any) -> Json:
    """All variables of docs/tower/vars, templates resolved as Ansible does it."""
    loader = DataLoader()
    found: Json = {}
    for file in sorted((TOWER / "vars").glob("*.yml")):
        found |= loader.load_from_file(str(file))
    found |= said
    templar = Templar(loader=loader, variables=found)
    # what is looked up in an environment is an operator's
    return {name: templar.template(value) for name, value in found.items() if "lookup(" not in str(value)}


def furnish(awx: Awx, **said: Any) -> Awx:
    """Everything but the values of credentials."""
    found = variables(**{"tower_project_url": "https://git.example.com/dcos/calico.git", "tower_image": "registry.example.com/dcos-calico:1", **said})

    def made(kind: str, /, **values: Any) -> int:
        status, document = awx.answer("POST", f"/api/v2/{kind}/", {}, _plain(values))
        assert status == 201, document
        return int(document["id"])

    organization = made("organizations", name=found["tower_organization"])
    owned = {"organization": organization}
    environment = made("execution_environments", **found["tower_execution_environment"], **owned)
    types = {"Machine": 1, found["tower_credential_type"]["name"]: made("credential_types", **found["tower_credential_type"])}
    credentials = {}
    for one in found["tower_credentials"]:
        inputs = {"url": "https://dcos.example.com"} if one["credential_type"] != "Machine" else {}
        credentials[one["name"]] = made("credentials", **{**one, **owned, "credential_type": types[one["credential_type"]], "inputs": inputs})
    project = made("projects", **{**found["tower_project"], **owned, "scm_type": "git", "credential": None})
    inventory = made("inventories", **found["tower_inventory"], **owned)
    source = found["tower_inventory_source"]
    sourced = {"inventory": inventory, "source": "scm", "source_project": project, "execution_environment": environment, "overwrite": True}
    made("inventory_sources", **{**source, **sourced, "credential": credentials[source["credential"]]})
    templates = {}
    for one in found["tower_templates"]:
        asked = {"ask_limit_on_launch": one.get("ask_limit", False), "survey_enabled": "survey" in one, "diff_mode": True}
        used = {"inventory": inventory, "project": project, "execution_environment": environment, "job_slice_count": int(one.get("slices", 1))}
        values = {name: one[name] for name in ("name", "description", "playbook", "job_type", "limit", "job_tags") if name in one}
        templates[one["name"]] = number = made("job_templates", **values, **owned, **asked, **used)
        for name in one["credentials"]:
            awx.answer("POST", f"/api/v2/job_templates/{number}/credentials/", {}, {"id": credentials[name]})
        if "survey" in one:
            awx.answer("POST", f"/api/v2/job_templates/{number}/survey_spec/", {}, _plain(found["tower_surveys"][one["survey"]]))
    for one in found["tower_teams"]:
        team = made("teams", name=one["name"], description=one["description"], **owned)
        for name in one["execute"]:
            role = awx.objects["job_templates"][templates[name]]["summary_fields"]["object_roles"]["execute_role"]["id"]
            awx.answer("POST", f"/api/v2/roles/{role}/teams/", {}, {"id": team})
    return awx


def _plain(value: Any) -> Any:
    """Without Ansible's own kinds of text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def normal(awx: Awx) -> Json:
    """Everything in it with names in place of numbers, to compare two of them."""
    names = {item["id"]: f"{kind}/{item['name']}" for kind, items in awx.objects.items() for item in items.values()}
    found: Json = {}
    for kind, items in awx.objects.items():
        references = {"organization", "inventory", "project", "source_project", "credential", "credential_type", "execution_environment"}
        for item in items.values():
            shown = {name: names.get(value) if name in references else value for name, value in item.items()}
            lists = {name: sorted(names[number] for number in numbers) for name, numbers in item["_lists"].items()}
            hidden = ("id", "url", "related", "summary_fields", "_lists", *(("inputs",) if kind == "credentials" else ()))
            found[names[item["id"]]] = {name: value for name, value in shown.items() if name not in hidden} | lists
    for number, survey in awx.surveys.items():
        found[names[number]]["survey"] = survey
    found["teams"] = {item["name"]: sorted(awx.may_execute(item["name"])) for item in awx.objects["teams"].values()}
    return found
