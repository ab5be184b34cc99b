# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members that a host's etcd proxy would find, which are there before the proxy is, and whether all members of a managed etcd are known. Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

ALL = 'all hosts'
LOOPBACK = re.compile(r'https?://(127\.|localhost[:/]|\[::1\])')
# What agent_info says of them: (what, remedy).
TROUBLE = {
    'no_dns': ('no name server of this host answers, so the etcd members cannot be found',
               'See /etc/resolv.conf there, or name the members (calico_etcd_members)'),
    'no_records': ('the DNS has no SRV records of etcd members',
                   'Start etcd, see that _etcd-server._tcp of the domain calico_etcd_srv resolves here, or name the members (calico_etcd_members)'),
    'unreachable': ('no etcd member can be reached', 'Start the etcd members, and see that this host reaches their peer and client ports'),
    'loopback': ('the etcd members tell clients addresses of the loopback device, where each host finds only itself',
                 'Start each member with --advertise-client-urls of an address by which the hosts reach it; etcd\'s default is localhost'),
    'v2_off': ('the etcd members do not serve the v2 API of etcd', 'Calico 2.6 needs it: run etcd 3.3 or older, or 3.4 and 3.5 with --enable-v2'),
    'certificate': ('TLS with the etcd members fails', 'Give the CA that signed the members (calico_etcd_ca_file) and a certificate that they accept'),
}


def check_found_members(verdict, name, info, expectations):
    """Members that somebody else runs; those that this collection runs may not be there yet."""
    etcd, found = expectations.get('etcd') or {}, info.get('etcd_members') or {}
    if etcd.get('source') != 'existing' or not etcd.get('proxy') or found.get('kind') not in TROUBLE:
        return
    what, remedy = TROUBLE[found['kind']]
    verdict.fail(name, 'etcd', what, found.get('error'), remedy)


def check_open(verdict, infos, etcd):
    """A datastore that whoever reaches it can rewrite, as hosts other than the members' found by trying. One warning for all of them.

    :arg infos: {name of a host: what agent_info found there}.
    """
    found = {}
    for name in sorted(infos):
        probes = [probe['endpoint'] for probe in infos[name].get('etcd') or [] if probe.get('open') and not LOOPBACK.match(probe['endpoint'])]
        for url in probes + list((infos[name].get('etcd_members') or {}).get('open') or []):
            found.setdefault(url, name)
    if found:
        verdict.warn(ALL, 'etcd_open', 'whoever reaches the datastore can rewrite pools and policies, and so let anybody into any container',
                     '%s answered %s without a certificate' % (', '.join(sorted(found)), ', '.join(sorted(set(found.values())))),
                     'Give its members and clients certificates (calico_etcd_ca_file and those below it), or let only hosts of the cluster reach its ports; '
                     'see docs/security.md')
    if etcd.get('source') == 'managed' and not etcd.get('tls') and not etcd.get('open'):
        verdict.fail(ALL, 'etcd_open', 'a managed etcd without certificates is wanted', 'whoever reaches a master can rewrite pools and policies there',
                     'Give certificates (calico_etcd_ca_file, calico_etcd_cert_file and calico_etcd_key_file; calico_certificates issues them), or set '
                     'calico_etcd_open: true for members that listen on the addresses of the masters')


def _masters(etcd, info):
    """Addresses of all masters, [] where they are not known or do not matter."""
    return (info.get('masters') or {}).get('addresses') or [] if etcd.get('source') == 'managed' else []


def check_known_members(verdict, name, info, expectations):
    """A host that talks to a part of a managed etcd only, because the inventory has a part of the masters: a job slice of AWX."""
    etcd = expectations.get('etcd') or {}
    masters, members = _masters(etcd, info), etcd.get('members') or []
    if len(members) < len(masters):
        verdict.fail(name, 'etcd_members', 'etcd has %d members here, and DC/OS has %d masters (%s)' % (len(members), len(masters), ', '.join(masters)),
                     'hosts that know a part of them lose the datastore with that part',
                     'Run with the whole inventory, or name all members in calico_etcd_members, as a job slice of AWX needs it')


def check_known_masters(verdict, name, info, expectations):
    """A member that would found a cluster without some of the others."""
    etcd = expectations.get('etcd') or {}
    masters, known = _masters(etcd, info), etcd.get('masters') or []
    if len(known) < len(masters):
        verdict.fail(name, 'etcd_members', 'etcd is to run on %s, and DC/OS has %d masters (%s)' % (', '.join(known), len(masters), ', '.join(masters)),
                     'members that do not know each other found clusters of their own',
                     'Run for the masters with the whole inventory, in AWX by a job without slices')
