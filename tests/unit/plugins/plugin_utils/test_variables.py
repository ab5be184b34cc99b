"""Types, choices and names of variables: pure, and by ansible-playbook on the core that runs these tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _variables
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Finding

from ..inventory.test_dcos import ROOT, Inventories

OPTIONS = _variables.read_options(ROOT / "roles")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("calico_etcd_members", ["http://a:2379"]),
        ("calico_etcd_members", []),
        ("calico_masters", "true"),
        ("calico_masters", "no"),
        ("calico_masters", 1),
        ("calico_download_timeout", "600"),
        ("calico_dcos_timeout", "1.5"),
        ("calico_release", 2.6),
        ("calico_agent_restart", "always"),
        ("calico_dcos_service_account", {"uid": "x"}),
        ("calico_dcos_service_account", "x"),
        ("calico_ip_pools", [{"cidr": "10.0.0.0/16", "ipip": "always", "nat_outgoing": "yes"}]),
        ("calico_ip_pools", [{"cidr": "10.0.0.0/16", "ipip": False}]),
        ("calico_mirror_url", None),
    ],
)
def test_values_that_are_taken(name: str, value: Any) -> None:
    assert _variables.problem(name, value, OPTIONS[name]) is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (
            "calico_etcd_members",
            "http://a:2379,http://b:2379",
            "calico_etcd_members is to be a list, and is text: http://a:2379,http://b:2379. A value on the",
        ),
        ("calico_etcd_members", "", "is to be a list, and is text"),
        ("calico_etcd_members", {"a": 1}, "is to be a list, and is a dictionary"),
        ("calico_ip_pools", "- cidr: 10.32.0.0/16\n  ipip: always", "is to be a list, and is text"),
        ("calico_ip_pools", [{"ipip": "always"}], "missing required arguments: cidr"),
        ("calico_ip_pools", [{"cidr": "10.0.0.0/16", "ipip": "sometimes"}], "value of ipip must be one of"),
        ("calico_ip_pools", [{"cidr": "10.0.0.0/16", "ipipp": "always"}], "ipipp"),
        ("calico_ip_pools", ["10.0.0.0/16"], "calico_ip_pools: "),
        ("calico_install_method", "avanced", "calico_install_method cannot be avanced. Choose advanced or universe."),
        ("calico_agent_restart", "sometimes", "Choose auto, always or never."),
        ("calico_masters", "nope", "calico_masters: "),
        ("calico_download_timeout", "soon", "calico_download_timeout: "),
        ("calico_mirror_url", ["x"], "calico_mirror_url is to be text, and is a list"),
    ],
)
def test_values_that_are_refused(name: str, value: Any, words: str) -> None:
    assert words in (_variables.problem(name, value, OPTIONS[name]) or "")


def test_secrets_are_not_quoted() -> None:
    for name in ("calico_dcos_password", "calico_dcos_token"):
        assert "sesame" not in (_variables.problem(name, ["sesame"], OPTIONS[name]) or "")


def test_every_default_of_every_role_is_of_its_type() -> None:
    wrong = [
        _variables.problem(name, option.get("default"), option)
        for name, option in OPTIONS.items()
        if not _variables.is_template(option.get("default"))
    ]
    assert [sentence for sentence in wrong if sentence] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("calico_relase", "calico_relase: did you mean calico_release?"),
        ("calico_etcd_member", "did you mean calico_etcd_members?"),
        ("calico_qqqqqqqqqqqqqq", "no role or playbook of this collection knows it"),
        ("calico_release", None),
        ("calico_roll_serial", None),
        ("calico_agent", None),
        ("kubernetes_calico", None),
    ],
)
def test_names(name: str, words: str | None) -> None:
    found = _variables.unknown(name, OPTIONS)
    assert words in str(found) if words else found is None


def test_hosts_are_named_where_it_is_not_all() -> None:
    hosts: dict[str, dict[str, Any]] = {
        f"h{number}": {"calico_masters": "nope" if number else True, "calico_relase": 1} for number in range(6)
    }
    wrong, strange = _variables.validate(hosts, OPTIONS)
    assert wrong[0].host == "h1, h2, h3 and 2 more" and strange == [
        Finding("calico_relase: did you mean calico_release?")
    ]


def test_a_drain_needs_to_know_where_mesos_is_asked() -> None:
    hosts = {"a": {"calico_agent_drain": "true"}, "b": {"calico_agent_drain": True, "calico_dcos_url": "https://x"}}
    (found,) = _variables.together(hosts, {}, asks_mesos=False)
    assert found.host == "a" and found.what.startswith("calico_agent_drain drains agents by Mesos, and calico_dcos_url")
    assert _variables.together(hosts, {}, asks_mesos=True) == []
    assert _variables.together({"a": {"calico_agent_drain": False}}, {}, asks_mesos=False) == []


def test_a_managed_datastore_without_masters_is_one_sentence() -> None:
    hosts = {"a": {"calico_etcd_source": "managed"}, "b": {}}
    (masters,) = _variables.together(hosts, {"agents": ["a"]})
    assert masters.what.startswith("A managed datastore needs hosts in the group `masters`")
    assert _variables.together({"a": {"calico_etcd_source": "managed", "calico_etcd_members": ["x"]}}, {}) == []
    assert (
        _variables.together({"a": {"calico_release": "2.6.6", "calico_etcd_source": "managed"}}, {"masters": ["m"]})
        == []
    )


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (
            {"calico_policies": [{"name": "p"}]},
            "calico_policies is kept by dcos.calico.policy only: dcos.calico.site does so with calico_policy: true.",
        ),
        (
            {"calico_policies": [{"name": "p"}], "calico_resources": [{}], "calico_policy": "no"},
            "calico_policies and calico_resources are kept",
        ),
        ({"calico_policies": [{"name": "p"}], "calico_policy": "true"}, None),
        ({"calico_policies": []}, None),
        (
            {"calico_etcd_members": ["http://a:2379", "https://b:2379"], "calico_etcd_ca_file": "/ca"},
            "calico_etcd_ca_file has no effect for http://a:2379",
        ),
        ({"calico_etcd_members": ["https://b:2379"], "calico_etcd_ca_file": "/ca"}, None),
        (
            {"calico_etcd_members": ["http://b:2379"], "calico_etcd_srv": "etcd.mesos"},
            "calico_etcd_srv has no effect beside calico_etcd_members",
        ),
        ({"calico_etcd_srv": "etcd.mesos"}, None),
        ({"calico_node_archive_sha256": "ab"}, "calico_node_archive_sha256 has no effect"),
        ({"calico_node_archive_sha256": "ab", "calico_mirror_url": "https://m"}, None),
        ({"calico_docker_network_disable_ipv6": True}, "calico_docker_network_disable_ipv6 has no effect"),
        ({"calico_docker_network_disable_ipv6": "yes", "calico_docker_network": "yes"}, None),
        ({"calico_policy_prune": "true"}, "calico_policy_prune has no effect for dcos.calico.site"),
        ({"calico_policy_prune": "false"}, None),
        ({"calico_roll_serial": 5}, None),
    ],
)
def test_what_is_set_and_does_nothing_is_said(variables: dict[str, Any], words: str | None) -> None:
    found = _variables.without_effect({"a": variables, "b": variables})
    assert found == [] if words is None else len(found) == 1 and found[0].what.startswith(words)


# What an operator can write that a filter refuses, and the filter's words.
REFUSED = {
    "calico_release": ("9.9.9", "There is no Calico release 9.9.9 for this collection."),
    "calico_ip_pools": (
        [{"cidr": "10.0.0.0/8", "ipip": "maybe"}],
        "calico_ip_pools, 10.0.0.0/8: ipip cannot be 'maybe'. Use one of off",
    ),
    "calico_networks": (
        [{"name": "a", "mtu": "x"}, {"name": "b", "profile": "nope"}],
        "calico_networks, a: mtu cannot be 'x'. Give a number of bytes",
        "calico_networks, b: profile cannot be 'nope'. Use one of unmanaged",
    ),
    "calico_policies": ([{"name": "p", "nope": 1}], "calico_policies, p: unknown nope."),
    "calico_docker_networks": (
        [{"name": "d", "pool": "11.0.0.0/8"}, {}],
        "An item of calico_docker_networks has no name: {}.",
    ),
    "calico_metrics_scrapers": (
        ["10.0.9.5/8"],
        "calico_metrics_scrapers cannot be 10.0.9.5/8: it has host bits. Write 10.0.9.5, or 10.0.0.0/8 for the network",
    ),
    "calico_status_metrics": (
        "status.txt",
        "calico_status_metrics cannot be status.txt: nobody would read it. Let it end with .prom.",
    ),
    "calico_manifest_file": (
        str(ROOT / "playbooks" / "x.yml"),
        f"{ROOT}/playbooks/x.yml is not written: it lies in the collection",
    ),
    "calico_manifest_dir": (str(ROOT / "roles"), f"{ROOT}/roles is not written: it lies in the collection"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_filters_would_say_behind_templates_is_said_first(name: str) -> None:
    """Once, and in the place of what core's validator says of the same."""
    value, *words = REFUSED[name]
    variables = {name: value, "calico_docker_network": True}
    wrong, _strange = _variables.validate({"a": variables, "b": {}}, OPTIONS)
    assert [finding for word in words for finding in wrong if str(finding).startswith(word) and finding.host == "a"]
    assert len(wrong) == (2 if isinstance(value, list) and len(value) == 2 else 1)


