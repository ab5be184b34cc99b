"""Agent side and controller side: the list, and what is made from it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sanity_ignore
import sides


@pytest.mark.parametrize(
    ("path", "controller"),
    [
        ("plugins/modules/dcos_package.py", True),
        ("plugins/modules/marathon_app.py", True),
        ("plugins/modules/sysctl.py", False),
        ("plugins/module_utils/_dcos/_http.py", True),
        ("plugins/module_utils/_dcos/deep/er.py", True),
        ("plugins/module_utils/_host/_files.py", False),
        ("plugins/action/executable.py", True),
    ],
)
def test_sides(path: str, controller: bool) -> None:
    assert sides.is_controller_side(path) is controller


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("plugins/modules/sysctl.py", "tests/unit/plugins/modules/test_sysctl.py"),
        ("plugins/module_utils/_host/_files.py", "tests/unit/plugins/module_utils/_host/test_files.py"),
    ],
)
def test_where_tests_are(path: str, test: str) -> None:
    assert sides.unit_test_of(path) == test


def test_ignore_lines(tmp_path: Path) -> None:
    tests = ("tests/unit/plugins/modules/test_dcos_x.py", "tests/unit/plugins/modules/test_dcos_x_waits.py")
    for name in ("plugins/modules/dcos_x.py", "plugins/modules/sysctl.py", *tests):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    lines = sanity_ignore.text("2.16", tmp_path).splitlines()
    assert lines == sorted(lines)
    assert all(" # " in line for line in lines)
    assert {line.split()[0] for line in lines} == {"plugins/modules/dcos_x.py", *tests}
    ignored = {tuple(line.split()[:2]) for line in lines}
    assert ("plugins/modules/dcos_x.py", "import-2.7!skip") in ignored
    assert ("tests/unit/plugins/modules/test_dcos_x.py", "compile-3.8!skip") in ignored
    assert ("tests/unit/plugins/modules/test_dcos_x.py", "import-3.6!skip") not in ignored
