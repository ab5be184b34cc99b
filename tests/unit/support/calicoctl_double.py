# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small calicoctl for unit tests: it works on a JSON file beside it, with those manners of the real one that its users must cope with.

The file holds documents {kind: {identity: document}}, settings {"raw name node": value}, failures [what the next writes answer], down (what
every call answers, if not empty) and forgets (whether nothing is kept). Calls are noted in calls.log.

It runs as a program, and within the tests' own process where starting one for each call would only cost time.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import sys

DEFAULTS = {'nodetonodemesh': 'on', 'asnumber': '64512', 'loglevel': 'info', 'ipip': 'off'}
KINDS = ('ipPool', 'bgpPeer', 'node', 'policy', 'profile', 'hostEndpoint', 'workloadEndpoint')


class Failure(Exception):
    """Errors go to stdout; the only exit code that is not 0 is 1."""


def fail(words):
    raise Failure(words)


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
            continue
        gone = known.pop(identity(document), None)
        if gone is None and not skip:
            fail("Failed to delete '%s' resource: resource does not exist" % document['kind'])
        if gone and document['kind'] == 'ipPool' and (gone['spec'].get('ipip') or {}).get('enabled'):
            store['settings']['- ipip -'] = 'on'  # A pool is disabled before it is deleted, which is a write like any other.
    kinds = set(document['kind'] for document in documents)
    kind = "'%s' " % kinds.pop() if len(kinds) == 1 else ''
    return 'Successfully %s %d %sresource(s)\n' % ({'apply': 'applied', 'delete': 'deleted'}[verb], len(documents), kind)


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
        return settings[key] + '\n'
    elif raw != '-':
        return '(unset)\n'
    elif node != '-':
        return '%s (inherited from global)\n' % settings.get('- loglevel -', DEFAULTS[name])
    else:
        return DEFAULTS[name] + '\n'
    return ''


def get(store, kind, names, node=None):
    documents = store['documents'].get(kind, {})
    found = [document for key, document in sorted(documents.items()) if not names or key in names]
    found = [document for document in found if node in (None, document['metadata'].get('node'))]
    if kind == 'node' and names and not found:
        fail('Failed to get resources: resource does not exist: Node(name=%s)' % names[0])
    return json.dumps(found, indent=2) + '\n'


def execute(store, arguments, stdin):
    """What is printed; raises Failure. The store may be changed."""
    options = dict((word.split('=', 1) + [''])[:2] for word in arguments if word.startswith('--'))
    words = [word for word in arguments if not word.startswith('-') and word != 'json']
    if not os.path.exists(options['--config']):
        fail('Error reading config file: %s' % options['--config'])
    if words[0] == 'version':
        unknown = 'unknown' + (' (%s)' % store['down'] if store['down'] else '')
        return 'Client Version:    v1.6.3\nCluster Version:   %s\nCluster Type:      %s\n' % (unknown, unknown)
    if store['down']:
        fail('Failed: %s' % store['down'])
    if store['failures'] and (words[0] in ('apply', 'delete') or words[1] == 'set'):
        fail(store['failures'].pop(0))
    if words[0] == 'get':
        return get(store, words[1], words[2:], options.get('--node'))
    if words[0] == 'config':
        return setting(store, words[1], words[2], (words[3:] + [None])[0], options)
    return write(store, words[0], json.loads(stdin), '--skip-not-exists' in options)


def run(directory, arguments, stdin):
    """(exit code, what is printed) of one call on the store in a directory."""
    path = os.path.join(directory, 'store.json')
    with open(path) as handle:
        store = json.load(handle)
    with open(os.path.join(directory, 'calls.log'), 'a') as log:
        log.write(' '.join(word for word in arguments if not word.startswith('-') and word != 'json') + '\n')
    try:
        code, out = 0, execute(store, arguments, stdin)
    except Failure as failure:
        code, out = 1, '%s\n' % failure
    if not store['forgets']:
        with open(path, 'w') as handle:
            json.dump(store, handle, sort_keys=True)
    return code, out


if __name__ == '__main__':
    CODE, OUT = run(os.path.dirname(os.path.abspath(__file__)), sys.argv[1:], sys.stdin.read())
    sys.stdout.write(OUT)
    sys.exit(CODE)
