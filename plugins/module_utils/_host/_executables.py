# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Executables from a URL, a file or a member of an archive: compared without fetching, staged, checked, renamed into place.

A module that places executables of its own takes a list (or one) of dicts with SOURCE_SPEC, and DOWNLOAD_SPEC and C(receipts) at its top:

    ARGUMENT_SPEC = dict(binaries=dict(type='list', elements='dict', options=dict(SOURCE_SPEC, name=...)),
                         receipts=dict(type='path', default=_executables.RECEIPTS), **_download.DOWNLOAD_SPEC)

    options = _download.Options.of(module.params)
    desired = [_executables.executable(dict(binary, path=...), options, 'binaries') for binary in module.params['binaries']]
    actual = _executables.read(desired, module.params['receipts'])
    plan = _executables.reconcile(desired, actual)
    needs = _executables.needs(plan)                  # sums of files on the controller that have to be pushed first
    if not module.check_mode and not needs:
        _executables.apply(plan, options, module.params['receipts'])

and returns C(needs), alone, where there are any; the action plugin of the same name (plugins/plugin_utils/_push.py) does the rest. Nothing may be
changed in a run that returns needs. The plan can be joined with others: apply() leaves changes alone whose C(how) is not an Action of this module.

- Source, a dict: one of C(url), C(src) (a path on this host) and C(local_src) (a path on the controller), C(sha256) of what is there, C(member)
  (path inside the tar.gz or zip archive that is there), C(sha256_variable) (named in the error when there is no sum). Empty is not given.
- Executable: C(path), source, C(mode), C(owner), C(group), C(links) (symbolic links that point to path).
- Receipts, {path: {source_sha256, member, sha256}} in one JSON file: a member of an archive has no sum of its own that an operator could give, so
  the sum of what was extracted is noted together with the archive's, and compared later without fetching the archive again, which is fetched once
  for all its members. A lost or damaged file costs a download, nothing else.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import json
import os
import re
import stat

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _archive, _download, _files, _stream, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

RECEIPTS = '/var/lib/dcos-calico/receipts.json'
RECEIPT_FIELDS = ('source_sha256', 'member', 'sha256')
SOURCES = ('url', 'src', 'local_src')
INSTEAD = {'/usr/local/bin': '/opt/bin'}  # of directories that a system may have read-only
READ_ONLY = 1  # ST_RDONLY of statvfs(3)
SOURCE_SPEC = dict(
    url=dict(type='str'),
    src=dict(type='path'),
    local_src=dict(type='str'),
    sha256=dict(type='str'),
    sha256_variable=dict(type='str'),
    member=dict(type='str'),
)
EXECUTABLE_SPEC = dict(
    SOURCE_SPEC,
    path=dict(type='path', required=True),
    mode=dict(type='str', default='0755'),
    owner=dict(type='str', default='root'),
    group=dict(type='str', default='root'),
    links=dict(type='list', elements='path', default=[]),
)


def read_receipts(path):
    """The receipts; those that make no sense are left out."""
    try:
        entries = json.loads((_files.state_of(path).content() or b'{}').decode('utf-8'))
    except ValueError:
        return {}
    if not isinstance(entries, dict):
        return {}
    return dict((name, entry) for name, entry in entries.items() if isinstance(entry, dict) and all(field in entry for field in RECEIPT_FIELDS))


def update_receipts(path, changes):
    """Set the receipts of paths (None removes one) and keep the others."""
    entries = read_receipts(path)
    before = dict(entries)
    for name, receipt in changes.items():
        if receipt is None:
            entries.pop(name, None)
        else:
            entries[name] = receipt
    if entries != before:
        _files.ensure_directory(os.path.dirname(path))
        _files.write_atomic(path, json.dumps(entries, indent=2, sort_keys=True, separators=(',', ': ')) + '\n')


class Obtained(object):
    """A file (_files.Staged) and the sha256 of its content."""
    __slots__ = ('file', 'sha256')

    def __init__(self, file, sha256):
        self.file = file
        self.sha256 = sha256


