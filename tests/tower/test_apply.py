"""docs/tower/apply.yml against a double of AWX's API, by the real awx.awx modules. The tests build on each other, in this order."""

from __future__ import annotations

from typing import Any

import pytest
from awx import TOKEN, Awx, Server
from conftest import KEY, PASSWORD, Apply
from described import PROJECT
from furnish import furnish, normal
from judge import ENCRYPTED

SECRETS = (PASSWORD, "c3NoLWtleS1zZWNyZXQtOTFrZA")


def quiet(output: str) -> None:
    assert not [secret for secret in SECRETS if secret in output]


def test_a_check_of_an_empty_awx_writes_nothing(server: Server, apply: Apply) -> None:
    assert apply("--check").require().changed() == {"DC/OS"}
    assert server.awx.writes() == []


@pytest.mark.parametrize(
    ("token", "variables", "words"),
    [("wrong", {}, "Invalid authentication credentials"), (TOKEN, {"tower_project_url": ""}, "Set tower_project_url")],
)
def test_what_is_wrong_is_said_and_nothing_written(server: Server, apply: Apply, token: str, variables: dict[str, str], words: str) -> None:
    run = apply(token=token, **variables)
    assert run.rc != 0 and words in run.output and "Traceback" not in run.output
    assert server.awx.writes() == []
    quiet(run.output)


def test_the_first_run_makes_everything(server: Server, apply: Apply) -> None:
    awx = server.awx
    quiet(apply("-vvv").require().output)
    templates = {one["name"]: one for one in awx.objects["job_templates"].values()}
    assert {"Calico - check", "Calico - site"} <= set(templates)
    for template in templates.values():
        assert awx.surveys[template["id"]]["spec"] and template["survey_enabled"]
        assert not template["become_enabled"] and not template["ask_variables_on_launch"]
        assert template["execution_environment"] == awx.named("execution_environments", "dcos.calico")["id"]
        assert template["_lists"]["credentials"]
    assert (templates["Calico - check"]["job_type"], templates["Calico - site"]["job_type"]) == ("check", "run")
    hosts, dcos = awx.named("credentials", "DC/OS hosts"), awx.named("credentials", "DC/OS")
    assert hosts["inputs"]["ssh_key_data"] == ENCRYPTED and awx.secrets[hosts["id"]]["ssh_key_data"] == KEY
    assert dcos["inputs"] == {"url": "https://dcos.example.com", "uid": "calico", "password": ENCRYPTED}
    assert awx.may("execute", "job_templates", "Calico operators") == set(templates)
    assert "Calico - site" not in awx.may("execute", "job_templates", "Calico watchers") and "Calico - check" in awx.may("execute", "job_templates", "Calico watchers")


def test_what_it_makes_is_what_the_files_say(server: Server) -> None:
    """Other tests put that into the double without awx.awx."""
    assert normal(furnish(Awx(PROJECT))) == normal(server.awx)


@pytest.mark.slow
def test_the_second_run_writes_nothing(server: Server, apply: Apply) -> None:
    before = len(server.awx.writes())
    assert apply().require().changed() == set()
    assert len(server.awx.writes()) == before


def slices(awx: Any) -> str:
    awx.named("job_templates", "Calico - site")["job_slice_count"] = 7
    return "Calico - site"


def becomes(awx: Any) -> str:
    awx.named("job_templates", "Calico - check")["become_enabled"] = True
    return "Calico - check"


def asks_less(awx: Any) -> str:
    awx.surveys[awx.named("job_templates", "Calico - universe")["id"]]["spec"].pop()
    return "Calico - universe"


def loses_a_credential(awx: Any) -> str:
    awx.named("job_templates", "Calico - site")["_lists"]["credentials"].clear()
    return "Calico - site"


def injects_elsewhere(awx: Any) -> str:
    awx.named("credential_types", "DC/OS")["injectors"]["env"]["DCOS_URL"] = "https://elsewhere.example.com"
    return "Keep the credential type"


def is_another_file(awx: Any) -> str:
    awx.named("inventory_sources", "The cluster")["source_path"] = "site.yml"
    return "Keep the source of the inventory"


def is_deleted(awx: Any) -> str:
    number = awx.named("job_templates", "Calico - certificates")["id"]
    del awx.objects["job_templates"][number], awx.surveys[number]
    return "Calico - certificates"


DRIFTS = [slices, becomes, asks_less, loses_a_credential, injects_elsewhere, is_another_file, is_deleted]


@pytest.mark.slow
def test_what_somebody_changed_in_awx_is_said_by_a_check_and_repaired(server: Server, apply: Apply) -> None:
    """And nothing else is: a secret that AWX has is not replaced unasked."""
    awx = server.awx
    password = awx.secrets[awx.named("credentials", "DC/OS")["id"]]
    password["password"] = "another"
    expected = {drift(awx) for drift in DRIFTS}
    before = len(awx.writes())
    predicted = apply("--check").require()
    assert predicted.changed() == expected and len(awx.writes()) == before
    # who lost a button with the template gets it back as well
    repaired = apply().require().changed()
    assert expected <= repaired <= expected | {"Calico operators"}
    assert awx.named("job_templates", "Calico - site")["job_slice_count"] == 1 and password["password"] == "another"
    assert awx.may("execute", "job_templates", "Calico operators") == {one["name"] for one in awx.objects["job_templates"].values()}


@pytest.mark.slow
def test_settings_of_ones_own(server: Server, apply: Apply) -> None:
    changed = apply(tower_slices=2, tower_project_branch="stable", tower_update_secrets=True).require().changed()
    assert changed == {"Calico - check", "Calico - site", "Calico - verify", "Keep the project", "DC/OS", "DC/OS hosts"}
    assert {server.awx.named("job_templates", f"Calico - {name}")["job_slice_count"] for name in ("site", "verify")} == {2}
    assert server.awx.secrets[server.awx.named("credentials", "DC/OS")["id"]]["password"] == PASSWORD
