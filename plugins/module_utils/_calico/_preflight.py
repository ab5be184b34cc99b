# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge all hosts together, before anything is touched anywhere. Pure: from what agent_info found and what is wanted to failures and warnings.

C(hosts) is {name: {info, node_name, node_ip, node, member}}: info as agent_info returns it; node_name and node_ip (with prefix) as the host's
variables give them, None for those of detect_ip; node and member whether it runs calico/node and a member of a managed etcd. C(expectations) is
described in the module preflight. A finding is {host, check, what, why, remedy}; its host is ALL where it concerns what is wanted rather than one host.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._calico import _client_config, _docker_ipv6, _node, _releases, _runner
from ansible_collections.dcos.calico.plugins.module_utils._calico._preflight_etcd import (
    ALL, check_found_members, check_known_masters, check_known_members, check_open,
)
from ansible_collections.dcos.calico.plugins.module_utils._calico._preflight_networks import check_documents, check_networks, file_of, is_present
from ansible_collections.dcos.calico.plugins.module_utils._calico._preflight_pools import check_pools
from ansible_collections.dcos.calico.plugins.module_utils._calico._preflight_release import check_digests, check_release
from ansible_collections.dcos.calico.plugins.module_utils._calico._preflight_usage import check_usage
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

OLDEST_DOCKER = (1, 11)
# Advertised to frameworks by DC/OS agents (documentation of 1.13, ports).
MESOS_PORTS = ((1025, 2180), (2182, 3887), (3889, 5049), (5052, 8079), (8082, 8180), (8182, 32000))
NEEDED = {'xt_set': 'its packet filter rules match sets of addresses', 'ip_set': 'it keeps addresses in sets', 'nf_conntrack': 'its rules follow connections'}
BGP_PORT = 179
NOWHERE = re.compile(r'(127|0)\.')
# Where a listener is in the way of one on the loopback device; an etcd member on the host's own address is not.
LOOPBACK = ('0.0.0.0', '127.0.0.1', '::', '::1')


class Verdict(object):
    """Findings, and the names of checks whose failures count as warnings."""

    def __init__(self, ignored=()):
        self.failures = []
        self.warnings = []
        self.ignored = set(ignored)

    def fail(self, host, check, what, why=None, remedy=None):
        """Note a failure."""
        found = {'host': host, 'check': check, 'what': what, 'why': why, 'remedy': remedy}
        (self.warnings if check in self.ignored else self.failures).append(found)

    def warn(self, host, check, what, why=None, remedy=None):
        """Note a warning."""
        self.warnings.append({'host': host, 'check': check, 'what': what, 'why': why, 'remedy': remedy})


def judge(hosts, expectations, ignored=()):
    """(failures, warnings), those about what is wanted first, then host by host."""
    verdict = Verdict(ignored)
    check_wanted(verdict, expectations)
    known = dict((name, host) for name, host in hosts.items() if _usable(verdict, name, host))
    nodes = dict((name, host) for name, host in known.items() if host.get('node', True))
    members = [name for name in known if known[name].get('member')]
    check_pools(verdict, nodes, [pool for pool in expectations.get('pools') or [] if is_present(pool)], expectations.get('forbidden_cidrs') or [])
    check_usage(verdict, nodes, expectations)
    check_digests(verdict, nodes, expectations)
    check_nodes(verdict, nodes, (expectations.get('datastore') or {}).get('node') or [])
    if (expectations.get('docker_network') or {}).get('wanted'):
        check_docker_names(verdict, nodes)
    check_members(verdict, members)
    check_open(verdict, dict((name, host['info']) for name, host in known.items()), expectations.get('etcd') or {})
    private = [name for name, host in known.items() if (host['info'].get('dcos') or {}).get('role') == 'private']
    least = expectations.get('min_private_agents', 3)
    if len(private) < least:
        verdict.warn(ALL, 'agents', 'there are %d private agents' % len(private), 'the guide wants at least %d' % least,
                     'Go on if this cluster is meant to be so small')
    for name in sorted(known):
        checks = (check_dcos,) + (NODE_CHECKS if name in nodes else ()) + (MEMBER_CHECKS if name in members else ())
        for check in checks:
            check(verdict, name, known[name]['info'], expectations)
    order = dict((name, number) for number, name in enumerate([ALL] + sorted(hosts)))
    for findings in (verdict.failures, verdict.warnings):
        findings.sort(key=lambda finding: order[finding['host']])
    return verdict.failures, verdict.warnings


