# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources in Calico's datastore: each kind is read once, and only what differs is written, in one call. calicoctl accepts pools that overlap, so they
are refused here. dcos.calico.calicoctl_resource and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._calico import _resources, _runner, _usage
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, Collector, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import agreed
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

POOL, PROFILE, POLICY = 'ipPool', 'profile', 'policy'
IPIP = 'config ipip'
APPLY, DELETE, SETTING = 'apply', 'delete', 'setting'
# What becomes of what takes something away: resources that go, and pools that are to give out no more addresses.
NOW, LATER, ONLY = 'now', 'later', 'only'
# The annotation of a policy that says whose it is. Calico itself does not look at annotations.
OWNER = 'dcos.calico/owner'


def forbidden(items):
    """[(Cidr, name)] of [{cidr, name}], what pools must keep out of."""
    return [(_cidr.parse(item['cidr']).masked(), item.get('name') or item['cidr']) for item in items]


def check_overlaps(pools, others, keep_out):
    """Raise ValidationError naming every overlap of the desired pools.

    :arg pools: CIDRs that are required.
    :arg others: CIDRs of further pools that stay in the datastore.
    :arg keep_out: see forbidden().
    """
    desired = [_cidr.parse(cidr) for cidr in pools]
    found = []
    for number, cidr in enumerate(desired):
        rivals = [(other, 'the pool %s, listed too' % other) for other in desired[number + 1:]]
        rivals += [(_cidr.parse(other), 'the pool %s in the datastore' % other) for other in others]
        rivals += [(other, name if name == str(other) else '%s (%s)' % (name, other)) for other, name in keep_out]
        found += ['%s overlaps %s' % (cidr, words) for other, words in rivals if cidr.overlaps(other)]
    if found:
        raise ValidationError('IP pools must not overlap anything', why='; '.join(found),
                              remedy='Choose another CIDR, or delete the pool that is in the way')


def wants_ipip(documents):
    """Whether any of these canonical ipPool documents has IPIP."""
    return any('ipip' in document['spec'] for document in documents)


class Desired(object):
    """What is required.

    :arg documents: explicit ones that are to be there.
    :arg absent: references to those that are not.
    :arg prune_kinds: kinds of which all others are to go; of policies only those of the owner, if there is one.
    :arg owner: whose policies they are; empty if that is not noted.
    :arg disable_others: whether other pools are to give out no more addresses.
    :arg keep: whether fields that the documents do not name stay.
    :arg forbidden: see forbidden().
    :arg force: whether what is in use may be deleted.
    :arg removals: NOW with the rest, LATER (not in this call), or ONLY them.
    """
    __slots__ = ('documents', 'absent', 'kinds', 'prune_kinds', 'owner', 'disable_others', 'keep', 'forbidden', 'force', 'removals')

    def __init__(self, documents, absent=(), prune_kinds=(), owner='', disable_others=False, keep=False, forbidden=(), force=False, removals=NOW):
        self.documents = list(documents)
        self.absent = list(absent)
        self.prune_kinds = list(prune_kinds)
        self.owner = owner
        self.disable_others = disable_others
        self.keep = keep
        self.forbidden = list(forbidden)
        self.force = force
        self.removals = removals
        listed = set(document['kind'] for document in self.documents + self.absent) | set(self.prune_kinds)
        self.kinds = [kind for kind in _resources.KINDS if kind in listed or kind == POOL and disable_others]

    def names(self):
        """Names of everything that is listed."""
        return [_resources.name_of(document) for document in self.documents + self.absent]


class Actual(object):
    """documents: {name: canonical document} of the kinds that are touched; ipip: on or off; workloads: documents, only read if a pool or profile is to go."""
    __slots__ = ('documents', 'ipip', 'workloads')

    def __init__(self, documents, ipip, workloads=()):
        self.documents = documents
        self.ipip = ipip
        self.workloads = workloads


def desired_state(params):
    """Desired from the module's params; everything that can be told to be wrong without the datastore is refused here."""
    documents, absent, collector = [], [], Collector()
    for resource in params['resources']:
        present = (resource.get('state') or params['state']) == 'present'
        good, document = collector.check(_resources.explicit if present else _resources.reference, resource)
        if good and present:
            documents.append(_owned(document, params['owner']))
        elif good:
            absent.append(document)
    prune_kinds = params['prune_kinds'] or [] if params['prune'] else []
    desired = Desired(documents, absent, prune_kinds=prune_kinds, owner=params['owner'], disable_others=params['other_pools'] == 'disable',
                      keep=params['unmanaged_fields'] == 'keep', forbidden=forbidden(params['forbidden_cidrs']), force=params['force'],
                      removals=params['removals'])
    names = desired.names()
    for name in sorted(set(names)):
        if names.count(name) > 1:
            collector.add(ValidationError('%s is given twice' % name, remedy='Keep one of the two'))
    if not collector.errors:
        _check_prune(desired, params['state'])
    collector.check(check_overlaps, _cidrs(documents), [], desired.forbidden)
    collector.finish()
    return desired


