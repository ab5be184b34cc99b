# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CNI on an agent: plugins, which live outside /opt/mesosphere and are linked into a directory that Mesos searches, and the files of a directory of networks.

A DC/OS upgrade swaps everything below /opt/mesosphere, so only links are made there and a later run makes them again. Mesos reads every file in the
directory of networks, so nothing else may ever be in it.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._cni import _config, _rules
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _executables, _files, _stream, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._plan import Change, Plan

BIN_DIR = '/opt/calico/bin'
PLUGIN_DIR = '/opt/mesosphere/active/cni'
DCOS = '/opt/mesosphere'
HANDSHAKE_SECONDS = 20

PLUGIN_SPEC = dict(_executables.SOURCE_SPEC, name=dict(type='str', required=True))
PLACING_SPEC = dict(
    plugins=dict(type='list', elements='dict', default=[], options=PLUGIN_SPEC),
    executables=dict(type='list', elements='dict', default=[], options=_executables.EXECUTABLE_SPEC),
    bin_dir=dict(type='path', default=BIN_DIR),
    plugin_dir=dict(type='path', default=PLUGIN_DIR),
    required_cni_version=dict(type='str', default='0.1.0'),
)
NETWORK_DIR = '/opt/mesosphere/etc/dcos/network/cni'
# The search path of DC/OS 1.10 to 2.0; 1.9 has only the first, and a name that is in none of them is missing everywhere.
PLUGIN_DIRS = ['/opt/mesosphere/active/cni', '/opt/mesosphere/active/dcos-cni', '/opt/mesosphere/active/mesos/libexec/mesos']
NETWORK_SPEC = dict(
    file=dict(type='str', required=True),
    config=dict(type='dict'),
    secret_config=dict(type='dict', no_log=True),
    secret=dict(type='bool', default=False),
    mode=dict(type='str'),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
)


def desired_plugins(params, options, state='present'):
    """(executables of the plugins, other executables) from the params of a module whose spec has PLACING_SPEC."""
    plugins = []
    for number, item in enumerate(params['plugins']):
        name, where = item['name'], 'plugins[%d]' % number
        if not re.match(r'^[A-Za-z0-9_][A-Za-z0-9_.-]*\Z', name):
            raise ValidationError('%s: %r cannot be the name of a plugin' % (where, name), remedy='Use letters, digits, dots and dashes')
        path, link = os.path.join(params['bin_dir'], name), os.path.join(params['plugin_dir'], name)
        plugins.append(_executables.executable(dict(item, path=path, links=[] if link == path else [link]), options, where, state))
    others = _executables.desired(params['executables'], options, state=state)
    _executables.check_unique(plugins + others)
    return plugins, others


def check_directory(directory):
    """DC/OS makes its directories; where they are missing, it is not installed (or not running yet), and links into them would be lost."""
    if (directory + '/').startswith(DCOS + '/') and not os.path.isdir(directory):
        raise CalicoError('The directory %s is not there' % directory, why='DC/OS is not installed on this host, or its installation is not complete',
                          remedy='Install DC/OS first, or name another directory')


def handshake(name, path, versions):
    """Ask an executable for the CNI versions it supports; raise CalicoError unless it is a CNI plugin that has all of these.

    :arg name: what the plugin is called when it is in place; it is run under this name, as some plugins look at theirs.
    :arg path: by which the staged executable can be run.
    """
    with _files.private_directory() as directory:
        alias = os.path.join(directory, name)
        _files.link(path, alias)
        try:
            answer = _command.run([alias], HANDSHAKE_SECONDS, stdin=_config.version_question(versions[0]), environ=_config.VERSION_ENVIRONMENT)
        except CommandError as error:
            raise _no_plugin(name, str(error).rstrip('.'))
    supported = _config.supported_versions(answer.out)
    if answer.rc != 0 or supported is None:
        raise _no_plugin(name, answer.said()[:300])
    lacking = [version for version in versions if version not in supported]
    if lacking:
        raise CalicoError('The CNI plugin %s does not support CNI %s' % (name, ', '.join(lacking)), why='it supports %s' % ', '.join(supported),
                          remedy='Install a release of it that does, or ask for another version')
    return supported


