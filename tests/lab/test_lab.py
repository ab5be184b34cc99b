"""The parts of the lab that need no lab: address plan, flavours, inventory, files, apt sources."""

from __future__ import annotations

import dataclasses
import io
import ipaddress
import json
import sys
import tarfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from dcoslab import dcosfiles, hostfiles, image, inventory, mirror, prerequisites, process, settings, topology  # noqa: E402
from dcoslab import tree as tree_module  # noqa: E402

SUBNET = ipaddress.IPv4Network("172.29.77.0/24")
PYTHONS = {version: f"/pythons/{version}/bin/python{version}" for version in prerequisites.PYTHONS}


@pytest.fixture(name="lab")
def a_lab(tmp_path: Path) -> settings.Settings:
    return make_lab(tmp_path)


def make_lab(state: Path, **changes: object) -> settings.Settings:
    base = settings.Settings(
        name="test",
        run_id="0000",
        profile="default",
        subnet=str(SUBNET),
        state=state,
        cache=state / "cache",
        image_store=state / "cache" / "images" / "x",
        topology_env={},
        dcos_version="1.11.0",
        dcos_variant="open",
        etcd_source="bullseye",
        etcd_tls=False,
        managed_etcd=False,
        universe_etcd=False,
        dcos_api=False,
        artifacts=None,
        with_artifacts=True,
    )
    return dataclasses.replace(base, **changes)


def staged(lab: settings.Settings, agent_program: Path | None = None) -> mirror.Staged:
    paths = [*mirror.layout(mirror.STANDIN_RELEASE).values(), "etcd/v3.3.25/etcd-v3.3.25-linux-amd64.tar.gz"]
    sums = {path: f"{number:064x}" for number, path in enumerate(paths)}
    return mirror.Staged(
        lab.state / "mirror", mirror.STANDIN_RELEASE, lab.state / "etcd", "3.3.25", paths[-1], agent_program, sums
    )


@pytest.mark.parametrize(
    ("profile", "env", "names"),
    [
        ("default", {}, ["master1", "agent1", "agent2", "agent3", "public1"]),
        ("etcd3", {}, ["master1", "master2", "master3", "agent1", "agent2", "agent3", "public1"]),
        ("small", {}, ["master1", "agent1"]),
        ("default", {"LAB_AGENTS": "1", "LAB_PUBLIC_AGENTS": "0"}, ["master1", "agent1"]),
        ("default", {"LAB_MASTERS": "3", "LAB_AGENTS": "0"}, ["master1", "master2", "master3", "public1"]),
    ],
)
def test_plan_names(profile: str, env: dict[str, str], names: list[str]) -> None:
    assert [host.name for host in topology.plan_hosts(profile, SUBNET, env)] == names


def test_plan_addresses_are_unique_and_inside() -> None:
    hosts = topology.plan_hosts("etcd3", SUBNET, {"LAB_AGENTS": "19", "LAB_PUBLIC_AGENTS": "1"})
    for field in ("address", "mac", "index", "name"):
        assert len({getattr(host, field) for host in hosts}) == len(hosts)
    assert all(ipaddress.IPv4Address(host.address) in SUBNET for host in hosts)
    # The overlay's third octet is made of it.
    assert all(0 < host.index < 256 for host in hosts)


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"LAB_AGENTS": "21"}, "LAB_AGENTS"),
        ({"LAB_AGENTS": "20", "LAB_PUBLIC_AGENTS": "1"}, "at most 20"),
        ({"LAB_AGENTS": "three"}, "LAB_AGENTS"),
        ({"LAB_FLAVOURS": "agent1=windows"}, "windows"),
        ({"LAB_FLAVOURS": "agent1=modern"}, "master1"),
    ],
)
def test_plan_refuses(env: dict[str, str], message: str) -> None:
    with pytest.raises(process.LabError, match=message):
        topology.plan_hosts("default", SUBNET, env)


