"""What every unit test can use. Works on Python 2.7 to 3.13 and with ansible-core 2.16 to the newest.

Tests mirror plugins/: plugins/modules/sysctl.py has tests/unit/plugins/modules/test_sysctl.py. Each directory has an empty __init__.py.
Run them with ``make units``, or one file with the main environment after ``make setup``:
    PYTHONPATH=.build/collections .build/venv-2.16/bin/python -m pytest tests/unit/plugins/modules/test_sysctl.py

``run_module(module, args, check=False, diff=False)`` runs a module's main() in this process and returns its result as a dict, read from what
it printed as ansible-core would read it, so masking and type conversion are tested too. A result of fail_json has ``failed: True``.

    from ansible_collections.dcos.calico.plugins.modules import sysctl

    def test_reads_nothing_in_check_mode(run_module):
        result = run_module(sysctl, {"settings": []}, check=True)
        assert result["changed"] is False

Anything else that a module touches is patched by the test itself, where the module looks it up. Tests of controller-side code
(tools/controller_side.txt) are left out on Pythons older than 3.9. UNITS_SIDE=controller or UNITS_SIDE=agents leaves out the other side's.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import fnmatch
import io
import json
import os
import subprocess
import sys

import pytest

from .support import returns

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONTROLLER_PYTHON = (3, 9)


def _of_the_controller():
    """Globs of the tests of controller-side code, relative to this directory: each test file mirrors the file it tests."""
    with io.open(os.path.join(ROOT, "tools", "controller_side.txt"), encoding="utf-8") as lines:
        globs = [str(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    split = [os.path.split(glob) for glob in globs]
    return [os.path.join(directory, "test_" + name.lstrip("_") if name else "*") for directory, name in split]


def _of_agents(others):
    """The tests of modules and of what they share that are not the controller's."""
    here = os.path.dirname(os.path.abspath(__file__))
    found = [
        os.path.relpath(os.path.join(directory, name), here)
        for part in ("modules", "module_utils")
        for directory, _names, names in os.walk(os.path.join(here, "plugins", part))
        for name in names
        if name.startswith("test_")
    ]
    return [path for path in found if not any(fnmatch.fnmatch(path, glob) for glob in others)]


def _tests_to_leave_out():
    side, controller = os.environ.get("UNITS_SIDE"), _of_the_controller()
    left_out = controller if side == "agents" or sys.version_info < CONTROLLER_PYTHON else []
    return left_out + (_of_agents(controller) if side == "controller" else [])


if sys.version_info < (3,):
    # Python 2.7 closes every file that a program could have inherited, one after the other, before it starts one.
    subprocess.MAXFD = 256

collect_ignore_glob = _tests_to_leave_out()
if sys.version_info < CONTROLLER_PYTHON:
    collect_ignore_glob.append("support/test_ca_double.py")  # a double that is written for the controller's Python


def _forget_warnings():
    """ansible-core keeps warnings for the life of the process: one test's must not reach the next."""
    from ansible.module_utils.common import warnings

    for name in ("_global_warnings", "_global_deprecations"):
        kept = getattr(warnings, name, None)
        if isinstance(kept, dict):
            kept.clear()
        elif kept:
            del kept[:]


class _Output:
    """Collects what a module prints, as text, on both Pythons."""

    def __init__(self):
        self._parts = []

    def write(self, text):
        self._parts.append(text if isinstance(text, str) else str(text))
        return len(text)

    def flush(self):
        pass

    def result(self):
        """The module's result: the last line that is a JSON object."""
        lines = [line for line in "".join(self._parts).splitlines() if line.startswith("{")]
        assert lines, "the module printed no result: {0!r}".format("".join(self._parts))
        return json.loads(lines[-1])


@pytest.fixture
def run_module(monkeypatch, tmp_path):
    """Run a module's main() with these arguments; see the top of this file."""
    from ansible.module_utils import basic
    from ansible_collections.dcos.calico.plugins.module_utils._host import _installed, _lock

    # Not this machine's, and not in the directory whose files tests compare.
    monkeypatch.setattr(_lock, "PATH", str(tmp_path) + ".lock")
    monkeypatch.setattr(_installed, "PATH", str(tmp_path) + ".installed.json")

    def run(module, args, check=False, diff=False):
        full = dict(
            args,
            _ansible_check_mode=check,
            _ansible_diff=diff,
            _ansible_remote_tmp=str(tmp_path),
            _ansible_keep_remote_files=False,
        )
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": full}).encode("utf-8"))
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        # Tests of controller-side code in the same process make the newest core show a module's warnings instead of returning them.
        internal = sys.modules.get("ansible.module_utils._internal")
        if internal is not None:
            monkeypatch.setattr(internal, "is_controller", False, raising=False)
        _forget_warnings()
        output = _Output()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", output)
            with pytest.raises(SystemExit) as ended:
                module.main()
        result = output.result()
        assert bool(result.get("failed")) == bool(ended.value.code), "exit code {0} against {1!r}".format(ended.value.code, result)
        json.dumps(result, ensure_ascii=False).encode("utf-8")  # newer cores refuse what is no UTF-8
        assert returns.undocumented(module, result) == []
        return result

    return run