def _no_plugin(name, why):
    return CalicoError('The file for %s is not a CNI plugin for this host' % name, why='asked for its CNI versions, the answer is: %s' % why,
                       remedy='Check the address and the architecture of the file; nothing was put in place')


def check_with(plugins, versions):
    """A check for _executables.apply: the handshake for those that are plugins.

    :arg versions: callable(name) -> list of CNI versions that the plugin must support.
    """
    paths = set(each.path for each in plugins)

    def check(each, staged):
        if each.path in paths:
            name = os.path.basename(each.path)
            handshake(name, staged, versions(name))

    return check


def report_plugins(plugins):
    """What a module returns about plugins: name, path and link of each."""
    return [dict(name=os.path.basename(each.path), path=each.path, link=each.links[0] if each.links else None) for each in plugins]


class Desired(object):
    """One desired file: path, config (None: the file is to go), mode (int), secret. C(network): its config, classified."""
    __slots__ = ('path', 'config', 'mode', 'secret', 'network')

    def __init__(self, path, config, mode, secret):
        self.path = path
        self.config = config
        self.mode = mode
        self.secret = secret
        self.network = _config.classify(config) if config is not None else None


class Found(object):
    """One file of the directory: state (FileState of the path), content (bytes, through a link), network (parsed)."""
    __slots__ = ('state', 'content', 'network')

    def __init__(self, state, content):
        self.state = state
        self.content = content
        self.network = _config.parse_config(content)


def desired(items, directory, dialect):
    """Desired files from a list as NETWORK_SPEC gives it; all that is wrong with them is in one ValidationError."""
    desired, wrong = [], []
    for number, item in enumerate(items):
        where = 'networks[%d] (%s)' % (number, item['file'])
        if not re.match(r'^[A-Za-z0-9_.-]+\Z', item['file']) or item['file'] in ('.', '..') or item['file'].startswith(_files.STAGED):
            wrong.append('%s: it is not a file name; use letters, digits, dots and dashes, and dir for the directory' % where)
        secret = item['secret'] or bool(item['secret_config'])
        config = None
        if item['state'] == 'present':
            config = _config.merge(item['config'] or {}, item['secret_config'] or {})
            wrong += ['%s: %s' % (where, problem) for problem in _rules.problems(config, dialect, item['file'])]
        desired.append(Desired(os.path.join(directory, item['file']), config, _mode(item['mode'], secret, where), secret))
    if wrong:
        raise ValidationError('Wrong CNI configuration', why='; '.join(wrong), remedy='Correct it; nothing was written')
    _check_unique(desired)
    return desired


def _mode(text, secret, where):
    if not text:
        return 0o600 if secret else 0o644
    mode = _text_files.parse_mode(text)
    if secret and mode & 0o077:
        raise ValidationError('%s holds secrets, and mode %s would let others read it' % (where, text), remedy='Leave mode out')
    return mode


def _check_unique(desired):
    paths = [each.path for each in desired]
    names = [each.network.name for each in desired if each.network]
    for what, values in (('The file', paths), ('The network', names)):
        twice = sorted(set(value for value in values if values.count(value) > 1))
        if twice:
            raise ValidationError('%s %s is listed twice' % (what, ', '.join(twice)), remedy='Keep one entry; Mesos uses one file per network')


def read(directory):
    """{path: Found} of every file that Mesos would read: hidden ones, backups and links too, directories not."""
    found = {}
    try:
        names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
        for path in (os.path.join(directory, name) for name in names):
            if os.path.isdir(path):
                continue
            content = b''
            if os.path.isfile(path):
                with open(path, 'rb') as handle:
                    content = _stream.whole(handle, path)
            found[path] = Found(_files.state_of(path), content)
    except (IOError, OSError) as error:
        raise CalicoError('The directory %s cannot be read' % directory, why=to_native(error))
    return found


