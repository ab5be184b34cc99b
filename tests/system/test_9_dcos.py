"""The DC/OS side on real systemd hosts, each way from nothing: etcd from the Universe, Calico from the Universe, the dynamic inventory alone, certificates
of the Enterprise CA. Each on a lab of its own (ACCEPT_LAB names it), one after the other."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from dcoslab import dcosmaster
from support.ansible import Run, playbook
from support.dcos import Control, variables
from support.lab import Host, Lab, eventually, lab_with
from support.pings import Pings
from support.workloads import Workloads

pytestmark = pytest.mark.slow
NAME = os.environ.get("ACCEPT_LAB", "accept")
PRIVATE = {"LAB_PUBLIC_AGENTS": "0"}
POOL = ipaddress.ip_network("192.168.0.0/16")
# Nobody is to wonder for longer whether anything is still going on.
SILENCE = 30
# What containers may notice of new certificates, in seconds.
INTERRUPTION = 3


def works(lab: Lab) -> None:
    """Workloads of all agents reach each other, at addresses of the pool."""
    with Workloads(lab, "calico") as workloads:
        addresses = {ipaddress.ip_address(item.address) for item in workloads.items}
        assert len(addresses) == len(lab.agents) and all(address in POOL for address in addresses)
        assert workloads.unreachable() == []


def sessions(lab: Lab) -> dict[str, int]:
    return {agent.name: lab.calicoctl("node", "status", host=agent).count("Established") for agent in lab.agents}


def all_established(lab: Lab) -> None:
    desired = {agent.name: len(lab.agents) - 1 for agent in lab.agents}
    eventually("all sessions are Established", lambda: sessions(lab) == desired, 30)


def test_the_first_guides_path_with_etcd_of_the_universe() -> None:
    """etcd 0.0.3 from the Universe, waited for; then proxies that find it by SRV, calicoctl, calico/node, CNI by hand."""
    with lab_with(NAME, **PRIVATE, LAB_UNIVERSE_ETCD="1") as lab:
        control = Control(lab)
        control.forget()
        before = lab.snapshot()
        predicted = playbook(lab.inventory, "--check", "--diff").require()
        assert control.writes() == {}
        assert lab.snapshot() == before
        first = playbook(lab.inventory, "--diff").require()
        assert control.writes() == {"POST /package/install": 1}
        assert sorted(predicted.changed()) == sorted(first.changed())
        assert f"cluster is healthy; 3 of 3 members in DNS ({', '.join(peers(control))})" in first.output
        for agent in lab.agents:
            assert "--discovery-srv=etcd.mesos" in agent.out("systemctl", "cat", "calico-etcd-proxy.service")
            assert (
                json.loads(agent.out("curl", "-fsS", "http://127.0.0.1:2379/v2/keys/calico/v1/Ready"))["node"]["value"]
                == "true"
            )
        playbook(lab.inventory, "--diff").require_nothing_done(lab.agents)
        assert control.writes() == {"POST /package/install": 1}
        works(lab)


def peers(control: Control) -> list[str]:
    """address:port for its peers of each etcd member, as Mesos itself has the tasks."""
    agents = {agent["id"]: agent["hostname"] for agent in control.ask("GET", "/slaves")["slaves"]}
    running = [
        task
        for task in control.ask("GET", "/tasks")["tasks"]
        if task["state"] == "TASK_RUNNING" and task["name"] == "etcd-server"
    ]
    ports = [(agents[task["slave_id"]], port) for task in running for port in task["discovery"]["ports"]["ports"]]
    return sorted(f"{address}:{port['number']}" for address, port in ports if port["name"] == "server")


UNTOUCHED = {
    "a wrong token": ({"calico_dcos_token": "wrong"}, ("401",)),
    "no trust": ({"calico_dcos_ca_path": "/etc/ssl/certs/ca-certificates.crt"}, ("could not be verified", "ca_path")),
    "TLS with etcd of the Universe": ({"calico_etcd_ca_file": "/etc/calico/certs/ca.crt"}, ("TLS", "Universe")),
    "etcd of the Universe without proxies": ({"calico_etcd_proxy": False}, ("without a proxy", "SRV records")),
    "an option that the package does not have": ({"calico_universe_etcd_options": {"etcd": {"size": 3}}}, ("no option of the package",)),
    "Calico of the Universe and a managed etcd": ({"calico_install_method": "universe", "calico_etcd_source": "managed"}, ("managed etcd is set up over ssh",)),
    "Calico of the Universe and TLS": ({"calico_install_method": "universe", "calico_etcd_ca_file": "/etc/calico/certs/ca.crt"}, ("TLS",)),
    "certificates without an authority": (
        {"calico_certificates": True, "calico_etcd_source": "managed", "calico_etcd_ca_file": "/etc/calico/certs/ca.crt",
         "calico_etcd_cert_file": "/etc/calico/certs/c.crt", "calico_etcd_key_file": "/etc/calico/certs/c.key"},
        ("There is no certificate authority",),
    ),
}  # fmt: skip


def test_the_universe_does_all_and_what_cannot_be_is_refused_on_untouched_hosts() -> None:
    """Refusals first, then etcd and Calico from the Universe by dcos.calico.universe, then again by site.yml."""
    with lab_with(NAME, **PRIVATE, LAB_UNIVERSE_ETCD="1") as lab:
        control = Control(lab)
        refused_on_untouched_hosts(lab, control)
        site = {"calico_install_method": "universe"}
        before = lab.snapshot()
        for name, given in (("playbooks/universe.yml", {}), ("site.yml", site)):
            assert playbook(lab.inventory, "--check", "--diff", name=name, variables=given).require().changed()
        assert lab.snapshot() == before and control.writes() == {}
        first = playbook(lab.inventory, name="playbooks/universe.yml", timeout=1800).require()
        for words in (
            "This is not Calico 2.6",
            "0.4.0",
            "calico/node 1.0.0",
            "restarts the Mesos agent on each of 3 agents",
        ):
            assert words in " ".join(first.output.split())
        assert longest_silence(first) <= SILENCE
        assert re.search(r"calico: 3 of 3 agents done", first.output) and "CNI plugin" in first.output
        assert control.writes() == {"POST /package/install": 2}
        for agent in lab.agents:
            eventually(
                "calico/node is up",
                lambda a=agent: "calico/node:v1.0.0" in a.out("docker", "ps", "--format", "{{.Image}}"),
                60,
            )
        for name, given in (("playbooks/universe.yml", {}), ("site.yml", site)):
            again = playbook(lab.inventory, name=name, variables=given).require()
            assert again.changed() == [] and again.remote() == {}
        assert playbook(lab.inventory, "--check", name="site.yml", variables=site).require().changed() == []
        assert control.writes() == {"POST /package/install": 2}
        works(lab)


def refused_on_untouched_hosts(lab: Lab, control: Control) -> None:
    control.forget()
    before = lab.snapshot()
    for what, (given, words) in UNTOUCHED.items():
        run = playbook(lab.inventory, variables=given)
        message = " ".join(" ".join(str(item["msg"]) for item in run.failed()).split())
        print(f"{what}: {message}")
        assert run.rc != 0 and not [word for word in words if word not in message], f"{what}: {message}"
        assert "Traceback" not in run.output
        assert run.changed() == [] or what == "certificates without an authority", f"{what}: {run.changed()}"
    assert control.writes() == {}
    after = lab.snapshot()
    for name, host in after.items():
        # The key that a certificate is asked for is made first; it is no other's business.
        if name != "etcd":
            host["files"] = {
                path: value
                for path, value in host["files"].items()
                if not path.startswith("/etc/calico") and path != "/etc/calico"
            }
    assert after == before


def longest_silence(run: Run) -> float:
    """Seconds without a line while the run went on."""
    times = [0.0, *(when for when, _ in run.lines), run.seconds]
    return max(b - a for a, b in zip(times, times[1:]))


def test_calico_of_the_universe_by_site_from_nothing() -> None:
    with lab_with(NAME, **PRIVATE, LAB_AGENTS="3", LAB_UNIVERSE_ETCD="1") as lab:
        site = {"calico_install_method": "universe"}
        first = playbook(lab.inventory, variables=site, timeout=1800).require()
        assert "This is not Calico 2.6" in first.output and first.remote() == {} and longest_silence(first) <= SILENCE
        assert playbook(lab.inventory, variables=site).require().changed() == []
        works(lab)


def dynamic(lab: Lab, directory: Path, *, merged: bool) -> Path:
    """An inventory directory whose hosts are the cluster's own. `merged`: names, users and interpreters come of a second source that knows neither groups
    nor roles; else users and interpreters are composed."""
    static = json.loads(json.dumps(lab_inventory(lab)))
    common = {name: value for name, value in static["all"]["vars"].items() if not name.startswith("lab_")}
    (directory / "group_vars").mkdir(parents=True)
    (directory / "group_vars" / "all.json").write_text(json.dumps({**common, **variables(lab)}))
    known = {host.address: known_of(static, host.name) for host in lab.hosts.values()}
    source = {"plugin": "dcos.calico.dcos", "url": dcosmaster.url(lab.settings), "ca_path": str(dcosmaster.directory(lab.settings) / "ca-bundle.crt"),
              "token": (dcosmaster.directory(lab.settings) / "token").read_text(), "strict": True}  # fmt: skip
    if merged:
        hosts = {
            "hosts": {host.name: {"ansible_host": host.address, **known[host.address]} for host in lab.hosts.values()}
        }
        (directory / "10-hosts.yml").write_text(json.dumps({"all": hosts}))
    else:
        source["compose"] = {
            name: f"({ {address: given.get(name) for address, given in known.items()} })[inventory_hostname]"
            for name in CONNECTION
        }
    (directory / "20-dcos.yml").write_text(json.dumps(source))
    return directory


CONNECTION = ("ansible_user", "ansible_python_interpreter", "ansible_become")


def known_of(static: dict[str, Any], name: str) -> dict[str, Any]:
    """What the lab's inventory says of how one host is logged in to."""
    agents = static["all"]["children"]["agents"]["children"]
    for group in (static["all"]["children"]["masters"], *agents.values()):
        if name in group["hosts"]:
            return {
                "ansible_become": False,
                **{key: value for key, value in group["hosts"][name].items() if key in CONNECTION},
            }
    raise KeyError(name)


