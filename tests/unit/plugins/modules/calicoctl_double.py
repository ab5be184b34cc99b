# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small calicoctl for unit tests: it works on a JSON file beside it, with those manners of the real one that its users must cope with.

The file holds documents {kind: {identity: document}}, settings {"raw name node": value}, failures [what the next writes answer] and
down (what every call answers, if not empty). Calls are noted in calls.log.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
STORE = os.path.join(HERE, 'store.json')
DEFAULTS = {'nodetonodemesh': 'on', 'asnumber': '64512', 'loglevel': 'info', 'ipip': 'off'}
KINDS = ('ipPool', 'bgpPeer', 'node', 'policy', 'profile', 'hostEndpoint', 'workloadEndpoint')


def fail(words):
    """Errors go to stdout; the only exit code that is not 0 is 1."""
    print(words)
    sys.exit(1)


def identity(document):
    metadata = document.get('metadata') or {}
    fields = {'ipPool': ['cidr'], 'bgpPeer': ['scope', 'node', 'peerIP'], 'hostEndpoint': ['node', 'name'],
              'workloadEndpoint': ['node', 'orchestrator', 'workload', 'name']}.get(document['kind'], ['name'])
    return '/'.join(metadata.get(field) or '' for field in fields)


def without_false(value):
    """What get leaves out."""
    if isinstance(value, dict):
        items = [(name, without_false(item)) for name, item in value.items()]
        return dict((name, item) for name, item in items if item is not False and item is not None and item != [])
    return [without_false(item) for item in value] if isinstance(value, list) else value


def as_stored(document):
    spec = without_false(document.get('spec') or {})
    if document['kind'] == 'ipPool' and spec.get('ipip') == {}:
        del spec['ipip']
    for side in ('ingress', 'egress'):
        for rule in spec.get(side, []):
            rule.setdefault('source', {})
            rule.setdefault('destination', {})
    if document['kind'] == 'policy':
        spec.setdefault('selector', '')
        spec.setdefault('types', [side for side in ('ingress', 'egress') if spec.get(side)] or ['ingress'])
    return dict(document, spec=spec)


def write(store, verb, documents, skip):
    for document in documents:
        if document.get('apiVersion') != 'v1' or document.get('kind') not in KINDS:
            fail('Failed to execute command: Unknown resource type (%s) and/or version (%s)' % (document.get('kind'), document.get('apiVersion')))
    for document in documents:
        known = store['documents'].setdefault(document['kind'], {})
        if verb == 'apply':
            known[identity(document)] = as_stored(document)
            if document['kind'] == 'ipPool' and (document['spec'].get('ipip') or {}).get('enabled'):
                store['settings']['- ipip -'] = 'on'
        elif known.pop(identity(document), None) is None and not skip:
            fail("Failed to delete '%s' resource: resource does not exist" % document['kind'])
    kinds = set(document['kind'] for document in documents)
    return 'Successfully %s %d %sresource(s)' % ({'apply': 'applied', 'delete': 'deleted'}[verb], len(documents),
                                                  "'%s' " % kinds.pop() if len(kinds) == 1 else '')


def setting(store, verb, name, value, options):
    raw, node = options.get('--raw', '-'), options.get('--node', '-')
    if raw == '-' and name.lower() not in DEFAULTS:
        fail("Error executing command: unrecognised config name '%s'" % name)
    name = name.lower() if raw == '-' else name
    if raw == '-' and node != '-' and name != 'loglevel':
        fail('Error executing command: --node should not be specified')
    if name in ('nodetonodemesh', 'ipip') and verb == 'set' and value not in ('on', 'off'):
        fail("Error executing command: invalid value '%s'" % value)
    key, settings = ' '.join((raw, name, node)), store['settings']
    if verb == 'set':
        settings[key] = value
    elif verb == 'unset':
        settings.pop(key, None)
    elif key in settings:
        print(settings[key])
    elif raw != '-':
        print('(unset)')
    elif node != '-':
        print('%s (inherited from global)' % settings.get('- loglevel -', DEFAULTS[name]))
    else:
        print(DEFAULTS[name])


def get(store, kind, names):
    documents = store['documents'].get(kind, {})
    found = [document for key, document in sorted(documents.items()) if not names or key in names]
    if kind == 'node' and names and not found:
        fail('Failed to get resources: resource does not exist: Node(name=%s)' % names[0])
    print(json.dumps(found, indent=2))


def main():
    with open(STORE) as handle:
        store = json.load(handle)
    options = dict((word.split('=', 1) + [''])[:2] for word in sys.argv[1:] if word.startswith('--'))
    words = [word for word in sys.argv[1:] if not word.startswith('-') and word != 'json']
    with open(os.path.join(HERE, 'calls.log'), 'a') as log:
        log.write(' '.join(words) + '\n')
    if not os.path.exists(options['--config']):
        fail('Error reading config file: %s' % options['--config'])
    if words[0] == 'version':
        unknown = 'unknown' + (' (%s)' % store['down'] if store['down'] else '')
        print('Client Version:    v1.6.3\nCluster Version:   %s\nCluster Type:      %s' % (unknown, unknown))
        return
    if store['down']:
        fail('Failed: %s' % store['down'])
    if store['failures'] and (words[0] in ('apply', 'delete') or words[1] == 'set'):
        words, failure = [], store['failures'].pop(0)
    if not words:
        pass
    elif words[0] == 'get':
        get(store, words[1], words[2:])
    elif words[0] == 'config':
        setting(store, words[1], words[2], (words[3:] + [None])[0], options)
    else:
        print(write(store, words[0], json.load(sys.stdin), '--skip-not-exists' in options))
    with open(STORE, 'w') as handle:
        json.dump(store, handle)
    if not words:
        fail(failure)


if __name__ == '__main__':
    main()
