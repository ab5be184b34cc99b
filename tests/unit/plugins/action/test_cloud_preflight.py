"""The action plugin's own part: what it finds out of the controller, arguments and one message."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import cloud_preflight as plugin
from ansible_collections.dcos.calico.plugins.modules import cloud_preflight as documented

from ...support import returns
from .test_preflight import spec_of, without_defaults_of_dicts

POOL = {"cidr": "192.168.0.0/16", "ipip": "always"}


def run(**args: Any) -> dict[str, Any]:
    task = Task()
    task.action = "dcos.calico.cloud_preflight"
    task.args = {"pools": [POOL], **args}
    action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result = action.run(task_vars={})
    assert returns.faults_of_result(yaml.safe_load(documented.RETURN), result, args) == []
    return result


def test_all_is_well() -> None:
    result = run(provider="none")
    assert (
        not result.get("failed")
        and not result["changed"]
        and result["cloud"] == "none"
        and result["ipip"]
        and not result["manage"]
    )


def test_one_message_tells_all() -> None:
    result = run(provider="azure", pools=[POOL, {"cidr": "9.0.0.0/16"}])
    lines = result["msg"].splitlines()
    assert result["failed"] and lines[0] == "Nothing was touched: 2 problems found in Azure." and len(lines) == 3
    assert any(line.startswith("  - IP-in-IP is required on Azure") and line.endswith("[azure]") for line in lines)
    assert "1 problem found in the settings of Calico's network." in run(provider="nowhere")["msg"]


def test_warnings_are_shown() -> None:
    assert "It goes on because" in run(provider="azure", azure_ipip=True)["warnings"][0]


def test_what_is_documented_is_what_is_taken() -> None:
    assert spec_of(yaml.safe_load(documented.DOCUMENTATION)["options"]) == without_defaults_of_dicts(
        plugin.ARGUMENT_SPEC
    )


def test_collections_and_libraries_of_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    here = plugin.Here()
    assert (
        here.has_collection("dcos.calico")
        and not here.has_collection("dcos.nothing")
        and not here.has_collection("nobody.nothing")
    )
    assert here.missing("json") is None and "nowhere" in str(here.missing("nowhere"))


BOTOCORE = """
class Session:
    def __init__(self, profile):
        self.profile = profile

    def get_credentials(self):
        if self.profile == 'absent':
            from botocore.exceptions import BotoCoreError
            raise BotoCoreError('The config profile (absent) could not be found')
        return None if self.profile == 'empty' else object()

    def get_config_variable(self, name):
        return {'region': 'eu-west-1'}[name]
"""


def test_credentials_of_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What botocore says; not every Python of these tests has it, so one is played."""
    package = tmp_path / "botocore"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "session.py").write_text(BOTOCORE)
    (package / "exceptions.py").write_text("class BotoCoreError(Exception):\n    pass\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == "botocore"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    here = plugin.Here()
    assert here.aws_session(None) == (True, "eu-west-1") and here.aws_session("empty") == (False, "eu-west-1")
    with pytest.raises(ValueError, match="could not be found"):
        here.aws_session("absent")
    for name in ("botocore", "botocore.session", "botocore.exceptions"):
        sys.modules.pop(name, None)
