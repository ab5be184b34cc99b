"""What docs/tower/apply.yml makes in an AWX, put into the double at once; a test holds it to what apply.yml really makes."""

from __future__ import annotations

import functools
import json
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from awx import REFERENCES, Awx
from described import TOWER
from kinds import KINDS

Json = dict[str, Any]
SAID = {
    "tower_project_url": "https://git.example.com/dcos/calico.git",
    "tower_image": "registry.example.com/dcos-calico:1",
}
# Lists of the variables, and those of the API in which their names are.
NAMED = {
    "organization": "organizations", "credential_type": "credential_types", "credential": "credentials", "source_project": "projects", "project": "projects",
    "inventory": "inventories", "execution_environment": "execution_environments",
}  # fmt: skip


# once in a process
plugins = functools.cache(init_plugin_loader)


def variables(**said: Any) -> Json:
    """All variables of docs/tower/vars, templates resolved as Ansible does it; what is looked up in an environment is there that of the tests."""
    plugins()
    loader = DataLoader()
    found: Json = {}
    for file in sorted((TOWER / "vars").glob("*.yml")):
        found |= loader.load_from_file(str(file))
    found |= SAID | said
    templar = Templar(loader=loader, variables=found)
    return dict(json.loads(json.dumps({name: templar.template(value) for name, value in found.items()})))


def furnish(awx: Awx, **said: Any) -> Awx:
    """Everything but the values of credentials."""
    found = variables(**said)
    numbers: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
    for one in awx.objects["credential_types"].values():
        numbers["credential_types"][one["name"]] = one["id"]

    def made(kind: str, one: Json) -> int:
        desired = {name: one[name] for name in KINDS[kind].fields if name in one}
        for name, listed in NAMED.items():
            if name in desired:
                desired[name] = numbers[listed][desired[name]] if desired[name] else None
        for name in ("extra_vars", "variables", "source_vars"):
            if name in desired:
                desired[name] = json.dumps(desired[name])
        # as arguments of a module are made what its specification says
        for name, default in KINDS[kind].fields.items():
            if name in desired and type(default) in (int, bool):
                desired[name] = str(desired[name]) == "True" if type(default) is bool else int(desired[name])
        if "inputs" in desired and kind == "credentials":
            desired["inputs"] = {}
        number = awx.made(kind, **desired)
        numbers[kind][one.get("name") or one["identifier"]] = number
        for name, listed in KINDS[kind].lists.items():
            for member in one.get(name, []) if kind != "workflow_job_template_nodes" else []:
                awx.answer("POST", f"/api/v2/{kind}/{number}/{name}/", {}, {"id": numbers[listed][member]})
        if one.get("survey_spec"):
            awx.answer("POST", f"/api/v2/{kind}/{number}/survey_spec/", {}, one["survey_spec"])
        return number

    for kind, name in LISTS:
        for one in found[name]:
            made(kind, one)
    for workflow in found["controller_workflows"]:
        owner = numbers["workflow_job_templates"][workflow["name"]]
        steps = {step["identifier"]: step for step in workflow["simplified_workflow_nodes"]}
        for step in steps.values():
            runs = {"unified_job_template": numbers["job_templates"].get(step.get("unified_job_template", ""))}
            number = made("workflow_job_template_nodes", {**step, **runs, "workflow_job_template": owner})
            if "approval_node" in step:
                awx.answer(
                    "POST",
                    f"/api/v2/workflow_job_template_nodes/{number}/create_approval_template/",
                    {},
                    step["approval_node"],
                )
        for step in steps.values():
            for name in step["success_nodes"]:
                nodes = numbers["workflow_job_template_nodes"]
                awx.answer(
                    "POST",
                    f"/api/v2/workflow_job_template_nodes/{nodes[step['identifier']]}/success_nodes/",
                    {},
                    {"id": nodes[name]},
                )
    for one in found["controller_schedules"]:
        made("schedules", {**one, "unified_job_template": numbers["job_templates"][one["unified_job_template"]]})
    for one in found["controller_roles"]:
        for kind, names in (
            ("job_templates", one.get("job_templates", [])),
            ("workflow_job_templates", one.get("workflows", [])),
        ):
            for name in names:
                awx.role(awx.objects[kind][numbers[kind][name]], one["role"])["teams"].add(
                    numbers["teams"][one["team"]]
                )
    return awx


LISTS = (
    ("organizations", "controller_organizations"), ("execution_environments", "controller_execution_environments"),
    ("credential_types", "controller_credential_types"), ("credentials", "controller_credentials"), ("labels", "controller_labels"),
    ("notification_templates", "controller_notifications"), ("projects", "controller_projects"), ("inventories", "controller_inventories"),
    ("teams", "controller_teams"), ("inventory_sources", "controller_inventory_sources"), ("job_templates", "controller_templates"),
    ("workflow_job_templates", "controller_workflows"),
)  # fmt: skip


def normal(awx: Awx) -> Json:
    """Everything in it with names in place of numbers, to compare two of them."""
    names = {
        item["id"]: f"{kind}/{item.get('name') or item.get('identifier')}"
        for kind, items in awx.objects.items()
        for item in items.values()
    }
    found: Json = {}
    for kind, items in awx.objects.items():
        for item in items.values():
            shown = {name: names.get(value) if name in REFERENCES else value for name, value in item.items()}
            lists = {name: sorted(names[number] for number in numbers) for name, numbers in item["_lists"].items()}
            hidden = (
                "id",
                "url",
                "related",
                "summary_fields",
                "_lists",
                *(("inputs",) if kind == "credentials" else ()),
            )
            found[names[item["id"]]] = {name: value for name, value in shown.items() if name not in hidden} | lists
    for number, survey in awx.surveys.items():
        found[names[number]]["survey"] = survey
    for kind in ("job_templates", "workflow_job_templates"):
        for item in awx.objects[kind].values():
            roles = {
                role["name"]: awx.roles[role["id"]]["teams"] for role in item["summary_fields"]["object_roles"].values()
            }
            found[names[item["id"]]]["roles"] = {
                name: sorted(names[team] for team in teams) for name, teams in roles.items()
            }
    return found
