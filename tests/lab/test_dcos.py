"""The stand-in DC/OS of a lab, as far as it can be looked at without one."""

from __future__ import annotations

import atexit
import functools
import importlib.machinery
import importlib.util
import json
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from dcoslab import dcosmaster, hostfiles, inventory, process, settings  # noqa: E402
from test_lab import PYTHONS, make_lab, prepare, staged  # noqa: E402

FILES = Path(__file__).resolve().parent / "files"


@functools.cache
def keys_of(variant: str) -> Path:
    """What `up` makes, once: RSA keys take their time."""
    state = Path(tempfile.mkdtemp(prefix="test-dcos-"))
    atexit.register(shutil.rmtree, state)
    dcosmaster.make(make_lab(state, dcos_variant=variant))
    return state / "dcos"


def a_dcos(state: Path, **changes: object) -> settings.Settings:
    """A lab with everything that `up` makes before it furnishes hosts."""
    lab = make_lab(state, dcos_api=True, **changes)
    prepare(lab)
    shutil.copytree(keys_of(lab.dcos_variant), state / "dcos")
    return lab


def build(lab: settings.Settings, name: str) -> hostfiles.Tree:
    return hostfiles.build(lab, lab.host(name), PYTHONS, staged(lab))


@pytest.fixture(name="follow", scope="module")
def dns_follow() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("dns_follow", str(FILES / "dns-follow"))
    spec = importlib.util.spec_from_loader("dns_follow", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = writes
    return module


@pytest.mark.parametrize("variant", settings.VARIANTS)
def test_only_enterprise_has_an_authority(tmp_path: Path, variant: str) -> None:
    lab = a_dcos(tmp_path, dcos_variant=variant)
    enterprise = variant == "enterprise"
    master, agent = build(lab, "master1"), build(lab, "agent1")
    assert ("/etc/systemd/system/lab-cfssl.service" in master) is enterprise
    assert ("/etc/lab/dcos/nginx/ca.conf" in master) is enterprise
    assert ("/etc/systemd/system/lab-dcos-pki.service" in agent) is enterprise
    assert ("lab-cfssl" in hostfiles.services(lab, lab.hosts[0])) is enterprise
    assert not [path for path in agent if path.endswith(".key") and path.startswith("/etc/lab")]
    front, bundle = tmp_path / "dcos" / "front.crt", tmp_path / "dcos" / "ca-bundle.crt"
    process.run(["openssl", "verify", "-CAfile", str(bundle), str(front)])
    assert (front.read_text() == bundle.read_text()) is not enterprise


@pytest.mark.parametrize("variant", settings.VARIANTS)
def test_the_service_understands_its_configuration(tmp_path: Path, variant: str) -> None:
    lab = a_dcos(tmp_path, dcos_variant=variant, profile="etcd3")
    text = build(lab, "master1").text("/etc/lab/dcos.json")
    sys.path.insert(0, str(dcosmaster.SERVICE.parent))
    try:
        config = pytest.importorskip("dcos_standin.config")
    finally:
        sys.path.pop(0)
    parsed = config.parse(json.loads(text))
    assert parsed.masters == [host.address for host in lab.masters]
    assert parsed.control_token


def test_secrets_are_for_root_alone(tmp_path: Path) -> None:
    lab = a_dcos(tmp_path, dcos_variant="enterprise")
    place = tmp_path / "dcos"
    for name in (
        "ca.key",
        "front.key",
        "oidc.key",
        "service-account.key",
        "service-account.json",
        "passwords.json",
        "control_token",
        "token",
    ):
        assert stat.S_IMODE(os.stat(place / name).st_mode) == 0o600, name
    assert stat.S_IMODE(os.stat(place).st_mode) == 0o700
    master = build(lab, "master1")
    for path in ("/etc/lab/dcos.json", "/etc/lab/dcos/ca.key", "/etc/lab/dcos/front.key"):
        assert getattr(master[path], "mode") == 0o600, path  # noqa: B009


def test_without_the_api_hosts_are_as_they_were(tmp_path: Path) -> None:
    lab = make_lab(tmp_path)
    prepare(lab)
    for host in lab.hosts:
        assert not [
            path
            for path in build(lab, host.name)
            if "lab-dcos" in path or path.startswith("/etc/lab/dcos") or "mesos-agent.env" in path
        ]
    assert not [name for name in inventory.inventory(lab, staged(lab))["all"]["vars"] if name.startswith("lab_dcos")]
    # The name server knows the leader all the same.
    assert "leader.mesos" in build(lab, "master1").text("/etc/lab/dns.d/mesos.conf")


def test_inventory_tells_how_to_log_in(tmp_path: Path) -> None:
    variables = inventory.inventory(a_dcos(tmp_path), staged(make_lab(tmp_path)))["all"]["vars"]
    assert variables["lab_dcos_url"] == variables["lab_dcos_env"]["DCOS_URL"] == "https://172.29.77.11"
    assert json.loads(Path(variables["lab_dcos_service_account"]).read_text()).keys() == {
        "login_endpoint",
        "private_key",
        "scheme",
        "uid",
    }


def test_etcd_of_the_universe_leaves_masters_alone(tmp_path: Path) -> None:
    lab = a_dcos(tmp_path, universe_etcd=True)
    master = build(lab, "master1")
    assert not [path for path in master if "lab-etcd" in path]
    assert "lab-etcd" not in hostfiles.services(lab, lab.hosts[0])
    assert "_etcd" not in master.text("/etc/lab/dns.d/etcd.conf") + master.text("/etc/lab/dns.d/names.conf")
    assert inventory.product_vars(lab, staged(lab))["calico_etcd_source"] == "universe"


@pytest.mark.parametrize("other", [{"LAB_MANAGED_ETCD": "1"}, {"LAB_ETCD_TLS": "1"}, {"LAB_DCOS_API": "0"}])
def test_etcd_of_the_universe_is_the_only_one(tmp_path: Path, other: dict[str, str]) -> None:
    env = {"LAB_STATE": str(tmp_path), "LAB_DCOS_API": "1", "LAB_UNIVERSE_ETCD": "1", **other}
    with pytest.raises(process.LabError, match="LAB_UNIVERSE_ETCD"):
        settings.new("test", "default", env, False)


RECORDS = {
    "a": {"web.other.mesos": ["10.0.0.2", "10.0.0.1"], "mirror.lab": ["10.0.0.9"], "web.marathon.mesos": ["10.0.0.3"]},
    "srv": {
        "_etcd-server._tcp.etcd.mesos": [{"target": "b.etcd.slave.mesos", "port": 31002}],
        "_web._tcp.other.mesos": [{"target": "web.other.mesos", "port": 80}],
        "_web._tcp.marathon.mesos": [{"target": "web.marathon.mesos", "port": 80}],
    },
}


def test_name_server_follows(follow: ModuleType) -> None:
    assert follow.render(RECORDS, {"mirror.lab", "_etcd-server._tcp.etcd.mesos"}).splitlines() == [
        "host-record=web.other.mesos,10.0.0.1",
        "host-record=web.other.mesos,10.0.0.2",
        "srv-host=_web._tcp.other.mesos,web.other.mesos,80,0,1",
    ]
    assert "srv-host=_etcd-server._tcp.etcd.mesos,b.etcd.slave.mesos,31002,0,1" in follow.render(RECORDS, set())


def test_name_server_leaves_the_labs_own_names_alone(follow: ModuleType, tmp_path: Path) -> None:
    for name, text in zip(("names", "etcd"), hostfiles.dns_records(make_lab(tmp_path))):
        (tmp_path / f"{name}.conf").write_text(text)
    (tmp_path / "mesos.conf").write_text("host-record=leader.mesos,10.0.0.1\n")
    taken = follow.static_names(str(tmp_path / "mesos.conf"))
    assert {"mirror.lab", "agent1", "agent1.lab", "_etcd-server._tcp.etcd.mesos"} <= taken
    assert "leader.mesos" not in taken


def test_name_server_is_restarted_only_for_news(
    follow: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(follow.subprocess, "run", lambda argv, **_: calls.append(argv))
    target = tmp_path / "mesos.conf"
    target.write_text("a\n")
    follow.update("a\n", str(target))
    follow.update("b\n", str(target))
    follow.update("b\n", str(target))
    assert target.read_text() == "b\n" and len(calls) == 1


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here; `up` would notice")
def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    lab = a_dcos(tmp_path, dcos_variant="enterprise")
    text = build(lab, "master1").text("/etc/nginx/conf.d/admin-router.conf")
    main = tmp_path / "nginx.conf"
    text = text.replace("/etc/lab/dcos/nginx/*", str(FILES / "admin-router-ca.nginx")).replace(
        "/etc/lab/dcos", str(tmp_path / "dcos")
    )
    main.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{text.replace('/var/log/nginx', str(tmp_path))}\n}}\n")
    process.run(["nginx", "-t", "-c", str(main)])
