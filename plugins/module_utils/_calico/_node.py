# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calico/node container as required and as it is, and its systemd unit. Pure.

What is required is what C(calicoctl node run --dryrun) prints; what is, is what C(docker inspect) says. Both become a Container, and those are compared
as sets, because calicoctl prints its options in random order.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re
import shlex

from ansible_collections.dcos.calico.plugins.module_utils import _unit_text
from ansible_collections.dcos.calico.plugins.module_utils._calico import _checks
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError

CONTAINER = 'calico-node'
UNIT_NAME = 'calico-node.service'
RESTART_WAIT = 300  # seconds, for earlier restarts; BIRD itself waits 240 for its peers
# Docker and images put these in by themselves, Docker's client those of proxies that ~/.docker/config.json has.
PROXIES = ('HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY')
AMBIENT = ('PATH', 'HOME', 'HOSTNAME') + PROXIES + tuple(name.lower() for name in PROXIES)
SECRET = re.compile(r'PASSWORD|SECRET|TOKEN')
# calicoctl loads modules and sets the kernel, and the unit has iptables close a port. What the container may do is Docker's affair.
CAPABILITIES = ('CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_SYS_MODULE')
CERTIFICATES = '/etc/calico/certs/'
ADDRESS = re.compile(r'^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})/(\d{1,2})\Z')
NAME = re.compile(r'^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?\Z')

# It does not want docker.service: it is started again and again while Docker is down, and each time would start a Docker that somebody has stopped.
UNIT = """\
# Managed by Ansible (dcos.calico.calicoctl_node); changes made here by hand are overwritten.
[Unit]
Description=Calico node
Documentation=https://docs.projectcalico.org/v2.6/
%(wants)sAfter=%(after)s

[Service]
%(closed)sExecStart=%(start)s
ExecStop=-%(docker)s stop -t 10 %(container)s
Restart=always
RestartSec=5
StartLimitInterval=0
TimeoutStopSec=30
%(confined)s
[Install]
WantedBy=multi-user.target
"""


class Container(object):
    """A calico/node container: image reference, image_id, env {name: value}, mounts set('source:target[:mode]'), network, privileged, restart.

    image_id is None where it is not known; restart is Docker's restart policy, 'no' under an init system.
    """
    __slots__ = ('image', 'image_id', 'env', 'mounts', 'network', 'privileged', 'restart')

    def __init__(self, image, env, mounts, network='host', privileged=True, restart='no', image_id=None):
        self.image = image
        self.image_id = image_id
        self.env = dict(env)
        self.mounts = set(mounts)
        self.network = network
        self.privileged = privileged
        self.restart = restart

    def as_dict(self):
        """For the diff: everything but secrets, in one order."""
        env = dict((name, shown(name, value)) for name, value in self.env.items())
        return {'image': self.image, 'image_id': self.image_id, 'env': env, 'mounts': sorted(self.mounts), 'network': self.network,
                'privileged': self.privileged, 'restart': self.restart}

    def certificates(self):
        """Paths on the host of the files for TLS to etcd. The container keeps the file it was started with, even when its path has a new one."""
        return sorted(mount.split(':')[0] for mount in self.mounts if CERTIFICATES in mount)


def shown(name, value):
    """A variable's value as messages may show it: passwords and credentials in addresses taken out."""
    if value is None:
        return 'not set'
    return '(secret)' if SECRET.search(name) else re.sub(r'//[^/@,]*@', '//***@', value)


def check(params):
    """Refuse values of the module that cannot be right, before anything is touched."""
    match = ADDRESS.match(params['ip'] or '')
    if not match or any(int(part) > 255 for part in match.groups()[:4]) or not 8 <= int(match.group(5)) <= 32:
        raise ValidationError('%s is not an IPv4 address with its prefix' % (params['ip'] or '(nothing)'),
                              remedy='Write it like 10.0.2.10/24: without a prefix Calico takes the node for a network of its own (/32)')
    if not NAME.match(params['name'] or ''):
        raise ValidationError('%r cannot be the name of a Calico node' % params['name'], remedy='Use letters, digits, dots and dashes')
    if not str(params['health']['peers']).isdigit() and params['health']['peers'] != 'auto':
        raise ValidationError('health.peers is %r' % params['health']['peers'], remedy='Give auto or a number')
    if params.get('metrics'):
        _checks.scrapers(params['metrics']['scrapers'], 'metrics.scrapers')
        if not params['init_system'] or params['metrics']['port'] == params['health']['felix_port']:
            raise ValidationError('Felix cannot have metrics on port %d' % params['metrics']['port'],
                                  why='the unit closes that port when the host starts, and it must not be that of its health',
                                  remedy='Set init_system to true, and another metrics.port than health.felix_port')