def _usable(verdict, name, host):
    if host.get('info') and 'dcos' in host['info']:
        if (host['info'].get('os') or {}).get('root') is False:
            verdict.fail(name, 'become', 'this host was looked at without the rights of root, so nothing of what it says can be judged',
                         'the run logs in as another user and does not become root',
                         'Take ansible_become: false out of the inventory, set become: true in a play of your own, or log in as root')
            return False
        strange = _strange_networks(host['info'])
        if strange:
            verdict.fail(name, 'agent_info', 'what this host says of its networks cannot be', 'it has %s' % ', '.join(repr(text) for text in strange),
                         'See who answers there, and what its interfaces are')
        return not strange
    verdict.fail(name, 'agent_info', 'nothing is known of this host', (host.get('info') or {}).get('msg'),
                 'Run dcos.calico.agent_info on it first, and see why it failed')
    return False


def _strange_networks(info):
    """What of a host's own words is no network, sorted; no judgement can compare it."""
    found = [item.get('network') for item in info.get('subnets') or ()] + [item.get('subnet') for item in info['dcos'].get('overlays') or ()]
    strange = []
    for text in found:
        try:
            _cidr.parse(text)
        except ValidationError:
            strange.append(to_native(text)[:100])
    return sorted(strange)


def check_wanted(verdict, expectations):
    """What can be told without looking at a host."""
    try:
        _releases.resolve(expectations['release'])
    except ValidationError as error:
        verdict.fail(ALL, 'release', error.what, error.why, error.remedy)
    for artefact in expectations.get('artefacts') or []:
        if artefact.get('image') and not artefact.get('sha256') and not artefact.get('by_tag'):
            verdict.fail(ALL, 'checksum', 'the image %s is named by a tag alone' % artefact['image'],
                         'what a tag names can change, and calico/node is privileged',
                         'Give an archive of it (calico_mirror_url, calico_artifacts_dir or calico_node_archive_url), or its digest in %s '
                         '(NAME@sha256:...), or set calico_image_by_tag: true to rely on its registry' % artefact['variable'])
        elif not artefact.get('sha256') and not artefact.get('by_tag'):
            verdict.fail(ALL, 'checksum', 'there is no sha256 for %s' % artefact['name'], 'nothing is installed without one',
                         'Set %s, to a sum from a place you trust; playbook manifest prints those of what it fetches' % artefact['variable'])
    check_release(verdict, expectations)
    check_datastore(verdict, expectations.get('etcd') or {})
    check_networks(verdict, expectations.get('networks') or [], expectations.get('pools') or [])
    check_documents(verdict, expectations.get('documents') or [])
    for problem in expectations.get('problems') or []:
        what, _stop, remedy = problem.partition('. ')
        verdict.fail(ALL, 'variable', what, None, remedy or 'Correct it')
    port = expectations.get('felix_health_port')
    if port and any(first <= port <= last for first, last in MESOS_PORTS):
        verdict.warn(ALL, 'health_port', "Felix' health port %d is in a range that Mesos offers to tasks" % port, 'a task may be given it',
                     'Choose one above 32000')