def test_networks_of_docker_are_validated_by_the_pools_and_the_release() -> None:
    variables = {
        "calico_docker_network": True,
        "calico_ip_pools": [{"cidr": "10.0.0.0/8"}],
        "calico_docker_networks": [{"name": "d", "pool": "10.0.0.0/8"}],
    }
    assert _variables.validate({"a": {**variables, "calico_release": "2.6.12"}}, OPTIONS) == ([], [])
    assert (
        "with Calico 2.6.6 no container starts"
        in _variables.validate({"a": {**variables, "calico_release": "2.6.6"}}, OPTIONS)[0][0].what
    )
    assert _variables.validate(
        {"a": {**variables, "calico_release": "2.6.6", "calico_docker_network": False}}, OPTIONS
    ) == ([], [])


INVENTORY = (
    "[masters]\nmaster1\n[agents_private]\nagent1\nagent2\n[agents:children]\nagents_private\n"
    "[all:vars]\nansible_connection=local\nansible_become=true\n"
)


@pytest.fixture
def runs(tmp_path: Path) -> Inventories:
    made = Inventories(tmp_path)
    made.write("hosts.ini", INVENTORY)
    return made


def run(runs: Inventories, playbook: str, *arguments: str) -> tuple[int, str]:
    done = runs.run("-i", "hosts.ini", *arguments, playbook, program="ansible-playbook")
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "playbook", ["install", "site", "policy", "verify", "rotate_certificates", "universe", "kubernetes", "mesos_dns"]
)
def test_every_playbook_refuses_text_for_a_list_before_anything(runs: Inventories, playbook: str) -> None:
    """What removed the proxies of all agents, and wrote C(h,t,t,p) on them."""
    wrong = (
        "-e",
        "calico_etcd_proxy=false",
        "-e",
        "calico_etcd_members=http://a:2379,http://b:2379",
        "-e",
        "calico_relase=2.6.6",
    )
    code, said = run(runs, f"dcos.calico.{playbook}", *wrong)
    assert (
        code != 0
        and "calico_etcd_members is to be a list, and is text" in said
        and "did you mean calico_release?" in said
    )
    assert said.count("TASK [") == 1 and "argument_spec" not in said


