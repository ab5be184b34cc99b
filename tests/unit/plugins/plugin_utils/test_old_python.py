from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils._old_python import too_old


@pytest.mark.parametrize(
    ("core", "python"),
    [
        ("2.15.13", "2.7"),
        ("2.15.13", "3.5"),
        ("2.16.19", "2.7"),
        ("2.16.19", "3.6"),
        ("2.17.0", "3.7"),
        ("2.19.14", "3.8"),
        ("2.21.5", "3.9"),
    ],
)
def test_what_a_core_manages(core: str, python: str) -> None:
    assert too_old(core, python) is None


@pytest.mark.parametrize(
    ("core", "python", "words"),
    [
        ("2.21.5", "2.7", "Use ansible-core 2.16"),
        ("2.21.5", "3.6", "to a Python 3.9 or newer"),
        ("2.21.5", "3.8", "an older ansible-core"),
        ("2.18.1", "3.7", "to a Python 3.8 or newer"),
        ("2.16.19", "3.5", "Use ansible-core 2.15"),
        ("2.17.0", "2.7", "the last that manages Python 2.7"),
    ],
)
def test_what_it_does_not(core: str, python: str, words: str) -> None:
    sentence = too_old(core, python)
    assert (
        sentence is not None
        and f"ansible-core {core} does not manage hosts with Python {python}" in sentence
        and words in sentence
    )