def lab_inventory(lab: Lab) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = yaml.safe_load(lab.inventory.read_text())
    return found


@pytest.mark.parametrize(("profile", "core"), [("default", "2.16"), ("modern", "new")])
def test_the_dynamic_inventory_alone_gives_what_the_static_one_gives(tmp_path: Path, profile: str, core: str) -> None:
    with lab_with(NAME, profile) as lab:
        alone = dynamic(lab, tmp_path / "alone", merged=False)
        before = lab.snapshot()
        predicted = playbook(alone, "--check", "--diff", core=core).require()
        assert lab.snapshot() == before
        first = playbook(alone, "--diff", core=core).require()
        assert sorted(first.changed()) == sorted(predicted.changed())
        assert {host for host, _ in first.changed()} == {agent.address for agent in lab.agents}
        playbook(alone, core=core).require_nothing_done(lab.agents)
        after = lab.snapshot()
        merged = playbook(dynamic(lab, tmp_path / "merged", merged=True), core=core).require()
        merged.require_nothing_done(lab.agents)
        assert {item["host"] for item in merged.executions} == {agent.name for agent in lab.agents}
        playbook(lab.inventory, core=core).require_nothing_done(lab.agents)
        assert lab.snapshot() == after
        works(lab)


TLS = {
    "calico_certificates": True,
    "calico_etcd_ca_file": "/etc/calico/certs/ca.crt",
    "calico_etcd_cert_file": "/etc/calico/certs/etcd.crt",
    "calico_etcd_key_file": "/etc/calico/certs/etcd.key",
}
ROTATE = "playbooks/rotate_certificates.yml"