@pytest.mark.slow
def test_a_release_that_there_is_not_is_one_sentence(runs: Inventories) -> None:
    code, said = run(runs, "dcos.calico.install", "-e", "calico_release=9.9.9")
    assert (
        code != 0
        and "There is no Calico release 9.9.9" in said
        and "templating" not in said
        and said.count("TASK [") == 1
    )


@pytest.mark.slow
@pytest.mark.parametrize("result_format", ["json", "yaml"])
def test_what_filters_refuse_is_read_in_the_first_lines(runs: Inventories, result_format: str) -> None:
    runs.environment["ANSIBLE_CALLBACK_RESULT_FORMAT"] = result_format
    variables = {name: refused[0] for name, refused in REFUSED.items()} | {"calico_docker_network": True}
    code, said = run(runs, "dcos.calico.install", "-e", f"@{runs.write('wrong.json', json.dumps(variables))}")
    assert code != 0 and said.count("TASK [") == 1
    head = "\n".join(said.partition("TASK [")[2].splitlines()[: 4 * len(REFUSED)])
    for word in (word for name, refused in REFUSED.items() if name != "calico_docker_networks" for word in refused[1:]):
        assert word in head.replace('\\"', '"')
    assert "argument_spec" not in said and "templating" not in said and "{{" not in head.partition("fatal:")[0]


@pytest.mark.slow
def test_a_role_that_is_used_alone_can_have_the_same_judgement(runs: Inventories) -> None:
    """As docs/troubleshooting.md has it."""
    roles = [{"name": "dcos.calico.calico", "tasks_from": "shared"}, {"name": "dcos.calico.calico_datastore"}]
    tasks = [
        {"name": "Use a role", "ansible.builtin.import_role": {**role, "rolespec_validate": False}} for role in roles
    ]
    runs.write("alone.yml", json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    code, said = run(runs, "alone.yml", "-e", "calico_ip_pools=10.0.0.0/8")
    assert code != 0 and "calico_ip_pools is to be a list, and is text: 10.0.0.0/8" in said
    assert said.count("TASK [") == 1 and "argument_spec" not in said


def test_a_play_of_good_variables(runs: Inventories) -> None:
    """Templates are validated by what they give, those of what is not known yet are left for later, and another's names can be let through."""
    vars_file = runs.write(
        "good.json",
        json.dumps(
            {
                "calico_etcd_members": "{{ ['http://a:2379'] }}",
                "calico_node_name": "{{ calico_agent.node.ip }}",
                "calico_ours": 1,
                "calico_unknown_variables": "warn",
            }
        ),
    )
    play = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"dcos.calico.variables": {"hosts": "{{ ansible_play_hosts_all }}"}, "run_once": True}],
    }
    runs.write("play.yml", json.dumps([play]))
    code, said = run(runs, "play.yml", "-e", f"@{vars_file}")
    assert code == 0 and "calico_ours" in said and "[WARNING]" in said
    code, said = run(runs, "play.yml", "-e", "calico_etcd_members={{ 'a,b' }}")
    assert code != 0 and "calico_etcd_members is to be a list, and is text: a,b" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", ["calico_roll_serial", "calico_start_serial"])