@contextlib.contextmanager
def archive(source, options, workplace):
    """Path of an archive that is root's alone, its sum checked; gone afterwards. Who owns a file of this host could change it after it was checked.

    :arg workplace: directory for it, made if needed.
    """
    made = []
    try:
        _files.ensure_directory(workplace)
        yield _own(source, workplace, 'root', options, made).path
    finally:
        for file in made:
            _files.discard(file)


@contextlib.contextmanager
def staged(executables, options, workplace):
    """{path of the executable: Obtained}, checked against the sums; what was not published is gone afterwards.

    :arg workplace: directory for archives, made if needed.
    """
    made, result = [], {}
    try:
        for each in executables:
            if not each.source['member']:
                result[each.path] = Obtained(_own(each.source, os.path.dirname(each.path), each.owner, options, made), each.source['sha256'])
        for sha256 in sorted(set(each.source['sha256'] for each in executables if each.source['member'])):
            members = [each for each in executables if each.source['member'] and each.source['sha256'] == sha256]
            result.update(_extracted(members, options, workplace, made))
        yield result
    finally:
        for file in made:
            _files.discard(file)


def _new(directory, owner, made):
    made.append(_files.stage(directory, owner))
    return made[-1]


def _own(source, directory, owner, options, made):
    """What a source names in a staged file, its sum checked while it is written."""
    file = _new(directory, owner, made)
    if source['url']:
        _download.fetch(source['url'], source['sha256'], file.handle, file.path, options)
    else:
        _copy(source, file.handle, file.path)
    file.close()
    return file


def _copy(source, handle, path):
    try:
        with open(source['src'], 'rb') as original:
            got = _stream.save(_stream.pieces_of(original), handle, path)[0]
    except (IOError, OSError) as error:
        raise CalicoError('%s cannot be read' % source['src'], why=to_native(error), remedy='Place it on this host first, or correct src')
    if got != source['sha256']:
        raise CalicoError('%s is not the expected file' % source['src'], why='sha256 %s is expected and %s was found' % (source['sha256'], got),
                          remedy='Replace the file, or set the new sum after you have made sure that the file is genuine')


def _extracted(executables, options, workplace, made):
    """Staged files of the executables that come from one archive."""
    source = executables[0].source
    _files.ensure_directory(workplace)
    packed = _own(source, workplace, 'root', options, made).path
    label = _download.shown(source['url']) if source['url'] else source['src']
    files = {}
    for each in executables:
        files.setdefault(each.source['member'], []).append((each, _new(os.path.dirname(each.path), each.owner, made)))
    sums = _archive.extract(packed, dict((member, (targets[0][1].handle, targets[0][1].path)) for member, targets in files.items()), label)
    found = {}
    for member, targets in files.items():
        for number, (each, file) in enumerate(targets):
            if number:
                with open(targets[0][1].inode, 'rb') as first:
                    _stream.save(_stream.pieces_of(first), file.handle, file.path)
            file.close()
            found[each.path] = Obtained(file, sums[member])
    return found


class Executable(object):
    """One desired executable; see the top of this file. C(absent): it, and links that point to it, are to go."""
    __slots__ = ('path', 'source', 'mode', 'owner', 'group', 'links', 'absent')

    def __init__(self, path, source, mode=0o755, owner='root', group='root', links=(), absent=False):
        self.path = path
        self.source = source
        self.mode = mode
        self.owner = owner
        self.group = group
        self.links = list(links)
        self.absent = absent


class Action(object):
    """C(how) of a change: kind (place, adjust, link, remove) and the executable. C(content) tells whether a placed file is fetched."""
    __slots__ = ('kind', 'executable')

    def __init__(self, kind, executable):
        self.kind = kind
        self.executable = executable


class Actual(object):
    """files: {path of an executable or link: FileState}, sums: {path: sha256 or None}, receipts: as read_receipts() gives them."""
    __slots__ = ('files', 'sums', 'receipts')

    def __init__(self, files, sums, receipts):
        self.files = files
        self.sums = sums
        self.receipts = receipts