def check_datastore(verdict, etcd):
    """What an etcd from the Universe cannot do: 0.0.3 speaks plain http, on ports that Mesos gives it."""
    if etcd.get('source') != 'universe':
        return
    if etcd.get('tls') or any(endpoint.startswith('https:') for endpoint in etcd.get('endpoints') or []):
        verdict.fail(ALL, 'etcd', 'TLS is wanted with the etcd of the Universe', 'its package has no TLS',
                     'Set calico_etcd_source to managed or existing, or leave calico_etcd_ca_file empty and write http:// in calico_etcd_endpoints')
    if not etcd.get('proxy'):
        verdict.fail(ALL, 'etcd', 'the etcd of the Universe is wanted without a proxy', 'its members listen on ports that change when Mesos starts them anew',
                     'Set calico_etcd_proxy to true: a proxy finds them by their SRV records')


def check_nodes(verdict, hosts, known):
    """Names and addresses of the nodes, which must be there and be one's own, among the hosts and in the datastore.

    :arg known: documents of the nodes that the datastore has.
    """
    names, addresses, stored = {}, {}, _node.addresses(_runner.nodes(known))
    for name in sorted(hosts):
        node, info = hosts[name], hosts[name]['info']
        found = info.get('node') or {}
        node_name, address = node.get('node_name') or found.get('ip'), node.get('node_ip') or found.get('address')
        if not address or '/' not in address:
            verdict.fail(name, 'node_address', 'the address of this node is not known with its prefix',
                         found.get('error') or 'no interface has %s, which detect_ip answers' % (address or found.get('ip')),
                         'See what /opt/mesosphere/bin/detect_ip answers there, or set calico_node_ip to address and prefix')
            continue
        if NOWHERE.match(address):
            verdict.fail(name, 'node_address', 'the node address %s leads each host to itself' % address, None, 'Correct calico_node_ip, or detect_ip')
            continue
        own = [item for item in info.get('subnets') or [] if item['address'] == address.split('/')[0]]
        if not own:
            verdict.fail(name, 'node_address', 'no interface of this host has its node address %s' % address, None, 'Correct calico_node_ip, or detect_ip')
        elif '%s/%d' % (own[0]['address'], own[0]['prefix']) != address:
            verdict.warn(name, 'node_address',
                         'the node address is %s, and %s has it as %s/%d' % (address, own[0]['interface'], own[0]['address'], own[0]['prefix']),
                         'cross-subnet IP-in-IP goes by the prefix', 'Give the prefix of the interface')
        other = _node.conflict(stored, node_name, address)
        if other:
            verdict.fail(name, 'node_address', *_node.conflict_words(other, node_name, address))
        names.setdefault(node_name, []).append(name)
        addresses.setdefault(address.split('/')[0], []).append(name)
    for kind, found in (('name', names), ('address', addresses)):
        for value, owners in sorted(found.items()):
            for owner in owners if len(owners) > 1 else ():
                others = ', '.join(other for other in owners if other != owner)
                verdict.fail(owner, 'node_%s' % kind, 'the node %s %s is that of %s too' % (kind, value, others), 'a node of Calico is known by it',
                             'Give each host one of its own (calico_node_%s)' % ('name' if kind == 'name' else 'ip'))


def check_docker_names(verdict, hosts):
    """The libnetwork plugin of Calico 2.6 has containers under the name of the host, and Felix and BIRD look for them under the name of the node."""
    for name in sorted(hosts):
        found = hosts[name]['info'].get('node') or {}
        node_name, hostname = hosts[name].get('node_name') or found.get('ip'), found.get('hostname')
        if node_name and hostname and node_name != hostname:
            verdict.fail(name, 'docker_node_name',
                         "Docker's containers would reach nothing on this host: its node is %s, and the host is named %s" % (node_name, hostname),
                         'the libnetwork plugin of Calico 2.6 has containers under the name of the host, where Felix does not look',
                         'Set calico_node_name to "{{ calico_agent.node.hostname }}"; a node that runs already gets another name by that, see docs/docker.md')


def check_members(verdict, members):
    """How many members a managed etcd has."""
    if members and len(members) % 2 == 0:
        verdict.warn(ALL, 'etcd', 'etcd is to have %d members' % len(members), 'it bears the loss of no more than with %d' % (len(members) - 1),
                     'Have an odd number of masters run it')


