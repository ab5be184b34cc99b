"""The action plugin's own part: which modules it runs, with what arguments, in which mode; the plans are tested with plugin_utils."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import cloud_network as plugin
from ansible_collections.dcos.calico.plugins.modules import cloud_network as documented

from ...support import returns
from ..plugin_utils.test_aws import face, group
from .test_preflight import spec_of

NODES = [{"name": "10.0.0.1", "address": "10.0.0.1", "prefix": 24, "tunnel": None}]
AWS = {"cloud": "aws", "nodes": NODES, "ipip": True, "aws": {"region": "eu-central-1"}}
GCE = {
    "cloud": "gce",
    "nodes": NODES,
    "ipip": True,
    "gce": {"project": "p", "zones": ["z"], "service_account_file": "/k.json"},
}
EXECUTED = ["amazon.aws.ec2_eni_info", "amazon.aws.ec2_eni_info", "amazon.aws.ec2_security_group_info"]
READ = ["google.cloud.gcp_compute_instance_info", "google.cloud.gcp_compute_firewall_info"]


class Cloud(plugin.ActionModule):
    """Answers for the modules; C(ran) has (module, check mode, arguments)."""

    def __init__(self, answers: dict[str, dict[str, Any]], task: Task) -> None:
        super().__init__(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
        self.answers = answers
        self.ran: list[tuple[str, bool, dict[str, Any]]] = []

    def _execute_module(
        self, module_name: Any = None, module_args: Any = None, task_vars: Any = None, **more: Any
    ) -> dict[str, Any]:
        self.ran.append((module_name, self._task.check_mode, module_args))
        return self.answers.get(module_name, {"changed": True})


def run(args: dict[str, Any], check: bool = False, **answers: Any) -> tuple[dict[str, Any], Cloud]:
    task = Task()
    task.action = "dcos.calico.cloud_network"
    task.args, task.check_mode, task.diff = args, check, True
    known = {
        "amazon.aws.ec2_eni_info": {"network_interfaces": [face(1, "10.0.0.1", "i-1", checked=True)]},
        "amazon.aws.ec2_security_group_info": {"security_groups": [group("a")]},
        "google.cloud.gcp_compute_instance_info": {
            "resources": [{"name": "one", "networkInterfaces": [{"networkIP": "10.0.0.1"}]}]
        },
        "google.cloud.gcp_compute_firewall_info": {"resources": []},
    }
    cloud = Cloud({**known, **{name.replace("__", "."): answer for name, answer in answers.items()}}, task)
    result = cloud.run(task_vars={})
    if result.get("failed"):
        assert set(result) - returns.COMMON <= set(yaml.safe_load(documented.RETURN))
    else:
        assert returns.faults_of_result(yaml.safe_load(documented.RETURN), result, args) == []
    return result, cloud


@pytest.mark.parametrize(
    "args, reads, writes",
    [
        (AWS, EXECUTED, ["amazon.aws.ec2_security_group", "amazon.aws.ec2_eni"]),
        (GCE, READ, ["google.cloud.gcp_compute_firewall"]),
    ],
    ids=["aws", "gce"],
)
def test_check_mode_reads_and_predicts(args: dict[str, Any], reads: list[str], writes: list[str]) -> None:
    predicted, looked = run(args, check=True)
    assert [name for name, _check, _arguments in looked.ran] == reads
    assert not any(check for _name, check, _arguments in looked.ran), (
        "google.cloud's modules do nothing in check mode, not even read"
    )
    done, made = run(args)
    assert [name for name, _check, _arguments in made.ran] == reads + writes
    assert predicted == done and done["changed"] and len(done["diff"]) == len(done["changes"]) == len(writes)


def test_nothing_to_do() -> None:
    open_group = group("a", {"ip_protocol": "-1", "user_id_group_pairs": [{"group_id": "sg-a"}]})
    faces = {"network_interfaces": [face(1, "10.0.0.1", "i-1")]}
    result, cloud = run(
        AWS, amazon__aws__ec2_eni_info=faces, amazon__aws__ec2_security_group_info={"security_groups": [open_group]}
    )
    assert (
        not result["changed"] and result["diff"] == [] and [name for name, _check, _arguments in cloud.ran] == EXECUTED
    )


def test_a_file_of_a_service_account_is_a_kind_of_credentials() -> None:
    _result, cloud = run(GCE)
    assert all(
        arguments["auth_kind"] == "serviceaccount" and arguments["service_account_file"] == "/k.json"
        for _name, _check, arguments in cloud.ran
    )
    _result, cloud = run({**GCE, "gce": {"project": "p", "zones": ["z"]}})
    assert not any("auth_kind" in arguments for _name, _check, arguments in cloud.ran)


def test_an_error_names_the_module_and_what_was_done_before() -> None:
    refusal = {"failed": True, "msg": "You are not authorized to perform this operation."}
    result, _cloud = run(AWS, amazon__aws__ec2_eni_info=refusal)
    assert (
        result["failed"]
        and result["module"] == "amazon.aws.ec2_eni_info"
        and "not authorized" in result["msg"]
        and "after" not in result["msg"]
    )
    result, _cloud = run(AWS, amazon__aws__ec2_security_group=refusal)
    assert "nothing was changed by this task" in result["msg"]
    result, _cloud = run(AWS, amazon__aws__ec2_eni=refusal)
    assert "amazon.aws.ec2_eni failed after these were changed: rules of sg-a (a)" in result["msg"]


def test_a_module_that_broke_says_its_last_words() -> None:
    broken = {
        "failed": True,
        "msg": "MODULE FAILURE\nSee stdout/stderr",
        "module_stderr": "Traceback\n  line 1\nbotocore.X: no route\n",
    }
    assert "ec2_eni_info failed: botocore.X: no route" in run(AWS, amazon__aws__ec2_eni_info=broken)[0]["msg"]
    assert "does not say why" in run(AWS, amazon__aws__ec2_eni_info={"failed": True})[0]["msg"]


def test_a_node_without_an_instance_is_an_error() -> None:
    result, cloud = run(AWS, amazon__aws__ec2_eni_info={"network_interfaces": []})
    assert result["failed"] and "10.0.0.1" in result["msg"] and len(cloud.ran) == 1


def test_what_is_documented_is_what_is_taken() -> None:
    assert spec_of(yaml.safe_load(documented.DOCUMENTATION)["options"]) == plugin.ARGUMENT_SPEC


@pytest.mark.parametrize("args", [{**AWS, "cloud": "azure"}, {**AWS, "cloud": "gce"}, {**GCE, "gce": {"project": "p"}}])
def test_arguments_are_checked(args: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="azure|gce|zones"):
        run(args)
