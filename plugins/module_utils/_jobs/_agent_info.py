# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything worth knowing of a host, in one go: independent probes, each in a thread of its own, none of which can fail the others.
dcos.calico.agent_info and dcos.calico.agent_plan run it.

What the kernel can do that Calico needs is found by trying, by /proc, or by the lists of built-in and loadable modules. lsmod knows neither what is
built in nor what would be loaded on first use, so it is never the only witness.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os
import re
import threading

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils import _pem
from ansible_collections.dcos.calico.plugins.module_utils._calico import _facts, _node, _unmanaged
from ansible_collections.dcos.calico.plugins.module_utils._errors import CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _facts_dcos, _facts_etcd, _mesos_agent, _network, _routes, _stream
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline
from ansible_collections.dcos.calico.plugins.module_utils._host._network import read

PROC = '/proc'
SYS = '/sys'
MODULES = '/lib/modules'
IPSET_SECONDS = 5
FEATURES = ('xt_set', 'ip6_tables', 'ip_set', 'nf_conntrack', 'ipip')
# feature: files that exist, or lists that name it, only where the kernel has it in use
LIVE_FILES = {
    'ip6_tables': ('net/ip6_tables_names',),
    'nf_conntrack': ('sys/net/netfilter/nf_conntrack_max',),
}
LIVE_LISTS = {'xt_set': ('net/ip_tables_matches', 'set')}
SECONDS = 60
CERTIFICATES = 1024 * 1024  # bytes of a file of them
LOCAL = re.compile(r'^https?://(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)/?\Z')
NETWORK_MANAGERS = {'networkmanager': 'NetworkManager.service', 'networkd': 'systemd-networkd.service'}


def listed(text, name):
    """Whether modules.builtin, modules.dep or the like names a module; dashes and underscores are the same there."""
    pattern = r'(^|/)%s\.ko(\.(gz|xz|zst))?(:|\s|$)' % re.sub('[_-]', '[_-]', name)
    return re.search(pattern, text, re.MULTILINE) is not None


def _modules(name):
    """How the module files of the running kernel know a module: builtin, loadable or None."""
    directory = os.path.join(MODULES, os.uname()[2])
    for kind, filename in (('builtin', 'modules.builtin'), ('loadable', 'modules.dep')):
        if listed(read(directory, filename) or '', name):
            return kind
    return None


def _alive(name):
    """Whether the running kernel shows that it has a feature in use."""
    if os.path.isdir(os.path.join(SYS, 'module', name)):
        return True
    if any(os.path.exists(os.path.join(PROC, path)) for path in LIVE_FILES.get(name, ())):
        return True
    path, word = LIVE_LISTS.get(name, (None, None))
    return path is not None and word in (read(PROC, path) or '').split()


def _tried(name):
    """Try what changes nothing: ipset asks the kernel for its protocol, tunl0 stands in every name space of a kernel with ipip."""
    if name in ('ip_set', 'xt_set') and _command.find('ipset'):
        try:
            return _command.run(['ipset', 'list', '-n'], IPSET_SECONDS).rc == 0
        except CommandError:
            return False
    return name == 'ipip' and os.path.isdir(os.path.join(SYS, 'class/net/tunl0'))


def support(name):
    """How a feature is there: C(active), C(builtin), C(loadable), or None if nothing speaks for it."""
    if _alive(name):
        return 'active'
    return _modules(name) or ('active' if _tried(name) else None)


def kernel(ipip=False):
    """{feature: see support()}; ipip is only looked for if a pool wants it."""
    return dict((name, support(name)) for name in FEATURES if ipip or name != 'ipip')


class Probe(threading.Thread):
    """One question; C(value) is its answer, or C({'error': words})."""

    def __init__(self, ask):
        super(Probe, self).__init__()
        self.daemon = True
        self.value = {'error': 'no answer within %d seconds' % SECONDS}
        self._ask = ask

    def run(self):
        try:
            self.value = self._ask()
        except Exception as error:  # A probe's error is its value, whatever it is: one broken part of a host must not hide the others.
            self.value = {'error': to_native(error) or type(error).__name__}


def together(questions):
    """{name: answer} of {name: callable}, all asked at once and waited for together."""
    probes = dict((name, Probe(ask)) for name, ask in questions.items())
    for probe in probes.values():
        probe.start()
    deadline = Deadline(SECONDS)
    for probe in probes.values():
        probe.join(deadline.left())
    return dict((name, probe.value) for name, probe in probes.items())


def certificate(path):
    """{path, not_after, error} of a file; of several certificates, the one that ends first."""
    found = {'path': path, 'not_after': None, 'error': None}
    try:
        with io.open(path, 'rb') as handle:
            text = to_native(_stream.whole(handle, path, CERTIFICATES), errors='surrogate_or_replace')
        ends = [_pem.not_after(data) for label, data in _pem.blocks(text) if label == 'CERTIFICATE']
    except (IOError, OSError, ValueError) as error:
        return dict(found, error=to_native(error))
    return dict(found, not_after=min(ends)) if ends else dict(found, error='it has no certificate')