def check_dcos(verdict, name, info, expectations):
    """The version of DC/OS, and whether it brings a Calico of its own."""
    good, why = _releases.supported_dcos(info['dcos'].get('version'))
    if not info['dcos'].get('version'):
        verdict.fail(name, 'dcos_version', 'DC/OS is not installed on this host, or its version cannot be read', None, 'Install DC/OS 1.9 to 2.0 first')
    elif not good:
        verdict.fail(name, 'dcos_version', 'Calico is not installed on this version of DC/OS', why, 'Leave this cluster to the Calico that DC/OS ships'
                     if _numbers(info['dcos']['version']) >= (2, 1) else 'Upgrade DC/OS first')
    elif info['dcos'].get('own_calico'):
        verdict.fail(name, 'dcos_version', 'DC/OS itself runs Calico on this host', None, 'Set calico_enabled to false in the configuration of DC/OS first')


def check_docker(verdict, name, info, expectations):
    """Docker, which runs calico/node."""
    docker = info.get('docker') or {}
    if not docker.get('present') or not docker.get('running'):
        verdict.fail(name, 'docker', 'Docker %s' % ('does not run' if docker.get('present') else 'is not installed'), docker.get('error'),
                     'Start it, and see "systemctl status docker"' if docker.get('present') else 'Install Docker 1.11 or later: calico/node is a container')
    elif _numbers(docker.get('version')) < OLDEST_DOCKER:
        verdict.fail(name, 'docker', 'Docker %s is too old' % docker.get('version'), None, 'Upgrade to 1.11 or later')
    elif docker.get('at_boot') is False:
        verdict.warn(name, 'docker', 'Docker does not come up with this host', 'and so neither does calico/node', 'Run "systemctl enable docker"')


def check_docker_ipv6(verdict, name, info, expectations):
    """IPv6 of the host, which keeps Docker from starting containers on Calico's network."""
    network, docker = expectations.get('docker_network') or {}, info.get('docker') or {}
    if not network.get('wanted') or network.get('disable_ipv6') or not docker.get('running'):
        return
    found = _docker_ipv6.judge(_numbers(docker.get('version')), _numbers((info.get('os') or {}).get('kernel')), info.get('ipv6') or {})
    if found == 'fails':
        verdict.fail(name, 'docker_ipv6', _docker_ipv6.FAILS, _docker_ipv6.WHY, _docker_ipv6.REMEDY)
    elif found == 'may_fail':
        verdict.warn(name, 'docker_ipv6', _docker_ipv6.MAY_FAIL, _docker_ipv6.WHY, 'Try one: docker run --rm --net NETWORK IMAGE true')


def check_kernel(verdict, name, info, expectations):
    """What the kernel must be able to do; IP-in-IP only if a pool wants it."""
    kernel = info.get('kernel') or {}
    if 'error' in kernel:
        return verdict.warn(name, 'kernel', 'what the kernel supports could not be found out', kernel['error'])
    for feature, why in sorted(NEEDED.items()):
        if kernel.get(feature) is None:
            verdict.fail(name, 'kernel', 'the kernel does not support %s' % feature, 'Felix needs it: %s' % why,
                         'Install the kernel modules, and try "modprobe %s"' % feature)
    if kernel.get('ip6_tables') is None:
        verdict.warn(name, 'kernel', 'the kernel does not support ip6_tables', 'workloads have no IPv6 without it')
    wants_ipip = [pool['cidr'] for pool in expectations.get('pools') or [] if is_present(pool) and pool.get('ipip', 'off') not in ('off', False, None)]
    if wants_ipip and 'ipip' in kernel and kernel['ipip'] is None:
        verdict.fail(name, 'kernel', 'the kernel does not support ipip', 'the pool %s wants it' % wants_ipip[0],
                     'Install the kernel module, or set ipip of the pool to off')


