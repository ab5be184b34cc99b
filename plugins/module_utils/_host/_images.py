# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Docker image, from its registry or from an archive made by C(docker save).

Which image an archive holds is noted in the receipts, so that a host with that image fetches nothing.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _docker, _download, _executables
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

UNKNOWN = '(in the archive)'
PINNED = re.compile(r'[^@\s]+@sha256:[0-9a-f]{64}\Z')


class Image(object):
    """A wanted image: reference, source (dict as _executables.source_of() gives it, None for the registry), pull (C(missing) or C(never))."""
    __slots__ = ('reference', 'source', 'pull')

    def __init__(self, reference, source, pull='missing'):
        self.reference = reference
        self.source = source
        self.pull = pull

    @property
    def key(self):
        """Its name among the receipts."""
        return 'docker image %s' % self.reference


def check_pinned(wanted, by_tag):
    """Raise unless it is known by a digest what would be run, or who gives its name wants to rely on its registry for that."""
    if wanted.source is None and wanted.pull != 'never' and not by_tag and not PINNED.match(wanted.reference):
        raise ValidationError('The image %s is named by a tag alone' % wanted.reference, why='what a tag names can change, and calico/node is privileged',
                              remedy='Give image_archive, or the image with its digest (NAME@sha256:...), or set image_by_tag to rely on its registry')


def reconcile(wanted, present_id, receipts):
    """(Plan, id of the wanted image: None if nothing is known of it, UNKNOWN if it is another one than before).

    :arg present_id: id of the image that has the wanted name now, or None.
    :arg receipts: as _executables.read_receipts() gives them.
    """
    plan, before = Plan(), {'id': present_id} if present_id else None
    if wanted.source is None:
        if not present_id:
            plan.add('image %s' % wanted.reference, before, {'from': 'its registry'})
        return plan, present_id
    receipt = receipts.get(wanted.key)
    known = receipt['sha256'] if receipt and receipt['source_sha256'] == wanted.source['sha256'] else None
    if known is None or known != present_id:
        plan.add('image %s' % wanted.reference, before, {'from': 'archive with sha256 %s' % wanted.source['sha256']})
    return plan, known or (UNKNOWN if receipt and present_id else None)


def needs(wanted, plan):
    """Sums of files on the controller that have to be pushed first."""
    source = wanted.source
    return [source['sha256']] if plan and source and source['local_src'] and not source['src'] else []


def obtain(wanted, present_id, options, receipts, may_load=True):
    """Have the image on this host; return (its id, whether something was loaded).

    :arg may_load: False only finds out the id: the name stays with the image that has it.
    """
    if wanted.source is None:
        if wanted.pull == 'never':
            raise CalicoError('There is no image %s on this host' % wanted.reference, remedy='Load it, give image_archive, or set pull to missing')
        _docker.pull(wanted.reference)
        return _loaded(wanted), True
    with _executables.archive(wanted.source, options, os.path.dirname(receipts)) as path:
        image_id = _find(wanted, _docker.archive_contents(path, wanted.source['src'] or _download.shown(wanted.source['url'])))
        loads = image_id != present_id and may_load
        if loads:
            _docker.load(path)
    if loads and _loaded(wanted) != image_id:
        raise CalicoError('Docker has %s as %s' % (wanted.reference, _loaded(wanted)), why='the archive holds %s' % image_id,
                          remedy='Look for something else on this host that tags images')
    _executables.update_receipts(receipts, {wanted.key: {'source_sha256': wanted.source['sha256'], 'member': None, 'sha256': image_id}})
    return image_id, loads


def _loaded(wanted):
    image = _docker.image(wanted.reference)
    if image is None:
        raise CalicoError('Docker does not know %s after it was loaded' % wanted.reference, remedy='Compare with "docker images"')
    return image['Id']


def _find(wanted, contents):
    """Id of the wanted image in an archive."""
    for image_id, tags in contents:
        if any(_docker.same_reference(tag, wanted.reference) for tag in tags):
            return image_id
    names = sorted(tag for image_id, tags in contents for tag in tags)
    raise CalicoError('The archive does not hold %s' % wanted.reference, why='it holds %s' % (', '.join(names) or 'images without a name'),
                      remedy='Set the image to one of them, or make the archive with "docker save %s"' % wanted.reference)
