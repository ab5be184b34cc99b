# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of small text files, secrets among them: desired, read, reconcile, apply.

Other modules make C(TextFile) objects themselves, or take the user's list by C(FILES_SPEC) and C(desired)::

    files = [TextFile('/etc/systemd/system/x.service', text)]
    plan = reconcile(files, read(files))
    plan.names()       # the paths that change
    apply(plan)
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import re

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils import _pem
from ansible_collections.dcos.calico.plugins.module_utils._calico import _client_config, _yaml
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _files
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

MARKER = 'Managed by Ansible (dcos.calico'
ENDPOINTS = 'etcdEndpoints'  # of calicoctl's configuration
MASK = '/dev/null'
UNIT = re.compile(r'/systemd/system/|\.(service|socket|target|timer|path|mount|slice)\Z')
VALIDATORS = ('none', 'json', 'certificate', 'private_key')

# options=FILES_SPEC of a list of dicts. A secret has an option of its own, because only that keeps it out of the host's log of module calls.
FILES_SPEC = dict(
    path=dict(type='path', required=True),
    content=dict(type='str'),
    secret_content=dict(type='str', no_log=True),
    mode=dict(type='str'),
    owner=dict(type='str', default='root'),
    group=dict(type='str', default='root'),
    state=dict(type='str', choices=['present', 'absent', 'directory'], default='present'),
    staging=dict(type='path'),
    validate=dict(type='str', choices=list(VALIDATORS), default='none'),
    unmanaged=dict(type='str', choices=['replace', 'refuse'], default='replace'),
    unmanaged_same=dict(type='list', elements='str', default=[]),
    marker=dict(type='str', default=MARKER),
)


class TextFile(object):
    """One desired file.

    :arg text: its content as text; None if it is to go, or for a directory.
    :arg kind: C(file), C(directory) or C(absent).
    :arg mode: int; 0600 for secrets, 0755 for directories, else 0644 by default.
    :arg staging: directory of the temporary file (see _files.write_atomic); its own by default.
    :arg refuse: None, or callable(text of what stands there) -> reason why that must not be replaced, or None.
    """
    __slots__ = ('path', 'text', 'kind', 'mode', 'owner', 'group', 'secret', 'staging', 'refuse')

    def __init__(self, path, text=None, kind='file', mode=None, owner='root', group='root', secret=False, staging=None, refuse=None):
        self.path = path
        self.text = text
        self.kind = kind
        self.mode = mode if mode is not None else 0o755 if kind == 'directory' else 0o600 if secret else 0o644
        self.owner = owner
        self.group = group
        self.secret = secret
        self.staging = staging
        self.refuse = refuse

    def attributes(self):
        """What is shown and compared beside the content."""
        return {'mode': '%04o' % self.mode, 'owner': self.owner, 'group': self.group}


class Found(object):
    """What stands at a path: state (_files.FileState), text (None unless a file), entries of a directory (None unless one)."""
    __slots__ = ('state', 'text', 'entries')

    def __init__(self, state, text=None, entries=None):
        self.state = state
        self.text = text
        self.entries = entries

    def attributes(self):
        return {'mode': '%04o' % self.state.mode, 'owner': self.state.owner, 'group': self.state.group}


def parse_mode(text):
    """int of an octal mode. Its leading 0 is required: YAML turns an unquoted 0644 into 420, which must not pass for a mode."""
    if not re.match(r'^0[0-7]{3,4}\Z', text):
        raise ValidationError('%s is not a file mode' % text, remedy="Write it quoted and in octal, like '0644'")
    return int(text, 8)


def check_content(text, validate):
    """None, or why a content is not what C(validate) promises. Never quotes the content. Pure."""
    if validate == 'json':
        try:
            json.loads(text)
        except ValueError:
            return 'it is not JSON'
    if validate == 'certificate':
        return _pem.problem(text, 'CERTIFICATE')
    if validate == 'private_key':
        return _pem.problem(text, 'PRIVATE KEY')
    return None


