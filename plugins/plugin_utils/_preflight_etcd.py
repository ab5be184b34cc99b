# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The datastore: whether it can be what is desired, answers hosts, is closed to others, and whether all its members are known. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict

Found = Mapping[str, Any]

LOOPBACK = re.compile(r"https?://(127\.|localhost[:/]|\[::1\])")
# What agent_info says of them: (what, remedy).
TROUBLE = {
    "no_dns": (
        "no name server of this host answers, so the etcd members cannot be found",
        "See /etc/resolv.conf there, or name the members (calico_etcd_members)",
    ),
    "no_records": (
        "the DNS has no SRV records of etcd members",
        "Start etcd, see that _etcd-server._tcp of the domain calico_etcd_srv resolves here, or name the members (calico_etcd_members)",
    ),
    "unreachable": (
        "no etcd member can be reached",
        "Start the etcd members, and see that this host reaches their peer and client ports",
    ),
    "loopback": (
        "the etcd members tell clients addresses of the loopback device, where each host finds only itself",
        "Start each member with --advertise-client-urls of an address by which the hosts reach it; etcd's default is localhost",
    ),
    "v2_off": (
        "the etcd members do not serve the v2 API of etcd",
        "Calico 2.6 needs it: run etcd 3.3 or older, or 3.4 and 3.5 with --enable-v2",
    ),
    "certificate": (
        "TLS with the etcd members fails",
        "Give the CA that signed the members (calico_etcd_ca_file) and a certificate that they accept",
    ),
}


def check_datastore(verdict: Verdict, etcd: Found) -> None:
    """What an etcd from the Universe cannot do: 0.0.3 speaks plain http, on ports that Mesos gives it."""
    if etcd.get("source") != "universe":
        return
    if etcd.get("tls") or any(endpoint.startswith("https:") for endpoint in etcd.get("endpoints") or []):
        verdict.fail(
            "etcd",
            "TLS is required with the etcd of the Universe",
            "its package has no TLS",
            "Set calico_etcd_source to managed or existing, or leave calico_etcd_ca_file empty and write http:// in calico_etcd_endpoints",
        )
    if not etcd.get("proxy"):
        verdict.fail(
            "etcd",
            "the etcd of the Universe is required without a proxy",
            "its members listen on ports that change when Mesos starts them anew",
            "Set calico_etcd_proxy to true: a proxy finds them by their SRV records",
        )


def check_members(verdict: Verdict, members: list[str]) -> None:
    """How many members a managed etcd has."""
    if members and len(members) % 2 == 0:
        verdict.warn(
            "etcd",
            f"etcd is to have {len(members)} members",
            f"it bears the loss of no more than with {len(members) - 1}",
            "Have an odd number of masters run it",
        )


def check_etcd(verdict: Verdict, info: Found, expectations: Found) -> None:
    """The datastore, where it can be validated now: not one that is yet to be set up, nor our own proxy, which is not there yet or is repaired."""
    etcd, probes = expectations.get("etcd") or {}, info.get("etcd") or []
    later = etcd.get("source") in ("managed", "universe") or etcd.get("proxy")
    bad = [probe for probe in probes if not probe.get("healthy")]
    for probe in bad:
        what, remedy = _etcd_trouble(probe)
        if what and probe.get("certificate") == "missing":
            verdict.warn("etcd", what, probe.get("error"), remedy)
        elif what and (not later or probe.get("v2") is False):
            verdict.fail("etcd", what, probe.get("error"), remedy)
    silent = [probe for probe in bad if _etcd_trouble(probe)[0] is None]
    if later or not silent:
        return
    note, what = (
        (verdict.fail, "none of the etcd endpoints answers")
        if len(bad) == len(probes)
        else (verdict.warn, "some etcd endpoints do not answer")
    )
    note(
        "etcd",
        what,
        "; ".join(f"{probe['endpoint']}: {probe.get('error')}" for probe in silent),
        "Start etcd, see that no firewall is between, and check calico_etcd_endpoints",
    )


