# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says in a sentence what newer cores say with "No start of json char found": that they do not manage this host's Python."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.release import __version__ as core_version

# ansible-core -> the oldest Python on a host (ansible/module_utils/basic.py of each release)
OLDEST = (((2, 20), (3, 9)), ((2, 18), (3, 8)), ((2, 17), (3, 7)), ((2, 16), (3, 6)))
# DC/OS-era Pythons -> the last ansible-core that manages them
LAST: dict[tuple[int, ...], str] = {
    (2, 7): "ansible-core 2.16, the last that manages Python 2.7",
    (3, 6): "ansible-core 2.16, the last that manages it",
    (3, 5): "ansible-core 2.15",
}
PROBE = "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])"


def too_old(core: str, python: str) -> str | None:
    """The sentence for a host's Python (C(2.7)) that an ansible-core (C(2.21.5)) does not manage; None if it does. Pure."""
    version = tuple(int(part) for part in core.split(".")[:2])
    found = tuple(int(part) for part in python.split("."))
    oldest = next((lowest for since, lowest in OLDEST if version >= since), (3, 5))
    if found >= oldest or (found == (2, 7) and version <= (2, 16)):
        return None
    last = LAST.get(found, "an older ansible-core")
    return (
        f"ansible-core {core} does not manage hosts with Python {python}. Use {last}, or set ansible_python_interpreter to a Python "
        f"{oldest[0]}.{oldest[1]} or newer on this host."
    )


class FirstContact(ActionBase):
    """The base of the modules that meet a host first."""

    def explained(self, found: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The result of a module, or why this host cannot run it; asks the host's Python itself. Whatever else went wrong is not for us to explain."""
        interpreter = task_vars.get("ansible_python_interpreter")
        if not found.get("failed") or not interpreter or str(interpreter).startswith("auto"):
            return found
        answer = self._low_level_execute_command(f'{interpreter} -c "{PROBE}"')
        words = str(answer.get("stdout", "")).strip()
        sentence = too_old(core_version, words) if answer.get("rc") == 0 and words.replace(".", "").isdigit() else None
        return {"failed": True, "msg": sentence} if sentence else found