def check_iptables(verdict, name, info, expectations):
    """Packets pass both backends; Felix of 2.6 accepts them in the legacy one only."""
    forward = (info.get('iptables') or {}).get('forward') or {}
    if forward.get('nft') == 'DROP':
        verdict.fail(name, 'iptables', 'the nft backend of iptables drops forwarded packets, and Felix works in the legacy one',
                     'Docker sets the policy DROP where forwarding was off when it started',
                     'Use the legacy backend for Docker too (update-alternatives --set iptables /usr/sbin/iptables-legacy, restart Docker), or run '
                     '"iptables-nft -P FORWARD ACCEPT"')


def check_cni(verdict, name, info, expectations):
    """The folder of networks: all files must be readable for Mesos, and each network in one file only."""
    cni = info.get('cni') or {}
    ours = dict((file_of(network), network['name']) for network in expectations.get('networks') or [])
    for item in cni.get('files') or []:
        path = '%s/%s' % (cni['dir'], item['file'])
        if item['kind'] == 'invalid' and item['file'] not in ours:
            verdict.fail(name, 'cni_file', '%s is no CNI network' % path, '%s, and Mesos reads every file there' % item['reason'],
                         'Remove it, or move it elsewhere')
        elif item['kind'] == 'network' and item['file'] in ours and item['type'] != 'calico':
            verdict.fail(name, 'cni_foreign', '%s has the network %s of type %s, which would be overwritten' % (path, item['name'], item['type']),
                         'it belongs to DC/OS or to somebody else', 'Choose another name or file in calico_networks')
        elif item['kind'] == 'network' and item['file'] not in ours and item['name'] in ours.values():
            verdict.fail(name, 'cni_duplicate', '%s has the network %s, which is to be in another file' % (path, item['name']), 'Mesos takes only one of them',
                         'Remove it, or name it as the file of that network')
        elif item.get('duplicate_of') and item['file'] not in ours:
            verdict.fail(name, 'cni_duplicate', '%s and %s both have the network %s' % (path, item['duplicate_of'], item['name']),
                         'which one Mesos takes is up to chance', 'Remove one of them')


def check_calicoctl(verdict, name, info, expectations):
    """A configuration of calicoctl that is somebody else's and points elsewhere."""
    config, wanted = info.get('calicoctl_cfg') or {}, (expectations.get('etcd') or {}).get('endpoints') or []
    if not config.get('exists') or config.get('managed') or _client_config.same(config['endpoints'], wanted):
        return
    if config.get('problem'):
        verdict.fail(name, 'calicoctl_cfg', '%s is not of this collection and points to no etcd' % config['path'], config['problem'],
                     'Move it away after taking over what is needed from it')
        return
    verdict.fail(name, 'calicoctl_cfg', '%s is not of this collection and points to %s' % (config['path'], ', '.join(config['endpoints'])),
                 'it would point to %s' % ', '.join(wanted), 'Move it away, or set calico_etcd_endpoints to the same')


def check_ports(verdict, name, info, expectations):
    """Ports that others have."""
    ports, etcd = info.get('ports') or {}, expectations.get('etcd') or {}
    wanted = [(BGP_PORT, 'BIRD', ('bird',)), (expectations.get('felix_health_port'), "Felix' health port", ('calico-felix',))]
    for port, user, processes in wanted:
        found = ports.get(str(port))
        if found and found.get('process') not in processes and not (found.get('process') is None and _node_runs(info)):
            verdict.fail(name, 'port', 'TCP port %d, needed for %s, is taken by %s' % (port, user, _owner(found)), None, 'Stop that program'
                         if port == BGP_PORT else 'Stop that program, or set calico_felix_health_port')
    if not etcd.get('proxy') or (info.get('proxy') or {}).get('active') in ('active', 'activating'):
        return
    for endpoint in etcd.get('endpoints') or []:
        match = re.match(r'^https?://(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)/?\Z', endpoint)
        found = ports.get(match.group(1)) if match else None
        if found and set(found.get('addresses') or LOOPBACK) & set(LOOPBACK):
            verdict.fail(name, 'port', 'TCP port %s, needed for the etcd proxy, is taken by %s' % (match.group(1), _owner(found)), None,
                         'Stop that program, or set calico_etcd_proxy to false to use what runs there')