def parse_mode(text, where):
    """int of an octal mode that lets the owner execute."""
    mode = _text_files.parse_mode(text)
    if not mode & stat.S_IXUSR:
        raise ValidationError('%s: with mode %s its owner could not execute it' % (where, text), remedy="Write it like '0755', in quotes")
    return mode


def source_of(item, where, options):
    """The validated source among an item's keys: exactly one of SOURCES and a sum. No sum is ever invented."""
    given = [name for name in SOURCES if item.get(name)]
    if len(given) != 1:
        raise ValidationError('%s has %s' % (where, 'no source' if not given else 'several sources: ' + ', '.join(given)),
                              remedy='Give one of url, src and local_src')
    sha256 = (item.get('sha256') or '').strip().lower()
    if not sha256:
        raise ValidationError('%s has no sha256, and nothing is installed without one' % where,
                              remedy='Set %s to the sum of %s, from a place you trust' % (item.get('sha256_variable') or 'its sha256', item[given[0]]))
    if not re.match(r'^[0-9a-f]{64}\Z', sha256):
        raise ValidationError('%s: %r is not a sha256' % (where, sha256), remedy='Give %s 64 hexadecimal digits' % (item.get('sha256_variable') or 'sha256'))
    if item.get('url'):
        _download.check_url(item['url'], options.allow_http)
    source = dict((name, item.get(name)) for name in SOURCES)
    member = item.get('member') or None
    return dict(source, sha256=sha256, member=member[2:] if member and member.startswith('./') else member)


def executable(item, options, where, state='present'):
    """Executable from a dict as EXECUTABLE_SPEC gives it (missing keys get its defaults); raises ValidationError.

    :arg options: _download.Options.
    :arg where: what to call it in errors, such as C(executables[0]).
    """
    where = '%s (%s)' % (where, item['path'])
    for path in [item['path']] + list(item.get('links') or ()):
        if not os.path.isabs(path) or path.endswith('/') or os.path.normpath(path) != path:
            raise ValidationError('%s: %s is not the absolute path of a file' % (where, path), remedy='Write it in full, without . and ..')
    absent = state == 'absent'
    owner, group = _files.owner_name(item.get('owner') or 'root'), _files.group_name(item.get('group') or 'root')
    mode = parse_mode(item.get('mode') or '0755', where)
    links = [writable(link) for link in item.get('links') or ()]
    return Executable(item['path'], None if absent else source_of(item, where, options), mode, owner, group, links, absent)


def writable(link):
    """Where a link goes: CoreOS and Flatcar cannot write below /usr, and look for commands in /opt/bin."""
    directory, name = os.path.split(link)
    if directory not in INSTEAD:
        return link
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    return os.path.join(INSTEAD[os.path.dirname(link)], name) if os.statvfs(directory).f_flag & READ_ONLY else link


def desired(items, options, where='executables', state='present'):
    """Executables from a list as EXECUTABLE_SPEC gives it; refuses a path given twice."""
    desired = [executable(item, options, '%s[%d]' % (where, number), state) for number, item in enumerate(items or ())]
    check_unique(desired)
    return desired


def check_unique(executables):
    """Refuse executables and links with one path."""
    paths = [path for each in executables for path in [each.path] + each.links]
    twice = sorted(set(path for path in paths if paths.count(path) > 1))
    if twice:
        raise ValidationError('%s is listed twice' % ', '.join(twice), remedy='Keep one entry for each path')


def read(executables, receipts=RECEIPTS):
    """Actual state of what is required."""
    files, sums = {}, {}
    for path in (path for each in executables for path in [each.path] + each.links):
        state = files[path] = _files.state_of(path)
        if state.kind not in ('absent', 'file', 'link'):
            raise CalicoError('%s is not a file but a %s' % (path, state.kind), remedy='Move it away, or choose another path')
        sums[path] = state.sha256()
    return Actual(files, sums, read_receipts(receipts))