def test_certificates_of_the_enterprise_ca() -> None:
    """A managed etcd with TLS whose certificates, and those of its clients, are of DC/OS's own authority; issued, kept, renewed."""
    with lab_with(
        NAME, "etcd3", LAB_AGENTS="2", LAB_PUBLIC_AGENTS="0", LAB_MANAGED_ETCD="1", LAB_DCOS_VARIANT="enterprise"
    ) as lab:
        control = Control(lab)
        control.forget()
        given = {**variables(lab), **TLS}
        before = lab.snapshot()
        predicted = playbook(lab.inventory, "--check", "--diff", variables=given).require()
        assert control.writes() == {} and lab.snapshot() == before
        first = playbook(lab.inventory, "--diff", variables=given).require()
        assert set(first.changed()) == set(predicted.changed())
        assert control.writes() == {"POST /ca/api/v2/sign": len(lab.hosts)}
        certificates_are_in_use(lab)
        for name in ("site.yml", ROTATE):
            again = playbook(lab.inventory, "-vvv", name=name, variables=given).require()
            assert again.changed() == [], name
            assert "PRIVATE KEY" not in again.output
        works(lab)
        renewed(lab, control, given)


def renewed(lab: Lab, control: Control, given: dict[str, Any]) -> None:
    """Certificates of a day are nearly due: they are replaced, and what uses them is restarted, one after the other."""
    short = {**given, "calico_certificates_profile": "short", "calico_certificates_renew_before": 0}
    # As if they had been issued a year ago: by a profile that gives them a day, because of another name.
    playbook(lab.inventory, name=ROTATE, variables={**short, "calico_certificates_organization": "soon"}).require()
    assert (
        playbook(lab.inventory, name=ROTATE, variables={**short, "calico_certificates_organization": "soon"})
        .require()
        .changed()
        == []
    )
    due = {**given, "calico_certificates_organization": "soon"}
    old = {host.name: serial(host) for host in lab.hosts.values()}
    control.forget()
    assert {
        host for host, _ in playbook(lab.inventory, "--check", name=ROTATE, variables=due).require().changed()
    } >= set(old)
    assert control.writes() == {} and {host.name: serial(host) for host in lab.hosts.values()} == old
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []
        with Pings(workloads) as pings:
            run = playbook(lab.inventory, name=ROTATE, variables=due).require()
        assert pings.longest_silence() < INTERRUPTION, pings.silences()
    assert control.writes() == {"POST /ca/api/v2/sign": len(lab.hosts)}
    new = {host.name: serial(host) for host in lab.hosts.values()}
    assert not [name for name in old if new[name] == old[name]]
    for masters, task in ((True, "member"), (False, "proxy")):
        restarted = [host for host, name in run.changed() if task in name]
        assert sorted(restarted) == sorted(host.name for host in (lab.masters if masters else lab.agents)), (
            run.changed()
        )
    one_by_one(lab, run)
    certificates_are_in_use(lab)
    all_established(lab)
    assert playbook(lab.inventory, name=ROTATE, variables=due).require().changed() == []
    assert playbook(lab.inventory, variables=due).require().changed() == []
    # site has certificates issued after the plan was made, and what reads them is restarted in the same run.
    control.forget()
    other = {**given, "calico_certificates_organization": "another"}
    run = playbook(lab.inventory, variables=other).require()
    assert control.writes() == {"POST /ca/api/v2/sign": len(lab.hosts)}
    for masters, task in ((True, "member"), (False, "proxy")):
        restarted = {host for host, name in run.changed() if task in name}
        assert restarted == {host.name for host in (lab.masters if masters else lab.agents)}, run.changed()
    certificates_are_in_use(lab)
    assert playbook(lab.inventory, variables=other).require().changed() == []


