# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read all of Calico's datastore, bring it to what a backup has, and free what nobody has any more; see modules datastore_backup, datastore_restore and
datastore_audit."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import os

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils import _cidr, _plan
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup, _client_config, _runner
from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd_keys, _facts_etcd, _network

MOST_NAMED = 1000  # of changes that are named and shown; a store has keys by the ten thousand

OPTIONS = dict(config=dict(type='path', default=_runner.CONFIG), timeout=dict(type='int', default=90))
BACKUP_SPEC = dict(
    OPTIONS,
    dest=dict(type='path', required=True),
    force=dict(type='bool', default=False),
    encrypt=dict(type='bool', default=False),
    vault_id=dict(type='str'),
)
RESTORE_SPEC = dict(
    OPTIONS,
    src=dict(type='path', required=True),
    content=dict(type='str', no_log=True),
    forget_nodes=dict(type='list', elements='str', default=[]),
    forget_endpoints=dict(type='list', elements='str', default=[]),
    release_addresses=dict(type='list', elements='str', default=[]),
    addresses_in_use=dict(type='list', elements='str', default=[]),
    other_cluster=dict(type='str'),
)
AUDIT_SPEC = dict(
    OPTIONS,
    hosts=dict(type='list', elements='str', required=True),
    result=dict(type='str', required=True),
    mesos=dict(type='dict', default={}),
    remove=dict(type='list', elements='str', default=[]),
    dead=dict(type='list', elements='str', default=[]),
    drain=dict(type='str', choices=['none', 'first', 'done'], default='none'),
    free=dict(type='list', elements='str', choices=['nodes', 'blocks', 'endpoints', 'addresses', 'handles'], default=[]),
    earlier=dict(type='list', elements='str'),
    json=dict(type='str', default=''),
    changes=dict(type='str', no_log=True),
)


@contextlib.contextmanager
def opened(params):
    """The Store that calicoctl's configuration leads to; raises CalicoError."""
    path = params['config']
    text = _network.read(path)
    if text is None:
        raise CalicoError('There is no %s' % path, remedy='Choose a host with --limit on which dcos.calico.site has run')
    config = _client_config.read(text)
    if config.problem:
        raise CalicoError('%s does not say where etcd is' % path, why=config.problem, remedy='Run dcos.calico.site on this host first')
    store = _etcd_keys.Store(config.endpoints, _facts_etcd.Tls(config.ca, config.cert, config.key), params['timeout'])
    try:
        yield store
    finally:
        store.close()


def backup(module):
    """Read the datastore; see RETURN."""
    with opened(module.params) as store:
        snapshot = store.snapshot(_backup.ROOT)
        index_end = store.index('/')
    nodes = [[key, entry.value, entry.ttl] for key, entry in snapshot.entries.items()]
    if not any(node[1] is not None for node in nodes):
        raise CalicoError('There is nothing to back up', why='etcd at %s has no key of Calico' % store.endpoint,
                          remedy='See that %s names the right etcd' % module.params['config'])
    read = {'cluster_id': snapshot.cluster_id, 'index': snapshot.index, 'index_end': index_end, 'nodes': nodes}
    return dict({'changed': False, 'content': _backup.pack(read), 'endpoint': store.endpoint, 'cluster_id': snapshot.cluster_id, 'index': snapshot.index,
                 'index_end': index_end, 'calico_version': to_native(_backup.calico_version(nodes))},
                **dict(_backup.counts(nodes), **({'diff': []} if module._diff else {})))


def restore(module):
    """Bring the datastore to the state of a backup; see RETURN."""
    params = module.params
    given = _backup.unpack(params['content'] or '')
    nodes = given['nodes']
    _backup.check_nodes(nodes, 'What was handed over of the backup')
    if module.check_mode and not os.path.exists(params['config']):
        return _result(module, _backup.reconcile(nodes, {}), False)
    in_use = [str(_cidr.parse(address)).partition('/')[0] for address in params['addresses_in_use']]
    allowed = {'nodes': params['forget_nodes'], 'endpoints': params['forget_endpoints'], 'addresses': params['release_addresses'],
               'cluster': params['other_cluster']}
    with opened(params) as store:
        snapshot = store.snapshot(_backup.ROOT)
        plan = _backup.reconcile(nodes, snapshot.entries)
        wrong = _backup.obstacles(nodes, snapshot.entries, given['cluster_id'], snapshot.cluster_id, allowed, in_use) if plan.changed else []
        if wrong:
            raise CalicoError('The backup is not restored, and nothing was written', why='. '.join(wrong), obstacles=wrong,
                              remedy='The playbook has these names with calico_restore_ before them; docs/backup.md says how to decide')
        if plan.changed and not module.check_mode:
            apply(store, plan)
            _require_equal(store, nodes)
    return _result(module, plan, True)


def audit(module):
    """Read the datastore, or make the changes that were decided on by what was read; see RETURN."""
    params = module.params
    with opened(params) as store:
        entries = store.snapshot(_backup.ROOT).entries
        if params['changes'] is None:
            content = _backup.pack([[key, entry.value, entry.index] for key, entry in entries.items()])
            return dict({'changed': False, 'content': content}, **({'diff': []} if module._diff else {}))
        changes = _backup.unpack(params['changes'])
        plan = _plan.Plan()
        for key, index, value, _after in changes:
            if key in entries and index in (None, entries[key].index):
                plan.add(key, entries[key].value or _backup.DIRECTORY, value, secret=bool(_backup.SECRET.search(key)))
        made, left = (plan.names(), []) if module.check_mode else make(store, changes)
    shown = {'diff': [change.diff() for change in plan if change.name in made]} if module._diff else {}
    return dict(shown, changed=bool(made), made=[to_native(key) for key in made], left=[to_native(key) for key in left])


def make(store, changes):
    """(keys that were written, keys that are left because they, or a key that has to go first, were changed meanwhile).

    :arg changes: [[key, index, value, keys that have to be written before]]; a value of None deletes, an index of None is a directory's.
    """
    made, left = [], []
    for key, index, value, after in changes:
        try:
            if set(after) & set(left):
                raise _etcd_keys.ChangedMeanwhile('%s is left' % key)
            if value is None:
                store.delete(key, index)
            else:
                store.change(key, value, index)
            made.append(key)
        except _etcd_keys.ChangedMeanwhile as error:
            if value is not None or not isinstance(error, _etcd_keys.Gone):  # what is gone, as by its TTL, is what was required
                left.append(key)
    return made, left


def apply(store, plan):
    """Make the changes, in their order. Raises ChangedMeanwhile at the first key that is not what it was."""
    for change in plan:
        index, value = change.how
        if change.after is None:
            store.delete(change.name, index)
        elif index is None:
            store.create(change.name, value)
        else:
            store.change(change.name, value, index)


def _require_equal(store, nodes):
    left = _backup.reconcile(nodes, store.snapshot(_backup.ROOT).entries)
    if left.changed:
        raise CalicoError('All was written, and the datastore differs from the backup again', why='somebody else has written %s'
                          % ', '.join(map(to_native, left.names()[:10])), remedy='See what else writes to the datastore, and run again')


def _result(module, plan, read):
    changes = list(plan)
    result = plan.result(False)
    if module._diff:
        result['diff'] = [change.diff() for change in changes[:MOST_NAMED]]
    kinds = {'created': 0, 'updated': 0, 'deleted': 0}
    for change in changes:
        kinds['deleted' if change.after is None else 'created' if change.before is None else 'updated'] += 1
    return dict(result, changes=[to_native(name) for name in plan.names()[:MOST_NAMED]], datastore_read=read, **kinds)
