"""Jobs as AWX 24 makes them of its objects: the inventory as a script, slices of it, extra variables, injected credentials, a directory for ansible-runner.

From what was read of AWX (RunJob, Inventory.get_script_data, CredentialType.inject_credential, SurveyJobTemplateMixin); nothing here knows of Calico.
Passwords, keys and the environment are handed to ansible-runner without being written into the directory, as AWX does.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from awx import Awx
from jinja2 import sandbox
from kinds import Json
from validate import answers_trouble, survey_trouble

HERE = Path(__file__).resolve().parent
SECONDS = 900 * float(os.environ.get("CALICO_TIMEOUT_SCALE", "1")) * float(os.environ.get("LAB_TIMEOUT_SCALE", "1"))
# AWX_TASK_ENV and what every job gets.
TASK_ENV = {
    "ANSIBLE_FORCE_COLOR": "false",
    "ANSIBLE_HOST_KEY_CHECKING": "False",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_PARAMIKO_RECORD_HOST_KEYS": "False",
    "ANSIBLE_RETRY_FILES_ENABLED": "False",
    "AWX_HOST": "https://awx.example.com",
    "MAX_EVENT_RES": "700000",
    "PROJECT_REVISION": "3f2a9c1",
}
VAULT = r"Vault password:\s*?$"
PROMPTS = {
    r"BECOME password.*:\s*?$": "",
    r"SSH password:\s*?$": "",
    r"Password:\s*?$": "",
    VAULT: "",
    r"Enter passphrase for .*:\s*?$": "",
}


def stored(listed: Json) -> Json:
    """{hosts: {name: variables}, groups: {name: {hosts, children, vars}}, vars}, which AWX stores of the output of ansible-inventory --list."""
    groups = {
        name: {"hosts": [], "children": [], "vars": {}} | value for name, value in listed.items() if name != "_meta"
    }
    variables = groups.pop("all", {}).get("vars", {})
    groups.pop("ungrouped", None)
    children = {child for group in groups.values() for child in group["children"]}
    return {
        # those without variables are only in their groups
        "hosts": {
            host: listed["_meta"]["hostvars"].get(host, {})
            for group in listed.values()
            for host in group.get("hosts", [])
        },
        "groups": {name: groups.get(name, {"hosts": [], "children": [], "vars": {}}) for name in {*groups, *children}},
        "vars": variables,
    }


def script_data(inventory: Json, number: int = 1, count: int = 1) -> Json:
    """What the inventory's script prints: of a slice every count-th host by name, and no group that has neither hosts nor children."""
    names = sorted(inventory["hosts"])[number - 1 :: count]
    data: Json = {"all": {"vars": inventory["vars"]}}
    grouped = set()
    for name, group in inventory["groups"].items():
        hosts = [host for host in group["hosts"] if host in names]
        grouped.update(hosts)
        data[name] = {
            key: value
            for key, value in (("hosts", hosts), ("children", group["children"]), ("vars", group["vars"]))
            if value
        }
    data["all"]["hosts"] = [name for name in names if name not in grouped]
    data = {name: group for name, group in data.items() if name == "all" or group.get("hosts") or group.get("children")}
    ids = {name: index for index, name in enumerate(sorted(inventory["hosts"]), 1)}
    data["_meta"] = {
        "hostvars": {
            name: inventory["hosts"][name] | {"remote_tower_enabled": "true", "remote_tower_id": ids[name]}
            for name in names
        }
    }
    return data


class Unsafe(str):
    """A text that AWX does not let be a template."""


yaml.SafeDumper.add_representer(Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value)))


def unsafe(value: Any) -> Any:
    if isinstance(value, dict):
        return {Unsafe(key): unsafe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unsafe(item) for item in value]
    return Unsafe(value) if isinstance(value, str) else value


