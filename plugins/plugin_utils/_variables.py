# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of hosts against the argument specs of this collection's roles: types, choices, and names that nobody reads. Pure but for read_options().

Extra variables in the form NAME=VALUE and answers of surveys are text. Text is a number or a boolean where it looks like one, and never a list: core splits
it at commas for a module, while a template that joins a list takes it letter by letter.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.dcos.calico.plugins.module_utils._calico import _checks
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _controller_paths, _docker, _releases, _shapes
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import ALL, Finding, some

PREFIX = "calico_"
SOFTENED = "calico_unknown_variables"
SECRET = ("password", "token", "service_account")
# Read by playbooks, or of one host: in no role's argument spec.
OTHERS = (
    "calico_etcd_address",
    "calico_plan_exit_code",
    "calico_plan_json",
    "calico_roll_serial",
    "calico_start_serial",
)
# Read before the variables of any host are.
EXTRA_ONLY = ("calico_roll_serial", "calico_start_serial")
# What a run registers itself, which a later playbook of the same run, or a fact cache, finds with the hosts. tests/repo keeps the list whole.
REGISTERED = (
    "calico_adopt",
    "calico_agent",
    "calico_agent_drain_result",
    "calico_agent_restart_ahead",
    "calico_agent_restart_mesos",
    "calico_agent_restart_result",
    "calico_agent_undrain_result",
    "calico_audit_first",
    "calico_audit_host",
    "calico_audit_mesos",
    "calico_audit_second",
    "calico_backup_result",
    "calico_certificates_key",
    "calico_certificates_placed",
    "calico_certificates_signed",
    "calico_cni_result",
    "calico_datastore_agent",
    "calico_datastore_kept",
    "calico_decommission_first",
    "calico_decommission_result",
    "calico_diagnostics_result",
    "calico_diagnostics_run",
    "calico_docker_network_ahead",
    "calico_docker_network_result",
    "calico_docker_network_store",
    "calico_kubernetes_agent",
    "calico_kubernetes_cluster",
    "calico_kubernetes_controlled",
    "calico_kubernetes_installed",
    "calico_kubernetes_profiles",
    "calico_kubernetes_reached",
    "calico_kubernetes_seen",
    "calico_manifest",
    "calico_mesos_dns_checked",
    "calico_mesos_dns_result",
    "calico_node_result",
    "calico_plan",
    "calico_policy_datastore",
    "calico_preflight_cluster",
    "calico_preflight_datastore",
    "calico_preflight_result",
    "calico_public_cloud_again",
    "calico_public_cloud_cluster",
    "calico_public_cloud_found",
    "calico_public_cloud_decision",
    "calico_public_cloud_late",
    "calico_public_cloud_look",
    "calico_public_cloud_network",
    "calico_public_cloud_nodes",
    "calico_public_cloud_restarted",
    "calico_public_cloud_result",
    "calico_public_cloud_tunnels",
    "calico_restore_agent",
    "calico_restore_result",
    "calico_sessions",
    "calico_status",
    "calico_uninstall_plan",
    "calico_uninstall_result",
    "calico_uninstall_seen",
    "calico_universe",
    "calico_universe_calico",
    "calico_universe_cluster",
    "calico_universe_etcd",
    "calico_universe_framework",
    "calico_upgrade_after",
    "calico_upgrade_backup",
    "calico_upgrade_before",
    "calico_upgrade_plan",
    "calico_upgrade_result",
    "calico_upgrade_store",
    "calico_variables",
    "calico_verify_apps",
    "calico_verify_before",
    "calico_verify_cluster",
    "calico_verify_plan",
    "calico_verify_probe",
    "calico_verify_removed",
    "calico_verify_result",
    "calico_verify_started",
)
# What is validated by filters, and of it the paths to which the controller writes.
WRITTEN = (
    "calico_audit_json",
    "calico_diagnostics_directory",
    "calico_manifest_dir",
    "calico_manifest_file",
    "calico_status_html",
    "calico_status_json",
    "calico_status_metrics",
    "calico_status_targets",
)
# Names that node_exporter and Prometheus read; they leave out others without a word.
ENDINGS = {"calico_status_metrics": ".prom", "calico_status_targets": ".json"}
FOR_FILTERS = (
    "calico_docker_network",
    "calico_docker_networks",
    "calico_ip_pools",
    "calico_metrics",
    "calico_metrics_scrapers",
    "calico_networks",
    "calico_policies",
    "calico_policy_default_profile",
    "calico_release",
    *WRITTEN,
)
LIST_REMEDY = (
    "A value on the command line is text: give it as JSON, -e '{{\"{name}\": [...]}}', or in a file, -e @FILE. In AWX, give it as extra variables of the "
    "template, not by a survey"
)
NO_URL = "calico_agent_drain drains agents by Mesos, and calico_dcos_url does not say where to ask it: set it, and how to log in (calico_dcos_*)."
ARCHIVE_FROM = ("calico_node_archive_url", "calico_artifacts_dir", "calico_mirror_url")
# Optional components in the order in which they are validated. A variable of this name switches each on.
COMPONENTS = ("public_cloud", "policy", "docker_network", "mesos_dns", "kubernetes", "verify")
Options = Mapping[str, Mapping[str, Any]]
Groups = Mapping[str, Sequence[str]]