def _etcd_trouble(probe: Found) -> tuple[str | None, str | None]:
    """(what, remedy) for an endpoint that was reached and is of no use; (None, None) for one that just does not answer."""
    where = probe["endpoint"]
    if probe.get("certificate") == "server":
        return (
            f"the certificate of {where} is not accepted",
            "Set calico_etcd_ca_file to the CA that signed it, and see that it names the host of the endpoint and is not expired",
        )
    if probe.get("certificate") == "client":
        return (
            f"{where} refuses the client certificate",
            "See that calico_etcd_cert_file is signed by the CA that etcd trusts, is not expired and fits calico_etcd_key_file",
        )
    if probe.get("certificate") == "missing":
        return (
            f"{where} cannot be tried: the files for TLS are not on this host",
            "Go on if they are to be placed in this run",
        )
    if probe.get("v2") is False:
        return (
            f"{where} does not serve the v2 API of etcd",
            "Calico 2.6 needs it: run etcd 3.3 or older, or 3.4 and 3.5 with --enable-v2",
        )
    return None, None


def check_found_members(verdict: Verdict, info: Found, expectations: Found) -> None:
    """Members that somebody else runs; those that this collection runs may not be there yet."""
    etcd, found = expectations.get("etcd") or {}, info.get("etcd_members") or {}
    if etcd.get("source") != "existing" or not etcd.get("proxy") or found.get("kind") not in TROUBLE:
        return
    what, remedy = TROUBLE[found["kind"]]
    verdict.fail("etcd", what, found.get("error"), remedy)


def check_open(verdict: Verdict, infos: Mapping[str, Found], etcd: Found) -> None:
    """A datastore that whoever reaches it can rewrite, as hosts other than the members' found by trying. One warning for all of them.

    :param infos: {name of a host: what agent_info found there}.
    """
    found: dict[str, str] = {}
    for name in sorted(infos):
        probes = [
            probe["endpoint"]
            for probe in infos[name].get("etcd") or []
            if probe.get("open") and not LOOPBACK.match(probe["endpoint"])
        ]
        for url in probes + list((infos[name].get("etcd_members") or {}).get("open") or []):
            found.setdefault(url, name)
    if found:
        verdict.warn(
            "etcd_open",
            "whoever reaches the datastore can rewrite pools and policies, and so let anybody into any container",
            f"{', '.join(sorted(found))} answered {', '.join(sorted(set(found.values())))} without a certificate",
            "Give its members and clients certificates (calico_etcd_ca_file and those below it), or let only hosts of the cluster reach its ports; "
            "see docs/security.md",
        )
    if etcd.get("source") == "managed" and not etcd.get("tls") and not etcd.get("open"):
        verdict.fail(
            "etcd_open",
            "a managed etcd without certificates is required",
            "whoever reaches a master can rewrite pools and policies there",
            "Give certificates (calico_etcd_ca_file, calico_etcd_cert_file and calico_etcd_key_file; calico_certificates issues them), or set "
            "calico_etcd_open: true for members that listen on the addresses of the masters",
        )


def _masters(etcd: Found, info: Found) -> list[str]:
    """Addresses of all masters, [] where they are not known or do not matter."""
    return (info.get("masters") or {}).get("addresses") or [] if etcd.get("source") == "managed" else []


def check_known_members(verdict: Verdict, info: Found, expectations: Found) -> None:
    """A host that talks to a part of a managed etcd only, because the inventory has a part of the masters: a job slice of AWX."""
    etcd = expectations.get("etcd") or {}
    masters, members = _masters(etcd, info), etcd.get("members") or []
    if len(members) < len(masters):
        verdict.fail(
            "etcd_members",
            f"etcd has {len(members)} members here, and DC/OS has {len(masters)} masters ({', '.join(masters)})",
            "hosts that know a part of them lose the datastore with that part",
            "Run with the whole inventory, or name all members in calico_etcd_members, as a job slice of AWX needs it",
        )


def check_known_masters(verdict: Verdict, info: Found, expectations: Found) -> None:
    """A member that would found a cluster without some of the others."""
    etcd = expectations.get("etcd") or {}
    masters, known = _masters(etcd, info), etcd.get("masters") or []
    if len(known) < len(masters):
        verdict.fail(
            "etcd_members",
            f"etcd is to run on {', '.join(known)}, and DC/OS has {len(masters)} masters ({', '.join(masters)})",
            "members that do not know each other found clusters of their own",
            "Run for the masters with the whole inventory, in AWX by a job without slices",
        )
