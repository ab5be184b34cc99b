"""Calls that are kept to one place, because elsewhere each would have to be right by itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
import sides
from layout import ROOT

# What changes files, by descriptors.
FILES = ("plugins/module_utils/_host/_files.py", "plugins/module_utils/_host/_directory.py")
CHANGES = {
    "chflags",
    "chmod",
    "chown",
    "fchmod",
    "fchown",
    "lchown",
    "link",
    "makedirs",
    "mkdir",
    "mkfifo",
    "mknod",
    "remove",
    "removedirs",
    "rename",
    "renames",
    "replace",
    "rmdir",
    "symlink",
    "truncate",
    "unlink",
    "utime",
}
WRITING_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"}


def calls(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """(module or '', function, call) of each call of a plain function or of a module's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "", node.func.id, node
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            yield node.func.value.id, node.func.attr, node


def changes_files(module: str, function: str, call: ast.Call) -> bool:
    """Whether a call changes a file by its path, or opens one for that."""
    if module in ("shutil", "tempfile"):
        return True
    if module == "os":
        names = {node.attr for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Attribute)}
        return function in CHANGES or (function == "open" and bool(names & WRITING_FLAGS))
    if function == "open" and module in ("", "io", "codecs"):
        modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
        return any(not isinstance(mode, ast.Constant) or bool(set(str(mode.value)) & set("wax+")) for mode in modes)
    return False


# Its own lock, which is never renamed into place.
LOCK = "plugins/module_utils/_host/_lock.py"
# The clock that somebody may set: for what was noted by it.
DATES = (
    "plugins/module_utils/_jobs/_diagnostics.py",  # which lines of logs are old
    "plugins/module_utils/_host/_started.py",  # of a process that nobody noted
    "plugins/module_utils/_host/_mesos_dns.py",  # the date that Mesos-DNS has of its last look
)
# What an answer is read by, to its end or never.
HTTP = "plugins/module_utils/_host/_http.py"
# Agent-side modules that change nothing of the host that they run on, but the datastore, or a container of their own.
ELSEWHERE = {
    "calicoctl_config",
    "calicoctl_resource",
    "datastore_audit",
    "datastore_backup",
    "datastore_restore",
    "network_probe",
}
# Agent-side modules that only look, beside those that are called so.
LOOKS = {"agent_plan", "diagnostics"}


@pytest.mark.parametrize("path", [path for path in sides.agent_side_files() if path not in (*FILES, LOCK)])
def test_only_one_place_changes_files(path: str) -> None:
    """Root writes in directories that others own: _files does it so that nobody gains by exchanging what is there."""
    found = [
        f"{path}:{call.lineno} {module}.{function}"
        for module, function, call in calls(_tree(path))
        if changes_files(module, function, call)
    ]
    assert not found, "use _host/_files"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("os.chmod(path, 0o600)", True),
        ("shutil.rmtree(path)", True),
        ("open(path, 'wb')", True),
        ("open(path, mode='a')", True),
        ("open(path, mode)", True),
        ("os.open(path, os.O_WRONLY | os.O_CREAT)", True),
        ("tempfile.mkdtemp()", True),
        ("open(path, 'rb')", False),
        ("open(path)", False),
        ("os.open(path, os.O_RDONLY)", False),
        ("archive.open(path)", False),
    ],
)
def test_the_rule_sees_what_it_is_for(line: str, expected: bool) -> None:
    assert [changes_files(*call) for call in calls(ast.parse(line))] == [expected]