def answers(survey: Json, given: Mapping[str, Any]) -> Json:
    """What a form is sent with, filled with the defaults of its questions, and over them what somebody answered; refuses what AWX refuses."""
    assert survey_trouble(survey) is None
    filled = {
        question["variable"]: given.get(question["variable"], question.get("default")) for question in survey["spec"]
    }
    assert not answers_trouble(survey, filled), answers_trouble(survey, filled)
    assert not set(given) - set(filled), "not asked for"
    return filled


@dataclasses.dataclass(frozen=True)
class Injected:
    """environment: of the process; shown: the same as AWX stores it; files: {name: content} below env/, whose paths have the directory's name in them."""

    environment: dict[str, str]
    shown: dict[str, str]
    files: dict[str, str]


def inject(kind: Json, values: Mapping[str, str], directory: Path) -> Injected:
    """What a credential of a type gives to a job."""
    secret = {field["id"] for field in kind["inputs"]["fields"] if field.get("secret")}
    given = {name: value for name, value in values.items() if value}
    hidden = {name: "**********" if name in secret else value for name, value in given.items()}
    templates = sandbox.ImmutableSandboxedEnvironment()
    files, names = {}, {}
    for label, template in kind["injectors"].get("file", {}).items():
        name = label.partition(".")[2]
        files[f"tmp-{name}"] = templates.from_string(template).render(**given)
        names[name] = str(directory / "env" / f"tmp-{name}")
    both = []
    for source in (given, hidden):
        space = {**source, "tower": {"filename": names}}
        both.append(
            {
                name: templates.from_string(text).render(**space)
                for name, text in kind["injectors"].get("env", {}).items()
            }
        )
    return Injected(both[0], both[1], files)


@dataclasses.dataclass(frozen=True)
class Job:
    """A job that ended. `directory` is its private_data_dir."""

    status: str
    rc: int
    directory: Path
    ident: str

    @property
    def artifacts(self) -> Path:
        return self.directory / "artifacts" / self.ident

    def stdout(self) -> str:
        return (self.artifacts / "stdout").read_text(encoding="utf-8", errors="replace")

    def events(self) -> list[Json]:
        files = sorted(
            (self.artifacts / "job_events").glob("*.json"), key=lambda file: int(file.name.partition("-")[0])
        )
        return [
            json.loads(file.read_text(encoding="utf-8")) for file in files if not file.name.endswith("-partial.json")
        ]

    def outcomes(self) -> dict[str, list[tuple[str, str, bool]]]:
        """{host: [(task, ok, failed, skipped or unreachable, changed)]} in the order in which they came."""
        found: dict[str, list[tuple[str, str, bool]]] = {}
        for event in self.events():
            kind, data = event["event"], event.get("event_data", {})
            if kind in ("runner_on_ok", "runner_on_failed", "runner_on_skipped", "runner_on_unreachable"):
                result = data.get("res") or {}
                found.setdefault(data["host"], []).append(
                    (data["task"], kind.removeprefix("runner_on_"), bool(result.get("changed")))
                )
        return found

    def changed(self) -> list[tuple[str, str]]:
        return [(host, task) for host, tasks in self.outcomes().items() for task, _how, changed in tasks if changed]

    def require(self) -> Job:
        assert self.status == "successful", f"{self.status}, exit code {self.rc}\n{self.stdout()[-6000:]}"
        return self