def one_by_one(lab: Lab, run: Run) -> None:
    """A member is restarted when the one before is healthy, an agent's proxy when calico/node of the one before is seen well."""
    members = [item for item in run.results if item["action"] == "dcos.calico.etcd_member" and item["changed"]]
    wall = time.time() - time.monotonic()  # hosts and this machine have one kernel
    for before, after in zip(members, members[1:]):
        show = lab.hosts[after["host"]].out(
            "systemctl", "show", "-p", "ActiveEnterTimestampMonotonic", "calico-etcd.service"
        )
        assert int(show.partition("=")[2]) / 1e6 + wall > before["time"], (
            f"{after['host']} was restarted while {before['host']} was not done"
        )
    agents = [
        item["host"]
        for item in run.results
        if item["action"] in ("dcos.calico.etcd_proxy", "dcos.calico.calicoctl_node")
    ]
    assert agents[0::2] == agents[1::2] and len(agents) == 2 * len(lab.agents), agents


def serial(host: Host) -> str:
    return host.out("openssl", "x509", "-noout", "-serial", "-in", TLS["calico_etcd_cert_file"]).strip()


def served(host: Host) -> str:
    """Serial number of the certificate that the member on a host shows."""
    shown = host.out(
        "sh",
        "-c",
        f"openssl s_client -connect {host.address}:2379 </dev/null 2>/dev/null | openssl x509 -noout -serial",
    )
    return shown.strip()


def certificates_are_in_use(lab: Lab) -> None:
    for host in lab.hosts.values():
        assert host.out("stat", "-c", "%a %U", TLS["calico_etcd_key_file"]).split() == ["600", "root"]
        host.run("openssl", "verify", "-CAfile", TLS["calico_etcd_ca_file"], TLS["calico_etcd_cert_file"])
        assert host.address in host.out("openssl", "x509", "-noout", "-text", "-in", TLS["calico_etcd_cert_file"])
    for master in lab.masters:
        assert served(master) == serial(master), f"{master.name} still shows another certificate"
        answer = lab.agents[0].run(
            "curl",
            "-sS",
            "--cacert",
            TLS["calico_etcd_ca_file"],
            f"https://{master.address}:2379/v2/keys/",
            check=False,
        )
        assert answer.returncode != 0, "a client without a certificate is let in"
    for agent in lab.agents:
        agent.run("curl", "-fsS", "http://127.0.0.1:2379/v2/keys/calico/v1/Ready")
