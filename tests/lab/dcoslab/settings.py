"""What one lab is made of and where it keeps it; written to lab.json so that every later command agrees."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from dcoslab import image, topology
from dcoslab.process import LabError

DEFAULT_NAME = "lab"
SUBNET_FILE = "subnet"
DEFAULT_SUBNET = "172.29.77.0/24"
DCOS_API = "1"  # LAB_DCOS_API where it is not set
VARIANTS = ("open", "enterprise")
ETCD_SOURCES = ("bullseye", "bookworm")
REPOSITORY = Path(__file__).resolve().parents[3]
# Of all labs of this machine, whoever runs them, one directory for each.
VOLATILE = Path("/run/dcos-calico")


def cache_root(env: Mapping[str, str]) -> Path:
    base = env.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "dcos-calico"


def key_of(state: Path) -> str:
    return hashlib.sha256(str(state).encode()).hexdigest()[:8]


@dataclasses.dataclass(frozen=True)
class Settings:
    name: str
    run_id: str  # of this `up`
    profile: str
    subnet: str
    state: Path
    cache: Path
    image_store: Path  # kept here: a later version of the lab may want another image than this one has
    topology_env: dict[str, str]
    dcos_version: str
    dcos_variant: str
    etcd_source: str
    etcd_tls: bool
    managed_etcd: bool
    universe_etcd: bool
    dcos_api: bool
    artifacts: str | None  # CALICO_ARTIFACTS: the real tools instead of the stand-ins
    with_artifacts: bool

    @property
    def key(self) -> str:
        """Short and unique: names of networks, containers and of the run directory hold it."""
        return key_of(self.state)

    @property
    def network(self) -> str:
        # netavark's nat chain is a hash of the network's name: two labs must never share one. podman remembers by
        # name which addresses are taken, also those of a run that was killed: two runs must not share one either.
        # It is the bridge's name too, which has room for 15 characters.
        return f"lab{self.key}{self.run_id}"

    @property
    def volatile(self) -> Path:
        """Sockets and locks: their paths may not be long, and they must not survive a reboot."""
        return VOLATILE / self.key

    def reserve(self) -> None:
        """Keep other labs from this one's subnet, which no route of the machine tells before its first host runs."""
        self.volatile.mkdir(parents=True, exist_ok=True)
        (self.volatile / SUBNET_FILE).write_text(self.subnet)

    @property
    def calls(self) -> Path:
        """A directory for each host, where what is called on it is noted (tests/calls)."""
        return self.state / "calls"

    @property
    def net(self) -> ipaddress.IPv4Network:
        return topology.parse_subnet(self.subnet)

    @property
    def gateway(self) -> str:
        return str(self.net.network_address + 1)

    @property
    def etcd_peer_tls(self) -> bool:
        """etcd 3.4 does not find plain members by SRV records (it insists on the -ssl ones)."""
        real = self.artifacts is not None and (Path(self.artifacts) / "etcd").is_file()
        return self.etcd_source == "bookworm" and not real

    @property
    def etcd_members(self) -> bool:
        """Whether the lab runs an etcd of its own on the masters."""
        return not (self.managed_etcd or self.universe_etcd)

    @property
    def hosts(self) -> list[topology.Host]:
        return topology.plan_hosts(self.profile, self.net, self.topology_env)

    @property
    def masters(self) -> list[topology.Host]:
        return [host for host in self.hosts if host.is_master]

    @property
    def agents(self) -> list[topology.Host]:
        return [host for host in self.hosts if not host.is_master]

    @property
    def inventory(self) -> Path:
        return self.state / "inventory" / "hosts.yml"

    def host(self, name: str) -> topology.Host:
        for host in self.hosts:
            if host.name == name:
                return host
        raise LabError(f"no host {name} in lab {self.name}; there are {', '.join(h.name for h in self.hosts)}")

    def container(self, host: topology.Host) -> str:
        return f"lab-{self.key}-{host.name}"

    def save(self) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        data = dataclasses.asdict(self)
        (self.state / "lab.json").write_text(json.dumps(data, indent=2, default=str) + "\n")


def state_dir(name: str, env: Mapping[str, str]) -> Path:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
        raise LabError(f"a lab's name is made of a-z, 0-9 and -, not {name!r}")
    # Labs of one name in two checkouts are two.
    return Path(env.get("LAB_STATE") or cache_root(env) / "lab" / f"{name}-{key_of(REPOSITORY)}")


def load(name: str, env: Mapping[str, str]) -> Settings | None:
    """The lab as `up` made it, or None where there is none."""
    path = state_dir(name, env) / "lab.json"
    try:
        data = json.loads(path.read_text())
        paths = {field: Path(data[field]) for field in ("state", "cache", "image_store")}
        return Settings(**{**data, **paths})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        # Another version's or a killed write: it can be removed or replaced, not used.
        return None