def test_default_flavours() -> None:
    hosts = {host.name: host.flavour.name for host in topology.plan_hosts("default", SUBNET, {})}
    assert hosts == {
        "master1": "centos", "agent1": "centos", "agent2": "coreos", "agent3": "modern", "public1": "modern"
    }  # fmt: skip
    modern = topology.plan_hosts("modern", SUBNET, {})
    assert {host.flavour.name for host in modern} == {"modern"}


def test_only_modern_has_a_system_python3(lab: settings.Settings) -> None:
    prepare(lab)
    for host in lab.hosts:
        built = hostfiles.build(lab, host, PYTHONS, staged(lab))
        links = {path for path in built if path.startswith(("/usr/bin/python", "/usr/local/bin", "/bin/python"))}
        assert links == ({"/usr/bin/python"} if host.flavour.name == "centos" else set())
        assert host.flavour.system_python3 is (host.flavour.name == "modern")
        interpreter = host.flavour.interpreter
        assert interpreter in built or (host.flavour.system_python3 and interpreter == "/usr/bin/python3")


def prepare(lab: settings.Settings) -> None:
    """What `up` has made before it furnishes hosts."""
    for directory in ("ssh", "pki"):
        (lab.state / directory).mkdir()
    for name in ("id.pub", "host_key", "host_key.pub"):
        (lab.state / "ssh" / name).write_text("ssh-ed25519 AAAA test\n")
    process.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=test", "-keyout", str(lab.state / "pki" / "ca.key")),
            *("-out", str(lab.state / "pki" / "ca.crt")),
        ]
    )


def test_roles_and_units(tmp_path: Path) -> None:
    lab = make_lab(tmp_path, profile="etcd3")
    prepare(lab)
    for host in lab.hosts:
        built = hostfiles.build(lab, host, PYTHONS, staged(lab))
        roles = [path.rpartition("/")[2] for path in built if path.startswith("/etc/mesosphere/roles/")]
        assert roles == [host.role]
        wants = "/etc/systemd/system/multi-user.target.wants/"
        assert (wants + "lab-etcd.service" in built) is host.is_master
        assert (wants + "lab-dns.service" in built) is (host.name == "master1")
        unit = {"slave": "dcos-mesos-slave", "slave_public": "dcos-mesos-slave-public"}.get(host.role)
        if unit:
            text = built.text(f"/etc/systemd/system/{unit}.service")
            assert "/proc/sys/net/ipv4/conf/*/rp_filter" in text
            files = [line.partition("=")[2] for line in text.splitlines() if line.startswith("EnvironmentFile=")]
            # The file that survives upgrades must win over the packaged one.
            assert files.index("-/var/lib/dcos/mesos-slave-common") > files.index(
                "/opt/mesosphere/etc/mesos-slave-common"
            )
            for path in files:
                assert path.startswith("-") or path in built


def test_managed_etcd_has_no_members(tmp_path: Path) -> None:
    lab = make_lab(tmp_path, managed_etcd=True)
    prepare(lab)
    built = hostfiles.build(lab, lab.hosts[0], PYTHONS, staged(lab))
    assert not [path for path in built if "lab-etcd" in path]
    assert "lab-etcd" not in hostfiles.services(lab, lab.hosts[0])


@pytest.mark.parametrize(
    ("version", "linked", "networks"),
    [
        ("1.9.0", True, {"dcos.cni", "dummy.cni"}),
        ("1.10.0", True, {"dcos.cni", "ucr-default-bridge.conf"}),
        ("1.11.0", False, {"dcos.cni", "ucr-default-bridge.conf"}),
        ("2.0.0", False, {"dcos.cni", "ucr-default-bridge.conf"}),
    ],
)
def test_dcos_versions(tmp_path: Path, version: str, linked: bool, networks: set[str]) -> None:
    lab = make_lab(tmp_path, dcos_version=version)
    built = tree_module.Tree()
    dcosfiles.dcos(built, lab, lab.agents[0], PYTHONS, True)
    unit = built["/etc/systemd/system/dcos-mesos-slave.service"]
    assert isinstance(unit, tree_module.Link) is linked
    in_directory = {path.rpartition("/")[2] for path in built if path.startswith(dcosfiles.CNI_DIR + "/")}
    assert in_directory == networks
    for path in built:
        if path.startswith(dcosfiles.CNI_DIR + "/"):
            entry = built[path]
            text = built.text(entry.target if isinstance(entry, tree_module.Link) else path)
            assert {"name", "type"} <= json.loads(text).keys()
    about = json.loads(built.text(built["/opt/mesosphere/etc/dcos-version.json"].target))
    assert about["version"] == version
    assert ("dcos-variant" in about) is (version == "2.0.0")


