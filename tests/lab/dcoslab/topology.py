"""Which hosts a lab has, what they look like and where they are: pure, no side effects."""

from __future__ import annotations

import dataclasses
import fnmatch
import ipaddress
from collections.abc import Mapping

from dcoslab.process import LabError

MAX_AGENTS = 20
MASTER_OFFSET = 10
PRIVATE_OFFSET = 20
PUBLIC_OFFSET = 60


@dataclasses.dataclass(frozen=True)
class Flavour:
    """One kind of host; everything in which hosts differ is in the table below."""

    name: str
    user: str
    interpreter: str  # "{2.7}" stands for the home of the controller's Python 2.7
    system_python3: bool
    links: tuple[tuple[str, str], ...]  # (path on the host, Python version)
    readonly_usr: bool
    os_release: str | None  # None: the image's own


CENTOS_RELEASE = """\
NAME="CentOS Linux"
VERSION="7 (Core)"
ID="centos"
ID_LIKE="rhel fedora"
VERSION_ID="7"
PRETTY_NAME="CentOS Linux 7 (Core)"
CPE_NAME="cpe:/o:centos:centos:7"
"""

COREOS_RELEASE = """\
NAME="Container Linux by CoreOS"
ID=coreos
VERSION=1967.6.0
VERSION_ID=1967.6.0
BUILD_ID=2019-02-12-2138
PRETTY_NAME="Container Linux by CoreOS 1967.6.0 (Rhyolite)"
COREOS_BOARD="amd64-usr"
"""

FLAVOURS: dict[str, Flavour] = {
    flavour.name: flavour
    for flavour in (
        # CentOS/RHEL 7: python is 2.7 and there is no python3.
        Flavour("centos", "root", "/usr/bin/python", False, (("/usr/bin/python", "2.7"),), False, CENTOS_RELEASE),
        # CoreOS/Flatcar: no Python but DC/OS's own, /usr cannot be written, people log in as core.
        Flavour("coreos", "core", "/opt/mesosphere/bin/python3", False, (), True, COREOS_RELEASE),
        # What the newest ansible-core manages: a system Python 3.11.
        Flavour("modern", "root", "/usr/bin/python3", True, (), False, None),
    )
}
# DC/OS carries its own Python to every host, whatever the host's system Python is.
DCOS_PYTHON = ("/opt/mesosphere/bin/python3", "3.6")
# The stand-ins' Python, out of the product's sight.
LAB_PYTHON = ("/opt/lab/bin/python3", "3.11")

# First pattern that matches a host's name wins.
DEFAULT_FLAVOURS = "agent1=centos,agent2=coreos,agent3=modern,public1=modern,*=centos"


@dataclasses.dataclass(frozen=True)
class Profile:
    masters: int = 1
    private: int = 3
    public: int = 1
    flavours: str = DEFAULT_FLAVOURS


PROFILES: dict[str, Profile] = {
    "default": Profile(),
    "etcd3": Profile(masters=3),
    "modern": Profile(flavours="*=modern"),
    "small": Profile(private=1, public=0),
}


@dataclasses.dataclass(frozen=True)
class Host:
    name: str
    role: str  # master, slave or slave_public: DC/OS's own words
    address: str
    prefix: int
    index: int  # unique in the lab; the overlay's subnets are made of it
    mac: str
    flavour: Flavour

    @property
    def is_master(self) -> bool:
        return self.role == "master"


def parse_flavours(text: str) -> list[tuple[str, Flavour]]:
    """'agent1=centos,*=modern' -> patterns in order."""
    table: list[tuple[str, Flavour]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        pattern, sep, name = part.partition("=")
        if not sep or name not in FLAVOURS:
            raise LabError(f"LAB_FLAVOURS: {part!r} is not HOST=FLAVOUR with one of {', '.join(FLAVOURS)}")
        table.append((pattern, FLAVOURS[name]))
    return table


def flavour_of(name: str, table: list[tuple[str, Flavour]]) -> Flavour:
    for pattern, flavour in table:
        if fnmatch.fnmatchcase(name, pattern):
            return flavour
    raise LabError(f"LAB_FLAVOURS names no flavour for {name}; end it with *=FLAVOUR")


def count(env: Mapping[str, str], variable: str, default: int, lowest: int, highest: int) -> int:
    text = env.get(variable, "")
    if not text:
        return default
    if not text.isdigit() or not lowest <= int(text) <= highest:
        raise LabError(f"{variable} must be a number from {lowest} to {highest}, not {text!r}")
    return int(text)


def parse_subnet(text: str) -> ipaddress.IPv4Network:
    try:
        subnet = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise LabError(f"LAB_SUBNET: {error}") from None
    if subnet.prefixlen != 24:
        raise LabError(f"LAB_SUBNET must be a /24, not {text}")
    return subnet


def plan_hosts(profile_name: str, subnet: ipaddress.IPv4Network, env: Mapping[str, str]) -> list[Host]:
    """The address plan: masters from .11, private agents from .21, public agents from .61."""
    if profile_name not in PROFILES:
        raise LabError(f"unknown profile {profile_name!r}; there are {', '.join(PROFILES)}")
    profile = PROFILES[profile_name]
    masters = count(env, "LAB_MASTERS", profile.masters, 1, 5)
    private = count(env, "LAB_AGENTS", profile.private, 0, MAX_AGENTS)
    public = count(env, "LAB_PUBLIC_AGENTS", profile.public, 0, MAX_AGENTS)
    if private + public > MAX_AGENTS:
        raise LabError(f"LAB_AGENTS and LAB_PUBLIC_AGENTS together may be at most {MAX_AGENTS}")
    flavours = parse_flavours(env.get("LAB_FLAVOURS") or profile.flavours)
    groups = (
        ("master", "master", MASTER_OFFSET, masters),
        ("agent", "slave", PRIVATE_OFFSET, private),
        ("public", "slave_public", PUBLIC_OFFSET, public),
    )
    hosts: list[Host] = []
    for stem, role, offset, number in groups:
        for i in range(1, number + 1):
            address = subnet.network_address + offset + i
            name = f"{stem}{i}"
            # A fixed MAC keeps a restarted host reachable: neighbours still hold the old one for a while.
            mac = "02:00:" + ":".join(f"{octet:02x}" for octet in address.packed)
            hosts.append(Host(name, role, str(address), subnet.prefixlen, offset + i, mac, flavour_of(name, flavours)))
    return hosts