def read_options(roles: Path) -> dict[str, dict[str, Any]]:
    """Every option of every entry point of the roles in a directory, by name."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(roles.glob("*/meta/argument_specs.yml")):
        specs = yaml.load(file.read_text(encoding="utf-8"), loader)["argument_specs"]  # noqa: S506
        for entry in specs.values():
            found.update(entry.get("options") or {})
    return found


def set_of(hostvars: Any, host: str) -> dict[str, Any]:
    """The variables of this collection that are set for a host; those that depend on what is not known yet are validated where they are used."""
    raw = hostvars.raw_get(host) if hasattr(hostvars, "raw_get") else hostvars[host]
    found = {}
    for name in [name for name in raw if str(name).startswith(PREFIX)]:
        if name in REGISTERED:
            continue
        value = raw[name]
        if is_template(value):
            try:
                value = hostvars[host][name]
            except (AnsibleError, KeyError):
                continue
            if "Undefined" in type(value).__name__ or is_template(value):
                continue
        found[str(name)] = value
    return found


def is_template(value: Any) -> bool:
    """Whether a value is not known before it is asked for."""
    if isinstance(value, Mapping):
        return any(is_template(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return any(is_template(part) for part in value)
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def problem(name: str, value: Any, option: Mapping[str, Any]) -> str | None:
    """What is wrong with a variable's value, in a sentence or two, or None. Values of secrets are not quoted."""
    if value is None:
        return None
    wrong = _shape(name, value, option)
    if wrong:
        return wrong
    validator = ArgumentSpecValidator({name: _without_defaults(option)})
    errors = validator.validate({name: value}).error_messages
    if not errors:
        return None
    if any(word in name for word in SECRET):
        return f"{name} is not of type {option.get('type', 'str')}."
    if option.get("choices"):
        return f"{name} cannot be {_quoted(value)}. Choose {_either(option['choices'])}."
    return " ".join(f"{name}: {str(error).rstrip('.')}." for error in errors)


def _shape(name: str, value: Any, option: Mapping[str, Any]) -> str | None:
    """What ansible-core would make of another type without a word."""
    desired = option.get("type", "str")
    shown = "" if any(word in name for word in SECRET) else f": {_quoted(value)}"
    if desired == "list" and not isinstance(value, (list, tuple)):
        return f"{name} is to be a list, and is {_called(value)}{shown}. {LIST_REMEDY.format(name=name)}."
    if desired == "dict" and not isinstance(value, Mapping):
        return f"{name} is to be a dictionary, and is {_called(value)}{shown}. {LIST_REMEDY.format(name=name).replace('[...]', '{...}')}."
    if desired in ("str", "path") and isinstance(value, (list, tuple, Mapping)):
        return f"{name} is to be text, and is {_called(value)}{shown}."
    return None


def _called(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a dictionary"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "text" if isinstance(value, str) else f"a {type(value).__name__}"


def _quoted(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _either(choices: Iterable[Any]) -> str:
    *others, last = map(str, choices)
    return f"{', '.join(others)} or {last}" if others else last


def _without_defaults(option: Mapping[str, Any]) -> dict[str, Any]:
    """An option for core's validator, which is not to template a role's defaults."""
    kept = {key: option[key] for key in ("type", "elements", "choices", "required") if key in option}
    if "options" in option:
        kept["options"] = {name: _without_defaults(part) for name, part in option["options"].items()}
    return kept


def unknown(name: str, options: Options) -> str | None:
    """A sentence on a name that is no variable of this collection, with the nearest one that is; None if it is one."""
    names = [*options, *OTHERS]
    if not name.startswith(PREFIX) or name in names or name in REGISTERED:
        return None
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]}?" if near else "nothing reads it."
    return f"{name}: {hint}" if near else f"{name}: no role or playbook of this collection knows it, so {hint}"