def key_value(text, key):
    """What a YAML or JSON text has under a key, at whatever depth; None if it is not there, or the text cannot be read. Pure."""
    try:
        waiting = [_yaml.load(text)]
    except _yaml.YamlError:
        return None
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, dict) and value.get(key) is not None:
            return to_native(value[key], nonstring='simplerepr')
        waiting += list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return None


def _difference(text, desired, key):
    """Why a text does not have what the desired one has under a key; None if it has. Where calicoctl points to is validated as preflight does. Pure."""
    if key == ENDPOINTS:
        found, other = _client_config.read(text), _client_config.read(desired)
        if _client_config.same(found.endpoints, other.endpoints):
            return None
        return found.problem or 'it points to %s, not %s' % (', '.join(found.endpoints), ', '.join(other.endpoints) or 'any etcd')
    found, other = key_value(text, key), key_value(desired, key)
    return None if found == other else 'its %s is %s, not %s' % (key, found, other)


def refuser(path, desired, marker=MARKER, same=()):
    """For TextFile(refuse=): what lacks our marker is somebody else's, unless its values of the keys in C(same) are the desired ones. Pure."""
    if marker not in desired:
        raise ValidationError('The content of %s lacks the words "%s"' % (path, marker),
                              remedy='Put them into a comment, as a later run must know the file for its own')

    def refuse(text):
        if marker in text:
            return None
        other = list(filter(None, [_difference(text, desired, key) for key in same]))
        if same and not other:
            return None
        return ', '.join(other) or 'it does not say "%s"' % marker
    return refuse


def desired(items):
    """TextFile list from a list of dicts as FILES_SPEC lets them through."""
    files = []
    for item in items:
        path = os.path.normpath(item['path'])
        if not os.path.isabs(path):
            raise ValidationError('%s is not an absolute path' % item['path'])
        if any(other.path == path for other in files):
            raise ValidationError('%s is given twice' % path, remedy='Keep one of the two')
        files.append(_one(item, path))
    return files


def _one(item, path):
    secret = item['secret_content'] is not None
    text = item['secret_content'] if secret else item['content']
    present = item['state'] == 'present'
    if present != (text is not None) or (secret and item['content'] is not None):
        raise ValidationError('%s needs one of content and secret_content if it is to be present, and none otherwise' % path)
    mode = None if item['mode'] is None else parse_mode(item['mode'])
    if not present:
        return TextFile(path, kind=item['state'], mode=mode, owner=item['owner'], group=item['group'])
    wrong = check_content(text, item['validate'])
    if wrong:
        raise ValidationError('The content for %s is not usable' % path, why=wrong)
    refuse = refuser(path, text, item['marker'], item['unmanaged_same']) if item['unmanaged'] == 'refuse' else None
    return TextFile(path, text, mode=mode, owner=item['owner'], group=item['group'], secret=secret, staging=item['staging'], refuse=refuse)


def read(files):
    """{path: Found} of what stands at the paths now."""
    found = {}
    for item in files:
        state = _files.state_of(item.path)
        entries = None
        if item.kind == 'directory' and state.kind == 'link' and os.path.isdir(item.path):
            state = _files.state_of(os.path.realpath(item.path))
        if state.kind == 'directory':
            entries = os.listdir(item.path)
        try:
            content = state.content()
        except (IOError, OSError) as error:
            raise CalicoError('%s cannot be read' % item.path, why=to_native(error))
        found[item.path] = Found(state, None if content is None else to_native(content, errors='surrogate_or_replace'), entries)
    return found


def is_mask(state):
    """Whether it is what "systemctl mask" leaves in a unit's place, which somebody did to keep the unit from running. Pure."""
    return state.kind == 'link' and state.target == MASK and bool(UNIT.search(state.path))


def _refuse(item, found):
    """Raise if what stands there must not be replaced by a file."""
    state = found.state
    if is_mask(state):
        name = os.path.basename(item.path)
        raise CalicoError('The unit %s is masked on this host' % name, why='%s is a link to %s' % (item.path, MASK),
                          remedy='Ask who masked it, and run "systemctl unmask %s" if it may run' % name)
    if state.kind in ('directory', 'other'):
        raise CalicoError('%s is a %s, not a file' % (item.path, state.kind if state.kind == 'directory' else 'special file'),
                          remedy='Remove it or name another path')
    if item.refuse is None or state.kind == 'absent':
        return
    reason = 'it is a link to %s' % state.target if state.kind == 'link' else None if found.text == item.text else item.refuse(found.text)
    if reason:
        raise CalicoError('%s is not managed by this collection and differs' % item.path, why=reason,
                          remedy='Move it away after taking over what is needed from it, or allow its replacement with unmanaged: replace',
                          file=item.path)


