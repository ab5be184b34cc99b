"""What AWX refuses, and with which words, of what is written to the objects that docs/tower makes. Pure: raises, or says None."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import StrictUndefined, TemplateError, sandbox

Json = dict[str, Any]
ENCRYPTED = "$encrypted$"
PLAYBOOK = re.compile(r"^\s*?-?\s*?(?:hosts|include|import_playbook):\s*?.*?$", re.MULTILINE)
# What AWX refuses in an injector beside ANSIBLE_*; the part of the list that somebody might think of.
BLOCKED = {"PATH", "LD_PRELOAD", "VIRTUAL_ENV", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "PROJECT_REVISION", "HOME"}
FIELD_KEYS = {
    "id",
    "type",
    "label",
    "help_text",
    "secret",
    "multiline",
    "ask_at_runtime",
    "format",
    "choices",
    "default",
}
SURVEY_TYPES = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": float,
}


class Refused(Exception):
    """An answer with this document, 400 unless another status is said."""

    def __init__(self, document: Json, status: int = 400) -> None:
        super().__init__(document)
        self.status = status


def credential_type(item: Json) -> None:
    if item["kind"] not in ("cloud", "net"):
        raise Refused({"kind": ["Must be 'cloud' or 'net'"]})
    fields = item["inputs"].get("fields", [])
    ids = [field["id"] for field in fields]
    strange = [
        field["id"]
        for field in fields
        if set(field) - FIELD_KEYS or field["type"] not in ("string", "boolean") or not field.get("label")
    ]
    if strange or len(set(ids)) != len(ids) or set(item["inputs"].get("required", [])) - set(ids) or "tower" in ids:
        raise Refused(
            {
                "inputs": [
                    f"Additional properties are not allowed, or an id is used twice or not defined: {strange or ids}"
                ]
            }
        )
    refused = [name for name in item["injectors"].get("env", {}) if name.startswith("ANSIBLE_") or name in BLOCKED]
    if refused:
        raise Refused(
            {
                "injectors": [
                    f"Environment variable {refused[0]} may affect Ansible configuration so its use is not allowed in credentials."
                ]
            }
        )
    names = [name.partition(".")[2] for name in item["injectors"].get("file", {})]
    values = {**dict.fromkeys(ids, "EXAMPLE"), "tower": {"filename": dict.fromkeys(names, "EXAMPLE_FILENAME")}}
    for key, template in [pair for part in item["injectors"].values() for pair in part.items()]:
        try:
            sandbox.ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(values)
        except TemplateError as error:
            raise Refused({"injectors": [f"{key} uses an undefined field ({error})"]}) from None


def credential(kind: Json, given: Json) -> set[str]:
    """Inputs that are written, against the type; names of those that are secret. What the type requires is not required to be saved."""
    fields = {field["id"]: field for field in kind["inputs"]["fields"]}
    if set(given) - set(fields):
        raise Refused(
            {
                "inputs": [
                    f"Additional properties are not allowed ({', '.join(sorted(set(given) - set(fields)))} were unexpected)"
                ]
            }
        )
    if (
        kind["name"] == "Machine"
        and given.get("ssh_key_data", ENCRYPTED) != ENCRYPTED
        and "PRIVATE KEY-----" not in given["ssh_key_data"]
    ):
        raise Refused({"inputs": {"ssh_key_data": ["Invalid certificate or key"]}})
    return {name for name, field in fields.items() if field.get("secret")}


def inventory_source(item: Json, kind_of_credential: str | None) -> None:
    if item["source"] == "scm" and not item["source_project"]:
        raise Refused({"source_project": ["Project required for scm type sources."]})
    if kind_of_credential in ("insights", "vault"):
        raise Refused(
            {"credential": ["Credentials of type insights and vault are disallowed for scm inventory sources."]}
        )


def survey_trouble(survey: Json) -> str | None:
    """What AWX would say of a survey; None if it takes it."""
    for name, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(survey.get(name), kind):
            return f"Field '{name}' is missing from survey spec."
    if not survey["spec"]:
        return "'spec' doesn't contain any items."
    variables = set()
    for number, item in enumerate(survey["spec"]):
        wrong = _question_trouble(item)
        if wrong or item["variable"] in variables:
            return f"survey question {number}: {wrong or 'duplicated variable'}"
        variables.add(item["variable"])
    return None


def _question_trouble(item: Json) -> str | None:
    for name, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
        if type(item.get(name)) is not kind:
            return f"'{name}' missing or of another type"
    if item["type"] not in SURVEY_TYPES:
        return f"'{item['type']}' is not one of the allowed question types"
    default = item.get("default", "")
    if default != "" and type(default) is not SURVEY_TYPES[item["type"]]:
        return f"Default value {default!r} expected to be {SURVEY_TYPES[item['type']].__name__}"
    if any(item.get(key) is not None and type(item[key]) is not int for key in ("min", "max")):
        return "The limits are expected to be integers"
    if item["type"].startswith("multi"):
        choices = item.get("choices")
        if not choices:
            return "must specify choices"
        offered = choices if isinstance(choices, list) else choices.splitlines()
        if any(one not in offered for one in str(default).splitlines()):
            return "Default choice must be answered from the choices listed."
    return None


def answers_trouble(survey: Json, given: Json, required: bool = True) -> list[str]:
    """What is wrong with the answers of a launch. What is required has to be answered, a default or not; a step of a workflow takes defaults."""
    found = []
    for question in survey.get("spec", []):
        name = question["variable"]
        value = given.get(name)
        if value is None:
            found += [f"'{name}' value missing"] if question["required"] and required else []
        elif question["type"] == "multiplechoice" and value not in question["choices"].splitlines():
            found.append(f"Value {value} for '{name}' expected to be one of {question['choices'].splitlines()}.")
        elif question["type"] == "integer" and type(value) is not int:
            found.append(f"Value {value} for '{name}' expected to be an integer.")
        elif question["type"] == "integer" and not question["min"] <= value <= question["max"]:
            found.append(f"'{name}' value {value} is out of range ({question['min']} to {question['max']}).")
    return found