def test_a_serial_in_an_inventory_is_not_read(runs: Inventories, name: str) -> None:
    """Nobody reads it there, and as an extra variable it works."""
    (runs.directory / "group_vars").mkdir()
    runs.write("group_vars/all.yml", f"{name}: 3\ncalico_relase: x\n")
    words = f"{name} has no effect in an inventory"
    code, said = run(runs, "dcos.calico.install")
    assert code != 0 and words in " ".join(said.split())
    assert words not in " ".join(run(runs, "dcos.calico.install", "-e", f"{name}=3")[1].split())


ON = {f"calico_{name}": True for name in _variables.COMPONENTS}


def test_hosts_are_grouped_by_the_optional_components_that_run_on_them() -> None:
    """A component of agents is not for a master, even where a variable of all hosts switches it on; Mesos-DNS is for masters alone."""
    hosts = {
        "a": ON,
        "b": {"calico_verify": "yes"},
        "c": {"calico_kubernetes": False},
        "m": {**ON, "calico_masters": True},
        "n": {},
    }
    found = _variables.groups(hosts, {"masters": ["m", "n"]})
    assert found == {
        "a": [f"calico_wants_{name}" for name in _variables.COMPONENTS if name != "mesos_dns"],
        "b": ["calico_wants_verify"],
        "m": [
            "calico_wants_mesos_dns",
            "calico_masters_with_node",
            "calico_public_cloud_masters",
            "calico_wants_public_cloud",
        ],
        "n": ["calico_masters_without_node"],
    }


def test_masters_are_part_of_a_public_cloud_only_beside_agents_that_are() -> None:
    master = {"calico_masters": True, "calico_public_cloud": True, "calico_etcd_source": "managed"}
    assert _variables.groups({"m": master}, {"masters": ["m"]}) == {
        "m": ["calico_masters_with_node", "calico_etcd_managed"]
    }
    beside = _variables.groups({"m": master, "a": {}}, {"masters": ["m"]})
    assert beside == {"m": ["calico_masters_with_node", "calico_public_cloud_masters", "calico_etcd_managed"]}


def test_what_the_universe_installs_is_the_business_of_one_agent() -> None:
    framework, etcd = {"calico_install_method": "universe"}, {"calico_etcd_source": "universe"}
    assert _variables.groups({"m": framework, "a": framework, "b": framework}, {"masters": ["m"]})["a"] == [
        "calico_wants_universe"
    ]
    assert _variables.groups({"a": etcd, "b": etcd}, {}) == {"a": ["calico_etcd_universe"]}
    assert _variables.components({"a": etcd, "b": etcd}, {}) == {"a": ["universe"]}


def test_policies_are_validated_by_preflight_where_there_is_one() -> None:
    wants = {"calico_policy": True, "calico_verify": True}
    assert _variables.components({"a": wants}, {"masters": ["m"]}) == {"a": ["verify"]}
    assert _variables.components({"a": {**wants, "calico_install_method": "universe"}}, {"masters": ["m"]}) == {
        "a": ["universe", "policy", "verify"]
    }


def test_mesos_dns_without_masters_is_validated_by_one_host_which_refuses_it() -> None:
    hosts = {"a": {"calico_mesos_dns": True}, "b": {"calico_mesos_dns": True}}
    assert _variables.groups(hosts, {"agents": ["a", "b"]}) == {}
    assert _variables.components(hosts, {"agents": ["a", "b"]}) == {"a": ["mesos_dns"]}
    assert _variables.components(hosts, {"agents": ["a", "b"], "masters": ["m"]}) == {}


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        ({"calico_metrics": True}, True),
        ({"calico_metrics": "yes", "calico_metrics_scrapers": []}, True),
        ({"calico_metrics": False, "calico_metrics_scrapers": []}, False),
        ({"calico_metrics": True, "calico_metrics_scrapers": ["10.0.9.5", "10.1.0.0/16"]}, False),
    ],
)
def test_metrics_without_a_scraper_are_refused(variables: dict[str, Any], refused: bool) -> None:
    wrong, strange = _variables.validate({"a": variables}, OPTIONS)
    assert strange == [] and [finding.what[:67] for finding in wrong] == (
        ["calico_metrics_scrapers cannot be empty: nobody would reach the met"] if refused else []
    )