def arguments(params, interface):
    """argv of C(calicoctl node run) after the program's name, without its configuration file.

    The address is not among them: C(--ip) takes none with a prefix, and stores one without as a network of its own (/32), over what the datastore
    has, at each start. A node without C(--ip) takes the address of its resource; the interface is what it falls back to where that was lost, because
    it would take the first interface of the host otherwise, which may be one of DC/OS' bridges.

    :arg interface: of the host, which has the address; None if it is not known.
    """
    argv = ['node', 'run', '--node-image=%s' % params['image'], '--name=%s' % params['name'], '--backend=%s' % params['backend'],
            '--log-dir=%s' % params['log_dir']]
    if interface:
        argv.append('--ip-autodetection-method=%s' % autodetection(interface))
    if params['as_number']:
        argv.append('--as=%s' % params['as_number'])
    if params['no_default_ippools']:
        argv.append('--no-default-ippools')
    if not params['libnetwork']:
        argv.append('--disable-docker-networking')
    if params['init_system']:
        argv.append('--init-system')
    return argv


def autodetection(interface):
    """The method that finds one interface and no other. It takes regular expressions of Go, of which a comma begins the next."""
    return 'interface=^%s$' % re.sub(r'[^A-Za-z0-9_-]', lambda found: '.' if found.group() in '^]\\,' else '[%s]' % found.group(), interface)


def closed_ports(params):
    """{port: networks that reach it beside the host} of Felix, which listens on all addresses: its health port, and that of its metrics."""
    health, metrics = params.get('health') or {}, params.get('metrics')
    found = {health['felix_port']: []} if health.get('felix_port') and health.get('port_access') == 'host' else {}
    if metrics:
        found[metrics['port']] = _checks.scrapers(metrics['scrapers'], 'metrics.scrapers')
    return found


def metrics_settings(params):
    """Settings of this node by which Felix has its metrics, or has them no more, as dcos.calico.calicoctl_config takes them.

    They are the node's own: a host has metrics when its port is closed, whichever other hosts are. In their order Felix listens on no other port
    between two of them.
    """
    metrics = params.get('metrics')
    values = [('PrometheusMetricsPort', metrics and '%d' % metrics['port']), ('PrometheusMetricsEnabled', metrics and 'true')]
    return [dict(name=name, raw='felix', node=params['name'], value=value, state='present' if value else 'absent')
            for name, value in (values if metrics else reversed(values))]


def unit_text(params, docker, interface=None, closed=()):
    """Text of the systemd unit, for systemd 219 and later.

    :arg docker: absolute path of Docker's client, which older systemd insists on.
    :arg interface: see arguments().
    :arg closed: lines that close Felix' ports.
    """
    start = ' '.join(_unit_text.command([params['calicoctl']] + arguments(params, interface) + ['--config=%s' % params['config']]))
    after = _unit_text.value(' '.join(['docker.service'] + params['after_units']))
    wants = 'Wants=%s\n' % _unit_text.value(' '.join(params['after_units'])) if params['after_units'] else ''
    confined = ''.join(line + '\n' for line in _unit_text.confinement([params['calicoctl'], params['config'], docker], CAPABILITIES))
    return UNIT % dict(confined=confined, closed=''.join(line + '\n' for line in closed), wants=wants, after=after, start=start,
                       docker=_unit_text.command([docker])[0], container=CONTAINER)


def parse_dryrun(text):
    """Container that C(calicoctl node run --dryrun) would start; raises CalicoError if no C(docker run) line is in its answer."""
    line = next((row for row in text.splitlines() if row.strip().startswith('docker run ')), None)
    if line is None:
        raise CalicoError('calicoctl node run --dryrun did not print the command it would run', why=' | '.join(text.split('\n')[-4:]).strip(' |'),
                          remedy='Check that calicoctl is of version 1.6 and what it says by hand')
    container, words = Container(None, {}, (), network='default', privileged=False), shlex.split(line)[2:]
    while words:
        word = words.pop(0)
        if word == '-e':
            name, sign, value = words.pop(0).partition('=')
            container.env[name] = value
        elif word == '-v':
            container.mounts.add(words.pop(0))
        elif word == '--privileged':
            container.privileged = True
        elif word.startswith('--net='):
            container.network = word.partition('=')[2]
        elif word.startswith('--restart='):
            container.restart = word.partition('=')[2]
        elif not word.startswith('-'):
            container.image = word
    return container