def test_every_link_of_dcos_leads_somewhere(lab: settings.Settings) -> None:
    built = tree_module.Tree()
    dcosfiles.dcos(built, lab, lab.agents[0], PYTHONS, True)
    for path in built:
        entry = built[path]
        if isinstance(entry, tree_module.Link) and entry.target.startswith("/opt/mesosphere/"):
            assert any(other == entry.target or other.startswith(entry.target + "/") for other in built), path


def test_inventory(lab: settings.Settings) -> None:
    data = inventory.inventory(lab, staged(lab))["all"]
    assert list(data["children"]) == ["masters", "agents"]
    agents = data["children"]["agents"]["children"]
    assert list(agents["agents_private"]["hosts"]) == ["agent1", "agent2", "agent3"]
    assert list(agents["agents_public"]["hosts"]) == ["public1"]
    core = agents["agents_private"]["hosts"]["agent2"]
    assert (core["ansible_user"], core["ansible_become"]) == ("core", True)
    assert core["ansible_python_interpreter"] == "/opt/mesosphere/bin/python3"
    sums = [value for key, value in data["vars"].items() if key.endswith("_sha256")]
    assert len(sums) == len(set(sums)) == 5
    assert len(str(lab.volatile / "ssh")) + 1 + 40 + 17 < 104  # the control socket while ssh makes it


def test_inventory_is_yaml(lab: settings.Settings) -> None:
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(inventory.render(lab, staged(lab))) == inventory.inventory(lab, staged(lab))


def test_yaml_keeps_strings() -> None:
    yaml = pytest.importorskip("yaml")
    data = {"a": {"version": "3.10", "word": "yes", "url": "https://x/y", "list": [1, "2"], "empty": {}, "none": ""}}
    assert yaml.safe_load(inventory.plain(inventory.yaml(data))) == data


def test_tls_changes_endpoints(tmp_path: Path) -> None:
    lab = make_lab(tmp_path, etcd_tls=True, profile="etcd3")
    (tmp_path / "pki").mkdir()
    for name in ("ca.crt", "etcd-client.crt", "etcd-client.key"):
        (tmp_path / "pki" / name).write_text(f"{name}\n")
    assert hostfiles.etcd_endpoints(lab)[0] == "https://master1.etcd.mesos:2379"
    rendered = inventory.render(lab, staged(lab))
    assert "https://master1.etcd.mesos:2379" in rendered and "etcd-client.key" in rendered
    names, records = hostfiles.dns_records(lab)
    assert records.count("_etcd-server._tcp.etcd.mesos") == 3
    assert records.count("_etcd-client-ssl._tcp.etcd.mesos") == 3
    assert "host-record=leader.mesos,172.29.77.11" in hostfiles.mesos_records(lab)
    assert "leader.mesos" not in names  # the stand-in DC/OS moves it


def test_etcd_of_bookworm_has_tls_between_members(tmp_path: Path) -> None:
    lab = make_lab(tmp_path, etcd_source="bookworm")
    assert "srv-host=_etcd-server-ssl._tcp.etcd.mesos,master1.etcd.mesos" in hostfiles.dns_records(lab)[1]
    tree = tree_module.Tree()
    hostfiles.etcd_member(tree, lab, lab.hosts[0])
    unit = tree.text("/etc/systemd/system/lab-etcd.service")
    assert "--initial-advertise-peer-urls=https://" in unit and "--peer-cert-file=" in unit
    assert "--advertise-client-urls=http://" in unit and " --cert-file=" not in unit
    (tmp_path / "etcd").touch()
    assert not make_lab(tmp_path, etcd_source="bookworm", artifacts=str(tmp_path)).etcd_peer_tls