def validate(hosts: Mapping[str, Mapping[str, Any]], options: Options) -> tuple[list[Finding], list[Finding]]:
    """(what is wrong with values, names that nobody knows).

    :param hosts: host -> its variables that begin with calico_ and could be templated.
    """
    wrong: dict[str, list[str]] = {}
    strange: dict[str, list[str]] = {}
    validated: dict[tuple[str, str], str | None] = {}
    sentences: list[str | None]
    filtered: dict[str, Mapping[str, list[str]]] = {}
    for host, variables in hosts.items():
        together = repr([(name, variables.get(name)) for name in FOR_FILTERS])
        if together not in filtered:
            filtered[together] = _refused(variables)
        for name, value in sorted(variables.items()):
            if name in filtered[together]:
                sentences, found = [*filtered[together][name]], wrong
            elif name in options:
                key = (name, repr(value))
                if key not in validated:
                    validated[key] = problem(name, value, options[name])
                sentences, found = [validated[key]], wrong
            else:
                sentences, found = [unknown(name, options)], strange
            for sentence in sentences:
                if sentence:
                    found.setdefault(sentence, []).append(host)
    return _findings(wrong, len(hosts)), _findings(strange, len(hosts))


def together(hosts: Mapping[str, Mapping[str, Any]], groups: Groups, asks_mesos: bool = True) -> list[Finding]:
    """What is wrong with the variables of all hosts and their groups.

    :param asks_mesos: whether something else than variables says where DC/OS' APIs are.
    """
    managed = [variables for variables in hosts.values() if variables.get("calico_etcd_source") == "managed"]
    lacking = (
        managed and not groups.get("masters") and not all(variables.get("calico_etcd_members") for variables in managed)
    )
    drained = [
        name for name, own in hosts.items() if _yes(own, "calico_agent_drain") and not own.get("calico_dcos_url")
    ]
    found = {} if asks_mesos or not drained else {NO_URL: drained}
    return [*([Finding(_shapes.NO_MASTERS)] if lacking else []), *_findings(found, len(hosts))]


def groups(hosts: Mapping[str, Mapping[str, Any]], inventory: Groups) -> dict[str, list[str]]:
    """Of each host the groups that plays take their hosts from: C(calico_wants_COMPONENT), and what runs on masters.

    What is done once per cluster, by DC/OS' APIs alone, is done by the first agent.
    """
    masters = set(inventory.get("masters") or ())
    agents = [name for name in hosts if name not in masters]
    found: dict[str, list[str]] = {name: [] for name in hosts}
    for component in COMPONENTS:
        for name in [name for name in hosts if (name in masters) == (component == "mesos_dns")]:
            if _yes(hosts[name], f"calico_{component}"):
                found[name].append(f"calico_wants_{component}")
    in_cloud = any("calico_wants_public_cloud" in found[name] for name in agents)
    for name in [name for name in hosts if name in masters]:
        with_node = _yes(hosts[name], "calico_masters")
        found[name].append(f"calico_masters_{'with' if with_node else 'without'}_node")
        found[name] += ["calico_public_cloud_masters"] if with_node and agents else []
        found[name] += ["calico_wants_public_cloud"] if with_node and in_cloud else []
        found[name] += ["calico_etcd_managed"] if hosts[name].get("calico_etcd_source") == "managed" else []
    for name in agents[:1]:
        if hosts[name].get("calico_install_method") == "universe":
            found[name].append("calico_wants_universe")
        elif hosts[name].get("calico_etcd_source") == "universe":
            found[name].append("calico_etcd_universe")
    return {name: own for name, own in found.items() if own}


def components(hosts: Mapping[str, Mapping[str, Any]], inventory: Groups) -> dict[str, list[str]]:
    """Of each host the optional components to validate. What policies say is validated by preflight, where there is one."""
    found: dict[str, list[str]] = {}
    for name, own in groups(hosts, inventory).items():
        switched = {group.removeprefix("calico_wants_") for group in own}
        universe = ["universe"] if switched & {"universe", "calico_etcd_universe"} else []
        by_preflight = {"policy"} if hosts[name].get("calico_install_method", "advanced") == "advanced" else set()
        found[name] = universe + [component for component in COMPONENTS if component in switched - by_preflight]
    if not inventory.get("masters"):  # which is refused
        for name in [name for name, variables in hosts.items() if _yes(variables, "calico_mesos_dns")][:1]:
            found[name] = [*found.get(name, []), "mesos_dns"]
    return {name: own for name, own in found.items() if own}