def check_member_ports(verdict, name, info, expectations):
    """Ports of a member of a managed etcd that others have."""
    etcd, ports = expectations['etcd'], info.get('ports') or {}
    for port, variable in ((etcd['client_port'], 'calico_etcd_client_port'), (etcd['peer_port'], 'calico_etcd_peer_port')):
        found = ports.get(str(port))
        if found and found.get('unit') not in (etcd['member_unit'], etcd['proxy_unit']):
            verdict.fail(name, 'port', 'TCP port %d, needed for the etcd member, is taken by %s' % (port, _owner(found)), None,
                         'Stop that program, or set %s' % variable)


def _node_runs(info):
    return bool(((info.get('calico_node') or {}).get('container') or {}).get('running'))


def _owner(found):
    if not found.get('process'):
        return 'a program that cannot be seen'
    return '%s (pid %s%s)' % (found['process'], found['pid'], ' of %s' % found['unit'] if found.get('unit') else '')


def check_etcd(verdict, name, info, expectations):
    """The datastore, where it can be judged now: not one that is yet to be set up, nor our own proxy, which is not there yet or is repaired."""
    etcd, probes = expectations.get('etcd') or {}, info.get('etcd') or []
    later = etcd.get('source') in ('managed', 'universe') or etcd.get('proxy')
    bad = [probe for probe in probes if not probe.get('healthy')]
    for probe in bad:
        what, remedy = _etcd_trouble(probe)
        if what and probe.get('certificate') == 'missing':
            verdict.warn(name, 'etcd', what, probe.get('error'), remedy)
        elif what and (not later or probe.get('v2') is False):
            verdict.fail(name, 'etcd', what, probe.get('error'), remedy)
    silent = [probe for probe in bad if _etcd_trouble(probe)[0] is None]
    if later or not silent:
        return
    note, what = (verdict.fail, 'none of the etcd endpoints answers') if len(bad) == len(probes) else (verdict.warn, 'some etcd endpoints do not answer')
    note(name, 'etcd', what, '; '.join('%s: %s' % (probe['endpoint'], probe.get('error')) for probe in silent),
         'Start etcd, see that no firewall is between, and check calico_etcd_endpoints')


def _etcd_trouble(probe):
    """(what, remedy) for an endpoint that was reached and is of no use; (None, None) for one that just does not answer."""
    where = probe['endpoint']
    if probe.get('certificate') == 'server':
        return ('the certificate of %s is not accepted' % where,
                'Set calico_etcd_ca_file to the CA that signed it, and see that it names the host of the endpoint and is not expired')
    if probe.get('certificate') == 'client':
        return ('%s refuses the client certificate' % where,
                'See that calico_etcd_cert_file is signed by the CA that etcd trusts, is not expired and fits calico_etcd_key_file')
    if probe.get('certificate') == 'missing':
        return '%s cannot be tried: the files for TLS are not on this host' % where, 'Go on if they are to be placed in this run'
    if probe.get('v2') is False:
        return '%s does not serve the v2 API of etcd' % where, 'Calico 2.6 needs it: run etcd 3.3 or older, or 3.4 and 3.5 with --enable-v2'
    return None, None


def _numbers(version):
    """(major, minor) of a version, (0, 0) if it has none."""
    match = re.match(r'^v?(\d+)\.(\d+)', version or '')
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


NODE_CHECKS = (check_docker, check_docker_ipv6, check_kernel, check_iptables, check_cni, check_calicoctl, check_ports, check_etcd, check_found_members,
               check_known_members)
MEMBER_CHECKS = (check_member_ports, check_known_masters)
