"""The harness itself: results arrive as ansible-core would see them, on every Python."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible.module_utils.basic import AnsibleModule


class Sample:
    """A module with all that the harness hands on."""

    @staticmethod
    def main():
        spec = {"number": {"type": "int"}, "secret": {"no_log": True}, "fail": {"type": "bool", "default": False}}
        module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
        if module.params["fail"]:
            module.fail_json(msg="no: {0}".format(module.params["secret"]))
        module.warn("heard")
        module.exit_json(changed=not module.check_mode, number=module.params["number"], said=module.params["secret"], diffed=module._diff)


@pytest.mark.parametrize("check", [False, True])
def test_check_mode_and_types(run_module, check):
    result = run_module(Sample, {"number": "4"}, check=check)
    assert (result["changed"], result["number"], result["diffed"]) == (not check, 4, False)


def test_diff_is_handed_on(run_module):
    assert run_module(Sample, {}, diff=True)["diffed"] is True


def test_secrets_are_masked(run_module):
    assert run_module(Sample, {"secret": "hunter2"})["said"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_failure_is_a_result_too(run_module):
    result = run_module(Sample, {"fail": True, "secret": "hunter2"})
    assert result["failed"] is True and "hunter2" not in result["msg"]


def test_bad_arguments_are_a_failure(run_module):
    result = run_module(Sample, {"unknown": 1})
    assert result["failed"] is True and "unknown" in result["msg"]


def test_warnings_do_not_pile_up(run_module):
    for _round in range(2):
        assert len(run_module(Sample, {})["warnings"]) == 1