# What systemd reads: lines of a unit with something filled in.
EXEC = re.compile(r"^Exec\w+=.*(%[(s]|\{)", re.MULTILINE)
PLUGINS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "plugins").rglob("*.py"))


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("path", PLUGINS)
def test_commands_in_units_are_quoted_by_one_function(path: str) -> None:
    """_unit_text knows what blanks, quotes, %, $ and ends of lines do in a unit."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert "_unit_text.command(" in text or not [words for words in _strings(ast.parse(text)) if EXEC.search(words)]


@pytest.mark.parametrize(
    "path",
    sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "roles").rglob("*") if path.suffix in (".yml", ".j2")),
)
def test_roles_fill_nothing_into_commands_of_units(path: str) -> None:
    assert not re.search(r"^\s*Exec\w+=.*\{\{", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def ends(pattern: str) -> bool:
    """Whether a regular expression has a $ that stands for the end."""
    in_class, at = False, 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif in_class:
            in_class = pattern[at] != "]"
        elif pattern[at] == "[":
            in_class = True
            at += pattern[at + 1 : at + 2] == "^"
            at += pattern[at + 1 : at + 2] == "]"
        elif pattern[at] == "$":
            return True
        at += 1
    return False


def loose(call: ast.Call) -> bool:
    """Whether a call of a function of re is given a pattern that a line break behind the end gets past."""
    more = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    if any(
        isinstance(node, ast.Attribute) and node.attr in ("MULTILINE", "M") for each in more for node in ast.walk(each)
    ):
        return False
    patterns = [node.value for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant)] if call.args else []
    return any(
        ends(pattern if isinstance(pattern, str) else pattern.decode())
        for pattern in patterns
        if isinstance(pattern, (str, bytes))
    )


@pytest.mark.parametrize("path", PLUGINS)
def test_patterns_end_where_the_text_does(path: str) -> None:
    found = [
        f"{path}:{call.lineno}" for module, _function, call in calls(_tree(path)) if module == "re" and loose(call)
    ]
    assert not found, r"$ matches before a line break too: write \Z"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("re.compile(r'^a$')", True),
        ("re.match(br'^(a$|b)', x)", True),
        ("re.match('^%s$' % x, y)", True),
        (r"re.match(r'^a\Z', x)", False),
        (r"re.match(r'[$]\$[^]$]', x)", False),
        ("re.search(r'^a$', x, re.MULTILINE)", False),
    ],
)
def test_the_rule_of_patterns_sees_what_it_is_for(line: str, expected: bool) -> None:
    assert [loose(call) for module, _function, call in calls(ast.parse(line)) if module == "re"] == [expected]


@pytest.mark.parametrize("path", [path for path in sides.agent_side_files() if path not in DATES])
def test_deadlines_are_on_a_clock_that_nobody_sets(path: str) -> None:
    found = [
        f"{path}:{call.lineno}"
        for module, function, call in calls(_tree(path))
        if (module, function) == ("time", "time")
    ]
    assert not found, "use Deadline or now of _host/_deadline"


# They are noted, or shown to a person.
TIMES = ("plugins/module_utils/_host/_started.py", "plugins/module_utils/_jobs/_diagnostics.py")


@pytest.mark.parametrize("path", [path for path in sides.agent_side_files() if path not in TIMES])
def test_times_of_files_decide_nothing(path: str) -> None:
    """Clocks are set, and times are copied: what a process was started with is told by digests."""
    found = [
        f"{path}:{node.lineno}"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute) and re.match("(st_|get)[mca]time", node.attr)
    ]
    assert not found, "use _host/_started"


@pytest.mark.parametrize("path", [path for path in sides.agent_side_files() if path != HTTP])
def test_answers_by_http_have_an_end(path: str) -> None:
    """A socket's time-out starts anew with each byte."""
    found = [
        f"{path}:{node.lineno}"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "getresponse"
    ]
    assert not found, "use _host/_http"


# The one function that reads something to its end, by which it has one.
WHOLE = "plugins/module_utils/_host/_stream.py"
# Of the collection itself, and of what it wrote on the controller.
OWN_FILES = {"plugins/plugin_utils/_variables.py", "plugins/modules/artifact_manifest.py"}


def reads_without_a_limit(call: ast.Call) -> bool:
    """Whether a call reads whatever there is: a file, a pipe, or the body of an answer."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return (name in ("read", "readline") and not call.args and not call.keywords) or name in (
        "read_text",
        "read_bytes",
        "readlines",
        "communicate",
        "readall",
    )


@pytest.mark.parametrize("path", [path for path in PLUGINS if path != WHOLE])
def test_what_is_read_has_a_limit(path: str) -> None:
    """Files, pipes and answers are what others make of them: one that is too large must be told of, and not fill the memory."""
    nodes = list(ast.walk(_tree(path)))
    found = [
        f"{path}:{node.lineno}"
        for node in nodes
        if isinstance(node, ast.Call) and reads_without_a_limit(node) and not _of_a_library(node)
    ]
    found += [
        f"{path}:{node.lineno}"
        for node in nodes
        if isinstance(node, ast.Attribute) and node.attr == "content" and _is_answer(node.value)
    ]
    assert path in OWN_FILES or not found, "use whole of _host/_stream"


def _of_a_library(call: ast.Call) -> bool:
    """Functions of modules here that are called read, too."""
    assert isinstance(call.func, ast.Attribute)
    return isinstance(call.func.value, ast.Name) and call.func.value.id.startswith("_")


def _is_answer(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("answer", "response")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("handle.read()", True),
        ("open(path).read()", True),
        ("path.read_text(encoding='utf-8')", True),
        ("process.communicate()", True),
        ("handle.read(size)", False),
        ("os.read(pipe, 4096)", False),
        ("stream.whole(handle, path)", False),
    ],
)
def test_the_rule_of_limits_sees_what_it_is_for(line: str, expected: bool) -> None:
    (statement,) = ast.parse(line).body
    assert (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and reads_without_a_limit(statement.value) == expected
    )


# Where what DC/OS answers is validated by a parser of its own.
JUDGED = {f"plugins/module_utils/_dcos/{name}.py" for name in ("_answers", "_auth", "_ca", "_mesos")}


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in PLUGINS
        if path not in JUDGED and ("/_dcos/" in path or "_dcos" in (ROOT / path).read_text("utf-8"))
    ],
)
def test_answers_of_dcos_are_looked_at_before_something_is_taken_from_them(path: str) -> None:
    found = [f"{path}:{call.lineno}" for call in ast.walk(_tree(path)) if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
             and call.func.attr == "json"]  # fmt: skip
    assert not found, "use Response.shaped"


@pytest.mark.parametrize("path", [path for path in sides.agent_side_files() if path.startswith("plugins/modules/")])
def test_modules_that_change_a_host_hold_its_lock(path: str) -> None:
    name = path.rpartition("/")[2].removesuffix(".py")
    runs = [
        call for _, function, call in calls(_tree(path)) if function == "run_module"
    ]  # none where an action plugin does it all
    holds = any(keyword.arg == "changes_host" for call in runs for keyword in call.keywords)
    assert holds == (bool(runs) and not name.endswith("_info") and name not in ELSEWHERE | LOOKS)


def _tree(path: str) -> ast.AST:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))