def environment(words):
    """{name: value} of Docker's list of NAME=value."""
    return dict(word.partition('=')[::2] for word in words or ())


def from_inspect(container, image=None):
    """Container from one object of C(docker inspect), leaving out what the image itself puts into its environment.

    :arg container: the object of the container.
    :arg image: the object of its image, if at hand.
    """
    config, host = container.get('Config') or {}, container.get('HostConfig') or {}
    ambient = environment(((image or {}).get('Config') or {}).get('Env'))
    env = environment(config.get('Env'))
    kept = dict((name, value) for name, value in env.items() if name not in AMBIENT and ambient.get(name) != value)
    return Container(config.get('Image'), kept, host.get('Binds') or (), network=host.get('NetworkMode'), privileged=bool(host.get('Privileged')),
                     restart=(host.get('RestartPolicy') or {}).get('Name') or 'no', image_id=container.get('Image'))


def differences(desired, actual):
    """Sentences about what differs in a running container; empty if nothing does."""
    found = []
    if desired.image_id and actual.image_id != desired.image_id:
        found.append('image: runs %s (%s), should be %s (%s)' % (actual.image, short(actual.image_id), desired.image, short(desired.image_id)))
    elif not desired.image_id and desired.image != actual.image:
        found.append('image: runs %s, should be %s' % (actual.image, desired.image))
    for name in sorted(set(desired.env) | set(actual.env)):
        before, after = actual.env.get(name), desired.env.get(name)
        if before != after:
            found.append('variable %s: is %s, should be %s' % (name, shown(name, before), shown(name, after)))
    found.extend('mount %s: missing' % mount for mount in sorted(desired.mounts - actual.mounts))
    found.extend('mount %s: not required' % mount for mount in sorted(actual.mounts - desired.mounts))
    for name in ('network', 'privileged', 'restart'):
        if getattr(desired, name) != getattr(actual, name):
            found.append('%s: is %s, should be %s' % (name, getattr(actual, name), getattr(desired, name)))
    return found


def short(image_id):
    """The first digits of an image id."""
    return (image_id or 'none').replace('sha256:', '')[:12]


def resource(params, found):
    """Document of this node with its address, which calico/node takes at its start; what else the datastore has of it is kept.

    :arg found: this node as Calicoctl.nodes() gives it, None if the datastore has none.
    """
    found = found or {}
    others = {'asNumber': found.get('as_number'), 'ipv6Address': found.get('ipv6')}
    bgp = dict((name, value) for name, value in others.items() if value)
    return {'apiVersion': 'v1', 'kind': 'node', 'metadata': {'name': params['name']}, 'spec': {'bgp': dict(bgp, ipv4Address=params['ip'])}}


def addresses(nodes):
    """{node name: IPv4 address with prefix or None} of what Calicoctl.nodes() gives."""
    return dict((node['name'], node['ipv4']) for node in nodes)


def conflict(nodes, name, ip):
    """Name of another node that has the address (with prefix) of this one, or None."""
    desired = ip.split('/')[0]
    return next((other for other, address in sorted(nodes.items()) if other != name and address and address.split('/')[0] == desired), None)


def conflict_words(other, name, ip):
    """(what, why, remedy) about a node that has this node's address."""
    return ('The Calico node %s already uses the address %s of %s' % (other, ip, name), 'each address belongs to one node of the datastore',
            'If %s is what this host was called when Calico was set up on it, keep the name: set calico_node_name to %s. If it is gone for good, remove it: '
            'calicoctl delete node %s. Otherwise correct one of the two addresses' % (other, other, other))


def summary(params):
    """What a container that does not run yet will be, told by the options alone: the same in check mode, without calicoctl, and for real."""
    return {'image': params['image'], 'name': params['name'], 'ip': params['ip'], 'as_number': params['as_number'] or None, 'backend': params['backend'],
            'libnetwork': params['libnetwork'], 'no_default_ippools': params['no_default_ippools'], 'config': params['config'],
            'init_system': params['init_system']}