def _owned(document, owner):
    """A policy with its owner noted; other kinds have no annotations."""
    if owner and document['kind'] == POLICY:
        document['metadata'].setdefault('annotations', {})[OWNER] = owner
    return document


def _check_prune(desired, state):
    """Raise ValidationError where more would be deleted than was meant."""
    if desired.prune_kinds and state != 'present':
        raise ValidationError('prune and state=absent do not go together', remedy='List what is to stay with state=present, or what is to go with state=absent')
    if desired.disable_others and POOL in desired.prune_kinds:
        raise ValidationError('Other pools cannot be both deleted and disabled', remedy='Leave ipPool out of prune_kinds, or other_pools at keep')
    stay = set(document['kind'] for document in desired.documents)
    for kind in desired.prune_kinds:
        if kind not in stay and not (kind == POLICY and desired.owner):
            raise ValidationError('All %s resources would be deleted, because none is listed' % kind,
                                  remedy='List those that are to stay, or delete them by name with state=absent')
    if desired.disable_others and POOL not in stay:
        raise ValidationError('All pools would be disabled, because none is listed', remedy='List the one that is to give out addresses')


def _cidrs(documents):
    return [document['metadata']['cidr'] for document in documents if document['kind'] == POOL]


def read(calicoctl, desired):
    """Actual, by one call for each kind, one for the IPIP setting where pools are concerned, and one for workloads if a pool or profile is to be deleted."""
    documents = {}
    for kind in desired.kinds:
        for document in calicoctl.get(kind):
            found = _resources.canonical(document)
            documents[_resources.name_of(found)] = found
    actual = Actual(documents, calicoctl.config_get('ipip')[0] if POOL in desired.kinds else 'off')
    if not desired.force and desired.removals != LATER and any(document['kind'] in (POOL, PROFILE) for document in _doomed(desired, actual)):
        actual.workloads = calicoctl.get(_resources.WORKLOADS)
    return actual


def nothing():
    """Actual for a datastore that cannot be asked yet: empty, with calicoctl's defaults."""
    return Actual({}, 'off')


def _doomed(desired, actual):
    """Canonical documents that are to be deleted, by name."""
    found = dict((name, actual.documents[name]) for name in [_resources.name_of(document) for document in desired.absent] if name in actual.documents)
    listed = desired.names()
    for name, document in actual.documents.items():
        if document['kind'] in desired.prune_kinds and name not in listed and _may_be_pruned(desired, document):
            found[name] = document
    return [document for _name, document in sorted(found.items())]


def _may_be_pruned(desired, document):
    """Whether a document is of a kind that is pruned as a whole, or a policy of the owner's."""
    if document['kind'] != POLICY or not desired.owner:
        return True
    return (document['metadata'].get('annotations') or {}).get(OWNER) == desired.owner


def _applied(desired, actual):
    """[(name, before, after)] of canonical documents that are to be there, other pools that are to be disabled included."""
    found = []
    for document in desired.documents:
        before = actual.documents.get(_resources.name_of(document))
        after = _resources.keep_unmanaged(before, document) if desired.keep and before else document
        found.append((_resources.name_of(document), before, _resources.canonical(after)))
    listed = desired.names()
    for name, before in sorted(actual.documents.items()) if desired.disable_others else ():
        if before['kind'] == POOL and name not in listed:
            found.append((name, before, dict(before, spec=dict(before['spec'], disabled=True))))
    return found


def _disables(before, after):
    """Whether a pool that gives out addresses is to give out no more."""
    return before is not None and before['kind'] == POOL and bool(after['spec'].get('disabled')) and not before['spec'].get('disabled')


def _still_enabled(document):
    return dict(document, spec=dict((name, value) for name, value in document['spec'].items() if name != 'disabled'))


def reconcile(desired, actual):
    """Plan: what is to be applied, then what is to be deleted, then the IPIP setting. Refuses overlapping pools and the deletion of what is in use."""
    plan, doomed = Plan(), _doomed(desired, actual)
    final = dict(actual.documents)
    for name, before, after in _applied(desired, actual):
        final[name] = after
        if _disables(before, after) and desired.removals == LATER:
            plan.add(name, before, _still_enabled(after), how=APPLY)
        elif _disables(before, after) or desired.removals != ONLY:
            plan.add(name, before, after, how=APPLY)
    for document in doomed:
        del final[_resources.name_of(document)]
    if not desired.force and desired.removals != LATER:
        _check_unused(doomed, actual.workloads)
    if POOL in desired.kinds:
        ours = _cidrs(desired.documents)
        check_overlaps(ours, [cidr for cidr in _cidrs(final.values()) if cidr not in ours], desired.forbidden)
    for document in doomed if desired.removals != LATER else ():
        plan.add(_resources.name_of(document), document, None, how=DELETE)
    if POOL in desired.kinds:
        there = list(final.values()) + (doomed if desired.removals == LATER else [])
        wants = wants_ipip(document for document in there if document['kind'] == POOL)
        if not wants or desired.removals != ONLY:
            plan.add(IPIP, actual.ipip, 'on' if wants else 'off', how=SETTING)
    return plan