def questions(params):
    """What is asked, by name of the answer."""
    tls = _facts_etcd.Tls(params['etcd_ca_file'], params['etcd_cert_file'], params['etcd_key_file'])
    units = dict(NETWORK_MANAGERS, node=_node.UNIT_NAME, proxy=params['proxy_unit'])
    asked = {
        'dcos': _facts_dcos.dcos,
        'os': _facts_dcos.system,
        'detected': lambda: _facts_dcos.detect_ip(params['detect_ip']),
        'addresses': lambda: {'list': _network.addresses()},
        'containers': lambda: {'list': _routes.containers(_routes.required())},
        'mtus': _network.mtus,
        'rp_filter': _network.rp_filter,
        'iptables': _network.iptables,
        'ipv6': _network.ipv6,
        'kernel': lambda: kernel(params['probe_ipip']),
        'ports': lambda: _network.listeners(desired_ports(params)),
        'docker': _facts.docker,
        'node': lambda: _facts.node(params['felix_health_port']),
        'mesos_agent': _mesos_agent.facts,
        'units': lambda: by_role(units, _facts.units(units.values())),
        'bgp': _facts.bgp,
        'cni': lambda: {'dir': params['cni_dir'], 'files': _facts.cni_files(params['cni_dir']),
                        'plugins': _facts.cni_plugins(params['plugin_dirs'])},
        'calicoctl_cfg': lambda: _facts.calicoctl_config(params['calicoctl_cfg']),
    }
    for path in filter(None, [params['etcd_ca_file'], params['etcd_cert_file']]):
        asked['certificate ' + path] = lambda path=path: certificate(path)
    for path in params['executables']:
        asked['executable ' + path] = lambda path=path: _facts.executable(path)
    if params['etcd_srv'] or params['etcd_peers']:
        files = _facts_etcd.ProxyTls(params['etcd_ca_file'], params['etcd_cert_file'], params['etcd_key_file'])
        asked['etcd_members'] = lambda: _facts_etcd.look_at_members(params['etcd_srv'], params['etcd_peers'], files)
    if params['masters']:
        asked['masters'] = lambda: _facts_etcd.masters(params['masters'])
    for endpoint in params['etcd_endpoints']:
        asked['etcd ' + endpoint] = lambda endpoint=endpoint: _facts_etcd.probe(endpoint, tls)
    return asked


def desired_ports(params):
    """Ports to look at: BGP's, Felix' health port, those of etcd endpoints on this host, and those that are asked for."""
    local = [int(match.group(1)) for match in map(LOCAL.match, params['etcd_endpoints']) if match]
    return set([179] + params['ports'] + local + ([params['felix_health_port']] if params['felix_health_port'] else []))


def by_role(units, states):
    """{role: state with the unit's name}."""
    return dict((role, dict(states[name], name=name)) for role, name in units.items())


def gather(params):
    """The result of agent_info; see its RETURN."""
    found = together(questions(params))
    addresses, detected = found.pop('addresses').get('list') or [], found.pop('detected')
    units, containers = found.pop('units'), found.pop('containers')
    node, bgp = found.pop('node'), found.pop('bgp')
    answer = dict(
        dict((name, value) for name, value in found.items() if ' ' not in name),
        node=_facts_dcos.node(detected, addresses, found['mtus']),
        subnets=addresses,
        containers=containers.get('list'),
        etcd_members=found.get('etcd_members'),
        masters=found.get('masters'),
        executables=[_named(found['executable ' + path], path=path) for path in params['executables']],
        certificates=[found[name] for name in sorted(found) if name.startswith('certificate ')],
        etcd=[_named(found['etcd ' + endpoint], endpoint=endpoint) for endpoint in params['etcd_endpoints']],
        network_managers=dict((role, (units.get(role) or {}).get('active') == 'active') for role in NETWORK_MANAGERS),
        proxy=units.get('proxy') or units,
        calico_node={'container': node.get('container') or node, 'unit': units.get('node') or units, 'felix': node.get('felix') or node, 'bgp': bgp},
    )
    if params['unmanaged']:
        answer.update(together({'unmanaged': lambda: _unmanaged.look(params, answer)}))
    return answer


def _named(answer, **names):
    """An answer that names what it is about, even if it is only an error."""
    return dict(names, **answer)


ARGUMENT_SPEC = dict(
    cni_dir=dict(type='path', default='/opt/mesosphere/etc/dcos/network/cni'),
    plugin_dirs=dict(type='list', elements='path', default=['/opt/mesosphere/active/cni', '/opt/mesosphere/active/dcos-cni',
                                                            '/opt/mesosphere/active/mesos/libexec/mesos']),
    executables=dict(type='list', elements='path', default=[]),
    etcd_endpoints=dict(type='list', elements='str', default=[]),
    etcd_srv=dict(type='str'),
    etcd_peers=dict(type='list', elements='str', default=[]),
    masters=dict(type='str'),
    etcd_ca_file=dict(type='path'),
    etcd_cert_file=dict(type='path'),
    etcd_key_file=dict(type='path', no_log=False),
    felix_health_port=dict(type='int'),
    proxy_unit=dict(type='str', default='calico-etcd-proxy.service'),
    calicoctl_cfg=dict(type='path', default='/etc/calico/calicoctl.cfg'),
    ports=dict(type='list', elements='int', default=[]),
    probe_ipip=dict(type='bool', default=False),
    unmanaged=dict(type='bool', default=False),
    detect_ip=dict(type='path', default='/opt/mesosphere/bin/detect_ip'),
)


def job(module):
    """Everything in one answer; see RETURN."""
    return dict(gather(module.params), changed=False)