def real_tools(directory: Path, tag: str) -> str:
    """A directory that CALICO_ARTIFACTS can name, its files being empty but for the image's manifest."""
    directory.mkdir()
    for name in mirror.layout(mirror.STANDIN_RELEASE):
        (directory / name).write_text(f"{name} of {tag}")
    with tarfile.open(directory / mirror.NODE_ARCHIVE, "w") as archive:
        manifest = json.dumps([{"RepoTags": [tag]}]).encode()
        info = tarfile.TarInfo("manifest.json")
        info.size = len(manifest)
        archive.addfile(info, io.BytesIO(manifest))
    return str(directory)


@pytest.mark.parametrize(("release", "calicoctl", "cni"), [("2.6.6", "1.6.3", "1.11.2"), ("2.6.12", "1.6.5", "1.11.8")])
def test_the_release_of_real_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str, calicoctl: str, cni: str
) -> None:
    """The mirror has them where upstream has that release, and the inventory installs it."""
    real = real_tools(tmp_path / "real", f"calico/node:v{release}")
    monkeypatch.setattr(mirror, "build_standins", lambda _: None)
    monkeypatch.setattr(mirror, "stage_etcd", lambda lab, artifacts: (artifacts, "3.3.1"))
    monkeypatch.setattr(mirror.image, "pack_etcd", lambda programs, version, kept: kept.touch())
    lab = make_lab(tmp_path / "state", artifacts=real)
    staged = mirror.stage(lab)
    assert (staged.root / f"cni-plugin/v{cni}/calico").read_text() == f"calico of calico/node:v{release}"
    variables = inventory.product_vars(lab, staged)
    assert variables["calico_release"] == variables["calico_manifest_release"] == release
    assert variables["calico_calicoctl_sha256"] == staged.sums[f"calicoctl/v{calicoctl}/calicoctl"]
    assert variables["calico_node_archive_sha256"] == staged.sums[f"images/calico-node-v{release}.tar"]


def test_real_tools_of_a_release_that_the_lab_does_not_know(tmp_path: Path) -> None:
    real = real_tools(tmp_path / "real", "calico/node:v3.1.3")
    with pytest.raises(
        process.LabError, match=r"has calico/node:v3\.1\.3: the lab knows calico/node of 2\.6\.6, 2\.6\.12"
    ):
        mirror.release_of(Path(real))


DEB822 = """\
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


def test_sources_of_another_release() -> None:
    text = image.sources_for(DEB822, "bullseye", "bookworm", main_only=True)
    assert "Suites: bullseye\n" in text
    assert "security" not in text and "bookworm" not in text and "updates" not in text
    assert image.sources_for(DEB822, "bookworm", "bookworm") == DEB822


def test_sources_in_one_line_style() -> None:
    lines = "deb http://mirror.example/debian bookworm main\ndeb http://mirror.example/debian bookworm-updates main\n"
    assert image.sources_for(lines, "bullseye", "bookworm", main_only=True) == (
        "deb http://mirror.example/debian bullseye main\n"
    )


def test_subnet_of_a_name() -> None:
    default = ipaddress.IPv4Network(settings.DEFAULT_SUBNET)
    assert settings.choose_subnet("lab", {}, []) == settings.DEFAULT_SUBNET
    other = settings.choose_subnet("other", {}, [])
    assert other == settings.choose_subnet("other", {}, []) != settings.DEFAULT_SUBNET
    assert settings.choose_subnet("lab", {}, [default]) != settings.DEFAULT_SUBNET
    assert settings.choose_subnet("other", {}, [ipaddress.IPv4Network(other)]) != other
    with pytest.raises(process.LabError, match="in use"):
        settings.choose_subnet("lab", {"LAB_SUBNET": "10.1.1.0/24"}, [ipaddress.IPv4Network("10.0.0.0/8")])
    with pytest.raises(process.LabError, match="/24"):
        settings.choose_subnet("lab", {"LAB_SUBNET": "10.1.0.0/16"}, [])


def test_a_lab_of_another_checkout_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its directory, and what is named by that: network, bridge, containers. LAB_STATE is taken as it is."""
    env = {"XDG_CACHE_HOME": "/cache"}
    found = []
    for checkout in ("/one", "/two"):
        monkeypatch.setattr(settings, "REPOSITORY", Path(checkout))
        found.append((settings.state_dir("system", env), settings.choose_subnet("system", {}, [])))
        assert settings.state_dir("system", {"LAB_STATE": "/here"}) == Path("/here")
    assert found[0][0] != found[1][0] and {path.parent for path, _ in found} == {Path("/cache/dcos-calico/lab")}
    assert found[0][1] != found[1][1] and settings.key_of(found[0][0]) != settings.key_of(found[1][0])


