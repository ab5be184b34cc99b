"""What each DC/OS release ships, and what follows from that for its APIs (facts: each release's buildinfo files)."""

from __future__ import annotations

from dataclasses import dataclass

Version = tuple[int, int]

# First release of the line: Mesos, Marathon, Cosmos.
_SHIPPED: dict[Version, tuple[str, str, str]] = {
    (1, 9): ("1.2.3", "1.4.12", "0.3.1"),
    (1, 10): ("1.4.4", "1.5.12", "0.4.4"),
    (1, 11): ("1.5.4", "1.6.585", "0.5.4"),
    (1, 12): ("1.7.4", "1.7.216", "0.6.1"),
    (1, 13): ("1.8.2", "1.8.242", "0.6.2"),
    (2, 0): ("1.9.1", "1.9.136", "0.6.2"),
    (2, 1): ("1.10.1", "1.10.34", "0.6.2"),
    (2, 2): ("1.11.1", "1.11.23", "0.6.2"),
}


def parse(version: str) -> tuple[int, ...]:
    """The numbers of a dotted version; what follows a dash does not count."""
    return tuple(int(part) for part in version.split("-")[0].split(".") if part.isdigit())


@dataclass(frozen=True)
class Release:
    """One DC/OS: its version, whether it is Enterprise, and the questions others ask about it."""

    version: str
    enterprise: bool

    @property
    def line(self) -> Version:
        numbers = parse(self.version)
        return numbers[0], numbers[1]

    @property
    def _parts(self) -> tuple[str, str, str]:
        if self.line not in _SHIPPED:
            raise ValueError(f"DC/OS {self.version} is none of {', '.join(f'{a}.{b}' for a, b in _SHIPPED)}")
        return _SHIPPED[self.line]

    @property
    def mesos(self) -> str:
        return self._parts[0]

    @property
    def marathon(self) -> str:
        return self._parts[1]

    @property
    def cosmos(self) -> str:
        return self._parts[2]

    @property
    def bouncer(self) -> bool:
        """Open DC/OS has dcos-oauth before 1.13."""
        return self.enterprise or self.line >= (1, 13)

    @property
    def challenge(self) -> str:
        """WWW-Authenticate of a 401."""
        return "acsjwt" if self.enterprise else "oauthjwt"

    @property
    def networks_dialect(self) -> bool:
        """Marathon answers with `networks`; before 1.5 with `ipAddress`."""
        return self.line >= (1, 10)

    @property
    def variant_in_version(self) -> bool:
        return self.line >= (1, 12)

    @property
    def open_exhibitor(self) -> bool:
        return self.line >= (1, 12) and not self.enterprise

    @property
    def net_api(self) -> bool:
        return self.line >= (1, 13)

    @property
    def slave_query(self) -> bool:
        """Mesos 1.4: GET /slaves takes ?slave_id=, agents list capabilities."""
        return self.line >= (1, 10)

    @property
    def domains(self) -> bool:
        """Mesos 1.5: fault domains."""
        return self.line >= (1, 11)

    @property
    def draining(self) -> bool:
        """Mesos 1.10 in truth 1.9's API, shown since 1.10: deactivated, drain_info."""
        return self.line >= (2, 1)

    @property
    def respects_maintenance(self) -> bool:
        """Marathon 1.7 declines what an agent offers within its window (its changelog, 1.7.174); before, it does not look at windows."""
        return self.line >= (1, 12)

    @property
    def agent_proxy_text(self) -> bool:
        """1.10: unknown agents and services get a line of text instead of a page."""
        return self.line >= (1, 10)

    @property
    def service_update(self) -> bool:
        """Cosmos 0.5 (in Enterprise 0.4): /cosmos/service/."""
        return self.line >= ((1, 10) if self.enterprise else (1, 11))

    @property
    def package_definition_label(self) -> bool:
        return self.line >= (1, 10)

    @property
    def networks(self) -> list[str]:
        """The CNI networks that DC/OS brings."""
        since = {"dcos": (1, 9), "dummy": (1, 9), "mesos-bridge": (1, 10), "dcos6": (1, 11), "calico": (2, 1)}
        return [name for name, line in since.items() if self.line >= line]