def left(desired, actual):
    """Names of what is to be taken away by a later call."""
    disabled = [name for name, before, after in _applied(desired, actual) if _disables(before, after)]
    return disabled + [_resources.name_of(document) for document in _doomed(desired, actual)] if desired.removals == LATER else []


def _check_unused(doomed, workloads):
    """Raise CalicoError for a pool or profile that is to be deleted while workloads use it."""
    for document in doomed:
        if document['kind'] == POOL:
            _usage.check_pool(document['metadata']['cidr'], workloads)
        elif document['kind'] == PROFILE:
            _usage.check_profile(document['metadata']['name'], workloads)


def apply(calicoctl, desired, plan):
    """Make the changes of a plan and read back what was written.

    Turning IPIP on in a pool turns the setting on too, and so does deleting a pool with IPIP, which disables it first; nothing turns it off but the
    setting itself. So it comes last, and is read again before it is set.
    """
    to_apply = [change.after for change in plan if change.how == APPLY]
    to_delete = [change.before for change in plan if change.how == DELETE]
    if to_apply:
        calicoctl.apply(to_apply)
    if to_delete:
        calicoctl.delete(to_delete)
    for change in plan:
        if change.how == SETTING and calicoctl.config_get('ipip')[0] != change.after:
            calicoctl.config_set('ipip', change.after)
    if plan.changed:
        _verify(calicoctl, desired, plan)


def _verify(calicoctl, desired, plan):
    """Raise CalicoError if the datastore does not hold what was written."""
    wrong = agreed(lambda: _unwritten(calicoctl, desired, plan), bool)
    if wrong:
        raise CalicoError('The datastore does not hold what calicoctl said it wrote: %s' % ', '.join(wrong),
                          remedy='Look whether something else writes these resources, or whether their keys in etcd are corrupt')


def _unwritten(calicoctl, desired, plan):
    """Names of what the datastore does not hold as it was written."""
    touched = set((change.after or change.before)['kind'] for change in plan if change.how != SETTING)
    actual = dict((_resources.name_of(found), found) for kind in desired.kinds if kind in touched
                  for found in [_resources.canonical(document) for document in calicoctl.get(kind)])
    wrong = [change.name for change in plan if change.how != SETTING and actual.get(change.name) != change.after]
    if any(change.how == SETTING and calicoctl.config_get('ipip')[0] != change.after for change in plan):
        wrong.append(IPIP)
    return wrong


ARGUMENT_SPEC = dict(
    _runner.OPTIONS,
    resources=dict(type='list', elements='dict', required=True, options=dict(
        apiVersion=dict(type='str', default='v1'),
        kind=dict(type='str', required=True),
        metadata=dict(type='dict', required=True),
        spec=dict(type='dict', default={}),
        state=dict(type='str', choices=['present', 'absent']),
    )),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
    unmanaged_fields=dict(type='str', choices=['replace', 'keep'], default='replace'),
    prune=dict(type='bool', default=False),
    prune_kinds=dict(type='list', elements='str', choices=list(_resources.KINDS)),
    owner=dict(type='str', default=''),
    other_pools=dict(type='str', choices=['keep', 'disable'], default='keep'),
    removals=dict(type='str', choices=[NOW, LATER, ONLY], default=NOW),
    forbidden_cidrs=dict(type='list', elements='dict', default=[], options=dict(
        cidr=dict(type='str', required=True),
        name=dict(type='str'),
    )),
    force=dict(type='bool', default=False),
)
REQUIRED_IF = [('prune', True, ('prune_kinds',))]


def job(module):
    """Bring the resources to the desired state; see RETURN."""
    params = module.params
    desired = desired_state(params)
    calicoctl = _runner.from_params(params)
    predicted = module.check_mode and calicoctl.not_set_up() is not None
    actual = nothing() if predicted else read(calicoctl, desired)
    plan = reconcile(desired, actual)
    if not module.check_mode:
        apply(calicoctl, desired, plan)
    applied = [change for change in plan if change.how == APPLY]
    settings = [change.after for change in plan if change.how == SETTING]
    return dict(
        plan.result(module._diff),
        created=[change.name for change in applied if change.before is None],
        updated=[change.name for change in applied if change.before is not None],
        deleted=[change.name for change in plan if change.how == DELETE],
        left=left(desired, actual),
        ipip_setting=settings[0] if settings else '',
        felix_restarts=bool(settings),
        datastore_read=not predicted,
    )