def routed_networks(route_table: str) -> list[ipaddress.IPv4Network]:
    """/proc/net/route -> the networks this machine already knows (the default route left out)."""
    networks = []
    for line in route_table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8:
            continue
        address, mask = (int.from_bytes(bytes.fromhex(fields[i]), "little") for i in (1, 7))
        if mask:
            networks.append(ipaddress.IPv4Network((address, bin(mask).count("1")), strict=False))
    return networks


def reserved_networks(volatile: Path, key: str) -> list[ipaddress.IPv4Network]:
    """What other labs of this machine have reserved; the one with this key may keep its own."""
    found = []
    for file in volatile.glob(f"*/{SUBNET_FILE}"):
        try:
            if file.parent.name != key:
                found.append(ipaddress.IPv4Network(file.read_text()))
        except (OSError, ValueError):
            continue  # a lab that is coming or going
    return found


def choose_subnet(name: str, env: Mapping[str, str], used: list[ipaddress.IPv4Network]) -> str:
    """LAB_SUBNET; else one derived from the lab's name and checkout that nothing on this machine uses."""
    desired = env.get("LAB_SUBNET")
    if desired:
        candidates = [topology.parse_subnet(desired)]
    else:
        default = topology.parse_subnet(DEFAULT_SUBNET)
        others = [net for net in ipaddress.IPv4Network("172.29.0.0/16").subnets(new_prefix=24) if net != default]
        start = int(hashlib.sha256(f"{REPOSITORY} {name}".encode()).hexdigest(), 16) % len(others)
        candidates = others[start:] + others[:start]
        if name == DEFAULT_NAME:
            candidates.insert(0, default)
    for candidate in candidates:
        if not any(candidate.overlaps(net) for net in used):
            return str(candidate)
    raise LabError(f"{candidates[0]} is in use on this machine; set LAB_SUBNET to a free /24")


def flag(env: Mapping[str, str], variable: str, default: str = "0") -> bool:
    text = (env.get(variable) or default).lower()
    if text in ("0", "no", "false"):
        return False
    if text in ("1", "yes", "true"):
        return True
    raise LabError(f"{variable} must be 1 or 0, not {text!r}")


def one_of(env: Mapping[str, str], variable: str, choices: tuple[str, ...]) -> str:
    text = env.get(variable) or choices[0]
    if text not in choices:
        raise LabError(f"{variable} must be one of {', '.join(choices)}, not {text!r}")
    return text


def new(name: str, profile: str, env: Mapping[str, str], with_artifacts: bool) -> Settings:
    """A lab still to be made, from the environment alone."""
    with open("/proc/net/route", encoding="ascii") as table:
        used = routed_networks(table.read()) + reserved_networks(VOLATILE, key_of(state_dir(name, env)))
    artifacts = env.get("CALICO_ARTIFACTS")
    if artifacts and not Path(artifacts).is_dir():
        raise LabError(f"CALICO_ARTIFACTS: {artifacts} is not a directory")
    settings = Settings(
        name=name,
        run_id=secrets.token_hex(2),
        profile=profile,
        subnet=choose_subnet(name, env, used),
        state=state_dir(name, env),
        cache=cache_root(env),
        image_store=image.image_store(cache_root(env)),
        topology_env={
            key: env[key] for key in ("LAB_MASTERS", "LAB_AGENTS", "LAB_PUBLIC_AGENTS", "LAB_FLAVOURS") if key in env
        },
        dcos_version=env.get("LAB_DCOS_VERSION") or "1.11.0",
        dcos_variant=one_of(env, "LAB_DCOS_VARIANT", VARIANTS),
        etcd_source=one_of(env, "LAB_ETCD_SOURCE", ETCD_SOURCES),
        etcd_tls=flag(env, "LAB_ETCD_TLS"),
        managed_etcd=flag(env, "LAB_MANAGED_ETCD"),
        universe_etcd=flag(env, "LAB_UNIVERSE_ETCD"),
        dcos_api=flag(env, "LAB_DCOS_API", DCOS_API),
        artifacts=str(Path(artifacts).resolve()) if artifacts else None,
        with_artifacts=with_artifacts,
    )
    if settings.universe_etcd and (settings.managed_etcd or settings.etcd_tls or not settings.dcos_api):
        raise LabError("LAB_UNIVERSE_ETCD needs LAB_DCOS_API=1 and neither LAB_MANAGED_ETCD nor LAB_ETCD_TLS")
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?", settings.dcos_version):
        raise LabError(f"LAB_DCOS_VERSION must look like 1.11.0, not {settings.dcos_version!r}")
    assert settings.hosts  # reports a bad profile or flavour before anything is made
    return settings