def reconcile(executables, actual):
    """Plan: each executable, then its links; for one that is to go, its links first."""
    plan = Plan()
    for each in executables:
        if each.absent:
            _reconcile_absent(plan, each, actual)
        else:
            _reconcile_present(plan, each, actual)
    return plan


def _reconcile_absent(plan, each, actual):
    for link in each.links:
        if actual.files[link].kind == 'link' and actual.files[link].target == each.path:
            plan.add(link, _shape(each, link, actual), None, how=Action('remove', each))
    plan.add(each.path, _shape(each, each.path, actual), None, how=Action('remove', each))


def _reconcile_present(plan, each, actual):
    before = _shape(each, each.path, actual)
    after = {'sha256': _described(each.source), 'mode': '%04o' % each.mode, 'owner': each.owner, 'group': each.group}
    same_content = isinstance(before, dict) and before.get('sha256') == after['sha256']
    plan.add(each.path, before, after, how=Action('adjust' if same_content else 'place', each))
    for link in each.links:
        plan.add(link, _shape(each, link, actual), {'link to': each.path}, how=Action('link', each))


def _described(source):
    return '%s of %s' % (source['member'], source['sha256']) if source['member'] else source['sha256']


def _shape(each, path, actual):
    """What is at a path as the diff shows it. A member of an archive is known by its receipt."""
    state = actual.files[path]
    if state.kind == 'absent':
        return None
    if state.kind == 'link':
        return {'link to': state.target}
    content, receipt = actual.sums[path], actual.receipts.get(path)
    if path == each.path and not each.absent and each.source['member'] and receipt and receipt['member'] and receipt['sha256'] == content:
        content = _described({'member': receipt['member'], 'sha256': receipt['source_sha256']})
    return {'sha256': content, 'mode': '%04o' % state.mode, 'owner': state.owner, 'group': state.group}


def _of(plan, *kinds):
    return [change for change in plan if isinstance(change.how, Action) and change.how.kind in kinds]


def needs(plan):
    """Sums of the controller's files that a plan places and that are not on this host yet, each once."""
    sources = [change.how.executable.source for change in _of(plan, 'place')]
    return sorted(set(source['sha256'] for source in sources if source['local_src'] and not source['src']))


def apply(plan, options, receipts=RECEIPTS, check=None):
    """Make the changes of a plan that are this module's. Everything is fetched and checked before anything becomes visible.

    :arg options: _download.Options.
    :arg check: callable(executable, path by which its staged file can be run) that raises CalicoError to refuse it.
    """
    placed = [change.how.executable for change in _of(plan, 'place')]
    for each in placed:
        _files.ensure_directory(os.path.dirname(each.path))
    with staged(placed, options, os.path.dirname(receipts)) as files:
        for each in placed:
            if check:
                files[each.path].file.make_executable()
                check(each, files[each.path].file.inode)
        for each in placed:
            _publish(each, files[each.path], receipts)
    for change in plan:
        if isinstance(change.how, Action):
            _apply_rest(change, receipts)


def _publish(each, staged, receipts):
    _files.publish(staged.file, each.path, each.mode, each.owner, each.group)
    state = _files.state_of(each.path)
    if state.sha256() != staged.sha256 or state.mode != each.mode:
        raise CalicoError('%s is not what was written' % each.path, why='sha256 %s, mode %04o' % (state.sha256(), state.mode or 0),
                          remedy='Look for another program that changes it, and check the disk')
    update_receipts(receipts, {each.path: {'source_sha256': each.source['sha256'], 'member': each.source['member'], 'sha256': staged.sha256}})


def _apply_rest(change, receipts):
    each = change.how.executable
    if change.how.kind == 'link':
        _files.ensure_directory(os.path.dirname(change.name))
        _files.link_atomic(each.path, change.name)
    elif change.how.kind == 'adjust':
        _files.set_attributes(each.path, each.mode, each.owner, each.group)
    elif change.how.kind == 'remove':
        _files.remove(change.name)
        if change.name == each.path:
            update_receipts(receipts, {each.path: None})