def _refused(variables: Mapping[str, Any]) -> dict[str, list[str]]:
    """What filters say of a host's variables: variable -> sentences, each entry of a list by itself.

    A filter that fails later does so behind what ansible-core says of the template that it stands in.
    """
    found: dict[str, list[str]] = {}

    def ask(name: str, filter_: Callable[..., Any], *arguments: Any) -> None:
        try:
            filter_(*arguments)
        except (AnsibleFilterError, CalicoError) as error:
            if str(error) not in found.setdefault(name, []):
                found[name].append(str(error))

    if "calico_release" in variables:
        ask("calico_release", _releases.resolve, variables["calico_release"])
    release = None if "calico_release" in found else variables.get("calico_release")
    default = variables.get("calico_policy_default_profile", _shapes.PROFILES[0])
    pools = _items(variables, "calico_ip_pools")
    for item in pools:
        ask("calico_ip_pools", _shapes.ip_pool_resources, [item])
    for item in _items(variables, "calico_networks"):
        ask(
            "calico_networks",
            _shapes.profile_resources,
            [item],
            default if default in _shapes.PROFILES else _shapes.PROFILES[0],
        )
        ask("calico_networks", _shapes.cni_network_files, [item], "", {"endpoints": []})
    for item in _items(variables, "calico_policies"):
        ask("calico_policies", _shapes.policy_resources, [item])
    if "calico_ip_pools" not in found and boolean(variables.get("calico_docker_network", False), strict=False):
        for item in _items(variables, "calico_docker_networks"):
            ask("calico_docker_networks", _docker.docker_networks, [item], pools, True, release and str(release))
    scrapers = variables.get("calico_metrics_scrapers") or []
    if isinstance(scrapers, list) and (scrapers or _yes(variables, "calico_metrics")):
        given = "calico_metrics_scrapers" if "calico_metrics_scrapers" in variables else "calico_metrics"
        ask(given, _checks.scrapers, scrapers, "calico_metrics_scrapers")
    for name in WRITTEN:
        if isinstance(variables.get(name), str):
            ask(name, _controller_paths.controller_path, variables[name], True)
    for name, ending in ENDINGS.items():
        value = variables.get(name)
        if isinstance(value, str) and value.strip() and not value.strip().endswith(ending):
            found.setdefault(name, []).append(
                f"{name} cannot be {value}: nobody would read it. Let it end with {ending}."
            )
    return found


def _items(variables: Mapping[str, Any], name: str) -> list[Any]:
    """The entries of a variable; none where it is no list, which is said elsewhere."""
    value = variables.get(name) or []
    return value if isinstance(value, list) else []


def without_effect(hosts: Mapping[str, Mapping[str, Any]], extra: Iterable[str] = EXTRA_ONLY) -> list[Finding]:
    """What is set, and does nothing as the rest is set.

    :param extra: names of the extra variables of this run.
    """
    found: dict[str, list[str]] = {}
    for host, variables in hosts.items():
        for sentence in (*_idle(variables), *_unread(variables, extra)):
            found.setdefault(sentence, []).append(host)
    return _findings(found, len(hosts))


def _unread(variables: Mapping[str, Any], extra: Iterable[str]) -> Iterator[str]:
    for name in EXTRA_ONLY:
        if name in variables and name not in extra:
            yield f"{name} has no effect in an inventory, because plays are cut into batches before it is read: give it as an extra variable, -e {name}=..."


def _idle(variables: Mapping[str, Any]) -> Iterator[str]:
    given = [name for name in ("calico_policies", "calico_resources") if variables.get(name)]
    if given and not _yes(variables, "calico_policy"):
        yield f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} kept by dcos.calico.policy only: dcos.calico.site does so with calico_policy: true."
    members = variables.get("calico_etcd_members") or []
    plain = (
        [str(member) for member in members if str(member).startswith("http://")] if isinstance(members, list) else []
    )
    if plain and variables.get("calico_etcd_ca_file"):
        yield f"calico_etcd_ca_file has no effect for {', '.join(plain)}: nothing is encrypted over http. Write https, if they speak it."
    if members and variables.get("calico_etcd_srv"):
        yield "calico_etcd_srv has no effect beside calico_etcd_members, which name the members: take one of them out."
    if variables.get("calico_node_archive_sha256") and not any(variables.get(name) for name in ARCHIVE_FROM):
        yield f"calico_node_archive_sha256 has no effect: calico/node's image comes from an archive with one of {', '.join(ARCHIVE_FROM)} only."
    if _yes(variables, "calico_docker_network_disable_ipv6") and not _yes(variables, "calico_docker_network"):
        yield "calico_docker_network_disable_ipv6 has no effect for dcos.calico.site without calico_docker_network: true."
    if _yes(variables, "calico_policy_prune") and not _yes(variables, "calico_policy"):
        yield "calico_policy_prune has no effect for dcos.calico.site without calico_policy: true; dcos.calico.policy looks at it."


def _yes(variables: Mapping[str, Any], name: str) -> bool:
    return bool(boolean(variables.get(name, False), strict=False))


def _findings(found: Mapping[str, list[str]], number: int) -> list[Finding]:
    """Sentences as findings, each with the hosts that it is about if those are not all."""
    return [Finding(words, host=ALL if len(hosts) == number else some(hosts)) for words, hosts in found.items()]
