"""docs/tower/apply.yml and undo.yml against a double of AWX' API, by the real awx.awx modules. The tests build on each other, in this order."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from awx import ADMIN_TOKEN, TOKEN, Awx, Server
from conftest import KEY, LOCK, PASSWORD, Apply
from described import PROJECT
from furnish import furnish, normal
from validate import ENCRYPTED

SECRETS = (PASSWORD, LOCK, "c3NoLWtleS1zZWNyZXQtOTFrZA")


def quiet(output: str) -> None:
    assert not [secret for secret in SECRETS if secret in output]


def test_a_check_of_an_empty_awx_writes_nothing(server: Server, apply: Apply) -> None:
    assert apply("--check").require().changed() == {"DC/OS"}
    assert server.awx.writes() == []


@pytest.mark.parametrize(
    ("token", "variables", "words"),
    [
        ("wrong", {}, "Invalid authentication credentials"),
        (TOKEN, {"tower_project_url": ""}, "Set tower_project_url"),
        (ADMIN_TOKEN, {}, "HTTP 403"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(
    server: Server, apply: Apply, token: str, variables: dict[str, str], words: str
) -> None:
    run = apply(token=token, **variables)
    assert run.rc != 0 and words in run.output and "Traceback" not in run.output
    assert not any(server.awx.objects[kind] for kind in ("organizations", "projects", "job_templates"))
    quiet(run.output)


def test_the_first_run_makes_everything(server: Server, apply: Apply) -> None:
    awx = server.awx
    quiet(apply("-vvv").require().output)
    templates = {one["name"]: one for one in awx.objects["job_templates"].values()}
    assert {"Calico - check", "Calico - site"} <= set(templates)
    for template in templates.values():
        assert template["survey_enabled"] is (template["id"] in awx.surveys)
        assert not template["become_enabled"] and not template["ask_variables_on_launch"]
        assert template["execution_environment"] == awx.named("execution_environments", "dcos.calico")["id"]
        assert template["_lists"]["credentials"]
    assert (templates["Calico - check"]["job_type"], templates["Calico - site"]["job_type"]) == ("check", "run")
    hosts, dcos = awx.named("credentials", "DC/OS hosts"), awx.named("credentials", "DC/OS")
    assert hosts["inputs"]["ssh_key_data"] == ENCRYPTED and awx.secrets[hosts["id"]]["ssh_key_data"] == KEY
    lock = awx.named("credentials", "Calico - lock")
    assert awx.secrets[lock["id"]] == {"oauth_token": LOCK} and lock["inputs"]["host"] == server.url
    assert dcos["inputs"] == {"url": "https://dcos.example.com", "uid": "calico", "password": ENCRYPTED}
    assert awx.may("execute", "job_templates", "Calico operators") == set(templates) - {
        "Calico - restore",
        "Calico - uninstall",
        "Calico - upgrade",
        "Calico - audit and free",
        "Calico - decommission",
    }
    assert awx.may("execute", "job_templates", "Calico watchers") == {
        "Calico - plan",
        "Calico - check",
        "Calico - adopt check",
        "Calico - status",
        "Calico - audit",
        "Calico - verify",
        "Calico - restore check",
        "Calico - uninstall check",
        "Calico - upgrade check",
        "Calico - decommission check",
    }
    assert awx.may("approval", "workflow_job_templates", "Calico approvers") == {
        "Calico - rollout",
        "Calico - restore with approval",
        "Calico - uninstall with approval",
        "Calico - upgrade with approval",
        "Calico - audit with approval",
        "Calico - decommission with approval",
    }


def test_what_it_makes_is_what_the_files_say(server: Server) -> None:
    """Other tests put that into the double without awx.awx."""
    assert normal(furnish(Awx(PROJECT))) == normal(server.awx)


def inputs(awx: Awx) -> dict[str, dict[str, Any]]:
    """{credential: what is in it, secrets as they are}."""
    return {one["name"]: one["inputs"] | awx.secrets[one["id"]] for one in awx.objects["credentials"].values()}


@pytest.mark.slow
def test_a_second_run_that_names_other_secrets_writes_nothing(server: Server, apply: Apply) -> None:
    """Neither those that it names, as nobody says that they are to be written, nor nothing in place of those that it does not."""
    before, kept = len(server.awx.writes()), copy.deepcopy(inputs(server.awx))
    run = apply(env={"DCOS_URL": "https://other.example.com", "DCOS_ACS_TOKEN": "other"}).require()
    assert run.changed() == set() and len(server.awx.writes()) == before and inputs(server.awx) == kept
    assert "DC/OS, DC/OS hosts, Calico - lock: AWX has these" in run.output


@pytest.mark.slow
def test_secrets_that_are_to_be_written_leave_the_others_as_they_are(server: Server, apply: Apply) -> None:
    kept = copy.deepcopy(inputs(server.awx))
    # somebody gave it in AWX itself
    hosts = server.awx.named("credentials", "DC/OS hosts")
    server.awx.answer("PATCH", hosts["url"], {}, {"inputs": {**hosts["inputs"], "become_password": "by-hand"}})
    quiet(apply("-vvv", tower_update_secrets=True, env={"DCOS_PASSWORD": "new-one"}).require().output)
    after = inputs(server.awx)
    assert after["DC/OS"] == {**kept["DC/OS"], "password": "new-one"}
    assert after["DC/OS hosts"] == {**kept["DC/OS hosts"], "become_password": "by-hand"}
    assert after["Calico - lock"] == kept["Calico - lock"]


def slices(awx: Awx) -> str:
    awx.named("job_templates", "Calico - site")["job_slice_count"] = 7
    return "Calico - site"


def is_given_variables(awx: Awx) -> str:
    awx.named("job_templates", "Calico - check")["extra_vars"] = '{"ansible_become_exe": "/tmp/x"}'
    return "Calico - check"


def skips(awx: Awx) -> str:
    awx.named("job_templates", "Calico - masters")["skip_tags"] = "preflight"
    return "Calico - masters"


def asks_for_variables(awx: Awx) -> str:
    awx.named("job_templates", "Calico - repair")["ask_variables_on_launch"] = True
    return "Calico - repair"


def is_ended_early(awx: Awx) -> str:
    awx.named("job_templates", "Calico - policy")["timeout"] = 5
    return "Calico - policy"


def asks_less(awx: Awx) -> str:
    awx.surveys[awx.named("job_templates", "Calico - universe")["id"]]["spec"].pop()
    return "Calico - universe"


def loses_a_credential(awx: Awx) -> str:
    awx.named("job_templates", "Calico - kubernetes")["_lists"]["credentials"].clear()
    return "Calico - kubernetes"


def injects_elsewhere(awx: Awx) -> str:
    awx.named("credential_types", "DC/OS")["injectors"]["env"]["DCOS_URL"] = "https://elsewhere.example.com"
    return "DC/OS"


def is_given_environment(awx: Awx) -> str:
    awx.named("inventory_sources", "The cluster")["source_vars"] = '{"DCOS_URL": "https://elsewhere.example.com"}'
    return "The cluster"


def has_variables(awx: Awx) -> str:
    awx.named("inventories", "DC/OS agents")["variables"] = '{"calico_release": "2.5.0"}'
    return "DC/OS agents"


def is_answered(awx: Awx) -> str:
    awx.named("workflow_job_template_nodes", "site")["extra_data"] = {"calico_node_restart": "always"}
    return "site"


def takes_another_way(awx: Awx) -> str:
    nodes = awx.named("workflow_job_template_nodes", "check"), awx.named("workflow_job_template_nodes", "verify")
    nodes[0]["_lists"]["failure_nodes"] = {nodes[1]["id"]}
    return "check"


def is_at_another_time(awx: Awx) -> str:
    awx.named("schedules", "Calico - verify regularly")["rrule"] = (
        "DTSTART:20260105T040000Z RRULE:FREQ=HOURLY;INTERVAL=1"
    )
    return "Calico - verify regularly"


DRIFTS = [
    slices, is_given_variables, skips, asks_for_variables, is_ended_early, asks_less, loses_a_credential, injects_elsewhere, is_given_environment,
    has_variables, is_answered, takes_another_way, is_at_another_time,
]  # fmt: skip


@pytest.mark.slow
def test_what_somebody_changed_in_awx_is_said_by_a_check_and_mended(server: Server, apply: Apply) -> None:
    awx = server.awx
    good = copy.deepcopy(normal(awx))
    expected = {drift(awx) for drift in DRIFTS}
    before = len(awx.writes())
    predicted = apply("--check").require()
    assert predicted.changed() == expected and len(awx.writes()) == before
    assert apply().require().changed() >= expected
    assert normal(awx) == good


@pytest.mark.slow
def test_roles_of_others_are_told_and_taken_away_when_asked(server: Server, apply: Apply) -> None:
    awx = server.awx
    bob, team = (
        awx.made("users", username="bob"),
        awx.made("teams", name="Others", organization=awx.named("organizations", "DC/OS")["id"]),
    )
    watchers = awx.named("teams", "Calico watchers")["id"]
    good = copy.deepcopy(normal(awx))
    site, rollout = awx.named("job_templates", "Calico - site"), awx.named("workflow_job_templates", "Calico - rollout")
    awx.role(site, "admin")["users"].add(bob)
    awx.role(site, "execute")["teams"].add(watchers)
    awx.role(rollout, "approval")["teams"].add(team)
    before = len(awx.writes())
    said = apply().require()
    for words in (
        "User bob has role Admin on Calico - site",
        "Team Calico watchers has role Execute on Calico - site",
        "Team Others has role Approve on",
    ):
        assert words in said.output
    assert said.changed() == set() and len(awx.writes()) == before
    assert len(apply(tower_prune_roles=True).require().changed()) == 3
    assert normal(awx) == good and not awx.role(site, "admin")["users"]
    del awx.objects["users"][bob], awx.objects["teams"][team]


@pytest.mark.slow
def test_settings_of_ones_own(server: Server, apply: Apply, tmp_path: Path) -> None:
    awx = server.awx
    (tmp_path / "vault").write_text("vault-password", encoding="utf-8")
    told = {
        "tower_notification_type": "webhook",
        "tower_notification_configuration": {"url": "https://chat.example.com", "password": "hook-secret"},
    }
    own = {"tower_slices": 2, "tower_forks": 50, "tower_vault": True, "tower_schedules_enabled": True, **told}
    run = apply(env={"TOWER_VAULT_PASSWORD_FILE": str(tmp_path / "vault")}, **own).require()
    assert "hook-secret" not in run.output and "vault-password" not in run.output
    templates = {one["name"]: one for one in awx.objects["job_templates"].values()}
    agents, vault = awx.named("inventories", "DC/OS agents")["id"], awx.named("credentials", "DC/OS settings")
    assert {name for name, one in templates.items() if one["job_slice_count"] == 2} == {
        "Calico - plan",
        "Calico - check",
        "Calico - site",
        "Calico - verify",
    }
    for one in templates.values():
        assert (
            one["forks"] == 50
            and vault["id"] in one["_lists"]["credentials"]
            and len(one["_lists"]["notification_templates_error"]) == 1
        )
        assert (one["inventory"] == agents) == (one["job_slice_count"] == 2) and not (
            one["ask_limit_on_launch"] and one["job_slice_count"] > 1
        )
    assert awx.secrets[vault["id"]] == {"vault_password": "vault-password"}
    assert awx.named("workflow_job_template_nodes", "approve")["_lists"]["success_nodes"] == {
        awx.named("workflow_job_template_nodes", "masters")["id"]
    }
    assert all(one["enabled"] for one in awx.objects["schedules"].values())
    # and back: with the vault's credential, and what chat needs, still there for the next time
    apply(env={}).require()
    assert normal(furnish(Awx(PROJECT)))["job_templates/Calico - site"] == normal(awx)["job_templates/Calico - site"]


@pytest.mark.slow
def test_a_second_cluster_in_a_second_organization(server: Server, apply: Apply) -> None:
    awx = server.awx
    first = {kind: copy.deepcopy(items) for kind, items in awx.objects.items()}
    apply(tower_organization="Second").require()
    second = awx.named("organizations", "Second")["id"]
    for kind in ("projects", "inventories", "job_templates", "credentials", "teams", "workflow_job_templates"):
        assert {item["organization"] for number, item in awx.objects[kind].items() if number not in first[kind]} == {
            second
        }
        assert all(awx.objects[kind][number] == item for number, item in first[kind].items())
    site = awx.named("job_templates", "Calico - site", "Second")
    assert {awx.objects["credentials"][number]["organization"] for number in site["_lists"]["credentials"]} == {second}
    assert apply(tower_organization="Second", env={}).require().changed() == set()


@pytest.mark.slow
def test_undo_takes_away_what_was_made_and_nothing_of_others(server: Server, apply: Apply) -> None:
    awx = server.awx
    first = {
        number
        for items in awx.objects.values()
        for number, item in items.items()
        if item.get("organization") == awx.named("organizations", "DC/OS")["id"]
    }
    before = len(awx.writes())
    apply("--check", playbook="undo.yml", tower_organization="Second").require()
    assert len(awx.writes()) == before
    apply(playbook="undo.yml", tower_organization="Second").require()
    assert {one["name"] for one in awx.objects["organizations"].values()} == {"DC/OS"} and awx.named(
        "credential_types", "DC/OS"
    )
    assert first <= {number for items in awx.objects.values() for number in items}
    others = awx.made("teams", name="Others", organization=awx.named("organizations", "DC/OS")["id"])
    said = apply(playbook="undo.yml").require()
    assert "Organization DC/OS stays, because it has teams Others" in said.output
    del awx.objects["teams"][others]
    apply(playbook="undo.yml").require()
    left = {
        kind: [one["name"] for one in items.values() if not one.get("managed")]
        for kind, items in awx.objects.items()
        if kind not in ("users", "labels")
    }
    assert not any(left.values()), left