def _private(state):
    """Whether what stands there is for its owner's eyes only, so that a diff must not show it."""
    return state.kind == 'file' and state.mode & 0o077 == 0


def _plan_file(plan, item, found):
    _refuse(item, found)
    state = found.state
    secret = item.secret or _private(state)
    if state.kind == 'link':
        plan.add(item.path, 'link to %s' % state.target, item.text, secret=secret, how=item)
    elif not plan.add(item.path, found.text, item.text, secret=secret, how=item):
        plan.add(item.path, found.attributes(), item.attributes(), how=item)
    elif state.kind == 'file' and found.attributes() != item.attributes():
        plan.add(item.path, found.attributes(), item.attributes())


def _plan_directory(plan, item, found):
    if found.state.kind not in ('absent', 'directory'):
        raise CalicoError('%s is a %s, not a directory' % (item.path, found.state.kind), remedy='Remove it or name another path')
    plan.add(item.path, found.attributes() if found.state.kind == 'directory' else None, item.attributes(), how=item)


def _left(path, actual, going):
    """Names in a directory that stay when the paths in C(going) are gone."""
    return [name for name in actual[path].entries if os.path.join(path, name) not in going]


def reconcile(files, actual):
    """Plan: directories and files in the order given, then what goes, contents before their directories.

    A directory that is to go but holds other things stays (see C(kept)). The change's how is the TextFile; a change of attributes
    that comes with one of content has none, as both are made at once.
    """
    plan = Plan()
    for item in files:
        if item.kind == 'file':
            _plan_file(plan, item, actual[item.path])
        elif item.kind == 'directory':
            _plan_directory(plan, item, actual[item.path])
    kept_paths = kept(files, actual)
    for item in sorted((item for item in files if item.kind == 'absent'), key=lambda item: (-item.path.count('/'), item.path)):
        found = actual[item.path]
        if found.state.kind == 'absent' or item.path in kept_paths or is_mask(found.state):
            continue
        before = found.attributes() if found.state.kind == 'directory' else found.text
        plan.add(item.path, before if before is not None else found.state.kind, None, secret=_private(found.state), how=item)
    return plan


def kept(files, actual):
    """Directories that are to go but stay, because something that nobody asked to remove is in them. Pure."""
    absent = sorted((item.path for item in files if item.kind == 'absent'), key=lambda path: -path.count('/'))
    going, stay = set(path for path in absent if actual[path].entries is None), []
    for path in absent:
        if actual[path].entries is None:
            continue
        if _left(path, actual, going):
            stay.append(path)
        else:
            going.add(path)
    return stay


def apply(plan):
    """Make the changes of a plan, in its order."""
    for change in plan:
        item = change.how
        if item is None:
            continue
        if item.kind == 'absent':
            _remove(item.path)
        elif item.kind == 'directory':
            _files.ensure_directory(item.path)
            _files.set_attributes(item.path, item.mode, item.owner, item.group, directory=True)
        elif isinstance(change.after, dict):
            _files.set_attributes(item.path, item.mode, item.owner, item.group)
        else:
            _files.ensure_directory(os.path.dirname(item.path))
            _files.write_atomic(item.path, item.text, mode=item.mode, owner=item.owner, group=item.group, staging=item.staging)


def written(plan):
    """{path: text} of the files whose content a plan writes. Pure."""
    return dict((change.how.path, change.how.text) for change in plan
                if change.how is not None and change.how.kind == 'file' and not isinstance(change.after, dict))


def write(files):
    """Bring files to the desired state outside of a plan."""
    apply(reconcile(files, read(files)))


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        _files.remove_directory(path)
    else:
        _files.remove(path)
