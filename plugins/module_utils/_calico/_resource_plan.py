# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring resources in Calico's datastore to their desired state: each kind is read once, and only what differs is written, in one call."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._calico import _pools, _resources
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

POOL = 'ipPool'
IPIP = 'config ipip'
APPLY, DELETE, SETTING = 'apply', 'delete', 'setting'


class Desired(object):
    """documents: explicit ones; present: bool; kinds that are touched; prune_kinds; keep: foreign fields stay; forbidden: see _pools; force."""
    __slots__ = ('documents', 'present', 'kinds', 'prune_kinds', 'keep', 'forbidden', 'force')

    def __init__(self, documents, present=True, prune_kinds=(), keep=False, forbidden=(), force=False):
        self.documents = documents
        self.present = present
        self.kinds = [kind for kind in _resources.KINDS if any(document['kind'] == kind for document in documents)]
        self.prune_kinds = list(prune_kinds)
        self.keep = keep
        self.forbidden = list(forbidden)
        self.force = force


class Actual(object):
    """documents: {name: canonical document} of the kinds that are touched; ipip: on or off; workloads: documents, only read if a pool is to go."""
    __slots__ = ('documents', 'ipip', 'workloads')

    def __init__(self, documents, ipip, workloads=()):
        self.documents = documents
        self.ipip = ipip
        self.workloads = workloads


def desired(params):
    """Desired from the module's params; everything that can be told to be wrong without the datastore is refused here."""
    present = params['state'] == 'present'
    documents = [_resources.explicit(document) if present else _resources.reference(document) for document in params['resources']]
    names = [_resources.name_of(document) for document in documents]
    for name in names:
        if names.count(name) > 1:
            raise ValidationError('%s is given twice' % name, remedy='Keep one of the two')
    prune_kinds = params['prune_kinds'] or [] if params['prune'] else []
    wanted = Desired(documents, present=present, prune_kinds=prune_kinds, keep=params['foreign_fields'] == 'keep',
                     forbidden=_pools.forbidden(params['forbidden_cidrs']), force=params['force'])
    if prune_kinds and not present:
        raise ValidationError('prune and state=absent do not go together', remedy='List what is to stay with state=present, or what is to go with state=absent')
    for kind in prune_kinds:
        if kind not in wanted.kinds:
            raise ValidationError('All %s resources would be deleted, because none is listed' % kind,
                                  remedy='List those that are to stay, or delete them by name with state=absent')
    _pools.check_overlaps(_cidrs(documents) if present else [], [], wanted.forbidden)
    return wanted


def _cidrs(documents):
    return [document['metadata']['cidr'] for document in documents if document['kind'] == POOL]


def read(calicoctl, wanted):
    """Actual, by one call for each kind, one for the IPIP setting where pools are concerned, and one for workloads if a pool is to be deleted."""
    documents = {}
    for kind in wanted.kinds:
        for document in calicoctl.get(kind):
            found = _resources.canonical(document)
            documents[_resources.name_of(found)] = found
    actual = Actual(documents, calicoctl.config_get('ipip')[0] if POOL in wanted.kinds else 'off')
    if not wanted.force and _cidrs(_doomed(wanted, actual)):
        actual.workloads = calicoctl.get(_resources.WORKLOADS)
    return actual


def nothing():
    """Actual for a datastore that cannot be asked yet: empty, with calicoctl's defaults."""
    return Actual({}, 'off')


def _doomed(wanted, actual):
    """Canonical documents that are to be deleted."""
    names = [_resources.name_of(document) for document in wanted.documents]
    if not wanted.present:
        return [actual.documents[name] for name in names if name in actual.documents]
    return [document for name, document in sorted(actual.documents.items()) if document['kind'] in wanted.prune_kinds and name not in names]


def reconcile(wanted, actual):
    """Plan: what is to be applied, then the IPIP setting, then what is to be deleted. Refuses overlapping pools and the deletion of used ones."""
    plan, doomed = Plan(), _doomed(wanted, actual)
    final = dict(actual.documents)
    for document in wanted.documents if wanted.present else []:
        name = _resources.name_of(document)
        before = actual.documents.get(name)
        after = _resources.canonical(_resources.keep_foreign(before, document) if wanted.keep and before else document)
        final[name] = after
        plan.add(name, before, after, how=APPLY)
    for document in doomed:
        del final[_resources.name_of(document)]
    if POOL in wanted.kinds:
        ours = _cidrs(wanted.documents) if wanted.present else []
        _pools.check_overlaps(ours, [cidr for cidr in _cidrs(final.values()) if cidr not in ours], wanted.forbidden)
        if not wanted.force:
            _pools.check_unused(_cidrs(doomed), actual.workloads)
        wants = _pools.wants_ipip(document for document in final.values() if document['kind'] == POOL)
        plan.add(IPIP, actual.ipip, 'on' if wants else 'off', how=SETTING)
    for document in doomed:
        plan.add(_resources.name_of(document), document, None, how=DELETE)
    return plan


def apply(calicoctl, wanted, plan):
    """Make the changes of a plan and read back what was written.

    Turning IPIP on in a pool turns the setting on too, nothing turns it off but the setting itself: so it is read again before it is set.
    """
    to_apply = [change.after for change in plan if change.how == APPLY]
    to_delete = [change.before for change in plan if change.how == DELETE]
    if to_apply:
        calicoctl.apply(to_apply)
    for change in plan:
        if change.how == SETTING and calicoctl.config_get('ipip')[0] != change.after:
            calicoctl.config_set('ipip', change.after)
    if to_delete:
        calicoctl.delete(to_delete)
    if plan.changed:
        _verify(calicoctl, wanted, plan)


def _verify(calicoctl, wanted, plan):
    """Raise CalicoError if the datastore does not hold what was written."""
    touched = set((change.after or change.before)['kind'] for change in plan if change.how != SETTING)
    actual = dict((_resources.name_of(found), found) for kind in wanted.kinds if kind in touched
                  for found in [_resources.canonical(document) for document in calicoctl.get(kind)])
    wrong = [change.name for change in plan if change.how != SETTING and actual.get(change.name) != change.after]
    if any(change.how == SETTING and calicoctl.config_get('ipip')[0] != change.after for change in plan):
        wrong.append(IPIP)
    if wrong:
        raise CalicoError('The datastore does not hold what calicoctl said it wrote: %s' % ', '.join(wrong),
                          remedy='Look whether something else writes these resources, or whether their keys in etcd are corrupt')
