"""Every module is put through check, run, run again and check; its results are compared with its RETURN. See ../scenario.py."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import fnmatch
import hashlib
import importlib
import io
import json
import os
import stat
import sys

import pytest
import yaml

from ...support import returns
from ...support.calls import Calls

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", "..", ".."))
MODULES = os.path.join(ROOT, "plugins", "modules")
# What a double keeps, written whole whenever it is asked, and what ansible-core makes for itself.
KEPT = ["node.json", "systemd/state.json", "calicoctl/store.json"]
OTHERS = ["ansible-moduletmp-*"]
# What is for its owner only, of all that the walks make: keys, secrets, and etcd's data.
PRIVATE = [
    "agent_files-*/etc/token", "agent_files-*/etc/directory", "agent_key-*/certs/calico.key*", "cni_network-secret/network/cni/calico.cni", "etcd_*/data"]


def _names(directory):
    return sorted(name[:-3] for name in os.listdir(directory) if name.endswith(".py") and not name.startswith("_"))


def _runs_here(name):
    """Modules of the controller need its Python."""
    with io.open(os.path.join(ROOT, "tools", "controller_side.txt"), encoding="utf-8") as lines:
        return sys.version_info >= (3, 9) or not any(fnmatch.fnmatch("plugins/modules/%s.py" % name, str(line.strip())) for line in lines)


def _has_code(name):
    """Not only the documentation of an action plugin."""
    with io.open(os.path.join(MODULES, name + ".py"), encoding="utf-8") as handle:
        return "\ndef main(" in handle.read()


def _module(name):
    return importlib.import_module("ansible_collections.dcos.calico.plugins.modules." + name)


def _scenarios(name):
    return importlib.import_module("..scenarios." + name, __package__).SCENARIOS


WALKS = [(name, walk) for name in _names(os.path.join(HERE, "..", "scenarios")) if _runs_here(name) for walk in sorted(_scenarios(name))]


def _matches(path, globs):
    return any(fnmatch.fnmatch(path, glob) for glob in globs)


def _digest(path):
    with open(path, "rb") as handle:
        return hashlib.sha256(handle.read()).hexdigest()


def snapshot(scenario):
    """{path: what there is}: of a file its content, owner, mode, inode and time; of a directory its time too, so that a file that came and went shows."""
    found, root = {}, str(scenario.root)
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(directory, name)
            short = os.path.relpath(path, root)
            if _matches(short, scenario.noise + OTHERS):
                continue
            state = os.lstat(path)
            kind = stat.S_IFMT(state.st_mode)
            content = os.readlink(path) if stat.S_ISLNK(kind) else _digest(path) if stat.S_ISREG(kind) else None
            entry = [kind, content, stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid]
            if not _matches(short, scenario.volatile + KEPT + [os.path.dirname(kept) for kept in KEPT]):
                entry += [state.st_ino, state.st_mtime]
            found[short] = entry
    return found


def differences(before, after):
    """Paths that are not the same in two snapshots."""
    return sorted(path for path in set(before) | set(after) if before.get(path) != after.get(path))


class Walker:
    """Runs a scenario's module; each result is compared with RETURN."""

    def __init__(self, name, scenario, run_module):
        self.module = _module(name)
        self.fields = yaml.safe_load(self.module.RETURN)
        self.scenario = scenario
        self._run_module = run_module

    def __call__(self, args=None, check=False):
        """The result; what changed nothing must have left the sandbox alone."""
        args = self.scenario.args if args is None else args
        before = snapshot(self.scenario)
        result = self._run_module(self.module, args, check=check, diff=True)
        assert not result.get("failed"), result
        result.pop("invocation", None)
        assert returns.faults_of_result(self.fields, result, args) == []
        changed = differences(before, snapshot(self.scenario))
        if check or not result["changed"]:
            assert changed == []
        else:
            assert changed != [], "it says that it changed something"
        return result


def _is_read_only(module):
    """Whether a module says that it never changes anything."""
    return "dcos.calico._attributes.info" in yaml.safe_load(module.DOCUMENTATION)["extends_documentation_fragment"]


@pytest.mark.parametrize("name, walk", WALKS, ids=["-".join(pair) for pair in WALKS])
def test_check_run_run_again_check(request, run_module, monkeypatch, name, walk):
    """Check mode changes nothing and predicts the run; the next run has nothing to do, and check mode knows. All that it calls is on record."""
    scenario = _scenarios(name)[walk](request.getfixturevalue)
    calls = Calls(monkeypatch)
    run = Walker(name, scenario, run_module)
    for args in scenario.before:
        run(args)
    if scenario.alter:
        scenario.alter()
    predicted, done = run(check=True), run()
    assert predicted["changed"] == done["changed"]
    if not scenario.blind:
        for key in set(done) - scenario.unlike:
            assert predicted.get(key) == done[key], key
    assert calls.without_record() == []
    if _is_read_only(run.module):
        assert done["changed"] is False and "diff" not in done
        return
    assert done["diff"] or not done["changed"]
    assert "hunter2" not in json.dumps([predicted, done])
    for check in (False, True):
        again = run(check=check)
        assert again["changed"] is False and again["diff"] == []


def _made(before, after):
    """{path: mode} of the files and directories that are new."""
    return dict((path, entry[2]) for path, entry in after.items() if path not in before and not stat.S_ISLNK(entry[0]))


@pytest.mark.parametrize("umask", [0o077, 0o000], ids=oct)
@pytest.mark.parametrize("name, walk", WALKS, ids=["-".join(pair) for pair in WALKS])
def test_modes_are_what_is_asked_for_under_any_umask(request, run_module, name, walk, umask):
    """A hardened host's 077 closes no directory to those who are to read what is in it; 000 opens nothing."""
    scenario = _scenarios(name)[walk](request.getfixturevalue)
    run = Walker(name, scenario, run_module)
    before = snapshot(scenario)
    usual = os.umask(umask)
    try:
        for args in scenario.before:
            run(args)
        if scenario.alter:
            scenario.alter()
        run()
    finally:
        os.umask(usual)
    made = _made(before, snapshot(scenario))
    assert [path for path, mode in made.items() if mode & 0o022] == []
    private = set(path for path in made if _matches("%s-%s/%s" % (name, walk, path), PRIVATE))
    assert set(path for path, mode in made.items() if not mode & 0o077) == private


def test_every_module_is_walked():
    """One that only looks may have one walk, which shows that it changes nothing and returns what it says."""
    desired = set(name for name in _names(MODULES) if _has_code(name) and _runs_here(name))
    walked = set(name for name, unused in WALKS)
    assert desired == walked


@pytest.mark.parametrize("name", [name for name in _names(MODULES) if _runs_here(name)])
def test_samples_are_of_their_types(name):
    assert returns.faults_of_samples(yaml.safe_load(_module(name).RETURN)) == []