def test_a_subnet_is_reserved_before_any_host_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "VOLATILE", tmp_path / "run")
    first = settings.new(
        "first", "default", {"LAB_STATE": str(tmp_path / "first"), "LAB_SUBNET": "172.29.3.0/24"}, False
    )
    first.reserve()
    with pytest.raises(process.LabError, match="172.29.3.0/24 is in use on this machine"):
        settings.new("other", "default", {"LAB_STATE": str(tmp_path / "other"), "LAB_SUBNET": "172.29.3.0/24"}, False)
    again = settings.new(
        "first", "default", {"LAB_STATE": str(tmp_path / "first"), "LAB_SUBNET": "172.29.3.0/24"}, False
    )
    assert again.subnet == first.subnet
    (tmp_path / "run" / "half").mkdir()
    (tmp_path / "run" / "half" / settings.SUBNET_FILE).write_text("172.")
    assert settings.reserved_networks(settings.VOLATILE, "") == [ipaddress.IPv4Network("172.29.3.0/24")]


def test_routed_networks() -> None:
    table = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "br0\t004D1DAC\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    )
    assert settings.routed_networks(table) == [SUBNET]


def test_settings_survive_the_file(tmp_path: Path) -> None:
    lab = make_lab(tmp_path / "state", etcd_tls=True)
    lab.save()
    assert settings.load("test", {"LAB_STATE": str(tmp_path / "state")}) == lab
    (tmp_path / "state" / "lab.json").write_text('{"name": ')
    assert settings.load("test", {"LAB_STATE": str(tmp_path / "state")}) is None


def test_bridge_name_fits(lab: settings.Settings) -> None:
    assert len(lab.network) <= 15


def test_python_home() -> None:
    versions = ["2.7.9", "2.7.18", "3.6.15", "3.11.7", "3.11-dev"]
    assert prerequisites.python_home(versions, "2.7") == "2.7.18"
    assert prerequisites.python_home(versions, "3.11") == "3.11.7"
    with pytest.raises(process.LabError, match="pyenv install 3.7"):
        prerequisites.python_home(versions, "3.7")


def test_tree_does_not_leave_the_host(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root = tmp_path / "root"
    (root / "var").mkdir(parents=True)
    (root / "var" / "run").symlink_to(tmp_path / "elsewhere")
    tree = tree_module.Tree()
    tree.file("/var/run/x", "")
    with pytest.raises(process.LabError, match="leaves the host"):
        tree.write(root)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_etcd_archive_is_reproducible(tmp_path: Path) -> None:
    for program in ("etcd", "etcdctl"):
        (tmp_path / program).write_text(program)
    for name in ("one.tar.gz", "two.tar.gz"):
        image.pack_etcd(tmp_path, "3.3.25", tmp_path / name)
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()


def test_wait_for_tells_the_last_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_TIMEOUT_SCALE", "0.1")
    with pytest.raises(process.LabError, match="docker activating"):
        process.wait_for("systemd", lambda: "docker activating", timeout=0.5, pause=0.01)