class Runner:
    """Launches templates of an Awx; `credentials` are the inputs of each credential, by its name; `path` comes first in the PATH of jobs."""

    def __init__(
        self,
        awx: Awx,
        directory: Path,
        python: Path,
        collections: Path,
        credentials: Mapping[str, Mapping[str, str]],
        path: str | None = None,
    ) -> None:
        self.awx, self.directory, self.python, self.collections, self.credentials = (
            awx,
            directory,
            python,
            collections,
            credentials,
        )
        self._path = f"{path}:" if path else ""
        self._count = 0

    def prepare(
        self,
        template: str,
        inventory: Json,
        given: Mapping[str, Any] | None = None,
        part: tuple[int, int] = (1, 1),
        limit: str = "",
    ) -> tuple[Path, Json]:
        """(private_data_dir, what is handed to ansible-runner beside it)."""
        self._count += 1
        found = self.awx.named("job_templates", template)
        directory = self.directory / f"awx_{self._count}_{part[0]}of{part[1]}"
        for name in ("env", "inventory", "cp"):
            (directory / name).mkdir(parents=True, mode=0o700)
        shutil.copytree(self.awx.project, directory / "project")
        hosts = directory / "inventory" / "hosts"
        hosts.touch(mode=0o700)
        hosts.write_text(
            f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(script_data(inventory, *part))!r})\n",
            encoding="utf-8",
        )
        survey = answers(self.awx.surveys[found["id"]], given or {}) if found["survey_enabled"] else {}
        ident = self.awx.job(
            found["id"], status="running", started=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        )
        meta = {
            "awx_job_id": ident,
            "tower_job_id": ident,
            "awx_job_template_name": template,
            "awx_user_name": "operator",
        }
        if part[1] > 1:
            # a sliced template runs as a workflow with its name
            meta |= {"awx_workflow_job_id": ident, "awx_workflow_job_name": template}
        _private(directory / "env" / "extravars", yaml.safe_dump(unsafe(survey | meta)))
        environment = self._environment(directory) | {
            "JOB_ID": str(ident),
            "INVENTORY_ID": "1",
            # a socket's path has to be short
            "ANSIBLE_SSH_CONTROL_PATH_DIR": f"/tmp/awx-cp-{os.getpid()}-{self._count}",
        }
        args = ["--check"] if found["job_type"] == "check" else []
        key, passwords = None, PROMPTS
        for number in sorted(found["_lists"]["credentials"]):
            credential = self.awx.objects["credentials"][number]
            kind = self.awx.objects["credential_types"][credential["credential_type"]]
            values = self.credentials.get(credential["name"], {})
            if kind["name"] == "Vault" and values:
                args, passwords = [*args, "--ask-vault-pass"], passwords | {VAULT: values["vault_password"]}
                continue
            if kind["name"] == "Machine" and values:
                key = values["ssh_key_data"]
                args += [
                    "-u",
                    values.get("username") or "root",
                    "--become-method",
                    values.get("become_method") or "sudo",
                ]
                continue
            injected = inject(kind, values, directory)
            environment |= injected.environment
            for name, content in injected.files.items():
                _private(directory / "env" / name, content)
        args += ["--diff"] if found["diff_mode"] else []
        args += ["--become"] if found["become_enabled"] else []
        # one that nothing asks for is ignored
        where = limit if limit and found["ask_limit_on_launch"] else found["limit"]
        args += ["-l", where] if where else []
        # 0 is Ansible's own number
        args += ["-f", str(found["forks"])] if found["forks"] else []
        args += ["-" + "v" * found["verbosity"]] if found["verbosity"] else []
        args += ["-t", found["job_tags"]] if found["job_tags"] else []
        args += [f"--skip-tags={found['skip_tags']}"] if found["skip_tags"] else []
        _private(directory / "env" / "cmdline", " ".join(f"'{word}'" for word in args))
        _private(directory / "env" / "settings", json.dumps({"job_timeout": 0, "suppress_ansible_output": True}))
        params = {
            "private_data_dir": str(directory), "ident": str(ident), "playbook": found["playbook"], "inventory": str(hosts), "passwords": passwords,
            "envvars": environment, "suppress_env_files": True, "fact_cache_type": "jsonfile", **({"ssh_key": key} if key else {}),
        }  # fmt: skip
        return directory, params

    def inventory(self, name: str) -> Json:
        """What an inventory source brings, asked with the environment of its credential only."""
        self._count += 1
        source = self.awx.named("inventory_sources", name)
        credential = self.awx.objects["credentials"][source["credential"]]
        directory = self.directory / f"awx_{self._count}_inventory"
        (directory / "env").mkdir(parents=True, mode=0o700)
        shutil.copytree(self.awx.project, directory / "project")
        injected = inject(
            self.awx.objects["credential_types"][credential["credential_type"]],
            self.credentials.get(credential["name"], {}),
            directory,
        )
        for file, content in injected.files.items():
            _private(directory / "env" / file, content)
        environment = {
            **self._environment(directory),
            **json.loads(source["source_vars"] or "{}"),
            **injected.environment,
        }
        path = directory / "project" / source["source_path"]
        argv = [
            "--list",
            "--export",
            "-i",
            str(path),
            *(["--limit", source["limit"]] if source["limit"] else []),
            "--playbook-dir",
            str(path.parent),
        ]
        params = {
            "private_data_dir": str(directory), "executable_cmd": str(self.python.with_name("ansible-inventory")), "cmdline_args": argv,
            "host_cwd": f"{directory}/project", "envvars": environment, "suppress_env_files": True,
        }  # fmt: skip
        process = self.started(params)
        said = self.said(process)
        assert said["rc"] == 0, said
        return stored(json.loads(said["stdout"]))

    def _environment(self, directory: Path) -> dict[str, str]:
        return TASK_ENV | {
            "AWX_PRIVATE_DATA_DIR": str(directory),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_ROLES_PATH": f"{directory}/requirements_roles",
            "HOME": str(directory),
            "PATH": f"{self._path}{self.python.parent}:{os.environ['PATH']}",
            "NO_PROXY": "*",
        }

    def launch(
        self,
        template: str,
        inventory: Json,
        given: Mapping[str, Any] | None = None,
        slices: int | None = None,
        limit: str = "",
    ) -> list[Job]:
        """Its jobs, one for each slice, all at once as AWX runs them; as many slices as the template says, but not more than hosts."""
        desired = self.awx.named("job_templates", template)["job_slice_count"] if slices is None else slices
        count = max(1, min(desired, len(inventory["hosts"])))
        ready = [self.prepare(template, inventory, given, (number, count), limit) for number in range(1, count + 1)]
        return [self.ended(*one) for one in [(directory, params, self.started(params)) for directory, params in ready]]

    def started(self, params: Json) -> subprocess.Popen[str]:
        """A process of ansible-runner, with an environment in which nothing is that AWX does not put there."""
        plain = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        process = subprocess.Popen(
            [str(self.python), str(HERE / "run_job.py")], cwd=params["private_data_dir"], env=plain, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdin
        process.stdin.write(json.dumps(params))
        process.stdin.close()
        process.stdin = None
        return process

    def ended(self, directory: Path, params: Json, process: subprocess.Popen[str]) -> Job:
        said = self.said(process)
        shutil.rmtree(params["envvars"]["ANSIBLE_SSH_CONTROL_PATH_DIR"], ignore_errors=True)
        self.awx.jobs[int(params["ident"])]["status"] = said["status"]
        return Job(said["status"], said["rc"], directory, params["ident"])

    @staticmethod
    def said(process: subprocess.Popen[str]) -> Json:
        output, _none = process.communicate(timeout=SECONDS)
        found = re.search(r'^\{"status".*\}$', output, re.MULTILINE)
        assert found, output[-4000:]
        return dict(json.loads(found.group()))


def _private(file: Path, content: str) -> None:
    file.touch(mode=0o600)
    file.write_text(content, encoding="utf-8")


def collections_of(root: Path, directory: Path, python: Path) -> Path:
    """What AWX installs for a project from its collections/requirements.yml: the collection of this checkout, out of its tarball."""
    galaxy = [
        sys.executable if python == Path(sys.executable) else str(python),
        "-m",
        "ansible",
        "galaxy",
        "collection",
    ]
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(directory / "collections")}
    subprocess.run(
        [*galaxy, "build", "--output-path", str(directory), str(root)], check=True, capture_output=True, env=env
    )
    (tarball,) = directory.glob("dcos-calico-*.tar.gz")
    install = [*galaxy, "install", "--offline", "-p", str(directory / "collections"), str(tarball)]
    subprocess.run(install, check=True, capture_output=True, cwd=directory, env=env)
    return directory / "collections"
