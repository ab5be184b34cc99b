"""What lists AWX' API has of those that docs/tower uses, and what its objects are made of."""

from __future__ import annotations

import dataclasses
from typing import Any

Json = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Kind:
    """One list of the API: type of its objects, the fields that can be written with their defaults, and which of them together are unique.

    `lists` are kept below an object, with the list that their members are of; `roles` are what somebody may have on one; what `owner` names takes it along.
    """

    type: str
    fields: Json
    unique: tuple[str, ...] = ("name", "organization")
    needed: tuple[str, ...] = ("name", "organization")
    lists: dict[str, str] = dataclasses.field(default_factory=dict)
    roles: tuple[str, ...] = ()
    owner: str = ""


COMMON = {"name": "", "description": ""}
OWNED = {**COMMON, "organization": None}
PROMPTS = ("scm_branch", "variables", "limit", "tags", "skip_tags", "inventory", "labels")
MORE_PROMPTS = (
    "job_type",
    "verbosity",
    "credential",
    "diff_mode",
    "execution_environment",
    "forks",
    "job_slice_count",
    "timeout",
    "instance_groups",
)
ASKED = {f"ask_{name}_on_launch": False for name in (*PROMPTS, *MORE_PROMPTS)}
TOLD = {f"notification_templates_{when}": "notification_templates" for when in ("started", "success", "error")}

KINDS = {
    "organizations": Kind(
        "organization", {**COMMON, "max_hosts": 0, "default_environment": None}, ("name",), ("name",),
        {"galaxy_credentials": "credentials", "users": "users", "admins": "users"},
    ),
    "execution_environments": Kind("execution_environment", {**OWNED, "image": "", "pull": "", "credential": None}, ("name",), ("name", "image")),
    "credential_types": Kind("credential_type", {**COMMON, "kind": "", "managed": False, "inputs": {}, "injectors": {}}, ("name", "kind"), ("name", "kind")),
    "credentials": Kind(
        "credential", {**OWNED, "credential_type": None, "inputs": {}}, ("name", "credential_type", "organization"), ("name", "credential_type", "organization")
    ),
    "projects": Kind(
        "project",
        {
            **OWNED, "scm_type": "", "scm_url": "", "scm_branch": "", "scm_refspec": "", "scm_clean": False, "scm_delete_on_update": False,
            "scm_track_submodules": False, "scm_update_on_launch": False, "scm_update_cache_timeout": 0, "allow_override": False, "timeout": 0,
            "credential": None,
        },
    ),
    "inventories": Kind("inventory", {**OWNED, "kind": "", "host_filter": None, "variables": ""}, roles=("use_role",)),
    "inventory_sources": Kind(
        "inventory_source",
        {
            **COMMON, "inventory": None, "source": "", "source_path": "", "source_project": None, "source_vars": "", "scm_branch": "", "credential": None,
            "execution_environment": None, "overwrite": False, "overwrite_vars": False, "timeout": 0, "verbosity": 1, "limit": "", "host_filter": "",
            "enabled_var": "", "enabled_value": "", "update_on_launch": False, "update_cache_timeout": 0,
        },
        ("name", "inventory"), ("name", "inventory", "source"), owner="inventory",
    ),
    "job_templates": Kind(
        "job_template",
        {
            **OWNED, **ASKED, "job_type": "run", "inventory": None, "project": None, "playbook": "", "execution_environment": None, "extra_vars": "",
            "scm_branch": "", "limit": "", "forks": 0, "timeout": 0, "verbosity": 0, "job_tags": "", "skip_tags": "", "start_at_task": "",
            "host_config_key": "", "webhook_service": "", "diff_mode": False, "become_enabled": False, "force_handlers": False, "use_fact_cache": False,
            "allow_simultaneous": False, "job_slice_count": 1, "survey_enabled": False, "prevent_instance_group_fallback": False,
        },
        needed=("name", "project", "playbook", "inventory"),
        lists={"credentials": "credentials", "labels": "labels", "instance_groups": "instance_groups", **TOLD},
        roles=("admin_role", "execute_role", "read_role"),
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            **OWNED, **{f"ask_{name}_on_launch": False for name in PROMPTS}, "extra_vars": "", "scm_branch": None, "limit": None, "job_tags": None,
            "skip_tags": None, "webhook_service": "", "allow_simultaneous": False, "survey_enabled": False,
        },
        lists={"labels": "labels", **TOLD, "notification_templates_approvals": "notification_templates"},
        roles=("admin_role", "execute_role", "read_role", "approval_role"),
    ),
    "workflow_approval_templates": Kind("workflow_approval_template", {**COMMON, "timeout": 0}, (), ("name",)),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {"identifier": "", "workflow_job_template": None, "unified_job_template": None, "extra_data": {}, "limit": None},
        ("identifier", "workflow_job_template"), ("identifier", "workflow_job_template"),
        {name: "workflow_job_template_nodes" for name in ("success_nodes", "failure_nodes", "always_nodes")}, owner="workflow_job_template",
    ),
    "schedules": Kind(
        "schedule", {**COMMON, "unified_job_template": None, "rrule": "", "extra_data": {}, "limit": None, "enabled": True},
        ("name", "unified_job_template"), ("name", "unified_job_template", "rrule"), owner="unified_job_template",
    ),
    "notification_templates": Kind(
        "notification_template", {**OWNED, "notification_type": "", "notification_configuration": {}}, needed=("name", "organization", "notification_type")
    ),
    "labels": Kind("label", {"name": "", "organization": None}),
    "instance_groups": Kind("instance_group", {"name": ""}, ("name",), ("name",)),
    "teams": Kind("team", dict(OWNED)),
    "users": Kind("user", {"username": ""}, ("username",), ("username",)),
}  # fmt: skip
# What a schedule or a step runs; each of the API's own lists is one of these.
UNIFIED = ("job_templates", "workflow_job_templates", "projects", "inventory_sources", "workflow_approval_templates")


def managed(name: str, kind: str, env: Json | None = None, required: tuple[str, ...] = (), **fields: bool) -> Json:
    """A credential type of AWX' own; its fields, and whether each is secret."""
    told = [{"id": field, "type": "string", "label": field, "secret": secret} for field, secret in fields.items()]
    injectors = {"env": env} if env else {}
    return {
        "name": name,
        "kind": kind,
        "managed": True,
        "inputs": {"fields": told, "required": list(required)},
        "injectors": injectors,
    }


CONTROLLER = ("host", "username", "password", "oauth_token", "verify_ssl")
MANAGED = (
    managed("Machine", "ssh", username=False, password=True, ssh_key_data=True, become_method=False, become_username=False, become_password=True),
    managed("Vault", "vault", required=("vault_password",), vault_password=True, vault_id=False),
    managed(
        "Red Hat Ansible Automation Platform", "cloud",
        {f"{prefix}_{name.upper()}": f"{{{{{name}}}}}" for prefix in ("TOWER", "CONTROLLER") for name in CONTROLLER},
        ("host",), host=False, username=False, password=True, oauth_token=True, verify_ssl=False,
    ),
)  # fmt: skip