def check_names(desired, found, dialect):
    """Refuse a desired network that another file, which is not managed here, defines already."""
    managed = set(each.path for each in desired)
    for each in desired:
        for path in sorted(set(found) - managed if each.network else ()):
            other = found[path].network
            if other.kind in ('network', 'conflist' if dialect == 'cni' else 'network') and other.name == each.network.name:
                raise CalicoError('The network %s would be in two files, %s and %s' % (other.name, each.path, path),
                                  why='which of the two is used depends on their order in the directory',
                                  remedy='Remove %s, or list it in networks with state absent' % path)


def unmanaged(desired, found):
    """{kind: [(path, reason)]} of the files that are not managed here."""
    managed, result = set(each.path for each in desired), {'network': [], 'conflist': [], 'invalid': []}
    for path in sorted(set(found) - managed):
        result[found[path].network.kind].append((path, found[path].network.reason))
    return result


def check_plugins(desired, directories, executables, predict):
    """[{path, plugin}] of plugins that the networks name and that are not there.

    :arg directories: the search path.
    :arg executables: what is to be installed before the networks are written.
    :arg predict: answer; otherwise a missing plugin is an error. Check mode cannot know what other tasks bring.
    """
    directories = [directory.rstrip('/') for directory in directories]
    coming = set(os.path.basename(path) for each in executables for path in [each.path] + each.links if os.path.dirname(path) in directories)

    def there(name):
        paths = [os.path.join(directory, name) for directory in directories]
        return name in coming or any(os.path.isfile(path) and os.access(path, os.X_OK) for path in paths)

    missing = [dict(path=each.path, plugin=name) for each in desired if each.network for name in each.network.plugins if not there(name)]
    if missing and not predict:
        raise CalicoError('The plugin %s, which %s names, is in none of %s' % (missing[0]['plugin'], missing[0]['path'], ', '.join(directories)),
                          why='a network whose plugins are not found is left out',
                          remedy='Install it first with dcos.calico.cni_plugin, or list it in plugins')
    return missing


def versions(desired, plugin, required):
    """CNI versions that a plugin must support: the required one and those of the networks that name it."""
    named = [each.config['cniVersion'] for each in desired if each.network and plugin in each.network.plugins and 'cniVersion' in each.config]
    return sorted(set([required] + named))


def _shape(config, mode, owner, group):
    return {'config': config, 'mode': '%04o' % mode, 'owner': owner, 'group': group}


def reconcile(desired, found):
    """Plan: files that are to be there first, then those that are to go, so that a renamed one is never missing. C(how) is the Desired."""
    plan = Plan()
    for each in sorted(desired, key=lambda each: each.config is None):
        actual, before = found.get(each.path), None
        if actual:
            before = _before(each, actual)
        after = None if each.config is None else _shape(each.config, each.mode, 'root', 'root')
        if not _config.same(before, after):
            plan.extend([Change(each.path, before, after, secret=each.secret, how=each)])
    return plan


def _before(each, actual):
    if actual.state.kind != 'file':
        return {'link to': actual.state.target} if actual.state.kind == 'link' else {'kind': actual.state.kind}
    config = actual.network.config
    text = to_native(actual.content, errors='surrogate_or_replace')
    return _shape(text if config is None else config, actual.state.mode, actual.state.owner, actual.state.group)


def apply(plan):
    """Make the changes of a plan whose C(how) is a Desired. What a killed run left staged in the parent directory is swept."""
    for change in plan:
        each = change.how
        if not isinstance(each, Desired):
            continue
        if each.config is None:
            _files.remove(each.path)
            continue
        directory = os.path.dirname(each.path)
        _files.ensure_directory(directory)
        _files.write_atomic(each.path, _config.render(each.config), each.mode, staging=os.path.dirname(directory))
