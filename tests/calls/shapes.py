"""What kind of call a call is: its program and words, with values replaced by what they are; what it is given on standard input. Pure.

A shape is a line of text. A call has several: one of its command line, and, where it is given documents, one for each document (its kind and fields, with the
command line) and one for each field inside of them. So a call whose documents were never given together needs no record of its own, but each of them does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import yaml

CALICO = ("calicoctl", "calico", "calico-ipam")
PROGRAMS = (*CALICO, "docker", "etcd")
# How records and notes name what is no program: etcd's HTTP interface and BIRD's control socket.
HTTP, BIRD = ("http", "curl"), ("bird", "birdc")
ETCD_PATHS = re.compile(r"^/(v2/keys|v2/members|version|health|members)(/|\?|$)")
ETCD_KEY = re.compile(r"^(/v2/keys/calico/).+")

_SESSION = re.compile(r"(Mesh|Global|Node)(_\d+){4}$")
_KINDS = (
    ("address", re.compile(r"(\d{1,3}\.){3}\d{1,3}|[0-9a-f]*:[0-9a-f:]*:[0-9a-f]*")),
    ("prefix", re.compile(r"((\d{1,3}\.){3}\d{1,3}|[0-9a-f]*:[0-9a-f:]*)/\d{1,3}")),
    ("template", re.compile(r".*\{\{.*\}\}.*")),
    ("path", re.compile(r"/.*")),
    ("url", re.compile(r"https?://.*")),
    ("id", re.compile(r"(sha256:)?[0-9a-f]{12,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
    ("number", re.compile(r"-?\d+(\.\d+)?")),
    ("image", re.compile(r"[\w.-]+(:\d+)?(/[\w.-]+)+(:[\w.-]+)?|[\w.-]+:[\w.-]+")),
)
# Options that are followed by their value in a word of its own.
_FOLLOWED = {
    "calicoctl": ("-o", "-f", "-c", "-p", "-n", "-l", "-a", "-r", "-w"),
    "docker": ("-i", "-t", "--tail", "--format", "--driver", "--ipam-driver", "--subnet", "--filter"),
}
_LONG = {"-o": "--output", "-f": "--filename", "-c": "--config", "-p": "--scope"}
# Options whose value is one of a few words, which mean something to the tool.
_WORDS = {"--output", "--raw", "--backend", "--driver", "--ipam-driver", "--scope", "--format", "--filter", "-l", "-f"}
_NAMES = {"--name", "--node", "-n"}
# How many words of a program's command are its own; what comes after is the caller's.
_OWN = {"calicoctl": 2, "docker": 1, "etcd": 0}
_GROUPS = ("network", "image", "container", "volume", "system")
# Where a document has names of the caller's in place of fields.
_FREE = ("labels", "annotations", "tags", "args", "profiles")


def kind(value: str) -> str:
    """What a value is, in angle brackets."""
    return next((f"<{name}>" for name, pattern in _KINDS if pattern.fullmatch(value)), "<name>")


def program(argv: Sequence[str]) -> tuple[str, list[str]]:
    """(name, arguments) of what a command line runs; the name is empty where it is none of those whose calls count."""
    words = list(argv)
    while words and (name := words[0].rpartition("/")[2]) not in (*PROGRAMS, *HTTP, *BIRD):
        # setpriv runs what follows its options; a shell does not.
        if name != "setpriv":
            return "", []
        following = next(
            (place for place, word in enumerate(words[1:], 1) if word.rpartition("/")[2] in PROGRAMS), len(words)
        )
        words = words[following:]
    return (words[0].rpartition("/")[2], words[1:]) if words else ("", [])


def shapes(argv: Sequence[str], env: Mapping[str, str], stdin: str | None) -> list[str]:
    """All shapes of a call, the one of its command line first; none for a call that does not count."""
    name, words = program(argv)
    if name in HTTP:
        return _http(words)
    if name in BIRD:
        return [f"bird {' '.join('<session>' if _SESSION.match(word) else word for word in _without_socket(words))}"]
    if name in ("calico", "calico-ipam"):
        return _plugin(name, words, env, stdin)
    if name in PROGRAMS:
        line = f"{name} {command(name, words)}{_variables(env, 'ETCD_')}"
        return [line, *_documents(line, stdin)] if name == "calicoctl" else [line]
    return []


def command(name: str, words: Sequence[str]) -> str:
    """A command line without its program: own words, then kinds of values, then options by their names."""
    plain, options = [], set()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            plain.append(word)
        elif equals:
            options.add(_option(option, value))
        elif option in _FOLLOWED.get(name, ()) and rest:
            options.add(_option(_LONG.get(option, option) if name == "calicoctl" else option, rest.pop(0)))
        else:
            options.add(option)
    own = _OWN[name] + (1 if plain and plain[0] in (*_GROUPS, "config") else 0)
    if plain[:1] == ["config"] and any(option.startswith("--raw=") for option in options):
        plain[2:3] = ["<setting>"]  # Handed on to Felix or BIRD as it is; calicoctl knows only its own four.
    values: list[str] = []
    # A node's name may well look like an address.
    for found in ("<name>" if plain[1:2] in (["node"], ["nodes"]) else kind(word) for word in plain[own:]):
        if name == "docker" and values[-1:] == [found]:
            continue  # However many containers or networks are asked for.
        values.append("<value>" if plain[0] == "config" else found)
    return " ".join([*plain[:own], *values, *sorted(options)])


def _option(name: str, value: str) -> str:
    if name == "--ip-autodetection-method":
        method, equals, desired = value.partition("=")
        return f"{name}={method}{equals}{'<anchored>' if desired.startswith('^') and desired.endswith('$') else kind(desired) if desired else ''}"
    if name in _NAMES:
        return f"{name}=<name>"
    return f"{name}={value if name in _WORDS or value in ('-', 'autodetect') else kind(value)}"


def _variables(env: Mapping[str, str], *prefixes: str) -> str:
    names = sorted(name for name in env if name.removeprefix("CALICO_").startswith(prefixes))
    return f" with {' '.join(names)}" if names else ""


# ---- what is on standard input


def _documents(line: str, stdin: str | None) -> Iterator[str]:
    documents = _parse(stdin or "")
    kinds = [str(document.get("kind")) for document in documents]
    if len(documents) > 1:
        yield f"{line} < several documents of {'one kind' if len(set(kinds)) == 1 else 'several kinds'}"
    for document, name in zip(documents, kinds, strict=True):
        yield f"{line} < {name}({', '.join(sorted(_fields(document.get('spec')) | {f'metadata.{field}' for field in _metadata(document)}))})"
        for field in sorted(_inner(document.get("spec"))):
            yield f"documents < {name} spec.{field}"


def _metadata(document: Mapping[str, Any]) -> list[str]:
    """Fields of metadata that are more than what identifies a resource."""
    return [field for field in _fields(document.get("metadata")) if field in ("tags", "labels", "annotations")]


def _parse(text: str) -> list[dict[str, Any]]:
    """Documents as calicoctl reads them: JSON or YAML, one, a list, or several after another."""
    try:
        found = list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError:
        return []
    listed = [item for entry in found for item in (entry if isinstance(entry, list) else [entry])]
    return [item for item in listed if isinstance(item, dict)]


def _fields(value: Any) -> set[str]:
    return set(value) if isinstance(value, dict) else set()


def _inner(value: Any, path: str = "") -> Iterator[str]:
    """Paths of all fields that lie deeper than the first level, lists as []."""
    if isinstance(value, list):
        for item in value:
            yield from _inner(item, f"{path}[]")
    elif isinstance(value, dict):
        for name, item in value.items():
            if path:
                yield f"{path}.{name}"
            if name not in _FREE:
                yield from _inner(item, f"{path}.{name}" if path else name)


def _plugin(name: str, words: Sequence[str], env: Mapping[str, str], stdin: str | None) -> list[str]:
    line = " ".join([name, *words, env.get("CNI_COMMAND", "")]).strip()
    try:
        given = json.loads(stdin or "null")
    except ValueError:
        given = None
    if env.get("CNI_COMMAND") == "VERSION" or not isinstance(given, dict):
        return [line]
    found = [line + _variables(env, "CNI_ARGS", "ETCD_")]
    for field, value in sorted(given.items()):
        found.append(f"{line} < {field}{f'={value}' if field == 'cniVersion' else ''}")
        if field not in _FREE:
            found += [f"{line} < {field}.{inner}" for inner in sorted(_fields(value))]
    return found


# ---- what is no program


def _http(words: Sequence[str]) -> list[str]:
    """Of etcd's requests only; what else is asked by HTTP is none of Calico's."""
    method = (
        words[words.index("-X") + 1]
        if "-X" in words
        else next((word for word in words if word.isupper() and word.isalpha()), "GET")
    )
    target = urlsplit(next((word for word in words if word.startswith(("http://", "https://", "/"))), ""))
    query = re.sub(r"(prevIndex)=\d+", r"\1=<number>", target.query)
    path = ETCD_KEY.sub(r"\1<key>", target.path) + (f"?{query}" if query else "")
    return [f"etcd {method} {path.rstrip('/')}"] if ETCD_PATHS.match(path) else []


def _without_socket(words: Sequence[str]) -> list[str]:
    return list(words[2:]) if words[:1] == ["-s"] else list(words)
